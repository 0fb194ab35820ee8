//! Where in a file the lines of a text stand that was made of it: of a heredoc, its indentation undone and its
//! interpolations filled in; of a template file. Lines are held against each other in order, so a node of the made
//! text can be underlined where people wrote it.

use crate::source::Span;

/// How many written lines are looked through for a made one before it is looked for from the start.
const WINDOW: usize = 64;

/// The lines of a made text, each with where it was written.
pub(super) struct Alignment {
    /// What all of it is made of: the place of any line that is found nowhere.
    whole: Span,
    lines: Vec<Line>,
}

struct Line {
    /// Offset of its first byte in the made text.
    start: usize,
    /// Bytes of indentation in the made text.
    indent: usize,
    written: Option<Written>,
}

/// Where a line was written.
#[derive(Clone, Copy)]
struct Written {
    /// Offset of its first byte that is no indentation.
    from: usize,
    /// How many bytes from there on came out as they stand.
    same: usize,
    /// Offset after its last byte.
    end: usize,
}

/// A line of the source: literal pieces, between which something was filled in.
struct Pattern<'s> {
    from: usize,
    end: usize,
    pieces: Vec<&'s str>,
    /// Whether all of it comes out as it stands.
    plain: bool,
}

impl Alignment {
    /// Holds a made text against the lines of `written`, which starts at `offset` of the file that `whole` stands in.
    pub(super) fn new(made: &str, written: &str, offset: usize, whole: Span) -> Self {
        let mut patterns = Vec::new();
        let mut at = offset;
        for line in written.split_inclusive('\n') {
            let text = line.trim();
            let from = at + (line.len() - line.trim_start().len());
            patterns.push(Pattern::new(text, from));
            at += line.len();
        }
        let mut next = 0;
        let mut lines = Vec::new();
        let mut start = 0;
        for line in made.split_inclusive('\n') {
            let text = line.trim();
            let indent = line.len() - line.trim_start().len();
            let found = find(&patterns, next, text).or_else(|| find(&patterns, 0, text));
            if let Some(index) = found {
                next = index + 1;
            }
            let written = found.map(|index| patterns[index].written());
            lines.push(Line { start, indent, written });
            start += line.len();
        }
        Self { whole, lines }
    }

    /// Everything at one place.
    pub(super) fn at(whole: Span) -> Self {
        Self { whole, lines: Vec::new() }
    }

    /// Where a span of the made text was written.
    pub(super) fn span(&self, made: Span) -> Span {
        let start = self.find(made.start as usize, false);
        let end = self.find((made.end as usize).max(made.start as usize + 1), true);
        match (start, end) {
            (Some(start), Some(end)) if end > start => Span::new(self.whole.source, start, end),
            (Some(start), _) => Span::new(self.whole.source, start, start + 1),
            _ => self.whole,
        }
    }

    /// Where an offset was written: as the first byte of something, or the one after its last.
    fn find(&self, offset: usize, last: bool) -> Option<usize> {
        let inside = offset - usize::from(last);
        let index = self.lines.partition_point(|line| line.start <= inside).checked_sub(1)?;
        let line = &self.lines[index];
        let written = line.written?;
        let column = (offset - line.start).saturating_sub(line.indent);
        Some(match column <= written.same {
            true => written.from + column,
            false if last => written.end,
            false => written.from + written.same,
        })
    }
}

/// The first line from `start` on, within the window, that the text can have come of.
fn find(patterns: &[Pattern<'_>], start: usize, text: &str) -> Option<usize> {
    if text.is_empty() {
        return None;
    }
    let near = patterns.iter().enumerate().skip(start).take(WINDOW);
    near.filter(|(_, pattern)| pattern.matches(text)).map(|(index, _)| index).next()
}

impl<'s> Pattern<'s> {
    fn new(text: &'s str, from: usize) -> Self {
        let (pieces, plain) = pieces(text);
        Self { from, end: from + text.len(), pieces, plain }
    }

    fn matches(&self, text: &str) -> bool {
        if self.plain {
            return self.pieces == [text];
        }
        let (Some(first), Some(last)) = (self.pieces.first(), self.pieces.last()) else { return false };
        // A line of nothing but a directive or one interpolation could be any line.
        if self.pieces.iter().all(|piece| piece.trim().is_empty()) {
            return false;
        }
        let Some(rest) = text.strip_prefix(first) else { return false };
        let Some(mut rest) = rest.strip_suffix(last.trim_end()) else { return false };
        for piece in &self.pieces[1..self.pieces.len() - 1] {
            let Some(at) = rest.find(piece) else { return false };
            rest = &rest[at + piece.len()..];
        }
        true
    }

    fn written(&self) -> Written {
        let same = if self.plain { self.end - self.from } else { self.pieces.first().map_or(0, |first| first.len()) };
        Written { from: self.from, same, end: self.end }
    }
}

/// The literal pieces of a line of a template, and whether it is one piece. Escapes (`$${`) end a piece as well.
fn pieces(text: &str) -> (Vec<&str>, bool) {
    let bytes = text.as_bytes();
    let (mut pieces, mut start, mut at) = (Vec::new(), 0, 0);
    while at + 1 < bytes.len() {
        if !matches!(&bytes[at..at + 2], b"${" | b"%{") {
            at += 1;
            continue;
        }
        let escaped = at > start && bytes[at - 1] == bytes[at];
        pieces.push(&text[start..if escaped { at - 1 } else { at }]);
        if escaped {
            start = at;
            at += 2;
            continue;
        }
        let mut depth = 0_u32;
        while at < bytes.len() {
            match bytes[at] {
                b'{' => depth += 1,
                b'}' if depth <= 1 => break,
                b'}' => depth -= 1,
                _ => {}
            }
            at += 1;
        }
        at = (at + 1).min(bytes.len());
        start = at;
    }
    pieces.push(&text[start..]);
    let plain = pieces.len() == 1;
    (pieces, plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceId;

    fn under<'s>(written: &'s str, made: &str, word: &str) -> &'s str {
        let whole = Span::new(SourceId(0), 0, written.len());
        let alignment = Alignment::new(made, written, 0, whole);
        let at = made.find(word).unwrap();
        let span = alignment.span(Span::new(SourceId(0), at, at + word.len()));
        &written[span.start as usize..span.end as usize]
    }

    #[test]
    fn lines_are_found_where_they_were_written() {
        let written = "    kind: Deployment\n    name: ${var.name}\n    replicas: 1\n";
        let made = "kind: Deployment\nname: checkout\nreplicas: 1\n";
        assert_eq!(under(written, made, "Deployment"), "Deployment");
        assert_eq!(under(written, made, "replicas: 1"), "replicas: 1");
        assert_eq!(under(written, made, "checkout"), "${var.name}");
    }

    #[test]
    fn rounds_of_a_loop_stand_at_the_same_lines() {
        let written = "%{ for name in names ~}\n- name: ${name}\n  replicas: 2\n%{ endfor ~}\n";
        let made = "- name: a\n  replicas: 2\n- name: b\n  replicas: 2\n";
        assert_eq!(under(written, made, "- name: b"), "- name: ${name}");
        assert_eq!(under(written, made, "b\n"), "${name}");
    }

    #[test]
    fn what_was_written_nowhere_stands_at_the_whole() {
        assert_eq!(under("${local.all}\n", "kind: Pod\n", "Pod"), "${local.all}\n");
    }

    #[test]
    fn escapes_come_out_as_they_are_meant() {
        assert_eq!(pieces("a $${b} ${c.d[\"e\"]} f"), (vec!["a ", "${b} ", " f"], false));
        assert_eq!(pieces("${a}"), (vec!["", ""], false));
        assert_eq!(pieces("${ open"), (vec!["", ""], false));
        assert_eq!(pieces("plain"), (vec!["plain"], true));
    }

    proptest::proptest! {
        #[test]
        fn any_texts_can_be_held_against_each_other(written in "(?s).{0,80}", made in "(?s).{0,80}", at in 0_usize..90, len in 0_usize..20) {
            let whole = Span::new(SourceId(0), 0, written.len());
            let alignment = Alignment::new(&made, &written, 0, whole);
            let span = alignment.span(Span::new(SourceId(0), at.min(made.len()), (at + len).min(made.len())));
            proptest::prop_assert!(span.start <= span.end);
        }
    }
}
