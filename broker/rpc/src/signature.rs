//! How plug-ins are signed: ed25519 over their SHA-256 and their name.
//!
//! What is signed is `klamm plug-in signature v1`, a zero byte, the 32 bytes of the digest and `NAME@VERSION`: a signature for
//! something else, or for other bytes or another version, is none for this.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, VerifyingKey};
use klamm_model::{PluginDigest, PluginReference};

const DOMAIN: &[u8] = b"klamm plug-in signature v1\0";
const KEY_BYTES: usize = 32;

fn message(digest: PluginDigest, plugin: &PluginReference) -> Vec<u8> {
    [DOMAIN, digest.as_bytes(), plugin.to_string().as_bytes()].concat()
}

/// A secret key. Its text, 64 hexadecimal digits, is what a key file has.
pub struct SigningKey(ed25519_dalek::SigningKey);

/// A public key that a broker trusts, with a name for it; its text is `NAME:KEY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKey {
    name: String,
    key: VerifyingKey,
}

/// Why a text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Not the text of 32 bytes.
    #[error("a key is 32 bytes in hexadecimal or base64")]
    Encoding,
    /// 32 bytes that are no public key.
    #[error("that is no ed25519 public key")]
    NotOnCurve,
    /// No name before the key.
    #[error(
        "a trusted key is written as NAME:KEY, the name with 1 to 63 letters, digits, '.', '_', '@' and '-'"
    )]
    Name,
    /// The system has no randomness to give.
    #[error("the system gives no randomness: {0}")]
    Random(String),
}

/// Why a signature does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrongSignature {
    /// Not 64 bytes.
    #[error("an ed25519 signature has 64 bytes, this one has {0}")]
    Length(usize),
    /// Of no trusted key, or of something else.
    #[error("none of the {trusted} trusted keys signed these bytes under this name and version")]
    Stranger {
        /// How many keys are trusted.
        trusted: usize,
    },
}

impl SigningKey {
    /// A new key.
    pub fn generate() -> Result<SigningKey, InvalidKey> {
        let mut seed = [0; KEY_BYTES];
        getrandom::fill(&mut seed).map_err(|error| InvalidKey::Random(error.to_string()))?;
        Ok(SigningKey(ed25519_dalek::SigningKey::from_bytes(&seed)))
    }

    /// The public key that belongs to it, in hexadecimal.
    pub fn public(&self) -> String {
        hex(self.0.verifying_key().as_bytes())
    }

    /// The secret itself, in hexadecimal, for a key file.
    pub fn secret(&self) -> String {
        hex(self.0.as_bytes())
    }

    /// Signs a plug-in.
    pub fn sign(&self, digest: PluginDigest, plugin: &PluginReference) -> Vec<u8> {
        self.0.sign(&message(digest, plugin)).to_vec()
    }
}

/// The secret stays out of logs.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(of {})", self.public())
    }
}

impl FromStr for SigningKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<SigningKey, InvalidKey> {
        Ok(SigningKey(ed25519_dalek::SigningKey::from_bytes(&key_bytes(text.trim())?)))
    }
}

impl TrustedKey {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The one of these keys that made the signature.
    pub fn signer_of<'a>(
        trusted: &'a [TrustedKey],
        signature: &[u8],
        digest: PluginDigest,
        plugin: &PluginReference,
    ) -> Result<&'a TrustedKey, WrongSignature> {
        let signature =
            Signature::from_slice(signature).map_err(|_| WrongSignature::Length(signature.len()))?;
        let message = message(digest, plugin);
        // Strict: no key and no signature that others would judge differently.
        let signed = trusted.iter().find(|trusted| trusted.key.verify_strict(&message, &signature).is_ok());
        signed.ok_or(WrongSignature::Stranger { trusted: trusted.len() })
    }
}

impl FromStr for TrustedKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<TrustedKey, InvalidKey> {
        let (name, key) = text.trim().split_once(':').ok_or(InvalidKey::Name)?;
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'@' | b'-');
        if !(1..=63).contains(&name.len()) || !name.bytes().all(legal) {
            return Err(InvalidKey::Name);
        }
        let key = VerifyingKey::from_bytes(&key_bytes(key)?).map_err(|_| InvalidKey::NotOnCurve)?;
        Ok(TrustedKey { name: name.to_owned(), key })
    }
}

impl fmt::Display for TrustedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, hex(self.key.as_bytes()))
    }
}

/// 64 hexadecimal digits are a digest's text too; base64 of 32 bytes has 44 characters.
fn key_bytes(text: &str) -> Result<[u8; KEY_BYTES], InvalidKey> {
    if let Ok(bytes) = text.parse::<PluginDigest>() {
        return Ok(*bytes.as_bytes());
    }
    let bytes = STANDARD.decode(text).map_err(|_| InvalidKey::Encoding)?;
    bytes.try_into().map_err(|_| InvalidKey::Encoding)
}

fn hex(bytes: &[u8; KEY_BYTES]) -> String {
    PluginDigest::from_bytes(*bytes).to_string()
}

#[cfg(test)]
mod tests {
    use klamm_model::{PluginDigest, PluginReference};

    use super::{InvalidKey, SigningKey, TrustedKey, WrongSignature};

    fn reference(text: &str) -> PluginReference {
        text.parse().unwrap()
    }

    fn trusted(name: &str, key: &SigningKey) -> TrustedKey {
        format!("{name}:{}", key.public()).parse().unwrap()
    }

    #[test]
    fn a_signature_is_for_these_bytes_under_this_name() {
        let (ours, theirs) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let keys = [trusted("theirs", &theirs), trusted("ours", &ours)];
        let digest = PluginDigest::from_bytes([7; 32]);
        let plugin = reference("guard@1");
        let mut signature = ours.sign(digest, &plugin);
        let signer = TrustedKey::signer_of(&keys, &signature, digest, &plugin).unwrap();
        assert_eq!(signer.name(), "ours");

        let stranger = Err(WrongSignature::Stranger { trusted: 2 });
        let other = PluginDigest::from_bytes([8; 32]);
        assert_eq!(TrustedKey::signer_of(&keys, &signature, other, &plugin), stranger);
        for other in ["guard@2", "guard2@1"] {
            assert_eq!(TrustedKey::signer_of(&keys, &signature, digest, &reference(other)), stranger);
        }
        let only_theirs = TrustedKey::signer_of(&keys[..1], &signature, digest, &plugin);
        assert_eq!(only_theirs, Err(WrongSignature::Stranger { trusted: 1 }));
        let short = TrustedKey::signer_of(&keys, &signature[..63], digest, &plugin);
        assert_eq!(short, Err(WrongSignature::Length(63)));
        signature[10] ^= 1;
        assert_eq!(TrustedKey::signer_of(&keys, &signature, digest, &plugin), stranger);
    }

    /// Keys and signatures of other versions count, so that what is signed must stay as it is. The keys are those of
    /// RFC 8032, section 7.1, test 1.
    #[test]
    fn what_is_signed_stays() {
        let secret = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let key: SigningKey = format!("{secret}\n").parse().unwrap();
        assert_eq!((key.secret().as_str(), key.public().as_str()), (secret, public));
        assert_eq!(format!("{key:?}"), format!("SigningKey(of {public})"));
        let signature = key.sign(PluginDigest::from_bytes([1; 32]), &reference("json-guard@1.0.0"));
        let text: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            text,
            "70c6bea0175731572628c4c986c4c22343932358861927f9cb9f25dabde527dce1328f3d6a6c72624022a6f336ab1a03a8d78545530156b54d8cce4563884b07"
        );
    }

    #[test]
    fn keys_come_in_two_encodings_and_nothing_else() {
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let base64 = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
        let key: TrustedKey = format!("ops:{base64}").parse().unwrap();
        assert_eq!(key.to_string(), format!("ops:{public}"));
        for (text, error) in [
            (public.to_owned(), InvalidKey::Name),
            (format!(":{public}"), InvalidKey::Name),
            (format!("a b:{public}"), InvalidKey::Name),
            (format!("ops:{}", &public[1..]), InvalidKey::Encoding),
            (format!("ops:{}", &base64[4..]), InvalidKey::Encoding),
            (format!("ops:{}", "02".to_owned() + &"00".repeat(31)), InvalidKey::NotOnCurve),
        ] {
            assert_eq!(text.parse::<TrustedKey>(), Err(error), "{text}");
        }
    }
}
