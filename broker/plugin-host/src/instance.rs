//! One running instance of a plug-in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::{Store, Trap};

use crate::clock::CallClock;
use crate::contract::{CallError, Guest, Returned};
use crate::failure::{Cause, Failure};
use crate::guest_state::{GuestState, Journal};
use crate::host::{Host, Place};
use crate::{Artefact, Binding, Level, Wants};

/// An instance, after `init`.
pub(crate) struct Instance {
    store: Store<GuestState>,
    guest: Guest,
    calls: u64,
    last_used: Instant,
    _place: Place,
}

/// What a call gave, and how long the instance ran for it.
pub(crate) struct Called<T> {
    pub(crate) result: Result<T, Failure>,
    pub(crate) ran: Duration,
}

impl Instance {
    /// Starts one, for at most `allowed`, and calls `init`.
    pub(crate) fn start(
        host: &Arc<Host>,
        artefact: &Artefact,
        binding: &Binding,
        journal: &Arc<Journal>,
        allowed: Duration,
    ) -> Result<Instance, InitError> {
        let machine = host.machine().map_err(|error| InitError::failed(Cause::Init, &error.to_string()))?;
        let place = host.take_place().ok_or_else(|| {
            InitError::failed(Cause::NoRoom, "has no room: the host runs as many instances as it may")
        })?;
        let mut state = GuestState::new(binding.limits.clone(), Arc::clone(journal));
        state.begin(CallClock::start(allowed));
        let mut store = Store::new(&machine.engine, state);
        store.limiter(|state| state);
        store.epoch_deadline_callback(|mut store| Ok(store.data_mut().tick()));
        store.set_epoch_deadline(1);
        store.set_hostcall_fuel(binding.limits.output_bytes(0));
        let _ticking = machine.ticker.call();
        let guest = match artefact.prepared.start(&mut store, Some(binding.kind)) {
            Ok(guest) => guest,
            Err(error) => return Err(InitError::of(&store, CallError::Stopped(error))),
        };
        let parameters: Vec<(&str, &str)> =
            binding.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        match guest.init(&mut store, &binding.topic, &parameters) {
            Ok(wants) => store.data_mut().set_wants(wants),
            Err(error) => return Err(InitError::of(&store, error)),
        }
        Ok(Instance { store, guest, calls: 0, last_used: Instant::now(), _place: place })
    }

    /// Makes one call of at most `allowed`.
    pub(crate) fn call<T>(
        &mut self,
        host: &Host,
        allowed: Duration,
        call: impl FnOnce(&Guest, &mut Store<GuestState>) -> Result<T, CallError>,
    ) -> Called<T> {
        let _ticking = match host.machine() {
            Ok(machine) => machine.ticker.call(),
            Err(error) => {
                let failure = Failure::new(Cause::Init, error.to_string());
                return Called { result: Err(failure), ran: Duration::ZERO };
            }
        };
        self.store.data_mut().begin(CallClock::start(allowed));
        self.store.set_epoch_deadline(1);
        self.calls += 1;
        let result = call(&self.guest, &mut self.store).map_err(|error| failure(&self.store, error));
        self.last_used = Instant::now();
        Called { result, ran: self.store.data().clock().ran() }
    }

    /// What the plug-in wants to see.
    pub(crate) fn wants(&self) -> Wants {
        self.store.data().wants()
    }

    /// Whether it was ever called.
    pub(crate) const fn is_fresh(&self) -> bool {
        self.calls == 0
    }

    /// When it was last called, or started.
    pub(crate) const fn last_used(&self) -> Instant {
        self.last_used
    }

    /// Its linear memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.store.data().memory_bytes()
    }

    /// Whether it is better thrown away: it was called many times, or its memory is at 75 % of what it may have, which is what a leak
    /// comes to.
    pub(crate) fn is_worn(&self) -> bool {
        let limits = self.store.data().limits();
        self.calls >= limits.recycle_after_calls || self.memory_bytes() > limits.memory_bytes / 4 * 3
    }
}

/// Why an instance didn't start.
pub(crate) enum InitError {
    /// The plug-in refused its parameters, with this sentence.
    BadConfig(String),
    /// Anything else.
    Failed(Failure),
}

impl InitError {
    fn failed(cause: Cause, sentence: &str) -> InitError {
        InitError::Failed(Failure::new(cause, sentence))
    }

    fn of(store: &Store<GuestState>, error: CallError) -> InitError {
        if let CallError::Returned(Returned::BadConfig(sentence)) = error {
            return InitError::BadConfig(sentence);
        }
        let mut failure = failure(store, error);
        failure.sentence = format!("didn't start: it {}", failure.sentence);
        if failure.cause != Cause::Deadline {
            failure.cause = Cause::Init;
        }
        InitError::Failed(failure)
    }

    /// As the failure of a call.
    pub(crate) fn into_failure(self) -> Failure {
        match self {
            InitError::BadConfig(sentence) => {
                Failure::new(Cause::Init, format!("refuses its parameters: {sentence}"))
            }
            InitError::Failed(failure) => failure,
        }
    }
}

/// What an error means, given what happened while the call ran.
fn failure(store: &Store<GuestState>, error: CallError) -> Failure {
    let state = store.data();
    match error {
        CallError::Returned(returned) => {
            let instance_lives = !matches!(returned, Returned::Fatal(_));
            Failure { instance_lives, ..Failure::new(Cause::Error, returned.sentence()) }
        }
        CallError::Answer(answer) => Failure::bad_answer(&answer),
        CallError::WrongKind(kind) => Failure::new(Cause::BadInput, format!("is no {kind}")),
        CallError::Stopped(error) => {
            if matches!(error.downcast_ref::<Trap>(), Some(Trap::Interrupt)) {
                return Failure::deadline(state.clock().allowed());
            }
            state.write_log(Level::Error, format!("{error:?}"));
            if state.memory_refused() {
                let mib = state.limits().memory_bytes as f64 / f64::from(1 << 20);
                return Failure::new(Cause::Memory, format!("wanted more memory than its {mib} MiB"));
            }
            Failure::trap(&error)
        }
    }
}
