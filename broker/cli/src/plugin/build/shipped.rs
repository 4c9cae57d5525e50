//! The components that are committed beside the shipped plug-ins' sources are made of these sources.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{cargo, component};

/// Another compiler makes other bytes.
const COMPILER: &str = "rustc 1.95.0 ";

/// Why this can't be seen here, if it can't.
fn obstacle() -> Option<String> {
    let output = |option: &[&str]| {
        let output = Command::new("rustc").args(option).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let version = output(&["--version"]).unwrap_or_default();
    if !version.starts_with(COMPILER) {
        return Some(format!("the components are of {COMPILER}, this is {version:?}"));
    }
    let libraries = output(&["--print", "target-libdir", "--target", "wasm32-unknown-unknown"])?;
    let is_there = Path::new(libraries.trim()).is_dir();
    (!is_there).then(|| "rustup target add wasm32-unknown-unknown".to_owned())
}

fn component_of(directory: &Path) -> (PathBuf, Vec<u8>) {
    let module = cargo::build(directory, "plugin").unwrap();
    let component = component::of_module(&fs::read(&module.file).unwrap()).unwrap();
    (directory.join(format!("{}.wasm", module.name)), component)
}

/// `KLAMM_WRITE_REFERENCES=1` writes them instead.
#[test]
fn shipped_components_are_of_their_sources() {
    if let Some(why) = obstacle() {
        assert!(
            std::env::var_os("KLAMM_SKIP_NOTHING").is_none(),
            "shipped_components_are_of_their_sources may not be skipped: {why}"
        );
        eprintln!("skipped: shipped_components_are_of_their_sources: {why}");
        return;
    }
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins").canonicalize().unwrap();
    for name in ["by-region", "json-guard", "redact"] {
        let (file, component) = component_of(&plugins.join(name));
        let text = String::from_utf8_lossy(&component);
        let home = std::env::home_dir().unwrap();
        for path in [plugins.parent().unwrap(), &home] {
            assert!(
                !text.contains(path.to_str().unwrap()),
                "{name} has this machine's {} in it",
                path.display()
            );
        }
        if std::env::var_os("KLAMM_WRITE_REFERENCES").is_some() {
            fs::write(&file, &component).unwrap();
        }
        let committed = fs::read(&file).unwrap_or_default();
        assert!(
            committed == component,
            "{name}: run KLAMM_WRITE_REFERENCES=1 cargo test -p klamm-cli shipped"
        );
    }
}
