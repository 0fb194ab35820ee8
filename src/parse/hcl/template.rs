//! What the literal parts of a template say: escapes, strip markers (`~`) and the indentation of `<<-`.
//!
//! The rules are those of HCL's own implementation in Go (`parser_template.go`), which works on tokens: a quoted
//! literal is one token, a heredoc literal is one token for each of its lines, a strip marker shortens the one token
//! beside it, and indentation is taken off after that. hcl-edit leaves strip markers alone and counts lines that are
//! blank, so its values are not used; only its spans are.

use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::template::{Directive, Element, Strip, Template};

/// How the text around a template is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoting {
    /// `"…"`: backslash escapes.
    Quoted,
    /// `<<WORD`.
    Heredoc,
    /// `<<-WORD`: the indentation that all lines share is taken off.
    Indented,
}

/// A template as a row of tokens.
enum Token {
    /// A literal or a line of one; the number is that of the literal.
    Text(usize, String),
    /// `${…}` or `%{…}`.
    Code,
}

/// The values of a template's literals, depth first, in the order in which they stand in `text`.
pub(super) fn literals(text: &str, template: &Template, quoting: Quoting) -> Vec<String> {
    let mut row = Row { text, quoting, tokens: Vec::new(), strip_next: false, literals: 0 };
    row.template(template);
    if quoting == Quoting::Indented {
        take_indentation(&mut row.tokens);
    }
    let mut values = vec![String::new(); row.literals];
    for token in row.tokens {
        if let Token::Text(literal, text) = token {
            values[literal].push_str(&text);
        }
    }
    values
}

/// The value of a quoted string without code in it, given what stands between the quotes.
pub(super) fn unquote(raw: &str) -> String {
    if raw.contains(['\\', '$', '%']) { unescape(raw, Quoting::Quoted) } else { raw.to_owned() }
}

struct Row<'t> {
    text: &'t str,
    quoting: Quoting,
    tokens: Vec<Token>,
    /// Whether the code before ended in `~}`.
    strip_next: bool,
    literals: usize,
}

impl Row<'_> {
    fn template(&mut self, template: &Template) {
        for element in template {
            match element {
                Element::Literal(literal) => self.literal(literal.span().unwrap_or_default()),
                Element::Interpolation(interpolation) => self.code(interpolation.strip),
                Element::Directive(directive) => self.directive(directive),
            }
        }
    }

    fn directive(&mut self, directive: &Directive) {
        match directive {
            Directive::If(directive) => {
                self.code(directive.if_expr.strip);
                self.template(&directive.if_expr.template);
                if let Some(otherwise) = &directive.else_expr {
                    self.code(otherwise.strip);
                    self.template(&otherwise.template);
                }
                self.code(directive.endif_expr.strip);
            }
            Directive::For(directive) => {
                self.code(directive.for_expr.strip);
                self.template(&directive.for_expr.template);
                self.code(directive.endfor_expr.strip);
            }
        }
    }

    fn literal(&mut self, range: Range<usize>) {
        let raw = self.text.get(range).unwrap_or_default();
        let pieces: Vec<&str> =
            if self.quoting == Quoting::Quoted { vec![raw] } else { raw.split_inclusive('\n').collect() };
        for piece in pieces {
            let mut value = unescape(piece, self.quoting);
            if std::mem::take(&mut self.strip_next) {
                value.drain(..value.len() - value.trim_start().len());
            }
            self.tokens.push(Token::Text(self.literals, value));
        }
        self.literals += 1;
    }

    fn code(&mut self, strip: Strip) {
        if strip.strip_start()
            && let Some(Token::Text(_, value)) = self.tokens.last_mut()
        {
            value.truncate(value.trim_end().len());
        }
        self.tokens.push(Token::Code);
        self.strip_next = strip.strip_end();
    }
}

/// Takes the white space off that all lines of a `<<-` heredoc begin with. Blank lines neither count nor change.
fn take_indentation(tokens: &mut [Token]) {
    let mut shared = usize::MAX;
    let mut lines = Vec::new();
    let mut at_line_start = true;
    for token in tokens {
        let Token::Text(_, value) = token else {
            shared = if at_line_start { 0 } else { shared };
            at_line_start = false;
            continue;
        };
        let ends_line = value.ends_with('\n');
        if at_line_start && !(ends_line && value.trim().is_empty()) {
            shared = shared.min(value.chars().take_while(|character| character.is_whitespace()).count());
            lines.push(value);
        }
        at_line_start = ends_line;
    }
    for line in lines {
        let end = line.char_indices().nth(shared).map_or(line.len(), |(at, _)| at);
        line.drain(..end);
    }
}

/// Undoes the escapes of a literal. A malformed escape stays as it is; the parser has refused it before.
fn unescape(raw: &str, quoting: Quoting) -> String {
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(character) = rest.chars().next() {
        if rest.starts_with("$${") || rest.starts_with("%%{") {
            value.push_str(&rest[1..3]);
            rest = &rest[3..];
        } else if let Some((escaped, length)) = escape(rest).filter(|_| quoting == Quoting::Quoted) {
            value.push(escaped);
            rest = &rest[length..];
        } else {
            value.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    value
}

/// The character that an escape at the start of `text` stands for, and the escape's length.
fn escape(text: &str) -> Option<(char, usize)> {
    let hexadecimal = |digits: usize| {
        let code = u32::from_str_radix(text.get(2..2 + digits)?, 16).ok()?;
        Some((char::from_u32(code)?, 2 + digits))
    };
    match text.strip_prefix('\\')?.chars().next()? {
        'n' => Some(('\n', 2)),
        'r' => Some(('\r', 2)),
        't' => Some(('\t', 2)),
        '"' => Some(('"', 2)),
        '\\' => Some(('\\', 2)),
        'u' => hexadecimal(4),
        'U' => hexadecimal(8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use hcl_edit::expr::Expression;
    use hcl_edit::parser::parse_expr;

    use super::*;

    /// The literals of a heredoc, joined, with `¤` for code.
    fn heredoc(text: &str) -> String {
        let Expression::HeredocTemplate(heredoc) = parse_expr(text).unwrap() else { panic!("not a heredoc") };
        let quoting = if text.starts_with("<<-") { Quoting::Indented } else { Quoting::Heredoc };
        literals(text, &heredoc.template, quoting).join("¤")
    }

    // The expectations of the next three tests are what `terraform console` 1.11 printed.

    #[test]
    fn indentation_is_that_of_the_lines_that_are_not_blank() {
        assert_eq!(heredoc("<<-X\n    a\n      b\n  \n    c ${1}\n      d\n    X"), "a\n  b\n  \nc ¤\n  d\n");
        assert_eq!(heredoc("<<-X\n    a\n${1}\n    b\n    X"), "    a\n¤\n    b\n");
        assert_eq!(heredoc("<<-X\n\ta\n    b\n    X"), "a\n   b\n");
        assert_eq!(heredoc("<<-X\r\n   a\r\n\r\n    b\r\n   X"), "a\r\n\r\n b\r\n");
    }

    #[test]
    fn a_strip_marker_shortens_one_line() {
        assert_eq!(
            heredoc("<<-X\n    %{ for x in y ~}\n    s ${x}\n    %{ endfor ~}\n    end\n    X"),
            "¤    s ¤\n¤    end\n"
        );
        assert_eq!(heredoc("<<X\n    a ${~ 1 ~}   \n      b\n  X"), "    a¤      b\n");
    }

    #[test]
    fn markers_are_unescaped_in_heredocs() {
        assert_eq!(heredoc("<<X\n$${a} %%{b} $$${c} ${d}\\n\nX"), "${a} %{b} $${c} ¤\\n\n");
    }

    #[test]
    fn escapes_are_undone_in_strings() {
        assert_eq!(unquote(r#"a\n\t\r\"\\\u00e9\U0001F600$${b}%%{c}$d"#), "a\n\t\r\"\\é😀${b}%{c}$d");
    }

    #[test]
    fn escapes_are_undone_inside_directives_of_strings() {
        let text = r#""%{ if a }b\n%{ else }c\t%{ endif }""#;
        let template = parse_expr(text).unwrap();
        let template = template.as_template().unwrap();
        assert_eq!(literals(text, template, Quoting::Quoted), ["b\n", "c\t"]);
    }
}
