//! The pipeline, readable aloud: discover → parse → resolve → extract → link → evaluate → score. Uses all stages.

use crate::evaluate::Verdict;
use crate::model::Model;
use crate::problem::Problem;
use crate::rule::RuleSet;
use crate::score::Scores;
use crate::source::Sources;

/// A file that was not read, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Its path, as shown.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// Everything one audit found; reports read it and change nothing.
#[derive(Debug, Default)]
pub struct Audit {
    /// What was read.
    pub sources: Sources,
    /// What it means.
    pub model: Model,
    /// The rules it was held against.
    pub rules: RuleSet,
    /// What they say, sorted by path, place and rule.
    pub verdicts: Vec<Verdict>,
    /// How the services stand.
    pub scores: Scores,
    /// What was not read.
    pub skipped: Vec<Skipped>,
    /// What was wrong with what was read.
    pub problems: Vec<Problem>,
    /// How many files were read.
    pub files_read: usize,
}
