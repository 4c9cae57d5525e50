//! Which record of a quarantine is meant.

use std::fmt;
use std::str::FromStr;

/// A record's place in a quarantine: `17`, or `1:17` in another partition than 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LetterId {
    /// The quarantine's partition; brokers write to 0.
    pub partition: i32,
    /// The offset there.
    pub offset: i64,
}

impl fmt::Display for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.partition {
            0 => write!(f, "{}", self.offset),
            partition => write!(f, "{partition}:{}", self.offset),
        }
    }
}

impl FromStr for LetterId {
    type Err = String;

    fn from_str(text: &str) -> Result<LetterId, String> {
        let (partition, offset) = text.split_once(':').unwrap_or(("0", text));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        match (partition.parse(), offset.parse()) {
            (Ok(partition), Ok(offset)) if digits(text.split(':').collect::<String>().as_str()) => {
                Ok(LetterId { partition, offset })
            }
            _ => Err("give an offset of the quarantine, or PARTITION:OFFSET".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LetterId;

    #[test]
    fn texts() {
        for (text, partition, offset) in [("0", 0, 0), ("17", 0, 17), ("3:9223372036854775807", 3, i64::MAX)]
        {
            let id: LetterId = text.parse().unwrap();
            assert_eq!(id, LetterId { partition, offset });
            assert_eq!(id.to_string(), text);
        }
        for bad in ["", "-1", "a", "1:", ":1", "1:2:3", "+1", "-1:2", "9223372036854775808", "2147483648:0"] {
            assert!(bad.parse::<LetterId>().is_err(), "{bad}");
        }
    }
}
