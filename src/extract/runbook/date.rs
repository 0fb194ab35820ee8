//! Dates as people write them: `2026-03-01`, `2026/03/01`, `1 March 2026`, `March 1st, 2026`. Uses nothing.

use crate::tree::Text;

/// A date in a text.
pub(super) struct Date {
    /// As `2026-03-01`.
    pub(super) written: Text,
    /// Where it begins and ends in the text, in bytes.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Months by their first three letters, which are enough in English and in most languages around it.
const MONTHS: &[&[&str]] = &[
    &["jan", "ene", "gen"],
    &["feb", "fév", "fev"],
    &["mar", "mär", "maa", "mrt"],
    &["apr", "avr", "abr"],
    &["may", "mai", "mei", "mag"],
    &["jun", "giu"],
    &["jul", "lug"],
    &["aug", "aoû", "ago"],
    &["sep", "set"],
    &["oct", "okt", "out", "ott"],
    &["nov"],
    &["dec", "dez", "déc", "dic"],
];

/// The first date of a text.
pub(super) fn first(text: &str) -> Option<Date> {
    if let Some((start, date)) = super::date_in(&text.replace('/', "-")) {
        return Some(Date { written: date.into(), start, end: start + date.len() });
    }
    let words: Vec<(usize, &str)> = words(text).collect();
    words.windows(3).find_map(|window| {
        let [(start, first), (_, second), (at, third)] = window else { return None };
        let year = third.parse::<u16>().ok().filter(|year| (1990..2200).contains(year) && third.len() == 4)?;
        let (day, month) = day(first).zip(month(second)).or_else(|| day(second).zip(month(first)))?;
        Some(Date { written: format!("{year}-{month:02}-{day:02}").into(), start: *start, end: at + third.len() })
    })
}

/// Runs of letters and digits, with where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let base = text.as_ptr() as usize;
    text.split(|it: char| !it.is_alphanumeric())
        .filter(|it| !it.is_empty())
        .map(move |it| (it.as_ptr() as usize - base, it))
}

fn day(word: &str) -> Option<u8> {
    let digits = word.trim_end_matches(|it: char| it.is_alphabetic());
    digits.parse().ok().filter(|day| (1..=31).contains(day) && word.len() <= 4)
}

fn month(word: &str) -> Option<usize> {
    let lower = word.to_lowercase();
    let letters = lower.chars().all(char::is_alphabetic) && lower.chars().count() >= 3;
    MONTHS.iter().position(|names| letters && names.iter().any(|name| lower.starts_with(name))).map(|index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_people_write_them() {
        for (text, date) in [
            ("on 2026-03-01, at noon", "2026-03-01"),
            ("2026/03/01", "2026-03-01"),
            ("Last reviewed: 1 March 2026", "2026-03-01"),
            ("March 1st, 2026", "2026-03-01"),
            ("am 14. März 2025", "2025-03-14"),
            ("le 2 février 2025", "2025-02-02"),
        ] {
            let found = first(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(found.written, date);
            assert!(text.get(found.start..found.end).is_some(), "{text}");
        }
        for text in ["yesterday", "version 1.2.2026", "market 12 2026x", "é", "99 March 2026"] {
            assert!(first(text).is_none(), "{text}");
        }
    }
}
