//! A filter: it looks at every record that producers send to its topic, and says what becomes of it.

use klamm_plugin::{BadParameter, Failure, Filter, Parameters, Plugin, Record, Verdict, Wants};

/// Stops values that contain a word.
struct MyFilter {
    word: String,
}

impl Plugin for MyFilter {
    fn start(parameters: &Parameters) -> Result<Self, BadParameter> {
        Ok(MyFilter { word: parameters.or("word", "poison".to_owned())? })
    }

    fn wants(&self) -> Wants {
        Wants::VALUES
    }
}

impl Filter for MyFilter {
    fn check(&mut self, record: &Record<'_>) -> Result<Verdict, Failure> {
        let value = String::from_utf8_lossy(record.value().unwrap_or_default());
        if value.contains(&self.word) {
            return Ok(Verdict::DeadLetter(format!("the value contains {:?}", self.word)));
        }
        Ok(Verdict::Accept)
    }
}

klamm_plugin::export!(filter = MyFilter);

#[cfg(test)]
mod tests {
    use klamm_plugin::Verdict;
    use klamm_plugin::testing::{self, Records};

    use super::MyFilter;

    #[test]
    fn poison_is_stopped() {
        let mut filter: MyFilter = testing::start(&[]).unwrap();
        let records = Records::of_values(["good", "poisonous"]).record(Some(b"key"), None);
        let poison = Verdict::DeadLetter("the value contains \"poison\"".into());
        assert_eq!(
            testing::check(&mut filter, &records).unwrap(),
            [Verdict::Accept, poison, Verdict::Accept]
        );
    }

    #[test]
    fn a_misspelt_parameter_is_refused() {
        assert!(testing::start::<MyFilter>(&[("wrod", "x")]).is_err());
    }
}
