//! What lets callers from outside of the cluster in: `Ingress`, routes of a `Gateway`, load balancers, and the routes of
//! widely used proxies.
//!
//! Sources: <https://kubernetes.io/docs/concepts/services-networking/ingress/>,
//! <https://gateway-api.sigs.k8s.io/reference/spec/>, <https://istio.io/latest/docs/reference/config/networking/virtual-service/>,
//! <https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/ingressroute/>.

use super::object::Object;
use crate::extract::Facts;
use crate::model::kubernetes::{Asker, Entrance};
use crate::model::{Fact, Place};
use crate::source::Span;
use crate::tree::{Node, Text};

/// Annotations that say whom a load balancer or an ingress answers, and the values for callers inside only. The
/// controller for AWS makes ingresses internal unless told otherwise
/// (<https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/>).
const SCHEMES: &[(&str, &[&str])] = &[
    ("alb.ingress.kubernetes.io/scheme", &["internal"]),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", &["internal"]),
    ("service.beta.kubernetes.io/aws-load-balancer-internal", &["true", "0.0.0.0/0"]),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", &["true"]),
    ("networking.gke.io/load-balancer-type", &["Internal"]),
    ("cloud.google.com/load-balancer-type", &["Internal"]),
];

/// Beginnings of annotations by which a tool that asks from outside finds what it asks.
const PROBED: &[&str] = &["gatus.", "uptime-kuma.", "blackbox.", "prometheus.io/probe", "monitor.stakater.com/"];

/// The kinds that Gatus' sidecar finds by itself.
const ASKED: &[&str] = &["httproute", "ingress", "service"];

/// Adds an object that lets callers in.
pub(super) fn extract(object: &Object<'_>, facts: &mut Facts) {
    let spec = object.at(&["spec"]);
    let items = |key: &str| spec.and_then(|spec| spec.get(key)).map_or(&[][..], Node::items);
    let (mut hosts, mut backends, mut doors) = (Vec::new(), Vec::new(), Vec::new());
    match (object.group, object.kind) {
        ("", "Service") => {
            if spec.and_then(|spec| spec.get("type")).and_then(Node::as_str) != Some("LoadBalancer") {
                return;
            }
            backends.push(object.name.clone());
            // <https://kubernetes-sigs.github.io/external-dns/latest/docs/annotations/annotations/>
            let named = object.annotations.value("external-dns.alpha.kubernetes.io/hostname").unwrap_or_default();
            hosts.extend(named.split(',').map(str::trim).filter(|host| !host.is_empty()).map(Text::from));
        }
        ("networking.k8s.io" | "extensions", "Ingress") => {
            for rule in items("rules") {
                hosts.extend(rule.get("host").and_then(Node::scalar));
                for path in rule.at(&["http", "paths"]).map_or(&[][..], Node::items) {
                    backends.extend(path.get("backend").and_then(ingress_backend));
                }
            }
            let default = spec.and_then(|spec| spec.get("defaultBackend").or_else(|| spec.get("backend")));
            backends.extend(default.and_then(ingress_backend));
            doors.extend(spec.and_then(|spec| spec.get("ingressClassName")).and_then(Node::scalar));
            doors.extend(object.annotations.value("kubernetes.io/ingress.class").map(Text::from));
        }
        ("gateway.networking.k8s.io", "HTTPRoute" | "GRPCRoute" | "TLSRoute" | "TCPRoute") => {
            hosts.extend(items("hostnames").iter().filter_map(Node::scalar));
            doors.extend(items("parentRefs").iter().filter_map(|parent| parent.get("name")?.scalar()));
            backends.extend(items("rules").iter().flat_map(|rule| named(rule.get("backendRefs"), "name")));
        }
        ("networking.istio.io", "VirtualService") => {
            // Without a gateway a route is for the mesh only.
            doors.extend(items("gateways").iter().filter_map(Node::scalar).filter(|gateway| gateway != "mesh"));
            if doors.is_empty() {
                return;
            }
            hosts.extend(items("hosts").iter().filter_map(Node::scalar));
            for kind in ["http", "tcp", "tls"] {
                for route in items(kind).iter().flat_map(|rule| rule.get("route").map_or(&[][..], Node::items)) {
                    let host = route.at(&["destination", "host"]).and_then(Node::scalar);
                    backends.extend(host.map(|host| Text::from(host.split('.').next().unwrap_or_default())));
                }
            }
        }
        ("traefik.io" | "traefik.containo.us", "IngressRoute") => {
            for route in items("routes") {
                let rule = route.get("match").and_then(Node::as_str).unwrap_or_default();
                hosts.extend(rule.split('`').skip(1).step_by(2).filter(|part| part.contains('.')).map(Text::from));
                backends.extend(named(route.get("services"), "name"));
            }
        }
        _ => return,
    }
    let scheme = SCHEMES
        .iter()
        .any(|(name, inside)| object.annotations.value(name).is_some_and(|value| inside.contains(&value)));
    let unsaid =
        doors.iter().any(|door| door == "alb") && object.annotations.get("alb.ingress.kubernetes.io/scheme").is_none();
    let private = doors.iter().any(|door| is_private(door));
    let probed = |(key, _): &&(Text, Fact<Text>)| PROBED.iter().any(|known| key.starts_with(known));
    let said = object.annotations.0.iter().find(probed);
    // `gatus.home-operations.com/enabled: "false"`
    let left_out =
        said.is_some_and(|(key, fact)| key.ends_with("/enabled") && fact.value().is_some_and(|value| value == "false"));
    facts.model.kubernetes.entrances.push(Entrance {
        kind: object.kind.to_lowercase().into(),
        left_out,
        inside: scheme || unsaid || private || (!hosts.is_empty() && hosts.iter().all(is_inside)),
        probed: said.filter(|_| !left_out).and_then(|(_, fact)| fact.span),
        hosts,
        backends,
        namespace: object.namespace.clone(),
        place: object.place.clone(),
    });
}

/// Adds a tool that finds all entrances of a kind by itself: Gatus with the sidecar that writes its endpoints, by the
/// arguments of its container (`--auto-httproute`) or by the values of its chart.
/// <https://github.com/home-operations/gatus-sidecar>
pub(super) fn asker(object: &Object<'_>, facts: &mut Facts) {
    let pod = [&["spec", "template", "spec"][..], &["spec"]].iter().find_map(|path| object.at(path));
    let containers = ["containers", "initContainers"].iter().filter_map(|list| pod?.get(list)).flat_map(Node::items);
    let arguments = containers.filter_map(|container| container.get("args")).flat_map(Node::items);
    let by_argument = arguments.filter_map(|argument| {
        let (kind, value) =
            argument.as_str()?.strip_prefix("--auto-").map(|it| it.split_once('=').unwrap_or((it, "")))?;
        (ASKED.contains(&kind) && value != "false").then(|| (Text::from(kind), argument.span))
    });
    let kinds = object.at(&["spec", "values", "sidecar", "kinds"]).filter(|_| object.kind == "HelmRelease");
    let by_values = kinds.map_or(&[][..], Node::entries).iter().filter(|entry| ASKED.contains(&entry.key.as_str()));
    let by_values = by_values.filter_map(|entry| {
        let auto = entry.value.get("auto")?;
        (auto.as_bool() == Some(true)).then(|| (entry.key.clone(), auto.span))
    });
    let found: Vec<(Text, Span)> = by_argument.chain(by_values).collect();
    let askers = found.into_iter().map(|(kind, span)| Asker { kind, place: Place { span, ..object.place.clone() } });
    facts.model.kubernetes.askers.extend(askers);
}

/// The Service of a backend, as `networking.k8s.io/v1` has it, or as the versions before.
fn ingress_backend(node: &Node) -> Option<Text> {
    node.at(&["service", "name"]).or_else(|| node.get("serviceName"))?.scalar()
}

fn named(list: Option<&Node>, key: &'static str) -> impl Iterator<Item = Text> {
    list.map_or(&[][..], Node::items).iter().filter_map(move |item| item.get(key)?.scalar())
}

/// Whether the name of a gateway or a class says that it is for callers of the own network.
pub(super) fn is_private(door: &str) -> bool {
    door.split(['-', '/', '.', '_']).any(|word| matches!(word, "internal" | "private" | "intranet" | "local"))
}

/// Whether a host has a name that means nothing on the internet (RFC 6761, RFC 6762, RFC 8375 and the usual ones).
pub(super) fn is_inside(host: &Text) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    !host.contains('.')
        || matches!(
            last,
            "local"
                | "localhost"
                | "internal"
                | "lan"
                | "home"
                | "corp"
                | "test"
                | "svc"
                | "example"
                | "invalid"
                | "arpa"
        )
        || host.split('.').any(|part| part == "internal")
}
