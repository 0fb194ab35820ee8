//! Pages for tests, made from text: headings, links, code and items, and front matter as YAML.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::extract::{Facts, Input, extract};
use crate::model::Environments;
use crate::source::{Source, SourceId, Sources, Span};
use crate::tree::page::{CodeBlock, Heading, Link, ListItem, Page};
use crate::tree::{Content, Document, Format};

/// One Markdown file through every extractor.
pub(crate) fn read_page(path: &str, text: &str) -> (Sources, Facts) {
    let sources = Sources::new(vec![Source::new(path, text)]);
    let id = SourceId(0);
    let content = Content::Page(page(id, text));
    let document = Document { source: id, format: Format::Markdown, content, comments: Vec::new() };
    let environments = Environments::default();
    let facts = extract(&Input {
        id,
        source: sources.get(id),
        document: &document,
        environments: &environments,
        runbook_folders: &globset::GlobSet::default(),
        environment: None,
        library: false,
        sources: None,
    });
    (sources, facts)
}

fn page(id: SourceId, text: &str) -> Page {
    let mut page = Page::default();
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let (mut ordered, mut in_heading) = (Vec::new(), false);
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        let span = Span::new(id, range.start, range.end);
        match event {
            Event::Start(Tag::MetadataBlock(_)) => {
                let inner = text[range].trim_start_matches("---").trim_end().trim_end_matches("---");
                page.front_matter = crate::parse::yaml::parse(id, inner).document.values().first().cloned();
            }
            Event::Start(Tag::Heading { level, .. }) => {
                in_heading = true;
                page.headings.push(Heading { level: level as u8, text: "".into(), slug: "".into(), span });
            }
            Event::End(TagEnd::Heading(_)) => in_heading = false,
            Event::Text(piece) | Event::Code(piece) if in_heading => {
                page.headings.last_mut().unwrap().text.push_str(&piece);
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                page.links.push(Link { target: dest_url.as_ref().into(), text: "".into(), span });
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                let language = if let CodeBlockKind::Fenced(info) = kind { info.as_ref().into() } else { "".into() };
                page.code.push(CodeBlock { language, text: String::new(), span });
            }
            Event::Start(Tag::List(first)) => ordered.push(first.is_some()),
            Event::End(TagEnd::List(_)) => drop(ordered.pop()),
            Event::Start(Tag::Item) => {
                let ordered = ordered.last() == Some(&true);
                page.items.push(ListItem { text: String::new(), done: None, ordered, depth: 0, span });
            }
            _ => {}
        }
    }
    page
}
