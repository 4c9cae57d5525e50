//! Durations as people and ISO 8601 write them.

use crate::time;

/// Milliseconds of `P1DT2H30M5.5S`, `P2W`, or `90s`, `15m`, `2h`, `1d`.
pub(super) fn parse(text: &str) -> Result<i64, String> {
    time::ago(text).or_else(|| iso_8601(text)).ok_or_else(|| {
        "give it as P1DT2H30M (ISO 8601: days, hours, minutes, seconds), or as 90s, 15m, 2h, 1d".to_owned()
    })
}

fn iso_8601(text: &str) -> Option<i64> {
    let text = text.to_ascii_uppercase();
    let rest = text.strip_prefix('P')?;
    let (date, time) = rest.split_once('T').map_or((rest, None), |(date, time)| (date, Some(time)));
    if time == Some("") || (date.is_empty() && time.is_none()) {
        return None;
    }
    let days = parts(date, &[('W', 604_800_000), ('D', 86_400_000)])?;
    let time = parts(time.unwrap_or_default(), &[('H', 3_600_000), ('M', 60_000), ('S', 1_000)])?;
    days.checked_add(time)
}

/// The sum of `text`'s numbers with their units, which come in this order.
fn parts(text: &str, units: &[(char, i64)]) -> Option<i64> {
    let (mut rest, mut sum) = (text, 0i64);
    for (unit, unit_ms) in units {
        if let Some((number, after)) = rest.split_once(*unit) {
            // Only seconds have fractions.
            let number_ms =
                if *unit == 'S' { seconds(number)? } else { whole(number)?.checked_mul(*unit_ms)? };
            sum = sum.checked_add(number_ms)?;
            rest = after;
        }
    }
    rest.is_empty().then_some(sum)
}

fn whole(digits: &str) -> Option<i64> {
    let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    valid.then(|| digits.parse().ok())?
}

fn seconds(text: &str) -> Option<i64> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    whole(fraction)?;
    let millis = whole(&format!("{fraction:0<3}")[..3])?;
    whole(seconds)?.checked_mul(1_000)?.checked_add(millis)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn all_forms() {
        for (text, ms) in [
            ("P1DT2H30M5.5S", 95_405_500),
            ("PT0.0004S", 0),
            ("P2W", 1_209_600_000),
            ("pt15m", 900_000),
            ("90s", 90_000),
        ] {
            assert_eq!(parse(text), Ok(ms), "{text}");
        }
        for bad in ["", "P", "PT", "P1DT", "P1M", "PT1D", "P-1D", "PT1.5H", "PT.S", "1w", "P1D2H", "PT5S1M"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
