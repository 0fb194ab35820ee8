//! What a pod says of the room it needs and of what may be taken from it: requests and limits, probes that restart it,
//! how its copies are spread, how it ends. And what a namespace or the cluster says for pods that say nothing.
//!
//! Defaults: <https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/>,
//! <https://kubernetes.io/docs/concepts/policy/limit-range/>,
//! <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Probe>,
//! <https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/>.

use super::object::{Object, has_substitution, optional, text};
use super::selecting::selector;
use crate::extract::{Facts, Input};
use crate::model::kubernetes::LimitRange;
use crate::model::{Fact, Labels};
use crate::source::Span;
use crate::tree::{Node, Text, Unknown, Value};

/// The first that is not absent.
fn first<T>(facts: impl IntoIterator<Item = Fact<T>>, head: Span) -> Fact<T> {
    facts.into_iter().find(|fact| !fact.is_absent()).unwrap_or_else(|| Fact::absent(head))
}

/// How much of a resource a container asks for. One that only has a limit asks for as much as that, and what a pod
/// says as a whole (`spec.resources`, Kubernetes 1.34) is for all its containers.
pub(super) fn request(pod: &Node, container: &Node, resource: &str, head: Span) -> Fact<Text> {
    let said = |node: &Node, list: &str| optional(node.at(&["resources", list, resource]), head, text);
    let places = [(container, "requests"), (container, "limits"), (pod, "requests"), (pod, "limits")];
    first(places.map(|(node, list)| said(node, list)), head)
}

/// The most memory a container may use, or its pod as a whole.
pub(super) fn memory_limit(pod: &Node, container: &Node, head: Span) -> Fact<Text> {
    first([container, pod].map(|node| optional(node.at(&["resources", "limits", "memory"]), head, text)), head)
}

/// What a probe asks the program itself. That a port is open (`tcpSocket`) stays true of a busy one, and asking twice
/// does no harm.
const HANDLERS: &[&str] = &["httpGet", "exec", "grpc"];
/// How patient a probe is, with the defaults; the rest of a probe only one of the two kinds may have.
const TIMING: &[(&str, i64)] =
    &[("initialDelaySeconds", 0), ("periodSeconds", 10), ("timeoutSeconds", 1), ("failureThreshold", 3)];

/// Whether the liveness probe asks just what the readiness probe asks, and is as patient.
pub(super) fn identical_probes(container: &Node, head: Span) -> Fact<bool> {
    let probe = |name: &str| container.get(name).filter(|probe| !probe.is_null());
    let (Some(liveness), Some(readiness)) = (probe("livenessProbe"), probe("readinessProbe")) else {
        return Fact::known(false, head);
    };
    if let Some(unknown) = [liveness, readiness].into_iter().find_map(Node::as_unknown) {
        return Fact::unknown(unknown.clone());
    }
    if !HANDLERS.iter().any(|key| liveness.get(key).is_some()) {
        return Fact::known(false, liveness.span);
    }
    let patience = TIMING.iter().map(|(key, default)| {
        let seconds = |probe: &Node| match probe.get(key).map(|node| &node.value) {
            Some(Value::Unknown(unknown)) => Err(unknown.clone()),
            Some(Value::Int(seconds)) => Ok(*seconds),
            _ => Ok(*default),
        };
        Ok(seconds(liveness)? == seconds(readiness)?)
    });
    let handlers = HANDLERS.iter().map(|key| match (liveness.get(key), readiness.get(key)) {
        (None, None) => Ok(true),
        (Some(left), Some(right)) => same(left, right),
        _ => Ok(false),
    });
    match all(patience.chain(handlers)) {
        Ok(identical) => Fact::known(identical, liveness.span),
        Err(unknown) => Fact::unknown(*unknown),
    }
}

/// What a comparison gives: the answer, or why there is none.
type Answer = Result<bool, Box<Unknown>>;

/// No where one says no, else the first that is not known, else yes.
fn all(answers: impl Iterator<Item = Answer>) -> Answer {
    let mut result = Ok(true);
    for answer in answers {
        match answer {
            Ok(false) => return Ok(false),
            Ok(true) => {}
            Err(unknown) => result = result.and(Err(unknown)),
        }
    }
    result
}

/// Whether two nodes say the same, wherever they stand.
fn same(left: &Node, right: &Node) -> Answer {
    match (&left.value, &right.value) {
        (Value::Unknown(unknown), _) | (_, Value::Unknown(unknown)) => Err(unknown.clone()),
        (Value::Map(map), Value::Map(other)) => {
            let entries = map.entries.iter();
            let answers = entries.map(|entry| other.get(&entry.key).map_or(Ok(false), |node| same(&entry.value, node)));
            if map.entries.len() == other.entries.len() { all(answers) } else { Ok(false) }
        }
        (Value::List(items), Value::List(others)) if items.len() == others.len() => {
            all(items.iter().zip(others).map(|(item, other)| same(item, other)))
        }
        (Value::Null, Value::Null) => Ok(true),
        (Value::String(text), Value::String(other)) if text != other => {
            match [left, right].into_iter().find(|node| node.as_str().is_some_and(has_substitution)) {
                Some(node) => Err(Box::new(Unknown::new(
                    "the probes are filled in when they are applied",
                    "audit the rendered manifests as well",
                    node.span,
                ))),
                None => Ok(false),
            }
        }
        _ => Ok(left.scalar().is_some() && left.scalar() == right.scalar()),
    }
}

/// Whether a pod asks that its copies stand apart: a topology spread constraint, or an anti-affinity to itself.
pub(super) fn spread(pod: &Node, labels: &Labels, namespace: &Fact<Text>, head: Span) -> Fact<bool> {
    let asked = Apart::read(pod);
    if let Some(constraint) = asked.constraints.and_then(|list| list.items().first()) {
        return Fact::known(true, constraint.span);
    }
    if let Some(term) = asked.terms().find(|term| is_of_itself(term, labels, namespace)) {
        return Fact::known(true, term.span);
    }
    let parts = [asked.constraints, asked.anti, asked.required, asked.preferred];
    let unknown = parts.into_iter().flatten().find_map(Node::as_unknown);
    unknown.map_or_else(|| Fact::known(false, head), |unknown| Fact::unknown(unknown.clone()))
}

/// Whether the values of a chart ask that the copies stand apart: they go into pods whose labels are the chart's. Absent
/// where they say nothing of it.
pub(super) fn stated_spread(values: &Node) -> Fact<bool> {
    let asked = Apart::read(values);
    let constraint = asked.constraints.and_then(|list| list.items().first());
    let asking = constraint.or_else(|| asked.terms().find(|term| term.get("labelSelector").is_some()));
    asking.map_or_else(Fact::default, |node| Fact::known(true, node.span))
}

/// What a pod asks of the nodes its copies stand on.
struct Apart<'a> {
    constraints: Option<&'a Node>,
    anti: Option<&'a Node>,
    required: Option<&'a Node>,
    preferred: Option<&'a Node>,
}

impl<'a> Apart<'a> {
    fn read(pod: &'a Node) -> Self {
        let anti = pod.at(&["affinity", "podAntiAffinity"]);
        let terms = |list: &str| anti.and_then(|anti| anti.get(list));
        Self {
            constraints: pod.get("topologySpreadConstraints"),
            anti,
            required: terms("requiredDuringSchedulingIgnoredDuringExecution"),
            preferred: terms("preferredDuringSchedulingIgnoredDuringExecution"),
        }
    }

    /// The terms of the anti-affinity.
    fn terms(&self) -> impl Iterator<Item = &'a Node> {
        let required = self.required.map_or(&[][..], Node::items).iter();
        let weighted = self.preferred.map_or(&[][..], Node::items).iter();
        required.chain(weighted.filter_map(|term| term.get("podAffinityTerm")))
    }
}

/// Whether an anti-affinity term selects the pod that has it. What is not known of either counts as fitting.
fn is_of_itself(term: &Node, labels: &Labels, namespace: &Fact<Text>) -> bool {
    let namespaces = term.get("namespaces").map_or(&[][..], Node::items);
    let elsewhere = namespace.value().is_some_and(|namespace| {
        !namespaces.is_empty() && namespaces.iter().all(|named| named.as_str().is_some_and(|named| named != namespace))
    });
    let Some(selected) = term.get("labelSelector") else { return false };
    let selector = selector(Some(selected));
    let known = labels.0.iter().all(|(_, value)| value.value().is_some());
    let fits = selector.uncertain || !known || selector.matches(labels);
    fits && (!elsewhere || term.get("namespaceSelector").is_some())
}

/// Words in arguments and variables by which programs are told to end gently.
const GENTLE: &[&str] = &["shutdown", "graceful", "drain", "lame", "stop_timeout", "stop-timeout", "linger"];

/// Whether a pod is given a moment between being told to end and refusing requests: a hook before it is stopped, or a
/// setting of the program that says so.
pub(super) fn drains(pod: &Node, head: Span) -> Fact<bool> {
    let mut unknown = None;
    for container in pod.get("containers").map_or(&[][..], Node::items) {
        match container.at(&["lifecycle", "preStop"]) {
            Some(hook) if hook.as_unknown().is_some() => unknown = hook.as_unknown(),
            Some(hook) if !hook.is_null() => return Fact::known(true, hook.span),
            _ => {}
        }
        let variables = container.get("env").map_or(&[][..], Node::items).iter().filter_map(|item| item.get("name"));
        let words = ["command", "args"].iter().flat_map(|list| container.get(list).map_or(&[][..], Node::items));
        let said = |node: &&Node| {
            let written = node.as_str().unwrap_or_default().to_ascii_lowercase();
            GENTLE.iter().any(|word| written.contains(word))
        };
        if let Some(setting) = variables.chain(words).find(said) {
            return Fact::known(true, setting.span);
        }
    }
    unknown.map_or_else(|| Fact::known(false, head), |unknown| Fact::unknown(unknown.clone()))
}

/// Adds what a `LimitRange` gives containers that say nothing themselves. The API server fills its own fields first: a
/// limit is the default, else the maximum; a request is the default request, else that limit, else the minimum.
pub(super) fn limit_range(object: &Object<'_>, facts: &mut Facts) {
    let limits = object.at(&["spec", "limits"]).map_or(&[][..], Node::items);
    for item in limits.iter().filter(|item| item.get("type").and_then(Node::as_str) == Some("Container")) {
        let said = |list: &str, resource: &str| optional(item.at(&[list, resource]), item.span, text);
        let limit = |resource| first([said("default", resource), said("max", resource)], item.span);
        let request =
            |resource| first([said("defaultRequest", resource), limit(resource), said("min", resource)], item.span);
        facts.model.kubernetes.limit_ranges.push(LimitRange {
            namespace: object.namespace.clone(),
            cpu_request: request("cpu"),
            memory_request: request("memory"),
            memory_limit: limit("memory"),
            place: object.place.clone(),
        });
    }
}

/// Notes a `KubeSchedulerConfiguration` that spreads pods which do not say how themselves. It has no name.
pub(super) fn scheduler(input: &Input<'_>, document: &Node, facts: &mut Facts) {
    if document.get("kind").and_then(Node::as_str) != Some("KubeSchedulerConfiguration") {
        return;
    }
    let profiles = document.get("profiles").map_or(&[][..], Node::items).iter();
    let plugins = profiles.flat_map(|profile| profile.get("pluginConfig").map_or(&[][..], Node::items));
    let constraints = plugins.filter_map(|plugin| plugin.at(&["args", "defaultConstraints"]));
    let spreads = constraints.filter(|list| !list.items().is_empty());
    facts.model.kubernetes.spread_defaults.extend(spreads.map(|list| input.place(list.span, &[])));
}
