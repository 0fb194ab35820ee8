//! A Markdown page: what a reader, or an incident responder, finds on it.

use crate::source::Span;
use crate::tree::{Node, Text};

/// A Markdown file.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// YAML (`---`) or TOML (`+++`) front matter.
    pub front_matter: Option<Node>,
    /// Headings in order.
    pub headings: Vec<Heading>,
    /// Links, images and bare URLs, in order; those of reference definitions too.
    pub links: Vec<Link>,
    /// Fenced and indented code blocks.
    pub code: Vec<CodeBlock>,
    /// `code` within a line.
    pub inline_code: Vec<Passage>,
    /// Paragraphs, with inline markup taken off.
    pub paragraphs: Vec<Passage>,
    /// List items, nested ones after their parent.
    pub items: Vec<ListItem>,
    /// Tables.
    pub tables: Vec<Table>,
    /// Names of explicit anchors: `<a name="x">`, `<a id="x">`, `{#x}`.
    pub anchors: Vec<Text>,
    /// Labels that any page of the same site may link to: `(label)=` on a line of its own.
    /// <https://mystmd.org/guide/cross-references#label-anything>
    pub labels: Vec<Text>,
}

impl Page {
    /// The byte range a heading governs: from its end to the next heading of its level or above, or the file's end.
    pub fn section(&self, index: usize, file_end: u32) -> Option<Span> {
        let heading = self.headings.get(index)?;
        let next = self.headings.iter().skip(index + 1).find(|later| later.level <= heading.level);
        Some(Span { start: heading.span.end, end: next.map_or(file_end, |later| later.span.start), ..heading.span })
    }
}

/// A heading of level 1 to 6.
#[derive(Clone, Debug, PartialEq)]
pub struct Heading {
    /// 1 to 6.
    pub level: u8,
    /// Its text, inline markup taken off.
    pub text: Text,
    /// Its anchor as code hosts make it: lower case, punctuation dropped, spaces to `-`, repeated ones numbered.
    pub slug: Text,
    /// The whole heading.
    pub span: Span,
}

/// A link or image.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The destination as written, entities and escapes undone.
    pub target: Text,
    /// The text that is clicked.
    pub text: Text,
    /// The whole link.
    pub span: Span,
}

/// A code block.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeBlock {
    /// The first word of the info string; empty when there is none.
    pub language: Text,
    /// The code.
    pub text: String,
    /// Fences included.
    pub span: Span,
}

/// A run of text.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    /// The text, inline markup taken off.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// A list item.
#[derive(Clone, Debug, PartialEq)]
pub struct ListItem {
    /// Its own text, without that of nested items.
    pub text: String,
    /// `Some` for a task (`- [ ]`, `- [x]`).
    pub done: Option<bool>,
    /// Whether its list is numbered.
    pub ordered: bool,
    /// 0 for a top-level list.
    pub depth: u8,
    /// Where.
    pub span: Span,
}

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The cells of the first row.
    pub header: Vec<Passage>,
    /// The other rows.
    pub rows: Vec<Vec<Passage>>,
    /// Where.
    pub span: Span,
}

/// The anchor of a heading as GitHub makes it: lower case, letters, digits, `-` and `_` kept, spaces to `-`.
/// <https://docs.github.com/en/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#section-links>
pub fn slug(heading: &str) -> Text {
    let lower = heading.trim().to_lowercase();
    let kept = lower.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' '));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
