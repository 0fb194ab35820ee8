//! kube-linter's own samples, and what its end-to-end tests expect of them (`e2etests/bats-tests.sh`): the facts that
//! both read of probes, budgets, copies and requests must be the same. They are not part of this repository:
//! `TWOAM_CORPORA` names the folder that holds its work tree as `stackrox+kube-linter`.
//!
//! The samples leave out what they are not about, images and labels among it, which no cluster would take: each is
//! completed before it is read.

#![allow(clippy::print_stderr, reason = "how many facts agree is for whoever runs the tests")]

use std::fmt::Write as _;

use twoam::audit::Request;
use twoam::model::{Container, Model, Workload};

use super::support::{Folder, repository};

/// A sample's file, the object in it, and whether kube-linter complains of it.
const TABLE: &[(&str, &str, bool)] = &[
    ("minimum-three-replicas.yml", "Deployment/dont-fire", false),
    ("minimum-three-replicas.yml", "DeploymentConfig/dont-fire", false),
    ("minimum-three-replicas.yml", "Deployment/app", true),
    ("minimum-three-replicas.yml", "DeploymentConfig/app", true),
    ("no-readiness-probe.yml", "Deployment/dont-fire", false),
    ("no-readiness-probe.yml", "DeploymentConfig/dont-fire", false),
    ("no-readiness-probe.yml", "Deployment/app1", true),
    ("no-readiness-probe.yml", "DeploymentConfig/app2", true),
    ("pdb-max-unavailable.yaml", "Deployment/baz", false),
    ("pdb-max-unavailable.yaml", "Deployment/foo", true),
    ("pdb-min-available.yaml", "Deployment/foo", true),
    ("pdb-min-available.yaml", "Deployment/foo2", true),
    ("pdb-min-available.yaml", "Deployment/foo3", true),
    ("unset-memory-requirements.yml", "Deployment/app1", true),
    ("unset-memory-requirements.yml", "DeploymentConfig/app2", true),
    ("unset-cpu-requirements.yml", "Deployment/app1", true),
    ("unset-cpu-requirements.yml", "DeploymentConfig/app2", true),
    ("no-anti-affinity.yml", "Deployment/dont-fire", false),
    ("no-anti-affinity.yml", "DeploymentConfig/dont-fire", false),
    ("no-anti-affinity.yml", "Deployment/app1", true),
    ("no-anti-affinity.yml", "DeploymentConfig/app2", true),
    ("no-anti-affinity.yml", "Deployment/dont-fire-namespaced-without-namespaces-selector", false),
    ("no-anti-affinity.yml", "Deployment/dont-fire-namespaced-with-namespaces-selector", false),
    ("no-anti-affinity.yml", "Deployment/fire-namespaced-with-namespaces-selector-not-matching", true),
    ("dangling-hpa.yml", "HorizontalPodAutoscaler/RELEASE-NAME-mychart", false),
    ("dangling-hpa.yml", "HorizontalPodAutoscaler/hpa1", true),
];

/// The value of a key that stands at some depth, in a document.
fn value<'t>(document: &'t str, key: &str) -> Option<&'t str> {
    document.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
}

/// A document with what a cluster asks for: images, a selector, the labels that it selects, a template.
fn complete(document: &str) -> String {
    let kind = value(document, "kind").unwrap_or_default();
    let name = value(document, "  name").unwrap_or_default();
    let mut text = String::new();
    match kind {
        "PodDisruptionBudget" if !document.contains("selector:") => {
            let namespace = value(document, "  namespace").unwrap_or_default();
            let _ = write!(
                text,
                "{document}\n  selector: {{matchLabels: {{app: {name}}}}}\n---\napiVersion: apps/v1\nkind: Deployment\n\
                 metadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  replicas: 3\n  selector: {{matchLabels: \
                 {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec: {{containers: \
                 [{{name: app, image: 'registry.example/app:1'}}]}}\n"
            );
        }
        "Deployment" | "DeploymentConfig" => {
            let selected = |labels: &str| match kind {
                "Deployment" => format!("{{matchLabels: {{{labels}}}}}"),
                _ => format!("{{{labels}}}"),
            };
            for line in document.lines() {
                text += line;
                text.push('\n');
                if line == "spec:" && !document.contains("\n  selector:") {
                    let _ = writeln!(text, "  selector: {}", selected(&format!("app: {name}")));
                }
                if let Some((indent, _)) = line.split_once("- name: ") {
                    let _ = writeln!(text, "{indent}  image: registry.example/app:1");
                }
            }
            if !document.contains("containers:") {
                if !document.contains("\n  template:") {
                    let selected = document.lines().skip_while(|line| line.trim() != "matchLabels:").nth(1);
                    let labels = selected.map_or_else(|| format!("app: {name}"), |line| line.trim().to_owned());
                    let _ = writeln!(text, "  template:\n    metadata: {{labels: {{{labels}}}}}");
                }
                text += "    spec: {containers: [{name: app, image: 'registry.example/app:1'}]}\n";
            }
        }
        _ => text += document,
    }
    text
}

/// Whether the facts of an object are what kube-linter complains of; nothing where the object was not read.
fn complains(model: &Model, file: &str, object: &str) -> Option<bool> {
    if file.starts_with("dangling") {
        let scaler = model.autoscalers.iter().find(|scaler| scaler.name == object)?;
        return Some(scaler.obstacle.value().is_some_and(|obstacle| obstacle.starts_with("scales nothing")));
    }
    let named: Vec<&Workload> = model.workloads.iter().filter(|workload| workload.name == object).collect();
    let any = |fits: &dyn Fn(&Workload) -> bool| (!named.is_empty()).then(|| named.iter().any(|one| fits(one)));
    let container = |fits: fn(&Container) -> bool| {
        any(&|workload| workload.containers.iter().map(|id| &model[*id]).any(|one| !one.init && fits(one)))
    };
    match file.split_once('.')?.0 {
        "minimum-three-replicas" => any(&|workload| workload.replicas.value().is_some_and(|count| *count < 3)),
        "no-readiness-probe" => container(|one| one.readiness_probe.is_false()),
        "unset-memory-requirements" => container(|one| one.memory_request.is_absent() && one.memory_limit.is_absent()),
        "unset-cpu-requirements" => container(|one| one.cpu_request.is_absent()),
        "no-anti-affinity" => any(&|workload| workload.spread.is_false()),
        "pdb-max-unavailable" | "pdb-min-available" => any(&|workload| workload.budget.blocks_drain.is_true()),
        _ => None,
    }
}

#[test]
fn facts_are_those_that_kube_linter_reads() {
    let Some(samples) = repository("stackrox+kube-linter").map(|root| root.join("tests/checks")) else { return };
    let mut files: Vec<&str> = TABLE.iter().map(|(file, ..)| *file).collect();
    files.dedup();
    let (mut agree, mut wrong) = (0, Vec::new());
    for file in files {
        let text = std::fs::read_to_string(samples.join(file)).unwrap();
        let documents: Vec<String> = text.split("---\n").map(complete).collect();
        let folder = Folder::new();
        folder.write(&format!("k8s/{file}"), documents.join("\n---\n"));
        let audit = twoam::audit::run(&Request::new(vec![folder.path().to_owned()])).unwrap();
        for (_, object, expected) in TABLE.iter().filter(|(named, ..)| *named == file) {
            match complains(&audit.model, file, object) {
                Some(found) if found == *expected => agree += 1,
                found => wrong.push(format!("{file} {object}: {found:?}, not {expected}")),
            }
        }
    }
    eprintln!("{agree} of {} facts agree", TABLE.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
