//! The host: compiles plug-ins and binds them.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Instant;

use parking_lot::Mutex;
use wasmtime::component::Component;

use crate::cache::{self, Cache};
use crate::contract::{Face, Prepared};
use crate::engine::Machine;
use crate::inspect::inspect;
use crate::{Artefact, BindError, Binding, Digest, Plugin, Refused};

/// Least memory that a binding can be given: one page of WebAssembly.
const LEAST_MEMORY_BYTES: usize = 64 * 1024;

/// How a host is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostOptions {
    /// Where compiled code is kept, in a directory for this alone that nobody else may read. `None`: every start compiles.
    pub cache_dir: Option<PathBuf>,
    /// The largest plug-in.
    pub max_binary_bytes: usize,
    /// Instances of all plug-ins together.
    pub max_instances: u32,
    /// The most memory that a binding can be given.
    pub max_memory_bytes: usize,
    /// Compiles with all cores; for a tool, not for a broker that serves.
    pub parallel_compilation: bool,
}

impl Default for HostOptions {
    fn default() -> HostOptions {
        HostOptions {
            cache_dir: None,
            max_binary_bytes: 10 << 20,
            max_instances: 1_000,
            max_memory_bytes: 256 << 20,
            parallel_compilation: false,
        }
    }
}

/// Why there is no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// An option that can't be.
    #[error("{what} must be between {least} and {most}, not {value}")]
    Option {
        /// Which.
        what: &'static str,
        /// What was asked for.
        value: u64,
        /// The least that can be.
        least: u64,
        /// The most that can be.
        most: u64,
    },
}

/// Compiles plug-ins and binds them to topics. It makes its engine when the first plug-in comes, so that a broker without plug-ins pays
/// nothing.
pub struct Host {
    options: HostOptions,
    machine: OnceLock<Machine>,
    cache: OnceLock<Option<Cache>>,
    compiled: Mutex<HashMap<Digest, Weak<Artefact>>>,
    /// Held while compiling: one at a time, so that uploads take one core and the memory of one compile.
    compiling: Mutex<()>,
    live_instances: AtomicU32,
}

impl Host {
    /// A host without plug-ins.
    pub fn new(options: HostOptions) -> Result<Arc<Host>, HostError> {
        let bounded = |what, value: u64, least: u64, most: u64| {
            let error = HostError::Option { what, value, least, most };
            if (least..=most).contains(&value) { Ok(()) } else { Err(error) }
        };
        bounded("max_instances", u64::from(options.max_instances), 1, 10_000)?;
        bounded("max_binary_bytes", options.max_binary_bytes as u64, 1, 1 << 30)?;
        let memory = options.max_memory_bytes as u64;
        bounded("max_memory_bytes", memory, LEAST_MEMORY_BYTES as u64, 4 << 30)?;
        Ok(Arc::new(Host {
            options,
            machine: OnceLock::new(),
            cache: OnceLock::new(),
            compiled: Mutex::new(HashMap::new()),
            compiling: Mutex::new(()),
            live_instances: AtomicU32::new(0),
        }))
    }

    /// Checks and compiles a plug-in, or takes it from the cache. Takes milliseconds from the disk and up to seconds without: not for a
    /// thread that serves.
    pub fn compile(self: &Arc<Self>, wasm: &[u8]) -> Result<Arc<Artefact>, Refused> {
        let limit = self.options.max_binary_bytes;
        if wasm.len() > limit {
            return Err(Refused::TooLarge { bytes: wasm.len(), limit });
        }
        let began = Instant::now();
        let digest = Digest::of(wasm);
        if let Some(artefact) = self.in_memory(digest) {
            return Ok(artefact);
        }
        let _one_at_a_time = self.compiling.lock();
        if let Some(artefact) = self.in_memory(digest) {
            return Ok(artefact);
        }
        inspect(wasm)?;
        let machine = self.machine()?;
        let (component, from_cache) = self.component(machine, digest, wasm)?;
        let face = Face::of(&machine.engine, &component)?;
        let prepared = Prepared::new(&machine.linker, &component, &face)?;
        let artefact = Arc::new(Artefact {
            digest,
            size_bytes: wasm.len(),
            face,
            compile_time: began.elapsed(),
            from_cache,
            prepared,
        });
        let mut compiled = self.compiled.lock();
        compiled.retain(|_, artefact| artefact.strong_count() > 0);
        compiled.insert(digest, Arc::downgrade(&artefact));
        Ok(artefact)
    }

    /// Binds a plug-in to a topic: checks that it is of the kind, and starts a first instance, whose `init` can refuse the parameters.
    pub fn bind(self: &Arc<Self>, artefact: &Arc<Artefact>, binding: Binding) -> Result<Plugin, BindError> {
        if !artefact.kinds().contains(&binding.kind) {
            let kinds: Vec<&str> = artefact.kinds().iter().map(|kind| kind.name()).collect();
            let kinds = kinds.join(", ");
            return Err(BindError::WrongKind { plugin: binding.label(), kind: binding.kind, kinds });
        }
        let limit = |what, value: u64, least: u64, most: u64| {
            let error = BindError::Limit { plugin: binding.label(), what, value, least, most };
            if (least..=most).contains(&value) { Ok(()) } else { Err(error) }
        };
        let memory = binding.limits.memory_bytes as u64;
        limit("memory_bytes", memory, LEAST_MEMORY_BYTES as u64, self.options.max_memory_bytes as u64)?;
        limit("deadline in ms", binding.limits.deadline.as_millis() as u64, 1, 60_000)?;
        limit("init deadline in ms", binding.limits.init_deadline.as_millis() as u64, 1, 600_000)?;
        Plugin::start(Arc::clone(self), Arc::clone(artefact), binding)
    }

    /// Instances that exist now, of all plug-ins.
    pub fn live_instances(&self) -> u32 {
        self.live_instances.load(Relaxed)
    }

    /// The engine; made at the first call.
    pub(crate) fn machine(&self) -> Result<&Machine, Refused> {
        if let Some(machine) = self.machine.get() {
            return Ok(machine);
        }
        let machine = Machine::new(&self.options)
            .map_err(|error| Refused::NoEngine { detail: format!("{error:#}") })?;
        Ok(self.machine.get_or_init(|| machine))
    }

    /// Takes a place among the instances, if there is one.
    pub(crate) fn take_place(self: &Arc<Self>) -> Option<Place> {
        let most = self.options.max_instances;
        let more = |live| (live < most).then_some(live + 1);
        self.live_instances.fetch_update(Relaxed, Relaxed, more).ok().map(|_| Place(Arc::clone(self)))
    }

    /// Whether so many instances exist that idle ones are better given up.
    pub(crate) fn is_crowded(&self) -> bool {
        self.live_instances() > self.options.max_instances / 4 * 3
    }

    fn in_memory(&self, digest: Digest) -> Option<Arc<Artefact>> {
        self.compiled.lock().get(&digest).and_then(Weak::upgrade)
    }

    fn component(
        &self,
        machine: &Machine,
        digest: Digest,
        wasm: &[u8],
    ) -> Result<(Component, bool), Refused> {
        let open = || self.options.cache_dir.as_ref().and_then(|root| Cache::open(root, &machine.engine));
        let cache = self.cache.get_or_init(open).as_ref();
        if let Some(component) = cache.and_then(|cache| cache.load(&machine.engine, digest)) {
            return Ok((component, true));
        }
        // A compiler that panics on a strange plug-in refuses it, and nothing more.
        let code = catch_unwind(AssertUnwindSafe(|| machine.engine.precompile_component(wasm)))
            .map_err(|_| Refused::Compile { detail: "the compiler gave up".to_owned() })?
            .map_err(|error| Refused::Invalid { detail: format!("{error:#}") })?;
        if let Some(cache) = cache {
            cache.store(digest, &code);
        }
        let component = cache::just_compiled(&machine.engine, &code).ok_or_else(|| Refused::Compile {
            detail: "its code is more than the host can hold".to_owned(),
        })?;
        Ok((component, false))
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("options", &self.options).finish_non_exhaustive()
    }
}

/// A place among the instances of a host, given back when dropped.
pub(crate) struct Place(Arc<Host>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.live_instances.fetch_sub(1, Relaxed);
    }
}
