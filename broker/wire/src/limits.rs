//! What decoding one frame may cost.

/// Bounds on the memory that one frame may turn into.
///
/// Tiny elements grow when they become structs (an empty string of one byte becomes 24), so a bound on the
/// frame's size alone is not a bound on memory. Record bytes are not counted: they stay in the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes that all structs, lists and texts of one message may take on the heap together.
    pub max_decoded_bytes: usize,
}

impl Limits {
    /// For requests, which strangers send: 128 MiB, more than a million partitions in one request.
    pub const REQUEST: Limits = Limits { max_decoded_bytes: 128 << 20 };
    /// For responses, which come from a broker that the user chose: 1 GiB.
    pub const RESPONSE: Limits = Limits { max_decoded_bytes: 1 << 30 };
}
