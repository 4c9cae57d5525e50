//! Pseudonyms: the same value has the same one, and nobody gets from it to the value without the salt.

use sha2::{Digest, Sha256};

/// What HMAC works with (RFC 2104): SHA-256's block.
const BLOCK_BYTES: usize = 64;

/// Bytes of the hash that are kept: enough that no two values have the same.
const KEPT_BYTES: usize = 16;

/// A salt, ready for use.
#[derive(Debug, Clone)]
pub(crate) struct Salt {
    inner: Sha256,
    outer: Sha256,
}

impl Salt {
    pub(crate) fn new(salt: &[u8]) -> Salt {
        let mut block = [0; BLOCK_BYTES];
        if salt.len() > BLOCK_BYTES {
            block[..32].copy_from_slice(&Sha256::digest(salt));
        } else {
            block[..salt.len()].copy_from_slice(salt);
        }
        Salt {
            inner: Sha256::new_with_prefix(block.map(|byte| byte ^ 0x36)),
            outer: Sha256::new_with_prefix(block.map(|byte| byte ^ 0x5c)),
        }
    }

    /// HMAC-SHA-256 of a text.
    fn hash(&self, text: &[u8]) -> [u8; 32] {
        let inner = self.inner.clone().chain_update(text).finalize();
        self.outer.clone().chain_update(inner).finalize().into()
    }

    /// A text's pseudonym: 32 hexadecimal digits.
    pub(crate) fn pseudonym(&self, text: &[u8]) -> [u8; 2 * KEPT_BYTES] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let hash = self.hash(text);
        std::array::from_fn(|place| {
            let byte = hash[place / 2];
            DIGITS[usize::from(if place % 2 == 0 { byte >> 4 } else { byte & 15 })]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Salt;

    #[test]
    fn hashes_are_those_of_rfc_4231() {
        // Test cases 2 and 6; the second has a key that is longer than a block.
        let hash = Salt::new(b"Jefe").pseudonym(b"what do ya want for nothing?");
        assert_eq!(&hash, b"5bdcc146bf60754e6a042426089575c7");
        let hash =
            Salt::new(&[0xaa; 131]).pseudonym(b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(&hash, b"60e431591ee0b67f0d8a26aacbf5b77f");
    }
}
