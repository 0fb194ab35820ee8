//! Waivers: gaps that are accepted, with the reason. Uses `source`, `tree`, `problem`, `model`, `config`, `evaluate`.
//!
//! A waiver stands in one of four places and covers:
//! - a comment `twoam: ignore[family/name] until DATE reason`: findings on its own line, or, when it stands alone, on the
//!   next line that is no comment. A finding is on the line of its primary place, and on that of its subject's head: so a
//!   comment above `resource "…" "…"` covers what is found anywhere in the resource, and one above an `alert:` the alert.
//! - the annotation `twoam.dev/ignore: family/name until DATE reason` of a Kubernetes workload: findings about the
//!   workload, its containers and its data, and those that are placed at its head. Each line is one waiver.
//! - a comment of another scanner that skips the same check and says why it is accepted, in the block of the subject or
//!   above it.
//! - `[[waiver]]` in `twoam.toml`: findings that fit all of the service, subject and path it names.
//!
//! Failures and unknowns are waived. A waiver without reason or with a wrong rule or date does nothing and is said; so is
//! one that has ended, and one that covers nothing. It is no waiver's fault when its rule was not selected.

mod scanners;
mod written;

use std::ops::Range;

use jiff::civil::Date;

use crate::config::{self, Config};
use crate::evaluate::{Suppression, Verdict};
use crate::model::{Datastore, Id, Model, Workload};
use crate::problem::{Fault, Problem, nearest};
use crate::source::{SourceId, Sources, Span};
use crate::tree::{Comment, Text};
pub use scanners::same as same_checks;
use written::{Complaint, Written};

/// The annotation that waives.
const ANNOTATION: &str = "twoam.dev/ignore";

/// What waivers are held against.
pub struct Scope<'a> {
    /// The audited files.
    pub sources: &'a Sources,
    /// What they mean.
    pub model: &'a Model,
    /// The ids of all rules there are.
    pub known: &'a [Text],
    /// The ids of those that were asked.
    pub ran: &'a [Text],
    /// The day on which waivers must hold.
    pub today: Date,
}

/// The waivers of an audit, in the order in which they are tried, and what is wrong with others.
#[derive(Debug, Default)]
pub struct Waivers {
    list: Vec<Waiver>,
    problems: Vec<Problem>,
}

/// One rule waived in one place.
#[derive(Debug)]
struct Waiver {
    rule: Text,
    /// Where the rule is named.
    span: Span,
    reason: String,
    until: Option<(Date, Span)>,
    covers: Covers,
    /// Whether it was written for another scanner: what is wrong with it is not for us to say.
    foreign: bool,
}

#[derive(Debug)]
enum Covers {
    /// What stands on a line of a file.
    Line(SourceId, u32),
    /// What is about a workload.
    Workload(Id<Workload>),
    /// What `twoam.toml` describes.
    Described(Box<config::Waiver>),
}

/// Whether a comment may waive anything.
pub fn may_waive(comment: &str) -> bool {
    comment.contains("twoam:") || scanners::MARKS.iter().any(|mark| comment.contains(mark))
}

/// Reads the waivers of comments, annotations and configuration.
pub fn collect(comments: &[Comment], config: &Config, scope: &Scope<'_>) -> Waivers {
    let mut waivers = Waivers::default();
    for comment in comments {
        waivers.add_comment(comment, scope);
    }
    for (id, workload) in scope.model.each::<Workload>() {
        let Some(value) = workload.annotations.get(ANNOTATION) else { continue };
        let (Some(text), span) = (value.value(), value.span.unwrap_or(workload.place.span)) else { continue };
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            // Where in the value the parts stand is lost to quotes and folding.
            waivers.add(written::annotation(line.trim()), |_| span, |_| Covers::Workload(id), scope);
        }
    }
    for waiver in config.waivers() {
        waivers.list.push(Waiver {
            rule: waiver.rule.value.clone(),
            span: waiver.rule.span,
            reason: waiver.reason.clone(),
            until: waiver.until.as_ref().map(|until| (until.value, until.span)),
            covers: Covers::Described(Box::new(waiver.clone())),
            foreign: false,
        });
    }
    waivers
}

impl Waivers {
    fn add_comment(&mut self, comment: &Comment, scope: &Scope<'_>) {
        let source = scope.sources.get(comment.span.source);
        let mut start = comment.span.start as usize;
        for line in scope.sources.slice(comment.span).split_inclusive('\n') {
            let begins = start;
            start += line.len();
            self.add_foreign(line, begins, comment, scope);
            let Some(read) = written::comment(line.trim_end()) else { continue };
            let place = |range: Range<usize>| Span::new(comment.span.source, begins + range.start, begins + range.end);
            let covered = covered_line(source, comment.span);
            self.add(read, place, |_| Covers::Line(comment.span.source, covered), scope);
        }
    }

    /// What a line accepts of another scanner's checks.
    fn add_foreign(&mut self, line: &str, begins: usize, comment: &Comment, scope: &Scope<'_>) {
        let Some(accepted) = scanners::comment(line) else { return };
        let source = scope.sources.get(comment.span.source);
        let span = Span::new(comment.span.source, begins, begins + line.trim_end().len());
        let covered = block_line(source, comment.span).unwrap_or_else(|| covered_line(source, comment.span));
        for rule in accepted.rules {
            self.list.push(Waiver {
                rule: rule.into(),
                span,
                reason: accepted.reason.clone(),
                until: accepted.until.map(|date| (date, span)),
                covers: Covers::Line(comment.span.source, covered),
                foreign: true,
            });
        }
    }

    fn add(
        &mut self,
        read: Result<Written, Complaint>,
        place: impl Fn(Range<usize>) -> Span,
        covers: impl Fn(&Text) -> Covers,
        scope: &Scope<'_>,
    ) {
        let written = match read {
            Ok(written) => written,
            Err(Complaint { range, message, help }) => {
                self.problems.push(Problem::at(Fault::Input, place(range), message, help));
                return;
            }
        };
        let until = written.until.map(|(date, range)| (date, place(range)));
        for (rule, range) in written.rules {
            let span = place(range);
            if !scope.known.contains(&rule) {
                let near = nearest(&rule, scope.known.iter().map(Text::as_str));
                let help = near
                    .map_or_else(|| "`twoam rules` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
                self.problems.push(Problem::at(Fault::Input, span, format!("there is no rule `{rule}`"), help));
                continue;
            }
            let covers = covers(&rule);
            self.list.push(Waiver { rule, span, reason: written.reason.clone(), until, covers, foreign: false });
        }
    }
}

/// A line of a source.
fn text_of(source: &crate::source::Source, line: u32) -> &str {
    source.line(line).and_then(|range| source.text.get(range)).unwrap_or_default()
}

/// The line on which the block begins that a comment stands in: what is not indented before it opens one.
fn block_line(source: &crate::source::Source, comment: Span) -> Option<u32> {
    let own = source.position(comment.start).line;
    let not_indented = |line: &u32| text_of(source, *line).starts_with(|letter: char| !letter.is_whitespace());
    let head = (1..=own).rev().find(not_indented)?;
    (head < own && text_of(source, head).trim_end().ends_with('{')).then_some(head)
}

/// The line that a comment speaks of: its own when something stands before it, else the next one that is no comment.
fn covered_line(source: &crate::source::Source, comment: Span) -> u32 {
    let own = source.position(comment.start).line;
    let text = |line: u32| text_of(source, line);
    let column = source.line(own).map_or(0, |range| (comment.start as usize).saturating_sub(range.start));
    let before = text(own).get(..column).unwrap_or_default();
    // The marker of a list item or of a byte order belongs to nothing else.
    if !before.trim_matches(['\u{feff}', ' ', '\t']).is_empty() {
        return own;
    }
    let last = source.position(comment.end.saturating_sub(1).max(comment.start)).line;
    let after =
        text(last).get(source.line(last).map_or(0, |range| (comment.end as usize).saturating_sub(range.start))..);
    if after.is_some_and(|after| !after.trim().is_empty()) {
        return last;
    }
    let is_comment = |line: &str| ["#", "//", "/*", "<!--"].iter().any(|mark| line.trim_start().starts_with(mark));
    // A Markdown heading opens as comments elsewhere do.
    let markdown = source.path.to_ascii_lowercase().ends_with(".md");
    let skips = |line: &str| if markdown { line.trim_start().starts_with("<!--") } else { is_comment(line) };
    let mut next = last + 1;
    while source.line(next).is_some() && skips(text(next)) {
        next += 1;
    }
    next
}

/// Marks what is waived, and says which waivers are wrong, have ended or cover nothing.
pub fn apply(waivers: &Waivers, verdicts: &mut [Verdict], scope: &Scope<'_>) -> Vec<Problem> {
    let mut problems = waivers.problems.clone();
    for waiver in &waivers.list {
        if !scope.ran.contains(&waiver.rule) {
            continue;
        }
        if let Some((date, span)) = waiver.until.filter(|(date, _)| *date < scope.today) {
            if waiver.foreign {
                continue;
            }
            let message = format!("the waiver of `{}` ended on {date}", waiver.rule);
            let help = "close the gap, or decide again and give a new date";
            problems.push(Problem::at(Fault::Input, span, message, help));
            continue;
        }
        let mut used = false;
        for verdict in verdicts.iter_mut().filter(|verdict| verdict.rule == waiver.rule) {
            if verdict.gap.is_none() || !waiver.covers(verdict, scope) {
                continue;
            }
            used = true;
            if let Some(gap) = &mut verdict.gap {
                gap.suppressed.get_or_insert_with(|| waiver.suppression());
            }
        }
        if !used && !waiver.foreign && waiver.could_be_used(scope) {
            let message = format!("the waiver of `{}` covers nothing", waiver.rule);
            let help = "the gap is closed, or stands elsewhere: remove the waiver, or move it to the finding's line";
            problems.push(Problem::at(Fault::Input, waiver.span, message, help));
        }
    }
    problems
}

impl Waiver {
    fn suppression(&self) -> Suppression {
        Suppression {
            reason: self.reason.clone(),
            until: self.until.map(|(date, _)| date.to_string()),
            span: Some(self.span),
            inline: !matches!(self.covers, Covers::Described(_)),
        }
    }

    fn covers(&self, verdict: &Verdict, scope: &Scope<'_>) -> bool {
        match &self.covers {
            Covers::Line(source, line) => {
                let here = |span: Span| {
                    span.source == *source && scope.sources.get(span.source).position(span.start).line == *line
                };
                verdict.primary().into_iter().chain(verdict.heads().iter().copied()).any(here)
            }
            Covers::Workload(id) => is_about(verdict, *id, scope.model),
            Covers::Described(waiver) => fits(verdict, waiver, scope),
        }
    }

    /// Whether it could cover anything. What is not judged here, a library or another environment, may be judged in an
    /// audit of other roots.
    fn could_be_used(&self, scope: &Scope<'_>) -> bool {
        let model = scope.model;
        let judged = |place: &crate::model::Place| place.environment.production && !place.library;
        match &self.covers {
            Covers::Described(_) => true,
            Covers::Workload(id) => judged(&model[*id].place),
            Covers::Line(source, _) => {
                let workloads = model.workloads.iter().map(|workload| &workload.place);
                let datastores = model.datastores.iter().map(|datastore| &datastore.place);
                let alerts = model.alerts.iter().map(|alert| &alert.place);
                let mut here = workloads.chain(datastores).chain(alerts).filter(|place| place.span.source == *source);
                here.all(judged)
            }
        }
    }
}

/// Whether a verdict is about a workload, a part of it or its data, or is placed at its head.
fn is_about(verdict: &Verdict, id: Id<Workload>, model: &Model) -> bool {
    let workload = &model[id];
    if verdict.primary() == Some(workload.place.span) {
        return true;
    }
    let named = match verdict.subject_kind {
        "workload" => workload.name == verdict.subject,
        "container" => workload.containers.iter().any(|container| model[*container].name == verdict.subject),
        "datastore" => {
            let own = |datastore: &&Datastore| datastore.workload == Some(id);
            model.datastores.iter().filter(own).any(|datastore| datastore.name == verdict.subject)
        }
        _ => false,
    };
    named && verdict.evidence().iter().any(|evidence| evidence.span.source == workload.place.span.source)
}

/// Whether a verdict is what a `[[waiver]]` describes.
fn fits(verdict: &Verdict, waiver: &config::Waiver, scope: &Scope<'_>) -> bool {
    let service = waiver.service.as_ref().is_none_or(|wanted| {
        let service = verdict.service.map(|id| &scope.model[id]);
        service.is_some_and(|service| {
            let mut names = std::iter::once(&service.name).chain(&service.aliases);
            names.any(|name| name.eq_ignore_ascii_case(wanted))
        })
    });
    let subject = waiver.subject.as_ref().is_none_or(|wanted| *wanted == verdict.subject);
    let path = waiver
        .path
        .as_ref()
        .is_none_or(|globs| verdict.primary().is_some_and(|span| globs.is_match(scope.sources.path(span))));
    service && subject && path
}

#[cfg(test)]
mod tests;
