//! Documents inside of values, as a repository of a few files gives them.

use crate::resolve::rendered::Rendered;
use crate::resolve::terraform::testing::Repository;
use crate::tree::{Node, Value};

fn made<'r>(repository: &'r Repository, kind: &str, name: &str) -> &'r Rendered {
    let documents = &repository.resolved.renderings.documents;
    let wanted = |made: &&Rendered| {
        let is = |path: &[&str], text: &str| made.node.at(path).and_then(Node::as_str) == Some(text);
        is(&["kind"], kind) && is(&["metadata", "name"], name)
    };
    documents.iter().find(wanted).unwrap_or_else(|| panic!("no {kind}/{name} in {documents:#?}"))
}

#[test]
fn what_is_not_known_in_a_heredoc_leaves_the_rest_known() {
    let text = "resource \"kubectl_manifest\" \"claim\" {\n  yaml_body = <<-EOT\n    apiVersion: v1\n    kind: PersistentVolumeClaim\n    metadata:\n      name: data\n      annotations:\n        disk: ${aws_ebs_volume.data.id}\n        size: ${var.size}Gi\n        quoted: \"${var.size}\"\n        count: ${var.size}\n  EOT\n}\nresource \"aws_ebs_volume\" \"data\" {}\nvariable \"size\" { default = 20 }\n";
    let repository = Repository::new(&[("main.tf", text)]);
    let claim = made(&repository, "PersistentVolumeClaim", "data");
    let at = |key: &str| claim.node.at(&["metadata", "annotations", key]).unwrap();
    let unknown = at("disk").as_unknown().unwrap();
    assert_eq!(unknown.refers_to, ["aws_ebs_volume.data.id"]);
    assert_eq!(at("size").as_str(), Some("20Gi"));
    assert_eq!(repository.text(at("size").span), "${var.size}Gi");
    assert_eq!(at("quoted").value, Value::String("20".into()));
    assert_eq!(at("count").value, Value::Int(20));
    assert_eq!(repository.text(at("count").span), "20", "the default decides it");
    assert_eq!(repository.text(claim.span), "resource \"kubectl_manifest\" \"claim\"");
    assert_eq!(repository.text(claim.node.at(&["metadata", "name"]).unwrap().span), "data");
}

#[test]
fn files_are_read_where_they_stand() {
    let manifest = "kind: Pod\napiVersion: v1\nmetadata: {name: probe}\nspec: {}\n---\nkind: Pod\napiVersion: v1\nmetadata: {name: other}\n";
    let text = "resource \"kubernetes_manifest\" \"probe\" {\n  manifest = yamldecode(file(\"${path.module}/../probe.txt\"))\n}\n";
    let repository = Repository::new(&[("infra/main.tf", text), ("probe.txt", manifest)]);
    let probe = made(&repository, "Pod", "probe");
    let name = probe.node.at(&["metadata", "name"]).unwrap();
    assert_eq!(repository.text(name.span), "probe");
    assert_eq!(repository.sources.path(name.span), "probe.txt");
}

#[test]
fn a_manifest_that_is_not_known_is_a_gap() {
    let text = "resource \"kubectl_manifest\" \"all\" {\n  for_each  = data.kubectl_file_documents.all.manifests\n  yaml_body = each.value\n}\ndata \"kubectl_file_documents\" \"all\" {}\n";
    let repository = Repository::new(&[("main.tf", text)]);
    assert_eq!(repository.resolved.renderings.documents, []);
    assert!(repository.resolved.renderings.gaps.iter().any(|gap| gap.reason.contains("is not known")));
}

#[test]
fn typed_resources_are_manifests_in_another_spelling() {
    let text = r#"
resource "kubernetes_stateful_set_v1" "db" {
  metadata {
    name   = "db"
    labels = { some_label = "kept" }
  }
  spec {
    service_name           = "db"
    revision_history_limit = 3
    selector { match_labels = { app = "db" } }
    template {
      metadata { labels = { app = "db" } }
      spec {
        host_ipc = true
        affinity {
          node_affinity {
            required_during_scheduling_ignored_during_execution {
              node_selector_term { match_expressions { key = "zone" } }
            }
          }
        }
        container {
          name = "db"
          env { name = "A" }
          env { name = "B" }
          resources { limits = { my_gpu = 1 } }
        }
        dynamic "container" {
          for_each = ["one", "two"]
          content { name = container.value }
        }
      }
    }
    volume_claim_template {
      metadata { name = "data" }
      spec { access_modes = ["ReadWriteOnce"] }
    }
  }
}
"#;
    let repository = Repository::new(&[("main.tf", text)]);
    let db = &made(&repository, "StatefulSet", "db").node;
    let spec = db.get("spec").unwrap();
    assert_eq!(db.at(&["metadata", "labels", "some_label"]).and_then(Node::as_str), Some("kept"));
    assert_eq!(spec.get("revisionHistoryLimit").and_then(Node::as_int), Some(3));
    let pod = spec.at(&["template", "spec"]).unwrap();
    assert_eq!(pod.get("hostIPC").and_then(Node::as_bool), Some(true));
    let names: Vec<_> =
        pod.get("containers").unwrap().items().iter().map(|it| it.get("name").unwrap().scalar()).collect();
    assert_eq!(names, [Some("db".into()), Some("one".into()), Some("two".into())]);
    assert_eq!(pod.get("containers").unwrap().items()[0].get("env").unwrap().items().len(), 2);
    assert!(pod.get("containers").unwrap().items()[0].at(&["resources", "limits", "my_gpu"]).is_some());
    let required = pod.at(&["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"]).unwrap();
    assert_eq!(required.get("nodeSelectorTerms").unwrap().items().len(), 1);
    let claim = &spec.get("volumeClaimTemplates").unwrap().items()[0];
    assert_eq!(claim.at(&["metadata", "name"]).and_then(Node::as_str), Some("data"));
}

proptest::proptest! {
    #[test]
    fn any_text_can_be_read(text in "(?s)[ -~\n\u{f8f0}\u{f8f1}]{0,200}") {
        let text = format!("resource \"kubectl_manifest\" \"any\" {{\n  yaml_body = <<-EOT\n{text}\nEOT\n}}\n");
        let one = Repository::new(&[("main.tf", &text)]);
        let two = Repository::new(&[("main.tf", &text)]);
        proptest::prop_assert_eq!(one.resolved, two.resolved);
    }
}

#[test]
fn a_condition_that_is_not_known_leaves_what_it_does_not_decide() {
    let text = "resource \"kubernetes_config_map\" \"alertmanager\" {\n  metadata { name = \"alertmanager\" }\n  data = { \"config.yml\" = templatefile(\"${path.module}/alertmanager.yml.tmpl\", { hook = data.vault.hook.value, teams = [\"shop\"] }) }\n}\ndata \"vault\" \"hook\" {}\n";
    let template = "route:\n  receiver: chat\n  routes:\n%{ for team in teams ~}\n  - receiver: ${team}\n    match: {team: ${team}}\n%{ endfor ~}\nreceivers:\n- name: chat\n%{ if hook != \"\" ~}\n  slack_configs: [{api_url: '${hook}'}]\n%{ endif ~}\n";
    let repository = Repository::new(&[("main.tf", text), ("alertmanager.yml.tmpl", template)]);
    let made = made(&repository, "ConfigMap", "alertmanager");
    let held = made.node.at(&["data", "config.yml"]).unwrap();
    assert_eq!(held.at(&["route", "receiver"]).and_then(Node::as_str), Some("chat"));
    let [route] = held.at(&["route", "routes"]).unwrap().items() else { panic!("one route") };
    assert_eq!(route.get("receiver").and_then(Node::as_str), Some("shop"));
    let [chat] = held.get("receivers").unwrap().items() else { panic!("one receiver") };
    assert!(chat.get("slack_configs").unwrap().as_unknown().is_some());
    assert_eq!(repository.sources.path(chat.span), "alertmanager.yml.tmpl");
}

#[test]
fn rules_that_are_not_known_are_a_gap_and_a_policy_is_none() {
    let policy = "resource \"aws_iam_role_policy\" \"reader\" {\n  policy = jsonencode({ Statement = [{ Resource = [data.aws_s3_bucket.reports.arn] }] })\n}\ndata \"aws_s3_bucket\" \"reports\" { bucket = \"reports\" }\n";
    let repository = Repository::new(&[("main.tf", policy)]);
    assert_eq!(repository.resolved.renderings.gaps, []);
    let rules = "resource \"aws_prometheus_rule_group_namespace\" \"shop\" {\n  data = yamlencode({ groups = [for team in data.teams.all.names : { rules = [{ alert = \"Down\", expr = \"up == 0\" }] }] })\n}\ndata \"teams\" \"all\" {}\n";
    let repository = Repository::new(&[("main.tf", rules)]);
    assert_eq!(repository.resolved.renderings.gaps.len(), 1);
}
