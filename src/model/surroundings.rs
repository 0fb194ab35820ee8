//! What stands around pages: the sites that show them, the repositories that hold them, the targets their commands call.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::source::Span;
use crate::tree::Text;

/// All of it, file by file.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Surroundings {
    /// Sites that a generator makes of pages here.
    pub sites: Vec<Site>,
    /// What files say of the repository that holds them.
    pub repositories: Vec<Repository>,
    /// Makefiles.
    pub makefiles: Vec<Makefile>,
    /// Dashboards that are not here, or not known: why, and where they are named.
    pub unread_dashboards: Vec<(Text, Span)>,
    /// Paths of programs that make dashboards and were evaluated for them.
    pub drawn: BTreeSet<Text>,
    /// Pages that say what happens when an error budget is spent.
    pub budget_policies: Vec<Span>,
    /// Names of teams that are listed: in a catalogue, in an organisation, in a paging tool.
    pub teams: Vec<Text>,
    /// Pages that the contents of a site list: their paths as shown, maybe without extension, and where they are listed.
    pub listed: Vec<(Text, Span)>,
    /// Folders of one root that a kustomization of another includes, each with the folder of that kustomization.
    pub shared_bases: Vec<(Text, Text)>,
    /// Where Flux is told to try failed upgrades again, whatever releases leave out.
    pub tries_again: Option<Span>,
    /// Where a schedule of snapshots is attached to a disk by hand.
    pub attaches_schedules: Option<Span>,
    /// The first service named that asks from outside, and where.
    pub asks_from_outside: Option<(Text, Span)>,
}

impl Surroundings {
    /// Appends those of another file.
    pub fn absorb(&mut self, other: Self) {
        self.sites.extend(other.sites);
        self.repositories.extend(other.repositories);
        self.makefiles.extend(other.makefiles);
        self.unread_dashboards.extend(other.unread_dashboards);
        self.drawn.extend(other.drawn);
        self.budget_policies.extend(other.budget_policies);
        self.teams.extend(other.teams);
        self.listed.extend(other.listed);
        self.shared_bases.extend(other.shared_bases);
        self.tries_again = self.tries_again.or(other.tries_again);
        self.attaches_schedules = self.attaches_schedules.or(other.attaches_schedules);
        self.asks_from_outside = self.asks_from_outside.take().or(other.asks_from_outside);
    }
}

/// A program that makes a web site of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Generator {
    /// <https://www.mkdocs.org/user-guide/configuration/>, and `TechDocs`, which is built on it.
    Mkdocs,
    /// <https://gohugo.io/content-management/urls/>
    Hugo,
    /// <https://docusaurus.io/docs/create-doc>
    Docusaurus,
    /// <https://jekyllrb.com/docs/permalinks/>
    Jekyll,
}

/// A site, as its own configuration describes it.
#[derive(Clone, Debug, Serialize)]
pub struct Site {
    /// The configuration file.
    pub path: Text,
    /// What makes it.
    pub generator: Generator,
    /// The URL it is served at; none where the configuration leaves it to whoever builds the site.
    pub base: Option<Text>,
    /// The folder of its pages, as shown.
    pub content: Text,
    /// What their addresses begin with below the base: `docs`.
    pub mount: Text,
    /// Patterns of addresses by section, as Hugo and Jekyll have them.
    pub permalinks: Vec<(Text, Text)>,
    /// Whether something else than these pages makes addresses too (plugins, mounts, collections), so that a page that
    /// is not found may exist all the same.
    pub open: bool,
}

/// A repository that a file says to be its own: the host and path in lower case (`github.com/acme/platform`).
#[derive(Clone, Debug, Serialize)]
pub struct Repository {
    /// Host and path.
    pub name: Text,
    /// The file that says so.
    pub path: Text,
}

/// What can be made with a Makefile.
#[derive(Clone, Debug, Serialize)]
pub struct Makefile {
    /// The file.
    pub path: Text,
    /// Its targets.
    pub targets: Vec<Text>,
    /// Whether it may have others: it includes files, has pattern rules or targets made of variables.
    pub open: bool,
}

/// What a page's front matter says of its address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Address {
    /// `title`.
    pub title: Text,
    /// `slug`.
    pub slug: Text,
    /// `url` (Hugo) or `permalink` (Jekyll).
    pub url: Text,
    /// `id` (Docusaurus).
    pub id: Text,
    /// `aliases` and `redirect_from`.
    pub aliases: Vec<Text>,
    /// Whether it is left out of the site: `draft: true`, `published: false`.
    pub draft: bool,
}
