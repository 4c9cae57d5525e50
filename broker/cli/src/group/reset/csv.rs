//! Offsets as Kafka's tool exports them: lines of `topic,partition,offset`.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Plan;
use crate::client::TopicPartition;

/// The offsets of a file, or which line is wrong and why.
pub(super) fn parse(text: &str) -> Result<BTreeMap<TopicPartition, i64>, String> {
    let mut offsets = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let (partition, offset) = parse_line(line)
            .ok_or_else(|| format!("line {} is not topic,partition,offset: {line:?}", index + 1))?;
        if offsets.insert(partition.clone(), offset).is_some() {
            return Err(format!("line {} names {partition} a second time", index + 1));
        }
    }
    if offsets.is_empty() { Err("there are no offsets in it".to_owned()) } else { Ok(offsets) }
}

fn parse_line(line: &str) -> Option<(TopicPartition, i64)> {
    let mut fields = line.split(',').map(|field| field.trim().trim_matches('"'));
    let topic = fields.next().filter(|topic| !topic.is_empty())?.to_owned();
    let partition = fields.next()?.parse().ok().filter(|partition| *partition >= 0)?;
    let offset = fields.next()?.parse().ok().filter(|offset| *offset >= 0)?;
    fields.next().is_none().then_some((TopicPartition { topic, partition }, offset))
}

/// The new offsets of a plan.
pub(super) fn write(plan: &Plan) -> String {
    let mut text = String::new();
    for (partition, offset) in plan.set() {
        // Writing to a String can't fail.
        let _ = writeln!(text, "{},{},{offset}", partition.topic, partition.partition);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn lines_are_read_or_named() {
        let read = parse("t,0,5\r\n\n \"u\", 1 ,9\n").unwrap();
        let read: Vec<String> =
            read.iter().map(|(partition, offset)| format!("{partition}={offset}")).collect();
        assert_eq!(read, ["t-0=5", "u-1=9"]);
        for (bad, why) in [
            ("", "there are no offsets in it"),
            ("t,0,5\nt,1", "line 2 is not topic,partition,offset: \"t,1\""),
            ("g,t,0,5", "line 1 is not topic,partition,offset: \"g,t,0,5\""),
            ("t,0,-1", "line 1 is not topic,partition,offset: \"t,0,-1\""),
            ("t,0,5\nt,0,6", "line 2 names t-0 a second time"),
        ] {
            assert_eq!(parse(bad), Err(why.to_owned()));
        }
    }
}
