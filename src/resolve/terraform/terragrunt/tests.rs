//! Terragrunt units, as a repository of a few files gives them.

use crate::resolve::terraform::testing::Repository;
use crate::resolve::terraform::{Resource, Root};
use crate::tree::Node;

const MODULE: &str = r#"
variable "name" {}
variable "retention" { default = 0 }
variable "subnets" { default = [] }
variable "zone" { default = null }
resource "aws_db_instance" "this" {
  identifier              = var.name
  backup_retention_period = var.retention
  availability_zone       = var.zone
  vpc_security_group_ids  = var.subnets
}
"#;

const NETWORK: &str = r#"
variable "zones" { type = list(string) }
resource "aws_subnet" "all" {
  for_each = toset(var.zones)
}
output "first_zone" { value = var.zones[0] }
output "subnets" { value = [for subnet in aws_subnet.all : subnet.id] }
"#;

const ROOT: &str = r#"
locals {
  environment = read_terragrunt_config(find_in_parent_folders("env.hcl"))
  account     = yamldecode(file(find_in_parent_folders("account.yaml")))
  here        = path_relative_to_include()
}
generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite_terragrunt"
  contents  = <<-EOF
    provider "aws" {
      default_tags {
        tags = { Service = "${basename(get_terragrunt_dir())}", Path = "${local.here}" }
      }
    }
  EOF
}
inputs = {
  name      = "root-${local.environment.locals.environment}"
  retention = local.account.retention
  tags      = { a = "root", b = "root" }
}
"#;

const UNIT: &str = r#"
include "root" {
  path   = find_in_parent_folders("root.hcl")
  expose = true
}
terraform {
  source = "${dirname(find_in_parent_folders("root.hcl"))}/../modules//db"
}
dependency "network" {
  config_path  = "../network"
  mock_outputs = { first_zone = "mock" }
}
inputs = {
  name    = "orders-${include.root.locals.environment.locals.environment}"
  zone    = dependency.network.outputs.first_zone
  subnets = dependency.network.outputs.subnets
}
"#;

fn files() -> Vec<(&'static str, &'static str)> {
    vec![
        ("modules/db/main.tf", MODULE),
        ("modules/network/main.tf", NETWORK),
        ("live/root.hcl", ROOT),
        ("live/account.yaml", "retention: 14\n"),
        ("live/prod/env.hcl", "locals {\n  environment = \"prod\"\n}\n"),
        ("live/staging/env.hcl", "locals {\n  environment = \"staging\"\n}\n"),
        ("live/prod/orders/terragrunt.hcl", UNIT),
        ("live/staging/orders/terragrunt.hcl", UNIT),
        (
            "live/prod/network/terragrunt.hcl",
            "terraform {\n  source = \"../../../modules//network\"\n}\ninputs = {\n  zones = [\"eu-1a\", \"eu-1b\"]\n}\n",
        ),
    ]
}

fn root<'r>(repository: &'r Repository, directory: &str, environment: &str) -> &'r Root {
    let roots = &repository.resolved.roots;
    let found = roots.iter().find(|root| root.directory == directory && root.environment.name == environment);
    found.unwrap_or_else(|| panic!("no {directory} for {environment} in {roots:#?}"))
}

fn database(root: &Root) -> &Resource {
    root.resources.iter().find(|resource| resource.type_name == "aws_db_instance").unwrap()
}

#[test]
fn a_unit_calls_its_module_with_what_it_and_its_includes_say() {
    let repository = Repository::new(&files());
    let production = root(&repository, "modules/db", "production");
    let orders = database(production);
    assert_eq!(orders.at("identifier").and_then(Node::as_str), Some("orders-prod"));
    let retention = orders.at("backup_retention_period").unwrap();
    assert_eq!(retention.as_int(), Some(14), "from the YAML beside the root file");
    assert!(!production.library);
    let staging = root(&repository, "modules/db", "staging");
    assert_eq!(database(staging).at("identifier").and_then(Node::as_str), Some("orders-staging"));
}

#[test]
fn outputs_of_other_units_are_those_of_their_modules() {
    let repository = Repository::new(&files());
    let orders = database(root(&repository, "modules/db", "production"));
    let zone = orders.at("availability_zone").unwrap();
    assert_eq!(zone.as_str(), Some("eu-1a"));
    assert_eq!(repository.text(zone.span), "\"eu-1a\"");
    let subnet = orders.at("vpc_security_group_ids").unwrap().items()[0].as_unknown().unwrap();
    assert!(subnet.is_from_elsewhere(), "it is no resource of this module");
    assert!(subnet.refers_to[0].starts_with("modules/network//aws_subnet."), "{subnet:?}");
    // The other environment has no such unit, and a mock is no truth.
    let staging = database(root(&repository, "modules/db", "staging"));
    assert!(staging.at("availability_zone").unwrap().as_unknown().unwrap().reason.contains("not in the repository"));
}

#[test]
fn files_that_a_unit_writes_are_part_of_its_module() {
    let repository = Repository::new(&files());
    let production = root(&repository, "modules/db", "production");
    let tags = &production.providers[0].tags;
    assert_eq!(tags.get("Service").and_then(Node::as_str), Some("orders"));
    assert_eq!(tags.get("Path").and_then(Node::as_str), Some("prod/orders"));
}

#[test]
fn what_is_asked_of_the_outside_is_not_known() {
    let unit = "terraform {\n  source = \"../modules//db\"\n}\nlocals {\n  secrets = jsondecode(sops_decrypt_file(\"x.json\"))\n}\ninputs = merge({ name = get_env(\"NAME\", \"x\") }, local.secrets, { retention = 7 })\n";
    let repository = Repository::new(&[("modules/db/main.tf", MODULE), ("live/terragrunt.hcl", unit)]);
    let orders = repository.resource("aws_db_instance.this");
    assert!(orders.at("identifier").unwrap().as_unknown().is_some());
    assert_eq!(orders.at("backup_retention_period").and_then(Node::as_int), Some(7), "it comes last");
    let zone = orders.at("availability_zone").unwrap();
    assert!(zone.as_unknown().unwrap().reason.contains("an encrypted file"), "the default is not sure to hold");
}

#[test]
fn a_unit_of_no_environment_is_judged_as_production_is() {
    let module = r#"
variable "env" {}
resource "aws_db_instance" "this" {
  deletion_protection     = var.env != "development"
  backup_retention_period = var.env == "production" ? 14 : 0
}
"#;
    let unit =
        |asked: &str| format!("terraform {{\n  source = \"../../modules//db\"\n}}\ninputs = {{ env = {asked} }}\n");
    let resolved = |module: &str, path: &str, asked: &str| {
        let unit = unit(asked);
        let repository = Repository::new(&[("modules/db/main.tf", module), (path, unit.as_str())]);
        let database = repository.resource("aws_db_instance.this").clone();
        (database.at("backup_retention_period").and_then(Node::as_int), database.at("deletion_protection").cloned())
    };
    let (days, protected) = resolved(module, "cloud/db/terragrunt.hcl", "get_env(\"APP_ENV\", \"development\")");
    assert_eq!((days, protected.and_then(|node| node.as_bool())), (Some(14), Some(true)), "as the conditions call it");
    let prod = module.replace("\"production\"", "\"prod\"");
    assert_eq!(resolved(&prod, "cloud/db/terragrunt.hcl", "get_env(\"ENV\", \"prod\")").0, Some(14), "the default");
    assert_eq!(resolved(&prod, "cloud/db/terragrunt.hcl", "get_env(\"ENV\")").0, Some(14));
    assert_eq!(resolved(&prod, "cloud/db/terragrunt.hcl", "get_env(\"COLOUR\", \"prod\")").0, None);
    let several = format!("{module}output \"live\" {{ value = var.env == \"live\" }}\n");
    assert_eq!(resolved(&several, "cloud/db/terragrunt.hcl", "get_env(\"ENV\")").0, None, "which of the two it is");
}

#[test]
fn merge_strategies_are_followed() {
    let module = "variable \"tags\" { default = {} }\nresource \"aws_s3_bucket\" \"x\" { tags = var.tags }\n";
    let parent = "inputs = {\n  tags = { a = \"parent\", b = \"parent\" }\n}\n";
    let unit = |strategy: &str| {
        format!(
            "include {{\n  path = find_in_parent_folders()\n  merge_strategy = \"{strategy}\"\n}}\nterraform {{\n  source = \"../module\"\n}}\ninputs = {{\n  tags = {{ a = \"own\" }}\n}}\n"
        )
    };
    for (strategy, a, b) in [("deep", "own", Some("parent")), ("shallow", "own", None), ("no_merge", "own", None)] {
        let text = unit(strategy);
        let files = [("module/main.tf", module), ("terragrunt.hcl", parent), ("unit/terragrunt.hcl", text.as_str())];
        let repository = Repository::new(&files);
        let bucket = repository.resource("aws_s3_bucket.x");
        assert_eq!(bucket.at("tags.a").and_then(Node::as_str), Some(a), "{strategy}");
        assert_eq!(bucket.at("tags.b").and_then(Node::as_str), b, "{strategy}");
    }
}

#[test]
fn modules_elsewhere_are_read_by_their_arguments_and_said_to_be_missing() {
    let unit = "terraform {\n  source = \"tfr:///terraform-aws-modules/rds/aws?version=6.1.0\"\n}\ninputs = {\n  identifier = \"orders\"\n}\n";
    let repository = Repository::new(&[("live/orders/terragrunt.hcl", unit)]);
    let call = &repository.resolved.roots[0].calls[0];
    assert!(call.source.starts_with("terraform-aws-modules/rds/aws"));
    assert_eq!(call.arguments.get("identifier").and_then(Node::as_str), Some("orders"));
    assert!(repository.resolved.gaps[0].reason.contains("not in the repository"));
}

#[test]
fn units_that_depend_on_each_other_and_sources_that_lead_nowhere_are_said() {
    let unit = |other: &str| {
        format!(
            "terraform {{\n  source = \"../../modules//db\"\n}}\ndependency \"o\" {{\n  config_path = \"../{other}\"\n}}\ninputs = {{\n  name = dependency.o.outputs.name\n}}\n"
        )
    };
    let module = format!("{MODULE}\noutput \"name\" {{ value = var.name }}\n");
    let (a, b) = (unit("b"), unit("a"));
    let lost = "terraform {\n  source = \"../../modules//lost\"\n}\n";
    let files = [
        ("modules/db/main.tf", module.as_str()),
        ("live/a/terragrunt.hcl", a.as_str()),
        ("live/b/terragrunt.hcl", b.as_str()),
        ("live/c/terragrunt.hcl", lost),
    ];
    let repository = Repository::new(&files);
    let identifier = repository.resource("aws_db_instance.this").at("identifier").unwrap();
    assert!(identifier.as_unknown().is_some());
    assert!(repository.resolved.gaps.iter().any(|gap| gap.reason.contains("modules/lost")));
}

#[test]
fn a_unit_in_the_folder_of_an_environment_is_applied_as_that() {
    let parent = r#"
locals {
  secrets = jsondecode(read_tfvars_file(find_in_parent_folders("secrets/${get_env("ENVIRONMENT")}.tfvars")))
  values  = jsondecode(read_tfvars_file("../../${get_env("ENVIRONMENT")}_config.tfvars"))
}
inputs = merge(local.secrets, local.values, {
  zone = "${local.values.region}-${local.secrets.zone}"
})
generate "variables" {
  path     = "common_variables.tf"
  contents = file("variables.tf")
}
"#;
    let unit = r#"
terraform {
  source = "${get_env("LOCAL", "false") == "true" ? "../../../aws//db" : "git::https://example.com/infra//aws/db?ref=v${get_env("VERSION")}"}"
}
include {
  path = find_in_parent_folders()
}
"#;
    let module = r#"
resource "aws_db_instance" "this" {
  identifier              = "orders"
  backup_retention_period = var.retention
  availability_zone       = var.zone
  deletion_protection     = var.protected
}
"#;
    let repository = Repository::new(&[
        ("aws/db/main.tf", module),
        ("env/terragrunt.hcl", parent),
        (
            "env/variables.tf",
            "variable \"retention\" {}\nvariable \"zone\" {}\nvariable \"protected\" {\n  default = true\n}\n",
        ),
        ("env/production_config.tfvars", "region = \"ca-central-1\"\nretention = 21\n"),
        ("env/production/db/terragrunt.hcl", unit),
        ("env/staging/db/terragrunt.hcl", unit),
    ]);
    let orders = database(root(&repository, "aws/db", "production"));
    let retention = orders.at("backup_retention_period").unwrap();
    assert_eq!(retention.as_int(), Some(21));
    assert_eq!(repository.text(retention.span), "21", "where the file of values says it");
    assert!(orders.at("availability_zone").unwrap().as_unknown().is_some());
    // What the secrets may say of it is not known, so neither is the default sure to hold.
    assert!(orders.at("deletion_protection").unwrap().as_unknown().is_some());
    let staging = database(root(&repository, "aws/db", "staging"));
    assert!(staging.at("backup_retention_period").unwrap().as_unknown().is_some());
}

proptest::proptest! {
    #[test]
    fn any_unit_can_be_read(cut in 0..UNIT.len(), text in "[ -~]{0,8}") {
        let mut broken = UNIT.to_owned();
        broken.replace_range(cut..(cut + 4).min(UNIT.len()), &text);
        let mut files = files();
        files[6] = ("live/prod/orders/terragrunt.hcl", broken.as_str());
        proptest::prop_assert_eq!(Repository::new(&files).resolved, Repository::new(&files).resolved);
    }
}
