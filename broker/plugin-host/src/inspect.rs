//! Bounds what compiling and starting a component can cost, before anything is compiled.
//!
//! A component can be a bomb: components that instantiate components are written out by the compiler, so that a few hundred bytes become
//! billions of instances. Here everything is counted, as often as it would be written out. Components that are passed around as values
//! would escape the counting; no toolchain makes them, and they are refused.

use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentTypeRef, Encoding, Parser, Payload,
};

use crate::Refused;

/// Components and modules within one another.
const MAX_DEPTH: u64 = 16;
/// Modules in the file; components made from Python have about forty.
const MAX_MODULES: u64 = 64;
/// Functions that the file defines; the largest JavaScript engine has some 20,000.
const MAX_FUNCTIONS: u64 = 100_000;
/// One function's code: compiling takes more than linear time and memory of it.
const MAX_FUNCTION_BYTES: u64 = 512 * 1024;
/// Items of the component model (instances, aliases, canonical functions, imports, exports), as often as they are written out.
const MAX_ITEMS: u64 = 20_000;
/// Items of the sections of modules that the host keeps for each module (imports, exports, globals, tables, memories).
const MAX_MODULE_ITEMS: u64 = 100_000;
/// Types of modules and of the component.
const MAX_TYPES: u64 = 50_000;
/// Segments of data and of elements.
const MAX_SEGMENTS: u64 = 100_000;

/// What WebAssembly starts with.
const MAGIC: &[u8] = b"\0asm";

/// Counts, and refuses what is too much. That the component is valid is left to the compiler.
pub(crate) fn inspect(wasm: &[u8]) -> Result<(), Refused> {
    // The parser would say so in a dozen lines of bytes.
    if wasm.len() >= MAGIC.len() && !wasm.starts_with(MAGIC) {
        return Err(Refused::Invalid { detail: "it doesn't start as WebAssembly does".to_owned() });
    }
    let mut census = Census::default();
    for payload in Parser::new(0).parse_all(wasm) {
        census.take(payload.map_err(invalid)?)?;
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn invalid(error: wasmparser::BinaryReaderError) -> Refused {
    Refused::Invalid { detail: error.to_string() }
}

fn at_most(what: &'static str, count: u64, limit: u64) -> Result<(), Refused> {
    if count <= limit { Ok(()) } else { Err(Refused::Excess { what, count, limit }) }
}

/// A component or module that is being read.
#[derive(Default)]
struct Frame {
    items: u64,
    instantiations: u64,
}

#[derive(Default)]
struct Census {
    open: Vec<Frame>,
    /// Items of the largest component that was read, with everything in it written out. A component can only instantiate one that came
    /// before, so that this bounds what an instantiation adds.
    largest: u64,
    modules: u64,
    functions: u64,
    module_items: u64,
    types: u64,
    segments: u64,
}

impl Census {
    fn take(&mut self, payload: Payload<'_>) -> Result<(), Refused> {
        match payload {
            Payload::Version { encoding, .. } => self.enter(encoding),
            Payload::End(_) => self.leave(),
            Payload::ModuleSection { .. } => {
                self.modules += 1;
                at_most("modules", self.modules, MAX_MODULES)
            }
            Payload::FunctionSection(section) => {
                self.functions += u64::from(section.count());
                at_most("functions", self.functions, MAX_FUNCTIONS)
            }
            Payload::CodeSectionEntry(body) => {
                at_most("bytes in one function", body.range().len() as u64, MAX_FUNCTION_BYTES)
            }
            Payload::TypeSection(section) => self.types(section.count()),
            Payload::CoreTypeSection(section) => self.types(section.count()),
            Payload::ComponentTypeSection(section) => self.types(section.count()),
            Payload::DataSection(section) => self.segments(section.count()),
            Payload::ElementSection(section) => self.segments(section.count()),
            Payload::ImportSection(section) => self.module_items(section.count()),
            Payload::ExportSection(section) => self.module_items(section.count()),
            Payload::GlobalSection(section) => self.module_items(section.count()),
            Payload::TableSection(section) => self.module_items(section.count()),
            Payload::MemorySection(section) => self.module_items(section.count()),
            other => self.take_of_component(other),
        }
    }

    fn take_of_component(&mut self, payload: Payload<'_>) -> Result<(), Refused> {
        match payload {
            Payload::InstanceSection(section) => self.items(section.count()),
            Payload::ComponentCanonicalSection(section) => self.items(section.count()),
            Payload::ComponentExportSection(section) => self.items(section.count()),
            Payload::ComponentImportSection(section) => {
                self.items(section.count())?;
                section.into_iter().try_for_each(|import| {
                    let as_value = matches!(
                        import.map_err(invalid)?.ty,
                        ComponentTypeRef::Component(_) | ComponentTypeRef::Module(_)
                    );
                    at_most("imported components and modules", u64::from(as_value), 0)
                })
            }
            Payload::ComponentAliasSection(section) => {
                self.items(section.count())?;
                section.into_iter().try_for_each(|alias| {
                    let as_value = matches!(
                        alias.map_err(invalid)?,
                        ComponentAlias::InstanceExport {
                            kind: ComponentExternalKind::Component | ComponentExternalKind::Module,
                            ..
                        }
                    );
                    at_most("components and modules taken from instances", u64::from(as_value), 0)
                })
            }
            Payload::ComponentInstanceSection(section) => {
                self.items(section.count())?;
                for instance in section {
                    let instantiates =
                        matches!(instance.map_err(invalid)?, ComponentInstance::Instantiate { .. });
                    if let Some(frame) = self.open.last_mut() {
                        frame.instantiations += u64::from(instantiates);
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn enter(&mut self, encoding: Encoding) -> Result<(), Refused> {
        if self.open.is_empty() && encoding == Encoding::Module {
            return Err(Refused::NotAComponent);
        }
        self.open.push(Frame::default());
        at_most("levels of components in one another", self.open.len() as u64, MAX_DEPTH)
    }

    fn leave(&mut self) -> Result<(), Refused> {
        let frame = self.open.pop().unwrap_or_default();
        let written_out = frame.instantiations.saturating_mul(self.largest).saturating_add(frame.items);
        self.largest = self.largest.max(written_out);
        at_most("instances, aliases and functions", written_out, MAX_ITEMS)
    }

    fn items(&mut self, count: u32) -> Result<(), Refused> {
        let frame = self.open.last_mut();
        let items = frame.map_or(0, |frame| {
            frame.items += u64::from(count);
            frame.items
        });
        at_most("instances, aliases and functions", items, MAX_ITEMS)
    }

    fn module_items(&mut self, count: u32) -> Result<(), Refused> {
        self.module_items += u64::from(count);
        at_most("imports, exports, globals and tables", self.module_items, MAX_MODULE_ITEMS)
    }

    fn types(&mut self, count: u32) -> Result<(), Refused> {
        self.types += u64::from(count);
        at_most("types", self.types, MAX_TYPES)
    }

    fn segments(&mut self, count: u32) -> Result<(), Refused> {
        self.segments += u64::from(count);
        at_most("segments", self.segments, MAX_SEGMENTS)
    }
}
