//! Verdicts → scores, grades and answers. A pure function. Uses `model` and `rule`.

use crate::model::{Id, Service};
use crate::rule::Question;

/// What a service can say to one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Everything that was checked holds.
    Yes,
    /// Some of it does.
    Partly,
    /// None of what weighs does.
    No,
    /// Nothing could be decided.
    Unknown,
    /// Nothing to check.
    NotApplicable,
}

impl Answer {
    /// Its name as written in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Partly => "partly",
            Self::No => "no",
            Self::Unknown => "unknown",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// A school grade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "grades need no explanation")]
pub enum Grade {
    F,
    E,
    D,
    C,
    B,
    A,
}

impl Grade {
    /// The letter.
    pub fn letter(self) -> char {
        match self {
            Self::A => 'A',
            Self::B => 'B',
            Self::C => 'C',
            Self::D => 'D',
            Self::E => 'E',
            Self::F => 'F',
        }
    }
}

/// How a service, or one question of it, stands.
#[derive(Clone, Debug)]
pub struct QuestionScore {
    /// The question.
    pub question: Question,
    /// The answer.
    pub answer: Answer,
    /// 0–100; `None` when nothing was decided.
    pub score: Option<u8>,
    /// Indices of the verdicts that failed or are unknown.
    pub because: Vec<usize>,
}

/// How a service stands.
#[derive(Clone, Debug)]
pub struct ServiceScore {
    /// The service.
    pub service: Id<Service>,
    /// 0–100; `None` when nothing was decided.
    pub score: Option<u8>,
    /// The grade; `None` when nothing was decided.
    pub grade: Option<Grade>,
    /// Decided ÷ applicable, 0–1; 1 when nothing applies.
    pub coverage: f64,
    /// One for each question, in order.
    pub questions: Vec<QuestionScore>,
    /// Indices of the verdicts about it, in order.
    pub verdicts: Vec<usize>,
}

/// The scores of one audit.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    /// The worst service first.
    pub services: Vec<ServiceScore>,
    /// The whole, 0–100: the services' scores weighted by tier; `None` when nothing was decided.
    pub overall: Option<u8>,
}
