//! What lets callers from outside of the cluster in: `Ingress`, routes of a `Gateway`, load balancers, and the routes of
//! widely used proxies.
//!
//! Sources: <https://kubernetes.io/docs/concepts/services-networking/ingress/>,
//! <https://gateway-api.sigs.k8s.io/reference/spec/>, <https://istio.io/latest/docs/reference/config/networking/virtual-service/>,
//! <https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/ingressroute/>.

use super::container::containers_of;
use super::object::Object;
use crate::extract::Facts;
use crate::model::kubernetes::{Asker, Entrance, Fence};
use crate::model::{Fact, Place};
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

/// Annotations that list the addresses which the ingress controller of nginx answers, and no other.
/// <https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#whitelist-source-range>
const RANGES: &[&str] =
    &["nginx.ingress.kubernetes.io/whitelist-source-range", "nginx.ingress.kubernetes.io/allowlist-source-range"];

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
    let listed = RANGES.iter().find_map(|name| object.annotations.value(name));
    let fenced = listed.is_some_and(|listed| listed.split(',').all(is_private_range));
    let probed = |(key, _): &&(Text, Fact<Text>)| PROBED.iter().any(|known| key.starts_with(known));
    let said = object.annotations.0.iter().find(probed);
    // `gatus.home-operations.com/enabled: "false"`
    let left_out =
        said.is_some_and(|(key, fact)| key.ends_with("/enabled") && fact.value().is_some_and(|value| value == "false"));
    facts.model.kubernetes.entrances.push(Entrance {
        kind: object.kind.to_lowercase().into(),
        name: object.name.clone(),
        left_out,
        inside: scheme || unsaid || private || fenced || (!hosts.is_empty() && hosts.iter().all(is_inside)),
        probed: said.filter(|_| !left_out).and_then(|(_, fact)| fact.span),
        hosts,
        backends,
        namespace: object.namespace.clone(),
        place: object.place.clone(),
    });
}

/// Adds a policy of Envoy Gateway that denies whatever it does not allow, and allows nothing but addresses that mean
/// nothing on the internet. <https://gateway.envoyproxy.io/docs/api/extension_types/#authorization>
pub(super) fn fence(object: &Object<'_>, facts: &mut Facts) {
    if (object.group, object.kind) != ("gateway.envoyproxy.io", "SecurityPolicy") {
        return;
    }
    let Some(rules) = object.at(&["spec", "authorization"]) else { return };
    let denies = rules.get("defaultAction").and_then(Node::as_str) == Some("Deny");
    let mut allowed = rules.get("rules").map_or(&[][..], Node::items).iter();
    let inside = |rule: &Node| {
        let ranges = rule.at(&["principal", "clientCIDRs"]).map_or(&[][..], Node::items);
        !ranges.is_empty() && ranges.iter().all(|range| range.as_str().is_some_and(is_private_range))
    };
    let denied = |rule: &Node| rule.get("action").and_then(Node::as_str) == Some("Deny");
    if !denies || !allowed.all(|rule| denied(rule) || inside(rule)) {
        return;
    }
    let targets = object.at(&["spec", "targetRefs"]).map_or(&[][..], Node::items).iter();
    for target in targets.chain(object.at(&["spec", "targetRef"])) {
        let (Some(kind), Some(name)) = (target.get("kind").and_then(Node::as_str), target.get("name")) else {
            continue;
        };
        facts.model.kubernetes.fences.push(Fence {
            around: (kind.to_lowercase().into(), name.scalar().unwrap_or_default()),
            namespace: object.namespace.clone(),
            place: object.place.clone(),
        });
    }
}

/// Whether addresses are those of private networks (RFC 1918, RFC 4193, RFC 6598) or of the machine itself.
fn is_private_range(range: &str) -> bool {
    let range = range.trim().to_ascii_lowercase();
    let (address, _) = range.split_once('/').unwrap_or((&range, ""));
    if let Ok(address) = address.parse::<std::net::Ipv4Addr>() {
        let [first, second, ..] = address.octets();
        return address.is_private() || address.is_loopback() || first == 100 && (64..128).contains(&second);
    }
    address
        .parse::<std::net::Ipv6Addr>()
        .is_ok_and(|address| address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local())
}

/// Adds a tool that finds all entrances of a kind by itself: Gatus with the sidecar that writes its endpoints, by the
/// arguments of its container (`--auto-httproute`) or by the values of its chart.
/// <https://github.com/home-operations/gatus-sidecar>
pub(super) fn asker(object: &Object<'_>, facts: &mut Facts) {
    let pod = [&["spec", "template", "spec"][..], &["spec"]].iter().find_map(|path| object.at(path));
    let arguments =
        pod.into_iter().flat_map(containers_of).filter_map(|container| container.get("args")).flat_map(Node::items);
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
    let askers =
        by_argument.chain(by_values).map(|(kind, span)| Asker { kind, place: Place { span, ..object.place.clone() } });
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
