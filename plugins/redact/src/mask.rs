//! What becomes of a field's value.

use klamm_plugin::json::{self, Found, Kind};
use klamm_plugin::{BadParameter, Bytes, Parameters};

use crate::hash::Salt;

/// What becomes of a field's value.
#[derive(Debug)]
pub(crate) enum Mask {
    /// It becomes this JSON string.
    Text(String),
    /// The field goes, with its name.
    Remove,
    /// It becomes its pseudonym.
    Hash(Box<Salt>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    Mask,
    Remove,
    Hash,
}

const MODES: [(&str, Mode); 3] = [("mask", Mode::Mask), ("remove", Mode::Remove), ("hash", Mode::Hash)];

impl Mask {
    /// From `mode`, `mask` and `salt`.
    pub(crate) fn of(parameters: &Parameters) -> Result<Mask, BadParameter> {
        let mode = parameters.one_of("mode", &MODES, Mode::Mask)?;
        let (mask, salt) = (parameters.text("mask"), parameters.text("salt"));
        if mask.is_some() && mode != Mode::Mask {
            return Err(BadParameter::new("parameter `mask` is for mode mask only"));
        }
        if salt.is_some() && mode != Mode::Hash {
            return Err(BadParameter::new("parameter `salt` is for mode hash only"));
        }
        Ok(match mode {
            Mode::Mask => Mask::Text(json::quote(mask.unwrap_or("***"))),
            Mode::Remove => Mask::Remove,
            Mode::Hash => Mask::Hash(Box::new(Salt::new(salt.unwrap_or_default().as_bytes()))),
        })
    }

    /// Whether the value stays: null hides nothing, and a value may be masked already.
    pub(crate) fn leaves(&self, found: &Found<'_>) -> bool {
        match self {
            Mask::Text(text) => found.kind == Kind::Null || found.raw == text.as_bytes(),
            Mask::Remove => false,
            Mask::Hash(_) => found.kind == Kind::Null,
        }
    }

    /// Writes what takes the value's place.
    pub(crate) fn write(&self, value: &[u8], out: &mut Bytes<'_>) {
        match self {
            Mask::Text(text) => out.extend(text.as_bytes()),
            Mask::Remove => {}
            Mask::Hash(salt) => {
                out.push(b'"');
                out.extend(&salt.pseudonym(json::text(value).as_bytes()));
                out.push(b'"');
            }
        }
    }
}
