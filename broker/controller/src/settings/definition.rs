//! What a setting is.

/// The type of a setting's value (`org.apache.kafka.common.config.ConfigDef.Type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i8)]
pub enum Kind {
    /// `true` or `false`.
    Boolean = 1,
    /// A text.
    String = 2,
    /// A 32-bit number.
    Int = 3,
    /// A 16-bit number.
    Short = 4,
    /// A 64-bit number.
    Long = 5,
    /// A floating-point number.
    Double = 6,
    /// Comma-separated texts.
    List = 7,
}

/// When a setting can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// At start-up only.
    ReadOnly,
    /// While the broker runs, for one broker or all.
    PerBroker,
    /// While the broker runs, for all brokers (one broker may be set too, to test a value).
    ClusterWide,
}

/// How much users should care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Importance {
    /// Much.
    High,
    /// Some.
    Medium,
    /// Little.
    Low,
}
