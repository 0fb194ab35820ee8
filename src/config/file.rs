//! What stands in `twoam.toml` (CONTRACT). The JSON Schema that `twoam schema config` prints is made of these types, and
//! a file is held against it: see `check`.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// What twoam cannot read from the files themselves. Every table may be left out.
///
/// Globs are relative to the folder of this file; `*` stays within a folder and `**` crosses folders.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct File {
    /// The project as a whole.
    pub project: Project,
    /// How environments are told apart.
    pub environments: Environments,
    /// Where runbooks stand.
    pub runbooks: Runbooks,
    /// What is kept outside of the audited folders, with where. It is then unknown rather than missing.
    pub external: External,
    /// What the project asks of itself.
    pub targets: Targets,
    /// Rule or family → severity, or `off`. A rule named by itself comes before its family.
    #[schemars(with = "BTreeMap<String, Level>")]
    pub severities: BTreeMap<Spanned<String>, Level>,
    /// What the severities of alerts mean here.
    pub alerts: Alerts,
    /// Services, with what their files do not say.
    pub service: Vec<Service>,
    /// Gaps that are accepted, each with its reason.
    pub waiver: Vec<Waiver>,
}

/// The project as a whole.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Project {
    /// Its name, for the head of reports; the folder's name when left out.
    pub name: Option<String>,
}

/// How environments are told apart.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Environments {
    /// Globs of what is production, whatever its path says otherwise. Other paths are judged as before.
    #[schemars(with = "Vec<String>")]
    pub production: Vec<Spanned<String>>,
    /// Words that mean production, beside `production`, `prod`, `prd` and `live`.
    pub production_names: Vec<String>,
    /// Globs of what is read but never judged: its environment is `ignored`. What `.twoamignore` names is not even
    /// read.
    #[schemars(with = "Vec<String>")]
    pub ignore: Vec<Spanned<String>>,
    /// Name of another environment → its globs: `staging = ["**/stg2/**"]`.
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    pub other: BTreeMap<String, Vec<Spanned<String>>>,
}

/// Where runbooks stand.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Runbooks {
    /// Folders that hold runbooks, beside those named so. Globs are allowed.
    #[schemars(with = "Vec<String>")]
    pub folders: Vec<Spanned<String>>,
    /// Start of a URL → the folder whose pages it shows: `"https://wiki.example/ops/" = "docs/ops"`; `""` for the folder
    /// of this file.
    #[schemars(with = "BTreeMap<String, String>")]
    pub urls: BTreeMap<Spanned<String>, String>,
}

/// What is kept elsewhere: for each, where.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct External {
    /// Alerts.
    pub alerts: Option<String>,
    /// Runbooks.
    pub runbooks: Option<String>,
    /// Backups.
    pub backups: Option<String>,
    /// Evidence of restore tests.
    pub restore_tests: Option<String>,
    /// Who owns what.
    pub owners: Option<String>,
    /// Records of drills.
    pub drills: Option<String>,
}

/// What the project asks of itself.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Targets {
    /// How long backups are kept at least: `"7d"`, which is the default.
    #[schemars(with = "Option<String>")]
    pub retention: Option<Spanned<String>>,
}

/// How much a rule weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "each is named after what it says")]
pub enum Level {
    Critical,
    High,
    Medium,
    Low,
    Off,
}

/// What the severities of alerts mean here; those not named mean what they usually do.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Alerts {
    /// Severities that wake someone: `["critical", "page"]`.
    #[schemars(with = "Vec<String>")]
    pub page: Vec<Spanned<String>>,
    /// Severities that call someone in working hours: `["warning"]`.
    #[schemars(with = "Vec<String>")]
    pub ticket: Vec<Spanned<String>>,
    /// Severities that call nobody: `["info"]`.
    #[schemars(with = "Vec<String>")]
    pub silent: Vec<Spanned<String>>,
}

/// A service. Its workloads, databases, alerts and runbooks are found by its name and aliases.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Service {
    /// Its name.
    #[schemars(with = "String")]
    pub name: Spanned<String>,
    /// How critical it is, from 1 (most) to 4; 2 when left out.
    #[schemars(with = "Option<i64>")]
    pub tier: Option<Spanned<i64>>,
    /// The team or person that owns it.
    #[schemars(with = "Option<String>")]
    pub owner: Option<Spanned<String>>,
    /// Worst-case data loss that is acceptable, as a duration: `"1h"`.
    #[schemars(with = "Option<String>")]
    pub rpo: Option<Spanned<String>>,
    /// Time in which it must be restored, as a duration: `"30m"`.
    #[schemars(with = "Option<String>")]
    pub rto: Option<Spanned<String>>,
    /// Its other names.
    #[schemars(with = "Vec<String>")]
    #[serde(default)]
    pub aliases: Vec<Spanned<String>>,
    /// Globs of the files that belong to it.
    #[schemars(with = "Vec<String>")]
    #[serde(default)]
    pub paths: Vec<Spanned<String>>,
    /// Globs of its runbooks.
    #[schemars(with = "Vec<String>")]
    #[serde(default)]
    pub runbooks: Vec<Spanned<String>>,
    /// Names of its alerts; `*` stands for any letters: `"Checkout*"`.
    #[schemars(with = "Vec<String>")]
    #[serde(default)]
    pub alerts: Vec<Spanned<String>>,
}

/// A gap that is accepted. It covers what all of `service`, `subject` and `path` say that are given.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Waiver {
    /// The rule: `family/name`.
    #[schemars(with = "String")]
    pub rule: Spanned<String>,
    /// The service.
    pub service: Option<String>,
    /// The subject: `Deployment/mailer`, `aws_db_instance.orders`.
    pub subject: Option<String>,
    /// A glob of the files.
    #[schemars(with = "Option<String>")]
    pub path: Option<Spanned<String>>,
    /// Why the gap is accepted.
    #[schemars(with = "String")]
    pub reason: Spanned<String>,
    /// The last day on which it holds: `2027-01-31`.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub until: Option<Spanned<toml::Value>>,
    /// Who answers for it.
    pub owner: Option<String>,
}
