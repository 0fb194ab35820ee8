//! Containers of a pod: what they run, and whether that can change under the same name.

use super::capacity;
use super::object::{Object, has_substitution, optional, text};
use crate::extract::Facts;
use crate::model::{Container, Fact, Id, Place, Workload};
use crate::source::Span;
use crate::tree::{Node, Text, Unknown};

/// The containers of a pod, those that run first before those that prepare it.
pub(super) fn containers_of(pod: &Node) -> impl Iterator<Item = &Node> {
    ["containers", "initContainers"].iter().flat_map(|list| pod.get(list).map_or(&[][..], Node::items))
}

/// Tags that are moved to newer images by convention.
const MOVING_TAGS: &[&str] = &[
    "latest",
    "main",
    "master",
    "trunk",
    "develop",
    "development",
    "dev",
    "edge",
    "nightly",
    "unstable",
    "stable",
    "canary",
    "rolling",
    "current",
    "head",
    "snapshot",
    "production",
    "prod",
    "staging",
];

/// The kinds of probes that stand in a container, by the label `probe_type` of `prober_probe_total`.
/// <https://kubernetes.io/docs/reference/instrumentation/metrics/>
fn probes(container: &Node) -> Vec<Text> {
    let kinds = [("startupProbe", "Startup"), ("readinessProbe", "Readiness"), ("livenessProbe", "Liveness")];
    let declared = kinds.into_iter().filter(|(key, _)| container.get(key).is_some_and(|probe| !probe.is_null()));
    declared.map(|(_, kind)| Text::const_new(kind)).collect()
}

/// The name and number of every port a container declares.
fn ports(container: &Node) -> Vec<(Text, Option<i64>)> {
    let listed = container.get("ports").map_or(&[][..], Node::items);
    listed
        .iter()
        .map(|port| {
            let name = port.get("name").and_then(Node::scalar).unwrap_or_default();
            (name, port.get("containerPort").and_then(Node::as_int))
        })
        .collect()
}

/// Adds the containers of a pod and gives their ids.
///
/// An init container that restarts always is a sidecar (Kubernetes 1.29, KEP-753), and still starts before the main
/// ones: it is marked as an init container too, since a missing probe of it keeps no traffic away.
pub(super) fn extract(object: &Object<'_>, pod: &Node, facts: &mut Facts) -> Vec<Id<Container>> {
    let owner = Id::new(facts.model.workloads.len());
    let mut ids = Vec::new();
    for (list, init) in [("containers", false), ("initContainers", true)] {
        for container in pod.get(list).map_or(&[][..], Node::items) {
            ids.push(facts.model.add(read(object, pod, container, init, owner)));
        }
    }
    ids
}

fn read(object: &Object<'_>, pod: &Node, container: &Node, init: bool, owner: Id<Workload>) -> Container {
    let named = container.get("name");
    let head = named.map_or(container.span, |name| name.span);
    let own_name = named.and_then(Node::scalar).unwrap_or_default();
    let written = container.get("image");
    Container {
        name: compact_str::format_compact!("{}/{}", object.title(), own_name),
        place: Place { span: head, ..object.place.clone() },
        image: optional(written, head, text),
        image_mutable: written.map_or_else(|| Fact::absent(head), mutable),
        init,
        sidecar: init && container.get("restartPolicy").and_then(Node::as_str) == Some("Always"),
        readiness_probe: readiness_probe(container, head),
        identical_probes: capacity::identical_probes(container, head),
        cpu_request: capacity::request(pod, container, "cpu", head),
        memory_request: capacity::request(pod, container, "memory", head),
        memory_limit: capacity::memory_limit(pod, container, head),
        workload: Some(owner),
        ports: ports(container),
        probes: probes(container),
        ..Container::default()
    }
}

fn readiness_probe(container: &Node, head: Span) -> Fact<bool> {
    let Some(entry) = container.entry("readinessProbe").filter(|entry| !entry.value.is_null()) else {
        return Fact::known(false, head);
    };
    match entry.value.as_unknown() {
        // What is given may be nothing at all.
        Some(unknown) if !unknown.set => Fact { span: Some(entry.key_span), ..Fact::unknown(unknown.clone()) },
        _ => Fact::known(true, entry.key_span),
    }
}

/// Whether an image reference can name another image tomorrow.
pub(in crate::extract) fn mutable(node: &Node) -> Fact<bool> {
    let Some(reference) = node.as_str() else { return Fact::read(node, |_| None) };
    // What `ko` is to build it names by digest when it applies it: <https://ko.build/features/k8s/>. Before version 0.6
    // a package had no prefix; no image is served at this host.
    let built = reference.starts_with("ko://") || reference.starts_with("github.com/");
    if built || reference.contains("@sha256:") || reference.contains("@sha512:") {
        return Fact::known(false, node.span);
    }
    if has_substitution(reference) || reference.contains("$(") {
        return Fact::unknown(Unknown::new(
            format!("the image `{reference}` is filled in when it is deployed"),
            "audit the rendered manifests as well",
            node.span,
        ));
    }
    // No cluster would take it.
    if reference.ends_with(':') {
        let reason = format!("the tag of `{reference}` is left open here");
        return Fact::unknown(Unknown::new(reason, "give it where the values for production stand", node.span));
    }
    let moving = tag(reference).is_none_or(is_moving_tag);
    Fact::known(moving, node.span)
}

/// Whether a tag is moved to newer images by convention.
pub(in crate::extract) fn is_moving_tag(tag: &str) -> bool {
    MOVING_TAGS.contains(&tag.to_ascii_lowercase().as_str())
}

/// The tag of an image reference; a colon before the last slash belongs to the registry's port.
pub(in crate::extract) fn tag(reference: &str) -> Option<&str> {
    let reference = reference.split('@').next().unwrap_or(reference);
    let last = reference.rsplit('/').next().unwrap_or(reference);
    last.split_once(':').map(|(_, tag)| tag).filter(|tag| !tag.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(reference: &str) -> Option<bool> {
        mutable(&Node::string(reference, Span::default())).value().copied()
    }

    #[test]
    fn a_reference_without_a_fixed_tag_can_change() {
        assert_eq!(verdict("nginx"), Some(true));
        assert_eq!(verdict("registry.example:5000/nginx"), Some(true));
        assert_eq!(verdict("nginx:latest"), Some(true));
        assert_eq!(verdict("nginx:1.27"), Some(false));
        assert_eq!(verdict("ko://example.org/shop/cmd/web"), Some(false));
        assert_eq!(verdict("github.com/shop/web/cmd/web"), Some(false));
        assert_eq!(verdict("nginx:latest@sha256:0123"), Some(false));
        assert_eq!(verdict("nginx:main-3f1c2ab"), Some(false), "a commit stands in it");
    }

    #[test]
    fn a_reference_that_is_filled_in_later_is_not_known() {
        assert_eq!(verdict("nginx:${TAG}"), None);
        assert_eq!(verdict("{{ .Values.image }}"), None);
        assert_eq!(verdict("$IMAGE"), None);
    }
}
