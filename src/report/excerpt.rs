//! A few lines of source with places underlined, drawn by miette. It is given a window of lines, never a whole file;
//! secrets are masked in it and control characters made visible, each by a stand-in of the same width, so that what is
//! underlined stays in place. Uses `source`.

use std::fmt;
use std::ops::Range;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use owo_colors::Style;

use super::Options;
use super::escape::stand_in;
use super::secret;
use crate::source::{Source, Sources, Span};

/// Lines shown above and below what is underlined.
const CONTEXT: u32 = 1;
/// The most lines of one window; a span over more is shown from its start.
const MOST_LINES: u32 = 12;
/// The most lines between two places of one window: what is further apart is named, not drawn.
const NEAR: u32 = 3;
/// The fewest characters of a line that still show something.
const FEWEST_COLUMNS: usize = 40;

/// A place to underline, with what to say of it.
pub(super) struct Mark {
    /// Where.
    pub(super) span: Span,
    /// What to say; may be empty.
    pub(super) label: String,
}

impl Mark {
    /// What is said of it where it is only named.
    pub(super) fn said(&self) -> &str {
        if self.label.is_empty() { "declared here" } else { &self.label }
    }
}

/// Some whole lines of a file, fit to be shown, and the marks in them.
pub(super) struct Window {
    path: String,
    /// The number of the first line, from 0.
    first_line: usize,
    /// The column of the primary mark, from 0: miette would count bytes of the cut line.
    column: usize,
    /// Characters left out at the start of every line.
    left_out: usize,
    /// Characters shown of every line; a longer one is shown around what is underlined.
    columns: usize,
    text: String,
    /// Byte ranges in `text`, with labels; the first is the primary one.
    marks: Vec<(Range<usize>, String)>,
}

impl Window {
    /// The lines around the first mark, with those other marks that stand near. Gives the marks that do not, without
    /// those that nothing is said of and that stand further up or down the same file.
    pub(super) fn around(sources: &Sources, marks: Vec<Mark>, options: &Options) -> Option<(Self, Vec<Mark>)> {
        let mut marks = marks.into_iter();
        let primary = marks.next()?;
        let file = primary.span.source;
        let source = sources.get(file);
        let (mut from, mut to) = line_range(source, primary.span);
        let mut inside = vec![primary];
        let mut outside = Vec::new();
        for mark in marks {
            let (first, last) = line_range(source, mark.span);
            let is_near = first.saturating_sub(to).max(from.saturating_sub(last)) <= NEAR;
            if mark.span.source == file && is_near && last.max(to) - first.min(from) < MOST_LINES {
                (from, to) = (first.min(from), last.max(to));
                inside.push(mark);
            } else if mark.span.source != file || !mark.label.is_empty() {
                outside.push(mark);
            }
        }
        let from = from.saturating_sub(CONTEXT).max(1);
        let to = (to + CONTEXT).min(from + MOST_LINES + CONTEXT);
        Some((Self::of(source, from, to, &inside, options), outside))
    }

    fn of(source: &Source, from: u32, to: u32, marks: &[Mark], options: &Options) -> Self {
        let mut lines: Vec<_> = (from..=to).filter_map(|line| source.line(line)).collect();
        // After the last line end nothing stands, unless it is what is pointed at.
        let marked = marks.iter().any(|mark| mark.span.start as usize >= source.text.len());
        lines.pop_if(|line| line.start == source.text.len() && line.start > 0 && !marked);
        // Room for the number, the frame and an indent.
        let columns = options.width.saturating_sub(14).max(FEWEST_COLUMNS);
        let longest = lines.iter().map(|line| source.text[line.clone()].chars().count()).max().unwrap_or(0);
        let primary = marks.first().map_or(1, |mark| source.position(mark.span.start).column as usize);
        let left_out = if longest > columns { primary.saturating_sub(columns / 2) } else { 0 };
        let mut window = Self {
            path: super::escape::terminal(&source.path).into_owned(),
            first_line: from as usize - 1,
            column: primary.saturating_sub(1),
            left_out,
            columns,
            text: String::new(),
            marks: Vec::new(),
        };
        // For each byte that starts a character of the file, where its stand-in starts in the window.
        let mut map: Vec<(usize, usize)> = Vec::new();
        for range in &lines {
            window.push_line(&source.text, range.clone(), options.unicode, &mut map);
        }
        if window.text.trim().is_empty() {
            // miette draws nothing for an empty file; a space is something to point at.
            window.text.insert(0, ' ');
        }
        let at = |offset: u32| {
            let index = map.partition_point(|(from, _)| *from < offset as usize);
            map.get(index).map_or(window.text.len(), |(_, to)| *to)
        };
        let within = |mark: &Mark| {
            let start = at(mark.span.start);
            start..at(mark.span.end).max(start).min(window.text.len())
        };
        window.marks = marks.iter().map(|mark| (within(mark), mark.label.clone())).collect();
        window
    }

    /// Adds a line of the file: masked, made visible, cut to a bearable length.
    fn push_line(&mut self, text: &str, range: Range<usize>, unicode: bool, map: &mut Vec<(usize, usize)>) {
        let line = &text[range.clone()];
        let before = text[..range.start].trim_end_matches(['\n', '\r']).rsplit('\n').next().unwrap_or_default();
        let secrets = secret::ranges(before, line);
        let (mask, cut) = if unicode { ('•', '…') } else { ('*', '.') };
        for (column, (at, character)) in line.trim_start_matches('\u{feff}').char_indices().enumerate() {
            let at = at + line.len() - line.trim_start_matches('\u{feff}').len();
            map.push((range.start + at, self.text.len()));
            let shown = column.checked_sub(self.left_out);
            match shown {
                None => {}
                Some(0) if self.left_out > 0 => self.text.push(cut),
                Some(column) if column == self.columns => self.text.push(cut),
                Some(column) if column > self.columns => {}
                Some(_) if secrets.iter().any(|secret| secret.contains(&at)) => self.text.push(mask),
                Some(_) => self.text.push(stand_in(character, unicode)),
            }
        }
        map.push((range.end, self.text.len()));
        self.text.push('\n');
    }

    /// The lines, for outputs that draw them another way.
    pub(super) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let mut start = 0;
        self.text.lines().enumerate().map(move |(index, text)| {
            let range = start..start + text.len();
            start = range.end + 1;
            let clip = |(mark, label): &'_ (Range<usize>, String)| {
                let clipped = mark.start.max(range.start)..mark.end.min(range.end);
                // What is said of a mark is said at its last line.
                let said = if mark.end <= range.end { label.clone() } else { String::new() };
                (clipped.start < clipped.end).then(|| (clipped.start - range.start..clipped.end - range.start, said))
            };
            let mut marks: Vec<_> = self.marks.iter().filter_map(clip).collect();
            marks.sort_by_key(|(range, _)| (range.start, range.end));
            Line { number: self.first_line + index + 1, text, marks }
        })
    }

    /// The window as miette draws it: a box of numbered lines, with its title `path:line:column`.
    pub(super) fn draw(&self, options: &Options) -> String {
        let mut drawn = String::new();
        // Writing to a string cannot fail, and the spans were clipped to the window.
        let _ = self.handler(options).render_report(&mut drawn, &Drawing { window: self, title: "", help: None });
        // miette opens with the line of the message, which is empty here.
        let body = drawn.lines().skip_while(|line| !line.contains(['╭', ',']));
        body.map(str::trim_end).collect::<Vec<_>>().join("\n")
    }

    /// A message with the window under it and help below.
    pub(super) fn draw_with(&self, title: &str, help: Option<&str>, options: &Options) -> String {
        let mut drawn = String::new();
        let _ = self.handler(options).render_report(&mut drawn, &Drawing { window: self, title, help });
        drawn.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }

    /// miette's renderer as the options ask for it.
    fn handler(&self, options: &Options) -> GraphicalReportHandler {
        let mut characters = if options.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() };
        if !options.unicode {
            characters.error = "x".into();
        }
        let mut styles = if options.color { ThemeStyles::ansi() } else { ThemeStyles::none() };
        if options.color {
            styles.highlights = self.highlights();
        }
        GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
            .with_width(options.width)
            // The window is cut already; more context than it has lines keeps it in one frame.
            .with_context_lines((MOST_LINES + 2 * CONTEXT) as usize)
            .without_syntax_highlighting()
            .with_links(false)
    }

    /// Red for what is wrong, blue for what explains it, in the order of the lines, as miette takes them.
    fn highlights(&self) -> Vec<Style> {
        let mut order: Vec<_> = self.marks.iter().enumerate().map(|(index, (range, _))| (range.start, index)).collect();
        order.sort_unstable();
        let style = |index| if index == 0 { Style::new().red().bold() } else { Style::new().blue().bold() };
        order.into_iter().map(|(_, index)| style(index)).collect()
    }
}

/// One line of a window.
pub(super) struct Line<'a> {
    /// Its number in the file, from 1.
    pub(super) number: usize,
    text: &'a str,
    /// What is marked in it, in order, with what is said of it.
    marks: Vec<(Range<usize>, String)>,
}

impl<'a> Line<'a> {
    /// The text in parts, marked and not.
    pub(super) fn parts(&self) -> Vec<(bool, &'a str)> {
        let mut parts = Vec::new();
        let mut done = 0;
        for (range, _) in &self.marks {
            let start = range.start.max(done);
            parts.push((false, self.text.get(done..start).unwrap_or_default()));
            parts.push((true, self.text.get(start..range.end).unwrap_or_default()));
            done = range.end.max(done);
        }
        parts.push((false, self.text.get(done..).unwrap_or_default()));
        parts.retain(|(_, text)| !text.is_empty());
        parts
    }

    /// What is said of the marks that end here.
    pub(super) fn said(&self) -> String {
        let labels = self.marks.iter().map(|(_, label)| label.as_str()).filter(|label| !label.is_empty());
        labels.collect::<Vec<_>>().join("; ")
    }
}

/// First and last line of a span, from 1; a span that ends with a line end does not reach into the next line.
fn line_range(source: &Source, span: Span) -> (u32, u32) {
    let first = source.position(span.start).line;
    let last = source.position(span.end.saturating_sub(1).max(span.start)).line;
    (first, last.min(first + MOST_LINES - 1))
}

/// A window as miette wants it.
struct Drawing<'a> {
    window: &'a Window,
    title: &'a str,
    help: Option<&'a str>,
}

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.title)
    }
}

impl fmt::Debug for Drawing<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.title)
    }
}

impl std::error::Error for Drawing<'_> {}

impl Diagnostic for Drawing<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.window)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.window.marks.iter().enumerate().map(|(index, (range, label))| {
            let label = (!label.is_empty()).then(|| label.clone());
            let span = SourceSpan::from(range.clone());
            if index == 0 {
                LabeledSpan::new_primary_with_span(label, span)
            } else {
                LabeledSpan::new_with_span(label, span)
            }
        })))
    }
}

impl SourceCode for Window {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let found = self.text.read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.path.clone(),
            found.data(),
            *found.span(),
            found.line() + self.first_line,
            if before + after == 0 { self.column } else { found.column() },
            found.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str, needles: &[(&str, &str)], options: &Options) -> String {
        let mut sources = Sources::default();
        let id = sources.add(Source::new("a.yaml", text));
        let mark = |(needle, label): &(&str, &str)| {
            let start = text.find(needle).unwrap();
            Mark { span: Span::new(id, start, start + needle.len()), label: (*label).into() }
        };
        let marks = needles.iter().map(mark).collect();
        Window::around(&sources, marks, options).unwrap().0.draw(options)
    }

    #[test]
    fn a_window_keeps_its_line_numbers_and_underlines_the_place() {
        let text = "one: 1\ntwo: 2\nthree: 3\nfour: 4\nfive: 5\n";
        insta::assert_snapshot!(drawn(text, &[("three: 3", "this one"), ("four", "")], &Options::default()));
    }

    #[test]
    fn secrets_are_masked_and_control_characters_shown_at_the_same_width() {
        let text = "a: 1\npassword: hünter2 # \u{1b}[31m é here\nb: 2\n";
        let shown = drawn(text, &[("here", "here")], &Options::default());
        assert!(!shown.contains("nter2") && !shown.contains('\u{1b}'), "{shown}");
        insta::assert_snapshot!(shown);
        let ascii = drawn(text, &[("b: 2", "")], &Options { unicode: false, ..Options::default() });
        insta::assert_snapshot!(ascii);
    }

    #[test]
    fn long_lines_are_cut_around_the_place_and_empty_files_can_be_pointed_at() {
        let long = format!("{}needle{}\n", "x ".repeat(5000), " y".repeat(5000));
        let shown = drawn(&long, &[("needle", "")], &Options::default());
        assert!(shown.contains("a.yaml:1:10001"), "{shown}");
        assert!(shown.lines().all(|line| line.chars().count() < 200), "{shown}");
        assert!(drawn("", &[("", "")], &Options::default()).contains("a.yaml:1:1"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_and_any_places_can_be_drawn(
            text in "[ -~\t\r\n\u{1b}\u{202e}\u{feff}é漢👩‍🚒]{0,400}",
            places in proptest::collection::vec((0usize..420, 0usize..60), 1..4),
            width in 0usize..200,
            unicode in proptest::bool::ANY,
        ) {
            let mut sources = Sources::default();
            let id = sources.add(Source::new("a", text));
            let mark = |(start, length): &(usize, usize)| {
                Mark { span: Span::new(id, *start, start + length), label: "here".into() }
            };
            let options = Options { unicode, width, ..Options::default() };
            let (window, _) = Window::around(&sources, places.iter().map(mark).collect(), &options).unwrap();
            let drawn = window.draw(&options);
            assert!(drawn.contains("a:"), "{drawn}");
            let hostile = |character: char| character != '\n' && crate::report::escape::is_unsafe(character);
            assert!(!drawn.contains(hostile), "{drawn:?}");
            for line in window.lines() {
                assert_eq!(line.parts().iter().map(|(_, part)| *part).collect::<String>(), line.text);
            }
        }
    }
}
