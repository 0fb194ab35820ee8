//! Saved plans, real and written by hand, over the configuration they are of.

use crate::resolve::terraform::testing::Repository;
use crate::tree::{Node, Value};

const DATABASE: &str = r#"
variable "retention" {}
variable "password" { sensitive = true }

resource "aws_db_instance" "orders" {
  identifier              = "orders"
  backup_retention_period = var.retention
  password                = var.password
  kms_key_id              = aws_kms_key.orders.arn
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_key" "orders" {}

resource "aws_db_instance" "old" {
  identifier = "old"
}

resource "aws_db_instance" "later" {
  identifier = "written after the plan"
}

module "bucket" {
  source = "terraform-aws-modules/s3-bucket/aws"
  bucket = "posters"
}
"#;

const PLAN: &str = r#"{
  "format_version": "1.2",
  "terraform_version": "1.11.4",
  "variables": { "retention": { "value": 14 }, "password": { "value": "hush" }, "environment": { "value": "prod" } },
  "resource_changes": [
    { "address": "aws_db_instance.orders", "mode": "managed", "type": "aws_db_instance", "name": "orders",
      "change": { "actions": ["update"], "before": {},
        "after": { "identifier": "orders", "backup_retention_period": 14, "password": "hush", "multi_az": false },
        "after_unknown": { "kms_key_id": true, "endpoint": true },
        "after_sensitive": { "password": true } } },
    { "address": "aws_db_instance.old", "mode": "managed", "type": "aws_db_instance", "name": "old",
      "change": { "actions": ["delete"], "before": {}, "after": null } },
    { "address": "module.bucket.aws_s3_bucket.this[0]", "module_address": "module.bucket", "mode": "managed",
      "type": "aws_s3_bucket", "name": "this", "index": 0,
      "change": { "actions": ["no-op"], "before": {}, "after": { "bucket": "posters" }, "after_unknown": {} } },
    { "address": "module.bucket.aws_s3_bucket_versioning.this[0]", "module_address": "module.bucket", "mode": "managed",
      "type": "aws_s3_bucket_versioning", "name": "this", "index": 0,
      "change": { "actions": ["no-op"], "before": {},
        "after": { "versioning_configuration": [{ "status": "Enabled" }] }, "after_unknown": {} } }
  ],
  "configuration": { "root_module": {
    "resources": [
      { "address": "aws_db_instance.orders", "mode": "managed", "type": "aws_db_instance", "name": "orders",
        "expressions": { "backup_retention_period": { "references": ["var.retention"] } } },
      { "address": "aws_kms_key.orders", "mode": "managed", "type": "aws_kms_key", "name": "orders" },
      { "address": "aws_db_instance.old", "mode": "managed", "type": "aws_db_instance", "name": "old" }
    ],
    "module_calls": { "bucket": { "source": "terraform-aws-modules/s3-bucket/aws", "module": { "resources": [
      { "address": "aws_s3_bucket.this", "mode": "managed", "type": "aws_s3_bucket", "name": "this" },
      { "address": "aws_s3_bucket_versioning.this", "mode": "managed", "type": "aws_s3_bucket_versioning", "name": "this",
        "expressions": { "bucket": { "references": ["aws_s3_bucket.this[0].id", "aws_s3_bucket.this[0]", "aws_s3_bucket.this"] } } }
    ] } } } } }
}"#;

fn addresses(repository: &Repository) -> Vec<&str> {
    repository.resolved.roots.iter().flat_map(|root| &root.resources).map(|resource| &*resource.address).collect()
}

#[test]
fn a_plan_knows_what_the_text_cannot_tell() {
    let repository = Repository::new(&[("db/main.tf", DATABASE), ("db/tfplan.json", PLAN)]);
    let orders = repository.resource("aws_db_instance.orders");
    let retention = orders.at("backup_retention_period").unwrap();
    assert_eq!(retention.as_int(), Some(14));
    assert_eq!(repository.text(retention.span), "variable \"retention\"", "what decides it is given from outside");
    assert!(orders.at("password").unwrap().as_unknown().unwrap().reason.contains("sensitive"));
    assert!(orders.at("kms_key_id").unwrap().as_unknown().unwrap().reason.contains("known after apply"));
    assert_eq!(orders.at("endpoint"), None, "nobody sets it: absent, and left to the provider");
    assert_eq!(orders.at("multi_az").and_then(Node::as_bool), Some(false));
    assert_eq!(orders.at("lifecycle.prevent_destroy").and_then(Node::as_bool), Some(true));
    assert!(orders.refers("kms_key_id").any(|address| address == "aws_kms_key.orders.arn"));
}

#[test]
fn what_is_deleted_is_gone_and_what_is_newer_than_the_plan_stays() {
    let repository = Repository::new(&[("db/main.tf", DATABASE), ("db/tfplan.json", PLAN)]);
    assert_eq!(
        addresses(&repository),
        [
            "aws_db_instance.later",
            "aws_db_instance.orders",
            "module.bucket.aws_s3_bucket.this[0]",
            "module.bucket.aws_s3_bucket_versioning.this[0]"
        ]
    );
}

#[test]
fn what_a_module_elsewhere_makes_stands_at_its_call() {
    let repository = Repository::new(&[("db/main.tf", DATABASE), ("db/tfplan.json", PLAN)]);
    let bucket = repository.resource("module.bucket.aws_s3_bucket.this[0]");
    assert_eq!(repository.text(bucket.head), "module \"bucket\"");
    assert_eq!(bucket.path, "db/main.tf");
    let versioning = repository.resource("module.bucket.aws_s3_bucket_versioning.this[0]");
    let mut refers = versioning.refers("bucket");
    assert!(refers.any(|address| address == "module.bucket.aws_s3_bucket.this[0].id"));
    assert_eq!(versioning.at("versioning_configuration.status").and_then(Node::as_str), Some("Enabled"));
    assert_eq!(repository.resolved.gaps, [], "the plan says what the module makes");
    assert_eq!(repository.resolved.roots[0].calls, []);
}

#[test]
fn a_plan_finds_its_directory_by_what_is_declared() {
    let other = "resource \"aws_sqs_queue\" \"other\" {}\n";
    let repository = Repository::new(&[("db/main.tf", DATABASE), ("other/main.tf", other), ("plans/db.json", PLAN)]);
    let planned = repository.resolved.roots.iter().find(|root| root.directory == "db").unwrap();
    assert!(planned.resources.iter().any(|resource| resource.address == "module.bucket.aws_s3_bucket.this[0]"));
    let lost = Repository::new(&[("other/main.tf", other), ("plans/db.json", PLAN)]);
    assert_eq!(addresses(&lost), ["aws_sqs_queue.other"]);
    assert!(lost.resolved.gaps[0].reason.contains("saved plan"));
}

#[test]
fn a_plan_of_another_environment_is_another_evaluation() {
    let staging = PLAN.replace("\"prod\"", "\"staging\"").replace("14", "1");
    let repository = Repository::new(&[("db/main.tf", DATABASE), ("db/tfplan.json", &staging)]);
    let names: Vec<&str> = repository.resolved.roots.iter().map(|root| &*root.environment.name).collect();
    assert_eq!(names, ["production", "staging"]);
    let retention = |index: usize| {
        let resources = &repository.resolved.roots[index].resources;
        let orders = resources.iter().find(|resource| resource.address == "aws_db_instance.orders").unwrap();
        orders.at("backup_retention_period").unwrap().as_int()
    };
    assert_eq!((retention(0), retention(1)), (None, Some(1)));
}

#[test]
fn sets_of_blocks_find_the_block_they_were_written_as() {
    let text = "variable \"days\" {}\nresource \"aws_backup_plan\" \"all\" {\n  rule {\n    rule_name = \"weekly\"\n    lifecycle { delete_after = var.days }\n  }\n  rule {\n    rule_name = \"daily\"\n  }\n}\n";
    let plan = r#"{ "format_version": "1.0", "resource_changes": [ { "address": "aws_backup_plan.all", "change": {
        "actions": ["create"], "after_unknown": {}, "after": { "rule": [
          { "rule_name": "daily", "lifecycle": [] }, { "rule_name": "weekly", "lifecycle": [{ "delete_after": 35 }] } ] } } } ] }"#;
    let repository = Repository::new(&[("main.tf", text), ("plan.json", plan)]);
    let rules = repository
        .resource("aws_backup_plan.all")
        .at("rule")
        .map(|_| ())
        .and_then(|()| repository.resource("aws_backup_plan.all").body.get("rule"));
    let rules = rules.unwrap().items();
    assert_eq!(repository.text(rules[0].get("rule_name").unwrap().span), "\"daily\"");
    let days = rules[1].get("lifecycle").unwrap().items()[0].get("delete_after").unwrap();
    assert_eq!((days.as_int(), repository.text(days.span)), (Some(35), "var.days"));
}

#[test]
fn a_real_plan_of_terraform_is_read() {
    let text = include_str!("../../../../fixtures/plans/mixed/main.tf");
    let module = include_str!("../../../../fixtures/plans/mixed/sized/main.tf");
    let plan = include_str!("../../../../fixtures/plans/mixed/tfplan.json");
    let files = [("main.tf", text), ("sized/main.tf", module), ("tfplan.json", plan)];
    let repository = Repository::new(&files);
    assert_eq!(
        addresses(&repository),
        [
            "terraform_data.each[\"a\"]",
            "terraform_data.each[\"b.c\"]",
            "terraform_data.given",
            "module.sized[0].terraform_data.in",
            "module.sized[1].terraform_data.in"
        ]
    );
    let given = repository.resource("terraform_data.given");
    assert_eq!(given.at("input.size").and_then(Node::as_int), Some(7));
    assert!(given.at("input.secret").unwrap().as_unknown().is_some());
    assert_eq!(given.at("input.list").unwrap().items()[2].value, Value::Null);
    let inner = repository.resource("module.sized[1].terraform_data.in");
    assert_eq!(inner.at("input").and_then(Node::as_int), Some(2));
    assert_eq!(inner.call_chain.len(), 1);
    let shown = format!("{:?}", repository.resolved.roots);
    assert!(!shown.contains("hush"), "a sensitive value is nowhere");
}

proptest::proptest! {
    #[test]
    fn any_plan_can_be_read(cut in 0..PLAN.len(), other in 0..PLAN.len(), text in "[ -~]{0,12}") {
        let mut plan = PLAN.to_owned();
        let (from, to) = (cut.min(other), cut.max(other).min(cut.min(other) + 40));
        plan.replace_range(from..to, &text);
        let files = [("db/main.tf", DATABASE), ("db/tfplan.json", plan.as_str())];
        proptest::prop_assert_eq!(Repository::new(&files).resolved, Repository::new(&files).resolved);
    }
}
