//! A
/// x
#[derive(Debug)]
pub(crate) struct ActiveSegment;
/// x
#[derive(Debug)]
pub(crate) struct SealedSegment;
