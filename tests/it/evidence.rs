//! A finding stands at the value that decides it, and says by which places that value came.

use twoam::audit::{Request, run};
use twoam::evaluate::Outcome;

use super::support::Folder;

/// The places of the only finding of a rule, the one that is underlined first: `path:line`.
fn places(folder: &Folder, rule: &str) -> Vec<String> {
    let mut request = Request::new(vec![folder.path().to_owned()]);
    request.select = vec![rule.to_owned()];
    let audit = run(&request).unwrap();
    let failed: Vec<_> = audit.verdicts.iter().filter(|verdict| verdict.outcome() == Outcome::Fail).collect();
    let [verdict] = &failed[..] else { panic!("{} findings", failed.len()) };
    let place = |span| format!("{}:{}", audit.sources.path(span), audit.sources.range(span).0.line);
    verdict.evidence().iter().map(|evidence| place(evidence.span)).collect()
}

const DATABASE: &str = "variable \"days\" {\n  default = 0\n}\n\nmodule \"instance\" {\n  source = \"../instance\"\n  days   = var.days\n}\n";
const INSTANCE: &str = "variable \"days\" {}\n\nresource \"aws_db_instance\" \"this\" {\n  identifier              = \"orders\"\n  backup_retention_period = var.days\n}\n";

fn repository(call: &str, more: &[(&str, &str)]) -> Folder {
    let folder = Folder::new();
    folder.write("terraform/main.tf", call);
    folder.write("terraform/modules/database/main.tf", DATABASE);
    folder.write("terraform/modules/instance/main.tf", INSTANCE);
    for (path, text) in more {
        folder.write(path, text);
    }
    folder
}

#[test]
fn a_value_that_came_through_calls_is_reported_where_it_is_decided() {
    let rule = "backup/database-backups-off";
    let literal = repository("module \"orders\" {\n  source = \"./modules/database\"\n  days   = 0\n}\n", &[]);
    let found = places(&literal, rule);
    assert_eq!(found[0], "terraform/main.tf:3", "the caller's line decides");
    for through in ["terraform/modules/instance/main.tf:5", "terraform/modules/database/main.tf:7"] {
        assert!(found[1..].iter().any(|place| place == through), "{through} in {found:?}");
    }

    let passed =
        "variable \"days\" {}\n\nmodule \"orders\" {\n  source = \"./modules/database\"\n  days   = var.days\n}\n";
    let values = repository(passed, &[("terraform/production.tfvars", "# Longer soon.\ndays = 0\n")]);
    let found = places(&values, rule);
    assert_eq!(found[0], "terraform/production.tfvars:2", "a file of values decides");
    assert!(found.contains(&"terraform/main.tf:5".to_owned()), "{found:?}");

    let left_out = repository("module \"orders\" {\n  source = \"./modules/database\"\n}\n", &[]);
    let found = places(&left_out, rule);
    assert_eq!(found[0], "terraform/modules/database/main.tf:2", "a default decides");
    assert!(found.contains(&"terraform/modules/database/main.tf:7".to_owned()), "{found:?}");
}

#[test]
fn what_several_clusters_install_from_one_place_is_said_once() {
    let folder = Folder::new();
    folder.write(
        "apps/search/release.yaml",
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: search, namespace: shop}\nspec:\n  \
         interval: 10m\n  chart:\n    spec: {chart: ./search, sourceRef: {kind: GitRepository, name: charts}}\n",
    );
    folder.write(
        "apps/search/charts.yaml",
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: charts, namespace: shop}\nspec:\n  \
         url: https://git.example.net/charts.git\n  ref:\n    branch: main\n",
    );
    folder.write("apps/search/kustomization.yaml", "resources: [release.yaml, charts.yaml]\n");
    for cluster in ["00", "01"] {
        let patch = format!("{{op: add, path: /spec/values, value: {{cluster: '{cluster}'}}}}");
        let patches = format!("patches:\n  - target: {{kind: HelmRelease}}\n    patch: |\n      - {patch}\n");
        folder.write(
            &format!("clusters/prod/{cluster}/kustomization.yaml"),
            format!("resources: [../../../apps/search]\n{patches}"),
        );
    }
    assert_eq!(places(&folder, "rollback/gitops-moving-target")[0], "apps/search/charts.yaml:7");
}
