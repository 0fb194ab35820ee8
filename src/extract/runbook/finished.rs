//! Whether a page tells of work that was done, once, on a day: a report of a fix, a diagnosis, a root cause. It may speak
//! of symptoms and of rolling back as runbooks do, and nobody opens it at night. Uses `outline`.

use super::outline::{LineKind, Outline, stem};

/// Last words of a file's name that say so, a number behind them left out: `login-slowness-report-02`.
const NAMED: &[&str] = &["rapport", "rca", "report", "retrospective"];

/// What a state says of work that is done, in English and French.
const DONE: &[&str] = &[
    "closed",
    "complete",
    "completed",
    "deployed",
    "déployé",
    "deploye",
    "diagnosed",
    "done",
    "fixed",
    "resolved",
    "termine",
    "terminé",
    "validated",
];

/// Whether it does: by its name, by a verdict, or by a date and a state in which nothing is left to do.
pub(super) fn tells(path: &str, outline: &Outline<'_>) -> bool {
    named(stem(path)) || outline.page.headings.iter().any(|heading| is_verdict(&heading.text)) || headed(outline)
}

fn named(stem: &str) -> bool {
    let lower = stem.to_lowercase();
    let words = lower.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut words = words.rev().skip_while(|word| word.chars().all(|letter| letter.is_ascii_digit()));
    let last = words.next();
    // Alone it may be the name of what is run.
    last.is_some_and(|last| NAMED.contains(&last)) && words.next().is_some()
}

/// `Verdict`, `Final verdict`, `10. Verdict final`.
fn is_verdict(heading: &str) -> bool {
    let lower = heading.to_lowercase();
    let mut words = lower.split(|letter: char| !letter.is_alphabetic()).filter(|word| !word.is_empty());
    words.clone().count() <= 2 && words.any(|word| word == "verdict")
}

/// What stands above its first section: `> Verdict: fixed`, or `Date: 2026-03-24` with `Status: done`.
fn headed(outline: &Outline<'_>) -> bool {
    let mut headings = outline.page.headings.iter().filter(|heading| heading.level > 1);
    let end = headings.next().map_or(usize::MAX, |heading| heading.span.start as usize);
    let lines = outline.lines.iter().take_while(|line| line.start < end).filter(|line| line.kind == LineKind::Text);
    let (mut dated, mut done) = (false, false);
    for line in lines {
        let plain: String = line.text.chars().filter(|letter| !matches!(letter, '*' | '_' | '>' | '`')).collect();
        let Some((key, value)) = plain.split_once(':') else { continue };
        let value = value.to_lowercase();
        match key.trim().to_lowercase().as_str() {
            "verdict" => return true,
            "date" | "date utc" => dated = true,
            "state" | "status" | "statut" => {
                let first = value.split(|letter: char| !letter.is_alphabetic()).find(|word| !word.is_empty());
                done |= first.is_some_and(|first| DONE.contains(&first));
            }
            _ => {}
        }
    }
    dated && done
}

#[cfg(test)]
mod tests {
    use super::{is_verdict, named};

    #[test]
    fn names_of_reports_end_as_one() {
        assert!(named("PH-AUTH-LOGOUT-02-REPORT") && named("pricing-page-rca-01"));
        assert!(!named("report") && !named("daily-reports") && !named("report-generator-down"));
        assert!(is_verdict("10. Verdict final") && is_verdict("Verdict"));
        assert!(!is_verdict("When the verdict of the scanner is late"));
    }
}
