//! Arguments → one call → exit code. One file per verb. Uses the library, and is the only part that prints.

mod arguments;
mod check;
mod explain;
mod init;
mod new;
mod report;
mod rules;
mod schema;
mod services;
mod session;
mod terminal;
mod test;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use arguments::{Arguments, Verb};
use terminal::Terminal;

/// Nothing at or above the threshold.
const CLEAN: u8 = 0;
/// A gap at or above `--fail-on`, or a score below `--min-score`.
const GAPS: u8 = 1;
/// Wrong usage, wrong configuration, or our own failure.
const FAILURE: u8 = 2;

/// What ends a run before it has an answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Something the user can mend; said on standard error.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do next.
        help: String,
    },
    /// Problems that were already said.
    #[error("stopped")]
    Said,
    /// Standard output went away, or could not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Failure {
    /// A mistake and its remedy.
    pub(crate) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: help.into() }
    }
}

/// Runs the program on the arguments of the process.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are answers; anything else is wrong usage. Clap prints each where it belongs.
            let code = if error.use_stderr() { FAILURE } else { CLEAN };
            return match error.print() {
                Ok(()) => ExitCode::from(code),
                Err(_) => ExitCode::from(FAILURE),
            };
        }
    };
    let terminal = Terminal::new(arguments.color);
    let code = match dispatch(&arguments, &terminal) {
        Ok(code) => code,
        // A reader that has seen enough (`| head`) is no failure.
        Err(Failure::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => CLEAN,
        Err(Failure::Said) => FAILURE,
        Err(failure) => {
            terminal.complain(&failure);
            FAILURE
        }
    };
    ExitCode::from(code)
}

fn dispatch(arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    match &arguments.verb {
        None => {
            refuse_mistyped_verb(&arguments.check)?;
            check::run(&arguments.check, terminal)
        }
        Some(Verb::Check(check)) => check::run(check, terminal),
        Some(Verb::Report(report)) => report::run(report, terminal),
        Some(Verb::Services(services)) => services::run(services, terminal),
        Some(Verb::Explain(explain)) => explain::run(explain, terminal),
        Some(Verb::Rules(rules)) => rules::run(rules, terminal),
        Some(Verb::Test(test)) => test::run(test, terminal),
        Some(Verb::Init(init)) => init::run(init, terminal),
        Some(Verb::New(new)) => new::run(new, terminal),
        Some(Verb::Schema { what }) => schema::run(*what, terminal),
        Some(Verb::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "twoam", &mut script);
            terminal.out().write_all(&script)?;
            Ok(CLEAN)
        }
    }
}

/// Without a verb the first word is a path; one that is not there and looks like a verb was meant as one.
fn refuse_mistyped_verb(check: &arguments::Check) -> Result<(), Failure> {
    let Some(first) = check.inputs.paths.first().filter(|path| !path.exists()) else { return Ok(()) };
    let word = first.to_string_lossy();
    let command = Arguments::command();
    let verbs = command.get_subcommands().map(clap::Command::get_name);
    crate::problem::nearest(&word, verbs).map_or(Ok(()), |verb| {
        Err(Failure::usage(
            format!("there is no command, file or folder `{word}`"),
            format!("did you mean `twoam {verb}`?"),
        ))
    })
}
