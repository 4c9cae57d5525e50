//! How long to wait before a partition of groups is read once more.

use std::time::Duration;

/// After the first failure of several.
const FIRST: Duration = Duration::from_secs(1);
/// Never longer: so long after the disk has room again, groups are served at the latest.
const LONGEST: Duration = Duration::from_secs(30);

/// How long to wait after so many failures in a row; after none not at all.
pub(super) fn delay_after(failures: u32) -> Duration {
    match failures {
        0 => Duration::ZERO,
        _ => FIRST.saturating_mul(2_u32.saturating_pow(failures - 1)).min(LONGEST),
    }
}

#[cfg(test)]
mod tests {
    use super::delay_after;

    #[test]
    fn each_wait_is_twice_the_one_before_up_to_a_bound() {
        let seconds =
            [0, 1, 2, 3, 4, 5, 6, 7, 1000, u32::MAX].map(|failures| delay_after(failures).as_secs());
        assert_eq!(seconds, [0, 1, 2, 4, 8, 16, 30, 30, 30, 30]);
    }
}
