//! The program that libFuzzer drives; `tests/fuzz/run` builds and starts it. `KLAMM_FUZZ_TARGET` names the target.

#![no_main]
#![allow(unsafe_code, reason = "libFuzzer calls by C's names")]

use std::sync::OnceLock;

use klamm_fuzz::Target;
use libfuzzer_sys::fuzz_target;

static TARGET: OnceLock<Target> = OnceLock::new();

fn target() -> Target {
    let name = std::env::var("KLAMM_FUZZ_TARGET").expect("KLAMM_FUZZ_TARGET names a target");
    Target::named(&name).expect("KLAMM_FUZZ_TARGET names one of the targets")
}

fuzz_target!(|input: &[u8]| {
    TARGET.get_or_init(target).run(input);
});
