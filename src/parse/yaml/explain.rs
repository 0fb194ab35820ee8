//! Syntax errors in plain words.

use granit_parser::{ErrorKind, ScanError};

use crate::problem::{Fault, Problem};
use crate::source::{SourceId, Span};

/// How the message of a syntax error begins.
const WRONG: &str = "not valid YAML";

/// Whether a problem is that a document could not be read, and not something within it.
pub fn is_syntax(problem: &Problem) -> bool {
    problem.message.starts_with(WRONG)
}

/// The problem that a syntax error is, at the character where reading stopped.
pub(super) fn problem(id: SourceId, text: &str, error: &ScanError) -> Problem {
    let start = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
    let here = text.get(start..).and_then(|rest| rest.chars().next()).filter(|char| !char.is_control());
    let span = Span::new(id, start, start + here.map_or(0, char::len_utf8));
    let (what, next) = words(error);
    let help = if next.is_empty() { "this document is left out of the audit until it is valid YAML" } else { next };
    Problem::at(Fault::Input, span, format!("{WRONG}: {what}"), help)
}

/// What is wrong, and what to do when there is more to say than "correct it".
fn words(error: &ScanError) -> (String, &'static str) {
    let (what, next) = match error.kind() {
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
            ("this quoted string is never closed", "add the closing quote; a `'` inside '…' is written twice")
        }
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping => ("this bracket is never closed", "add the closing bracket"),
        ErrorKind::MisplacedFlowCollectionEnd | ErrorKind::MismatchedFlowCollectionEnd { .. } => {
            ("this bracket closes nothing that is open", "check the brackets before it")
        }
        ErrorKind::TabInIndentation | ErrorKind::TabInBlockIndentation | ErrorKind::TabNotAllowed => {
            ("a tab stands in the indentation", "indent with spaces")
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::MappingKeyNotAllowed => (
            "a `:` stands where no key may start",
            "quote a value that contains `: `, or check the indentation of this line and the one above",
        ),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            ("a line that should be a `key: value` has no `: `", "add the `: `, or indent the line under its key")
        }
        ErrorKind::InvalidIndentation | ErrorKind::ExpectedBlockMappingKey | ErrorKind::ExpectedBlockSequenceEntry => (
            "the indentation fits neither the lines above nor a new level",
            "align this line with the keys or dashes it belongs to",
        ),
        ErrorKind::UnknownQuotedScalarEscape => {
            ("a backslash escape that YAML does not know", "write `\\\\` for a backslash, or use '…' quotes")
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            ("text follows the closing quote of a string", "quote the whole value")
        }
        ErrorKind::RecursionLimitExceeded => ("it is nested too deep to be read", ""),
        ErrorKind::UnexpectedCharacter { character } => {
            return (format!("a value may not start with `{character}`"), "quote the value");
        }
        _ => return (error.info().clone(), ""),
    };
    (what.to_owned(), next)
}
