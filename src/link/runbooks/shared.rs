//! Procedures of a whole repository → every service and datastore in it: a page called after restoring or rolling back
//! that names no service holds for all of them, and a script called so may.

use std::collections::BTreeMap;

use crate::link::Context;
use crate::link::documents::root_of;
use crate::link::names::stem;
use crate::model::{Fact, Model, Runbook};
use crate::source::Span;
use crate::tree::Unknown;

/// What a procedure is for, as sections name it, and the words by which titles do.
pub(super) const PURPOSES: &[(&str, &[&str])] = &[
    ("rollback", &["rollback", "rolling back", "roll back"]),
    ("restore", &["restore", "restoring", "disaster recovery"]),
];

/// Kinds of files that somebody runs.
const SCRIPTS: &[&str] = &["sh", "bash", "py", "rb", "js", "ts", "pl", "ps1"];

/// Pages and scripts that hold for all of a root.
pub(super) struct Shared<'c> {
    context: &'c Context<'c>,
    /// Root and purpose → the first page.
    pages: BTreeMap<(String, &'static str), Span>,
    /// Root → the first script that is called after rolling back.
    scripts: BTreeMap<String, &'c str>,
}

impl<'c> Shared<'c> {
    pub(super) fn new(model: &Model, context: &'c Context<'c>) -> Self {
        let mut pages = BTreeMap::new();
        for page in model.runbooks.iter().filter(|page| holds_for_all(page)) {
            let root = root_of(context, &page.place.path).to_owned();
            for (purpose, words) in PURPOSES {
                if page.sections.iter().any(|section| section == purpose) && called(page, words) {
                    pages.entry((root.clone(), *purpose)).or_insert(page.place.span);
                }
            }
        }
        let mut scripts = BTreeMap::new();
        for path in context.paths.iter().filter(|path| rolls_back(path)) {
            scripts.entry(root_of(context, path).to_owned()).or_insert(path.as_str());
        }
        Self { context, pages, scripts }
    }

    /// The page that holds for whatever is declared at a path.
    pub(super) fn page(&self, purpose: &'static str, path: &str) -> Option<Span> {
        self.pages.get(&(root_of(self.context, path).to_owned(), purpose)).copied()
    }

    /// What no page says is not known where a script may do it.
    pub(super) fn unless_scripted(&self, fact: Fact<bool>, path: &str) -> Fact<bool> {
        match self.scripts.get(root_of(self.context, path)) {
            Some(script) if fact.is_false() => {
                let reason = format!("`{script}` may be the way back, and no page says when and how to use it");
                Fact { span: fact.span, ..Fact::unknown(Unknown::new(reason, "write a page about it", None)) }
            }
            _ => fact,
        }
    }
}

fn holds_for_all(page: &Runbook) -> bool {
    page.is_runbook() && page.services.is_empty() && !page.skeleton.is_true()
}

/// Whether its file or its title is called so.
fn called(page: &Runbook, words: &[&str]) -> bool {
    let title = page.headings.first().map(|(_, text, _)| text.to_lowercase()).unwrap_or_default();
    let file = stem(&page.place.path).to_lowercase().replace(['-', '_'], " ");
    words.iter().any(|word| title.contains(word) || file.contains(word))
}

/// Whether a file is a script, or a workflow, that is called after rolling back a release.
fn rolls_back(path: &str) -> bool {
    let lower = path.to_lowercase();
    let (folder, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let called = name.contains("rollback") || name.contains("roll-back") || name.contains("roll_back");
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let script = SCRIPTS.contains(&extension) || extension.is_empty() || folder.ends_with("workflows");
    // A change of a database that can be undone is another matter, and so is what is only tried.
    let other = ["migrat", "test", "vendor", "node_modules", "charts"].iter().any(|word| lower.contains(word));
    called && script && !other
}

#[cfg(test)]
mod tests {
    use super::rolls_back;

    #[test]
    fn scripts_that_roll_back_are_known_by_their_names() {
        for path in ["aws-rollback.py", "scripts/roll-back.sh", "bin/rollback", ".github/workflows/rollback.yml"] {
            assert!(rolls_back(path), "{path}");
        }
        for path in
            ["db/migrations/0001_rollback.py", "tests/rollback_test.py", "docs/rollback.md", "k8s/rollback.yaml"]
        {
            assert!(!rolls_back(path), "{path}");
        }
    }
}
