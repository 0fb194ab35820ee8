//! The hook under the real pre-commit. It runs where `pre-commit` is on the path (`.ci/run` puts it there) and says so
//! where it is not.

use std::path::Path;
use std::process::{Command, Output};

use super::support::Folder;

/// The hook as `.pre-commit-hooks.yaml` defines it, but run from the binary under test instead of installed from source.
fn hook() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
    let text = std::fs::read_to_string(path).unwrap().replace("language: rust", "language: system");
    let indented: Vec<String> = text.lines().map(|line| format!("      {line}")).collect();
    format!("repos:\n  - repo: local\n    hooks:\n{}\n", indented.join("\n"))
}

fn run(folder: &Path, program: &str, arguments: &[&str]) -> Output {
    let binaries = Path::new(env!("CARGO_BIN_EXE_twoam")).parent().unwrap();
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    Command::new(program)
        .current_dir(folder)
        .args(arguments)
        .env("PATH", path)
        .env("PRE_COMMIT_HOME", folder.join(".git/pre-commit-home"))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env_remove("GIT_DIR")
        .env_remove("GIT_INDEX_FILE")
        .output()
        .unwrap()
}

#[test]
fn a_commit_with_a_gap_is_refused_and_one_without_passes() {
    let available = Command::new("pre-commit").arg("--version").output().is_ok_and(|output| output.status.success());
    if !available {
        println!("skipped: pre-commit is not on the path");
        return;
    }
    let folder = Folder::new();
    let root = folder.path();
    assert!(run(root, "git", &["init", "--quiet"]).status.success());
    folder.write(".pre-commit-config.yaml", hook());
    let page = |wait: &str, runbook: &str| {
        format!(
            "groups:\n  - name: app\n    rules:\n      - alert: AppDown\n        expr: up{{job=\"app\"}} == 0\n        \
             for: {wait}\n        labels:\n          severity: page\n        annotations:\n          summary: The app is down\n{runbook}"
        )
    };
    folder.write("alerts/app.yml", page("5m", ""));
    assert!(run(root, "git", &["add", "."]).status.success());

    let refused = run(root, "pre-commit", &["run"]);
    let said = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(!refused.status.success(), "{said}");
    assert!(said.contains("runbook/alert-without-runbook"), "{said}");

    folder.write("alerts/app.yml", page("5m", "          runbook_url: https://wiki.example/app\n"));
    assert!(run(root, "git", &["add", "."]).status.success());
    let passed = run(root, "pre-commit", &["run"]);
    assert!(passed.status.success(), "{}", String::from_utf8_lossy(&passed.stdout));

    // A file that is no input does not even start the hook.
    folder.write("src/main.c", "int main() {}\n");
    assert!(run(root, "git", &["add", "src"]).status.success());
    folder.write("alerts/app.yml", page("5m", ""));
    let skipped = run(root, "pre-commit", &["run", "--files", "src/main.c"]);
    assert!(String::from_utf8_lossy(&skipped.stdout).contains("Skipped"));
}

#[test]
fn the_hook_runs_for_whatever_is_read() {
    let hook = twoam::parse::yaml::parse(twoam::source::SourceId(0), include_str!("../../.pre-commit-hooks.yaml"));
    let files = hook.document.values()[0].items()[0].get("files").unwrap();
    let pattern = regex::Regex::new(files.as_str().unwrap()).unwrap();
    for path in [
        "alerts.yml",
        "README.MD",
        "docs/orders.mdx",
        "main.tf.json",
        "main.tofu",
        "prod.auto.tfvars",
        "mixin/alerts.libsonnet",
        "charts/web/templates/_helpers.tpl",
        "charts/postgresql-12.1.0.tgz",
        "db/migrations/0001_users.up.sql",
        "db/migrate/20240101_users.rb",
        "alembic/versions/1a2b_users.py",
        "Makefile",
        "go.mod",
        "Jenkinsfile",
        "ci/release.jenkinsfile",
        ".github/CODEOWNERS",
        "overlays/prod/Kustomization",
        "site/docusaurus.config.ts",
    ] {
        assert!(pattern.is_match(path), "{path}");
    }
    for path in ["src/main.rs", "app/models.py", "logo.svg"] {
        assert!(!pattern.is_match(path), "{path}");
    }
}
