//! Whether a page was ever written: its words, what is left to fill in, and what stands there besides. Uses `outline`.

use super::outline::{Line, LineKind, Outline, count_words};
use super::vocabulary::{NEEDED, Purpose};

/// What is left to do on a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Draft {
    /// Words, headings and code included.
    pub(super) words: usize,
    /// Lines left to fill in, and headings with nothing under them.
    pub(super) placeholders: usize,
    /// Whether there is nothing on it, or little more than headings and placeholders.
    pub(super) skeleton: bool,
}

/// Below this many words of its own, a page with a placeholder is still a form.
const FEW_WORDS: usize = 40;

/// Whether a section of this purpose holds anything but open questions.
pub(super) fn is_answered(outline: &Outline<'_>, purpose: Purpose) -> bool {
    let shown = |line: &&Line<'_>| matches!(line.kind, LineKind::Text | LineKind::Code);
    outline.lines_for(purpose).filter(shown).any(|line| !is_placeholder(line))
}

/// Reads a page for what is left to do. One for an incident that answers two of its questions is no form any more,
/// however short the answers: which are missing is said by name.
pub(super) fn read(outline: &Outline<'_>, for_incident: bool) -> Draft {
    let mut draft = Draft { placeholders: empty_headings(outline), ..Draft::default() };
    let (mut own_words, mut own_lines) = (0, 0);
    for line in &outline.lines {
        let words = match line.kind {
            LineKind::Matter | LineKind::Blank => 0,
            LineKind::Heading | LineKind::Code | LineKind::Text | LineKind::Known => count_words(line.text),
        };
        draft.words += words;
        if is_placeholder(line) {
            draft.placeholders += 1;
        } else if matches!(line.kind, LineKind::Text | LineKind::Code) && words > 0 {
            own_words += words;
            own_lines += 1;
        }
    }
    let little = draft.placeholders > 0 && (own_words < FEW_WORDS || draft.placeholders > own_lines);
    let answered = || NEEDED.iter().filter(|purpose| is_answered(outline, **purpose)).count();
    draft.skeleton = draft.words == 0 || little && !(for_incident && answered() >= 2);
    draft
}

/// Headings followed by nothing before the next heading of their level or above.
fn empty_headings(outline: &Outline<'_>) -> usize {
    let headings = &outline.page.headings;
    let mut full = outline.lines.iter().filter(|line| matches!(line.kind, LineKind::Text | LineKind::Code)).peekable();
    let mut empty = 0;
    for (index, heading) in headings.iter().enumerate() {
        let end = heading.span.end as usize;
        while full.next_if(|line| line.start < end).is_some() {}
        let next = headings.get(index + 1);
        let followed = full.peek().is_some_and(|line| next.is_none_or(|next| line.start < next.span.start as usize));
        // A title over nothing but its sections, and a heading over smaller ones, are not empty.
        if !followed && next.is_none_or(|next| next.level <= heading.level) {
            empty += 1;
        }
    }
    empty
}

/// Whether a line says that something is still to be written.
pub(super) fn is_placeholder(line: &Line<'_>) -> bool {
    match line.kind {
        LineKind::Matter => {
            let value = line.text.split_once(':').map_or("", |(_, value)| value.trim().trim_matches(['"', '\'']));
            is_marker(value) || is_form_field(value) || value == "YYYY-MM-DD"
        }
        LineKind::Heading | LineKind::Text => {
            let prose = without_code(line.text);
            let bare =
                prose.trim().trim_start_matches(['#', '-', '*', '+', '>', '|', ' ']).trim_end_matches(['|', ' ', '#']);
            prose.split_whitespace().any(is_marker)
                || is_form_field(bare)
                || holds_request(&prose)
                || matches!(bare, "XXX" | "..." | "…")
                || bare.starts_with("XXX:")
        }
        LineKind::Code | LineKind::Known | LineKind::Blank => false,
    }
}

/// `TODO`, `TBD:`, `(FIXME)`, `[TBC]`, `TODO(name)`: in capitals, as nobody writes them otherwise in prose.
fn is_marker(word: &str) -> bool {
    let word = word.trim_matches(|character: char| !character.is_alphanumeric());
    let word = word.split_once(['(', ':']).map_or(word, |(marker, _)| marker);
    matches!(word, "TODO" | "TBD" | "FIXME" | "TBC" | "TBA")
}

/// The whole of it is `<Service>` or `[team name]`: a field of a form, not a variable in a sentence.
fn is_form_field(text: &str) -> bool {
    let inner = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    inner.is_some_and(|inner| {
        let words = inner.split([' ', '_', '-']).all(|word| !word.is_empty() && word.chars().all(char::is_alphabetic));
        words && !HTML.contains(&inner.to_ascii_lowercase().as_str())
    })
}

/// HTML elements that may stand alone on a line of Markdown.
const HTML: &[&str] = &[
    "a",
    "b",
    "blockquote",
    "br",
    "center",
    "code",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "hr",
    "i",
    "img",
    "kbd",
    "li",
    "ol",
    "p",
    "picture",
    "pre",
    "small",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
    "section",
    "figure",
    "nobr",
    "script",
    "style",
    "video",
];

/// How far a request in brackets is read.
const LONGEST_REQUEST: usize = 80;

/// `<fill in the team>`, `[insert link here]`, "to be written".
fn holds_request(prose: &str) -> bool {
    let lower = prose.to_lowercase();
    let asks = |opening: char| {
        lower.match_indices(opening).any(|(at, _)| {
            let inner = lower.get(at + 1..).unwrap_or_default();
            ["fill in", "fill out", "insert ", "enter ", "describe ", "your ", "placeholder", "replace with"]
                .iter()
                .any(|request| inner.starts_with(request))
                && !inner.chars().take(LONGEST_REQUEST).collect::<String>().contains("](")
        })
    };
    asks('<')
        || asks('[')
        || [
            "to be written",
            "to be documented",
            "to be defined",
            "to be completed",
            "to be added",
            "to be determined",
            "to be announced",
            "to be described",
            "to be filled",
            "coming soon",
            "lorem ipsum",
            "noch zu schreiben",
            "noch auszufüllen",
            "à compléter",
            "por completar",
            "a preencher",
            "nog in te vullen",
        ]
        .iter()
        .any(|phrase| lower.contains(phrase))
}

/// A line with its `inline code` left out.
pub(super) fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join(" ")
}
