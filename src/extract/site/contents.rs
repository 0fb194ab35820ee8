//! The contents of a site, as its configuration lists them: which pages it leads to.
//!
//! `MyST` and Jupyter Book name each page by `file` (<https://mystmd.org/guide/table-of-contents>,
//! <https://jupyterbook.org/en/stable/structure/toc.html>), `MkDocs` by the leaves of `nav`
//! (<https://www.mkdocs.org/user-guide/configuration/#nav>).

use super::below;
use crate::source::Span;
use crate::tree::{Node, Text};

/// Deeper contents are none that anybody reads.
const DEEPEST: usize = 16;

/// Pages under `file` and `root`, at any depth.
pub(super) fn of_files(folder: &str, contents: &Node) -> Vec<(Text, Span)> {
    let mut listed = Vec::new();
    walk(contents, DEEPEST, &mut |key, node| {
        if matches!(key, Some("file" | "root")) {
            listed.extend(page(folder, node));
        }
    });
    listed
}

/// Pages that `nav` leads to; what leads out of the site is none of them.
pub(super) fn of_nav(content: &str, nav: &Node) -> Vec<(Text, Span)> {
    let mut listed = Vec::new();
    walk(nav, DEEPEST, &mut |_, node| listed.extend(page(content, node)));
    listed
}

fn page(folder: &str, node: &Node) -> Option<(Text, Span)> {
    let path = node.as_str()?;
    (!path.contains("://") && !path.is_empty()).then(|| (below(folder, path), node.span))
}

/// Every scalar, with the key it stands under.
fn walk<'n>(node: &'n Node, depth: usize, see: &mut impl FnMut(Option<&'n str>, &'n Node)) {
    let Some(depth) = depth.checked_sub(1) else { return };
    for item in node.items() {
        if item.as_str().is_some() { see(None, item) } else { walk(item, depth, see) }
    }
    for entry in node.entries() {
        if entry.value.as_str().is_some() {
            see(Some(&entry.key), &entry.value);
        } else {
            walk(&entry.value, depth, see);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::extract::read_yaml;

    fn listed(path: &str, text: &str) -> Vec<String> {
        let found = read_yaml(path, text).1.model.surroundings.listed;
        found.into_iter().map(|(path, _)| path.to_string()).collect()
    }

    #[test]
    fn contents_lead_to_the_pages_they_list() {
        let toc = "project:\n  toc:\n  - file: index.md\n  - title: Guide\n    children:\n    - file: ops/seats.md\n";
        assert_eq!(listed("docs/toc.yml", toc), ["docs/index.md", "docs/ops/seats.md"]);
        let book = "root: intro\nparts:\n- chapters:\n  - file: ops/seats\n";
        assert_eq!(listed("docs/_toc.yml", book), ["docs/intro", "docs/ops/seats"]);
        let nav = "nav:\n- index.md\n- Night: [ops/seats.md, {Mails: ops/mails.md}, {Status: 'https://status.example.net'}]\n";
        assert_eq!(listed("mkdocs.yml", nav), ["docs/index.md", "docs/ops/seats.md", "docs/ops/mails.md"]);
    }
}
