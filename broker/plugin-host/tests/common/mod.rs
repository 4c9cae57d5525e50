//! Batches and bound guests, for the tests of this crate.

use std::sync::Arc;

use klamm_plugin_host::guests::Guest;
use klamm_plugin_host::{Batch, Binding, Host, HostOptions, Kind, Plugin, Record, Span};

/// A host without a cache.
pub fn host() -> Arc<Host> {
    Host::new(HostOptions::default()).unwrap()
}

/// Binds a guest to the topic `orders`, with the usual limits.
pub fn bound(kind: Kind, guest: &Guest) -> Plugin {
    bound_with(kind, guest, |_| {})
}

/// Binds a guest, with what `change` does to the binding.
pub fn bound_with(kind: Kind, guest: &Guest, change: impl FnOnce(&mut Binding)) -> Plugin {
    let host = host();
    let artefact = host.compile(&guest.component()).unwrap();
    let mut binding = Binding::new(kind, "guest", "1.0.0", "orders");
    change(&mut binding);
    host.bind(&artefact, binding).unwrap()
}

/// Records of a batch, kept where a batch can point to them. Keys are `k` and a number.
pub struct Records {
    pub blob: Vec<u8>,
    pub records: Vec<Record>,
}

impl Records {
    /// One record for each value.
    pub fn of<'a>(values: impl IntoIterator<Item = &'a str>) -> Records {
        let mut all = Records { blob: Vec::new(), records: Vec::new() };
        for (number, value) in values.into_iter().enumerate() {
            let key = all.put(&format!("k{number}"));
            let value = all.put(value);
            all.records.push(Record {
                offset_delta: number as u32,
                timestamp: 1_000 + number as i64,
                key,
                value,
            });
        }
        all
    }

    /// `count` records whose values start with `g`, of which that at `place` starts with `poison`.
    pub fn poisoned(count: usize, place: usize, poison: &'static str) -> Records {
        Records::of((0..count).map(|number| if number == place { poison } else { "good" }))
    }

    fn put(&mut self, text: &str) -> Span {
        let off = self.blob.len() as u32;
        self.blob.extend_from_slice(text.as_bytes());
        Span { off, len: text.len() as i32 }
    }

    pub fn batch(&self) -> Batch<'_> {
        Batch { topic: "orders", partition: 3, blob: &self.blob, records: &self.records, headers: &[] }
    }
}
