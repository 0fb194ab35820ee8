//! Dates and durations, as far as no clock is read. A date that is not known stays unknown.

use super::{Function, Given, computed, computes, int, made, text};
use crate::resolve::helm::run::Run;
use crate::resolve::helm::value::{Kind, Value};
use crate::tree::Unknown;

pub(super) const ALL: &[Function] = &[
    computes("date", 2, 2, unread),
    computes("dateInZone", 3, 3, unread),
    computes("date_in_zone", 3, 3, unread),
    computes("dateModify", 2, 2, unread),
    computes("date_modify", 2, 2, unread),
    computes("mustDateModify", 2, 2, unread),
    computes("must_date_modify", 2, 2, unread),
    computes("htmlDate", 1, 1, unread),
    computes("htmlDateInZone", 2, 2, unread),
    computes("toDate", 2, 2, unread),
    computes("mustToDate", 2, 2, unread),
    computes("unixEpoch", 1, 1, unread),
    computes("duration", 1, 1, |run, arguments| {
        let text = duration(int(arguments, 0));
        Ok(computed(run, text, arguments))
    }),
    computes("durationRound", 1, 1, unread),
    computes("durationSeconds", 1, 1, |run, arguments| measured(run, arguments, 1.0)),
    computes("durationMinutes", 1, 1, |run, arguments| measured(run, arguments, 60.0)),
    computes("durationHours", 1, 1, |run, arguments| measured(run, arguments, 3600.0)),
    computes("durationDays", 1, 1, |run, arguments| measured(run, arguments, 86_400.0)),
    computes("durationWeeks", 1, 1, |run, arguments| measured(run, arguments, 604_800.0)),
];

/// Dates are given to people and to annotations; no rule reads one, so that none is calculated.
fn unread(run: &mut Run, _: &[Value]) -> Given {
    let unknown = Unknown::new("a date that the chart calculates", "audit the rendered manifests as well", None);
    Ok(Kind::Unknown(run.origins.unknown(unknown)).into())
}

/// Seconds as Go prints a duration.
fn duration(seconds: i64) -> String {
    let sign = if seconds < 0 { "-" } else { "" };
    let total = seconds.unsigned_abs();
    let (hours, minutes, seconds) = (total / 3600, total / 60 % 60, total % 60);
    if hours > 0 {
        format!("{sign}{hours}h{minutes}m{seconds}s")
    } else if minutes > 0 {
        format!("{sign}{minutes}m{seconds}s")
    } else {
        format!("{sign}{seconds}s")
    }
}

fn measured(run: &mut Run, arguments: &[Value], unit: f64) -> Given {
    let seconds = match arguments[0].as_text() {
        None => super::number::to_float(&arguments[0]),
        Some(_) => read(&text(arguments, 0)).unwrap_or(0.0),
    };
    Ok(made(run, Kind::Float(seconds / unit), arguments))
}

/// Go's `time.ParseDuration`, or a number of seconds.
fn read(written: &str) -> Option<f64> {
    let written = written.trim();
    if let Ok(seconds) = written.parse() {
        return Some(seconds);
    }
    let (sign, mut rest) = written.strip_prefix('-').map_or((1.0, written), |rest| (-1.0, rest));
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let length = rest.find(|character: char| character.is_ascii_digit() || character == '.').unwrap_or(rest.len());
        total += number
            * match &rest[..length] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                "ns" => 1e-9,
                _ => return None,
            };
        rest = &rest[length..];
    }
    Some(sign * total)
}
