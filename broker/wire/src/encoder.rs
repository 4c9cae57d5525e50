//! Writing a frame in one pass.

use bytes::{BufMut, Bytes, BytesMut};

use crate::encoded_frame::EncodedFrame;
use crate::{EncodeError, EncodeFault};

/// Byte strings from this size on are not copied into the frame but become chunks of their own: below it, a
/// copy is cheaper than one more entry in a vectored write.
const SHARE_FROM_BYTES: usize = 4096;
const FIRST_CAPACITY_BYTES: usize = 512;
const SIZE_PREFIX: [u8; 4] = [0; 4];

/// Gathers a frame: small fields in one buffer, large byte strings beside it.
#[derive(Debug)]
pub struct Encoder {
    /// The frame's size prefix, to be patched at the end, and all that is copied.
    buffer: BytesMut,
    /// Large byte strings, each with the position in `buffer` before which it stands.
    shared: Vec<(usize, Bytes)>,
    shared_bytes: usize,
    flexible: bool,
    /// Within a tagged field everything is copied, because its size stands before it.
    in_tagged_field: bool,
}

impl Encoder {
    /// An encoder of an empty frame.
    pub fn new() -> Encoder {
        let mut buffer = BytesMut::with_capacity(FIRST_CAPACITY_BYTES);
        buffer.put_slice(&SIZE_PREFIX);
        Encoder { buffer, shared: Vec::new(), shared_bytes: 0, flexible: false, in_tagged_field: false }
    }

    /// Whether lengths are compact and structs end in tagged fields (KIP-482).
    pub fn is_flexible(&self) -> bool {
        self.flexible
    }

    pub(crate) fn set_flexible(&mut self, flexible: bool) {
        self.flexible = flexible;
    }

    /// Appends bytes by copying them.
    #[inline]
    pub(crate) fn put_slice(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Appends bytes, sharing their memory if they are large.
    pub(crate) fn put_shared(&mut self, bytes: &Bytes) {
        if bytes.len() < SHARE_FROM_BYTES || self.in_tagged_field {
            self.put_slice(bytes);
        } else {
            self.shared_bytes += bytes.len();
            self.shared.push((self.buffer.len(), bytes.clone()));
        }
    }

    /// Appends a variable-length number (KIP-482).
    #[inline]
    pub fn put_uvarint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.buffer.put_u8(value as u8 | 0x80);
            value >>= 7;
        }
        self.buffer.put_u8(value as u8);
    }

    /// Appends a length of bytes or a count of elements: 16 or 32 bits or compact; `None` is null.
    #[inline]
    pub(crate) fn put_length<const FIXED_BYTES: usize>(
        &mut self,
        length: Option<usize>,
    ) -> Result<(), EncodeError> {
        if let Some(length) = length.filter(|length| *length >= i32::MAX as usize) {
            return Err(EncodeError::new(EncodeFault::LengthTooLarge { length }));
        }
        match (self.flexible, FIXED_BYTES) {
            (true, _) => self.put_uvarint(length.map_or(0, |length| length as u32 + 1)),
            // The caller has checked that a text is not longer than 16 bits can say.
            (false, 2) => self.buffer.put_i16(length.map_or(-1, |length| length as i16)),
            (false, _) => self.buffer.put_i32(length.map_or(-1, |length| length as i32)),
        }
        Ok(())
    }

    /// Appends a tagged field: the tag, the size of what `write` writes, and that.
    pub fn put_tagged_field(
        &mut self,
        tag: u32,
        write: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.put_uvarint(tag);
        let start = self.buffer.len();
        let outer = std::mem::replace(&mut self.in_tagged_field, true);
        write(self)?;
        self.in_tagged_field = outer;
        // The size is known only now, and so is its own length: the value, which is small, goes away and comes
        // back behind it.
        let value = self.buffer.split_off(start);
        self.put_uvarint(value.len() as u32);
        self.put_slice(&value);
        Ok(())
    }

    /// The frame, with its size.
    pub fn finish(mut self) -> Result<EncodedFrame, EncodeError> {
        let length = self.buffer.len() + self.shared_bytes - SIZE_PREFIX.len();
        let size =
            i32::try_from(length).map_err(|_| EncodeError::new(EncodeFault::LengthTooLarge { length }))?;
        self.buffer[..SIZE_PREFIX.len()].copy_from_slice(&size.to_be_bytes());

        let mut chunks = Vec::with_capacity(2 * self.shared.len() + 1);
        let mut copied = self.buffer.freeze();
        let mut taken = 0;
        for (position, bytes) in self.shared {
            if position > taken {
                chunks.push(copied.split_to(position - taken));
                taken = position;
            }
            chunks.push(bytes);
        }
        if !copied.is_empty() {
            chunks.push(copied);
        }
        Ok(EncodedFrame { chunks })
    }
}

impl Default for Encoder {
    fn default() -> Encoder {
        Encoder::new()
    }
}
