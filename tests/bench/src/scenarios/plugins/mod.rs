//! What plug-ins cost: of a topic's throughput, while versions are swapped, and after a restart. Kafka has none.

mod kit;
mod restarts;
mod swaps;
mod throughput;

use crate::Result;
use crate::broker::{Make, Program};
use crate::figure::Figure;
use crate::scenarios::Extent;

pub(super) fn run(make: &Make, extent: Extent) -> Result<Vec<Figure>> {
    if matches!(make.program, Program::Kafka(_)) {
        return Ok(Vec::new());
    }
    let parts = [throughput::run(make, extent)?, swaps::run(make, extent)?, restarts::run(make)?];
    Ok(parts.concat())
}
