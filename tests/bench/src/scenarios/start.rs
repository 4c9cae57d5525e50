//! From the start of the process to the first acknowledged write.

use std::time::{Duration, Instant};

use klamm_model::ErrorCode;

use crate::Result;
use crate::broker::{Broker, Durability, Make, Program, pause};
use crate::client::Client;
use crate::figure::Figure;
use crate::frames::{Batch, produce};
use crate::scenarios::Extent;

const PARTITIONS_OF_A_TOPIC: u32 = 100;
/// The most open files allowed where there are many partitions.
const OPEN_FILES: u32 = 20_000;
const PATIENCE: Duration = Duration::from_mins(3);

pub(super) fn run(make: &Make, extent: Extent) -> Result<Vec<Figure>> {
    let mut broker = Broker::start(make, Durability::Fsync)?;
    broker.kill()?;
    std::fs::remove_dir_all(broker.data_dir())?;
    let empty = match make.program {
        Program::Klamm(_) => to_first_write(&mut broker, "first")?,
        // Formatting a directory is not part of Kafka's start.
        Program::Kafka(_) => {
            broker = Broker::start(make, Durability::Fsync)?;
            broker.kill()?;
            to_first_write(&mut broker, "first")?
        }
    };
    drop(broker);
    let mut broker = Broker::start_with(make, Durability::Fsync, Some(OPEN_FILES))?;
    fill(&broker, extent.many)?;
    broker.kill()?;
    let killed = to_first_write(&mut broker, &topic(0))?;
    let stopped = broker.stop()?;
    let clean = to_first_write(&mut broker, &topic(0))?;
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    Ok(vec![
        Figure::new("start to first write: empty", milliseconds(empty), "ms"),
        Figure::new("start to first write: many partitions, killed", milliseconds(killed), "ms"),
        Figure::new("start to first write: many partitions, stopped", milliseconds(clean), "ms"),
        Figure::new("stop: many partitions", milliseconds(stopped), "ms"),
    ])
}

fn topic(number: u32) -> String {
    format!("many-{number}")
}

/// Makes `partitions` with a record in each.
pub(super) fn fill(broker: &Broker, partitions: u32) -> Result<()> {
    let records = Batch::of(100, 100).build()?;
    let mut client = broker.client()?;
    for number in 0..partitions.div_ceil(PARTITIONS_OF_A_TOPIC) {
        client.create_topic(&topic(number), PARTITIONS_OF_A_TOPIC as i32)?;
        let code = client.produce(&produce(&topic(number), 0..PARTITIONS_OF_A_TOPIC as i32, &records))?;
        if code != ErrorCode::None {
            return Err(format!("a write was refused: {code:?}").into());
        }
    }
    Ok(())
}

fn to_first_write(broker: &mut Broker, topic: &str) -> Result<Duration> {
    let records = Batch::of(100, 100).build()?;
    let begun = Instant::now();
    broker.spawn_again()?;
    loop {
        let written = Client::connect(broker.address()).map_err(Into::into).and_then(|mut client| {
            client.create_topic(topic, 1)?;
            client.produce(&produce(topic, [0], &records))
        });
        if written.is_ok_and(|code| code == ErrorCode::None) {
            return Ok(begun.elapsed());
        }
        if begun.elapsed() > PATIENCE {
            return Err("the broker does not acknowledge writes after its start".into());
        }
        pause();
    }
}
