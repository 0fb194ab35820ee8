//! Text as HTML: the Markdown of rules, and messages with `code` in them. Markup in it is shown, never obeyed.

use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};

use crate::report::escape::terminal;

/// One line with its code spans.
pub(super) fn inline(text: &str) -> Markup {
    let text = terminal(text);
    let balanced = text.matches('`').count().is_multiple_of(2);
    html! {
        @if balanced {
            @for (index, part) in text.split('`').enumerate() {
                @if index % 2 == 1 { code { (part) } } @else { (part) }
            }
        } @else { (text) }
    }
}

/// Markdown in blocks. What is not listed here is shown as its text.
pub(super) fn markdown(text: &str) -> Markup {
    let mut out = String::new();
    let mut open: Vec<&'static str> = Vec::new();
    for event in Parser::new(text) {
        match event {
            Event::Start(tag) => {
                let (start, end) = element(&tag);
                out.push_str(&start.0);
                open.push(end);
            }
            Event::End(_) => out.push_str(open.pop().unwrap_or_default()),
            Event::Code(code) => out.push_str(&html! { code { (terminal(&code)) } }.0),
            Event::SoftBreak => out.push('\n'),
            Event::HardBreak => out.push_str("<br>"),
            Event::Rule => out.push_str("<hr>"),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                // Line ends count in a code block and do no harm elsewhere.
                let lines: Vec<_> = text.split('\n').map(terminal).collect();
                out.push_str(&html! { (lines.join("\n")) }.0);
            }
            _ => {}
        }
    }
    PreEscaped(out)
}

/// The start and the end of an element.
fn element(tag: &Tag<'_>) -> (Markup, &'static str) {
    let plain = |start: &str, end| (PreEscaped(start.to_owned()), end);
    match tag {
        Tag::Paragraph => plain("<p>", "</p>"),
        Tag::Heading { .. } | Tag::Strong => plain("<strong>", "</strong>"),
        Tag::Emphasis => plain("<em>", "</em>"),
        Tag::List(None) => plain("<ul>", "</ul>"),
        Tag::List(Some(_)) => plain("<ol>", "</ol>"),
        Tag::Item => plain("<li>", "</li>"),
        Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
            plain("<figure><pre><code>", "</code></pre></figure>")
        }
        Tag::Link { dest_url, .. } if is_web_address(dest_url) => {
            let start = html! { a href=(dest_url) {} }.0;
            (PreEscaped(start.trim_end_matches("</a>").to_owned()), "</a>")
        }
        _ => plain("", ""),
    }
}

/// Whether a link may be followed from a report: only the web, so that no `javascript:` or `file:` is.
pub(super) fn is_web_address(link: &str) -> bool {
    link.starts_with("https://") || link.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_shown_and_not_obeyed() {
        assert_eq!(inline("a `b<c>` <d>").0, "a <code>b&lt;c&gt;</code> &lt;d&gt;");
        assert_eq!(inline("odd ` \u{1b}").0, "odd ` \\u{1b}");
        assert_eq!(
            markdown("Set `a<b`. <script>x</script> [y](javascript:z) [w](https://w.example/\"q)").0,
            "<p>Set <code>a&lt;b</code>. &lt;script&gt;x&lt;/script&gt; y <a href=\"https://w.example/&quot;q\">w</a></p>"
        );
        assert_eq!(markdown("- a\n- b").0, "<ul><li>a</li><li>b</li></ul>");
    }
}
