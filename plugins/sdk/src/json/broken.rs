//! Why a text isn't JSON.

/// Why a text isn't JSON, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// The place of the byte.
    pub at: usize,
    /// As in "expected a value".
    pub what: &'static str,
    /// Whether it may well be JSON, but is nested deeper than is allowed.
    pub too_deep: bool,
}

impl Broken {
    pub(super) fn new(at: usize, what: &'static str) -> Broken {
        Broken { at, what, too_deep: false }
    }

    /// What is wrong with `text`, as in "expected a value at line 1 column 5".
    pub fn sentence(&self, text: &[u8]) -> String {
        format!("{} at {}", self.what, self.place(text))
    }

    /// Where that is in `text`, as in "line 1 column 5". Columns count characters, from 1.
    pub fn place(&self, text: &[u8]) -> String {
        let before = &text[..self.at.min(text.len())];
        let line = before.split(|byte| *byte == b'\n').count();
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
        format!("line {line} column {column}")
    }
}
