//! Text to [`Document`], no meaning: one file per syntax. Uses `source`, `tree` and `problem` only.
//!
//! A parser never fails and never panics: what is broken becomes a [`Problem`], what can be read is kept, and what
//! cannot be known stays in the tree as an unknown. Files are untrusted: nesting and copies are bounded here, so that
//! whoever walks a tree may recurse.

pub mod encrypted;
pub mod json;
mod keys;
pub mod toml;
pub mod yaml;

use crate::problem::Problem;
use crate::tree::Document;

/// What reading one file's text gives.
pub struct Parsed {
    /// The document.
    pub document: Document,
    /// What is wrong with the text.
    pub problems: Vec<Problem>,
}

/// How deep a tree of values may be; what stands deeper becomes an unknown. Real files stay below 30.
const MAX_DEPTH: usize = 128;
