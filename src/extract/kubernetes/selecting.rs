//! Objects that matter for what they select or name: Services, budgets, autoscalers, monitors, `ConfigMap`s.

use super::container::containers_of;
use super::object::{Object, int, optional, text};
use super::{telemetry, uses};
use crate::extract::Facts;
use crate::model::kubernetes::{Configuration, DisruptionBudget, NetworkService, Requirement, Selector, ServicePort};
use crate::model::{Autoscaler, Fact};
use crate::tree::{Node, Text};

/// An autoscaler keeps one copy unless it is told otherwise (autoscaling/v2 `minReplicas`).
const DEFAULT_MIN_REPLICAS: i64 = 1;

/// KEDA goes down to none unless it is told otherwise (keda.sh/v1alpha1 `minReplicaCount`).
const DEFAULT_MIN_REPLICA_COUNT: i64 = 0;

/// And up to a hundred (`maxReplicaCount`).
const DEFAULT_MAX_REPLICA_COUNT: i64 = 100;

/// Reads a label selector (`matchLabels`, `matchExpressions`).
pub(in crate::extract) fn selector(node: Option<&Node>) -> Selector {
    let Some(node) = node else { return Selector::default() };
    let mut selector = equalities(node.get("matchLabels"));
    selector.uncertain |= node.as_unknown().is_some();
    for item in node.get("matchExpressions").map_or(&[][..], Node::items) {
        match requirement(item) {
            Some(requirement) => selector.expressions.push(requirement),
            None => selector.uncertain = true,
        }
    }
    selector
}

fn requirement(node: &Node) -> Option<Requirement> {
    let values = node.get("values").map_or(&[][..], Node::items);
    Some(Requirement {
        key: node.get("key")?.scalar()?,
        operator: node.get("operator")?.scalar()?,
        values: values.iter().map(|value| text(value).value().cloned()).collect::<Option<_>>()?,
    })
}

/// Reads a selector of plain labels, as a Service has it.
fn equalities(node: Option<&Node>) -> Selector {
    let mut selector = Selector::default();
    for entry in node.map_or(&[][..], Node::entries) {
        match text(&entry.value).value() {
            Some(value) => selector.labels.push((entry.key.clone(), value.clone())),
            None => selector.uncertain = true,
        }
    }
    selector
}

/// Adds a `Service`.
pub(super) fn service(object: &Object<'_>, facts: &mut Facts) {
    let ports = object.at(&["spec", "ports"]).map_or(&[][..], Node::items);
    facts.model.kubernetes.services.push(NetworkService {
        name: object.name.clone(),
        namespace: object.namespace.clone(),
        labels: object.labels.clone(),
        selector: equalities(object.at(&["spec", "selector"])),
        ports: ports.iter().map(port).collect(),
        scraped: telemetry::scraped(&object.annotations),
        place: object.place.clone(),
    });
}

fn port(node: &Node) -> ServicePort {
    let number = node.get("port");
    let target = node.get("targetPort").filter(|target| !target.is_null()).or(number);
    ServicePort {
        name: node.get("name").and_then(Node::scalar).unwrap_or_default(),
        port: number.and_then(Node::as_int),
        target: target.and_then(Node::scalar).unwrap_or_default(),
    }
}

/// Adds a `PodDisruptionBudget`.
pub(super) fn budget(object: &Object<'_>, facts: &mut Facts) {
    facts.model.kubernetes.budgets.push(DisruptionBudget {
        name: object.name.clone(),
        namespace: object.namespace.clone(),
        selector: selector(object.at(&["spec", "selector"])),
        min_available: object.fact(&["spec", "minAvailable"], text),
        max_unavailable: object.fact(&["spec", "maxUnavailable"], text),
        place: object.place.clone(),
    });
}

/// Adds a `HorizontalPodAutoscaler`.
pub(super) fn autoscaler(object: &Object<'_>, facts: &mut Facts) {
    let min = object.fact(&["spec", "minReplicas"], int).or_default(DEFAULT_MIN_REPLICAS);
    let max = object.fact(&["spec", "maxReplicas"], int);
    facts.model.add(scaling(object, min, max));
}

/// Adds KEDA's `ScaledObject`.
pub(super) fn scaled_object(object: &Object<'_>, facts: &mut Facts) {
    let min = object.fact(&["spec", "minReplicaCount"], int).or_default(DEFAULT_MIN_REPLICA_COUNT);
    let max = object.fact(&["spec", "maxReplicaCount"], int).or_default(DEFAULT_MAX_REPLICA_COUNT);
    facts.model.add(scaling(object, min, max));
}

/// One that targets no kind targets a Deployment.
fn scaling(object: &Object<'_>, min_replicas: Fact<i64>, max_replicas: Fact<i64>) -> Autoscaler {
    let target = |key| {
        let named = object.at(&["spec", "scaleTargetRef", key])?;
        text(named).value().cloned()
    };
    Autoscaler {
        name: object.title(),
        place: object.place.clone(),
        kind: object.kind.into(),
        namespace: object.namespace.clone(),
        target_kind: target("kind").unwrap_or(Text::const_new("Deployment")),
        target_name: target("name").unwrap_or_default(),
        min_replicas,
        max_replicas,
        ..Autoscaler::default()
    }
}

/// Adds a `ConfigMap` whose values name something.
pub(super) fn configuration(object: &Object<'_>, facts: &mut Facts) {
    let data = object.at(&["data"]).map_or(&[][..], Node::entries);
    let uses: Vec<_> = data.iter().flat_map(|entry| uses::named(&entry.key, &entry.value)).collect();
    if uses.is_empty() {
        return;
    }
    facts.model.kubernetes.configurations.push(Configuration {
        name: object.name.clone(),
        namespace: object.namespace.clone(),
        uses,
        place: object.place.clone(),
    });
}

/// What the containers of a pod name in their environment, and the `ConfigMap`s it is read from.
pub(super) fn used_by(pod: &Node) -> (Vec<Fact<Text>>, Vec<Text>) {
    let (mut used, mut maps) = (Vec::new(), Vec::new());
    for container in containers_of(pod) {
        for variable in container.get("env").map_or(&[][..], Node::items) {
            let name = variable.get("name").and_then(Node::as_str).unwrap_or_default();
            if let Some(value) = variable.get("value") {
                used.extend(uses::named(name, value));
            }
            maps.extend(variable.at(&["valueFrom", "configMapKeyRef", "name"]).and_then(Node::scalar));
        }
        let sources = container.get("envFrom").map_or(&[][..], Node::items);
        maps.extend(sources.iter().filter_map(|source| source.at(&["configMapRef", "name"])?.scalar()));
    }
    maps.sort();
    maps.dedup();
    (used, maps)
}

/// A count below `spec` or nothing.
pub(super) fn count(object: &Object<'_>, path: &[&str]) -> Fact<i64> {
    optional(object.at(&["spec"]).and_then(|spec| spec.at(path)), object.head(), int)
}
