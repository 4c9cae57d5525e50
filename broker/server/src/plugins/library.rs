//! The plug-ins that this broker has: bytes in its store, names and versions in the metadata.

use std::sync::Arc;

use klamm_controller::settings::BrokerSettings;
use klamm_controller::{Controller, MetadataImage, NewPlugin, PluginImage, Refusal, SubmitError};
use klamm_log::Disk;
use klamm_model::{PluginDigest, PluginReference, TimestampMs};
use klamm_plugin_host::{Artefact, Host, HostError, HostOptions, Refused};
use tokio::sync::{Mutex, watch};
use tracing::{info, warn};

use super::signatures::{SignatureError, Signatures};
use super::store::{BlobError, BlobStore, digest_of};
use crate::StartError;

/// The plug-ins that this broker has. What it does takes long: nothing of it is for a thread that serves clients.
#[derive(Debug)]
pub(crate) struct Library {
    store: Arc<BlobStore>,
    host: Arc<Host>,
    signatures: Signatures,
    max_plugin_bytes: usize,
    /// Tells that bytes came again of a plug-in that was there: a topic that could not run it may be able to now.
    restored: watch::Sender<u64>,
    /// Held while plug-ins come and go: bytes must not be removed between being stored and being named.
    changing: Mutex<()>,
}

/// A plug-in that came whole.
#[derive(Debug)]
pub(crate) struct Upload {
    /// Its name and version.
    pub(crate) plugin: PluginReference,
    /// Its bytes.
    pub(crate) wasm: Vec<u8>,
    /// What its bytes should be, if that was said.
    pub(crate) digest: Option<PluginDigest>,
    /// Its signature; empty if it has none.
    pub(crate) signature: Vec<u8>,
    /// When it came.
    pub(crate) at: TimestampMs,
}

/// Why a plug-in is not taken, or not deleted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LibraryError {
    /// Other bytes than were announced.
    #[error(
        "the bytes are not those that were announced: their sha-256 is {found}, {announced} was announced; push again"
    )]
    Digest {
        /// What was announced.
        announced: PluginDigest,
        /// What came.
        found: PluginDigest,
    },
    /// Its signature.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// It is no plug-in that can run here.
    #[error("{0}")]
    Refused(Refused),
    /// Its bytes can't be stored or read.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The metadata can't be changed.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// A thread died of it.
    #[error("working on the plug-in failed: {0}")]
    Failed(String),
}

impl Library {
    /// The library in a data directory.
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        data_dir: &std::path::Path,
        settings: &BrokerSettings,
    ) -> Result<Library, StartError> {
        let quota_bytes = settings.klamm_plugins_max_bytes.unsigned_abs();
        let cache_dir = Some(data_dir.join("plugins").join("compiled"));
        let options = HostOptions { cache_dir, ..HostOptions::default() };
        let max_plugin_bytes = options.max_binary_bytes;
        let host = Host::new(options);
        Ok(Library {
            store: Arc::new(BlobStore::new(disk, data_dir, quota_bytes)),
            host: host.map_err(|error: HostError| StartError::PluginHost(error.to_string()))?,
            signatures: Signatures::of(settings)?,
            max_plugin_bytes,
            restored: watch::Sender::new(0),
            changing: Mutex::new(()),
        })
    }

    /// What runs plug-ins.
    pub(crate) fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// Hears when bytes come again of plug-ins that were there; how often that was.
    pub(crate) fn restored(&self) -> watch::Receiver<u64> {
        self.restored.subscribe()
    }

    /// The largest plug-in, in bytes.
    pub(crate) fn max_plugin_bytes(&self) -> usize {
        self.max_plugin_bytes
    }

    /// Removes bytes that the metadata does not name: what a crash left between storing and naming, or between forgetting
    /// and removing. The image must be complete.
    pub(crate) async fn tidy(&self, controller: &Controller) {
        let _alone = self.changing.lock().await;
        let keep = controller.image().plugins().map(|plugin| plugin.digest).collect();
        let store = Arc::clone(&self.store);
        match tokio::task::spawn_blocking(move || store.retain(&keep)).await {
            Ok(Ok(retained)) => {
                if retained.removed > 0 {
                    info!(files = retained.removed, "bytes of plug-ins that nothing names were removed");
                }
                for digest in retained.missing {
                    warn!(%digest, "the bytes of a plug-in are gone: push it again");
                }
            }
            Ok(Err(error)) => warn!(%error, "bytes of plug-ins that nothing names are not removed"),
            Err(failure) => warn!(%failure, "bytes of plug-ins that nothing names are not removed"),
        }
    }

    /// Takes a plug-in: checks, compiles, stores and names it. Gives whether it was there already.
    pub(crate) async fn add(
        &self,
        controller: &Controller,
        upload: Upload,
    ) -> Result<(Arc<PluginImage>, bool), LibraryError> {
        let Upload { plugin, wasm, digest: announced, signature, at } = upload;
        let wasm = Arc::new(wasm);
        let bytes = Arc::clone(&wasm);
        let digest = blocking(move || digest_of(&bytes)).await?;
        if let Some(announced) = announced.filter(|announced| *announced != digest) {
            return Err(LibraryError::Digest { announced, found: digest });
        }
        let signer = self.signatures.signer(&signature, digest, &plugin)?;
        refuse_other_bytes(&controller.image(), &plugin, digest)?;
        let artefact = self.compile(Arc::clone(&wasm)).await?;
        let new = NewPlugin {
            name: plugin.name.clone(),
            version: plugin.version.clone(),
            digest,
            size_bytes: wasm.len() as u64,
            kinds: artefact.kinds().iter().map(ToString::to_string).collect(),
            contract: artefact.contract().to_string(),
            uploaded_at: at,
            signer,
        };

        let _alone = self.changing.lock().await;
        let store = Arc::clone(&self.store);
        blocking(move || store.put(&wasm)).await??;
        let added = controller.add_plugin(new).await;
        if let Err(SubmitError::Refused(_)) = &added {
            self.remove_unless_named(controller, digest).await;
        }
        let is_new = added?;
        let image = controller.image();
        let image = image.plugin(&plugin.name, &plugin.version).cloned().ok_or(SubmitError::Unanswered)?;
        if !is_new {
            self.restored.send_modify(|times| *times += 1);
        }
        info!(%plugin, %digest, is_new, signer = image.signer, "a plug-in was pushed");
        Ok((image, !is_new))
    }

    /// Forgets a version that no topic binds, and its bytes if nothing else has them.
    pub(crate) async fn delete(
        &self,
        controller: &Controller,
        plugin: PluginReference,
    ) -> Result<(), LibraryError> {
        let _alone = self.changing.lock().await;
        let unneeded = controller.delete_plugin(plugin.clone()).await?;
        info!(%plugin, "a plug-in was deleted");
        if let Some(digest) = unneeded {
            self.remove_unless_named(controller, digest).await;
        }
        Ok(())
    }

    /// A plug-in's compiled code.
    pub(crate) async fn artefact(&self, digest: PluginDigest) -> Result<Arc<Artefact>, LibraryError> {
        let store = Arc::clone(&self.store);
        let wasm = blocking(move || store.get(digest)).await??;
        self.compile(Arc::new(wasm)).await
    }

    /// A plug-in's compiled code. Blocks.
    pub(crate) fn load(&self, digest: PluginDigest) -> Result<Arc<Artefact>, LibraryError> {
        let wasm = self.store.get(digest)?;
        self.host.compile(&wasm).map_err(LibraryError::Refused)
    }

    async fn compile(
        &self,
        wasm: Arc<impl AsRef<[u8]> + Send + Sync + 'static>,
    ) -> Result<Arc<Artefact>, LibraryError> {
        let host = Arc::clone(&self.host);
        blocking(move || host.compile((*wasm).as_ref())).await?.map_err(LibraryError::Refused)
    }

    async fn remove_unless_named(&self, controller: &Controller, digest: PluginDigest) {
        if controller.image().plugins().any(|plugin| plugin.digest == digest) {
            return;
        }
        let store = Arc::clone(&self.store);
        // What stays is removed by the next start.
        match blocking(move || store.remove(digest)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(%error, "the bytes of a deleted plug-in stay until the next start"),
            Err(error) => warn!(%error, "the bytes of a deleted plug-in stay until the next start"),
        }
    }
}

/// Before anything is compiled: the metadata would refuse it later.
fn refuse_other_bytes(
    image: &MetadataImage,
    plugin: &PluginReference,
    given: PluginDigest,
) -> Result<(), LibraryError> {
    match image.plugin(&plugin.name, &plugin.version).map(|known| known.digest) {
        Some(existing) if existing != given => {
            let plugin = plugin.clone();
            Err(SubmitError::from(Refusal::PluginExists { plugin, existing, given }).into())
        }
        _ => Ok(()),
    }
}

/// Runs what takes long on a thread for it.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, LibraryError> {
    tokio::task::spawn_blocking(work).await.map_err(|failure| LibraryError::Failed(failure.to_string()))
}
