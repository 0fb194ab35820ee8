//! Routing gives the same answer as `amtool config routes test`, for a generated family of trees and label sets and for
//! every Alertmanager configuration of the repositories in `TWOAM_CORPORA`. Where `amtool` is not on the path, recorded
//! answers serve.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use twoam::audit::{self, Request};
use twoam::model::Model;

use super::support::{Dice, Folder, corpora};

/// How many trees are made, and how many label sets are asked of each.
const TREES: u64 = 60;
const SETS: usize = 8;

/// How many of the trees have recorded answers.
const RECORDED: u64 = 12;

const LABELS: &[&str] = &["severity", "team", "service"];
const VALUES: &[&str] = &["page", "ticket", "a", "b", "", "a.b", "página"];

/// A route of a random tree, as YAML.
fn route(dice: &mut Dice, depth: usize, root: bool, out: &mut String) {
    let pad = "  ".repeat(depth * 2 + 1);
    let receiver = dice.roll(8);
    // The root must name a receiver; others may take their parent's.
    if root || receiver < 6 {
        let _ = writeln!(out, "{pad}receiver: r{receiver}");
    } else {
        let _ = writeln!(out, "{pad}group_by: [alertname]");
    }
    if !root {
        if dice.roll(3) == 0 {
            let _ = writeln!(out, "{pad}continue: true");
        }
        match dice.roll(8) {
            0 => {}
            1 => {
                let _ = writeln!(out, "{pad}match: {{ {}: \"{}\" }}", dice.pick(LABELS), dice.pick(VALUES));
            }
            2 => {
                let pattern = dice.pick(&[
                    "page|ticket",
                    "a.*",
                    ".+",
                    "",
                    "^a$",
                    "[^a]+",
                    "(?i)PAGE",
                    "a\\\\.b",
                    "\\\\w+",
                    "p.gina",
                    "a|",
                ]);
                let _ = writeln!(out, "{pad}match_re: {{ {}: \"{pattern}\" }}", dice.pick(LABELS));
            }
            _ => {
                let _ = writeln!(out, "{pad}matchers:");
                for _ in 0..=dice.roll(2) {
                    let _ = writeln!(out, "{pad}  - '{}'", matcher(dice));
                }
            }
        }
    }
    let below = if depth == 3 { 0 } else { dice.roll(if root { 5 } else { 3 }) + u64::from(root) };
    if below > 0 {
        let _ = writeln!(out, "{pad}routes:");
        for _ in 0..below {
            let _ = writeln!(out, "{pad}  -");
            route(dice, depth + 1, false, out);
        }
    }
}

fn matcher(dice: &mut Dice) -> String {
    let label = dice.pick(LABELS);
    let (value, pattern) =
        (dice.pick(VALUES), dice.pick(&["page|ticket", "a.*", "x?", ".*", "[ab]", "a\\\\.b", "\\\\d*"]));
    match dice.roll(7) {
        0 => format!("{label}=\"{value}\""),
        1 => format!("{label} != \"{value}\""),
        2 => format!("{label} =~ \"{pattern}\""),
        3 => format!("{label}!~\"{pattern}\""),
        4 => format!("{{{label}=\"{value}\", service != \"b\"}}"),
        5 => format!("{label}=~page|a"),
        _ => format!("{label} = page"),
    }
}

/// A tree with its receivers.
fn tree(seed: u64) -> String {
    let mut dice = Dice(seed);
    let mut text = String::from("route:\n");
    route(&mut dice, 0, true, &mut text);
    text.push_str("receivers:\n");
    for number in 0..8 {
        let _ = writeln!(text, "  - name: r{number}\n    webhook_configs: [{{ url: \"http://r{number}.test\" }}]");
    }
    text
}

/// Sets of labels to ask a tree about.
fn sets(seed: u64) -> Vec<Vec<(String, String)>> {
    let mut dice = Dice(seed ^ 0xa1a1);
    let one = |dice: &mut Dice| {
        let chosen = LABELS.iter().filter(|_| dice.roll(4) > 0).copied().collect::<Vec<_>>();
        chosen.into_iter().map(|label| (label.to_owned(), dice.pick(VALUES).to_owned())).collect()
    };
    (0..SETS).map(|_| one(&mut dice)).collect()
}

/// Where twoam says that alerts with these labels end, one answer each: names of receivers, in order.
fn ours(configuration: &str, sets: &[Vec<(String, String)>]) -> Vec<String> {
    let folder = Folder::new();
    folder.write("alertmanager.yml", configuration);
    folder.write("prometheus.yml", "global: {}\nrule_files: [rules.yml]\n");
    let mut rules = String::from("groups:\n- name: g\n  rules:\n");
    for (index, labels) in sets.iter().enumerate() {
        let _ = writeln!(rules, "  - alert: A{index}\n    expr: vector(1) == 2\n    labels:");
        for (label, value) in labels {
            let _ = writeln!(rules, "      {label}: {}", serde_json::to_string(value).unwrap());
        }
    }
    folder.write("rules.yml", rules);
    let audit = audit::run(&Request::new(vec![folder.path().to_owned()])).unwrap();
    assert_eq!(audit.problems, [], "{configuration}");
    sets.iter().enumerate().map(|(index, _)| ends(&audit.model, &format!("A{index}"))).collect()
}

fn ends(model: &Model, alert: &str) -> String {
    let alert = model.alerts.iter().find(|found| found.name == alert).unwrap();
    let unsure = alert.delivery.hits.iter().find_map(|hit| hit.depends_on.as_ref());
    assert!(unsure.is_none(), "everything is known here: {unsure:?}");
    let names = alert.delivery.hits.iter().map(|hit| model[hit.receiver.unwrap()].plain_name.as_str());
    names.collect::<Vec<_>>().join(",")
}

/// Where `amtool` says so; `None` where it refuses the configuration.
fn theirs(configuration: &Path, labels: &[(String, String)]) -> Option<String> {
    let mut command = Command::new("amtool");
    command.args(["config", "routes", "test", "--config.file"]).arg(configuration);
    // Quoted, since the arguments are matchers of their own.
    command.args(labels.iter().map(|(label, value)| format!("{label}={value}")));
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    output.status.success().then(|| said.trim().to_owned())
}

fn has_amtool() -> bool {
    Command::new("amtool").arg("--version").output().is_ok_and(|output| output.status.success())
}

#[test]
#[allow(clippy::print_stdout, reason = "the count is the point")]
fn routing_agrees_with_amtool() {
    if !has_amtool() {
        println!("amtool is not on the path: only recorded answers are compared");
        return;
    }
    let folder = Folder::new();
    let (mut asked, mut agreed, mut wrong) = (0, 0, String::new());
    let trees = std::env::var("TWOAM_TREES").ok().and_then(|count| count.parse().ok()).unwrap_or(TREES);
    let mut answers =
        String::from("# Answers of `amtool config routes test`, version 0.25, in the order in which they are asked.\n");
    for seed in 0..trees {
        let (configuration, sets) = (tree(seed), sets(seed));
        let path = folder.write("alertmanager.yml", &configuration);
        let ours = ours(&configuration, &sets);
        for (labels, ours) in sets.iter().zip(ours) {
            // An empty value is no label, which its arguments cannot say.
            let said: Vec<(String, String)> = labels.iter().filter(|(_, value)| !value.is_empty()).cloned().collect();
            let theirs = theirs(&path, &said).unwrap_or_else(|| panic!("amtool refuses\n{configuration}"));
            asked += 1;
            if seed < RECORDED {
                let _ = writeln!(answers, "{theirs}");
            }
            if ours == theirs {
                agreed += 1;
            } else {
                let _ = writeln!(wrong, "seed {seed} {labels:?}: amtool {theirs}, twoam {ours}\n{configuration}");
            }
        }
    }
    println!("routing: {agreed} of {asked} agree with amtool");
    assert_eq!(agreed, asked, "{wrong}");
    if std::env::var_os("TWOAM_RECORD").is_some() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/routing_answers.txt");
        std::fs::write(file, answers).unwrap();
    }
}

/// Configurations of real repositories, as `amtool` takes them: files, and what stands in Secrets.
fn real(root: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(root).sort_by_file_name().into_iter().filter_map(Result::ok) {
        let path = entry.path();
        if !path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        if !text.contains("receivers") || !text.contains("route") {
            continue;
        }
        let parsed = twoam::parse::yaml::parse(twoam::source::SourceId(0), &text);
        for document in parsed.document.values() {
            let native = document.get("route").is_some() && document.get("receivers").is_some();
            let inner = document.at(&["stringData", "alertmanager.yaml"]).and_then(twoam::tree::Node::as_str);
            found.extend(
                inner
                    .map(str::to_owned)
                    .or(native.then(|| text.clone()))
                    .map(|text| (path.display().to_string(), text)),
            );
        }
    }
    found
}

/// The routes of a configuration, and its receivers by name only.
fn bare(text: &str) -> String {
    let parsed = twoam::parse::yaml::parse(twoam::source::SourceId(0), text);
    let document = parsed.document.values().first().unwrap();
    let receivers = document.get("receivers").map_or(&[][..], twoam::tree::Node::items).iter();
    let names: Vec<_> = receivers
        .filter_map(|receiver| Some(serde_json::json!({ "name": receiver.get("name")?.scalar()?.as_str() })))
        .collect();
    let route = document.get("route").map(json).unwrap_or_default();
    serde_json::json!({ "route": route, "receivers": names }).to_string()
}

/// A tree of values as JSON, which is YAML as well.
fn json(node: &twoam::tree::Node) -> serde_json::Value {
    use twoam::tree::Value;
    match &node.value {
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(map) => map.entries.iter().map(|entry| (entry.key.to_string(), json(&entry.value))).collect(),
        Value::Bool(value) => (*value).into(),
        _ => node.scalar().map_or(serde_json::Value::Null, |text| text.as_str().into()),
    }
}

/// Sets of labels that a configuration tells apart: the values its matchers name, and others.
fn asked_of(model: &Model, dice: &mut Dice) -> Vec<(String, String)> {
    let mut chosen: Vec<(String, String)> = Vec::new();
    for test in model.routes.iter().flat_map(|route| &route.tests) {
        if chosen.iter().any(|(label, _)| *label == test.label.as_str()) || test.label == "alertname" {
            continue;
        }
        let mut values = vec!["other".to_owned(), String::new()];
        let same = model.routes.iter().flat_map(|route| &route.tests).filter(|other| other.label == test.label);
        values.extend(same.filter_map(twoam::model::matching::LabelMatcher::only_values).flatten().map(String::from));
        let choice = usize::try_from(dice.roll(values.len() as u64)).unwrap();
        chosen.push((test.label.to_string(), values.swap_remove(choice)));
    }
    chosen
}

#[test]
#[allow(clippy::print_stdout, reason = "the count is the point")]
fn real_configurations_route_as_amtool_says() {
    let Some(root) = corpora().filter(|_| has_amtool()) else {
        println!("TWOAM_CORPORA or amtool is missing: no real configuration is compared");
        return;
    };
    let (mut configurations, mut refused, mut asked, mut wrong) = (0, Vec::new(), 0, String::new());
    for (path, text) in real(&root) {
        let folder = Folder::new();
        let mut text = text;
        let mut file = folder.write("alertmanager.yml", &text);
        if theirs(&file, &[]).is_none() {
            // What a receiver needs may be filled in elsewhere; its routes can be compared all the same.
            text = bare(&text);
            file = folder.write("alertmanager.yml", &text);
        }
        if theirs(&file, &[]).is_none() {
            refused.push(path);
            continue;
        }
        configurations += 1;
        let audit = audit::run(&Request::new(vec![folder.path().to_owned()])).unwrap();
        let mut dice = Dice(configurations);
        let sets: Vec<_> = (0..30).map(|_| asked_of(&audit.model, &mut dice)).collect();
        for (labels, ours) in sets.iter().zip(ours(&text, &sets)) {
            let said: Vec<(String, String)> = labels.iter().filter(|(_, value)| !value.is_empty()).cloned().collect();
            let theirs = theirs(&file, &said).unwrap();
            asked += 1;
            if ours != theirs {
                let _ = writeln!(wrong, "{path} {labels:?}: amtool {theirs}, twoam {ours}");
            }
        }
    }
    println!("routing: {configurations} real configurations, {asked} label sets agree; amtool refuses {refused:?}");
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn routing_agrees_with_recorded_answers() {
    let recorded = include_str!("routing_answers.txt");
    let mut answers = recorded.lines().filter(|line| !line.starts_with('#'));
    for seed in 0..RECORDED {
        for ours in ours(&tree(seed), &sets(seed)) {
            assert_eq!(Some(ours.as_str()), answers.next(), "seed {seed}");
        }
    }
    assert_eq!(answers.next(), None);
}
