//! Rules as data: what a rule file says. Uses `source`, `problem` and `model::schema`.

use serde::{Deserialize, Serialize};

use crate::tree::Text;

/// How bad a gap is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Would slow an incident down.
    Medium,
    /// Would make an incident much worse.
    High,
    /// Would make an incident a disaster.
    Critical,
}

impl Severity {
    /// From the worst down.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// Its name as written in rules and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// The questions of a night in production; every rule answers one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// Who would be paged, and do they know what to do?
    Paged,
    /// What would they diagnose it with?
    Diagnose,
    /// How would they talk to each other and to customers?
    Communicate,
    /// Could they roll back the last deployment, and how long would it take?
    RollBack,
    /// When was the last backup, and has a restore been tested?
    Restore,
    /// What is the worst-case data loss, and is it acceptable?
    DataLoss,
    /// Would it have failed at all?
    Withstand,
    /// Drills, post-mortems and their follow-up.
    Learn,
}

impl Question {
    /// All of them, in the order of reports: the six, then the two that prepare for the night.
    pub const ALL: [Self; 8] = [
        Self::Paged,
        Self::Diagnose,
        Self::Communicate,
        Self::RollBack,
        Self::Restore,
        Self::DataLoss,
        Self::Withstand,
        Self::Learn,
    ];

    /// Its id as written in rules and reports.
    pub fn id(self) -> &'static str {
        match self {
            Self::Paged => "paged",
            Self::Diagnose => "diagnose",
            Self::Communicate => "communicate",
            Self::RollBack => "roll-back",
            Self::Restore => "restore",
            Self::DataLoss => "data-loss",
            Self::Withstand => "withstand",
            Self::Learn => "learn",
        }
    }

    /// The question in full.
    pub fn text(self) -> &'static str {
        match self {
            Self::Paged => "Who would be paged, and do they know what to do?",
            Self::Diagnose => "What would they diagnose it with?",
            Self::Communicate => "How would they talk to each other and to customers?",
            Self::RollBack => "Could they roll back the last deployment?",
            Self::Restore => "Is there a backup, and has a restore been tested?",
            Self::DataLoss => "What is the worst-case data loss, and is it acceptable?",
            Self::Withstand => "Would it have withstood the failure?",
            Self::Learn => "Do they drill, and learn from what broke?",
        }
    }
}

/// What a rule says for people: everything but its expressions.
#[derive(Clone, Debug)]
pub struct Meta {
    /// `family/name`.
    pub id: Text,
    /// The fault in a few words.
    pub title: String,
    /// How bad the gap is, unless `raise` says otherwise.
    pub severity: Severity,
    /// The question it answers.
    pub question: Question,
    /// Why it matters.
    pub why: String,
    /// What to do.
    pub fix: String,
    /// Where to read more.
    pub references: Vec<String>,
}

/// The rules of one audit.
#[derive(Debug, Default)]
pub struct RuleSet {
    /// Sorted by id.
    pub rules: Vec<Rule>,
}

/// A rule, ready to be evaluated.
#[derive(Debug)]
pub struct Rule {
    /// What it says for people.
    pub meta: Meta,
}

impl RuleSet {
    /// The rule of an id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.meta.id == id)
    }
}
