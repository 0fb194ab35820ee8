//! Links between audited roots, and what git says of a root.

use std::path::{Path, PathBuf};

use twoam::audit::{Audit, Request, run};
use twoam::evaluate::Outcome;

use super::support::{Folder, repository, twoam};

fn audit(roots: &[PathBuf]) -> Audit {
    let mut request = Request::new(roots.to_vec());
    request.select = vec!["runbook/dead-link".to_owned()];
    run(&request).unwrap()
}

/// Links that lead to something, to nothing, and those that are not known, each URL once.
fn counts(audit: &Audit) -> [usize; 3] {
    let mut urls: [std::collections::BTreeSet<&str>; 3] = Default::default();
    for verdict in &audit.verdicts {
        let kind = match verdict.outcome() {
            Outcome::Pass => 0,
            Outcome::Fail => 1,
            Outcome::Unknown(_) => 2,
        };
        urls[kind].insert(&verdict.subject);
    }
    urls.map(|urls| urls.len())
}

#[test]
fn alerts_of_one_root_lead_to_pages_of_another() {
    let repos = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/repos/two-roots");
    let both = audit(&[repos.join("cluster"), repos.join("handbook")]);
    assert_eq!(counts(&both), [8, 3, 0]);
    // Alone, nothing is known of a site that is not here.
    assert_eq!(counts(&audit(&[repos.join("cluster")])), [0, 0, 11]);
}

/// kube-prometheus links to 125 pages of prometheus-operator/runbooks, of which 26 do not exist. The variable
/// `TWOAM_CORPORA` names a folder that holds both trees as OWNER+NAME.
#[test]
fn the_real_two_roots_give_99_and_26() {
    let roots = ["prometheus-operator+kube-prometheus", "prometheus-operator+runbooks"].map(repository);
    let [Some(alerts), Some(pages)] = roots else { return };
    let roots = [alerts, pages];
    let audit = audit(&roots);
    let mut of_alerts = audit.verdicts.clone();
    of_alerts.retain(|verdict| verdict.subject.starts_with("https://runbooks.prometheus-operator.dev/"));
    let counts = counts(&Audit { verdicts: of_alerts, ..Audit::default() });
    println!("{} of {} links found, {} missing", counts[0], counts.iter().sum::<usize>(), counts[1]);
    assert_eq!(counts, [99, 26, 0]);
}

#[test]
fn the_git_configuration_says_which_repository_a_root_is() {
    let folder = Folder::new();
    folder.write(".git/HEAD", "ref: refs/heads/release/2026\n");
    folder.write(".git/config", "[remote \"origin\"]\n\turl = git@git.example.net:lantern/platform.git\n");
    folder.write("runbooks/checkout.md", "# Checkout\n\n## Impact\n\nNone.\n");
    let rule = |url: &str| {
        format!(
            "      - alert: A{}\n        expr: up == 0\n        labels: {{severity: page}}\n        annotations: {{runbook_url: {url}}}\n",
            url.len()
        )
    };
    let host = "https://git.example.net/lantern/platform";
    let rules: String = [
        "src/branch/release/2026/runbooks/checkout.md",
        "src/branch/release/2026/runbooks/gone.md",
        "src/branch/old/runbooks/gone-too.md",
    ]
    .iter()
    .map(|rest| rule(&format!("{host}/{rest}")))
    .collect();
    folder.write("alerts.yml", format!("groups:\n  - name: x\n    rules:\n{rules}"));
    assert_eq!(counts(&audit(&[folder.path().to_owned()])), [1, 1, 1]);
}

#[cfg(unix)]
#[test]
fn a_git_configuration_that_is_a_link_is_not_followed() {
    let (folder, outside) = (Folder::new(), Folder::new());
    let config = outside.write("config", "[remote \"origin\"]\n\turl = git@git.example.net:lantern/platform.git\n");
    folder.write(".git/HEAD", "ref: refs/heads/main\n");
    std::os::unix::fs::symlink(config, folder.path().join(".git/config")).unwrap();
    folder.write("alerts.yml", "groups:\n  - name: x\n    rules:\n      - alert: A\n        expr: up == 0\n        labels: {severity: page}\n        annotations: {runbook_url: https://git.example.net/lantern/platform/src/branch/main/runbooks/gone.md}\n");
    assert_eq!(counts(&audit(&[folder.path().to_owned()])), [0, 0, 1]);
}

#[test]
fn what_follows_its_own_branch_does_so_beside_another_root() {
    let folder = Folder::new();
    folder.write(
        "platform/argo/web.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec:\n  source: {repoURL: \
         https://git.example.net/lantern/platform.git, path: apps/web, targetRevision: main}\n  destination: {namespace: web}\n",
    );
    folder.write("platform/apps/web/config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n");
    folder.write("handbook/README.md", "# Handbook\n");
    let said = |roots: &[&str]| {
        let rule = ["--select", "rollback/gitops-moving-target", "--format", "concise"];
        twoam(folder.path(), &[&["check"], roots, &rule].concat()).out
    };
    assert!(!said(&["platform", "handbook"]).contains("moving-target"), "{}", said(&["platform", "handbook"]));
}
