//! Addresses of documentation sites → the pages they show, by the rules of each generator.

use crate::source::parent;
use std::collections::BTreeMap;

use super::anchors::Style;
use super::files::Files;
use crate::model::surroundings::{Generator, Site};
use crate::model::{Id, Model, Runbook};

/// A site whose pages are here.
pub(super) struct Shown<'m> {
    site: &'m Site,
    /// Where it is served, without scheme, in lower case: `docs.example.net/ops`.
    pub(super) base: Option<String>,
    /// Address below the base, in lower case, without slashes at its ends → page.
    pages: BTreeMap<String, Id<Runbook>>,
    /// The addresses of each page.
    addresses: BTreeMap<Id<Runbook>, String>,
}

/// What an address shows.
pub(super) enum Address {
    /// A page.
    Page(Id<Runbook>),
    /// Something else that the site has.
    Other,
    /// Nothing: the site has no such page.
    Nothing,
    /// More than its pages makes up the site.
    Unknown,
}

impl<'m> Shown<'m> {
    /// Every site of the model.
    pub(super) fn all(model: &'m Model) -> Vec<Self> {
        let mut shown: Vec<Self> = model.surroundings.sites.iter().map(|site| Self::new(model, site)).collect();
        // The longest base says most.
        shown.sort_by_key(|site| std::cmp::Reverse(site.base.as_ref().map_or(0, String::len)));
        shown
    }

    fn new(model: &Model, site: &'m Site) -> Self {
        let mut pages = BTreeMap::new();
        let mut addresses = BTreeMap::new();
        for (id, page) in model.each::<Runbook>() {
            let Some(inside) = inside(&site.content, &page.place.path) else { continue };
            if page.address.draft {
                continue;
            }
            let mut own = own(site, page, inside).into_iter();
            if let Some(first) = own.next() {
                addresses.insert(id, first.clone());
                pages.insert(first, id);
            }
            for other in own {
                pages.entry(other).or_insert(id);
            }
        }
        let base = site.base.as_ref().and_then(|url| Some(url.split_once("://")?.1.to_lowercase()));
        Self { site, base, pages, addresses }
    }

    pub(super) fn path(&self) -> &str {
        &self.site.path
    }

    /// The folder of its pages.
    pub(super) fn content(&self) -> &str {
        &self.site.content
    }

    pub(super) fn styles(&self) -> &'static [Style] {
        Style::of_site(self.site.generator)
    }

    /// The address of a page on this site.
    pub(super) fn address_of(&self, page: Id<Runbook>) -> Option<&str> {
        self.addresses.get(&page).map(String::as_str)
    }

    /// Whether its pages are those of a folder.
    pub(super) fn is_of(&self, folder: &str) -> bool {
        self.site.content == folder || parent(&self.site.path) == folder
    }

    /// What an address below the base shows. Sites are often served without regard to case.
    pub(super) fn show(&self, address: &str, files: &Files<'_>) -> Address {
        let lower = plain(address);
        if let Some(page) = self.pages.get(&lower) {
            return Address::Page(*page);
        }
        let folder = parent(&self.site.path);
        let below = |start: &str| {
            [start, lower.as_str()].iter().filter(|it| !it.is_empty()).copied().collect::<Vec<_>>().join("/")
        };
        let content = &self.site.content;
        let there = |path: &str| files.find(path).is_some();
        if lower.is_empty()
            || there(&below(content))
            || there(&below(format!("{folder}/static").trim_start_matches('/')))
        {
            return Address::Other;
        }
        let first = lower.split('/').next().unwrap_or_default();
        let mount = self.site.mount.to_lowercase();
        let elsewhere = match self.site.generator {
            Generator::Hugo => ["tags", "categories", "page"].contains(&first),
            Generator::Docusaurus => {
                let rest = lower.strip_prefix(mount.as_str()).map(|rest| rest.trim_start_matches('/'));
                let versioned = |rest: &str| {
                    let first = rest.split('/').next().unwrap_or_default();
                    ["next", "category", "tags"].contains(&first) || first.starts_with(|it: char| it.is_ascii_digit())
                };
                mount.is_empty() || rest.is_none_or(versioned) || there(&format!("{folder}/versions.json"))
            }
            Generator::Jekyll => ["category", "tag", "tags", "page"].contains(&first),
            Generator::Mkdocs => first == "tags",
        };
        let is_file = lower.rsplit('/').next().is_some_and(|name| name.contains('.'));
        if self.site.open || elsewhere || is_file || self.pages.is_empty() {
            Address::Unknown
        } else {
            Address::Nothing
        }
    }
}

/// A path below a folder.
fn inside<'p>(folder: &str, path: &'p str) -> Option<&'p str> {
    if folder.is_empty() { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}

/// An address as it is looked up: lower case, without slashes at its ends, without `index.html` or `.html`.
fn plain(address: &str) -> String {
    let lower = address.trim_matches('/').to_lowercase();
    let lower = lower.strip_suffix("index.html").map_or(lower.as_str(), |rest| rest.trim_end_matches('/'));
    lower.strip_suffix(".html").unwrap_or(lower).trim_end_matches('/').to_owned()
}

/// The addresses of a page, the one it is shown at first.
fn own(site: &Site, page: &Runbook, inside: &str) -> Vec<String> {
    let (folder, name) = inside.rsplit_once('/').unwrap_or(("", inside));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let main = match site.generator {
        Generator::Mkdocs => of_folder(folder, if is_index(stem) { "" } else { stem }),
        Generator::Hugo => hugo(site, page, folder, stem),
        Generator::Docusaurus => docusaurus(site, page, folder, stem),
        Generator::Jekyll => jekyll(page, folder, stem),
    };
    let mut all = vec![plain(&main)];
    all.extend(page.address.aliases.iter().map(|alias| match alias.strip_prefix('/') {
        Some(rooted) => plain(rooted),
        None => plain(&of_folder(folder, alias)),
    }));
    all
}

fn is_index(stem: &str) -> bool {
    ["index", "readme", "_index"].contains(&stem.to_lowercase().as_str())
}

fn of_folder(folder: &str, name: &str) -> String {
    [folder, name].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("/")
}

/// <https://gohugo.io/content-management/urls/>: `url`, then the section's pattern, then folder and `slug` or file name.
fn hugo(site: &Site, page: &Runbook, folder: &str, stem: &str) -> String {
    let address = &page.address;
    if !address.url.is_empty() {
        return address.url.to_string();
    }
    // A bundle is `folder/index.md`; `name.de.md` is the page in another language.
    let stem = stem.split_once('.').map_or(stem, |(name, language)| if language.len() == 2 { name } else { stem });
    let (folder, stem) = match stem {
        "_index" => return folder.replace(' ', "-"),
        "index" => folder.rsplit_once('/').unwrap_or(("", folder)),
        stem => (folder, stem),
    };
    let slug = if address.slug.is_empty() { stem } else { address.slug.as_str() };
    let section = folder.split('/').next().unwrap_or_default();
    let pattern = site.permalinks.iter().find(|(name, _)| name == section).map(|(_, pattern)| pattern.as_str());
    let whole = match pattern {
        None => of_folder(folder, slug),
        Some(pattern) => pattern
            .replace(":sections", folder)
            .replace(":section", section)
            .replace(":slugorcontentbasename", slug)
            .replace(":slugorfilename", slug)
            .replace(":contentbasename", stem)
            .replace(":filename", stem)
            .replace(":slug", if address.slug.is_empty() { title(page, stem) } else { slug })
            .replace(":title", title(page, stem)),
    };
    whole.replace(' ', "-")
}

fn title<'p>(page: &'p Runbook, stem: &'p str) -> &'p str {
    if page.address.title.is_empty() { stem } else { &page.address.title }
}

/// <https://docusaurus.io/docs/create-doc#doc-urls>: `slug`, then folder and `id` or file name; numbers in front of
/// names only sort them, and a page called as its folder is the folder's.
fn docusaurus(site: &Site, page: &Runbook, folder: &str, stem: &str) -> String {
    let address = &page.address;
    let folder = folder.split('/').map(unnumbered).collect::<Vec<_>>().join("/");
    let last = folder.rsplit('/').next().unwrap_or_default();
    let inside = match (address.slug.strip_prefix('/'), address.slug.as_str()) {
        (Some(rooted), _) => rooted.to_owned(),
        (None, "") => {
            let name = if address.id.is_empty() { unnumbered(stem) } else { &address.id };
            let of_it = is_index(stem) || name.eq_ignore_ascii_case(last);
            of_folder(&folder, if of_it { "" } else { name })
        }
        (None, slug) => of_folder(&folder, slug),
    };
    of_folder(&site.mount, &inside)
}

/// `01-intro` → `intro`.
fn unnumbered(name: &str) -> &str {
    let rest = name.trim_start_matches(|it: char| it.is_ascii_digit());
    let separated = rest.len() < name.len() && rest.starts_with(['-', '_', '.', ' ']);
    let bare = rest.trim_start_matches(['-', '_', '.', ' ']);
    if separated && !bare.is_empty() { bare } else { name }
}

/// <https://jekyllrb.com/docs/pages/>: `permalink`, or where the file stands; `_runbooks/` is the collection `runbooks`.
fn jekyll(page: &Runbook, folder: &str, stem: &str) -> String {
    if !page.address.url.is_empty() {
        return page.address.url.to_string();
    }
    of_folder(folder.strip_prefix('_').unwrap_or(folder), if is_index(stem) { "" } else { stem })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(generator: Generator, mount: &str) -> Site {
        let permalinks = vec![("posts".into(), "/:sections/:slug/".into())];
        Site {
            path: "x".into(),
            generator,
            base: None,
            content: "".into(),
            mount: mount.into(),
            permalinks,
            open: false,
        }
    }

    #[test]
    fn addresses_follow_the_rules_of_their_generator() {
        let page = |url: &str, slug: &str, id: &str| {
            let mut page = Runbook::default();
            page.address.url = url.into();
            page.address.slug = slug.into();
            page.address.id = id.into();
            page
        };
        for (generator, mount, path, (url, slug, id), expected) in [
            (Generator::Mkdocs, "", "ops/Down.md", ("", "", ""), "ops/down"),
            (Generator::Mkdocs, "", "ops/README.md", ("", "", ""), "ops"),
            (Generator::Hugo, "", "runbooks/node/NodeDown.md", ("", "", ""), "runbooks/node/nodedown"),
            (Generator::Hugo, "", "runbooks/node/_index.md", ("", "", ""), "runbooks/node"),
            (Generator::Hugo, "", "runbooks/My Page/index.md", ("", "", ""), "runbooks/my-page"),
            (Generator::Hugo, "", "runbooks/x.md", ("", "better", ""), "runbooks/better"),
            (Generator::Hugo, "", "runbooks/x.md", ("/other/place/", "", ""), "other/place"),
            (Generator::Hugo, "", "posts/2026/x.md", ("", "y", ""), "posts/2026/y"),
            (Generator::Docusaurus, "docs", "02-ops/01-down.md", ("", "", ""), "docs/ops/down"),
            (Generator::Docusaurus, "", "ops/ops.md", ("", "", ""), "ops"),
            (Generator::Docusaurus, "docs", "ops/x.md", ("", "/y", ""), "docs/y"),
            (Generator::Docusaurus, "docs", "ops/x.md", ("", "", "z"), "docs/ops/z"),
            (Generator::Jekyll, "", "_runbooks/x.md", ("", "", ""), "runbooks/x"),
        ] {
            let addresses = own(&site(generator, mount), &page(url, slug, id), path);
            assert_eq!(addresses[0], expected, "{generator:?} {path}");
        }
        assert_eq!(plain("/Ops/Down/index.html"), "ops/down");
        assert_eq!(plain("/ops/down.html"), "ops/down");
    }
}
