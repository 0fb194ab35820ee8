//! Text to [`Document`], no meaning: one file per syntax. Uses `source`, `tree` and `problem` only.
//!
//! A parser never fails and never panics: what is broken becomes a [`Problem`], what can be read is kept, and what
//! cannot be known stays in the tree as an unknown. Files are untrusted: nesting and copies are bounded here, so that
//! whoever walks a tree may recurse.

pub mod embedded;
pub mod encrypted;
pub mod groovy;
pub mod hcl;
pub mod json;
pub mod jsonnet;
mod keys;
pub mod markdown;
pub mod toml;
pub mod yaml;

use crate::problem::Problem;
use crate::source::SourceId;
use crate::tree::{Content, Document, Format};

/// What reading one file's text gives.
pub struct Parsed {
    /// The document.
    pub document: Document,
    /// What is wrong with the text.
    pub problems: Vec<Problem>,
}

/// How deep a tree of values may be; what stands deeper becomes an unknown. Real files stay below 30.
const MAX_DEPTH: usize = 128;

/// Reads a text in its syntax.
pub fn parse(id: SourceId, text: &str, format: Format) -> Parsed {
    match format {
        Format::Yaml => yaml::parse(id, text),
        Format::Json => json::parse(id, text),
        Format::Toml => toml::parse(id, text),
        Format::Hcl => hcl::parse(id, text),
        Format::Markdown => markdown::parse(id, text),
        Format::Groovy => Parsed { document: groovy::parse(id, text), problems: Vec::new() },
        Format::Jsonnet => Parsed { document: jsonnet::parse(id, text), problems: Vec::new() },
        Format::Text => Parsed {
            document: Document { source: id, format, content: Content::Text, comments: Vec::new() },
            problems: Vec::new(),
        },
    }
}
