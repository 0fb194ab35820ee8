//! The files of an audit as a build sees them: by path, parsed when they are asked for.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::inflate::{Inflate, Outside};
use crate::model::kubernetes::KUSTOMIZATIONS;
use crate::parse;
use crate::source::{Source, SourceId, Span, below, in_folder, parent};
use crate::tree::{Content, Document, Node};

/// A file that was read.
#[derive(Clone, Copy)]
pub struct File<'a> {
    /// Its number.
    pub id: SourceId,
    /// Its path and text.
    pub source: &'a Source,
    document: Option<&'a Document>,
}

impl<'a> File<'a> {
    /// Its documents of values. A template of YAML has none.
    pub fn documents(&self) -> Cow<'a, [Node]> {
        if let Some(document) = self.document {
            return Cow::Borrowed(document.values());
        }
        if parse::yaml::is_template(&self.source.text) {
            return Cow::Owned(Vec::new());
        }
        match parse::yaml::parse(self.id, &self.source.text).document.content {
            Content::Values(values) => Cow::Owned(values),
            _ => Cow::Owned(Vec::new()),
        }
    }

    /// Whether it holds Kubernetes objects and nothing else.
    pub fn is_objects(&self) -> bool {
        let documents = self.documents();
        let is_object = |node: &Node| node.get("apiVersion").is_some() && node.get("kind").is_some();
        documents.iter().any(is_object) && documents.iter().all(|node| node.is_null() || is_object(node))
    }

    /// The whole file.
    pub fn span(&self) -> Span {
        Span::new(self.id, 0, self.source.text.len())
    }
}

/// An audited root: what its paths begin with, and the repositories that it is a checkout of (host and path in lower
/// case).
#[derive(Clone, Debug, Default)]
pub struct Root {
    /// What its paths begin with; empty for the only one.
    pub prefix: String,
    /// The repositories; none where nothing says which.
    pub repositories: Vec<String>,
}

impl Root {
    /// Whether it is a checkout of a repository. Where nothing says what it is, its folder is called so: `NAME`,
    /// `OWNER-NAME`, `OWNER+NAME`.
    fn is_of(&self, repository: &str) -> bool {
        if !self.repositories.is_empty() {
            return self.repositories.iter().any(|own| own == repository);
        }
        let folder = self.prefix.rsplit('/').next().unwrap_or_default().to_lowercase();
        let mut parts = repository.rsplit('/');
        let (Some(name), Some(owner)) = (parts.next(), parts.next()) else { return false };
        let after = folder.strip_prefix(owner).and_then(|rest| rest.strip_prefix(['+', '-', '_', '.']));
        folder == name || after == Some(name)
    }
}

/// All files by path.
pub struct Files<'a> {
    read: BTreeMap<&'a str, File<'a>>,
    /// Paths that exist and were not read.
    others: BTreeSet<&'a str>,
    numbered: BTreeMap<SourceId, &'a Source>,
    charts: Option<&'a dyn Inflate>,
    outside: Option<&'a dyn Outside>,
    roots: &'a [Root],
}

impl<'a> Files<'a> {
    /// Every source, with the documents that were kept, and the paths of whatever else is there.
    pub fn new(
        sources: impl Iterator<Item = (SourceId, &'a Source)>,
        documents: impl Iterator<Item = &'a Document>,
        paths: &'a [String],
    ) -> Self {
        let mut kept: BTreeMap<SourceId, &Document> = documents.map(|document| (document.source, document)).collect();
        let read: BTreeMap<&str, File<'_>> = sources
            .map(|(id, source)| (source.path.as_str(), File { id, source, document: kept.remove(&id) }))
            .collect();
        let others = paths.iter().map(String::as_str).filter(|path| !read.contains_key(path)).collect();
        let numbered = read.values().map(|file| (file.id, file.source)).collect();
        Self { read, others, numbered, charts: None, outside: None, roots: &[] }
    }

    /// The same files, with whoever can render the charts among them.
    #[must_use]
    pub fn inflating(self, charts: &'a dyn Inflate) -> Self {
        Self { charts: Some(charts), ..self }
    }

    /// The same files, with whoever builds kustomizations instead.
    #[must_use]
    pub fn built_by(self, outside: &'a dyn Outside) -> Self {
        Self { outside: Some(outside), ..self }
    }

    /// The same files, with the roots that they stand in.
    #[must_use]
    pub fn below(self, roots: &'a [Root]) -> Self {
        Self { roots, ..self }
    }

    /// What the paths of the root begin with that a path stands in.
    pub fn root_of(&self, path: &str) -> &'a str {
        let prefixes = self.roots.iter().map(|root| root.prefix.as_str());
        prefixes.filter(|prefix| below(prefix, path).is_some()).max_by_key(|prefix| prefix.len()).unwrap_or_default()
    }

    /// The path here of something in a repository elsewhere that is an audited root as well:
    /// `https://github.com/OWNER/NAME/FOLDER?ref=…`, `github.com/OWNER/NAME//FOLDER`, `git@github.com:OWNER/NAME//FOLDER`.
    /// The commit that `ref` names is taken for the one that is audited.
    /// <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/resource/>
    pub fn remote(&self, written: &str) -> Option<String> {
        let plain = written.split('?').next()?.trim_start_matches("git::");
        let address = plain.split_once("://").map_or(plain, |(_, rest)| rest);
        let address = address.rsplit_once('@').map_or(address, |(_, rest)| rest).replacen(':', "/", 1);
        let mut parts = address.splitn(4, '/');
        let (host, owner, name, rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let repository = format!("{host}/{owner}/{}", name.strip_suffix(".git").unwrap_or(name)).to_lowercase();
        let root = self.roots.iter().find(|root| root.is_of(&repository)).filter(|_| host.contains('.'))?;
        join(&root.prefix, rest.trim_start_matches('/'))
    }

    /// What somebody else builds of a folder.
    pub(super) fn outside(&self, folder: &str) -> Option<Result<String, String>> {
        self.outside?.build(folder)
    }

    /// Whoever can render charts.
    pub fn charts(&self) -> Option<&'a dyn Inflate> {
        self.charts
    }

    /// The file of a number.
    pub fn source(&self, id: SourceId) -> Option<&'a Source> {
        self.numbered.get(&id).copied()
    }

    /// The path of the file of a number.
    pub fn path_of(&self, id: SourceId) -> &'a str {
        self.source(id).map_or("", |source| &source.path)
    }

    /// The file at a path.
    pub fn file(&self, path: &str) -> Option<File<'a>> {
        self.read.get(path).copied().filter(|file| !file.source.text.is_empty())
    }

    /// Whether something is there that was not read, or is empty.
    pub fn is_unread(&self, path: &str) -> bool {
        self.others.contains(path) || self.read.contains_key(path)
    }

    /// Whether anything stands below a folder.
    pub fn is_folder(&self, path: &str) -> bool {
        let start = if path.is_empty() { String::new() } else { format!("{path}/") };
        let begins = |found: Option<&&str>| found.is_some_and(|found| found.starts_with(start.as_str()));
        begins(self.read.range(start.as_str()..).next().map(|(path, _)| path))
            || begins(self.others.range(start.as_str()..).next())
    }

    /// The files whose documents were kept, in order.
    pub fn kept(&self) -> impl Iterator<Item = File<'a>> {
        self.read.values().copied().filter(|file| file.document.is_some())
    }

    /// Every folder that holds a file, however deep, in order.
    pub fn folders(&self) -> BTreeSet<&'a str> {
        let mut folders = BTreeSet::new();
        for path in self.read.keys().chain(&self.others) {
            let mut rest = *path;
            while let Some((folder, _)) = rest.rsplit_once('/') {
                if !folders.insert(folder) {
                    break;
                }
                rest = folder;
            }
        }
        folders
    }

    /// The kustomization of a folder.
    pub fn kustomization(&self, folder: &str) -> Option<File<'a>> {
        KUSTOMIZATIONS.iter().find_map(|name| self.file(&in_folder(folder, name)))
    }

    /// Every folder that has a kustomization, in order, with its file.
    pub fn kustomizations(&self) -> Vec<(&'a str, File<'a>)> {
        let found =
            self.read.iter().filter(|(path, file)| super::is_kustomization(path) && !file.source.text.is_empty());
        found.map(|(path, file)| (parent(path), *file)).collect()
    }

    /// The files in a folder, and in the folders below it where `deep`, in order.
    pub fn within<'f>(&'f self, folder: &str, deep: bool) -> impl Iterator<Item = (&'a str, File<'a>)> + 'f {
        let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        self.read
            .range::<str, _>((std::ops::Bound::Included(start.as_str()), std::ops::Bound::Unbounded))
            .map(|(path, file)| (*path, *file))
            .take_while(|(path, _)| path.starts_with(start.as_str()))
            .collect::<Vec<_>>()
            .into_iter()
            .filter({
                let length = if folder.is_empty() { 0 } else { folder.len() + 1 };
                move |(path, _)| deep || !path[length..].contains('/')
            })
    }
}

/// A path relative to a folder, without `.` and `..`; nothing where it is absolute or leaves the audited roots.
pub fn join(folder: &str, relative: &str) -> Option<String> {
    if relative.starts_with('/') { None } else { crate::source::join(folder, relative) }
}
