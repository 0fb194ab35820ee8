//! Rules wherever they stand → alerts, and what stands under their spans.

use crate::extract::read_yaml;
use crate::model::Fact;
use crate::source::Sources;
use crate::tree::Text;

fn under<'a, T>(sources: &'a Sources, fact: &Fact<T>) -> &'a str {
    sources.slice(fact.span.unwrap())
}

const RULES: &str = r#"
groups:
  - name: checkout
    labels: {team: payments, severity: info}
    rules:
      - record: checkout:errors
        expr: sum(rate(errors_total[5m]))
      - alert: CheckoutDown
        expr: up{job="checkout"} == 0
        for: 1h30m
        labels: {severity: page}
        annotations:
          summary: Guests cannot pay
          runbook_url: >-
            https://github.com/x/y/blob/main/checkout.md
      - alert: CheckoutSlow
        expr: latency > 1
        annotations: {runbook: TODO}
"#;

#[test]
fn a_rule_file_gives_its_alerts() {
    let (sources, facts) = read_yaml("alerts/checkout.yml", RULES);
    assert_eq!(facts.problems, []);
    let [down, slow] = facts.model.alerts.as_slice() else { panic!("two alerts") };
    assert_eq!((down.name.as_str(), sources.slice(down.place.span)), ("CheckoutDown", "CheckoutDown"));
    assert!(down.pages.is_true() && down.notifies.is_true());
    assert_eq!(under(&sources, &down.severity), "page");
    assert_eq!((down.for_seconds.value(), under(&sources, &down.for_seconds)), (Some(&5400), "1h30m"));
    assert_eq!(under(&sources, &down.summary), "Guests cannot pay");
    assert_eq!(down.labels.value("team"), Some("payments"), "the group's");
    assert_eq!(down.runbook.url.value().map(Text::as_str), Some("https://github.com/x/y/blob/main/checkout.md"));
    assert!(sources.slice(down.runbook.span.unwrap()).starts_with(">-"));
    assert_eq!(down.watches.len(), 1);
    assert_eq!(slow.severity.value().map(Text::as_str), Some("info"), "the group's");
    assert!(slow.notifies.is_false() && slow.runbook.exists.is_false() && slow.summary.is_absent());
    assert_eq!((slow.for_seconds.value(), slow.keep_firing_seconds.is_absent()), (Some(&0), true));
    assert_eq!(sources.slice(slow.runbook.span.unwrap()), "TODO");
}

#[test]
fn a_runbook_is_a_link_to_follow() {
    let (sources, facts) = read_yaml("alerts/checkout.yml", RULES);
    let [link] = facts.model.links.as_slice() else { panic!("one link") };
    assert_eq!(link.name, "https://github.com/x/y/blob/main/checkout.md");
    assert_eq!(link.alert.map(|id| facts.model[id].name.as_str()), Some("CheckoutDown"));
    assert!(link.dead.reason().is_some());
    assert!(sources.slice(link.place.span).contains("checkout.md"));
}

#[test]
fn groups_are_found_in_objects_values_and_playbooks() {
    let rule = "{name: g, rules: [{alert: A, expr: up == 0}]}";
    for (text, namespace) in [
        (
            format!(
                "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {{name: r, namespace: shop}}\nspec: {{groups: [{rule}]}}\n"
            ),
            Some("shop"),
        ),
        (format!("namespace: shop\ngroups: [{rule}]\n"), None),
        (format!("additionalPrometheusRulesMap: {{shop: {{groups: [{rule}]}}}}\n"), None),
        (format!("- hosts: all\n  roles: [{{role: prometheus, prometheus_rule_groups: [{rule}]}}]\n"), None),
    ] {
        let (_, facts) = read_yaml("x.yaml", &text);
        assert_eq!(facts.model.alerts.len(), 1, "{text}");
        assert_eq!(facts.model.alerts[0].namespace.value().map(Text::as_str), namespace);
    }
}

#[test]
fn tests_and_schemas_are_no_alerts() {
    let test = "rule_files: [a.yml]\ntests:\n  - alert_rule_test:\n      - {eval_time: 1m, alertname: A, exp_alerts: [{exp_labels: {severity: page}}]}\n";
    assert_eq!(read_yaml("a_test.yml", test).1.model.alerts.len(), 0);
    let schema = "properties: {groups: {items: {properties: {name: {type: string}, rules: {items: {properties: {alert: {type: string}, expr: {type: string}}}}}}}}\n";
    assert_eq!(read_yaml("crd.yaml", schema).1.model.alerts.len(), 0);
}

#[test]
fn a_wrong_expression_is_a_problem_and_its_alert_is_kept() {
    let (sources, facts) = read_yaml(
        "a.yml",
        "groups:\n  - rules:\n      - alert: A\n        expr: up == ==\n      - alert: B\n        expr: up{job=\"{{ job }}\"} == 0\n",
    );
    assert_eq!(facts.model.alerts.len(), 2);
    assert_eq!(facts.problems.len(), 1, "a template is none");
    assert_eq!(sources.slice(facts.problems[0].span.unwrap()), "up == ==");
    assert!(facts.model.alerts.iter().all(|alert| alert.expression.reason().is_some()));
}

#[test]
fn heartbeats_and_drills_are_told_apart() {
    let (_, facts) = read_yaml(
        "a.yml",
        "groups:\n  - rules:\n      - {alert: Watchdog, expr: vector(1), labels: {severity: critical}}\n      - {alert: PagerDutyDrill, expr: (day_of_week() == 1) and (hour() == 10), labels: {severity: page}}\n      - {alert: InfoInhibitor, expr: ALERTS == 1, labels: {severity: warning}}\n",
    );
    let [watchdog, drill, inhibitor] = facts.model.alerts.as_slice() else { panic!("three alerts") };
    assert!(watchdog.heartbeat && watchdog.notifies.is_false() && watchdog.pages.is_false());
    assert!(drill.drill && !drill.heartbeat && drill.pages.is_true());
    assert!(inhibitor.notifies.is_false());
}
