//! Charts of the repository that something delivers: each is rendered for what names it, and counted once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::{further, resolve};
use crate::model::Environments;
use crate::parse::yaml;
use crate::resolve::helm::{Charts, Folders, install};
use crate::resolve::kustomize::Files;
use crate::resolve::rendered::{Further, Renderings};
use crate::source::{Source, Sources};
use crate::tree::{Document, Node};

const CHART: &[(&str, &str)] = &[
    ("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
    ("charts/web/values.yaml", "replicas: 1\n"),
    (
        "charts/web/templates/web.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\nspec:\n  replicas: {{ .Values.replicas }}\n",
    ),
];

/// What an audit renders of these files beside the chart: `environment Kind/name copies`, and the gaps.
fn rendered(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let sources = Sources::new(CHART.iter().chain(files).map(|(path, text)| Source::new(*path, *text)).collect());
    let folders = Folders::find(sources.iter().map(|(_, source)| source.path.as_str()));
    let documents: Vec<Document> = sources
        .iter()
        .filter(|(_, source)| !source.path.contains("/templates/"))
        .map(|(id, source)| yaml::parse(id, &source.text).document)
        .collect();
    let charts = Charts::read(&folders, sources.iter());
    let files = Files::new(sources.iter(), documents.iter(), &[]).inflating(&charts);
    let delivered = resolve(&files, &Environments::default());
    let mut renderings = Renderings::default();
    let environments = Environments::default();
    let further = |node: &Node| further(&files, &environments, node);
    renderings.absorb(install(&charts, &environments, &delivered.charts, Vec::new(), &further).renderings);
    renderings.absorb(delivered.renderings);
    renderings.dedup();
    let said = |node: &Node, path: &[&str]| node.at(path).and_then(Node::scalar).unwrap_or_default();
    let mut list: Vec<String> = renderings
        .documents
        .iter()
        .filter(|it| said(&it.node, &["kind"]) == "Deployment")
        .map(|it| {
            let environment = it.environment.as_ref().map_or("", |environment| &environment.name);
            let (name, copies) = (said(&it.node, &["metadata", "name"]), said(&it.node, &["spec", "replicas"]));
            format!("{environment} {name} {copies}")
        })
        .collect();
    list.sort();
    let gaps = renderings.gaps.iter().map(|gap| gap.reason.to_string()).collect();
    (list, gaps)
}

#[test]
fn an_application_is_counted_once() {
    let application = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web\nspec:\n  destination:\n    namespace: shop\n  source:\n    repoURL: https://example.org/platform\n    path: charts/web\n    helm:\n      valuesObject:\n        replicas: 3\n";
    let (list, gaps) = rendered(&[("apps/web.yaml", application)]);
    assert_eq!((list, gaps), (vec!["production web 3".to_owned()], vec![]));
    let (list, _) = rendered(&[("apps/web.yaml", application), ("apps/kustomization.yaml", "resources: [web.yaml]\n")]);
    assert_eq!(list, ["production web 3"], "also where a kustomization includes it");
}

#[test]
fn a_set_of_applications_installs_a_chart_for_each() {
    let set = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata:\n  name: web\nspec:\n  generators:\n    - list:\n        elements:\n          - {name: web-staging, copies: 1}\n          - {name: web-production, copies: 4}\n  template:\n    metadata:\n      name: '{{name}}'\n    spec:\n      destination:\n        namespace: shop\n      source:\n        repoURL: https://example.org/platform\n        path: charts/web\n        helm:\n          values: |\n            replicas: 2\n          parameters:\n            - name: replicas\n              value: '{{copies}}'\n";
    let (list, gaps) = rendered(&[("apps/web.yaml", set)]);
    assert_eq!((list, gaps), (vec!["production web-production 4".to_owned(), "staging web-staging 1".into()], vec![]));
}

/// A chart of applications, as one bootstraps a cluster with.
const BOOTSTRAP: &str = "apiVersion: v2\nname: bootstrap\nversion: 1.0.0\n";

#[test]
fn a_set_that_a_chart_renders_installs_as_one_that_stands_in_a_file() {
    let set = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata:\n  name: apps\nspec:\n  generators:\n    - list:\n        elements:\n          - name: basket\n  template:\n    metadata:\n      name: '{{`{{name}}`}}'\n    spec:\n      destination:\n        namespace: shop\n      source:\n        repoURL: https://example.org/platform\n        path: charts/web\n        helm:\n          valueFiles: ['../../services/basket/values.yaml']\n";
    let (list, gaps) = rendered(&[
        ("bootstrap/Chart.yaml", BOOTSTRAP),
        ("bootstrap/templates/apps.yaml", set),
        ("services/basket/values.yaml", "replicas: 5\n"),
    ]);
    assert_eq!((list, gaps), (vec!["production basket 5".to_owned()], vec![]));
}

#[test]
fn what_a_chart_installs_from_elsewhere_is_said() {
    let application = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: monitoring\nspec:\n  destination:\n    namespace: monitoring\n  source:\n    repoURL: https://charts.example.org\n    chart: kube-prometheus-stack\n    targetRevision: 1.0.0\n";
    let (_, gaps) =
        rendered(&[("bootstrap/Chart.yaml", BOOTSTRAP), ("bootstrap/templates/monitoring.yaml", application)]);
    assert!(gaps.iter().any(|gap| gap.contains("the chart `kube-prometheus-stack`")), "{gaps:?}");
}

#[test]
fn a_chart_at_the_top_is_rendered_and_not_built() {
    let application = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: top\nspec:\n  destination:\n    namespace: shop\n  source:\n    repoURL: https://example.org/platform\n    path: .\n";
    let stray = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: stray\nspec:\n  replicas: 9\n";
    let chart = "apiVersion: v2\nname: top\nversion: 1.0.0\n";
    let template = CHART[2].1;
    let files = [
        ("apps/top.yaml", application),
        ("Chart.yaml", chart),
        ("values.yaml", "replicas: 7\n"),
        ("templates/top.yaml", template),
        ("stray.yaml", stray),
    ];
    assert!(!rendered(&files).0.iter().any(|it| it.contains("stray")), "what stands beside a chart is no part of it");
}

#[test]
fn flux_installs_a_chart_of_the_repository() {
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  chart:\n    spec:\n      chart: ./charts/web\n      sourceRef:\n        kind: GitRepository\n        name: flux-system\n  valuesFrom:\n    - kind: Secret\n      name: web-values\n  values:\n    replicas: ${COPIES:=2}\n";
    let kustomization = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: apps\nspec:\n  path: ./apps\n  sourceRef:\n    kind: GitRepository\n    name: flux-system\n  postBuild:\n    substitute:\n      COPIES: \"5\"\n";
    let (list, gaps) = rendered(&[("apps/web.yaml", release), ("flux/apps.yaml", kustomization)]);
    assert_eq!(list, ["production web 5"]);
    assert_eq!(gaps, ["what HelmRelease `web` takes out of Secret `web-values` is not known"]);
}

#[test]
fn a_kustomization_inflates_a_chart_that_is_here() {
    let kustomization = "namePrefix: shop-\nhelmGlobals:\n  chartHome: ../charts\nhelmCharts:\n  - name: web\n    releaseName: front\n    valuesFile: values.yaml\n    valuesInline:\n      replicas: 3\n  - name: elsewhere\n    repo: https://charts.example\n    version: 1.0.0\nreplicas:\n  - name: front\n    count: 4\n";
    let (list, gaps) =
        rendered(&[("deploy/kustomization.yaml", kustomization), ("deploy/values.yaml", "replicas: 2\n")]);
    assert_eq!(list, ["production shop-front 4"]);
    assert_eq!(gaps, ["the chart `elsewhere` that this kustomization inflates is not here"]);
}

#[test]
fn a_helmfile_installs_for_production() {
    let helmfile = "environments:\n  staging:\n    values: [env/staging.yaml]\n  production:\n    values:\n      - env/production.yaml.gotmpl\n      - extra: {enabled: false}\n---\nreleases:\n  - name: front\n    namespace: shop\n    chart: ./charts/web\n    values:\n      - replicas: {{ .Values.copies }}\n  - name: {{ .Environment.Name }}-back\n    namespace: shop\n    chart: ./charts/web\n    values: [values/back.yaml.gotmpl]\n    set:\n      - name: image.tag\n        value: {{ requiredEnv \"TAG\" }}\n  - name: extra\n    chart: ./charts/web\n    condition: extra.enabled\n  - name: redis\n    chart: bitnami/redis\n  - name: gone\n    chart: ./charts/web\n    installed: false\n";
    let (list, gaps) = rendered(&[
        ("helmfile.yaml.gotmpl", helmfile),
        ("env/production.yaml.gotmpl", "copies: {{ add 2 3 }}\n"),
        ("values/back.yaml.gotmpl", "replicas: {{ .Values | get \"more.copies\" 7 }}\n"),
    ]);
    assert_eq!(list, ["production front 5", "production production-back 7"]);
    assert_eq!(gaps, ["the chart `bitnami/redis` of the helmfile release `redis` is not here"]);
}

#[test]
fn a_helmfile_without_environments_has_one() {
    let helmfile = "bases: [base.yaml]\ntemplates:\n  small:\n    namespace: shop\n    values:\n      - replicas: 1\nreleases:\n  - name: web\n    chart: charts/web\n    inherit:\n      - template: small\n  - name: broken\n    chart: ./charts/web\n    values: [missing.yaml]\n";
    let (list, gaps) = rendered(&[("helmfile.d/web.yaml", "releases: []\n"), ("helmfile.yaml", helmfile)]);
    assert_eq!(list, ["production broken 1", "production web 1"]);
    assert_eq!(gaps, ["`base.yaml` of this helmfile is not here", "`missing.yaml` of this helmfile is not here"]);
}

#[test]
fn a_helmfile_that_fails_is_said() {
    for helmfile in [
        "releases:\n  - name: {{ fail \"no\" }}\n    chart: ./charts/web\n",
        "releases:\n  - name: x\n    chart: {{ .Values.a.b.c }\n",
        "releases: {{ range until 9 }}\n- {{ end }} ]\n",
    ] {
        let (list, gaps) = rendered(&[("helmfile.yaml", helmfile)]);
        // Nothing is known to install the chart, which then stands for itself.
        assert_eq!(list, [" web 1"], "{helmfile}");
        assert!(gaps.len() == 1 && gaps[0].starts_with("chart not analysed: helmfile.yaml:"), "{gaps:?}");
    }
}

#[test]
fn what_a_packed_chart_makes_stands_where_it_is_asked_for() {
    let sources = Sources::new(
        [
            ("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n  - name: redis\n    version: 1.x\n"),
            ("app/values.yaml", "redis:\n  replicas: 3\n"),
            ("app/charts/redis-1.2.3.tgz/Chart.yaml", "apiVersion: v2\nname: redis\nversion: 1.2.3\n"),
            ("app/charts/redis-1.2.3.tgz/values.yaml", "replicas: 1\n"),
            (
                "app/charts/redis-1.2.3.tgz/templates/redis.yaml",
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: redis\nspec:\n  replicas: {{ .Values.replicas }}\n",
            ),
        ]
        .iter()
        .map(|(path, text)| Source::new(*path, *text))
        .collect(),
    );
    let folders = Folders::find(sources.iter().map(|(_, source)| source.path.as_str()));
    let charts = Charts::read(&folders, sources.iter());
    let nothing = std::collections::BTreeSet::new();
    let further = |_: &Node| Further::default();
    let made = install(&charts, &Environments::default(), &nothing, Vec::new(), &further).renderings;
    assert_eq!(made.gaps, []);
    let [document] = made.documents.as_slice() else { panic!("{:?}", made.documents) };
    assert_eq!(document.node.at(&["spec", "replicas"]).and_then(Node::scalar).as_deref(), Some("3"));
    let (start, _) = sources.range(document.span);
    assert_eq!((document.path.as_str(), start.line), ("app/Chart.yaml", 5));
    let places: Vec<&str> =
        document.node.at(&["spec", "replicas"]).unwrap().via.iter().flatten().map(|span| sources.path(*span)).collect();
    assert_eq!(places, ["app/values.yaml"]);
}

/// A release of the chart that stands here, with what it takes out of elsewhere.
fn release(values_from: &str) -> String {
    format!(
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{ name: web }}\nspec:\n  chart:\n    spec:\n      chart: charts/web\n      sourceRef: {{ kind: GitRepository, name: own }}\n  valuesFrom: [{values_from}]\n"
    )
}

#[test]
fn flux_takes_values_out_of_a_config_map_that_is_here() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: web }\ndata:\n  copies: '4'\n  values.yaml: |\n    replicas: 3\n";
    let of = |from: &str| rendered(&[("apps/web.yaml", &release(from)), ("apps/map.yaml", map)]);
    let (list, gaps) = of("{ kind: ConfigMap, name: web }");
    assert_eq!((list, gaps), (vec![" web 3".to_owned()], vec![]));
    let (list, _) = of("{ kind: ConfigMap, name: web, valuesKey: copies, targetPath: replicas }");
    assert_eq!(list, [" web 4"]);
    let (_, gaps) = of("{ kind: ConfigMap, name: other }");
    assert_eq!(gaps, ["what HelmRelease `web` takes out of ConfigMap `other` is not known"]);
    let (_, gaps) = of("{ kind: Secret, name: web }");
    assert_eq!(gaps.len(), 1);
}

#[test]
fn flux_takes_values_out_of_what_a_kustomization_generates() {
    let (list, gaps) = rendered(&[
        (
            "apps/kustomization.yaml",
            "resources: [web.yaml]\nconfigMapGenerator:\n  - name: web-values\n    files: [values.yaml=values-web.yaml]\n",
        ),
        ("apps/values-web.yaml", "replicas: 5\n"),
        ("apps/web.yaml", &release("{ kind: ConfigMap, name: web-values }")),
    ]);
    assert_eq!((list, gaps), (vec!["production web 5".to_owned()], vec![]));
}

#[test]
fn a_helmfile_includes_others_with_what_it_gives_them() {
    let parent = "environments:\n  production: {}\n---\nhelmfiles:\n  - path: parts/*.yaml\n    values:\n      - copies: 6\n  - gone.yaml\n";
    let part = "environments:\n  production:\n    values:\n      - copies: 2\n---\nreleases:\n  - name: shop\n    chart: ../charts/web\n    values:\n      - replicas: {{ .Values.copies }}\n";
    let (list, gaps) = rendered(&[("helmfile.yaml", parent), ("parts/shop.yaml", part)]);
    assert_eq!(list, ["production shop 6"]);
    assert_eq!(gaps, ["the helmfile `gone.yaml` that this includes is not here"]);
    // One that stands in the usual place is not installed a second time.
    let (list, _) =
        rendered(&[("helmfile.yaml", "helmfiles:\n  - parts/helmfile.yaml\n"), ("parts/helmfile.yaml", part)]);
    assert_eq!(list, ["production shop 2"]);
}

#[test]
fn a_helmfile_is_told_by_what_it_says() {
    let release = "releases:\n  - name: front\n    namespace: shop\n    chart: ../charts/web\n";
    let own = format!("helmDefaults:\n  wait: true\n{release}");
    let (list, gaps) = rendered(&[("clusters/production.yaml", &own)]);
    assert_eq!((list, gaps), (vec!["production front 1".to_owned()], vec![]));
    // A list of releases alone is anybody's, and an object of Kubernetes is one.
    let object = format!("apiVersion: shop.example/v1\nkind: Plan\nenvironments: {{}}\n{release}");
    for other in [release, object.as_str()] {
        assert_eq!(rendered(&[("clusters/production.yaml", other)]).0, [" web 1"], "{other}");
    }
}

#[test]
fn helmfiles_that_include_each_other_end() {
    let release = "releases:\n  - name: front\n    chart: ./charts/web\n";
    let (list, gaps) = rendered(&[
        ("helmfile.yaml", &format!("{release}helmfiles:\n  - path: other.yaml\n")),
        ("other.yaml", "helmfiles:\n  - path: helmfile.yaml\n"),
    ]);
    assert_eq!(list, ["production front 1"]);
    assert_eq!(gaps, ["the helmfile `helmfile.yaml` that this includes is not read: so deep they include each other"]);
    // Each includes all, and one of them is given no bound of its own.
    let names: Vec<String> = (0..40).map(|number| format!("parts/{number}.yaml")).collect();
    let part = format!("{release}helmfiles:\n  - path: '*.yaml'\n");
    let parts: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), part.as_str())).collect();
    let (_, gaps) = rendered(&parts);
    assert!(gaps.iter().any(|gap| gap.ends_with("is not read: so often they include each other")), "{gaps:?}");
}
