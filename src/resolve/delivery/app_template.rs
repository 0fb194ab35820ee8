//! The chart `app-template` of bjw-s-labs, which hundreds of Flux repositories install and none holds: what its values
//! say of workloads, services, routes, ingresses, claims and budgets.
//!
//! Field names and defaults are those of its common library's JSON schemas (`charts/library/common/schemas`) and
//! templates, version 5: a controller is a Deployment with one copy that is recreated, unless it says otherwise; a
//! probe is off until it is enabled; objects are named after the release, and after their own key too where there are
//! several of their kind. Of templates within values only `{{ .Release.Name }}` is filled in.

use super::unit::mapping;
use crate::source::Span;
use crate::tree::{Entry, Node, Text, Value};

/// A release of the chart.
pub(super) struct Release<'a> {
    /// Its name.
    pub(super) name: Text,
    /// Where it goes.
    pub(super) namespace: Option<Node>,
    /// Its values.
    pub(super) values: &'a Node,
}

/// What the chart makes of the values.
pub(super) fn objects(release: &Release<'_>) -> Vec<Node> {
    let mut made = Vec::new();
    let controllers = enabled(release.values.get("controllers"));
    for controller in &controllers {
        made.push(release.controller(controller, controllers.len()));
        if let Some(budget) = controller.value.get("podDisruptionBudget") {
            made.push(release.budget(controller, budget, controllers.len()));
        }
    }
    let services = enabled(release.values.get("service"));
    for service in &services {
        let controller = service.value.get("controller").and_then(Node::scalar);
        let controller = controller.or_else(|| Some(controllers.first()?.key.clone()));
        made.push(release.service(service, services.len(), controller));
    }
    for claim in enabled(release.values.get("persistence")).into_iter().filter(|entry| makes_claim(&entry.value)) {
        made.push(release.claim(claim));
    }
    for (key, make) in [("route", Release::route as fn(&_, &_, _) -> Node), ("ingress", Release::ingress)] {
        let entrances = enabled(release.values.get(key));
        made.extend(entrances.iter().map(|entry| make(release, entry, entrances.len())));
    }
    for node in &mut made {
        release.fill(node);
    }
    made
}

/// The entries of a mapping that are not switched off.
fn enabled(node: Option<&Node>) -> Vec<&Entry> {
    let entries = node.map_or(&[][..], Node::entries).iter();
    entries.filter(|entry| entry.value.get("enabled").and_then(Node::as_bool) != Some(false)).collect()
}

fn kind_of(persistence: &Node) -> Text {
    persistence.get("type").and_then(Node::scalar).unwrap_or(Text::const_new("persistentVolumeClaim"))
}

fn makes_claim(persistence: &Node) -> bool {
    kind_of(persistence) == "persistentVolumeClaim" && persistence.get("existingClaim").is_none()
}

impl Release<'_> {
    /// The name of an object: that of the release, and its own where there are several of its kind.
    fn named(&self, entry: &Entry, several: bool) -> Node {
        let name =
            if several { compact_str::format_compact!("{}-{}", self.name, entry.key) } else { self.name.clone() };
        Node::string(name, entry.key_span)
    }

    fn metadata(&self, name: Node, labels: Node) -> Node {
        let mut entries = vec![("name", name), ("labels", labels)];
        entries.extend(self.namespace.clone().map(|namespace| ("namespace", namespace)));
        mapping(entries[0].1.span, entries)
    }

    /// The labels that select the pods of a controller.
    fn labels(&self, controller: &str, span: Span) -> Node {
        mapping(
            span,
            vec![
                ("app.kubernetes.io/name", Node::string(self.name.clone(), span)),
                ("app.kubernetes.io/instance", Node::string(self.name.clone(), span)),
                ("app.kubernetes.io/controller", Node::string(controller, span)),
            ],
        )
    }

    fn controller(&self, entry: &Entry, count: usize) -> Node {
        let span = entry.key_span;
        let labels = self.labels(&entry.key, span);
        let said = |key: &str| entry.value.get(key).filter(|value| !value.is_null()).cloned();
        let pod = self.pod(entry);
        let template =
            mapping(span, vec![("metadata", mapping(span, vec![("labels", labels.clone())])), ("spec", pod)]);
        let selector = mapping(span, vec![("matchLabels", labels.clone())]);
        let mut spec = vec![("template", template)];
        let kind = entry.value.get("type").and_then(Node::scalar).unwrap_or(Text::const_new("deployment"));
        let replicas = said("replicas").map(|count| ("replicas", count));
        let history = said("revisionHistoryLimit").map(|limit| ("revisionHistoryLimit", limit));
        let (version, kind) = match kind.as_str() {
            "statefulset" => {
                spec.extend(replicas);
                spec.extend(history);
                let claims = entry.value.at(&["statefulset", "volumeClaimTemplates"]);
                if let Some(claims) = claims {
                    let each = claims.items().iter().map(|claim| {
                        let name = claim.get("name").cloned().unwrap_or_else(|| Node::string("", claim.span));
                        mapping(claim.span, vec![("metadata", mapping(claim.span, vec![("name", name)]))])
                    });
                    spec.push(("volumeClaimTemplates", Node::new(Value::List(each.collect()), claims.span)));
                }
                ("apps/v1", "StatefulSet")
            }
            "daemonset" => {
                spec.extend(history);
                ("apps/v1", "DaemonSet")
            }
            "cronjob" | "job" => {
                let options = entry.value.get("cronjob").map_or(&[][..], Node::entries).iter();
                let kept = options.filter(|option| matches!(option.key.as_str(), "schedule" | "suspend"));
                let mut outer: Vec<(&str, Node)> =
                    kept.map(|option| (option.key.as_str(), option.value.clone())).collect();
                let job = mapping(span, spec);
                let name = self.named(entry, count > 1);
                if kind == "job" {
                    return object("batch/v1", "Job", self.metadata(name, labels), job);
                }
                outer.push(("jobTemplate", mapping(span, vec![("spec", job)])));
                return object("batch/v1", "CronJob", self.metadata(name, labels), mapping(span, outer));
            }
            _ => {
                spec.extend(replicas);
                // The library keeps three old revisions.
                spec.push(history.unwrap_or(("revisionHistoryLimit", Node::new(Value::Int(3), span))));
                let strategy = said("strategy").unwrap_or_else(|| Node::string("Recreate", span));
                spec.push(("strategy", mapping(strategy.span, vec![("type", strategy)])));
                ("apps/v1", "Deployment")
            }
        };
        spec.push(("selector", selector));
        let name = self.named(entry, count > 1);
        object(version, kind, self.metadata(name, labels), mapping(span, spec))
    }

    fn pod(&self, entry: &Entry) -> Node {
        let span = entry.key_span;
        let mut spec = Vec::new();
        for list in ["initContainers", "containers"] {
            let containers = enabled(entry.value.get(list));
            let first = containers.first().map(|container| container.key.clone());
            let each = containers.iter().map(|container| {
                let serves = list == "containers" && Some(&container.key) == first.as_ref();
                self.container(&entry.key, container, serves)
            });
            let each: Vec<Node> = each.collect();
            if !each.is_empty() {
                spec.push((list, Node::new(Value::List(each), span)));
            }
        }
        let volumes: Vec<Node> = self.volumes();
        if !volumes.is_empty() {
            spec.push(("volumes", Node::new(Value::List(volumes), span)));
        }
        let options = [self.values.get("defaultPodOptions"), entry.value.get("pod")];
        for key in ["terminationGracePeriodSeconds", "topologySpreadConstraints", "affinity", "hostNetwork"] {
            let said = options.iter().rev().flatten().find_map(|options| options.get(key));
            spec.extend(said.map(|value| (key, value.clone())));
        }
        mapping(span, spec)
    }

    fn container(&self, controller: &str, entry: &Entry, serves: bool) -> Node {
        let container = &entry.value;
        let mut spec = vec![("name", Node::string(entry.key.clone(), entry.key_span))];
        if let Some(image) = container.get("image") {
            spec.push(("image", image_of(image)));
        }
        let defaults = self
            .values
            .get("controllers")
            .and_then(|controllers| controllers.get(controller)?.get("defaultContainerOptions"));
        for key in ["command", "args", "resources", "lifecycle", "envFrom", "securityContext", "restartPolicy"] {
            let said = container.get(key).or_else(|| defaults?.get(key));
            spec.extend(said.map(|value| (key, value.clone())));
        }
        if let Some(env) = container.get("env") {
            spec.push(("env", environment(env)));
        }
        for (probe, key) in
            [("liveness", "livenessProbe"), ("readiness", "readinessProbe"), ("startup", "startupProbe")]
        {
            let said = container.at(&["probes", probe]);
            if let Some(said) = said.filter(|said| said.get("enabled").and_then(Node::as_bool) == Some(true)) {
                let handler = match said.get("type").and_then(Node::as_str) {
                    Some("HTTP" | "HTTPS") => "httpGet",
                    Some("EXEC") => "exec",
                    Some("GRPC") => "grpc",
                    _ => "tcpSocket",
                };
                let custom = said.get("custom").and_then(Node::as_bool) == Some(true);
                let own = said.get("spec").cloned().filter(|_| custom);
                spec.push((
                    key,
                    // What it asks is made of the type, path and port that it names.
                    own.unwrap_or_else(|| mapping(said.span, vec![(handler, said.clone())])),
                ));
            }
        }
        let ports = if serves { self.ports(controller) } else { Vec::new() };
        if !ports.is_empty() {
            spec.push(("ports", Node::new(Value::List(ports), entry.key_span)));
        }
        let mounts = self.mounts(controller, &entry.key);
        if !mounts.is_empty() {
            spec.push(("volumeMounts", Node::new(Value::List(mounts), entry.key_span)));
        }
        mapping(entry.key_span, spec)
    }

    /// The ports that services send to a controller.
    fn ports(&self, controller: &str) -> Vec<Node> {
        let first = enabled(self.values.get("controllers")).first().map(|entry| entry.key.clone());
        let of_controller = |service: &&Entry| {
            let named = service.value.get("controller").and_then(Node::scalar).or_else(|| first.clone());
            named.is_some_and(|named| named == controller)
        };
        let services = enabled(self.values.get("service")).into_iter().filter(of_controller);
        services
            .flat_map(|service| enabled(service.value.get("ports")))
            .filter_map(|port| {
                let number = port.value.get("targetPort").or_else(|| port.value.get("port"))?;
                number.as_int()?;
                let name = Node::string(port.key.clone(), port.key_span);
                Some(mapping(port.key_span, vec![("name", name), ("containerPort", number.clone())]))
            })
            .collect()
    }

    fn volumes(&self) -> Vec<Node> {
        let volume = |entry: &Entry| {
            let (span, kind) = (entry.key_span, kind_of(&entry.value));
            let name = ("name", Node::string(entry.key.clone(), span));
            let source = match kind.as_str() {
                "persistentVolumeClaim" => {
                    let claim = entry.value.get("existingClaim").cloned();
                    let claim = claim.unwrap_or_else(|| self.claim_name(entry));
                    ("persistentVolumeClaim", mapping(span, vec![("claimName", claim)]))
                }
                "emptyDir" => ("emptyDir", mapping(span, vec![])),
                "configMap" => ("configMap", mapping(span, vec![])),
                "secret" => ("secret", mapping(span, vec![])),
                "hostPath" => ("hostPath", mapping(span, vec![])),
                "nfs" => ("nfs", mapping(span, vec![])),
                "image" => ("image", mapping(span, vec![])),
                _ => ("projected", mapping(span, vec![])),
            };
            mapping(span, vec![name, source])
        };
        enabled(self.values.get("persistence")).into_iter().map(volume).collect()
    }

    /// Where the volumes are mounted in a container: everywhere at `globalMounts` (or at `/` and their own name), or
    /// only where `advancedMounts` says.
    fn mounts(&self, controller: &str, container: &str) -> Vec<Node> {
        let mut mounts = Vec::new();
        for entry in enabled(self.values.get("persistence")) {
            let name = || ("name", Node::string(entry.key.clone(), entry.key_span));
            let at = |path: Node| mapping(entry.key_span, vec![name(), ("mountPath", path)]);
            let advanced = entry.value.get("advancedMounts");
            let global = entry.value.get("globalMounts");
            let own = || Node::string(compact_str::format_compact!("/{}", entry.key), entry.key_span);
            let listed = |list: &Node, mounts: &mut Vec<Node>| {
                for mount in list.items() {
                    mounts.push(at(mount.get("path").cloned().unwrap_or_else(own)));
                }
            };
            if let Some(list) = advanced.and_then(|advanced| advanced.get(controller)?.get(container)) {
                listed(list, &mut mounts);
            }
            match global {
                Some(list) => listed(list, &mut mounts),
                None if advanced.is_none() => mounts.push(at(own())),
                None => {}
            }
        }
        mounts
    }

    fn service(&self, entry: &Entry, count: usize, controller: Option<Text>) -> Node {
        let span = entry.key_span;
        let ports = enabled(entry.value.get("ports")).into_iter().map(|port| {
            let name = ("name", Node::string(port.key.clone(), port.key_span));
            let numbers = ["port", "targetPort"].iter().filter_map(|key| Some((*key, port.value.get(key)?.clone())));
            mapping(port.key_span, std::iter::once(name).chain(numbers).collect())
        });
        let ports = Node::new(Value::List(ports.collect()), span);
        let selector = self.labels(&controller.unwrap_or_default(), span);
        let name = self.named(entry, count > 1);
        let spec = mapping(span, vec![("selector", selector.clone()), ("ports", ports)]);
        object("v1", "Service", self.metadata(name, selector), spec)
    }

    /// The metadata of what lets callers in, whose annotations others read.
    fn noted(&self, entry: &Entry, count: usize) -> Node {
        let labels = self.labels("", entry.key_span);
        let mut metadata = self.metadata(self.named(entry, count > 1), labels);
        if let (Value::Map(map), Some(annotations)) = (&mut metadata.value, entry.value.get("annotations")) {
            let (key, key_span) = (Text::const_new("annotations"), annotations.span);
            map.entries.push(Entry { key, key_span, value: annotations.clone() });
        }
        metadata
    }

    /// The name of the Service that a backend means: one of the release by its key (`identifier`), or any (`name`). Left
    /// out, the first.
    fn backend(&self, backend: Option<&Node>, span: Span) -> Node {
        if let Some(name) = backend.and_then(|backend| backend.get("name")) {
            return name.clone();
        }
        let services = enabled(self.values.get("service"));
        let wanted = backend.and_then(|backend| backend.get("identifier")).and_then(Node::scalar);
        let found = services.iter().find(|service| wanted.as_ref().is_none_or(|wanted| service.key == *wanted));
        let name = found.map(|service| self.named(service, services.len() > 1));
        Node::new(name.map_or(Value::Null, |name| name.value), span)
    }

    fn route(&self, entry: &Entry, count: usize) -> Node {
        let span = entry.key_span;
        let list = |items: Vec<Node>| Node::new(Value::List(items), span);
        let rules = entry.value.get("rules").map_or(&[][..], Node::items);
        let backends = rules.iter().flat_map(|rule| rule.get("backendRefs").map_or(&[][..], Node::items));
        let mut backends: Vec<Node> = backends.map(|backend| self.backend(Some(backend), span)).collect();
        if backends.is_empty() {
            backends.push(self.backend(None, span));
        }
        let backends = backends.into_iter().map(|name| mapping(span, vec![("name", name)])).collect();
        let mut spec = vec![("rules", list(vec![mapping(span, vec![("backendRefs", list(backends))])]))];
        for key in ["hostnames", "parentRefs"] {
            spec.extend(entry.value.get(key).map(|value| (key, value.clone())));
        }
        let kind = entry.value.get("kind").and_then(Node::scalar).unwrap_or(Text::const_new("HTTPRoute"));
        object("gateway.networking.k8s.io/v1", &kind, self.noted(entry, count), mapping(span, spec))
    }

    fn ingress(&self, entry: &Entry, count: usize) -> Node {
        let span = entry.key_span;
        let list = |items: Vec<Node>| Node::new(Value::List(items), span);
        let rule = |host: &Node| {
            let paths = host.get("paths").map_or(&[][..], Node::items).iter().map(|path| {
                let service = mapping(span, vec![("name", self.backend(path.get("service"), span))]);
                mapping(span, vec![("backend", mapping(span, vec![("service", service)]))])
            });
            let mut rule = vec![("http", mapping(span, vec![("paths", list(paths.collect()))]))];
            rule.extend(host.get("host").map(|name| ("host", name.clone())));
            mapping(span, rule)
        };
        let rules = entry.value.get("hosts").map_or(&[][..], Node::items).iter().map(rule);
        let mut spec = vec![("rules", list(rules.collect()))];
        spec.extend(entry.value.get("className").map(|class| ("ingressClassName", class.clone())));
        object("networking.k8s.io/v1", "Ingress", self.noted(entry, count), mapping(span, spec))
    }

    fn budget(&self, entry: &Entry, budget: &Node, count: usize) -> Node {
        let labels = self.labels(&entry.key, entry.key_span);
        let selector = mapping(budget.span, vec![("matchLabels", labels.clone())]);
        let mut spec = vec![("selector", selector)];
        for key in ["minAvailable", "maxUnavailable"] {
            spec.extend(budget.get(key).map(|value| (key, value.clone())));
        }
        let name = self.named(entry, count > 1);
        object("policy/v1", "PodDisruptionBudget", self.metadata(name, labels), mapping(budget.span, spec))
    }

    fn claim_name(&self, entry: &Entry) -> Node {
        let made =
            enabled(self.values.get("persistence")).into_iter().filter(|entry| makes_claim(&entry.value)).count();
        self.named(entry, made > 1)
    }

    fn claim(&self, entry: &Entry) -> Node {
        let labels = mapping(
            entry.key_span,
            vec![("app.kubernetes.io/instance", Node::string(self.name.clone(), entry.key_span))],
        );
        let modes = entry.value.get("accessMode").cloned().into_iter().collect();
        let spec = mapping(entry.key_span, vec![("accessModes", Node::new(Value::List(modes), entry.key_span))]);
        object("v1", "PersistentVolumeClaim", self.metadata(self.claim_name(entry), labels), spec)
    }

    /// Fills the release's name in.
    fn fill(&self, node: &mut Node) {
        match &mut node.value {
            Value::String(text) if text.contains("{{") => {
                for written in ["{{ .Release.Name }}", "{{.Release.Name}}"] {
                    if text.contains(written) {
                        *text = text.replace(written, &self.name).into();
                    }
                }
            }
            Value::List(items) => items.iter_mut().for_each(|item| self.fill(item)),
            Value::Map(map) => map.entries.iter_mut().for_each(|entry| self.fill(&mut entry.value)),
            _ => {}
        }
    }
}

fn object(version: &str, kind: &str, metadata: Node, spec: Node) -> Node {
    let span = metadata.span;
    let word = |text: &str| Node::string(text, span);
    mapping(span, vec![("apiVersion", word(version)), ("kind", word(kind)), ("metadata", metadata), ("spec", spec)])
}

/// `repository`, `tag` and `digest` as one reference.
fn image_of(image: &Node) -> Node {
    let said = |key: &str| image.get(key).and_then(Node::scalar).filter(|text| !text.is_empty());
    let Some(repository) = said("repository") else { return image.clone() };
    let tag = said("tag").map(|tag| format!(":{tag}")).unwrap_or_default();
    let digest = said("digest").map(|digest| format!("@{digest}")).unwrap_or_default();
    let span = image.get("tag").or_else(|| image.get("repository")).unwrap_or(image).span;
    Node::string(format!("{repository}{tag}{digest}"), span)
}

/// Environment variables, which may be a mapping of values.
fn environment(env: &Node) -> Node {
    if env.as_map().is_none() {
        return env.clone();
    }
    let each = env.entries().iter().map(|entry| {
        let name = ("name", Node::string(entry.key.clone(), entry.key_span));
        if entry.value.as_map().is_none() {
            return mapping(entry.key_span, vec![name, ("value", entry.value.clone())]);
        }
        let inner = entry.value.entries().iter();
        let kept = inner.filter(|inner| matches!(inner.key.as_str(), "value" | "valueFrom"));
        let kept = kept.map(|inner| (inner.key.as_str(), inner.value.clone()));
        mapping(entry.key_span, std::iter::once(name).chain(kept).collect())
    });
    Node::new(Value::List(each.collect()), env.span)
}
