//! Small plug-ins written in a few lines of WebAssembly text, good and hostile, for tests.
//!
//! A guest is the body of one function. Around it stand a memory, a bump allocator that is emptied after each call, and some helpers:
//!
//! | In the body | Means |
//! |---|---|
//! | `$records` `$count` | where the records lie (32 bytes each, as the contract lays them out), and how many there are |
//! | `$blob` `$blob_bytes` | where the blob lies, and its length |
//! | `$headers` `$header_count`, `$topic` `$topic_bytes`, `$partition` | the rest of the batch |
//! | `$op` | what a serializer is to do |
//! | `$partitions` | what a partitioner has |
//! | `$out` `$i` `$j` | free locals |
//! | `(call $alloc (i32.const 8))` | fresh bytes, all zero |
//! | `(call $first (local.get $i))` | the first byte of the value of record `$i`, or -1 |
//! | `(call $verdicts)`, `(call $partitions_out)`, `(call $changes)` | an answer that accepts, leaves and keeps every record |
//! | `(call $note (local.get $out) (local.get $i))` | adds a note about record `$i`, "said so", to an answer with none |
//! | `(call $calls)` | how often this instance was called, this time included |
//! | `$log` (level, text, length), `$counter_add` (name, length, value) | what the host gives; "said so" lies at 1024 |
//!
//! The body leaves the address of an answer.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::Kind;

const WIT: &str = include_str!("../../../plugins/wit/plugin.wit");

/// A plug-in for tests, as text.
#[derive(Debug, Clone)]
pub struct Guest {
    kind: Kind,
    wants: [bool; 3],
    init: String,
    body: String,
    items: String,
    realloc: String,
    free: String,
    pages: u32,
    padding_bytes: usize,
}

impl Guest {
    /// A plug-in of this kind that wants keys and values, and whose function has this body.
    pub fn new(kind: Kind, body: &str) -> Guest {
        Guest {
            kind,
            wants: [true, true, false],
            init: String::new(),
            body: body.to_owned(),
            items: String::new(),
            realloc: "(call $alloc_aligned (local.get $bytes))".to_owned(),
            free: "(global.set $heap (i32.const 4096))".to_owned(),
            pages: 2,
            padding_bytes: 0,
        }
    }

    /// A filter.
    pub fn filter(body: &str) -> Guest {
        Guest::new(Kind::Filter, body)
    }

    /// A partitioner.
    pub fn partitioner(body: &str) -> Guest {
        Guest::new(Kind::Partitioner, body)
    }

    /// A serializer.
    pub fn serializer(body: &str) -> Guest {
        Guest::new(Kind::Serializer, body)
    }

    /// What it asks to see: keys, values, headers.
    #[must_use]
    pub fn wants(self, keys: bool, values: bool, headers: bool) -> Guest {
        Guest { wants: [keys, values, headers], ..self }
    }

    /// What `init` does before it succeeds.
    #[must_use]
    pub fn init(self, init: &str) -> Guest {
        Guest { init: init.to_owned(), ..self }
    }

    /// More functions, globals and data of the module. Imports have to be from `klamm:plugin/host@0.1.0`.
    #[must_use]
    pub fn items(self, items: &str) -> Guest {
        Guest { items: items.to_owned(), ..self }
    }

    /// The memory that it starts with, in pages of 64 KiB.
    #[must_use]
    pub fn pages(self, pages: u32) -> Guest {
        Guest { pages, ..self }
    }

    /// It never frees what it allocated.
    #[must_use]
    pub fn leaking(self) -> Guest {
        self.freeing("")
    }

    /// What it does when the host has read an answer.
    #[must_use]
    pub fn freeing(self, free: &str) -> Guest {
        Guest { free: free.to_owned(), ..self }
    }

    /// How it gives the host `$bytes` bytes to write to: the body leaves their address.
    #[must_use]
    pub fn realloc(self, realloc: &str) -> Guest {
        Guest { realloc: realloc.to_owned(), ..self }
    }

    /// Code that is never called, so that the plug-in has about so many bytes.
    #[must_use]
    pub fn padded(self, bytes: usize) -> Guest {
        Guest { padding_bytes: bytes, ..self }
    }

    /// The module's text.
    pub fn text(&self) -> String {
        let (interface, function, parameters) = match self.kind {
            Kind::Filter => ("filter-api", "check", BATCH.to_owned()),
            Kind::Partitioner => ("partitioner-api", "assign", format!("{BATCH} (param $partitions i32)")),
            Kind::Serializer => ("serializer-api", "run", format!("(param $op i32) {BATCH}")),
            Kind::Transform => ("transform-api", "apply", BATCH.to_owned()),
        };
        let flags: Vec<String> = self.wants.iter().map(|wanted| i32::from(*wanted).to_string()).collect();
        let parts = [
            ("{pages}", self.pages.to_string()),
            ("{items}", self.items.clone()),
            ("{padding}", padding(self.padding_bytes)),
            ("{init}", self.init.clone()),
            ("{keys}", flags[0].clone()),
            ("{values}", flags[1].clone()),
            ("{headers}", flags[2].clone()),
            ("{interface}", interface.to_owned()),
            ("{function}", function.to_owned()),
            ("{parameters}", parameters),
            ("{realloc}", self.realloc.clone()),
            ("{free}", self.free.clone()),
            ("{body}", self.body.clone()),
        ];
        parts.iter().fold(MODULE.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    /// The component.
    ///
    /// # Panics
    /// If the text makes no component.
    pub fn component(&self) -> Vec<u8> {
        component(&self.text(), self.kind.name())
    }
}

/// Makes a component of a module's text, for a world of the contract.
///
/// # Panics
/// If the text makes no component.
#[expect(clippy::expect_used, reason = "only tests make guests")]
pub fn component(module: &str, world: &str) -> Vec<u8> {
    let mut wasm = wat::parse_str(module).expect("the module's text is WebAssembly");
    let mut resolve = Resolve::default();
    let package = resolve.push_str("plugin.wit", WIT).expect("the contract is WIT");
    let world = resolve.select_world(&[package], Some(world)).expect("the contract has this world");
    embed_component_metadata(&mut wasm, &resolve, world, StringEncoding::UTF8).expect("the contract fits in");
    let encoder =
        ComponentEncoder::default().validate(true).module(&wasm).expect("the module fits the contract");
    { encoder }.encode().expect("the module makes a component")
}

/// Bytes of a component's text, such as of one that no toolchain makes.
///
/// # Panics
/// If it isn't WebAssembly text.
#[expect(clippy::expect_used, reason = "only tests make guests")]
pub fn binary(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the text is WebAssembly")
}

/// A component bomb: `levels` components, each of which instantiates the one before `times` times.
pub fn bomb(levels: usize, times: usize) -> Vec<u8> {
    let first = "(component (component $c0 (core module $m) (core instance (instantiate $m)))".to_owned();
    let text = (1..=levels).fold(first, |text, level| {
        let instances = format!("(instance (instantiate $c{}))", level - 1).repeat(times);
        format!("{text} (component $c{level} {instances})")
    });
    binary(&format!("{text} (instance (instantiate $c{levels})))"))
}

/// Functions that do arithmetic, of about so many bytes together.
fn padding(bytes: usize) -> String {
    const LINES: usize = 200;
    const LINE_BYTES: usize = 11;
    let line = "(local.set $x (i32.mul (i32.add (local.get $x) (i32.const 77)) (local.get $x)))";
    let function = format!("(func (param $x i32) (result i32) {} (local.get $x))", line.repeat(LINES));
    function.repeat(bytes / (LINES * LINE_BYTES))
}

const BATCH: &str = "(param $topic i32) (param $topic_bytes i32) (param $partition i32) (param $blob i32) (param $blob_bytes i32)
    (param $records i32) (param $count i32) (param $headers i32) (param $header_count i32)";

const MODULE: &str = include_str!("guests.wat");

/// Lets every record pass, and looks at nothing.
pub fn accepting() -> Guest {
    Guest::filter("(call $verdicts)")
}

/// Does `then` (the body of an `if`) for each record whose value starts with `byte`, and accepts all others. `$out` is the answer.
pub fn on_byte(byte: char, then: &str) -> Guest {
    let byte = u32::from(byte);
    Guest::filter(&format!(
        "(local.set $out (call $verdicts))
         (loop $next
           (if (i32.lt_u (local.get $i) (local.get $count)) (then
             (if (i32.eq (call $first (local.get $i)) (i32.const {byte})) (then {then}))
             (local.set $i (i32.add (local.get $i) (i32.const 1)))
             (br $next))))
         (local.get $out)"
    ))
}
