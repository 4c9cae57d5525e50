//! A frame that is ready to be sent.

use bytes::{Bytes, BytesMut};

const SIZE_PREFIX_BYTES: usize = 4;

/// A frame with its size prefix of 4 bytes, in chunks for a vectored write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedFrame {
    /// The frame is these, one after the other; none is empty.
    pub chunks: Vec<Bytes>,
}

impl EncodedFrame {
    /// The number of bytes to send, the size prefix among them.
    #[expect(clippy::len_without_is_empty, reason = "a frame has a size prefix, so it is never empty")]
    pub fn len(&self) -> usize {
        self.chunks.iter().map(Bytes::len).sum()
    }

    /// What stands behind the size prefix, in one piece.
    pub(crate) fn into_body(self) -> Bytes {
        self.into_bytes().slice(SIZE_PREFIX_BYTES..)
    }

    /// The frame in one piece; copies if it has several.
    pub fn into_bytes(mut self) -> Bytes {
        if self.chunks.len() == 1 {
            return self.chunks.swap_remove(0);
        }
        let mut joined = BytesMut::with_capacity(self.len());
        for chunk in &self.chunks {
            joined.extend_from_slice(chunk);
        }
        joined.freeze()
    }
}
