//! Modules that `terraform init` has installed are followed; nothing else becomes known by the list of them.

use crate::resolve::terraform::testing::Repository;
use crate::tree::Node;

const LIST: &str = r#"{"Modules": [
  {"Key": "", "Source": "", "Dir": "."},
  {"Key": "db", "Source": "registry.terraform.io/acme/db/aws", "Version": "1.2.0", "Dir": ".terraform/modules/db"},
  {"Key": "db.instance", "Source": "./modules/instance", "Dir": ".terraform/modules/db/modules/instance"},
  {"Key": "db.tags", "Source": "acme/tags/aws", "Dir": ".terraform/modules/db.tags"},
  {"Key": "gone", "Source": "acme/gone/aws", "Dir": ".terraform/modules/gone"},
  {"Key": "up", "Source": "acme/up/aws", "Dir": "../../other"},
  {"Key": "rooted", "Source": "acme/rooted/aws", "Dir": "/other"},
  {"Key": 3}
]}"#;

fn repository(list: &str) -> Repository {
    Repository::new(&[
        (
            "infra/main.tf",
            r#"
module "db" {
  source   = "acme/db/aws"
  for_each = toset(["orders"])
  days     = 3
}
module "gone"   { source = "acme/gone/aws" }
module "up"     { source = "acme/up/aws" }
module "rooted" { source = "acme/rooted/aws" }
resource "d" "x" { open = [module.gone.id, module.up.id, module.rooted.id] }
"#,
        ),
        ("infra/.terraform/modules/modules.json", list),
        (
            "infra/.terraform/modules/db/main.tf",
            r#"
variable "days" { default = 9 }
module "tags" { source = "acme/tags/aws" }
module "instance" {
  source = "./modules/instance"
  days   = var.days
  tags   = module.tags.all
}
"#,
        ),
        (
            "infra/.terraform/modules/db/modules/instance/main.tf",
            r#"
variable "days" {}
variable "tags" {}
resource "aws_db_instance" "this" {
  backup_retention_period = var.days
  tags                    = var.tags
}
"#,
        ),
        ("infra/.terraform/modules/db.tags/main.tf", r#"output "all" { value = { Team = "platform" } }"#),
        ("other/main.tf", r#"resource "d" "other" {}"#),
    ])
}

#[test]
fn installed_modules_are_followed_to_what_they_make() {
    let repository = repository(LIST);
    let database = repository.resource(r#"module.db["orders"].module.instance.aws_db_instance.this"#);
    let days = database.at("backup_retention_period").unwrap();
    assert_eq!((days.as_int(), repository.sources.path(days.span)), (Some(3), "infra/main.tf"));
    let via: Vec<&str> = days.via.iter().flatten().map(|span| repository.sources.path(*span)).collect();
    assert_eq!(via, ["infra/.terraform/modules/db/modules/instance/main.tf", "infra/.terraform/modules/db/main.tf"]);
    assert_eq!(database.at("tags.Team").and_then(Node::as_str), Some("platform"));
    assert_eq!(database.path, "infra/main.tf", "it is shown where the repository calls it");
    assert!(repository.text(database.head).starts_with(r#"module "db""#));
    let roots: Vec<&str> = repository.resolved.roots.iter().map(|root| root.directory.as_str()).collect();
    assert_eq!(roots, ["infra", "other"], "what is installed is no root");
}

#[test]
fn what_is_not_installed_inside_the_root_stays_unknown() {
    let repository = repository(LIST);
    let open: Vec<&str> = repository.resolved.gaps.iter().map(|gap| gap.reason.as_str()).collect();
    assert_eq!(
        open,
        ["gone", "up", "rooted"].map(|name| format!("module `{name}` is not in the repository")),
        "a folder that is missing, one above the audited root, an absolute one"
    );
    let unknown = repository.resource("d.x").at("open").unwrap().items().iter();
    assert_eq!(unknown.filter(|node| node.as_unknown().is_some()).count(), 3);
    assert_eq!(repository.resolved.roots[0].calls.len(), 3);
}

#[test]
fn a_list_that_is_no_list_installs_nothing() {
    for list in ["[]", "{}", r#"{"Modules": 1}"#, r#"{"Modules": [1, null, {"Key": "db", "Dir": "."}]}"#] {
        assert!(repository(list).resolved.gaps.len() >= 3, "{list}");
    }
}

#[test]
fn a_vendored_copy_is_a_module_like_any_other() {
    let repository = Repository::new(&[
        ("main.tf", "module \"db\" {\n  source = \"./vendor/terraform-aws-rds\"\n  days   = 2\n}\n"),
        ("vendor/terraform-aws-rds/main.tf", "variable \"days\" {}\nresource \"d\" \"x\" { keep = var.days }\n"),
    ]);
    let keep = repository.resource("module.db.d.x").at("keep").unwrap();
    assert_eq!((keep.as_int(), repository.sources.path(keep.span)), (Some(2), "main.tf"));
    assert_eq!(repository.resolved.roots.len(), 1);
}
