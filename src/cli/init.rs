//! `twoam init`: a first `twoam.toml` from what the repository holds.

use std::fmt::Write as _;
use std::io::Write;

use super::arguments::{Init, Inputs};
use super::terminal::Terminal;
use super::{CLEAN, Failure, session};
use crate::model::Service;

pub(super) fn run(init: &Init, terminal: &Terminal) -> Result<u8, Failure> {
    let target = init.folder.join("twoam.toml");
    if target.exists() {
        let message = format!("{} is there already", target.display());
        return Err(Failure::usage(message, "edit it; `twoam schema config` says what it may hold"));
    }
    let session = session::audit(&Inputs { paths: vec![init.folder.clone()], ..Inputs::default() }, terminal)?;
    let judged = session.audit.scores.services.iter().map(|score| &session.audit.model[score.service]);
    let text = draft(judged.filter(|service| service.is_read()).collect());
    std::fs::write(&target, text).map_err(|error| {
        Failure::usage(format!("cannot write {}: {error}", target.display()), "name a folder that you may write to")
    })?;
    let mut out = terminal.out();
    writeln!(out, "wrote {}: check the services and give the most critical ones tier = 1", target.display())?;
    out.flush()?;
    Ok(CLEAN)
}

/// The services that are judged: one that is named would be, whatever it is.
fn draft(mut judged: Vec<&Service>) -> String {
    let mut text = String::from(
        "# What twoam cannot read from the repository. `twoam schema config` describes every key.\n\n\
         [targets]\nretention = \"7d\"   # how long backups must be kept at least\n",
    );
    judged.sort_by(|left, right| left.name.cmp(&right.name));
    for service in judged {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        // Writing to a string cannot fail.
        let _ = write!(text, "\n[[service]]\nname = {}\ntier = 2\n", quoted(&service.name));
        let _ = match service.owner.value() {
            Some(owner) => writeln!(text, "owner = {}", quoted(owner)),
            None => writeln!(text, "# owner = \"team-…\""),
        };
        let _ = writeln!(text, "# rpo = \"1h\"\n# rto = \"30m\"");
    }
    text
}
