//! `klamm.plugin.v1.Plugins`: storing plug-ins and binding them to topics.

mod changes;
mod logs;
mod show;
mod statistics;
mod status;
mod upload;

use std::sync::Arc;

use klamm_model::{PluginName, PluginReference, PluginVersion};
use klamm_rpc::plugin::plugins_server::Plugins;
use klamm_rpc::plugin::{
    BindRequest, BindResponse, DeleteRequest, DeleteResponse, DescribeRequest, DescribeResponse, Details,
    ListRequest, ListResponse, LogLine, LogsRequest, PushRequest, PushResponse, RollbackRequest,
    RollbackResponse, StatsRequest, StatsResponse, UnbindRequest, UnbindResponse,
};
use tokio::sync::Semaphore;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::Broker;

/// Uploads that are kept in memory at the same time; others wait.
const UPLOADS: usize = 4;

/// Answers from the broker's state.
#[derive(Debug)]
pub(super) struct PluginService {
    broker: Arc<Broker>,
    uploads: Semaphore,
}

impl PluginService {
    pub(super) fn new(broker: Arc<Broker>) -> PluginService {
        PluginService { broker, uploads: Semaphore::new(UPLOADS) }
    }

    async fn details(&self, plugin: &klamm_controller::PluginImage) -> Details {
        let shown = show::plugin(plugin, &show::Bindings::of(&self.broker.controller.image()));
        let mut details = Details { plugin: Some(shown), ..Details::default() };
        match self.broker.plugin_library.artefact(plugin.digest).await {
            Ok(artefact) => {
                details.imports = artefact.imports().to_vec();
                details.exports = artefact.exports().to_vec();
            }
            Err(error) => details.unusable = error.to_string(),
        }
        details
    }
}

#[tonic::async_trait]
impl Plugins for PluginService {
    type LogsStream = ReceiverStream<Result<LogLine, Status>>;

    async fn push(&self, request: Request<Streaming<PushRequest>>) -> Result<Response<PushResponse>, Status> {
        let _one_of_few =
            self.uploads.acquire().await.map_err(|_| Status::unavailable("the broker stops"))?;
        let broker = &self.broker;
        let library = &broker.plugin_library;
        let now = broker.clock.now();
        let upload =
            upload::receive(request.into_inner(), library.max_plugin_bytes(), upload::SILENCE, now).await?;
        let (plugin, was_there) =
            library.add(&broker.controller, upload).await.map_err(|error| status::of_library(&error))?;
        let bindings = show::Bindings::of(&broker.controller.image());
        Ok(Response::new(PushResponse { plugin: Some(show::plugin(&plugin, &bindings)), was_there }))
    }

    async fn list(&self, _: Request<ListRequest>) -> Result<Response<ListResponse>, Status> {
        let image = self.broker.controller.image();
        let bindings = show::Bindings::of(&image);
        let plugins = image.plugins().map(|plugin| show::plugin(plugin, &bindings)).collect();
        Ok(Response::new(ListResponse { plugins }))
    }

    async fn describe(
        &self,
        request: Request<DescribeRequest>,
    ) -> Result<Response<DescribeResponse>, Status> {
        let DescribeRequest { name, version } = request.into_inner();
        let name: PluginName = name.parse().map_err(status::invalid)?;
        let version: Option<PluginVersion> = match version.as_str() {
            "" => None,
            text => Some(text.parse().map_err(status::invalid)?),
        };
        let image = self.broker.controller.image();
        let is_wanted = |plugin: &PluginReference| {
            plugin.name == name && version.as_ref().is_none_or(|version| plugin.version == *version)
        };
        let mut versions = Vec::new();
        for plugin in image.plugins().filter(|plugin| is_wanted(&plugin.reference)) {
            versions.push(self.details(plugin).await);
        }
        match (versions.is_empty(), version) {
            (false, _) => Ok(Response::new(DescribeResponse { versions })),
            (true, None) => Err(Status::not_found(format!("there is no plug-in {name}"))),
            (true, Some(version)) => Err(status::unknown_plugin(&image, PluginReference { name, version })),
        }
    }

    async fn bind(&self, request: Request<BindRequest>) -> Result<Response<BindResponse>, Status> {
        changes::bind(&self.broker, request.into_inner()).await.map(Response::new)
    }

    async fn unbind(&self, request: Request<UnbindRequest>) -> Result<Response<UnbindResponse>, Status> {
        changes::unbind(&self.broker, &request.into_inner()).await.map(Response::new)
    }

    async fn rollback(
        &self,
        request: Request<RollbackRequest>,
    ) -> Result<Response<RollbackResponse>, Status> {
        changes::rollback(&self.broker, &request.into_inner()).await.map(Response::new)
    }

    async fn delete(&self, request: Request<DeleteRequest>) -> Result<Response<DeleteResponse>, Status> {
        let DeleteRequest { name, version } = request.into_inner();
        let plugin = PluginReference {
            name: name.parse().map_err(status::invalid)?,
            version: version.parse().map_err(status::invalid)?,
        };
        let deleted = self.broker.plugin_library.delete(&self.broker.controller, plugin).await;
        deleted.map_err(|error| status::of_library(&error))?;
        Ok(Response::new(DeleteResponse {}))
    }

    async fn stats(&self, request: Request<StatsRequest>) -> Result<Response<StatsResponse>, Status> {
        let StatsRequest { topic, name } = request.into_inner();
        let bound = self.broker.bound_plugins();
        let wanted = bound.iter().filter(|bound| show::is_wanted(bound, &topic, &name));
        Ok(Response::new(StatsResponse { bindings: wanted.map(|bound| statistics::of(bound)).collect() }))
    }

    async fn logs(&self, request: Request<LogsRequest>) -> Result<Response<Self::LogsStream>, Status> {
        Ok(Response::new(logs::stream(Arc::clone(&self.broker), request.into_inner())))
    }
}
