//! Which services there are: what labels, charts and catalogues say.

use std::fmt::Write as _;

use super::support::{Folder, twoam};

/// A Deployment as a chart for any application makes it, of a release.
fn release(chart: &str, name: &str, instance: &str) -> String {
    let labels = |indent: &str| {
        format!(
            "{indent}app.kubernetes.io/name: {name}\n{indent}app.kubernetes.io/instance: {instance}\n\
             {indent}helm.sh/chart: {chart}-1.4.0\n"
        )
    };
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {instance}-{name}\n  namespace: shop\n  labels:\n{}spec:\n  \
         replicas: 2\n  selector:\n    matchLabels:\n      app.kubernetes.io/instance: {instance}\n  template:\n    metadata:\n      \
         labels:\n{}    spec:\n      containers:\n        - name: app\n          image: shop/{instance}:1.0.0\n---\n",
        labels("    "),
        labels("        "),
    )
}

/// The services of a folder, each with its workloads.
fn services(folder: &Folder) -> String {
    let run = twoam(folder.path(), &["services", "--today", "2026-11-25"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let mut text = String::new();
    for line in run.out.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["workload", name, ..] => write!(text, " {name}").unwrap(),
            [name, "(no" | "(owned", ..] => write!(text, "\n{name}:").unwrap(),
            _ => {}
        }
    }
    text
}

#[test]
fn releases_of_a_chart_for_everything_are_services_of_their_own() {
    let folder = Folder::new();
    let text = release("generic-app", "generic-app", "orders") + &release("generic-app", "generic-app", "billing");
    folder.write("apps.yml", text);
    assert_eq!(services(&folder), "\nbilling: Deployment/billing-generic-app\norders: Deployment/orders-generic-app");
}

#[test]
fn the_name_of_a_thing_is_not_taken_for_that_of_a_chart() {
    let folder = Folder::new();
    // Two releases of one thing, each called after it; and a part of two releases that hold more.
    let text = release("cache", "cache", "cache-blue")
        + &release("cache", "cache", "cache-green")
        + &release("exporter", "exporter", "north")
        + &release("north", "gateway", "north")
        + &release("exporter", "exporter", "south")
        + &release("south", "archive", "south");
    folder.write("apps.yml", text);
    assert_eq!(
        services(&folder),
        "\narchive: Deployment/south-archive\ncache: Deployment/cache-blue-cache Deployment/cache-green-cache\n\
         exporter: Deployment/north-exporter Deployment/south-exporter\ngateway: Deployment/north-gateway"
    );
}

#[test]
fn an_entry_of_a_catalogue_selects_what_it_is_about() {
    let folder = Folder::new();
    folder.write("apps.yml", release("web", "web", "team-a-web") + &release("web", "web", "team-b-web"));
    let entry = |name: &str, selector: &str| {
        format!(
            "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\n  annotations:\n    \
             backstage.io/kubernetes-label-selector: '{selector}'\n    backstage.io/kubernetes-namespace: shop\nspec:\n  \
             type: service\n  owner: team\n---\n"
        )
    };
    let catalogue = entry("desk", "app.kubernetes.io/instance=team-a-web,app.kubernetes.io/name=web")
        + &entry("shelf", "app.kubernetes.io/instance in (team-b-web)");
    folder.write("catalog-info.yaml", catalogue);
    assert_eq!(services(&folder), "\ndesk: Deployment/team-a-web-web\nshelf:\nweb: Deployment/team-b-web-web");
}

#[test]
fn where_rules_are_evaluated_says_nothing_of_what_they_are_about() {
    let folder = Folder::new();
    folder.write("apps.yml", release("monitoring", "monitoring", "monitoring") + &release("desk", "desk", "desk"));
    let rule = |namespace: &str| {
        format!(
            "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: {namespace}-rules\n  \
             namespace: {namespace}\nspec:\n  groups:\n    - name: all\n      rules:\n        - alert: JwtsExpire\n          \
             expr: rate(jwt_expired_total[5m]) > 1\n          labels: {{severity: warning}}\n---\n"
        )
    };
    folder.write("rules/jwt.yml", rule("monitoring") + &rule("desk"));
    let run = twoam(folder.path(), &["services", "--today", "2026-11-25"]);
    assert_eq!(run.out.matches("JwtsExpire").count(), 1, "{}", run.out);
    assert!(run.out.contains("by its namespace desk"), "{}", run.out);
}

#[test]
fn what_applies_a_helmfile_ships_its_releases() {
    let folder = Folder::new();
    folder.write("deploy/helmfile.yaml", "releases:\n  - {name: web, namespace: shop, chart: charts/web}\n  - {name: search, namespace: shop, chart: shop/search, version: 1.4.2}\n  - {name: mail, namespace: shop, chart: shop/mail, version: 1.4.2, labels: {tier: later}}\n");
    folder.write("deploy/charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
    let parts = ["front", "worker"].map(|part| {
        format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: web-{part} }}\nspec:\n  selector: {{ matchLabels: {{ app: {part} }} }}\n  template:\n    metadata: {{ labels: {{ app: {part} }} }}\n    spec: {{ containers: [{{ name: app, image: 'shop/{part}:1.0.0' }}] }}\n")
    });
    folder.write("deploy/charts/web/templates/web.yaml", parts.join("---\n"));
    folder.write(".github/workflows/ship.yml", "on: { push: { branches: [main] } }\njobs:\n  ship:\n    environment: production\n    steps:\n      - { run: \"helmfile -l 'tier!=later' apply\", working-directory: deploy }\n");
    let run = twoam(folder.path(), &["services", "-v", "--today", "2026-11-25"]);
    let shipped: Vec<&str> = run
        .out
        .lines()
        .filter(|line| line.contains("deployment "))
        .filter_map(|line| line.split(" by ").nth(1))
        .collect();
    assert_eq!(shipped, ["it ships web", "it ships search", "it ships web"], "{}", run.out);
    let run = twoam(folder.path(), &["explain", "service/worker", "--today", "2026-11-25"]);
    assert!(run.out.contains("ship.yml#ship: revert the commit"), "{}", run.out);
}

#[test]
fn jobs_that_run_the_program_of_a_service_are_part_of_it() {
    let folder = Folder::new();
    let job = |name: &str, namespace: &str, image: &str| {
        format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: {name}\n  namespace: {namespace}\nspec:\n  schedule: '0 3 * * *'\n  \
             jobTemplate:\n    spec:\n      template:\n        metadata:\n          labels: {{app: {name}}}\n        spec:\n          \
             containers:\n            - name: {name}\n              image: {image}\n---\n"
        )
    };
    let jobs = job("send-reminders", "shop", "registry.test:5000/shop/desk:1.0.1")
        + &job("prune", "shop", "tools/prune:7")
        + &job("import", "other", "registry.test:5000/shop/desk:1.0.1");
    let own = |name: &str| {
        release(name, name, name).replace(&format!("shop/{name}:1.0.0"), "registry.test:5000/shop/desk:1.0.0")
    };
    folder.write("all.yml", own("desk") + &own("desk-worker") + &jobs);
    assert_eq!(
        services(&folder),
        "\ndesk: Deployment/desk-desk CronJob/send-reminders\ndesk-worker: Deployment/desk-worker-desk-worker\n\
         import: CronJob/import\nprune: CronJob/prune"
    );
}

#[test]
fn what_goes_to_several_clusters_is_listed_once() {
    let folder = Folder::new();
    let delivery = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: { name: shop, namespace: flux-system }\nspec: { interval: 5m, path: ./apps/shop, prune: true, sourceRef: { kind: GitRepository, name: own } }\n";
    folder.write("clusters/north/shop.yaml", delivery);
    folder.write("clusters/south/shop.yaml", delivery.replace("5m", "6m"));
    folder.write("apps/shop/web.yaml", "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: { name: web, namespace: shop }\nspec:\n  chart: { spec: { chart: web, version: 1.4.2, sourceRef: { kind: HelmRepository, name: shop } } }\n");
    let run = twoam(folder.path(), &["services", "-v", "--today", "2026-11-25"]);
    assert_eq!(run.out.matches("release").count(), 1, "{}", run.out);
    let run = twoam(folder.path(), &["explain", "service/web", "--today", "2026-11-25"]);
    let kept = run.out.lines().filter(|line| line.contains("keeps an older revision")).count();
    assert_eq!(kept, 1, "{}", run.out);
}

#[test]
fn the_name_of_the_whole_before_that_of_a_part_is_left_out() {
    let folder = Folder::new();
    folder.write(
        "main.tf",
        "resource \"aws_lambda_function\" \"poll\" {\n  function_name = \"poll\"\n  tags = { application = \"Shop Platform: core-logs\" }\n}\n",
    );
    assert_eq!(services(&folder), "\ncore-logs: aws_lambda_function.poll");
}

#[test]
fn what_argo_cd_installs_from_a_chart_is_reverted_in_git() {
    let folder = Folder::new();
    folder.write(
        "apps/web.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web, namespace: argocd}\nspec:\n  destination: {namespace: shop}\n  \
         source: {path: charts/web, repoURL: 'https://git.shop.test/platform.git'}\n",
    );
    folder.write("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
    folder.write("charts/web/templates/web.yaml", release("web", "web", "web").replace("  namespace: shop\n", ""));
    let run = twoam(folder.path(), &["explain", "service/web", "--today", "2026-11-25"]);
    assert!(run.out.contains("Argo CD"), "{}", run.out);
    assert!(!run.out.contains("rollout undo"), "{}", run.out);
}
