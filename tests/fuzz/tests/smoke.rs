//! The corpus and a bounded number of mutants of it, through every target. Coverage-guided runs: `tests/fuzz/run`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a test can't do without fails it"
)]

use std::path::{Path, PathBuf};

use klamm_fuzz::{Mutants, Target, seeds_of, within_bounds};

/// Mutants of each input in the corpus; `KLAMM_FUZZ_MUTANTS` says another number.
const MUTANTS: usize = 3_000;

fn corpus(target: Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name())
}

/// Every input of a target's corpus, in the order of their names.
fn inputs(target: Target) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(corpus(target)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| (file.clone(), std::fs::read(&file).unwrap())).collect()
}

fn mutants() -> usize {
    std::env::var("KLAMM_FUZZ_MUTANTS").map_or(MUTANTS, |count| count.parse().unwrap())
}

/// Runs an input; one that fails is named, and written where `cargo` keeps what it builds.
fn run(target: Target, from: &Path, input: &[u8]) -> bool {
    let result = std::panic::catch_unwind(|| target.run(input));
    result.unwrap_or_else(|panic| {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-failed", target.name()));
        std::fs::write(&file, input).unwrap();
        eprintln!("{}: a mutant of {} failed; it is in {}", target.name(), from.display(), file.display());
        std::panic::resume_unwind(panic)
    })
}

fn smoke(target: Target) {
    let (mut tried, mut decoded) = (0, 0);
    for (number, (file, seed)) in inputs(target).into_iter().enumerate() {
        run(target, &file, &seed);
        for mutant in Mutants::new(&seed, number as u64).take(mutants()) {
            tried += 1;
            decoded += usize::from(run(target, &file, &mutant));
        }
    }
    println!("{}: {tried} mutants, {decoded} of them can be decoded", target.name());
    assert!(0 < decoded && decoded < tried, "mutants are neither all the same nor all noise");
}

macro_rules! smoke {
    ($( $test:ident $target:ident; )*) => {
        $(#[test]
        fn $test() {
            smoke(Target::$target);
        })*

        #[test]
        fn every_target_has_its_test() {
            let tested = [$( Target::$target, )*];
            assert_eq!(tested, Target::ALL);
        }
    };
}

smoke! {
    requests WireRequest;
    responses WireResponse;
    record_batches Records;
    log_images LogImage;
    indexes Index;
    checkpoints Checkpoint;
    producer_snapshots ProducerSnapshot;
    properties Properties;
    plugin_answers PluginAnswer;
}

/// The corpus has every seed; `KLAMM_WRITE_REFERENCES=1` writes them.
#[test]
fn the_corpus_has_the_seeds() {
    for target in Target::ALL {
        for (name, seed) in seeds_of(target) {
            assert!(target.run(&seed), "{} {name} can't be decoded", target.name());
            let file = corpus(target).join(&name);
            if std::env::var_os("KLAMM_WRITE_REFERENCES").is_some() {
                std::fs::create_dir_all(corpus(target)).unwrap();
                std::fs::write(&file, &seed).unwrap();
            }
            let there = std::fs::read(&file).unwrap_or_default();
            assert!(there == seed, "{} is not what this release writes", file.display());
        }
    }
}

#[test]
#[should_panic(expected = "bytes of memory for an input of 10")]
fn an_allocation_that_the_input_does_not_explain_is_found() {
    within_bounds(10, 64, 1000, || vec![0_u8; 100_000]);
}
