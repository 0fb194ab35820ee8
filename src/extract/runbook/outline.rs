//! What stands where on a page: its lines by what they are, its sections by what they are for. Uses `tree`, `source`.
//!
//! Lines are read from the text itself, so that what counts as prose does not hang on how Markdown nests its blocks.
//! A section begins at a heading, at a bold line that acts as one (`**Impact**`), or at a table row whose first cell
//! names it.

use std::collections::{BTreeMap, BTreeSet};

use super::vocabulary::{Purpose, any, purposes, words_of};
use crate::source::{Source, SourceId, Span};
use crate::tree::page::Page;
use crate::tree::{Node, Text};

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineKind {
    /// Front matter.
    Matter,
    /// A heading, or its underline.
    Heading,
    /// In a code block, fences included.
    Code,
    /// Written by `twoam new runbook`, and no answer to anything.
    Known,
    /// Nothing that a reader sees: blank, a comment, the rule under a table's header.
    Blank,
    /// Prose, a list item, a table row.
    Text,
}

/// A line of a page.
pub(super) struct Line<'a> {
    /// Offset of its first byte.
    pub(super) start: usize,
    /// Its text without the line end.
    pub(super) text: &'a str,
    /// What it is.
    pub(super) kind: LineKind,
}

/// The level of a bold line that acts as a heading.
const BOLD: u8 = 7;

/// The level of a row's first cell, or of words before a colon.
const WORDS: u8 = 8;

/// What people feel.
const SYMPTOMS: &[&str] = &["symptom*", "symptôme*", "síntoma*", "sintoma*", "sintomi", "症状", "симптомы"];

/// A page has one `Impact`, and maybe another for a variant; one for each topic makes a list of topics.
const FEW_TIMES: usize = 2;

/// From `start` on, the page speaks of `purposes`.
struct Section {
    start: u32,
    /// 1–6 for a heading, then [`BOLD`] and [`WORDS`].
    level: u8,
    purposes: BTreeSet<Purpose>,
    /// The purpose a mention gets: the section's own or that of the section around it.
    governing: Option<Purpose>,
}

/// Whether a heading is filled in when the site is made: `<%= current_page.data.title %>`, `{{ page.title }}`.
fn is_tag(text: &str) -> bool {
    let text = text.trim();
    ["<%", "{{", "{%"].iter().any(|open| text.starts_with(open))
        && ["%>", "}}", "%}"].iter().any(|close| text.ends_with(close))
}

/// A page, laid out.
pub(super) struct Outline<'a> {
    /// The page.
    pub(super) page: &'a Page,
    /// Its lines.
    pub(super) lines: Vec<Line<'a>>,
    /// Its title, or its file's name when it has none.
    pub(super) title: Text,
    /// Where a finding about the page stands.
    pub(super) head: Span,
    /// What the title says the whole page is for: `restore` or `rollback`.
    pub(super) title_purpose: Option<Purpose>,
    /// Purposes that only runbooks have under such names.
    pub(super) strong: BTreeSet<Purpose>,
    /// Those of them that sections of the page itself have, rather than sections of one of its topics: the `Impact` of
    /// each change in release notes makes no runbook.
    pub(super) of_page: BTreeSet<Purpose>,
    sections: Vec<Section>,
    /// Where sections begin that are called symptoms, and where each ends.
    symptoms: Vec<(usize, usize)>,
}

impl<'a> Outline<'a> {
    /// Lays a page out.
    pub(super) fn new(id: SourceId, source: &'a Source, page: &'a Page) -> Self {
        let title_heading = page.headings.iter().find(|heading| heading.level == 1).or(page.headings.first());
        let matter_title = page.front_matter.as_ref().and_then(|matter| matter.get("title")).and_then(Node::scalar);
        // A heading that is nothing but a tag of the site's generator stands for the title of the front matter.
        let written = title_heading.map(|heading| heading.text.clone()).filter(|text| !is_tag(text));
        let title = written.or_else(|| matter_title.clone());
        let title = title.unwrap_or_else(|| stem(&source.path).into());
        let head = page.headings.first().map_or(Span::head(id), |heading| heading.span);
        let title_purpose = title_purpose(&title).or_else(|| title_purpose(matter_title.as_deref().unwrap_or("")));
        let mut outline = Self {
            page,
            lines: lines(source, page),
            title,
            head,
            title_purpose,
            strong: BTreeSet::new(),
            of_page: BTreeSet::new(),
            sections: Vec::new(),
            symptoms: Vec::new(),
        };
        if source.path.rsplit('.').next() == Some("mdx") {
            for line in outline.lines.iter_mut().filter(|line| is_program(line)) {
                line.kind = LineKind::Blank;
            }
        }
        outline.find_sections();
        outline
    }

    fn find_sections(&mut self) {
        let headings = self.page.headings.iter().map(|heading| (heading.span.end, heading.level, heading.text.clone()));
        let labels = self.lines.iter().filter(|line| line.kind == LineKind::Text).filter_map(|line| {
            let (label, bold) = label(line.text)?;
            Some((u32::try_from(line.start).unwrap_or(u32::MAX), if bold { BOLD } else { WORDS }, Text::from(label)))
        });
        let mut found: Vec<(u32, u8, Text)> = headings.chain(labels).collect();
        found.sort();
        let title_end = self.page.headings.first().map(|heading| heading.span.end);
        let top = self.page.headings.first().map_or(1, |heading| heading.level);
        let mut counts: BTreeMap<Purpose, (usize, usize)> = BTreeMap::new();
        let mut around: Vec<(u8, Option<Purpose>)> = Vec::new();
        for (index, (start, level, text)) in found.iter().enumerate() {
            if any(SYMPTOMS, text) {
                let later = found.iter().skip(index + 1).find(|(_, later, _)| later <= level);
                self.symptoms.push((*start as usize, later.map_or(usize::MAX, |(start, ..)| *start as usize)));
            }
        }
        for (start, level, text) in found {
            let (mut purposes, strong) = purposes_of(&text);
            // A title names what the page is about: `Checkout` asks nobody to check anything.
            if Some(start) == title_end {
                let whole_page = [Purpose::Restore, Purpose::Rollback];
                purposes.retain(|purpose| strong.contains(purpose) || whole_page.contains(purpose));
            }
            if level == WORDS {
                // A row may name a page about restoring without being one.
                purposes.retain(|purpose| !matches!(purpose, Purpose::Restore | Purpose::Rollback));
            }
            around.retain(|(outer, _)| *outer < level);
            let outer = around.iter().map(|(outer, _)| *outer).rfind(|outer| *outer < BOLD).unwrap_or(0);
            let of_page = if level < BOLD { level <= top + 1 } else { outer <= top + 1 };
            for purpose in &strong {
                let (whole, all) = counts.entry(*purpose).or_default();
                *whole += usize::from(of_page);
                *all += 1;
            }
            self.strong.extend(strong);
            let own = purposes.first().copied();
            let governing = self.title_purpose.or(own).or_else(|| around.last().and_then(|(_, outer)| *outer));
            around.push((level, governing));
            self.sections.push(Section { start, level, purposes, governing });
        }
        let told = counts.into_iter().filter(|(_, (of_page, all))| *of_page > 0 && *all <= FEW_TIMES);
        self.of_page = told.map(|(purpose, _)| purpose).collect();
    }

    /// What the sections of the page are for.
    pub(super) fn purposes(&self) -> BTreeSet<Purpose> {
        self.sections.iter().flat_map(|section| section.purposes.iter().copied()).chain(self.title_purpose).collect()
    }

    /// Whether a section is called symptoms.
    pub(super) fn has_symptoms(&self) -> bool {
        !self.symptoms.is_empty()
    }

    /// Whether a section below the title is for this.
    pub(super) fn has_section(&self, purpose: Purpose) -> bool {
        self.sections.iter().skip(1).any(|section| section.purposes.contains(&purpose))
    }

    /// What the section around an offset is for.
    pub(super) fn purpose_at(&self, offset: usize) -> Option<Purpose> {
        let after = self.sections.partition_point(|section| section.start as usize <= offset);
        match after.checked_sub(1).and_then(|index| self.sections.get(index)) {
            Some(section) => section.governing,
            None => self.title_purpose,
        }
    }

    /// The lines of every section for one purpose, nested sections included.
    pub(super) fn lines_for(&self, purpose: Purpose) -> impl Iterator<Item = &Line<'a>> {
        let ranges: Vec<(usize, usize)> = self
            .sections
            .iter()
            .enumerate()
            .filter(|(_, section)| section.purposes.contains(&purpose))
            .map(|(index, section)| {
                let later = self.sections.iter().skip(index + 1).find(|later| later.level <= section.level);
                (section.start as usize, later.map_or(usize::MAX, |later| later.start as usize))
            })
            .collect();
        // Ranges come in order of their starts; where one ends, a later one of its level has begun.
        let mut reach: Vec<(usize, usize)> = Vec::with_capacity(ranges.len());
        for (start, end) in ranges {
            let before = reach.last().map_or(0, |(_, end)| *end);
            reach.push((start, end.max(before)));
        }
        self.lines.iter().filter(move |line| {
            let at = line.start + line.text.len();
            let begun = reach.partition_point(|(start, _)| *start <= at);
            line.kind != LineKind::Heading && begun.checked_sub(1).is_some_and(|index| at < reach[index].1)
        })
    }

    /// Words under headings for symptoms that say what is felt, rather than where an alert is shown.
    pub(super) fn words_of_symptoms(&self) -> usize {
        let inside = |at: usize| self.symptoms.iter().any(|(start, end)| (*start..*end).contains(&at));
        let said = self.lines.iter().filter(|line| line.kind == LineKind::Text && inside(line.start + line.text.len()));
        let felt = said.filter(|line| {
            let lower = line.text.to_lowercase();
            !["alert", "message in", "![", "dashboard"].iter().any(|word| lower.contains(word))
        });
        felt.map(|line| count_words(line.text)).sum()
    }

    /// The share of its lines, in percent, that stand under headings for any of these purposes; what stands before the
    /// first heading under the title counts for neither.
    pub(super) fn share_of(&self, purposes: &[Purpose]) -> usize {
        let shown = |line: &&Line<'a>| matches!(line.kind, LineKind::Text | LineKind::Code);
        let body = self.page.headings.get(1).map_or(0, |heading| heading.span.start as usize);
        let mut under: BTreeSet<usize> = BTreeSet::new();
        for purpose in purposes {
            under.extend(self.lines_for(*purpose).filter(shown).map(|line| line.start));
        }
        let first = under.first().copied().unwrap_or(usize::MAX).min(body);
        let all = self.lines.iter().filter(shown).filter(|line| line.start >= first).count();
        (under.len() * 100).checked_div(all).unwrap_or(0)
    }

    /// Words of prose and code.
    pub(super) fn words(&self) -> usize {
        let shown = self.lines.iter().filter(|line| matches!(line.kind, LineKind::Text | LineKind::Code));
        shown.map(|line| count_words(line.text)).sum()
    }

    /// Words of prose between the title and the next heading: an opening that says what the page is about.
    pub(super) fn opening_words(&self) -> usize {
        let headings = &self.page.headings;
        let from = headings.first().map_or(0, |heading| heading.span.end as usize);
        let to = headings.get(1).map_or(usize::MAX, |heading| heading.span.start as usize);
        let opening = self.lines.iter().filter(|line| line.kind == LineKind::Text && (from..to).contains(&line.start));
        opening.map(|line| count_words(line.text)).sum()
    }
}

/// The file's name without folder and extensions: `seats` of `seats.html.md.erb`.
pub(super) fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    while let Some(shorter) = [".md", ".html", ".markdown"].iter().find_map(|it| stem.strip_suffix(it)) {
        stem = shorter;
    }
    stem
}

/// How many words a text has; marks alone are none.
pub(super) fn count_words(text: &str) -> usize {
    text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count()
}

/// All purposes of a heading, and those its words make certain.
pub(super) fn purposes_of(heading: &str) -> (BTreeSet<Purpose>, BTreeSet<Purpose>) {
    let lower = heading.to_lowercase();
    let words = words_of(&lower);
    let (mut all, mut strong) = (BTreeSet::new(), BTreeSet::new());
    // A long heading is a sentence, in which such a word may mean anything.
    if words.len() > 9 {
        return (all, strong);
    }
    for (purpose, certain) in purposes(&words, &lower) {
        all.insert(purpose);
        if certain {
            strong.insert(purpose);
        }
    }
    (all, strong)
}

/// Only restoring and rolling back make a whole page theirs; a title like "Impact of …" says nothing of its sections.
fn title_purpose(title: &str) -> Option<Purpose> {
    purposes_of(title).0.into_iter().find(|purpose| matches!(purpose, Purpose::Restore | Purpose::Rollback))
}

/// The words that a line sets apart as a heading would: `**Impact**`, `- **Impact:** …`, `| Impact | … |`,
/// `Impact: …`. And whether they are bold: a table may well list rules or pages about restoring.
fn label(line: &str) -> Option<(&str, bool)> {
    let text = line.trim_start_matches([' ', '\t', '>', '-', '*', '+', '|']).trim_start();
    let marker = line.len() - text.len();
    // The marks of a list and of bold text look alike, so bold is looked for from where the marks end.
    let bold = line.get(..marker).is_some_and(|marks| marks.trim_end().ends_with("**")) || text.starts_with("__");
    let text = text.trim_start_matches("__");
    let end = if bold {
        text.find("**").or_else(|| text.find("__"))?
    } else if line.trim_start().starts_with('|') {
        text.find('|')?
    } else {
        text.find(':').filter(|at| text.get(at + 1..).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))?
    };
    let label = text.get(..end)?.trim().trim_end_matches([':', '.']);
    // A sentence that ends in a colon leads to a list; one or two words before it are a label.
    let most = if bold || line.trim_start().starts_with('|') { 4 } else { 2 };
    (1..=most).contains(&count_words(label)).then_some((label, bold))
}

/// What `twoam new runbook` puts around what it read from the repository.
const KNOWN: &str = "<!-- twoam:facts";
const KNOWN_END: &str = "<!-- twoam:end";

/// Every line with what it is.
fn lines<'a>(source: &'a Source, page: &Page) -> Vec<Line<'a>> {
    let matter_end = matter_end(&source.text);
    let inside = |start: usize, end: usize, span: Span| start < span.end as usize && end > span.start as usize;
    let (mut headings, mut code) = (page.headings.iter().peekable(), page.code.iter().peekable());
    let (mut start, mut in_comment, mut known) = (0, false, false);
    let mut lines = Vec::new();
    for raw in source.text.split_inclusive('\n') {
        let text = raw.trim_end_matches(['\n', '\r']);
        let end = start + text.len();
        while headings.next_if(|heading| heading.span.end as usize <= start).is_some() {}
        while code.next_if(|block| block.span.end as usize <= start).is_some() {}
        known = match text.trim_start() {
            opening if opening.starts_with(KNOWN) => true,
            closing if closing.starts_with(KNOWN_END) => false,
            _ => known,
        };
        let kind = if start < matter_end {
            LineKind::Matter
        } else if known {
            if hidden(text, &mut in_comment) { LineKind::Blank } else { LineKind::Known }
        } else if code.peek().is_some_and(|block| inside(start, end.max(start + 1), block.span)) {
            LineKind::Code
        } else if headings.peek().is_some_and(|heading| inside(start, end, heading.span)) {
            LineKind::Heading
        } else if hidden(text, &mut in_comment) {
            LineKind::Blank
        } else {
            LineKind::Text
        };
        lines.push(Line { start, text, kind });
        start += raw.len();
    }
    lines
}

/// Whether a line of MDX is no prose: what it imports, or a component's tag.
/// <https://mdxjs.com/docs/what-is-mdx/#mdx-syntax>
fn is_program(line: &Line<'_>) -> bool {
    let text = line.text.trim();
    line.kind == LineKind::Text
        && (text.starts_with("import ") || text.starts_with("export ") || text.starts_with('<') && text.ends_with('>'))
}

/// Whether a reader sees nothing of a line: it is blank, inside a comment, or the rule under a table's header.
fn hidden(text: &str, in_comment: &mut bool) -> bool {
    let trimmed = text.trim_start_matches('\u{feff}').trim();
    if *in_comment {
        *in_comment = !trimmed.contains("-->");
        return true;
    }
    if trimmed.starts_with("<!--") {
        *in_comment = !trimmed.contains("-->");
        return *in_comment || trimmed.ends_with("-->");
    }
    !trimmed.chars().any(char::is_alphanumeric) && !trimmed.contains("![")
}

/// Where front matter ends: after its second fence. 0 when the page does not open with one.
fn matter_end(text: &str) -> usize {
    let mut offset = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        offset += line.len();
        let fence = matches!(line.trim_start_matches('\u{feff}').trim_end(), "---" | "+++");
        match (index, fence) {
            (0, false) => return 0,
            (1.., true) => return offset,
            _ => {}
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bold_lines_rows_and_words_before_a_colon_are_labels() {
        assert_eq!(label("**Impact**"), Some(("Impact", true)));
        assert_eq!(label("- **Impact:** all of it"), Some(("Impact", true)));
        assert_eq!(label("__Impact__: all"), Some(("Impact", true)));
        assert_eq!(label("| Impact | Guests wait |"), Some(("Impact", false)));
        assert_eq!(label("| **Impact** | Guests wait |"), Some(("Impact", true)));
        assert_eq!(label("Impact: guests wait"), Some(("Impact", false)));
        assert_eq!(label("See https://example.org"), None);
        assert_eq!(label("Nothing here"), None);
    }

    #[test]
    fn headings_may_have_several_purposes() {
        let (all, strong) = purposes_of("Diagnosis & mitigation");
        assert!(all.contains(&Purpose::Diagnosis) && all.contains(&Purpose::Mitigation));
        assert_eq!(all, strong);
        assert_eq!(title_purpose("Restore the checkout database"), Some(Purpose::Restore));
        assert_eq!(title_purpose("Rolling back a deploy"), Some(Purpose::Rollback));
        assert_eq!(title_purpose("KubePodCrashLooping"), None);
    }
}
