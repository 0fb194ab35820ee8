//! Which repository each audited root is: by its git configuration, by what its manifests say, or by its links to itself.

use crate::source::parent;
use std::collections::{BTreeMap, BTreeSet};

use super::files::Files;
use super::hosts::{self, Hosted, Url};
use super::joined;
use crate::link::Context;
use crate::model::{DocumentLink, Model};

/// A repository whose root is audited.
pub(super) struct Repository {
    /// Host and path in lower case.
    name: String,
    /// What the root's paths are shown below.
    pub(super) prefix: String,
    /// The branch that is checked out.
    branch: Option<String>,
    /// Whether the whole of it is surely here, so that a path that is not here is nowhere.
    pub(super) certain: bool,
}

/// All that are known.
pub(super) struct Repositories {
    known: Vec<Repository>,
    /// Prefixes of roots that may be any repository.
    nameless: Vec<String>,
}

/// Branches that people mean when they mean the repository.
const BRANCHES: &[&str] = &["main", "master", "HEAD", "trunk", "develop", "default"];

/// How many different files of a root must be linked to by URL before the URL is taken for the root's own.
const ENOUGH: usize = 4;

impl Repositories {
    pub(super) fn new(model: &Model, context: &Context<'_>, files: &Files<'_>) -> Self {
        let mut known = Vec::new();
        let mut nameless = Vec::new();
        let linked = linked(model);
        for root in context.roots {
            let prefix = &root.prefix;
            let repository = |name: &str, certain: bool| Repository {
                name: name.to_owned(),
                prefix: prefix.clone(),
                branch: root.branch.clone(),
                certain,
            };
            let found = |name: &str| count(&linked, name, prefix, files);
            let by_git = root.repositories.iter().map(|name| repository(name, true));
            known.extend(by_git);
            if !root.repositories.is_empty() {
                continue;
            }
            let says = |path: &str| parent(path) == prefix;
            let said = model.surroundings.repositories.iter().filter(|it| says(&it.path));
            let said: BTreeSet<&str> = said.map(|it| it.name.as_str()).collect();
            if !said.is_empty() {
                // A manifest may stand at the root of a part of the repository, where paths are others.
                known.extend(said.into_iter().map(|name| {
                    let (there, all) = found(name);
                    repository(name, there > 0 && 2 * there >= all)
                }));
                continue;
            }
            let best = linked.keys().map(|name| (found(name), name.as_str())).max_by_key(|((there, _), _)| *there);
            match best.filter(|((there, all), _)| *there >= ENOUGH && 5 * there >= 4 * all) {
                Some((_, name)) => known.push(repository(name, true)),
                None => nameless.push(prefix.clone()),
            }
        }
        Self { known, nameless }
    }

    /// The audited root of a repository.
    pub(super) fn find(&self, name: &str) -> Option<&Repository> {
        self.known.iter().find(|repository| repository.name == name)
    }

    /// Roots of which nothing says which repository they are.
    pub(super) fn nameless(&self) -> impl Iterator<Item = &str> {
        self.nameless.iter().map(String::as_str)
    }
}

impl Repository {
    /// The path of a file in it, where its branch is one that people mean, and whether that is sure.
    pub(super) fn path(&self, hosted: &Hosted) -> (bool, Option<String>) {
        if !hosted.branched {
            return (true, Some(hosted.rest.join("/")));
        }
        let rest = match hosted.rest.as_slice() {
            [refs, heads, rest @ ..] if refs == "refs" && heads == "heads" => rest,
            rest => rest,
        };
        let own = self.branch.iter().map(String::as_str).chain(BRANCHES.iter().copied()).find_map(|branch| {
            let parts: Vec<&str> = branch.split('/').collect();
            let same = rest.len() >= parts.len() && rest.iter().zip(&parts).all(|(left, right)| left == right);
            same.then(|| rest.get(parts.len()..).map(|path| path.join("/"))).flatten()
        });
        (own.is_some(), own)
    }
}

/// The files that links on code hosts lead to, by repository.
fn linked(model: &Model) -> BTreeMap<String, BTreeSet<String>> {
    let mut linked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, link) in model.each::<DocumentLink>() {
        let Some((_, rest)) = link.url.value().and_then(|url| url.trim().split_once("://")) else { continue };
        let Some(hosted) = hosts::read(&Url::new(rest)) else { continue };
        let path = hosted.rest.get(usize::from(hosted.branched)..).unwrap_or_default();
        // Every repository has a README.md; a longer path tells one from another.
        if path.len() > 1 {
            linked.entry(hosted.repository).or_default().insert(path.join("/"));
        }
    }
    linked
}

/// How many of the files linked to in a repository are below a prefix, and how many there are.
fn count(linked: &BTreeMap<String, BTreeSet<String>>, name: &str, prefix: &str, files: &Files<'_>) -> (usize, usize) {
    let Some(paths) = linked.get(name) else { return (0, 0) };
    (paths.iter().filter(|path| files.find(&joined(prefix, path)).is_some()).count(), paths.len())
}
