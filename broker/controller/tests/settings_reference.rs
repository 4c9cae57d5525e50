//! The reference page says what the tables say.

use std::path::Path;

use klamm_controller::settings::reference_markdown;

#[test]
fn the_page_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/settings.md");
    let page = std::fs::read_to_string(path).unwrap();
    assert!(
        page == reference_markdown(),
        "docs/reference/settings.md is not what the tables say: run \
         `cargo run -p klamm-controller --example settings_reference`"
    );
}
