//! What Klamm brokers are asked by gRPC: the definitions in `proto`, as code.
//!
//! What it is: the generated messages, servers and clients of `klamm.admin.v1` and `klamm.plugin.v1`, the descriptors that
//! reflection serves, and how plug-ins are signed, on which both sides must agree.
//!
//! What it is not: it answers nothing (the server does) and connects to nothing (clients do).
//!
//! ```text
//!   proto/klamm/*/v1/*.proto -- build.rs, without protoc --> admin, plugin
//!                                                             /       \
//!                                                         server      cli
//! ```

mod signature;

pub use signature::{InvalidKey, SigningKey, TrustedKey, WrongSignature};

/// The generated code of `proto/klamm/admin/v1`.
pub mod admin {
    #![allow(clippy::all, clippy::pedantic, missing_docs, reason = "generated")]
    tonic::include_proto!("klamm.admin.v1");
}

/// The generated code of `proto/klamm/plugin/v1`.
pub mod plugin {
    #![allow(clippy::all, clippy::pedantic, missing_docs, reason = "generated")]
    tonic::include_proto!("klamm.plugin.v1");
}

/// What reflection serves.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
