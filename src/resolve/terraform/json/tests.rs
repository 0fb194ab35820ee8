//! The same configuration in both syntaxes, resolved to the same values.

use crate::resolve::terraform::testing::Repository;
use crate::tree::{Node, Value};

/// A value without its places.
fn bare(node: &Node) -> String {
    match &node.value {
        // One block is a list of one in native syntax, and may be an object in JSON.
        Value::List(items) if items.len() == 1 && items[0].as_map().is_some() => bare(&items[0]),
        Value::List(items) => format!("{:?}", items.iter().map(bare).collect::<Vec<_>>()),
        Value::Map(map) => {
            let mut entries: Vec<String> =
                map.entries.iter().map(|entry| format!("{}={}", entry.key, bare(&entry.value))).collect();
            entries.sort();
            format!("{{{}}}", entries.join(","))
        }
        Value::Unknown(unknown) => format!("unknown:{}", unknown.reason),
        other => format!("{other:?}"),
    }
}

fn resources(repository: &Repository) -> Vec<String> {
    let all = repository.resolved.roots.iter().flat_map(|root| &root.resources);
    let mut all: Vec<String> = all
        .map(|resource| {
            let provider = &resource.provider;
            let references: Vec<String> =
                resource.references.iter().map(|it| format!("{}→{}", it.attribute, it.address)).collect();
            format!("{} {provider} {} {references:?}", resource.address, bare(&resource.body))
        })
        .collect();
    all.sort();
    all
}

const NATIVE: &str = r#"
terraform {
  backend "s3" {}
}
provider "aws" {
  alias = "recovery"
  default_tags { tags = { Service = "orders" } }
}
variable "sizes" {
  type    = map(number)
  default = { a = "1", b = "2" }
}
variable "shape" {
  type    = object({ days = optional(number, 9) })
  default = {}
}
locals {
  days = var.shape.days + 1
  name = "n"
}
resource "aws_db_instance" "orders" {
  for_each                = var.sizes
  provider                = aws.recovery
  identifier              = "orders-${each.key}"
  backup_retention_period = local.days
  multi_az                = each.value > 1 ? true : false
  tags                    = { "${each.key}-x" = "plain $${kept}" }
  lifecycle {
    prevent_destroy = true
    ignore_changes  = [engine_version]
  }
  dynamic "timeouts" {
    for_each = [for size in values(var.sizes) : size if size > 1]
    iterator = it
    content {
      create = "${it.value}m"
    }
  }
}
resource "aws_s3_bucket" "all" {
  count  = 2
  bucket = format("b%d", count.index)
}
resource "aws_s3_bucket_versioning" "all" {
  bucket = aws_s3_bucket.all[0].id
  versioning_configuration { status = "Enabled" }
}
module "inner" {
  source = "./inner"
  size   = var.sizes["b"]
}
"#;

const JSON: &str = r#"{
  "//": "a comment",
  "terraform": { "backend": { "s3": {} } },
  "provider": { "aws": [ { "alias": "recovery", "default_tags": { "tags": { "Service": "orders" } } } ] },
  "variable": {
    "sizes": { "type": "map(number)", "default": { "a": "1", "b": "2" }, "//": "why" },
    "shape": { "type": "${object({ days = optional(number, 9) })}", "default": {} }
  },
  "locals": [ { "days": "${var.shape.days + 1}" }, { "name": "n" } ],
  "resource": [
    { "aws_db_instance": { "orders": {
      "//": "the orders",
      "for_each": "${var.sizes}",
      "provider": "aws.recovery",
      "identifier": "orders-${each.key}",
      "backup_retention_period": "${local.days}",
      "multi_az": "${each.value > 1 ? true : false}",
      "tags": { "${each.key}-x": "plain $${kept}" },
      "lifecycle": { "prevent_destroy": true, "ignore_changes": ["engine_version"] },
      "dynamic": { "timeouts": {
        "for_each": "${[for size in values(var.sizes) : size if size > 1]}", "iterator": "it",
        "content": { "create": "${it.value}m" } } }
    } } },
    { "aws_s3_bucket": { "all": [ { "count": 2, "bucket": "${format(\"b%d\", count.index)}" } ] },
      "aws_s3_bucket_versioning": { "all": {
        "bucket": "${aws_s3_bucket.all[0].id}", "versioning_configuration": [ { "status": "Enabled" } ] } } }
  ],
  "module": { "inner": { "source": "./inner", "size": "${var.sizes[\"b\"]}" } }
}"#;

const INNER: &str = "variable \"size\" {}\nresource \"aws_efs_file_system\" \"x\" { creation_token = var.size }\n";

#[test]
fn both_syntaxes_say_the_same() {
    let native = Repository::new(&[("main.tf", NATIVE), ("inner/main.tf", INNER)]);
    let json = Repository::new(&[("main.tf.json", JSON), ("inner/main.tf", INNER)]);
    assert_eq!(resources(&native).len(), 6);
    assert_eq!(resources(&json), resources(&native));
    let defaults = |of: &Repository| bare(&of.resolved.roots[0].providers[0].tags);
    assert_eq!(defaults(&json), defaults(&native));
}

#[test]
fn what_was_written_in_json_stands_there() {
    let json = Repository::new(&[("main.tf.json", JSON), ("inner/main.tf", INNER)]);
    let orders = json.resource("aws_db_instance.orders[\"a\"]");
    assert_eq!(json.text(orders.head), "\"orders\"");
    assert_eq!(json.text(orders.at("identifier").unwrap().span), "\"orders-${each.key}\"");
    assert_eq!(
        json.text(json.resource("aws_s3_bucket_versioning.all").at("versioning_configuration.status").unwrap().span),
        "\"Enabled\""
    );
}

#[test]
fn a_broken_template_is_not_known() {
    let text = r#"{ "resource": { "aws_db_instance": { "x": { "identifier": "${upper(", "engine": "mysql" } } } }"#;
    let repository = Repository::new(&[("main.tf.json", text)]);
    let resource = repository.resource("aws_db_instance.x");
    assert!(resource.at("identifier").unwrap().as_unknown().is_some());
    assert_eq!(resource.at("engine").and_then(Node::as_str), Some("mysql"));
}

proptest::proptest! {
    #[test]
    fn any_json_can_be_read(cut in 0..JSON.len(), text in "[ -~]{0,8}") {
        let mut broken = JSON.to_owned();
        broken.replace_range(cut..(cut + 3).min(JSON.len()), &text);
        proptest::prop_assert_eq!(
            Repository::new(&[("main.tf.json", &broken)]).resolved,
            Repository::new(&[("main.tf.json", &broken)]).resolved
        );
    }
}
