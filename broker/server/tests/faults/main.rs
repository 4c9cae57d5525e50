//! Brokers whose disk fails or whose files are damaged: one partition is harmed, named and contained, and the others
//! go on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test can't do without fails it")]

#[expect(dead_code, reason = "shared with the tests of a healthy broker, which use more of it")]
#[path = "../broker/support/client.rs"]
mod client;
mod corruption;
mod damage;
mod faulty_disk;
mod groups;
mod image;
mod injected;
mod log_capture;
mod reading;
#[expect(dead_code, reason = "shared with the tests of a healthy broker, which use more of it")]
#[path = "../broker/support/requests.rs"]
mod requests;

use client::Client;
