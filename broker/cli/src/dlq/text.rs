//! Bytes of strangers on a terminal: as text where they are one, and never as what moves its cursor.

use std::fmt::Write;

/// How many bytes a line of a dump has.
const LINE_BYTES: usize = 16;

/// The text that bytes are; none if they aren't UTF-8, or have control characters beside tabs and ends of lines.
pub(super) fn printable(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let is_odd = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t');
    (!text.chars().any(is_odd)).then_some(text)
}

/// A text on one line: control characters as Rust writes them.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line
}

/// At most `width` characters of a text; where something is missing the last one says so.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Bytes as offsets, hexadecimal numbers and letters.
pub(super) fn hex_dump(bytes: &[u8]) -> String {
    let mut dump = String::new();
    for (index, line) in bytes.chunks(LINE_BYTES).enumerate() {
        // Writing to a String can't fail.
        let _ = write!(dump, "{:08x} ", index * LINE_BYTES);
        for at in 0..LINE_BYTES {
            let gap = if at == LINE_BYTES / 2 { " " } else { "" };
            let _ = match line.get(at) {
                Some(byte) => write!(dump, "{gap} {byte:02x}"),
                None => write!(dump, "{gap}   "),
            };
        }
        let letter = |byte: &u8| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' };
        let _ = writeln!(dump, "  |{}|", line.iter().map(letter).collect::<String>());
    }
    dump
}

#[cfg(test)]
mod tests {
    use super::{cut, hex_dump, one_line, printable};

    #[test]
    fn a_dump_is_exact() {
        let bytes: Vec<u8> = (0x55..0x66).chain([0xff]).collect();
        assert_eq!(
            hex_dump(&bytes),
            "00000000  55 56 57 58 59 5a 5b 5c  5d 5e 5f 60 61 62 63 64  |UVWXYZ[\\]^_`abcd|\n\
             00000010  65 ff                                             |e.|\n"
        );
        assert_eq!(hex_dump(b""), "");
    }

    #[test]
    fn nothing_reaches_the_terminal_that_it_would_obey() {
        assert_eq!(printable("ä\tb\n".as_bytes()), Some("ä\tb\n"));
        assert_eq!(printable(b"\x1b[2J"), None);
        assert_eq!(printable(b"\xff"), None);
        assert_eq!(one_line("a\n\x1b[2Jé\u{9b}"), "a\\n\\u{1b}[2Jé\\u{9b}");
    }

    #[test]
    fn what_is_cut_says_so() {
        for (width, text) in [(9, "field \"é\""), (8, "field \"…"), (7, "field…"), (1, "…")] {
            assert_eq!(cut("field \"é\"", width), text, "{width}");
        }
    }
}
