//! The recovery objectives that a page declares: in its front matter, on a line of its own, in a table. Uses `model`
//! and `tree`.
//!
//! Only what stands as a declaration counts: `RPO: 1 hour`, `**RTO** – 30 min`, a row or a column of a table. Prose about
//! objectives, and a word that says what the letters stand for, declare nothing.

use crate::model::{Environments, Fact, RecoveryObjective};
use crate::source::Span;
use crate::tree::page::{Passage, Table};
use crate::tree::{Node, Text, Unknown};

use super::outline::{LineKind, Outline};

/// What an objective is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    /// How much of the newest data may be lost.
    Rpo,
    /// How long a restore may take.
    Rto,
}

/// What a written value says.
#[derive(Clone, Debug, PartialEq)]
enum Reading {
    /// Minutes.
    Minutes(i64),
    /// Something that is no duration to us: why.
    Open(String),
    /// Nothing was promised.
    Nothing,
}

/// Words that a label is made of, beside those that name the objective.
const LABEL: &[&str] = &[
    "recovery",
    "point",
    "time",
    "objective",
    "target",
    "the",
    "our",
    "its",
    "declared",
    "agreed",
    "maximum",
    "max",
    "required",
    "in",
    "seconds",
    "minutes",
    "mins",
    "min",
    "hours",
    "hrs",
    "days",
];

/// Words that stand where nothing was decided.
const UNDECIDED: &[&str] = &["", "-", "–", "—", "?", "tbd", "tba", "todo", "n/a", "na", "none", "undefined", "unknown"];

/// Words before a duration that bound it.
const BOUNDS: &[&str] = &[
    "<=",
    "≤",
    "<",
    "~",
    "≈",
    "at most ",
    "up to ",
    "no more than ",
    "less than ",
    "under ",
    "within ",
    "maximum ",
    "max ",
    "approximately ",
    "about ",
    "near ",
    "near-",
];

/// Numbers that are written out.
const NUMBERS: &[(&str, f64)] = &[("zero", 0.0), ("a", 1.0), ("an", 1.0), ("one", 1.0), ("two", 2.0), ("three", 3.0)];

/// Units by how they begin, in minutes; the longer first.
const UNITS: &[(&str, f64)] = &[
    ("seconds", 1.0 / 60.0),
    ("second", 1.0 / 60.0),
    ("secs", 1.0 / 60.0),
    ("sec", 1.0 / 60.0),
    ("s", 1.0 / 60.0),
    ("minutes", 1.0),
    ("minute", 1.0),
    ("mins", 1.0),
    ("min", 1.0),
    ("m", 1.0),
    ("hours", 60.0),
    ("hour", 60.0),
    ("hrs", 60.0),
    ("hr", 60.0),
    ("h", 60.0),
    ("days", 1440.0),
    ("day", 1440.0),
    ("d", 1440.0),
    ("weeks", 10_080.0),
    ("week", 10_080.0),
    ("w", 10_080.0),
];

/// Keys of front matter under which objectives may stand together.
const TOGETHER: &[&str] = &["recovery", "objectives", "disaster_recovery", "disaster-recovery", "dr"];

/// The most objectives that one page declares.
const MOST: usize = 500;

/// What a page declares.
pub(super) fn read(outline: &Outline<'_>, environments: &Environments) -> Vec<RecoveryObjective> {
    let mut whole = RecoveryObjective::default();
    if let Some(matter) = &outline.page.front_matter {
        let together = TOGETHER.iter().filter_map(|key| matter.get(key));
        for part in std::iter::once(matter).chain(together) {
            of_matter(part, &mut whole);
        }
    }
    let mut found = Vec::new();
    for table in &outline.page.tables {
        of_table(table, environments, &mut whole, &mut found);
    }
    let text = outline.lines.iter().filter(|line| line.kind == LineKind::Text);
    for line in text.filter(|line| !line.text.trim_start().starts_with('|')) {
        for (aim, value, hint) in declared(line.text) {
            let start = line.start + (value.as_ptr() as usize - line.text.as_ptr() as usize);
            put(&mut whole, aim, of_line(value, hint), Span::new(outline.head.source, start, start + value.len()));
        }
    }
    found.truncate(MOST);
    if !(whole.rpo_minutes.is_absent() && whole.rto_minutes.is_absent()) {
        found.insert(0, whole);
    }
    found
}

/// What is said first counts.
fn put(objective: &mut RecoveryObjective, aim: Aim, reading: Reading, at: Span) {
    let fact = match aim {
        Aim::Rpo => &mut objective.rpo_minutes,
        Aim::Rto => &mut objective.rto_minutes,
    };
    if fact.is_absent() {
        *fact = match reading {
            Reading::Minutes(minutes) => Fact::known(minutes, at),
            Reading::Open(reason) => {
                Fact { span: Some(at), ..Fact::unknown(Unknown::new(reason, "write it as a duration: `1h`", at)) }
            }
            Reading::Nothing => return,
        };
    }
}

fn of_matter(matter: &Node, whole: &mut RecoveryObjective) {
    for entry in matter.entries() {
        let key = entry.key.replace(['_', '-'], " ");
        let (Some((aim, hint)), Some(written)) = (aim(&key), entry.value.scalar()) else { continue };
        let reading = match amount(&written, hint) {
            Reading::Nothing if !is_undecided(&written) => Reading::Open(format!("`{written}` is no duration")),
            reading => reading,
        };
        put(whole, aim, reading, entry.value.span);
    }
}

/// A table has a column for each objective and a row for each service, or a row for each objective.
fn of_table(
    table: &Table,
    environments: &Environments,
    whole: &mut RecoveryObjective,
    found: &mut Vec<RecoveryObjective>,
) {
    let columns: Vec<(usize, Aim, Option<f64>)> = table
        .header
        .iter()
        .enumerate()
        .filter_map(|(index, cell)| aim(&cell.text).map(|(aim, hint)| (index, aim, hint)))
        .collect();
    // `| RPO | 1 hour |` may well be the first row.
    let is_row = columns.len() == 1 && columns[0].0 == 0;
    if columns.is_empty() || is_row {
        // Of a column for each environment, that of production counts.
        let of_production = table.header.iter().position(|cell| {
            let mut words = cell.text.split(|it: char| !it.is_alphanumeric());
            words.any(|word| environments.of_word(word).is_some_and(|environment| environment.production))
        });
        for row in std::iter::once(&table.header).chain(&table.rows) {
            let (Some(label), Some(value)) = (row.first(), row.get(of_production.unwrap_or(1))) else { continue };
            if let Some((aim, hint)) = aim(&label.text) {
                put(whole, aim, of_line(&value.text, hint), value.span);
            }
        }
        return;
    }
    for row in &table.rows {
        let name = row.first().filter(|_| columns.iter().all(|(index, ..)| *index != 0));
        let mut own = RecoveryObjective { of: name.map(named).unwrap_or_default(), ..RecoveryObjective::default() };
        let target = if name.is_some() { &mut own } else { &mut *whole };
        for (index, aim, hint) in &columns {
            if let Some(cell) = row.get(*index) {
                put(target, *aim, of_line(&cell.text, *hint), cell.span);
            }
        }
        if !own.of.is_empty() && (own.rpo_minutes.span.is_some() || own.rto_minutes.span.is_some()) {
            found.push(own);
        }
    }
}

fn named(cell: &Passage) -> Text {
    cell.text.trim().trim_matches('`').to_lowercase().into()
}

/// The objectives that a line declares, each with the words that say how much, and the length of the unit that its
/// label names.
fn declared(line: &str) -> Vec<(Aim, &str, Option<f64>)> {
    let mut found = Vec::new();
    // `RPO: 1 hour, RTO: 4 hours`
    for part in line.split([',', ';', '·']) {
        let part = part.trim_start_matches([' ', '\t', '>', '-', '*', '+', '_']);
        let ends = part.char_indices().filter_map(|(at, _)| Some((at, at + separator(&part[at..])?)));
        let Some((label, value)) = ends
            .map(|(start, end)| (&part[..start], &part[end..]))
            .find(|(label, _)| label.split('/').all(|name| aim(name).is_some()))
        else {
            continue;
        };
        let value = value.trim_start_matches([':', '=', '*', '_', ' ', '\t', '`', '–', '—', '-']);
        let value = value.trim_end_matches(['*', '_', ' ', '\t', '`', '.', '|']);
        let labels: Vec<&str> = label.split('/').collect();
        let values: Vec<&str> = if labels.len() > 1 { value.split('/').map(str::trim).collect() } else { vec![value] };
        if labels.len() == values.len() {
            let each = labels.into_iter().zip(values).filter_map(|(label, value)| Some((aim(label)?, value)));
            found.extend(each.map(|((aim, hint), value)| (aim, value, hint)));
        }
    }
    found
}

/// How long what ends a label is, where a text begins with it: `RPO: …`, `RPO = …`, `RPO – …`, `RPO is …`, `RPO of …`.
fn separator(text: &str) -> Option<usize> {
    let words = [":", "=", "–", "—", "≤", "<", " - ", " is ", " of ", "** "];
    words.iter().find(|word| text.starts_with(**word)).map(|word| word.len())
}

/// The objective that a label names, and the length of the unit that stands with it (`RPO (hours)`).
fn aim(label: &str) -> Option<(Aim, Option<f64>)> {
    if label.len() > 80 {
        return None;
    }
    let lower = label.to_lowercase();
    let words: Vec<&str> = lower.split(|it: char| !it.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let named = |short: &str, middle: &str| {
        words.contains(&short) || words.windows(3).any(|three| three == ["recovery", middle, "objective"])
    };
    let aim = match (named("rpo", "point"), named("rto", "time")) {
        (true, false) => Aim::Rpo,
        (false, true) => Aim::Rto,
        _ => return None,
    };
    if !words.iter().all(|word| matches!(*word, "rpo" | "rto") || LABEL.contains(word)) {
        return None;
    }
    let hint = words.iter().find_map(|word| {
        let unit = matches!(*word, "seconds" | "minutes" | "mins" | "min" | "hours" | "hrs" | "days");
        UNITS.iter().find(|(name, _)| unit && name == word).map(|(_, minutes)| *minutes)
    });
    Some((aim, hint))
}

fn is_undecided(written: &str) -> bool {
    UNDECIDED.contains(&written.trim().trim_matches(['*', '_', '`', '.']).to_lowercase().as_str())
}

/// The value of a line or a cell. Where there is neither a number nor a pointer to one, nothing is declared.
fn of_line(written: &str, hint: Option<f64>) -> Reading {
    match amount(written, hint) {
        Reading::Nothing if !is_undecided(written) => {
            let lower = written.trim().to_lowercase();
            let elsewhere = lower.starts_with("see ")
                || lower.starts_with('[')
                || ["{{", "${", "<%"].iter().any(|mark| lower.contains(mark));
            if elsewhere { Reading::Open("what it says stands elsewhere".to_owned()) } else { Reading::Nothing }
        }
        reading => reading,
    }
}

/// A duration as people write it, or as Go and ISO 8601 do: `1 hour`, `≤ 15 min`, `1h30m`, `PT4H`, `zero`.
fn amount(written: &str, hint: Option<f64>) -> Reading {
    let lower = written.trim().trim_matches(['*', '_', '`', '"', '|', ' ', '.']).to_lowercase();
    let mut rest = lower.as_str();
    while let Some(after) = BOUNDS.iter().find_map(|bound| rest.strip_prefix(bound)) {
        rest = after.trim_start();
    }
    if let Some(iso) = rest.strip_prefix('p').filter(|iso| iso.starts_with(|it: char| it.is_ascii_digit() || it == 't'))
    {
        rest = iso;
    }
    let (mut total, mut any) = (0.0, false);
    loop {
        rest = rest.trim_start();
        // The `T` of ISO 8601.
        rest = rest.strip_prefix('t').filter(|rest| rest.starts_with(|it: char| it.is_ascii_digit())).unwrap_or(rest);
        let Some((number, after)) = number(rest) else { break };
        let after = after.trim_start_matches([' ', '\u{a0}', '-']);
        let word = after.find(|it: char| !it.is_alphabetic()).unwrap_or(after.len());
        let unit = UNITS.iter().find(|(name, _)| {
            after.strip_prefix(name).is_some_and(|next| !next.starts_with(|it: char| it.is_alphabetic()) || word == 1)
                // `1h30m` has its number right behind the unit, and so has the `T` of `P1DT12H`.
                || after.strip_prefix(name).is_some_and(|next| {
                    next.strip_prefix('t').is_some_and(|next| next.starts_with(|it: char| it.is_ascii_digit()))
                })
        });
        match (unit, hint) {
            (Some((name, minutes)), _) => {
                total += number * minutes;
                rest = &after[name.len()..];
            }
            (None, Some(minutes)) if word == 0 && !any => {
                total += number * minutes;
                rest = after;
            }
            // Nothing is nothing in every unit.
            (None, _) if number == 0.0 && !any => rest = after,
            _ => return Reading::Open(format!("`{}` is no duration", written.trim())),
        }
        any = true;
    }
    let next = rest.trim_start();
    let range = ["-", "–", "—", "to ", "or "].iter().any(|word| {
        next.strip_prefix(word).is_some_and(|after| after.trim_start().starts_with(|it: char| it.is_ascii_digit()))
    });
    if any && range {
        return Reading::Open(format!("`{}` is a range", written.trim()));
    }
    #[allow(clippy::cast_possible_truncation, reason = "a float that is too large becomes the largest number")]
    if any { Reading::Minutes(total.ceil() as i64) } else { Reading::Nothing }
}

/// A number at the start of a text, in digits or written out, and what follows it.
fn number(text: &str) -> Option<(f64, &str)> {
    let digits = text.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(text.len());
    if let Ok(number) = text[..digits].parse::<f64>() {
        return Some((number, &text[digits..]));
    }
    NUMBERS.iter().find_map(|(word, number)| {
        let after = text.strip_prefix(word)?;
        (after.is_empty() || after.starts_with([' ', '-'])).then_some((*number, after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (written, expected) in [
            ("1 hour", Some(60)),
            ("15 minutes", Some(15)),
            ("≤ 15 min", Some(15)),
            ("< 1h", Some(60)),
            ("up to 4 hours of data", Some(240)),
            ("1h30m", Some(90)),
            ("1 hour 30 minutes", Some(90)),
            ("PT4H", Some(240)),
            ("P1DT12H", Some(2160)),
            ("24hrs", Some(1440)),
            ("one day", Some(1440)),
            ("a week", Some(10_080)),
            ("zero", Some(0)),
            ("0", Some(0)),
            ("near zero", Some(0)),
            ("30 s", Some(1)),
            ("**4 hours** (business hours)", Some(240)),
            ("TBD", None),
            ("the data that may be lost", None),
        ] {
            let expected = expected.map_or(Reading::Nothing, Reading::Minutes);
            assert_eq!(amount(written, None), expected, "{written}");
        }
        for open in ["1-2 hours", "1 to 2 hours", "5", "3 sprints", "1 hour or 2"] {
            assert!(matches!(amount(open, None), Reading::Open(_)), "{open}: {:?}", amount(open, None));
        }
        assert_eq!(amount("4", Some(60.0)), Reading::Minutes(240));
    }

    #[test]
    fn only_declarations_declare() {
        for (line, expected) in [
            ("RPO: 1 hour", &[(Aim::Rpo, "1 hour")][..]),
            ("- **RPO**: 15 minutes", &[(Aim::Rpo, "15 minutes")]),
            ("* **RTO:** 4h", &[(Aim::Rto, "4h")]),
            ("**RPO** 1 hour", &[(Aim::Rpo, "1 hour")]),
            ("Recovery Point Objective (RPO): 4 hours", &[(Aim::Rpo, "4 hours")]),
            ("Our RTO is 30 minutes.", &[(Aim::Rto, "30 minutes")]),
            ("RPO – 24h", &[(Aim::Rpo, "24h")]),
            ("RPO: 1 hour, RTO: 4 hours", &[(Aim::Rpo, "1 hour"), (Aim::Rto, "4 hours")]),
            ("RPO/RTO: 1h / 4h", &[(Aim::Rpo, "1h"), (Aim::Rto, "4h")]),
            ("The RPO that was agreed with finance is 1 hour", &[]),
            ("Current RPO: 1 hour", &[]),
            ("Restore within the RTO", &[]),
        ] {
            let found: Vec<(Aim, &str)> = declared(line).into_iter().map(|(aim, value, _)| (aim, value)).collect();
            assert_eq!(found, expected, "{line}");
        }
        assert_eq!(of_line("Recovery Point Objective", None), Reading::Nothing);
        assert!(matches!(of_line("see [the contract](x.md)", None), Reading::Open(_)));
    }

    proptest::proptest! {
        #[test]
        fn any_line_can_be_read(line in "\\PC{0,60}", label in "(RPO|\\*\\*RTO\\*\\*|rpo/rto)[:=–<]? ?") {
            for (_, value, hint) in declared(&format!("{label}{line}")) {
                of_line(value, hint);
            }
        }
    }
}
