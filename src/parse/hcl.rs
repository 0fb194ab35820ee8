//! HCL (`.tf`, `.tfvars`, `.hcl`) through hcl-edit. Uses `source`, `tree` and `problem`.
//!
//! hcl-edit gives a whole body or one error. Around it stand: a coarse [`lexer`] for comments and for cutting, a
//! [`convert`]er to our tree, the [`template`] rules for what literals say, and [`recover`], which reads a broken file
//! piece by piece. What hcl-edit refuses and Terraform does not is made good here: a byte order mark, and a key that is
//! written twice in an object (both items are kept; the last one counts, as in Terraform).

mod convert;
mod lexer;
mod places;
mod recover;
mod template;

use crate::parse::Parsed;
use crate::problem::{Fault, Problem};
use crate::source::{SourceId, Span};
use crate::tree::block::{Body, TemplatePart};
use crate::tree::{Comment, Content, Document, Format, Text};

use convert::Converter;
use places::Places;

/// Nesting up to which the recursive parser runs on the caller's stack. It takes half a megabyte at most in a build
/// without optimisation; a worker thread has two.
const SHALLOW: usize = 16;

/// The stack for deeper text. The 64 levels that hcl-edit accepts take two megabytes at most.
const DEEP_STACK: usize = 16 << 20;

/// The largest object that is parsed: hcl-edit compares each key with all those before it, a third of a second here.
const MOST_KEYS: usize = 10_000;

/// How many repeated object keys are disguised before a text is given up; each costs one more run of the parser.
const MOST_REPEATED_KEYS: usize = 16;

/// Reads an HCL file. A syntax error loses the smallest thing that can be named: an attribute's value becomes unknown,
/// a block that cannot be read to its end is left out, and the rest of the file stays.
pub fn parse(id: SourceId, text: &str) -> Parsed {
    let unmarked = text.strip_prefix('\u{feff}').unwrap_or(text);
    let places = Places::new(id, text.len() - unmarked.len());
    let survey = lexer::survey(unmarked);
    let (body, problems) = if survey.keys > MOST_KEYS {
        let message = format!("an object with more than {MOST_KEYS} keys");
        nothing(&places, message, "move it into a JSON or YAML file; until then this file is not audited")
    } else if survey.nesting > SHALLOW {
        on_deep_stack(unmarked, &places)
    } else {
        read(unmarked, &places)
    };
    let comments = survey.comments.into_iter().map(|range| comment(&unmarked[range.clone()], places.span(range)));
    let document =
        Document { source: id, format: Format::Hcl, content: Content::Body(body), comments: comments.collect() };
    Parsed { document, problems }
}

/// Reads the text of a template (`templatefile`): its parts, or nothing where it is not valid or nests too deeply.
pub fn template(id: SourceId, text: &str) -> Option<Vec<TemplatePart>> {
    let survey = lexer::survey(text);
    if survey.keys > MOST_KEYS {
        return None;
    }
    let template = || {
        let template = hcl_edit::parser::parse_template(text).ok()?;
        let places = Places::new(id, 0);
        Some(Converter::new(text, &places).template_parts(&template))
    };
    if survey.nesting <= SHALLOW {
        return template();
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(DEEP_STACK);
        thread.spawn_scoped(scope, template).ok()?.join().ok()?
    })
}

fn read(text: &str, places: &Places) -> (Body, Vec<Problem>) {
    match piece(text, places.clone()) {
        Ok(read) => read,
        Err(failure) => recover::file(text, places, &failure),
    }
}

/// Reads on a thread of its own, whose stack is large enough for whatever hcl-edit accepts.
fn on_deep_stack(text: &str, places: &Places) -> (Body, Vec<Problem>) {
    let read = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(DEEP_STACK);
        thread.spawn_scoped(scope, || read(text, places)).ok()?.join().ok()
    });
    read.unwrap_or_else(|| {
        let message = "this file is nested too deeply to be read with the memory at hand";
        nothing(places, message, "split its deepest expressions up; until then this file is not audited")
    })
}

/// An empty body, and why it is empty.
fn nothing(places: &Places, message: impl Into<String>, help: &str) -> (Body, Vec<Problem>) {
    (Body::default(), vec![Problem::at(Fault::Input, places.span(0..0), message, help)])
}

/// Why hcl-edit refused a piece of text.
struct Failure {
    /// Its own words.
    message: String,
    /// Where, in the file.
    place: Span,
}

/// Parses a piece of text that stands alone: a file, or one attribute or block of it.
fn piece(text: &str, mut places: Places) -> Result<(Body, Vec<Problem>), Failure> {
    let mut patched = String::new();
    for _ in 0..=MOST_REPEATED_KEYS {
        let text = if patched.is_empty() { text } else { &patched };
        let error = match hcl_edit::parser::parse_body(text) {
            Ok(body) => {
                let mut converter = Converter::new(text, &places);
                let body = converter.body(&body);
                return Ok((body, converter.problems));
            }
            Err(error) => error,
        };
        // When the text ends too early, the parser points at its last byte, which may be inside a character.
        let offset = text.floor_char_boundary(error.location().offset());
        let failure = Failure {
            message: error.message().to_owned(),
            place: places.span(offset..offset + token_length(&text[offset..])),
        };
        if !failure.message.contains("redefined object key") {
            return Err(failure);
        }
        let copy = text.to_owned();
        patched = disguise(copy, &mut places, offset).ok_or(failure)?;
    }
    Err(Failure { message: format!("an object repeats more than {MOST_REPEATED_KEYS} keys"), place: places.span(0..0) })
}

/// Puts something around the object key at `offset` that tells it from its namesake and does not change what it says:
/// quotes around a bare word, parentheses around anything else.
fn disguise(mut text: String, places: &mut Places, offset: usize) -> Option<String> {
    let rest = text.get(offset..)?;
    let first = rest.chars().next()?;
    let length = match first {
        '"' | '(' => {
            let mut lexer = lexer::Lexer::new(rest, 0..rest.len());
            let mut end = lexer.next()?.1.end;
            while lexer.depth() > 0 {
                end = lexer.next()?.1.end;
            }
            end
        }
        _ => rest.find(|character| !lexer::is_word(character)).filter(|length| *length > 0)?,
    };
    let (before, after) = if first.is_alphabetic() || first == '_' { ('"', '"') } else { ('(', ')') };
    places.insert(&mut text, offset + length, after);
    places.insert(&mut text, offset, before);
    Some(text)
}

/// The length of what an error at the start of `text` underlines: a word, or one character; nothing at a line's end.
fn token_length(text: &str) -> usize {
    match text.chars().next() {
        None | Some('\r' | '\n') => 0,
        Some(first) if lexer::is_word(first) => text.find(|character| !lexer::is_word(character)).unwrap_or(text.len()),
        Some(first) => first.len_utf8(),
    }
}

fn comment(written: &str, span: Span) -> Comment {
    let text = match written.strip_prefix("/*") {
        Some(block) => block.strip_suffix("*/").unwrap_or(block).trim_matches('*'),
        None => written.trim_start_matches(['#', '/']),
    };
    Comment { span, text: Text::from(text.trim()) }
}

#[cfg(test)]
mod tests;
