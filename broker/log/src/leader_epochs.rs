//! A
/// x
#[derive(Debug)]
pub(crate) struct LeaderEpochs;
