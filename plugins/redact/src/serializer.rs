//! The serializer.

use klamm_plugin::json::{Need, Paths, Walker};
use klamm_plugin::{BadParameter, Bytes, Failure, Parameters, Plugin, Record, Rewrite, Serializer, Wants};

use crate::edits::{Edits, Field};
use crate::mask::Mask;

/// Values may be nested so deep.
const MAX_DEPTH: usize = 127;

/// Masks fields of JSON values.
#[derive(Debug)]
pub struct Redact {
    paths: Paths,
    mask: Mask,
    walker: Walker,
    /// Kept from record to record.
    fields: Vec<Field>,
}

impl Plugin for Redact {
    fn start(parameters: &Parameters) -> Result<Self, BadParameter> {
        let fields = parameters.list("fields")?;
        let fields = fields.ok_or_else(|| BadParameter::new("parameter `fields` is missing"))?;
        Ok(Redact {
            paths: outermost(&fields)?,
            mask: Mask::of(parameters)?,
            walker: Walker::new(MAX_DEPTH),
            fields: Vec::new(),
        })
    }

    fn wants(&self) -> Wants {
        Wants::VALUES
    }
}

/// The paths without those that are inside another, which goes as a whole.
fn outermost(fields: &[String]) -> Result<Paths, BadParameter> {
    let mut paths = Paths::default();
    let is_inside =
        |field: &str, other: &str| field.strip_prefix(other).is_some_and(|rest| rest.starts_with('.'));
    for field in fields {
        if !fields.iter().any(|other| is_inside(field, other)) {
            let path = paths.add(field, Need::Optional);
            path.map_err(|error| BadParameter::new(format!("parameter `fields`: {error}")))?;
        }
    }
    Ok(paths)
}

impl Serializer for Redact {
    fn encode(&mut self, record: &Record<'_>, rewrite: &mut Rewrite<'_>) -> Result<(), Failure> {
        let Some(value) = record.value() else { return Ok(()) };
        self.fields.clear();
        let mut edits = Edits { mask: &self.mask, fields: &mut self.fields };
        let walked = self.walker.walk(value, &self.paths, &mut edits);
        walked.map_err(|broken| format!("not JSON: {}", broken.sentence(value)))?;
        if !self.fields.is_empty() {
            rewrite.write_value(|out| self.write(value, out));
        }
        Ok(())
    }

    /// A view of a topic whose stored values are whole masks them, too.
    fn decode(&mut self, record: &Record<'_>, rewrite: &mut Rewrite<'_>) -> Result<(), Failure> {
        self.encode(record, rewrite)
    }

    fn convert(&mut self, record: &Record<'_>, rewrite: &mut Rewrite<'_>) -> Result<(), Failure> {
        self.encode(record, rewrite)
    }
}

impl Redact {
    /// Writes the value with the fields masked that were found.
    fn write(&self, value: &[u8], out: &mut Bytes<'_>) {
        let mut done = 0;
        for field in &self.fields {
            let (from, to) = match self.mask {
                Mask::Remove => field.with_comma(value, done),
                Mask::Text(_) | Mask::Hash(_) => (field.start, field.end),
            };
            out.extend(&value[done..from]);
            self.mask.write(&value[field.start..field.end], out);
            done = to;
        }
        out.extend(&value[done..]);
    }
}

#[cfg(test)]
mod tests;
