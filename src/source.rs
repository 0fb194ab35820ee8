//! Files as read, and places in them. The ground floor: it uses nothing of this crate.
//!
//! A [`Span`] is two byte offsets and a file number, so that every node, fact and finding can carry one. Lines and
//! columns are worked out only for what is shown.

use std::sync::OnceLock;

use serde::Serialize;

/// The number of a [`Source`] among the [`Sources`] of one audit, in sorted path order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct SourceId(pub u32);

/// A half-open range of bytes in one source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Span {
    /// The file.
    pub source: SourceId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// A span from byte offsets; offsets past 4 GiB cannot occur, since discovery refuses such files.
    pub fn new(source: SourceId, start: usize, end: usize) -> Self {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { source, start: offset(start), end: offset(end.max(start)) }
    }

    /// The span from the start of `self` to the end of `other`, both of one file.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { end: other.end.max(self.end), ..self }
    }

    /// The empty span at the start of a file.
    pub fn head(source: SourceId) -> Self {
        Self { source, start: 0, end: 0 }
    }
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Spanned<T> {
    /// What was read.
    pub value: T,
    /// Where it was read.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `value`, read at `span`.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// A line and a column, both from 1; columns count Unicode scalar values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in Unicode scalar values, from 1.
    pub column: u32,
}

/// One audited file: its path as shown, and its text.
#[derive(Debug)]
pub struct Source {
    /// Path relative to the audited root, with `/`.
    pub path: String,
    /// The text as it stands in the file, byte order mark included.
    pub text: String,
    lines: OnceLock<Vec<u32>>,
}

impl Source {
    /// A file read from `path`.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into(), lines: OnceLock::new() }
    }

    /// Offsets at which lines start. A line ends after `\n`; `\r\n` is one end.
    fn line_starts(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let after_breaks = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
            std::iter::once(0).chain(after_breaks).map(|at| u32::try_from(at).unwrap_or(u32::MAX)).collect()
        })
    }

    /// The text of a span; empty when the span does not fit the file.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// Line and column of a byte offset. A byte order mark takes no column.
    pub fn position(&self, offset: u32) -> Position {
        let starts = self.line_starts();
        let line = starts.partition_point(|start| *start <= offset).max(1);
        let start = starts.get(line - 1).copied().unwrap_or(0) as usize;
        let before = self.text.get(start..offset as usize).unwrap_or_default();
        let column = before.trim_start_matches('\u{feff}').chars().count() + 1;
        Position { line: u32::try_from(line).unwrap_or(u32::MAX), column: u32::try_from(column).unwrap_or(u32::MAX) }
    }

    /// The byte range of a line (from 1) without its line end; `None` past the end of the file.
    pub fn line(&self, line: u32) -> Option<std::ops::Range<usize>> {
        let starts = self.line_starts();
        let index = (line as usize).checked_sub(1)?;
        let start = *starts.get(index)? as usize;
        let end = starts.get(index + 1).map_or(self.text.len(), |next| *next as usize);
        let text = self.text.get(start..end)?.trim_end_matches(['\n', '\r']);
        Some(start..start + text.len())
    }
}

/// The folder that a path stands in; empty for what stands at the top.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The path of a name in a folder.
pub fn in_folder(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// A path as seen from a folder: empty for the folder itself, nothing for what is not in it. The top holds everything.
pub fn below<'p>(folder: &str, path: &'p str) -> Option<&'p str> {
    if folder.is_empty() {
        return Some(path);
    }
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// The path that `relative` leads to from `folder`, in the form that sources are known by: `.` and `..` undone. Nothing
/// where it climbs out of the audited root.
pub fn join(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// All files of one audit.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// Files numbered in the order given; discovery gives them sorted.
    pub fn new(files: Vec<Source>) -> Self {
        Self { files }
    }

    /// Adds a file after the others, for text that is not part of the audit (a rule, a configuration file).
    pub fn add(&mut self, source: Source) -> SourceId {
        self.files.push(source);
        SourceId(u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX))
    }

    /// The file with this number.
    ///
    /// # Panics
    /// When the number is of another set of sources, which is a bug of the caller.
    pub fn get(&self, id: SourceId) -> &Source {
        &self.files[id.0 as usize]
    }

    /// Every file with its number, in order.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        self.files.iter().enumerate().map(|(index, file)| (SourceId(u32::try_from(index).unwrap_or(u32::MAX)), file))
    }

    /// The path of the file a span stands in.
    pub fn path(&self, span: Span) -> &str {
        &self.get(span.source).path
    }

    /// The text under a span.
    pub fn slice(&self, span: Span) -> &str {
        self.get(span.source).slice(span)
    }

    /// The path and the line that a span begins at: `prometheus/rules.yaml:12`.
    pub fn place(&self, span: Span) -> String {
        let source = self.get(span.source);
        format!("{}:{}", source.path, source.position(span.start).line)
    }

    /// First and last position of a span; the last is after its last character.
    pub fn range(&self, span: Span) -> (Position, Position) {
        let source = self.get(span.source);
        (source.position(span.start), source.position(span.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_join_and_never_climb_out() {
        assert_eq!(join("runbooks/db", "../checkout.md"), Some("runbooks/checkout.md".into()));
        assert_eq!(join("runbooks", "../../etc/passwd"), None);
    }

    #[test]
    fn positions_count_characters_and_cross_crlf() {
        let source = Source::new("a", "\u{feff}één: 1\r\ntwo: 2\n");
        assert_eq!(source.position(3), Position { line: 1, column: 1 });
        let two = u32::try_from(source.text.find("two").unwrap()).unwrap();
        assert_eq!(source.position(two), Position { line: 2, column: 1 });
        assert_eq!(source.position(two + 5), Position { line: 2, column: 6 });
        assert_eq!(&source.text[source.line(1).unwrap()], "\u{feff}één: 1");
        assert_eq!(&source.text[source.line(2).unwrap()], "two: 2");
        assert_eq!(source.line(3), Some(source.text.len()..source.text.len()));
        assert_eq!(source.line(4), None);
    }
}
