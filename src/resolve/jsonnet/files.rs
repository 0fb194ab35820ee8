//! The files that Jsonnet may import: those of the audited roots, and no others. Uses `source`.
//!
//! An import is sought beside its file, then where Jsonnet Bundler and Tanka put libraries (`vendor/`, `lib/`), in each
//! folder around it. Which further folders a command line names (`-J`) is not known; a file that alone in the
//! repository bears the path is the one that is meant.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{SourceId, Sources, join, parent};

/// Folders of libraries: <https://tanka.dev/libraries/import-paths>
const LIBRARIES: &[&str] = &["vendor", "lib", "."];

/// See the module.
pub(super) struct Files<'s> {
    sources: &'s Sources,
    paths: BTreeMap<&'s str, SourceId>,
    /// By their last name.
    names: BTreeMap<&'s str, Vec<&'s str>>,
}

impl<'s> Files<'s> {
    pub(super) fn new(sources: &'s Sources) -> Self {
        let paths: BTreeMap<&str, SourceId> = sources.iter().map(|(id, source)| (source.path.as_str(), id)).collect();
        let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for path in paths.keys().filter(|path| is_jsonnet(path) || extension(path) == Some("json")) {
            names.entry(path.rsplit('/').next().unwrap_or(path)).or_default().push(path);
        }
        Self { sources, paths, names }
    }

    pub(super) fn text(&self, file: SourceId) -> &'s str {
        &self.sources.get(file).text
    }

    pub(super) fn path(&self, file: SourceId) -> &'s str {
        &self.sources.get(file).path
    }

    /// Every file of the language, in order.
    pub(super) fn jsonnet(&self) -> impl Iterator<Item = SourceId> + '_ {
        self.paths.iter().filter(|(path, _)| is_jsonnet(path)).map(|(_, id)| *id)
    }

    /// The file that an import in `from` names.
    pub(super) fn resolve(&self, from: SourceId, import: &str) -> Option<SourceId> {
        if import.starts_with('/') {
            return None;
        }
        let mut folder = parent(self.path(from));
        let at = |path: Option<String>| path.and_then(|path| self.paths.get(path.as_str()).copied());
        if let Some(found) = at(join(folder, import)) {
            return Some(found);
        }
        loop {
            for library in LIBRARIES {
                let inside = join(folder, library).and_then(|library| join(&library, import));
                if let Some(found) = at(inside) {
                    return Some(found);
                }
            }
            if folder.is_empty() {
                break;
            }
            folder = parent(folder);
        }
        let name = import.rsplit('/').next()?;
        if import.split('/').any(|part| matches!(part, "." | ".." | "")) {
            return None;
        }
        let ends = |path: &&&str| path.strip_suffix(import).is_some_and(|before| before.ends_with('/'));
        let mut found = self.names.get(name)?.iter().filter(ends);
        match (found.next(), found.next()) {
            (Some(path), None) => self.paths.get(path).copied(),
            _ => None,
        }
    }

    /// What each file imports, as far as it is here, and the files that import something that is not.
    pub(super) fn imports(&self) -> (BTreeMap<SourceId, BTreeSet<SourceId>>, BTreeSet<SourceId>) {
        let mut open = BTreeSet::new();
        let mut of = |file: SourceId| {
            let found = imports(self.text(file)).into_iter().filter_map(|import| {
                let found = self.resolve(file, import);
                if found.is_none() {
                    open.insert(file);
                }
                found
            });
            found.collect()
        };
        let imported = self.jsonnet().map(|file| (file, of(file))).collect();
        (imported, open)
    }
}

pub(super) fn is_jsonnet(path: &str) -> bool {
    matches!(extension(path), Some("jsonnet" | "libsonnet"))
}

fn extension(path: &str) -> Option<&str> {
    path.rsplit_once('.').map(|(_, extension)| extension)
}

/// The paths that a text seems to import; a comment may name more.
fn imports(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, word) in text.match_indices("import") {
        let rest = &text[at + word.len()..];
        let rest = rest.strip_prefix("str").unwrap_or(rest).trim_start();
        let Some(quote) = rest.chars().next().filter(|quote| matches!(quote, '\'' | '"')) else { continue };
        let path = rest[1..].split([quote, '\n']).next().unwrap_or_default();
        found.push(path);
    }
    found
}
