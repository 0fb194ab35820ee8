//! `docusaurus.config.js`: a program, of which only plain strings are read. <https://docusaurus.io/docs/configuration>

use std::sync::LazyLock;

use regex::Regex;

use super::below;
use crate::model::surroundings::{Generator, Site};
use crate::source::Source;
use crate::tree::Text;

/// Words by which a configuration makes pages elsewhere than in its one folder of documents.
const OPEN: &[&str] = &["plugin-content-docs", "lastVersion", "versions:", "openapi", "numberPrefixParser", "i18n"];

/// How much of the configuration is searched.
const WINDOW: usize = 64 << 10;

pub(super) fn read(folder: &str, source: &Source) -> Option<Site> {
    let text = source.text.get(..WINDOW).unwrap_or(&source.text);
    let host = string(text, &URL).filter(|url| url.starts_with("http"))?;
    let base = string(text, &BASE).unwrap_or("/").trim_matches('/');
    let docs = docs_options(text);
    let route = string(docs, &ROUTE).unwrap_or("docs").trim_matches('/');
    let base = format!("{}/{base}", host.trim_end_matches('/'));
    Some(Site {
        path: source.path.as_str().into(),
        generator: Generator::Docusaurus,
        base: Some(base.trim_end_matches('/').into()),
        content: below(folder, string(docs, &PATH).unwrap_or("docs")),
        mount: Text::from(route),
        permalinks: Vec::new(),
        open: OPEN.iter().any(|word| text.contains(word)),
    })
}

static URL: LazyLock<Regex> = LazyLock::new(|| key("url"));
static BASE: LazyLock<Regex> = LazyLock::new(|| key("baseUrl"));
static ROUTE: LazyLock<Regex> = LazyLock::new(|| key("routeBasePath"));
static PATH: LazyLock<Regex> = LazyLock::new(|| key("path"));

/// `key: 'text'`, at the start of a line or after a brace or comma.
#[allow(clippy::unwrap_used, reason = "the patterns are constants, and tested")]
fn key(name: &str) -> Regex {
    Regex::new(&format!(r#"(?m)(?:^|[{{,])\s*{name}\s*:\s*['"`]([^'"`$\n]*)['"`]"#)).unwrap()
}

fn string<'t>(text: &'t str, key: &Regex) -> Option<&'t str> {
    key.captures(text)?.get(1).map(|found| found.as_str())
}

/// The options of the plugin for documents: from `docs: {` to where those of the next plugin begin.
fn docs_options(text: &str) -> &str {
    let Some(start) = text.find("docs: {") else { return "" };
    let rest = text.get(start + 5..).unwrap_or_default();
    let ends = ["blog:", "pages:", "theme:", "themeConfig:"].iter().filter_map(|next| rest.find(next));
    rest.get(..ends.min().unwrap_or(rest.len())).unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_strings_are_read() {
        let text = "module.exports = {\n  title: 'Ops',\n  url: \"https://ops.example.net\",\n  baseUrl: '/x/',\n  presets: [['classic', {\n    docs: { path: 'handbook', routeBasePath: '/', sidebarPath: 's.js' },\n    blog: { path: 'b' },\n  }]],\n};\n";
        let site = read("site", &Source::new("site/docusaurus.config.js", text)).unwrap();
        assert_eq!(site.base.as_deref(), Some("https://ops.example.net/x"));
        assert_eq!((site.content.as_str(), site.mount.as_str(), site.open), ("site/handbook", "", false));
        assert!(read("", &Source::new("docusaurus.config.ts", "export default {url: process.env.URL};")).is_none());
    }
}
