//! kcat: what people type. Skipped by name where it isn't installed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test can't do without fails it")]

use klamm_conformance::{TestBroker, Tool, run_klamm};

const INSTALL: &str = "Debian's package is kcat";

#[test]
fn lines_go_in_and_come_out_in_every_codec() {
    let Some(kcat) = Tool::find("kcat", INSTALL) else { return };
    let broker = TestBroker::start();
    let lines: String = (0..2_000).map(|n| format!("line {n} {}\n", "x".repeat(n % 200))).collect();
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let bootstrap = broker.bootstrap();
        let produced = kcat.run(&["-P", "-b", &bootstrap, "-t", codec, "-z", codec], lines.as_bytes());
        assert!(produced.status.success(), "{}", String::from_utf8_lossy(&produced.stderr));
        let read = kcat.run(&["-C", "-e", "-q", "-b", &bootstrap, "-t", codec], b"");
        assert!(read.stdout == lines.as_bytes(), "{codec}: kcat reads other bytes than it wrote");
        let ours = run_klamm(&["consume", codec, "--until-end", "-b", &bootstrap], b"");
        assert!(
            ours.stdout == lines.as_bytes(),
            "{codec}: klamm consume: {}",
            String::from_utf8_lossy(&ours.stderr)
        );
    }
}

#[test]
fn keys_headers_and_metadata_are_shown() {
    let Some(kcat) = Tool::find("kcat", INSTALL) else { return };
    let broker = TestBroker::start();
    let bootstrap = broker.bootstrap();
    let sent = kcat.run(&["-P", "-b", &bootstrap, "-t", "t", "-K:", "-H", "a=1", "-H", "b=2"], b"k:v\n");
    assert!(sent.status.success());
    let read = kcat.run(&["-C", "-e", "-q", "-b", &bootstrap, "-t", "t", "-f", "%k|%s|%h|%p|%o\n"], b"");
    assert_eq!(String::from_utf8_lossy(&read.stdout), "k|v|a=1,b=2|0|0\n");
    let listed = kcat.run(&["-L", "-J", "-b", &bootstrap, "-t", "t"], b"");
    let json = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(
        json.contains(r#""topic":"t""#) && json.contains(&bootstrap),
        "{json}{}",
        String::from_utf8_lossy(&listed.stderr)
    );
}
