//! What git tracks although an ignore file names it. Git ignores patterns for untracked files only
//! (<https://git-scm.com/docs/gitignore>), so such files are part of the project: production's `terraform.tfvars` is
//! often one. Read from the checkout's index as a file: nothing is run. Uses `gix`.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use gix::hash::Kind;
use gix::index::entry::Mode;
use gix::index::{File, decode};

use super::Root;

/// The most memory that reading an index may take at once, in bytes.
const LARGEST: usize = 256 << 20;

/// Files that are tracked and were not seen, and the folders above them.
#[derive(Clone, Debug, Default)]
pub(super) struct Missed {
    /// Their paths, absolute.
    pub(super) files: BTreeSet<PathBuf>,
    /// The folders that lead to them.
    pub(super) folders: BTreeSet<PathBuf>,
}

impl Missed {
    /// What the index of a root's checkout lists below the root, apart from what was `seen`. Nothing where the index
    /// cannot be read.
    pub(super) fn of(root: &Root, checkout: &Path, seen: &BTreeSet<&str>) -> Self {
        let mut missed = Self::default();
        let Ok(below) = root.real.strip_prefix(checkout) else { return missed };
        let index = checkout.join(".git").join("index");
        if !index.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
            return missed;
        }
        let options = decode::Options { alloc_limit_bytes: Some(LARGEST), thread_limit: Some(1), ..Default::default() };
        let Ok(index) = File::at(index, Kind::Sha1, true, options) else { return missed };
        for entry in index.entries().iter().filter(|entry| !entry.mode.intersects(Mode::DIR)) {
            let Ok(path) = std::str::from_utf8(entry.path(&index)) else { continue };
            let Ok(inside) = Path::new(path).strip_prefix(below) else { continue };
            let plain = inside.components().all(|part| matches!(part, Component::Normal(_)));
            let file = root.path.join(inside);
            if plain
                && !seen.contains(root.shown(&file).as_str())
                && file.symlink_metadata().is_ok_and(|it| !it.is_dir())
            {
                let above = file.ancestors().skip(1).take_while(|folder| folder.starts_with(&root.path));
                missed.folders.extend(above.map(PathBuf::from));
                missed.files.insert(file);
            }
        }
        missed
    }

    /// Whether a path is one of them, or leads to one.
    pub(super) fn leads_to(&self, path: &Path) -> bool {
        self.files.contains(path) || self.folders.contains(path)
    }
}
