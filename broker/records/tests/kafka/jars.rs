//! Running `RecordBatches.java`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Kafka's jars are; `None`, and a word about it, where they are not.
pub fn jars() -> Option<PathBuf> {
    let jars = std::env::var_os("KLAMM_KAFKA_JARS").map(PathBuf::from).filter(|jars| jars.is_dir());
    if jars.is_none() {
        println!("skipped: KLAMM_KAFKA_JARS does not name the directory of Kafka's jars");
    }
    jars
}

/// What it prints.
pub fn run(jars: &Path, arguments: &[&str]) -> String {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/RecordBatches.java");
    let output = Command::new("java")
        .args(["-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp"])
        .arg(format!("{}/*", jars.display()))
        .arg(program)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
