//! Links that a site generator makes of shortcodes: Hugo's `{{< ref "page.md" >}}` and `relref`, Jekyll's `{% link %}`.
//! Uses `outline` and `tree`.
//!
//! <https://gohugo.io/shortcodes/ref/>, <https://jekyllrb.com/docs/liquid/tags/#link>

use std::sync::LazyLock;

use regex::Regex;

use super::outline::{LineKind, Outline};
use crate::source::Span;
use crate::tree::page::Link;

#[allow(clippy::unwrap_used, reason = "the pattern is a constant, and tested")]
static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\{\{[<%]\s*(?:rel)?ref\s+"?([^"\s>%{}]+)"?[^>%{}]*[>%]\}\}|\{%-?\s*link\s+([^\s%{}]+)\s*-?%\}"#)
        .unwrap()
});

/// The pages that shortcodes refer to. Each target is written as the shortcode is, since it is resolved otherwise than a
/// plain path.
pub(super) fn links(outline: &Outline<'_>) -> Vec<Link> {
    let shown = outline.lines.iter().filter(|line| matches!(line.kind, LineKind::Text | LineKind::Heading));
    let marked = shown.filter(|line| line.text.contains("{{") || line.text.contains("{%"));
    marked
        .flat_map(|line| REFERENCE.find_iter(line.text).map(move |found| (line, found)))
        .map(|(line, found)| {
            let span = Span::new(outline.head.source, line.start + found.start(), line.start + found.end());
            Link { target: found.as_str().into(), text: found.as_str().into(), span }
        })
        .collect()
}

/// The path that a shortcode names, where a target is one.
pub(crate) fn path(target: &str) -> Option<&str> {
    let found =
        REFERENCE.captures(target).filter(|found| found.get(0).is_some_and(|whole| whole.as_str() == target))?;
    found.get(1).or_else(|| found.get(2)).map(|path| path.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortcodes_name_pages() {
        for (target, page) in [
            (r#"{{< ref "./NodeDown.md" >}}"#, "./NodeDown.md"),
            (r#"{{<relref "/runbooks/x.md#a">}}"#, "/runbooks/x.md#a"),
            (r#"{{% ref "x" %}}"#, "x"),
            ("{% link _runbooks/x.md %}", "_runbooks/x.md"),
        ] {
            assert_eq!(path(target), Some(page), "{target}");
        }
        assert_eq!(path("{{ $labels.type }}"), None);
        assert_eq!(path("docs/x.md"), None);
    }
}
