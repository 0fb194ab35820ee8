//! Grafana's dashboards: files of JSON, and the same inside of `ConfigMap`s, of Helm values and of the operator's
//! objects. Uses `source`, `tree`, `model` and the reader of `PromQL`.
//!
//! <https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/>

mod variable;

use std::cell::LazyCell;

use self::variable::Variables;
use super::{Facts, Input, embedded, prometheus};
use crate::model::alert::Watch;
use crate::model::dashboard::{Panel, Query};
use crate::model::{Dashboard, Place};
use crate::source::{Source, Span};
use crate::tree::{Format, Node, Text, Value};

/// What says that dashboards are fetched from elsewhere: by number from Grafana's collection, or by address.
const FETCHED: &[&str] = &["gnetId:", "grafana.com/api/dashboards", "grafanaCom:"];

/// Sources of data whose queries are no `PromQL`.
const OTHER_SOURCES: &[&str] = &["loki", "tempo", "elasticsearch", "cloudwatch", "stackdriver", "postgres", "mysql"];

/// Rows may hold panels, and a panel that is folded up may too; deeper than this nobody nests.
const MOST_NESTED: usize = 4;

/// Adds the dashboards of a file.
pub(super) fn extract(input: &Input<'_>, facts: &mut Facts) {
    // A rendered document may be made of texts that stand in any file.
    let source = input.sources.is_none().then_some(input.source);
    let speaks = LazyCell::new(|| source.is_none_or(|source| speaks_of_panels(&source.text)));
    for document in input.document.values() {
        let bodies =
            if source.is_some() { body(document).into_iter().collect() } else { bodies(document, MOST_NESTED) };
        for body in &bodies {
            facts.model.add(dashboard(body, |span| input.place(span, &[]), &input.source.path));
        }
        if bodies.is_empty() && *speaks {
            inside(input, source, document, facts);
        }
    }
    // A page may tell of such a setting without being one.
    let settings = source.filter(|_| input.document.format != Format::Markdown);
    if let Some(at) = FETCHED.iter().find_map(|sign| settings?.text.find(sign)) {
        let reason = Text::const_new("some dashboards are fetched from elsewhere");
        facts.model.surroundings.unread_dashboards.push((reason, Span::new(input.id, at, at + 1)));
    }
}

/// The dashboard that a document is, or that an answer of Grafana's interface wraps.
pub(super) fn body(document: &Node) -> Option<&Node> {
    let is_one = |node: &&Node| {
        let panels =
            ["panels", "rows"].iter().filter_map(|key| node.get(key)).any(|list| matches!(list.value, Value::List(_)));
        panels && ["title", "uid", "schemaVersion"].iter().any(|key| node.get(key).is_some())
    };
    [Some(document), document.get("dashboard")].into_iter().flatten().find(is_one)
}

/// The dashboards that a program makes together, by their files or in a list.
fn bodies(node: &Node, depth: usize) -> Vec<&Node> {
    if let Some(body) = body(node) {
        return vec![body];
    }
    let below = node.items().iter().chain(node.entries().iter().map(|entry| &entry.value));
    below.filter(|_| depth > 0).flat_map(|node| bodies(node, depth - 1)).collect()
}

/// Whether a text may hold a dashboard.
fn speaks_of_panels(text: &str) -> bool {
    text.contains("\"panels\"") || text.contains("\"rows\"")
}

/// The dashboards in texts of a document.
fn inside(input: &Input<'_>, source: Option<&Source>, node: &Node, facts: &mut Facts) {
    for item in node.items() {
        inside(input, source, item, facts);
    }
    for entry in node.entries() {
        inside(input, source, &entry.value, facts);
    }
    let Some(text) = node.as_str().filter(|text| text.trim_start().starts_with('{')) else { return };
    if !speaks_of_panels(text) {
        return;
    }
    let Some(document) = embedded::json_in(source, node) else { return };
    let Some(body) = body(&document) else { return };
    facts.model.add(dashboard(body, |span| input.place(span, &[]), &input.source.path));
}

/// The dashboard that a body in JSON is, in a file of this path.
pub(super) fn dashboard(body: &Node, place: impl FnOnce(Span) -> Place, path: &str) -> Dashboard {
    let titled = body.get("title");
    let stem = path.rsplit('/').next().unwrap_or(path).split('.').next().unwrap_or(path);
    let name = titled.and_then(Node::scalar).filter(|title| !title.contains("{{")).unwrap_or_else(|| stem.into());
    let variables = Variables::read(body);
    let mut shows = Vec::new();
    panels(body, &variables, MOST_NESTED, &mut shows);
    shows.extend(variables.asked());
    let asking = shows.iter().filter(|panel| panel.queries.iter().any(|query| !query.watches.is_empty())).count();
    Dashboard {
        name,
        place: place(titled.map_or(body.span, |node| node.span)),
        uid: body.get("uid").and_then(Node::scalar).unwrap_or_default(),
        panels: i64::try_from(asking).unwrap_or(i64::MAX),
        shows,
        ..Dashboard::default()
    }
}

fn panels(node: &Node, variables: &Variables, depth: usize, shows: &mut Vec<Panel>) {
    if depth == 0 {
        return;
    }
    for list in ["panels", "rows"].iter().filter_map(|key| node.get(key)) {
        for panel in list.items() {
            panels(panel, variables, depth - 1, shows);
            let of = source_type(panel);
            let targets = panel.get("targets").map_or(&[][..], Node::items);
            let queries: Vec<Query> =
                targets.iter().filter_map(|target| query(target, of.as_ref(), variables)).collect();
            if !queries.is_empty() {
                let title = panel.get("title").and_then(Node::scalar).unwrap_or_default();
                shows.push(Panel { title, queries });
            }
        }
    }
}

/// The type of the source of data that a panel or a target names.
fn source_type(node: &Node) -> Option<Text> {
    node.at(&["datasource", "type"]).and_then(Node::scalar)
}

fn query(target: &Node, of_panel: Option<&Text>, variables: &Variables) -> Option<Query> {
    let asked = target.get("expr")?;
    // What was switched off by hand shows nothing on purpose.
    if target.get("hide").and_then(Node::as_bool) == Some(true) {
        return None;
    }
    let unread = Query { span: asked.span, ..Query::default() };
    let of = source_type(target).or_else(|| of_panel.cloned()).unwrap_or_default();
    if OTHER_SOURCES.iter().any(|other| of.contains(other)) {
        return Some(unread);
    }
    let Some(written) = asked.as_str() else { return Some(unread) };
    Some(read(written, asked.span, variables))
}

/// What an expression asks for, with what its reader chooses left out.
fn read(written: &str, span: Span, variables: &Variables) -> Query {
    let attempts = variables.filled(written);
    let Some(watches) = attempts.iter().find_map(|text| prometheus::asked(text)) else {
        return Query { span, ..Query::default() };
    };
    let watches = watches.into_iter().filter_map(|watch| match watch {
        Watch::Series { metric, matchers } => {
            let metric = metric.filter(|name| !variable::is_chosen(name));
            let matchers: Vec<_> = matchers.into_iter().filter(|(.., value)| !variable::is_chosen(value)).collect();
            (metric.is_some() || !matchers.is_empty()).then_some(Watch::Series { metric, matchers })
        }
        other @ Watch::Dimension { .. } => Some(other),
    });
    let copes = written
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .any(|word| matches!(word, "or" | "unless" | "absent" | "absent_over_time" | "vector"));
    Query { span, watches: watches.collect(), read: true, copes }
}

#[cfg(test)]
mod tests {
    use crate::extract::read_yaml;
    use crate::model::alert::Watch;

    const BODY: &str = r#"{"title": "Till", "uid": "till", "schemaVersion": 39,
      "templating": {"list": [{"name": "pod", "type": "query", "query": "label_values(up{job=\"till\"}, pod)"}]},
      "panels": [
        {"type": "row", "panels": [{"title": "Sales", "targets": [
          {"expr": "sum(rate(till_sales_total{job=\"till\", pod=~\"$pod\"}[$__rate_interval]))"},
          {"expr": "old", "hide": true}]}]},
        {"title": "Log", "datasource": {"type": "loki"}, "targets": [{"expr": "{app=\"till\"}"}]}]}"#;

    #[test]
    fn panels_ask_for_series() {
        let (sources, facts) = read_yaml("dashboards/till.yaml", BODY);
        let dashboard = &facts.model.dashboards[0];
        assert_eq!((dashboard.name.as_str(), dashboard.uid.as_str(), dashboard.panels), ("Till", "till", 2));
        let sales = &dashboard.shows[0].queries;
        let matchers = vec![("job".into(), "=".into(), "till".into())];
        assert_eq!(sales.len(), 1);
        assert_eq!(sales[0].watches, [Watch::Series { metric: Some("till_sales_total".into()), matchers }]);
        assert!(sources.slice(sales[0].span).contains("till_sales_total"));
        assert!(!dashboard.shows[1].queries[0].read);
    }

    #[test]
    fn a_dashboard_may_stand_in_a_text() {
        let block = BODY.replace('\n', "\n    ");
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: d, labels: {{grafana_dashboard: '1'}}}}\ndata:\n  till.json: |\n    {block}\n"
        );
        let (sources, facts) = read_yaml("k8s/dashboards.yaml", &text);
        let dashboard = &facts.model.dashboards[0];
        assert_eq!(sources.slice(dashboard.place.span), "\"Till\"");
        assert_eq!(dashboard.panels, 2);
        let fetched = "dashboards:\n  default:\n    node:\n      gnetId: 1860\n";
        assert_eq!(read_yaml("values.yaml", fetched).1.model.surroundings.unread_dashboards.len(), 1);
    }
}
