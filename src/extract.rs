//! Documents → facts; one folder or file per input, each alone and in parallel. Uses `source`, `tree`, `model` and
//! `problem`. An extractor says what stands in one file; what only the whole repository shows is for `link/`.

pub mod terraform;

use crate::model::{Environments, Model, Place};
use crate::problem::Problem;
use crate::source::{Source, SourceId, Span};
use crate::tree::Document;

/// One parsed file, as extractors see it.
pub struct Input<'a> {
    /// The number of the file.
    pub id: SourceId,
    /// The file.
    pub source: &'a Source,
    /// What its text says.
    pub document: &'a Document,
    /// How environments are told apart.
    pub environments: &'a Environments,
}

impl Input<'_> {
    /// The place of something declared in this file, given the words by which it names an environment itself.
    pub fn place(&self, span: Span, words: &[&str]) -> Place {
        Place {
            span,
            path: self.source.path.as_str().into(),
            environment: self.environments.decide(&self.source.path, words),
            library: false,
        }
    }
}

/// What extractors add to.
#[derive(Debug, Default)]
pub struct Facts {
    /// The facts.
    pub model: Model,
    /// What was wrong with the file.
    pub problems: Vec<Problem>,
}

/// Adds what one input kind finds in a file; does nothing for a file of another kind.
pub type Extractor = fn(&Input<'_>, &mut Facts);

/// Every extractor that reads files one by one. Terraform is read by whole modules instead, after `resolve/`.
pub const EXTRACTORS: &[Extractor] = &[];

/// Everything the extractors find in one file.
pub fn extract(input: &Input<'_>) -> Facts {
    let mut facts = Facts::default();
    for extractor in EXTRACTORS {
        extractor(input, &mut facts);
    }
    facts
}
