//! Verification and iteration of a partition's files, for `klamm log dump`.
