//! The exported functions' bodies.

#![expect(unsafe_code, reason = "the canonical ABI passes addresses")]

use std::panic::PanicHookInfo;

use super::arguments::{OwnedBatch, RawBatch, RawPair, parameters};
use super::memory::Cell;
use super::results::Results;
use crate::batch::Batch;
use crate::failure::Failure;
use crate::filter::{self, Filter};
use crate::host::{self, Level};
use crate::parameters::{BadParameter, Parameters};
use crate::partitioner::{self, Partitioner};
use crate::plugin::Wants;
use crate::serializer::{self, Operation, Serializer};
use crate::transform::{self, Transform};

static RESULTS: Cell<Results> = Cell::new(Results::new());

/// A component's plug-ins, from `init` on.
pub type Exported<P> = Cell<Option<P>>;

const NOT_STARTED: &str = "init was not called, or failed";

/// `lifecycle.init`.
///
/// # Safety
/// The addresses must come from the host, for this call; so for all functions here.
pub unsafe fn init<P>(
    exported: &Exported<P>,
    topic: (*mut u8, usize),
    pairs: (*mut RawPair, usize),
    start: impl FnOnce(&Parameters) -> Result<(P, Wants), BadParameter>,
) -> *const u32 {
    std::panic::set_hook(Box::new(tell_of_panic));
    // SAFETY: the caller's promise; a call doesn't start another.
    let (parameters, exported, results) =
        unsafe { (parameters(topic, pairs), exported.get(), RESULTS.get()) };
    let started = start(&parameters).and_then(|started| parameters.refuse_unknown().map(|()| started));
    match started {
        Ok((plugins, wants)) => {
            *exported = Some(plugins);
            results.wants(wants)
        }
        Err(bad) => results.bad_config(bad.to_string()),
    }
}

/// The log says where and why, before the panic becomes a trap.
fn tell_of_panic(panic: &PanicHookInfo<'_>) {
    host::log(Level::Error, &panic.to_string());
}

/// `filter-api.check`.
///
/// # Safety
/// See [`init`].
pub unsafe fn check<P, F: Filter>(
    exported: &Exported<P>,
    batch: RawBatch,
    of: impl FnOnce(&mut P) -> &mut F,
) -> *const u32 {
    let work = |plugins: &mut P, batch: &Batch<'_>, results: &mut Results| {
        filter::check(of(plugins), batch, &mut results.verdicts)
    };
    // SAFETY: the caller's promise.
    unsafe { answer(exported, batch, work, Results::of_filter) }
}

/// `partitioner-api.assign`.
///
/// # Safety
/// See [`init`].
pub unsafe fn assign<P, C: Partitioner>(
    exported: &Exported<P>,
    batch: RawBatch,
    partitions: u32,
    of: impl FnOnce(&mut P) -> &mut C,
) -> *const u32 {
    let work = |plugins: &mut P, batch: &Batch<'_>, results: &mut Results| {
        partitioner::assign(of(plugins), batch, partitions, &mut results.assigned)
    };
    // SAFETY: the caller's promise.
    unsafe { answer(exported, batch, work, Results::of_partitioner) }
}

/// `serializer-api.run`.
///
/// # Safety
/// See [`init`].
pub unsafe fn run<P, S: Serializer>(
    exported: &Exported<P>,
    operation: u32,
    batch: RawBatch,
    of: impl FnOnce(&mut P) -> &mut S,
) -> *const u32 {
    let work = |plugins: &mut P, batch: &Batch<'_>, results: &mut Results| {
        let operation = Operation::at(operation).ok_or("no such operation")?;
        serializer::run(of(plugins), operation, batch, &mut results.changes)
    };
    // SAFETY: the caller's promise.
    unsafe { answer(exported, batch, work, Results::of_serializer) }
}

/// `transform-api.apply`.
///
/// # Safety
/// See [`init`].
pub unsafe fn apply<P, T: Transform>(
    exported: &Exported<P>,
    batch: RawBatch,
    of: impl FnOnce(&mut P) -> &mut T,
) -> *const u32 {
    let work = |plugins: &mut P, batch: &Batch<'_>, results: &mut Results| {
        transform::apply(of(plugins), batch, &mut results.output)
    };
    // SAFETY: the caller's promise.
    unsafe { answer(exported, batch, work, Results::of_transform) }
}

/// Has `work` done, and `lower` its results.
unsafe fn answer<P>(
    exported: &Exported<P>,
    batch: RawBatch,
    work: impl FnOnce(&mut P, &Batch<'_>, &mut Results) -> Result<(), Failure>,
    lower: impl FnOnce(&mut Results) -> *const u32,
) -> *const u32 {
    // SAFETY: the caller's promise; a call doesn't start another.
    let (batch, exported, results) = unsafe { (OwnedBatch::of_host(batch), exported.get(), RESULTS.get()) };
    results.shrink();
    let Some(plugins) = exported else {
        return results.failure(Failure::Fatal(NOT_STARTED.into()));
    };
    match work(plugins, &batch.view(), results) {
        Ok(()) => lower(results),
        Err(failure) => results.failure(failure),
    }
}
