//! What the user asked to audit: each root once, with a name for its paths. Uses `problem` and `source`.
//!
//! One root shows paths relative to itself. Of several, each shows them below its own name: what was typed, or as many
//! of the last folders as it takes to tell it from the others. The current folder needs no name, so that paths stay
//! those of the repository.

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use crate::problem::{Fault, Problem};
use crate::source::below;

/// A folder or file to audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Where to open it; absolute.
    pub path: PathBuf,
    /// The same with symbolic links resolved.
    pub real: PathBuf,
    /// What paths in it are shown below; the shown path itself for a file. May be empty.
    pub prefix: String,
    /// Whether it is a single file.
    pub is_file: bool,
}

impl Root {
    /// The path of something in this root as shown.
    pub fn shown(&self, path: &Path) -> String {
        let inside = path.strip_prefix(&self.path).unwrap_or(path);
        let parts = inside.iter().map(|part| part.to_string_lossy());
        let prefix = (!self.prefix.is_empty()).then(|| self.prefix.as_str().into());
        prefix.into_iter().chain(parts).collect::<Vec<_>>().join("/")
    }

    /// Where something in this root stands, by its path as shown; nothing for what is in another root.
    pub fn located(&self, shown: &str) -> Option<PathBuf> {
        let inside = below(&self.prefix, shown)?;
        Some(if inside.is_empty() { self.path.clone() } else { self.path.join(inside) })
    }

    /// Where the git checkout that it is part of begins.
    pub(super) fn checkout(&self) -> Option<&Path> {
        self.real.ancestors().find(|folder| folder.join(".git").exists())
    }
}

/// The roots that exist, in the order given; each path once. A root inside another one keeps the other's names.
pub fn roots(paths: &[PathBuf]) -> (Vec<Root>, Vec<Problem>) {
    let mut problems = Vec::new();
    let (mut typed, mut roots): (Vec<&Path>, Vec<Root>) = (Vec::new(), Vec::new());
    for path in paths {
        match open(path) {
            Ok(root) if roots.iter().any(|known| known.path == root.path) => {}
            Ok(root) => {
                typed.push(path);
                roots.push(root);
            }
            Err(problem) => problems.push(problem),
        }
    }
    name(&typed, &mut roots);
    (roots, problems)
}

fn open(path: &Path) -> Result<Root, Problem> {
    let wrong = |message: &str, help: &str| Problem::of(Fault::Configuration, path.to_string_lossy(), message, help);
    let real = path.canonicalize().map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            wrong("there is no such file or folder", "check the path; `twoam check .` audits this folder")
        }
        ErrorKind::PermissionDenied => wrong("no permission to read it", "run twoam as a user that may"),
        _ => wrong(&format!("it cannot be opened: {error}"), "check the path"),
    })?;
    let metadata = real.metadata().map_err(|_| wrong("it cannot be opened", "check the path"))?;
    if !metadata.is_dir() && !metadata.is_file() {
        return Err(wrong("it is neither a folder nor a regular file", "name the folder to audit"));
    }
    // A file keeps the name it was given, which says what it is.
    let named = real.parent().filter(|_| metadata.is_file()).and(path.file_name()).and_then(|name| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(folder.canonicalize().ok()?.join(name))
    });
    let is_file = metadata.is_file();
    Ok(Root { path: named.unwrap_or_else(|| real.clone()), real, prefix: String::new(), is_file })
}

/// Gives each root its prefix: first those that stand for themselves, then those inside them.
fn name(typed: &[&Path], roots: &mut [Root]) {
    let outer: Vec<Option<usize>> = roots.iter().map(|root| outermost(roots, root)).collect();
    let several = outer.iter().filter(|outer| outer.is_none()).count() > 1;
    let mut named: Vec<Root> = Vec::new();
    for ((root, typed), _) in roots.iter_mut().zip(typed).zip(&outer).filter(|(_, outer)| outer.is_none()) {
        if several || root.is_file {
            let free = candidates(typed, &root.path).find(|name| is_free(name, &root.path, &named));
            root.prefix = free.unwrap_or_default();
        }
        named.push(root.clone());
    }
    let inner = outer.iter().enumerate().filter_map(|(index, outer)| Some((index, (*outer)?)));
    for (index, outer) in inner {
        roots[index].prefix = roots[outer].shown(&roots[index].path);
    }
}

/// The root that holds this one and is held by none.
fn outermost(roots: &[Root], inner: &Root) -> Option<usize> {
    let holds = |(_, outer): &(usize, &Root)| inner.path != outer.path && inner.path.starts_with(&outer.path);
    roots.iter().enumerate().filter(holds).min_by_key(|(_, outer)| outer.path.iter().count()).map(|(index, _)| index)
}

/// Names for a root, the best first.
fn candidates(typed: &Path, path: &Path) -> impl Iterator<Item = String> {
    let plain = typed.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let as_typed = plain.then(|| parts(typed).join("/"));
    let all = parts(path);
    let last = all.last().cloned().unwrap_or_default();
    let tails = (0..all.len()).rev().map(move |from| all[from..].join("/"));
    as_typed.into_iter().chain(tails).chain((2..).map(move |number| format!("{last}~{number}")))
}

/// The names along a path.
fn parts(path: &Path) -> Vec<String> {
    let names = path.components().filter(|part| matches!(part, Component::Normal(_)));
    names.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect()
}

/// Whether no path below this prefix could be one of a root that has its prefix already.
fn is_free(name: &str, path: &Path, named: &[Root]) -> bool {
    let collides = |outer: &str, inner: &str, path: &Path| {
        below(outer, inner).is_some_and(|rest| rest.is_empty() || path.join(rest).exists())
    };
    named.iter().all(|other| !collides(&other.prefix, name, &other.path) && !collides(name, &other.prefix, path))
}
