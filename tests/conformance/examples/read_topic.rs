//! Writes the values of a topic's partition 0 to standard output, a line each, as the crate `rdkafka` reads them: for
//! `tests/real-data/run`.
//!
//! usage: read_topic HOST:PORT TOPIC

use std::error::Error;
use std::io::{BufWriter, Write, stdout};
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_mins(1);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(bootstrap), Some(topic)) = (arguments.next(), arguments.next()) else {
        return Err("usage: read_topic HOST:PORT TOPIC".into());
    };
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &bootstrap)
        .set("group.id", "unused")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("check.crcs", "true")
        .create()?;
    let mut from = TopicPartitionList::new();
    from.add_partition_offset(&topic, 0, Offset::Beginning)?;
    consumer.assign(&from)?;
    let mut out = BufWriter::new(stdout().lock());
    loop {
        match consumer.poll(PATIENCE).ok_or("nothing came in a minute")? {
            Ok(message) => {
                out.write_all(message.payload().unwrap_or_default())?;
                out.write_all(b"\n")?;
            }
            Err(KafkaError::PartitionEOF(_)) => return Ok(out.flush()?),
            Err(error) => return Err(error.into()),
        }
    }
}
