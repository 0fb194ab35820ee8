//! What controllers deliver, and what is built by itself.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::{give_values, resolve};
use crate::model::Environments;
use crate::parse::yaml;
use crate::resolve::kustomize::{self, Files, Root};
use crate::resolve::rendered::Renderings;
use crate::source::{Source, Sources};
use crate::tree::{Document, Node};

const DEPLOYMENT: &str =
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: ${APP:=web}\nspec:\n  replicas: ${COPIES:=1}\n";

const PLAIN: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n";

struct Made {
    sources: Sources,
    renderings: Renderings,
}

fn made(files: &[(&str, &str)]) -> Made {
    made_below(files, &[])
}

fn made_below(files: &[(&str, &str)], roots: &[Root]) -> Made {
    let sources = Sources::new(files.iter().map(|(path, text)| Source::new(*path, *text)).collect());
    let documents: Vec<Document> = sources.iter().map(|(id, source)| yaml::parse(id, &source.text).document).collect();
    let files = Files::new(sources.iter(), documents.iter(), &[]);
    let delivered = resolve(&files.below(roots), &Environments::default());
    Made { sources, renderings: delivered.renderings }
}

impl Made {
    /// `environment path Kind/name` of what is rendered, but for the controllers' own objects.
    fn list(&self) -> Vec<String> {
        let said = |node: &Node, path: &[&str]| node.at(path).and_then(Node::scalar).unwrap_or_default();
        let documents = self.renderings.documents.iter();
        let mut list: Vec<String> = documents
            .filter(|it| !matches!(said(&it.node, &["kind"]).as_str(), "Kustomization" | "Application" | "HelmRelease"))
            .map(|it| {
                let environment = it.environment.as_ref().map_or("", |environment| &environment.name);
                let (kind, name) = (said(&it.node, &["kind"]), said(&it.node, &["metadata", "name"]));
                let replicas = said(&it.node, &["spec", "replicas"]);
                format!("{environment} {} {kind}/{name} {replicas}", it.path)
            })
            .collect();
        list.sort();
        list
    }

    fn gaps(&self) -> Vec<String> {
        let place = |span| self.sources.place(span);
        self.renderings.gaps.iter().map(|gap| format!("{} {}", place(gap.span), gap.reason)).collect()
    }
}

#[test]
fn a_base_is_built_for_each_overlay_and_not_by_itself() {
    let made = made(&[
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", PLAIN),
        ("overlays/production/kustomization.yaml", "resources: [../../base]\nreplicas: [{name: web, count: 3}]\n"),
        ("overlays/staging/kustomization.yaml", "resources: [../../base]\n"),
    ]);
    assert_eq!(made.list(), ["production base/web.yaml Deployment/web 3", "staging base/web.yaml Deployment/web 1"]);
    assert_eq!(made.renderings.replaced.len(), 4);
}

#[test]
fn what_is_commented_out_is_not_delivered() {
    let made = made(&[
        ("apps/kustomization.yaml", "resources:\n  # - ./old\n  - ./new\n"),
        ("apps/new/kustomization.yaml", "resources: [web.yaml]\n"),
        ("apps/new/web.yaml", PLAIN),
        ("apps/old/kustomization.yaml", "resources: [web.yaml]\n"),
        ("apps/old/web.yaml", PLAIN),
    ]);
    assert_eq!(made.list(), ["production apps/new/web.yaml Deployment/web 1"]);
    assert_eq!(made.renderings.replaced.len(), 5);
}

#[test]
fn a_copy_of_what_is_built_is_not_judged_a_second_time() {
    let web = PLAIN.replace("replicas: 1", "replicas: 3");
    let made = made(&[
        ("deploy/kustomization.yaml", "resources: [web.yaml]\nreplicas: [{name: web, count: 3}]\n"),
        ("deploy/web.yaml", PLAIN),
        ("install.yaml", &web),
        ("other.yaml", &web.replace('3', "4")),
    ]);
    let replaced: Vec<&str> = made.renderings.replaced.iter().map(|id| made.sources.get(*id).path.as_str()).collect();
    assert_eq!(replaced, ["deploy/kustomization.yaml", "deploy/web.yaml", "install.yaml"]);
}

#[test]
fn flux_patches_and_fills_in_what_it_delivers() {
    let kustomization = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: shop\nspec:\n  \
                         path: ./apps\n  sourceRef: {kind: GitRepository, name: own}\n  targetNamespace: shop\n  postBuild:\n    substitute: {APP: shop}\n    substituteFrom:\n    \
                         - {kind: ConfigMap, name: sizes}\n";
    let sizes = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: sizes\ndata:\n  COPIES: \"3\"\n";
    let made = made(&[
        ("clusters/production/shop.yaml", kustomization),
        ("clusters/production/sizes.yaml", sizes),
        ("apps/web.yaml", DEPLOYMENT),
    ]);
    assert_eq!(made.list(), ["production apps/web.yaml Deployment/shop 3"]);
    let node = &made.renderings.documents[0].node;
    assert_eq!(node.at(&["metadata", "namespace"]).and_then(Node::as_str), Some("shop"));
    assert_eq!(node.at(&["spec", "replicas"]).and_then(Node::as_int), Some(3), "what is filled in is read again");
    let mark = node.at(&["metadata", "labels"]).and_then(|labels| labels.get("kustomize.toolkit.fluxcd.io/name"));
    assert_eq!(mark.and_then(Node::as_str), Some("shop"));
}

#[test]
fn what_a_secret_may_fill_in_is_not_known() {
    let kustomization = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: shop\nspec:\n  \
                         path: ./apps\n  sourceRef: {kind: GitRepository, name: own}\n  postBuild:\n    substituteFrom: [{kind: Secret, name: secrets}]\n";
    let made = made(&[("clusters/shop.yaml", kustomization), ("apps/web.yaml", DEPLOYMENT)]);
    assert_eq!(made.list(), ["production apps/web.yaml Deployment/${APP:=web} ${COPIES:=1}"]);
}

#[test]
fn flux_patches_kustomizations_that_it_delivers_itself() {
    let outer = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: all\nspec:\n  path: ./apps\n  \
                 sourceRef: {kind: GitRepository, name: own}\n  patches:\n  - target: {kind: Kustomization}\n    patch: |-\n      apiVersion: kustomize.toolkit.fluxcd.io/v1\n      \
                 kind: Kustomization\n      metadata: {name: _}\n      spec:\n        patches:\n        - target: {kind: Deployment}\n          \
                 patch: |-\n            - {op: replace, path: /spec/replicas, value: 5}\n";
    let inner = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: web\nspec:\n  path: ./apps/web/app\n";
    let made = made(&[
        ("flux/all.yaml", outer),
        ("apps/kustomization.yaml", "resources: [web/ks.yaml]\n"),
        ("apps/web/ks.yaml", inner),
        ("apps/web/app/kustomization.yaml", "resources: [web.yaml]\n"),
        ("apps/web/app/web.yaml", PLAIN),
    ]);
    assert_eq!(made.list(), ["production apps/web/app/web.yaml Deployment/web 5"]);
}

#[test]
fn what_is_laid_over_a_kustomization_of_flux_delivers_nothing() {
    let shop = kustomization("shop", "./apps/shop");
    let patch = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: { name: flux-system }\nspec:\n  \
                 timeout: 2m\n  healthChecks: [{ apiVersion: apps/v1, kind: Deployment, name: web, namespace: shop }]\n";
    let other = patch.replace("timeout: 2m", "sourceRef: { kind: GitRepository, name: other }");
    let files = [
        ("clusters/production/kustomization.yaml", "resources: [shop.yaml]\n"),
        ("clusters/production/shop.yaml", shop.as_str()),
        ("clusters/production/health.yaml", patch),
        ("clusters/production/other.yaml", other.as_str()),
        ("apps/shop/kustomization.yaml", "resources: [web.yaml]\n"),
        ("apps/shop/web.yaml", PLAIN),
        ("catalog-info.yaml", "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: { name: shop }\n"),
    ];
    let made = made(&files);
    assert_eq!(made.list(), ["production apps/shop/web.yaml Deployment/web 1"]);
    assert_eq!(made.renderings.problems.len(), 0);
}

#[test]
fn a_path_of_flux_leads_nowhere_out_of_its_source() {
    let shop = kustomization("shop", "../../apps/shop");
    let made = made(&[("clusters/production/shop.yaml", &shop), ("apps/shop/web.yaml", DEPLOYMENT)]);
    assert_eq!(made.gaps(), Vec::<String>::new());
    let mark = made.renderings.documents[0].node.at(&["metadata", "labels"]);
    assert!(mark.is_some(), "it is delivered");
}

#[test]
fn argo_cd_delivers_folders_and_what_a_set_makes_of_them() {
    let set = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata:\n  name: shop\nspec:\n  generators:\n  - git:\n      \
               directories: [{path: apps/*}, {path: apps/old, exclude: true}]\n  template:\n    metadata:\n      name: \
               '{{path.basename}}'\n    spec:\n      source: {repoURL: x, path: '{{path}}', kustomize: {images: ['web=shop/web:2']}}\n      \
               destination: {namespace: shop}\n";
    let made = made(&[
        ("argocd/set.yaml", set),
        ("apps/web/web.yaml", PLAIN),
        ("apps/web-staging/web.yaml", PLAIN),
        ("apps/old/web.yaml", PLAIN),
    ]);
    assert_eq!(
        made.list(),
        ["production apps/web/web.yaml Deployment/web 1", "staging apps/web-staging/web.yaml Deployment/web 1"]
    );
    let node = &made.renderings.documents[0].node;
    assert_eq!(node.at(&["metadata", "namespace"]).and_then(Node::as_str), Some("shop"));
}

#[test]
fn lists_and_matrices_make_applications() {
    let set = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata:\n  name: shop\nspec:\n  goTemplate: true\n  \
               generators:\n  - matrix:\n      generators:\n      - list: {elements: [{env: production}, {env: staging}]}\n      - git: \
               {directories: [{path: 'apps/{{ .env }}/*'}]}\n  template:\n    metadata:\n      name: '{{ .path.basename }}-{{ .env }}'\n    \
               spec:\n      source: {repoURL: x, path: '{{ .path.path }}'}\n      destination: {name: '{{ .env }}'}\n";
    let made =
        made(&[("set.yaml", set), ("apps/production/web/web.yaml", PLAIN), ("apps/staging/web/web.yaml", PLAIN)]);
    assert_eq!(
        made.list(),
        [
            "production apps/production/web/web.yaml Deployment/web 1",
            "staging apps/staging/web/web.yaml Deployment/web 1"
        ]
    );
}

#[test]
fn what_is_delivered_from_elsewhere_is_said() {
    let application = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: db\nspec:\n  source:\n    repoURL: \
                       https://charts.example\n    chart: postgres\n";
    let set = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata:\n  name: all\nspec:\n  generators:\n  - clusters: {}\n  \
               template: {}\n";
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: cache\nspec:\n  chart:\n    spec:\n      \
                   chart: redis\n";
    let made = made(&[("a.yaml", application), ("b.yaml", set), ("c.yaml", release)]);
    assert_eq!(
        made.gaps(),
        [
            "a.yaml:8 the chart `postgres` that Argo CD takes from https://charts.example is not here",
            "b.yaml:7 what the generator `clusters` of this ApplicationSet gives is not in the repository",
            "c.yaml:8 the chart `redis` of HelmRelease `cache` is not here",
        ]
    );
}

#[test]
fn the_values_of_a_known_chart_say_what_runs() {
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: web\nspec:\n  chart: {spec: {chart: \
                   app-template}}\n  values:\n    controllers:\n      web:\n        replicas: 2\n        podDisruptionBudget: {minAvailable: \
                   1}\n        containers:\n          app:\n            image: {repository: shop/web, tag: 1.2.3}\n    service:\n      web: \
                   {controller: web, ports: {http: {port: 80}}}\n    persistence:\n      data: {accessMode: ReadWriteOnce, size: 1Gi}\n";
    let made = made(&[("release.yaml", release)]);
    assert_eq!(
        made.list(),
        [
            " release.yaml Deployment/web 2",
            " release.yaml PersistentVolumeClaim/web ",
            " release.yaml PodDisruptionBudget/web ",
            " release.yaml Service/web ",
        ]
    );
    let deployment = &made.renderings.documents[0].node;
    let container = &deployment.at(&["spec", "template", "spec", "containers"]).unwrap().items()[0];
    assert_eq!(container.get("image").and_then(Node::as_str), Some("shop/web:1.2.3"));
    assert_eq!(
        container.get("volumeMounts").unwrap().items()[0].get("mountPath").and_then(Node::as_str),
        Some("/data")
    );
}

#[test]
fn applications_that_deliver_each_other_end() {
    let one = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: one\nspec:\n  source: {repoURL: x, path: two}\n";
    let two = one.replace("name: one", "name: two").replace("path: two", "path: one");
    let made = made(&[("one/app.yaml", one), ("two/app.yaml", &two)]);
    assert_eq!(made.list(), Vec::<String>::new());
}

#[test]
fn a_base_of_another_root_is_that_root() {
    let roots: Vec<Root> = ["platform", "acme+probes"]
        .iter()
        .map(|prefix| Root { prefix: (*prefix).to_owned(), repositories: Vec::new() })
        .collect();
    let base = "https://github.com/acme/probes/config/web?ref=1dc5cfb";
    let overlay = format!("resources: ['{base}']\nreplicas: [{{name: web, count: 3}}]\n");
    let gone = format!("resources: ['{}']\n", base.replace("probes", "others"));
    let files = [
        ("platform/monitoring/kustomization.yaml", overlay.as_str()),
        ("platform/others/kustomization.yaml", gone.as_str()),
        ("acme+probes/config/web/kustomization.yaml", "resources: [web.yaml]\n"),
        ("acme+probes/config/web/web.yaml", PLAIN),
    ];
    let made = made_below(&files, &roots);
    assert_eq!(made.list(), ["production acme+probes/config/web/web.yaml Deployment/web 3"]);
    assert_eq!(made.gaps().len(), 1, "{:?}", made.gaps());
    let sources = Sources::new(files.iter().map(|(path, text)| Source::new(*path, *text)).collect());
    let shared = kustomize::shared(&Files::new(sources.iter(), std::iter::empty(), &[]).below(&roots));
    assert_eq!(shared, [("acme+probes/config/web".into(), "platform/monitoring".into())]);
    let checkout = Root { prefix: "x".into(), repositories: vec!["github.com/acme/probes".into()] };
    let files = Files::new(std::iter::empty(), std::iter::empty(), &[]);
    let roots = [checkout];
    let files = files.below(&roots);
    for written in [
        base,
        "github.com/acme/probes//config/web?ref=main",
        "https://github.com/acme/probes.git//config/web",
        "git@github.com:acme/probes//config/web",
        "git::ssh://git@github.com/acme/probes/config/web",
    ] {
        assert_eq!(files.remote(written).as_deref(), Some("x/config/web"), "{written}");
    }
    for written in ["../acme/probes/config/web", "https://github.com/acme/others/config/web", "web.yaml"] {
        assert_eq!(files.remote(written), None, "{written}");
    }
}

/// A Flux `Kustomization` of a folder.
fn kustomization(name: &str, path: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{ name: {name} }}\nspec:\n  path: {path}\n  \
         sourceRef: {{ kind: GitRepository, name: own }}\n"
    )
}

fn library(made: &Made) -> Vec<&str> {
    let mut paths: Vec<&str> =
        made.renderings.documents.iter().filter(|it| it.library).map(|it| it.path.as_str()).collect();
    paths.dedup();
    paths
}

#[test]
fn what_nothing_delivers_is_not_judged_where_all_else_is_delivered() {
    let flux = kustomization("shop", "./apps/shop");
    let files: Vec<(String, &str)> = (0..9).map(|number| (format!("apps/shop/web{number}.yaml"), PLAIN)).collect();
    let mut files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    files.extend([("flux/shop.yaml", flux.as_str()), ("apps/later/web.yaml", PLAIN)]);
    assert_eq!(library(&made(&files)), ["apps/later/web.yaml"]);
    // Where more is not, it is applied by other means.
    files.push(("apps/other/web.yaml", PLAIN));
    assert_eq!(library(&made(&files)).len(), 0);
}

#[test]
fn a_base_that_nothing_includes_waits_where_controllers_deliver() {
    let flux = kustomization("shop", "./apps/shop/production");
    let mut files = vec![
        ("apps/old/base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("apps/old/base/web.yaml", PLAIN),
        ("apps/shop/production/kustomization.yaml", "resources: [web.yaml]\n"),
        ("apps/shop/production/web.yaml", PLAIN),
    ];
    assert_eq!(library(&made(&files)).len(), 0, "somebody may well build it by hand");
    files.push(("flux/shop.yaml", &flux));
    assert_eq!(library(&made(&files)), ["apps/old/base/web.yaml"]);
}

#[test]
fn deliveries_that_are_commented_out_deliver_nothing() {
    let shop = kustomization("shop", "./base/shop/app");
    let notes = kustomization("notes", "./base/notes/app");
    let mut files = vec![
        ("overlay/kustomization.yaml", "resources:\n  - ../base/shop/ks.yaml\n  # - ../base/notes/ks.yaml  # later\n"),
        ("base/shop/ks.yaml", shop.as_str()),
        ("base/shop/app/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/shop/app/web.yaml", PLAIN),
        ("base/notes/ks.yaml", notes.as_str()),
        ("base/notes/app/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/notes/app/web.yaml", PLAIN),
    ];
    assert_eq!(library(&made(&files)), ["base/notes/app/web.yaml", "base/notes/ks.yaml"]);
    // Somebody else includes it after all.
    files.push(("other/kustomization.yaml", "resources: [../base/notes/ks.yaml]\n"));
    assert_eq!(library(&made(&files)).len(), 0);
}

#[test]
fn what_every_overlay_deletes_is_not_delivered() {
    let set = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata:\n  name: notes\nspec:\n  generators:\n    - clusters:\n        values: {sourceRoot: configs/notes}\n  template:\n    metadata: {name: 'notes-{{name}}'}\n    spec:\n      source: {path: '{{values.sourceRoot}}/production', repoURL: 'https://example.org/platform'}\n";
    let deletes = "resources: [../../base]\npatches:\n  - patch: |-\n      apiVersion: argoproj.io/v1alpha1\n      kind: ApplicationSet\n      metadata: {name: notes}\n      $patch: delete\n";
    let other = set.replace("notes", "shop");
    let mut files = vec![
        ("sets/base/kustomization.yaml", "resources: [notes.yaml, shop.yaml]\n"),
        ("sets/base/notes.yaml", set),
        ("sets/base/shop.yaml", other.as_str()),
        ("sets/overlays/production/kustomization.yaml", deletes),
        ("configs/notes/production/kustomization.yaml", "resources: [web.yaml]\n"),
        ("configs/notes/production/web.yaml", PLAIN),
        ("configs/shop/production/kustomization.yaml", "resources: [web.yaml]\n"),
        ("configs/shop/production/web.yaml", PLAIN),
    ];
    assert_eq!(library(&made(&files)), ["configs/notes/production/web.yaml"]);
    // One overlay keeps it.
    files.push(("sets/overlays/west/kustomization.yaml", "resources: [../../base]\n"));
    assert_eq!(library(&made(&files)).len(), 0);
}

#[test]
fn generators_look_through_the_repository_that_they_name() {
    let set = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata:\n  name: apps\nspec:\n  generators:\n    - git:\n        repoURL: https://git.example/shop/apps.git\n        directories: [{path: 'apps/*'}]\n  template:\n    metadata: {name: '{{path.basename}}'}\n    spec:\n      destination: {namespace: '{{path.basename}}'}\n      source: {repoURL: 'https://git.example/shop/apps.git', path: '{{path}}'}\n";
    let root =
        |prefix: &str, repository: &str| Root { prefix: prefix.to_owned(), repositories: vec![repository.to_owned()] };
    let roots = [root("platform", "git.example/shop/platform"), root("apps", "git.example/shop/apps")];
    let files = [("platform/sets.yaml", set), ("apps/apps/web/web.yaml", PLAIN), ("platform/apps/old/web.yaml", PLAIN)];
    let made = made_below(&files, &roots);
    let said = |node: &Node| node.at(&["metadata", "annotations", "argocd.argoproj.io/tracking-id"]).cloned();
    let delivered: Vec<(&str, bool)> =
        made.renderings.documents.iter().map(|it| (it.path.as_str(), said(&it.node).is_some())).collect();
    assert_eq!(delivered, [("apps/apps/web/web.yaml", true)]);
}

#[test]
fn values_of_another_source_are_put_into_an_application() {
    let application = |files: &str, more: &str| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: shop\nspec:\n  sources:\n    - chart: shop\n      \
             repoURL: https://charts.example\n      helm:\n        valueFiles: [{files}]\n{more}    - repoURL: \
             https://git.example/deploy.git\n      ref: own\n"
        )
    };
    let values = |application: &str| {
        let held = [
            ("apps/shop.yaml", application),
            ("values/base.yaml", "replicaCount: 1\nname: shop\n"),
            ("values/shop.yaml", "replicaCount: 2\n"),
        ];
        let sources = Sources::new(held.iter().map(|(path, text)| Source::new(*path, *text)).collect());
        let documents: Vec<Document> =
            sources.iter().map(|(id, source)| yaml::parse(id, &source.text).document).collect();
        let files = Files::new(sources.iter(), documents.iter(), &[]);
        let mut renderings = Renderings::default();
        give_values(&files, &Environments::default(), &mut renderings);
        let given = renderings.documents.first()?;
        assert_eq!((renderings.replaced.len(), given.path.as_str()), (1, "apps/shop.yaml"));
        let values = given.node.at(&["spec", "sources"])?.items().first()?.at(&["helm", "valuesObject"])?;
        let said = |key: &str| values.get(key).and_then(Node::scalar).unwrap_or_default();
        Some(format!("{} {}", said("name"), said("replicaCount")))
    };
    let (base, own) = ("$own/values/base.yaml", "$own/values/shop.yaml");
    assert_eq!(values(&application(&format!("{base}, {own}"), "")).unwrap(), "shop 2");
    let inline = "        valuesObject: { replicaCount: 3 }\n";
    assert_eq!(values(&application(&format!("{base}, {own}"), inline)).unwrap(), "shop 3");
    let parameter = "        parameters: [{ name: replicaCount, value: '4' }]\n";
    assert_eq!(values(&application(base, parameter)).unwrap(), "shop 4");
    // What the chart brings, or what is not here, may say anything after it.
    assert_eq!(values(&application(&format!("{base}, production.yaml, {own}"), "")).unwrap(), " 2");
    assert_eq!(values(&application(&format!("{base}, $own/values/gone.yaml"), "")), None);
    let missing = "        ignoreMissingValueFiles: true\n";
    assert_eq!(values(&application(&format!("{base}, $own/values/gone.yaml"), missing)).unwrap(), "shop 1");
    assert_eq!(values(&application("$other/values/base.yaml", "")), None);
}
