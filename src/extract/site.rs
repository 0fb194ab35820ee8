//! Configuration of documentation sites, and what files say of their own repository → which URL shows what. Uses `tree` and `model`.
//!
//! Only what stands in the configuration is read: where pages are, what their addresses begin with, whether anything
//! else makes addresses. Which page answers to which address is worked out by linking.

mod contents;
mod docusaurus;
mod hugo;
mod jekyll;
mod mkdocs;
pub(crate) mod repository;

use crate::extract::{Facts, Input};
use crate::model::probe::host;
use crate::tree::{Content, Node, Text};

/// Adds the site or the repository that a file describes.
pub(super) fn extract(input: &Input<'_>, facts: &mut Facts) {
    let (folder, name) = split(&input.source.path);
    let found = &mut facts.model.surroundings;
    match &input.document.content {
        Content::Text if name.starts_with("docusaurus.config.") => {
            found.sites.extend(docusaurus::read(folder, input.source));
        }
        Content::Text if name == "go.mod" => repository::go_module(input.source, found),
        Content::Values(documents) => {
            let Some(first) = documents.first() else { return };
            match name {
                "mkdocs.yml" | "mkdocs.yaml" => {
                    let site = mkdocs::read(folder, &input.source.path, first);
                    found
                        .listed
                        .extend(first.get("nav").into_iter().flat_map(|nav| contents::of_nav(&site.content, nav)));
                    found.sites.push(site);
                    repository::named(&input.source.path, first.get("repo_url"), found);
                }
                "_config.yml" | "_config.yaml" | "_config.toml" => {
                    found.sites.extend(jekyll::read(folder, &input.source.path, first));
                }
                "toc.yml" | "toc.yaml" | "_toc.yml" | "_toc.yaml" | "myst.yml" | "myst.yaml" => {
                    found.listed.extend(contents::of_files(folder, first));
                }
                "package.json" => repository::package(&input.source.path, first, found),
                "catalog-info.yaml" | "catalog-info.yml" => {
                    for document in documents {
                        repository::catalogue(&input.source.path, document, found);
                    }
                }
                _ => found.sites.extend(hugo::read(folder, name, &input.source.path, first)),
            }
        }
        _ => {}
    }
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// A folder below another, both as shown; `.` and `..` undone, never above the root.
fn below(folder: &str, relative: &str) -> Text {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/").into()
}

/// A URL that says where a site is served. What a tool puts there to begin with does not.
fn served_at(node: Option<&Node>) -> Option<Text> {
    let url = node?.as_str()?.trim();
    let host = host(url);
    let own = url.starts_with("http")
        && url.contains("://")
        && host.contains('.')
        && !host.starts_with("example.")
        && !url.contains(['$', '{']);
    own.then(|| url.trim_end_matches('/').into())
}

/// The value of a key in any case, as Hugo reads them.
fn any_case<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.entries().iter().find(|entry| entry.key.eq_ignore_ascii_case(key)).map(|entry| &entry.value)
}

#[cfg(test)]
mod tests {
    use crate::extract::read_yaml;
    use crate::model::surroundings::{Generator, Site};

    fn site(path: &str, text: &str) -> Site {
        read_yaml(path, text).1.model.surroundings.sites.remove(0)
    }

    #[test]
    fn each_generator_says_where_its_pages_are() {
        let mkdocs = site("ops/mkdocs.yml", "site_name: x\nsite_url: https://docs.example.net/ops/\ndocs_dir: pages\n");
        assert_eq!((mkdocs.generator, mkdocs.content.as_str(), mkdocs.open), (Generator::Mkdocs, "ops/pages", false));
        assert_eq!(mkdocs.base.as_deref(), Some("https://docs.example.net/ops"));
        let generated = site("mkdocs.yml", "plugins: [search, {gen-files: {scripts: [x.py]}}]\n");
        assert!(generated.open && generated.base.is_none() && generated.content == "docs");
        let hugo =
            site("site/config.yaml", "baseURL: https://runbooks.example.net\npermalinks:\n  runbooks: /r/:slug/\n");
        assert_eq!((hugo.generator, hugo.content.as_str()), (Generator::Hugo, "site/content"));
        assert_eq!(hugo.permalinks, [("runbooks".into(), "/r/:slug/".into())]);
        let layered = site("site/config/_default/hugo.yaml", "baseurl: https://runbooks.example.net\n");
        assert_eq!(layered.content, "site/content");
        let jekyll = site("_config.yml", "url: https://acme.github.io\nbaseurl: /ops\n");
        assert_eq!((jekyll.base.as_deref(), jekyll.content.as_str()), (Some("https://acme.github.io/ops"), ""));
        assert!(read_yaml("config.yaml", "server: {port: 1}\n").1.model.surroundings.sites.is_empty());
    }
}
