//! Rules × subjects → verdicts. Uses `model` and `rule`.

use crate::model::{Id, Service};
use crate::rule::{Question, Severity};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// What a rule says of a subject. A rule that does not apply gives no verdict.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is as it should be.
    Pass,
    /// It is not.
    Fail,
    /// What it takes to tell is not known.
    Unknown(Unknown),
}

/// A place that supports a verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// What stands there: `alert.runbook`, or a sentence part such as "value from here".
    pub label: String,
    /// Where.
    pub span: Span,
}

/// Why a failing verdict is not counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Suppression {
    /// The reason given.
    pub reason: String,
    /// The last day it holds (`2027-01-31`), where one is given.
    pub until: Option<String>,
    /// Where the waiver stands.
    pub span: Option<Span>,
    /// Whether it stands beside the code, rather than in `twoam.toml`.
    pub inline: bool,
}

/// One rule's judgement of one subject.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// `family/name`.
    pub rule: Text,
    /// How bad the gap is here.
    pub severity: Severity,
    /// The question the rule answers.
    pub question: Question,
    /// What was found.
    pub outcome: Outcome,
    /// The service it counts for.
    pub service: Option<Id<Service>>,
    /// The kind of subject: `datastore`, `alert`, …
    pub subject_kind: &'static str,
    /// The subject's name.
    pub subject: Text,
    /// The environment of the subject.
    pub environment: Text,
    /// What is wrong, in one line; empty for a pass.
    pub message: String,
    /// Where: the first is what a finding underlines, the others are related.
    pub evidence: Vec<Evidence>,
    /// Depends on rule, subject and path only.
    pub fingerprint: String,
    /// The waiver that covers it.
    pub suppressed: Option<Suppression>,
}

impl Verdict {
    /// Whether it is a gap that counts.
    pub fn is_open_gap(&self) -> bool {
        self.outcome == Outcome::Fail && self.suppressed.is_none()
    }

    /// Where a finding stands.
    pub fn primary(&self) -> Option<Span> {
        self.evidence.first().map(|evidence| evidence.span)
    }
}
