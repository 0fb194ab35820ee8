//! How durations are said. Uses nothing of this crate.

/// What durations are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Days.
    Days,
    /// Hours.
    Hours,
    /// Minutes.
    Minutes,
    /// Seconds.
    Seconds,
}

impl Unit {
    /// All of them, the longest first.
    pub const ALL: [Self; 4] = [Self::Days, Self::Hours, Self::Minutes, Self::Seconds];

    /// Its name, as it stands behind several: `days`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Days => "days",
            Self::Hours => "hours",
            Self::Minutes => "minutes",
            Self::Seconds => "seconds",
        }
    }

    /// Its sign: `d`.
    fn sign(self) -> &'static str {
        match self {
            Self::Days => "d",
            Self::Hours => "h",
            Self::Minutes => "min",
            Self::Seconds => "s",
        }
    }

    fn seconds(self) -> i64 {
        match self {
            Self::Days => 86_400,
            Self::Hours => 3_600,
            Self::Minutes => 60,
            Self::Seconds => 1,
        }
    }
}

/// So many minutes, in short: `45 s`, `60 min`, `24 h`, `3 d 12 h`.
pub fn short(minutes: f64) -> String {
    let said: Vec<String> =
        parts(minutes * 60.0).into_iter().map(|(count, unit)| format!("{count} {}", unit.sign())).collect();
    said.join(" ")
}

/// So many of a unit, in words: `7 days`; `8 hours` for a third of a day.
pub fn in_words(count: f64, unit: Unit) -> String {
    let word = |count: f64, unit: Unit| {
        let is_one = (count - 1.0).abs() < f64::EPSILON;
        let name = unit.name();
        format!("{count} {}", if is_one { name.trim_end_matches('s') } else { name })
    };
    if count.fract() == 0.0 {
        return word(count, unit);
    }
    #[allow(clippy::cast_precision_loss, reason = "no duration has so many parts")]
    let said = |(count, unit): (i64, Unit)| word(count as f64, unit);
    #[allow(clippy::cast_precision_loss, reason = "a unit has few seconds")]
    let seconds = count * unit.seconds() as f64;
    parts(seconds).into_iter().map(said).collect::<Vec<String>>().join(" ")
}

/// A duration in the unit that people count it in, and what is left in the unit below.
fn parts(seconds: f64) -> Vec<(i64, Unit)> {
    #[allow(clippy::cast_possible_truncation, reason = "a float that is too large becomes the largest number")]
    let whole = seconds.round().max(0.0) as i64;
    let (unit, below) = match whole {
        ..60 => (Unit::Seconds, Unit::Seconds),
        60..7_200 => (Unit::Minutes, Unit::Seconds),
        7_200..=259_200 => (Unit::Hours, Unit::Minutes),
        _ => (Unit::Days, Unit::Hours),
    };
    let smallest = below.seconds();
    let rounded = whole.saturating_add(smallest / 2) / smallest * smallest;
    let (count, rest) = (rounded / unit.seconds(), rounded % unit.seconds() / smallest);
    let mut parts = vec![(count, unit)];
    parts.extend((rest > 0).then_some((rest, below)));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_as_people_say_them() {
        for (minutes, said) in [
            (0.0, "0 s"),
            (0.5, "30 s"),
            (1.5, "1 min 30 s"),
            (5.0, "5 min"),
            (60.0, "60 min"),
            (150.0, "2 h 30 min"),
            (1440.0, "24 h"),
            (4320.0, "72 h"),
            (5039.9, "3 d 12 h"),
            (10_080.0, "7 d"),
        ] {
            assert_eq!(short(minutes), said);
        }
    }

    #[test]
    fn a_part_of_a_unit_is_said_in_smaller_ones() {
        for (count, unit, said) in [
            (7.0, Unit::Days, "7 days"),
            (1.0, Unit::Days, "1 day"),
            (8.0 / 24.0, Unit::Days, "8 hours"),
            (3.5, Unit::Days, "3 days 12 hours"),
            (90.0, Unit::Minutes, "90 minutes"),
            (0.25, Unit::Minutes, "15 seconds"),
        ] {
            assert_eq!(in_words(count, unit), said);
        }
    }
}
