//! Values of every message, for tests here and elsewhere (feature `generate`): the derives implement [`Generate`]
//! for each declaration.

use bytes::Bytes;
use klamm_model::TopicId;

use crate::Records;

/// Bytes that decide what is generated. When they are used up every choice is the smallest, so that proptest
/// shrinks a value by shortening its tape.
#[derive(Debug)]
pub struct Tape<'a>(pub(crate) std::slice::Iter<'a, u8>);

/// A value with whatever is legal in a version, and defaults elsewhere.
pub trait Generate {
    /// The value that `tape` decides on.
    fn generate(tape: &mut Tape<'_>, version: i16) -> Self;
}

impl Tape<'_> {
    /// A tape at its first byte.
    pub fn new(bytes: &[u8]) -> Tape<'_> {
        Tape(bytes.iter())
    }

    fn byte(&mut self) -> u8 {
        self.0.next().copied().unwrap_or(0)
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    /// Null, or what `value` makes.
    pub fn null_or<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.byte().is_multiple_of(3) { None } else { Some(value(self)) }
    }

    /// Mostly small, and now and then longer than one byte of a compact length can say.
    fn length(&mut self) -> usize {
        match self.byte() {
            255 => 300,
            byte => usize::from(byte % 4),
        }
    }
}

macro_rules! number {
    ($($number:ty),*) => {
        $(impl Generate for $number {
            fn generate(tape: &mut Tape<'_>, _version: i16) -> $number {
                <$number>::from_be_bytes(tape.bytes())
            }
        })*
    };
}

number!(i8, i16, u16, i32, i64);

impl Generate for f64 {
    /// Never NaN, which would not be equal to itself.
    fn generate(tape: &mut Tape<'_>, version: i16) -> f64 {
        f64::from(i32::generate(tape, version)) / 256.0
    }
}

impl Generate for bool {
    fn generate(tape: &mut Tape<'_>, _version: i16) -> bool {
        tape.byte() & 1 == 1
    }
}

impl Generate for TopicId {
    fn generate(tape: &mut Tape<'_>, _version: i16) -> TopicId {
        TopicId::from_bytes(tape.bytes())
    }
}

impl Generate for String {
    fn generate(tape: &mut Tape<'_>, _version: i16) -> String {
        const CHARACTERS: [char; 8] = ['a', 'Z', '-', '"', '\n', 'ä', '漢', '🦀'];
        (0..tape.length()).map(|_| CHARACTERS[usize::from(tape.byte() % 8)]).collect()
    }
}

impl Generate for Bytes {
    fn generate(tape: &mut Tape<'_>, _version: i16) -> Bytes {
        // Some are large enough to be shared with the frame.
        let length = if tape.byte() == 254 { 5000 } else { tape.length() };
        (0..length).map(|_| tape.byte()).collect()
    }
}

impl Generate for Records {
    fn generate(tape: &mut Tape<'_>, version: i16) -> Records {
        let chunks: Vec<Bytes> = (0..tape.length().min(3)).map(|_| Bytes::generate(tape, version)).collect();
        Records::from(chunks)
    }
}

impl<T: Generate> Generate for Vec<T> {
    fn generate(tape: &mut Tape<'_>, version: i16) -> Vec<T> {
        // Lists in lists multiply: short ones are enough.
        let length = usize::from(tape.byte() % 4);
        (0..length).map(|_| T::generate(tape, version)).collect()
    }
}
