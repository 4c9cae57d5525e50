//! From a checked value to a type of ours.

use super::Configs;
use super::raw::{Kind, Raw};
use super::valid::Valid;

/// A type that a setting's value can have in a table.
pub trait SettingValue: Sized {
    /// Kafka's type for it.
    const KIND: Kind;

    /// Reads the text that a user or a tool gave; the error is Kafka's reason.
    fn read(text: &str, valid: Valid) -> Result<Self, String>;

    /// The text that tools show; `None` where there is no value.
    fn show(&self) -> Option<String>;
}

/// A number of milliseconds or bytes that may be unlimited, which Kafka writes as `-1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(i64);

impl Limit {
    /// Without limit (`-1`).
    pub const NONE: Limit = Limit(-1);

    /// At most this many; a negative number is without limit.
    pub const fn of(number: i64) -> Limit {
        Limit(if number < 0 { -1 } else { number })
    }

    /// The limit; `None` is without limit.
    pub const fn get(self) -> Option<i64> {
        if self.0 < 0 { None } else { Some(self.0) }
    }
}

/// The value of a setting in the first of these layers that has one. A value that is not allowed (it can only
/// come from another version's log) counts as absent, so that a broker with one starts.
pub(super) fn first<T: SettingValue>(layers: &[&Configs], name: &str, valid: Valid) -> Option<T> {
    layers.iter().filter_map(|layer| layer.get(name)).find_map(|text| T::read(text, valid).ok())
}

pub(super) fn read_raw(kind: Kind, text: &str, valid: Valid) -> Result<Raw, String> {
    let raw = kind.read(text)?;
    valid.check(&raw)?;
    Ok(raw)
}

/// Implements [`SettingValue`] for a type that is one pattern of [`Raw`].
macro_rules! setting_value {
    ($type:ty, $kind:expr, $pattern:pat => $value:expr, $self:ident => $raw:expr) => {
        impl SettingValue for $type {
            const KIND: Kind = $kind;

            fn read(text: &str, valid: Valid) -> Result<Self, String> {
                match read_raw(Self::KIND, text, valid)? {
                    $pattern => $value,
                    other => Err(format!("{other} is not of type {}", Self::KIND.name())),
                }
            }

            fn show(&self) -> Option<String> {
                let $self = self;
                Some($raw.to_string())
            }
        }
    };
}
setting_value!(bool, Kind::Boolean, Raw::Flag(flag) => Ok(flag), it => Raw::Flag(*it));
setting_value!(i64, Kind::Long, Raw::Number(number) => Ok(number), it => Raw::Number(*it));
setting_value!(f64, Kind::Double, Raw::Real(number) => Ok(number), it => Raw::Real(*it));
setting_value!(String, Kind::String, Raw::Text(text) => Ok(text), it => Raw::Text(it.clone()));
setting_value!(Vec<String>, Kind::List, Raw::List(list) => Ok(list), it => Raw::List(it.clone()));
setting_value!(Limit, Kind::Long, Raw::Number(number) => Ok(Limit::of(number)), it => Raw::Number(it.0));
setting_value!(
    i32,
    Kind::Int,
    Raw::Number(number) => i32::try_from(number).map_err(|error| error.to_string()),
    it => Raw::Number(i64::from(*it))
);

/// A setting without a default.
impl<T: SettingValue> SettingValue for Option<T> {
    const KIND: Kind = T::KIND;

    fn read(text: &str, valid: Valid) -> Result<Self, String> {
        T::read(text, valid).map(Some)
    }

    fn show(&self) -> Option<String> {
        self.as_ref().and_then(SettingValue::show)
    }
}

#[cfg(test)]
mod tests {
    use super::{Limit, SettingValue, Valid, first};
    use crate::settings::Configs;

    #[test]
    fn the_first_layer_with_an_allowed_value_decides() {
        let layer = |text: &str| Configs::from([("num.partitions".to_owned(), text.to_owned())]);
        let (none, wrong, three, four) = (Configs::new(), layer("0"), layer("3"), layer("4"));
        let decide = |layers: &[&Configs]| first::<i32>(layers, "num.partitions", Valid::AtLeast(1));
        assert_eq!(decide(&[&none, &three, &four]), Some(3));
        assert_eq!(decide(&[&wrong, &four]), Some(4));
        assert_eq!(decide(&[&none]), None);
    }

    #[test]
    fn minus_one_is_no_limit() {
        assert_eq!(Limit::read("-1", Valid::Any).unwrap().get(), None);
        assert_eq!(Limit::read("0", Valid::Any).unwrap().get(), Some(0));
        assert_eq!(Limit::NONE.show(), Some("-1".to_owned()));
    }
}
