//! `mkdocs.yml`, of Backstage `TechDocs` too. <https://www.mkdocs.org/user-guide/configuration/>

use super::{below, served_at};
use crate::model::surroundings::{Generator, Site};
use crate::tree::{Node, Text};

/// Plugins that change how pages look or are listed, not which addresses there are.
const HARMLESS: &[&str] = &[
    "search",
    "techdocs-core",
    "awesome-pages",
    "section-index",
    "minify",
    "git-revision-date",
    "git-revision-date-localized",
    "git-committers",
    "git-authors",
    "mermaid2",
    "glightbox",
    "social",
    "privacy",
    "offline",
    "meta",
    "gh-admonitions",
    "print-site",
    "table-reader",
    "include-markdown",
    "macros",
];

pub(super) fn read(folder: &str, path: &str, config: &Node) -> Site {
    let plugins = config.get("plugins");
    let listed = plugins
        .into_iter()
        .flat_map(Node::items)
        .filter_map(|plugin| plugin.scalar().or_else(|| plugin.entries().first().map(|entry| entry.key.clone())));
    let mapped = plugins.into_iter().flat_map(Node::entries).map(|entry| entry.key.clone());
    let harmless = |name: Text| HARMLESS.contains(&name.rsplit('/').next().unwrap_or_default());
    Site {
        path: path.into(),
        generator: Generator::Mkdocs,
        base: served_at(config.get("site_url")),
        content: below(folder, config.get("docs_dir").and_then(Node::as_str).unwrap_or("docs")),
        mount: Text::default(),
        permalinks: Vec::new(),
        open: !listed.chain(mapped).all(harmless) || config.get("hooks").is_some() || config.get("INHERIT").is_some(),
    }
}
