//! Standard output and standard error: colour, width, progress.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Failure;
use super::arguments::ColorWhen;
use crate::audit::{Audit, Stage};
use crate::report;

/// The streams of the process.
pub(super) struct Terminal {
    color_out: bool,
    color_err: bool,
}

/// Columns when standard output is no terminal.
const WIDTH: usize = 100;

#[allow(clippy::unused_self, reason = "the streams are the terminal's, even where they are the process's too")]
impl Terminal {
    /// Decides about colour: what was asked for, else `NO_COLOR`, `CLICOLOR` and whether the stream is a terminal.
    pub(super) fn new(when: ColorWhen) -> Self {
        let decide = |automatic: anstream::ColorChoice| match when {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto => automatic != anstream::ColorChoice::Never,
        };
        Self {
            color_out: decide(anstream::AutoStream::choice(&io::stdout())),
            color_err: decide(anstream::AutoStream::choice(&io::stderr())),
        }
    }

    /// Standard output, buffered; flush it by dropping it or before the process ends.
    pub(super) fn out(&self) -> io::BufWriter<io::StdoutLock<'static>> {
        io::BufWriter::with_capacity(64 * 1024, io::stdout().lock())
    }

    /// How reports are drawn here.
    pub(super) fn options(&self, audit_of: &str, verbose: bool, today: jiff::civil::Date) -> report::Options {
        report::Options {
            color: self.color_out,
            unicode: unicode(),
            width: width(),
            verbose,
            min_severity: crate::rule::Severity::Low,
            project: audit_of.to_owned(),
            today: Some(today.to_string()),
        }
    }

    /// Whether standard output takes colour.
    pub(super) fn color(&self) -> bool {
        self.color_out
    }

    /// Says why nothing came of it.
    pub(super) fn complain(&self, failure: &Failure) {
        let mut err = io::stderr().lock();
        let label = if self.color_err { "\u{1b}[1;31merror\u{1b}[0m" } else { "error" };
        // Standard error may be gone; there is nobody left to tell.
        let _ = writeln!(err, "{label}: {failure}");
        if let Failure::Usage { help, .. } = failure
            && !help.is_empty()
        {
            let _ = writeln!(err, "  help: {help}");
        }
    }

    /// Draws the problems of an audit on standard error.
    pub(super) fn problems(&self, audit: &Audit) -> io::Result<()> {
        let options =
            report::Options { color: self.color_err, unicode: unicode(), width: width(), ..Default::default() };
        report::write_problems(&audit.problems, &audit.sources, &options, &mut io::stderr().lock())
    }

    /// A line of progress on standard error, on a terminal only.
    pub(super) fn progress(&self, quiet: bool) -> Progress {
        if quiet || !io::stderr().is_terminal() {
            return Progress(ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()));
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {pos:>6} files {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        Progress(bar)
    }
}

/// A line of progress; it goes away when dropped.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Shows a stage.
    pub(super) fn show(&self, stage: Stage) {
        match stage {
            Stage::Discover => self.0.set_message("finding"),
            Stage::File => self.0.inc(1),
            Stage::Read => self.0.set_message("reading"),
            Stage::Resolve => self.0.set_message("evaluating"),
            Stage::Link => self.0.set_message("joining"),
            Stage::Judge | Stage::Score => self.0.set_message("judging"),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Columns to draw in: the terminal's, or `COLUMNS`, or a width that reads well in a log.
fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let terminal = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    columns.or(terminal).unwrap_or(WIDTH).clamp(40, 140)
}

/// Whether the locale promises more than ASCII; a log or a pipe is taken to hold UTF-8.
fn unicode() -> bool {
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8") || !io::stdout().is_terminal()
    })
}
