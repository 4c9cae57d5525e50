//! The number of a quota.

use serde::{Deserialize, Serialize};

use super::InvalidQuota;

/// The number of a quota: finite and above 0. Written down as a text, since JSON's numbers need not come back to the
/// last bit, and every broker's image must be the same.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct QuotaValue(f64);

/// It is never NaN.
impl Eq for QuotaValue {}

impl QuotaValue {
    /// The number, if it can be a quota's.
    pub(super) fn new(value: f64) -> Result<QuotaValue, InvalidQuota> {
        if value.is_finite() && value > 0.0 {
            return Ok(QuotaValue(value));
        }
        Err(InvalidQuota::NotANumber(value.to_string()))
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl From<QuotaValue> for String {
    fn from(value: QuotaValue) -> String {
        value.0.to_string()
    }
}

impl TryFrom<String> for QuotaValue {
    type Error = InvalidQuota;

    fn try_from(text: String) -> Result<QuotaValue, InvalidQuota> {
        text.parse().map_err(|_| InvalidQuota::NotANumber(text)).and_then(QuotaValue::new)
    }
}

#[cfg(test)]
mod tests {
    use super::QuotaValue;

    #[test]
    fn every_bit_comes_back() {
        for value in [0.1 + 0.2, 1e300, 1024.0, f64::MIN_POSITIVE] {
            let json = serde_json::to_string(&QuotaValue::new(value).unwrap()).unwrap();
            let read: QuotaValue = serde_json::from_str(&json).unwrap();
            assert_eq!(read.get().to_bits(), value.to_bits());
        }
        for bad in ["\"NaN\"", "\"0\"", "\"inf\"", "\"x\""] {
            assert!(serde_json::from_str::<QuotaValue>(bad).is_err(), "{bad}");
        }
    }
}
