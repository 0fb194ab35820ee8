//! Rules × subjects → verdicts. Uses `model` and `rule`.

use std::collections::BTreeMap;
use std::fmt::Write;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::model::{
    Alert, Autoscaler, Backup, Certificate, Command, Container, Datastore, Deployment, DocumentLink, Drill,
    EscalationPolicy, Id, Inhibition, LogStore, Migration, Model, Monitor, Noun, Objective, OwnerPattern,
    PagingService, Pool, Queue, Receiver, Release, RestoreTest, Route, Routing, Runbook, Schedule, Service, Shared,
    Workload,
};
use crate::rule::{Judgement, Question, Rule, RuleSet, Severity};
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
    /// Depends on rule, subject and path only; empty for a pass.
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

/// Judges every subject by every rule about its kind. Only what is in production and not a library is judged.
/// The verdicts come sorted by path, place, rule and subject, whatever the number of threads.
pub fn evaluate(rules: &RuleSet, model: &Model) -> Vec<Verdict> {
    let mut verdicts: Vec<Placed<'_>> = rules.rules.par_iter().flat_map_iter(|rule| judge_all(rule, model)).collect();
    // Sources are numbered by path, so that places sort as paths do.
    verdicts.par_sort_by(|left, right| {
        let tie = || (&left.verdict.rule, &left.verdict.subject).cmp(&(&right.verdict.rule, &right.verdict.subject));
        left.span.cmp(&right.span).then_with(tie)
    });
    let mut verdicts = merge_renderings(verdicts);
    number_repeats(&mut verdicts);
    verdicts.into_iter().map(|placed| placed.verdict).collect()
}

/// A verdict, where it is said, and the path of its subject.
struct Placed<'m> {
    span: Span,
    path: &'m str,
    verdict: Verdict,
}

fn judge_all<'m>(rule: &Rule, model: &'m Model) -> Vec<Placed<'m>> {
    macro_rules! by_kind {
        ($($kind:literal => $Noun:ty),+ $(,)?) => {
            match rule.subject {
                $($kind => judge_each::<$Noun>(rule, model),)+
                _ => Vec::new(),
            }
        };
    }
    by_kind! {
        "service" => Service,
        "workload" => Workload,
        "container" => Container,
        "datastore" => Datastore,
        "backup_plan" => Backup,
        "restore_test" => RestoreTest,
        "alert" => Alert,
        "runbook" => Runbook,
        "link" => DocumentLink,
        "command" => Command,
        "deployment" => Deployment,
        "release" => Release,
        "migration" => Migration,
        "objective" => Objective,
        "drill" => Drill,
        "owner_pattern" => OwnerPattern,
        "routing" => Routing,
        "route" => Route,
        "receiver" => Receiver,
        "inhibition" => Inhibition,
        "paging_service" => PagingService,
        "escalation_policy" => EscalationPolicy,
        "schedule" => Schedule,
        "pool" => Pool,
        "autoscaler" => Autoscaler,
        "monitor" => Monitor,
        "queue" => Queue,
        "certificate" => Certificate,
        "log_store" => LogStore,
    }
}

fn judge_each<'m, T: Noun>(rule: &Rule, model: &'m Model) -> Vec<Placed<'m>> {
    let judged = model.each::<T>().filter(|(_, noun)| noun.place().environment.production && !noun.place().library);
    judged.filter_map(|(id, noun)| Some(verdict(rule, id, noun, rule.judge(model, noun)?))).collect()
}

fn verdict<'m, T: Noun>(rule: &Rule, id: Id<T>, noun: &'m T, judgement: Judgement) -> Placed<'m> {
    let outcome = match judgement.outcome {
        Ok(true) => Outcome::Pass,
        Ok(false) => Outcome::Fail,
        Err(unknown) => Outcome::Unknown(unknown),
    };
    let place = noun.place();
    let kind = T::described().name;
    // A service counts for itself.
    let service = if kind == "service" { Some(Id::new(id.index())) } else { noun.service() };
    // What passed is never reported, and needs no fingerprint.
    let fingerprint =
        if outcome == Outcome::Pass { String::new() } else { fingerprint(&rule.meta.id, noun.name(), &place.path, 0) };
    let mut places = judgement.places;
    if let Some(shared) = place.shared.as_ref().filter(|_| outcome != Outcome::Pass) {
        at_the_call(&mut places, kind, place.span, shared);
    }
    let verdict = Verdict {
        rule: rule.meta.id.clone(),
        severity: judgement.severity,
        question: rule.meta.question,
        outcome,
        service,
        subject_kind: kind,
        subject: noun.name().into(),
        environment: place.environment.name.clone(),
        message: judgement.message,
        evidence: places.into_iter().map(|(label, span)| Evidence { label, span }).collect(),
        fingerprint,
        suppressed: None,
    };
    Placed { span: verdict.primary().unwrap_or(place.span), path: &place.path, verdict }
}

/// What a shared module decides is said at the call, and where the module says it comes second.
fn at_the_call(places: &mut Vec<(String, Span)>, kind: &str, call: Span, shared: &Shared) {
    let decided_inside = places.first().is_some_and(|(_, span)| shared.files.contains(&span.source));
    if decided_inside {
        places.retain(|(_, span)| *span != call);
        places.insert(0, (kind.to_owned(), call));
    }
    if !places.iter().any(|(_, span)| *span == shared.head) {
        places.push(("declared in the module that is called".to_owned(), shared.head));
    }
}

/// 128 bits of SHA-256 over rule, subject and path, and the count of equal ones before it.
fn fingerprint(rule: &str, subject: &str, path: &str, repeat: usize) -> String {
    let mut hash = Sha256::new();
    for part in [rule, subject, path] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    if repeat > 0 {
        hash.update(repeat.to_string());
    }
    hash.finalize().iter().take(16).fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// One Kubernetes object may stand in several files: a base and its overlays, a chart's output, a copy for each
/// cluster. What a rule says of all of them alike is said once, where the path is shortest (variants and bases stand
/// deeper), with the other places beside it.
fn merge_renderings(verdicts: Vec<Placed<'_>>) -> Vec<Placed<'_>> {
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, Placed { verdict, .. }) in verdicts.iter().enumerate() {
        if matches!(verdict.subject_kind, "workload" | "container" | "datastore" | "monitor")
            && verdict.subject.contains('/')
        {
            let outcome = match verdict.outcome {
                Outcome::Pass => 0,
                Outcome::Fail => 1,
                Outcome::Unknown(_) => 2,
            };
            let key = (verdict.rule.clone(), verdict.subject.clone(), verdict.service, outcome);
            groups.entry(key).or_default().push(index);
        }
    }
    let depth = |index: &usize| verdicts[*index].path.matches('/').count();
    let mut elsewhere: BTreeMap<usize, Vec<Evidence>> = BTreeMap::new();
    let mut merged = vec![false; verdicts.len()];
    for group in groups.into_values().filter(|group| group.len() > 1) {
        let Some(kept) = group.iter().copied().min_by_key(|index| (depth(index), *index)) else { continue };
        for index in group.into_iter().filter(|index| *index != kept) {
            let label = "the same in another rendering".to_owned();
            let place = verdicts[index].verdict.primary().map(|span| Evidence { label, span });
            elsewhere.entry(kept).or_default().extend(place);
            merged[index] = true;
        }
    }
    let numbered = verdicts.into_iter().enumerate().filter(|(index, _)| !merged[*index]);
    numbered
        .map(|(index, mut placed)| {
            placed.verdict.evidence.extend(elsewhere.remove(&index).unwrap_or_default());
            placed
        })
        .collect()
}

/// Two subjects of one name in one file would share a fingerprint; the later ones get one of their own.
fn number_repeats(verdicts: &mut [Placed<'_>]) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for Placed { path, verdict, .. } in verdicts.iter_mut().filter(|placed| !placed.verdict.fingerprint.is_empty()) {
        let count = seen.entry(verdict.fingerprint.clone()).or_default();
        if *count > 0 {
            verdict.fingerprint = fingerprint(&verdict.rule, &verdict.subject, path, *count);
        }
        *count += 1;
    }
}
