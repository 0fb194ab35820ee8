//! SARIF 2.1.0 for code scanning, written result by result so that a large report is never held twice. Uses `audit`.
//!
//! NOTE: GitHub reads relative paths as relative to the root of the repository and knows `%SRCROOT%` as its name. It
//! knows neither `kind` nor `suppressions`, so what was not decided comes last and is cut off first.
//! Limits: <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, json};
use serde_sarif::sarif;

use super::escape::uri;
use super::finding::{Finding, Location, first_sentence, one_line, said};
use super::summary::{capitalised, label, plural};
use crate::audit::Audit;
use crate::evaluate::Suppression;
use crate::problem::{Fault, Problem, Skipped};
use crate::rule::{Meta, Severity};

/// Where the schema is published.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// Code scanning refuses a run with more results.
const MOST_RESULTS: usize = 25_000;
/// Code scanning refuses a result with more than 1,000 locations, and shows 100.
const MOST_RELATED: usize = 100;
/// Code scanning cuts descriptions after so many characters.
const MOST_CHARACTERS: usize = 1024;

/// Writes the log: one run.
pub(super) fn write(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    let results = chosen(audit, MOST_RESULTS);
    let all = Finding::all(audit).count();
    write!(out, "{{\n\"$schema\": \"{SCHEMA}\",\n\"version\": \"2.1.0\",\n\"runs\": [{{\n\"tool\": ")?;
    to(out, &tool(audit))?;
    write!(out, ",\n\"columnKind\": \"unicodeCodePoints\",\n\"invocations\": [")?;
    to(out, &invocation(audit, all - results.len()))?;
    write!(out, "],\n\"results\": [")?;
    for (index, finding) in results.iter().enumerate() {
        out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        to(out, &result(finding))?;
    }
    writeln!(out, "{}]\n}}]\n}}", if results.is_empty() { "" } else { "\n" })
}

fn to(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(out, value).map_err(io::Error::from)
}

/// The findings that fit, in the order of the audit: when there are too many, what is not counted goes first, then
/// what is least severe.
fn chosen(audit: &Audit, most: usize) -> Vec<Finding<'_>> {
    let all: Vec<_> = Finding::all(audit).collect();
    if all.len() <= most {
        return all;
    }
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_key(|index| {
        let finding = &all[*index];
        (!finding.is_open(), finding.unknown().is_some(), std::cmp::Reverse(finding.verdict.severity))
    });
    let kept: BTreeSet<usize> = order.into_iter().take(most).collect();
    kept.into_iter().map(|index| all[index]).collect()
}

fn tool(audit: &Audit) -> sarif::Tool {
    let rules: Vec<_> = audit.rules.rules.iter().map(|rule| descriptor(&rule.meta)).collect();
    let driver = sarif::ToolComponent::builder()
        .name(env!("CARGO_PKG_NAME"))
        .semantic_version(env!("CARGO_PKG_VERSION"))
        .short_description(sarif::MultiformatMessageString::builder().text(env!("CARGO_PKG_DESCRIPTION")).build())
        .rules(rules)
        .build();
    sarif::Tool::builder().driver(driver).build()
}

/// A rule with its help in plain text and in Markdown.
fn descriptor(meta: &Meta) -> sarif::ReportingDescriptor {
    let text = |text: &str| sarif::MultiformatMessageString::builder().text(cut(text)).build();
    let family = meta.id.split('/').next().unwrap_or_default();
    // A set: the schema refuses a tag that stands twice.
    let tags = BTreeSet::from([family, meta.question.id(), meta.severity.name()]);
    let tags: Vec<_> = tags.into_iter().map(str::to_owned).collect();
    let level = serde_json::to_value(level(meta.severity)).unwrap_or_default();
    let why = if meta.why.trim().is_empty() { meta.title.as_str() } else { meta.why.trim() };
    let mut descriptor = sarif::ReportingDescriptor::builder()
        .id(meta.id.as_str())
        .name(camel(&meta.id))
        .short_description(text(&meta.title))
        .full_description(text(&one_line(first_sentence(why))))
        .help(help(meta))
        .default_configuration(sarif::ReportingConfiguration::builder().level(level).build())
        .properties(sarif::PropertyBag::builder().tags(tags).build())
        .build();
    descriptor.help_uri = meta.references.iter().find(|link| is_web_address(link)).cloned();
    descriptor
}

fn help(meta: &Meta) -> sarif::MultiformatMessageString {
    let (why, fix) = (meta.why.trim(), meta.fix.trim());
    let question = format!("{}: {}", label(meta.question), meta.question.text());
    let text = format!("{}\n\n{why}\n\n{fix}\n\n{question}", meta.title);
    let links: Vec<_> = meta.references.iter().map(|link| format!("- <{link}>")).collect();
    let links = if links.is_empty() { String::new() } else { format!("\n\n## References\n\n{}", links.join("\n")) };
    let markdown = format!("*{question}*\n\n## Why\n\n{why}\n\n## What to do\n\n{fix}{links}\n");
    sarif::MultiformatMessageString::builder().text(text).markdown(markdown).build()
}

/// Whether a reference can stand as a URI.
fn is_web_address(link: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"<>\"{}|\\^`".contains(&byte);
    (link.starts_with("https://") || link.starts_with("http://")) && link.bytes().all(plain)
}

/// `backup/database-backups-off` → `BackupDatabaseBackupsOff`, as names of rules are written in SARIF.
fn camel(id: &str) -> String {
    let words = id.split(['/', '-', '_']);
    words.map(capitalised).collect()
}

fn cut(text: &str) -> String {
    text.chars().take(MOST_CHARACTERS).collect()
}

fn level(severity: Severity) -> sarif::ResultLevel {
    match severity {
        Severity::Critical | Severity::High => sarif::ResultLevel::Error,
        Severity::Medium => sarif::ResultLevel::Warning,
        Severity::Low => sarif::ResultLevel::Note,
    }
}

/// Text of a message: a literal `[…](…)` would be read as a link (SARIF 2.1.0, 3.11.6).
fn message(text: &str) -> sarif::Message {
    let text = one_line(text);
    let text = if text.contains("](") { text.replace('[', "\\[").replace(']', "\\]") } else { text };
    sarif::Message::builder().text(text).build()
}

fn result(finding: &Finding<'_>) -> sarif::Result {
    let verdict = finding.verdict;
    let (kind, level) = match finding.unknown() {
        Some(_) => (sarif::ResultKind::Review, sarif::ResultLevel::None),
        None => (sarif::ResultKind::Fail, level(verdict.severity)),
    };
    let mut primary = location(&finding.location());
    primary.logical_locations =
        Some(vec![sarif::LogicalLocation::builder().name(verdict.subject.as_str()).kind(verdict.subject_kind).build()]);
    let mut result = sarif::Result::builder()
        .rule_id(verdict.rule.as_str())
        .kind(kind)
        .level(level)
        .message(message(&finding.message()))
        .locations(vec![primary])
        .partial_fingerprints(BTreeMap::from([("twoam/v1".to_owned(), verdict.fingerprint().to_owned())]))
        .properties(properties(finding))
        .build();
    let rules = &finding.audit.rules.rules;
    let index = rules.iter().position(|rule| rule.meta.id == verdict.rule);
    result.rule_index = index.and_then(|index| i64::try_from(index).ok());
    if !finding.related().is_empty() {
        result.related_locations = Some(related(finding));
    }
    result.suppressions = verdict.suppressed().map(|suppression| vec![self::suppression(finding.audit, suppression)]);
    result
}

fn properties(finding: &Finding<'_>) -> sarif::PropertyBag {
    let verdict = finding.verdict;
    let mut values: BTreeMap<String, Value> = BTreeMap::from([
        ("severity".into(), json!(verdict.severity)),
        ("question".into(), json!(verdict.question)),
        ("environment".into(), json!(verdict.environment)),
        ("subject".into(), json!(verdict.subject)),
    ]);
    if let Some(service) = finding.service() {
        values.insert("service".into(), json!(service));
    }
    let help = finding.advice();
    if !help.is_empty() {
        values.insert("help".into(), json!(help));
    }
    sarif::PropertyBag::builder().additional_properties(values).build()
}

fn related(finding: &Finding<'_>) -> Vec<sarif::Location> {
    let numbered = finding.related().iter().take(MOST_RELATED).zip(1i64..);
    numbered
        .map(|(evidence, id)| {
            let mut place = location(&Location::of(finding.audit, evidence));
            place.id = Some(id);
            let text = said(&evidence.label);
            place.message = Some(message(if text.is_empty() { "related" } else { &text }));
            place
        })
        .collect()
}

fn location(place: &Location<'_>) -> sarif::Location {
    let region = sarif::Region::builder()
        .start_line(i64::from(place.start.line))
        .start_column(i64::from(place.start.column))
        .end_line(i64::from(place.end.line))
        .end_column(i64::from(place.end.column))
        .build();
    let physical = sarif::PhysicalLocation::builder().artifact_location(artifact(place.path)).region(region).build();
    sarif::Location::builder().physical_location(physical).build()
}

fn artifact(path: &str) -> sarif::ArtifactLocation {
    sarif::ArtifactLocation::builder().uri(uri(path)).uri_base_id("%SRCROOT%").build()
}

fn suppression(audit: &Audit, suppression: &Suppression) -> sarif::Suppression {
    let kind = if suppression.inline { "inSource" } else { "external" };
    let until = suppression.until.as_ref().map(|day| format!(" (until {day})")).unwrap_or_default();
    let mut carried = sarif::Suppression::builder()
        .kind(json!(kind))
        .status(json!("accepted"))
        .justification(format!("{}{until}", suppression.reason))
        .build();
    carried.location = suppression.span.map(|span| location(&Location::at(audit, span)));
    carried
}

/// What happened on the way: problems, files that were not read, results that did not fit.
fn invocation(audit: &Audit, left_out: usize) -> sarif::Invocation {
    let (input, ours): (Vec<_>, Vec<_>) = audit.problems.iter().partition(|problem| problem.fault == Fault::Input);
    let mut execution: Vec<_> = input.iter().map(|problem| notification(audit, problem, "warning")).collect();
    execution.extend(audit.skipped.iter().map(skipped));
    if left_out > 0 {
        let text = format!(
            "{} left out, the least severe: code scanning takes {MOST_RESULTS}. The JSON report has all.",
            plural(left_out, "result")
        );
        execution.push(sarif::Notification::builder().level(json!("warning")).message(message(&text)).build());
    }
    let configuration: Vec<_> = ours.iter().map(|problem| notification(audit, problem, "error")).collect();
    sarif::Invocation::builder()
        .execution_successful(configuration.is_empty())
        .tool_execution_notifications(execution)
        .tool_configuration_notifications(configuration)
        .build()
}

fn notification(audit: &Audit, problem: &Problem, level: &str) -> sarif::Notification {
    let text = match problem.help.as_str() {
        "" => problem.message.clone(),
        help => format!("{}. {help}", problem.message.trim_end_matches('.')),
    };
    let mut built = sarif::Notification::builder().level(json!(level)).message(message(&text)).build();
    let place = problem.span.map(|span| location(&Location::at(audit, span)));
    built.locations = place.or_else(|| problem.path.as_deref().map(whole_file)).map(|place| vec![place]);
    built
}

fn skipped(skipped: &Skipped) -> sarif::Notification {
    let text = format!("not read: {}", skipped.reason);
    let mut built = sarif::Notification::builder().level(json!("note")).message(message(&text)).build();
    built.locations = Some(vec![whole_file(&skipped.path)]);
    built
}

fn whole_file(path: &str) -> sarif::Location {
    let physical = sarif::PhysicalLocation::builder().artifact_location(artifact(path)).build();
    sarif::Location::builder().physical_location(physical).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Format, Options, sample};

    fn log(audit: &Audit) -> Value {
        serde_json::from_str(&sample::render_of(audit, Format::Sarif, &Options::default())).unwrap()
    }

    #[test]
    fn a_log_is_valid_against_the_official_schema() {
        let schema = include_str!("../../tests/schemas/sarif-2.1.0.json");
        // The published schema has an unbalanced bracket in the pattern of `language`, which we do not write.
        let schema = schema.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$");
        let schema: Value = serde_json::from_str(&schema).unwrap();
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        for audit in [sample::audit(), Audit::default()] {
            let log = log(&audit);
            let errors: Vec<_> = validator.iter_errors(&log).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:#?}");
        }
        assert_eq!(log(&Audit::default())["runs"][0]["results"], json!([]));
    }

    #[test]
    fn a_log_says_it_all() {
        let text = serde_json::to_string_pretty(&log(&sample::audit())).unwrap();
        insta::assert_snapshot!(sample::without_version(&text));
    }

    #[test]
    fn what_does_not_fit_is_the_least_and_is_owned_up_to() {
        let audit = sample::audit();
        let kept = chosen(&audit, 2);
        let severities: Vec<_> = kept.iter().map(|finding| finding.verdict.severity).collect();
        assert_eq!(severities, [Severity::High, Severity::Critical]);
        let notes = serde_json::to_string(&invocation(&audit, 3)).unwrap();
        assert!(notes.contains("3 results left out"), "{notes}");
    }

    #[test]
    fn brackets_are_not_links() {
        assert_eq!(message("see [x](1)").text.unwrap(), "see \\[x\\](1)");
        assert_eq!(message("a[0]").text.unwrap(), "a[0]");
        assert_eq!(camel("backup/no-pitr"), "BackupNoPitr");
        assert!(!is_web_address("https://a b"));
    }
}
