//! How many random histories the tests go through.

use proptest::test_runner::Config;

/// `usual` many, or as many as `KLAMM_HISTORIES` says: a fault that takes bad luck is found by many.
pub(crate) fn histories(usual: u32) -> Config {
    let asked = std::env::var("KLAMM_HISTORIES").ok();
    let cases = asked.map_or(usual, |text| text.parse().expect("KLAMM_HISTORIES is a number"));
    Config { cases, ..Config::default() }
}
