//! Small builds, and bad input. Kustomize's own tests are held against elsewhere (`tests/kustomize_truth.rs`).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fmt::Write;

use proptest::prelude::*;

use super::{Built, Files, build};
use crate::source::{Source, Sources};
use crate::tree::{Node, Value};

struct Made {
    sources: Sources,
    built: Built,
}

fn made(files: &[(&str, &str)], folder: &str) -> Made {
    let sources = Sources::new(files.iter().map(|(path, text)| Source::new(*path, *text)).collect());
    let built = build(&Files::new(sources.iter(), std::iter::empty(), &[]), folder, &[]);
    Made { sources, built }
}

impl Made {
    /// The value at a path of the object of a kind.
    fn at(&self, kind: &str, path: &str) -> &Node {
        let object = self.built.objects.iter().find(|object| object.get("kind").and_then(Node::as_str) == Some(kind));
        path.split('.').fold(object.unwrap(), |node, key| match &node.value {
            Value::List(items) => &items[key.parse::<usize>().unwrap()],
            _ => node.get(key).unwrap_or_else(|| panic!("no {key} of {path}")),
        })
    }

    fn text(&self, kind: &str, path: &str) -> String {
        self.at(kind, path).scalar().unwrap_or_default().into()
    }

    /// `path:line` of a node.
    fn place(&self, node: &Node) -> String {
        self.sources.place(node.span)
    }

    fn problems(&self) -> Vec<String> {
        let place = |span| self.sources.place(span);
        self.built
            .problems
            .iter()
            .map(|it| format!("{} {}", it.span.map(place).unwrap_or_default(), it.message))
            .collect()
    }
}

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  \
                          template:\n    spec:\n      containers:\n      - name: web\n        image: shop/web\n        \
                          env:\n        - name: MODE\n          value: plain\n      - name: proxy\n        image: envoy:1\n";

#[test]
fn a_value_keeps_where_it_was_decided() {
    let made = made(
        &[
            ("base/kustomization.yaml", "resources: [web.yaml]\n"),
            ("base/web.yaml", DEPLOYMENT),
            (
                "production/kustomization.yaml",
                "resources: [../base]\nreplicas:\n- name: web\n  count: 3\nimages:\n- name: shop/web\n  newTag: \"1.2\"\n\
                 patches:\n- path: patch.yaml\nnamePrefix: eu-\nnamespace: shop\n",
            ),
            (
                "production/patch.yaml",
                "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      \
                 containers:\n      - name: web\n        env:\n        - name: MODE\n          value: fast\n",
            ),
        ],
        "production",
    );
    assert_eq!(made.problems(), Vec::<String>::new());
    let replicas = made.at("Deployment", "spec.replicas");
    assert_eq!((replicas.as_int(), made.place(replicas)), (Some(3), "production/kustomization.yaml:4".to_owned()));
    assert_eq!(made.sources.path(replicas.via.as_ref().unwrap()[0]), "base/web.yaml");
    let mode = made.at("Deployment", "spec.template.spec.containers.0.env.0.value");
    assert_eq!((mode.as_str(), made.place(mode)), (Some("fast"), "production/patch.yaml:12".to_owned()));
    let image = made.at("Deployment", "spec.template.spec.containers.0.image");
    assert_eq!((image.as_str(), made.place(image)), (Some("shop/web:1.2"), "base/web.yaml:11".to_owned()));
    let name = made.at("Deployment", "metadata.name");
    assert_eq!((name.as_str(), made.place(name)), (Some("eu-web"), "base/web.yaml:4".to_owned()));
    assert_eq!(made.text("Deployment", "metadata.namespace"), "shop");
    assert_eq!(made.text("Deployment", "spec.template.spec.containers.1.name"), "proxy");
}

#[test]
fn references_follow_names() {
    let made = made(
        &[
            (
                "kustomization.yaml",
                "resources: [web.yaml]\nnameSuffix: -eu\nconfigMapGenerator:\n- name: settings\n  literals: [A=1]\n",
            ),
            (
                "web.yaml",
                "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  - name: web\n    envFrom:\n    \
                 - configMapRef:\n        name: settings\n",
            ),
        ],
        "",
    );
    assert_eq!(made.text("Pod", "spec.containers.0.envFrom.0.configMapRef.name"), "settings-eu");
    assert_eq!(made.text("ConfigMap", "data.A"), "1");
}

#[test]
fn an_inline_patch_is_placed_within_its_file() {
    let text = "resources: [web.yaml]\npatches:\n- target:\n    kind: Deployment\n  patch: |-\n    - op: replace\n      path: \
                /spec/replicas\n      value: 4\n";
    let made = made(&[("kustomization.yaml", text), ("web.yaml", DEPLOYMENT)], "");
    let replicas = made.at("Deployment", "spec.replicas");
    assert_eq!((replicas.as_int(), made.place(replicas)), (Some(4), "kustomization.yaml:8".to_owned()));
}

#[test]
fn what_may_be_elsewhere_is_no_mistake() {
    let remote = "resources: ['https://example.org/release/v1.2.0.yaml']\npatches:\n- path: web.yaml\n";
    let secret = "secretGenerator:\n- name: keys\n  envs: [.env]\n- name: more\n  files: [tls.key]\n";
    for text in [remote, secret] {
        let made = made(&[("kustomization.yaml", text), ("web.yaml", DEPLOYMENT)], "");
        assert_eq!(made.problems(), Vec::<String>::new(), "{text}");
        assert!(!made.built.gaps.is_empty(), "{text}");
    }
}

#[test]
fn what_is_wrong_is_said_at_its_line() {
    let case = |kustomization: &str| {
        made(&[("kustomization.yaml", kustomization), ("web.yaml", DEPLOYMENT), ("list.yaml", "- 1\n")], "").problems()
    };
    for (text, said) in [
        ("resources:\n- gone.yaml\n", "kustomization.yaml:2 `gone.yaml` is not there"),
        ("resources: web.yaml\n", "kustomization.yaml:1 `resources` is a list"),
        ("resources:\n- 7\n", "kustomization.yaml:2 a resource is a path"),
        ("resource:\n- web.yaml\n", "kustomization.yaml:1 a kustomization has no field `resource`"),
        ("resources: [web.yaml, web.yaml]\n", "web.yaml:4 Deployment/web is in the build already"),
        ("patches:\n- path: web.yaml\n", "web.yaml:4 no object is Deployment/web, which this patch is for"),
        ("resources: [web.yaml]\npatches:\n- path: list.yaml\n", "kustomization.yaml:3 a JSON patch needs a `target`"),
        (
            "resources: [web.yaml]\npatches:\n- target: {kind: '('}\n  path: web.yaml\n",
            "kustomization.yaml:3 `kind: (` is not a regular expression",
        ),
        (
            "resources: [web.yaml]\npatches:\n- target: {kind: Deployment}\n  patch: |-\n    - op: remove\n      path: /spec/gone\n",
            "kustomization.yaml:5 the patch does not fit Deployment/web: `/spec/gone` is not there",
        ),
        (
            "resources: [web.yaml]\nreplicas:\n- {name: gone, count: 2}\n",
            "kustomization.yaml:3 nothing that this names has replicas",
        ),
        ("- web.yaml\n", "kustomization.yaml:1 a kustomization is a mapping"),
        ("configMapGenerator:\n- literals: [A=1]\n", "kustomization.yaml:2 a generator needs a `name`"),
    ] {
        assert_eq!(case(text), [said], "{text}");
    }
}

#[test]
fn what_is_elsewhere_is_a_gap() {
    for entry in ["https://example.com/x.yaml", "github.com/org/repo//deploy?ref=v1", "../../outside"] {
        let made = made(&[("kustomization.yaml", &format!("resources:\n- {entry}\n"))], "");
        assert_eq!(made.problems(), Vec::<String>::new(), "{entry}");
        assert_eq!(made.built.gaps.len(), 1, "{entry}");
    }
}

#[test]
fn a_cycle_is_said_and_ends() {
    let made =
        made(&[("a/kustomization.yaml", "resources: [../b]\n"), ("b/kustomization.yaml", "resources: [../a]\n")], "a");
    assert_eq!(made.problems(), ["b/kustomization.yaml:1 `a` includes itself"]);
}

#[test]
fn a_build_that_doubles_at_each_step_is_bounded() {
    let mut files: Vec<(String, String)> = Vec::new();
    for level in 0..18 {
        let next = level + 1;
        for side in ["l", "r"] {
            let text = format!("resources: [../l{next}, ../r{next}]\nnamePrefix: {side}-\n");
            files.push((format!("{side}{level}/kustomization.yaml"), text));
        }
    }
    for side in ["l18", "r18"] {
        files.push((format!("{side}/kustomization.yaml"), format!("resources: [web.yaml]\nnamePrefix: {side}-\n")));
        files.push((format!("{side}/web.yaml"), DEPLOYMENT.to_owned()));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let made = made(&files, "l0");
    assert!(made.problems().iter().any(|problem| problem.contains("beyond all bounds")), "{:?}", made.problems());
}

proptest! {
    #[test]
    fn any_kustomization_is_survived(lines in proptest::collection::vec("(resources|patches|images|labels|vars|replacements|configMapGenerator|namePrefix|namespace|components|replicas|commonLabels): (\\[web.yaml\\]|x|7|\\{a: b\\}|\\[\\{name: x, path: web.yaml, literals: \\[a\\]\\}\\]|\\[\\[\\]\\]|null)", 0..8)) {
        let mut text = String::new();
        for line in lines {
            writeln!(text, "{line}").unwrap();
        }
        made(&[("kustomization.yaml", &text), ("web.yaml", DEPLOYMENT)], "");
    }
}
