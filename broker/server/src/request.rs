//! What a handler knows of a request beside its message.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::quotas::Meter;

use klamm_groups::Caller;

/// What a handler knows of a request beside its message.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// The version of the request, which is also the answer's.
    pub api_version: i16,
    /// The client's name for itself; `None` and the empty text both mean that it has none.
    pub client_id: Option<String>,
    /// Bytes of the request, which are in memory for as long as a part of it is.
    pub(crate) size_bytes: usize,
    /// Where the request came from.
    pub peer: SocketAddr,
    /// The address of this machine that it came in on.
    pub local: SocketAddr,
    /// What measures the request; `None` while no quota is set.
    pub(crate) meter: Option<Arc<Meter>>,
}

impl RequestContext {
    /// The client's name for itself, empty if it has none.
    pub(crate) fn client_id(&self) -> &str {
        self.client_id.as_deref().unwrap_or_default()
    }
}

impl RequestContext {
    /// Who asks, as groups know their members.
    pub(crate) fn caller(&self) -> Caller {
        Caller {
            api_version: self.api_version,
            client_id: self.client_id.clone().unwrap_or_default(),
            client_host: self.peer.ip(),
        }
    }
}
