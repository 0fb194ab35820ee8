//! Input that is broken or made to be expensive: a problem or an unknown with its reason, never a crash or a hang.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::written;
use crate::resolve::terraform::testing::Repository;

/// Far more than anything here takes, in a build without optimisation on a busy machine.
const LONG: Duration = Duration::from_mins(1);

/// The value of `resource "t" "e" { v = … }` in a configuration, as it is written in HCL.
fn value(text: &str, expression: &str) -> String {
    let begun = Instant::now();
    let repository =
        Repository::new(&[("main.tf", &format!("{text}\nresource \"t\" \"e\" {{\n  v = {expression}\n}}\n"))]);
    assert!(begun.elapsed() < LONG, "{expression} took {:?}", begun.elapsed());
    let value = written(repository.resource("t.e").at("v").unwrap());
    value.chars().take(120).collect()
}

/// Locals that each double the one before.
fn doubled(first: &str, next: &dyn Fn(usize) -> String) -> String {
    let mut text = format!("locals {{\n  a0 = {first}\n");
    for index in 1..60 {
        writeln!(text, "  a{index} = {}", next(index - 1)).unwrap();
    }
    text + "}\n"
}

#[test]
fn values_that_grow_without_end_become_unknown() {
    let table: [(&str, &dyn Fn(usize) -> String); 14] = [
        ("\"xxxxxxxx\"", &|n| format!("\"${{local.a{n}}}${{local.a{n}}}\"")),
        ("\"xxxxxxxx\"", &|n| format!("format(\"%s%s\", local.a{n}, local.a{n})")),
        ("\"xxxxxxxx\"", &|n| format!("join(local.a{n}, [\"\", \"\", \"\"])")),
        ("\"xxxxxxxx\"", &|n| format!("replace(local.a{n}, \"x\", \"xx\")")),
        ("\"xxxxxxxx\"", &|n| format!("replace(local.a{n}, \"/x/\", \"$0$0\")")),
        ("\"xxxxxxxx\"", &|n| format!("jsonencode([local.a{n}, local.a{n}])")),
        ("\"xxxxxxxx\"", &|n| format!("urlencode(yamlencode([local.a{n}, local.a{n}]))")),
        ("[1]", &|n| format!("concat(local.a{n}, local.a{n})")),
        ("[1]", &|n| format!("[local.a{n}, local.a{n}]")),
        ("[1]", &|n| format!("{{ a = local.a{n}, b = local.a{n} }}")),
        ("[1]", &|n| format!("[for x in [1, 2] : local.a{n}]")),
        ("[1, 2]", &|n| format!("setproduct(local.a{n}, local.a{n})")),
        ("[1]", &|n| format!("flatten([[local.a{n}], local.a{n}, [[local.a{n}]]])")),
        ("tolist([[\"a\"]])", &|n| format!("tolist([for x in [1, 2] : local.a{n}])")),
    ];
    for (first, next) in table {
        let text = doubled(first, next);
        let found = value(&text, "[local.a59, length(jsonencode(local.a59)), local.a58 == local.a59]");
        assert!(found.contains("unknown: "), "{} is {found}", next(0));
    }
}

#[test]
fn numbers_that_grow_without_end_become_unknown() {
    let text = doubled("10", &|n| format!("local.a{n} * local.a{n}"));
    assert_eq!(value(&text, "local.a59"), "unknown: the number is too large");
    let text = doubled("3", &|n| format!("1 / (local.a{n} * local.a{n})"));
    assert!(value(&text, "local.a59").starts_with("unknown: "));
    for expression in [
        "1e999999999",
        "1e-999999999",
        "pow(10, 1e10)",
        "9e30000 * 9e30000 * 9e30000",
        "parseint(format(\"%04000d\", 1), 10) / 1e20000",
    ] {
        assert!(!value("", expression).is_empty(), "{expression}");
    }
}

#[test]
fn calls_that_ask_for_too_much_are_refused() {
    for expression in [
        "range(0, 1000000000)",
        "format(\"%999999999d\", 1)",
        "format(\"%.999999999f\", 1)",
        "indent(1000000000, \"a\\nb\")",
        "cidrsubnets(\"10.0.0.0/8\", [for i in range(1024) : 32]...)",
        "setproduct(range(1000), range(1000), range(1000))",
        "regex(\"(a*)*b\", \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\")",
        "regex(\"((a{100}){100}){100}\", \"a\")",
        "[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : a]]]",
        "{ for a in range(1000) : a => { for b in range(1000) : b => range(1000) } }",
        "\"%{ for a in range(1000) }%{ for b in range(1000) }%{ for c in range(1000) }%{ endfor }%{ endfor }%{ endfor }\"",
        "yamldecode(\"a: &a [x,x,x,x,x,x,x,x,x]\\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g]\\n\")",
        "jsondecode(join(\"\", [for i in range(1000) : \"[\"]))",
        "jsondecode(\"${join(\"\", [for i in range(100) : \"[\"])}${join(\"\", [for i in range(100) : \"]\"])}\")",
        "file(\"/etc/passwd\")",
        "file(\"../../../../etc/passwd\")",
        "templatefile(\"../../x.tftpl\", {})",
        "fileset(\"/\", \"**\")",
    ] {
        let found = value("", expression);
        assert!(found.contains("unknown: "), "{expression} is {found}");
    }
}

#[test]
fn templates_do_not_call_each_other() {
    let begun = Instant::now();
    let repository = Repository::new(&[
        ("main.tf", "resource \"t\" \"e\" {\n  v = templatefile(\"a.tftpl\", {})\n}\n"),
        ("a.tftpl", "${templatefile(\"a.tftpl\", {})}"),
    ]);
    assert!(begun.elapsed() < LONG);
    assert_eq!(written(repository.resource("t.e").at("v").unwrap()), "unknown: a template calls no template");
}

#[test]
fn cycles_are_found_whatever_they_go_through() {
    let module = "variable \"i\" {}\noutput \"o\" { value = var.i }\n";
    let main = r#"
module "a" {
  source = "./m"
  i      = module.b.o
}
module "b" {
  source = "./m"
  i      = module.a.o
}
locals {
  one   = [local.two]
  two   = { x = local.three }
  three = "${local.one[0].x}"
}
resource "t" "module" { v = module.a.o }
resource "t" "local" { v = local.one }
resource "t" "x" { v = t.y.v }
resource "t" "y" { v = t.x.v }
resource "t" "count" {
  count = length(t.count)
  v     = 1
}
module "c" {
  source   = "./m"
  for_each = module.c
  i        = 1
}
"#;
    let repository = Repository::new(&[("main.tf", main), ("m/main.tf", module)]);
    for address in ["t.module", "t.local", "t.x", "t.y"] {
        let found = written(repository.resource(address).at("v").unwrap());
        assert!(found.contains("unknown: "), "{address} is {found}");
    }
    let count = repository.resolved.roots[0].resources.iter().find(|one| one.name == "count").unwrap();
    assert!(count.uncertain.is_some());
}

#[test]
fn roots_that_read_each_others_states_end() {
    let root = |own: usize| {
        let mut text = format!("terraform {{\n  backend \"s3\" {{\n    key = \"r{own}.tfstate\"\n  }}\n}}\n");
        for other in 0..12 {
            write!(
                text,
                "data \"terraform_remote_state\" \"r{other}\" {{\n  backend = \"s3\"\n  config = {{ key = \"r{other}.tfstate\" }}\n}}\n\
                 output \"o{other}\" {{ value = \"${{data.terraform_remote_state.r{other}.outputs.o{own}}}x\" }}\n"
            )
            .expect("strings grow");
        }
        text.push_str("resource \"t\" \"e\" { v = data.terraform_remote_state.r0.outputs.o1 }\n");
        text
    };
    let files: Vec<(String, String)> = (0..12).map(|own| (format!("r{own}/main.tf"), root(own))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let begun = Instant::now();
    let repository = Repository::new(&files);
    assert!(begun.elapsed() < LONG);
    let found = repository.resolved.roots.iter().flat_map(|root| &root.resources).find(|it| it.type_name == "t");
    assert!(written(found.unwrap().at("v").unwrap()).starts_with("unknown: "));
}

#[test]
fn instances_of_unknown_sets_are_one_that_may_be_several() {
    let main = "variable \"names\" {\n  type = set(string)\n}\nresource \"t\" \"e\" {\n  for_each = var.names\n  v = each.key\n}\n\
                resource \"t\" \"n\" {\n  for_each = toset([for x in t.e : x.id])\n  v = each.value\n}\n\
                module \"m\" {\n  source   = \"./m\"\n  for_each = var.names\n  i = each.value\n}\n";
    let module = "variable \"i\" {}\nresource \"t\" \"in\" { v = var.i }\n";
    let repository = Repository::new(&[("main.tf", main), ("m/main.tf", module)]);
    for address in ["t.e", "t.n", "module.m.t.in"] {
        let resource = repository.resource(address);
        assert!(resource.uncertain.is_some(), "{address}");
        assert!(written(resource.at("v").unwrap()).starts_with("unknown: "), "{address}");
    }
}

#[test]
fn modules_that_call_each_other_or_are_missing_are_said() {
    let repository = Repository::new(&[
        (
            "main.tf",
            "module \"a\" {\n  source = \"./a\"\n}\nmodule \"gone\" {\n  source = \"./gone\"\n}\nmodule \"unsaid\" {}\nresource \"t\" \"e\" { v = module.gone.x }\n",
        ),
        ("a/main.tf", "module \"b\" {\n  source = \"../b\"\n}\n"),
        ("b/main.tf", "module \"a\" {\n  source = \"../a\"\n}\n"),
    ]);
    let problems: Vec<&str> = repository.resolved.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert!(problems.iter().any(|message| message.contains("calls itself")), "{problems:?}");
    let gaps: Vec<&str> = repository.resolved.gaps.iter().map(|gap| gap.reason.as_str()).collect();
    for name in ["gone", "unsaid"] {
        assert!(gaps.iter().any(|reason| reason.contains(&format!("`{name}`"))), "{gaps:?}");
    }
    assert!(written(repository.resource("t.e").at("v").unwrap()).starts_with("unknown: "));
}

#[test]
fn one_broken_file_does_not_hide_the_others() {
    let repository = Repository::new(&[
        ("a.tf", "locals {\n  days = 7\n}\nresource \"t\" \"whole\" {\n  v = local.days\n}\n"),
        (
            "b.tf",
            "resource \"t\" \"broken\" {\n  v = [1,\n  w = local.days\n}\nresource \"t\" \"after\" { v = local.days }\n",
        ),
    ]);
    assert_eq!(written(repository.resource("t.whole").at("v").unwrap()), "7");
    assert_eq!(written(repository.resource("t.after").at("v").unwrap()), "7");
}

#[test]
fn instances_that_multiply_are_cut_off_and_said() {
    let call = |path: &str| {
        format!(
            "module \"m\" {{\n  source   = \"{path}\"\n  for_each = toset([for i in range(1000) : tostring(i)])\n}}\n"
        )
    };
    let begun = Instant::now();
    let repository = Repository::new(&[
        ("main.tf", &call("./a")),
        ("a/main.tf", &call("../b")),
        ("b/main.tf", &call("../c")),
        ("c/main.tf", "resource \"t\" \"e\" {\n  count = 100\n}\n"),
    ]);
    assert!(begun.elapsed() < LONG, "{:?}", begun.elapsed());
    let problems: Vec<&str> = repository.resolved.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert!(problems.iter().any(|message| message.starts_with("more than ")), "{problems:?}");
}
