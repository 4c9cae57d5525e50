//! The broker as clients see it: a server in this process, driven by raw frames.

mod connections;
mod fetch;
mod lifecycle;
mod limits;
mod metadata;
mod offsets;
mod produce;
mod sessions;
mod support;
