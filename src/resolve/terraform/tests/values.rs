//! Files of values find the roots they are for, or are said to be for none.

use super::summary;
use crate::resolve::terraform::testing::Repository;
use crate::tree::Node;

const ROOT: &str = "terraform {\n  backend \"s3\" {}\n}\nvariable \"keep\" {}\nvariable \"name\" { default = \"n\" }\nresource \"d\" \"x\" { keep = var.keep }\n";

/// The roots, each with what its first resource keeps.
fn roots(files: &[(&str, &str)]) -> Vec<String> {
    let repository = Repository::new(files);
    let kept = |node: &Node| node.as_int().map_or_else(|| "unknown".to_owned(), |days| days.to_string());
    let line = |root| {
        let first: &crate::resolve::terraform::Root = root;
        let keep = first.resources.first().and_then(|resource| resource.at("keep")).map_or_else(String::new, kept);
        format!("{} {keep}", summary(first))
    };
    repository.resolved.roots.iter().map(line).collect()
}

fn unbound(files: &[(&str, &str)]) -> Vec<String> {
    let gaps = Repository::new(files).resolved.gaps;
    gaps.iter().map(|gap| format!("{}: {}", gap.path, gap.reason)).collect()
}

#[test]
fn values_beside_roots_are_for_each_that_declares_them() {
    let files = [
        ("deploy/db/main.tf", ROOT),
        ("deploy/cache/main.tf", ROOT),
        ("deploy/cache/tfvars/production.tfvars", "keep = 5\n"),
        ("deploy/web/main.tf", "terraform {\n  backend \"s3\" {}\n}\nresource \"d\" \"x\" { keep = 1 }\n"),
        ("deploy/tfvars/production.tfvars", "keep = 9\nname = \"p\"\n"),
        ("deploy/tfvars/dev.tfvars", "keep = 2\nname = \"d\"\n"),
    ];
    assert_eq!(
        roots(&files),
        [
            "deploy/cache dev root 2",
            "deploy/cache production root 5",
            "deploy/db dev root 2",
            "deploy/db production root 9",
            "deploy/web production root 1",
        ]
    );
    assert_eq!(unbound(&files), [""; 0]);
}

#[test]
fn each_of_several_files_of_the_same_values_is_applied() {
    let files = [
        ("main.tf", ROOT),
        ("projects/leap.tfvars", "keep = 1\n"),
        ("projects/pangeo.tfvars", "keep = 2\n"),
        ("projects/template.tfvars", "keep = 3\n"),
        ("names.tfvars", "name = \"both\"\n"),
    ];
    assert_eq!(roots(&files), [" production root 1", " production root 2"]);
    assert_eq!(unbound(&files), [""; 0]);
}

#[test]
fn several_files_of_different_values_are_applied_together() {
    let files = [("main.tf", ROOT), ("db.tfvars", "keep = 1\n"), ("names.tfvars", "name = \"a\"\n")];
    assert_eq!(roots(&files), [" production root 1"]);
}

#[test]
fn beside_the_values_of_production_another_name_is_another_environment() {
    let files = [
        ("main.tf", ROOT),
        ("tfvars/production.tfvars", "keep = 9\n"),
        ("tfvars/user-research.tfvars", "keep = 1\n"),
        ("tfvars/common.tfvars", "name = \"c\"\n"),
    ];
    assert_eq!(roots(&files), [" production root 9", " user-research root 1"]);
}

#[test]
fn the_configuration_of_a_backend_is_no_set_of_values() {
    let files = [
        ("main.tf", ROOT),
        ("tfvars/production.tfvars", "keep = 9\n"),
        ("tfvars/backends/production.tfvars", "bucket = \"state\"\nkey = \"x\"\n"),
    ];
    assert_eq!(roots(&files), [" production root 9"]);
    assert_eq!(unbound(&files), [""; 0]);
}

#[test]
fn an_example_of_values_gives_none() {
    assert_eq!(roots(&[("main.tf", ROOT), ("example.tfvars", "keep = 1\n")]), [" production root unknown"]);
}

#[test]
fn values_for_no_root_are_said_to_be_unread() {
    let files = [
        ("deploy/db/main.tf", ROOT),
        ("settings/production/lost.tfvars", "elsewhere = 9\n"),
        ("settings/dev/lost.tfvars", "elsewhere = 9\n"),
    ];
    assert_eq!(
        unbound(&files),
        ["settings/production/lost.tfvars: values for Terraform that no directory here declares variables for"]
    );
}
