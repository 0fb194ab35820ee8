//! Holds kustomize builds against kustomize's own tests. Run by hand, with its source in `kubernetes-sigs+kustomize`:
//! `TWOAM_CORPORA=/path/to/checkouts cargo test --test kustomize_truth -- --ignored --nocapture`.
//!
//! The Go tests of `api/krusty` write files and compare what a build gives with a text. Those whose files and texts are
//! literals are read; of the others it is said how many there are.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "figures for whoever runs it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use twoam::parse::yaml;
use twoam::resolve::kustomize::{self, Files};
use twoam::source::{Source, SourceId, Sources};
use twoam::tree::{Document, Node, Value};

/// One build that a test asks for.
struct Case {
    test: String,
    files: BTreeMap<String, String>,
    folder: String,
    /// What comes out; nothing where kustomize refuses.
    expected: Option<String>,
}

#[test]
#[ignore = "reads the folder that TWOAM_CORPORA names"]
fn builds_agree_with_kustomizes_own_tests() {
    let root = PathBuf::from(std::env::var_os("TWOAM_CORPORA").expect("TWOAM_CORPORA names a folder"));
    let folder = root.join("kubernetes-sigs+kustomize/api/krusty");
    let show = std::env::var("TWOAM_SHOW").unwrap_or_default();
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let (mut agreeing, mut all, mut left) = (0, 0, 0);
    for path in paths.iter().filter(|path| path.to_string_lossy().ends_with("_test.go")) {
        let text = std::fs::read_to_string(path).unwrap();
        let (cases, unread) = cases(&text);
        let mut agree = 0;
        let mut differing = Vec::new();
        for case in &cases {
            match differs(case) {
                None => agree += 1,
                Some(why) => {
                    differing.push(case.test.clone());
                    if case.test == show {
                        println!("{why}");
                    }
                }
            }
        }
        let name = path.file_stem().unwrap().to_string_lossy().replace("_test", "");
        if !cases.is_empty() || unread > 0 {
            println!("{name}: {agree} of {} agree, {unread} not read {}", cases.len(), differing.join(" "));
        }
        agreeing += agree;
        all += cases.len();
        left += unread;
    }
    println!("kustomize's own tests: {agreeing} of {all} agree; {left} are not made of literals");
    assert!(agreeing * 100 >= all * 80, "{agreeing} of {all}");
}

#[test]
#[ignore = "reads the folder that TWOAM_CORPORA names"]
fn builds_agree_with_the_copies_that_argo_cd_keeps() {
    let root = PathBuf::from(std::env::var_os("TWOAM_CORPORA").expect("TWOAM_CORPORA names a folder"));
    let root = root.join("argoproj+argo-cd");
    let mut files = BTreeMap::new();
    gather(&root, &root.join("manifests"), &mut files);
    let mut agreeing = 0;
    for (folder, copy) in [
        ("manifests/cluster-install", "manifests/install.yaml"),
        ("manifests/namespace-install", "manifests/namespace-install.yaml"),
        ("manifests/core-install", "manifests/core-install.yaml"),
        ("manifests/ha/cluster-install", "manifests/ha/install.yaml"),
        ("manifests/ha/namespace-install", "manifests/ha/namespace-install.yaml"),
    ] {
        let Some(expected) = files.get(copy).cloned() else { continue };
        let case = Case { test: copy.into(), files: files.clone(), folder: folder.into(), expected: Some(expected) };
        match differs(&case) {
            None => {
                println!("{copy}: agrees");
                agreeing += 1;
            }
            Some(why) => println!("{copy}: differs: {}", why.chars().take(3000).collect::<String>()),
        }
    }
    assert_eq!(agreeing, 5, "copies that agree");
}

fn gather(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            gather(root, &path, files);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let shown = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            files.insert(shown, text);
        }
    }
}

/// How a build differs from what is expected, if it does.
fn differs(case: &Case) -> Option<String> {
    let mut sources = Sources::default();
    for (path, text) in &case.files {
        sources.add(Source::new(path, text));
    }
    let documents: Vec<Document> = Vec::new();
    let files = Files::new(sources.iter(), documents.iter(), &[]);
    let built = kustomize::build(&files, &case.folder, &[]);
    let problems: Vec<String> = built.problems.iter().map(|problem| problem.message.clone()).collect();
    let Some(expected) = &case.expected else {
        return (built.problems.is_empty() && built.gaps.is_empty())
            .then(|| "kustomize refuses, and this does not".into());
    };
    let mut wanted: Vec<Node> = yaml::parse(SourceId(0), expected).document.values().to_vec();
    wanted.retain(|node| !node.is_null());
    let mut got = built.objects;
    unhash(&mut wanted, &got);
    let key = |node: &Node| {
        let said = |path: &[&str]| node.at(path).and_then(Node::scalar).unwrap_or_default();
        [said(&["apiVersion"]), said(&["kind"]), said(&["metadata", "namespace"]), said(&["metadata", "name"])]
    };
    wanted.sort_by_key(key);
    got.sort_by_key(key);
    let names = |nodes: &[Node]| nodes.iter().map(|node| key(node).join("/")).collect::<Vec<_>>();
    if names(&wanted) != names(&got) {
        return Some(format!("objects {:#?} instead of {:#?}; {problems:#?}", names(&got), names(&wanted)));
    }
    let mut differences = Vec::new();
    for (wanted, got) in wanted.iter().zip(&got) {
        compare(wanted, got, &key(wanted).join("/"), &mut differences);
    }
    (!differences.is_empty()).then(|| format!("{}; {problems:#?}", differences.join("\n")))
}

fn compare(wanted: &Node, got: &Node, path: &str, differences: &mut Vec<String>) {
    match (&wanted.value, &got.value) {
        (Value::Map(left), Value::Map(right)) => {
            for entry in &left.entries {
                let path = format!("{path}/{}", entry.key);
                match right.get(&entry.key) {
                    Some(other) => compare(&entry.value, other, &path, differences),
                    None if empty(&entry.value) => {}
                    None => differences.push(format!("{path} is missing: {:?}", entry.value.value)),
                }
            }
            for entry in &right.entries {
                if left.get(&entry.key).is_none() && !empty(&entry.value) {
                    differences.push(format!("{path}/{} is too much", entry.key));
                }
            }
        }
        (Value::List(left), Value::List(right)) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                compare(left, right, &format!("{path}/{index}"), differences);
            }
        }
        (left, right) if left == right => {}
        _ if wanted.scalar().is_some() && wanted.scalar() == got.scalar() => {}
        _ if empty(wanted) && empty(got) => {}
        (left, right) => differences.push(format!("{path} is {right:?} instead of {left:?}")),
    }
}

/// Nothing, however it is written.
fn empty(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::Map(map) => map.entries.is_empty(),
        Value::List(items) => items.is_empty(),
        _ => false,
    }
}

/// Takes the hashes off the names of generated objects, and off what refers to them.
fn unhash(wanted: &mut [Node], got: &[Node]) {
    let name_of = |node: &Node| node.at(&["metadata", "name"]).and_then(Node::scalar).unwrap_or_default();
    let known: Vec<_> = got.iter().map(name_of).collect();
    let mut hashed = BTreeMap::new();
    for node in wanted.iter() {
        let name = name_of(node);
        if let Some((plain, hash)) = name.rsplit_once('-')
            && hash.len() == 10
            && known.iter().any(|known| known == plain)
        {
            hashed.insert(name.to_string(), plain.to_owned());
        }
    }
    for node in wanted {
        rename(node, &hashed);
    }
}

fn rename(node: &mut Node, names: &BTreeMap<String, String>) {
    match &mut node.value {
        Value::String(text) => {
            if let Some(plain) = names.get(text.as_str()) {
                *text = plain.as_str().into();
            } else if let Some((hashed, plain)) = names.iter().find(|(hashed, _)| text.contains(hashed.as_str())) {
                *text = text.replace(hashed.as_str(), plain).into();
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| rename(item, names)),
        Value::Map(map) => map.entries.iter_mut().for_each(|entry| rename(&mut entry.value, names)),
        _ => {}
    }
}

/// The builds that the tests of a Go file ask for, and how many tests are not made of literals.
fn cases(text: &str) -> (Vec<Case>, usize) {
    let functions: Vec<(&str, &str)> = text
        .split("\nfunc ")
        .skip(1)
        .filter_map(|function| {
            let name = function.split('(').next()?;
            let body = function.split_once("{\n")?.1;
            Some((name, body.split_once("\n}\n").map_or(body, |(body, _)| body)))
        })
        .collect();
    let helpers: BTreeMap<&str, &str> =
        functions.iter().filter(|(name, _)| !name.starts_with("Test")).map(|(name, body)| (*name, *body)).collect();
    let mut cases = Vec::new();
    let mut unread = 0;
    for (name, body) in &functions {
        if !name.starts_with("Test") || name.is_empty() {
            continue;
        }
        let mut found = Vec::new();
        let mut files = BTreeMap::new();
        let plain = !body.contains("t.Run(")
            && !body.contains("PluginsEnabled")
            && !body.contains("AddManagedby")
            && !body.contains("Reorder")
            && !body.contains("LoadRestrict");
        if plain && read(body, name, &helpers, &mut files, &mut found).is_some() && !found.is_empty() {
            cases.extend(found);
        } else {
            unread += 1;
        }
    }
    (cases, unread)
}

/// Reads the statements of a function; nothing where one is not made of literals.
fn read(
    body: &str,
    test: &str,
    helpers: &BTreeMap<&str, &str>,
    files: &mut BTreeMap<String, String>,
    found: &mut Vec<Case>,
) -> Option<()> {
    let mut rest = body;
    let mut folder = String::new();
    loop {
        let Some((start, word)) = next_statement(rest, helpers) else { return Some(()) };
        let after = &rest[start + word.len()..];
        match word {
            "th.WriteK(" | "th.WriteC(" | "th.WriteF(" => {
                let (path, after) = literal(after)?;
                let (content, after) = literal(after.trim_start().strip_prefix(',')?)?;
                let path = clean(&path);
                let path = match word {
                    "th.WriteF(" => path,
                    _ if path.is_empty() => "kustomization.yaml".to_owned(),
                    _ => format!("{path}/kustomization.yaml"),
                };
                let head = if word == "th.WriteC(" {
                    "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
                } else {
                    ""
                };
                files.insert(path, format!("{head}{content}"));
                rest = after;
            }
            "th.Run(" | "th.RunWithErr(" => {
                let (path, after) = literal(after)?;
                folder = clean(&path);
                if word == "th.RunWithErr(" {
                    found.push(Case {
                        test: test.into(),
                        files: files.clone(),
                        folder: folder.clone(),
                        expected: None,
                    });
                }
                rest = after;
            }
            "AssertActualEqualsExpected(" => {
                let (_, after) = after.split_once(',')?;
                let (content, after) = literal(after)?;
                found.push(Case {
                    test: test.into(),
                    files: files.clone(),
                    folder: folder.clone(),
                    expected: Some(content),
                });
                rest = after;
            }
            helper => {
                read(helpers[helper.trim_end_matches("(th")], test, helpers, files, found)?;
                rest = after;
            }
        }
    }
}

/// The nearest statement that matters: where it starts and its word.
fn next_statement<'t>(text: &'t str, helpers: &BTreeMap<&str, &str>) -> Option<(usize, &'t str)> {
    let mut words: Vec<String> =
        ["th.WriteK(", "th.WriteC(", "th.WriteF(", "th.Run(", "th.RunWithErr(", "AssertActualEqualsExpected("]
            .map(str::to_owned)
            .to_vec();
    words.extend(helpers.keys().map(|name| format!("{name}(th")));
    let found = words.iter().filter_map(|word| Some((text.find(word.as_str())?, word.len()))).min();
    found.map(|(start, length)| (start, &text[start..start + length]))
}

/// A Go string literal, or several joined by `+`.
fn literal(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut rest = text.trim_start();
    loop {
        if let Some(inside) = rest.strip_prefix('`') {
            let (content, after) = inside.split_once('`')?;
            out.push_str(content);
            rest = after.trim_start();
        } else {
            let inside = rest.strip_prefix('"')?;
            let end = inside.find('"').filter(|end| !inside[..*end].contains('\\'))?;
            out.push_str(&inside[..end]);
            rest = inside[end + 1..].trim_start();
        }
        match rest.strip_prefix('+') {
            Some(more) => rest = more.trim_start(),
            None => return Some((out, rest)),
        }
    }
}

fn clean(path: &str) -> String {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/")
}
