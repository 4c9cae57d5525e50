//! Plug-ins loaded, as topics bind them.
//!
//! ```text
//!   topic's settings -> name@version -> image: digest -> blob store: wasm -> host: compiled code -> bound -> chain
//! ```

use std::sync::Arc;
use std::time::Instant;

use klamm_controller::{MetadataImage, TopicImage};
use klamm_model::{BindingSpec, PluginRole};
use parking_lot::Mutex;
use tokio::sync::watch;
use tracing::{error, info};

use super::binding;
use super::bound::Bound;
use super::chain::Chain;
use super::library::{Library, LibraryError};
use super::offload::Offload;
use super::turns::Turns;

/// What plug-ins stand on: their bytes, the engine that runs them, threads for slow ones.
#[derive(Debug)]
pub(crate) struct Plugins {
    library: Arc<Library>,
    offload: Offload,
    /// Whether bytes of plug-ins came again since plug-ins that can't run were tried the last time.
    restored: Mutex<watch::Receiver<u64>>,
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
    /// Its bytes, or its code.
    #[error(transparent)]
    Library(#[from] LibraryError),
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

    /// Whether anything is bound, be it that it can't run.
    pub(crate) fn has_any(&self) -> bool {
        !matches!(self.chain, Loaded::Nothing)
    }

    /// Whether something that is bound can't run.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(self.chain, Loaded::Broken(_))
    }

    /// What is bound and runs.
    pub(crate) fn bound(&self) -> impl Iterator<Item = &Arc<Bound>> {
        self.chain().ok().flatten().into_iter().flat_map(|chain| chain.all())
    }
}

impl Plugins {
    /// No plug-in yet.
    pub(crate) fn new(library: Arc<Library>) -> Plugins {
        let restored = Mutex::new(library.restored());
        Plugins { library, offload: Offload::new(), restored }
    }

    /// Whether plug-ins that could not run are worth another try; once for each time that bytes came again.
    pub(crate) fn take_restored(&self) -> bool {
        let mut restored = self.restored.lock();
        let came = restored.has_changed().unwrap_or(false);
        restored.mark_unchanged();
        came
    }

    /// Threads for slow plug-ins.
    pub(crate) fn offload(&self) -> &Offload {
        &self.offload
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
            Err(failed) => {
                let (spec, failed) = *failed;
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

type Failed = Box<(BindingSpec, LoadError)>;

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
        let same = |bound: &&Arc<Bound>| bound.role == role && bound.spec == spec;
        if let Some(bound) = self.before.and_then(|before| before.bound().find(same)) {
            return Ok(Arc::clone(bound));
        }
        self.bind(role, &spec).map(Arc::new).map_err(|failed| Box::new((spec, failed)))
    }

    fn bind(&self, role: PluginRole, spec: &BindingSpec) -> Result<Bound, LoadError> {
        let plugin = self.image.plugin(&spec.name, &spec.version);
        let plugin = plugin.ok_or_else(|| LoadError::Unknown(spec.reference()))?;
        let library = &self.plugins.library;
        let artefact = library.load(plugin.digest)?;
        let bound = library.host().bind(&artefact, binding::of(&self.topic.name, role, spec))?;
        info!(topic = %self.topic.name, plugin = %spec.reference(), %role, "plug-in is bound");
        let took_over = self.before.map(|_| Instant::now());
        Ok(Bound::new(self.topic.name.clone(), role, spec.clone(), bound, took_over))
    }
}
