//! Plug-ins loaded, as topics bind them.
//!
//! ```text
//!   topic's settings -> name@version -> image: digest -> blob store: wasm -> host: compiled code -> bound -> chain
//! ```

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use klamm_controller::{MetadataImage, TopicImage};
use klamm_model::{BindingSpec, OnPluginFailure, PluginRole};
use klamm_plugin_host::{Binding, Host, HostError, HostOptions, Kind, Limits, OnFailure};
use parking_lot::Mutex;
use tracing::{error, info};

use super::bound::Bound;
use super::chain::Chain;
use super::decision::Culprit;
use super::offload::Offload;
use super::store::{BlobError, BlobStore};
use super::turns::Turns;

/// What plug-ins stand on: their bytes, the engine that runs them, threads for slow ones.
#[derive(Debug)]
pub(crate) struct Plugins {
    store: Arc<BlobStore>,
    cache_dir: PathBuf,
    /// Made for the first plug-in: a broker without any has no engine.
    host: Mutex<Option<Arc<Host>>>,
    offload: Offload,
}

/// The plug-ins of one topic. A topic that has had some keeps this, so that its batches stay in their order when the last is unbound.
#[derive(Debug)]
pub(crate) struct TopicPlugins {
    /// Who may go on in each partition.
    pub(crate) turns: Turns,
    chain: Loaded,
}

#[derive(Debug)]
enum Loaded {
    /// Nothing is bound any more.
    Nothing,
    Chain(Arc<Chain>),
    /// Something that is bound can't run. Nothing may pass it by.
    Broken(String),
}

/// Why a bound plug-in can't run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// The metadata has no such version.
    #[error("{0} is bound and has not been pushed: push it, or unbind it")]
    Unknown(klamm_model::PluginReference),
    /// Its bytes.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The engine.
    #[error(transparent)]
    Host(#[from] HostError),
    /// It is no plug-in.
    #[error(transparent)]
    Refused(#[from] klamm_plugin_host::Refused),
    /// It does not start with these parameters.
    #[error(transparent)]
    Bind(#[from] klamm_plugin_host::BindError),
}

impl TopicPlugins {
    /// The plug-ins that a batch is to pass; none if nothing is bound.
    ///
    /// # Errors
    /// If one of them can't run: a sentence that says why.
    pub(crate) fn chain(&self) -> Result<Option<&Arc<Chain>>, &str> {
        match &self.chain {
            Loaded::Nothing => Ok(None),
            Loaded::Chain(chain) => Ok(Some(chain)),
            Loaded::Broken(why) => Err(why),
        }
    }

    /// What is bound and runs.
    pub(crate) fn bound(&self) -> impl Iterator<Item = &Arc<Bound>> {
        self.chain().ok().flatten().into_iter().flat_map(|chain| chain.all())
    }
}

impl Plugins {
    /// No plug-in yet. Compiled code is kept in `cache_dir`.
    pub(crate) fn new(store: Arc<BlobStore>, cache_dir: PathBuf) -> Plugins {
        Plugins { store, cache_dir, host: Mutex::default(), offload: Offload::new() }
    }

    /// The bytes of plug-ins.
    pub(crate) fn store(&self) -> &Arc<BlobStore> {
        &self.store
    }

    /// Threads for slow plug-ins.
    pub(crate) fn offload(&self) -> &Offload {
        &self.offload
    }

    /// The engine; made when it is first needed.
    pub(crate) fn host(&self) -> Result<Arc<Host>, HostError> {
        let mut host = self.host.lock();
        if let Some(host) = &*host {
            return Ok(Arc::clone(host));
        }
        let options = HostOptions { cache_dir: Some(self.cache_dir.clone()), ..HostOptions::default() };
        let made = Host::new(options)?;
        Ok(Arc::clone(host.insert(made)))
    }

    /// Loads what `topic` binds; `None` for a topic that has never had a plug-in. What was bound the same way `before` goes on. Blocks.
    pub(crate) fn of_topic(
        &self,
        image: &MetadataImage,
        topic: &TopicImage,
        before: Option<&TopicPlugins>,
    ) -> Option<TopicPlugins> {
        let bound = PluginRole::ALL.iter().any(|role| !topic.bindings(*role).is_empty());
        if !bound && before.is_none() {
            return None;
        }
        let turns = Turns::following(before.map(|before| &before.turns), topic.partitions.len());
        let chain = if bound { self.load(image, topic, before) } else { Loaded::Nothing };
        Some(TopicPlugins { turns, chain })
    }

    fn load(&self, image: &MetadataImage, topic: &TopicImage, before: Option<&TopicPlugins>) -> Loaded {
        let loading = Loading { plugins: self, image, topic, before };
        match loading.chain() {
            Ok(chain) => Loaded::Chain(Arc::new(chain)),
            Err((spec, failed)) => {
                let why = format!("plug-in {} of {} can't run: {failed}", spec.reference(), topic.name);
                error!("{why}; nothing can be written to the topic until that is mended");
                Loaded::Broken(why)
            }
        }
    }
}

struct Loading<'a> {
    plugins: &'a Plugins,
    image: &'a MetadataImage,
    topic: &'a TopicImage,
    before: Option<&'a TopicPlugins>,
}

type Failed = (BindingSpec, LoadError);

impl Loading<'_> {
    fn chain(&self) -> Result<Chain, Failed> {
        let all = |role| -> Result<Vec<Arc<Bound>>, Failed> {
            self.topic.bindings(role).into_iter().map(|spec| self.bound(role, spec)).collect()
        };
        let filters = all(PluginRole::Filter)?;
        let serializer = all(PluginRole::Serializer)?.pop();
        let partitioner = all(PluginRole::Partitioner)?.pop();
        Ok(Chain::new(filters, serializer, partitioner))
    }

    fn bound(&self, role: PluginRole, spec: BindingSpec) -> Result<Arc<Bound>, Failed> {
        let kind = kind_of(role);
        let same = |bound: &&Arc<Bound>| bound.kind == kind && bound.spec == spec;
        if let Some(bound) = self.before.and_then(|before| before.bound().find(same)) {
            return Ok(Arc::clone(bound));
        }
        self.bind(kind, &spec).map(Arc::new).map_err(|failed| (spec, failed))
    }

    fn bind(&self, kind: Kind, spec: &BindingSpec) -> Result<Bound, LoadError> {
        let plugin = self.image.plugin(&spec.name, &spec.version);
        let plugin = plugin.ok_or_else(|| LoadError::Unknown(spec.reference()))?;
        let wasm = self.plugins.store.get(plugin.digest)?;
        let host = self.plugins.host()?;
        let artefact = host.compile(&wasm)?;
        let bound = host.bind(&artefact, binding(kind, spec, self.topic.name.as_str()))?;
        info!(topic = %self.topic.name, plugin = %spec.reference(), %kind, "plug-in is bound");
        Ok(Bound {
            topic: self.topic.name.to_string(),
            kind,
            spec: spec.clone(),
            culprit: Arc::new(Culprit {
                name: spec.name.to_string(),
                version: spec.version.to_string(),
                digest: plugin.digest.to_string(),
            }),
            plugin: bound,
            shadow: spec.shadow,
        })
    }
}

/// A binding as the host wants it.
pub(crate) fn binding(kind: Kind, spec: &BindingSpec, topic: &str) -> Binding {
    let usual = Limits::for_kind(kind);
    let deadline = spec.deadline_ms.map_or(usual.deadline, |ms| Duration::from_millis(u64::from(ms)));
    let memory_bytes = spec.memory_mib.map_or(usual.memory_bytes, |mib| (mib as usize) << 20);
    let on_failure = spec.on_failure.map_or(OnFailure::default_for(kind), |choice| match choice {
        OnPluginFailure::DeadLetter => OnFailure::DeadLetter,
        OnPluginFailure::Reject => OnFailure::Reject,
        OnPluginFailure::Pass => OnFailure::Pass,
    });
    Binding {
        parameters: spec.parameters.clone(),
        on_failure,
        limits: Limits { deadline, memory_bytes, ..usual },
        shadow: spec.shadow,
        ..Binding::new(kind, spec.name.as_str(), spec.version.as_str(), topic)
    }
}

/// What a plug-in must be to be bound in a role.
pub(crate) fn kind_of(role: PluginRole) -> Kind {
    match role {
        PluginRole::Filter => Kind::Filter,
        PluginRole::Serializer => Kind::Serializer,
        PluginRole::Partitioner => Kind::Partitioner,
    }
}
