//! What the values of a release say of what its chart makes, in the shapes that most charts share: `image`, `replicaCount`,
//! `ingress`, at the top or one level below (`java.image`). Uses `model`.
//!
//! The shapes are those of `helm create` (<https://helm.sh/docs/chart_best_practices/values/>) and of charts made after it.
//! Nothing is concluded from what the values leave out: that is for the chart to say.

use super::object::{Object, int, text};
use super::{capacity, container, entrance, workload};
use crate::model::Fact;
use crate::model::release::{Stated, StatedImage};
use crate::tree::{Node, Text};

/// Names under which values say how many copies there are.
const REPLICAS: &[&str] = &["replicaCount", "replicas"];

/// What an object of a controller says of what it installs.
pub(super) fn read(object: &Object<'_>, controller: &'static str, values: Option<&Node>) -> Stated {
    let delivered = workload::gitops(object);
    let own = || Fact::known(Text::const_new(controller), object.head());
    Stated {
        labels: object.labels.clone(),
        annotations: object.annotations.clone(),
        controller: if delivered.is_absent() { own() } else { delivered },
        ..of_values(values)
    }
}

/// What the values of a release say of what it installs.
pub(in crate::extract) fn of_values(values: Option<&Node>) -> Stated {
    let parts: Vec<(Text, &Node)> = values.map(parts).unwrap_or_default();
    let (hosts, doors) = ingress(&parts);
    let (replicas, spread) = copies(&parts).unwrap_or_default();
    Stated {
        scheduled: hosts.is_empty() && replicas.is_absent() && is_scheduled(&parts),
        images: parts.iter().filter_map(|(part, node)| image(part, node.get("image")?)).collect(),
        replicas,
        spread,
        inside: doors.iter().any(|door| entrance::is_private(door))
            || (!hosts.is_empty() && hosts.iter().all(entrance::is_inside)),
        hosts,
        ..Stated::default()
    }
}

/// The values themselves, and each mapping in them.
fn parts(values: &Node) -> Vec<(Text, &Node)> {
    let below = values.entries().iter().filter(|entry| entry.value.as_map().is_some() && entry.key != "global");
    let off = |node: &Node| node.get("enabled").and_then(Node::as_bool) == Some(false);
    let below = below.filter(|entry| !off(&entry.value)).map(|entry| (entry.key.clone(), &entry.value));
    std::iter::once((Text::default(), values)).chain(below).collect()
}

/// A reference in one text, or in parts of which all are there: what is left out is the chart's.
fn image(part: &Text, node: &Node) -> Option<StatedImage> {
    let whole = match node.as_map() {
        None => node.clone(),
        Some(image) => {
            let said = |key: &str| image.get(key).and_then(Node::scalar).filter(|text| !text.is_empty());
            let repository = said("repository").or_else(|| said("name"))?;
            let registry = said("registry").map(|registry| format!("{registry}/")).unwrap_or_default();
            let version = match (said("digest"), said("tag")) {
                (Some(digest), _) => format!("@{digest}"),
                (None, Some(tag)) => format!(":{tag}"),
                (None, None) => return None,
            };
            let span = image.get("tag").or_else(|| image.get("digest")).unwrap_or(node).span;
            Node::string(format!("{registry}{repository}{version}"), span)
        }
    };
    let written = whole.as_str()?;
    let complete = written.contains('@') || container::tag(written).is_some();
    let known = complete && !written.contains(char::is_whitespace);
    known.then(|| StatedImage { part: part.clone(), image: text(&whole), mutable: container::mutable(&whole) })
}

/// How many copies, where one part alone says so, and nothing else decides it; and whether it says beside it that they are
/// to stand apart.
fn copies(parts: &[(Text, &Node)]) -> Option<(Fact<i64>, Fact<bool>)> {
    let told = |node: &Node| {
        let scaling = node.get("autoscaling");
        let scales = scaling.and_then(|scaling| scaling.get("enabled")).and_then(Node::as_bool) == Some(true);
        let least = scaling.and_then(|scaling| scaling.get("minReplicas")).filter(|_| scales);
        let written = REPLICAS.iter().find_map(|key| node.get(key)).filter(|_| !scales);
        least.or(written).map(int)
    };
    let said = parts.iter().filter_map(|(_, node)| Some((told(node)?, *node)));
    let mut said = said.filter(|(fact, _)| fact.value().is_some());
    let first = said.next();
    let (replicas, node) = first.filter(|_| said.next().is_none())?;
    Some((replicas, capacity::stated_spread(node)))
}

/// Whether it is a job and nothing else: the values give a kind or a schedule, or are those of a part that is called so.
fn is_scheduled(parts: &[(Text, &Node)]) -> bool {
    let said = |key: &str| parts.first().and_then(|(_, values)| values.get(key)).and_then(Node::scalar);
    let by_kind = said("kind").is_some_and(|kind| matches!(kind.as_str(), "CronJob" | "Job"));
    let is_job = |part: &Text| matches!(part.as_str(), "job" | "cronjob" | "cronJob");
    let off = |node: &Node| node.get("enabled").and_then(Node::as_bool) == Some(false);
    // Charts have settings for a job beside those of what serves; where both are given, it serves.
    let runs = |node: &Node| REPLICAS.iter().chain(&["image", "autoscaling"]).any(|key| node.get(key).is_some());
    let serves = || parts.iter().skip(1).any(|(part, node)| !is_job(part) && !off(node) && runs(node));
    let by_part = parts.iter().any(|(part, node)| is_job(part) && !off(node)) && !serves();
    by_kind || by_part || said("schedule").is_some()
}

/// The hosts of an ingress that is not switched off, and the classes it goes through.
fn ingress(parts: &[(Text, &Node)]) -> (Vec<Text>, Vec<Text>) {
    let (mut hosts, mut doors) = (Vec::new(), Vec::new());
    for (part, node) in parts {
        hosts.extend(node.get("ingressHost").and_then(Node::scalar));
        let ingress = if part == "ingress" { None } else { node.get("ingress") };
        let Some(ingress) = ingress.filter(|it| it.get("enabled").and_then(Node::as_bool) != Some(false)) else {
            continue;
        };
        hosts.extend(["host", "hostname"].iter().filter_map(|key| ingress.get(key)?.scalar()));
        for host in ingress.get("hosts").map_or(&[][..], Node::items) {
            hosts.extend(host.get("host").and_then(Node::scalar).or_else(|| host.scalar()));
        }
        let classes = ["className", "ingressClassName", "class", "ingressClass"];
        doors.extend(classes.iter().filter_map(|key| ingress.get(key)?.scalar()));
    }
    hosts.retain(|host| !host.is_empty());
    hosts.dedup();
    (hosts, doors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::read_yaml;

    fn stated(values: &str) -> Stated {
        let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: { name: shop }\nspec:\n  \
                       chart: { spec: { chart: shop, sourceRef: { kind: HelmRepository, name: own } } }\n  values:\n";
        let (_, facts) = read_yaml("shop.yaml", &format!("{release}{values}"));
        *facts.model.releases[0].stated.clone().unwrap()
    }

    #[test]
    fn values_say_what_they_say_in_full() {
        let said = stated(
            "    java:\n      image: registry.example/shop:1.4\n      replicas: 3\n      ingressHost: shop.example.org\n",
        );
        assert_eq!((said.images.len(), said.images[0].part.as_str()), (1, "java"));
        assert_eq!(said.images[0].mutable.value(), Some(&false));
        assert_eq!(said.replicas.value(), Some(&3));
        assert_eq!(said.hosts, ["shop.example.org"]);
        let said = stated("    image: { repository: registry.example/shop }\n    autoscaling: { enabled: true }\n");
        assert_eq!((said.images.len(), said.replicas.is_absent()), (0, true), "the chart decides the rest");
    }

    #[test]
    fn several_parts_leave_open_how_many_copies_there_are() {
        let said = stated("    web: { replicas: 2 }\n    worker: { replicas: 1 }\n");
        assert!(said.replicas.is_absent());
        let said = stated("    web: { enabled: false, replicas: 1 }\n    worker: { replicas: 2 }\n");
        assert_eq!(said.replicas.value(), Some(&2));
    }

    #[test]
    fn copies_may_be_told_to_stand_apart() {
        let apart = "affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, \
                     podAffinityTerm: { labelSelector: { matchLabels: { app: shop } }, topologyKey: zone } }] } }";
        assert!(stated(&format!("    replicaCount: 2\n    {apart}\n")).spread.is_true());
        let constrained = "topologySpreadConstraints: [{ topologyKey: zone, maxSkew: 1 }]";
        assert!(stated(&format!("    web: {{ replicas: 2, {constrained} }}\n")).spread.is_true());
        for open in [
            format!("    web: {{ replicas: 2 }}\n    worker: {{ {constrained} }}\n"),
            "    replicaCount: 2\n    affinity: {}\n    topologySpreadConstraints: []\n".to_owned(),
            "    replicaCount: 2\n    affinity: { nodeAffinity: { a: b } }\n".to_owned(),
        ] {
            assert!(stated(&open).spread.is_absent(), "{open}");
        }
    }

    #[test]
    fn jobs_are_told_by_kind_schedule_or_part() {
        assert!(stated("    kind: CronJob\n    image: registry.example/sweep:1.2\n").scheduled);
        assert!(stated("    java: { enabled: false }\n    job: { enabled: true }\n").scheduled);
        assert!(!stated("    replicaCount: 2\n    cronjob: { schedule: '0 3 * * *' }\n").scheduled, "and more");
    }

    #[test]
    fn a_private_class_is_for_the_own_network() {
        let said = stated("    ingress: { className: nginx-internal, hosts: [{ host: shop.example.org }] }\n");
        assert_eq!((said.hosts.len(), said.inside), (1, true));
        let said = stated("    ingress: { enabled: false, hosts: [shop.example.org] }\n");
        assert_eq!(said.hosts.len(), 0);
    }
}
