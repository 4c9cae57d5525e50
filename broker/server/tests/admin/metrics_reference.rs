//! The reference page of metrics says what the code does.

use std::path::Path;

#[test]
fn metrics_reference_is_up_to_date() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/metrics.md");
    let generated = klamm_server::metrics_reference().unwrap();
    if std::env::var_os("KLAMM_WRITE_REFERENCES").is_some() {
        std::fs::create_dir_all(page.parent().unwrap()).unwrap();
        std::fs::write(&page, &generated).unwrap();
    }
    let written = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        written == generated,
        "docs/reference/metrics.md is stale: run KLAMM_WRITE_REFERENCES=1 cargo test -p klamm-server reference"
    );
}
