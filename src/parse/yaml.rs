//! YAML as infrastructure tools read it. This module and its children are the only ones that know `granit-parser`.
//!
//! The rules that YAML leaves to its readers, as decided here:
//! - Plain scalars are typed as by go-yaml v3 decoding into untyped values, since Kubernetes' and Prometheus' tools
//!   are built on go-yaml: `yes`, `no`, `on` and `off` stay strings, `0644` and `0o644` are 420, `1_000` is 1000, and
//!   dates stay strings. Details are in the `scalar` module.
//! - An alias gives a copy of its anchor's node. The copy keeps the spans of the anchor, where the value is written.
//! - Merged entries (`<<`) stand after the map's own, which win over them. In a list of maps the first wins; of several
//!   `<<` in one map, the last.
//! - A document with a syntax error is left out; the documents before and after it are kept.
//! - A block scalar's span starts at its `|` or `>`; the blank lines that chomping takes away are not part of it.
//! - The span of a block map or list runs from its first key or dash to the end of its last value.

mod build;
mod explain;
mod place;
mod scalar;
mod template;

pub use explain::is_syntax;
pub use scalar::integer;
pub use template::is_template;

use granit_parser::{Parser, StrInput};

use crate::parse::Parsed;
use crate::source::SourceId;
use build::Builder;

/// Reads a YAML stream: each document gives a node.
pub fn parse(id: SourceId, text: &str) -> Parsed {
    let mut events = events(text);
    let mut builder = Builder::new(id, text);
    while let Some(next) = events.next_event() {
        match next {
            Ok((event, span)) => builder.take(event, span.byte_range().unwrap_or_default()),
            Err(error) => {
                builder.abandon_document(explain::problem(id, text, &error));
                if events.proceed_next_document().is_err() {
                    break;
                }
            }
        }
    }
    builder.finish()
}

fn events(text: &str) -> Parser<'_, StrInput<'_>> {
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        // Bounded by the file, which is in memory already; a long licence header is no error.
        max_buffered_comment_events: usize::MAX,
    };
    Parser::new_from_str_with_options(text, options)
}

#[cfg(test)]
mod tests;
