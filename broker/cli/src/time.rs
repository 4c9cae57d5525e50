//! Points in time as people write them.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY_MS: i64 = 86_400_000;

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64
}

/// Milliseconds since 1970 of an ISO 8601 time, of such a number itself, or of a time before now.
pub(crate) fn parse(text: &str) -> Result<i64, String> {
    parse_at(text, now_ms()).ok_or_else(|| {
        "give it as 2026-01-31T12:00:00Z, in milliseconds since 1970, or as 90s, 15m, 2h, 1d ago".into()
    })
}

/// `2026-01-31T12:00:00.000Z` of milliseconds since 1970; a dash for what is no time.
pub(crate) fn iso_text(ms: i64) -> String {
    // Beyond these there is no such text, and no record has such a time.
    if !(0..=253_402_300_799_999).contains(&ms) {
        return "-".to_owned();
    }
    let (days, of_day) = (ms / DAY_MS, ms % DAY_MS);
    let mut year = 1970 + days / 366;
    while days_since_1970(year + 1, 1, 1) <= days {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days_since_1970(year, month + 1, 1) <= days {
        month += 1;
    }
    let day = days - days_since_1970(year, month, 1) + 1;
    let (hours, minutes, seconds) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1_000 % 60);
    let millis = of_day % 1_000;
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z")
}

fn parse_at(text: &str, now_ms: i64) -> Option<i64> {
    if let Ok(number @ 0..) = text.parse::<i64>() {
        return Some(number);
    }
    if let Some(ago) = ago(text.strip_prefix('-').unwrap_or(text)) {
        return Some((now_ms - ago).max(0));
    }
    iso_8601(text)
}

/// Milliseconds of `90s`, `15m`, `2h`, `1d`.
pub(crate) fn ago(text: &str) -> Option<i64> {
    let unit = text.chars().last()?;
    let number: i64 = text.strip_suffix(unit)?.parse().ok().filter(|number| *number >= 0)?;
    let unit_ms = match unit {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => DAY_MS,
        _ => return None,
    };
    number.checked_mul(unit_ms)
}

/// `2026-01-31`, `2026-01-31T12:00`, with seconds, fractions, and `Z` or an offset; UTC unless it says otherwise.
fn iso_8601(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let mut parts = date.split('-');
    let (year, month, day) =
        (number(parts.next()?, 4)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=days_of(year, month)).contains(&day) {
        return None;
    }
    let days = days_since_1970(year, month, day);
    let Some(time) = rest.strip_prefix(['T', ' ', 't']) else {
        return rest.is_empty().then_some(days * DAY_MS);
    };
    let (time, offset_ms) = split_offset(time)?;
    Some(days * DAY_MS + time_of_day(time)? - offset_ms)
}

fn split_offset(time: &str) -> Option<(&str, i64)> {
    if let Some(time) = time.strip_suffix(['Z', 'z']) {
        return Some((time, 0));
    }
    let Some(at) = time.rfind(['+', '-']) else { return Some((time, 0)) };
    let (time, offset) = time.split_at(at);
    let (hours, minutes) = offset[1..].split_once(':')?;
    let offset_ms = (number(hours, 2)? * 60 + number(minutes, 2)?) * 60_000;
    Some((time, if offset.starts_with('-') { -offset_ms } else { offset_ms }))
}

fn time_of_day(time: &str) -> Option<i64> {
    let mut parts = time.split(':');
    let (hours, minutes) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let (seconds, millis) = match parts.next() {
        None => (0, 0),
        Some(seconds) => match seconds.split_once('.') {
            None => (number(seconds, 2)?, 0),
            Some((seconds, fraction)) => (number(seconds, 2)?, number(&format!("{fraction:0<3}")[..3], 3)?),
        },
    };
    let valid = parts.next().is_none() && hours < 24 && minutes < 60 && seconds < 60;
    valid.then_some(((hours * 60 + minutes) * 60 + seconds) * 1_000 + millis)
}

fn number(text: &str, digits: usize) -> Option<i64> {
    let all_digits = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| text.parse().ok())?
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let leaps_before = |year: i64| (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    let years = (year - 1970) * 365 + leaps_before(year) - leaps_before(1970);
    years + (1..month).map(|month| days_of(year, month)).sum::<i64>() + day - 1
}

#[cfg(test)]
mod tests {
    use super::{iso_8601, iso_text, parse_at};

    #[test]
    fn all_forms() {
        for (text, ms) in [
            ("1700000000000", 1_700_000_000_000),
            ("1970-01-01", 0),
            ("2023-11-14T22:13:20Z", 1_700_000_000_000),
            ("2023-11-14 22:13:20.5", 1_700_000_000_500),
            ("2023-11-14T23:13+01:00", 1_699_999_980_000),
            ("2024-02-29", 1_709_164_800_000),
            ("90s", 910_000),
            ("-15m", 100_000),
        ] {
            assert_eq!(parse_at(text, 1_000_000), Some(ms), "{text}");
        }
        for bad in ["", "now", "2023-02-29", "2023-13-01", "2023-11-14T25:00", "1w", "2023-11-14x", "é"] {
            assert_eq!(parse_at(bad, 0), None, "{bad}");
        }
    }

    #[test]
    fn times_are_written_as_they_are_read() {
        assert_eq!(iso_text(1_700_000_000_500), "2023-11-14T22:13:20.500Z");
        assert_eq!(iso_text(-1), "-");
        assert_eq!(iso_text(253_402_300_800_000), "-");
        for day in (0..80_000).step_by(7).chain([0, 58, 59, 364, 365, 11_016, 11_017, 11_322, 11_323]) {
            let ms = day * 86_400_000 + 86_399_999;
            assert_eq!(iso_8601(&iso_text(ms)), Some(ms), "{}", iso_text(ms));
        }
    }
}
