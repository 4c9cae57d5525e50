//! Groups that live through small stories; and, in `model`, through thousands of random ones.

mod hostile;
mod joins;
mod leaves;
mod model;
mod patterns;
mod refusals;
pub(crate) mod world;
