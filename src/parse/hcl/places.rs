//! From offsets in the text that the parser was given to spans in the file. Uses `source` only.
//!
//! The two differ: a byte order mark is left out, a broken file is parsed piece by piece, and a repeated object key is
//! disguised by characters put around it.

use std::ops::Range;

use crate::source::{SourceId, Span};

/// Where a piece of text stands in its file.
#[derive(Clone, Debug)]
pub(super) struct Places {
    source: SourceId,
    /// Where the piece begins in the file.
    base: usize,
    /// Offsets, in the piece, of bytes that the file does not have; sorted.
    inserted: Vec<usize>,
}

impl Places {
    /// A piece that begins at byte `base` of the file.
    pub(super) fn new(source: SourceId, base: usize) -> Self {
        Self { source, base, inserted: Vec::new() }
    }

    /// The same for a part of the piece that begins at `offset`; for pieces without insertions.
    pub(super) fn part(&self, offset: usize) -> Self {
        Self::new(self.source, self.base + offset)
    }

    /// Puts an ASCII character into the piece at `offset`.
    pub(super) fn insert(&mut self, piece: &mut String, offset: usize, character: char) {
        piece.insert(offset, character);
        let index = self.inserted.partition_point(|place| *place < offset);
        for place in &mut self.inserted[index..] {
            *place += 1;
        }
        self.inserted.insert(index, offset);
    }

    /// The span of a range of the piece.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.source, self.at(range.start), self.at(range.end))
    }

    fn at(&self, offset: usize) -> usize {
        self.base + offset - self.inserted.partition_point(|place| *place < offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inserted_bytes_take_no_place() {
        let mut piece = String::from("key=1");
        let mut places = Places::new(SourceId(0), 10);
        places.insert(&mut piece, 3, ')');
        places.insert(&mut piece, 0, '(');
        assert_eq!(piece, "(key)=1");
        let span = |range| {
            let span = places.span(range);
            (span.start, span.end)
        };
        assert_eq!(span(0..5), (10, 13));
        assert_eq!(span(1..4), (10, 13));
        assert_eq!(span(5..7), (13, 15));
    }
}
