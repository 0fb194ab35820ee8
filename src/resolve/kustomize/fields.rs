//! Which fields a transformation reaches: kustomize's field specifications, its defaults and those of `configurations`.
//!
//! The defaults are those of kustomize's `builtinpluginconsts`: a path of keys separated by `/`, in which lists are
//! walked through item by item, for objects of a group, version and kind (each may be left open).

use std::sync::{Arc, LazyLock};

use super::edit;
use super::resource::Gvk;
use crate::source::Span;
use crate::tree::{Map, Node, Text, Value};

/// A field that a transformation reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldSpec {
    pub(super) group: Text,
    pub(super) version: Text,
    pub(super) kind: Text,
    pub(super) path: Vec<Text>,
    /// Whether it is made where it is not there.
    pub(super) create: bool,
}

impl FieldSpec {
    /// For a kind (empty: any) at a path; a group may stand before the kind: `apps/Deployment`.
    pub(super) fn new(kind: &str, path: &str, create: bool) -> Self {
        let (group, kind) = kind.rsplit_once('/').unwrap_or(("", kind));
        Self { group: group.into(), version: Text::default(), kind: kind.into(), path: split(path), create }
    }

    /// One entry of a transformer configuration.
    pub(super) fn read(node: &Node) -> Option<Self> {
        let said = |key: &str| node.get(key).and_then(Node::scalar).unwrap_or_default();
        Some(Self {
            group: said("group"),
            version: said("version"),
            kind: said("kind"),
            path: split(node.get("path")?.as_str()?),
            create: node.get("create").and_then(Node::as_bool).unwrap_or(false),
        })
    }

    /// Whether it is for objects of this kind.
    pub(super) fn selects(&self, gvk: &Gvk) -> bool {
        gvk.is_selected(&self.group, &self.version, &self.kind)
    }

    /// Calls `change` on each node that is there where the path leads to.
    pub(super) fn visit_present(&self, object: &mut Node, change: &mut dyn FnMut(&mut Node)) {
        walk(object, &self.path, None, change);
    }

    /// Calls `change` on each node the path leads to, made where it is to be.
    pub(super) fn visit(&self, object: &mut Node, leaf: &Leaf, change: &mut dyn FnMut(&mut Node)) {
        let leaf = self.create.then_some(leaf);
        walk(object, &self.path, leaf, change);
    }
}

/// What is made where a path ends in nothing.
pub(super) struct Leaf {
    /// Where what asks for it stands.
    pub(super) span: Span,
    /// A mapping, else an empty scalar.
    pub(super) map: bool,
}

/// A path's keys; `\/` is a slash within a key.
fn split(path: &str) -> Vec<Text> {
    let mut keys = vec![String::new()];
    let mut letters = path.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.peek() == Some(&'/') => {
                letters.next();
                if let Some(last) = keys.last_mut() {
                    last.push('/');
                }
            }
            '/' => keys.push(String::new()),
            letter => {
                if let Some(last) = keys.last_mut() {
                    last.push(letter);
                }
            }
        }
    }
    keys.into_iter().filter(|key| !key.is_empty()).map(Text::from).collect()
}

fn walk(node: &mut Node, path: &[Text], create: Option<&Leaf>, change: &mut dyn FnMut(&mut Node)) {
    let Some((key, rest)) = path.split_first() else {
        change(node);
        return;
    };
    match &node.value {
        Value::List(_) => {
            for item in edit::items_mut(node) {
                walk(item, path, create, change);
            }
        }
        Value::Map(_) => {
            let (key, is_list) = key.strip_suffix("[]").map_or((key.as_str(), false), |key| (key, true));
            if let Some(leaf) = create.filter(|_| !is_list) {
                let there = edit::get_mut(node, key);
                if there.is_none_or(|there| there.is_null()) {
                    let made = if rest.is_empty() && !leaf.map { Value::Null } else { Value::Map(Map::default()) };
                    edit::set(node, key, leaf.span, Node::new(made, leaf.span));
                }
            }
            if let Some(below) = edit::get_mut(node, key)
                && (rest.is_empty() || !below.is_null())
            {
                walk(below, rest, create, change);
            }
        }
        _ => {}
    }
}

/// Objects of one kind and the fields by which others name them.
#[derive(Clone, Debug)]
pub(super) struct NameReference {
    pub(super) group: Text,
    pub(super) version: Text,
    pub(super) kind: Text,
    pub(super) fields: Vec<FieldSpec>,
}

/// The fields of every transformation.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    pub(super) namespace: Vec<FieldSpec>,
    pub(super) prefix: Vec<FieldSpec>,
    pub(super) suffix: Vec<FieldSpec>,
    pub(super) common_labels: Vec<FieldSpec>,
    pub(super) labels: Vec<FieldSpec>,
    pub(super) template_labels: Vec<FieldSpec>,
    pub(super) annotations: Vec<FieldSpec>,
    pub(super) images: Vec<FieldSpec>,
    pub(super) replicas: Vec<FieldSpec>,
    pub(super) vars: Vec<FieldSpec>,
    pub(super) references: Vec<NameReference>,
}

impl Fields {
    /// Reads a file of `configurations`.
    pub(super) fn read(node: &Node) -> Self {
        let list = |key: &str| -> Vec<FieldSpec> {
            node.get(key).map_or(&[][..], Node::items).iter().filter_map(FieldSpec::read).collect()
        };
        let said = |node: &Node, key: &str| node.get(key).and_then(Node::scalar).unwrap_or_default();
        let references = node.get("nameReference").map_or(&[][..], Node::items).iter().map(|node| NameReference {
            group: said(node, "group"),
            version: said(node, "version"),
            kind: said(node, "kind"),
            fields: node.get("fieldSpecs").map_or(&[][..], Node::items).iter().filter_map(FieldSpec::read).collect(),
        });
        Self {
            namespace: list("namespace"),
            prefix: list("namePrefix"),
            suffix: list("nameSuffix"),
            common_labels: list("commonLabels"),
            labels: list("labels"),
            template_labels: list("templateLabels"),
            annotations: list("commonAnnotations"),
            images: list("images"),
            replicas: list("replicas"),
            vars: list("varReference"),
            references: references.collect(),
        }
    }

    /// Adds further fields; one that is there already counts once.
    pub(super) fn merge(&mut self, other: &Self) {
        let pairs = [
            (&mut self.namespace, &other.namespace),
            (&mut self.prefix, &other.prefix),
            (&mut self.suffix, &other.suffix),
            (&mut self.common_labels, &other.common_labels),
            (&mut self.labels, &other.labels),
            (&mut self.template_labels, &other.template_labels),
            (&mut self.annotations, &other.annotations),
            (&mut self.images, &other.images),
            (&mut self.replicas, &other.replicas),
            (&mut self.vars, &other.vars),
        ];
        for (own, more) in pairs {
            for field in more {
                if !own.contains(field) {
                    own.push(field.clone());
                }
            }
        }
        for reference in &other.references {
            let known = self.references.iter_mut().find(|known| {
                known.group == reference.group && known.version == reference.version && known.kind == reference.kind
            });
            match known {
                Some(known) => {
                    for field in &reference.fields {
                        if !known.fields.contains(field) {
                            known.fields.push(field.clone());
                        }
                    }
                }
                None => self.references.push(reference.clone()),
            }
        }
    }

    /// Kustomize's defaults.
    pub(super) fn defaults() -> Arc<Self> {
        static DEFAULTS: LazyLock<Arc<Fields>> = LazyLock::new(|| Arc::new(Fields::builtin()));
        DEFAULTS.clone()
    }

    fn builtin() -> Self {
        let metadata = metadata_labels();
        let mut common_labels = selectors();
        common_labels.extend(metadata.iter().cloned());
        common_labels.push(claim_labels());
        Self {
            namespace: vec![
                FieldSpec::new("Namespace", "metadata/name", true),
                FieldSpec::new("apiregistration.k8s.io/APIService", "spec/service/namespace", true),
                FieldSpec::new(
                    "apiextensions.k8s.io/CustomResourceDefinition",
                    "spec/conversion/webhook/clientConfig/service/namespace",
                    false,
                ),
            ],
            prefix: vec![FieldSpec::new("", "metadata/name", false)],
            suffix: vec![FieldSpec::new("", "metadata/name", false)],
            common_labels,
            labels: Vec::new(),
            template_labels: metadata,
            annotations: annotations(),
            images: [
                "spec/containers[]/image",
                "spec/initContainers[]/image",
                "spec/volumes[]/image/reference",
                "spec/template/spec/containers[]/image",
                "spec/template/spec/initContainers[]/image",
                "spec/template/spec/volumes[]/image/reference",
            ]
            .map(|path| FieldSpec::new("", path, true))
            .to_vec(),
            replicas: ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"]
                .map(|kind| FieldSpec::new(kind, "spec/replicas", true))
                .to_vec(),
            vars: vars(),
            references: references(),
        }
    }
}

/// Kinds that make pods of a template, with the group that kustomize asks for.
const TEMPLATED: &[&str] =
    &["ReplicationController", "Deployment", "ReplicaSet", "DaemonSet", "apps/StatefulSet", "batch/Job"];

fn metadata_labels() -> Vec<FieldSpec> {
    let mut fields = vec![FieldSpec::new("", "metadata/labels", true)];
    fields.extend(TEMPLATED.iter().map(|kind| FieldSpec::new(kind, "spec/template/metadata/labels", true)));
    for path in ["spec/jobTemplate/metadata/labels", "spec/jobTemplate/spec/template/metadata/labels"] {
        fields.push(FieldSpec::new("batch/CronJob", path, true));
    }
    fields
}

/// `includeVolumeClaimTemplates`.
pub(super) fn claim_labels() -> FieldSpec {
    FieldSpec::new("apps/StatefulSet", "spec/volumeClaimTemplates[]/metadata/labels", true)
}

fn annotations() -> Vec<FieldSpec> {
    let mut fields = vec![FieldSpec::new("", "metadata/annotations", true)];
    let kinds = ["ReplicationController", "Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "batch/Job"];
    fields.extend(kinds.map(|kind| FieldSpec::new(kind, "spec/template/metadata/annotations", true)));
    for path in ["spec/jobTemplate/metadata/annotations", "spec/jobTemplate/spec/template/metadata/annotations"] {
        fields.push(FieldSpec::new("batch/CronJob", path, true));
    }
    fields
}

fn selectors() -> Vec<FieldSpec> {
    let mut fields = Vec::new();
    for kind in ["Service", "ReplicationController"] {
        fields.push(FieldSpec { version: "v1".into(), ..FieldSpec::new(kind, "spec/selector", true) });
    }
    for kind in ["Deployment", "ReplicaSet", "DaemonSet", "apps/StatefulSet"] {
        fields.push(FieldSpec::new(kind, "spec/selector/matchLabels", true));
    }
    for kind in ["apps/Deployment", "apps/StatefulSet"] {
        for affinity in ["podAffinity", "podAntiAffinity"] {
            for rest in [
                "preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
                "requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
            ] {
                fields.push(FieldSpec::new(kind, &format!("spec/template/spec/affinity/{affinity}/{rest}"), false));
            }
        }
        let spread = "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels";
        fields.push(FieldSpec::new(kind, spread, false));
    }
    for (kind, path) in [
        ("batch/Job", "spec/selector/matchLabels"),
        ("batch/CronJob", "spec/jobTemplate/spec/selector/matchLabels"),
        ("policy/PodDisruptionBudget", "spec/selector/matchLabels"),
        ("networking.k8s.io/NetworkPolicy", "spec/podSelector/matchLabels"),
        ("networking.k8s.io/NetworkPolicy", "spec/ingress/from/podSelector/matchLabels"),
        ("networking.k8s.io/NetworkPolicy", "spec/egress/to/podSelector/matchLabels"),
    ] {
        fields.push(FieldSpec::new(kind, path, false));
    }
    fields
}

/// Where the pod specification stands in each kind that has one.
const PODS: &[(&str, &str)] = &[
    ("Pod", "spec"),
    ("PodTemplate", "template/spec"),
    ("Deployment", "spec/template/spec"),
    ("ReplicaSet", "spec/template/spec"),
    ("ReplicationController", "spec/template/spec"),
    ("DaemonSet", "spec/template/spec"),
    ("StatefulSet", "spec/template/spec"),
    ("Job", "spec/template/spec"),
    ("CronJob", "spec/jobTemplate/spec/template/spec"),
];

fn in_pods(paths: &[&str], without: &[&str]) -> Vec<FieldSpec> {
    let pods = PODS.iter().filter(|(kind, _)| !without.contains(kind));
    pods.flat_map(|(kind, pod)| paths.iter().map(move |path| FieldSpec::new(kind, &format!("{pod}/{path}"), false)))
        .collect()
}

fn named(group: &str, version: &str, kind: &str, fields: Vec<FieldSpec>) -> NameReference {
    NameReference { group: group.into(), version: version.into(), kind: kind.into(), fields }
}

fn listed(fields: &[(&str, &str)]) -> Vec<FieldSpec> {
    fields.iter().map(|(kind, path)| FieldSpec::new(kind, path, false)).collect()
}

fn references() -> Vec<NameReference> {
    let scaled = || listed(&[("HorizontalPodAutoscaler", "spec/scaleTargetRef/name")]);
    let rbac = "rbac.authorization.k8s.io";
    let admission = "admissionregistration.k8s.io";
    let mut config_maps = in_pods(
        &[
            "volumes/configMap/name",
            "containers/env/valueFrom/configMapKeyRef/name",
            "initContainers/env/valueFrom/configMapKeyRef/name",
            "containers/envFrom/configMapRef/name",
            "initContainers/envFrom/configMapRef/name",
            "volumes/projected/sources/configMap/name",
        ],
        &["ReplicationController"],
    );
    config_maps.extend(listed(&[
        ("Node", "spec/configSource/configMap"),
        ("Role", "rules/resourceNames"),
        ("ClusterRole", "rules/resourceNames"),
        ("Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap"),
    ]));
    let mut secrets = in_pods(
        &[
            "volumes/secret/secretName",
            "containers/env/valueFrom/secretKeyRef/name",
            "initContainers/env/valueFrom/secretKeyRef/name",
            "containers/envFrom/secretRef/name",
            "initContainers/envFrom/secretRef/name",
            "imagePullSecrets/name",
            "volumes/projected/sources/secret/name",
        ],
        &["ReplicationController"],
    );
    secrets.extend(listed(&[
        ("Ingress", "spec/tls/secretName"),
        ("Ingress", "metadata/annotations/ingress.kubernetes.io\\/auth-secret"),
        ("Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret"),
        ("Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret"),
        ("ServiceAccount", "imagePullSecrets/name"),
        ("StorageClass", "parameters/secretName"),
        ("StorageClass", "parameters/adminSecretName"),
        ("StorageClass", "parameters/userSecretName"),
        ("StorageClass", "parameters/secretRef"),
        ("Role", "rules/resourceNames"),
        ("ClusterRole", "rules/resourceNames"),
        ("serving.knative.dev/Service", "spec/template/spec/containers/env/valueFrom/secretKeyRef/name"),
        ("PersistentVolume", "spec/azureFile/secretName"),
    ]));
    let services = listed(&[
        ("apps/StatefulSet", "spec/serviceName"),
        ("Ingress", "spec/rules/http/paths/backend/serviceName"),
        ("Ingress", "spec/backend/serviceName"),
        ("Ingress", "spec/rules/http/paths/backend/service/name"),
        ("Ingress", "spec/defaultBackend/service/name"),
        ("apiregistration.k8s.io/APIService", "spec/service/name"),
        ("admissionregistration.k8s.io/ValidatingWebhookConfiguration", "webhooks/clientConfig/service"),
        ("admissionregistration.k8s.io/MutatingWebhookConfiguration", "webhooks/clientConfig/service"),
    ]);
    let mut accounts = listed(&[
        ("rbac.authorization.k8s.io/RoleBinding", "subjects"),
        ("rbac.authorization.k8s.io/ClusterRoleBinding", "subjects"),
    ]);
    accounts.extend(in_pods(&["serviceAccountName"], &["PodTemplate", "ReplicaSet"]));
    vec![
        named("", "", "Deployment", scaled()),
        named("", "", "ReplicationController", scaled()),
        named("", "", "ReplicaSet", scaled()),
        named("", "", "StatefulSet", scaled()),
        named("", "v1", "ConfigMap", config_maps),
        named("", "v1", "Secret", secrets),
        named("", "v1", "Service", services),
        named(rbac, "", "Role", listed(&[("rbac.authorization.k8s.io/RoleBinding", "roleRef/name")])),
        named(
            rbac,
            "",
            "ClusterRole",
            listed(&[
                ("rbac.authorization.k8s.io/RoleBinding", "roleRef/name"),
                ("rbac.authorization.k8s.io/ClusterRoleBinding", "roleRef/name"),
            ]),
        ),
        named("", "v1", "ServiceAccount", accounts),
        named(
            "",
            "v1",
            "PersistentVolumeClaim",
            in_pods(&["volumes/persistentVolumeClaim/claimName"], &["PodTemplate", "ReplicaSet"]),
        ),
        named(
            "",
            "v1",
            "PersistentVolume",
            listed(&[("PersistentVolumeClaim", "spec/volumeName"), ("ClusterRole", "rules/resourceNames")]),
        ),
        named(
            "storage.k8s.io",
            "v1",
            "StorageClass",
            listed(&[
                ("PersistentVolume", "spec/storageClassName"),
                ("PersistentVolumeClaim", "spec/storageClassName"),
                ("StatefulSet", "spec/volumeClaimTemplates/spec/storageClassName"),
            ]),
        ),
        named(
            "scheduling.k8s.io",
            "v1",
            "PriorityClass",
            in_pods(&["priorityClassName"], &["PodTemplate", "ReplicaSet"]),
        ),
        named("networking.k8s.io", "v1", "IngressClass", listed(&[("Ingress", "spec/ingressClassName")])),
        named(
            admission,
            "",
            "ValidatingAdmissionPolicy",
            listed(&[("admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding", "spec/policyName")]),
        ),
    ]
}

fn vars() -> Vec<FieldSpec> {
    let mut fields = in_pods(
        &[
            "containers/args",
            "containers/command",
            "containers/env/value",
            "containers/volumeMounts/mountPath",
            "initContainers/args",
            "initContainers/command",
            "initContainers/env/value",
            "initContainers/volumeMounts/mountPath",
            "volumes/nfs/server",
        ],
        &["PodTemplate", "ReplicationController"],
    );
    fields.extend(listed(&[
        ("Deployment", "spec/template/metadata/annotations"),
        ("Ingress", "spec/rules/host"),
        ("Ingress", "spec/tls/hosts"),
        ("Ingress", "spec/tls/secretName"),
        ("Service", "spec/ports/port"),
        ("Service", "spec/ports/targetPort"),
        ("StatefulSet", "spec/volumeClaimTemplates/spec/nfs/server"),
        ("PersistentVolume", "spec/nfs/server"),
        ("", "metadata/labels"),
        ("", "metadata/annotations"),
    ]));
    fields
}
