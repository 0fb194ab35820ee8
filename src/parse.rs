//! Text → [`Document`]: syntax only, no meaning. Uses `source`, `tree` and `problem`.
//!
//! A parser never fails: what it cannot read becomes a [`Problem`] beside the part of the document that it could.

pub mod hcl;

use crate::problem::Problem;
use crate::tree::Document;

/// What reading one file's text gives.
pub struct Parsed {
    /// The document, as far as it could be read.
    pub document: Document,
    /// What could not be read, in order.
    pub problems: Vec<Problem>,
}
