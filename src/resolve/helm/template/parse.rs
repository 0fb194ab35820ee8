//! Tokens → syntax tree. Nesting is bounded, so that whoever walks the tree may recurse.

use std::ops::Range;

use super::scan::{Scanner, Token, is_space};
use super::{Branch, Command, Node, Operand, Parsed, Pipe, SyntaxError};
use crate::resolve::helm::functions;
use crate::tree::Text;

/// How deep control structures and parentheses may nest. Real templates stay below 20.
const MOST_DEPTH: usize = 100;

type Read<T> = Result<T, SyntaxError>;

/// Reads a template text.
pub(in crate::resolve::helm) fn parse(text: &str) -> Read<Parsed> {
    let scanner = Scanner { text, at: 0 };
    let mut parser = Parser { scanner, peeked: None, depth: 0, loops: 0, trims: false, parsed: Parsed::default() };
    let (root, end) = parser.list(true)?;
    match end {
        Close::Text => {
            parser.parsed.root = root;
            Ok(parser.parsed)
        }
        Close::Else(_) | Close::End => parser.wrong("unexpected {{end}} or {{else}}"),
    }
}

struct Parser<'t> {
    scanner: Scanner<'t>,
    /// A token that was looked at, and where it starts.
    peeked: Option<(Token, usize)>,
    depth: usize,
    /// How many loops are open.
    loops: usize,
    /// Whether the text that follows loses its leading space.
    trims: bool,
    parsed: Parsed,
}

/// What ends a list of nodes.
enum Close {
    Text,
    /// `{{ else`, with the offset of its action.
    Else(usize),
    End,
}

impl Parser<'_> {
    fn wrong<T>(&self, message: impl Into<String>) -> Read<T> {
        let at = self.peeked.as_ref().map_or(self.scanner.at, |(_, at)| *at);
        Err(SyntaxError { at, message: message.into() })
    }

    /// Text and actions up to an end.
    fn list(&mut self, is_top: bool) -> Read<(Vec<Node>, Close)> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return self.wrong("nested too deep to be read");
        }
        let mut nodes = Vec::new();
        let end = loop {
            let text = self.scanner.text;
            let start = self.scanner.at;
            let Some(length) = text[start..].find("{{") else {
                self.text(&mut nodes, start..text.len(), false);
                self.scanner.at = text.len();
                break Close::Text;
            };
            let opens = start + length;
            let inside = &text.as_bytes()[opens + 2..];
            let trims = inside.first() == Some(&b'-') && inside.get(1).is_some_and(|byte| is_space(*byte));
            self.text(&mut nodes, start..opens, trims);
            self.scanner.at = opens + 2 + if trims { 2 } else { 0 };
            if self.comment()? {
                continue;
            }
            match self.action(opens, is_top, &mut nodes)? {
                None => {}
                Some(end) => break end,
            }
        };
        self.depth -= 1;
        Ok((nodes, end))
    }

    fn text(&mut self, nodes: &mut Vec<Node>, mut range: Range<usize>, trims_end: bool) {
        let text = &self.scanner.text.as_bytes()[range.clone()];
        if std::mem::take(&mut self.trims) {
            range.start += text.iter().take_while(|byte| is_space(**byte)).count();
        }
        if trims_end {
            let text = &self.scanner.text.as_bytes()[range.clone()];
            range.end -= text.iter().rev().take_while(|byte| is_space(**byte)).count();
        }
        if !range.is_empty() {
            nodes.push(Node::Text(offsets(range)));
        }
    }

    /// Passes over a comment, when one stands here.
    fn comment(&mut self) -> Read<bool> {
        let rest = &self.scanner.text[self.scanner.at..];
        // `{{- /*` may have more than one space before the comment's start.
        let skipped = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        let is_trimmed = self.scanner.text[..self.scanner.at].ends_with(|c: char| c.is_ascii_whitespace());
        let body = if is_trimmed { &rest[skipped..] } else { rest };
        if !body.starts_with("/*") {
            return Ok(false);
        }
        let begin = rest.len() - body.len();
        let Some(length) = body.find("*/") else { return self.wrong("unclosed comment") };
        self.scanner.at += begin + length + 2;
        match self.scanner.next()? {
            Token::Close { trims } => {
                self.trims = trims;
                Ok(true)
            }
            _ => self.wrong("comment ends before closing delimiter"),
        }
    }

    /// One action; gives what it ends, if anything.
    fn action(&mut self, opens: usize, is_top: bool, nodes: &mut Vec<Node>) -> Read<Option<Close>> {
        let word = match self.peek_solid()? {
            Token::Word(word) => word.clone(),
            _ => Text::default(),
        };
        match word.as_str() {
            "end" => {
                self.take()?;
                self.close()?;
                return Ok(Some(Close::End));
            }
            "else" => {
                self.take()?;
                return Ok(Some(Close::Else(opens)));
            }
            "if" | "with" | "range" => {
                self.take()?;
                nodes.push(self.control(&word, opens)?);
            }
            "break" | "continue" => {
                if self.loops == 0 {
                    return self.wrong(format!("{{{{{word}}}}} outside {{{{range}}}}"));
                }
                self.take()?;
                self.close()?;
                nodes.push(if word == "break" { Node::Break } else { Node::Continue });
            }
            "define" => {
                if !is_top {
                    return self.wrong("unexpected {{define}}");
                }
                self.take()?;
                let name = self.name()?;
                self.close()?;
                let body = self.definition()?;
                self.parsed.defined.push((name, body));
            }
            "block" => {
                self.take()?;
                let name = self.name()?;
                let pipe = self.pipe(opens, false)?;
                let body = self.definition()?;
                self.parsed.defined.push((name.clone(), body));
                nodes.push(Node::Template { at: pipe.at.clone(), name, pipe: Some(pipe) });
            }
            "template" => {
                self.take()?;
                let name = self.name()?;
                let pipe = match self.peek_solid()? {
                    Token::Close { .. } => {
                        self.close()?;
                        None
                    }
                    _ => Some(self.pipe(opens, false)?),
                };
                nodes.push(Node::Template { at: offsets(opens..self.scanner.at), name, pipe });
            }
            _ => nodes.push(Node::Action(self.pipe(opens, false)?)),
        }
        Ok(None)
    }

    /// The body of a definition, up to its end.
    fn definition(&mut self) -> Read<Vec<Node>> {
        let loops = std::mem::take(&mut self.loops);
        let (body, end) = self.list(false)?;
        self.loops = loops;
        match end {
            Close::End => Ok(body),
            _ => self.wrong("a definition without {{end}}"),
        }
    }

    fn control(&mut self, word: &str, opens: usize) -> Read<Node> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return self.wrong("nested too deep to be read");
        }
        let is_range = word == "range";
        let pipe = self.pipe(opens, is_range)?;
        self.loops += usize::from(is_range);
        let (then, end) = self.list(false)?;
        self.loops -= usize::from(is_range);
        let otherwise = match end {
            Close::End => Vec::new(),
            Close::Text => return self.wrong(format!("unexpected end of text in {{{{{word}}}}}")),
            Close::Else(else_opens) => match self.peek_solid()?.clone() {
                Token::Word(next) if next == "if" || (next == "with" && word == "with") => {
                    self.take()?;
                    // `{{else if}}` shares the `{{end}}` of the whole.
                    vec![self.control(&next, else_opens)?]
                }
                _ => {
                    self.close()?;
                    match self.list(false)? {
                        (otherwise, Close::End) => otherwise,
                        _ => return self.wrong("expected {{end}}"),
                    }
                }
            },
        };
        self.depth -= 1;
        let branch = Box::new(Branch { pipe, then, otherwise });
        Ok(match word {
            "if" => Node::If(branch),
            "with" => Node::With(branch),
            _ => Node::Range(branch),
        })
    }

    /// A template's name: a string.
    fn name(&mut self) -> Read<Text> {
        self.peek_solid()?;
        match self.take()? {
            (Token::Text(name), _) => Ok(name),
            _ => self.wrong("a template's name must be a string"),
        }
    }

    /// A pipeline up to the end of its action.
    fn pipe(&mut self, opens: usize, is_range: bool) -> Read<Pipe> {
        let mut pipe = self.pipeline(opens, is_range)?;
        match self.take()? {
            (Token::Close { trims }, _) => self.trims = trims,
            (Token::Shut, _) => return self.wrong("unexpected right paren"),
            _ => return self.wrong("unclosed action"),
        }
        pipe.at = offsets(opens..self.scanner.at);
        Ok(pipe)
    }

    /// A pipeline up to whatever closes it.
    fn pipeline(&mut self, start: usize, is_range: bool) -> Read<Pipe> {
        let mut pipe = Pipe { at: offsets(start..start), variables: Vec::new(), assigns: false, commands: Vec::new() };
        self.variables(&mut pipe, is_range)?;
        loop {
            let command = self.command()?;
            if command.is_empty() {
                return self.wrong(if pipe.commands.is_empty() {
                    "missing value"
                } else {
                    "missing value in pipeline"
                });
            }
            if !pipe.commands.is_empty() && is_constant(command.first()) {
                return self.wrong(format!("non executable command in pipeline stage {}", pipe.commands.len() + 1));
            }
            pipe.commands.push(command);
            match self.peek_solid()? {
                Token::Pipe => {
                    self.take()?;
                }
                _ => return Ok(pipe),
            }
        }
    }

    /// `$x :=`, `$x =`, and for a range `$i, $x :=`.
    fn variables(&mut self, pipe: &mut Pipe, is_range: bool) -> Read<()> {
        let back = (self.scanner.at, self.peeked.clone());
        let mut names = Vec::new();
        loop {
            self.peek_solid()?;
            let (Token::Variable(name), _) = self.take()? else { break };
            names.push(name);
            match (self.peek_solid()?.clone(), names.len()) {
                (token @ (Token::Declare | Token::Assign), _) => {
                    self.take()?;
                    pipe.variables = names;
                    pipe.assigns = token == Token::Assign;
                    return Ok(());
                }
                (Token::Comma, 1) if is_range => {
                    self.take()?;
                }
                _ => break,
            }
        }
        (self.scanner.at, self.peeked) = back;
        Ok(())
    }

    /// Operands up to a pipe or whatever closes the pipeline.
    fn command(&mut self) -> Read<Command> {
        let mut operands = Vec::new();
        loop {
            match self.peek_solid()? {
                Token::Pipe | Token::Close { .. } | Token::Shut => return Ok(operands),
                Token::End => return self.wrong("unclosed action"),
                Token::Declare | Token::Assign | Token::Comma => return self.wrong("unexpected token in operand"),
                _ => {}
            }
            operands.push(self.operand()?);
            // Operands are told apart by space.
            match self.peek()? {
                Token::Space | Token::Pipe | Token::Close { .. } | Token::Shut => {}
                Token::End => return self.wrong("unclosed action"),
                _ => return self.wrong("unexpected token in operand"),
            }
        }
    }

    fn operand(&mut self) -> Read<Operand> {
        let (token, start) = self.take()?;
        let operand = match token {
            Token::Dot => Operand::Dot,
            Token::Field(name) => {
                let mut names = vec![name];
                self.fields(&mut names)?;
                Operand::Field(names)
            }
            Token::Variable(name) => {
                let mut names = Vec::new();
                self.fields(&mut names)?;
                Operand::Variable(name, names)
            }
            Token::Text(text) => Operand::Text(text),
            Token::Int(value) => Operand::Int(value),
            Token::Float(value) => Operand::Float(value),
            Token::Word(word) => match word.as_str() {
                "true" | "false" => Operand::Bool(word == "true"),
                "nil" => Operand::Nil,
                "if" | "with" | "range" | "end" | "else" | "define" | "template" | "block" => {
                    return self.wrong(format!("unexpected keyword {word} in an operand"));
                }
                _ => {
                    let function = functions::find(&word);
                    Operand::Function(word, function)
                }
            },
            Token::Open => {
                self.depth += 1;
                if self.depth > MOST_DEPTH {
                    return self.wrong("nested too deep to be read");
                }
                let mut pipe = self.pipeline(start, false)?;
                if !matches!(self.take()?, (Token::Shut, _)) {
                    return self.wrong("unclosed left paren");
                }
                self.depth -= 1;
                pipe.at = offsets(start..self.scanner.at);
                Operand::Pipe(Box::new(pipe))
            }
            _ => return self.wrong("unexpected token in operand"),
        };
        let mut names = Vec::new();
        if !matches!(operand, Operand::Field(_) | Operand::Variable(..)) {
            self.fields(&mut names)?;
        }
        if names.is_empty() {
            return Ok(operand);
        }
        match operand {
            Operand::Dot => Ok(Operand::Field(names)),
            Operand::Bool(_) | Operand::Text(_) | Operand::Int(_) | Operand::Float(_) | Operand::Nil => {
                self.wrong("unexpected . after a constant")
            }
            operand => Ok(Operand::Chain(Box::new(operand), names)),
        }
    }

    /// The fields that follow at once.
    fn fields(&mut self, names: &mut Vec<Text>) -> Read<()> {
        while let Token::Field(name) = self.peek()? {
            names.push(name.clone());
            self.take()?;
        }
        Ok(())
    }

    /// The end of an action that takes nothing more.
    fn close(&mut self) -> Read<()> {
        self.peek_solid()?;
        match self.take()? {
            (Token::Close { trims }, _) => {
                self.trims = trims;
                Ok(())
            }
            _ => self.wrong("unexpected token before the end of an action"),
        }
    }

    fn peek(&mut self) -> Read<&Token> {
        if self.peeked.is_none() {
            let at = self.scanner.at;
            let token = self.scanner.next()?;
            self.peeked = Some((token, at));
        }
        Ok(self.peeked.as_ref().map_or(&Token::End, |(token, _)| token))
    }

    /// The next token that is not space.
    fn peek_solid(&mut self) -> Read<&Token> {
        while *self.peek()? == Token::Space {
            self.peeked = None;
        }
        self.peek()
    }

    fn take(&mut self) -> Read<(Token, usize)> {
        self.peek()?;
        Ok(self.peeked.take().unwrap_or((Token::End, self.scanner.at)))
    }
}

fn is_constant(operand: Option<&Operand>) -> bool {
    matches!(
        operand,
        Some(Operand::Bool(_) | Operand::Dot | Operand::Nil | Operand::Int(_) | Operand::Float(_) | Operand::Text(_))
    )
}

fn offsets(range: Range<usize>) -> Range<u32> {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    offset(range.start)..offset(range.end)
}
