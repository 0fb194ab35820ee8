//! Alerts → recordings that they name and that nobody makes. Uses `model`.
//!
//! A name with a colon is that of a recording rule (<https://prometheus.io/docs/practices/rules/>). One that no rule here
//! records may be recorded elsewhere: by a chart, by another team, by a server that is federated. It is surely missing
//! where the configuration of the Prometheus that loads the alert is here with all of its files, and most probably where
//! the same file records its like under a slightly different name, or where whatever else begins as it does is recorded
//! here, and that is the name of something rather than of labels.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use super::rule_files::RuleFiles;
use crate::model::alert::Watch;
use crate::model::routing::Prometheus;
use crate::model::{Alert, Fact, Hides, Model, Place};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// Beginnings of names that tools record of objectives as they go.
const OF_TOOLS: &[&str] = &["slo:", "pyrra:", "ALERTS"];

/// Words of the labels that the level of a recording is named by as a rule (`namespace_pod:…`).
const OF_LABELS: &[&str] = &[
    "apiserver",
    "app",
    "application",
    "az",
    "cluster",
    "code",
    "component",
    "container",
    "controller",
    "count",
    "customer",
    "daemonset",
    "deployment",
    "device",
    "domain",
    "endpoint",
    "env",
    "environment",
    "group",
    "handler",
    "host",
    "id",
    "instance",
    "job",
    "kind",
    "le",
    "level",
    "method",
    "mode",
    "name",
    "namespace",
    "node",
    "operation",
    "owner",
    "path",
    "pod",
    "pool",
    "quantile",
    "queue",
    "reason",
    "region",
    "resource",
    "role",
    "route",
    "scope",
    "service",
    "shard",
    "stage",
    "state",
    "statefulset",
    "status",
    "tenant",
    "tier",
    "topic",
    "type",
    "user",
    "verb",
    "version",
    "volume",
    "windows",
    "workload",
    "zone",
];

/// How many others that begin alike are recorded here at least, so that all of them may be expected here.
const FAMILY: usize = 4;

/// How many letters two names may differ in to be taken for one.
const TYPING_ERROR: usize = 2;

/// Says of every alert whether what it names is recorded.
pub(super) fn judge(model: &mut Model, context: &Context<'_>) {
    let recorded = Recorded::new(model, context);
    let found: Vec<Option<Fact<Text>>> = model
        .alerts
        .iter()
        .map(|alert| {
            let missing = alert.watches.iter().find_map(|watch| recorded.lacks(watch))?;
            let at = alert.expression.span.unwrap_or(alert.place.span);
            (!alert.slo).then(|| recorded.judge(Some(alert), &alert.place, missing, at))
        })
        .collect();
    for (alert, fact) in model.alerts.iter_mut().zip(found) {
        alert.unrecorded = fact.unwrap_or_else(|| Fact::absent(alert.expression.span));
    }
}

/// The name of a recording that is watched. Names of metrics of Google Cloud have a colon too, after a host
/// (<https://cloud.google.com/monitoring/promql/promql-mapping>).
fn recording(watch: &Watch) -> Option<&Text> {
    let name = watch.metric()?;
    let (level, _) = name.split_once(':')?;
    let host = ["_com", "_io", "_dev", "_org"].iter().any(|end| level.ends_with(end));
    let of_tool = OF_TOOLS.iter().any(|start| name.starts_with(start));
    (!level.is_empty() && !host && !of_tool).then_some(name)
}

/// What rules here record.
pub(super) struct Recorded<'m> {
    /// The files that record each name.
    paths: BTreeMap<Text, BTreeSet<Text>>,
    /// Whether some names are made of what is not known.
    templated: bool,
    /// Whether alerts may stand where nothing was read.
    hidden: bool,
    model: &'m Model,
    context: &'m Context<'m>,
    /// The servers all of whose rules are here, with the files of these; looked for where something is missing.
    whole: OnceCell<Vec<(&'m Prometheus, BTreeSet<&'m str>)>>,
}

impl<'m> Recorded<'m> {
    pub(super) fn new(model: &'m Model, context: &'m Context<'m>) -> Self {
        let mut paths: BTreeMap<Text, BTreeSet<Text>> = BTreeMap::new();
        for recording in &model.routing.recordings {
            paths.entry(recording.name.clone()).or_default().insert(recording.path.clone());
        }
        let templated = paths.keys().any(|name| name.contains(['{', '$', '<']));
        Self {
            paths,
            templated,
            hidden: model.gaps.iter().any(|gap| gap.hides == Hides::Alerts),
            model,
            context,
            whole: OnceCell::new(),
        }
    }

    /// The name of a recording that is watched and that nothing here records.
    pub(super) fn lacks<'w>(&self, watch: &'w Watch) -> Option<&'w Text> {
        recording(watch).filter(|name| !self.paths.contains_key(*name))
    }

    /// Whether a name that an alert or (where there is none) a dashboard asks for is surely recorded nowhere.
    pub(super) fn judge(&self, alert: Option<&Alert>, place: &Place, missing: &Text, at: Span) -> Fact<Text> {
        let near = alert.and_then(|_| self.near(&place.path, missing));
        if let Some(near) = near {
            return Fact::known(compact_str::format_compact!("`{missing}` (this file records `{near}`)"), at);
        }
        if let Some((level, others)) = self.family(missing).filter(|_| !self.hidden && !self.templated) {
            let name = compact_str::format_compact!(
                "`{missing}`, which is not among the {others} that are recorded of `{level}:`"
            );
            return Fact::known(name, at);
        }
        let of_here = |server: &Prometheus| server.place.environment == place.environment;
        let whole = self.whole.get_or_init(|| whole(self.model, self.context));
        let mut whole = whole.iter().filter(|(server, _)| of_here(server));
        let whole = if let Some(alert) = alert {
            whole.find(|(_, files)| files.contains(alert.place.path.as_str()))
        } else {
            // A dashboard may ask any of them.
            let all = self.model.routing.prometheis.iter().filter(|server| of_here(server)).count();
            (whole.clone().count() == all).then(|| whole.next()).flatten()
        };
        if let Some((server, _)) = whole.filter(|_| !self.templated) {
            let name = compact_str::format_compact!("`{missing}`, which no rule file of `{}` records", server.name);
            return Fact { via: vec![server.place.span], ..Fact::known(name, at) };
        }
        let reason = format!("no rule here records `{missing}`; it may be recorded elsewhere");
        Fact { span: Some(at), ..Fact::unknown(Unknown::new(reason, "audit the rules that record it as well", at)) }
    }

    /// The beginning of a name and how many others here begin alike, where it is not made of labels.
    fn family<'n>(&self, missing: &'n Text) -> Option<(&'n str, usize)> {
        let (level, _) = missing.split_once(':')?;
        let start = format!("{level}:");
        let alike = self.paths.keys().filter(|name| name.starts_with(&start)).count();
        let named =
            level.split('_').any(|word| !OF_LABELS.contains(&word.trim_end_matches('s')) && !OF_LABELS.contains(&word));
        (alike >= FAMILY && named).then_some((level, alike))
    }

    /// A name that the same file records and that differs by what a slip of the finger makes.
    fn near(&self, path: &Text, missing: &Text) -> Option<&Text> {
        let beside = self.paths.iter().filter(|(_, paths)| paths.contains(path)).map(|(name, _)| name);
        let by_distance = beside.map(|name| (strsim::damerau_levenshtein(name, missing), name));
        by_distance.min().filter(|(distance, _)| *distance <= TYPING_ERROR).map(|(_, name)| name)
    }
}

/// The servers of which all rules are here, with the files of those: each pattern matches files here, none of which was
/// left unread, and no series are taken over from elsewhere.
fn whole<'m>(model: &'m Model, context: &'m Context<'_>) -> Vec<(&'m Prometheus, BTreeSet<&'m str>)> {
    if model.gaps.iter().any(|gap| gap.hides == Hides::Alerts) {
        return Vec::new();
    }
    let own = model.routing.prometheis.iter().filter(|server| server.takes_over.is_none());
    let whole = own.filter_map(RuleFiles::of).filter_map(|files| {
        let mut listed = BTreeSet::new();
        for pattern in &files.patterns {
            let named = |path: &&str| files.below(path).is_some_and(|below| pattern.names(below));
            let here = context.paths.iter().map(String::as_str).filter(named);
            let mut here = here.filter(|_| !pattern.templated && !pattern.leads_up).peekable();
            here.peek()?;
            listed.extend(here);
        }
        Some((files.server, listed))
    });
    whole.collect()
}
