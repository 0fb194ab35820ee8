//! The tokens of an action.

use super::SyntaxError;
use crate::parse::yaml::integer;
use crate::tree::Text;

/// A token within an action.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A run of space.
    Space,
    /// `}}`, with or without a trim marker before it.
    Close {
        /// Whether the text that follows loses its leading space.
        trims: bool,
    },
    /// `.`
    Dot,
    /// `.name`
    Field(Text),
    /// `$name`
    Variable(Text),
    /// A keyword or a function's name.
    Word(Text),
    /// A string, escapes undone.
    Text(Text),
    /// A whole number or a character.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// `:=`
    Declare,
    /// `=`
    Assign,
    /// `|`
    Pipe,
    /// `,`
    Comma,
    /// `(`
    Open,
    /// `)`
    Shut,
    /// The end of the text.
    End,
}

/// Reads the tokens of an action one by one.
pub(super) struct Scanner<'t> {
    /// The whole text.
    pub(super) text: &'t str,
    /// Offset of the next token.
    pub(super) at: usize,
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn is_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn wrong<T>(&self, message: impl Into<String>) -> Result<T, SyntaxError> {
        Err(SyntaxError { at: self.at, message: message.into() })
    }

    /// The next token.
    pub(super) fn next(&mut self) -> Result<Token, SyntaxError> {
        let rest = self.rest();
        if rest.starts_with("}}") {
            self.at += 2;
            return Ok(Token::Close { trims: false });
        }
        let spaces = rest.bytes().take_while(|byte| is_space(*byte)).count();
        if spaces > 0 {
            if rest[spaces..].starts_with("-}}") {
                self.at += spaces + 3;
                return Ok(Token::Close { trims: true });
            }
            self.at += spaces;
            return Ok(Token::Space);
        }
        let Some(first) = rest.chars().next() else { return Ok(Token::End) };
        let second = rest.as_bytes().get(1).copied();
        let single = |token: Token| Some((token, 1));
        let simple = match first {
            ':' if second == Some(b'=') => Some((Token::Declare, 2)),
            '=' => single(Token::Assign),
            '|' => single(Token::Pipe),
            ',' => single(Token::Comma),
            '(' => single(Token::Open),
            ')' => single(Token::Shut),
            '.' if !second.is_some_and(|byte| byte.is_ascii_digit()) => {
                let name = self.word_at(1);
                let length = 1 + name.len();
                Some((if name.is_empty() { Token::Dot } else { Token::Field(name) }, length))
            }
            '$' => {
                let name = self.word_at(1);
                let length = 1 + name.len();
                Some((Token::Variable(name), length))
            }
            _ => None,
        };
        if let Some((token, length)) = simple {
            self.at += length;
            return Ok(token);
        }
        match first {
            '"' => self.quoted(),
            '`' => self.raw(),
            '\'' => self.character(),
            '+' | '-' | '.' | '0'..='9' => self.number(),
            _ if is_word(first) => {
                let word = self.word_at(0);
                self.at += word.len();
                Ok(Token::Word(word))
            }
            _ => self.wrong(format!("unexpected {first:?} in an action")),
        }
    }

    fn word_at(&self, skip: usize) -> Text {
        self.rest()[skip..].chars().take_while(|character| is_word(*character)).collect()
    }

    fn raw(&mut self) -> Result<Token, SyntaxError> {
        let Some(length) = self.rest()[1..].find('`') else { return self.wrong("unterminated raw quoted string") };
        // Go drops carriage returns from raw strings.
        let text = self.rest()[1..=length].replace('\r', "");
        self.at += length + 2;
        Ok(Token::Text(text.into()))
    }

    fn quoted(&mut self) -> Result<Token, SyntaxError> {
        let mut bytes: Vec<u8> = Vec::new();
        let start = self.at;
        self.at += 1;
        loop {
            let Some(next) = self.rest().chars().next() else {
                self.at = start;
                return self.wrong("unterminated quoted string");
            };
            match next {
                '\n' => {
                    self.at = start;
                    return self.wrong("unterminated quoted string");
                }
                '"' => {
                    self.at += 1;
                    return Ok(Token::Text(String::from_utf8_lossy(&bytes).as_ref().into()));
                }
                '\\' => match self.escape()? {
                    Escaped::Byte(byte) => bytes.push(byte),
                    Escaped::Character(character) => bytes.extend(character.encode_utf8(&mut [0; 4]).bytes()),
                },
                other => {
                    bytes.extend(other.encode_utf8(&mut [0; 4]).bytes());
                    self.at += other.len_utf8();
                }
            }
        }
    }

    fn character(&mut self) -> Result<Token, SyntaxError> {
        self.at += 1;
        let value = match self.rest().chars().next() {
            None | Some('\n' | '\'') => return self.wrong("malformed character constant"),
            Some('\\') => match self.escape()? {
                Escaped::Byte(byte) => i64::from(byte),
                Escaped::Character(character) => i64::from(u32::from(character)),
            },
            Some(other) => {
                self.at += other.len_utf8();
                i64::from(u32::from(other))
            }
        };
        if !self.rest().starts_with('\'') {
            return self.wrong("malformed character constant");
        }
        self.at += 1;
        Ok(Token::Int(value))
    }

    /// An escape of a Go string. <https://go.dev/ref/spec#Rune_literals>
    fn escape(&mut self) -> Result<Escaped, SyntaxError> {
        let rest = self.rest();
        let Some(kind) = rest.chars().nth(1) else { return self.wrong("unterminated quoted string") };
        let simple = match kind {
            'a' => Some('\u{7}'),
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\u{b}'),
            '\\' | '\'' | '"' => Some(kind),
            _ => None,
        };
        if let Some(character) = simple {
            self.at += 2;
            return Ok(Escaped::Character(character));
        }
        let (skip, digits, base) = match kind {
            'x' => (2, 2, 16),
            'u' => (2, 4, 16),
            'U' => (2, 8, 16),
            '0'..='7' => (1, 3, 8),
            _ => return self.wrong("unknown escape sequence"),
        };
        let written = rest.get(skip..skip + digits).unwrap_or_default();
        let Ok(value) = u32::from_str_radix(written, base) else { return self.wrong("malformed escape sequence") };
        let escaped = match kind {
            'u' | 'U' => char::from_u32(value).map(Escaped::Character),
            _ => u8::try_from(value).ok().map(Escaped::Byte),
        };
        let Some(escaped) = escaped else { return self.wrong("malformed escape sequence") };
        self.at += skip + digits;
        Ok(escaped)
    }

    /// A number of Go: underscores and bases included.
    fn number(&mut self) -> Result<Token, SyntaxError> {
        let rest = self.rest();
        let sign = usize::from(rest.starts_with(['+', '-']));
        let is_hex = rest[sign..].starts_with("0x") || rest[sign..].starts_with("0X");
        let mut length = sign;
        let bytes = rest.as_bytes();
        while let Some(byte) = bytes.get(length) {
            let after_exponent = length > sign
                && matches!(bytes.get(length - 1), Some(b'e' | b'E' | b'p' | b'P'))
                && !(is_hex && matches!(bytes.get(length - 1), Some(b'e' | b'E')));
            match byte {
                b'0'..=b'9' | b'_' | b'.' | b'a'..=b'z' | b'A'..=b'Z' => length += 1,
                b'+' | b'-' if after_exponent => length += 1,
                _ => break,
            }
        }
        let written = &rest[..length];
        let plain = written.replace('_', "");
        let token = integer(&plain).map(Token::Int).or_else(|| {
            if is_hex { hex_float(&plain) } else { plain.parse().ok().filter(|value: &f64| value.is_finite()) }
                .map(Token::Float)
        });
        let Some(token) = token else { return self.wrong(format!("bad number syntax: {written:?}")) };
        self.at += length;
        Ok(token)
    }
}

enum Escaped {
    Byte(u8),
    Character(char),
}

/// A hexadecimal number with a binary exponent: `0x1p10` is 1024.
fn hex_float(written: &str) -> Option<f64> {
    let digits = written.trim_start_matches(['+', '-']).get(2..)?.to_ascii_lowercase();
    let (mantissa, exponent) = digits.split_once('p')?;
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    #[allow(clippy::cast_precision_loss, reason = "that is what a floating-point number is")]
    let value = u64::from_str_radix(&format!("{whole}{part}"), 16).ok()? as f64;
    let exponent: i32 = exponent.parse().ok()?;
    let value = value * 2_f64.powi(exponent - 4 * i32::try_from(part.len()).ok()?);
    value.is_finite().then_some(if written.starts_with('-') { -value } else { value })
}
