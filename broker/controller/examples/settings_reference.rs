//! Writes `docs/reference/settings.md` from the tables of settings.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/settings.md");
    std::fs::write(page, klamm_controller::settings::reference_markdown())
}
