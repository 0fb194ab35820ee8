//! Rules × subjects → verdicts. Uses `model` and `rule`.

use std::collections::BTreeMap;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::model::{
    Alert, Autoscaler, Backup, Certificate, Command, Container, Dashboard, Datastore, Deployment, DocumentLink, Drill,
    EscalationPolicy, Experiment, Id, Inhibition, LogStore, Migration, Model, Monitor, Noun, Objective, OwnerPattern,
    PagingService, Place, Pool, PostMortem, Queue, Receiver, Release, RestoreTest, Route, Routing, Runbook, Schedule,
    Service, Shared, Standby, Workload,
};
use crate::rule::{Judgement, Question, Rule, RuleSet, Severity};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// What a rule says of a subject. A rule that does not apply gives no verdict.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome<'a> {
    /// It is as it should be.
    Pass,
    /// It is not.
    Fail,
    /// What it takes to tell is not known.
    Unknown(&'a Unknown),
}

/// A place that supports a verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// What stands there: `alert.runbook`, or a sentence part such as "value from here".
    pub label: Text,
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
    /// The service it counts for.
    pub service: Option<Id<Service>>,
    /// The kind of subject: `datastore`, `alert`, …
    pub subject_kind: &'static str,
    /// The subject's name.
    pub subject: Text,
    /// The environment of the subject.
    pub environment: Text,
    /// What there is to say; nothing of what passed, which most do.
    pub gap: Option<Box<Gap>>,
}

/// What is said of a subject that fails, or of which it cannot be told.
#[derive(Clone, Debug, Default)]
pub struct Gap {
    /// What is not known, if that is the matter.
    pub unknown: Option<Unknown>,
    /// What is wrong, in one line.
    pub message: String,
    /// Where: the first is what a finding underlines, the others are related.
    pub evidence: Vec<Evidence>,
    /// Where its subject is declared: its head, that in the shared module that makes it, those of its other renderings.
    pub heads: Vec<Span>,
    /// Depends on rule, subject and path only.
    pub fingerprint: String,
    /// The waiver that covers it.
    pub suppressed: Option<Suppression>,
}

impl Verdict {
    /// What was found.
    pub fn outcome(&self) -> Outcome<'_> {
        match self.gap.as_deref() {
            None => Outcome::Pass,
            Some(Gap { unknown: None, .. }) => Outcome::Fail,
            Some(Gap { unknown: Some(unknown), .. }) => Outcome::Unknown(unknown),
        }
    }

    /// The waiver that covers it.
    pub fn suppressed(&self) -> Option<&Suppression> {
        self.gap.as_ref().and_then(|gap| gap.suppressed.as_ref())
    }

    /// Whether it is a gap that counts.
    pub fn is_open_gap(&self) -> bool {
        self.outcome() == Outcome::Fail && self.suppressed().is_none()
    }

    /// What is wrong, in one line; empty for a pass.
    pub fn message(&self) -> &str {
        self.gap.as_ref().map_or("", |gap| &gap.message)
    }

    /// The places that support it, the first of which a finding underlines.
    pub fn evidence(&self) -> &[Evidence] {
        self.gap.as_ref().map_or(&[], |gap| &gap.evidence)
    }

    /// Where its subject is declared; nowhere for a pass.
    pub fn heads(&self) -> &[Span] {
        self.gap.as_ref().map_or(&[], |gap| &gap.heads)
    }

    /// Where a finding stands.
    pub fn primary(&self) -> Option<Span> {
        self.evidence().first().map(|evidence| evidence.span)
    }

    /// Depends on rule, subject and path only; empty for a pass.
    pub fn fingerprint(&self) -> &str {
        self.gap.as_ref().map_or("", |gap| &gap.fingerprint)
    }
}

/// Judges every subject by every rule about its kind. Only what is in production and not a library is judged.
/// The verdicts come sorted by path, place, rule and subject, whatever the number of threads.
pub fn evaluate(rules: &RuleSet, model: &Model) -> Vec<Verdict> {
    let repeated = Repeated::new(model);
    let judge = |(rank, rule)| judge_all(rank, rule, model, &repeated);
    let ranked = (0_u32..).zip(&rules.rules).collect::<Vec<_>>();
    let mut judged: Vec<Judged<'_>> = ranked.into_par_iter().flat_map_iter(judge).collect();
    // Sources are numbered by path, so that places sort as paths do.
    judged.par_sort_by(|left, right| left.span.cmp(&right.span).then_with(|| left.identity().cmp(&right.identity())));
    // One object may be installed several times from one place, once for each cluster.
    judged.dedup_by(|later, first| later.span == first.span && later.says_the_same_as(first));
    merge_renderings(&mut judged);
    number_repeats(&mut judged);
    judged.into_par_iter().map(Judged::verdict).collect()
}

/// A judgement on its way to a verdict. Most pass, and are many: what they share with the model is not copied before
/// they are in order.
struct Judged<'m> {
    rule: &'m Rule,
    subject: &'m str,
    place: &'m Place,
    severity: Severity,
    service: Option<Id<Service>>,
    /// Where it is said.
    span: Span,
    /// Where its rule stands among the others, which are in the order of their ids: quicker to compare.
    rank: u32,
    /// How many before it have its rule, subject and path.
    repeat: u32,
    /// Whether its subject may be another rendering of what stands elsewhere.
    again: bool,
    /// What there is to say; nothing of what passed.
    gap: Option<Box<Gap>>,
}

/// Kubernetes objects, or parts of one (`Deployment/checkout`), whose name others bear as well: for each kind of noun
/// and each of its nouns.
struct Repeated(BTreeMap<&'static str, Vec<bool>>);

impl Repeated {
    fn new(model: &Model) -> Self {
        fn of<T: Noun>(model: &Model) -> (&'static str, Vec<bool>) {
            let mut count: BTreeMap<&str, usize> = BTreeMap::new();
            model.each::<T>().for_each(|(_, noun)| *count.entry(noun.name()).or_default() += 1);
            let again = |noun: &T| noun.name().contains('/') && count.get(noun.name()).is_some_and(|count| *count > 1);
            (T::described().name, model.each::<T>().map(|(_, noun)| again(noun)).collect())
        }
        let kinds = [of::<Workload>, of::<Container>, of::<Datastore>, of::<Monitor>];
        Self(kinds.into_par_iter().map(|of| of(model)).collect())
    }
}

impl Judged<'_> {
    fn verdict(mut self) -> Verdict {
        if let Some(gap) = &mut self.gap {
            gap.fingerprint = fingerprint(&self.rule.meta.id, self.subject, &self.place.path, self.repeat);
        }
        Verdict {
            rule: self.rule.meta.id.clone(),
            severity: self.severity,
            question: self.rule.meta.question,
            service: self.service,
            subject_kind: self.rule.subject,
            subject: self.subject.into(),
            environment: self.place.environment.name.clone(),
            gap: self.gap,
        }
    }

    /// Whether nobody could tell the two apart.
    fn says_the_same_as(&self, other: &Self) -> bool {
        self.identity() == other.identity()
            && self.place.environment.name == other.place.environment.name
            && self.gap.as_ref().map(|gap| &gap.message) == other.gap.as_ref().map(|gap| &gap.message)
    }

    /// What is the same of two renderings of one object.
    fn identity(&self) -> (u32, &str, Option<Id<Service>>, u8) {
        let outcome = self.gap.as_ref().map_or(0, |gap| if gap.unknown.is_none() { 1 } else { 2 });
        (self.rank, self.subject, self.service, outcome)
    }
}

fn judge_all<'m>(rank: u32, rule: &'m Rule, model: &'m Model, repeated: &Repeated) -> Vec<Judged<'m>> {
    macro_rules! by_kind {
        ($($kind:literal => $Noun:ty),+ $(,)?) => {
            match rule.subject {
                $($kind => judge_each::<$Noun>(rank, rule, model, repeated.0.get($kind)),)+
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
        "post_mortem" => PostMortem,
        "certificate" => Certificate,
        "log_store" => LogStore,
        "dashboard" => Dashboard,
        "experiment" => Experiment,
        "standby" => Standby,
    }
}

fn judge_each<'m, T: Noun>(
    rank: u32,
    rule: &'m Rule,
    model: &'m Model,
    repeated: Option<&Vec<bool>>,
) -> Vec<Judged<'m>> {
    let judged = model.each::<T>().filter(|(_, noun)| noun.place().environment.production && !noun.place().library);
    let judge = |(id, noun): (Id<T>, &'m T)| {
        let judgement = rule.judge(model, noun)?;
        let service = if rule.subject == "service" { Some(Id::new(id.index())) } else { noun.service() };
        let place = noun.place();
        let severity = judgement.severity;
        let gap = gap(rule.subject, noun.name(), place, judgement).map(Box::new);
        let span = gap.as_ref().and_then(|gap| gap.evidence.first()).map_or(place.span, |evidence| evidence.span);
        let again = repeated.is_some_and(|repeated| repeated[id.index()]);
        Some(Judged { rule, subject: noun.name(), place, severity, service, span, rank, repeat: 0, again, gap })
    };
    judged.filter_map(judge).collect()
}

/// What there is to say of a subject; nothing where it passed.
fn gap(kind: &str, subject: &str, place: &Place, judgement: Judgement) -> Option<Gap> {
    let unknown = match (judgement.outcome, &place.doubt) {
        (Ok(true), _) => return None,
        (Ok(false), None) => None,
        (Ok(false), Some(doubt)) => {
            let reason = format!("whether `{subject}` exists is not known: {}", doubt.reason);
            Some(Unknown { reason, ..(**doubt).clone() })
        }
        (Err(unknown), _) => Some(unknown),
    };
    let mut places = judgement.places;
    if let Some(shared) = &place.shared {
        at_the_call(&mut places, kind, shared);
    }
    let evidence: Vec<Evidence> = places.into_iter().map(|(label, span)| Evidence { label, span }).collect();
    let heads = std::iter::once(place.span).chain(place.shared.as_ref().map(|shared| shared.head)).collect();
    Some(Gap { unknown, message: judgement.message, evidence, heads, ..Gap::default() })
}

/// What a shared module decides is said at the call, and where the module says it comes second.
fn at_the_call(places: &mut Vec<(Text, Span)>, kind: &str, shared: &Shared) {
    let decided_inside = places.first().is_some_and(|(_, span)| shared.files.binary_search(&span.source).is_ok());
    if decided_inside {
        places.retain(|(_, span)| *span != shared.call);
        places.insert(0, (kind.into(), shared.call));
    }
    if !places.iter().any(|(_, span)| *span == shared.head) {
        places.push((Text::const_new("declared in the module that is called"), shared.head));
    }
}

/// 128 bits of SHA-256 over rule, subject and path, and the count of equal ones before it.
fn fingerprint(rule: &str, subject: &str, path: &str, repeat: u32) -> String {
    let mut hash = Sha256::new();
    for part in [rule, subject, path] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    if repeat > 0 {
        hash.update(repeat.to_string());
    }
    let mut half = [0; 16];
    half.copy_from_slice(&hash.finalize()[..16]);
    format!("{:032x}", u128::from_be_bytes(half))
}

/// One Kubernetes object may stand in several files: a base and its overlays, a chart's output, a copy for each
/// cluster. What a rule says of all of them alike is said once, where the path is shortest (variants and bases stand
/// deeper), with the other places beside it.
fn merge_renderings(judged: &mut Vec<Judged<'_>>) {
    let mut rendered: Vec<usize> = (0..judged.len()).filter(|index| judged[*index].again).collect();
    // A stable sort: what is alike stays in the order of places.
    rendered.par_sort_by(|left, right| judged[*left].identity().cmp(&judged[*right].identity()));
    let alike = |left: &usize, right: &usize| judged[*left].identity() == judged[*right].identity();
    let depth = |index: &usize| judged[*index].place.path.matches('/').count();
    let mut merged = vec![false; judged.len()];
    let mut elsewhere = Vec::new();
    for group in rendered.chunk_by(alike).filter(|group| group.len() > 1) {
        let Some(kept) = group.iter().copied().min_by_key(depth) else { continue };
        for index in group.iter().copied().filter(|index| *index != kept) {
            let heads = judged[index].gap.as_ref().map_or_else(Vec::new, |gap| gap.heads.clone());
            elsewhere.push((kept, judged[index].span, heads));
            merged[index] = true;
        }
    }
    for (kept, span, heads) in elsewhere {
        if let Some(gap) = &mut judged[kept].gap {
            gap.heads.extend(heads);
            gap.evidence.push(Evidence { label: Text::const_new("the same in another rendering"), span });
        }
    }
    let mut merged = merged.into_iter();
    judged.retain(|_| merged.next() != Some(true));
}

/// Two subjects of one name in one file would share a fingerprint; the later ones get one of their own.
fn number_repeats(judged: &mut [Judged<'_>]) {
    let mut gaps: Vec<usize> = (0..judged.len()).filter(|index| judged[*index].gap.is_some()).collect();
    let named = |index: &usize| (judged[*index].rank, judged[*index].subject, &judged[*index].place.path);
    // What is alike stays in the order of places.
    gaps.par_sort_unstable_by(|left, right| named(left).cmp(&named(right)).then(left.cmp(right)));
    let alike = gaps.chunk_by(|left, right| named(left) == named(right));
    let repeats: Vec<(u32, usize)> = alike.flat_map(|group| (0..).zip(group.iter().copied()).skip(1)).collect();
    for (count, index) in repeats {
        judged[index].repeat = count;
    }
}
