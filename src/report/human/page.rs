//! Ink and paper: colour when asked for, glyphs that the terminal has, text wrapped to its width.

use std::io::{self, Write};

use owo_colors::{OwoColorize, Style};

use crate::report::Options;
use crate::report::escape::terminal;
use crate::rule::Severity;
use crate::score::{Answer, Grade};

/// The widest that prose is set: longer lines are hard to follow.
const WIDEST: usize = 110;
/// The narrowest page that is still laid out.
const NARROWEST: usize = 40;

/// Where a report is written, line by line.
pub(super) struct Page<'a> {
    out: &'a mut dyn Write,
    /// How to draw.
    pub(super) options: &'a Options,
}

impl<'a> Page<'a> {
    pub(super) fn new(out: &'a mut dyn Write, options: &'a Options) -> Self {
        Self { out, options }
    }

    /// The width that is used.
    pub(super) fn width(&self) -> usize {
        self.options.width.clamp(NARROWEST, WIDEST)
    }

    /// A line as it is; trailing space is dropped.
    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", text.trim_end())
    }

    /// An empty line.
    pub(super) fn gap(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// A rule across the page.
    pub(super) fn rule(&mut self) -> io::Result<()> {
        let rule = if self.options.unicode { "─" } else { "-" }.repeat(self.width());
        let rule = self.dim(&rule);
        self.line(&rule)
    }

    /// Text of audited files, made safe and wrapped; the first line starts with `lead`, which is `hang` columns wide,
    /// and the others are indented as far.
    pub(super) fn wrapped(&mut self, lead: &str, hang: usize, text: &str, style: Style) -> io::Result<()> {
        for (index, part) in wrap(&terminal(text), self.width().saturating_sub(hang)).iter().enumerate() {
            let start = if index == 0 { lead.to_owned() } else { " ".repeat(hang) };
            let line = format!("{start}{}", self.paint(part, style));
            self.line(&line)?;
        }
        Ok(())
    }

    /// Several lines, each indented.
    pub(super) fn block(&mut self, indent: usize, text: &str) -> io::Result<()> {
        for line in text.lines() {
            self.line(&format!("{}{line}", " ".repeat(indent)))?;
        }
        Ok(())
    }

    /// Text in a style, when colour is asked for.
    pub(super) fn paint(&self, text: &str, style: Style) -> String {
        if self.options.color { text.style(style).to_string() } else { text.to_owned() }
    }

    pub(super) fn bold(&self, text: &str) -> String {
        self.paint(text, Style::new().bold())
    }

    pub(super) fn dim(&self, text: &str) -> String {
        self.paint(text, Style::new().dimmed())
    }

    /// What stands between two facts on a line.
    pub(super) fn dot(&self) -> &'static str {
        if self.options.unicode { " · " } else { ", " }
    }

    /// The sign of an answer.
    pub(super) fn glyph(&self, answer: Answer) -> &'static str {
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
pub(super) fn answer_style(answer: Answer) -> Style {
    match answer {
        Answer::Yes => Style::new().green(),
        Answer::Partly => Style::new().yellow(),
        Answer::No => Style::new().red(),
        Answer::Unknown => Style::new().cyan(),
        Answer::NotApplicable => Style::new().dimmed(),
    }
}

/// The colour of a severity.
pub(super) fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => Style::new().red().bold(),
        Severity::High => Style::new().red(),
        Severity::Medium => Style::new().yellow(),
        Severity::Low => Style::new().blue(),
    }
}

/// The colour of a grade.
pub(super) fn grade_style(grade: Option<Grade>) -> Style {
    match grade {
        Some(Grade::A | Grade::B) => Style::new().green().bold(),
        Some(Grade::C) => Style::new().yellow().bold(),
        Some(Grade::D | Grade::E | Grade::F) => Style::new().red().bold(),
        None => Style::new().cyan().bold(),
    }
}

/// Words in lines of at most `width` characters; a longer word has a line of its own. At least one line.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += length;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_and_never_cut() {
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("incomprehensible é", 5), ["incomprehensible", "é"]);
        assert_eq!(wrap("", 5), [""]);
    }
}
