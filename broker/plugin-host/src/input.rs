//! Chooses what of a batch is copied into a guest.

use std::borrow::Cow;
use std::ops::Range;

use crate::{Batch, Header, Record, Span};

/// What a plug-in asked to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants {
    /// Keys of records.
    pub keys: bool,
    /// Values of records.
    pub values: bool,
    /// Headers, with keys and values.
    pub headers: bool,
}

/// Some of the records of a batch.
#[derive(Debug, Clone)]
pub(crate) struct Part<'a> {
    pub(crate) batch: &'a Batch<'a>,
    pub(crate) range: Range<usize>,
}

impl Part<'_> {
    pub(crate) fn records(&self) -> usize {
        self.range.len()
    }
}

/// What a guest gets: `R` and `H` are the contract's forms of records and headers.
pub(crate) struct Input<'a, R, H> {
    pub(crate) blob: Cow<'a, [u8]>,
    pub(crate) records: Vec<R>,
    pub(crate) headers: Vec<H>,
}

/// Selects what `wants` says of `part`. If nothing is left out, the blob goes as it is, in one copy; else a blob is made of the wanted
/// pieces alone.
pub(crate) fn select<'a, R: From<Record>, H: From<Header>>(part: &Part<'a>, wants: Wants) -> Input<'a, R, H> {
    let batch = part.batch;
    let records = &batch.records[part.range.clone()];
    let headers = if wants.headers { headers_of(part) } else { &[] };
    let whole = part.range.len() == batch.records.len();
    let mut blob = if whole && wants.values { Blob::Whole(batch.blob) } else { Blob::sized(part, wants) };
    let mut piece =
        |wanted: bool, span: Span| if wanted { blob.piece(batch.blob, span) } else { Span::LEFT_OUT };
    let records = records
        .iter()
        .map(|record| {
            let key = piece(wants.keys, record.key);
            let value = piece(wants.values, record.value);
            R::from(Record { key, value, ..*record })
        })
        .collect();
    let first = part.range.start as u32;
    let headers = headers
        .iter()
        .map(|header| {
            let key = piece(true, header.key);
            let value = piece(true, header.value);
            H::from(Header { rec: header.rec - first, key, value })
        })
        .collect();
    let blob = match blob {
        Blob::Whole(bytes) => Cow::Borrowed(bytes),
        Blob::Pieces(bytes) => Cow::Owned(bytes),
    };
    Input { blob, records, headers }
}

/// The headers of a part's records: they lie together, because headers are in the order of records.
fn headers_of<'a>(part: &Part<'a>) -> &'a [Header] {
    let headers = part.batch.headers;
    let start = headers.partition_point(|header| (header.rec as usize) < part.range.start);
    let end = headers.partition_point(|header| (header.rec as usize) < part.range.end);
    &headers[start..end]
}

enum Blob<'a> {
    Whole(&'a [u8]),
    Pieces(Vec<u8>),
}

impl Blob<'_> {
    /// An empty blob with room for the wanted keys and values.
    fn sized(part: &Part<'_>, wants: Wants) -> Self {
        let bytes = |wanted: bool, span: Span| if wanted { span.len.max(0) as usize } else { 0 };
        let records = &part.batch.records[part.range.clone()];
        let room: usize =
            records.iter().map(|it| bytes(wants.keys, it.key) + bytes(wants.values, it.value)).sum();
        Blob::Pieces(Vec::with_capacity(room.min(part.batch.blob.len())))
    }

    /// Where `span` of `source` lies in this blob; it is copied unless all of `source` is there.
    fn piece(&mut self, source: &[u8], span: Span) -> Span {
        match self {
            Blob::Whole(_) => span,
            Blob::Pieces(bytes) => {
                let Some(range) = span.range(source.len()) else { return span };
                let off = bytes.len() as u32;
                bytes.extend_from_slice(&source[range]);
                Span { off, len: span.len }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: Wants = Wants { keys: true, values: false, headers: false };
    const ALL: Wants = Wants { keys: true, values: true, headers: true };

    fn span(off: u32, len: i32) -> Span {
        Span { off, len }
    }

    fn records() -> [Record; 3] {
        [
            Record { offset_delta: 0, timestamp: 10, key: span(0, 2), value: span(2, 3) },
            Record { offset_delta: 1, timestamp: 11, key: Span::NULL, value: span(5, 1) },
            Record { offset_delta: 5, timestamp: 12, key: span(6, 2), value: Span::NULL },
        ]
    }

    fn headers() -> [Header; 2] {
        [
            Header { rec: 0, key: span(8, 1), value: span(9, 1) },
            Header { rec: 2, key: span(8, 1), value: Span::NULL },
        ]
    }

    fn selected(range: Range<usize>, wants: Wants) -> (Vec<u8>, Vec<Record>, Vec<Header>) {
        let (records, headers) = (records(), headers());
        let batch =
            Batch { topic: "t", partition: 0, blob: b"k0vvvwk2hx", records: &records, headers: &headers };
        let input = select::<Record, Header>(&Part { batch: &batch, range }, wants);
        (input.blob.into_owned(), input.records, input.headers)
    }

    #[test]
    fn a_plug_in_that_wants_everything_gets_the_blob_as_it_is() {
        assert_eq!(selected(0..3, ALL), (b"k0vvvwk2hx".to_vec(), records().to_vec(), headers().to_vec()));
    }

    #[test]
    fn what_is_not_wanted_is_not_copied() {
        let (blob, records, headers) = selected(0..3, KEYS);
        assert_eq!(blob, b"k0k2");
        assert_eq!(records.iter().map(|it| it.key).collect::<Vec<_>>(), [span(0, 2), Span::NULL, span(2, 2)]);
        assert!(records.iter().all(|it| it.value == Span::LEFT_OUT));
        assert_eq!(headers, []);
        assert_eq!(selected(0..3, Wants { keys: false, ..KEYS }).0, b"");
    }

    #[test]
    fn a_part_has_its_own_records_and_headers() {
        let (blob, records, headers) = selected(1..3, ALL);
        assert_eq!(blob, b"wk2h");
        assert_eq!(records.iter().map(|it| it.offset_delta).collect::<Vec<_>>(), [1, 5]);
        assert_eq!(headers, [Header { rec: 1, key: span(3, 1), value: Span::NULL }]);
    }
}
