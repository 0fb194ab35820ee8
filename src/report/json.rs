//! Everything in one JSON object, for programs. A contract: fields may be added, none is renamed or removed while
//! `schema_version` is 1. Uses `audit`.

mod rollback;

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::finding::{Finding, Location, said};
use super::loss::Loss;
use super::summary::{Counts, Scored};
use crate::audit::Audit;
use crate::evaluate::{Outcome, Suppression, Verdict};
use crate::model::Member as LinkedMember;
use crate::rule::{Question, Severity};
use crate::score::{QuestionScore, ServiceScore};
use crate::source::Position as Place;

/// The report of one audit.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "twoam report")]
struct Report<'a> {
    /// The version of this form: 1.
    schema_version: u8,
    /// What wrote it.
    tool: Tool,
    /// The whole in numbers.
    summary: Summary,
    /// The services, the worst first.
    services: Vec<Service<'a>>,
    /// What is not as it should be or could not be decided, sorted by path, place and rule.
    findings: Vec<Entry<'a>>,
    /// The files that were not read.
    skipped: Vec<Skipped<'a>>,
    /// What was wrong with files, rules or configuration.
    problems: Vec<Problem<'a>>,
}

/// What wrote the report.
#[derive(Debug, Serialize, JsonSchema)]
struct Tool {
    /// `twoam`.
    name: &'static str,
    /// Its version.
    version: &'static str,
}

/// The whole in numbers.
#[derive(Debug, Serialize, JsonSchema)]
struct Summary {
    /// How many services were found.
    services: usize,
    /// 0–100, weighted by tier; null when nothing was decided.
    score: Option<u8>,
    /// Open gaps by severity.
    findings: BySeverity,
    /// How many verdicts could not be reached.
    unknown: usize,
    /// How many findings are waived.
    suppressed: usize,
}

/// Open gaps by severity.
#[derive(Debug, Serialize, JsonSchema)]
#[allow(missing_docs, reason = "named after the severities")]
struct BySeverity {
    critical: usize,
    high: usize,
    medium: usize,
    low: usize,
}

/// A service and how it stands.
#[derive(Debug, Serialize, JsonSchema)]
struct Service<'a> {
    /// Its name.
    name: &'a str,
    /// 1 is most critical; null when not declared.
    tier: Option<i64>,
    /// Its owner; null when not known.
    owner: Option<&'a str>,
    /// 0–100; null when nothing was decided.
    score: Option<u8>,
    /// A to F; null when nothing was decided.
    grade: Option<char>,
    /// Decided ÷ applicable, 0 to 1.
    coverage: f64,
    /// One for each question, in order.
    questions: Vec<Answered<'a>>,
    /// How its last deployment is undone; null for what is not deployed.
    rollback: Option<rollback::Path<'a>>,
    /// How much of its newest data the worst case loses; null when it keeps none.
    data_loss: Option<Loss<'a>>,
    /// What belongs to it, and why.
    members: Vec<Member<'a>>,
}

/// What a service can say to one question.
#[derive(Debug, Serialize, JsonSchema)]
struct Answered<'a> {
    /// The question.
    id: Question,
    /// `yes`, `partly`, `no`, `unknown` or `not-applicable`.
    answer: &'static str,
    /// 0–100; null when nothing was decided.
    score: Option<u8>,
    /// Fingerprints of the findings it rests on.
    because: Vec<&'a str>,
}

/// Something that belongs to a service.
#[derive(Debug, Serialize, JsonSchema)]
struct Member<'a> {
    /// `workload`, `datastore`, `alert`, …
    kind: &'a str,
    /// Its name.
    name: &'a str,
    /// The file it is declared in.
    path: &'a str,
    /// The line, from 1.
    line: u32,
    /// Why it was linked.
    linked_by: &'a str,
}

/// A finding.
#[derive(Debug, Serialize, JsonSchema)]
struct Entry<'a> {
    /// `family/name`.
    rule: &'a str,
    /// How bad the gap is, or would be.
    severity: Severity,
    /// `fail` or `unknown`.
    outcome: &'static str,
    /// The question the rule answers.
    question: Question,
    /// The service; null for the repository as a whole.
    service: Option<&'a str>,
    /// What the rule was held against.
    subject: &'a str,
    /// The environment of the subject.
    environment: &'a str,
    /// What is wrong, or what is missing to tell.
    message: String,
    /// What to do, or where to supply what is missing.
    help: &'a str,
    /// The file, relative to the audited root; `.` when it is about the root as a whole.
    path: &'a str,
    /// Its first character.
    start: Position,
    /// After its last character.
    end: Position,
    /// Other places that support it.
    related: Vec<Related<'a>>,
    /// Depends on rule, subject and path, never on lines.
    fingerprint: &'a str,
    /// The waiver that covers it; null when none does.
    suppressed: Option<Waiver<'a>>,
}

/// A place that supports a finding.
#[derive(Debug, Serialize, JsonSchema)]
struct Related<'a> {
    /// What stands there, in words.
    label: String,
    /// The file.
    path: &'a str,
    /// Its first character.
    start: Position,
    /// After its last character.
    end: Position,
}

/// A place in a file, from 1; columns count Unicode scalar values.
#[derive(Debug, Serialize, JsonSchema)]
struct Position {
    /// From 1.
    #[schemars(range(min = 1))]
    line: u32,
    /// From 1.
    #[schemars(range(min = 1))]
    column: u32,
}

/// Why a finding is not counted.
#[derive(Debug, Serialize, JsonSchema)]
struct Waiver<'a> {
    /// The reason given.
    reason: &'a str,
    /// The last day it holds; null when none is given.
    until: Option<&'a str>,
    /// Where it stands; null when not in a file.
    path: Option<&'a str>,
    /// The line, from 1.
    line: Option<u32>,
}

/// A file that was not read.
#[derive(Debug, Serialize, JsonSchema)]
struct Skipped<'a> {
    /// The file.
    path: &'a str,
    /// Why.
    reason: &'a str,
}

/// Something wrong with a file, a rule or the configuration.
#[derive(Debug, Serialize, JsonSchema)]
struct Problem<'a> {
    /// What is wrong.
    message: &'a str,
    /// The file; null when it is in none.
    path: Option<&'a str>,
    /// The place; null when it is the file as a whole.
    start: Option<Position>,
}

/// The JSON Schema of the report.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Report<'static>).to_value()
}

/// Writes the report, indented, with a line end.
pub(super) fn write(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Report::of(audit))?;
    writeln!(out)
}

impl<'a> Report<'a> {
    fn of(audit: &'a Audit) -> Self {
        Self {
            schema_version: 1,
            tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
            summary: Summary::of(audit),
            services: Scored::all(audit).iter().map(Service::of).collect(),
            findings: Finding::all(audit).map(|finding| Entry::of(&finding)).collect(),
            skipped: audit.skipped.iter().map(|skip| Skipped { path: &skip.path, reason: &skip.reason }).collect(),
            problems: audit.problems.iter().map(|problem| Problem::of(audit, problem)).collect(),
        }
    }
}

impl Summary {
    fn of(audit: &Audit) -> Self {
        let counts = Counts::of(audit);
        Self {
            services: audit.scores.services.len(),
            score: audit.scores.overall,
            findings: BySeverity {
                critical: counts.severity(Severity::Critical),
                high: counts.severity(Severity::High),
                medium: counts.severity(Severity::Medium),
                low: counts.severity(Severity::Low),
            },
            unknown: counts.unknown,
            suppressed: counts.suppressed,
        }
    }
}

impl<'a> Service<'a> {
    fn of(service: &Scored<'a>) -> Self {
        let ServiceScore { score, grade, ref questions, .. } = *service.score;
        let audit = service.audit;
        Self {
            name: service.name(),
            tier: service.tier(),
            owner: service.owner(),
            score,
            grade: grade.map(crate::score::Grade::letter),
            // Two decimals, rounded down: 1.0 must mean that everything was decided.
            coverage: f64::from(service.coverage()) / 100.0,
            questions: questions.iter().map(|question| Answered::of(audit, question)).collect(),
            rollback: rollback::Path::of(audit, &audit.model[service.score.service]),
            data_loss: Loss::of(audit, &audit.model[service.score.service]),
            members: audit.model[service.score.service].members.iter().map(|one| Member::of(audit, one)).collect(),
        }
    }
}

impl<'a> Answered<'a> {
    fn of(audit: &'a Audit, question: &QuestionScore) -> Self {
        let because = question.because.iter().filter_map(|index| audit.verdicts.get(*index));
        Self {
            id: question.question,
            answer: question.answer.name(),
            score: question.score,
            because: because.map(Verdict::fingerprint).collect(),
        }
    }
}

impl<'a> Member<'a> {
    fn of(audit: &Audit, member: &'a LinkedMember) -> Self {
        Self {
            kind: member.kind,
            name: &member.name,
            path: &member.place.path,
            line: audit.sources.range(member.place.span).0.line,
            linked_by: &member.linked_by,
        }
    }
}

impl<'a> Entry<'a> {
    fn of(finding: &Finding<'a>) -> Self {
        let verdict = finding.verdict;
        let Location { path, start, end } = finding.location();
        let related = finding.related().iter().map(|evidence| {
            let Location { path, start, end } = Location::of(finding.audit, evidence);
            Related { label: said(&evidence.label).into_owned(), path, start: start.into(), end: end.into() }
        });
        Self {
            rule: &verdict.rule,
            severity: verdict.severity,
            outcome: if verdict.outcome() == Outcome::Fail { "fail" } else { "unknown" },
            question: verdict.question,
            service: finding.service(),
            subject: &verdict.subject,
            environment: &verdict.environment,
            message: finding.message().into_owned(),
            help: finding.help(),
            path,
            start: start.into(),
            end: end.into(),
            related: related.collect(),
            fingerprint: verdict.fingerprint(),
            suppressed: verdict.suppressed().map(|suppression| Waiver::of(finding.audit, suppression)),
        }
    }
}

impl<'a> Waiver<'a> {
    fn of(audit: &'a Audit, suppression: &'a Suppression) -> Self {
        let place = suppression.span.map(|span| Location::at(audit, span));
        Self {
            reason: &suppression.reason,
            until: suppression.until.as_deref(),
            path: place.as_ref().map(|place| place.path),
            line: place.map(|place| place.start.line),
        }
    }
}

impl<'a> Problem<'a> {
    fn of(audit: &'a Audit, problem: &'a crate::problem::Problem) -> Self {
        let place = problem.span.map(|span| Location::at(audit, span));
        Self {
            message: &problem.message,
            path: place.as_ref().map(|place| place.path).or(problem.path.as_deref()),
            start: place.map(|place| place.start.into()),
        }
    }
}

impl From<Place> for Position {
    fn from(place: Place) -> Self {
        Self { line: place.line, column: place.column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Format, Options, sample};

    #[test]
    fn the_report_is_valid_against_its_own_schema() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        for audit in [sample::audit(), Audit::default()] {
            let text = sample::render_of(&audit, Format::Json, &Options::default());
            let report: serde_json::Value = serde_json::from_str(&text).unwrap();
            let errors: Vec<_> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:#?}");
        }
        assert!(!validator.is_valid(&serde_json::json!({ "schema_version": 1 })));
    }

    #[test]
    fn the_report_is_the_contract() {
        insta::assert_snapshot!(sample::without_version(&sample::render(Format::Json, &Options::default())));
    }

    #[test]
    fn the_schema_is_the_contract() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&schema()).unwrap());
    }
}
