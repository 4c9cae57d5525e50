use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{NewKind, check_name, files, make};

fn sources(directory: &Path, within: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory.join(within)).unwrap() {
        let path = within.join(entry.unwrap().file_name());
        if directory.join(&path).is_dir() {
            sources(directory, &path, found);
        } else if path != Path::new("json/tests.rs") {
            found.insert(path.to_str().unwrap().to_owned());
        }
    }
}

#[test]
fn projects_get_the_whole_sdk() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/sdk/src");
    let mut there = BTreeSet::new();
    sources(&directory, Path::new(""), &mut there);
    let embedded: BTreeSet<String> = files::SDK.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(embedded, there);
}

#[test]
fn a_directory_with_something_in_it_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("mine"), "").unwrap();
    let error = make(home.path(), "guard", NewKind::Filter).unwrap_err().to_string();
    assert!(error.contains("exists already\nnext: name another directory with --path DIR"), "{error}");
    make(&home.path().join("new"), "guard", NewKind::Filter).unwrap();
    let manifest = fs::read_to_string(home.path().join("new/Cargo.toml")).unwrap();
    assert!(manifest.contains("name = \"guard\""), "{manifest}");
}

#[test]
fn names_are_those_that_cargo_and_brokers_take() {
    for good in ["a", "json-guard", "a1-"] {
        assert!(check_name(good).is_ok(), "{good}");
    }
    for bad in ["", "1a", "-a", "A", "a_b", "a.b", "ä", &"a".repeat(64)] {
        assert!(check_name(bad).is_err(), "{bad}");
    }
}
