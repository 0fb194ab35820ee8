//! Alerts → recordings that they name and that nobody makes. Uses `model`.
//!
//! A name with a colon is that of a recording rule (<https://prometheus.io/docs/practices/rules/>). One that no rule here
//! records may be recorded elsewhere: by a chart, by another team, by a server that is federated. It is surely missing
//! where the configuration of the Prometheus that loads the alert is here with all of its files, and most probably where
//! the same file records its like under a slightly different name.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use super::rule_files::RuleFiles;
use crate::model::alert::Watch;
use crate::model::routing::Prometheus;
use crate::model::{Alert, Fact, Hides, Model};
use crate::tree::{Text, Unknown};

/// Beginnings of names that tools record of objectives as they go.
const OF_TOOLS: &[&str] = &["slo:", "pyrra:", "ALERTS"];

/// How many letters two names may differ in to be taken for one.
const TYPING_ERROR: usize = 2;

/// Says of every alert whether what it names is recorded.
pub(super) fn judge(model: &mut Model, context: &Context<'_>) {
    let mut recorded: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for recording in &model.routing.recordings {
        recorded.entry(&recording.name).or_default().insert(&recording.path);
    }
    let templated = recorded.keys().any(|name| name.contains(['{', '$', '<']));
    let missing = |alert: &Alert| {
        let mut named = alert.watches.iter().filter_map(recording);
        named.find(|name| !recorded.contains_key(name.as_str())).filter(|_| !alert.slo).cloned()
    };
    let missing: Vec<Option<Text>> = model.alerts.iter().map(missing).collect();
    let asked = !templated && missing.iter().any(Option::is_some);
    let whole = if asked { whole(model, context) } else { Vec::new() };
    let judged = model.alerts.iter().zip(missing);
    let found: Vec<Option<Fact<Text>>> =
        judged.map(|(alert, missing)| Some(judge_one(alert, &missing?, &recorded, &whole))).collect();
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

fn judge_one(
    alert: &Alert,
    missing: &Text,
    recorded: &BTreeMap<&str, BTreeSet<&str>>,
    whole: &[(&Prometheus, BTreeSet<&str>)],
) -> Fact<Text> {
    let at = alert.expression.span.unwrap_or(alert.place.span);
    let beside = recorded.iter().filter(|(_, paths)| paths.contains(alert.place.path.as_str())).map(|(name, _)| *name);
    let by_distance = beside.map(|name| (strsim::damerau_levenshtein(name, missing), name));
    let near = by_distance.min().filter(|(distance, _)| *distance <= TYPING_ERROR).map(|(_, name)| name);
    if let Some(near) = near {
        return Fact::known(compact_str::format_compact!("`{missing}` (this file records `{near}`)"), at);
    }
    let loads = |(server, files): &&(&Prometheus, BTreeSet<&str>)| {
        server.place.environment == alert.place.environment && files.contains(alert.place.path.as_str())
    };
    if let Some((server, _)) = whole.iter().find(loads) {
        let name = compact_str::format_compact!("`{missing}`, which no rule file of `{}` records", server.name);
        return Fact { via: vec![server.place.span], ..Fact::known(name, at) };
    }
    let reason = format!("no rule here records `{missing}`; it may be recorded elsewhere");
    Fact { span: Some(at), ..Fact::unknown(Unknown::new(reason, "audit the rules that record it as well", at)) }
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
