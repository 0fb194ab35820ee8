//! Where a value stands, when the parser's own answer is not what a reader would underline.

use std::ops::Range;

/// The place of a block scalar: from its `|` or `>`, found after the event that ended at `from`, to the end of what it
/// says. `content` is where its text stands, `value` what it says.
pub(super) fn block_scalar(text: &str, from: usize, content: Range<usize>, value: &str) -> Range<usize> {
    let start = indicator(text, from..content.start, is_block_header).unwrap_or(content.start);
    let keeps_breaks = text[start..].split(char::is_whitespace).next().is_some_and(|header| header.contains('+'));
    let written = &text[start..content.end];
    let end = if keeps_breaks {
        written.len()
    } else if value.trim_end_matches('\n').ends_with([' ', '\t']) {
        written.trim_end_matches(['\n', '\r']).len()
    } else {
        written.trim_end_matches(['\n', '\r', ' ', '\t']).len()
    };
    start..start + end
}

/// The offset of the dash of a list that is a map's value and whose first item is at `first`.
pub(super) fn dash(text: &str, from: usize, first: usize) -> usize {
    let is_dash = |rest: &[u8]| rest[0] == b'-' && rest.get(1).is_none_or(u8::is_ascii_whitespace);
    indicator(text, from..first, is_dash).unwrap_or(first)
}

/// Where an empty value stands: after the colon that follows its key, or after the key when there is no colon. An anchor
/// or tag stands before it, which the parser's own place, `given`, takes into account.
pub(super) fn empty_value(text: &str, key_end: usize, given: usize) -> usize {
    let next = indicator(text, key_end..text.len(), |_| true);
    next.filter(|at| text[*at..].starts_with(':')).map_or(key_end, |colon| given.max(colon + 1))
}

fn is_block_header(rest: &[u8]) -> bool {
    matches!(rest[0], b'|' | b'>')
}

/// The first byte of `range` that starts a word outside comments and is `wanted`.
fn indicator(text: &str, range: Range<usize>, wanted: impl Fn(&[u8]) -> bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = range.start;
    while at < range.end {
        let starts_word = at == range.start || bytes[at - 1].is_ascii_whitespace();
        if starts_word && bytes[at] == b'#' {
            at += bytes[at..range.end].iter().position(|byte| *byte == b'\n')?;
        } else if starts_word && !bytes[at].is_ascii_whitespace() && wanted(&bytes[at..]) {
            return Some(at);
        } else {
            at += 1;
        }
    }
    None
}
