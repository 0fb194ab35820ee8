//! Groovy, as much of it as a Jenkinsfile is read by: statements, strings, blocks and comments.
//!
//! Nothing is evaluated and nothing is refused: what is not understood is passed over as tokens of a statement. One
//! pass, whatever the text.

use crate::source::{SourceId, Span};
use crate::tree::{Comment, Content, Document, Format, Text};

/// How deep blocks may nest; what stands deeper is left out.
const DEEPEST: usize = 100;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name or a number: `stage`, `env.BRANCH_NAME`.
    Name,
    /// A string, its quotes and escapes undone.
    String,
    /// A mark of punctuation.
    Mark,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// What it says.
    pub text: Text,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// A statement: `sh 'make'`, `stage('Build') { … }`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// Its tokens, without those of its blocks.
    pub tokens: Vec<Token>,
    /// The statements of its blocks.
    pub body: Vec<Statement>,
    /// Whether it has a block, which may be empty.
    pub has_block: bool,
}

impl Statement {
    /// What it calls: its first name.
    pub fn name(&self) -> &str {
        self.tokens.first().filter(|token| token.kind == Kind::Name).map_or("", |token| token.text.as_str())
    }

    /// Where it begins.
    pub fn span(&self) -> Option<Span> {
        self.tokens.first().map(|token| token.span)
    }

    /// Its strings.
    pub fn strings(&self) -> impl Iterator<Item = &Token> {
        self.tokens.iter().filter(|token| token.kind == Kind::String)
    }

    /// The value of an argument by its name: `script: 'make'`.
    pub fn argument(&self, name: &str) -> Option<&Token> {
        let after = |window: &&[Token]| matches!(window, [key, colon, _] if key.kind == Kind::Name && key.text == name && colon.text == ":");
        self.tokens.windows(3).find(after).and_then(|window| window.last())
    }

    /// The statements of its blocks by their name.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Statement> {
        self.body.iter().filter(move |statement| statement.name() == name)
    }
}

/// Reads a text as a document of text with its comments.
pub fn parse(id: SourceId, text: &str) -> Document {
    let (_, comments) = read(id, text);
    Document { source: id, format: Format::Groovy, content: Content::Text, comments }
}

/// The statements of a text, and its comments.
pub fn read(id: SourceId, text: &str) -> (Vec<Statement>, Vec<Comment>) {
    let mut lexer = Lexer { id, text, at: 0, comments: Vec::new(), after_mark: true };
    let mut builder = Builder::default();
    while let Some(lexeme) = lexer.next() {
        builder.take(lexeme);
    }
    (builder.end(), lexer.comments)
}

/// What the lexer gives.
enum Lexeme {
    Token(Token),
    /// The end of a line.
    Line,
}

/// A statement whose block is being read: itself, the statements before it, and how many parentheses were open.
type Open = (Statement, Vec<Statement>, usize);

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    /// Blocks that are too deep.
    skipped: usize,
    done: Vec<Statement>,
    current: Statement,
    parentheses: usize,
}

impl Builder {
    fn take(&mut self, lexeme: Lexeme) {
        let token = match lexeme {
            Lexeme::Line => {
                let continues = self.current.tokens.last().is_some_and(|token| {
                    token.kind == Kind::Mark && matches!(token.text.as_str(), "+" | "," | "=" | "&" | "|" | "?" | ":")
                });
                if self.parentheses == 0 && !continues {
                    self.finish();
                }
                return;
            }
            Lexeme::Token(token) => token,
        };
        let mark = if token.kind == Kind::Mark { token.text.as_str() } else { "" };
        match mark {
            "{" if self.open.len() >= DEEPEST => self.skipped += 1,
            "}" if self.skipped > 0 => self.skipped -= 1,
            _ if self.skipped > 0 => {}
            "{" => {
                let statement = std::mem::take(&mut self.current);
                self.open.push((statement, std::mem::take(&mut self.done), std::mem::take(&mut self.parentheses)));
            }
            "}" => self.close(),
            ";" if self.parentheses == 0 => self.finish(),
            "(" | "[" => {
                self.parentheses += 1;
                self.current.tokens.push(token);
            }
            ")" | "]" => {
                self.parentheses = self.parentheses.saturating_sub(1);
                self.current.tokens.push(token);
            }
            _ => self.current.tokens.push(token),
        }
    }

    fn finish(&mut self) {
        if !self.current.tokens.is_empty() || self.current.has_block {
            self.done.push(std::mem::take(&mut self.current));
        }
    }

    fn close(&mut self) {
        self.finish();
        let Some((statement, before, parentheses)) = self.open.pop() else { return };
        let body = std::mem::replace(&mut self.done, before);
        self.current = statement;
        self.current.body.extend(body);
        self.current.has_block = true;
        self.parentheses = parentheses;
        if parentheses == 0 {
            self.finish();
        }
    }

    fn end(mut self) -> Vec<Statement> {
        while !self.open.is_empty() {
            self.parentheses = 0;
            self.close();
        }
        self.finish();
        self.done
    }
}

struct Lexer<'t> {
    id: SourceId,
    text: &'t str,
    at: usize,
    comments: Vec<Comment>,
    /// Whether a `/` here would begin a pattern rather than divide.
    after_mark: bool,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn span(&self, start: usize) -> Span {
        Span::new(self.id, start, self.at)
    }

    fn token(&mut self, kind: Kind, text: impl Into<Text>, start: usize) -> Lexeme {
        let span = self.span(start);
        let text = text.into();
        self.after_mark = kind == Kind::Mark && !matches!(text.as_str(), ")" | "]" | "}");
        Lexeme::Token(Token { kind, text, span })
    }

    fn next(&mut self) -> Option<Lexeme> {
        loop {
            let start = self.at;
            let rest = self.rest();
            let first = rest.chars().next()?;
            if first == '\n' {
                self.at += 1;
                self.after_mark = true;
                return Some(Lexeme::Line);
            }
            if first.is_whitespace() || first == '\u{feff}' {
                self.at += first.len_utf8();
            } else if rest.starts_with("//") || start == 0 && rest.starts_with("#!") {
                self.at += rest.find('\n').unwrap_or(rest.len());
                self.comment(start, 2, 0);
            } else if rest.starts_with("/*") {
                let end = rest.get(2..).and_then(|inner| inner.find("*/"));
                self.at += end.map_or(rest.len(), |end| end + 4);
                self.comment(start, 2, if end.is_some() { 2 } else { 0 });
            } else if let Some(quotes) =
                ["'''", "\"\"\"", "'", "\""].into_iter().find(|quotes| rest.starts_with(quotes))
            {
                let text = self.string(quotes);
                return Some(self.token(Kind::String, text, start));
            } else if first == '/' && self.after_mark && self.pattern() {
                let text = self.text.get(start + 1..self.at - 1).unwrap_or_default().to_owned();
                return Some(self.token(Kind::String, text, start));
            } else if first.is_alphanumeric() || matches!(first, '_' | '$' | '@') {
                let length = rest.find(|it: char| !it.is_alphanumeric() && !matches!(it, '_' | '$' | '@' | '.'));
                let name = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default().to_owned();
                self.at += name.len();
                return Some(self.token(Kind::Name, name, start));
            } else {
                self.at += first.len_utf8();
                return Some(self.token(Kind::Mark, first.to_string(), start));
            }
        }
    }

    fn comment(&mut self, start: usize, before: usize, after: usize) {
        let inner = self.text.get(start + before..(self.at - after).max(start + before)).unwrap_or_default();
        let text = inner.trim().into();
        self.comments.push(Comment { span: self.span(start), text });
    }

    /// A pattern between slashes, on one line.
    fn pattern(&mut self) -> bool {
        let Some(inner) = self.rest().get(1..) else { return false };
        let Some(end) = inner.find(['/', '\n']).filter(|end| inner.get(*end..).is_some_and(|it| it.starts_with('/')))
        else {
            return false;
        };
        self.at += end + 2;
        true
    }

    /// The rest of a string whose quotes begin here. One in single quotes ends with its line at the latest.
    fn string(&mut self, quotes: &str) -> String {
        self.at += quotes.len();
        let (long, expands) = (quotes.len() == 3, quotes.starts_with('"'));
        let (mut said, mut braces) = (String::new(), 0_usize);
        while let Some(next) = self.rest().chars().next() {
            let rest = self.rest();
            if braces == 0 && rest.starts_with(quotes) {
                self.at += quotes.len();
                break;
            }
            if next == '\n' && !long {
                break;
            }
            if next == '\\' && braces == 0 {
                let escaped = rest.chars().nth(1);
                self.at += 1 + escaped.map_or(0, char::len_utf8);
                match escaped {
                    Some('n') => said.push('\n'),
                    Some('t') => said.push('\t'),
                    Some('\n') | None => {}
                    Some(own @ ('\\' | '\'' | '"' | '$')) => said.push(own),
                    Some(other) => said.extend(['\\', other]),
                }
                continue;
            }
            // What stands in `${ … }` is Groovy again, with quotes of its own.
            if expands && next == '{' && (braces > 0 || said.ends_with('$')) {
                braces += 1;
            } else if next == '}' {
                braces = braces.saturating_sub(1);
            }
            said.push(next);
            self.at += next.len_utf8();
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<Statement> {
        super::read(SourceId(0), text).0
    }

    const PIPELINE: &str = r#"#!/usr/bin/env groovy
// twoam: a comment
pipeline {
  agent { docker { image 'maven:3' } } /* two
  lines */
  environment { IMAGE = "shop/${params.TAG ?: "none"}" }
  stages {
    stage("Deploy") {
      when { branch pattern: /release-.*/, comparator: 'REGEXP' }
      steps {
        sh """
          kubectl apply -f k8s/ \\
            --wait
        """
        sh(script: 'echo it\'s', returnStatus: true)
        parallel(a: { sh 'x' }, b: { sh 'y' })
      }
    }
  }
}
"#;

    #[test]
    fn a_pipeline_is_a_tree_of_statements() {
        let statements = read(PIPELINE);
        let [pipeline] = statements.as_slice() else { panic!("{statements:#?}") };
        let names: Vec<&str> = pipeline.body.iter().map(Statement::name).collect();
        assert_eq!(names, ["agent", "environment", "stages"]);
        let stage = &pipeline.all("stages").next().unwrap().body[0];
        assert_eq!(stage.strings().next().unwrap().text, "Deploy");
        let steps = stage.all("steps").next().unwrap();
        let names: Vec<&str> = steps.body.iter().map(Statement::name).collect();
        assert_eq!(names, ["sh", "sh", "parallel"]);
        assert!(steps.body[0].strings().next().unwrap().text.contains("k8s/ \\\n"));
        assert_eq!(steps.body[1].argument("script").unwrap().text, "echo it's");
        assert_eq!(steps.body[2].body.len(), 2);
        let image = &pipeline.all("environment").next().unwrap().body[0];
        assert_eq!(image.strings().next().unwrap().text, "shop/${params.TAG ?: \"none\"}");
    }

    #[test]
    fn spans_are_where_tokens_stand() {
        let (statements, comments) = super::read(SourceId(0), PIPELINE);
        assert_eq!(comments[1].text, "twoam: a comment");
        let mut left = statements;
        while let Some(mut statement) = left.pop() {
            for token in &statement.tokens {
                let written = &PIPELINE[token.span.start as usize..token.span.end as usize];
                match token.kind {
                    Kind::Name | Kind::Mark => assert_eq!(written, token.text),
                    Kind::String => assert!(written.starts_with(['\'', '"', '/']), "{written}"),
                }
            }
            left.append(&mut statement.body);
        }
    }

    #[test]
    fn deep_and_broken_texts_end() {
        assert_eq!(read(&"a {\n".repeat(100_000)).len(), 1);
        assert!(read(&"}".repeat(1000)).is_empty());
        assert_eq!(read(&"'".repeat(99_999)).len(), 1);
        read(&"\"${".repeat(50_000));
        read(&"(".repeat(100_000));
        read("x = /");
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[-a-z{}()\\[\\]'\"/\\\\$*#;:.=\n é]{0,300}") {
            let mut left = read(&text);
            while let Some(mut statement) = left.pop() {
                for token in &statement.tokens {
                    prop_assert!(text.get(token.span.start as usize..token.span.end as usize).is_some());
                }
                left.append(&mut statement.body);
            }
        }
    }
}
