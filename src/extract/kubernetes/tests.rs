//! Manifests as people write them → facts, and what stands under their spans.

use crate::extract::{Facts, read_yaml};
use crate::model::{Coverage, Fact};
use crate::source::Sources;
use crate::tree::Text;

/// The text under a fact's span.
fn under<'a, T>(sources: &'a Sources, fact: &Fact<T>) -> &'a str {
    sources.slice(fact.span.unwrap())
}

fn read(text: &str) -> (Sources, Facts) {
    let (sources, facts) = read_yaml("k8s/app.yaml", text);
    assert_eq!(facts.problems, []);
    (sources, facts)
}

const CHECKOUT: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata:
  name: checkout
  namespace: shop
spec:
  revisionHistoryLimit: 0
  selector: {matchLabels: {app: checkout}}
  template:
    metadata:
      labels: {app: checkout}
    spec:
      initContainers:
        - name: migrate
          image: shop/migrate:1
      containers:
        - name: app
          image: shop/checkout:latest
          ports: [{name: http, containerPort: 8080}]
          readinessProbe: {httpGet: {path: /, port: http}}
          env:
            - {name: DATABASE_URL, value: "postgres://app:secret@orders-db:5432/orders"}
          envFrom:
            - configMapRef: {name: checkout-config}
        - name: proxy
          image: envoy@sha256:00
"#;

#[test]
fn a_deployment_is_a_workload_with_its_defaults() {
    let (sources, facts) = read(CHECKOUT);
    let workload = &facts.model.workloads[0];
    assert_eq!((workload.name.as_str(), sources.slice(workload.place.span)), ("Deployment/checkout", "checkout"));
    assert_eq!(workload.replicas.value(), Some(&1), "one is the default");
    assert!(workload.replicas_omitted && workload.scales && workload.singleton.is_false());
    assert_eq!(under(&sources, &workload.revision_history_limit), "0");
    assert_eq!(workload.pod_labels.value("app"), Some("checkout"));
    assert_eq!(workload.uses.iter().filter_map(Fact::value).collect::<Vec<_>>(), ["orders-db"]);
    assert_eq!(workload.configured_by, ["checkout-config"]);
    assert_eq!(workload.containers.len(), 3);
    assert_eq!(facts.model.datastores.len(), 0);
}

#[test]
fn containers_know_their_image_and_probe() {
    let (sources, facts) = read(CHECKOUT);
    let [app, proxy, migrate] = facts.model.containers.as_slice() else { panic!("three containers") };
    assert_eq!(app.name, "Deployment/checkout/app");
    assert!(app.image_mutable.is_true() && app.readiness_probe.is_true() && !app.init);
    assert_eq!(under(&sources, &app.image_mutable), "shop/checkout:latest");
    assert_eq!(under(&sources, &app.readiness_probe), "readinessProbe");
    assert!(proxy.image_mutable.is_false() && proxy.readiness_probe.is_false());
    assert_eq!(under(&sources, &proxy.readiness_probe), "proxy");
    assert!(migrate.init);
    assert_eq!(app.ports, [("http".into(), Some(8080))]);
}

#[test]
fn a_patch_is_no_workload() {
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: checkout}\nspec:\n  replicas: 3\n";
    assert_eq!(read(patch).1.model.workloads.len(), 0);
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: checkout}\nspec:\n  template:\n    spec:\n      containers: [{name: app, image: x:2}]\n";
    assert_eq!(read(patch).1.model.workloads.len(), 0);
}

#[test]
fn lists_are_unpacked_and_schemas_are_not() {
    let list = "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: Service\n    metadata: {name: a}\n    spec: {selector: {app: a}, ports: [{port: 80, targetPort: http}]}\n";
    let (_, facts) = read(list);
    let service = &facts.model.kubernetes.services[0];
    assert_eq!((service.name.as_str(), service.ports[0].target.as_str()), ("a", "http"));
    let schema = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\nspec: {names: {kind: Deployment}}\n";
    assert_eq!(read(schema).1.model.workloads.len(), 0);
}

#[test]
fn a_database_on_an_empty_directory_is_ephemeral() {
    let (sources, facts) = read(
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: accounts-db}\nspec:\n  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n    spec:\n      containers:\n        - name: db\n          image: shop/accounts-db:1\n          volumeMounts: [{name: data, mountPath: /var/lib/postgresql/data}]\n      volumes:\n        - name: data\n          emptyDir: {}\n",
    );
    let store = &facts.model.datastores[0];
    assert_eq!((store.name.as_str(), store.kind.as_str()), ("StatefulSet/accounts-db", "database"));
    assert_eq!(store.engine.value().map(Text::as_str), Some("postgres"), "by its data directory");
    assert!(store.ephemeral.is_true() && store.disposable.is_false());
    assert_eq!(under(&sources, &store.ephemeral), "emptyDir");
}

fn with_containers(kind: &str, pod: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: x}}\nspec:\n  selector: {{matchLabels: {{a: b}}}}\n  template:\n    metadata: {{labels: {{a: b}}}}\n    spec: {pod}\n"
    )
}

#[test]
fn a_cache_may_lose_its_data_and_a_client_has_none() {
    let cache = with_containers("Deployment", "{containers: [{name: r, image: 'redis:7'}]}");
    assert!(read(&cache).1.model.datastores[0].disposable.is_true());
    let kept = with_containers(
        "Deployment",
        "{containers: [{name: r, image: 'redis:7', volumeMounts: [{name: d, mountPath: /data}]}], volumes: [{name: d, persistentVolumeClaim: {claimName: c}}]}",
    );
    let (_, facts) = read(&kept);
    assert!(facts.model.datastores[0].disposable.is_false());
    assert_eq!(facts.model.workloads[0].claims[0].value().map(Text::as_str), Some("c"));
    let client = with_containers(
        "Deployment",
        "{containers: [{name: shell, image: 'postgres:16', command: [sleep, infinity]}]}",
    );
    assert_eq!(read(&client).1.model.datastores.len(), 0);
}

#[test]
fn a_cache_beside_an_application_does_not_hide_its_claims() {
    let text = with_containers(
        "StatefulSet",
        "{containers: [{name: wiki, image: 'wiki:1', volumeMounts: [{name: pages, mountPath: /pages}]}, {name: r, image: 'redis:7'}]}",
    );
    let (sources, facts) = read(&format!("{text}  volumeClaimTemplates: [{{metadata: {{name: pages}}}}]\n"));
    let names: Vec<_> = facts.model.datastores.iter().map(|store| store.name.as_str()).collect();
    assert_eq!(names, ["StatefulSet/x", "StatefulSet/x/r"]);
    let [pages, cache] = facts.model.datastores.as_slice() else { panic!("two") };
    assert_eq!((pages.kind.as_str(), sources.slice(pages.place.span)), ("volume", "x"));
    assert!(pages.ephemeral.is_false() && pages.disposable.is_false() && cache.disposable.is_true());
}

#[test]
fn a_volume_that_is_declared_nowhere_leaves_it_open() {
    let text = with_containers(
        "Deployment",
        "{containers: [{name: p, image: 'postgres:16', volumeMounts: [{name: d, mountPath: /var/lib/postgresql}]}]}",
    );
    assert!(read(&text).1.model.datastores[0].ephemeral.reason().is_some());
}

#[test]
fn a_claim_is_the_data_of_the_database_that_mounts_it() {
    let claim =
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c}\nspec: {accessModes: [ReadWriteOnce]}\n";
    let database = with_containers(
        "Deployment",
        "{containers: [{name: p, image: 'postgres:16', volumeMounts: [{name: d, mountPath: /var/lib/postgresql}]}], volumes: [{name: d, persistentVolumeClaim: {claimName: c}}]}",
    );
    let (_, mut facts) = read(&format!("{claim}---\n{database}"));
    facts.model.settle_claims();
    let names: Vec<_> = facts.model.datastores.iter().map(|store| store.name.as_str()).collect();
    assert_eq!(names, ["Deployment/x"]);
    assert!(facts.model.workloads[0].singleton.is_true(), "one node mounts its claim");

    let application = with_containers(
        "Deployment",
        "{containers: [{name: p, image: 'wiki:1', volumeMounts: [{name: d, mountPath: /pages}]}], volumes: [{name: d, persistentVolumeClaim: {claimName: c}}]}",
    );
    let (_, mut facts) = read(&format!("{claim}---\n{application}"));
    facts.model.settle_claims();
    assert_eq!(facts.model.datastores[0].name, "PersistentVolumeClaim/c");
    assert_eq!(
        facts.model.datastores[0].workload.map(|id| facts.model[id].name.as_str().to_owned()),
        Some("Deployment/x".into())
    );
}

#[test]
fn a_claim_by_its_name_may_be_made_again() {
    let claim =
        |name: &str| format!("apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: {name}\nspec: {{}}\n");
    assert!(read(&claim("home-assistant-cache")).1.model.datastores[0].disposable.is_true());
    assert!(read(&claim("cachet-data")).1.model.datastores[0].disposable.is_false());
    let (_, facts) = read(&claim("${APP}"));
    assert!(facts.model.datastores[0].place.library, "a template that others instantiate");
}

#[test]
fn velero_covers_namespaces() {
    let (sources, facts) = read(
        "apiVersion: velero.io/v1\nkind: Schedule\nmetadata: {name: nightly, namespace: velero}\nspec:\n  schedule: 30 1 * * *\n  paused: true\n  template:\n    includedNamespaces: [shop]\n    excludedNamespaces: [logs]\n    labelSelector: {matchLabels: {backup: 'yes'}}\n    ttl: 240h0m0s\n",
    );
    let backup = &facts.model.backups[0];
    assert_eq!((backup.name.as_str(), backup.tool.as_str()), ("Schedule/nightly", "velero"));
    assert!(backup.paused.is_true());
    assert_eq!(backup.retention_days.value(), Some(&10.0));
    assert_eq!(under(&sources, &backup.retention_days), "240h0m0s");
    let Coverage::Namespaces { included, excluded, selectors } = &backup.covers else { panic!("namespaces") };
    assert_eq!(included[0].value().map(Text::as_str), Some("shop"));
    assert_eq!((excluded.len(), selectors.len()), (1, 1));
}

fn job(kind_and_name: &str, schedule: &str, container: &str) -> String {
    let (kind, name) = kind_and_name.split_once('/').unwrap();
    let pod = format!("template: {{spec: {{containers: [{container}]}}}}");
    let spec = if kind == "CronJob" {
        format!("{{{schedule} jobTemplate: {{spec: {{{pod}}}}}}}")
    } else {
        format!("{{{pod}}}")
    };
    format!("apiVersion: batch/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n")
}

#[test]
fn cron_jobs_that_copy_are_backups_of_what_they_name() {
    let container = "{name: d, image: 'x:1', command: [sh, -c, 'pg_dump -h orders-db orders | gzip > /b/x.gz'], env: [{name: PGHOST, value: users-db}]}";
    let (_, facts) = read(&job("CronJob/nightly", "schedule: '0 1 * * *', suspend: true,", container));
    let backup = &facts.model.backups[0];
    assert!(backup.paused.is_true());
    let Coverage::Names(names) = &backup.covers else { panic!("names") };
    assert_eq!(names.iter().filter_map(Fact::value).collect::<Vec<_>>(), ["users-db", "orders-db"]);
    assert_eq!(facts.model.restore_tests.len(), 0);
    assert!(!facts.model.workloads[0].scales && facts.model.workloads[0].replicas.is_absent());

    let (_, facts) = read(&job(
        "CronJob/r",
        "schedule: '0 1 * * *',",
        "{name: d, image: 'restic/restic:1', args: [-r, s3, backup, /data]}",
    ));
    assert_eq!(facts.model.backups.len(), 1, "the image's own program");
    let (_, facts) = read(&job(
        "CronJob/report",
        "schedule: '0 1 * * *',",
        "{name: d, image: 'x:1', command: [sh, -c, '# pg_dump\necho hello']}",
    ));
    assert_eq!(facts.model.backups.len(), 0);
}

#[test]
fn jobs_that_restore_are_restore_tests() {
    let (sources, facts) = read(&job(
        "CronJob/orders-restore-test",
        "schedule: '0 1 * * 0',",
        "{name: d, image: 'x:1', command: [sh, -c, 'pg_restore -d scratch /b/latest']}",
    ));
    let test = &facts.model.restore_tests[0];
    assert_eq!(under(&sources, &test.has_selection), "'pg_restore -d scratch /b/latest'");
    let Coverage::Names(names) = &test.covers else { panic!("names") };
    assert_eq!(names[0].value().map(Text::as_str), Some("orders"));
    assert_eq!(facts.model.backups.len(), 0);
}

#[test]
fn operators_speak_of_their_own_backups() {
    let (sources, facts) = read(
        "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: orders}\nspec:\n  instances: 3\n  backup:\n    retentionPolicy: 30d\n    barmanObjectStore: {destinationPath: s3://x}\n---\napiVersion: postgresql.cnpg.io/v1\nkind: ScheduledBackup\nmetadata: {name: orders-daily}\nspec:\n  schedule: 0 0 1 * * *\n  cluster: {name: orders}\n",
    );
    let store = &facts.model.datastores[0];
    assert_eq!(store.names, ["orders", "orders-rw", "orders-ro", "orders-r"]);
    assert!(store.backup.enabled.is_absent() && store.backup.pitr.is_true());
    assert_eq!(store.backup.retention_days.value(), Some(&30.0));
    assert_eq!(under(&sources, &store.backup.retention_days), "30d");
    assert_eq!(
        facts.model.backups[0].covers,
        Coverage::Names(vec![Fact::known(
            "orders".into(),
            match &facts.model.backups[0].covers {
                Coverage::Names(names) => names[0].span,
                _ => None,
            }
        )])
    );

    let (_, facts) = read(
        "apiVersion: psmdb.percona.com/v1\nkind: PerconaServerMongoDB\nmetadata: {name: m}\nspec:\n  backup:\n    enabled: true\n    pitr: {enabled: true}\n    tasks: [{name: daily, enabled: true, schedule: 0 0 * * *}]\n",
    );
    let backup = &facts.model.datastores[0].backup;
    assert!(backup.enabled.is_true() && backup.pitr.is_true());
    let (_, facts) = read("apiVersion: kafka.strimzi.io/v1beta2\nkind: Kafka\nmetadata: {name: k}\nspec: {}\n");
    assert!(facts.model.datastores[0].backup.enabled.reason().is_some() && facts.model.datastores[0].backup.managed);
}

#[test]
fn a_recovered_cluster_outside_production_is_a_restore_test() {
    let cluster = |namespace: &str| {
        format!(
            "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {{name: orders, namespace: {namespace}}}\nspec:\n  bootstrap:\n    recovery: {{source: orders-prod}}\n"
        )
    };
    assert_eq!(read(&cluster("restore-test")).1.model.restore_tests.len(), 1);
    assert_eq!(read(&cluster("shop")).1.model.restore_tests.len(), 0, "production was moved once");
    let copy = "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: orders-staging}\nspec:\n  instances: 1\n  externalClusters:\n    - name: orders-prod\n      plugin: {name: barman-cloud.cloudnative-pg.io, parameters: {serverName: orders-prod}}\n";
    let (sources, facts) = read(copy);
    assert_eq!(under(&sources, &facts.model.restore_tests[0].target), "orders-prod");
    assert!(facts.model.datastores[0].multi_zone.is_false());
}

#[test]
fn budgets_autoscalers_and_monitors_are_kept_for_joins() {
    let (sources, facts) = read(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: a}\nspec:\n  minAvailable: 50%\n  selector:\n    matchExpressions: [{key: app, operator: In, values: [a, b]}]\n---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\nspec:\n  scaleTargetRef: {kind: Deployment, name: a}\n  maxReplicas: 3\n---\napiVersion: monitoring.coreos.com/v1\nkind: Probe\nmetadata: {name: a}\nspec:\n  jobName: a-probe\n  targets: {staticConfig: {static: ['https://pay.example/ready']}}\n---\napiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: a}\nspec:\n  scaleTargetRef: {name: a}\n",
    );
    let objects = &facts.model.kubernetes;
    assert_eq!(under(&sources, &objects.budgets[0].min_available), "50%");
    assert_eq!(objects.budgets[0].selector.expressions[0].values, ["a", "b"]);
    assert_eq!(facts.model.autoscalers[0].min_replicas.value(), Some(&1));
    assert_eq!(facts.model.autoscalers[1].min_replicas.value(), Some(&0));
    assert_eq!(
        (facts.model.monitors[0].job.as_deref(), facts.model.monitors[0].targets[0].as_str()),
        (Some("a-probe"), "pay.example")
    );
}

#[test]
fn what_is_filled_in_later_is_not_known() {
    let text = with_containers("Deployment", "{containers: [{name: a, image: 'x:${TAG}'}]}")
        .replace("spec:\n  selector", "spec:\n  replicas: ${REPLICAS:=2}\n  selector");
    let (sources, facts) = read(&text);
    assert!(facts.model.workloads[0].replicas.reason().is_some());
    assert_eq!(under(&sources, &facts.model.workloads[0].replicas), "${REPLICAS:=2}");
    assert!(facts.model.containers[0].image_mutable.reason().is_some());
}

#[test]
fn skaffold_sets_images() {
    let (_, facts) = read("apiVersion: skaffold/v4beta1\nkind: Config\nbuild:\n  artifacts: [{image: checkout}]\n");
    assert!(facts.model.kubernetes.images[0].mutable.reason().is_some());
}

#[test]
fn leader_election_and_single_writers_are_singletons() {
    let (sources, facts) =
        read(&with_containers("Deployment", "{containers: [{name: a, image: 'x:1', args: [--leader-elect]}]}"));
    assert_eq!(under(&sources, &facts.model.workloads[0].singleton), "--leader-elect");
    let (_, facts) =
        read(&with_containers("Deployment", "{containers: [{name: a, image: 'x:1', args: [--leader-elect=false]}]}"));
    assert!(facts.model.workloads[0].singleton.is_false());
    for (image, argument, alone) in [
        ("quay.io/thanos/thanos:v0.35.0", "compact", true),
        ("quay.io/thanos/thanos:v0.35.0", "store", false),
        ("grafana/loki:3.1.0", "-target=compactor", true),
        ("x:1", "compact", false),
    ] {
        let pod = format!("{{containers: [{{name: a, image: '{image}', args: ['{argument}', --wait]}}]}}");
        let (_, facts) = read(&with_containers("Deployment", &pod));
        assert_eq!(facts.model.workloads[0].singleton.is_true(), alone, "{image} {argument}");
    }
    let text = with_containers(
        "Deployment",
        "{containers: [{name: a, image: 'x:1'}], volumes: [{name: d, persistentVolumeClaim: {claimName: c}}]}",
    );
    let (sources, facts) = read(&text.replace("spec:\n  selector", "spec:\n  strategy: {type: Recreate}\n  selector"));
    assert_eq!(under(&sources, &facts.model.workloads[0].singleton), "Recreate");
}

#[test]
fn how_often_argo_cd_looks_stands_in_its_settings() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: argocd-cm }\ndata:\n  timeout.reconciliation: 60s\n";
    let (_, facts) = crate::extract::read_yaml("argocd.yaml", text);
    assert_eq!(facts.model.kubernetes.polling[0].seconds.value(), Some(&Some(60)));
}

#[test]
fn an_analysis_between_steps_is_a_wait() {
    let steps = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: web}\nspec:\n  strategy: {canary: {steps: [{setWeight: 20}, {analysis: {templates: [{templateName: errors}]}}, {pause: {duration: 60}}]}}\n  selector: {matchLabels: {app: web}}\n  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'registry.example/web:1'}]}}\n";
    let (_, facts) = read(steps);
    let rollout = &facts.model.workloads[0].rollout;
    let waits: Vec<(&str, Option<i64>)> = rollout.pauses.iter().map(|it| (it.what.as_str(), it.seconds)).collect();
    assert_eq!(waits, [("the analysis by `errors`", None), ("a pause of the canary", Some(60))]);
    assert_eq!(rollout.analyses[&0], ["errors"]);
    assert!(rollout.gated.is_false(), "no person is waited for");
    let template = |metrics: &str| {
        let text = format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{name: errors}}\nspec: {{metrics: {metrics}}}\n"
        );
        read(&text).1.model.kubernetes.analyses[0].seconds
    };
    assert_eq!(template("[{name: a}, {name: b, interval: 1m, count: 5, initialDelay: 30s}]"), Some(270));
    assert_eq!(template("[{name: a, interval: 1m}]"), None, "it has no end");
}
