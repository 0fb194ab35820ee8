//! Links → what they lead to. Nothing is fetched: a link leads to a file of the audited roots, to nothing there, or to
//! somewhere that is not audited, which is unknown.

mod anchors;
mod dashboards;
mod files;
mod hosts;
mod repositories;
mod sites;

use std::collections::BTreeMap;

use super::Context;
use crate::model::{DocumentLink, Fact, Id, Model, Runbook};
use crate::source::{Span, below, parent};
use crate::tree::{Text, Unknown};
use anchors::{Anchor, Anchors, Style};
use dashboards::Dashboards;
pub(super) use dashboards::programs as makes_dashboards;
use files::{File, Files};
use hosts::{Hosted, Url};
use repositories::Repositories;
use sites::{Address, Shown};

/// What a link leads to.
#[derive(Debug)]
enum Target {
    /// A page, and maybe a place on it.
    Page(Id<Runbook>),
    /// A file or folder that is no page.
    Other,
    /// A page, and a cell of a table on it that reads like the anchor; with words for it.
    Cell(Id<Runbook>, String),
    /// Nothing: what was looked for.
    Nothing(String),
    /// Nothing that can be looked for here: why, and what would make it known.
    Unknown(String, &'static str),
    /// A page of the world outside.
    Outside(String),
}

const MAP: &str = "audit that repository too, or map its URL under [runbooks.urls] in twoam.toml";

/// Resolves every link, and the runbook each alert names.
pub(super) fn resolve(model: &mut Model, context: &Context<'_>) {
    let library = Library::new(model, context);
    let resolved: Vec<(Id<DocumentLink>, Target)> = model
        .each::<DocumentLink>()
        .filter_map(|(id, link)| {
            let target = match (link.url.value(), link.url.reason()) {
                (Some(url), _) => library.resolve(url, link),
                (None, Some(unknown)) => Target::Unknown(unknown.reason.clone(), "write the link out"),
                (None, None) => return None,
            };
            // From a page that a site generator makes of a template, links lead from its address, not from its file.
            let made = [".erb", ".j2", ".html.md"].iter().any(|end| link.place.path.ends_with(end));
            let target = match target {
                Target::Nothing(missing) if made => {
                    let reason = format!("{missing} is looked for from the address of a page that a template makes");
                    Target::Unknown(reason, "audit the rendered pages")
                }
                target => target,
            };
            // A row that links to itself leads where its reader is already.
            let target = match target {
                Target::Cell(page, _) if link.runbook == Some(page) => Target::Other,
                target => target,
            };
            Some((id, target))
        })
        .collect();
    let page = |path: &str| match library.files.find(path) {
        Some(File::Page(page)) => Some(page),
        _ => None,
    };
    let listed = model.surroundings.listed.iter().filter_map(|(path, span)| Some((page(path)?, *span)));
    let listed: Vec<(Id<Runbook>, Span)> = listed.collect();
    let mut gone: Vec<usize> = Vec::new();
    for (id, target) in resolved {
        let span = model[id].place.span;
        let alert = model[id].alert;
        let (dead, missing) = match &target {
            Target::Page(_) | Target::Other => (Fact::known(false, span), Text::default()),
            Target::Nothing(missing) => (Fact::known(true, span), missing.as_str().into()),
            Target::Cell(_, reason) => {
                let remedy = "put `<a id=\"…\"></a>` into the cell, or make it a heading";
                (Fact::unknown(Unknown::new(reason.clone(), remedy, span)), Text::default())
            }
            Target::Unknown(reason, remedy) => {
                (Fact::unknown(Unknown::new(reason.clone(), *remedy, span)), Text::default())
            }
            Target::Outside(reason) => {
                // Pages refer to the whole world; only that an alert does is worth a question.
                if alert.is_none() {
                    gone.push(id.index());
                }
                (Fact::unknown(Unknown::new(reason.clone(), MAP, span)), Text::default())
            }
        };
        let service = alert.and_then(|alert| model[alert].service);
        let link = &mut model[id];
        link.dead = dead;
        link.missing = missing;
        link.service = service;
        if let Target::Page(page) | Target::Cell(page, _) = target {
            model[id].page = Some(page);
            if let Some(alert) = alert {
                model[alert].runbook.page = Some(page);
                if !model[page].alerts.contains(&alert) {
                    model[page].alerts.push(alert);
                }
                let here = model[alert].place.span;
                model[page].referenced = Fact::known(true, here);
            } else if model[id].runbook != Some(page) {
                model[page].referenced = Fact::known(true, span);
            }
        }
    }
    // The contents of a site lead to the pages they list.
    for (page, span) in listed {
        if model[page].referenced.is_absent() {
            model[page].referenced = Fact::known(true, span);
        }
    }
    let (mut index, mut gone) = (0, gone.into_iter().peekable());
    // Nothing refers to links by id.
    model.links.retain(|_| {
        index += 1;
        gone.next_if_eq(&(index - 1)).is_none()
    });
}

/// The configurations of sites, and whatever else says that a site is made: looked up once for all links.
fn makers<'m>(model: &'m Model, context: &'m Context<'m>) -> Vec<&'m str> {
    let makes = |path: &&str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let (stem, _) = name.rsplit_once('.').unwrap_or((name, ""));
        MAKERS.contains(&name) || MAKERS.contains(&stem) || path.contains(".wiki/")
    };
    let sites = model.surroundings.sites.iter().map(|site| site.path.as_str());
    sites.chain(context.paths.iter().map(String::as_str).filter(makes)).collect()
}

/// What links are looked up in.
struct Library<'m> {
    model: &'m Model,
    context: &'m Context<'m>,
    files: Files<'m>,
    anchors: Anchors,
    repositories: Repositories,
    sites: Vec<Shown<'m>>,
    dashboards: Dashboards,
    /// Paths that say that something makes a site of the pages around them.
    makers: Vec<&'m str>,
    /// Titles and file names in lower case → the page, where only one is called so.
    by_title: BTreeMap<String, Option<Id<Runbook>>>,
    /// Labels in lower case → the page of each: `[](#label)` leads to it from any page of the site.
    labels: BTreeMap<String, Id<Runbook>>,
}

impl<'m> Library<'m> {
    fn new(model: &'m Model, context: &'m Context<'m>) -> Self {
        let files = Files::new(model, context.paths);
        let repositories = Repositories::new(model, context, &files);
        Self {
            model,
            context,
            anchors: Anchors::default(),
            repositories,
            sites: Shown::all(model),
            by_title: titles(model),
            labels: labels(model),
            dashboards: Dashboards::new(model, context),
            makers: makers(model, context),
            files,
        }
    }

    fn resolve(&self, url: &str, link: &DocumentLink) -> Target {
        let (url, from) = (url.trim(), link.place.path.as_str());
        if let Some(path) = crate::extract::runbook::shortcode::path(url) {
            return self.referred(path, from);
        }
        if let Some(pieces) = template(url) {
            return self.templated(url, pieces, from);
        }
        if let Some((prefix, folder)) = self.context.urls.iter().find(|(prefix, _)| url.starts_with(prefix.as_str())) {
            let (rest, anchor) = split_anchor(&url[prefix.len()..]);
            let rest = files::decode(rest.split('?').next().unwrap_or(rest));
            let path = joined(folder, rest.trim_matches('/'));
            return self.at(&path, anchor, ANYWHERE).unwrap_or_else(|| Target::Nothing(format!("`{path}`")));
        }
        let web = url.split_once("://").or_else(|| url.strip_prefix("//").map(|rest| ("https", rest)));
        if let Some((scheme, rest)) = web {
            return if matches!(scheme, "http" | "https") { self.web(&Url::new(rest)) } else { Target::Other };
        }
        if ["mailto:", "tel:", "slack:"].iter().any(|scheme| url.starts_with(scheme)) {
            return Target::Other;
        }
        if link.alert.is_some()
            && let Some(Some(page)) = self.by_title.get(&url.to_lowercase())
        {
            return Target::Page(*page);
        }
        self.relative(url, from)
    }

    /// A page of the web: a file on a code host, or a page of a site that is made of files here.
    fn web(&self, url: &Url<'_>) -> Target {
        let hosted = hosts::read(url);
        if let Some(hosted) = &hosted
            && let Some(target) = self.hosted(hosted, url.anchor)
        {
            return target;
        }
        let whole = format!("{}/{}", url.host, url.path).to_lowercase();
        for site in &self.sites {
            let rest = site.base.as_ref().and_then(|base| whole.strip_prefix(base.trim_end_matches('/')));
            if let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with('/')) {
                return self.on_site(site, &files::decode(rest), url.anchor);
            }
        }
        if let Some(target) = self.in_portal(url) {
            return target;
        }
        match self.dashboards.find(url) {
            Some(Ok(())) => Target::Other,
            Some(Err(uid)) => Target::Nothing(format!("dashboard with the uid `{uid}`")),
            None => Target::Outside(format!("{} is not part of this audit", url.host)),
        }
    }

    /// A file of a repository whose root is audited. Nothing for any other.
    fn hosted(&self, hosted: &Hosted, anchor: Option<&str>) -> Option<Target> {
        let Some(repository) = self.repositories.find(&hosted.repository) else {
            return self.of_some_repository(hosted, anchor);
        };
        let (branch_known, path) = repository.path(hosted);
        if let Some(path) = path {
            let whole = joined(&repository.prefix, &path);
            if let Some(target) = self.at(&whole, anchor, hosted.styles) {
                return Some(match self.files.in_other_case(&whole) {
                    // A code host knows upper from lower case.
                    Some(written) if repository.certain && branch_known => {
                        Target::Nothing(format!("`{whole}` (it is called `{written}`)"))
                    }
                    _ => target,
                });
            }
            if branch_known && repository.certain {
                return Some(Target::Nothing(format!("`{whole}`")));
            }
        }
        for split in 1..hosted.rest.len().min(LONGEST_BRANCH) {
            let rest = hosted.rest.get(split..).map(|parts| parts.join("/")).unwrap_or_default();
            if let Some(target) = self.at(&joined(&repository.prefix, &rest), anchor, hosted.styles) {
                return Some(target);
            }
        }
        let reason = "it is a file of another branch or commit of this repository";
        Some(Target::Unknown(reason.to_owned(), "link to the branch that people use"))
    }

    /// A file of a repository that may be this one, since nothing says which one this is, and which has the same path.
    fn of_some_repository(&self, hosted: &Hosted, anchor: Option<&str>) -> Option<Target> {
        for root in self.repositories.nameless() {
            let from = usize::from(hosted.branched);
            for split in from..hosted.rest.len().min(LONGEST_BRANCH) {
                // Every repository has a README.md: only a longer path tells this one from another.
                let rest = hosted.rest.get(split..).filter(|rest| rest.len() > 1)?.join("/");
                match self.at(&joined(root, &rest), anchor, hosted.styles) {
                    Some(Target::Nothing(_)) | None => {}
                    target => return target,
                }
            }
        }
        None
    }

    /// Backstage shows the pages of an entity below `/docs/NAMESPACE/KIND/NAME/`, on whatever host it runs.
    /// <https://backstage.io/docs/features/techdocs/how-to-guides>
    fn in_portal(&self, url: &Url<'_>) -> Option<Target> {
        let lower = url.path.to_lowercase();
        let (before, rest) = lower.split_once("docs/")?;
        if !before.is_empty() && !before.ends_with('/') {
            return None;
        }
        let mut parts = rest.splitn(4, '/');
        let (namespace, kind, name) = (parts.next()?, parts.next()?, parts.next()?);
        let page = parts.next().unwrap_or_default();
        let entry = self.model.catalogue.iter().find(|entry| {
            let own = entry.name.value().is_some_and(|own| own.eq_ignore_ascii_case(name));
            own && entry.kind.eq_ignore_ascii_case(kind) && (namespace == "default" || namespace.len() > 1)
        })?;
        let place = entry.annotations.value("backstage.io/techdocs-ref")?.strip_prefix("dir:")?;
        let folder = parent(&entry.place.path);
        let folder = crate::source::join(folder, place)?;
        let site = self.sites.iter().find(|site| site.is_of(&folder))?;
        Some(self.on_site(site, &files::decode(page), url.anchor))
    }

    fn on_site(&self, site: &Shown<'_>, address: &str, anchor: Option<&str>) -> Target {
        match site.show(address, &self.files) {
            Address::Page(page) => self.place_on(page, anchor, site.styles()),
            Address::Other => Target::Other,
            Address::Nothing => {
                Target::Nothing(format!("page `{}` on the site of {}", address.trim_matches('/'), site.path()))
            }
            Address::Unknown => {
                let reason = format!("more than the pages here makes up the site of {}", site.path());
                Target::Unknown(reason, "link to the file itself")
            }
        }
    }

    /// A path from where the link stands, from the root it stands in, or of the site that shows the page.
    fn relative(&self, url: &str, from: &str) -> Target {
        let (written, anchor) = split_anchor(url);
        let here = match self.files.find(from) {
            Some(File::Page(page)) => Some(page),
            _ => None,
        };
        if written.is_empty() {
            return match here {
                Some(page) if anchor.is_some() => match self.place_on(page, anchor, ANYWHERE) {
                    Target::Nothing(missing) => {
                        let label = files::decode(anchor.unwrap_or_default()).to_lowercase();
                        self.labels.get(&label).map_or(Target::Nothing(missing), |page| Target::Page(*page))
                    }
                    target => target,
                },
                _ => Target::Other,
            };
        }
        let path = files::decode(written.split('?').next().unwrap_or(written));
        let folder = parent(from);
        let root = root_of(self.context, from);
        let site_path = |address: &str| {
            here.into_iter().find_map(|page| {
                let site = self.sites.iter().find(|site| site.address_of(page).is_some())?;
                match site.show(address, &self.files) {
                    Address::Page(page) => Some(self.place_on(page, anchor, site.styles())),
                    _ => None,
                }
            })
        };
        if let Some(rooted) = path.strip_prefix('/') {
            if let Some(target) = self.at(&joined(root, rooted), anchor, ANYWHERE).or_else(|| site_path(rooted)) {
                return target;
            }
            let docsify = self.docsify(from);
            let target = docsify.and_then(|folder| self.at(&joined(folder, rooted), anchor, ANYWHERE));
            let target = target.or_else(|| {
                let path = joined(docsify.filter(|_| rooted.rsplit('.').next() == Some("md"))?, rooted);
                Some(Target::Nothing(format!("`{path}`")))
            });
            return target.unwrap_or_else(|| {
                Target::Unknown(
                    format!("`{path}` is a path of a web site"),
                    "map its URL under [runbooks.urls] in twoam.toml",
                )
            });
        }
        let inside = folder.strip_prefix(root).unwrap_or(folder).trim_start_matches('/');
        let Some(relative) = crate::source::join(inside, &path) else {
            return Target::Unknown(
                "the link leads out of the audited roots".into(),
                "audit the folder it leads to as well",
            );
        };
        // From the file; or from the root of the repository, as alert annotations do.
        let beside = joined(root, &relative);
        if let Some(target) =
            self.at(&beside, anchor, ANYWHERE).or_else(|| self.at(&joined(root, &path), anchor, ANYWHERE))
        {
            return target;
        }
        let address = here.and_then(|page| self.sites.iter().find_map(|site| site.address_of(page)));
        if let Some(target) =
            address.and_then(|address| crate::source::join(address, &path)).and_then(|it| site_path(&it))
        {
            return target;
        }
        // A site generator makes pages of other names; anything else that has an extension is a file.
        let file = path.rsplit('/').next().unwrap_or(&path);
        let extension =
            file.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map_or("", |(_, extension)| extension);
        let names_file = (1..=5).contains(&extension.len()) && extension.chars().all(|c| c.is_ascii_alphanumeric());
        if names_file && !matches!(extension, "html" | "htm") {
            return Target::Nothing(format!("`{beside}`"));
        }
        // A code host shows a README.md as it is, and where nothing makes a site of the pages it shows them all.
        let page = joined(root, &format!("{}.md", relative.trim_end_matches('/')));
        let shown = from.ends_with("README.md") && self.files.find(&page).is_none();
        if shown && !self.makes_site(root) {
            return Target::Nothing(format!("`{beside}`"));
        }
        Target::Unknown(format!("`{path}` is a path that a site generator resolves"), "link to the file itself")
    }

    /// Whether anything in a root may make a site of its pages.
    fn makes_site(&self, root: &str) -> bool {
        self.makers.iter().any(|path| below(root, path).is_some())
    }

    /// The folder above a page that docsify shows: a leading `/` of its links is that folder.
    /// <https://docsify.js.org/#/helpers?id=customise-relative-links>
    fn docsify(&self, from: &str) -> Option<&'m str> {
        let there = |folder: &str, name: &str| self.files.find(&joined(folder, name)).is_some();
        let shows = |folder: &str| there(folder, "index.html") && DOCSIFY.iter().any(|name| there(folder, name));
        let paths = self.context.paths;
        let at = paths.binary_search_by(|path| path.as_str().cmp(from)).ok()?;
        let mut folder = parent(paths.get(at)?);
        while !shows(folder) {
            if folder.is_empty() {
                return None;
            }
            folder = parent(folder);
        }
        Some(folder)
    }

    /// A page as a shortcode names it: from here, from the site's folder of pages, or by its name where only one has it.
    fn referred(&self, written: &str, from: &str) -> Target {
        let (path, anchor) = split_anchor(written);
        let folder = parent(from);
        let here = crate::source::join(folder, path).filter(|_| !path.starts_with('/'));
        let on_site = self.sites.iter().map(|site| joined(site.content(), path.trim_start_matches('/')));
        let found = here.into_iter().chain(on_site).find_map(|path| self.at(&path, anchor, ANYWHERE));
        let name = super::names::stem(path).to_lowercase();
        let named = || self.by_title.get(&name).copied().flatten().map(|page| self.place_on(page, anchor, ANYWHERE));
        let rooted = joined(root_of(self.context, from), path.trim_start_matches('/'));
        found.or_else(|| self.at(&rooted, anchor, ANYWHERE)).or_else(named).unwrap_or_else(|| {
            Target::Unknown(format!("`{written}` is looked up by a site generator"), "link to the file itself")
        })
    }

    /// A link with gaps that something fills in later: known to lead nowhere only where nothing could fill them.
    fn templated(&self, url: &str, pieces: Vec<String>, from: &str) -> Target {
        let unknown = Target::Unknown("the link is made from a template".into(), "write the link out");
        if url.contains("://") || url.starts_with('/') || !url.contains('/') {
            return unknown;
        }
        let Some(pieces) = of_page(pieces) else { return unknown };
        let folder = parent(from);
        let like = [folder, root_of(self.context, from)]
            .iter()
            .any(|start| self.files.any_like(&starting(start, pieces.clone())));
        if like { unknown } else { Target::Nothing(format!("file that `{url}` could become")) }
    }

    /// What stands at a path as shown, and at an anchor of it.
    fn at(&self, path: &str, anchor: Option<&str>, styles: &[Style]) -> Option<Target> {
        Some(match self.files.find(path)? {
            File::Page(page) => self.place_on(page, anchor, styles),
            File::Other => Target::Other,
        })
    }

    fn place_on(&self, page: Id<Runbook>, anchor: Option<&str>, styles: &[Style]) -> Target {
        let Some(anchor) = anchor else { return Target::Page(page) };
        let shown_on = self.sites.iter().find(|site| styles == ANYWHERE && site.address_of(page).is_some());
        let of_site = shown_on.map_or(&[][..], Shown::styles);
        let styles: Vec<Style> = styles.iter().chain(of_site).copied().collect();
        let path = &self.model[page].place.path;
        match self.anchors.find(self.model, page, anchor, &styles) {
            Anchor::There => Target::Page(page),
            Anchor::Nothing => Target::Nothing(format!("heading `#{anchor}` in {path}")),
            Anchor::Cell => {
                Target::Cell(page, format!("`#{anchor}` is no heading of {path}, only a cell of a table there"))
            }
        }
    }
}

/// Pages that only docsify has, beside its index.html.
const DOCSIFY: &[&str] = &["_sidebar.md", "_coverpage.md", "_navbar.md"];

/// Files, with or without their extension, that a site generator is set up with, and folders' contents of one.
const MAKERS: &[&str] = &[
    "_config",
    "antora",
    "astro.config",
    "book.toml",
    "conf.py",
    "config.toml",
    "docusaurus.config",
    "gatsby-config",
    "hugo",
    "mint.json",
    "mkdocs",
    "SUMMARY.md",
    "zensical",
    "_sidebar",
    "_index.md",
];

/// Where a page may be looked at in several ways.
const ANYWHERE: &[Style] = &[Style::GitHub, Style::GitLab];

/// How many parts a branch's name may have, and one.
const LONGEST_BRANCH: usize = 6;

fn labels(model: &Model) -> BTreeMap<String, Id<Runbook>> {
    let pages = model.each::<Runbook>();
    pages.flat_map(|(id, page)| page.labels.iter().map(move |label| (label.to_lowercase().into(), id))).collect()
}

/// Titles and file names of pages that are runbooks or may be.
fn titles(model: &Model) -> BTreeMap<String, Option<Id<Runbook>>> {
    let mut titles: BTreeMap<String, Option<Id<Runbook>>> = BTreeMap::new();
    for (id, page) in model.each::<Runbook>().filter(|(_, page)| page.kind != "template") {
        let heading = page.headings.first().map(|(_, text, _)| text.trim().to_lowercase());
        let title = Some(page.address.title.trim().to_lowercase());
        let stem = Some(super::names::stem(&page.place.path).to_lowercase());
        let mut own: Vec<String> = [heading, title, stem].into_iter().flatten().filter(|it| !it.is_empty()).collect();
        own.sort_unstable();
        own.dedup();
        for name in own {
            // A name that two pages have leads to neither.
            titles.entry(name).and_modify(|page| *page = None).or_insert(Some(id));
        }
    }
    titles
}

/// The pieces of a link around what something fills in later; nothing where it is written out.
fn template(url: &str) -> Option<Vec<String>> {
    const MARKS: &[(&str, &str)] = &[("{{", "}}"), ("${", "}"), ("$(", ")"), ("{%", "%}"), ("<", ">")];
    let mut pieces = Vec::new();
    let mut rest = url;
    loop {
        let next = MARKS.iter().filter_map(|(open, close)| Some((rest.find(open)?, *open, *close))).min();
        let Some((at, open, close)) = next else { break };
        pieces.push(rest.get(..at)?.to_owned());
        let after = rest.get(at + open.len()..)?;
        rest = after.find(close).and_then(|end| after.get(end + close.len()..)).unwrap_or_default();
    }
    if pieces.is_empty() {
        return None;
    }
    pieces.push(rest.to_owned());
    Some(pieces)
}

/// Whether a link made from a template may lead to the page at a path: what stands around its gaps stands there too.
pub(super) fn may_become(url: &str, from: &str, path: &str, context: &Context<'_>) -> bool {
    let pieces = template(url).filter(|_| !url.contains("://")).and_then(of_page);
    pieces.is_some_and(|pieces| files::is_like(&path.to_lowercase(), &starting(root_of(context, from), pieces)))
}

/// The pieces of a link made from a template, where it is a path to a page that begins with a folder.
fn of_page(mut pieces: Vec<String>) -> Option<Vec<String>> {
    let last = pieces.last_mut()?;
    *last = split_anchor(last).0.to_lowercase();
    let names_page = last.rsplit_once('.').is_some_and(|(_, extension)| extension == "md");
    let starts = pieces.first().is_some_and(|first| first.contains('/') && !first.starts_with('.'));
    (names_page && starts).then_some(pieces)
}

/// Such pieces as seen from a folder.
fn starting(folder: &str, mut pieces: Vec<String>) -> Vec<String> {
    if let Some(first) = pieces.first_mut() {
        *first = joined(folder, first).to_lowercase();
    }
    pieces
}

/// The root a path stands in, as what its paths are shown below.
pub(super) fn root_of<'c>(context: &'c Context<'c>, path: &str) -> &'c str {
    let prefixes = context.roots.iter().map(|root| root.prefix.as_str());
    prefixes.filter(|prefix| below(prefix, path).is_some()).max_by_key(|prefix| prefix.len()).unwrap_or_default()
}

/// A path below a folder; either may be empty.
pub(super) fn joined(folder: &str, path: &str) -> String {
    let path = path.trim_start_matches("./");
    if folder.is_empty() { path.to_owned() } else { format!("{}/{path}", folder.trim_end_matches('/')) }
}

fn split_anchor(url: &str) -> (&str, Option<&str>) {
    match url.split_once('#') {
        Some((path, anchor)) if !anchor.is_empty() => (path, Some(anchor)),
        Some((path, _)) => (path, None),
        None => (url, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_come_apart_around_their_gaps() {
        let pieces = |url: &str| template(url).unwrap();
        assert_eq!(pieces("docs/{{ $labels.type }}/README.md"), ["docs/", "/README.md"]);
        assert_eq!(pieces("${base}/x#${y}"), ["", "/x#", ""]);
        assert_eq!(pieces("docs/{{ broken"), ["docs/", ""]);
        assert_eq!(template("docs/x.md"), None);
    }
}
