//! Record bytes that lie in several places.

use bytes::{Bytes, BytesMut};

/// The record batches of one partition in a fetch response: one byte string to the reader, and as many slices
/// as the broker likes to the writer, so that batches from several segments are sent without being joined.
#[derive(Debug, Clone, Default)]
pub struct Records(Vec<Bytes>);

impl Records {
    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    /// Whether there is not a byte.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Bytes::is_empty)
    }

    /// The slices, in order.
    pub fn chunks(&self) -> &[Bytes] {
        &self.0
    }

    /// The bytes in one piece; copies if there are several slices.
    pub fn into_bytes(mut self) -> Bytes {
        if self.0.len() <= 1 {
            return self.0.pop().unwrap_or_default();
        }
        let mut joined = BytesMut::with_capacity(self.len());
        for chunk in &self.0 {
            joined.extend_from_slice(chunk);
        }
        joined.freeze()
    }
}

impl From<Bytes> for Records {
    fn from(bytes: Bytes) -> Records {
        Records(vec![bytes])
    }
}

impl From<Vec<Bytes>> for Records {
    fn from(chunks: Vec<Bytes>) -> Records {
        Records(chunks)
    }
}

/// Equal bytes are equal records, however they are cut.
impl PartialEq for Records {
    fn eq(&self, other: &Records) -> bool {
        let (here, there) = (self.0.iter().flatten(), other.0.iter().flatten());
        self.len() == other.len() && here.eq(there)
    }
}

impl Eq for Records {}
