//! Reading a file that does not parse as a whole, by cutting it into its attributes and blocks. Uses `source`, `tree`
//! and `problem`.
//!
//! An attribute whose value is broken keeps its name, with an unknown value: were it left out, it would look as if
//! nobody had set it. A block is kept when everything in it can at least be named, and is left out otherwise.

use std::ops::Range;

use crate::problem::{Fault, Problem};
use crate::source::Spanned;
use crate::tree::block::{Attribute, Block, Body, Expression, ExpressionKind};
use crate::tree::{Text, Unknown, Value};

use super::lexer::{Lexer, Token, is_word};
use super::places::Places;
use super::{Failure, piece};

/// Cuts and problems after which the rest of a file is given up, so that a file made of errors costs little.
const MOST_ERRORS: usize = 64;

/// Blocks inside blocks that are still cut open.
const DEEPEST_CUT: usize = 16;

/// One attribute or block, as far as can be told without parsing.
#[derive(Debug)]
struct Item {
    /// All of it, its line end left out.
    range: Range<usize>,
    /// After its line end: with nothing behind it, the parser could not point at a value that is missing.
    line_end: usize,
    /// Its first word, when it begins with one.
    name: Option<Range<usize>>,
    shape: Shape,
}

#[derive(Debug, PartialEq)]
enum Shape {
    /// `name = …`.
    Attribute,
    /// `kind labels { … }`, with what is between the braces.
    Block(Range<usize>),
    /// Anything else, a block that is not closed among them.
    Neither,
}

/// Reads what can be read of a file that failed to parse.
pub(super) fn file(text: &str, places: &Places, failure: &Failure) -> (Body, Vec<Problem>) {
    let mut recovery = Recovery { text, places, problems: Vec::new() };
    let mut body = Body::default();
    for item in items(text, 0..text.len()) {
        recovery.item(&item, &mut body, 0);
    }
    recovery.refuse_repeats(&body);
    let mut problems = recovery.problems;
    if problems.is_empty() {
        // Every piece is sound alone, so the fault lies in how they stand together.
        problems.push(problem(failure, "a part of this file"));
    }
    problems.sort_by_key(|problem| problem.span);
    if problems.len() >= MOST_ERRORS {
        let message = "this file has too many syntax errors: what follows the last one is not audited";
        problems.push(Problem::at(Fault::Input, places.span(0..0), message, HELP));
    }
    (body, problems)
}

struct Recovery<'t> {
    text: &'t str,
    places: &'t Places,
    problems: Vec<Problem>,
}

impl Recovery<'_> {
    /// Reads one item into `into`. `false` when something is lost that may have been anything.
    fn item(&mut self, item: &Item, into: &mut Body, depth: usize) -> bool {
        if self.problems.len() >= MOST_ERRORS {
            return false;
        }
        let failure = match piece(&self.text[item.range.start..item.line_end], self.places.part(item.range.start)) {
            Ok((body, problems)) => {
                into.attributes.extend(body.attributes);
                into.blocks.extend(body.blocks);
                self.problems.extend(problems);
                return true;
            }
            Err(failure) => failure,
        };
        match (&item.shape, &item.name) {
            (Shape::Attribute, Some(name)) => {
                self.problems.push(problem(&failure, "this value"));
                into.attributes.push(self.unknown_attribute(name.clone(), item.range.end));
                true
            }
            (Shape::Block(inside), Some(_)) if depth < DEEPEST_CUT => match self.block(item, inside, &failure, depth) {
                Some(block) => {
                    into.blocks.push(block);
                    true
                }
                None => false,
            },
            _ => {
                self.problems.push(problem(&failure, if depth == 0 { "this block" } else { "the block around it" }));
                false
            }
        }
    }

    /// Reads a block item by item; `None` when its head is broken or something in it cannot even be named.
    fn block(&mut self, item: &Item, inside: &Range<usize>, failure: &Failure, depth: usize) -> Option<Block> {
        let head = format!("{}}}", &self.text[item.range.start..inside.start]);
        let mut block = match piece(&head, self.places.part(item.range.start)) {
            Ok((body, _)) => body.blocks.into_iter().next()?,
            Err(failure) => {
                self.problems.push(problem(&failure, "this block"));
                return None;
            }
        };
        let before = self.problems.len();
        let mut whole = true;
        for item in items(self.text, inside.clone()) {
            whole &= self.item(&item, &mut block.body, depth + 1);
        }
        self.refuse_repeats(&block.body);
        block.span = self.places.span(item.range.start..inside.end + 1);
        if self.problems.len() == before && whole {
            // Each item is sound alone, so it is the way they stand together, as in `a { b = 1 c = 2 }`.
            self.problems.push(problem(failure, "a part of this block"));
        }
        whole.then_some(block)
    }

    /// An attribute of which only the name is known.
    fn unknown_attribute(&self, name: Range<usize>, end: usize) -> Attribute {
        let after_name = &self.text[name.end..end];
        let value_start = after_name.find('=').map_or(name.end, |equals| name.end + equals + 1);
        let value = self.text[value_start..end].trim();
        let value_start =
            if value.is_empty() { value_start } else { value.as_ptr() as usize - self.text.as_ptr() as usize };
        let span = self.places.span(value_start..value_start + value.len());
        let unknown = Unknown::new("its value has a syntax error", HELP, span);
        Attribute {
            name: Spanned::new(Text::from(&self.text[name.clone()]), self.places.span(name)),
            value: Expression { span, kind: ExpressionKind::Literal(Value::Unknown(Box::new(unknown))) },
        }
    }

    /// Complains of names that a body sets twice, which Terraform refuses.
    fn refuse_repeats(&mut self, body: &Body) {
        let mut names: Vec<&Spanned<Text>> = body.attributes.iter().map(|attribute| &attribute.name).collect();
        names.sort_by(|a, b| (&a.value, a.span).cmp(&(&b.value, b.span)));
        for pair in names.windows(2).filter(|pair| pair[0].value == pair[1].value) {
            let message = format!("`{}` is set twice; the first one is used", pair[1].value);
            self.problems.push(Problem::at(Fault::Input, pair[1].span, message, "remove one of the two"));
        }
    }
}

const HELP: &str = "correct the syntax; `terraform fmt` stops at the same place";

/// A parser's failure in plain words. `lost` is what it cost.
fn problem(failure: &Failure, lost: &str) -> Problem {
    let message = &failure.message;
    let (wrong, help) = if message.contains("nesting depth") {
        ("nested more than 64 levels deep".to_owned(), "split it up with local values")
    } else if message.contains("chained binary operators") {
        ("more than 128 operators in one expression".to_owned(), "split it up with local values")
    } else if message.starts_with("invalid expression") {
        ("syntax error: a value is expected here".to_owned(), HELP)
    } else {
        (format!("syntax error: {message}"), HELP)
    };
    Problem::at(Fault::Input, failure.place, wrong, format!("{help}; until then {lost} is not audited"))
}

/// The items of a part of the text. An item that never closes ends where the next one seems to begin.
fn items(text: &str, part: Range<usize>) -> Vec<Item> {
    let mut lexer = Lexer::new(text, part.clone());
    let mut items = Vec::new();
    let mut open = 0;
    while let Some(mut item) = next_item(text, &mut lexer) {
        if lexer.depth() > 0 && open < MOST_ERRORS {
            open += 1;
            let end = next_head(&text[..part.end], item.range.start).unwrap_or(part.end);
            item.range.end = item.range.start + text[item.range.start..end].trim_end().len();
            lexer.restart(end);
        }
        let after = &text[item.range.end..part.end];
        item.line_end = item.range.end + after.find('\n').map_or(after.len(), |end| end + 1);
        items.push(item);
    }
    items
}

/// The next item. Where it opens something that it does not close, it goes to the end and leaves the lexer so.
fn next_item(text: &str, lexer: &mut Lexer<'_>) -> Option<Item> {
    let (token, first) = loop {
        let (token, range) = lexer.next()?;
        if !matches!(token, Token::Newline | Token::Comment) {
            break (token, range);
        }
    };
    let name = (token == Token::Word).then(|| first.clone());
    let mut item = Item { range: first.clone(), line_end: first.end, name, shape: Shape::Neither };
    let mut inside = first.end;
    let mut second = true;
    while let Some((token, range)) = lexer.next() {
        match token {
            Token::Newline if lexer.depth() == 0 => break,
            Token::Newline | Token::Comment => continue,
            Token::Equals if second => item.shape = Shape::Attribute,
            Token::Open if lexer.depth() == 1 && item.shape == Shape::Neither => inside = range.end,
            Token::Close if lexer.depth() == 0 && item.shape == Shape::Neither && text[..inside].ends_with('{') => {
                item.shape = Shape::Block(inside..range.start);
            }
            _ => {}
        }
        second = false;
        item.range.end = range.end;
    }
    Some(item)
}

/// The next line below `start` that looks like the beginning of an attribute or block and is indented like the line
/// of `start`.
fn next_head(text: &str, start: usize) -> Option<usize> {
    let line_start = text[..start].rfind('\n').map_or(0, |end| end + 1);
    let indentation = &text[line_start..start];
    let mut at = line_start;
    for line in text[line_start..].split_inclusive('\n') {
        let code = line.strip_prefix(indentation).unwrap_or_default();
        let word = code.find(|character| !is_word(character)).unwrap_or(0);
        let after = code[word..].trim();
        let attribute = after.starts_with('=') && !after.starts_with("==") && !after.starts_with("=>");
        if at > start && word > 0 && (attribute || after.ends_with('{') && !after.contains('=')) {
            return Some(at);
        }
        at += line.len();
    }
    None
}
