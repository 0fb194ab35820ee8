//! Kubernetes manifests and alerting rules that Terraform applies, in the form of documents: resources that hold a
//! manifest as a value or as text, the values of Helm releases, and the typed resources of the Kubernetes provider,
//! whose blocks are the manifest in another spelling.

use std::collections::BTreeMap;

use crate::model::{Gap, Hides};
use crate::resolve::rendered::{Installation, Rendered, Renderings};
use crate::source::Span;
use crate::tree::block::{Block, Expression, ExpressionKind};
use crate::tree::{Entry, Map, Node, Text, Value};

use super::embedded::held_in;
use super::evaluate::{Evaluator, Scope};
use super::{Mode, Resource, Root, blocks};

/// Resource type → the attribute that holds whole manifests, as a value or as text.
///
/// <https://registry.terraform.io/providers/hashicorp/kubernetes/latest/docs/resources/manifest>,
/// <https://registry.terraform.io/providers/gavinbunney/kubectl/latest/docs/resources/kubectl_manifest>,
/// <https://registry.terraform.io/providers/kbst/kustomization/latest/docs/resources/resource>
const WHOLE: &[(&str, &str)] = &[
    ("kubernetes_manifest", "manifest"),
    ("kubectl_manifest", "yaml_body"),
    ("k8s_manifest", "content"),
    ("kustomization_resource", "manifest"),
];

/// Resource type of the Kubernetes provider, without its version → API version and kind.
///
/// <https://registry.terraform.io/providers/hashicorp/kubernetes/latest/docs>
const TYPED: &[(&str, &str, &str)] = &[
    ("kubernetes_config_map", "v1", "ConfigMap"),
    ("kubernetes_cron_job", "batch/v1", "CronJob"),
    ("kubernetes_daemon_set", "apps/v1", "DaemonSet"),
    ("kubernetes_daemonset", "apps/v1", "DaemonSet"),
    ("kubernetes_deployment", "apps/v1", "Deployment"),
    ("kubernetes_horizontal_pod_autoscaler", "autoscaling/v2", "HorizontalPodAutoscaler"),
    ("kubernetes_ingress", "networking.k8s.io/v1", "Ingress"),
    ("kubernetes_job", "batch/v1", "Job"),
    ("kubernetes_persistent_volume_claim", "v1", "PersistentVolumeClaim"),
    ("kubernetes_pod", "v1", "Pod"),
    ("kubernetes_pod_disruption_budget", "policy/v1", "PodDisruptionBudget"),
    ("kubernetes_replication_controller", "v1", "ReplicationController"),
    ("kubernetes_service", "v1", "Service"),
    ("kubernetes_stateful_set", "apps/v1", "StatefulSet"),
];

/// Repeated blocks → the list that they are in the manifest. Every other block is a mapping of its own.
const REPEATED: &[(&str, &str)] = &[
    ("container", "containers"),
    ("env", "env"),
    ("env_from", "envFrom"),
    ("host_aliases", "hostAliases"),
    ("http_header", "httpHeaders"),
    ("image_pull_secrets", "imagePullSecrets"),
    ("init_container", "initContainers"),
    ("items", "items"),
    ("match_expressions", "matchExpressions"),
    ("match_fields", "matchFields"),
    ("metric", "metrics"),
    ("node_selector_term", "nodeSelectorTerms"),
    ("path", "paths"),
    ("policy", "policies"),
    ("port", "ports"),
    ("preferred_during_scheduling_ignored_during_execution", "preferredDuringSchedulingIgnoredDuringExecution"),
    ("readiness_gate", "readinessGates"),
    ("required_during_scheduling_ignored_during_execution", "requiredDuringSchedulingIgnoredDuringExecution"),
    ("rule", "rules"),
    ("sources", "sources"),
    ("sysctl", "sysctls"),
    ("tls", "tls"),
    ("toleration", "tolerations"),
    ("topology_spread_constraint", "topologySpreadConstraints"),
    ("volume", "volumes"),
    ("volume_claim_template", "volumeClaimTemplates"),
    ("volume_device", "volumeDevices"),
    ("volume_mount", "volumeMounts"),
];

/// Mappings whose keys are the user's own.
const OWN_KEYS: &[&str] = &[
    "annotations",
    "binary_data",
    "data",
    "labels",
    "limits",
    "match_labels",
    "node_selector",
    "options",
    "overhead",
    "parameters",
    "requests",
    "volume_attributes",
];

/// Resource type → the attribute that holds a list as text.
/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/ecs_task_definition#container_definitions>
const OPENED: &[(&str, &str)] = &[("aws_ecs_task_definition", "container_definitions")];

/// Arguments of the resource that are no part of the manifest.
const ARGUMENTS: &[&str] = &["timeouts", "wait_for_rollout", "wait_for_completion", "wait_until_bound", "lifecycle"];

impl<'a> Evaluator<'a> {
    /// The documents that a resource holds.
    pub(super) fn manifests(&self, kind: &str, block: &'a Block, body: &Node, scope: &Scope<'a>) -> Vec<Node> {
        if let Some((_, attribute)) = WHOLE.iter().find(|(whole, _)| *whole == kind) {
            return block.body.attribute(attribute).map_or_else(Vec::new, |held| self.documents(&held.value, scope));
        }
        if kind == "helm_release" {
            return block.body.attribute("values").map_or_else(Vec::new, |values| self.values_of(&values.value, scope));
        }
        match typed(kind, body, block.head).map(|manifest| self.without_ignored(manifest, block)) {
            Some(mut manifest) if is_config_map(&manifest) => {
                let data = block.body.attribute("data");
                let opened = data.map_or_else(Vec::new, |data| self.opened(&data.value, scope));
                // What is not known of the rules in it is a gap of its own.
                let open = opened.iter().filter(|(_, document)| document.as_unknown().is_some());
                let open: Vec<Node> = open.map(|(_, document)| document.clone()).collect();
                put_in(&mut manifest, opened);
                open.into_iter().chain([manifest]).collect()
            }
            manifest => self.rules(&block.body, scope).into_iter().chain(manifest).collect(),
        }
    }

    /// Puts the lists in place of the texts that hold them (`OPENED`), as far as they are lists: what one part of such a
    /// text leaves open is then open in its own place.
    pub(super) fn open_up(&self, kind: &str, block: &'a Block, body: &mut Node, scope: &Scope<'a>) {
        let Some((_, name)) = OPENED.iter().find(|(opened, _)| *opened == kind) else { return };
        let Some(attribute) = block.body.attribute(name) else { return };
        let held = self.documents(&attribute.value, scope).into_iter().next();
        let Some(held) = held.filter(|held| matches!(held.value, Value::List(_))) else { return };
        if let Value::Map(map) = &mut body.value
            && let Some(entry) = map.entries.iter_mut().find(|entry| entry.key == *name)
        {
            entry.value = held;
        }
    }

    /// A number of copies whose changes are ignored is another's to choose.
    fn without_ignored(&self, mut manifest: Node, block: &Block) -> Node {
        let ignored = block.body.blocks("lifecycle").find_map(|lifecycle| lifecycle.body.attribute("ignore_changes"));
        let ignored = ignored.filter(|ignored| self.project.text(ignored.value.span).contains("replicas"));
        let (Some(ignored), Value::Map(map)) = (ignored, &mut manifest.value) else { return manifest };
        let spec = map.entries.iter_mut().find(|entry| entry.key == "spec");
        if let Some(Value::Map(spec)) = spec.map(|spec| &mut spec.value.value) {
            for replicas in spec.entries.iter_mut().filter(|entry| entry.key == "replicas") {
                let reason = "Terraform ignores changes of the number of copies";
                replicas.value = Node::unknown(reason, "audit what sets it as well", ignored.value.span);
            }
        }
        manifest
    }

    /// The documents of a list of texts.
    fn values_of(&self, expression: &'a Expression, scope: &Scope<'a>) -> Vec<Node> {
        match &expression.kind {
            ExpressionKind::List(items) => items.iter().flat_map(|item| self.documents(item, scope)).collect(),
            ExpressionKind::Call { name, arguments, .. } if matches!(&*name.value, "concat" | "compact") => {
                arguments.iter().flat_map(|argument| self.values_of(argument, scope)).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Puts the documents of a root where their resources stand. One that is not known as a whole is a gap, and so is one
/// of a resource that may not be made at all.
pub(super) fn place(mut documents: BTreeMap<Text, Vec<Node>>, root: &Root, renderings: &mut Renderings) {
    for resource in root.resources.iter().filter(|resource| resource.mode == Mode::Managed) {
        let written = documents.remove(&resource.address).unwrap_or_default();
        // Beside a manifest, what is not known is a text of rules.
        let (open, written): (Vec<Node>, Vec<Node>) =
            written.into_iter().partition(|node| node.as_unknown().is_some() && !holds_whole(&resource.type_name));
        let mut held =
            if written.iter().any(has_unknown) || written.is_empty() { of_body(resource) } else { Vec::new() };
        if held.is_empty() {
            held = written;
        } else if let ([held], [written]) = (held.as_mut_slice(), written.as_slice())
            && is_config_map(held)
        {
            let data = written.get("data").map_or(&[][..], Node::entries).iter();
            let opened = data.filter(|entry| matches!(entry.value.value, Value::Map(_) | Value::List(_)));
            put_in(held, opened.map(|entry| (entry.key.clone(), entry.value.clone())).collect());
        }
        if resource.type_name == "helm_release" {
            renderings.installations.extend(installation(&held, resource, root));
        }
        place_each(held, resource, root.library, renderings);
        if resource.environment.production && !root.library {
            renderings.gaps.extend(
                open.iter().filter_map(Node::as_unknown).map(|unknown| Gap {
                    hides: Hides::Monitoring,
                    span: resource.head,
                    path: resource.path.clone(),
                    reason: format!(
                        "which alerting rules `{}` holds is not known: {}",
                        resource.address, unknown.reason
                    )
                    .into(),
                }),
            );
        }
    }
}

/// Whether a type of resource holds whole manifests, or values of a chart.
fn holds_whole(kind: &str) -> bool {
    kind == "helm_release" || WHOLE.iter().any(|(whole, _)| *whole == kind)
}

fn is_config_map(manifest: &Node) -> bool {
    manifest.get("kind").and_then(Node::as_str) == Some("ConfigMap")
}

/// Puts documents in the place of the texts that hold them.
fn put_in(manifest: &mut Node, documents: Vec<(Text, Node)>) {
    let Value::Map(map) = &mut manifest.value else { return };
    let data = map.entries.iter_mut().find(|entry| entry.key == "data");
    let Some(Value::Map(data)) = data.map(|data| &mut data.value.value) else { return };
    for (key, document) in documents {
        if let Some(entry) = data.entries.iter_mut().find(|entry| entry.key == key) {
            entry.value = document;
        }
    }
}

/// The chart of the repository that a release installs, when what it is given is known. A path starts where Terraform is
/// run, at the root. <https://registry.terraform.io/providers/hashicorp/helm/latest/docs/resources/release#chart>
fn installation(values: &[Node], release: &Resource, root: &Root) -> Option<Installation> {
    let known = |name: &str| release.at(name).filter(|node| !node.is_null());
    let is_sure = release.uncertain.is_none() && values.iter().all(|node| node.as_map().is_some());
    if root.library || !is_sure || known("repository").is_some() {
        return None;
    }
    let settings = ["set", "set_list"].iter().flat_map(|kind| blocks(&release.body, kind));
    Some(Installation {
        folder: crate::source::join(&root.directory, known("chart")?.as_str()?)?,
        name: known("name")?.clone(),
        namespace: known("namespace").cloned(),
        values: values.to_vec(),
        settings: settings.cloned().collect(),
        path: release.path.clone(),
        environment: release.environment.clone(),
    })
}

/// What a resource's own values hold, where a plan or a module made them known.
fn of_body(resource: &Resource) -> Vec<Node> {
    let kind = resource.type_name.as_str();
    if let Some((_, attribute)) = WHOLE.iter().find(|(whole, _)| *whole == kind) {
        return resource.at(attribute).map_or_else(Vec::new, held_in);
    }
    if kind == "helm_release" {
        return resource.at("values").map_or(&[][..], Node::items).iter().flat_map(held_in).collect();
    }
    typed(kind, &resource.body, resource.head).into_iter().collect()
}

fn has_unknown(node: &Node) -> bool {
    fn within(node: &Node, depth: u32) -> bool {
        match &node.value {
            Value::Unknown(_) => true,
            Value::List(items) => depth < 64 && items.iter().any(|item| within(item, depth + 1)),
            Value::Map(map) => depth < 64 && map.entries.iter().any(|entry| within(&entry.value, depth + 1)),
            _ => false,
        }
    }
    within(node, 0)
}

fn place_each(documents: Vec<Node>, resource: &Resource, library: bool, renderings: &mut Renderings) {
    let gap = |reason: String| Gap {
        hides: Hides::Kubernetes,
        span: resource.head,
        path: resource.path.clone(),
        reason: reason.into(),
    };
    if let Some(unknown) = resource.uncertain.as_ref().filter(|_| !documents.is_empty()) {
        renderings.gaps.push(gap(format!("whether `{}` is made is not known: {}", resource.address, unknown.reason)));
    }
    for node in documents {
        if let Some(unknown) = node.as_unknown() {
            renderings.gaps.push(gap(format!("the manifest is not known: {}", unknown.reason)));
            continue;
        }
        renderings.documents.push(Rendered {
            source: resource.head.source,
            path: resource.path.clone(),
            span: resource.head,
            node,
            environment: Some(resource.environment.clone()),
            library: library || resource.uncertain.is_some(),
        });
    }
}

/// The manifest that a typed resource spells in blocks.
fn typed(kind: &str, body: &Node, head: Span) -> Option<Node> {
    let plain = ["_v1", "_v2", "_v2beta2", "_v1beta1"].iter().find_map(|version| kind.strip_suffix(version));
    let plain = plain.unwrap_or(kind);
    let (_, version, kind) = TYPED.iter().find(|(typed, ..)| *typed == plain)?;
    let mut map = Map::default();
    let mut add = |key: &str, value: Node| map.entries.push(Entry { key: key.into(), key_span: head, value });
    add("apiVersion", Node::string(*version, head));
    add("kind", Node::string(*kind, head));
    for entry in body.entries().iter().filter(|entry| !ARGUMENTS.contains(&entry.key.as_str())) {
        map.entries.extend(respelled(entry, "", 0));
    }
    Some(Node::new(Value::Map(map), head))
}

/// An attribute or block in the manifest's spelling.
fn respelled(entry: &Entry, parent: &str, depth: u32) -> Option<Entry> {
    let key = entry.key.as_str();
    let value = &entry.value;
    if depth > 40 || value.is_null() {
        return None;
    }
    let blocks = matches!(&value.value, Value::List(items) if items.iter().all(is_block) && !items.is_empty());
    // The rules of nodes are one selector; those of pods are several.
    let repeated = REPEATED
        .iter()
        .find(|(name, _)| *name == key)
        .filter(|_| parent != "node_affinity" || !key.starts_with("required"));
    let (name, value): (Text, Node) = match (&value.value, repeated) {
        (Value::List(items), Some((_, plural))) if blocks => {
            let items = items.iter().map(|item| inner(item, key, depth)).collect();
            ((*plural).into(), Node { value: Value::List(items), ..value.clone() })
        }
        (Value::Map(_), Some((_, plural))) => {
            ((*plural).into(), Node { value: Value::List(vec![inner(value, key, depth)]), ..value.clone() })
        }
        (Value::List(items), None) if blocks => (camel(key), inner(items.first()?, key, depth)),
        (Value::Map(_), None) if own_keys(key, value) => (camel(key), value.clone()),
        (Value::Map(_), None) => (camel(key), inner(value, key, depth)),
        _ => (camel(key), value.clone()),
    };
    Some(Entry { key: name, key_span: entry.key_span, value })
}

/// What stands in a block, in the manifest's spelling.
fn inner(block: &Node, key: &str, depth: u32) -> Node {
    if block.as_unknown().is_some() {
        return block.clone();
    }
    let entries = block.entries().iter().filter_map(|entry| respelled(entry, key, depth + 1)).collect();
    Node { value: Value::Map(Map { entries }), ..block.clone() }
}

fn is_block(node: &Node) -> bool {
    matches!(node.value, Value::Map(_) | Value::Unknown(_))
}

/// Whether the keys of a mapping are the user's own. The selector of a Service is one, that of a Deployment a block.
fn own_keys(key: &str, value: &Node) -> bool {
    let block = value.get("match_labels").is_some() || value.get("match_expressions").is_some();
    OWN_KEYS.contains(&key) || key == "selector" && !block
}

/// `read_only_root_filesystem` → `readOnlyRootFilesystem`.
fn camel(name: &str) -> Text {
    let mut parts = name.split('_');
    let mut text: String = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        text.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        text.push_str(letters.as_str());
    }
    match text.as_str() {
        // Spelled in capitals by Kubernetes.
        "clusterIp" => "clusterIP".into(),
        "hostIpc" => "hostIPC".into(),
        "hostPid" => "hostPID".into(),
        "externalIps" => "externalIPs".into(),
        "loadBalancerIp" => "loadBalancerIP".into(),
        _ => text.into(),
    }
}
