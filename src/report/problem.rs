//! Our own complaints, drawn by the renderer that draws findings; for standard error. Uses `problem` and `source`.

use std::io::{self, Write};

use super::Options;
use super::escape::terminal;
use super::excerpt::{Mark, Window};
use crate::problem::{Fault, Problem};
use crate::source::Sources;

/// Draws problems, each with its place and what to do about it.
pub fn write(problems: &[Problem], sources: &Sources, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    for problem in problems {
        let message = terminal(&problem.message);
        let whose = match problem.fault {
            Fault::Input => String::new(),
            Fault::Rule => "rule: ".into(),
            Fault::Configuration => "configuration: ".into(),
        };
        let help = terminal(&problem.help);
        let help = (!help.is_empty()).then_some(&*help);
        let mark = problem.span.map(|span| vec![Mark { span, label: String::new() }]);
        if let Some((window, _)) = mark.and_then(|mark| Window::around(sources, mark, options)) {
            writeln!(out, "{}", window.draw_with(&format!("{whose}{message}"), help, options))?;
            continue;
        }
        let path = problem.path.as_deref().map(|path| format!("{}: ", terminal(path))).unwrap_or_default();
        writeln!(out, "  {} {path}{whose}{message}", if options.unicode { '×' } else { 'x' })?;
        if let Some(help) = help {
            writeln!(out, "  help: {help}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn problems_are_drawn_at_their_place() {
        let audit = sample::audit();
        let mut out = Vec::new();
        write(&audit.problems, &audit.sources, &Options::default(), &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }
}
