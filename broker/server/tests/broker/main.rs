//! The broker as clients see it: a server in this process, driven by raw frames.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails at the line that says why")]

mod compaction;
mod connections;
mod fetch;
mod groups;
mod lifecycle;
mod limits;
mod metadata;
mod offsets;
mod plugins;
mod produce;
mod quotas;
mod sessions;
mod support;
