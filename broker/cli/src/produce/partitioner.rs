//! Which partition a record goes to.

/// Picks partitions as Kafka's Java client does: by the key's hash, or one partition for a while where there is no key.
#[derive(Debug, Clone)]
pub(crate) struct Partitioner {
    partitions: i32,
    sticky: i32,
}

impl Partitioner {
    /// For a topic of this many partitions, which are at least one.
    pub(crate) fn new(partitions: usize) -> Partitioner {
        Partitioner { partitions: partitions.max(1) as i32, sticky: 0 }
    }

    /// The partition of a record with this key.
    pub(crate) fn partition(&self, key: Option<&[u8]>) -> i32 {
        match key {
            Some(key) => (murmur2(key) & 0x7fff_ffff) as i32 % self.partitions,
            None => self.sticky,
        }
    }

    /// A batch is full: records without a key go to the next partition now (KIP-480).
    pub(super) fn batch_is_full(&mut self, partition: i32) {
        if partition == self.sticky {
            self.sticky = (self.sticky + 1) % self.partitions;
        }
    }
}

/// The 32-bit hash MurmurHash2 with Kafka's seed (`org.apache.kafka.common.utils.Utils.murmur2`).
fn murmur2(data: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    let mut hash = SEED ^ data.len() as u32;
    let (words, rest) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !rest.is_empty() {
        for (index, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * index);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::{Partitioner, murmur2};

    #[test]
    fn hashes_are_kafkas() {
        // Kafka's own test vectors (UtilsTest.testMurmur2).
        for (key, hash) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(key.as_bytes()) as i32, hash, "{key}");
        }
    }

    #[test]
    fn keyless_records_stay_until_a_batch_is_full() {
        let mut partitioner = Partitioner::new(3);
        assert_eq!(partitioner.partition(None), 0);
        partitioner.batch_is_full(2);
        assert_eq!(partitioner.partition(None), 0);
        partitioner.batch_is_full(0);
        assert_eq!(partitioner.partition(None), 1);
        assert_eq!(partitioner.partition(Some(b"abc")), 479_470_107 % 3);
    }
}
