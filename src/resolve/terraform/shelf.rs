//! The files that functions of the language may read: those of the audit and no others.

use std::fmt;

/// Reads files by their path from the audited root.
pub struct Shelf<'s> {
    paths: &'s [String],
    read: &'s (dyn Fn(&str) -> Option<String> + Sync),
}

impl<'s> Shelf<'s> {
    /// A shelf of the files at these sorted paths; `read` gives the text of one, if it has any.
    pub fn new(paths: &'s [String], read: &'s (dyn Fn(&str) -> Option<String> + Sync)) -> Self {
        Self { paths, read }
    }

    /// Whether there is a file at a path.
    pub(super) fn has(&self, path: &str) -> bool {
        self.paths.binary_search_by(|known| known.as_str().cmp(path)).is_ok()
    }

    /// The text of a file.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        self.has(path).then(|| (self.read)(path))?
    }

    /// The paths that start with a folder (`modules/`; empty for all).
    pub(super) fn below(&self, folder: &str) -> &'s [String] {
        let start = self.paths.partition_point(|path| path.as_str() < folder);
        let rest = &self.paths[start..];
        let end = rest.partition_point(|path| path.starts_with(folder));
        &rest[..end]
    }
}

impl fmt::Debug for Shelf<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Shelf of {} files", self.paths.len())
    }
}
