//! Charts and kustomizations rendered by the user's own programs, for which scripts stand in here.

use std::os::unix::fs::PermissionsExt;

use super::support::{Folder, Run};

const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.0.0\n";

const TEMPLATE: &str =
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\nspec:\n  replicas: 3\n";

/// What a program prints: a Deployment that no template here makes.
const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: outside\nspec:\n  replicas: 1\n  selector:\n    matchLabels: {app: outside}\n  template:\n    metadata:\n      labels: {app: outside}\n    spec:\n      containers:\n        - name: outside\n          image: registry.example/outside:1.0.0\n";

/// A repository with a chart and a kustomization, and a program of this name beside it.
fn repository(program: &str, script: &str) -> (Folder, Folder) {
    let (repository, programs) = (Folder::new(), Folder::new());
    repository.write("charts/web/Chart.yaml", CHART);
    repository.write("charts/web/templates/web.yaml", TEMPLATE);
    repository.write("charts/web/values-production.yaml", "replicas: 4\n");
    repository.write("deploy/kustomization.yaml", "resources: [web.yaml]\n");
    repository.write("deploy/web.yaml", DEPLOYMENT.replace("outside", "inside"));
    let file = programs.write(program, format!("#!/bin/sh\n{script}"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    (repository, programs)
}

fn check(repository: &Folder, programs: &Folder, arguments: &[&str]) -> Run {
    let path = format!("{}:/usr/bin:/bin", programs.path().display());
    let output = assert_cmd::Command::cargo_bin("twoam")
        .unwrap()
        .current_dir(repository.path())
        .args(["check", "--exit-zero", "--select", "capacity/single-replica"])
        .args(arguments)
        .env("PATH", path)
        .output()
        .unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn helm_renders_when_it_is_asked_to() {
    let script = format!(
        "echo \"$@\" >> calls\ncat >> calls\nprintf -- '---\\n# Source: web/templates/web.yaml\\n'\ncat <<'END'\n{DEPLOYMENT}END\n"
    );
    let (repository, programs) = repository("helm", &script);
    let run = check(&repository, &programs, &["--render", "helm", "--format", "concise"]);
    assert!(
        run.out.contains(
            "charts/web/templates/web.yaml:1:1: high[capacity/single-replica] only one copy of `Deployment/outside`"
        ),
        "{}{}",
        run.out,
        run.err
    );
    let calls = std::fs::read_to_string(repository.path().join("calls")).unwrap();
    assert!(calls.starts_with("template --values - -- web "), "{calls}");
    assert!(calls.contains(r#"{"replicas":4}"#), "{calls}");
    // Nothing is run that was not asked for.
    std::fs::remove_file(repository.path().join("calls")).unwrap();
    check(&repository, &programs, &[]);
    assert!(!repository.path().join("calls").exists());
}

#[test]
fn what_helm_refuses_is_not_analysed() {
    let (repository, programs) = repository("helm", "echo 'Error: template: no such thing' >&2\nexit 1\n");
    let run = check(&repository, &programs, &["--render", "helm", "--format", "concise"]);
    let said = format!("{}{}", run.out, run.err);
    assert!(!run.out.contains("charts/web/templates"), "{said}");
    let json = check(&repository, &programs, &["--render", "helm", "--format", "json"]);
    assert!(
        json.out.contains("chart not analysed: charts/web/Chart.yaml:2: helm: Error: template: no such thing"),
        "{}",
        json.out
    );
}

#[test]
fn kustomize_builds_when_it_is_asked_to() {
    let (repository, programs) = repository("kustomize", &format!("cat <<'END'\n{DEPLOYMENT}END\n"));
    let run = check(&repository, &programs, &["--render", "kustomize", "--format", "concise"]);
    assert!(
        run.out.contains(
            "deploy/kustomization.yaml:1:1: high[capacity/single-replica] only one copy of `Deployment/outside`"
        ),
        "{}{}",
        run.out,
        run.err
    );
    assert!(!run.out.contains("inside"), "{}", run.out);
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let (repository, programs) = repository("something-else", "");
    let run = check(&repository, &programs, &["--render", "kustomize", "--format", "concise"]);
    assert_eq!(run.code, 2, "{}", run.out);
    assert!(run.err.contains("there is no `kustomize` on the search path"), "{}", run.err);
}

/// A stand-in for Helm that refuses what Helm refuses: a flag that it does not know, fewer than a name and a chart, a chart
/// without its file; and that reads values from its input.
const HELM: &str = r#"
echo "$@" >> calls
[ "$1" = template ] || { echo "Error: unknown command \"$1\" for \"helm\"" >&2; exit 1; }
shift
while [ $# -gt 0 ]; do
  case "$1" in
    --values) [ "$2" = - ] || exit 1; shift 2 ;;
    --namespace=*) namespace=${1#*=}; shift ;;
    --) shift; break ;;
    -*) echo "Error: unknown flag: $1" >&2; exit 1 ;;
    *) break ;;
  esac
done
[ $# -eq 2 ] || { echo 'Error: "helm template" requires at least 1 argument' >&2; exit 1; }
[ -f "$2/Chart.yaml" ] || { echo 'Error: Chart.yaml file is missing' >&2; exit 1; }
cat > /dev/null
printf -- '---\n# Source: web/templates/web.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: %s\n  namespace: %s\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: a}}\n  template: {metadata: {labels: {app: a}}, spec: {containers: [{name: a, image: r.example/a:1}]}}\n' "'$1'" "'$namespace'"
"#;

#[test]
fn names_of_files_are_no_flags() {
    let (repository, programs) = repository("helm", HELM);
    let application = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec:\n  destination: {namespace: '--kubeconfig=/x'}\n  source:\n    repoURL: https://example.org/platform\n    path: charts/web\n    helm: {releaseName: '--post-renderer=./run.sh'}\n";
    repository.write("apps/web.yaml", application);
    let run = check(&repository, &programs, &["--render", "helm", "--format", "concise"]);
    assert!(run.out.contains("only one copy of `Deployment/--post-renderer=./run.sh`"), "{}{}", run.out, run.err);
    let calls = std::fs::read_to_string(repository.path().join("calls")).unwrap();
    assert!(calls.contains("--namespace=--kubeconfig=/x -- --post-renderer=./run.sh "), "{calls}");
}

#[test]
fn what_kustomize_refuses_is_not_analysed() {
    let script = "echo 'Error: accumulating resources: accumulation err=must build at directory: not a valid directory' >&2\nexit 1\n";
    let (repository, programs) = repository("kustomize", script);
    let json = check(&repository, &programs, &["--render", "kustomize", "--format", "json"]);
    assert!(json.out.contains("kustomize: Error: accumulating resources"), "{}", json.out);
    assert!(!json.out.contains("Deployment/inside"), "{}", json.out);
}

#[test]
fn what_a_program_prints_may_be_no_yaml() {
    for printed in ["kind: [", "just words", "kind: Deployment\nspec: 7"] {
        let (repository, programs) = repository("kustomize", &format!("cat <<'END'\n{printed}\nEND\n"));
        let run = check(&repository, &programs, &["--render", "kustomize", "--format", "json"]);
        assert_eq!(run.code, 0, "{printed}: {}", run.err);
    }
}
