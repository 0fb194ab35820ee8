//! Annotations for GitHub Actions: one workflow command per open gap, which the log turns into a note at its line.
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>. Uses `audit`.

use std::io::{self, Write};

use super::escape::workflow_command;
use super::finding::Finding;
use crate::audit::Audit;
use crate::rule::Severity;

/// Writes the commands, the worst first: GitHub shows no more than ten of a level for a step.
pub(super) fn write(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    let mut open: Vec<_> = Finding::all(audit).filter(Finding::is_open).collect();
    open.sort_by_key(|finding| std::cmp::Reverse(finding.verdict.severity));
    for finding in open {
        let place = finding.location();
        let level = match finding.verdict.severity {
            Severity::Critical | Severity::High => "error",
            Severity::Medium => "warning",
            Severity::Low => "notice",
        };
        let title = format!("{} ({})", finding.title(), finding.verdict.rule);
        let service = finding.service().map(|name| format!(" ({name})")).unwrap_or_default();
        writeln!(
            out,
            "::{level} file={},line={},endLine={},col={},endColumn={},title={}::{}",
            workflow_command(place.path, true),
            place.start.line,
            place.end.line,
            place.start.column,
            place.end.column,
            workflow_command(&title, true),
            workflow_command(&format!("{}{service}", finding.message()), false),
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::report::{Format, Options, sample};

    #[test]
    fn a_command_for_each_open_gap() {
        insta::assert_snapshot!(sample::render(Format::Github, &Options::default()));
    }
}
