//! The features that a cluster can switch on as a whole (KIP-584), and their levels.
//!
//! They say what this release speaks. None can be changed: a release has one level of each that is worth having.

/// A feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Feature {
    /// Its name.
    pub(crate) name: &'static str,
    /// The lowest level.
    pub(crate) min: i16,
    /// The highest level.
    pub(crate) max: i16,
    /// The level that is switched on.
    pub(crate) finalized: i16,
}

/// The level of metadata of Kafka 4.3 (`MetadataVersion.IBP_4_3_IV0`).
const METADATA_4_3: i16 = 30;

/// What there is. `transaction.version` is not: with it, clients would use transactions of KIP-890.
pub(crate) const FEATURES: [Feature; 2] = [
    // Consumer groups of KIP-848.
    Feature { name: "group.version", min: 0, max: 1, finalized: 1 },
    Feature { name: "metadata.version", min: METADATA_4_3, max: METADATA_4_3, finalized: METADATA_4_3 },
];

/// The feature of this name.
pub(crate) fn feature(name: &str) -> Option<&'static Feature> {
    FEATURES.iter().find(|feature| feature.name == name)
}
