//! Which brokers hold which partitions.
