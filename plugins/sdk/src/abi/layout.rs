//! The contract's records as they lie in memory.
//!
//! Those without pointers look the same on every machine, so native tests use them too. Component model's canonical ABI says
//! where each field is; tests of the component's side are in `broker/cli/src/plugin`.

/// A piece of a blob: `len` bytes from `off`; -1 is null, -2 left out because it wasn't asked for.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Where it starts.
    pub off: u32,
    /// How long it is.
    pub len: i32,
}

impl Span {
    /// Null.
    pub const NULL: Span = Span { off: 0, len: -1 };
}

/// `types.rec`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawRecord {
    /// Its place after the first record that the producer sent in this batch.
    pub offset_delta: u32,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// Its key.
    pub key: Span,
    /// Its value.
    pub value: Span,
}

/// `types.header`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawHeader {
    /// The place of its record.
    pub rec: u32,
    /// Its name.
    pub key: Span,
    /// Its value.
    pub value: Span,
}

/// `serializer-api.edit`, in the 32 bits that it takes before a span.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edit([u8; 4]);

impl Edit {
    /// It stays as it is.
    pub const KEEP: Edit = Edit([0, 0, 0, 0]);
    /// It becomes other bytes.
    pub const SET: Edit = Edit([1, 0, 0, 0]);
    /// It becomes null.
    pub const CLEAR: Edit = Edit([2, 0, 0, 0]);
}

/// `serializer-api.change`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawChange {
    /// What becomes of the key.
    pub key: Edit,
    /// The new key.
    pub key_bytes: Span,
    /// What becomes of the value.
    pub value: Edit,
    /// The new value.
    pub value_bytes: Span,
}

impl RawChange {
    /// Nothing changes.
    pub const KEEP: RawChange = RawChange {
        key: Edit::KEEP,
        key_bytes: Span { off: 0, len: 0 },
        value: Edit::KEEP,
        value_bytes: Span { off: 0, len: 0 },
    };
}

const _: () = {
    assert!(size_of::<RawRecord>() == 32 && std::mem::offset_of!(RawRecord, timestamp) == 8);
    assert!(size_of::<RawHeader>() == 20 && size_of::<RawChange>() == 24);
    assert!(std::mem::offset_of!(RawChange, value) == 12);
};
