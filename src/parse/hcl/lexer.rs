//! A coarse reading of HCL text: brackets, words, line ends and comments, with strings and heredocs stepped over.
//! Uses nothing but the text.
//!
//! It has no grammar, so it also reads what the parser refuses. It serves three ends: comments with exact spans, the
//! nesting of a text before the recursive parser sees it, and the places where a broken text can be cut.

use std::collections::BTreeMap;
use std::ops::Range;

/// What the lexer reports. Everything inside `"…"` and heredocs is stepped over, but for the code in `${ }` and `%{ }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// `#…`, `//…` or `/*…*/`, without the line end.
    Comment,
    /// The end of a line of code.
    Newline,
    /// `{`, `[` or `(`; also `${` and `%{`.
    Open,
    /// A closing bracket; also the `}` of `${ }`.
    Close,
    /// An identifier or a number.
    Word,
    /// A whole quoted string or heredoc without code in it, or a piece of one with.
    Template,
    /// A lone `=`.
    Equals,
    /// Any other character.
    Other,
}

/// How many brackets one closing bracket may leave open inside it; the parser refuses deeper nesting anyway.
const MOST_LEFT_OPEN: usize = 64;

/// What is open at a place in the text.
#[derive(Clone, Debug)]
enum Mode {
    /// Code, up to this closing bracket, and where it begins.
    Bracket(char, usize),
    /// A quoted string.
    Quote,
    /// A heredoc, up to the line that begins with this word.
    Heredoc(Range<usize>),
}

/// A cursor over HCL text.
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    modes: Vec<Mode>,
    /// The last line that begins with a word, for each word: where a heredoc can end. Made when the first one is met.
    last_lines: Option<BTreeMap<&'t str, usize>>,
}

impl<'t> Lexer<'t> {
    /// Reads a part of `text`, which must begin as code.
    pub(super) fn new(text: &'t str, part: Range<usize>) -> Self {
        Self { text: &text[..part.end], at: part.start, modes: Vec::new(), last_lines: None }
    }

    /// Goes back, or on, to a place where code begins and nothing is open.
    pub(super) fn restart(&mut self, at: usize) {
        self.at = at;
        self.modes.clear();
    }

    /// How many brackets, strings and heredocs are open.
    pub(super) fn depth(&self) -> usize {
        self.modes.len()
    }

    /// The next token and the bytes it stands on; `None` at the end of the text.
    pub(super) fn next(&mut self) -> Option<(Token, Range<usize>)> {
        if !matches!(self.modes.last(), Some(Mode::Quote | Mode::Heredoc(_))) {
            self.at = self.text.len() - self.rest().trim_start_matches([' ', '\t', '\r']).len();
        }
        let start = self.at;
        let token = match self.modes.last() {
            Some(Mode::Quote) => self.quoted(),
            Some(Mode::Heredoc(word)) => {
                let word = word.clone();
                self.heredoc(&word)
            }
            _ => self.code()?,
        };
        Some((token, start..self.at))
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// One token of code, which begins where the cursor stands.
    fn code(&mut self) -> Option<Token> {
        let first = self.rest().chars().next()?;
        let rest = self.rest();
        if rest.starts_with('#') || rest.starts_with("//") {
            self.at += line_length(rest);
            return Some(Token::Comment);
        }
        if let Some(inside) = rest.strip_prefix("/*") {
            self.at += inside.find("*/").map_or(rest.len(), |end| end + 4);
            return Some(Token::Comment);
        }
        if is_word(first) && first != '-' {
            self.at += rest.find(|character| !is_word(character)).unwrap_or(rest.len());
            return Some(Token::Word);
        }
        if let Some((word, length)) = heredoc_start(rest)
            && self.line_beginning_with(word) > Some(self.at)
        {
            let word_start = self.at + (word.as_ptr() as usize - rest.as_ptr() as usize);
            self.modes.push(Mode::Heredoc(word_start..word_start + word.len()));
            self.at += length;
            return Some(Token::Template);
        }
        self.at += first.len_utf8();
        Some(self.punctuation(first, rest))
    }

    /// A token that begins with `first`, which is read already.
    fn punctuation(&mut self, first: char, rest: &str) -> Token {
        match first {
            '\n' => return Token::Newline,
            '{' => self.modes.push(Mode::Bracket('}', self.at)),
            '[' => self.modes.push(Mode::Bracket(']', self.at)),
            '(' => self.modes.push(Mode::Bracket(')', self.at)),
            '"' => {
                self.modes.push(Mode::Quote);
                return Token::Template;
            }
            '}' | ']' | ')' => return self.close(first),
            '=' if rest.starts_with("==") || rest.starts_with("=>") => {
                self.at += 1;
                return Token::Other;
            }
            '=' => return Token::Equals,
            '<' | '>' | '!' if rest[1..].starts_with('=') => {
                self.at += 1;
                return Token::Other;
            }
            _ => return Token::Other,
        }
        Token::Open
    }

    /// Closes the nearest bracket of this kind, and those left open inside it; never looks outside a template. A wrong
    /// bracket closes what was opened on its own line, as in `a = [1 }`.
    fn close(&mut self, bracket: char) -> Token {
        let brackets = self.modes.iter().rev().take(MOST_LEFT_OPEN).map_while(|mode| match mode {
            Mode::Bracket(closing, _) => Some(*closing),
            Mode::Quote | Mode::Heredoc(_) => None,
        });
        let Some(inside) = brackets.into_iter().position(|closing| closing == bracket) else { return Token::Other };
        let last = self.modes.len() - 1;
        let same = last - inside;
        let wrong = inside > 0 && self.opened_on_this_line(last) && !self.opened_on_this_line(same);
        self.modes.truncate(if wrong { last } else { same });
        Token::Close
    }

    fn opened_on_this_line(&self, mode: usize) -> bool {
        matches!(self.modes[mode], Mode::Bracket(_, start) if !self.text[start..self.at].contains('\n'))
    }

    /// The rest of a quoted string, or up to the code in it. A line end closes it, as Terraform has no such string.
    fn quoted(&mut self) -> Token {
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            match byte {
                b'\n' => {
                    self.modes.pop();
                    return Token::Template;
                }
                b'"' => {
                    self.at += 1;
                    self.modes.pop();
                    return Token::Template;
                }
                b'\\' => self.at += 1 + self.rest()[1..].chars().next().map_or(0, char::len_utf8),
                _ => {
                    if self.code_begins() {
                        return Token::Open;
                    }
                }
            }
        }
        self.modes.pop();
        Token::Template
    }

    /// The rest of a heredoc, or up to the code in it.
    fn heredoc(&mut self, word: &Range<usize>) -> Token {
        let word = &self.text[word.clone()];
        while self.at < self.text.len() {
            let at_line_start = self.at == 0 || self.text.as_bytes()[self.at - 1] == b'\n';
            if at_line_start && first_word(self.rest()) == Some(word) {
                self.at += self.rest().find(word).unwrap_or(0) + word.len();
                self.modes.pop();
                return Token::Template;
            }
            if self.code_begins() {
                return Token::Open;
            }
        }
        self.modes.pop();
        Token::Template
    }

    /// Steps over one character of a template, an escaped marker, or a marker; says whether code begins.
    fn code_begins(&mut self) -> bool {
        let rest = self.rest();
        if rest.starts_with("$${") || rest.starts_with("%%{") {
            self.at += 3;
            return false;
        }
        if rest.starts_with("${") || rest.starts_with("%{") {
            self.at += 2;
            self.modes.push(Mode::Bracket('}', self.at));
            return true;
        }
        self.at += rest.chars().next().map_or(1, char::len_utf8);
        false
    }

    /// Where the last line that begins with `word` starts.
    fn line_beginning_with(&mut self, word: &str) -> Option<usize> {
        let text = self.text;
        let lines = self.last_lines.get_or_insert_with(|| {
            let mut at = 0;
            let mut lines = BTreeMap::new();
            for line in text.split_inclusive('\n') {
                if let Some(word) = first_word(line) {
                    lines.insert(word, at);
                }
                at += line.len();
            }
            lines
        });
        lines.get(word).copied()
    }
}

/// What is known of a text before it is parsed.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// The comments.
    pub(super) comments: Vec<Range<usize>>,
    /// An upper bound of the nesting that a recursive parser meets.
    pub(super) nesting: usize,
    /// An upper bound of the keys in one object.
    pub(super) keys: usize,
}

/// Reads a whole text.
pub(super) fn survey(text: &str) -> Survey {
    let mut lexer = Lexer::new(text, 0..text.len());
    let mut survey = Survey::default();
    // Conditionals, signs and negations nest without brackets; they are counted over each top-level item.
    let mut prefixes = 0;
    // The keys met so far in each of the open brackets.
    let mut keys: Vec<usize> = Vec::new();
    while let Some((token, range)) = lexer.next() {
        keys.resize(lexer.depth() + 1, 0);
        match token {
            Token::Equals => keys[lexer.depth()] += 1,
            Token::Other if text.as_bytes()[range.start] == b':' => keys[lexer.depth()] += 1,
            Token::Comment => survey.comments.push(range),
            Token::Newline if lexer.depth() == 0 => prefixes = 0,
            Token::Open if text[..range.end].ends_with("%{") => prefixes += 1,
            Token::Other if matches!(text.as_bytes()[range.start], b'?' | b'!' | b'-') => prefixes += 1,
            _ => {}
        }
        survey.nesting = survey.nesting.max(lexer.depth() + prefixes);
        survey.keys = survey.keys.max(keys[1..].last().copied().unwrap_or(0));
    }
    survey
}

/// Whether a character is part of an identifier or number. Wider than HCL's own rule, which does no harm here.
pub(super) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '-'
}

/// Bytes before the line end.
fn line_length(text: &str) -> usize {
    let length = text.find('\n').unwrap_or(text.len());
    if text[..length].ends_with('\r') { length - 1 } else { length }
}

/// The word a line begins with, after white space.
fn first_word(line: &str) -> Option<&str> {
    let line = line.trim_start_matches([' ', '\t']);
    let end = line.find(|character| !is_word(character)).unwrap_or(line.len());
    (end > 0).then(|| &line[..end])
}

/// The closing word and the length of `<<WORD` or `<<-WORD`, its line end included.
fn heredoc_start(text: &str) -> Option<(&str, usize)> {
    let rest = text.strip_prefix("<<")?;
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    let word = first_word(rest).filter(|word| rest.starts_with(word))?;
    let end = text.find('\n')?;
    rest[word.len()..].starts_with(['\r', '\n']).then_some((word, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tokens of a text with what stands under them.
    fn tokens(text: &str) -> Vec<(Token, &str)> {
        let mut lexer = Lexer::new(text, 0..text.len());
        std::iter::from_fn(|| lexer.next())
            .map(|(token, range)| (token, &text[range]))
            .filter(|(_, text)| !text.trim().is_empty())
            .collect()
    }

    fn comments(text: &str) -> Vec<&str> {
        survey(text).comments.into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn strings_hide_comments_and_code_in_them_does_not() {
        assert_eq!(comments("a = \"# no // no /* no */\" # yes\r\nb = 1 // too\n"), ["# yes", "// too"]);
        assert_eq!(comments("a = \"${ b /* yes */ } # no\" /* é\n */"), ["/* yes */", "/* é\n */"]);
        assert_eq!(comments("a = \"\\\" # no\" # yes"), ["# yes"]);
        assert_eq!(comments("a = \"$${ # no\" # yes"), ["# yes"]);
    }

    #[test]
    fn heredocs_hide_comments() {
        assert_eq!(comments("a = <<X\n# no\n ${ b # yes\n }\n XY # no\n  X\n# yes\n"), ["# yes", "# yes"]);
        assert_eq!(comments("a = <<-X\r\n# no\r\nX\r\n# yes"), ["# yes"]);
        assert_eq!(comments("a = <<X\n# a heredoc without an end is none\n"), ["# a heredoc without an end is none"]);
    }

    #[test]
    fn brackets_close_what_was_left_open_in_them() {
        let text = "a {\n b = f([1\n}\nc = 1";
        let mut lexer = Lexer::new(text, 0..text.len());
        while lexer.next().is_some_and(|(token, _)| token != Token::Close) {}
        assert_eq!(lexer.depth(), 0);
    }

    #[test]
    fn tokens_are_told_apart() {
        use Token::{Close, Equals, Open, Other, Template, Word};
        assert_eq!(
            tokens("a-b = \"x${y}\" == [1] => <="),
            [
                (Word, "a-b"),
                (Equals, "="),
                (Template, "\""),
                (Open, "x${"),
                (Word, "y"),
                (Close, "}"),
                (Template, "\""),
                (Other, "=="),
                (Open, "["),
                (Word, "1"),
                (Close, "]"),
                (Other, "=>"),
                (Other, "<=")
            ]
        );
    }

    #[test]
    fn keys_are_counted_in_the_widest_object() {
        assert_eq!(survey("a = { b = 1, c = { d: 1, e = 2, f = 3 }, g = 4 }").keys, 3);
        assert_eq!(survey("a { b = 1 }\na { b = 1 }").keys, 1);
    }

    #[test]
    fn nesting_counts_brackets_and_prefixes() {
        assert_eq!(survey("a = [[1]]\nb = [2]").nesting, 2);
        assert_eq!(survey("a = !!!!b").nesting, 4);
        assert_eq!(survey("a = b ? c ? 1 : 2 : 3\n").nesting, 2);
    }
}
