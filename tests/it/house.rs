//! The house holds: each room uses only the rooms it says it may. The table is CONTRIBUTING's, and the law of the imports.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Room → the rooms it may use.
const HOUSE: &[(&str, &[&str])] = &[
    ("source", &[]),
    ("tree", &["source"]),
    ("problem", &["source"]),
    ("config", &["source", "problem", "tree", "parse", "model", "rule", "link", "extract", "discover"]),
    ("discover", &["source", "problem", "tree"]),
    ("parse", &["source", "tree", "problem"]),
    ("resolve", &["source", "tree", "problem", "model", "parse"]),
    ("model", &["source", "tree"]),
    ("extract", &["source", "tree", "model", "problem", "parse", "resolve"]),
    ("link", &["source", "tree", "model", "extract"]),
    ("history", &["source", "tree", "model"]),
    ("rule", &["source", "tree", "problem", "model"]),
    ("evaluate", &["source", "tree", "model", "rule"]),
    ("suppress", &["source", "tree", "problem", "model", "config", "evaluate"]),
    ("score", &["model", "rule", "evaluate"]),
    ("report", &["source", "tree", "problem", "model", "rule", "evaluate", "score", "audit"]),
    ("testing", &["audit", "rule", "evaluate", "history"]),
    (
        "audit",
        &[
            "source", "tree", "problem", "config", "discover", "parse", "resolve", "model", "extract", "link",
            "history", "rule", "evaluate", "suppress", "score",
        ],
    ),
    ("cli", &["source", "problem", "config", "model", "rule", "evaluate", "score", "report", "audit", "testing"]),
];

#[test]
fn every_room_uses_only_what_it_may() {
    let mut wrong = Vec::new();
    let mut rooms = BTreeSet::new();
    let law: BTreeMap<&str, &[&str]> = HOUSE.iter().copied().collect();
    for (path, text) in sources() {
        let room = room_of(&path);
        // Tests may make their subjects of whatever makes them.
        let is_test = path.ends_with("tests.rs") || path.ends_with("sample.rs");
        if is_test || matches!(room.as_str(), "lib" | "main") {
            continue;
        }
        let Some(allowed) = law.get(room.as_str()) else {
            wrong.push(format!("{path}: the house has no room `{room}`"));
            continue;
        };
        rooms.insert(room.clone());
        for used in uses(&text) {
            if used != room && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{path}: `{room}` may not use `{used}`"));
            }
        }
    }
    for (room, _) in HOUSE {
        if !rooms.contains(*room) {
            wrong.push(format!("the house names a room `{room}` that is not there"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_opens_with_what_it_is() {
    let silent: Vec<String> =
        sources().into_iter().filter(|(_, text)| !text.starts_with("//!")).map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "no module docs: {silent:?}");
}

/// Every source file with its path from `src/`.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter().filter_map(Result::ok);
    files
        .filter(|file| file.path().extension().is_some_and(|extension| extension == "rs"))
        .map(|file| {
            let path = file.path().strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            (path, std::fs::read_to_string(file.path()).unwrap())
        })
        .collect()
}

fn room_of(path: &str) -> String {
    path.split(['/', '.']).next().unwrap_or_default().to_owned()
}

/// The rooms that a file names outside of its tests: `crate::room::…`, also in groups.
fn uses(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    let mut used = BTreeSet::new();
    for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            let names = rest.strip_prefix('{').map_or(rest, |group| group.split('}').next().unwrap_or(group));
            let grouped = rest.starts_with('{');
            for name in names.split(',').take(if grouped { usize::MAX } else { 1 }) {
                let room: String = name.trim().chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                if !room.is_empty() {
                    used.insert(room);
                }
            }
        }
    }
    used
}
