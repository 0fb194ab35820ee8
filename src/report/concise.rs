//! One line per finding, as compilers print them, for editors, pre-commit and `grep`; the last line counts.
//! Uses `audit`.

use std::io::{self, Write};

use super::Options;
use super::escape::terminal;
use super::finding::{Finding, one_line};
use super::summary::{Counts, aside, plural};
use crate::audit::Audit;

/// Writes `path:line:column: severity[rule] message (service)` for each open gap, sorted by path; whatever was not
/// decided is listed as `unknown[rule]` when asked for (`verbose`), and counted always.
pub(super) fn write(audit: &Audit, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut findings: Vec<_> = Finding::all(audit)
        .filter(|finding| finding.is_shown(options))
        .filter(|finding| finding.is_open() || (options.verbose && finding.is_undecided()))
        .map(|finding| (finding.location(), finding))
        .collect();
    findings.sort_by(|(left, one), (right, other)| (left, &one.verdict.rule).cmp(&(right, &other.verdict.rule)));
    for (place, finding) in findings {
        let sort = if finding.unknown().is_some() { "unknown" } else { finding.verdict.severity.name() };
        let service = finding.service().map(|name| format!(" ({name})")).unwrap_or_default();
        let line = format!(
            "{}:{}:{}: {sort}[{}] {}{service}",
            place.path,
            place.start.line,
            place.start.column,
            finding.verdict.rule,
            one_line(&finding.message())
        );
        writeln!(out, "{}", terminal(&line))?;
    }
    writeln!(out, "{}", count(audit))
}

/// "12 gaps: 1 critical, 11 low; 5 not decided, 1 waived, 2 files not read".
fn count(audit: &Audit) -> String {
    let counts = Counts::of(audit);
    let gaps = match counts.open() {
        0 => counts.sentence(),
        open => format!("{}: {}", plural(open, "gap"), counts.sentence()),
    };
    let rest = aside(audit, &counts);
    if rest.is_empty() { gaps } else { format!("{gaps}; {}", rest.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Format, sample};
    use crate::rule::Severity;

    #[test]
    fn a_line_each_and_a_count() {
        insta::assert_snapshot!(sample::render(Format::Concise, &Options::default()));
    }

    #[test]
    fn verbose_lists_what_was_not_decided() {
        let text = sample::render(Format::Concise, &Options { verbose: true, ..Options::default() });
        let lines = text.lines().filter(|line| line.contains(": unknown[")).count();
        assert_eq!(lines, Counts::of(&sample::audit()).unknown);
    }

    #[test]
    fn what_weighs_less_is_counted_and_not_listed() {
        let text = sample::render(Format::Concise, &Options { min_severity: Severity::High, ..Options::default() });
        assert_eq!(text.lines().count(), 6, "{text}");
        assert!(text.contains("8 gaps: 1 critical, 4 high, 2 medium, 1 low"), "{text}");
    }

    #[test]
    fn a_clean_audit_is_one_line() {
        assert_eq!(sample::render_of(&Audit::default(), Format::Concise, &Options::default()), "no open gap\n");
    }
}
