//! Whose plug-ins are taken.

use klamm_controller::settings::BrokerSettings;
use klamm_model::{PluginDigest, PluginReference};
use klamm_rpc::{TrustedKey, WrongSignature};

use crate::StartError;

/// The keys that are trusted, and whether one must have signed.
#[derive(Debug, Default)]
pub(crate) struct Signatures {
    keys: Vec<TrustedKey>,
    required: bool,
}

/// Why a plug-in is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignatureError {
    /// No signature where one is required.
    #[error(
        "this broker takes only signed plug-ins (klamm.plugins.require.signature): sign it with a key of \
         klamm.plugins.trusted.keys"
    )]
    Missing,
    /// A signature that does not count.
    #[error("the signature does not count: {0}")]
    Wrong(#[from] WrongSignature),
}

impl Signatures {
    /// What the settings say.
    pub(crate) fn of(settings: &BrokerSettings) -> Result<Signatures, StartError> {
        let key = |text: &String| {
            text.parse().map_err(|source| StartError::TrustedKey { text: text.clone(), source })
        };
        let keys = settings.klamm_plugins_trusted_keys.iter().map(key).collect::<Result<_, _>>()?;
        Ok(Signatures { keys, required: settings.klamm_plugins_require_signature })
    }

    /// The name of the key that signed. Without trusted keys nobody can say who signed, and where no signature is
    /// required that is fine.
    pub(crate) fn signer(
        &self,
        signature: &[u8],
        digest: PluginDigest,
        plugin: &PluginReference,
    ) -> Result<Option<String>, SignatureError> {
        match (signature.is_empty(), self.required) {
            (true, true) => Err(SignatureError::Missing),
            (true, false) => Ok(None),
            (false, false) if self.keys.is_empty() => Ok(None),
            (false, _) => {
                let key = TrustedKey::signer_of(&self.keys, signature, digest, plugin)?;
                Ok(Some(key.name().to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use klamm_controller::settings::BrokerSettings;
    use klamm_model::PluginDigest;
    use klamm_rpc::SigningKey;

    use super::{SignatureError, Signatures};

    fn signatures(keys: &[String], required: bool) -> Signatures {
        Signatures::of(&BrokerSettings {
            klamm_plugins_trusted_keys: keys.to_vec(),
            klamm_plugins_require_signature: required,
            ..BrokerSettings::built_in()
        })
        .unwrap()
    }

    #[test]
    fn who_signed_counts_where_keys_are_trusted() {
        let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let (digest, plugin) = (PluginDigest::from_bytes([1; 32]), "guard@1".parse().unwrap());
        let (good, bad) = (key.sign(digest, &plugin), other.sign(digest, &plugin));
        let ops = Ok(Some("ops".to_owned()));
        for required in [true, false] {
            let trusting = signatures(&[format!("ops:{}", key.public())], required);
            assert_eq!(trusting.signer(&good, digest, &plugin), ops);
            assert!(matches!(trusting.signer(&bad, digest, &plugin), Err(SignatureError::Wrong(_))));
            assert!(matches!(trusting.signer(b"short", digest, &plugin), Err(SignatureError::Wrong(_))));
            let unsigned = trusting.signer(b"", digest, &plugin);
            assert_eq!(unsigned, if required { Err(SignatureError::Missing) } else { Ok(None) });
        }
        assert_eq!(signatures(&[], false).signer(&good, digest, &plugin), Ok(None));
        assert!(signatures(&[], true).signer(&good, digest, &plugin).is_err());
    }

    #[test]
    fn a_wrong_key_stops_the_start() {
        let settings = BrokerSettings {
            klamm_plugins_trusted_keys: vec!["ops:1234".to_owned()],
            ..BrokerSettings::built_in()
        };
        let error = Signatures::of(&settings).unwrap_err().to_string();
        let expected =
            "ops:1234 in klamm.plugins.trusted.keys is no key: a key is 32 bytes in hexadecimal or base64";
        assert_eq!(error, expected);
    }
}
