//! Where a record says what region it is of.

use std::borrow::Cow;

use klamm_plugin::json::{self, Found, Kind, Need, Paths, Visitor, Walker};
use klamm_plugin::{BadParameter, Parameters, Record, Wants};

/// Values may be nested so deep; deeper ones say nothing.
const MAX_DEPTH: usize = 127;

/// Where a record says what region it is of.
#[derive(Debug)]
pub(crate) enum Region {
    /// In a header of this name.
    Header(String),
    /// In a field of the JSON value.
    Field(Paths, Walker),
}

impl Region {
    /// From `field` or `header`.
    pub(crate) fn of(parameters: &Parameters) -> Result<Region, BadParameter> {
        match (parameters.text("field"), parameters.text("header")) {
            (Some(field), None) => {
                let mut paths = Paths::default();
                let path = paths.add(field, Need::Optional);
                path.map_err(|error| BadParameter::new(format!("parameter `field`: {error}")))?;
                Ok(Region::Field(paths, Walker::new(MAX_DEPTH)))
            }
            (None, Some("")) => Err(BadParameter::new("parameter `header` is empty")),
            (None, Some(header)) => Ok(Region::Header(header.to_owned())),
            _ => Err(BadParameter::new(
                "give either parameter `field`, a field of the JSON value, or `header`, a header's name",
            )),
        }
    }

    /// What has to be seen for that.
    pub(crate) fn wants(&self) -> Wants {
        match self {
            Region::Header(_) => Wants::HEADERS,
            Region::Field(..) => Wants::VALUES,
        }
    }

    /// The record's region, if it says one.
    pub(crate) fn find<'r>(&mut self, record: &Record<'r>) -> Option<Cow<'r, [u8]>> {
        match self {
            Region::Header(name) => record.header(name).map(Cow::Borrowed),
            Region::Field(paths, walker) => {
                let value = record.value()?;
                let mut last = Last(None);
                walker.walk(value, paths, &mut last).ok()?;
                let (start, length) = last.0?;
                Some(bytes_of(json::text(&value[start..start + length])))
            }
        }
    }
}

fn bytes_of(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// Where the last scalar is that was found: parsers, too, take the last of several fields with one name.
struct Last(Option<(usize, usize)>);

impl Visitor for Last {
    fn found(&mut self, found: &Found<'_>) {
        self.0 = match found.kind {
            Kind::Null | Kind::Array | Kind::Object => None,
            Kind::Boolean | Kind::Number | Kind::String => Some((found.start, found.raw.len())),
        };
    }

    fn missing(&mut self, _: usize) {}
}
