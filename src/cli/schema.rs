//! `twoam schema`: JSON Schemas, made from the types that read and write.

use std::io::Write;

use super::arguments::SchemaOf;
use super::terminal::Terminal;
use super::{CLEAN, Failure};

pub(super) fn run(what: SchemaOf, terminal: &Terminal) -> Result<u8, Failure> {
    let schema = match what {
        SchemaOf::Config => schemars::schema_for!(crate::config::File).to_value(),
        SchemaOf::Rule => schemars::schema_for!(crate::rule::RuleFile).to_value(),
        SchemaOf::Report => crate::report::json::schema(),
    };
    let mut out = terminal.out();
    serde_json::to_writer_pretty(&mut out, &schema).map_err(std::io::Error::from)?;
    writeln!(out)?;
    out.flush()?;
    Ok(CLEAN)
}
