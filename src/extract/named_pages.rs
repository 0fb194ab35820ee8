//! Pages that are named in words rather than linked: in code, in a cell of a table, in a comment. Uses `source`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use crate::source::{Source, Sources, Span, join, parent};
use crate::tree::Text;

/// The path of a page.
static PATHS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[\w.][\w./-]*\.mdx?\b").ok());

/// The pages that another file names, by path, each with the first place that does: a page, or a comment.
pub fn named(sources: &Sources) -> Vec<(Text, Span)> {
    let Some(paths) = PATHS.as_ref() else { return Vec::new() };
    let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (_, source) in sources.iter().filter(|(_, source)| is_page(&source.path)) {
        by_name.entry(name(&source.path)).or_default().push(&source.path);
    }
    let mut found: BTreeMap<Text, Span> = BTreeMap::new();
    for (id, source) in sources.iter().filter(|(_, source)| source.text.contains(".md")) {
        let page = is_page(&source.path);
        for written in paths.find_iter(&source.text) {
            let Some(same) = by_name.get(name(written.as_str())) else { continue };
            if is_link(&source.text, written.start()) || !page && !in_comment(source, written.start()) {
                continue;
            }
            let Some(path) = meant(written.as_str(), source, same).filter(|path| *path != source.path) else {
                continue;
            };
            found.entry(path.into()).or_insert_with(|| Span::new(id, written.start(), written.end()));
        }
    }
    found.into_iter().collect()
}

/// The page that a written path means: from the root, from the folder of whoever names it, or the only one whose path
/// ends so.
fn meant<'p>(written: &str, source: &Source, same: &[&'p str]) -> Option<&'p str> {
    let beside = join(parent(&source.path), written);
    let whole = |path: &&&str| **path == written || beside.as_deref() == Some(**path);
    let written = written.trim_start_matches("./").trim_start_matches("../");
    let ends = |path: &&&str| path.strip_suffix(written).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
    if let Some(path) = same.iter().find(whole) {
        return Some(path);
    }
    let mut ending = same.iter().filter(ends);
    ending.next().filter(|_| ending.next().is_none()).copied()
}

fn is_page(path: &str) -> bool {
    matches!(path.rsplit('.').next(), Some("md" | "mdx"))
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a path is the target of a link, which is followed as one.
fn is_link(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default().trim_end_matches(['.', '/', '<']);
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    word.contains("](") || word.contains("://")
}

/// Whether a place is in a comment, by what its line begins with.
fn in_comment(source: &Source, at: usize) -> bool {
    let before = source.text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default().trim_start();
    line.starts_with(['#', ';']) || line.starts_with("//") || line.starts_with("/*") || line.contains(" # ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_named_in_code_tables_and_comments() {
        let sources = Sources::new(vec![
            Source::new("docs/system.md", "| Recovery | `docs/runbooks/etcd.md` |\n\nSee scope-audit.md.\n"),
            Source::new("docs/runbooks/etcd.md", "# etcd\n\nThis is etcd.md.\n"),
            Source::new("docs/runbooks/scope-audit.md", "# Scopes\n"),
            Source::new("docs/runbooks/linked.md", "# Linked\n"),
            Source::new("docs/runbooks/lost.md", "# Lost\n"),
            Source::new("docs/runbooks/vault.md", "# Vault\n\n[dead](../elsewhere/linked.md)\n"),
            Source::new("kube.tf", "# Mend: runbooks/vault.md\nfile = \"docs/runbooks/lost.md\"\n"),
        ]);
        let found: Vec<Text> = named(&sources).into_iter().map(|(path, _)| path).collect();
        assert_eq!(found, ["docs/runbooks/etcd.md", "docs/runbooks/scope-audit.md", "docs/runbooks/vault.md"]);
    }
}
