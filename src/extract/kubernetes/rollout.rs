//! How a workload's new version replaces the one before: update strategies, Argo's `Rollout`, `OpenShift`'s
//! `DeploymentConfig`, Flagger's `Canary`.
//!
//! Defaults: <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy>,
//! <https://argo-rollouts.readthedocs.io/en/stable/features/specification/>,
//! <https://docs.flagger.app/usage/how-it-works>.

use std::collections::BTreeMap;

use super::object::{Object, boolean, int, optional, text};
use super::workload::Shape;
use crate::extract::{Facts, duration};
use crate::model::kubernetes::Analysis;
use crate::model::rollout::{Canary, Pause};
use crate::model::{Fact, Rollout};
use crate::source::Span;
use crate::tree::{Entry, Node, Text};

/// `terminationGracePeriodSeconds` left out.
const DEFAULT_GRACE: i64 = 30;
/// `progressDeadlineSeconds` left out, and `OpenShift`'s `timeoutSeconds`.
const DEFAULT_DEADLINE: i64 = 600;
/// `periodSeconds` of a probe left out.
const DEFAULT_PERIOD: i64 = 10;
/// `maxSurge` and `maxUnavailable` of a Deployment left out.
const DEFAULT_SHARE: &str = "25%";

/// How a workload is replaced; nothing known of what runs once or by itself.
pub(super) fn of_workload(object: &Object<'_>, shape: &Shape<'_>) -> Rollout {
    let (ready_after_seconds, ready_after) = ready_after(shape);
    let common = Rollout {
        span: Some(object.head()),
        min_ready_seconds: below(object, shape.spec, &["minReadySeconds"]).or_default(0),
        grace_seconds: optional(shape.pod.get("terminationGracePeriodSeconds"), object.head(), int)
            .or_default(DEFAULT_GRACE),
        ready_after_seconds,
        ready_after,
        ..Rollout::default()
    };
    match object.kind {
        "Deployment" => deployment(object, shape.spec, common),
        "StatefulSet" | "DaemonSet" => {
            let strategy = optional(shape.spec.at(&["updateStrategy", "type"]), object.head(), text);
            Rollout {
                strategy: strategy.or_default(Text::const_new("RollingUpdate")),
                max_unavailable: optional(
                    shape.spec.at(&["updateStrategy", "rollingUpdate", "maxUnavailable"]),
                    object.head(),
                    text,
                )
                .or_default(Text::const_new("1")),
                ..common
            }
        }
        "DeploymentConfig" => deployment_config(object, shape.spec, common),
        "Rollout" => argo(object, shape.spec, common),
        _ => Rollout::default(),
    }
}

fn below(object: &Object<'_>, spec: &Node, path: &[&str]) -> Fact<i64> {
    optional(spec.at(path), object.head(), int)
}

fn deployment(object: &Object<'_>, spec: &Node, common: Rollout) -> Rollout {
    let strategy = optional(spec.at(&["strategy", "type"]), object.head(), text);
    let share = |key| optional(spec.at(&["strategy", "rollingUpdate", key]), object.head(), text);
    Rollout {
        strategy: strategy.or_default(Text::const_new("RollingUpdate")),
        max_surge: share("maxSurge").or_default(Text::const_new(DEFAULT_SHARE)),
        max_unavailable: share("maxUnavailable").or_default(Text::const_new(DEFAULT_SHARE)),
        progress_deadline_seconds: below(object, spec, &["progressDeadlineSeconds"]).or_default(DEFAULT_DEADLINE),
        ..common
    }
}

/// `OpenShift`'s `DeploymentConfig`: of the two shares the one left out is nought beside one that is set.
/// <https://github.com/openshift/api/blob/master/apps/v1/types.go>, and the defaults that its server fills in
/// (`pkg/apps/apis/apps/v1/defaults.go` of openshift/origin).
fn deployment_config(object: &Object<'_>, spec: &Node, common: Rollout) -> Rollout {
    let strategy = optional(spec.at(&["strategy", "type"]), object.head(), text).or_default(Text::const_new("Rolling"));
    let parameters = match strategy.value().map(Text::as_str) {
        Some("Rolling") => "rollingParams",
        Some("Recreate") => "recreateParams",
        // What an image of its own does.
        _ => return Rollout { strategy, ..common },
    };
    let of = |key| spec.at(&["strategy", parameters, key]).filter(|node| !node.is_null());
    let share = |key, other| {
        let beside = of(other).and_then(Node::scalar);
        let left_out = if beside.is_some_and(|it| !matches!(it.as_str(), "0" | "0%")) { "0" } else { DEFAULT_SHARE };
        optional(of(key), object.head(), text).or_default(Text::const_new(left_out))
    };
    Rollout {
        strategy,
        max_surge: share("maxSurge", "maxUnavailable"),
        max_unavailable: share("maxUnavailable", "maxSurge"),
        progress_deadline_seconds: optional(of("timeoutSeconds"), object.head(), int).or_default(DEFAULT_DEADLINE),
        ..common
    }
}

/// Seconds until a copy that works from the start counts as ready, and where the longest delay stands: the kubelet asks
/// once a period. Containers start together; a container's readiness is asked once its startup probe has passed.
fn ready_after(shape: &Shape<'_>) -> (i64, Option<Span>) {
    let of_container = |container: &Node| {
        let of_probe = |name: &str| {
            let probe = container.get(name).filter(|probe| !probe.is_null())?;
            let number = |key: &str| probe.get(key).and_then(Node::as_int);
            let successes = number("successThreshold").unwrap_or(1).max(1);
            let wait = number("initialDelaySeconds").unwrap_or(0)
                + successes.saturating_mul(number("periodSeconds").unwrap_or(DEFAULT_PERIOD));
            Some((wait, probe.get("initialDelaySeconds").map_or(probe.span, |it| it.span)))
        };
        let (startup, readiness) = (of_probe("startupProbe"), of_probe("readinessProbe"));
        let total = startup.map_or(0, |(wait, _)| wait) + readiness.map_or(0, |(wait, _)| wait);
        (total, readiness.or(startup).map(|(_, span)| span))
    };
    shape.containers().iter().map(of_container).max_by_key(|(wait, _)| *wait).unwrap_or_default()
}

/// Argo's `Rollout`.
fn argo(object: &Object<'_>, spec: &Node, common: Rollout) -> Rollout {
    let deadline = below(object, spec, &["progressDeadlineSeconds"]).or_default(DEFAULT_DEADLINE);
    let common = Rollout { progress_deadline_seconds: deadline, ..common };
    let strategy = |name: &str| spec.get("strategy").and_then(|strategy| strategy.entry(name));
    if let Some(entry) = strategy("canary") {
        let (canary, head) = (&entry.value, entry.key_span);
        let steps = canary.get("steps").map_or(&[][..], Node::items);
        let analysis = canary.get("analysis").or_else(|| steps.iter().find_map(|step| step.get("analysis")));
        let gated = gated(steps.iter().filter_map(pause), head);
        let mut analyses = BTreeMap::new();
        let mut pauses = Vec::new();
        for step in steps {
            if let Some((pause, templates)) = step.entry("analysis").map(judged) {
                analyses.insert(pauses.len(), templates);
                pauses.push(pause);
            }
            pauses.extend(pause(step));
        }
        return Rollout {
            strategy: Fact::known(Text::const_new("canary"), head),
            analysed: found(analysis, head),
            gated,
            analyses,
            max_surge: optional(canary.get("maxSurge"), object.head(), text).or_default(Text::const_new(DEFAULT_SHARE)),
            max_unavailable: optional(canary.get("maxUnavailable"), object.head(), text)
                .or_default(Text::const_new(DEFAULT_SHARE)),
            pauses,
            ..common
        };
    }
    let Some(entry) = strategy("blueGreen") else { return common };
    let (blue_green, head) = (&entry.value, entry.key_span);
    let automatic = optional(blue_green.get("autoPromotionEnabled"), object.head(), boolean).or_default(true);
    let after = blue_green.get("autoPromotionSeconds");
    let wait = after.and_then(|node| {
        Some(Pause { what: "before it is promoted".into(), seconds: Some(node.as_int()?), span: node.span })
    });
    let (before, templates) = blue_green.entry("prePromotionAnalysis").map(judged).unzip();
    Rollout {
        strategy: Fact::known(Text::const_new("blueGreen"), head),
        analysed: found(blue_green.get("prePromotionAnalysis"), head),
        gated: if after.is_some() { Fact::known(false, head) } else { automatic.map(|automatic| !automatic) },
        pauses: before.into_iter().chain(wait).collect(),
        analyses: templates.into_iter().map(|templates| (0, templates)).collect(),
        ..common
    }
}

/// The wait of a canary's step: `pause: {}` waits for a person, `pause: {duration: 5m}` (or seconds) does not.
fn pause(step: &Node) -> Option<Pause> {
    let entry = step.entry("pause")?;
    let seconds = entry.value.get("duration").and_then(length);
    let what = if seconds.is_some() { "a pause of the canary" } else { "a person who lets the canary go on" };
    Some(Pause { what: what.into(), seconds, span: entry.key_span })
}

/// A length of time as Argo and Flagger write it: seconds as a number, or `1h`, `5m`, `30s`.
fn length(node: &Node) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation, reason = "whole seconds of minutes and hours")]
    let written = |text: &str| text.parse().ok().or_else(|| duration::seconds(text).map(|seconds| seconds as i64));
    node.as_int().or_else(|| written(node.as_str()?))
}

fn found(node: Option<&Node>, looked_at: Span) -> Fact<bool> {
    match node.filter(|node| !node.is_null()) {
        Some(node) => Fact::known(true, node.span),
        None => Fact::known(false, looked_at),
    }
}

fn gated(mut pauses: impl Iterator<Item = Pause>, looked_at: Span) -> Fact<bool> {
    let person = pauses.find(|pause| pause.seconds.is_none());
    Fact::known(person.is_some(), person.map_or(looked_at, |pause| pause.span))
}

/// The wait for an analysis, of which the templates say how long it is.
fn judged(entry: &Entry) -> (Pause, Vec<Text>) {
    let listed = entry.value.get("templates").map_or(&[][..], Node::items);
    // The form before templates were a list.
    let alone = entry.value.get("templateName").and_then(Node::scalar);
    let named = listed.iter().filter_map(|template| template.get("templateName")?.scalar());
    let templates: Vec<Text> = named.chain(alone).collect();
    let what = compact_str::format_compact!("the analysis by `{}`", templates.join("`, `"));
    (Pause { what, seconds: None, span: entry.key_span }, templates)
}

/// Adds an `AnalysisTemplate`. A metric is measured once, or `count` times, an `interval` apart; with an interval alone it
/// has no end. <https://argo-rollouts.readthedocs.io/en/stable/features/analysis/>
pub(super) fn analysis(object: &Object<'_>, facts: &mut Facts) {
    let metrics = object.at(&["spec", "metrics"]).map_or(&[][..], Node::items);
    let of_metric = |metric: &Node| -> Option<i64> {
        let said = |key: &str| metric.get(key).filter(|node| !node.is_null());
        let delay = said("initialDelay").map_or(Some(0), length)?;
        let apart = said("interval").map(length);
        let count = match (said("count"), apart) {
            (Some(count), _) => count.as_int().or_else(|| count.as_str()?.parse().ok())?,
            (None, None) => 1,
            (None, Some(_)) => return None,
        };
        let apart = apart.unwrap_or(Some(0))?;
        Some(delay.saturating_add(apart.saturating_mul(count.saturating_sub(1).max(0))))
    };
    let seconds: Option<Vec<i64>> = metrics.iter().map(of_metric).collect();
    facts.model.kubernetes.analyses.push(Analysis {
        name: object.name.clone(),
        namespace: (object.kind == "AnalysisTemplate").then(|| object.namespace.clone()),
        seconds: seconds.and_then(|seconds| seconds.into_iter().max()),
        place: object.place.clone(),
    });
}

/// Adds Flagger's `Canary`, which replaces the strategy of the workload that it targets.
pub(super) fn canary(object: &Object<'_>, facts: &mut Facts) {
    let Some(spec) = object.at(&["spec"]) else { return };
    let analysis = spec.get("analysis").or_else(|| spec.get("canaryAnalysis"));
    let skips = optional(spec.get("skipAnalysis"), object.head(), boolean).or_default(false);
    let judges = ["metrics", "webhooks"]
        .iter()
        .any(|key| analysis.and_then(|analysis| analysis.get(key)).is_some_and(|list| !list.items().is_empty()));
    let looked_at = analysis.map_or(object.head(), |analysis| analysis.span);
    let analysed = match skips.value() {
        Some(true) => Fact { span: skips.span, ..Fact::known(false, None) },
        Some(false) => Fact::known(judges, looked_at),
        None => skips,
    };
    let confirms = analysis.and_then(|analysis| analysis.get("webhooks")).map_or(&[][..], Node::items).iter();
    let mut confirms = confirms
        .filter_map(|hook| hook.get("type"))
        .filter(|kind| kind.as_str().is_some_and(|kind| kind.starts_with("confirm-")));
    let target = |key| spec.at(&["targetRef", key]).and_then(Node::scalar).unwrap_or_default();
    facts.model.kubernetes.canaries.push(Canary {
        target_kind: target("kind"),
        target_name: target("name"),
        namespace: object.namespace.clone(),
        rollout: Rollout {
            span: Some(object.head()),
            strategy: Fact::known(Text::const_new("canary"), object.head()),
            analysed,
            gated: confirms
                .next()
                .map_or_else(|| Fact::known(false, object.head()), |kind| Fact::known(true, kind.span)),
            progress_deadline_seconds: optional(spec.get("progressDeadlineSeconds"), object.head(), int)
                .or_default(DEFAULT_DEADLINE),
            pauses: analysis.and_then(checks).into_iter().collect(),
            ..Rollout::default()
        },
        place: object.place.clone(),
    });
}

/// How long Flagger's checks take at least: one each interval, as many as there are iterations or steps of weight.
fn checks(analysis: &Node) -> Option<Pause> {
    let interval = analysis.get("interval")?;
    let number = |key: &str| analysis.get(key).and_then(Node::as_int).filter(|number| *number > 0);
    let steps = match (number("iterations"), number("stepWeight")) {
        (Some(iterations), _) => iterations,
        (None, Some(step)) => number("maxWeight").unwrap_or(100).max(step) / step,
        (None, None) => i64::try_from(analysis.get("stepWeights")?.items().len()).ok()?,
    };
    let seconds = length(interval)?.saturating_mul(steps);
    let what = compact_str::format_compact!("{steps} checks of the canary");
    Some(Pause { what, seconds: Some(seconds), span: interval.span })
}
