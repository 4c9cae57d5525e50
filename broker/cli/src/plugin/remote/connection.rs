//! A broker's gRPC, and what its refusals mean for a command.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use clap::Args;
use klamm_rpc::plugin::plugins_client::PluginsClient;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Response, Status};

use crate::error::CliError;
use crate::globals::Globals;

/// Where a broker's gRPC is.
#[derive(Debug, Clone, Args)]
pub struct GrpcArguments {
    /// A broker's gRPC address
    #[arg(long, env = "KLAMM_GRPC", value_name = "HOST:PORT", default_value = "127.0.0.1:9094")]
    grpc: String,
}

/// A connection, with the time that a question may take.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) client: PluginsClient<Channel>,
    address: String,
    timeout: Duration,
}

impl GrpcArguments {
    pub(super) async fn connect(&self, globals: &Globals) -> Result<Connection, CliError> {
        let address = self.grpc.clone();
        let wrong = || CliError::usage(format!("{address:?} is not an address")).next("give it as HOST:PORT");
        let timeout = globals.timeout();
        let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(|_| wrong())?;
        if endpoint.uri().port_u16().is_none() || endpoint.uri().host().is_none_or(str::is_empty) {
            return Err(wrong());
        }
        let channel = endpoint.connect_timeout(timeout).tcp_nodelay(true).connect().await;
        let channel = channel.map_err(|error| unreachable(&address, &root(&error)))?;
        Ok(Connection { client: PluginsClient::new(channel), address, timeout })
    }
}

impl Connection {
    /// What a question's answer says, if it comes in time.
    pub(super) async fn answer<T>(
        &self,
        doing: &str,
        asking: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, CliError> {
        match tokio::time::timeout(self.timeout, asking).await {
            Ok(Ok(answer)) => Ok(answer.into_inner()),
            Ok(Err(status)) => Err(self.refused(doing, &status)),
            Err(_) => {
                let seconds = self.timeout.as_secs_f64();
                Err(CliError::failed(format!("{doing}: no answer from {} within {seconds} s", self.address))
                    .next("try again with a longer --timeout SECONDS"))
            }
        }
    }

    /// What a refusal means.
    pub(super) fn refused(&self, doing: &str, status: &Status) -> CliError {
        if status.code() == Code::Unimplemented {
            let text = format!("{doing}: the broker at {} knows no plug-ins", self.address);
            return CliError::failed(text).next("use a broker, or a client, of another version");
        }
        // The transport's errors come without the broker's words.
        if status.code() == Code::Unavailable && status.source().is_some() {
            return unreachable(&self.address, &root(status));
        }
        let what = format!("{doing}: {}", status.message());
        let error =
            if status.code() == Code::NotFound { CliError::not_found(what) } else { CliError::failed(what) };
        match next_step(status.code()) {
            Some(next) => error.next(next),
            None => error,
        }
    }
}

fn unreachable(address: &str, cause: &str) -> CliError {
    CliError::unreachable(format!("can't connect to the gRPC of a broker at {address}: {cause}"))
        .next("start a broker with `klamm server`, or name another with --grpc HOST:PORT")
}

fn next_step(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::NotFound => "`klamm plugin list` shows the plug-ins there are and where they are bound",
        Code::AlreadyExists => "push it with another --version",
        Code::PermissionDenied => "sign it with `klamm plugin push --sign KEYFILE`",
        Code::Unavailable | Code::DataLoss => "look into the broker's log, and try again",
        _ => return None,
    })
}

/// The innermost cause: what the operating system said.
fn root(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let text = cause.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}
