//! Reading a fuzzer's bytes as decisions.

/// The bytes of an input that are not used yet. Beyond the end everything is zero.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Input<'a> {
        Input(bytes)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    pub(crate) fn u16(&mut self) -> u16 {
        u16::from(self.byte()) << 8 | u16::from(self.byte())
    }

    /// Up to `length` bytes.
    pub(crate) fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A part with a length of 16 bits in front.
    pub(crate) fn part(&mut self) -> &'a [u8] {
        let length = usize::from(self.u16());
        self.take(length)
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// What [`Input::part`] reads as `part`.
pub(crate) fn put_part(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&u16::try_from(part.len()).unwrap().to_be_bytes());
    out.extend_from_slice(part);
}
