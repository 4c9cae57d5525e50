//! The broker process: it takes connections, answers requests, and keeps the partitions that the cluster's
//! metadata gives it.
//!
//! What it is: the shell around the pure rooms. It owns sockets, threads, timers, the order of starting and
//! stopping, and the one place where errors become Kafka's error codes. One file answers one Kafka API.
//!
//! What it is not: it knows no batch format, no segment file and no rule of the metadata; those are in
//! `records`, `log`, `partition` and `controller`.
//!
//! ```text
//!   socket -> net (frames, limits) -> dispatch -> handlers/<api>.rs -> partition | controller
//!     ^                                                |
//!     +------------ answers, in order -----------------+
//!
//!   controller image -> partitions (open, delete, settings) -> housekeeping (retention, checkpoints)
//! ```

mod advertised;
mod authorized_operations;
mod auto_create;
mod broker;
mod cleaning;
mod clock;
mod descriptors;
mod dispatch;
mod durability;
mod error_code;
mod features;
mod fetch_sessions;
mod following;
mod groups;
mod grpc;
mod handlers;
mod housekeeping;
mod http;
pub mod logging;
mod metrics;
mod net;
pub mod options;
mod partitions;
pub mod plugins;
mod ports;
mod producer_ids;
mod quotas;
mod readiness;
mod request;
mod room;
mod running;
mod runtime;
mod signals;
mod start;
mod start_error;
mod stop;
mod storage_alarm;

pub use advertised::InvalidAddress;
pub use broker::Broker;
pub use clock::{Clock, SystemClock};
pub use klamm_rpc::admin as proto;
pub use metrics::metrics_reference;
pub use options::ServerOptions;
pub use request::RequestContext;
pub use running::RunningServer;
pub use signals::run;
pub use start::Server;
pub use start_error::StartError;
