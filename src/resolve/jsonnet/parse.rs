//! Text → syntax tree, by `rsjsonnet-lang`. Uses `source`.
//!
//! Its parser calls itself for what is nested; how deep that is is held first.

use rsjsonnet_lang::lexer::{LexError, Lexer};
use rsjsonnet_lang::parser::{ParseError, Parser};
use rsjsonnet_lang::span::SpanId;
use rsjsonnet_lang::token::{STokenKind, Token, TokenKind};

use super::machine::{Machine, Result};
use super::value::{Stop, Tree};
use crate::source::{SourceId, Span};

/// The largest file that is parsed, in bytes.
const LARGEST: usize = 1 << 20;

/// How many signs of operators may follow each other. The lexer takes time by the square of them.
const LONGEST_RUN: usize = 512;

/// How deep expressions may nest.
const DEEPEST: usize = 1_000;

pub(super) fn parse<'p>(machine: &mut Machine<'p, '_>, file: SourceId) -> Result<&'p Tree<'p>> {
    let text = machine.files.text(file);
    machine.charge(text.len() / 64)?;
    if text.len() > LARGEST || longest_run(text) > LONGEST_RUN {
        return Err(Stop::new("its text is too large", Span::head(file)));
    }
    let (context, own) = machine.places.insert_source_context(text.len());
    machine.origins.insert(own, file);
    let arena = machine.arena;
    let lexer = Lexer::new(arena, arena, &machine.names, &mut machine.places, context, text.as_bytes());
    let broken = |machine: &Machine<'p, '_>, span: Option<SpanId>| {
        let span = span.map_or(Span::head(file), |span| machine.place(span));
        Err(Stop::new("its text is not Jsonnet", span))
    };
    let tokens = match lexer.lex_to_eof(false) {
        Ok(tokens) => tokens,
        Err(error) => return broken(machine, place_of(&error)),
    };
    if nesting(&tokens) > DEEPEST {
        return Err(Stop::new("its expressions are nested too deeply", Span::head(file)));
    }
    match Parser::new(arena, arena, &machine.names, &mut machine.places, tokens).parse_root_expr() {
        Ok(tree) => Ok(arena.alloc(tree)),
        Err(ParseError::Expected { span, .. }) => broken(machine, Some(span)),
    }
}

fn place_of(error: &LexError) -> Option<SpanId> {
    match error {
        LexError::InvalidChar { span, .. }
        | LexError::InvalidUtf8 { span, .. }
        | LexError::UnfinishedMultilineComment { span }
        | LexError::UnfinishedString { span } => Some(*span),
        _ => None,
    }
}

fn longest_run(text: &str) -> usize {
    let (mut run, mut longest) = (0, 0);
    for byte in text.bytes() {
        run = if b"!$:~+-&|^=<>*/%".contains(&byte) { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// How deep the parser may call itself for a text: once for each open bracket, and once for each word that an expression
/// follows. An item of a list ends what was begun in it.
fn nesting(tokens: &[Token<'_, '_>]) -> usize {
    // For each open bracket, the words in it that may still be open, and whether locals are being named.
    let mut open: Vec<(usize, bool)> = vec![(0, false)];
    let (mut words, mut deepest) = (0_usize, 0);
    for token in tokens {
        let TokenKind::Simple(token) = token.kind else { continue };
        match token {
            STokenKind::LeftParen | STokenKind::LeftBrace | STokenKind::LeftBracket => open.push((0, false)),
            STokenKind::RightParen | STokenKind::RightBrace | STokenKind::RightBracket => {
                words -= open.pop().unwrap_or_default().0;
            }
            _ => {}
        }
        let Some((begun, naming)) = open.last_mut() else { return usize::MAX };
        match token {
            STokenKind::Local
            | STokenKind::Assert
            | STokenKind::If
            | STokenKind::Function
            | STokenKind::Error
            | STokenKind::Import
            | STokenKind::Importstr
            | STokenKind::Importbin => {
                *naming |= token == STokenKind::Local;
                *begun += 1;
                words += 1;
            }
            STokenKind::Semicolon => *naming = false,
            STokenKind::Comma if !*naming => words -= std::mem::take(begun),
            _ => {}
        }
        deepest = deepest.max(open.len() + words);
    }
    deepest
}
