//! A table of regions and their partitions.

use std::collections::BTreeMap;

/// Which partitions are a region's. In parameters: `eu:0+1;us:2;*:3`, where `*` is for regions that have no line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    lines: BTreeMap<Vec<u8>, Vec<u32>>,
    others: Vec<u32>,
}

impl Table {
    /// What is wrong with the text, if it is no table.
    pub(crate) fn parse(text: &str) -> Result<Table, String> {
        let mut table = Table { lines: BTreeMap::new(), others: Vec::new() };
        for line in text.split(';') {
            let (region, partitions) = line
                .rsplit_once(':')
                .ok_or(format!("{line:?} isn't of the form region:partition+partition"))?;
            let partitions: Vec<u32> = partitions.split('+').map(partition).collect::<Result<_, _>>()?;
            let before = match region {
                "" => return Err(format!("{line:?} names no region")),
                "*" => std::mem::replace(&mut table.others, partitions),
                _ => table.lines.insert(region.into(), partitions).unwrap_or_default(),
            };
            if !before.is_empty() {
                return Err(format!("{region:?} is there twice"));
            }
        }
        Ok(table)
    }

    /// The region's partitions; none if the table doesn't say.
    pub(crate) fn partitions(&self, region: &[u8]) -> &[u32] {
        self.lines.get(region).unwrap_or(&self.others)
    }
}

/// Partitions count from 0 in 31 bits.
fn partition(text: &str) -> Result<u32, String> {
    let number: Option<u32> = text.parse().ok().filter(|number| i32::try_from(*number).is_ok());
    number.ok_or(format!("{text:?} is no partition"))
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn a_table_is_read() {
        let table = Table::parse("eu:0+1;us:2;a:b:7;*:3").unwrap();
        assert_eq!(table.partitions(b"eu"), [0, 1]);
        assert_eq!(table.partitions(b"a:b"), [7]);
        assert_eq!(table.partitions(b"mars"), [3]);
        assert_eq!(Table::parse("eu:0").unwrap().partitions(b"us"), []);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for (text, why) in [
            ("eu", "\"eu\" isn't of the form region:partition+partition"),
            (":1", "\":1\" names no region"),
            ("eu:x", "\"x\" is no partition"),
            ("eu:", "\"\" is no partition"),
            ("eu:-1", "\"-1\" is no partition"),
            ("eu:4294967295", "\"4294967295\" is no partition"),
            ("eu:1;eu:2", "\"eu\" is there twice"),
            ("*:1;*:1", "\"*\" is there twice"),
        ] {
            assert_eq!(Table::parse(text).unwrap_err(), why);
        }
    }
}
