//! Text from audited files, made harmless for the medium it is written to. HTML is escaped by `maud`, JSON and SARIF by
//! `serde_json`. Uses nothing.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a terminal might act on a character rather than show it: controls, and the marks that turn or hide text
/// (Unicode's bidirectional controls and zero-width characters, "Trojan Source", CVE-2021-42574).
pub(super) fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// One line for a terminal: what it might act on is written out (`\u{1b}`).
pub(crate) fn terminal(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => safe.push(' '),
            _ if is_unsafe(character) => safe.extend(character.escape_unicode()),
            _ => safe.push(character),
        }
    }
    Cow::Owned(safe)
}

/// Text for a line of source: every character keeps its place, unsafe ones become a visible stand-in.
pub(super) fn stand_in(character: char, unicode: bool) -> char {
    match character {
        '\t' => '\t',
        _ if !is_unsafe(character) => character,
        '\0'..='\u{1f}' if unicode => char::from_u32(0x2400 + u32::from(character)).unwrap_or('?'),
        _ if unicode => '\u{fffd}',
        _ => '?',
    }
}

/// Markdown text on one line: whatever could start markup is escaped, and so is HTML. Code spans written by us or by
/// a rule (`` `like this` ``) stay code spans.
pub(super) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let text = match list_marker(text) {
        Some((number, rest)) => {
            out.push_str(number);
            out.push('\\');
            rest
        }
        None => text,
    };
    let mut parts = text.split('`').peekable();
    let balanced = text.matches('`').count().is_multiple_of(2);
    let mut inside = false;
    while let Some(part) = parts.next() {
        if inside && balanced {
            out.push_str(&markdown_code(part));
        } else {
            markdown_plain(part, &mut out);
            if !balanced && parts.peek().is_some() {
                out.push_str("\\`");
            }
        }
        inside = !inside;
    }
    out
}

/// A text that would open a list, split where a backslash keeps it from that: before its dash, or after its number.
fn list_marker(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim_start_matches(|character: char| character.is_ascii_digit());
    let number = text.strip_suffix(rest)?;
    let opens = if number.is_empty() { rest.starts_with(['-', '+', '=']) } else { rest.starts_with(['.', ')']) };
    opens.then_some((number, rest))
}

fn markdown_plain(text: &str, out: &mut String) {
    for character in terminal(text).chars() {
        match character {
            '\\' | '*' | '_' | '[' | ']' | '#' | '~' | '!' | '$' | '@' => {
                out.push('\\');
                out.push(character);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            _ => out.push(character),
        }
    }
}

/// Markdown fit for a table's cell, where a bar ends the cell even in code.
pub(super) fn markdown_cell(markdown: &str) -> String {
    markdown.replace('|', "\\|")
}

/// A code span in Markdown, fenced with more backticks than the text holds.
pub(super) fn markdown_code(text: &str) -> String {
    let text = terminal(text);
    if text.is_empty() {
        return String::new();
    }
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A relative path as a URI reference (RFC 3986): everything but unreserved characters and `/` is percent-encoded.
pub(super) fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            _ => {
                // Writing to a string cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// Text for an XML document or attribute. What XML 1.0 cannot hold at all is written out as for a terminal.
pub(super) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for character in terminal(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(character),
        }
    }
    out
}

/// Text in a workflow command of GitHub Actions, where a line end or a `%` would start another one; in a property,
/// so would `:` and `,`.
pub(super) fn workflow_command(text: &str, property: bool) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for character in terminal(text).chars() {
        match character {
            '%' => out.push_str("%25"),
            ':' if property => out.push_str("%3A"),
            ',' if property => out.push_str("%2C"),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_never_sees_a_control_character() {
        assert_eq!(terminal("a\u{1b}[2Jb\nc\u{202e}d"), "a\\u{1b}[2Jb c\\u{202e}d");
        assert!(matches!(terminal("plain é ✔"), Cow::Borrowed(_)));
        assert_eq!(stand_in('\u{1b}', true), '␛');
        assert_eq!(stand_in('\u{1b}', false), '?');
    }

    #[test]
    fn markdown_shows_what_was_written() {
        assert_eq!(
            markdown("a *b* <script> [x](y) `code_1 <b>` @team"),
            "a \\*b\\* &lt;script&gt; \\[x\\](y) `code_1 <b>` \\@team"
        );
        assert_eq!(markdown("odd ` tick *"), "odd \\` tick \\*");
        assert_eq!(markdown("- a"), "\\- a");
        assert_eq!(markdown("12. a"), "12\\. a");
        assert_eq!(markdown("12 a"), "12 a");
        assert_eq!(markdown_cell(&markdown_code("a`b|c")), "``a`b\\|c``");
    }

    #[test]
    fn xml_and_workflow_commands_cannot_be_broken_out_of() {
        assert_eq!(xml("<a b=\"c\">&\u{0}"), "&lt;a b=&quot;c&quot;&gt;&amp;\\u{0}");
        assert_eq!(workflow_command("100%\n::error::x", false), "100%25 ::error::x");
        assert_eq!(workflow_command("a:b,c", true), "a%3Ab%2Cc");
    }

    #[test]
    fn a_path_becomes_a_relative_uri() {
        assert_eq!(uri("k8s/a b#1/é.yaml"), "k8s/a%20b%231/%C3%A9.yaml");
        assert_eq!(uri("C:x"), "C%3Ax");
    }
}
