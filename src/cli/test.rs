//! `twoam test`: a project's own rules against their fixtures.

use std::io::Write;

use super::arguments::Test;
use super::terminal::Terminal;
use super::{CLEAN, Failure, GAPS};
use crate::testing;

pub(super) fn run(arguments: &Test, terminal: &Terminal) -> Result<u8, Failure> {
    let fixtures = arguments.folder.join("fixtures");
    let rules = arguments.folder.join("rules");
    if !rules.is_dir() && !fixtures.is_dir() {
        let message = format!("there are no rules of your own in {}", arguments.folder.display());
        return Err(Failure::usage(message, "`twoam new rule FAMILY/NAME` writes one, with fixtures"));
    }
    let tested = testing::run(&fixtures, &[rules]).map_err(|error| {
        let message = format!("the fixtures in {} cannot be read: {error}", fixtures.display());
        Failure::usage(message, "a fixture is a folder fixtures/FAMILY/NAME/pass, /fail or /unknown beside rules/")
    })?;
    if tested.is_empty() {
        let message = format!("no fixture stands in {}", fixtures.display());
        return Err(Failure::usage(
            message,
            "a rule that nothing tests may say anything: add a pass and a fail folder",
        ));
    }
    let mut out = terminal.out();
    for test in &tested {
        let verdict = if test.passed() { "ok  " } else { "FAIL" };
        writeln!(out, "{verdict} {}", test.folder.display())?;
        for (what, places) in [("noisy", &test.noisy), ("missing", &test.missing), ("broken", &test.broken)] {
            for place in places {
                writeln!(out, "       {what}: {place}")?;
            }
        }
    }
    let failed = tested.iter().filter(|test| !test.passed()).count();
    writeln!(out, "{} passed, {failed} failed", tested.len() - failed)?;
    out.flush()?;
    Ok(if failed == 0 { CLEAN } else { GAPS })
}
