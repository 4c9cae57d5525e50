//! Finds the binary under test.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The `klamm` binary of this build, in this test's profile; made first where it isn't there or is stale.
///
/// `KLAMM_BINARY` names another one, for example that of an earlier release.
///
/// # Panics
/// If the binary can't be built: no test can go on without it.
pub fn klamm_binary() -> PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| std::env::var_os("KLAMM_BINARY").map_or_else(build, PathBuf::from)).clone()
}

fn build() -> PathBuf {
    let directory = profile_directory();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--package", "klamm", "--bin", "klamm"]);
    cargo.arg("--target-dir").arg(directory.parent().expect("a profile directory has a parent"));
    if directory.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.status().expect("cargo runs: it ran this test");
    assert!(status.success(), "the klamm binary does not build: {status}");
    directory.join("klamm")
}

/// `target/debug` or `target/release`: a test binary lives in its `deps`.
fn profile_directory() -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    let deps = test.parent().expect("a file is in a directory");
    deps.parent().expect("deps is in the profile's directory").to_path_buf()
}
