//! The partitioner.

use klamm_plugin::{BadParameter, Failure, Parameters, Partitioner, Plugin, Record, Wants};

use crate::murmur2;
use crate::region::Region;
use crate::table::Table;

/// Chooses partitions by a field or header.
#[derive(Debug)]
pub struct ByRegion {
    region: Region,
    /// Without one, the region's hash decides.
    table: Option<Table>,
}

impl Plugin for ByRegion {
    fn start(parameters: &Parameters) -> Result<Self, BadParameter> {
        let region = Region::of(parameters)?;
        let table = parameters.text("map").map(Table::parse).transpose();
        let table = table.map_err(|why| BadParameter::new(format!("parameter `map`: {why}")))?;
        Ok(ByRegion { region, table })
    }

    fn wants(&self) -> Wants {
        let keys = if self.table.is_some() { Wants::KEYS } else { Wants::NOTHING };
        self.region.wants().and(keys)
    }
}

impl Partitioner for ByRegion {
    fn assign(&mut self, record: &Record<'_>, partitions: u32) -> Result<Option<u32>, Failure> {
        let Some(region) = self.region.find(record) else { return Ok(None) };
        let Some(table) = &self.table else {
            return Ok(murmur2::positive(&region).checked_rem(partitions));
        };
        let own = table.partitions(&region);
        if let Some(absent) = own.iter().find(|partition| **partition >= partitions) {
            let region = String::from_utf8_lossy(&region);
            return Err(Failure::Record(format!(
                "region {region:?} belongs in partition {absent}, but the topic has {partitions}"
            )));
        }
        Ok(one_of(own, record, &region))
    }
}

/// One of a region's partitions: by the key, so that records of a key stay in order.
fn one_of(own: &[u32], record: &Record<'_>, region: &[u8]) -> Option<u32> {
    let hash = murmur2::positive(record.key().unwrap_or(region)) as usize;
    own.get(hash.checked_rem(own.len())?).copied()
}

#[cfg(test)]
mod tests {
    use klamm_plugin::testing::{self, Records};
    use klamm_plugin::{Failure, Plugin, Wants};

    use super::ByRegion;
    use crate::murmur2;

    fn assign(parameters: &[(&str, &str)], records: &Records, partitions: u32) -> Vec<Option<u32>> {
        let mut by_region: ByRegion = testing::start(parameters).unwrap();
        testing::assign(&mut by_region, records, partitions).unwrap()
    }

    #[test]
    fn a_fields_text_is_hashed() {
        let records = Records::of_values([
            r#"{"customer": {"region": "eu"}}"#,
            r#"{"customer":{"region":"\u0065u"},"other":1}"#,
            r#"{"customer": {"region": "us", "region": "eu"}}"#,
            r#"{"customer": {"region": 7}}"#,
            r#"{"customer": {"region": null}}"#,
            r#"{"customer": {"region": ["eu"]}}"#,
            r#"{"region": "eu"}"#,
            r#"{"customer": {"region": "eu"}} and more"#,
        ])
        .record(None, None);
        let eu = Some(murmur2::positive(b"eu") % 5);
        let seven = Some(murmur2::positive(b"7") % 5);
        let assigned = assign(&[("field", "customer.region")], &records, 5);
        assert_eq!(assigned, [eu, eu, eu, seven, None, None, None, None, None]);
    }

    #[test]
    fn a_header_is_hashed() {
        let records = Records::of_topic("t")
            .record(None, Some(b"not JSON"))
            .header("region", Some(b"us"))
            .header("region", Some(b"eu"))
            .record(None, None)
            .record(None, None)
            .header("region", None);
        let eu = Some(murmur2::positive(b"eu") % 3);
        assert_eq!(assign(&[("header", "region")], &records, 3), [eu, None, None]);
    }

    #[test]
    fn a_table_says_where() {
        let records = Records::of_topic("t")
            .record(Some(b"a"), Some(br#"{"r":"eu"}"#))
            .record(Some(b"b"), Some(br#"{"r":"eu"}"#))
            .record(None, Some(br#"{"r":"us"}"#))
            .record(None, Some(br#"{"r":"mars"}"#));
        let by_key = |key: &[u8]| Some([0, 1][murmur2::positive(key) as usize % 2]);
        let assigned = assign(&[("field", "r"), ("map", "eu:0+1;us:2")], &records, 3);
        assert_eq!(assigned, [by_key(b"a"), by_key(b"b"), Some(2), None]);
        let assigned = assign(&[("field", "r"), ("map", "us:1;*:0")], &records, 3);
        assert_eq!(assigned, [Some(0), Some(0), Some(1), Some(0)]);
    }

    #[test]
    fn a_partition_that_is_not_there_is_a_failure() {
        let mut by_region: ByRegion = testing::start(&[("field", "r"), ("map", "us:3")]).unwrap();
        let records = Records::of_values([r#"{"r":"us"}"#]);
        assert_eq!(
            testing::assign(&mut by_region, &records, 3),
            Err(Failure::Record("region \"us\" belongs in partition 3, but the topic has 3".into()))
        );
        assert_eq!(testing::assign(&mut by_region, &records, 4), Ok(vec![Some(3)]));
    }

    #[test]
    fn only_what_is_needed_is_asked_for() {
        let wants = |parameters: &[(&str, &str)]| testing::start::<ByRegion>(parameters).unwrap().wants();
        assert_eq!(wants(&[("field", "r")]), Wants::VALUES);
        assert_eq!(wants(&[("header", "r")]), Wants::HEADERS);
        assert_eq!(wants(&[("header", "r"), ("map", "eu:0")]), Wants::HEADERS.and(Wants::KEYS));
    }

    #[test]
    fn parameters_that_make_no_sense_are_refused() {
        let sentence =
            |parameters: &[(&str, &str)]| testing::start::<ByRegion>(parameters).unwrap_err().to_string();
        let either = "give either parameter `field`, a field of the JSON value, or `header`, a header's name";
        assert_eq!(sentence(&[]), either);
        assert_eq!(sentence(&[("field", "a"), ("header", "b")]), either);
        assert_eq!(sentence(&[("header", "")]), "parameter `header` is empty");
        assert_eq!(sentence(&[("field", "a.")]), "parameter `field`: the field \"a.\": a name is empty");
        assert_eq!(
            sentence(&[("field", "a"), ("map", "eu=1")]),
            "parameter `map`: \"eu=1\" isn't of the form region:partition+partition"
        );
    }
}
