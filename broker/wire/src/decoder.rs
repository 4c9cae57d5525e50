//! Reading a frame from its first byte to its last.

use bytes::Bytes;

use crate::{DecodeError, DecodeFault, Limits};

/// What the allocator takes beside the bytes asked for, roughly.
const ALLOCATION_OVERHEAD_BYTES: usize = 16;
const VARINT_BYTES: usize = 5;

/// A position in a frame, with the bounds that keep any frame cheap.
#[derive(Debug)]
pub struct Decoder {
    frame: Bytes,
    position: usize,
    /// The end of what may be read now: of the frame, or of the tagged field.
    end: usize,
    flexible: bool,
    limits: Limits,
    /// What is left of `limits.max_decoded_bytes`.
    budget: usize,
}

impl Decoder {
    /// A decoder at the first byte of `frame`, which has no size prefix.
    pub fn new(frame: Bytes, limits: Limits) -> Decoder {
        let end = frame.len();
        Decoder { frame, position: 0, end, flexible: false, limits, budget: limits.max_decoded_bytes }
    }

    /// The number of bytes read.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The number of bytes that are left.
    pub fn remaining(&self) -> usize {
        self.end - self.position
    }

    /// Whether lengths are compact and structs end in tagged fields (KIP-482).
    pub fn is_flexible(&self) -> bool {
        self.flexible
    }

    pub(crate) fn set_flexible(&mut self, flexible: bool) {
        self.flexible = flexible;
    }

    /// An error at the next byte.
    #[cold]
    pub(crate) fn fault(&self, fault: DecodeFault) -> DecodeError {
        DecodeError::new(fault, self.position)
    }

    #[cold]
    fn truncated(&self, needed: usize) -> DecodeError {
        self.fault(DecodeFault::Truncated { needed, remaining: self.remaining() })
    }

    /// The next `N` bytes.
    #[inline]
    pub(crate) fn take_array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let readable = self.frame.get(self.position..self.end).and_then(<[u8]>::first_chunk::<N>);
        let Some(bytes) = readable.copied() else { return Err(self.truncated(N)) };
        self.position += N;
        Ok(bytes)
    }

    /// The next `length` bytes.
    #[inline]
    pub(crate) fn take_slice(&mut self, length: usize) -> Result<&[u8], DecodeError> {
        if length > self.remaining() {
            return Err(self.truncated(length));
        }
        let start = self.position;
        self.position += length;
        Ok(&self.frame[start..self.position])
    }

    /// The next `length` bytes, sharing the frame's memory.
    pub(crate) fn take_shared(&mut self, length: usize) -> Result<Bytes, DecodeError> {
        if length > self.remaining() {
            return Err(self.truncated(length));
        }
        let start = self.position;
        self.position += length;
        Ok(self.frame.slice(start..self.position))
    }

    /// A variable-length number of up to 32 bits (KIP-482).
    #[inline]
    pub(crate) fn take_uvarint(&mut self) -> Result<u32, DecodeError> {
        // Nearly all are counts and lengths of one byte.
        if let Some(&[byte, ..]) = self.frame.get(self.position..self.end)
            && byte < 0x80
        {
            self.position += 1;
            return Ok(u32::from(byte));
        }
        self.take_long_uvarint()
    }

    fn take_long_uvarint(&mut self) -> Result<u32, DecodeError> {
        let mut value = 0u32;
        for index in 0..VARINT_BYTES {
            let [byte] = self.take_array()?;
            let bits = u32::from(byte & 0x7f);
            if index == VARINT_BYTES - 1 && byte > 0x0f {
                break;
            }
            value |= bits << (7 * index);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.fault(DecodeFault::VarintTooLong))
    }

    /// A length of bytes or a count of elements: 16 or 32 bits or compact; `None` is null.
    #[inline]
    pub(crate) fn take_length<const FIXED_BYTES: usize>(&mut self) -> Result<Option<usize>, DecodeError> {
        if self.flexible {
            return Ok((self.take_uvarint()? as usize).checked_sub(1));
        }
        let length = match FIXED_BYTES {
            2 => i64::from(i16::from_be_bytes(self.take_array()?)),
            _ => i64::from(i32::from_be_bytes(self.take_array()?)),
        };
        match usize::try_from(length) {
            Ok(length) => Ok(Some(length)),
            Err(_) if length == -1 => Ok(None),
            Err(_) => Err(self.fault(DecodeFault::NegativeLength { length })),
        }
    }

    /// Counts an allocation of `bytes` against the budget, before it is made.
    #[inline]
    pub(crate) fn charge(&mut self, bytes: usize) -> Result<(), DecodeError> {
        if bytes == 0 {
            return Ok(());
        }
        let cost = bytes.saturating_add(ALLOCATION_OVERHEAD_BYTES);
        match self.budget.checked_sub(cost) {
            Some(rest) => {
                self.budget = rest;
                Ok(())
            }
            None => Err(self.fault(DecodeFault::OverBudget { limit: self.limits.max_decoded_bytes })),
        }
    }

    /// Reads the tagged fields at the end of a struct: `read` takes those it knows and says `true`, the others
    /// are skipped, as KIP-482 asks.
    pub fn read_tagged_fields(
        &mut self,
        mut read: impl FnMut(&mut Decoder, u32) -> Result<bool, DecodeError>,
    ) -> Result<(), DecodeError> {
        // A count that lies runs out of bytes: each field takes two at least.
        for _ in 0..self.take_uvarint()? {
            let tag = self.take_uvarint()?;
            let size = self.take_uvarint()? as usize;
            if size > self.remaining() {
                return Err(self.truncated(size));
            }
            let (start, outer_end) = (self.position, self.end);
            self.end = start + size;
            let known = read(self, tag)?;
            if known && self.position != self.end {
                let taken = self.position - start;
                return Err(self.fault(DecodeFault::TaggedFieldSize { size, taken }));
            }
            self.position = self.end;
            self.end = outer_end;
        }
        Ok(())
    }

    /// Skips the tagged fields at the end of a struct that knows none.
    pub fn skip_tagged_fields(&mut self) -> Result<(), DecodeError> {
        self.read_tagged_fields(|_, _| Ok(false))
    }
}
