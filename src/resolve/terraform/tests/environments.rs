//! A root is evaluated once for each set of values that it is given.

use super::summary;
use crate::resolve::terraform::testing::Repository;
use crate::tree::Node;

fn roots(repository: &Repository) -> Vec<String> {
    repository.resolved.roots.iter().map(summary).collect()
}

fn kept(repository: &Repository) -> Vec<Option<i64>> {
    repository.resolved.roots.iter().map(|root| root.resources[0].at("keep").and_then(Node::as_int)).collect()
}

#[test]
fn workspaces_that_the_text_names_are_evaluated_one_by_one() {
    let main = r#"
terraform {
  backend "s3" {}
}
locals {
  env  = terraform.workspace
  days = { dev = 1, staging = 3, prod = 14 }
}
resource "d" "x" { keep = local.days[local.env] }
"#;
    let repository = Repository::new(&[("main.tf", main)]);
    assert_eq!(roots(&repository), [" dev root", " production root", " staging root"]);
    assert_eq!(kept(&repository), [Some(1), Some(14), Some(3)]);
}

#[test]
fn a_workspace_that_is_not_named_stays_unknown() {
    let main = "terraform {\n  backend \"s3\" {}\n}\nresource \"d\" \"x\" {\n  keep = terraform.workspace == \"dev\" ? 1 : 14\n}\n";
    let repository = Repository::new(&[("main.tf", main)]);
    assert_eq!(roots(&repository), [" production root", " dev root"]);
    assert_eq!(kept(&repository), [None, Some(1)]);
}

#[test]
fn values_named_after_a_workspace_are_evaluated_in_it() {
    let main = r#"
variable "keep" {}
resource "d" "x" { keep = terraform.workspace == "prod" ? var.keep : 0 }
"#;
    let repository =
        Repository::new(&[("main.tf", main), ("env/prod.tfvars", "keep = 9"), ("env/dev.tfvars", "keep = 3")]);
    assert_eq!(roots(&repository), [" dev root", " production root"]);
    assert_eq!(kept(&repository), [None, Some(9)]);
}

#[test]
fn two_production_files_are_two_sets_of_values() {
    let main = "terraform {\n  backend \"s3\" {}\n}\nvariable \"keep\" {}\nresource \"d\" \"x\" { keep = var.keep }\n";
    let repository = Repository::new(&[
        ("main.tf", main),
        ("prod-eu.tfvars", "keep = 9"),
        ("prod-us.tfvars", "keep = 3"),
        ("environments/prod/a.tfvars", "keep = 1"),
        ("environments/prod/b.tfvars", "keep = 2"),
    ]);
    assert_eq!(roots(&repository), [" production root", " production root", " production root"]);
    assert_eq!(kept(&repository), [Some(2), Some(9), Some(3)]);
}

#[test]
fn automatic_values_come_in_terraforms_order() {
    let repository = Repository::new(&[
        ("main.tf", "variable \"keep\" {}\nresource \"d\" \"x\" { keep = var.keep }\n"),
        ("terraform.tfvars", "keep = 1"),
        ("terraform.tfvars.json", "{\"keep\": 2}"),
        ("a.auto.tfvars", "keep = 3"),
        ("b.auto.tfvars.json", "{\"keep\": 4}"),
        ("env/prod.tfvars", "other = 5"),
    ]);
    assert_eq!(kept(&repository), [Some(4)]);
}

#[test]
fn override_files_change_what_others_declare() {
    let repository = Repository::new(&[
        (
            "main.tf",
            "locals {\n  days = 1\n}\nresource \"d\" \"x\" {\n  keep = local.days\n  name = \"a\"\n  block { a = 1 }\n}\n",
        ),
        ("override.tf", "resource \"d\" \"x\" {\n  name = \"b\"\n  block { a = 2 }\n}\n"),
        ("z_override.tf", "locals {\n  days = 14\n}\n"),
    ]);
    let resource = repository.resource("d.x");
    assert_eq!(resource.at("keep").unwrap().as_int(), Some(14));
    assert_eq!(resource.at("name").unwrap().as_str(), Some("b"));
    assert_eq!(resource.at("block").unwrap().items().len(), 1);
    assert_eq!(resource.at("block.a").unwrap().as_int(), Some(2));
    assert_eq!(repository.sources.path(resource.at("keep").unwrap().span), "z_override.tf");
}

const BY_WORKSPACE: &str = r#"
{
  "accounts": {
    "production": { "keep": 14, "second": false, "db": { "instances": 3, "engine": "16" } },
    "development": { "keep": 1, "second": false, "db": { "instances": 1, "engine": "16" } }
  }
}
"#;

#[test]
fn workspaces_are_the_keys_of_the_values_that_a_root_is_given() {
    for (chosen, file, values) in [
        ("var.accounts[terraform.workspace]", "terraform.tfvars.json", BY_WORKSPACE),
        (
            "contains(keys(var.accounts), local.environment) ? var.accounts[local.environment] : var.accounts[\"development\"]",
            "terraform.tfvars.json",
            BY_WORKSPACE,
        ),
        ("lookup(var.accounts, local.environment, null)", "terraform.tfvars.json", BY_WORKSPACE),
        ("try(var.accounts[local.environment], {})", "terraform.tfvars.json", BY_WORKSPACE),
        (
            "var.accounts[local.environment]",
            "terraform.tfvars",
            "accounts = {\n  production = { keep = 14 }\n  development = { keep = 1 }\n}\n",
        ),
        (
            "merge({ keep = 7 }, local.accounts)[local.environment]",
            "terraform.tfvars",
            "accounts = {\n  production = { keep = 14 }\n  development = { keep = 1 }\n}\n",
        ),
    ] {
        let main = format!(
            "variable \"accounts\" {{}}\nlocals {{\n  accounts = var.accounts\n  environment = lower(terraform.workspace)\n  account = {chosen}\n}}\nresource \"d\" \"x\" {{ keep = local.account.keep }}\n"
        );
        let repository = Repository::new(&[("main.tf", &main), (file, values)]);
        assert_eq!(roots(&repository), [" development root", " production root"], "{chosen}");
        assert_eq!(kept(&repository), [Some(1), Some(14)], "{chosen}");
    }
}

#[test]
fn a_workspace_may_be_named_in_a_module_that_the_root_calls() {
    let repository = Repository::new(&[
        ("main.tf", "terraform {\n  backend \"s3\" {}\n}\nmodule \"a\" {\n  source = \"./a\"\n}\n"),
        ("a/main.tf", "resource \"d\" \"x\" { keep = terraform.workspace == \"production\" ? 14 : 1 }\n"),
    ]);
    assert_eq!(roots(&repository), [" production root"]);
    assert_eq!(kept(&repository), [Some(14)]);
}

#[test]
fn a_workspace_may_be_written_otherwise_or_cut() {
    let variables = "variable \"networking\" {}\nvariable \"accounts\" {}\n";
    let values = r#"{ "networking": [ { "application": "orders" } ],
        "accounts": { "production": { "keep": 14 }, "development": { "keep": 1 } } }"#;
    for (short, keep, names) in [
        (
            "replace(lower(terraform.workspace), \"_\", \"-\")",
            "var.accounts[local.short].keep",
            ["development", "production"],
        ),
        (
            "trimprefix(terraform.workspace, \"${var.networking[0].application}-\")",
            "var.accounts[local.short].keep",
            ["development", "production"],
        ),
        (
            "substr(terraform.workspace, length(local.application), length(terraform.workspace))",
            "local.short == \"-production\" ? 14 : local.short == \"-development\" ? 1 : 0",
            ["development", "production"],
        ),
    ] {
        let main = format!(
            "{variables}locals {{\n  application = \"orders\"\n  short = {short}\n}}\nresource \"d\" \"x\" {{ keep = {keep} }}\n"
        );
        let repository = Repository::new(&[("main.tf", &main), ("settings.auto.tfvars.json", values)]);
        assert_eq!(roots(&repository), names.map(|name| format!(" {name} root")), "{short}");
        assert_eq!(kept(&repository), [Some(1), Some(14)], "{short}");
    }
}

#[test]
fn a_module_may_hand_out_the_workspace() {
    let repository = Repository::new(&[
        (
            "main.tf",
            "module \"here\" {\n  source = \"./here\"\n}\nlocals {\n  env = module.here.env\n}\n\
             resource \"d\" \"x\" { keep = local.env == \"prod\" ? 14 : 1 }\n",
        ),
        ("here/main.tf", "locals {\n  env = terraform.workspace\n}\noutput \"env\" { value = local.env }\n"),
    ]);
    assert_eq!(roots(&repository), [" production root"]);
    assert_eq!(kept(&repository), [Some(14)]);
}

#[test]
fn what_is_the_same_under_every_key_is_known_without_the_key() {
    let main = r#"
variable "unset" {}
locals {
  by_region = {
    eu = { keep = 14, second = false, name = "a" }
    us = { keep = 14, second = false, name = "b" }
  }
  region  = local.by_region[terraform.workspace]
  limited = contains(keys(local.by_region), var.unset) ? local.by_region[var.unset] : local.by_region["eu"]
}
resource "d" "x" {
  keep  = local.region.keep
  name  = local.region.name
  again = local.limited.keep
  named = local.limited.name
  found = lookup(local.by_region, var.unset, { keep = 14, second = true, name = "c" }).keep
  tried = try(local.by_region[var.unset].keep, 14)
  other = try(local.by_region[var.unset].keep, 7)
  could = can(local.by_region[var.unset].keep)
}
resource "d" "second" { count = local.region.second ? 1 : 0 }
"#;
    let repository = Repository::new(&[("main.tf", main), ("terraform.tfvars", "")]);
    let resource = repository.resource("d.x");
    for known in ["keep", "again", "found", "tried"] {
        assert_eq!(resource.at(known).unwrap().as_int(), Some(14), "{known}");
    }
    for open in ["name", "named", "other", "could"] {
        assert!(resource.at(open).unwrap().as_unknown().is_some(), "{open}");
    }
    assert_eq!(repository.resolved.roots[0].resources.len(), 1);
}

#[test]
fn a_workspace_that_has_no_settings_of_its_own_is_none_where_others_have() {
    let main = r#"
locals {
  days     = { dev = 1, prod = 14 }
  old      = contains(["prod02", "prod"], terraform.workspace)
  keep     = contains(keys(local.days), terraform.workspace) ? local.days[terraform.workspace] : 0
}
resource "d" "x" { keep = local.keep }
"#;
    let repository = Repository::new(&[("main.tf", main)]);
    assert_eq!(roots(&repository), [" dev root", " production root"]);
    assert_eq!(kept(&repository), [Some(1), Some(14)]);
}

#[test]
fn a_key_may_name_the_environment_of_what_is_made_for_it() {
    let main = "resource \"d\" \"x\" {\n  for_each = toset([\"staging\", \"prod\", \"shop-dev\", \"orders\"])\n}\n";
    let repository = Repository::new(&[("main.tf", main)]);
    let made = repository.resolved.roots[0].resources.iter();
    let judged: Vec<(&str, bool)> = made.map(|one| (one.address.as_str(), one.environment.production)).collect();
    let expected =
        [("d.x[\"orders\"]", true), ("d.x[\"prod\"]", true), ("d.x[\"shop-dev\"]", false), ("d.x[\"staging\"]", false)];
    assert_eq!(judged, expected);
}

/// Two roots, of which one reads the other's state.
fn reading(writer: &str, key: &str) -> Repository {
    let network = format!(
        "terraform {{\n  {writer}\n}}\nvariable \"zones\" {{ default = 1 }}\nresource \"aws_vpc\" \"all\" {{}}\n\
         output \"vpc\" {{ value = aws_vpc.all.id }}\noutput \"zones\" {{ value = var.zones }}\n"
    );
    let shop = format!(
        "terraform {{\n  backend \"s3\" {{\n    key = \"shop.tfstate\"\n  }}\n}}\nvariable \"environment\" {{}}\n\
         data \"terraform_remote_state\" \"network\" {{\n  backend = \"s3\"\n  config = {{ key = {key}, bucket = \"states\" }}\n}}\n\
         resource \"t\" \"e\" {{\n  vpc   = data.terraform_remote_state.network.outputs.vpc\n  zones = data.terraform_remote_state.network.outputs.zones\n}}\n"
    );
    Repository::new(&[
        ("network/main.tf", &network),
        ("network/production.tfvars", "zones = 3\n"),
        ("network/staging.tfvars", "zones = 2\n"),
        ("shop/main.tf", &shop),
        ("shop/production.tfvars", "environment = \"production\"\n"),
        ("shop/staging.tfvars", "environment = \"staging\"\n"),
    ])
}

#[test]
fn the_state_of_another_root_is_what_that_root_hands_out_in_the_same_environment() {
    for (writer, key) in [
        ("backend \"s3\" {\n    key = \"network/main.tfstate\"\n  }", "\"network/main.tfstate\""),
        ("backend \"s3\" {}", "\"${var.environment}-network-terraform.tfstate\""),
    ] {
        let repository = reading(writer, key);
        for (environment, zones) in [("production", 3), ("staging", 2)] {
            let mut roots = repository.resolved.roots.iter();
            let shop = roots.find(|root| root.directory == "shop" && root.environment.name == environment).unwrap();
            let resource = shop.resources.iter().find(|it| it.type_name == "t").unwrap();
            assert_eq!(resource.at("zones").and_then(Node::as_int), Some(zones), "{writer} in {environment}");
            let vpc = resource.at("vpc").unwrap().as_unknown().unwrap();
            assert_eq!(vpc.refers_to, ["network//aws_vpc.all.id"]);
            assert_eq!(resource.refers("vpc").next(), None, "it is made of nothing here");
        }
    }
    for (writer, key) in [
        ("backend \"s3\" {\n    key = \"other.tfstate\"\n  }", "\"network/main.tfstate\""),
        ("backend \"s3\" {\n    key = \"main.tfstate\"\n    bucket = \"others\"\n  }", "\"main.tfstate\""),
        ("backend \"gcs\" {}", "\"${var.environment}-network-terraform.tfstate\""),
    ] {
        let repository = reading(writer, key);
        let zones = repository.resource("t.e").at("zones").unwrap();
        assert!(zones.as_unknown().is_some(), "{writer} is another state: {zones:?}");
    }
}

#[test]
fn a_root_may_say_its_environment_itself() {
    let root = |name: &str, env: &str, module: &str| {
        let text = format!(
            "terraform {{\n  backend \"s3\" {{}}\n}}\nlocals {{\n  env = \"{env}\"\n}}\nmodule \"m\" {{\n  source = \"../../{module}\"\n}}\n\
             resource \"d\" \"x\" {{ keep = 1 }}\n"
        );
        (format!("live/{name}/main.tf"), text)
    };
    let module = |name: &str| (format!("{name}/main.tf"), "resource \"d\" \"y\" { keep = 2 }\n".to_owned());
    let files = [
        root("wide", "production", "site"),
        root("next", "staging", "site"),
        root("llama", "llama", "site"),
        root("shared", "shared", "tools"),
        module("site"),
        module("tools"),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let repository = Repository::new(&files);
    let expected =
        ["live/llama llama root", "live/next staging root", "live/shared production root", "live/wide production root"];
    assert_eq!(roots(&repository), expected);
}
