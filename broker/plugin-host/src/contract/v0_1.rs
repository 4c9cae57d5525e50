//! Contract 0.1.

use wasmtime::component::{Component, HasSelf, InstancePre, Linker};
use wasmtime::{AsContextMut, Store};

use super::{CallError, Face, Returned};
use crate::answers::{self, Action, RawEdit, Rewrite};
use crate::guest_state::GuestState;
use crate::input::{self, Input, Part};
use crate::{Assignment, Kind, Level, Op, Refused, Span, Wants};

use bindings::exports::klamm::plugin::{
    filter_api, lifecycle, partitioner_api, serializer_api, transform_api,
};
use bindings::klamm::plugin::{host, types};

/// Generated from `plugins/wit`: one world with everything, of which a guest has a part.
#[allow(missing_docs, clippy::pedantic)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../plugins/wit",
        inline: "
            package klamm:plugin-host;
            world every-kind {
                import klamm:plugin/host@0.1.0;
                export klamm:plugin/lifecycle@0.1.0;
                export klamm:plugin/partitioner-api@0.1.0;
                export klamm:plugin/filter-api@0.1.0;
                export klamm:plugin/serializer-api@0.1.0;
                export klamm:plugin/transform-api@0.1.0;
            }
        ",
        ownership: Borrowing { duplicate_if_necessary: false },
    });
}

/// Grants `host`.
pub(super) fn add_host(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    host::add_to_linker::<GuestState, HasSelf<GuestState>>(linker, |state| state)
}

impl host::Host for GuestState {
    fn log(&mut self, level: host::Level, message: String) {
        let level = match level {
            host::Level::Debug => Level::Debug,
            host::Level::Info => Level::Info,
            host::Level::Warn => Level::Warn,
            host::Level::Error => Level::Error,
        };
        self.write_log(level, message);
    }

    fn counter_add(&mut self, name: String, value: u64) {
        self.count(&name, value);
    }
}

/// A component whose imports are linked and whose exports are found.
pub(crate) struct Prepared {
    instance: InstancePre<GuestState>,
    lifecycle: lifecycle::GuestIndices,
    partitioner: Option<partitioner_api::GuestIndices>,
    filter: Option<filter_api::GuestIndices>,
    serializer: Option<serializer_api::GuestIndices>,
    transform: Option<transform_api::GuestIndices>,
}

impl Prepared {
    /// Links `component` and finds the functions of the kinds that it exports.
    pub(crate) fn new(
        linker: &Linker<GuestState>,
        component: &Component,
        face: &Face,
    ) -> Result<Prepared, Refused> {
        let shape = |error: wasmtime::Error| Refused::Shape { detail: format!("{error:#}") };
        let instance = linker.instantiate_pre(component).map_err(shape)?;
        let has = |kind| face.kinds.contains(&kind);
        Ok(Prepared {
            lifecycle: lifecycle::GuestIndices::new(&instance).map_err(shape)?,
            partitioner: has(Kind::Partitioner)
                .then(|| partitioner_api::GuestIndices::new(&instance))
                .transpose()
                .map_err(shape)?,
            filter: has(Kind::Filter)
                .then(|| filter_api::GuestIndices::new(&instance))
                .transpose()
                .map_err(shape)?,
            serializer: has(Kind::Serializer)
                .then(|| serializer_api::GuestIndices::new(&instance))
                .transpose()
                .map_err(shape)?,
            transform: has(Kind::Transform)
                .then(|| transform_api::GuestIndices::new(&instance))
                .transpose()
                .map_err(shape)?,
            instance,
        })
    }

    /// Instantiates it and checks the types of the functions that it exports: of all kinds, or of one.
    pub(crate) fn start(&self, store: &mut Store<GuestState>, kind: Option<Kind>) -> wasmtime::Result<Guest> {
        let instance = self.instance.instantiate(&mut *store)?;
        let wanted = |it: Kind| kind.is_none_or(|kind| kind == it);
        let mut guest = Guest {
            lifecycle: self.lifecycle.load(&mut *store, &instance)?,
            partitioner: None,
            filter: None,
            serializer: None,
        };
        if let Some(indices) = self.partitioner.as_ref().filter(|_| wanted(Kind::Partitioner)) {
            guest.partitioner = Some(indices.load(&mut *store, &instance)?);
        }
        if let Some(indices) = self.filter.as_ref().filter(|_| wanted(Kind::Filter)) {
            guest.filter = Some(indices.load(&mut *store, &instance)?);
        }
        if let Some(indices) = self.serializer.as_ref().filter(|_| wanted(Kind::Serializer)) {
            guest.serializer = Some(indices.load(&mut *store, &instance)?);
        }
        if let Some(indices) = self.transform.as_ref().filter(|_| wanted(Kind::Transform)) {
            indices.load(&mut *store, &instance)?;
        }
        Ok(guest)
    }
}

/// The functions of one instance.
pub(crate) struct Guest {
    lifecycle: lifecycle::Guest,
    partitioner: Option<partitioner_api::Guest>,
    filter: Option<filter_api::Guest>,
    serializer: Option<serializer_api::Guest>,
}

impl Guest {
    /// Calls `init`. `parameters` are sorted by name.
    pub(crate) fn init(
        &self,
        store: &mut Store<GuestState>,
        topic: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Wants, CallError> {
        let config = lifecycle::Config { topic, parameters };
        let info = self.lifecycle.call_init(store.as_context_mut(), config)?.map_err(returned)?;
        Ok(Wants { keys: info.wants_keys, values: info.wants_values, headers: info.wants_headers })
    }

    /// Calls `check` and checks what it says.
    pub(crate) fn check(
        &self,
        store: &mut Store<GuestState>,
        part: &Part<'_>,
    ) -> Result<Vec<(Action, Option<String>)>, CallError> {
        let filter = self.filter.as_ref().ok_or(CallError::WrongKind(Kind::Filter))?;
        let input = Selected::new(store, part);
        let said = filter.call_check(store.as_context_mut(), input.batch(part))?.map_err(returned)?;
        let actions = said.actions.into_iter().map(|action| match action {
            filter_api::Action::Accept => Action::Accept,
            filter_api::Action::Drop => Action::Drop,
            filter_api::Action::Reject => Action::Reject,
            filter_api::Action::DeadLetter => Action::DeadLetter,
        });
        Ok(answers::actions(part.records(), actions, notes(said.notes))?)
    }

    /// Calls `assign` and checks what it says.
    pub(crate) fn assign(
        &self,
        store: &mut Store<GuestState>,
        part: &Part<'_>,
        partitions: u32,
    ) -> Result<Vec<Assignment>, CallError> {
        let partitioner = self.partitioner.as_ref().ok_or(CallError::WrongKind(Kind::Partitioner))?;
        let input = Selected::new(store, part);
        let chosen = partitioner
            .call_assign(store.as_context_mut(), input.batch(part), partitions)?
            .map_err(returned)?;
        Ok(answers::assignments(part.records(), partitions, &chosen)?)
    }

    /// Calls `run` and checks what it says.
    pub(crate) fn run(
        &self,
        store: &mut Store<GuestState>,
        part: &Part<'_>,
        op: Op,
    ) -> Result<(Vec<u8>, Vec<Rewrite>), CallError> {
        let serializer = self.serializer.as_ref().ok_or(CallError::WrongKind(Kind::Serializer))?;
        let input = Selected::new(store, part);
        let op = match op {
            Op::Encode => serializer_api::Op::Encode,
            Op::Decode => serializer_api::Op::Decode,
            Op::Convert => serializer_api::Op::Convert,
        };
        let said = serializer.call_run(store.as_context_mut(), op, input.batch(part))?.map_err(returned)?;
        let changes = said
            .changes
            .into_iter()
            .map(|change| (edit(change.key, change.key_bytes), edit(change.value, change.value_bytes)));
        let limit = store.data().limits().output_bytes(input.0.blob.len());
        let rewrites = answers::rewrites(part.records(), limit, said.blob.len(), changes, notes(said.notes))?;
        Ok((said.blob, rewrites))
    }
}

/// What a part of a batch looks like to a guest.
struct Selected<'a>(Input<'a, types::Rec, types::Header>);

impl<'a> Selected<'a> {
    /// Selects what the plug-in asked for, and sets how many bytes may come back. The answer has fixed parts for each record beside its
    /// bytes, which have room of their own.
    fn new(store: &mut Store<GuestState>, part: &Part<'a>) -> Self {
        const FIXED_BYTES_A_RECORD: usize = 64;
        let input = input::select(part, store.data().wants());
        let bytes = store.data().limits().output_bytes(input.blob.len());
        store.set_hostcall_fuel(bytes.saturating_add(part.records() * FIXED_BYTES_A_RECORD));
        Selected(input)
    }

    fn batch<'b>(&'b self, part: &Part<'b>) -> types::Batch<'b> {
        types::Batch {
            topic: part.batch.topic,
            partition: part.batch.partition,
            blob: &self.0.blob,
            records: &self.0.records,
            headers: &self.0.headers,
        }
    }
}

fn notes(notes: Vec<types::Note>) -> impl Iterator<Item = (u32, String)> {
    notes.into_iter().map(|note| (note.rec, note.reason))
}

fn edit(edit: serializer_api::Edit, bytes: types::Span) -> RawEdit {
    match edit {
        serializer_api::Edit::Keep => RawEdit::Keep,
        serializer_api::Edit::Set => RawEdit::Set(Span { off: bytes.off, len: bytes.len }),
        serializer_api::Edit::Clear => RawEdit::Clear,
    }
}

fn returned(error: types::PluginError) -> CallError {
    CallError::Returned(match error {
        types::PluginError::BadConfig(text) => Returned::BadConfig(text),
        types::PluginError::BadRecord(text) => Returned::BadRecord(text),
        types::PluginError::Retriable(text) => Returned::Retriable(text),
        types::PluginError::Fatal(text) => Returned::Fatal(text),
    })
}

impl From<Span> for types::Span {
    fn from(span: Span) -> Self {
        types::Span { off: span.off, len: span.len }
    }
}

impl From<crate::Record> for types::Rec {
    fn from(record: crate::Record) -> Self {
        types::Rec {
            offset_delta: record.offset_delta,
            timestamp: record.timestamp,
            key: record.key.into(),
            value: record.value.into(),
        }
    }
}

impl From<crate::Header> for types::Header {
    fn from(header: crate::Header) -> Self {
        types::Header { rec: header.rec, key: header.key.into(), value: header.value.into() }
    }
}
