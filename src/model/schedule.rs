//! When something runs, and the longest time between two runs: cron in the dialects that backup tools speak, rates and
//! intervals. Uses nothing of this crate.
//!
//! The longest gap is exact: the days of a whole Gregorian cycle (400 years, a whole number of weeks) are gone through,
//! so month ends, leap days and last Fridays count as they fall. Changes of the clock are left out: a schedule in local
//! time has one gap an hour longer each year.

/// How a cron expression is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Five fields, Sunday is 0 or 7, either of two restricted day fields is enough; also `@daily`, `@every 6h`, and six
    /// fields with seconds before them. Vixie cron, Kubernetes, Velero, `CloudNativePG`.
    /// <https://man7.org/linux/man-pages/man5/crontab.5.html>, <https://pkg.go.dev/github.com/robfig/cron>
    Unix,
    /// Six fields with the year at the end, Sunday is 1, `?`, `L`, `W` and `#`.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>
    Aws,
    /// Six or seven fields with seconds before and maybe a year after, Sunday is 1, `?`, `L`, `W` and `#`.
    /// <https://www.quartz-scheduler.org/documentation/quartz-2.3.0/tutorials/crontrigger.html>
    Quartz,
}

/// When something runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// Again and again after so many minutes.
    Every(f64),
    /// By the calendar.
    Calendar(Box<Calendar>),
}

/// By the calendar: at these times of these days.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    /// Seconds, minutes and hours as bits.
    seconds: u64,
    minutes: u64,
    hours: u64,
    /// Months as bits, January is bit 1.
    months: u64,
    day: DayOfMonth,
    weekday: DayOfWeek,
    /// Whether one of the two day fields is enough.
    either: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct DayOfMonth {
    any: bool,
    /// Bit 1 is the first.
    days: u64,
    /// Days before the last of the month.
    before_last: Vec<u32>,
    /// The weekday nearest to a day.
    nearest: Vec<u32>,
    last_weekday: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct DayOfWeek {
    any: bool,
    /// Bit 0 is Sunday.
    days: u64,
    /// The last such day of the month.
    last: Vec<u32>,
    /// The n-th such day of the month.
    nth: Vec<(u32, u32)>,
}

/// A day, as the fields of a calendar look at it.
#[derive(Clone, Copy, Debug)]
struct Day {
    month: u32,
    number: u32,
    /// How many days its month has.
    length: u32,
    /// 0 is Sunday.
    weekday: u32,
}

const MINUTES_OF_DAY: f64 = 1440.0;

/// Longest text that is read.
const LONGEST: usize = 256;

impl Schedule {
    /// Reads a schedule as written: `cron(0 5 ? * * *)`, `0 5 * * *`, `rate(12 hours)`, `@every 6h`, `@daily`,
    /// `R/2026-01-01T02:00:00Z/P1D`, `every 24 hours`.
    ///
    /// # Errors
    /// With what cannot be read, as a sentence part.
    pub fn read(written: &str, dialect: Dialect) -> Result<Self, String> {
        let text = written.trim();
        if text.len() > LONGEST {
            return Err("it is too long for a schedule".to_owned());
        }
        if let Some(inner) = within(text, "rate(") {
            return rate(inner).map(Self::Every).ok_or_else(|| format!("`{text}` is no rate"));
        }
        if let Some(inner) = within(text, "cron(") {
            return Calendar::read(inner, Dialect::Aws).map(Self::calendar);
        }
        if let Some(interval) = text.strip_prefix("@every ") {
            return duration(interval).map(Self::Every).ok_or_else(|| format!("`{interval}` is no duration"));
        }
        if let Some(interval) = text.strip_prefix("every ") {
            let interval = interval.split(" from ").next().unwrap_or(interval);
            let minutes = if interval.starts_with("day ") { Some(MINUTES_OF_DAY) } else { rate(interval) };
            return minutes.map(Self::Every).ok_or_else(|| format!("`{text}` is not understood"));
        }
        if let Some(repeating) = text.strip_prefix('R').filter(|rest| rest.contains('/')) {
            let interval = repeating.rsplit('/').next().unwrap_or_default();
            return iso(interval).map(Self::Every).ok_or_else(|| format!("`{interval}` is no interval"));
        }
        // K8up's `@daily-random` is daily at a time of its own. <https://docs.k8up.io/k8up/references/schedule-specification.html>
        let predefined = match text.strip_suffix("-random").unwrap_or(text) {
            "@hourly" => Some("0 * * * *"),
            "@daily" | "@midnight" => Some("0 0 * * *"),
            "@weekly" => Some("0 0 * * 0"),
            "@monthly" => Some("0 0 1 * *"),
            "@yearly" | "@annually" => Some("0 0 1 1 *"),
            _ => None,
        };
        let zone = |part: &str| part.starts_with("CRON_TZ=") || part.starts_with("TZ=");
        let plain = text.split_once(' ').filter(|(first, _)| zone(first)).map_or(text, |(_, rest)| rest);
        Calendar::read(predefined.unwrap_or(plain), dialect).map(Self::calendar)
    }

    fn calendar(calendar: Calendar) -> Self {
        Self::Calendar(Box::new(calendar))
    }

    /// The longest time between two runs, in minutes; nothing for what never runs.
    pub fn longest_gap(&self) -> Option<f64> {
        match self {
            Self::Every(minutes) => Some(*minutes),
            Self::Calendar(calendar) => calendar.longest_gap(),
        }
    }
}

impl Calendar {
    fn read(text: &str, dialect: Dialect) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let (seconds, rest, years): (&str, &[&str], &str) = match (dialect, fields.as_slice()) {
            (Dialect::Unix | Dialect::Quartz, [_, _, _, _, _]) => ("0", &fields[..], "*"),
            (Dialect::Unix | Dialect::Quartz, [seconds, _, _, _, _, _]) => (seconds, &fields[1..], "*"),
            (Dialect::Quartz, [seconds, _, _, _, _, _, years]) => (seconds, &fields[1..6], years),
            (Dialect::Aws, [_, _, _, _, _, years]) => ("0", &fields[..5], years),
            _ => return Err(format!("`{text}` is no cron expression of {} fields", expected(dialect))),
        };
        if !matches!(years, "*" | "?") {
            return Err(format!("it runs only in some years (`{years}`)"));
        }
        let [minutes, hours, day, months, weekday] = rest else {
            return Err(format!("`{text}` is no cron expression"));
        };
        let sunday_is_one = dialect != Dialect::Unix;
        let months = set(months, 1, 12, MONTHS, 1)?;
        let day_field = DayOfMonth::read(day)?;
        let weekday_field = DayOfWeek::read(weekday, sunday_is_one)?;
        let restricted = |field: &str| !field.starts_with('*') && field != "?";
        Ok(Self {
            seconds: set(seconds, 0, 59, &[], 0)?,
            minutes: set(minutes, 0, 59, &[], 0)?,
            hours: set(hours, 0, 23, &[], 0)?,
            months,
            either: dialect == Dialect::Unix && restricted(day) && restricted(weekday),
            day: day_field,
            weekday: weekday_field,
        })
    }

    fn runs_on(&self, day: Day) -> bool {
        if self.months >> day.month & 1 == 0 {
            return false;
        }
        let (by_day, by_weekday) = (self.day.holds(day), self.weekday.holds(day));
        if self.either { by_day || by_weekday } else { by_day && by_weekday }
    }

    fn longest_gap(&self) -> Option<f64> {
        let (first, last, within) = self.times()?;
        let (mut earliest, mut latest, mut longest, mut number) = (None, None, 0_u32, 0_u32);
        each_day(|day| {
            if self.runs_on(day) {
                earliest = earliest.or(Some(number));
                longest = latest.map_or(longest, |latest| longest.max(number - latest));
                latest = Some(number);
            }
            number += 1;
        });
        // The cycle begins again: from its last run to its first.
        let (earliest, latest) = (earliest?, latest?);
        let days = longest.max(number - latest + earliest);
        let between = f64::from(days) * 86_400.0 - f64::from(last) + f64::from(first);
        Some(between.max(f64::from(within)) / 60.0)
    }

    /// The first and last second of a day that it runs on, and the longest gap between two runs of one day.
    fn times(&self) -> Option<(u32, u32, u32)> {
        let bits = |set: u64| (0..64_u32).filter(move |bit| set >> bit & 1 == 1);
        let (first_second, last_second) = (bits(self.seconds).next()?, bits(self.seconds).next_back()?);
        let mut longest = gap(bits(self.seconds));
        let starts = bits(self.hours).flat_map(|hour| bits(self.minutes).map(move |minute| (hour * 60 + minute) * 60));
        let (mut first, mut last) = (None, None);
        for start in starts {
            if let Some(before) = last {
                longest = longest.max(start + first_second - before);
            }
            first = first.or(Some(start + first_second));
            last = Some(start + last_second);
        }
        Some((first?, last?, longest))
    }
}

/// The longest step in a rising sequence; 0 for a single number.
fn gap(numbers: impl Iterator<Item = u32>) -> u32 {
    let mut before = None;
    let mut longest = 0;
    for number in numbers {
        longest = before.map_or(longest, |before: u32| longest.max(number - before));
        before = Some(number);
    }
    longest
}

/// Every day of a Gregorian cycle, from 2000-01-01, a Saturday.
fn each_day(mut visit: impl FnMut(Day)) {
    let mut weekday = 6;
    for year in 2000..2400_u32 {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        for month in 1..=12 {
            let length = match month {
                2 => 28 + u32::from(leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            for number in 1..=length {
                visit(Day { month, number, length, weekday });
                weekday = (weekday + 1) % 7;
            }
        }
    }
}

impl DayOfMonth {
    fn read(field: &str) -> Result<Self, String> {
        let mut read = Self::default();
        for part in field.split(',') {
            match part {
                "*" | "?" => read.any = true,
                "L" => read.before_last.push(0),
                "LW" | "WL" => read.last_weekday = true,
                _ => {
                    if let Some(before) = part.strip_prefix("L-") {
                        read.before_last.push(number(before, 0, 30, &[], 0)?);
                    } else if let Some(day) = part.strip_suffix('W') {
                        read.nearest.push(number(day, 1, 31, &[], 0)?);
                    } else {
                        read.days |= set(part, 1, 31, &[], 0)?;
                    }
                }
            }
        }
        Ok(read)
    }

    fn holds(&self, day: Day) -> bool {
        self.any
            || self.days >> day.number & 1 == 1
            || self.before_last.iter().any(|before| day.number + before == day.length)
            || self.nearest.iter().any(|wanted| nearest_weekday(*wanted, day) == Some(day.number))
            || self.last_weekday && nearest_weekday(day.length, day) == Some(day.number)
    }
}

/// The weekday nearest to a day of the month of `day`, without leaving the month; nothing where it has no such day.
fn nearest_weekday(wanted: u32, day: Day) -> Option<u32> {
    if wanted > day.length {
        return None;
    }
    match (day.weekday + 35 + wanted - day.number) % 7 {
        6 if wanted == 1 => Some(3),
        6 => Some(wanted - 1),
        0 if wanted == day.length => Some(wanted - 2),
        0 => Some(wanted + 1),
        _ => Some(wanted),
    }
}

impl DayOfWeek {
    fn read(field: &str, sunday_is_one: bool) -> Result<Self, String> {
        let (least, most) = if sunday_is_one { (1, 7) } else { (0, 7) };
        let shift = u32::from(sunday_is_one);
        let numbered = |text: &str| number(text, least, most, WEEKDAYS, shift).map(|day| (day - shift) % 7);
        let mut read = Self::default();
        for part in field.split(',') {
            match part {
                "*" | "?" => read.any = true,
                "L" => read.days |= 1 << 6,
                _ => {
                    if let Some((day, nth)) = part.split_once('#') {
                        read.nth.push((numbered(day)?, number(nth, 1, 5, &[], 0)?));
                    } else if let Some(day) = part.strip_suffix('L').filter(|day| !day.is_empty()) {
                        read.last.push(numbered(day)?);
                    } else {
                        let days = set(part, least, most, WEEKDAYS, shift)? >> shift;
                        read.days |= days & 0x7f | days >> 7 & 1;
                    }
                }
            }
        }
        Ok(read)
    }

    fn holds(&self, day: Day) -> bool {
        self.any
            || self.days >> day.weekday & 1 == 1
            || self.last.contains(&day.weekday) && day.number + 7 > day.length
            || self.nth.iter().any(|(weekday, nth)| *weekday == day.weekday && day.number.div_ceil(7) == *nth)
    }
}

const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

fn expected(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Unix => "five",
        Dialect::Aws => "six",
        Dialect::Quartz => "six or seven",
    }
}

/// A list of numbers, ranges and steps as bits. Names are counted from `base`.
fn set(field: &str, least: u32, most: u32, names: &[&str], base: u32) -> Result<u64, String> {
    let mut bits = 0;
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(number(step, 1, most.max(1), &[], 0)?)),
            None => (part, None),
        };
        let (from, to) = match range {
            "*" | "?" => (least, most),
            _ => {
                if let Some((from, to)) = range.split_once('-') {
                    (number(from, least, most, names, base)?, number(to, least, most, names, base)?)
                } else {
                    let from = number(range, least, most, names, base)?;
                    (from, if step.is_some() { most } else { from })
                }
            }
        };
        // A range may go over the end: FRI-MON. Of the days, 0 and 7 are the same, so that it is of seven all the same.
        let whole = if least == 0 && most == 7 { 7 } else { most - least + 1 };
        let length = if from <= to { to - from } else { to + whole - from };
        for distance in (0..=length).step_by(step.unwrap_or(1) as usize) {
            let value = from + distance;
            bits |= 1_u64 << (if value > most { value - whole } else { value });
        }
    }
    Ok(bits)
}

fn number(text: &str, least: u32, most: u32, names: &[&str], base: u32) -> Result<u32, String> {
    let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
    let value = match named {
        Some(index) => u32::try_from(index).ok().map(|index| index + base),
        None => text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit())),
    };
    value
        .filter(|value| (least..=most).contains(value))
        .ok_or_else(|| format!("`{text}` is no number from {least} to {most}"))
}

fn within<'t>(text: &'t str, opening: &str) -> Option<&'t str> {
    text.strip_prefix(opening)?.strip_suffix(')')
}

/// `12 hours` in minutes.
fn rate(text: &str) -> Option<f64> {
    let (count, unit) = text.trim().split_once(char::is_whitespace)?;
    let count: f64 = count.parse().ok().filter(|count: &f64| count.is_finite() && *count > 0.0)?;
    let minutes = match unit.trim().to_ascii_lowercase().trim_end_matches('s') {
        "minute" | "min" => 1.0,
        "hour" => 60.0,
        "day" => MINUTES_OF_DAY,
        "week" => 7.0 * MINUTES_OF_DAY,
        _ => return None,
    };
    Some(count * minutes)
}

/// `1h30m` in minutes.
fn duration(text: &str) -> Option<f64> {
    let (mut total, mut digits, mut any) = (0.0, String::new(), false);
    for letter in text.trim().chars() {
        if letter.is_ascii_digit() || letter == '.' {
            digits.push(letter);
            continue;
        }
        let minutes = match letter {
            'd' => MINUTES_OF_DAY,
            'h' => 60.0,
            'm' => 1.0,
            's' => 1.0 / 60.0,
            _ => return None,
        };
        total += digits.parse::<f64>().ok()? * minutes;
        digits.clear();
        any = true;
    }
    (any && digits.is_empty() && total > 0.0).then_some(total)
}

/// `P1D`, `PT4H`, `P1W` in minutes; a month counts as its longest, 31 days.
fn iso(text: &str) -> Option<f64> {
    let (days, time) = text.strip_prefix('P')?.split_once('T').unwrap_or((text.strip_prefix('P')?, ""));
    let mut total = 0.0;
    for (part, units) in [
        (days, [('Y', 366.0), ('M', 31.0), ('W', 7.0), ('D', 1.0)]),
        (time, [('H', 1.0 / 24.0), ('M', 1.0 / 1440.0), ('S', 1.0 / 86_400.0), ('-', 0.0)]),
    ] {
        let mut digits = String::new();
        for letter in part.chars() {
            if letter.is_ascii_digit() {
                digits.push(letter);
                continue;
            }
            let (_, length) = units.iter().find(|(unit, _)| *unit == letter)?;
            total += digits.parse::<f64>().ok()? * length * MINUTES_OF_DAY;
            digits.clear();
        }
        if !digits.is_empty() {
            return None;
        }
    }
    (total > 0.0).then_some(total)
}

#[cfg(test)]
mod tests;
