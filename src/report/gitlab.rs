//! GitLab's Code Quality report: a JSON array of open gaps.
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>. Uses `audit`.

use std::io::{self, Write};

use serde::Serialize;

use super::finding::Finding;
use crate::audit::Audit;
use crate::rule::Severity;

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: &'a str,
    severity: &'static str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// Writes the array.
pub(super) fn write(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    let issues: Vec<_> = Finding::all(audit).filter(Finding::is_open).map(|finding| issue(&finding)).collect();
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    writeln!(out)
}

fn issue<'a>(finding: &Finding<'a>) -> Issue<'a> {
    let place = finding.location();
    Issue {
        description: finding.message().into_owned(),
        check_name: &finding.verdict.rule,
        fingerprint: finding.verdict.fingerprint(),
        severity: match finding.verdict.severity {
            Severity::Critical => "blocker",
            Severity::High => "critical",
            Severity::Medium => "major",
            Severity::Low => "minor",
        },
        location: Location { path: place.path, lines: Lines { begin: place.start.line, end: place.end.line } },
    }
}

#[cfg(test)]
mod tests {
    use crate::report::{Format, Options, sample};

    #[test]
    fn an_issue_for_each_open_gap() {
        insta::assert_snapshot!(sample::render(Format::Gitlab, &Options::default()));
    }
}
