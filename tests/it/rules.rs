//! The rules as files: what they say for people, and what becomes of broken ones.

use std::path::Path;

use super::support::{Folder, twoam};

/// The ids of the embedded rules, from their paths.
pub(crate) fn ids() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let files = walkdir::WalkDir::new(&root).min_depth(2).sort_by_file_name().into_iter().map(Result::unwrap);
    files
        .map(|file| {
            let path = file.path().strip_prefix(&root).unwrap().with_extension("");
            path.to_string_lossy().replace('\\', "/")
        })
        .collect()
}

#[test]
fn the_first_34_rules_are_there() {
    let wanted = "\
        backup/database-backups-off backup/retention-too-short backup/no-deletion-protection backup/dies-with-database \
        backup/k8s-stateful-uncovered backup/object-store-unversioned restore-test/no-evidence \
        restore-test/plan-without-selection restore-test/no-procedure rollback/history-zero rollback/mutable-image \
        rollback/ecs-no-auto-rollback rollback/pipeline-no-way-back rollback/no-procedure \
        alert-coverage/service-has-none alert-coverage/datastore-has-none alert-coverage/alarm-without-action \
        alert-quality/no-severity alert-quality/flappy-page alert-quality/no-context runbook/alert-without-runbook \
        runbook/dead-link runbook/service-without-runbook runbook/skeleton runbook/missing-section \
        runbook/no-escalation runbook/orphan ownership/no-owner ownership/dead-codeowners-pattern \
        capacity/single-replica capacity/no-pdb capacity/pdb-blocks-drain capacity/no-readiness-probe practice/no-drill";
    let present = ids();
    let missing: Vec<&str> = wanted.split_whitespace().filter(|id| !present.iter().any(|rule| rule == id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_rule_that_reads_an_unknown_fact_is_refused_at_its_place() {
    let folder = Folder::new();
    folder.write("main.tf", "resource \"aws_db_instance\" \"a\" {}\n");
    folder.write(
        ".twoam/rules/own/typo.toml",
        "title = \"t\"\nseverity = \"low\"\nquestion = \"paged\"\nfor = \"alert\"\n\
         require = 'alert.runbok.exists'\nmessage = \"m\"\nwhy = \"w\"\nfix = \"f\"\n",
    );
    let run = twoam(folder.path(), &["check"]);
    assert_eq!(run.code, 2, "{}", run.err);
    assert!(run.err.contains("no fact `runbok`"), "{}", run.err);
    assert!(run.err.contains("did you mean `runbook`?"), "{}", run.err);
    assert!(run.err.contains("typo.toml:5:"), "{}", run.err);
}

#[test]
fn a_rule_that_does_not_compile_is_refused_at_its_place() {
    let folder = Folder::new();
    folder.write("main.tf", "resource \"aws_db_instance\" \"a\" {}\n");
    for (expression, said) in [
        ("alert.pages &&", "cannot be read"),
        ("alert.name", "true or false is needed"),
        ("alert.name > 3", "compared with"),
        ("alrt.pages", "did you mean `alert`?"),
        ("alert.services.exists(s, s.teir == 1)", "did you mean `tier`?"),
        ("alert.name.startWith('a')", "did you mean `startsWith`?"),
    ] {
        folder.write(
            ".twoam/rules/own/broken.toml",
            format!(
                "title = \"t\"\nseverity = \"low\"\nquestion = \"paged\"\nfor = \"alert\"\n\
                 require = \"{expression}\"\nmessage = \"m\"\nwhy = \"w\"\nfix = \"f\"\n"
            ),
        );
        let run = twoam(folder.path(), &["check"]);
        assert_eq!(run.code, 2, "{expression}: {}", run.err);
        assert!(run.err.contains(said), "{expression}: {}", run.err);
        assert!(run.err.contains("broken.toml:5:"), "{expression}: {}", run.err);
    }
}
