//! Answers on their way into a socket.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use klamm_wire::EncodedFrame;
use tokio::io::AsyncWrite;

use super::limits::UnsentBytes;

/// Chunks that one system call takes.
const CHUNKS_AT_ONCE: usize = 64;

/// Answers on their way into a socket. Record bytes stay in the memory they were read into: chunks are gathered
/// by the kernel, not copied together here.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    chunks: VecDeque<Bytes>,
    bytes: usize,
    /// Where the bytes of all outboxes are counted.
    unsent: Arc<UnsentBytes>,
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.unsent.subtract(self.bytes);
    }
}

impl Outbox {
    /// An outbox whose bytes are counted among `unsent`.
    pub(crate) fn new(unsent: Arc<UnsentBytes>) -> Outbox {
        Outbox { chunks: VecDeque::new(), bytes: 0, unsent }
    }

    /// Adds an answer after those that are here.
    pub(crate) fn push(&mut self, frame: EncodedFrame) {
        self.bytes += frame.len();
        self.unsent.add(frame.len());
        self.chunks.extend(frame.chunks.into_iter().filter(|chunk| !chunk.is_empty()));
    }

    /// The bytes that the socket has not yet taken.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Writes until everything is taken (`Ready`) or the socket is full (`Pending`); `written` counts what was.
    pub(crate) fn poll_write<W: AsyncWrite + Unpin>(
        &mut self,
        socket: &mut W,
        cx: &mut Context<'_>,
        written: &mut usize,
    ) -> Poll<io::Result<()>> {
        while !self.chunks.is_empty() {
            let taken = ready!(self.poll_write_some(Pin::new(socket), cx))?;
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *written += taken;
            self.forget(taken);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write_some<W: AsyncWrite>(
        &self,
        socket: Pin<&mut W>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        // Nearly every answer without records is one chunk.
        if let (Some(only), 1) = (self.chunks.front(), self.chunks.len()) {
            return socket.poll_write(cx, only);
        }
        let mut slices = [IoSlice::new(&[]); CHUNKS_AT_ONCE];
        let count = self.chunks.len().min(CHUNKS_AT_ONCE);
        for (slice, chunk) in slices.iter_mut().zip(&self.chunks) {
            *slice = IoSlice::new(chunk);
        }
        socket.poll_write_vectored(cx, &slices[..count])
    }

    fn forget(&mut self, mut taken: usize) {
        self.bytes -= taken;
        self.unsent.subtract(taken);
        while let Some(chunk) = self.chunks.front_mut() {
            if taken < chunk.len() {
                chunk.advance(taken);
                return;
            }
            taken -= chunk.len();
            self.chunks.pop_front();
        }
        // An idle connection keeps no memory of its largest burst.
        if self.chunks.capacity() > CHUNKS_AT_ONCE {
            self.chunks = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::{Context, Poll, Waker};

    use bytes::Bytes;
    use klamm_wire::EncodedFrame;
    use tokio::io::AsyncWrite;

    use super::Outbox;
    use crate::net::limits::UnsentBytes;

    /// A socket that takes `room` bytes in all, and no more than `at_once` of them at once.
    struct Narrow {
        taken: Vec<u8>,
        at_once: usize,
        room: usize,
    }

    impl AsyncWrite for Narrow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let count = bytes.len().min(self.at_once).min(self.room);
            if count == 0 {
                return Poll::Pending;
            }
            self.room -= count;
            self.taken.extend_from_slice(&bytes[..count]);
            Poll::Ready(Ok(count))
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn answers_leave_whole_and_in_order_through_a_narrow_socket() {
        let mut outbox = Outbox::default();
        outbox.push(EncodedFrame { chunks: vec!["ab".into(), Bytes::new(), "cdefg".into()] });
        outbox.push(EncodedFrame { chunks: vec!["hij".into()] });
        let mut socket = Narrow { taken: Vec::new(), at_once: 3, room: 7 };
        let mut cx = Context::from_waker(Waker::noop());
        let mut written = 0;
        assert!(outbox.poll_write(&mut socket, &mut cx, &mut written).is_pending());
        assert_eq!((written, outbox.bytes()), (7, 3));
        socket.room = 100;
        assert!(outbox.poll_write(&mut socket, &mut cx, &mut written).is_ready());
        assert_eq!((socket.taken.as_slice(), outbox.bytes()), (b"abcdefghij".as_slice(), 0));
    }

    #[test]
    fn what_is_not_sent_is_counted_for_as_long_as_it_is_here() {
        let unsent = Arc::new(UnsentBytes::default());
        let empty = unsent.room();
        let mut outbox = Outbox::new(Arc::clone(&unsent));
        outbox.push(EncodedFrame { chunks: vec![vec![0; 4_000].into()] });
        assert_eq!(unsent.room(), empty - 1_000);
        let mut socket = Narrow { taken: Vec::new(), at_once: 4_000, room: 400 };
        let mut written = 0;
        let _ = outbox.poll_write(&mut socket, &mut Context::from_waker(Waker::noop()), &mut written);
        assert_eq!(unsent.room(), empty - 900);
        drop(outbox);
        assert_eq!(unsent.room(), empty, "a connection that ends leaves nothing behind");
    }
}
