//! `JUnit` XML, which nearly every CI system reads: a suite for each service, a test case for each rule and subject.
//! What was not decided or is waived counts as skipped, with the reason. Uses `audit`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::escape::xml;
use super::finding::{Finding, Location};
use crate::audit::Audit;
use crate::evaluate::{Outcome, Verdict};

/// The suite of what belongs to no service.
const WHOLE: &str = "repository";

/// Writes the document.
pub(super) fn write(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    let mut suites: BTreeMap<&str, Vec<&Verdict>> = BTreeMap::new();
    for verdict in &audit.verdicts {
        let name = verdict.service.map_or(WHOLE, |id| audit.model[id].name.as_str());
        suites.entry(name).or_default().push(verdict);
    }
    writeln!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"twoam\"{}>",
        counts(&audit.verdicts)
    )?;
    for (name, verdicts) in suites {
        writeln!(out, "  <testsuite name=\"{}\"{}>", xml(name), counts(verdicts.iter().copied()))?;
        for verdict in verdicts {
            write_case(audit, name, verdict, out)?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

/// ` tests="3" failures="1" errors="0" skipped="1"`.
fn counts<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> String {
    let (mut tests, mut failures, mut skipped) = (0, 0, 0);
    for verdict in verdicts {
        tests += 1;
        failures += usize::from(verdict.is_open_gap());
        skipped += usize::from(!verdict.is_open_gap() && verdict.outcome() != Outcome::Pass);
    }
    format!(" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\"")
}

fn write_case(audit: &Audit, suite: &str, verdict: &Verdict, out: &mut dyn Write) -> io::Result<()> {
    let place = verdict.evidence().first().map(|evidence| Location::of(audit, evidence));
    let file = place.as_ref().map(|place| format!(" file=\"{}\" line=\"{}\"", xml(place.path), place.start.line));
    let name = format!("{}: {}", verdict.rule, verdict.subject);
    write!(out, "    <testcase name=\"{}\" classname=\"{}\"{}", xml(&name), xml(suite), file.unwrap_or_default())?;
    let Some(finding) = Finding::of(audit, verdict) else { return writeln!(out, "/>") };
    let message = xml(&finding.message());
    writeln!(out, ">")?;
    if let Some(waiver) = verdict.suppressed() {
        writeln!(out, "      <skipped message=\"waived: {}\"/>", xml(&waiver.reason))?;
    } else if finding.unknown().is_some() {
        writeln!(out, "      <skipped message=\"{message}\"/>")?;
    } else {
        let short = place.map(|place| place.short()).unwrap_or_default();
        let (kind, help) = (verdict.severity.name(), xml(&finding.advice()));
        writeln!(out, "      <failure type=\"{kind}\" message=\"{message}\">{} {help}</failure>", xml(&short))?;
    }
    writeln!(out, "    </testcase>")
}

#[cfg(test)]
mod tests {
    use crate::report::{Format, Options, sample};

    #[test]
    fn a_case_for_each_verdict() {
        insta::assert_snapshot!(sample::render(Format::Junit, &Options::default()));
    }
}
