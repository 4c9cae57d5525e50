//! Connections: accepting them, reading frames, limits, answering in order.
//!
//! ```text
//!   acceptor -> connection: socket -> frame -> answers (in order) -> outbox -> socket
//!                  |                    |
//!               deadlines             limits (shared by all connections)
//! ```

pub(crate) mod acceptor;
mod alarm;
mod answers;
mod connection;
mod connection_rate;
mod deadlines;
mod frame;
pub(crate) mod limits;
mod outbox;
pub(crate) mod warning_limit;

pub(crate) use connection::Endpoints;
