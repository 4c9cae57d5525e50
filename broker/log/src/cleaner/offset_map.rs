//! The newest offset of each key, in bounded memory (`SkimpyOffsetMap`).

use std::hash::{BuildHasher, Hasher, RandomState};

use klamm_model::Offset;
use siphasher::sip128::SipHasher13;

/// Two halves of a key's hash, and the offset plus 1; all zero where there is none.
type Slot = [u64; 3];

/// A map from keys to offsets that keeps 24 bytes of a key, however long it is.
///
/// Keys are told apart by 128 bits of a hash whose seed nobody knows: with two keys of one hash, the older one's record
/// would be lost.
pub struct OffsetMap {
    /// Memory that no key has touched yet costs nothing: it comes zeroed from the operating system, page by page.
    slots: Vec<Slot>,
    hasher: SipHasher13,
    len: usize,
    most: usize,
    upto: Offset,
}

impl std::fmt::Debug for OffsetMap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OffsetMap").field("len", &self.len).field("upto", &self.upto).finish_non_exhaustive()
    }
}

impl OffsetMap {
    /// A map of at most `bytes` bytes that is full when `load_factor` (0 to 1) of it is in use; for one key at least.
    pub fn new(bytes: usize, load_factor: f64) -> OffsetMap {
        let slots = (bytes / size_of::<Slot>()).max(2);
        let most = ((slots as f64 * load_factor) as usize).clamp(1, slots - 1);
        let seed = || RandomState::new().build_hasher().finish();
        OffsetMap {
            slots: vec![[0; 3]; slots],
            hasher: SipHasher13::new_with_keys(seed(), seed()),
            len: 0,
            most,
            upto: Offset::ZERO,
        }
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All records below this that may go are in the map; nothing is known of those from there on.
    pub fn upto(&self) -> Offset {
        self.upto
    }

    pub(super) fn set_upto(&mut self, upto: Offset) {
        self.upto = upto;
    }

    /// Notes a newer offset of `key`; false if it is a new key and the map is full.
    pub fn put(&mut self, key: &[u8], offset: Offset) -> bool {
        let hash = self.hash(key);
        let at = self.find(hash);
        let is_new = self.slots[at][2] == 0;
        if is_new && self.len >= self.most {
            return false;
        }
        self.len += usize::from(is_new);
        self.slots[at] = [hash.0, hash.1, offset.0 as u64 + 1];
        true
    }

    /// The newest offset of `key`.
    pub fn get(&self, key: &[u8]) -> Option<Offset> {
        let slot = self.slots[self.find(self.hash(key))];
        (slot[2] > 0).then(|| Offset((slot[2] - 1) as i64))
    }

    fn hash(&self, key: &[u8]) -> (u64, u64) {
        self.hasher.hash(key).as_u64()
    }

    /// The slot of the hash, or the empty one where it belongs. One is always empty.
    fn find(&self, hash: (u64, u64)) -> usize {
        let mut at = (hash.0 % self.slots.len() as u64) as usize;
        while self.slots[at][2] != 0 && (self.slots[at][0], self.slots[at][1]) != hash {
            at = (at + 1) % self.slots.len();
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use klamm_model::Offset;

    use super::OffsetMap;

    #[test]
    fn it_is_a_map_up_to_its_bound() {
        let mut map = OffsetMap::new(24 * 100, 0.9);
        let mut model = HashMap::new();
        for n in 0..1000_i64 {
            let key = (n * n % 97).to_string();
            assert!(map.put(key.as_bytes(), Offset(n)), "48 keys are less than 90");
            model.insert(key, Offset(n));
        }
        assert_eq!(map.len(), model.len());
        for (key, &offset) in &model {
            assert_eq!(map.get(key.as_bytes()), Some(offset));
        }
        assert_eq!(map.get(b"another"), None);
    }

    #[test]
    fn a_full_map_takes_only_what_it_knows() {
        let mut map = OffsetMap::new(24 * 10, 0.5);
        let taken = (0..10_i64).filter(|n| map.put(&n.to_be_bytes(), Offset(*n))).count();
        assert_eq!(taken, 5);
        assert!(map.put(&0_i64.to_be_bytes(), Offset(77)));
        assert_eq!(map.get(&0_i64.to_be_bytes()), Some(Offset(77)));
        assert!(!map.put(b"new", Offset(78)));
    }
}
