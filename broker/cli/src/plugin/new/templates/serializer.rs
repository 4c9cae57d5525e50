//! A serializer: it gives the records that producers send to its topic other bytes.

use klamm_plugin::{BadParameter, Failure, Parameters, Plugin, Record, Rewrite, Serializer, Wants};

/// Puts a word before every value that is a text, and takes it away again for consumers.
struct MySerializer {
    word: String,
}

impl Plugin for MySerializer {
    fn start(parameters: &Parameters) -> Result<Self, BadParameter> {
        Ok(MySerializer { word: parameters.or("word", "v1:".to_owned())? })
    }

    fn wants(&self) -> Wants {
        Wants::VALUES
    }
}

impl Serializer for MySerializer {
    fn encode(&mut self, record: &Record<'_>, rewrite: &mut Rewrite<'_>) -> Result<(), Failure> {
        // What isn't rewritten stays as it is.
        let Some(value) = record.value() else { return Ok(()) };
        if std::str::from_utf8(value).is_err() {
            return Err("the value is no text".into());
        }
        rewrite.write_value(|new| {
            new.extend(self.word.as_bytes());
            new.extend(value);
        });
        Ok(())
    }

    fn decode(&mut self, record: &Record<'_>, rewrite: &mut Rewrite<'_>) -> Result<(), Failure> {
        if let Some(original) = record.value().and_then(|value| value.strip_prefix(self.word.as_bytes())) {
            rewrite.set_value(original);
        }
        Ok(())
    }
}

klamm_plugin::export!(serializer = MySerializer);

#[cfg(test)]
mod tests {
    use klamm_plugin::testing::{self, Records, Rewritten};

    use super::MySerializer;

    #[test]
    fn values_get_a_word_and_lose_it_again() {
        let mut serializer: MySerializer = testing::start(&[]).unwrap();
        let encoded = testing::encode(&mut serializer, &Records::of_values(["value"])).unwrap();
        let changed = |value: &str| [Rewritten::Changed { key: None, value: Some(value.into()) }];
        assert_eq!(encoded, changed("v1:value"));
        let decoded = testing::decode(&mut serializer, &Records::of_values(["v1:value"])).unwrap();
        assert_eq!(decoded, changed("value"));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let mut serializer: MySerializer = testing::start(&[]).unwrap();
        let encoded = testing::encode(&mut serializer, &Records::of_values([b"\xff"])).unwrap();
        assert_eq!(encoded, [Rewritten::Refused("the value is no text".into())]);
    }
}
