//! Configurations that route alerts: Alertmanager's own, wherever it stands (a file, a Secret, values of a chart,
//! variables of Ansible), and `AlertmanagerConfig` objects. Uses `source`, `tree`, `model` and `problem`.
//!
//! A configuration is found by its form, a mapping with a `route` and a list of `receivers`. What a receiver calls is
//! said in `receiver`, how matchers are written in `matcher`, and what a time interval covers in `interval`.
//! <https://prometheus.io/docs/alerting/latest/configuration/>

mod interval;
mod matcher;
pub(super) mod receiver;

use super::{Facts, Input, embedded};
use crate::model::kubernetes::Selector;
use crate::model::matching::{LabelMatcher, Operator};
use crate::model::routing::{Alertmanager, Branch, Part, Tree, shown};
use crate::model::{Fact, Inhibition, Labels, Place};
use crate::problem::{Fault, Problem};
use crate::source::Span;
use crate::tree::{Map, Node, Text, Unknown, Value};

/// Names of the file in a Secret that the operator and charts give to Alertmanager.
const FILES: &[&str] = &["alertmanager.yaml", "alertmanager.yml", "config.yml", "config.yaml"];

/// Adds the routing trees of a file.
pub(super) fn extract(input: &Input<'_>, facts: &mut Facts) {
    for document in input.document.values() {
        visit(input, document, None, facts);
    }
}

fn visit(input: &Input<'_>, node: &Node, key: Option<&str>, facts: &mut Facts) {
    for item in node.items() {
        visit(input, item, None, facts);
    }
    let Some(map) = node.as_map() else { return };
    let kind = map.get("kind").and_then(Node::as_str).filter(|_| map.get("apiVersion").is_some());
    match kind {
        Some("CustomResourceDefinition") => return,
        Some("AlertmanagerConfig" | "VMAlertmanagerConfig") => {
            if let Some(tree) = resource(input, node, facts) {
                facts.model.routing.trees.push(tree);
            }
            return;
        }
        Some("Alertmanager") => {
            let spec = map.get("spec");
            let namespace = map.get("metadata").and_then(|metadata| metadata.get("namespace"));
            let namespace = namespace.map_or_else(Fact::default, |node| Fact::read(node, Node::scalar));
            let made = spec.map(|spec| Alertmanager { namespace, ..alertmanager(input, spec, node.span) });
            facts.model.routing.alertmanagers.extend(made);
        }
        Some("Secret" | "ConfigMap") => embedded_trees(input, map, facts),
        _ => {}
    }
    // The chart of the Prometheus stack makes an `Alertmanager` of these values.
    if key == Some("alertmanagerSpec") {
        // Unless its values say otherwise, that chart selects every object of every namespace.
        let mut made = alertmanager(input, node, node.span);
        made.selector = made.selector.or_else(|| Some(Selector::default()));
        made.namespaces = made.namespaces.or_else(|| Some(Selector::default()));
        facts.model.routing.alertmanagers.push(made);
    }
    if let Some(mut tree) = native(input, node, map, facts) {
        // Values of the chart of the Prometheus stack (`alertmanager.config`), or a file in an object.
        tree.operated = key.is_some_and(|key| key == "config" || FILES.contains(&key));
        facts.model.routing.trees.push(tree);
        return;
    }
    for entry in &map.entries {
        visit(input, &entry.value, Some(&entry.key), facts);
    }
}

/// Configurations in the values of a Secret or `ConfigMap`.
fn embedded_trees(input: &Input<'_>, map: &Map, facts: &mut Facts) {
    let namespace = map.get("metadata").and_then(|metadata| metadata.get("namespace")).and_then(Node::scalar);
    for (entry, encoded) in embedded::texts(map).filter(|(entry, _)| FILES.contains(&entry.key.as_str())) {
        let documents = if encoded {
            embedded::yaml_in_base64(&entry.value)
        } else {
            embedded::yaml_in(input.source, &entry.value)
        };
        for document in documents {
            let Some(map) = document.as_map() else { continue };
            if let Some(mut tree) = native(input, &document, map, facts) {
                let words: Vec<&str> = namespace.iter().map(Text::as_str).collect();
                tree.place = input.place(tree.place.span, &words);
                tree.operated = true;
                for receiver in &mut tree.receivers {
                    receiver.place.environment = tree.place.environment.clone();
                }
                facts.model.routing.trees.push(tree);
            }
        }
    }
}

/// An Alertmanager's configuration, when a mapping is one.
fn native(input: &Input<'_>, node: &Node, map: &Map, facts: &mut Facts) -> Option<Tree> {
    let prefixed = map.get("alertmanager_route").is_some();
    let key = |name: &str| {
        let entry = if prefixed { map.entry(&format!("alertmanager_{name}")) } else { map.entry(name) };
        entry.map(|entry| &entry.value)
    };
    let (route, receivers) = (key("route")?, key("receivers")?);
    let named = |item: &Node| item.get("name").is_some();
    let is_list = !receivers.items().is_empty() && receivers.items().iter().all(named);
    if route.as_map().is_none() || !is_list || route.get("receiver").is_none() {
        return None;
    }
    let head =
        map.entry(if prefixed { "alertmanager_route" } else { "route" }).map_or(node.span, |entry| entry.key_span);
    let place = input.place(head, &[]);
    let keys = Keys { resource: false };
    let mut intervals = Vec::new();
    for list in [key("time_intervals"), key("mute_time_intervals")].into_iter().flatten() {
        intervals.extend(interval::read(list));
    }
    let inhibitions = key("inhibit_rules").map_or(&[][..], Node::items);
    Some(Tree {
        source: Text::const_new("alertmanager"),
        name: input.source.path.rsplit('/').next().unwrap_or_default().into(),
        root: keys.branch(route, facts),
        receivers: receivers.items().iter().filter_map(|item| receiver::read(item, "alertmanager", &place)).collect(),
        intervals,
        inhibitions: inhibitions.iter().map(|item| Keys::inhibition(item, &place, facts)).collect(),
        part: None,
        operated: false,
        place,
    })
}

/// An `AlertmanagerConfig`.
/// <https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1alpha1.AlertmanagerConfig>
fn resource(input: &Input<'_>, node: &Node, facts: &mut Facts) -> Option<Tree> {
    let (metadata, spec) = (node.get("metadata")?, node.get("spec")?);
    let named = metadata.get("name")?;
    let namespace =
        metadata.get("namespace").map_or_else(|| Fact::absent(named.span), |node| Fact::read(node, Node::scalar));
    let words: Vec<&str> = namespace.value().map(Text::as_str).into_iter().collect();
    let place = input.place(named.span, &words);
    let name = named.scalar()?;
    let keys = Keys { resource: true };
    let route = spec.get("route").filter(|route| !route.is_null())?;
    let intervals = [spec.get("muteTimeIntervals"), spec.get("timeIntervals")];
    let receivers = spec.get("receivers").map_or(&[][..], Node::items);
    let inhibitions = spec.get("inhibitRules").or_else(|| spec.get("inhibit_rules")).map_or(&[][..], Node::items);
    Some(Tree {
        source: Text::const_new("alertmanager"),
        name: compact_str::format_compact!("AlertmanagerConfig/{name}"),
        root: keys.branch(route, facts),
        receivers: receivers.iter().filter_map(|item| receiver::read(item, "alertmanager", &place)).collect(),
        intervals: intervals.into_iter().flatten().flat_map(interval::read).collect(),
        inhibitions: inhibitions.iter().map(|item| Keys::inhibition(item, &place, facts)).collect(),
        operated: false,
        part: Some(Part { name, namespace, labels: Labels::read(metadata.get("labels")) }),
        place,
    })
}

fn alertmanager(input: &Input<'_>, spec: &Node, span: Span) -> Alertmanager {
    let selector = |key: &str| {
        let node = spec.get(key).filter(|node| !node.is_null());
        node.map(|node| super::kubernetes::label_selector(Some(node)))
    };
    Alertmanager {
        place: input.place(span, &[]),
        global: spec.at(&["alertmanagerConfiguration", "name"]).and_then(Node::scalar),
        namespace: Fact::default(),
        selector: selector("alertmanagerConfigSelector"),
        namespaces: selector("alertmanagerConfigNamespaceSelector"),
        strategy: spec.at(&["alertmanagerConfigMatcherStrategy", "type"]).and_then(Node::scalar),
    }
}

/// A route in the spelling of Alertmanager's own configuration, which Grafana's provisioning shares.
pub(super) fn branch(node: &Node, facts: &mut Facts) -> Branch {
    Keys { resource: false }.branch(node, facts)
}

/// A named time interval in the spelling of Alertmanager.
pub(super) fn interval_of(node: &Node) -> Vec<crate::model::routing::Interval> {
    interval::read(&Node::new(Value::List(vec![node.clone()]), node.span))
}

/// The two spellings of the same fields.
#[derive(Clone, Copy)]
struct Keys {
    /// An `AlertmanagerConfig`, which writes `camelCase` and matchers as objects.
    resource: bool,
}

impl Keys {
    fn get<'n>(self, node: &'n Node, snake: &str, camel: &str) -> Option<&'n Node> {
        let found = if self.resource { node.get(camel).or_else(|| node.get(snake)) } else { node.get(snake) };
        found.filter(|node| !node.is_null())
    }

    /// Reads a route and those below it. Nesting is bounded by the parser.
    fn branch(self, node: &Node, facts: &mut Facts) -> Branch {
        let mut branch = Branch {
            span: node.span,
            receiver: match self.get(node, "receiver", "receiver") {
                Some(named) => written(named),
                None => Fact::absent(node.span),
            },
            continues: self.get(node, "continue", "continue").and_then(Node::as_bool) == Some(true),
            mute: names(self.get(node, "mute_time_intervals", "muteTimeIntervals")),
            active: names(self.get(node, "active_time_intervals", "activeTimeIntervals")),
            ..Branch::default()
        };
        if let Some(unknown) = node.as_unknown() {
            branch.unreadable = Some(unknown.clone());
            branch.receiver = Fact::unknown(unknown.clone());
        }
        // A finding about a route underlines its first line.
        if let Some(first) = node.entries().first() {
            branch.span = first.key_span.to(first.value.span);
            if first.value.as_map().is_some() || !first.value.items().is_empty() {
                branch.span = first.key_span;
            }
        }
        for (key, operator) in [("match", Operator::Equal), ("match_re", Operator::Matches)] {
            for entry in node.get(key).map_or(&[][..], Node::entries) {
                Self::add(&mut branch, &written(&entry.value), facts, |value| {
                    let matcher = LabelMatcher::new(entry.key.clone(), operator, value, entry.value.span);
                    if matcher.is_readable() { Ok(vec![matcher]) } else { Err(no_pattern(&matcher)) }
                });
            }
        }
        let matchers = self.get(node, "matchers", "matchers").or_else(|| node.get("object_matchers"));
        let (list, unreadable) = Self::matchers(matchers, facts);
        branch.matchers.extend(list);
        branch.unreadable = branch.unreadable.or(unreadable);
        match self.get(node, "routes", "routes") {
            Some(Node { value: Value::Unknown(unknown), span, .. }) => {
                let unread = Fact::unknown((**unknown).clone());
                let below = Branch {
                    span: *span,
                    receiver: unread,
                    unreadable: Some((**unknown).clone()),
                    ..Branch::default()
                };
                branch.routes.push(below);
            }
            Some(routes) => branch.routes = routes.items().iter().map(|route| self.branch(route, facts)).collect(),
            None => {}
        }
        branch
    }

    fn add(
        branch: &mut Branch,
        value: &Fact<Text>,
        facts: &mut Facts,
        make: impl FnOnce(Text) -> Result<Vec<LabelMatcher>, String>,
    ) {
        let span = value.span.unwrap_or(branch.span);
        let (matchers, unreadable) = one(value, span, facts, make);
        branch.matchers.extend(matchers);
        branch.unreadable = branch.unreadable.take().or(unreadable);
    }

    /// A list of matchers: strings, or objects of name, operator and value.
    fn matchers(list: Option<&Node>, facts: &mut Facts) -> (Vec<LabelMatcher>, Option<Unknown>) {
        let (mut found, mut unreadable) = (Vec::new(), list.and_then(Node::as_unknown).cloned());
        for item in list.map_or(&[][..], Node::items) {
            let (matchers, unread) = match &item.value {
                Value::Map(_) => Self::object(item, facts),
                // Grafana's form: `[label, operator, value]`.
                Value::List(parts) => triple(parts, item.span, facts),
                _ => one(&written(item), item.span, facts, |text| matcher::read(&text, item.span)),
            };
            found.extend(matchers);
            unreadable = unreadable.or(unread);
        }
        (found, unreadable)
    }

    /// A matcher of an `AlertmanagerConfig`: `matchType` defaults to `=`, and the older `regex: true` to `=~`.
    fn object(item: &Node, facts: &mut Facts) -> (Vec<LabelMatcher>, Option<Unknown>) {
        let Some(label) = item.get("name").and_then(Node::scalar) else { return (Vec::new(), None) };
        let regex = item.get("regex").and_then(Node::as_bool) == Some(true);
        let written_kind = item.get("matchType").and_then(Node::as_str);
        let kind = written_kind.filter(|kind| !kind.is_empty());
        let operator = kind.and_then(Operator::of).unwrap_or(if regex { Operator::Matches } else { Operator::Equal });
        let value = item.get("value").map_or_else(|| Fact::known(Text::default(), item.span), written);
        one(&value, item.span, facts, |value| {
            let mut matcher = LabelMatcher::new(label, operator, value, item.span);
            // `matchType: !=` without quotes is a tag of YAML, and nothing after it.
            matcher.untyped = written_kind.is_some_and(str::is_empty);
            if matcher.is_readable() { Ok(vec![matcher]) } else { Err(no_pattern(&matcher)) }
        })
    }

    fn inhibition(node: &Node, place: &Place, facts: &mut Facts) -> Inhibition {
        let side = |keys: [&str; 4], facts: &mut Facts| {
            let [matchers, camel, plain, pattern] = keys;
            let (mut found, _) = Self::matchers(node.get(matchers).or_else(|| node.get(camel)), facts);
            for (key, operator) in [(plain, Operator::Equal), (pattern, Operator::Matches)] {
                for entry in node.get(key).map_or(&[][..], Node::entries) {
                    let value = entry.value.scalar().unwrap_or_default();
                    found.push(LabelMatcher::new(entry.key.clone(), operator, value, entry.value.span));
                }
            }
            found
        };
        let sources = side(["source_matchers", "sourceMatch", "source_match", "source_match_re"], facts);
        let targets = side(["target_matchers", "targetMatch", "target_match", "target_match_re"], facts);
        let span = node.entries().first().map_or(node.span, |entry| entry.key_span);
        let equal: Vec<Text> = node.get("equal").map_or(&[][..], Node::items).iter().filter_map(Node::scalar).collect();
        Inhibition {
            name: compact_str::format_compact!("{} silences {}", shown(&sources), shown(&targets)),
            place: Place { span, ..place.clone() },
            source: shown(&sources),
            target: shown(&targets),
            narrow: Fact::known(!(equal.is_empty() && is_broad(&sources) && is_broad(&targets)), span),
            equal,
            sources,
            targets,
            ..Inhibition::default()
        }
    }
}

/// Whether matchers ask for nothing but a severity.
fn is_broad(matchers: &[LabelMatcher]) -> bool {
    const SEVERITIES: &[&str] = &["severity", "priority", "level", "sev", "urgency"];
    matchers.iter().all(|matcher| SEVERITIES.contains(&matcher.label.as_str()))
}

fn triple(parts: &[Node], span: Span, facts: &mut Facts) -> (Vec<LabelMatcher>, Option<Unknown>) {
    let [label, operator, value] = parts else { return (Vec::new(), None) };
    let (Some(label), Some(operator)) = (label.scalar(), operator.as_str().and_then(Operator::of)) else {
        return (Vec::new(), None);
    };
    one(&written(value), span, facts, |value| {
        let matcher = LabelMatcher::new(label, operator, value, span);
        if matcher.is_readable() { Ok(vec![matcher]) } else { Err(no_pattern(&matcher)) }
    })
}

fn no_pattern(matcher: &LabelMatcher) -> String {
    format!("`{}` is no regular expression", matcher.value)
}

/// The matchers of one value; unknown where the value is, and a problem where they cannot be read.
fn one(
    value: &Fact<Text>,
    span: Span,
    facts: &mut Facts,
    make: impl FnOnce(Text) -> Result<Vec<LabelMatcher>, String>,
) -> (Vec<LabelMatcher>, Option<Unknown>) {
    if let Some(unknown) = value.reason() {
        return (Vec::new(), Some(unknown.clone()));
    }
    let text = value.value().cloned().unwrap_or_default();
    match make(text) {
        Ok(matchers) => (matchers, None),
        Err(complaint) => {
            let help = "check it with `amtool check-config`; what this route takes is unknown";
            facts.problems.push(Problem::at(Fault::Input, span, format!("not a matcher: {complaint}"), help));
            (Vec::new(), Some(Unknown::new(format!("a matcher cannot be read: {complaint}"), "mend the matcher", span)))
        }
    }
}

/// A scalar as text; unknown while something has yet to fill it in.
fn written(node: &Node) -> Fact<Text> {
    match node.as_str() {
        Some(text) if text.contains("{{") || text.contains("${") => Fact::unknown(Unknown::new(
            format!("`{}` is filled in when it is applied", text.trim()),
            "audit the rendered configuration",
            node.span,
        )),
        _ => Fact::read(node, Node::scalar),
    }
}

fn names(list: Option<&Node>) -> Vec<(Text, Span)> {
    let items = list.map_or(&[][..], Node::items).iter();
    items.filter_map(|item| Some((item.scalar()?, item.span))).collect()
}

#[cfg(test)]
mod tests;
