//! Mutants of a seed, the same ones every time.

/// Inputs near a seed: bits flipped, bytes and lengths replaced, parts cut out, doubled and moved.
#[derive(Debug)]
pub struct Mutants<'a> {
    seed: &'a [u8],
    state: u64,
}

/// Numbers that are lengths, counts and limits somewhere.
const TELLING: [[u8; 4]; 8] = [
    [0, 0, 0, 0],
    [0xff, 0xff, 0xff, 0xff],
    [0x7f, 0xff, 0xff, 0xff],
    [0x80, 0, 0, 0],
    [0, 0, 0, 1],
    [0x00, 0x7f, 0xff, 0xff],
    [0xff, 0xff, 0xff, 0xfe],
    [0x80, 0x80, 0x80, 0x01],
];

impl<'a> Mutants<'a> {
    /// Mutants of `seed`; `number` makes one sequence of them different from another.
    pub fn new(seed: &'a [u8], number: u64) -> Mutants<'a> {
        Mutants { seed, state: number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    /// xorshift64: the same everywhere, and good enough to scatter places.
    fn random(&mut self, below: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as usize % below.max(1)
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        let place = self.random(bytes.len() + 1);
        match self.random(8) {
            0 => bytes.truncate(place),
            1 | 2 => {
                let bit = 1 << self.random(8);
                bytes.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= bit);
            }
            3 => {
                let value = self.random(256) as u8;
                bytes.iter_mut().skip(place).take(1).for_each(|byte| *byte = value);
            }
            4 | 5 => {
                let (number, width) = (TELLING[self.random(TELLING.len())], [1, 2, 4][self.random(3)]);
                bytes.iter_mut().skip(place).take(width).zip(number).for_each(|(byte, new)| *byte = new);
            }
            6 => {
                let end = (place + self.random(64)).min(bytes.len());
                bytes.drain(place..end);
            }
            _ => {
                let end = (place + self.random(64)).min(bytes.len());
                let doubled = bytes[place..end].to_vec();
                let to = self.random(bytes.len() + 1);
                bytes.splice(to..to, doubled);
            }
        }
    }
}

impl Iterator for Mutants<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut bytes = self.seed.to_vec();
        for _ in 0..=self.random(3) {
            self.mutate(&mut bytes);
        }
        Some(bytes)
    }
}
