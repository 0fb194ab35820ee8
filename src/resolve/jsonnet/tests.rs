//! Jsonnet: the answers of go-jsonnet, the places of alerts, and what hostile files do.

use super::*;
use crate::source::Source;

fn sources(files: &[(&str, &str)]) -> Sources {
    Sources::new(files.iter().map(|(path, text)| Source::new(*path, *text)).collect())
}

/// What one file evaluates to, or why not.
fn value(text: &str) -> Result<serde_json::Value, String> {
    let sources = sources(&[("it.jsonnet", text)]);
    let Evaluated { output, .. } =
        run(&Files::new(&sources), SourceId(0), Wanted { alerts: true, dashboards: false }, STEPS_OF_ONE);
    match (output.node, output.missing.into_iter().next()) {
        (_, Some(missing)) => Err(missing.what),
        (Some(node), None) => Ok(json(&node)),
        (None, None) => Err("a function".to_owned()),
    }
}

fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null | Value::Unknown(_) => serde_json::Value::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Int(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::String(text) => text.as_str().into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(map) => map.entries.iter().map(|entry| (entry.key.to_string(), json(&entry.value))).collect(),
    }
}

/// `answers.jsonl` holds expressions and what go-jsonnet 0.22 makes of them, or `error`.
#[test]
fn expressions_give_what_go_jsonnet_gives() {
    let (mut agreed, mut wrong) = (0, Vec::new());
    for line in include_str!("tests/answers.jsonl").lines() {
        let (text, answer): (String, String) = serde_json::from_str(line).expect("a line of answers");
        let ours = value(&text);
        let same = match (&ours, answer.as_str()) {
            (Err(_), "error") => true,
            (Ok(ours), _) => match serde_json::from_str::<serde_json::Value>(&answer) {
                Ok(theirs) => alike(ours, &theirs),
                Err(_) => false,
            },
            (Err(_), _) => false,
        };
        if same {
            agreed += 1;
        } else {
            wrong.push(format!("{text}\n  ours {ours:?}\n  go-jsonnet {answer}"));
        }
    }
    println!("{agreed} of {} expressions agree", agreed + wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Equal, numbers by their value.
fn alike(ours: &serde_json::Value, theirs: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Number, Object};
    match (ours, theirs) {
        (Number(ours), Number(theirs)) => ours
            .as_f64()
            .zip(theirs.as_f64())
            .is_some_and(|(ours, theirs)| (ours - theirs).abs() <= theirs.abs() * 1e-12),
        (Array(ours), Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| alike(ours, theirs))
        }
        (Object(ours), Object(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().all(|(key, ours)| theirs.get(key).is_some_and(|theirs| alike(ours, theirs)))
        }
        _ => ours == theirs,
    }
}

/// Every alert as `name file:line`, and the gaps.
fn evaluated(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let sources = sources(files);
    let generated = evaluate(&sources, &Environments::default());
    let mut alerts = Vec::new();
    for document in generated.documents {
        let mut node = document.node;
        retain(&mut node, &mut |name, span| {
            let source = sources.get(span.source);
            alerts.push(format!("{name} {}:{}", source.path, source.position(span.start).line));
            true
        });
    }
    let gaps = generated.gaps.iter().map(|gap| format!("{} {}", gap.path, gap.reason)).collect();
    (alerts, gaps)
}

const ALERTS: &str = "{
  prometheusAlerts+:: {
    groups+: [{
      name: 'shop',
      rules: [
        { alert: 'ShopDown', expr: 'up{%(selector)s} == 0' % $._config },
        { alert: '%sSlow' % $._config.name, expr: 'latency > 1' },
      ],
    }],
  },
}
";

const MIXIN: &str = "(import 'alerts/shop.libsonnet') + { _config+:: { selector: 'job=\"shop\"', name: 'Shop' } }";

#[test]
fn alerts_stand_where_their_names_are_written() {
    let files = [("mixin/alerts/shop.libsonnet", ALERTS), ("mixin/mixin.libsonnet", MIXIN)];
    let (alerts, gaps) = evaluated(&files);
    assert_eq!(
        alerts,
        ["ShopDown mixin/alerts/shop.libsonnet:6", "ShopSlow mixin/alerts/shop.libsonnet:7"],
        "through the mixin and not through the library"
    );
    assert_eq!(gaps, [] as [String; 0]);
}

#[test]
fn what_is_written_out_as_yaml_keeps_its_places() {
    for rendered in [
        "std.manifestYamlDoc((import 'mixin.libsonnet').prometheusAlerts)",
        "{ 'alerts.yaml': std.manifestJsonEx((import 'mixin.libsonnet').prometheusAlerts, '  ') }",
        "std.native('manifestYamlFromJson')(std.manifestJson((import 'mixin.libsonnet').prometheusAlerts))",
        "std.manifestYamlStream([{ apiVersion: 'monitoring.coreos.com/v1', kind: 'PrometheusRule',
           spec: (import 'mixin.libsonnet').prometheusAlerts }])",
        "function(cluster='eu') (import 'mixin.libsonnet').prometheusAlerts",
    ] {
        let files = [("a/alerts/shop.libsonnet", ALERTS), ("a/mixin.libsonnet", MIXIN), ("a/alerts.jsonnet", rendered)];
        let (alerts, gaps) = evaluated(&files);
        assert_eq!(alerts, ["ShopDown a/alerts/shop.libsonnet:6", "ShopSlow a/alerts/shop.libsonnet:7"], "{rendered}");
        assert_eq!(gaps, [] as [String; 0]);
    }
}

#[test]
fn libraries_are_found_in_vendor_and_their_alerts_come_through_who_uses_them() {
    let main = "(import 'github.com/acme/shop/mixin.libsonnet') { _config+:: { name: 'Store' } }";
    let (alerts, gaps) = evaluated(&[
        ("env/main.jsonnet", main),
        ("vendor/github.com/acme/shop/alerts/shop.libsonnet", ALERTS),
        ("vendor/github.com/acme/shop/mixin.libsonnet", MIXIN),
    ]);
    let library = "vendor/github.com/acme/shop/alerts/shop.libsonnet";
    assert_eq!(alerts, [format!("ShopDown {library}:6"), format!("StoreSlow {library}:7")]);
    assert_eq!(gaps, [] as [String; 0]);
}

#[test]
fn a_missing_import_hides_what_it_decides_and_nothing_else() {
    let (alerts, gaps) =
        evaluated(&[("main.jsonnet", "(import 'github.com/acme/shop/mixin.libsonnet').prometheusAlerts")]);
    assert_eq!(alerts, [] as [String; 0]);
    assert_eq!(
        gaps,
        ["main.jsonnet not analysed: import `github.com/acme/shop/mixin.libsonnet` is not in the repository"]
    );

    let dashboards = "(import 'grafonnet/grafana.libsonnet') + { grafanaDashboards:: {} }";
    let mixin = format!("(import 'dashboards.libsonnet') + {MIXIN}");
    let (alerts, gaps) = evaluated(&[
        ("alerts/shop.libsonnet", ALERTS),
        ("dashboards.libsonnet", dashboards),
        ("mixin.libsonnet", &mixin),
    ]);
    assert_eq!(alerts.len(), 2);
    let expected =
        "mixin.libsonnet in part not analysed: import `grafonnet/grafana.libsonnet` is not in the repository";
    assert_eq!(gaps, [format!("{expected} (in `dashboards.libsonnet`)")]);

    let (_, gaps) = evaluated(&[("x.jsonnet", "{ groups: [{ rules: [{ alert: std.extVar('name'), expr: 'up' }] }] }")]);
    assert_eq!(gaps, ["x.jsonnet not analysed: `std.extVar('name')` is given by whoever evaluates it"]);
}

#[test]
fn imports_lead_nowhere_outside_of_the_roots() {
    for path in ["/etc/passwd", "../../../etc/passwd", "../outside.libsonnet"] {
        let (_, gaps) = evaluated(&[("a.jsonnet", &format!("{{ alert: (import '{path}') }}"))]);
        assert_eq!(gaps, [format!("a.jsonnet not analysed: import `{path}` is not in the repository")]);
    }
}

#[test]
fn an_environment_of_its_own_has_alerts_of_its_own() {
    let main = "(import '../../mixin.libsonnet').prometheusAlerts";
    let (alerts, _) = evaluated(&[
        ("alerts/shop.libsonnet", ALERTS),
        ("environments/eu/main.jsonnet", main),
        ("environments/staging/main.jsonnet", main),
        ("environments/us/main.jsonnet", main),
        ("mixin.libsonnet", MIXIN),
    ]);
    assert_eq!(alerts.len(), 4, "once in production, once in staging: {alerts:?}");
}

#[test]
fn hostile_files_end_as_gaps() {
    for text in [
        "local f(n) = f(n - 1) + f(n - 1); { alert: f(60) }",
        "local f(n) = f(n + 1); { alert: f(0) }",
        "local a = 'xxxxxxxxxxxxxxxx'; std.foldl(function(s, i) s + s, std.range(1, 60), a)  // alert:",
        "{ alert: std.repeat('x', 1e9) }",
        "{ alert: std.range(1, 1e9) }",
        "{ alert: std.makeArray(1e9, function(i) i) }",
        "{ alert: '%999999999d' % 1 }",
        "{ alert: '%.*f' % [1e9, 1] }",
        "{ alert: [[[x, y, z] for x in std.range(1, 1000) for y in std.range(1, 1000) for z in std.range(1, 1000)]] }",
        "local x = x; { alert: x }",
        "{ alert: self.alert }",
        "{ alert: std.foldl(function(o, i) o + { [std.toString(i)]: o }, std.range(1, 100000), {}) }",
        "local a = { b: a }; { alert: std.toString(a) }",
        "local a = { b: a }; { alert: a }",
        "local a = { b: a }, c = { b: c }; { alert: a == c }",
        "{ alert: std.strReplace(std.repeat('a', 100000), 'a', std.repeat('b', 100000)) }",
        "import 'it.jsonnet'  // alert:",
        "{ alert: error 'x' }",
        "{ alert: 1 +",
        "\u{0} alert:",
    ] {
        let (alerts, gaps) = evaluated(&[("it.jsonnet", text)]);
        assert_eq!(alerts, [] as [String; 0], "{text}");
        assert_eq!(gaps.len(), 1, "{text}: {gaps:?}");
    }
    for nested in [
        format!("{}1{} // alert:", "[".repeat(100_000), "]".repeat(100_000)),
        format!("{}1 // alert:", "local a = ".repeat(100_000)),
        format!("{}1 // alert:", "local a = 1; ".repeat(100_000)),
        format!("{}1 // alert:", "-".repeat(100_000)),
        format!("{}1 // alert:", "- ".repeat(100_000)),
        format!("{}1 // alert:", "1 + ".repeat(100_000)),
        format!("{}1 // alert:", "if true then ".repeat(100_000)),
        format!("{}1 // alert:", "function(x) ".repeat(100_000)),
        format!("{}1 // alert:", "error ".repeat(100_000)),
        format!("{}1 // alert:", "assert ".repeat(100_000)),
        format!("{{}}{} // alert:", " {}".repeat(100_000)),
        format!("{{}}{} // alert:", ".a".repeat(100_000)),
    ] {
        let (alerts, _) = evaluated(&[("it.jsonnet", &nested)]);
        assert_eq!(alerts, [] as [String; 0]);
    }
}

/// The titles of the dashboards that are made, and the paths of what they are made of.
fn drawn(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    fn titles(node: &Node, found: &mut Vec<String>) {
        if node.get("panels").is_some() {
            found.push(node.get("title").and_then(Node::as_str).unwrap_or_default().to_owned());
        }
        let below = node.items().iter().chain(node.entries().iter().map(|entry| &entry.value));
        below.for_each(|node| titles(node, found));
    }
    let generated = evaluate(&sources(files), &Environments::default());
    let mut found = Vec::new();
    generated.documents.iter().for_each(|document| titles(&document.node, &mut found));
    let mut of: Vec<String> = generated.drawn.iter().map(ToString::to_string).collect();
    of.sort();
    (found, of)
}

#[test]
fn dashboards_are_made_where_all_they_import_is_here() {
    let page = "{ new(title):: { title: title, schemaVersion: 39, panels: [{ title: 'Sales' }] } }";
    let boards = "local page = import 'page.libsonnet';
        { grafanaDashboards+:: { 'shop.json': page.new('Shop %s' % $._config.name) } }";
    let mixin =
        "(import 'alerts/shop.libsonnet') + (import 'boards.libsonnet') + { _config+:: { selector: '', name: 'x' } }";
    let common = [("page.libsonnet", page), ("alerts/shop.libsonnet", ALERTS), ("mixin.libsonnet", mixin)];
    let all = ["alerts/shop.libsonnet", "boards.libsonnet", "mixin.libsonnet", "page.libsonnet"];
    // Through the mixin, although its alerts are rendered by another entry point.
    for entry in ["std.manifestYamlDoc((import 'mixin.libsonnet').prometheusAlerts)", "{}"] {
        let files = [&common[..], &[("boards.libsonnet", boards), ("rules.jsonnet", entry)]].concat();
        assert_eq!(drawn(&files), (vec!["Shop x".to_owned()], all.map(String::from).to_vec()), "{entry}");
    }
    let one = [("page.libsonnet", page), ("till.jsonnet", "{ 'till.json': (import 'page.libsonnet').new('Till') }")];
    assert_eq!(drawn(&one).0, ["Till"]);
    // What a library makes that is not here is not known, and its alerts are.
    let open = format!("local other = import 'grafonnet/main.libsonnet'; {boards}");
    let files = [&common[..], &[("boards.libsonnet", open.as_str())]].concat();
    assert_eq!(drawn(&files), (Vec::new(), Vec::new()));
    assert_eq!(evaluated(&files).0.len(), 2);
}
