//! What comes back from a plug-in: first as a guest that hands the input to the host as its answer, byte for byte, then as answers that
//! were read well and say anything.

use std::sync::OnceLock;

use klamm_plugin_host::answers::{self, Action, RawEdit};
use klamm_plugin_host::guests::Guest;
use klamm_plugin_host::{
    Assignment, Batch, Binding, Budget, Change, Edit, Host, HostOptions, Kind, OnFailure, Plugin, Record,
    Span,
};

use crate::bounds::within_bounds;
use crate::input::Input;

/// Partitions of the topic.
const PARTITIONS: u32 = 5;
/// What an answer may make the host hold beside a few times the input: a mebibyte that a plug-in may always return, which is up to three
/// times as large in the host's form, and the instance that takes the place of one that failed.
const FIXED_BYTES: u64 = 16 << 20;
/// Where the guests' allocator begins; the topic is empty and the blob comes next, so that the input lies there. For the seeds.
pub(crate) const BLOB_ADDRESS: u32 = 4096;

/// Guests whose answer is their blob, by what chooses among them.
fn guests() -> &'static [Plugin; 3] {
    static GUESTS: OnceLock<[Plugin; 3]> = OnceLock::new();
    GUESTS.get_or_init(|| {
        let host = Host::new(HostOptions { max_instances: 16, ..HostOptions::default() }).unwrap();
        [Kind::Filter, Kind::Serializer, Kind::Partitioner].map(|kind| {
            let guest = Guest::new(kind, "(local.get $blob)");
            let artefact = host.compile(&guest.component()).unwrap();
            let mut binding = Binding::new(kind, "mirror", "1.0.0", "t");
            binding.on_failure = OnFailure::Reject;
            binding.limits.breaker = false;
            host.bind(&artefact, binding).unwrap()
        })
    })
}

/// An answer: whether the host took it. The first byte chooses the kind, the second the number of records.
pub(crate) fn answer(input: &[u8]) -> bool {
    let mut bytes = Input::new(input);
    let (kind, count) = (bytes.byte() % 6, usize::from(bytes.byte() % 8));
    let rest = bytes.rest();
    let guests = guests();
    within_bounds(rest.len(), 64, FIXED_BYTES, || match kind {
        0..3 => mirrored(&guests[usize::from(kind)], kind, count.max(1), rest),
        _ => read(kind, count, bytes),
    })
}

/// The guest returns `blob` as it is.
fn mirrored(plugin: &Plugin, kind: u8, count: usize, blob: &[u8]) -> bool {
    let whole = Span { off: 0, len: blob.len() as i32 };
    let record = Record { offset_delta: 0, timestamp: 0, key: Span::NULL, value: whole };
    let records = vec![record; count];
    let batch = Batch { topic: "", partition: 0, blob, records: &records, headers: &[] };
    let before = plugin.statistics().snapshot().failed_records;
    match kind {
        0 => assert_eq!(plugin.check(&batch, Budget::Full).unwrap().len(), count),
        1 => {
            let encoded = plugin.encode(&batch, Budget::Full).unwrap();
            assert_eq!(encoded.changes.len(), count);
            for change in &encoded.changes {
                if let Change::Rewrite { key, value } = change {
                    for edit in [key, value] {
                        lies_within(edit, encoded.blob.len());
                    }
                }
            }
        }
        _ => {
            let assigned = plugin.assign(&batch, PARTITIONS, Budget::Full).unwrap();
            assert_eq!(assigned.len(), count);
            assigned.iter().for_each(exists);
        }
    }
    plugin.statistics().snapshot().failed_records == before
}

/// The host's checks, of an answer that says anything.
fn read(kind: u8, count: usize, mut input: Input<'_>) -> bool {
    let said = usize::from(input.byte() % 8);
    let notes: Vec<(u32, String)> = (0..input.byte() % 4)
        .map(|_| (u32::from(input.byte()), "a".repeat(usize::from(input.u16()))))
        .collect();
    match kind {
        3 => {
            let all = [Action::Accept, Action::Drop, Action::Reject, Action::DeadLetter];
            let actions: Vec<Action> = (0..said).map(|_| all[usize::from(input.byte() % 4)]).collect();
            let checked = answers::actions(count, actions.into_iter(), notes);
            checked.is_ok_and(|actions| actions.len() == count)
        }
        4 => {
            let blob_bytes = usize::from(input.u16());
            let limit = usize::from(input.u16());
            let changes: Vec<(RawEdit, RawEdit)> =
                (0..said).map(|_| (edit(&mut input), edit(&mut input))).collect();
            let Ok(rewrites) = answers::rewrites(count, limit, blob_bytes, changes.into_iter(), notes) else {
                return false;
            };
            assert_eq!(rewrites.len(), count);
            let edits: Vec<&Edit> = rewrites.iter().flatten().flat_map(|(key, value)| [key, value]).collect();
            for edit in &edits {
                lies_within(edit, blob_bytes);
            }
            let copied: usize =
                edits.iter().map(|edit| if let Edit::Set(range) = edit { range.len() } else { 0 }).sum();
            assert!(copied <= limit && blob_bytes <= limit, "{copied} bytes of {limit}");
            true
        }
        _ => {
            let chosen: Vec<i32> = (0..said).map(|_| number(&mut input)).collect();
            let Ok(assigned) = answers::assignments(count, PARTITIONS, &chosen) else { return false };
            assert_eq!(assigned.len(), count);
            assigned.iter().for_each(exists);
            true
        }
    }
}

/// Small numbers mostly, and those at the ends.
fn number(input: &mut Input<'_>) -> i32 {
    match input.byte() {
        255 => -1,
        254 => i32::MAX,
        253 => i32::MIN,
        252 => i32::from(input.u16()),
        small => i32::from(small % 8),
    }
}

fn edit(input: &mut Input<'_>) -> RawEdit {
    match input.byte() % 3 {
        0 => RawEdit::Keep,
        1 => RawEdit::Clear,
        _ => RawEdit::Set(Span { off: number(input) as u32, len: number(input) }),
    }
}

fn lies_within(edit: &Edit, blob_bytes: usize) {
    if let Edit::Set(range) = edit {
        assert!(range.start <= range.end && range.end <= blob_bytes, "{range:?} of {blob_bytes}");
    }
}

fn exists(assignment: &Assignment) {
    if let Assignment::Partition(partition) = assignment {
        assert!(*partition < PARTITIONS, "partition {partition}");
    }
}
