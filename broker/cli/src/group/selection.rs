//! Which partitions a command is about: `TOPIC` or `TOPIC:0,2`.

use std::str::FromStr;

/// A topic, or some of its partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selection {
    pub topic: String,
    /// `None`: all.
    pub partitions: Option<Vec<i32>>,
}

impl FromStr for Selection {
    type Err = String;

    fn from_str(text: &str) -> Result<Selection, String> {
        let bad = || "give it as TOPIC, or as TOPIC:0,2 for some of its partitions".to_owned();
        let Some((topic, list)) = text.split_once(':') else {
            let selection = Selection { topic: text.to_owned(), partitions: None };
            return Some(selection).filter(|selection| !selection.topic.is_empty()).ok_or_else(bad);
        };
        let number = |part: &str| part.trim().parse::<i32>().ok().filter(|number| *number >= 0);
        let partitions: Option<Vec<i32>> = list.split(',').map(number).collect();
        match partitions {
            Some(partitions) if !topic.is_empty() => {
                Ok(Selection { topic: topic.to_owned(), partitions: Some(partitions) })
            }
            _ => Err(bad()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Selection;

    #[test]
    fn texts() {
        let of = |topic: &str, partitions| Ok(Selection { topic: topic.to_owned(), partitions });
        assert_eq!("t".parse(), of("t", None));
        assert_eq!("t:0,2".parse(), of("t", Some(vec![0, 2])));
        for bad in ["", ":1", "t:", "t:-1", "t:x", "t:1,,2"] {
            assert!(bad.parse::<Selection>().is_err(), "{bad}");
        }
    }
}
