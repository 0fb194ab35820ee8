//! Markdown → page, as code hosts read it. Uses `source`, `tree` and `problem`; draft.
use std::collections::BTreeMap;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, MetadataBlockKind, Options, Parser, Tag, TagEnd};

use super::Parsed;
use crate::source::{SourceId, Span};
use crate::tree::page::{self, CodeBlock, Heading, Link, ListItem, Page, Passage, Table};
use crate::tree::{Comment, Content, Document, Format, Text};

/// Reads a page.
pub fn parse(id: SourceId, text: &str) -> Parsed {
    let mut reader = Reader { id, page: Page::default(), comments: Vec::new(), slugs: BTreeMap::new() };
    reader.read(text);
    let document = Document {
        source: id,
        format: Format::Markdown,
        content: Content::Page(reader.page),
        comments: reader.comments,
    };
    Parsed { document, problems: Vec::new() }
}

struct Reader {
    id: SourceId,
    page: Page,
    comments: Vec<Comment>,
    slugs: BTreeMap<String, usize>,
}

impl Reader {
    fn span(&self, range: &Range<usize>) -> Span {
        Span::new(self.id, range.start, range.end)
    }

    fn read(&mut self, text: &str) {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_GFM
            | Options::ENABLE_HEADING_ATTRIBUTES
            | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
            | Options::ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS;
        let mut lists: Vec<bool> = Vec::new();
        let mut items: Vec<usize> = Vec::new();
        let mut link: Option<usize> = None;
        let mut heading = false;
        let mut paragraph: Option<usize> = None;
        let mut code = false;
        let mut metadata: Option<MetadataBlockKind> = None;
        let mut table: Option<Table> = None;
        let mut row: Vec<Passage> = Vec::new();
        for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
            let span = self.span(&range);
            match event {
                Event::Start(Tag::MetadataBlock(kind)) => metadata = Some(kind),
                Event::End(TagEnd::MetadataBlock(_)) => metadata = None,
                Event::Text(_) if metadata.is_some() => self.front_matter(text, &range, metadata),
                Event::Start(Tag::Heading { level, id, .. }) => {
                    heading = true;
                    if let Some(id) = id {
                        self.page.anchors.push(id.as_ref().into());
                    }
                    let end = range.start + text[range.clone()].trim_end().len();
                    let span = Span::new(self.id, range.start, end);
                    self.page.headings.push(Heading {
                        level: level as u8,
                        text: Text::default(),
                        slug: Text::default(),
                        span,
                    });
                }
                Event::End(TagEnd::Heading(_)) => {
                    heading = false;
                    self.slug();
                }
                Event::Start(Tag::Paragraph) => {
                    paragraph = Some(self.page.paragraphs.len());
                    self.page.paragraphs.push(Passage { text: String::new(), span });
                }
                Event::End(TagEnd::Paragraph) => paragraph = None,
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    link = Some(self.page.links.len());
                    self.page.links.push(Link { target: dest_url.as_ref().into(), text: Text::default(), span });
                }
                Event::End(TagEnd::Link | TagEnd::Image) => link = None,
                Event::Start(Tag::CodeBlock(kind)) => {
                    code = true;
                    let language = match &kind {
                        CodeBlockKind::Fenced(info) => info.split_whitespace().next().unwrap_or_default().into(),
                        CodeBlockKind::Indented => Text::default(),
                    };
                    self.page.code.push(CodeBlock { language, text: String::new(), span });
                }
                Event::End(TagEnd::CodeBlock) => code = false,
                Event::Start(Tag::List(first)) => lists.push(first.is_some()),
                Event::End(TagEnd::List(_)) => {
                    lists.pop();
                }
                Event::Start(Tag::Item) => {
                    items.push(self.page.items.len());
                    let depth = u8::try_from(lists.len().saturating_sub(1)).unwrap_or(u8::MAX);
                    let ordered = lists.last() == Some(&true);
                    self.page.items.push(ListItem { text: String::new(), done: None, ordered, depth, span });
                }
                Event::End(TagEnd::Item) => {
                    items.pop();
                }
                Event::TaskListMarker(done) => {
                    if let Some(item) = items.last().and_then(|index| self.page.items.get_mut(*index)) {
                        item.done = Some(done);
                    }
                }
                Event::Start(Tag::Table(_)) => table = Some(Table { header: Vec::new(), rows: Vec::new(), span }),
                Event::End(TagEnd::Table) => self.page.tables.extend(table.take()),
                Event::Start(Tag::TableCell) => row.push(Passage { text: String::new(), span }),
                Event::End(TagEnd::TableHead) => {
                    if let Some(table) = &mut table {
                        table.header = std::mem::take(&mut row);
                    }
                }
                Event::End(TagEnd::TableRow) => {
                    if let Some(table) = &mut table {
                        table.rows.push(std::mem::take(&mut row));
                    }
                }
                Event::Html(html) | Event::InlineHtml(html) => self.html(&html, span),
                Event::Text(piece) if code => {
                    if let Some(block) = self.page.code.last_mut() {
                        block.text.push_str(&piece);
                    }
                }
                Event::Text(_) | Event::Code(_) | Event::SoftBreak | Event::HardBreak => {
                    let piece: &str = match &event {
                        Event::Text(piece) | Event::Code(piece) => piece,
                        _ => " ",
                    };
                    if let Event::Code(piece) = &event {
                        self.page.inline_code.push(Passage { text: piece.to_string(), span });
                    }
                    if heading && let Some(heading) = self.page.headings.last_mut() {
                        heading.text.push_str(piece);
                    }
                    if let Some(link) = link.and_then(|index| self.page.links.get_mut(index)) {
                        link.text.push_str(piece);
                    } else if matches!(event, Event::Text(_)) {
                        self.bare_links(text, &range);
                    }
                    if let Some(passage) = paragraph.and_then(|index| self.page.paragraphs.get_mut(index)) {
                        passage.text.push_str(piece);
                    }
                    if let Some(item) = items.last().and_then(|index| self.page.items.get_mut(*index)) {
                        item.text.push_str(piece);
                    }
                    if let Some(cell) = row.last_mut() {
                        cell.text.push_str(piece);
                    }
                }
                _ => {}
            }
        }
        self.labels(text);
    }

    fn labels(&mut self, text: &str) {
        let label = |line: &str| {
            let label = line.trim().strip_prefix('(')?.strip_suffix(")=")?;
            (!label.is_empty() && !label.contains(['(', ')', ' '])).then(|| Text::from(label))
        };
        self.page.labels.extend(text.lines().filter_map(label));
    }

    fn front_matter(&mut self, text: &str, range: &Range<usize>, kind: Option<MetadataBlockKind>) {
        // Line breaks before it keep every offset what it is in the file.
        let padded = format!("{}{}", "\n".repeat(range.start), &text[range.clone()]);
        let parsed = match kind {
            Some(MetadataBlockKind::YamlStyle) => super::yaml::parse(self.id, &padded),
            _ => super::toml::parse(self.id, &padded),
        };
        self.page.front_matter = parsed.document.values().first().cloned();
    }

    fn slug(&mut self) {
        let Some(heading) = self.page.headings.last_mut() else { return };
        let base = page::slug(&heading.text);
        let count = self.slugs.entry(base.to_string()).or_default();
        heading.slug = if *count == 0 { base } else { format!("{base}-{count}").into() };
        *count += 1;
    }

    fn html(&mut self, html: &str, span: Span) {
        if let Some(inner) = html.trim().strip_prefix("<!--") {
            self.comments.push(Comment { span, text: inner.trim_end_matches("-->").trim().into() });
            return;
        }
        for mark in ["name=\"", "id=\""] {
            for (at, _) in html.match_indices(mark) {
                let rest = &html[at + mark.len()..];
                self.page.anchors.push(rest.split('"').next().unwrap_or_default().into());
            }
        }
    }

    fn bare_links(&mut self, text: &str, range: &Range<usize>) {
        let piece = &text[range.clone()];
        for mark in ["https://", "http://"] {
            for (at, _) in piece.match_indices(mark) {
                let url = piece[at..]
                    .split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`'))
                    .next()
                    .unwrap_or("");
                let url = url.trim_end_matches(['.', ',', ')', ';', ':', '!', '?']);
                let span = Span::new(self.id, range.start + at, range.start + at + url.len());
                self.page.links.push(Link { target: url.into(), text: url.into(), span });
            }
        }
    }
}
