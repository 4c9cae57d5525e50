//! A topic with plug-ins, and where an order belongs in it.

use super::order::Order;
use crate::content::Content;
use crate::history::Partition;

/// Which kinds of plug-ins a topic binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds {
    /// `json-guard`, which quarantines what is no JSON.
    pub filter: bool,
    /// `redact`, which masks the card's number, and quarantines what is no JSON where no filter has done so.
    pub serializer: bool,
    /// `by-region`, with the table [`PluggedTopic::REGIONS`].
    pub partitioner: bool,
}

/// A topic with plug-ins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluggedTopic {
    /// Its name.
    pub name: String,
    /// How many partitions it has: four at least, one for each region.
    pub partitions: i32,
    /// What is bound.
    pub kinds: Kinds,
}

/// Where an order belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destiny {
    /// In quarantine, as it was sent, because of this plug-in.
    Quarantine(&'static str),
    /// In the topic, with this content.
    Stored {
        /// The partition; `None` for the one that it was sent to.
        partition: Option<i32>,
        /// What is in it there.
        content: Content,
    },
}

impl PluggedTopic {
    /// The version under which every plug-in is pushed.
    pub const VERSION: &str = "1.0.0";
    /// The table of `by-region`.
    pub const REGIONS: &str = "eu:0;us:1;asia:2;*:3";

    /// Where `order` belongs.
    pub fn destiny(&self, order: Order) -> Destiny {
        let Kinds { filter, serializer, partitioner } = self.kinds;
        if order.is_poison() && (filter || serializer) {
            return Destiny::Quarantine(if filter { "json-guard" } else { "redact" });
        }
        let partition = order.region().filter(|_| partitioner).map(|region| match region {
            "eu" => 0,
            "us" => 1,
            "asia" => 2,
            _ => 3,
        });
        Destiny::Stored { partition, content: if serializer { order.masked() } else { order.sent() } }
    }

    /// Its quarantine.
    pub fn quarantine(&self) -> String {
        format!("{}.dlq", self.name)
    }

    /// One of its partitions.
    pub fn partition(&self, index: i32) -> Partition {
        Partition { topic: self.name.clone(), index }
    }

    /// All of them.
    pub fn all_partitions(&self) -> Vec<Partition> {
        (0..self.partitions).map(|index| self.partition(index)).collect()
    }

    /// What is bound: the plug-in's name, its role and its parameters, as `klamm plugin bind` has them.
    pub fn bindings(&self) -> Vec<(&'static str, &'static str, Vec<String>)> {
        let Kinds { filter, serializer, partitioner } = self.kinds;
        let table = format!("map={}", PluggedTopic::REGIONS);
        let bindings = [
            (filter, "json-guard", "--filter", vec!["required=id+region".to_owned()]),
            (serializer, "redact", "--serializer", vec!["fields=card.number".to_owned()]),
            (partitioner, "by-region", "--partitioner", vec!["field=region".to_owned(), table]),
        ];
        let bound = bindings.into_iter().filter(|(bound, ..)| *bound);
        bound.map(|(_, name, role, parameters)| (name, role, parameters)).collect()
    }
}
