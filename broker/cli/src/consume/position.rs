//! Where to begin to read.

use std::collections::BTreeMap;
use std::str::FromStr;

use klamm_model::Offset;

use crate::client::offsets::{EARLIEST, LATEST};
use crate::client::{Client, ClientError, Isolation, Topic};

/// Where to begin to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// With the first record there is.
    Earliest,
    /// With the next record to come.
    Latest,
    /// At this offset.
    At(i64),
    /// So many records before the end.
    Last(i64),
    /// With the first record of this time or later, in milliseconds since 1970.
    Time(i64),
}

impl FromStr for Position {
    type Err = String;

    fn from_str(text: &str) -> Result<Position, String> {
        match text {
            "earliest" | "start" | "beginning" => return Ok(Position::Earliest),
            "latest" | "end" => return Ok(Position::Latest),
            _ => {}
        }
        match text.parse::<i64>() {
            Ok(offset @ 0..) => Ok(Position::At(offset)),
            Ok(i64::MIN) | Err(_) => {
                Err("give earliest, latest, an offset, or -N for the last N records".into())
            }
            Ok(negative) => Ok(Position::Last(-negative)),
        }
    }
}

impl Position {
    /// The offset to begin with in each partition.
    pub(super) async fn resolve(
        self,
        client: &mut Client,
        topic: &Topic,
        partitions: &[i32],
        isolation: Isolation,
    ) -> Result<BTreeMap<i32, Offset>, ClientError> {
        let earliest = client.list_offsets(topic, partitions, EARLIEST, isolation).await?;
        let latest = client.list_offsets(topic, partitions, LATEST, isolation).await?;
        let by_time = match self {
            Position::Time(time) => client.list_offsets(topic, partitions, time, isolation).await?,
            _ => BTreeMap::new(),
        };
        let mut starts = BTreeMap::new();
        for &partition in partitions {
            topic.leader(partition)?;
            let of = |offsets: &BTreeMap<i32, Option<Offset>>| offsets.get(&partition).copied().flatten();
            let (first, end) = (of(&earliest).unwrap_or(Offset::ZERO), of(&latest).unwrap_or(Offset::ZERO));
            let start = match self {
                Position::Earliest => first,
                Position::Latest => end,
                Position::At(offset) => Offset(offset),
                Position::Last(records) => Offset(end.0.saturating_sub(records)).max(first),
                // No record is as new: begin with the next to come.
                Position::Time(_) => of(&by_time).unwrap_or(end),
            };
            starts.insert(partition, start);
        }
        Ok(starts)
    }
}

#[cfg(test)]
mod tests {
    use super::Position;

    #[test]
    fn texts() {
        assert_eq!("earliest".parse(), Ok(Position::Earliest));
        assert_eq!("17".parse(), Ok(Position::At(17)));
        assert_eq!("-5".parse(), Ok(Position::Last(5)));
        for bad in ["", "first", "1.5", "-9223372036854775808"] {
            assert!(bad.parse::<Position>().is_err(), "{bad}");
        }
    }
}
