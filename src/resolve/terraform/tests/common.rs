//! What follows from the arguments that all instances of a call share is worked out once.

use super::written;
use crate::resolve::terraform::testing::Repository;

/// A module whose local costs a good tenth of what a root may take, and one that hands all on to it.
const COSTLY: &str = r#"
variable "size" {}
variable "name" { default = "none" }
locals {
  sum   = sum([for a in range(var.size) : sum([for b in range(var.size) : a * b])])
  label = "${var.name}-${local.sum}"
}
output "label" { value = local.label }
resource "t" "made" {
  sum   = local.sum
  label = local.label
}
"#;
const OUTER: &str = r#"
variable "size" {}
variable "names" {}
module "inner" {
  source   = "../costly"
  for_each = toset(var.names)
  size     = var.size
  name     = each.key
}
"#;

fn made(main: &str, address: &str) -> String {
    let files = [("main.tf", main), ("modules/costly/main.tf", COSTLY), ("modules/outer/main.tf", OUTER)];
    let repository = Repository::new(&files);
    let resource = repository.resource(address);
    format!("{} {}", written(resource.at("sum").unwrap()), written(resource.at("label").unwrap()))
}

#[test]
fn instances_of_a_call_share_what_their_arguments_do() {
    let main = "module \"m\" {\n  source = \"./modules/costly\"\n  for_each = toset([for n in range(60) : \"n${n}\"])\n  \
                size = 300\n  name = each.key\n}\n";
    assert_eq!(made(main, "module.m[\"n0\"].t.made"), "2011522500 \"n0-2011522500\"");
    assert_eq!(made(main, "module.m[\"n59\"].t.made"), "2011522500 \"n59-2011522500\"");
}

#[test]
fn calls_inside_of_instances_share_it_too() {
    let main = "module \"o\" {\n  source = \"./modules/outer\"\n  count = 30\n  size = 300\n  \
                names = [\"a${count.index}\", \"b\"]\n}\n";
    assert_eq!(made(main, "module.o[29].module.inner[\"a29\"].t.made"), "2011522500 \"a29-2011522500\"");
    assert_eq!(made(main, "module.o[29].module.inner[\"b\"].t.made"), "2011522500 \"b-2011522500\"");
}

#[test]
fn what_says_which_instance_it_is_is_shared_by_none() {
    let of =
        |size: &str| format!("module \"m\" {{\n  source = \"./modules/costly\"\n  count = 3\n  size = {size}\n}}\n");
    assert_eq!(made(&of("count.index + 1"), "module.m[0].t.made"), "0 \"none-0\"");
    assert_eq!(made(&of("count.index + 1"), "module.m[2].t.made"), "9 \"none-9\"");
    assert_eq!(made(&of("[for count in [5] : count][0] - count.index"), "module.m[1].t.made"), "36 \"none-36\"");
    assert_eq!(made(&of("length([for n in [1, 2] : n]) + 1"), "module.m[2].t.made"), "9 \"none-9\"");
}

#[test]
fn resources_of_an_instance_are_its_own() {
    let wrapped = "variable \"of\" {}\nresource \"t\" \"base\" { id = \"b-${var.of}\" }\n\
                   module \"inner\" {\n  source = \"../costly\"\n  size = 1\n  name = t.base.id\n}\n";
    let main = "module \"w\" {\n  source = \"./modules/wrapped\"\n  for_each = { x = 1, y = 2 }\n  of = each.key\n}\n";
    let files = [("main.tf", main), ("modules/costly/main.tf", COSTLY), ("modules/wrapped/main.tf", wrapped)];
    let repository = Repository::new(&files);
    for key in ["x", "y"] {
        let resource = repository.resource(&format!("module.w[\"{key}\"].module.inner.t.made"));
        assert_eq!(written(resource.at("label").unwrap()), format!("\"b-{key}-0\""));
    }
}
