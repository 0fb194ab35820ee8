//! Paths of the audited roots, for look-up with and without regard to case, and the pages among them.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Id, Model, Runbook};
use crate::source::in_folder;

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum File {
    /// A page.
    Page(Id<Runbook>),
    /// A file or folder that is no page.
    Other,
}

/// All paths.
pub(super) struct Files<'c> {
    /// In lower case → as they are, and the page of each.
    by_lower: BTreeMap<String, (&'c str, Option<Id<Runbook>>)>,
    /// As they are.
    exact: BTreeSet<&'c str>,
    /// Folders in lower case.
    folders: BTreeSet<String>,
}

impl<'c> Files<'c> {
    pub(super) fn new(model: &Model, paths: &'c [String]) -> Self {
        let pages: BTreeMap<&str, Id<Runbook>> =
            model.each::<Runbook>().map(|(id, page)| (page.place.path.as_str(), id)).collect();
        let mut by_lower = BTreeMap::new();
        let mut folders = BTreeSet::from([String::new()]);
        for path in paths {
            let lower = path.to_lowercase();
            let mut folder = lower.as_str();
            while let Some((parent, _)) = folder.rsplit_once('/') {
                if !folders.insert(parent.to_owned()) {
                    break;
                }
                folder = parent;
            }
            by_lower.entry(lower).or_insert((path.as_str(), pages.get(path.as_str()).copied()));
        }
        Self { by_lower, exact: paths.iter().map(String::as_str).collect(), folders }
    }

    /// What stands at a path, in any case; a folder is its README or index, a path without extension may be a page.
    pub(super) fn find(&self, path: &str) -> Option<File> {
        let lower = path.trim_start_matches("./").trim_end_matches('/').to_lowercase();
        let page = |path: &str| self.by_lower.get(path).and_then(|(_, page)| *page);
        let with = |extension: &str| format!("{lower}.{extension}");
        // `orders.html` is made of `orders.html.md` or `orders.html.md.erb`.
        let made = ["md", "mdx", "md.erb", "html.md", "html.md.erb"].into_iter().map(with);
        let inside = ["readme.md", "index.md", "_index.md", "index.mdx", "index.html.md.erb"];
        let inside = inside.into_iter().map(|name| in_folder(&lower, name));
        if let Some(page) = std::iter::once(lower.clone()).chain(made).chain(inside).find_map(|path| page(&path)) {
            return Some(File::Page(page));
        }
        (self.by_lower.contains_key(&lower) || self.folders.contains(&lower)).then_some(File::Other)
    }

    /// How a path is written here, where it is written otherwise than asked.
    pub(super) fn in_other_case(&self, path: &str) -> Option<&'c str> {
        if self.exact.contains(path) {
            return None;
        }
        self.by_lower.get(&path.to_lowercase()).map(|(path, _)| *path)
    }

    /// Whether any path begins, goes on and ends as these pieces do, in this order, in any case.
    pub(super) fn any_like(&self, pieces: &[String]) -> bool {
        let Some(first) = pieces.first().filter(|_| pieces.len() > 1) else { return true };
        let from_first = self.by_lower.range(first.clone()..).map(|(path, _)| path);
        from_first.take_while(|path| path.starts_with(first.as_str())).any(|path| is_like(path, pieces))
    }
}

/// Whether a path begins, goes on and ends as these pieces do, in this order.
pub(super) fn is_like(path: &str, pieces: &[String]) -> bool {
    let [first, middle @ .., last] = pieces else { return true };
    let inner = path.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str()));
    let Some(mut rest) = inner else { return false };
    middle.iter().all(|piece| {
        let after = rest.find(piece.as_str()).and_then(|at| rest.get(at + piece.len()..));
        rest = after.unwrap_or(rest);
        after.is_some()
    })
}

/// Undoes percent encoding.
pub(super) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = text.get(at + 1..at + 3).filter(|_| *byte == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        decoded.push(hex.unwrap_or(*byte));
        at += if hex.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_urls_are_undone() {
        assert_eq!(decode("a%20b%2"), "a b%2");
        assert_eq!(decode("%E6%A6%82"), "概");
        assert_eq!(decode("%zz%é"), "%zz%é");
    }

    #[test]
    fn pieces_are_found_in_order() {
        let paths: Vec<String> = ["docs/api/README.md", "docs/web/old/page.md"].map(str::to_owned).into();
        let files = Files::new(&Model::default(), &paths);
        let like = |pieces: &[&str]| files.any_like(&pieces.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        assert!(like(&["docs/", "/readme.md"]) && like(&["docs/", "/old/", ".md"]) && like(&["", ""]));
        assert!(
            !like(&["docs/", "/index.md"]) && !like(&["runbooks/", ".md"]) && !like(&["docs/api/readme.md", "me.md"])
        );
    }
}
