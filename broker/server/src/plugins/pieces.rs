//! Some records of a batch as the plug-in host wants them: one run of bytes, and spans into it.

use std::borrow::Cow;
use std::ops::Range;

use klamm_plugin_host::{Batch, Header, Record, Span, Wants};
use klamm_records::{UnpackedBatch, UnpackedRecord};

use super::decision::Decision;
use super::work::Work;

/// The most bytes that a plug-in gets with one call: its deadline is for a call, whatever the producer's batches are like.
const CHUNK_BYTES: usize = 128 << 10;
/// The most records that a plug-in gets with one call.
const CHUNK_RECORDS: usize = 1024;

/// Splits the records at `places` into the chunks of single calls.
pub(super) fn chunks(unpacked: &UnpackedBatch, places: impl Iterator<Item = usize>) -> Vec<Vec<usize>> {
    let mut chunks: Vec<Vec<usize>> = Vec::new();
    let mut bytes = 0;
    for place in places {
        let size = unpacked.records().get(place).map_or(0, |record| size(unpacked, record));
        match chunks.last_mut() {
            Some(chunk) if bytes + size <= CHUNK_BYTES && chunk.len() < CHUNK_RECORDS => chunk.push(place),
            _ => {
                chunks.push(vec![place]);
                bytes = 0;
            }
        }
        bytes += size;
    }
    chunks
}

fn size(unpacked: &UnpackedBatch, record: &UnpackedRecord) -> usize {
    let length = |range: &Option<Range<u32>>| range.as_ref().map_or(0, ExactSizeIterator::len);
    let headers = unpacked.headers_of(record);
    let headers: usize = headers.iter().map(|it| it.key.len() + it.value.map_or(0, <[u8]>::len)).sum();
    length(&record.key) + length(&record.value) + headers
}

/// Some records of a batch.
pub(super) struct Pieces<'a> {
    work: &'a Work,
    blob: Cow<'a, [u8]>,
    records: Vec<Record>,
    headers: Vec<Header>,
}

impl<'a> Pieces<'a> {
    /// The records at `places`, with what `decision` has changed in them.
    pub(super) fn of(work: &'a Work, decision: &Decision, places: &[usize], wants: Wants) -> Pieces<'a> {
        let edited = !decision.edits.is_empty();
        let mut gathering = if edited {
            Gathering { blob: Cow::Owned(Vec::new()), start: 0 }
        } else {
            Gathering::within(&work.unpacked, places)
        };
        let mut records = Vec::with_capacity(places.len());
        let mut headers = Vec::new();
        for &place in places {
            let Some(record) = work.unpacked.records().get(place) else { continue };
            let edits = decision.edits.get(place);
            let piece = |range: &Option<Range<u32>>| range.as_ref().map(|range| work.unpacked.piece(range));
            let (mut key, mut value) = (piece(&record.key), piece(&record.value));
            if let Some(edits) = edits {
                (key, value) = (edits.key.apply(key), edits.value.apply(value));
            }
            if wants.headers {
                let index = records.len() as u32;
                for header in work.unpacked.headers_of(record) {
                    let (key, value) = (gathering.span(Some(header.key)), gathering.span(header.value));
                    headers.push(Header { rec: index, key, value });
                }
            }
            records.push(Record {
                offset_delta: record.offset_delta.unsigned_abs(),
                timestamp: record.timestamp.0,
                key: gathering.span(key),
                value: gathering.span(value),
            });
        }
        Pieces { work, blob: gathering.blob, records, headers }
    }

    /// As the host wants them.
    pub(super) fn batch(&self) -> Batch<'_> {
        Batch {
            topic: self.work.topic.as_str(),
            partition: self.work.partition.0,
            blob: &self.blob,
            records: &self.records,
            headers: &self.headers,
        }
    }
}

/// The run of bytes, and where pieces are in it: pieces of a borrowed run are found by their address, others are copied to it.
struct Gathering<'a> {
    blob: Cow<'a, [u8]>,
    start: usize,
}

impl<'a> Gathering<'a> {
    /// The part of the batch's bytes from the first of the records to the last.
    fn within(unpacked: &'a UnpackedBatch, places: &[usize]) -> Gathering<'a> {
        let all = unpacked.bytes();
        let records = places.iter().filter_map(|place| unpacked.records().get(*place));
        let pieces = records.flat_map(|record| pieces_of(unpacked, record));
        let (start, end) = pieces.fold((all.len(), 0), |(start, end), piece| {
            (start.min(piece.start as usize), end.max(piece.end as usize))
        });
        let blob = &all[start.min(end)..end];
        Gathering { blob: Cow::Borrowed(blob), start: blob.as_ptr().addr() }
    }

    fn span(&mut self, piece: Option<&[u8]>) -> Span {
        let Some(piece) = piece else { return Span::NULL };
        let off = match &mut self.blob {
            Cow::Borrowed(_) => piece.as_ptr().addr().wrapping_sub(self.start),
            Cow::Owned(blob) => {
                let off = blob.len();
                blob.extend_from_slice(piece);
                off
            }
        };
        Span { off: off as u32, len: piece.len() as i32 }
    }
}

fn pieces_of<'a>(
    unpacked: &'a UnpackedBatch,
    record: &'a UnpackedRecord,
) -> impl Iterator<Item = &'a Range<u32>> {
    let headers = &unpacked.headers()[record.headers.start as usize..record.headers.end as usize];
    let of_headers = headers.iter().flat_map(|header| [Some(&header.key), header.value.as_ref()]);
    [record.key.as_ref(), record.value.as_ref()].into_iter().chain(of_headers).flatten()
}
