//! Ink and paper of whatever is read at a terminal: colour when asked for, glyphs that the terminal has, text wrapped to
//! its width. Uses `rule` and `score`.

use std::io::{self, Write};

use owo_colors::{OwoColorize, Style};

use super::Options;
use super::escape::terminal;
use crate::rule::Severity;
use crate::score::{Answer, Grade};

/// The widest that prose is set: longer lines are hard to follow.
const WIDEST: usize = 110;
/// The narrowest page that is still laid out.
const NARROWEST: usize = 40;

/// Where a report is written, line by line.
pub(crate) struct Page<'a> {
    out: &'a mut dyn Write,
    /// How to draw.
    pub(crate) options: &'a Options,
}

impl<'a> Page<'a> {
    pub(crate) fn new(out: &'a mut dyn Write, options: &'a Options) -> Self {
        Self { out, options }
    }

    /// The width that is used.
    pub(crate) fn width(&self) -> usize {
        self.options.width.clamp(NARROWEST, WIDEST)
    }

    /// A line as it is; trailing space is dropped.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", text.trim_end())
    }

    /// An empty line.
    pub(crate) fn gap(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// A rule across the page.
    pub(crate) fn rule(&mut self) -> io::Result<()> {
        let rule = if self.options.unicode { "─" } else { "-" }.repeat(self.width());
        let rule = self.dim(&rule);
        self.line(&rule)
    }

    /// Text of audited files, made safe and wrapped; the first line starts with `lead`, which is `hang` columns wide,
    /// and the others are indented as far.
    pub(crate) fn wrapped(&mut self, lead: &str, hang: usize, text: &str, style: Style) -> io::Result<()> {
        self.flow(lead, hang, &[(text, style)])
    }

    /// As [`Self::wrapped`], of several parts with styles of their own.
    pub(crate) fn flow(&mut self, lead: &str, hang: usize, parts: &[(&str, Style)]) -> io::Result<()> {
        let safe: Vec<_> = parts.iter().map(|(text, style)| (terminal(text), *style)).collect();
        let words = safe.iter().flat_map(|(text, style)| text.split_whitespace().map(|word| (word, *style)));
        for (index, line) in wrap(words, self.width().saturating_sub(hang)).into_iter().enumerate() {
            let mut text = if index == 0 { lead.to_owned() } else { " ".repeat(hang) };
            text.extend(runs(line).into_iter().map(|(run, style)| self.paint(&run, style)));
            self.line(&text)?;
        }
        Ok(())
    }

    /// Several lines, each indented.
    pub(crate) fn block(&mut self, indent: usize, text: &str) -> io::Result<()> {
        for line in text.lines() {
            self.line(&format!("{}{line}", " ".repeat(indent)))?;
        }
        Ok(())
    }

    /// Text in a style, when colour is asked for.
    pub(crate) fn paint(&self, text: &str, style: Style) -> String {
        if self.options.color { text.style(style).to_string() } else { text.to_owned() }
    }

    pub(crate) fn bold(&self, text: &str) -> String {
        self.paint(text, Style::new().bold())
    }

    pub(crate) fn dim(&self, text: &str) -> String {
        self.paint(text, Style::new().dimmed())
    }

    /// What stands between two facts on a line.
    pub(crate) fn dot(&self) -> &'static str {
        if self.options.unicode { " · " } else { ", " }
    }

    /// The sign of an answer.
    pub(crate) fn glyph(&self, answer: Answer) -> &'static str {
        match (answer, self.options.unicode) {
            (Answer::Yes, true) => "✔",
            (Answer::Yes, false) => "+",
            (Answer::Partly, true) => "◐",
            (Answer::Partly, false) => "~",
            (Answer::No, true) => "✘",
            (Answer::No, false) => "x",
            (Answer::Unknown, _) => "?",
            (Answer::NotApplicable, true) => "–",
            (Answer::NotApplicable, false) => "-",
        }
    }
}

/// The colour of an answer.
pub(crate) fn answer_style(answer: Answer) -> Style {
    match answer {
        Answer::Yes => Style::new().green(),
        Answer::Partly => Style::new().yellow(),
        Answer::No => Style::new().red(),
        Answer::Unknown => Style::new().cyan(),
        Answer::NotApplicable => Style::new().dimmed(),
    }
}

/// The colour of a severity.
pub(crate) fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => Style::new().red().bold(),
        Severity::High => Style::new().red(),
        Severity::Medium => Style::new().yellow(),
        Severity::Low => Style::new().blue(),
    }
}

/// The colour of a grade.
pub(crate) fn grade_style(grade: Option<Grade>) -> Style {
    match grade {
        Some(Grade::A | Grade::B) => Style::new().green().bold(),
        Some(Grade::C) => Style::new().yellow().bold(),
        Some(Grade::D | Grade::E | Grade::F) => Style::new().red().bold(),
        None => Style::new().cyan().bold(),
    }
}

/// A word and how it is set.
type Word<'a> = (&'a str, Style);

/// Words in lines of at most `width` characters; a longer word has a line of its own. At least one line.
fn wrap<'a>(words: impl Iterator<Item = Word<'a>>, width: usize) -> Vec<Vec<Word<'a>>> {
    let mut lines = vec![Vec::new()];
    let mut used = 0;
    for word in words {
        let length = word.0.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(Vec::new());
            used = 0;
        }
        used += length + usize::from(used > 0);
        if let Some(line) = lines.last_mut() {
            line.push(word);
        }
    }
    lines
}

/// The words of a line, joined where they are set alike, so that no style is opened for each of them.
fn runs(line: Vec<Word<'_>>) -> Vec<(String, Style)> {
    let mut runs: Vec<(String, Style)> = Vec::new();
    for (word, style) in line {
        match runs.last_mut() {
            Some((run, same)) if *same == style => {
                run.push(' ');
                run.push_str(word);
            }
            Some((run, _)) => {
                run.push(' ');
                runs.push((word.to_owned(), style));
            }
            None => runs.push((word.to_owned(), style)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, width: usize) -> Vec<String> {
        let words = text.split_whitespace().map(|word| (word, Style::new()));
        let lines = wrap(words, width).into_iter();
        lines.map(|line| runs(line).into_iter().map(|(run, _)| run).collect()).collect()
    }

    #[test]
    fn words_are_wrapped_and_never_cut() {
        assert_eq!(wrapped("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrapped("incomprehensible é", 5), ["incomprehensible", "é"]);
        assert_eq!(wrapped("", 5), [""]);
    }

    #[test]
    fn each_part_keeps_its_style() {
        let options = Options { color: true, width: 40, ..Options::default() };
        let mut out = Vec::new();
        let parts = [("what is wrong", Style::new().bold()), ("[rule]", Style::new().dimmed())];
        Page::new(&mut out, &options).flow("x ", 2, &parts).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "x \u{1b}[1mwhat is wrong \u{1b}[0m\u{1b}[2m[rule]\u{1b}[0m\n");
    }
}
