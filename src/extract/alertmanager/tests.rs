//! Configurations as people write them.

use super::*;
use crate::extract::read_yaml;
use crate::model::routing::Reach;

fn trees(text: &str) -> Vec<Tree> {
    read_yaml("monitoring/x.yaml", text).1.model.routing.trees
}

fn said(branch: &Branch) -> String {
    let below: Vec<String> = branch.routes.iter().map(said).collect();
    let receiver = branch.receiver.value().map_or("-", Text::as_str);
    let goes_on = if branch.continues { "+" } else { "" };
    let own = format!("{receiver}{goes_on}[{}]", shown(&branch.matchers));
    if below.is_empty() { own } else { format!("{own}({})", below.join(" ")) }
}

#[test]
fn a_configuration_is_found_by_its_form() {
    let native =
        "route:\n  receiver: a\n  routes:\n  - matchers: [x=~\"y|z\"]\n    continue: true\nreceivers:\n- name: a\n";
    let expected = "a[everything](-+[x=~\"y|z\"])";
    let indented = native.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n");
    for text in [
        native.to_owned(),
        format!("alertmanager:\n  config:\n{indented}"),
        format!("kind: Secret\napiVersion: v1\nmetadata: {{name: a}}\nstringData:\n  alertmanager.yaml: |\n{indented}"),
        format!("kind: HelmRelease\napiVersion: x/v2\nspec:\n  values:\n{indented}"),
        native.replace("route:", "alertmanager_route:").replace("receivers:", "alertmanager_receivers:"),
    ] {
        let found = trees(&text);
        assert_eq!(found.iter().map(|tree| said(&tree.root)).collect::<Vec<_>>(), [expected], "{text}");
        assert!(found[0].part.is_none());
    }
    for text in [
        "route: { receiver: a }\nreceivers: []\n",
        "route: /pay\nreceivers: [{ name: a }]\n",
        "receivers:\n  otlp: {}\nroute: { receiver: a }\n",
        "apiVersion: x/v1\nkind: CustomResourceDefinition\nspec: { route: { receiver: a }, receivers: [{ name: a }] }\n",
    ] {
        assert_eq!(trees(text).len(), 0, "{text}");
    }
}

#[test]
fn an_object_of_the_operator_is_a_part() {
    let found = trees(
        "apiVersion: monitoring.coreos.com/v1alpha1\nkind: AlertmanagerConfig\nmetadata: { name: a, namespace: shop }\n\
         spec:\n  route:\n    receiver: p\n    groupBy: [x]\n    routes:\n    - receiver: q\n      matchers:\n      \
         - { name: team, value: a }\n      - { name: app, value: b.*, matchType: =~ }\n      - { name: x, value: y, regex: true }\n  \
         receivers:\n  - name: p\n    pagerdutyConfigs: [{}]\n  - name: q\n    slackConfigs: [{ channel: '#a' }]\n  \
         - name: n\n",
    );
    assert_eq!(said(&found[0].root), "p[everything](q[team=\"a\", app=~\"b.*\", x=~\"y\"])");
    assert_eq!(found[0].part.as_ref().unwrap().namespace.value().map(Text::as_str), Some("shop"));
    let reach = |index: usize| found[0].receivers[index].integrations.iter().map(|found| found.reach).max();
    assert_eq!((reach(0), reach(1), reach(2)), (Some(Reach::Pager), Some(Reach::Chat), None));
    assert_eq!(found[0].receivers[1].calls, ["slack #a"]);
}

#[test]
fn what_cannot_be_read_is_unknown_and_said() {
    let (_, facts) = read_yaml(
        "am.yml",
        "route:\n  receiver: a\n  routes:\n  - matchers: ['severity']\n  - match_re: { x: '(' }\n  \
         - matchers: ['x=\"${TEAM}\"']\nreceivers:\n- name: a\n",
    );
    let tree = &facts.model.routing.trees[0];
    assert!(tree.root.routes.iter().all(|route| route.unreadable.is_some() && route.matchers.is_empty()));
    assert_eq!(facts.problems.len(), 2, "a substitution is no fault: {:?}", facts.problems);
}

#[test]
fn routes_that_recurse_by_alias_end() {
    let text = "route: &r\n  receiver: a\n  routes: [*r]\nreceivers:\n- name: a\n";
    let id = crate::source::SourceId(0);
    let parsed = crate::parse::yaml::parse(id, text);
    let source = crate::source::Source::new("am.yml", text);
    let environments = crate::model::Environments::default();
    let input = Input {
        id,
        source: &source,
        document: &parsed.document,
        environments: &environments,
        runbook_folders: &globset::GlobSet::default(),
        environment: None,
        library: false,
        sources: None,
    };
    let mut facts = Facts::default();
    extract(&input, &mut facts);
    assert!(facts.model.routing.trees.len() <= 1);
}
