//! The history of a checkout, as `gix` reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use gix::ObjectId;

use super::{Change, Past, Then};
use crate::source::{below, in_folder};
use crate::tree::Unknown;

/// How many commits are looked through.
const MOST_COMMITS: usize = 5_000;

/// How many files a commit changes that changes none in particular.
const BULK: usize = 150;

/// How deep folders may nest.
const DEEPEST: usize = 64;

/// What is kept of objects that were read, in bytes.
const CACHE: usize = 32 << 20;

/// The histories of the audited roots.
#[derive(Debug, Default)]
pub struct Git {
    /// What paths are shown below, and where the root is.
    roots: Vec<(String, PathBuf)>,
}

impl Git {
    /// Roots by what their paths are shown below. Nothing is read until it is asked for.
    pub fn new(roots: impl Iterator<Item = (String, PathBuf)>) -> Self {
        Self { roots: roots.collect() }
    }

    /// The root that holds a path, and the path in it.
    fn inside<'p>(&self, path: &'p str) -> Option<(usize, &'p str)> {
        let mut roots = self.roots.iter().enumerate();
        roots.find_map(|(index, root)| Some((index, below(&root.0, path).filter(|inside| !inside.is_empty())?)))
    }
}

/// Opens the repository whose work tree a root is. Nothing but the repository's own files says how.
fn open(root: &Path) -> Result<gix::Repository, Unknown> {
    let untold = |why: &str, remedy: &str| Unknown::new(why, remedy, None);
    if !root.join(".git").symlink_metadata().is_ok_and(|found| found.is_dir()) {
        return Err(untold("there is no git history here", "audit the root of a checkout"));
    }
    let opened = gix::open_opts(root, gix::open::Options::isolated());
    let mut repository = opened.map_err(|_| untold("its git history cannot be read", "check it with `git fsck`"))?;
    if repository.is_shallow().unwrap_or(true) {
        return Err(untold("its git history is cut off", "fetch the whole of it with `git fetch --unshallow`"));
    }
    repository.object_cache_size_if_unset(CACHE);
    Ok(repository)
}

impl Past for Git {
    fn last_changes(&self, wanted: &BTreeSet<&str>) -> Result<BTreeMap<String, Change>, Unknown> {
        let mut changes = BTreeMap::new();
        for (index, (prefix, root)) in self.roots.iter().enumerate() {
            let own: BTreeSet<&str> = wanted
                .iter()
                .filter_map(|path| self.inside(path))
                .filter(|(root, _)| *root == index)
                .map(|(_, path)| path)
                .collect();
            if own.is_empty() {
                continue;
            }
            let walked = walk(&open(root)?, own).into_iter();
            changes.extend(walked.map(|(path, change)| (in_folder(prefix, &path), change)));
        }
        Ok(changes)
    }

    fn texts_at(&self, wanted: &[Then<'_>], look: &mut dyn FnMut(Then<'_>, &str)) {
        let mut repositories: BTreeMap<usize, Option<gix::Repository>> = BTreeMap::new();
        for (change, path) in wanted {
            let Some((root, inside)) = self.inside(path) else { continue };
            let opened = repositories.entry(root).or_insert_with(|| open(&self.roots[root].1).ok());
            if let Some(text) = opened.as_ref().and_then(|repository| text_at(repository, change, inside)) {
                look((change, path), &text);
            }
        }
    }
}

fn text_at(repository: &gix::Repository, change: &Change, path: &str) -> Option<String> {
    let commit = repository.find_commit(ObjectId::from_hex(change.state.as_bytes()).ok()?).ok()?;
    let entry = commit.tree().ok()?.lookup_entry_by_path(path).ok()??;
    String::from_utf8(repository.find_blob(entry.object_id()).ok()?.data.clone()).ok()
}

/// Goes back until every file was met.
fn walk(repository: &gix::Repository, mut wanted: BTreeSet<&str>) -> BTreeMap<String, Change> {
    let mut changes = BTreeMap::new();
    let mut next = repository.head_id().ok().map(gix::Id::detach);
    for _ in 0..MOST_COMMITS {
        let Some(id) = next.filter(|_| !wanted.is_empty()) else { break };
        let Ok(commit) = repository.find_commit(id) else { break };
        let (Ok(tree), Ok(time)) = (commit.tree_id(), commit.time()) else { break };
        let Some(day) = day(time.seconds) else { break };
        next = commit.parent_ids().next().map(gix::Id::detach);
        let before = next.and_then(|parent| Some(repository.find_commit(parent).ok()?.tree_id().ok()?.detach()));
        let mut difference = Difference { repository, files: Vec::new(), count: 0 };
        difference.of(Some(tree.detach()), before, "", 0);
        let bulk = difference.count > BULK;
        for (path, is_new) in difference.files {
            // Where a file came in with many others, that is when it was written.
            if (!bulk || is_new) && wanted.remove(path.as_str()) {
                changes.insert(path, Change { day, state: id.to_hex().to_string() });
            }
        }
    }
    changes
}

fn day(seconds: i64) -> Option<jiff::civil::Date> {
    Some(jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::from_second(seconds).ok()?).date())
}

/// Whether an entry is a folder, and what it holds.
type Entries = BTreeMap<Vec<u8>, (bool, ObjectId)>;

fn entries(repository: &gix::Repository, tree: Option<ObjectId>) -> Entries {
    let Some(tree) = tree.and_then(|id| repository.find_tree(id).ok()) else { return Entries::new() };
    let entries = tree.iter().filter_map(Result::ok);
    entries.map(|entry| (entry.filename().to_vec(), (entry.mode().is_tree(), entry.object_id()))).collect()
}

/// The files that differ between two trees.
struct Difference<'r> {
    repository: &'r gix::Repository,
    /// Their paths, and whether they are new.
    files: Vec<(String, bool)>,
    /// How many there are, those that are gone included.
    count: usize,
}

impl Difference<'_> {
    fn of(&mut self, new: Option<ObjectId>, old: Option<ObjectId>, at: &str, depth: usize) {
        if new == old || depth > DEEPEST {
            return;
        }
        let (new, mut old) = (entries(self.repository, new), entries(self.repository, old));
        for (name, (is_folder, id)) in new {
            let before = old.remove(&name);
            if before == Some((is_folder, id)) {
                continue;
            }
            let path = format!("{at}{}", String::from_utf8_lossy(&name));
            if is_folder {
                let before = before.filter(|(is_folder, _)| *is_folder).map(|(_, id)| id);
                self.of(Some(id), before, &format!("{path}/"), depth + 1);
            } else {
                self.count += 1;
                self.files.push((path, before.is_none()));
            }
        }
        self.count += old.len();
    }
}
