//! `twoam report`: the page that people read each quarter.

use std::fs::File;
use std::io::{BufWriter, Write};

use super::arguments::Report;
use super::terminal::Terminal;
use super::{CLEAN, Failure, session};
use crate::report::{self, Format};

pub(super) fn run(arguments: &Report, terminal: &Terminal) -> Result<u8, Failure> {
    let format = match arguments.output.extension().and_then(|extension| extension.to_str()) {
        Some("html" | "htm") => Format::Html,
        Some("md" | "markdown") => Format::Markdown,
        _ => {
            let message = format!("the form of {} is not clear from its name", arguments.output.display());
            return Err(Failure::usage(message, "end the name in .html or .md"));
        }
    };
    let session = session::audit(&arguments.inputs, terminal)?;
    let shown = arguments.output.display();
    let file = File::create(&arguments.output).map_err(|error| {
        Failure::usage(format!("cannot write {shown}: {error}"), "name a path in a folder that exists")
    })?;
    let mut file = BufWriter::new(file);
    report::write(format, &session.audit, &session.options, &mut file)?;
    file.flush()?;
    let mut out = terminal.out();
    writeln!(out, "wrote {shown}")?;
    out.flush()?;
    Ok(CLEAN)
}
