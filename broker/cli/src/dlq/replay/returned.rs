//! Which of the records that were sent are in quarantine again.

use klamm_records::Record;

use super::outcome::Returned;
use super::replayer::Places;
use crate::consume::Sink;
use crate::dlq::letter::Heading;
use crate::error::CliError;

/// Looks through what came to a quarantine since the replay began.
///
/// A dead letter says which producer sent it, and where it would have been: the replay knows where its own were put.
#[derive(Debug)]
pub(super) struct Returning<'a> {
    places: &'a Places,
    pub found: Vec<Returned>,
}

impl Returning<'_> {
    pub(super) fn among(places: &Places) -> Returning<'_> {
        Returning { places, found: Vec::new() }
    }
}

impl Sink for Returning<'_> {
    fn take(&mut self, partition: i32, record: &Record<'_>) -> Result<(), CliError> {
        let heading = Heading::of(partition, record);
        let Some(told) = heading.envelope else { return Ok(()) };
        let place = told.producer_id.zip(told.partition).zip(told.offset);
        let place = place.map(|((producer, partition), offset)| (producer, partition, offset));
        if let Some(id) = place.and_then(|place| self.places.get(&place)) {
            self.found.push(Returned {
                id: *id,
                now: heading.id,
                plugin: told.plugin,
                version: told.version,
                reason: told.reason,
            });
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), CliError> {
        Ok(())
    }
}
