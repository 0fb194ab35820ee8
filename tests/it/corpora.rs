//! Real repositories, and what an honest auditor must and must not say of them. They are not part of this repository:
//! `TWOAM_CORPORA` names the folder that holds each work tree as `OWNER+NAME`, and without it these tests say that they
//! were skipped. The same shapes stand in `fixtures/rules`, so that a regression fails without them too.

#![allow(clippy::print_stderr, reason = "what was skipped and how many claims hold is for whoever runs the tests")]

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::support::{Folder, corpora, repository, twoam};

/// One line of the table.
enum Claim {
    /// A gap of this rule at this path and line.
    Must(&'static str, &'static str, u64),
    /// As many gaps of this rule below this path.
    Count(&'static str, &'static str, usize),
    /// No gap of this rule (empty: of any) whose path and subject hold these.
    Never(&'static str, &'static str, &'static str),
    /// As many services.
    Services(usize),
}
use Claim::{Count, Must, Never, Services};

/// The table: its line's name, the repository and what is claimed.
const TABLE: &[(&str, &str, &[Claim])] = &[
    (
        "O1",
        "bridgecrewio+terragoat",
        &[
            Must("backup/database-backups-off", "terraform/aws/db-app.tf", 18),
            Must("backup/dies-with-database", "terraform/aws/db-app.tf", 20),
            Must("backup/no-deletion-protection", "terraform/aws/db-app.tf", 1),
            Must("backup/database-backups-off", "terraform/aws/rds.tf", 4),
        ],
    ),
    (
        "O2",
        "alphagov+govuk-infrastructure",
        &[
            Never("backup/database-backups-off", "", ""),
            Never("backup/retention-too-short", "deployments/rds/", ""),
            Never("backup/no-deletion-protection", "deployments/rds/", ""),
            Never("backup/", "deployments/ephemeral/", ""),
            Never("", "deployments/rds/", "aws_db_instance.replica"),
            Never("alert-coverage/service-has-none", "", "gcp-gov-graph"),
            Never("backup/object-store-unversioned", "", "google_storage_bucket"),
            Never("", "", "terraform-cloud"),
        ],
    ),
    (
        "O3",
        "alphagov+govuk-helm-charts",
        &[
            // The other 25 databases are restored in staging or integration from what production copied.
            Must("restore-test/no-evidence", "charts/db-backup/values.yaml", 83),
            Count("restore-test/no-evidence", "", 1),
            Never("backup/", "charts/db-backup/", ""),
        ],
    ),
    (
        "O4",
        "alphagov+govuk-helm-charts",
        &[
            Must("runbook/alert-without-runbook", "charts/monitoring-config/rules/router.yaml", 24),
            Must("runbook/alert-without-runbook", "charts/monitoring-config/rules/redis.yaml", 16),
            Never("runbook/alert-without-runbook", "pagerdutydrill.yaml", ""),
            Never("", "_tests.yaml", ""),
            // Every app has its budget in production; it does not select the workers beside them.
            Never("capacity/no-pdb", "charts/generic-govuk-app/templates/deployment.yaml", ""),
        ],
    ),
    (
        "O5",
        "GoogleCloudPlatform+bank-of-anthos",
        &[
            Must("capacity/single-replica", "kubernetes-manifests/accounts-db.yaml", 64),
            Must("capacity/single-replica", "kubernetes-manifests/ledger-db.yaml", 65),
            Must("backup/k8s-stateful-uncovered", "kubernetes-manifests/accounts-db.yaml", 108),
            Must("backup/k8s-stateful-uncovered", "kubernetes-manifests/ledger-db.yaml", 109),
            Must("alert-coverage/service-has-none", "kubernetes-manifests/accounts-db.yaml", 62),
            Must("alert-coverage/service-has-none", "kubernetes-manifests/ledger-db.yaml", 63),
            Count("alert-coverage/service-has-none", "", 2),
            Count("runbook/alert-without-runbook", "extras/prometheus/", 12),
            Never("", "", "frontend-probe"),
            Never("practice/no-drill", "", "loadgenerator"),
            Never("rollback/no-procedure", "", "accounts-db"),
            // The autoscalers of a variant in `extras/` do not scale what stands elsewhere.
            Must("capacity/single-replica", "kubernetes-manifests/frontend.yaml", 45),
        ],
    ),
    (
        "a chart from elsewhere",
        "onedr0p+home-ops",
        &[
            // kube-prometheus-stack brings alerts for whatever runs, and is not here: that is unknown.
            Never("alert-coverage/service-has-none", "", ""),
            Never("rollback/gitops-moving-target", "", ""),
            // One Kustomization patches remediation into every release that is delivered.
            Never("rollback/flux-no-remediation", "", ""),
        ],
    ),
    (
        "pinned charts",
        "alphagov+govuk-infrastructure",
        &[Never("rollback/gitops-moving-target", "terraform/deployments/cluster-services/argo.tf", "")],
    ),
    (
        "O6",
        "prometheus-operator+kube-prometheus",
        &[
            Never("capacity/no-pdb", "", ""),
            Never("runbook/alert-without-runbook", "", ""),
            Never("runbook/dead-link", "manifests/", ""),
            Never("runbook/service-without-runbook", "", ""),
            Never("", "manifests/setup/", ""),
        ],
    ),
    ("O7", "terraform-aws-modules+terraform-aws-rds", &[Never("", "", ""), Services(0)]),
    (
        "O9",
        "rust-lang+simpleinfra",
        &[
            Must("backup/no-deletion-protection", "terragrunt/modules/bors/rds.tf", 1),
            Never("backup/retention-too-short", "terragrunt/modules/bors/", ""),
            Never("backup/database-backups-off", "terragrunt/", ""),
            Never("backup/no-deletion-protection", "terragrunt/modules/docs-rs/", ""),
            Never("backup/dies-with-database", "terragrunt/modules/docs-rs/", ""),
            Count("runbook/alert-without-runbook", "ansible/playbooks/monitoring.yml", 8),
            Must("runbook/alert-without-runbook", "ansible/playbooks/monitoring.yml", 203),
            Must("ownership/no-owner", "terragrunt/modules/bors/ecs.tf", 31),
            Never("", "terraform/shared/modules/", ""),
            Never("backup/object-store-unversioned", "terraform/domain-redirects/", ""),
            Never("capacity/single-replica", "terraform/fastly-exporter/", ""),
        ],
    ),
    (
        // 53 of 947 alerts have no annotation `runbook`. Seven of them name a page by the label `runbook` or by
        // `runbook_url`; one is a test of the way to the incident project, by its file and its words. 45 are left.
        "O8",
        "mattrussi+gitlab-com-runbooks",
        &[
            Must("runbook/alert-without-runbook", "rules/airflow.yml", 4),
            Count("runbook/alert-without-runbook", "", 45),
            Never("runbook/alert-without-runbook", "rules/default/incident-project-test.yml", ""),
            Never("runbook/alert-without-runbook", "rules/kubernetes.yml", "KubeDeploymentReplicasMismatch"),
            Never("runbook/alert-without-runbook", "rules/autogenerated-patroni-cause-alerts.yml", ""),
            Never("runbook/alert-without-runbook", "rules/autogenerated-kube-cause-alerts.yml", ""),
            Never("runbook/dead-link", "", "{{"),
            Never("runbook/orphan", "docs/monitoring/", ""),
            // Its catalogue lists them.
            Services(55),
        ],
    ),
    ("published rules", "samber+awesome-prometheus-alerts", &[Never("", "", ""), Services(0)]),
    ("a linter's own samples", "stackrox+kube-linter", &[Never("", "", ""), Services(0)]),
];

fn audit(folder: &Path, arguments: &[&str]) -> Value {
    let common = ["--format", "json", "--exit-zero", "--today", "2026-11-25"];
    let run = twoam(folder, &[&["check"], arguments, &common].concat());
    assert_eq!(run.code, 0, "{arguments:?}: {}", run.err);
    serde_json::from_str(&run.out).unwrap()
}

fn gaps(report: &Value) -> impl Iterator<Item = &Value> {
    report["findings"].as_array().unwrap().iter().filter(|finding| finding["outcome"] == "fail")
}

fn text<'v>(finding: &'v Value, name: &str) -> &'v str {
    finding[name].as_str().unwrap_or_default()
}

/// What is wrong with a claim, or nothing.
fn broken(claim: &Claim, report: &Value) -> Option<String> {
    match *claim {
        Must(rule, path, line) => {
            let mut found = gaps(report).filter(|gap| {
                text(gap, "rule") == rule && text(gap, "path") == path && gap["start"]["line"].as_u64() == Some(line)
            });
            found.next().is_none().then(|| format!("missing: {rule} at {path}:{line}"))
        }
        Count(rule, path, count) => {
            let found =
                gaps(report).filter(|gap| text(gap, "rule") == rule && text(gap, "path").contains(path)).count();
            (found != count).then(|| format!("{found} of {rule} in {path}, not {count}"))
        }
        Never(rule, path, subject) => {
            let mut found = gaps(report).filter(|gap| {
                text(gap, "rule").starts_with(rule)
                    && text(gap, "path").contains(path)
                    && text(gap, "subject").contains(subject)
            });
            found.next().map(|gap| format!("false: {} at {}:{}", gap["rule"], gap["path"], gap["start"]["line"]))
        }
        Services(count) => {
            let found = report["summary"]["services"].as_u64().unwrap();
            (found != count as u64).then(|| format!("{found} services, not {count}"))
        }
    }
}

#[test]
fn real_repositories_are_told_the_truth() {
    if corpora().is_none() {
        return;
    }
    let (mut held, mut wrong) = (0, Vec::new());
    for (name, of, claims) in TABLE {
        let Some(root) = repository(of) else { continue };
        let report = audit(&root, &["."]);
        let problems: Vec<String> = claims.iter().filter_map(|claim| broken(claim, &report)).collect();
        held += claims.len() - problems.len();
        wrong.extend(problems.into_iter().map(|problem| format!("{name} {of}: {problem}")));
    }
    eprintln!("{held} of {} claims hold", held + wrong.len());
    assert!(held > 0, "nothing was compared");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// O6 with the pages as a second root, whose site is served without regard to case.
#[test]
fn links_into_a_second_root_are_followed() {
    let Some(folder) = corpora() else { return };
    let roots = ["prometheus-operator+kube-prometheus", "prometheus-operator+runbooks"];
    if roots.iter().any(|root| !folder.join(root).is_dir()) {
        eprintln!("skipped: one of {roots:?} is not there");
        return;
    }
    let own = Folder::new();
    let urls = "[runbooks.urls]\n\"https://runbooks.prometheus-operator.dev/runbooks\" = \
                \"prometheus-operator+runbooks/content/runbooks\"\n";
    let config = own.write("twoam.toml", urls);
    let report = audit(&folder, &[roots[0], roots[1], "--config", config.to_str().unwrap()]);
    let dead = gaps(&report).filter(|gap| text(gap, "rule") == "runbook/dead-link");
    let missing: std::collections::BTreeSet<&str> = dead.map(|gap| text(gap, "message")).collect();
    assert_eq!(missing.len(), 26, "{missing:#?}");
    assert!(missing.iter().any(|message| message.contains("node/nodesystemdservicecrashlooping")));
}

/// Every expression of the real repositories is read, or it is said why not; what is no `PromQL` is a problem.
#[test]
fn every_expression_is_read_or_complained_of() {
    let Some(folder) = corpora() else { return };
    let mut roots: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    roots.sort();
    let (mut read, mut said, mut complained, mut silent) = (0, 0, 0, Vec::new());
    for root in roots.into_iter().filter(|root| root.is_dir()) {
        let Ok(audit) = twoam::audit::run(&twoam::audit::Request::new(vec![root.clone()])) else { continue };
        for alert in audit.model.alerts.iter().filter(|alert| alert.source == "prometheus") {
            let Some(unknown) = alert.expression.reason() else {
                read += usize::from(alert.expression.value().is_some());
                if alert.expression.value().is_none() {
                    silent.push(format!("{}: {}", root.display(), alert.name));
                }
                continue;
            };
            // Without a problem of its own, an expression must be said to be of another language, or a template.
            if audit.problems.iter().any(|problem| problem.span == unknown.span) {
                complained += 1;
            } else {
                said += 1;
            }
        }
    }
    let all = read + said + complained + silent.len();
    assert!(read > 0, "nothing was compared");
    eprintln!("{read} of {all} expressions read, {said} unknown with a reason, {complained} reported as wrong");
    assert!(silent.is_empty(), "{silent:#?}");
}

/// Repositories that keep beside their Jsonnet what it renders to: entry point and rendering.
const RENDERED: &[(&str, &str, &str)] = &[
    ("thanos-io+thanos", "mixin/alerts.jsonnet", "examples/alerts/alerts.yaml"),
    ("grafana+loki", "production/loki-mixin/mixin.libsonnet", "production/loki-mixin-compiled/alerts.yaml"),
];

#[test]
fn evaluated_alerts_are_those_that_were_rendered() {
    if corpora().is_none() {
        return;
    }
    let (mut agreed, mut wrong) = (0, Vec::new());
    for (of, entry, rendering) in RENDERED {
        let Some(root) = repository(of) else { continue };
        let sources = jsonnet_of(&root);
        let generated = twoam::resolve::jsonnet::evaluate(&sources, &twoam::model::Environments::default());
        let ours: Vec<Alert> =
            generated.documents.iter().filter(|made| made.path == *entry).flat_map(|made| alerts(&made.node)).collect();
        let text = std::fs::read_to_string(root.join(rendering)).unwrap();
        let parsed = twoam::parse::yaml::parse(twoam::source::SourceId(0), &text);
        for theirs in parsed.document.values().iter().flat_map(alerts) {
            if ours.contains(&theirs) {
                agreed += 1;
            } else {
                wrong.push(format!("{of}: {theirs:?}"));
            }
        }
    }
    eprintln!("{agreed} of {} rendered alerts agree", agreed + wrong.len());
    assert!(agreed > 0, "nothing was compared");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Name, expression without white space, duration, labels.
type Alert = (String, String, Option<String>, Vec<(String, String)>);

fn alerts(document: &twoam::tree::Node) -> Vec<Alert> {
    let groups = document.get("groups").or_else(|| document.at(&["prometheusAlerts", "groups"]));
    let rules = groups.into_iter().flat_map(twoam::tree::Node::items).filter_map(|group| group.get("rules"));
    let read = |rule: &twoam::tree::Node| {
        let text = |key: &str| rule.get(key).and_then(twoam::tree::Node::scalar).map(|text| text.to_string());
        let expression = text("expr")?.split_whitespace().collect();
        let labels = rule.get("labels").map_or(&[][..], twoam::tree::Node::entries);
        let mut labels: Vec<(String, String)> = labels
            .iter()
            .map(|label| (label.key.to_string(), label.value.scalar().unwrap_or_default().to_string()))
            .collect();
        labels.sort();
        Some((text("alert")?, expression, text("for"), labels))
    };
    rules.flat_map(twoam::tree::Node::items).filter_map(read).collect()
}

/// The Jsonnet of a repository, as an audit reads it.
fn jsonnet_of(root: &Path) -> twoam::source::Sources {
    let found = twoam::discover::discover(&[root.to_owned()], &twoam::discover::Options::default()).files;
    let files =
        found.iter().filter(|found| found.format == twoam::tree::Format::Json || found.shown.ends_with("sonnet"));
    let read = files.filter_map(|found| {
        let text = twoam::discover::read(found).ok()?;
        Some(twoam::source::Source::new(&found.shown, text))
    });
    twoam::source::Sources::new(read.collect())
}
