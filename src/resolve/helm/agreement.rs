//! Charts of public repositories that keep what Helm made of them: how many documents agree.
//!
//! The folder that holds them, each as `OWNER+NAME`, is named by the environment variable `TWOAM_CORPORA`. Nothing is
//! compared where it is not set.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::chart::{Charts, Folders};
use super::release::{self, Release};
use super::run::Limits;
use crate::parse;
use crate::source::{Source, SourceId, Sources, Span};
use crate::tree::{Node, Value};

/// A chart, the values it is given, and what Helm made of them.
struct Case {
    chart: PathBuf,
    values: Vec<PathBuf>,
    reference: PathBuf,
    release: &'static str,
    /// The minor version of Kubernetes that was told.
    kubernetes: u8,
}

/// The examples that a repository keeps: one folder each, with values and a folder of what was rendered.
fn examples(folder: &Path, chart: &Path, rendered: &str, release: &'static str, kubernetes: u8) -> Vec<Case> {
    let mut cases = Vec::new();
    for example in entries(folder) {
        let reference = example.join(rendered);
        let values: Vec<PathBuf> =
            entries(&example).into_iter().filter(|path| path.to_string_lossy().ends_with("values.yaml")).collect();
        if reference.is_dir() && values.len() == 1 {
            cases.push(Case { chart: chart.to_owned(), values, reference, release, kubernetes });
        }
    }
    cases
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let listed = walkdir::WalkDir::new(folder).min_depth(1).max_depth(1).sort_by_file_name();
    listed.into_iter().filter_map(Result::ok).map(walkdir::DirEntry::into_path).collect()
}

fn cases(corpora: &Path) -> Vec<Case> {
    let mut cases = Vec::new();
    let root = corpora.join("signalfx+splunk-otel-collector-chart");
    cases.extend(examples(
        &root.join("examples"),
        &root.join("helm-charts/splunk-otel-collector"),
        "rendered_manifests",
        "default",
        34,
    ));
    for chart in entries(&corpora.join("open-telemetry+opentelemetry-helm-charts/charts")) {
        cases.extend(examples(&chart.join("examples"), &chart, "rendered", "example", 29));
    }
    let alloy = corpora.join("grafana+alloy/operations/helm");
    for reference in entries(&alloy.join("tests")) {
        let name = reference.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let values = alloy.join(format!("charts/alloy/ci/{name}-values.yaml"));
        if values.is_file() {
            cases.push(Case {
                chart: alloy.join("charts/alloy"),
                values: vec![values],
                reference,
                release: "alloy",
                kubernetes: 26,
            });
        }
    }
    let helm = corpora.join("helm+helm/pkg/cmd/testdata");
    for (chart, values, output) in [
        ("subchart", "", "template.txt"),
        ("subchart", "charts/subchartA/values.yaml", "template-values-files.txt"),
        ("subchart", "extra_values.yaml", "template-subchart-cm-set-file.txt"),
        ("chart-with-template-lib-dep", "", "template-chart-with-template-lib-dep.txt"),
        ("object-order", "", "object-order.txt"),
        ("issue-9027", "", "issue-9027.txt"),
    ] {
        let chart = helm.join("testcharts").join(chart);
        let values = if values.is_empty() { Vec::new() } else { vec![chart.join(values)] };
        cases.push(Case {
            chart,
            values,
            reference: helm.join("output").join(output),
            release: "release-name",
            kubernetes: 20,
        });
    }
    cases.retain(|case| case.chart.is_dir() && case.reference.exists());
    cases
}

/// Every file below a folder that is text.
fn files(folder: &Path) -> Vec<(String, String)> {
    let listed = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok);
    listed
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| {
            let path = entry.path().strip_prefix(folder).ok()?.to_string_lossy().into_owned();
            Some((path, std::fs::read_to_string(entry.path()).ok()?))
        })
        .collect()
}

/// What tells one object from another.
fn key(node: &Node) -> Option<String> {
    let kind = node.get("kind")?.as_str()?;
    let name = node.at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or_default();
    Some(format!("{kind}/{name}"))
}

/// The first path at which two documents differ. What is not known here may be anything there.
fn difference(ours: &Node, theirs: &Node, path: &str) -> Option<String> {
    let differs =
        || Some(format!("{path}: {:?} instead of {:?}", ours.value, theirs.value).chars().take(300).collect());
    match (&ours.value, &theirs.value) {
        (Value::Unknown(_), _) => None,
        (Value::Map(ours), Value::Map(theirs)) => {
            let missing = theirs.entries.iter().find(|entry| ours.get(&entry.key).is_none());
            let extra = ours.entries.iter().find(|entry| theirs.get(&entry.key).is_none());
            if let Some(entry) = missing {
                return Some(format!("{path}.{} is missing", entry.key));
            }
            if let Some(entry) = extra {
                return Some(format!("{path}.{} is not in the reference", entry.key));
            }
            ours.entries
                .iter()
                .find_map(|entry| difference(&entry.value, theirs.get(&entry.key)?, &format!("{path}.{}", entry.key)))
        }
        (Value::List(ours), Value::List(theirs)) if ours.len() == theirs.len() => {
            let mut pairs = ours.iter().zip(theirs).enumerate();
            pairs.find_map(|(index, (ours, theirs))| difference(ours, theirs, &format!("{path}[{index}]")))
        }
        // A sum of a text is that of its bytes, which folding changes.
        (Value::String(ours), Value::String(theirs)) if is_sum(ours) && is_sum(theirs) => None,
        (Value::String(ours), Value::String(theirs)) if within(ours) == within(theirs) => None,
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_))
            if ours.as_number() == theirs.as_number() =>
        {
            None
        }
        (ours, theirs) if ours == theirs => None,
        _ => differs(),
    }
}

fn is_sum(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A text, with the order and folding of YAML within it taken away.
fn within(text: &str) -> String {
    let parsed = parse::yaml::parse(SourceId::default(), text);
    match parsed.document.values() {
        [node] if parsed.problems.is_empty() && node.as_map().is_some() => written(node),
        _ => text.trim_end().to_owned(),
    }
}

fn written(node: &Node) -> String {
    match &node.value {
        Value::Map(map) => {
            let sorted: BTreeMap<&str, String> =
                map.entries.iter().map(|entry| (entry.key.as_str(), written(&entry.value))).collect();
            format!("{sorted:?}")
        }
        Value::List(items) => format!("{:?}", items.iter().map(written).collect::<Vec<_>>()),
        Value::Int(number) => format!("{number}"),
        Value::Float(number) => format!("{number}"),
        other => format!("{other:?}"),
    }
}

/// The words of a template that are a construct of the language or a function.
fn constructs(text: &str) -> Vec<String> {
    let mut found: Vec<String> = text
        .split("{{")
        .skip(1)
        .filter_map(|action| action.split("}}").next())
        .flat_map(|action| action.split(|c: char| !c.is_alphanumeric() && c != '.' && c != '$'))
        .filter(|word| {
            super::functions::find(word).is_some()
                || matches!(
                    *word,
                    "if" | "else" | "with" | "range" | "define" | "template" | "block" | "break" | "continue"
                )
                || word.contains(".Files")
                || word.contains(".Capabilities")
        })
        .map(|word| {
            if word.contains(".Files") {
                ".Files".to_owned()
            } else if word.contains(".Capabilities") {
                ".Capabilities".to_owned()
            } else {
                word.to_owned()
            }
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn charts_render_as_helm_renders_them() {
    let Some(corpora) = std::env::var_os("TWOAM_CORPORA").map(PathBuf::from) else {
        println!("TWOAM_CORPORA is not set: no chart is compared");
        return;
    };
    let mut by_chart: BTreeMap<String, (usize, usize, usize)> = BTreeMap::new();
    let mut by_construct: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut apart = 0;
    for case in cases(&corpora) {
        let own = files(&case.chart);
        let mut texts: Vec<Source> = own.iter().map(|(path, text)| Source::new(path.as_str(), text.as_str())).collect();
        let values: Vec<Node> = case
            .values
            .iter()
            .filter_map(|path| {
                let text = std::fs::read_to_string(path).ok()?;
                let id = SourceId(u32::try_from(texts.len()).ok()?);
                let node = parse::yaml::parse(id, &text).document.values().first().cloned();
                texts.push(Source::new(path.to_string_lossy(), text));
                node
            })
            .collect();
        let mut values = values;
        if case.release == "alloy" {
            // Its references are made with `--set '$chart_tests=true'`.
            values.extend(parse::yaml::parse(SourceId(0), "$chart_tests: true").document.values().first().cloned());
        }
        let sources = Sources::new(texts);
        let folders = Folders::find(own.iter().map(|(path, _)| path.as_str()));
        let charts = Charts::read(&folders, sources.iter());
        let chart = charts.in_folder("").expect("a chart");
        let text = |text: &str| Node::string(text, Span::default());
        let name = text(case.release);
        let release =
            Release { chart, name, namespace: Some(text("default")), values, kubernetes: case.kubernetes, open: false };
        let output = release::render(&charts, &release, Limits::default());
        let name = case.chart.strip_prefix(&corpora).unwrap_or(&case.chart).to_string_lossy().into_owned();
        let example = case.reference.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for failure in &output.failures {
            println!("  {name} {example}: {} {}", sources.path(failure.span), failure.reason);
        }
        let mut ours: BTreeMap<String, Vec<&release::Made>> = BTreeMap::new();
        for made in &output.documents {
            ours.entry(key(&made.node).unwrap_or_default()).or_default().push(made);
        }
        let references = if case.reference.is_dir() {
            files(&case.reference)
        } else {
            vec![(String::new(), std::fs::read_to_string(&case.reference).unwrap_or_default())]
        };
        // Helm had fetched what the chart depends on.
        let lacks = output.failures.iter().any(|failure| failure.reason.contains("is not in the repository"));
        let mut tally = (0, 0, 0);
        for (_, text) in references {
            for theirs in parse::yaml::parse(SourceId::default(), &text).document.values() {
                let Some(key) = key(theirs).filter(|_| !release::is_test(theirs)) else { continue };
                let candidates = ours.get(&key).map(Vec::as_slice).unwrap_or_default();
                if candidates.is_empty() && lacks {
                    apart += 1;
                    continue;
                }
                tally.1 += 1;
                let differences: Vec<Option<String>> =
                    candidates.iter().map(|made| difference(&made.node, theirs, "")).collect();
                let agrees = differences.contains(&None);
                tally.0 += usize::from(agrees);
                match differences.into_iter().flatten().next() {
                    _ if agrees => {}
                    Some(difference) => println!("  {name} {example} {key} {difference}"),
                    None => println!("  {name} {example} {key} is missing"),
                }
                if let Some(made) = candidates.first() {
                    for construct in constructs(&sources.get(made.template).text) {
                        let (agree, all) = by_construct.entry(construct).or_default();
                        *agree += usize::from(agrees);
                        *all += 1;
                    }
                }
            }
        }
        let total = by_chart.entry(name).or_default();
        *total = (total.0 + tally.0, total.1 + tally.1, total.2 + 1);
    }
    for (chart, (agree, all, cases)) in &by_chart {
        println!("{agree} of {all} documents agree in {cases} cases: {chart}");
    }
    let constructs: Vec<String> =
        by_construct.iter().map(|(name, (agree, all))| format!("{name} {agree}/{all}")).collect();
    println!("documents that agree, by what their templates use: {}", constructs.join(", "));
    let (agree, all) = by_chart.values().fold((0, 0), |(agree, all), tally| (agree + tally.0, all + tally.1));
    println!("{agree} of {all} documents agree; {apart} are of charts that the repositories do not hold");
    assert!(agree * 100 >= all * 99, "{agree} of {all} documents agree");
}
