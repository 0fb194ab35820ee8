//! The evaluator against what Terraform answers, and modules, values and environments end to end.

mod common;
mod environments;
mod hostile;
mod installed;
mod values;

use super::testing::Repository;
use super::{Root, points_at, step};
use crate::tree::{Node, Value};

/// A value as it is written in HCL, so that expectations can be read.
fn written(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".into(),
        Value::String(text) => format!("{text:?}"),
        Value::List(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let entries = map.entries.iter().map(|entry| format!("{} = {}", entry.key, written(&entry.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Unknown(unknown) => format!("unknown: {}", unknown.reason),
        _ => node.scalar().unwrap_or_default().into(),
    }
}

fn evaluated(expression: &str) -> String {
    let text = format!(
        "variable \"unset\" {{}}\nvariable \"nothing\" {{ default = null }}\nresource \"aws_x\" \"other\" {{ literal = \"here\" }}\n\
         resource \"aws_x\" \"many\" {{\n count = 2\n n = count.index\n}}\n\
         resource \"t\" \"e\" {{\n v = {expression}\n}}\n"
    );
    let repository = Repository::new(&[("main.tf", &text)]);
    if repository.resolved.roots.is_empty() {
        return "it does not parse".into();
    }
    written(repository.resource("t.e").at("v").unwrap())
}

#[test]
fn expressions_evaluate_as_terraform_does() {
    let table = [
        ("1 + 2 * 3", "7"),
        ("10 / 4", "2.5"),
        ("7 % 3", "1"),
        ("-(2)", "-2"),
        ("\"5\" + 1", "6"),
        ("1 == 1.0", "true"),
        ("\"1\" == 1", "false"),
        ("null == null", "true"),
        ("[1, 2] == [1, 2]", "true"),
        ("!true || 2 > 1", "true"),
        ("false && var.unset", "false"),
        ("true || var.unset", "true"),
        ("var.unset || true", "true"),
        ("true ? \"a\" : \"b\"", "\"a\""),
        ("var.unset ? 1 : 1", "1"),
        ("\"a-${1 + 1}-${true}\"", "\"a-2-true\""),
        ("\"%{ if 1 > 2 }x%{ else }y%{ endif }\"", "\"y\""),
        ("\"%{ for x in [1, 2] }${x};%{ endfor }\"", "\"1;2;\""),
        ("{ b = 1, a = 2 }.a", "2"),
        ("{ b = 1 }[\"b\"]", "1"),
        ("[10, 20][1]", "20"),
        ("[{ a = 1 }, { a = 2 }][*].a", "[1, 2]"),
        ("[{ a = 1 }].*.a", "[1]"),
        ("var.nothing[*]", "[]"),
        ("[for x in [1, 2, 3] : x * 2 if x != 2]", "[2, 6]"),
        ("[for k, v in { b = 1, a = 2 } : \"${k}${v}\"]", "[\"a2\", \"b1\"]"),
        ("{ for x in [\"a\", \"b\"] : x => upper(x) }", "{a = \"A\", b = \"B\"}"),
        ("{ for x in [\"aa\", \"ab\", \"b\"] : substr(x, 0, 1) => x... }", "{a = [\"aa\", \"ab\"], b = [\"b\"]}"),
        ("try({ a = 1 }.b, 2)", "2"),
        ("try({ a = 1 }.a, 2)", "1"),
        ("can({ a = 1 }.b)", "false"),
        ("coalesce(null, \"\", \"x\")", "\"x\""),
        ("lookup({ a = 1 }, \"b\", 7)", "7"),
        ("merge({ a = 1 }, { a = 2, b = 3 })", "{a = 2, b = 3}"),
        ("concat([1], [2, 3])", "[1, 2, 3]"),
        ("flatten([[1], [[2], 3]])", "[1, 2, 3]"),
        ("length([1, 2])", "2"),
        ("length(\"abc\")", "3"),
        ("keys({ b = 1, a = 2 })", "[\"a\", \"b\"]"),
        ("values({ b = 1, a = 2 })", "[2, 1]"),
        ("contains([\"a\"], \"a\")", "true"),
        ("toset([\"b\", \"a\", \"b\"])", "[\"a\", \"b\"]"),
        ("tonumber(\"12\")", "12"),
        ("tostring(12)", "\"12\""),
        ("tobool(\"true\")", "true"),
        ("join(\",\", [\"a\", \"b\"])", "\"a,b\""),
        ("split(\",\", \"a,b\")", "[\"a\", \"b\"]"),
        ("format(\"%s-%03d-%v\", \"a\", 7, true)", "\"a-007-true\""),
        ("formatlist(\"%s!\", [\"a\", \"b\"])", "[\"a!\", \"b!\"]"),
        ("replace(\"a-b\", \"-\", \"_\")", "\"a_b\""),
        ("replace(\"a1b2\", \"/[0-9]/\", \"\")", "\"ab\""),
        ("trimprefix(\"abc\", \"a\")", "\"bc\""),
        ("trimsuffix(\"abc\", \"c\")", "\"ab\""),
        ("trimspace(\" a \")", "\"a\""),
        ("element([1, 2, 3], 4)", "2"),
        ("min(3, 1, 2)", "1"),
        ("max([3, 5]...)", "5"),
        ("one([])", "null"),
        ("range(3)", "[0, 1, 2]"),
        ("distinct([1, 2, 1])", "[1, 2]"),
        ("compact([\"a\", \"\"])", "[\"a\"]"),
        ("zipmap([\"a\"], [1])", "{a = 1}"),
        ("slice([1, 2, 3], 1, 3)", "[2, 3]"),
        ("jsonencode({ b = [1, null], a = \"x\" })", "\"{\\\"a\\\":\\\"x\\\",\\\"b\\\":[1,null]}\""),
        ("jsondecode(\"{\\\"a\\\": 1}\").a", "1"),
        ("regex(\"^([a-z]+)-([0-9]+)$\", \"ab-12\")", "[\"ab\", \"12\"]"),
        ("aws_x.other.literal", "\"here\""),
        ("aws_x.many[1].n", "1"),
        ("aws_x.many[*].n", "[0, 1]"),
        ("aws_x.other.id", "unknown: `aws_x.other.id` is known after apply"),
        ("var.unset", "unknown: `var.unset` has no value here"),
        ("\"a-${var.unset}\"", "unknown: `var.unset` has no value here"),
        ("var.unset + 1", "unknown: `var.unset` has no value here"),
        ("timestamp()", "unknown: `timestamp` takes its result from the clock"),
        ("path.module", "\".\""),
    ];
    let wrong: Vec<String> = table
        .iter()
        .map(|(expression, expected)| (expression, expected, evaluated(expression)))
        .filter(|(_, expected, actual)| *expected != actual)
        .map(|(expression, expected, actual)| format!("{expression}: expected {expected}, got {actual}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const MODULE: &str = r#"
variable "name" {}
variable "retention" {
  type    = number
  default = 7
}
resource "aws_db_instance" "this" {
  identifier              = var.name
  backup_retention_period = var.retention
}
output "identifier" { value = aws_db_instance.this.identifier }
output "arn" { value = aws_db_instance.this.arn }
"#;

const ROOT: &str = r#"
terraform {
  backend "s3" {}
}
provider "aws" {
  default_tags { tags = { Team = "platform" } }
}
variable "retention" { default = 9 }
locals { prefix = "shop" }
module "orders" {
  source    = "./modules/db"
  name      = "${local.prefix}-orders"
  retention = var.retention
}
module "copies" {
  source   = "./modules/db"
  for_each = { a = 1, b = 2 }
  name     = each.key
}
resource "aws_backup_selection" "s" {
  resources = [module.orders.arn]
  names     = [for copy in module.copies : copy.identifier]
}
"#;

#[test]
fn modules_are_followed_with_the_places_that_decide() {
    let repository = Repository::new(&[
        ("infra/main.tf", ROOT),
        ("infra/modules/db/main.tf", MODULE),
        ("infra/prod.tfvars", "retention = 3\n"),
    ]);
    assert_eq!(repository.resolved.roots.len(), 1, "what is called is no root");
    let database = repository.resource("module.orders.aws_db_instance.this");
    let retention = database.at("backup_retention_period").unwrap();
    assert_eq!(retention.as_int(), Some(3));
    assert_eq!(repository.sources.path(retention.span), "infra/prod.tfvars");
    assert_eq!(repository.text(retention.span), "3");
    let via: Vec<&str> = retention.via.iter().flatten().map(|span| repository.sources.path(*span)).collect();
    assert_eq!(via, ["infra/modules/db/main.tf", "infra/main.tf"]);
    assert_eq!(repository.text(database.head), r#"module "orders""#, "two calls share the module");
    assert_eq!(database.path, "infra/main.tf");
    let shared = database.shared.as_ref().unwrap();
    assert_eq!(repository.text(shared.head), r#"resource "aws_db_instance" "this""#);
    assert_eq!(shared.files.len(), 1);
    assert_eq!(repository.text(database.call_chain[0]), r#"module "orders""#);
    assert_eq!(database.at("identifier").unwrap().as_str(), Some("shop-orders"));

    let copy = repository.resource(r#"module.copies["b"].aws_db_instance.this"#);
    assert_eq!(copy.at("identifier").unwrap().as_str(), Some("b"));
    let retention = copy.at("backup_retention_period").unwrap();
    assert_eq!((retention.as_int(), repository.text(retention.span)), (Some(7), "7"), "the module's own default");

    let selection = repository.resource("aws_backup_selection.s");
    let referred: Vec<&str> = selection.refers("resources").collect();
    assert!(referred.iter().any(|address| points_at(address, "module.orders.aws_db_instance.this")), "{referred:?}");
    assert_eq!(written(selection.at("names").unwrap()), r#"["a", "b"]"#);
    let defaults = &repository.resolved.roots[0].providers[0];
    assert_eq!(written(&defaults.tags), r#"{Team = "platform"}"#);
}

#[test]
fn types_convert_and_fill_in_defaults() {
    let repository = Repository::new(&[
        (
            "main.tf",
            r#"
variable "databases" {
  type = map(object({
    size    = number
    protect = optional(bool, true)
    keep    = optional(number)
  }))
}
variable "keep" { default = 5 }
resource "d" "x" {
  for_each = var.databases
  size     = each.value.size
  protect  = each.value.protect
  keep     = each.value.keep != null ? each.value.keep : var.keep
  dynamic "rule" {
    for_each = each.value.protect ? ["on"] : []
    content { name = rule.value }
  }
}
"#,
        ),
        (
            "terraform.tfvars",
            "databases = {\n  a = { size = \"10\", keep = 30 }\n  b = { size = 5, protect = false }\n}\n",
        ),
    ]);
    let a = repository.resource(r#"d.x["a"]"#);
    assert_eq!(a.at("size").unwrap().as_int(), Some(10));
    assert_eq!(a.at("protect").unwrap().as_bool(), Some(true));
    assert_eq!(repository.text(a.at("protect").unwrap().span), "true");
    assert_eq!(repository.text(a.at("keep").unwrap().span), "30");
    assert_eq!(a.at("rule.name").unwrap().as_str(), Some("on"));
    let b = repository.resource(r#"d.x["b"]"#);
    assert_eq!(repository.text(b.at("keep").unwrap().span), "5");
    assert!(b.at("rule").is_none());
}

fn summary(root: &Root) -> String {
    format!("{} {} {}", root.directory, root.environment.name, if root.library { "library" } else { "root" })
}

#[test]
fn each_environment_is_evaluated_with_its_own_values() {
    let main = "variable \"keep\" {}\nresource \"d\" \"x\" {\n  keep = var.keep\n}\n";
    let backend = "terraform {\n  cloud {}\n}\n";
    let repository = Repository::new(&[
        ("deployments/rds/main.tf", main),
        ("deployments/rds/backend.tf", backend),
        ("deployments/own/main.tf", main),
        ("deployments/own/env/prod.tfvars", "keep = 8"),
        ("deployments/own/env/dev.tfvars", "keep = 0"),
        ("modules/unused/main.tf", main),
        ("examples/simple/main.tf", main),
        ("values/production/common.tfvars", "keep = 1"),
        ("values/production/rds.tfvars", "keep = 7"),
        ("values/staging/rds.tfvars", "keep = 2"),
    ]);
    let roots: Vec<String> = repository.resolved.roots.iter().map(summary).collect();
    assert_eq!(
        roots,
        [
            "deployments/own dev root",
            "deployments/own production root",
            "deployments/rds production root",
            "deployments/rds staging root",
            "examples/simple examples root",
            "modules/unused production library",
        ]
    );
    let kept: Vec<Option<i64>> =
        repository.resolved.roots.iter().map(|root| root.resources[0].at("keep").unwrap().as_int()).collect();
    assert_eq!(kept, [Some(0), Some(8), Some(7), Some(2), None, None]);
}

#[test]
fn terragrunt_units_call_their_modules() {
    let repository = Repository::new(&[
        (
            "accounts/shop-prod/db/terragrunt.hcl",
            "terraform {\n  source = \"../../../modules//db\"\n}\ninputs = merge(local.common, { keep = 4 })\n",
        ),
        (
            "accounts/shop-staging/db/terragrunt.hcl",
            "terraform {\n  source = \"../../../modules//db\"\n}\ninputs = {}\n",
        ),
        ("modules/db/main.tf", "variable \"keep\" { default = 1 }\nresource \"d\" \"x\" {\n  keep = var.keep\n}\n"),
    ]);
    let roots: Vec<String> = repository.resolved.roots.iter().map(summary).collect();
    assert_eq!(roots, ["modules/db production root", "modules/db staging root"]);
    assert_eq!(repository.resource("d.x").at("keep").unwrap().as_int(), Some(4));
}

#[test]
fn what_is_not_known_says_why_and_nothing_hangs() {
    let repository = Repository::new(&[
        (
            "main.tf",
            r#"
variable "on" {}
variable "secret" {
  sensitive = true
  default   = "hush"
}
locals {
  a = local.b
  b = local.a
}
resource "d" "cycle" { v = local.a }
resource "d" "maybe" {
  count = var.on ? 1 : 0
  v     = var.secret
}
resource "d" "none" { count = 0 }
resource "d" "gone" { v = d.none[0].id }
resource "d" "self" { v = d.self.v }
resource "d" "huge" { v = range(0, 1000000000) }
resource "d" "lots" { count = 1000000000 }
module "remote" {
  source = "terraform-aws-modules/rds/aws"
  name   = "x"
}
module "loop" { source = "./loop" }
resource "d" "out" { v = module.remote.arn }
"#,
        ),
        ("loop/main.tf", "module \"again\" {\n  source = \"../loop\"\n}\n"),
    ]);
    let value = |address: &str| written(repository.resource(address).at("v").unwrap());
    assert_eq!(value("d.cycle"), "unknown: it depends on itself");
    assert_eq!(value("d.maybe"), "unknown: `var.secret` is sensitive");
    assert!(repository.resource("d.maybe").uncertain.is_some());
    assert_eq!(value("d.gone"), "unknown: there is no element at this index");
    assert!(value("d.self").starts_with("unknown"));
    assert_eq!(value("d.huge"), "unknown: the range is too long");
    assert_eq!(value("d.out"), "unknown: `module.remote` is not in the repository");
    let root = &repository.resolved.roots[0];
    assert!(root.resources.iter().all(|resource| resource.name != "none"));
    assert_eq!(root.calls[0].source, "terraform-aws-modules/rds/aws");
    assert_eq!(step(&root.calls[0].arguments, "name").unwrap().as_str(), Some("x"));
    let problems: Vec<&str> = repository.resolved.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert!(problems.iter().any(|message| message.contains("calls itself")), "{problems:?}");
    assert_eq!(repository.resolved.gaps[0].reason, "module `remote` is not in the repository");
}

/// Any expression that can be written, of the names in the test below and the functions that take collections apart.
fn any_expression() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let leaf = proptest::sample::select(vec![
        "var.a",
        "var.none",
        "local.b",
        "local.c",
        "t.e",
        "t.e.v",
        "t.many[0].v",
        "t.many[*].v",
        "t.keyed[\"x\"].id",
        "t.keyed",
        "module.m.o",
        "data.d.x.id",
        "each.key",
        "count.index",
        "path.module",
        "-1",
        "0",
        "0.5",
        "99999999999999",
        "\"s\"",
        "\"%s-%d\"",
        "\"${local.c}-${var.a}\"",
        "null",
        "true",
        "[]",
        "{}",
    ]);
    let functions = proptest::sample::select(vec![
        "merge",
        "element",
        "slice",
        "substr",
        "range",
        "flatten",
        "format",
        "formatlist",
        "lookup",
        "concat",
        "setproduct",
        "chunklist",
        "zipmap",
        "one",
        "try",
        "can",
        "coalesce",
        "keys",
        "values",
        "join",
        "split",
        "replace",
        "regex",
        "jsonencode",
        "jsondecode",
        "toset",
        "tonumber",
        "min",
        "sum",
        "title",
        "index",
        "coalescelist",
        "distinct",
        "setunion",
        "tolist",
        "tomap",
        "matchkeys",
        "transpose",
        "yamlencode",
        "yamldecode",
        "csvdecode",
        "cidrsubnet",
        "formatdate",
        "timeadd",
        "parseint",
        "pow",
        "sha256",
        "base64decode",
        "file",
        "templatefile",
        "fileset",
        "sensitive",
        "indent",
        "regexall",
        "strrev",
        "timestamp",
        "unheard_of",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(5, 40, 3, move |inner| {
        let pair = (inner.clone(), inner.clone());
        let operator = proptest::sample::select(vec!["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||"]);
        prop_oneof![
            (pair.clone(), operator).prop_map(|((a, b), operator)| format!("(({a}) {operator} ({b}))")),
            (inner.clone(), pair.clone()).prop_map(|(a, (b, c))| format!("(({a}) ? ({b}) : ({c}))")),
            pair.clone().prop_map(|(a, b)| format!("[{a}, {b}]")),
            pair.clone().prop_map(|(a, b)| format!("{{ (({a})) = {b}, y = {a} }}")),
            pair.clone().prop_map(|(a, b)| format!("({a})[{b}]")),
            inner.clone().prop_map(|a| format!("({a})[*].v")),
            inner.clone().prop_map(|a| format!("({a}).v")),
            pair.clone().prop_map(|(a, b)| format!("[for k, x in {a} : {b} if x != k]")),
            pair.clone().prop_map(|(a, b)| format!("{{ for k, x in {a} : k => {b}... }}")),
            (functions.clone(), pair).prop_map(|(name, (a, b))| format!("{name}({a}, {b})")),
            (functions.clone(), inner.clone()).prop_map(|(name, a)| format!("{name}({a}...)")),
            (functions.clone(), inner).prop_map(|(name, a)| format!("{name}({a})")),
        ]
    })
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(400))]

    /// Whatever can be parsed can be evaluated, and gives the same twice.
    #[test]
    fn evaluation_never_panics(b in any_expression(), c in any_expression(), many in any_expression()) {
        let text = format!(
            "variable \"a\" {{ default = [1, {{ v = \"x\" }}] }}\nvariable \"none\" {{}}\n\
             locals {{\n b = {b}\n c = {c}\n}}\nresource \"t\" \"e\" {{ v = local.b }}\n\
             resource \"t\" \"many\" {{\n count = {many}\n v = local.c\n}}\n\
             resource \"t\" \"keyed\" {{\n for_each = {many}\n v = each.value\n}}\n\
             data \"d\" \"x\" {{}}\nmodule \"m\" {{\n source = \"./m\"\n i = local.b\n}}\n"
        );
        let module = "variable \"i\" {}\noutput \"o\" { value = var.i }\n";
        let files = [("main.tf", text.as_str()), ("m/main.tf", module)];
        let once = Repository::new(&files);
        proptest::prop_assert!(!once.resolved.roots.is_empty(), "it parses");
        proptest::prop_assert!(once.resolved == Repository::new(&files).resolved);
    }
}

#[test]
fn what_a_call_leaves_out_came_through_the_call() {
    let repository = Repository::new(&[
        ("main.tf", "provider \"aws\" {}\nmodule \"db\" {\n  source = \"./modules/db\"\n}\n"),
        (
            "modules/db/main.tf",
            "resource \"aws_db_instance\" \"this\" {\n  backup_retention_period = var.retention\n}\n",
        ),
        ("modules/db/variables.tf", "variable \"retention\" {\n  default = 0\n}\n"),
    ]);
    let retention = repository.resource("module.db.aws_db_instance.this").at("backup_retention_period").unwrap();
    assert_eq!(repository.text(retention.span), "0");
    let way: Vec<&str> = retention.via.iter().flatten().map(|span| repository.text(*span)).collect();
    assert_eq!(way, ["var.retention", "module \"db\""]);
}
