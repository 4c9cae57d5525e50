//! What a record of these runs says: an order in JSON, now and then a poison pill or a tombstone.

use crate::content::{Content, RecordId};

/// The first record's timestamp; the others' go up and down around it.
const TIMESTAMP_MS: i64 = 1_700_000_000_000;
const KEYS: u64 = 24;
const REGIONS: [&str; 4] = ["eu", "us", "asia", "mars"];
/// Poison comes alone, and in rows of so many: whole batches of it.
const ROW: u64 = 64;
/// Text that compresses, but not to nothing.
const TEXT: &str = "the quick brown fox jumps over the lazy dog; pack my box with five dozen liquor jugs; ";

/// An order, as a function of who sent it and as which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Order(pub RecordId);

impl Order {
    /// What its producer sends.
    pub fn sent(self) -> Content {
        self.content(&format!("4111-{:016x}", self.mixed()))
    }

    /// What is in the topic after `redact` has masked the card's number.
    pub fn masked(self) -> Content {
        self.content("***")
    }

    /// Whether its value is no JSON.
    pub fn is_poison(self) -> bool {
        let counter = self.0.counter;
        !self.is_tombstone() && (self.mixed() % 11 == 3 || counter / ROW % 9 == 5)
    }

    /// Whether it has no value, which every plug-in lets pass.
    pub fn is_tombstone(self) -> bool {
        self.0.counter % 101 == 100
    }

    /// The region that its value says, if it says one.
    pub fn region(self) -> Option<&'static str> {
        let says = !self.is_poison() && !self.is_tombstone();
        says.then(|| REGIONS[(self.mixed() >> 8) as usize % REGIONS.len()])
    }

    /// The number of its key.
    pub fn key(self) -> u64 {
        (self.mixed() >> 20) % KEYS
    }

    fn content(self, card: &str) -> Content {
        Content {
            key: Some(format!("key-{}", self.key()).into_bytes()),
            value: (!self.is_tombstone()).then(|| self.value(card).into_bytes()),
            header: self.0.to_string().into_bytes(),
            timestamp_ms: TIMESTAMP_MS + (self.mixed() % 100_000) as i64,
        }
    }

    fn value(self, card: &str) -> String {
        let length = (self.mixed() >> 40) as usize % 600;
        let text: String = TEXT.chars().cycle().take(length).collect();
        let id = self.0;
        match self.region() {
            Some(region) => {
                format!(r#"{{"id":"{id}","region":"{region}","card":{{"number":"{card}"}},"text":"{text}"}}"#)
            }
            // As of a producer that stopped in the middle. There is no region: it may go nowhere else.
            None => format!(r#"{{"id":"{id}","text":"{text}"#),
        }
    }

    fn mixed(self) -> u64 {
        let RecordId { producer, counter } = self.0;
        let mixed = (counter + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ u64::from(producer).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed ^ mixed >> 29
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders() -> impl Iterator<Item = Order> {
        (0..2_000).map(|counter| Order(RecordId { producer: 3, counter }))
    }

    #[test]
    fn orders_are_of_every_kind() {
        let count = |is: fn(&Order) -> bool| orders().filter(is).count();
        assert!((200..700).contains(&count(|order| order.is_poison())));
        assert!(count(|order| order.is_tombstone()) > 10);
        for region in REGIONS {
            assert!(orders().filter(|order| order.region() == Some(region)).count() > 200, "{region}");
        }
        assert!((0..KEYS).all(|key| orders().filter(|order| order.key() == key).count() > 20));
        let row: Vec<Order> = orders().skip(5 * ROW as usize).take(ROW as usize).collect();
        assert!(
            row.iter().all(|order| order.is_poison() || order.is_tombstone()),
            "a batch may be nothing but poison"
        );
    }

    #[test]
    fn only_the_card_is_masked() {
        for order in orders() {
            let (sent, masked) = (order.sent(), order.masked());
            assert_eq!(sent.value != masked.value, order.region().is_some(), "{order:?}");
            assert_eq!(Content { value: None, ..sent }, Content { value: None, ..masked });
        }
    }
}
