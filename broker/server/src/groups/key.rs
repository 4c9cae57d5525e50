//! Which partition of an internal topic a name belongs to.

/// The partition of `__consumer_offsets` that a group belongs to, as Kafka's clients and tools expect it: Java's hash of the
/// text, its sign taken away, modulo the number of partitions.
pub(crate) fn partition_for(name: &str, partitions: usize) -> i32 {
    let hash =
        name.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    let partitions = i32::try_from(partitions).unwrap_or(i32::MAX).max(1);
    (hash & i32::MAX) % partitions
}

#[cfg(test)]
mod tests {
    use super::partition_for;

    #[test]
    fn as_java_hashes() {
        // "".hashCode() is 0, "a".hashCode() is 97, "polygenelubricants".hashCode() is i32::MIN.
        assert_eq!(partition_for("", 50), 0);
        assert_eq!(partition_for("a", 50), 47);
        assert_eq!(partition_for("polygenelubricants", 50), 0);
        // "\u{1F600}" is two units, 0xd83d and 0xde00.
        assert_eq!(partition_for("\u{1F600}", 1000), (0xd83d * 31 + 0xde00) % 1000);
    }
}
