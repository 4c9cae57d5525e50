//! From a stream of bytes to frames.

use std::cell::Cell;

use bytes::{Buf, Bytes, BytesMut};

/// The bytes that say how long a frame is.
const SIZE_BYTES: usize = 4;
/// The smallest request: key, version and correlation id.
const SMALLEST_FRAME: usize = 8;
/// What one read takes where no large frame is under way.
const READ_BYTES: usize = 16 * 1024;
/// How far ahead of the received bytes room is made for a large frame. A frame's length is a stranger's claim:
/// up to here a client costs address space, not memory, since untouched pages have none.
const TRUSTED_BYTES: usize = 1024 * 1024;

thread_local! {
    /// Memory for a read of [`READ_BYTES`] that no connection of this thread has just now. Most requests fit in it and are
    /// done with it before the next one comes, so that the connections of a thread take turns with the same memory.
    static SPARE: Cell<Option<BytesMut>> = const { Cell::new(None) };
}

/// Bytes that were received and are not yet a request.
#[derive(Debug)]
pub(crate) struct FrameBuffer {
    bytes: BytesMut,
}

/// A frame that no client of Kafka sends; the connection can't go on, since what follows can't be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    /// Longer than `socket.request.max.bytes`.
    #[error(
        "a request of {size} bytes is larger than socket.request.max.bytes ({max}); is this a Kafka client, \
         and without TLS?"
    )]
    TooLarge {
        /// What the frame says.
        size: usize,
        /// What is allowed.
        max: usize,
    },
    /// Shorter than any request, or negative.
    #[error("a request of {size} bytes can't be one of Kafka's")]
    TooSmall {
        /// What the frame says.
        size: i32,
    },
}

impl FrameBuffer {
    /// An empty buffer; takes no memory until something is received.
    pub(crate) fn new() -> FrameBuffer {
        FrameBuffer { bytes: BytesMut::new() }
    }

    /// The length of the frame at the front, without its size field; `None` until the size is received.
    pub(crate) fn frame_size(&self, max: usize) -> Result<Option<usize>, FrameError> {
        let Some(prefix) = self.bytes.first_chunk::<SIZE_BYTES>() else { return Ok(None) };
        let claimed = i32::from_be_bytes(*prefix);
        match usize::try_from(claimed) {
            Ok(size) if size > max => Err(FrameError::TooLarge { size, max }),
            Ok(size) if size >= SMALLEST_FRAME => Ok(Some(size)),
            _ => Err(FrameError::TooSmall { size: claimed }),
        }
    }

    /// Takes the frame at the front, without its size field; `None` until all of it is received. The frame
    /// shares the memory it was received in.
    pub(crate) fn take_frame(&mut self, max: usize) -> Result<Option<Bytes>, FrameError> {
        match self.frame_size(max)? {
            Some(size) if self.bytes.len() >= SIZE_BYTES + size => {
                self.bytes.advance(SIZE_BYTES);
                Ok(Some(self.bytes.split_to(size).freeze()))
            }
            _ => Ok(None),
        }
    }

    /// The buffer with room for the next read. For a large frame the room grows with what was received, so
    /// that a claim of 100 MiB costs nothing before the bytes come.
    pub(crate) fn room(&mut self, max: usize) -> &mut BytesMut {
        if self.bytes.capacity() == 0
            && let Some(spare) = SPARE.take()
        {
            self.bytes = spare;
        }
        let received = self.bytes.len();
        let missing = match self.frame_size(max) {
            Ok(Some(size)) => (SIZE_BYTES + size).saturating_sub(received),
            _ => 0,
        };
        let ahead = missing.min(received.max(TRUSTED_BYTES));
        let room = if ahead > READ_BYTES { ahead } else { READ_BYTES };
        // A read into a sliver of room costs a system call for little: make room anew before that.
        if self.bytes.capacity() - received < ahead.max(READ_BYTES / 4) {
            self.bytes.reserve(room);
        }
        &mut self.bytes
    }

    /// Whether nothing is received that is not yet a request.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Gives memory back while nothing is received: an idle connection keeps none.
    pub(crate) fn release(&mut self) {
        if !self.bytes.is_empty() {
            return;
        }
        let mut bytes = std::mem::take(&mut self.bytes);
        // Not if a request is under way that still shares it.
        if bytes.try_reclaim(READ_BYTES) && bytes.capacity() <= 2 * READ_BYTES {
            SPARE.set(Some(bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::BufMut;

    use super::{FrameBuffer, FrameError, READ_BYTES, TRUSTED_BYTES};

    fn buffer(bytes: &[u8]) -> FrameBuffer {
        let mut buffer = FrameBuffer::new();
        buffer.room(1000).put_slice(bytes);
        buffer
    }

    #[test]
    fn frames_come_out_whole_and_in_order() {
        let mut buffer = buffer(b"\0\0\0\x08abcdefgh\0\0\0\x09ABCDEFGHI\0\0");
        assert_eq!(buffer.take_frame(1000).unwrap().unwrap(), "abcdefgh");
        assert_eq!(buffer.take_frame(1000).unwrap().unwrap(), "ABCDEFGHI");
        assert_eq!(buffer.take_frame(1000), Ok(None));
        buffer.room(1000).put_slice(b"\0\x08ijklmno");
        assert_eq!(buffer.take_frame(1000), Ok(None));
        buffer.room(1000).put_slice(b"p");
        assert_eq!(buffer.take_frame(1000).unwrap().unwrap(), "ijklmnop");
        assert!(buffer.is_empty());
    }

    #[test]
    fn sizes_are_checked_before_the_frame_comes() {
        let too_large = FrameError::TooLarge { size: 1001, max: 1000 };
        assert_eq!(buffer(b"\0\0\x03\xe9").take_frame(1000), Err(too_large));
        assert_eq!(buffer(b"\0\0\x03\xe8").take_frame(1000), Ok(None));
        assert_eq!(buffer(b"\0\0\0\x07").take_frame(1000), Err(FrameError::TooSmall { size: 7 }));
        assert_eq!(buffer(b"\xff\xff\xff\xff").take_frame(1000), Err(FrameError::TooSmall { size: -1 }));
    }

    #[test]
    fn room_grows_with_what_was_received() {
        let max = 100 << 20;
        let mut buffer = buffer(&i32::to_be_bytes(max as i32));
        let first = buffer.room(max).capacity();
        assert!((TRUSTED_BYTES..2 * TRUSTED_BYTES + READ_BYTES).contains(&first), "{first}");
        buffer.room(max).put_bytes(0, 8 << 20);
        let later = buffer.room(max).capacity();
        assert!((16 << 20..24 << 20).contains(&later), "{later}");
    }

    #[test]
    fn a_frame_shares_the_memory_it_was_received_in() {
        let mut buffer = buffer(b"\0\0\0\x08abcdefgh");
        let received_at = buffer.bytes.as_ptr() as usize + 4;
        let frame = buffer.take_frame(1000).unwrap().unwrap();
        assert_eq!(frame.as_ptr() as usize, received_at);
    }

    /// The memory that a connection reads into which gets `received` and then has nothing to do; and its request.
    fn memory_of(received: &[u8], keep: bool) -> (usize, Option<bytes::Bytes>) {
        let mut buffer = buffer(received);
        let memory = buffer.bytes.as_ptr() as usize;
        let frame = buffer.take_frame(1000).unwrap().filter(|_| keep);
        buffer.release();
        (memory, frame)
    }

    #[test]
    fn connections_take_turns_with_the_same_memory() {
        let request = b"\0\0\0\x08abcdefgh";
        let (first, _) = memory_of(request, false);
        // It would be free for this, if no one had it.
        let _other = vec![0_u8; READ_BYTES];
        let (second, kept) = memory_of(request, true);
        assert_eq!(first, second, "the first one is done with it");
        let (third, _) = memory_of(b"\0\0\0\x08ABCDEFGH", false);
        assert_ne!(second, third, "a request has the memory still");
        assert_eq!(kept.unwrap(), "abcdefgh");
    }

    #[test]
    fn the_rest_of_a_request_is_awaited_in_the_memory_of_its_beginning() {
        let mut begun = buffer(b"\0\0\0\x08abcd");
        begun.release();
        let (other, _) = memory_of(b"\0\0\0\x08ABCDEFGH", false);
        assert_ne!(begun.bytes.as_ptr() as usize, other);
        begun.room(1000).put_slice(b"efgh");
        assert_eq!(begun.take_frame(1000).unwrap().unwrap(), "abcdefgh");
    }

    #[test]
    fn no_thread_keeps_the_memory_of_a_large_request() {
        let mut large = FrameBuffer::new();
        large.room(1000).reserve(4 * READ_BYTES);
        large.release();
        assert!(FrameBuffer::new().room(1000).capacity() <= 2 * READ_BYTES);
    }
}
