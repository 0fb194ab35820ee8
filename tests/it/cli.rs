//! The command line as a user types it.

use super::support::{Folder, TODAY, lantern, twoam};

/// A repository with one gap of high severity and nothing worse.
fn small() -> Folder {
    let folder = Folder::new();
    folder.write(
        "alerts/app.yml",
        "groups:\n  - name: app\n    rules:\n      - alert: AppDown\n        expr: up{job=\"app\"} == 0\n        \
         for: 5m\n        labels:\n          severity: page\n        annotations:\n          summary: The app is down\n",
    );
    folder
}

#[test]
fn gaps_decide_the_exit_code_and_the_format_does_not() {
    let folder = small();
    for format in ["human", "concise", "json", "sarif", "github", "gitlab", "junit", "markdown", "html"] {
        assert_eq!(twoam(folder.path(), &["--format", format]).code, 1, "{format}");
        assert_eq!(twoam(folder.path(), &["--format", format, "--exit-zero"]).code, 0, "{format}");
        assert_eq!(twoam(folder.path(), &["--format", format, "--fail-on", "critical"]).code, 0, "{format}");
    }
}

#[test]
fn check_is_the_verb_when_none_is_given() {
    let folder = small();
    let implied = twoam(folder.path(), &["--format", "concise"]);
    let said = twoam(folder.path(), &["check", ".", "--format", "concise"]);
    assert_eq!(implied.out, said.out);
    assert!(implied.out.contains("alerts/app.yml:4:16: high[runbook/alert-without-runbook]"), "{}", implied.out);
}

#[test]
fn a_path_that_is_not_there_is_named_with_what_to_do() {
    let folder = Folder::new();
    let run = twoam(folder.path(), &["check", "infra"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("infra"), "{}", run.err);
    assert!(run.err.contains("help:"), "{}", run.err);
    assert_eq!(run.out, "");
}

#[test]
fn a_mistyped_verb_is_not_taken_for_a_folder() {
    let run = twoam(Folder::new().path(), &["chekc"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("did you mean `twoam check`?"), "{}", run.err);
    // A folder of that name is a folder.
    let folder = Folder::new();
    folder.write("chekc/main.tf", "");
    assert_eq!(twoam(folder.path(), &["chekc"]).code, 0);
}

#[test]
fn services_of_other_environments_are_not_called_none() {
    let folder = Folder::new();
    folder.write(
        "env/dev/app.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app, labels: {app: app}}\nspec:\n  selector: \
         {matchLabels: {app: app}}\n  template:\n    metadata: {labels: {app: app}}\n    spec: {containers: \
         [{name: app, image: 'app:1'}]}\n",
    );
    let run = twoam(folder.path(), &["check"]);
    assert!(run.out.contains("There is 1 service here, of dev and not of production"), "{}", run.out);
}

#[test]
fn a_folder_with_nothing_to_audit_is_not_called_clean() {
    let folder = Folder::new();
    folder.write("src/main.c", "int main() {}\n");
    let run = twoam(folder.path(), &["check"]);
    assert_eq!(run.code, 2, "{}{}", run.out, run.err);
    assert!(run.err.contains("nothing to audit"), "{}", run.err);
}

#[test]
fn a_service_of_which_only_the_name_was_read_is_not_called_ready() {
    let folder = Folder::new();
    folder.write(
        "catalog-info.yaml",
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: basket}\n\
         spec: {type: service, lifecycle: production, owner: team-shop}\n",
    );
    let run = twoam(folder.path(), &[]);
    assert!(run.out.contains("?  basket") && run.out.contains("Nothing could be judged"), "{}", run.out);
    let explained = twoam(folder.path(), &["explain", "service/basket"]);
    assert!(explained.out.contains("nothing of it was read but where it is named"), "{}", explained.out);
}

#[test]
fn one_broken_file_loses_only_itself() {
    let folder = small();
    folder.write("alerts/broken.yml", "groups:\n  - name: [unclosed\n");
    folder.write("main.tf", "resource \"aws_db_instance\" \"a\" {\n  engine = \n}\n\nresource \"aws_db_instance\" \"b\" {\n  engine = \"mysql\"\n}\n");
    let run = twoam(folder.path(), &["--format", "concise"]);
    assert_eq!(run.code, 1);
    assert!(run.out.contains("AppDown"), "{}", run.out);
    assert!(run.out.contains("aws_db_instance.b"), "{}", run.out);
    assert!(run.err.contains("alerts/broken.yml:"), "{}", run.err);
    assert!(run.err.contains("main.tf:2"), "{}", run.err);
}

#[test]
fn an_unknown_key_of_the_configuration_is_refused_at_its_line() {
    let folder = small();
    folder.write("twoam.toml", "[[service]]\nname = \"app\"\nteir = 1\n");
    let run = twoam(folder.path(), &[]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("twoam.toml:3:1"), "{}", run.err);
    assert!(run.err.contains("did you mean `tier`?"), "{}", run.err);
}

#[test]
fn a_rule_that_is_not_there_is_refused_with_what_was_meant() {
    let folder = small();
    let run = twoam(folder.path(), &["--select", "runbok"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("did you mean `runbook`?"), "{}", run.err);
    let run = twoam(folder.path(), &["explain", "backup/no-deletion-protecton"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("did you mean `backup/no-deletion-protection`?"), "{}", run.err);
}

#[test]
fn every_output_can_be_written_beside_the_report() {
    let folder = small();
    let run =
        twoam(folder.path(), &["--format", "concise", "-o", "sarif=a.sarif", "-o", "json=a.json", "-o", "html=a.html"]);
    assert_eq!(run.code, 1);
    for file in ["a.sarif", "a.json", "a.html"] {
        assert!(folder.path().join(file).metadata().unwrap().len() > 100, "{file}");
    }
    assert_eq!(twoam(folder.path(), &["-o", "sarif"]).code, 2);
    assert_eq!(twoam(folder.path(), &["-o", "sarif=no/such/folder.sarif"]).code, 2);
}

#[test]
fn colour_is_for_terminals_unless_asked_for() {
    let folder = small();
    assert!(!twoam(folder.path(), &[]).out.contains('\u{1b}'));
    assert!(twoam(folder.path(), &["--color", "always"]).out.contains('\u{1b}'));
}

#[test]
fn schemas_and_completions_are_printed() {
    let folder = Folder::new();
    for what in ["config", "rule", "report"] {
        let run = twoam(folder.path(), &["schema", what]);
        assert_eq!(run.code, 0, "{what}");
        let schema: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        assert!(schema["properties"].is_object(), "{what}");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(twoam(folder.path(), &["completions", shell]).out.contains("twoam"), "{shell}");
    }
}

#[test]
fn a_rule_is_explained_with_examples_from_its_fixtures() {
    let run = twoam(Folder::new().path(), &["explain", "backup/database-backups-off"]);
    assert_eq!(run.code, 0, "{}", run.err);
    for part in ["Why", "How to fix", "A failing example", "A passing example", "aws_db_instance"] {
        assert!(run.out.contains(part), "no `{part}` in:\n{}", run.out);
    }
    assert!(!run.out.contains("expect:"), "{}", run.out);
    // The passing example is the one nearest to the failing one: it shows the cure.
    let cure = run.out.split("A passing example").nth(1).unwrap();
    assert!(cure.contains("backup_retention_period = 14"), "{}", run.out);
    assert!(run.out.contains("waives it as well:\n  CKV_AWS_133, "), "{}", run.out);
    // A waiver is no cure, and most rules are asked by no other scanner.
    let run = twoam(Folder::new().path(), &["explain", "alert-coverage/queue-no-dlq"]);
    assert_eq!(run.out.matches("twoam: ignore[").count(), 1, "{}", run.out);
    assert!(!run.out.contains("Checkov"), "{}", run.out);
}

#[test]
fn a_service_is_explained_term_by_term() {
    let run = twoam(&lantern(), &["explain", "service/reports", "--today", TODAY]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.starts_with("service/reports: "), "{}", run.out);
    assert!(run.out.contains("-10 critical"), "{}", run.out);
    assert!(run.out.contains("Shortest way up: fix"), "{}", run.out);
    let run = twoam(&lantern(), &["explain", "service/seating", "--today", TODAY]);
    for part in
        ["The way back\n  none: `kubectl rollout undo", "takes 20 s when all goes well", "no  an old revision is kept"]
    {
        assert!(run.out.contains(part), "no `{part}` in:\n{}", run.out);
    }
    let run = twoam(&lantern(), &["explain", "service/checkout", "--today", TODAY]);
    for part in
        ["Alerted on\n  checkout\n", "errors        wakes someone  CheckoutHighErrorRate (page)  alerts/checkout.yml:4"]
    {
        assert!(run.out.contains(part), "no `{part}` in:\n{}", run.out);
    }
    let run = twoam(&lantern(), &["explain", "service/reportz", "--today", TODAY]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("did you mean `service/reports`?"), "{}", run.err);
}

#[test]
fn services_say_why_each_member_was_linked() {
    let run = twoam(&lantern(), &["services", "--today", TODAY]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("by label app.kubernetes.io/"), "{}", run.out);
}

/// A service of Terraform that one alarm watches, which tells nobody, and one that only a catalogue names.
fn quiet() -> Folder {
    let folder = Folder::new();
    folder.write(
        "main.tf",
        "resource \"aws_sqs_queue\" \"orders\" {\n  name = \"orders\"\n}\n\n\
         resource \"aws_cloudwatch_metric_alarm\" \"age\" {\n  alarm_name          = \"orders-age\"\n  \
         namespace           = \"AWS/SQS\"\n  metric_name         = \"ApproximateAgeOfOldestMessage\"\n  \
         comparison_operator = \"GreaterThanThreshold\"\n  evaluation_periods  = 1\n  period              = 60\n  \
         statistic           = \"Maximum\"\n  threshold           = 600\n  \
         dimensions          = { QueueName = aws_sqs_queue.orders.name }\n}\n\n\
         resource \"kubernetes_deployment\" \"orders\" {\n  metadata {\n    name   = \"orders\"\n    \
         labels = { \"app.kubernetes.io/name\" = \"orders\" }\n  }\n  spec {\n    replicas = 2\n    \
         selector {\n      match_labels = { app = \"orders\" }\n    }\n    template {\n      metadata {\n        \
         labels = { app = \"orders\" }\n      }\n      spec {\n        container {\n          \
         name  = \"orders\"\n          image = \"shop/orders:1.4.2\"\n        }\n      }\n    }\n  }\n}\n",
    );
    folder.write(
        "catalog-info.yaml",
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: elsewhere\nspec:\n  type: service\n  owner: team-far\n",
    );
    folder
}

#[test]
fn an_alarm_that_tells_nobody_does_not_end_on_purpose() {
    let folder = quiet();
    let run = twoam(folder.path(), &["explain", "alert/orders-age", "--today", TODAY]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("The first broken link: "), "{}", run.out);
    assert!(!run.out.contains("on purpose"), "{}", run.out);
}

#[test]
fn a_first_configuration_names_what_is_judged() {
    let folder = quiet();
    let run = twoam(folder.path(), &["init"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let text = std::fs::read_to_string(folder.path().join("twoam.toml")).unwrap();
    assert!(text.contains("orders"), "{text}");
    assert!(!text.contains("elsewhere"), "only its name was read: {text}");
}

#[test]
fn what_terraform_applies_is_not_undone_by_hand() {
    let folder = quiet();
    let run = twoam(folder.path(), &["new", "runbook", "orders-age", "--quiet"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("deployment/orders"), "{}", run.out);
    assert!(!run.out.contains("rollout undo"), "{}", run.out);
}

#[test]
fn a_folder_without_rules_is_told_how_to_begin() {
    let run = twoam(small().path(), &["test"]);
    assert_eq!(run.code, 2, "{}", run.out);
    assert!(run.err.contains("there are no rules of your own in"), "{}", run.err);
    assert!(run.err.contains("twoam new rule"), "{}", run.err);
}

#[test]
fn one_service_is_one_service() {
    let run = twoam(small().path(), &["services", "--today", TODAY]);
    assert!(!run.out.contains("1 services"), "{}", run.out);
}

#[test]
fn several_roots_are_one_graph() {
    let folder = small();
    folder.write(
        "pages/runbooks/app.md",
        "# AppDown\n\n## Meaning\n\nNo answer.\n\n## Diagnosis\n\nLook at the pods.\n\n## Mitigation\n\nRestart it, then call #app.\n",
    );
    folder.write(
        "deploy/app.yml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\nspec:\n  replicas: 2\n  selector:\n    matchLabels:\n      app: app\n  \
         template:\n    metadata:\n      labels:\n        app: app\n    spec:\n      containers:\n        - name: app\n          image: app:1.2.3\n",
    );
    let run = twoam(folder.path(), &["alerts", "pages", "deploy", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let service = &report["services"][0];
    assert_eq!(service["name"], "app");
    let kinds: Vec<&str> =
        service["members"].as_array().unwrap().iter().map(|member| member["kind"].as_str().unwrap()).collect();
    for kind in ["workload", "alert", "runbook"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
}

const PLANNED: &str = r#"{ "format_version": "1.2", "resource_changes": [ { "address": "aws_db_instance.orders",
  "mode": "managed", "type": "aws_db_instance", "name": "orders", "change": { "actions": ["create"],
  "after": { "identifier": "orders", "backup_retention_period": 0 }, "after_unknown": {} } } ] }"#;

const UNPLANNED: &str = "variable \"days\" {}\n\nresource \"aws_db_instance\" \"orders\" {\n  identifier = \"orders\"\n  backup_retention_period = var.days\n}\n";

#[test]
fn a_plan_settles_what_the_text_leaves_open() {
    let folder = Folder::new();
    folder.write("repo/infra/main.tf", UNPLANNED);
    let plan = folder.write("elsewhere/orders.json", PLANNED);
    let root = folder.path().join("repo");
    let root = root.to_str().unwrap();
    let arguments = ["check", root, "--format", "concise", "--exit-zero", "--select", "backup/database-backups-off"];
    let open = twoam(folder.path(), &arguments);
    assert!(open.out.contains("1 not decided"), "{}", open.out);
    let planned = twoam(folder.path(), &[&arguments[..], &["--plan", plan.to_str().unwrap()]].concat());
    assert!(planned.out.contains("infra/main.tf:5:"), "{}{}", planned.out, planned.err);
    assert!(!planned.out.contains("not decided"), "{}", planned.out);
    folder.write("repo/infra/tfplan.json", PLANNED);
    assert!(twoam(folder.path(), &arguments).out.contains("infra/main.tf:5:"), "found in place");
}

#[test]
fn a_plan_that_is_none_or_is_not_there_is_refused() {
    let folder = small();
    folder.write("other.json", "{}");
    for (path, message) in [("other.json", "no saved plan"), ("lost.json", "no such file")] {
        let run = twoam(folder.path(), &["check", ".", "--plan", path]);
        assert_eq!(run.code, 2);
        assert!(run.err.contains(message), "{}", run.err);
    }
}

#[test]
fn the_way_of_an_alert_is_explained_link_by_link() {
    let folder = Folder::new();
    folder.write(
        "alertmanager.yml",
        "route:\n  receiver: void\n  routes:\n  - receiver: pager\n    matchers: [severity=\"page\"]\n\
         receivers:\n- name: void\n- name: pager\n  pagerduty_configs: [{ routing_key_file: /etc/key }]\n",
    );
    folder.write(
        "rules.yml",
        "groups:\n- name: g\n  rules:\n  - { alert: Down, expr: sum(up) == 0, labels: { severity: page } }\n  \
         - { alert: Lost, expr: sum(up) == 1, labels: { severity: urgent } }\n",
    );
    folder.write("oncall/main.tf", "resource \"pagerduty_service\" \"pager\" {\n  name = \"pager\"\n}\n");
    let down = twoam(folder.path(), &["explain", "alert/Down"]);
    assert_eq!(down.code, 0, "{}", down.err);
    assert!(down.out.contains("route        alertmanager.yml:4  severity=\"page\""), "{}", down.out);
    assert!(down.out.contains("receiver     alertmanager.yml:8  pager"), "{}", down.out);
    let lost = twoam(folder.path(), &["explain", "alert/Lost"]);
    assert!(lost.out.contains("The first broken link: `void` calls nobody (alertmanager.yml:7)."), "{}", lost.out);
    let typo = twoam(folder.path(), &["explain", "alert/Dwon"]);
    assert_eq!(typo.code, 2);
    assert!(typo.err.contains("did you mean `alert/Down`?"), "{}", typo.err);
}

#[test]
fn explain_says_the_worst_case_loss_with_its_sources() {
    let folder = Folder::new();
    folder.write("twoam.toml", "[[service]]\nname = \"orders\"\nrpo = \"1h\"\n");
    folder.write(
        "backup.tf",
        "resource \"google_bigtable_table\" \"orders\" {\n  name = \"orders\"\n  labels = { service = \"orders\" }\n  \
         automated_backup_policy {\n    retention_period = \"72h0m0s\"\n    frequency = \"24h0m0s\"\n  }\n}\n",
    );
    let run = twoam(folder.path(), &["explain", "service/orders", "--today", TODAY]);
    let said =
        "up to 24 h: daily automatic backup of `google_bigtable_table.orders` at backup.tf:5; declared RPO 60 min";
    assert!(run.out.contains(said), "{}", run.out);
    assert!(run.out.contains("restore-test/rpo-not-achievable"), "{}", run.out);
    let run = twoam(folder.path(), &["check", "--format", "json", "--exit-zero", "--today", TODAY]);
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let loss = &report["services"][0]["data_loss"];
    assert_eq!((loss["minutes"].as_f64(), loss["acceptable"].as_bool()), (Some(1440.0), Some(false)), "{loss}");
    assert_eq!(loss["terms"][0]["line"], 5);
}

#[test]
fn a_pedantic_rule_is_asked_only_when_it_is_named() {
    let folder = Folder::new();
    folder.write(
        "backup.tf",
        "resource \"aws_backup_vault\" \"main\" { name = \"main\" }\n\
         resource \"aws_backup_plan\" \"daily\" {\n  rule {\n    target_vault_name = aws_backup_vault.main.name\n  }\n}\n\
         resource \"aws_backup_selection\" \"all\" {\n  plan_id = aws_backup_plan.daily.id\n  resources = [\"*\"]\n}\n",
    );
    let says = |arguments: &[&str]| {
        let run = twoam(folder.path(), &[&["check", "--format", "concise", "--exit-zero"], arguments].concat());
        run.out.contains("backup/copies-mutable")
    };
    assert!(!says(&[]));
    assert!(says(&["--select", "backup/copies-mutable"]) && says(&["--select", "backup"]));
    folder.write("twoam.toml", "[severities]\n\"backup/copies-mutable\" = \"low\"\n");
    assert!(says(&[]));
    let run = twoam(folder.path(), &["rules"]);
    assert!(run.out.contains("backup/copies-mutable"), "listed all the same: {}", run.out);
}

#[test]
fn an_alert_is_followed_to_the_people_of_a_team() {
    let folder = Folder::new();
    folder.write(
        "alertmanager.yml",
        "route:\n  receiver: seating\n  routes:\n    - matchers: ['gate=\"none\"']\n      receiver: nobody\n    - matchers: \
         ['gate=\"main\"']\n      receiver: incidents\nreceivers:\n  - name: nobody\n  - name: seating\n    opsgenie_configs:\n      \
         - {api_key_file: key, responders: [{name: Seating, type: team}]}\n  - name: incidents\n    incidentio_configs:\n      \
         - {url_file: url, alert_source_token_file: token}\n",
    );
    folder.write(
        "rules.yml",
        "groups:\n  - name: seats\n    rules:\n      - {alert: SeatsGone, expr: 'sum(seats) == 0', for: 5m}\n      \
         - {alert: GateShut, expr: 'sum(gates) == 0', for: 5m, labels: {gate: main}}\n      \
         - {alert: GateSlow, expr: 'sum by (gate) (seconds) > 9', for: 5m, labels: {gate: '{{ $labels.gate }}'}}\n",
    );
    folder.write(
        "oncall.tf",
        r#"
resource "opsgenie_team" "seating" {
  name = "Seating"
}

resource "opsgenie_escalation" "seating" {
  name          = "seats"
  owner_team_id = opsgenie_team.seating.id

  rules {
    condition   = "if-not-acked"
    notify_type = "default"
    delay       = 1

    recipient {
      type = "user"
      id   = opsgenie_user.ada.id
    }
  }
}

resource "opsgenie_user" "ada" {
  username  = "ada@example.org"
  full_name = "Ada"
  role      = "User"
}

resource "incident_alert_source" "incidents" {
  name        = "Incidents"
  source_type = "alertmanager"
}

resource "incident_alert_route" "all" {
  name          = "All"
  alert_sources = [{ alert_source_id = incident_alert_source.incidents.id, condition_groups = [] }]
  escalation_config = {
    escalation_targets = [{ escalation_paths = { array_value = [{ literal = incident_escalation_path.doors.id }] } }]
  }
}

resource "incident_escalation_path" "doors" {
  name = "doors"
  path = [{ id = "a", type = "level", level = { targets = [{ type = "user", id = "U1" }] } }]
}
"#,
    );
    let explain = |alert: &str| twoam(folder.path(), &["explain", alert, "--today", TODAY]).out;
    for (alert, parts) in [
        (
            "alert/SeatsGone",
            &["pages        oncall.tf:2  Seating", "escalates    oncall.tf:6  seats", "1 person in all"][..],
        ),
        ("alert/GateShut", &["Incidents, by its name", "escalates    oncall.tf:41  doors", "The chain holds"]),
        // One of the ways that it may take ends at nobody, and which it takes is not known.
        ("alert/GateSlow", &["alertmanager.yml:9  nobody", "Not known: the label `gate` is made by a template"]),
    ] {
        let out = explain(alert);
        for part in parts {
            assert!(out.contains(part), "no `{part}` in:\n{out}");
        }
    }
}

#[test]
fn a_configuration_does_not_hide_what_the_paths_say_of_environments() {
    let folder = Folder::new();
    for (cluster, replicas) in [("cellarprod", 3), ("cellardev", 1)] {
        folder.write(&format!("web/values-{cluster}.yaml"), format!("replicas: {replicas}\n"));
    }
    folder.write("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
    folder.write("web/values.yaml", "replicas: 1\n");
    folder.write(
        "web/templates/web.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: {{ .Values.replicas }}\n  selector: \
         {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n        - name: web\n          \
         image: shop/web:1.0.0\n",
    );
    let single = |folder: &Folder| {
        let run = twoam(
            folder.path(),
            &["check", ".", "--format", "concise", "--select", "capacity/single-replica", "--today", TODAY],
        );
        run.out.matches("capacity/single-replica").count()
    };
    assert_eq!(single(&folder), 0);
    folder.write("twoam.toml", "[targets]\nretention = \"7d\"\n");
    assert_eq!(single(&folder), 0);
}
