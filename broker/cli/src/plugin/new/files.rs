//! The files of a new project; this program has them in it.

use std::borrow::Cow;

use super::NewKind;

/// Paths in the project, and what is there.
pub(super) fn of_project(name: &str, kind: NewKind) -> Vec<(String, Cow<'static, [u8]>)> {
    let fill = |template: &str| {
        let text = template.replace("NAME", name).replace("KIND", kind.name());
        Cow::Owned(text.replace("VERSION", env!("CARGO_PKG_VERSION")).into_bytes())
    };
    let mut files = vec![
        ("Cargo.toml".into(), fill(include_str!("templates/Cargo.toml.txt"))),
        ("README.md".into(), fill(include_str!("templates/README.md.txt"))),
        (".gitignore".into(), Cow::Borrowed(&b"/target\n"[..])),
        ("records.jsonl".into(), Cow::Borrowed(&include_bytes!("templates/records.jsonl")[..])),
        ("src/lib.rs".into(), Cow::Borrowed(example(kind))),
        ("sdk/Cargo.toml".into(), fill(include_str!("templates/sdk.toml.txt"))),
    ];
    files.extend(SDK.iter().map(|(path, bytes)| (format!("sdk/src/{path}"), Cow::Borrowed(*bytes))));
    files
}

fn example(kind: NewKind) -> &'static [u8] {
    match kind {
        NewKind::Filter => include_bytes!("templates/filter.rs"),
        NewKind::Partitioner => include_bytes!("templates/partitioner.rs"),
        NewKind::Serializer => include_bytes!("templates/serializer.rs"),
    }
}

macro_rules! sdk {
    ($($path:literal),+ $(,)?) => {
        &[$(($path, include_bytes!(concat!("../../../../../plugins/sdk/src/", $path)))),+]
    };
}

/// The sources of `plugins/sdk`, without its tests.
pub(super) const SDK: &[(&str, &[u8])] = sdk![
    "abi/arguments.rs",
    "abi/calls.rs",
    "abi/imports.rs",
    "abi/layout.rs",
    "abi/memory.rs",
    "abi/mod.rs",
    "abi/results.rs",
    "batch.rs",
    "bytes.rs",
    "export.rs",
    "failure.rs",
    "filter.rs",
    "host.rs",
    "json/broken.rs",
    "json/literals.rs",
    "json/mod.rs",
    "json/paths.rs",
    "json/strings.rs",
    "json/text.rs",
    "json/walk.rs",
    "lib.rs",
    "parameters.rs",
    "partitioner.rs",
    "plugin.rs",
    "serializer.rs",
    "testing/answers.rs",
    "testing/mod.rs",
    "testing/records.rs",
    "transform.rs",
    "worlds/filter.bin",
    "worlds/partitioner.bin",
    "worlds/serializer.bin",
    "worlds/transform.bin",
];
