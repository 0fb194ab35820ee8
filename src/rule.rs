//! Rules as data: rule files loaded, checked and made ready. Uses `source`, `problem` and `model`.
//!
//! - `file`: what stands in a rule file, and its JSON Schema.
//! - `load`: the embedded rules, those on disk, and the user's own; broken ones become problems.
//! - `check`: expressions held to the vocabulary, once.
//! - `expression`: their evaluation.
//! - `template`: messages with facts in them.

mod check;
mod expression;
mod file;
mod load;
mod template;
#[cfg(test)]
mod tests;

pub use file::RuleFile;
pub use load::{Origin, embedded_fixtures};

use serde::{Deserialize, Serialize};

use crate::model::Model;
use crate::model::schema::{Datum, Object};
use crate::source::Span;
use crate::tree::{Text, Unknown};
use expression::{Expression, Scope};
use template::Template;

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

impl std::str::FromStr for Severity {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|severity| severity.name() == name);
        found.ok_or_else(|| format!("unknown severity `{name}`; one of: critical, high, medium, low"))
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
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
    /// Whether it is asked: a pedantic rule is not, until it is named.
    pub enabled: bool,
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

impl RuleSet {
    /// The rule of an id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.rules.binary_search_by(|rule| rule.meta.id.as_str().cmp(id)).ok().map(|index| &self.rules[index])
    }
}

impl RuleSet {
    /// Keeps the rules named by id or family: all when `select` is empty, and none of `skip`. A pedantic rule that
    /// `select` names is enabled.
    pub(crate) fn select(&mut self, select: &[String], skip: &[String]) {
        let named = |rule: &Rule, list: &[String]| {
            let family = rule.meta.id.split('/').next().unwrap_or_default();
            list.iter().any(|name| *name == rule.meta.id.as_str() || name == family)
        };
        self.rules.retain_mut(|rule| {
            let wanted = named(rule, select);
            rule.meta.enabled |= wanted;
            (select.is_empty() || wanted) && !named(rule, skip)
        });
    }

    /// Leaves out what is not enabled.
    pub(crate) fn leave_disabled(&mut self) {
        self.rules.retain(|rule| rule.meta.enabled);
    }

    /// Gives rules another severity, which then holds in every case, and enables them; a rule that gets none is left
    /// out.
    pub(crate) fn reweigh(&mut self, severity: impl Fn(&str) -> Option<Weight>) {
        self.rules.retain_mut(|rule| match severity(&rule.meta.id) {
            None => true,
            Some(Weight::Off) => false,
            Some(Weight::Severity(severity)) => {
                rule.meta.severity = severity;
                rule.meta.enabled = true;
                rule.raise.clear();
                true
            }
        });
    }
}

/// What a project makes of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It does not ask it.
    Off,
    /// It weighs so much.
    Severity(Severity),
}

/// A rule, ready to be evaluated.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What it says for people.
    pub meta: Meta,
    /// Where it comes from.
    pub origin: Origin,
    /// The kind of subject: `service`, `datastore`, …
    pub subject: &'static str,
    raise: Vec<(Expression, Severity)>,
    when: Option<Expression>,
    require: Expression,
    show: Vec<Shown>,
    message: Template,
}

/// A place that a finding points to.
#[derive(Clone, Debug)]
struct Shown {
    path: String,
    expression: Expression,
}

/// What a rule says of one subject.
#[derive(Debug)]
pub struct Judgement {
    /// Whether it is as it should be, or why that cannot be told.
    pub outcome: Result<bool, Unknown>,
    /// How bad a gap is here.
    pub severity: Severity,
    /// What is wrong, or would be if what is unknown were so.
    pub message: String,
    /// Places with their labels, the primary first.
    pub places: Vec<(Text, Span)>,
}

impl Rule {
    /// Judges a subject; `None` when the rule does not apply to it.
    pub fn judge(&self, model: &Model, subject: &dyn Object) -> Option<Judgement> {
        let scope = Scope::new(model, subject);
        let applies = self.when.as_ref().map_or(Ok(true), |when| scope.condition(when));
        let outcome = match applies {
            Ok(false) => return None,
            Ok(true) => scope.condition(&self.require),
            // Whether it applies is not known; where it would pass anyhow, that does not matter.
            Err(unknown) => match scope.condition(&self.require) {
                Ok(true) => return None,
                _ => Err(unknown),
            },
        };
        if outcome == Ok(true) {
            return Some(Judgement {
                outcome,
                severity: self.meta.severity,
                message: String::new(),
                places: Vec::new(),
            });
        }
        let raised = self.raise.iter().find(|(when, _)| scope.condition(when) == Ok(true));
        let severity = raised.map_or(self.meta.severity, |(_, severity)| *severity);
        let message = self.message.fill(&scope);
        Some(Judgement { severity, message, places: self.places(&scope, subject, outcome.as_ref().err()), outcome })
    }

    /// The places to show: of the paths that stand anywhere, the first is primary; then what they came through.
    fn places(&self, scope: &Scope<'_>, subject: &dyn Object, unknown: Option<&Unknown>) -> Vec<(Text, Span)> {
        let mut places: Vec<(Text, Span)> = Vec::new();
        let mut add = |label: &str, span: Span| {
            if !places.iter().any(|(_, present)| *present == span) {
                places.push((label.into(), span));
            }
        };
        let mut through = Vec::new();
        for shown in &self.show {
            let view = scope.view(&shown.expression);
            // An unknown value is named where it is asked for; where it is declared comes second.
            let asked = view.via.first().filter(|_| matches!(view.datum, Datum::Unknown(_)));
            for span in asked.into_iter().copied().chain(view.span) {
                add(&shown.path, span);
            }
            through.extend_from_slice(view.via);
        }
        if let Some(span) = subject.span() {
            add(subject.kind().name, span);
        }
        for span in through {
            add("the value comes through here", span);
        }
        if let Some(span) = unknown.and_then(|unknown| unknown.span) {
            add("not known here", span);
        }
        places
    }
}
