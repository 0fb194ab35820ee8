//! Trees as people write them, and where alerts end in them.

use crate::extract::read_yaml;
use crate::model::{Alert, Environments, Model};

/// A file with a configuration and rules, joined.
fn joined(text: &str) -> Model {
    let (_, facts) = read_yaml("monitoring/all.yaml", text);
    let mut model = facts.model;
    super::join(&mut model, &Environments::default());
    model
}

fn alert<'m>(model: &'m Model, name: &str) -> &'m Alert {
    model.alerts.iter().find(|alert| alert.plain_name == name).unwrap()
}

fn ends(model: &Model, name: &str) -> Vec<String> {
    let said = |hit: &crate::model::routing::Hit| {
        let receiver = hit.receiver.map_or("?", |id| model[id].plain_name.as_str());
        if hit.depends_on.is_some() { format!("({receiver})") } else { receiver.to_owned() }
    };
    alert(model, name).delivery.hits.iter().map(said).collect()
}

const TREE: &str = "
route:
  receiver: chat
  routes:
  - { receiver: pager, matchers: ['severity=\"page\"'], routes: [{ receiver: owner, matchers: ['namespace=~\"shop|mail\"'] }] }
  - { receiver: void, matchers: ['team=\"gone\"'] }
receivers:
- name: chat
  slack_configs: [{ channel: '#a' }]
- name: pager
  pagerduty_configs: [{}]
- name: owner
  opsgenie_configs: [{}]
- name: void
---
groups:
- name: g
  rules:
";

fn rules(list: &[(&str, &str, &str)]) -> String {
    let one = |(name, expr, labels): &(&str, &str, &str)| {
        format!("  - {{ alert: {name}, expr: '{expr}', labels: {{ {labels} }} }}")
    };
    format!("{TREE}{}\n", list.iter().map(one).collect::<Vec<_>>().join("\n"))
}

#[test]
fn labels_of_rules_and_selectors_are_known_and_others_are_not() {
    let model = joined(&rules(&[
        ("Fixed", "up{namespace=\"shop\"} == 0", "severity: page"),
        ("Summed", "sum(up) == 0", "severity: page"),
        ("Open", "up == 0", "severity: page"),
        ("Grouped", "sum by (namespace) (up) == 0", "severity: page"),
        ("Template", "sum(up) == 0", "team: \"{{ $labels.team }}\""),
        ("Dropped", "sum(up) == 0", "team: gone"),
        ("Falls", "sum(up) == 0", "severity: ticket"),
    ]));
    assert_eq!(ends(&model, "Fixed"), ["owner"]);
    assert_eq!(ends(&model, "Summed"), ["pager"]);
    assert_eq!(ends(&model, "Open"), ["(owner)", "(pager)"]);
    assert_eq!(ends(&model, "Grouped"), ["(owner)", "(pager)"]);
    assert_eq!(ends(&model, "Template"), ["(void)", "(chat)"]);
    assert_eq!(ends(&model, "Dropped"), ["void"]);
    assert_eq!(ends(&model, "Falls"), ["chat"]);
    // Whichever it is, it rings.
    assert!(alert(&model, "Open").delivery.pager.is_true());
    assert!(alert(&model, "Template").delivery.somebody.reason().is_some());
    assert!(alert(&model, "Dropped").delivery.somebody.is_false());
    assert!(alert(&model, "Falls").delivery.pager.is_false());
}

#[test]
fn a_part_is_asked_for_its_namespace_first_and_lets_others_be_asked() {
    let part = |namespace: &str| {
        format!(
            "---\napiVersion: monitoring.coreos.com/v1alpha1\nkind: AlertmanagerConfig\n\
             metadata: {{ name: a{namespace} }}\nspec:\n  route: {{ receiver: own }}\n  \
             receivers: [{{ name: own, pagerdutyConfigs: [{{}}] }}]\n"
        )
    };
    let rules =
        "---\ngroups:\n- name: g\n  rules:\n  - { alert: A, expr: 'sum by (namespace) (up{namespace=\"shop\"})' }\n";
    let secret = "---\nkind: Secret\napiVersion: v1\nmetadata: { name: a }\nstringData:\n  alertmanager.yaml: |\n    \
                  route: { receiver: chat }\n    receivers: [{ name: chat, slack_configs: [{}] }]\n";
    let shop = part(", namespace: shop");
    assert_eq!(ends(&joined(&format!("{shop}{rules}{secret}")), "A"), ["own"]);
    assert_eq!(ends(&joined(&format!("{}{rules}{secret}", part(", namespace: mail"))), "A"), ["chat"]);
    assert_eq!(ends(&joined(&format!("{}{rules}{secret}", part(""))), "A"), ["(own)", "(chat)"]);
    // Without the configuration that it is added to, only what it takes itself is known.
    assert_eq!(ends(&joined(&format!("{shop}{rules}")), "A"), ["own"]);
    let model = joined(&format!("{}{rules}", part(", namespace: mail")));
    assert!(alert(&model, "A").delivery.somebody.reason().is_some());
}

#[test]
fn an_enormous_tree_is_walked_in_bounds() {
    let routes = (0..20_000).map(|number| format!("  - {{ receiver: a, match: {{ team: t{number} }} }}"));
    let mut text = format!("route:\n  receiver: a\n  routes:\n{}\n", routes.collect::<Vec<_>>().join("\n"));
    text.push_str("receivers:\n- name: a\n---\ngroups:\n- name: g\n  rules:\n  - { alert: A, expr: sum(up), labels: { team: t19999 } }\n");
    assert_eq!(ends(&joined(&text), "A"), ["a"]);
}

#[test]
fn names_with_control_characters_are_only_text() {
    let model = joined(&rules(&[("\"A\\e[31m<b>\"", "sum(up) == 0", "severity: page")]));
    assert_eq!(ends(&model, "A\u{1b}[31m<b>"), ["pager"]);
}

#[test]
fn an_alertmanager_loads_what_it_selects() {
    let ends_with = |spec: &str| {
        let text = format!(
            "apiVersion: monitoring.coreos.com/v1\nkind: Alertmanager\nmetadata: {{ name: main, namespace: monitoring }}\n\
             spec: {{ {spec} }}\n---\napiVersion: monitoring.coreos.com/v1alpha1\nkind: AlertmanagerConfig\n\
             metadata: {{ name: a, namespace: shop, labels: {{ team: shop }} }}\nspec:\n  route: {{ receiver: own }}\n  \
             receivers: [{{ name: own, pagerdutyConfigs: [{{}}] }}]\n---\ngroups:\n- name: g\n  rules:\n  \
             - {{ alert: A, expr: 'sum by (namespace) (up{{namespace=\"shop\"}})' }}\n---\nkind: Secret\napiVersion: v1\n\
             metadata: {{ name: a }}\nstringData:\n  alertmanager.yaml: |\n    route: {{ receiver: chat }}\n    \
             receivers: [{{ name: chat, slack_configs: [{{}}] }}]\n"
        );
        ends(&joined(&text), "A")
    };
    let everywhere = "alertmanagerConfigNamespaceSelector: {}";
    assert_eq!(ends_with(&format!("alertmanagerConfigSelector: {{}}, {everywhere}")), ["own"]);
    assert_eq!(
        ends_with(&format!("alertmanagerConfigSelector: {{ matchLabels: {{ team: shop }} }}, {everywhere}")),
        ["own"]
    );
    assert_eq!(
        ends_with(&format!("alertmanagerConfigSelector: {{ matchLabels: {{ team: mail }} }}, {everywhere}")),
        ["chat"]
    );
    assert_eq!(ends_with("replicas: 3"), ["chat"], "no selector selects nothing");
    assert_eq!(ends_with("alertmanagerConfigSelector: {}"), ["chat"], "its own namespace is another");
    let named = "alertmanagerConfigNamespaceSelector: { matchLabels: { kubernetes.io/metadata.name: shop } }";
    assert_eq!(ends_with(&format!("alertmanagerConfigSelector: {{}}, {named}")), ["own"]);
    let labelled = "alertmanagerConfigNamespaceSelector: { matchLabels: { alerts: here } }";
    assert_eq!(ends_with(&format!("alertmanagerConfigSelector: {{}}, {labelled}")), ["(own)", "(chat)"]);
}
