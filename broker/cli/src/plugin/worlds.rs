//! The SDK's descriptions of the contract's worlds are made from the contract.

use std::fs;
use std::path::Path;

use wit_component::StringEncoding;
use wit_parser::Resolve;

/// `KLAMM_WRITE_REFERENCES=1` writes them instead.
#[test]
fn the_sdks_worlds_are_the_contracts() {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
    let mut contract = Resolve::default();
    let (package, _) = contract.push_path(plugins.join("wit/plugin.wit")).unwrap();
    for world in ["filter", "partitioner", "serializer", "transform"] {
        let id = contract.select_world(&[package], Some(world)).unwrap();
        let bytes = wit_component::metadata::encode(&contract, id, StringEncoding::UTF8, None).unwrap();
        let file = plugins.join(format!("sdk/src/worlds/{world}.bin"));
        if std::env::var_os("KLAMM_WRITE_REFERENCES").is_some() {
            fs::write(&file, &bytes).unwrap();
        }
        let written = fs::read(&file).unwrap_or_default();
        assert!(bytes == written, "{world}: run KLAMM_WRITE_REFERENCES=1 cargo test -p klamm-cli worlds");
    }
}
