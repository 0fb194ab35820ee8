//! `twoam new`: a first runbook for an alert, or a first rule with its fixtures.

mod rule;

use std::io::Write;
use std::path::Path;

use super::arguments::{New, NewRunbook};
use super::terminal::Terminal;
use super::{CLEAN, Failure, session};
use crate::problem::did_you_mean;
use crate::report::scaffold;

pub(super) fn run(new: &New, terminal: &Terminal) -> Result<u8, Failure> {
    match new {
        New::Runbook(asked) => runbook(asked, terminal),
        New::Rule(asked) => rule::run(asked, terminal),
    }
}

fn runbook(asked: &NewRunbook, terminal: &Terminal) -> Result<u8, Failure> {
    if let Some(output) = &asked.output {
        refuse_existing(output)?;
    }
    let session = session::audit(&asked.inputs, terminal)?;
    let model = &session.audit.model;
    let name = asked.alert.strip_prefix("alert/").unwrap_or(&asked.alert);
    let Some(alert) = scaffold::find(model, name) else {
        let near = did_you_mean(name, "", model.alerts.iter().map(|alert| alert.plain_name.as_str()));
        let help = near
            .unwrap_or_else(|| format!("{} alerts were read; name one as it is named in its rule", model.alerts.len()));
        return Err(Failure::usage(format!("there is no alert `{name}`"), help));
    };
    let page = scaffold::runbook(&session.audit, alert);
    let mut out = terminal.out();
    match &asked.output {
        None => write!(out, "{page}")?,
        Some(output) => {
            write_new(output, &page)?;
            writeln!(out, "wrote {}: answer what stands after TODO", output.display())?;
        }
    }
    out.flush()?;
    Ok(CLEAN)
}

fn refuse_existing(path: &Path) -> Result<(), Failure> {
    if path.symlink_metadata().is_ok() {
        return Err(Failure::usage(
            format!("{} is there already", path.display()),
            "name a file that is not there yet",
        ));
    }
    Ok(())
}

/// Writes a file that is not there yet, with the folders it stands in.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    refuse_existing(path)?;
    let write = || {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::File::create_new(path)?.write_all(text.as_bytes())
    };
    write().map_err(|error| {
        Failure::usage(format!("cannot write {}: {error}", path.display()), "name a place that you may write to")
    })
}
