//! `twoam check`: audit, report, exit code.

use std::fs::File;
use std::io::{BufWriter, Write};

use super::arguments::Check;
use super::terminal::Terminal;
use super::{CLEAN, Failure, GAPS, session};
use crate::audit::Audit;
use crate::report;

pub(super) fn run(check: &Check, terminal: &Terminal) -> Result<u8, Failure> {
    let mut session = session::audit(&check.inputs, terminal)?;
    if let Some(least) = check.min_severity {
        session.options.min_severity = least;
    }
    for output in &check.output {
        let shown = output.path.display();
        let file = File::create(&output.path).map_err(|error| {
            Failure::usage(format!("cannot write {shown}: {error}"), "name a path in a folder that exists")
        })?;
        let mut file = BufWriter::new(file);
        let plain = report::Options { color: false, unicode: true, ..session.options.clone() };
        report::write(output.format, &session.audit, &plain, &mut file)?;
        file.flush()?;
    }
    let mut out = terminal.out();
    report::write(check.format, &session.audit, &session.options, &mut out)?;
    out.flush()?;
    Ok(if check.exit_zero || is_clean(check, &session.audit) { CLEAN } else { GAPS })
}

/// Whether nothing reaches the thresholds. The format and what is shown have no part in it.
fn is_clean(check: &Check, audit: &Audit) -> bool {
    let gap = audit.verdicts.iter().any(|verdict| verdict.is_open_gap() && verdict.severity >= check.fail_on);
    let low = check.min_score.is_some_and(|least| {
        audit.scores.services.iter().any(|service| service.score.is_some_and(|score| score < least))
    });
    !gap && !low
}
