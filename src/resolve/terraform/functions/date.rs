//! Dates as RFC 3339 writes them.

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Span as Period};

use crate::resolve::terraform::number::Number;
use crate::resolve::terraform::operate::{Evaluated, Failure};
use crate::resolve::terraform::typed::Typed;

use super::Context;

/// A moment as a clock with an offset from UTC shows it.
#[derive(Clone, Copy)]
struct Moment {
    shown: DateTime,
    /// In minutes; east is positive.
    offset: i32,
}

impl Moment {
    /// Reads `2006-01-02T15:04:05Z`, with a fraction or an offset.
    fn read(text: &str) -> Option<Self> {
        let digits = |range: std::ops::Range<usize>| {
            let part = text.get(range)?;
            part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<i32>().ok())?
        };
        let mark = |at: usize, wanted: &[u8]| text.as_bytes().get(at).is_some_and(|byte| wanted.contains(byte));
        if !(mark(4, b"-") && mark(7, b"-") && mark(10, b"T") && mark(13, b":") && mark(16, b":")) {
            return None;
        }
        let small = |value: i32| i8::try_from(value).ok();
        let date = Date::new(i16::try_from(digits(0..4)?).ok()?, small(digits(5..7)?)?, small(digits(8..10)?)?).ok()?;
        let mut rest = text.get(19..)?;
        let mut nanoseconds = 0;
        if let Some(fraction) = rest.strip_prefix(['.', ',']) {
            let end = fraction.find(|character: char| !character.is_ascii_digit())?;
            if end == 0 {
                return None;
            }
            nanoseconds = format!("{:0<9.9}", &fraction[..end]).parse().ok()?;
            rest = &fraction[end..];
        }
        let (hour, minute, second) = (digits(11..13)?, digits(14..16)?, digits(17..19)?);
        let shown = date.at(0, 0, 0, 0);
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let shown = shown
            .checked_add(Period::new().hours(hour).minutes(minute).seconds(second).nanoseconds(nanoseconds))
            .ok()?;
        let offset = match rest.as_bytes() {
            b"Z" => 0,
            [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
                let number = |range: std::ops::Range<usize>| rest.get(range)?.parse::<i32>().ok();
                let (hours, minutes) = (number(1..3)?, number(4..6)?);
                if hours > 24 || minutes > 60 {
                    return None;
                }
                (hours * 60 + minutes) * if *sign == b'-' { -1 } else { 1 }
            }
            _ => return None,
        };
        Some(Self { shown, offset })
    }

    fn of(cx: &Context<'_, '_>, args: &[Typed], index: usize) -> Result<Self, Failure> {
        Self::read(cx.text(args, index)?).ok_or_else(|| cx.failure("it is not a time of RFC 3339"))
    }

    fn in_utc(self) -> Option<DateTime> {
        self.shown.checked_sub(Period::new().minutes(self.offset)).ok()
    }

    /// `+01:00`, with or without the colon.
    fn offset_text(self, colon: &str) -> String {
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.abs();
        format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
    }

    fn zone(self) -> String {
        if self.offset == 0 { "Z".to_owned() } else { self.offset_text(":") }
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

pub(super) fn formatdate(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let moment = Moment::of(cx, args, 1)?;
    let mut rest = cx.text(args, 0)?;
    let mut out = String::new();
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            let (text, after) = literal(rest).ok_or_else(|| cx.failure("a quote is not closed"))?;
            out.push_str(&text);
            rest = after;
        } else if first.is_ascii_alphabetic() {
            let length = rest.find(|character| character != first).unwrap_or(rest.len());
            let part = part(moment, first, length);
            out.push_str(&part.ok_or_else(|| cx.failure("a part of the date format is not valid"))?);
            rest = &rest[length..];
        } else {
            let next = |character: char| character == '\'' || character.is_ascii_alphabetic();
            let length = rest.find(next).unwrap_or(rest.len());
            out.push_str(&rest[..length]);
            rest = &rest[length..];
        }
    }
    cx.text_of(out)
}

/// A quoted text at the start, in which two quotes stand for one, and what comes after it.
fn literal(text: &str) -> Option<(String, &str)> {
    let inner = &text[1..];
    if let Some(after) = inner.strip_prefix('\'') {
        return Some(("'".to_owned(), after));
    }
    let mut out = String::new();
    let mut rest = inner;
    loop {
        let end = rest.find('\'')?;
        out.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                out.push('\'');
                rest = after;
            }
            None => return Some((out, rest)),
        }
    }
}

/// One part of a date, by its letter and how often that stands there.
fn part(moment: Moment, letter: char, length: usize) -> Option<String> {
    let shown = moment.shown;
    let number = |value: i32| match length {
        1 => Some(value.to_string()),
        2 => Some(format!("{value:02}")),
        _ => None,
    };
    let hour = i32::from(shown.hour());
    match (letter, length) {
        ('Y', 2) => Some(format!("{:02}", shown.year() % 100)),
        ('Y', 4) => Some(format!("{:04}", shown.year())),
        ('M', 1 | 2) => number(i32::from(shown.month())),
        ('M', 3 | 4) => {
            let name = MONTHS.get(usize::try_from(shown.month() - 1).ok()?)?;
            Some(if length == 3 { name[..3].to_owned() } else { (*name).to_owned() })
        }
        ('D', _) => number(i32::from(shown.day())),
        ('E', 3 | 4) => {
            let name = DAYS.get(usize::try_from(shown.weekday().to_monday_zero_offset()).ok()?)?;
            Some(if length == 3 { name[..3].to_owned() } else { (*name).to_owned() })
        }
        ('h', _) => number(hour),
        ('H', _) => number(if hour % 12 == 0 { 12 } else { hour % 12 }),
        ('A', 2) => Some(if hour < 12 { "AM" } else { "PM" }.to_owned()),
        ('a', 2) => Some(if hour < 12 { "am" } else { "pm" }.to_owned()),
        ('m', _) => number(i32::from(shown.minute())),
        ('s', _) => number(i32::from(shown.second())),
        ('Z', 1) => Some(moment.zone()),
        ('Z', 3) if moment.offset == 0 => Some("UTC".to_owned()),
        ('Z', 3 | 4) => Some(moment.offset_text("")),
        ('Z', 5) => Some(moment.offset_text(":")),
        _ => None,
    }
}

pub(super) fn timeadd(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let moment = Moment::of(cx, args, 0)?;
    let duration = duration(cx.text(args, 1)?).ok_or_else(|| cx.failure("it is not a duration"))?;
    let shown = moment.shown.checked_add(duration).map_err(|_| cx.failure("the time is out of range"))?;
    let text = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}",
        shown.year(),
        shown.month(),
        shown.day(),
        shown.hour(),
        shown.minute(),
        shown.second(),
        moment.zone()
    );
    cx.text_of(text)
}

pub(super) fn timecmp(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let (a, b) = (Moment::of(cx, args, 0)?.in_utc(), Moment::of(cx, args, 1)?.in_utc());
    let (Some(a), Some(b)) = (a, b) else { return Err(cx.failure("the time is out of range")) };
    cx.number_of(Some(Number::whole(a.cmp(&b) as i64)))
}

/// A duration as Go writes it: `1h30m`, `-1.5h`, `300ms`.
fn duration(text: &str) -> Option<SignedDuration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let end = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (whole, fraction) = rest[..end].split_once('.').unwrap_or((&rest[..end], ""));
        if whole.len() + fraction.len() == 0 || fraction.contains('.') || whole.len() > 18 {
            return None;
        }
        rest = &rest[end..];
        let length = rest.find(|character: char| character.is_ascii_digit() || character == '.').unwrap_or(rest.len());
        let unit: i128 = match &rest[..length] {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        rest = &rest[length..];
        let mut part = unit * if whole.is_empty() { 0 } else { whole.parse::<i128>().ok()? };
        let digits = &fraction[..fraction.len().min(18)];
        if !digits.is_empty() {
            part += unit * digits.parse::<i128>().ok()? / 10i128.pow(u32::try_from(digits.len()).ok()?);
        }
        total += part;
    }
    let total = i64::try_from(if negative { -total } else { total }).ok()?;
    Some(SignedDuration::from_nanos(total))
}

/// A date or time of YAML as RFC 3339: `2006-1-2`, with a time after a space or `T`.
pub(super) fn of_yaml(text: &str) -> Option<String> {
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some((&text[at..=at], &text[at + 1..]))),
        None => (text, None),
    };
    let short = |part: &str| {
        let plain = (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| format!("{part:0>2}"))
    };
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if year.len() != 4 || parts.next().is_some() {
        return None;
    }
    let date = format!("{year}-{}-{}", short(month)?, short(day)?);
    let Some((separator, time)) = time else {
        return Moment::read(&format!("{date}T00:00:00Z")).map(|_| format!("{date}T00:00:00Z"));
    };
    // With a space there is no zone, and with `T` there must be one.
    let (clock, zone) = if separator == " " { (time, "Z") } else { time.split_at(time.find(['Z', '+', '-'])?) };
    let (whole, fraction) = match clock.find('.') {
        Some(at) => clock.split_at(at),
        None => (clock, ""),
    };
    let mut parts = whole.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    let clock = format!("{}:{}:{}", short(hour)?, short(minute)?, short(second)?);
    let moment = Moment::read(&format!("{date}T{clock}{fraction}{zone}"))?;
    parts.next().is_none().then(|| format!("{date}T{clock}{}", moment.zone()))
}
