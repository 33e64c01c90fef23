//! Moments and spans as people write them: `2026-11-26T14:00:00.000`, `P1DT2H`; and as they read them.
//!
//! Moments are milliseconds since 1970 in UTC, unless a zone is written behind them. Pure.

use super::error::CliError;
use std::time::{SystemTime, UNIX_EPOCH};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Now, in milliseconds since 1970.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Reads a moment as Kafka's tools do: date and time, perhaps milliseconds, perhaps `Z` or `+01:00`.
///
/// # Errors
/// When it is none.
pub fn parse_moment(text: &str) -> Result<i64, CliError> {
    let expected =
        "a time such as 2026-11-26T14:00:00.000, with Z or +01:00 behind it if it is not UTC";
    moment(text).ok_or_else(|| CliError::BadArgument { text: text.to_owned(), expected })
}

fn moment(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once('T')?;
    let (time, offset_ms) = zone(rest)?;
    let mut date = date.splitn(3, '-');
    let (year, month, day) =
        (number(date.next()?, 4)?, number(date.next()?, 2)?, number(date.next()?, 2)?);
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "000"));
    let mut clock = clock.splitn(3, ':');
    let (hours, minutes) = (number(clock.next()?, 2)?, number(clock.next()?, 2)?);
    let seconds = number(clock.next().unwrap_or("00"), 2)?;
    let is_date = (1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day);
    if !is_date || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let of_day = hours * HOUR + minutes * MINUTE + seconds * SECOND + number(fraction, 3)?;
    Some(days_since_1970(year, month, day) * DAY + of_day - offset_ms)
}

/// The time, and how far its zone is ahead of UTC.
fn zone(text: &str) -> Option<(&str, i64)> {
    if let Some(time) = text.strip_suffix('Z') {
        return Some((time, 0));
    }
    let Some(at) = text.find(['+', '-']) else { return Some((text, 0)) };
    let (time, zone) = text.split_at(at);
    let digits = zone[1..].replace(':', "");
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes = if minutes.is_empty() { 0 } else { number(minutes, 2)? };
    let ahead = number(hours, 2)? * HOUR + minutes * MINUTE;
    Some((time, if zone.starts_with('-') { -ahead } else { ahead }))
}

/// So many digits and nothing else.
fn number(text: &str, digits: usize) -> Option<i64> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// Reads a span as ISO 8601 has it, `PnDTnHnMnS`, in milliseconds.
///
/// # Errors
/// When it is none.
pub fn parse_span(text: &str) -> Result<i64, CliError> {
    let expected = "a duration such as P1D, PT2H30M or P1DT12H";
    span(text).ok_or_else(|| CliError::BadArgument { text: text.to_owned(), expected })
}

fn span(text: &str) -> Option<i64> {
    let rest = text.strip_prefix('P')?;
    let (days, times) = rest.split_once('T').unwrap_or((rest, ""));
    let is_empty = rest.is_empty() || rest.ends_with('T');
    let of_days = units(days, &[('D', DAY)])?;
    let of_times = units(times, &[('H', HOUR), ('M', MINUTE), ('S', SECOND)])?;
    (!is_empty).then(|| of_days.checked_add(of_times)).flatten()
}

/// Numbers, each with its unit behind it, in this order.
fn units(mut text: &str, allowed: &[(char, i64)]) -> Option<i64> {
    let mut total = 0_i64;
    for (unit, ms) in allowed {
        let Some((amount, rest)) = text.split_once(*unit) else { continue };
        let amount: u32 = amount.parse().ok()?;
        total = total.checked_add(i64::from(amount).checked_mul(*ms)?)?;
        text = rest;
    }
    text.is_empty().then_some(total)
}

/// A moment for people, in UTC.
pub fn text_of(unix_ms: i64) -> String {
    let (days, of_day) = (unix_ms.div_euclid(DAY), unix_ms.rem_euclid(DAY));
    let (year, month, day) = date_of(days);
    let (hours, minutes) = (of_day / HOUR, of_day / MINUTE % 60);
    let (seconds, ms) = (of_day / SECOND % 60, of_day % SECOND);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{ms:03}Z")
}

/// A span for people: its two largest units.
pub fn span_text(ms: i64) -> String {
    let units = [("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", 1)];
    let mut left = ms.max(0);
    let mut parts = Vec::new();
    for (unit, size) in units {
        if left >= size && parts.len() < 2 {
            parts.push(format!("{}{unit}", left / size));
            left %= size;
        }
    }
    if parts.is_empty() { "0ms".to_owned() } else { parts.join("") }
}

fn days_of(year: i64, month: i64) -> i64 {
    let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days_since_1970(next.0, next.1, 1) - days_since_1970(year, month, 1)
}

/// Days from civil, after Howard Hinnant: years begin in March, so that the odd day comes last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The way back.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_go_both_ways() {
        for (text, ms) in [
            ("1970-01-01T00:00:00.000Z", 0),
            ("2024-02-29T23:59:59.999Z", 1_709_251_199_999),
            ("2026-11-26T14:00:00.000Z", 1_795_701_600_000),
            ("1969-12-31T23:59:59.999Z", -1),
        ] {
            assert_eq!((moment(text), text_of(ms)), (Some(ms), text.to_owned()));
        }
    }

    #[test]
    fn moments_are_read_as_kafkas_tools_read_them() {
        let at = moment("2026-11-26T14:00:00.000Z");
        for same in [
            "2026-11-26T14:00:00.000",
            "2026-11-26T14:00:00",
            "2026-11-26T14:00",
            "2026-11-26T15:00:00.000+01:00",
            "2026-11-26T08:30:00.000-0530",
            "2026-11-26T13:00:00-01",
        ] {
            assert_eq!(moment(same), at, "{same}");
        }
        for wrong in [
            "",
            "2026-11-26",
            "2026-13-01T00:00:00",
            "2026-02-29T00:00:00",
            "1T1",
            "2026-11-26T24:00",
        ] {
            assert_eq!(moment(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn spans() {
        for (text, ms) in [
            ("P1D", Some(DAY)),
            ("PT2H30M", Some(2 * HOUR + 30 * MINUTE)),
            ("P1DT12H5S", Some(DAY + 12 * HOUR + 5 * SECOND)),
            ("PT0S", Some(0)),
            ("P", None),
            ("PT", None),
            ("P1DT", None),
            ("PT1M1H", None),
            ("1D", None),
            ("P-1D", None),
        ] {
            assert_eq!(span(text), ms, "{text}");
        }
        for (ms, text) in [(0, "0ms"), (950, "950ms"), (61_500, "1m1s"), (DAY + HOUR + 1, "1d1h")] {
            assert_eq!(span_text(ms), text);
        }
    }
}
