//! One file per output, each reading an [`Audit`] and changing nothing. What several outputs say alike is written
//! once: [`finding`] reads one verdict, [`summary`] the whole, [`excerpt`] the lines of source around a place, and
//! [`escape`] and [`secret`] keep what files hold from reaching a medium as anything but text.
//!
//! An output is a file here and a variant of [`Format`].

mod concise;
mod escape;
mod excerpt;
mod finding;
mod github;
mod gitlab;
mod html;
mod human;
pub mod json;
mod junit;
pub mod loss;
mod markdown;
pub(crate) mod page;
mod problem;
#[cfg(test)]
mod sample;
mod sarif;
pub mod scaffold;
mod secret;
mod summary;

use std::io::{self, Write};
use std::str::FromStr;

pub(crate) use escape::terminal as terminal_text;
pub use problem::write as write_problems;
pub(crate) use summary::plural;

use crate::audit::Audit;
use crate::rule::Severity;

/// The form of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// For a person at a terminal, with excerpts of the source.
    #[default]
    Human,
    /// One line per finding.
    Concise,
    /// Everything, for programs; its schema is [`json::schema`].
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations in the log of a GitHub Actions job.
    Github,
    /// GitLab's Code Quality report.
    Gitlab,
    /// `JUnit` XML: every check a test case, for CI systems that know nothing else.
    Junit,
    /// The readiness report as a wiki page or a comment.
    Markdown,
    /// The readiness report as one self-contained page.
    Html,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Human,
        Self::Concise,
        Self::Json,
        Self::Sarif,
        Self::Github,
        Self::Gitlab,
        Self::Junit,
        Self::Markdown,
        Self::Html,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Concise => "concise",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Junit => "junit",
            Self::Markdown => "markdown",
            Self::Html => "html",
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|format| format.name()).collect();
            format!("unknown format `{name}`; one of: {}", known.join(", "))
        })
    }
}

/// How a report is drawn. Nothing here changes what it says is wrong.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether to colour (human only).
    pub color: bool,
    /// Whether the terminal shows more than ASCII (human only).
    pub unicode: bool,
    /// Columns of the terminal (human only).
    pub width: usize,
    /// Whether long lists are written out, and whatever was not decided is listed (human, concise).
    pub verbose: bool,
    /// Least severity to show; what is below still counts in scores (human, concise).
    pub min_severity: Severity,
    /// What was audited, as a title: the project's name.
    pub project: String,
    /// The date of the report (`2026-11-24`); none leaves it out.
    pub today: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            color: false,
            unicode: true,
            width: 80,
            verbose: false,
            min_severity: Severity::Low,
            project: String::new(),
            today: None,
        }
    }
}

/// Writes a report. The same audit and options give the same bytes.
pub fn write(format: Format, audit: &Audit, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Human => human::write(audit, options, out),
        Format::Concise => concise::write(audit, options, out),
        Format::Json => json::write(audit, out),
        Format::Sarif => sarif::write(audit, out),
        Format::Github => github::write(audit, out),
        Format::Gitlab => gitlab::write(audit, out),
        Format::Junit => junit::write(audit, out),
        Format::Markdown => markdown::write(audit, options, out),
        Format::Html => html::write(audit, options, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_a_name_and_gives_the_same_bytes_twice() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
            let options = Options::default();
            assert_eq!(sample::render(format, &options), sample::render(format, &options));
        }
        assert!("xml".parse::<Format>().is_err_and(|message| message.contains("junit")));
    }
}
