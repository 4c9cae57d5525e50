//! What is measured, one file each.

mod bulk;
mod cold;
mod durable;
mod memory;
mod paced;
mod plugins;
mod rebalance;
mod saturated;
mod small;
mod start;

use std::time::Duration;

use clap::ValueEnum;

use crate::Result;
use crate::broker::Make;
use crate::figure::Figure;

/// How much of it.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// How long each load lasts.
    pub time: Duration,
    /// How long a broker is warmed up before it is measured (Java compiles what it does often).
    pub warm_up: Duration,
    /// Partitions and connections where there are to be many.
    pub many: u32,
}

/// A scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// CPU a gigabyte: 1 KiB records in 256 KiB requests, produced and fetched once.
    Bulk,
    /// CPU a request: 1 KiB requests on 64 connections.
    Small,
    /// 1,000 small requests a second: latency, CPU, context switches and system calls; in the page cache and durable.
    Paced,
    /// 64 producers whose every write is on the disk before its acknowledgement.
    Durable,
    /// As much as goes: records of 100 B, 1 KiB and 100 KB.
    Saturated,
    /// Memory: idle, loaded, for a connection, for a partition.
    Memory,
    /// From the start of the process to the first acknowledged write: empty, and with many partitions after a kill.
    Start,
    /// Latency of producing while somebody reads old data from the disk.
    Cold,
    /// Consumer groups of 2, 20 and 200 members in both protocols: until all know what they read after one has come or gone.
    Rebalance,
    /// Plug-ins: what is left of a topic's throughput with one, swaps of versions under load, the first call after a restart.
    Plugins,
}

impl Scenario {
    /// Measures a broker once.
    pub fn run(self, make: &Make, extent: Extent) -> Result<Vec<Figure>> {
        match self {
            Scenario::Bulk => bulk::run(make, extent),
            Scenario::Small => small::run(make, extent),
            Scenario::Paced => paced::run(make, extent),
            Scenario::Durable => durable::run(make, extent),
            Scenario::Saturated => saturated::run(make, extent),
            Scenario::Memory => memory::run(make, extent),
            Scenario::Start => start::run(make, extent),
            Scenario::Cold => cold::run(make, extent),
            Scenario::Rebalance => rebalance::run(make, extent),
            Scenario::Plugins => plugins::run(make, extent),
        }
    }
}
