//! Alerts → recordings that they name and that nobody makes. Uses `model`.
//!
//! A name with a colon is that of a recording rule (<https://prometheus.io/docs/practices/rules/>). One that no rule here
//! records may be recorded elsewhere: by a chart, by another team, by a server that is federated. It is surely missing
//! where the configuration of the Prometheus that loads the alert is here with all of its files, and most probably where
//! the same file records its like under a slightly different name.

use crate::source::parent;
use std::collections::{BTreeMap, BTreeSet};

use globset::GlobBuilder;

use super::Context;
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
    let found: Vec<Option<Fact<Text>>> = model
        .alerts
        .iter()
        .map(|alert| {
            let missing =
                alert.watches.iter().filter_map(recording).find(|name| !recorded.contains_key(name.as_str()))?;
            (!alert.slo).then(|| judge_one(model, context, alert, missing, &recorded, templated))
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

fn judge_one(
    model: &Model,
    context: &Context<'_>,
    alert: &Alert,
    missing: &Text,
    recorded: &BTreeMap<&str, BTreeSet<&str>>,
    templated: bool,
) -> Fact<Text> {
    let at = alert.expression.span.unwrap_or(alert.place.span);
    let beside = recorded.iter().filter(|(_, paths)| paths.contains(alert.place.path.as_str())).map(|(name, _)| *name);
    let by_distance = beside.map(|name| (strsim::damerau_levenshtein(name, missing), name));
    let near = by_distance.min().filter(|(distance, _)| *distance <= TYPING_ERROR).map(|(_, name)| name);
    if let Some(near) = near {
        return Fact::known(compact_str::format_compact!("`{missing}` (this file records `{near}`)"), at);
    }
    let whole = || model.routing.prometheis.iter().find(|server| is_whole(model, context, server, alert));
    if !templated && let Some(server) = whole() {
        let name = compact_str::format_compact!("`{missing}`, which no rule file of `{}` records", server.name);
        return Fact { via: vec![server.place.span], ..Fact::known(name, at) };
    }
    let reason = format!("no rule here records `{missing}`; it may be recorded elsewhere");
    Fact { span: Some(at), ..Fact::unknown(Unknown::new(reason, "audit the rules that record it as well", at)) }
}

/// Whether all rules are here of a server that loads an alert: its configuration names the alert's file, each of its
/// patterns matches files here, none of which was left unread, and it takes no series over from elsewhere.
fn is_whole(model: &Model, context: &Context<'_>, server: &Prometheus, alert: &Alert) -> bool {
    if server.rule_files.is_empty()
        || server.takes_over.is_some()
        || server.place.environment != alert.place.environment
    {
        return false;
    }
    let unread = model.gaps.iter().any(|gap| gap.hides == Hides::Alerts);
    let folder = parent(&server.place.path);
    let files_of = |glob: &Text| -> Vec<&str> {
        if glob.contains("{{") || glob.contains('$') {
            return Vec::new();
        }
        // Where it is mounted is not known of an absolute path: what stands below the folder of the configuration counts.
        let relative = glob.trim_start_matches("./");
        let pattern = match relative.strip_prefix('/') {
            Some(_) => format!("**/{}", relative.rsplit('/').next().unwrap_or(relative)),
            None => relative.to_owned(),
        };
        let Ok(built) = GlobBuilder::new(&pattern).literal_separator(true).build() else { return Vec::new() };
        let matcher = built.compile_matcher();
        let below = |path: &str| match folder {
            "" => matcher.is_match(path),
            _ => path
                .strip_prefix(folder)
                .and_then(|rest| rest.strip_prefix('/'))
                .is_some_and(|rest| matcher.is_match(rest)),
        };
        context.paths.iter().map(String::as_str).filter(|path| below(path)).collect()
    };
    let listed: Vec<Vec<&str>> = server.rule_files.iter().map(|(glob, _)| files_of(glob)).collect();
    !unread
        && listed.iter().all(|files| !files.is_empty())
        && listed.iter().flatten().any(|path| *path == alert.place.path)
}
