//! The host with whole plug-ins, written as text: what they should do, what they shouldn't, and what is refused.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test can't do without fails it")]

mod common;
mod hostile;
mod straight;
mod upload;
