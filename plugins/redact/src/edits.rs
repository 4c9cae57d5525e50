//! Where a value changes.

use klamm_plugin::json::{Found, Visitor};

use crate::mask::Mask;

/// Fields that a walk found, in the order of the text. None is inside another.
pub(crate) struct Edits<'a> {
    pub(crate) mask: &'a Mask,
    pub(crate) fields: &'a mut Vec<Field>,
}

/// A field: where its name and its value are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name_start: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Visitor for Edits<'_> {
    fn found(&mut self, found: &Found<'_>) {
        if !self.mask.leaves(found) {
            let end = found.start + found.raw.len();
            self.fields.push(Field { name_start: found.name_start, start: found.start, end });
        }
    }

    fn missing(&mut self, _: usize) {}
}

impl Field {
    /// What has to be cut out of a valid text so that the field is gone and the rest is valid: with the comma before it or, if
    /// no field is left before it, with the one after it. `cut_until` is where the last cut ended.
    pub(crate) fn with_comma(&self, text: &[u8], cut_until: usize) -> (usize, usize) {
        let before = text[..self.name_start].iter().rposition(|byte| !is_space(*byte));
        match before {
            Some(comma) if text[comma] == b',' && cut_until != self.name_start => (comma, self.end),
            _ => (self.name_start, behind_comma(text, self.end)),
        }
    }
}

/// Behind the comma that follows, and the space after it; `end` itself if none follows.
fn behind_comma(text: &[u8], end: usize) -> usize {
    let next = behind_space(text, end);
    if text.get(next) == Some(&b',') { behind_space(text, next + 1) } else { end }
}

fn behind_space(text: &[u8], start: usize) -> usize {
    let more = text[start..].iter().position(|byte| !is_space(*byte));
    more.map_or(text.len(), |more| start + more)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}
