//! What stands in a rule file (CONTRACT).

use serde::Deserialize;
use toml::Spanned;

use super::{Question, Severity};

/// A rule file, `<family>/<name>.toml`; its id is `family/name`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// The fault in a few words.
    pub title: String,
    /// Whether it is asked unless it is skipped. A pedantic rule says `false`, and is asked only where `--select` names
    /// it or its family, or where `[severities]` in `twoam.toml` gives it a severity.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// How bad the gap is.
    pub severity: Severity,
    /// Conditions under which the same gap weighs differently; the first that holds counts.
    #[serde(default)]
    pub raise: Vec<Raise>,
    /// The question it answers.
    pub question: Question,
    /// The kind of subject: `service`, `workload`, `container`, `datastore`, `alert`, …
    #[serde(rename = "for")]
    #[schemars(with = "String")]
    pub subject: Spanned<String>,
    /// Condition (CEL) under which the rule applies; always, when left out.
    #[schemars(with = "Option<String>")]
    pub when: Option<Spanned<String>>,
    /// Condition (CEL) that must hold.
    #[schemars(with = "String")]
    pub require: Spanned<String>,
    /// Paths of facts: the first that stands anywhere is the primary location, the others are related. When left out,
    /// the facts that `require` reads.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub show: Vec<Spanned<String>>,
    /// What is wrong, with facts in braces: "`{alert.name}` names no runbook".
    #[schemars(with = "String")]
    pub message: Spanned<String>,
    /// Why it matters.
    pub why: String,
    /// What to do about it.
    pub fix: String,
    /// Where to read more: URLs.
    #[serde(default)]
    pub references: Vec<String>,
}

fn yes() -> bool {
    true
}

/// A severity under a condition.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Raise {
    /// The condition (CEL).
    #[schemars(with = "String")]
    pub when: Spanned<String>,
    /// The severity where it holds.
    pub severity: Severity,
}
