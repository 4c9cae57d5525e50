//! A partitioner: it chooses the partition of every record that producers send to its topic.

use klamm_plugin::{BadParameter, Failure, Parameters, Partitioner, Plugin, Record, Wants};

/// Sends records whose key has a prefix to the last partition, and leaves the others where their producer put them.
struct MyPartitioner {
    prefix: String,
}

impl Plugin for MyPartitioner {
    fn start(parameters: &Parameters) -> Result<Self, BadParameter> {
        Ok(MyPartitioner { prefix: parameters.or("prefix", "vip-".to_owned())? })
    }

    fn wants(&self) -> Wants {
        Wants::KEYS
    }
}

impl Partitioner for MyPartitioner {
    fn assign(&mut self, record: &Record<'_>, partitions: u32) -> Result<Option<u32>, Failure> {
        let special = record.key().is_some_and(|key| key.starts_with(self.prefix.as_bytes()));
        Ok(if special { partitions.checked_sub(1) } else { None })
    }
}

klamm_plugin::export!(partitioner = MyPartitioner);

#[cfg(test)]
mod tests {
    use klamm_plugin::testing::{self, Records};

    use super::MyPartitioner;

    #[test]
    fn special_keys_go_to_the_last_partition() {
        let mut partitioner: MyPartitioner = testing::start(&[]).unwrap();
        let records = Records::of_topic("orders")
            .record(Some(b"vip-7"), Some(b"value"))
            .record(Some(b"8"), Some(b"value"))
            .record(None, Some(b"value"));
        assert_eq!(testing::assign(&mut partitioner, &records, 4).unwrap(), [Some(3), None, None]);
    }
}
