//! `twoam rules`: every rule in a line.

use std::io::Write;

use owo_colors::OwoColorize;

use super::arguments::Rules;
use super::terminal::Terminal;
use super::{CLEAN, Failure, session};
use crate::rule::Severity;

pub(super) fn run(arguments: &Rules, terminal: &Terminal) -> Result<u8, Failure> {
    let rules = session::rules(&arguments.inputs, terminal)?;
    let mut out = terminal.out();
    let width = rules.rules.iter().map(|rule| rule.meta.id.len()).max().unwrap_or(0);
    let mut family = "";
    for rule in &rules.rules {
        let own = rule.meta.id.split('/').next().unwrap_or_default();
        if !family.is_empty() && own != family {
            writeln!(out)?;
        }
        family = own;
        let severity = format!("{:<8}", rule.meta.severity.name());
        let severity = if terminal.color() { paint(rule.meta.severity, &severity) } else { severity };
        let off = if rule.meta.enabled { "" } else { " (off until it is selected)" };
        writeln!(out, "{:<width$}  {severity}  {}{off}", rule.meta.id, rule.meta.title)?;
    }
    writeln!(out, "\n{} rules. `twoam explain RULE` says why, and how to mend it.", rules.rules.len())?;
    out.flush()?;
    Ok(CLEAN)
}

fn paint(severity: Severity, text: &str) -> String {
    match severity {
        Severity::Critical => text.red().bold().to_string(),
        Severity::High => text.red().to_string(),
        Severity::Medium => text.yellow().to_string(),
        Severity::Low => text.dimmed().to_string(),
    }
}
