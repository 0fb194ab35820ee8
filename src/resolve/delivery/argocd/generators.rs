//! The generators of an `ApplicationSet`, and the template they fill in: `{{path.basename}}`, or with `goTemplate`
//! `{{ .path.basename }}`. Only names are filled in; a template that calls functions stays as it is.

use std::collections::BTreeMap;

use globset::GlobBuilder;

use super::Known;
use crate::source::{Span, below};
use crate::tree::{Node, Text, Value};

/// Parameters by dotted name, each with the node it comes from.
pub(super) type Parameters = BTreeMap<Text, Node>;

/// How deep generators may hold generators, and how deep parameters may nest.
const MAX_DEPTH: usize = 6;

/// How many sets of parameters a generator may give.
const MOST_SETS: usize = 1_000;

/// The sets of parameters of an `ApplicationSet`.
///
/// # Errors
/// The generator that depends on more than the repository, and why.
pub(super) fn parameters(known: &Known<'_, '_>, set: &Node) -> Result<Vec<Parameters>, (Span, String)> {
    let go = set.at(&["spec", "goTemplate"]).and_then(Node::as_bool) == Some(true);
    let generators = set.at(&["spec", "generators"]).map_or(&[][..], Node::items);
    let mut sets = Vec::new();
    let mut wrong = None;
    for generator in generators {
        match generate(known, generator, go, &Parameters::new(), 0) {
            Ok(made) => sets.extend(made),
            Err(why) => wrong = wrong.or(Some(why)),
        }
    }
    match wrong {
        Some(why) if sets.is_empty() => Err(why),
        _ => Ok(sets),
    }
}

fn generate(
    known: &Known<'_, '_>,
    generator: &Node,
    go: bool,
    given: &Parameters,
    depth: usize,
) -> Result<Vec<Parameters>, (Span, String)> {
    if depth > MAX_DEPTH {
        return Err((generator.span, "generators hold each other too deeply".into()));
    }
    if let Some(list) = generator.get("list") {
        return Ok(list.get("elements").map_or(&[][..], Node::items).iter().take(MOST_SETS).map(flattened).collect());
    }
    if let Some(git) = generator.get("git") {
        let mut sets = folders(known, git, go, given);
        sets.extend(files(known, git, go, given));
        let values = git.get("values").map(flattened).unwrap_or_default();
        for set in &mut sets {
            for (key, value) in &values {
                let filled = render(value, set);
                set.insert(compact_str::format_compact!("values.{key}"), filled);
            }
        }
        return Ok(sets);
    }
    for (key, merging) in [("matrix", false), ("merge", true)] {
        let Some(node) = generator.get(key) else { continue };
        let inner = node.get("generators").map_or(&[][..], Node::items);
        let keys: Vec<Text> =
            node.get("mergeKeys").map_or(&[][..], Node::items).iter().filter_map(Node::scalar).collect();
        let mut sets: Option<Vec<Parameters>> = None;
        for one in inner {
            sets = Some(match sets {
                None => generate(known, one, go, given, depth + 1)?,
                Some(before) if merging => merged(before, &generate(known, one, go, given, depth + 1)?, &keys),
                Some(before) => {
                    let mut both = Vec::new();
                    for set in before {
                        for more in generate(known, one, go, &set, depth + 1)? {
                            if both.len() < MOST_SETS {
                                both.push(set.clone().into_iter().chain(more).collect());
                            }
                        }
                    }
                    both
                }
            });
        }
        return Ok(sets.unwrap_or_default());
    }
    let kind = generator.entries().first();
    let name = kind.map_or("?", |entry| entry.key.as_str());
    let span = kind.map_or(generator.span, |entry| entry.key_span);
    Err((span, format!("what the generator `{name}` of this ApplicationSet gives is not in the repository")))
}

/// What `merge` makes: the sets of the first generator, each with what those of the others say of the same keys.
fn merged(base: Vec<Parameters>, more: &[Parameters], keys: &[Text]) -> Vec<Parameters> {
    let same = |left: &Parameters, right: &Parameters| {
        keys.iter().all(|key| left.get(key).and_then(Node::scalar) == right.get(key).and_then(Node::scalar))
    };
    base.into_iter()
        .map(|mut set| {
            if let Some(other) = more.iter().find(|other| same(&set, other)) {
                set.extend(other.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
            set
        })
        .collect()
}

/// The entries of a mapping by dotted names.
fn flattened(node: &Node) -> Parameters {
    let mut parameters = Parameters::new();
    flatten(node, "", &mut parameters, 0);
    parameters
}

fn flatten(node: &Node, prefix: &str, into: &mut Parameters, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    for entry in node.entries() {
        let key =
            if prefix.is_empty() { entry.key.clone() } else { compact_str::format_compact!("{prefix}.{}", entry.key) };
        if entry.value.as_map().is_some() {
            flatten(&entry.value, &key, into, depth + 1);
        }
        into.insert(key, entry.value.clone());
    }
}

/// A pattern as Argo CD matches paths: `*` stays within a folder, `**` does not.
fn pattern(written: &str, given: &Parameters) -> Option<globset::GlobMatcher> {
    let filled = fill(written, given);
    let glob = GlobBuilder::new(filled.trim_start_matches("./")).literal_separator(true).build();
    glob.ok().map(|glob| glob.compile_matcher())
}

fn folders(known: &Known<'_, '_>, git: &Node, go: bool, given: &Parameters) -> Vec<Parameters> {
    let listed = git.get("directories").map_or(&[][..], Node::items);
    let of = |excluded: bool| -> Vec<(globset::GlobMatcher, Span)> {
        let chosen = listed.iter().filter(|it| (it.get("exclude").and_then(Node::as_bool) == Some(true)) == excluded);
        chosen.filter_map(|it| Some((pattern(it.get("path")?.as_str()?, given)?, it.span))).collect()
    };
    let (wanted, left) = (of(false), of(true));
    let root = known.repository(git.get("repoURL"), git.span);
    let mut sets = Vec::new();
    for folder in known.files.folders() {
        // Paths are from the root of the repository, which several audited roots may each be.
        let Some(folder) = below(&root, folder).filter(|folder| !folder.is_empty()) else { continue };
        let Some((_, span)) = wanted.iter().find(|(glob, _)| glob.is_match(folder)) else { continue };
        if left.iter().any(|(glob, _)| glob.is_match(folder)) || sets.len() >= MOST_SETS {
            continue;
        }
        sets.push(of_path(folder, *span, go));
    }
    sets
}

fn files(known: &Known<'_, '_>, git: &Node, go: bool, given: &Parameters) -> Vec<Parameters> {
    let root = known.repository(git.get("repoURL"), git.span);
    let mut sets = Vec::new();
    for wanted in git.get("files").map_or(&[][..], Node::items) {
        let Some(path) = wanted.get("path") else { continue };
        let Some(glob) = path.as_str().and_then(|written| pattern(written, given)) else { continue };
        for (shown, file) in known.files.within(&root, true) {
            let Some(shown) = below(&root, shown).filter(|shown| glob.is_match(shown)) else { continue };
            for document in file.documents().iter() {
                // A file may hold a list of sets.
                let each = if document.as_map().is_some() { std::slice::from_ref(document) } else { document.items() };
                for one in each.iter().take(MOST_SETS) {
                    let (folder, name) = shown.rsplit_once('/').unwrap_or(("", shown));
                    let mut set = of_path(folder, path.span, go);
                    set.insert("path.filename".into(), Node::string(name, path.span));
                    set.extend(flattened(one));
                    sets.push(set);
                }
            }
        }
    }
    sets.truncate(MOST_SETS);
    sets
}

/// What is known of a path: itself, its last part and each of its parts.
fn of_path(folder: &str, span: Span, go: bool) -> Parameters {
    let word = |text: &str| Node::string(text, span);
    let mut set = Parameters::new();
    set.insert(if go { "path.path" } else { "path" }.into(), word(folder));
    set.insert("path.basename".into(), word(folder.rsplit('/').next().unwrap_or(folder)));
    for (index, part) in folder.split('/').enumerate() {
        set.insert(compact_str::format_compact!("path[{index}]"), word(part));
        set.insert(compact_str::format_compact!("path.segments[{index}]"), word(part));
    }
    set
}

/// A template with its names filled in.
pub(super) fn render(template: &Node, set: &Parameters) -> Node {
    let value = match &template.value {
        Value::String(text) => Value::String(fill(text, set).into()),
        Value::List(items) => Value::List(items.iter().map(|item| render(item, set)).collect()),
        Value::Map(map) => {
            let mut map = map.clone();
            for entry in &mut map.entries {
                entry.value = render(&entry.value, set);
            }
            Value::Map(map)
        }
        other => other.clone(),
    };
    Node { value, span: template.span, via: template.via.clone() }
}

fn fill(text: &str, set: &Parameters) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("{{") {
        out.push_str(&rest[..at]);
        let Some(end) = rest[at..].find("}}") else { break };
        let inside = rest[at + 2..at + end].trim().trim_matches('-').trim();
        let name = inside.strip_prefix('.').unwrap_or(inside);
        match indexed(name).and_then(|name| set.get(name.as_str())?.scalar()) {
            Some(value) => out.push_str(&value),
            None => out.push_str(&rest[at..at + end + 2]),
        }
        rest = &rest[at + end + 2..];
    }
    out.push_str(rest);
    out
}

/// A name as parameters are kept: `index .path.segments 1` is `path.segments[1]`.
fn indexed(name: &str) -> Option<String> {
    if let Some(rest) = name.strip_prefix("index ") {
        let (list, index) = rest.trim().rsplit_once(' ')?;
        return Some(format!("{}[{}]", list.trim().trim_start_matches('.'), index.trim()));
    }
    (!name.contains(' ')).then(|| name.to_owned())
}
