//! What operators use: topics and settings over the wire, HTTP, gRPC, and how a start that can't succeed says so.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails the test")]

#[path = "../broker/support/client.rs"]
#[expect(dead_code, reason = "shared with the tests of data, which use more of it")]
mod client;
#[path = "../broker/support/requests.rs"]
#[expect(dead_code, reason = "shared with the tests of data, which use more of it")]
mod requests;

use client::Client;

mod configs;
mod features;
mod http;
mod log_dirs;
mod metrics_reference;
mod plugins;
mod producers;
mod quorum;
mod reassignments;
mod server;
mod start_errors;
mod topics;
