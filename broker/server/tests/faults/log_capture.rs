//! What the brokers of this process have logged, to be looked at by tests that run side by side.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, Once};

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Sink;

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps warnings and errors from now on.
pub fn begin() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::WARN)
            .with_ansi(false)
            .with_writer(|| Sink)
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
}

/// The lines that name a file of this data directory, which no other test has.
pub fn lines_about(data_dir: &Path) -> String {
    let lines = LINES.lock().unwrap();
    let data_dir = data_dir.display().to_string();
    let text = String::from_utf8_lossy(&lines);
    text.lines().filter(|line| line.contains(&data_dir)).map(|line| format!("{line}\n")).collect()
}
