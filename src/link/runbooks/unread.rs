//! Files among runbooks that were not read → why it cannot be told that something has none; and pages that hold
//! nothing, where a page is looked for.

use std::collections::{BTreeMap, BTreeSet};

use crate::extract::runbook::vocabulary::RUNBOOK_FOLDERS;
use crate::link::Context;
use crate::link::documents::{may_become, root_of};
use crate::model::{Id, Model, Runbook};
use crate::source::parent;
use crate::tree::Unknown;

/// So many runbooks in a folder make it one of runbooks, whatever else stands there.
const A_FEW: usize = 3;

/// Kinds of files that hold pages.
const PAGES: &[&str] = &["md", "markdown", "mdx", "rst", "adoc", "asciidoc", "org", "docx", "odt", "pdf"];

/// The first file among the runbooks of each root that may be one and was not read.
pub(super) struct Unread<'c> {
    context: &'c Context<'c>,
    first: BTreeMap<String, &'c str>,
}

impl<'c> Unread<'c> {
    pub(super) fn new(model: &Model, context: &'c Context<'c>) -> Self {
        let read: BTreeSet<&str> = model.runbooks.iter().map(|page| page.place.path.as_str()).collect();
        let mut first = BTreeMap::new();
        for path in context.paths.iter().filter(|path| is_among_runbooks(path) && !read.contains(path.as_str())) {
            first.entry(root_of(context, path).to_owned()).or_insert(path.as_str());
        }
        Self { context, first }
    }

    /// Why the pages of whatever is declared at a path are not all known.
    pub(super) fn of(&self, path: &str) -> Option<Unknown> {
        let unread = self.first.get(root_of(self.context, path))?;
        Some(Unknown::new(
            format!("`{unread}` stands among the runbooks and was not read"),
            "write it as Markdown",
            None,
        ))
    }
}

fn is_among_runbooks(path: &str) -> bool {
    let lower = path.to_lowercase();
    let Some((folders, name)) = lower.rsplit_once('/') else { return false };
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    PAGES.contains(&extension) && folders.split('/').any(|folder| RUNBOOK_FOLDERS.contains(&folder))
}

/// An empty page where the page of an alert is looked for, or among runbooks, was to be one.
pub(super) fn note_empty(model: &mut Model, context: &Context<'_>) {
    let mut folders: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for page in model.runbooks.iter().filter(|page| page.words > 0) {
        let (runbooks, all) = folders.entry(parent(&page.place.path)).or_default();
        *runbooks += usize::from(page.is_runbook());
        *all += 1;
    }
    let templates: BTreeSet<(&str, &str)> = model
        .links
        .iter()
        .filter(|link| link.alert.is_some())
        .filter_map(|link| Some((link.url.value()?.as_str(), link.place.path.as_str())))
        .filter(|(url, _)| url.contains("{{") || url.contains("${"))
        .collect();
    let awaited = |page: &Runbook| {
        let path = page.place.path.as_str();
        let among = folders
            .get(parent(path))
            .is_some_and(|(runbooks, all)| *runbooks >= A_FEW || *runbooks > 0 && runbooks * 2 >= *all);
        among || templates.iter().any(|(url, from)| may_become(url, from, path, context))
    };
    let empty = model.each::<Runbook>().filter(|(_, page)| page.words == 0 && page.kind == "document");
    let found: Vec<Id<Runbook>> = empty.filter(|(_, page)| awaited(page)).map(|(id, _)| id).collect();
    for id in found {
        model[id].kind = "procedure".into();
    }
}
