//! Text that remembers where its bytes were written: in a template, or as a value in a values file.
//!
//! Every piece of a [`Traced`] text has a [`Place`]. Functions that keep text (`indent`, `trim`, `quote`, `printf`) keep
//! the places of what they keep; a function that computes a new text gives the place of what it was computed from.

use std::ops::Range;

use indexmap::IndexSet;

use crate::source::{SourceId, Span};
use crate::tree::Unknown;

/// How many other places an origin remembers.
const MOST_VIA: usize = 6;

/// A place in a file, and the places through which it came to be used: the values entry, the call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    /// The primary place.
    pub(super) span: Span,
    /// The others, the nearest first.
    pub(super) via: Vec<Span>,
}

/// The number of an origin among [`Origins`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OriginId(u32);

impl OriginId {
    /// Nothing is known of where it came from.
    pub(super) const NONE: Self = Self(0);

    pub(super) fn is_none(self) -> bool {
        self == Self::NONE
    }
}

/// Every origin of one rendering, each once; and what is not known in it.
#[derive(Debug, Default)]
pub(super) struct Origins {
    all: IndexSet<Origin>,
    unknowns: Vec<Unknown>,
}

impl Origins {
    /// The number of an origin.
    pub(super) fn add(&mut self, span: Span, via: Vec<Span>) -> OriginId {
        let (index, _) = self.all.insert_full(Origin { span, via });
        OriginId(u32::try_from(index + 1).unwrap_or(0))
    }

    /// The origin of a number.
    pub(super) fn get(&self, id: OriginId) -> Option<&Origin> {
        self.all.get_index((id.0 as usize).checked_sub(1)?)
    }

    /// Numbers an unknown.
    pub(super) fn unknown(&mut self, unknown: Unknown) -> u32 {
        let known = self.unknowns.iter().rev().take(8).position(|other| *other == unknown);
        let index = known.map_or(self.unknowns.len(), |back| self.unknowns.len() - 1 - back);
        if index == self.unknowns.len() {
            self.unknowns.push(unknown);
        }
        u32::try_from(index).unwrap_or(u32::MAX)
    }

    /// The unknown of a number.
    pub(super) fn why(&self, number: u32) -> Option<&Unknown> {
        self.unknowns.get(number as usize)
    }

    /// What stands at `span` because of what stands at `cause`.
    pub(super) fn because(&mut self, span: Span, cause: OriginId) -> OriginId {
        let mut via = Vec::new();
        if let Some(origin) = self.get(cause) {
            extend(&mut via, span, std::iter::once(origin.span).chain(origin.via.iter().copied()));
        }
        self.add(span, via)
    }

    /// The first origin, with the places of the second among those it came through.
    pub(super) fn join(&mut self, first: OriginId, second: OriginId) -> OriginId {
        if first == second || second.is_none() {
            return first;
        }
        let (Some(one), Some(other)) = (self.get(first), self.get(second)) else { return second };
        let mut via = one.via.clone();
        extend(&mut via, one.span, std::iter::once(other.span).chain(other.via.iter().copied()));
        let span = one.span;
        self.add(span, via)
    }
}

/// Adds places that are not there yet.
fn extend(via: &mut Vec<Span>, primary: Span, more: impl Iterator<Item = Span>) {
    for span in more {
        if via.len() < MOST_VIA && span != primary && !via.contains(&span) {
            via.push(span);
        }
    }
}

/// Where a piece of text was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Computed: nothing is known yet but that the action which prints it stands somewhere.
    Nowhere,
    /// The text of a value: it is put where the action that prints it stands.
    Value(OriginId),
    /// It stays where it is: a scalar that was copied out of a values file, or what an action has printed.
    Settled(OriginId),
    /// Byte for byte what stands in a file from an offset on.
    File {
        /// The file.
        source: SourceId,
        /// The offset of the piece's first byte.
        at: u32,
        /// What made it be there: the item of a loop, the call.
        via: OriginId,
    },
}

impl Place {
    /// The place of what stands `bytes` further on.
    fn advanced(self, bytes: usize) -> Self {
        match self {
            Self::File { source, at, via } => {
                Self::File { source, at: at.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX)), via }
            }
            other => other,
        }
    }
}

/// From where on a place holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Piece {
    /// Offset in the text.
    pub(super) start: u32,
    /// The place of what stands from there to the next piece.
    pub(super) place: Place,
}

/// Text and the places of its pieces, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Traced {
    /// The text.
    pub(super) text: String,
    pieces: Vec<Piece>,
}

impl Traced {
    /// A text of one place.
    pub(super) fn of(text: impl Into<String>, place: Place) -> Self {
        let text = text.into();
        let pieces = if text.is_empty() { Vec::new() } else { vec![Piece { start: 0, place }] };
        Self { text, pieces }
    }

    /// How much memory it takes, in bytes.
    pub(super) fn weight(&self) -> usize {
        self.text.len() + self.pieces.len() * size_of::<Piece>()
    }

    /// Appends text of one place.
    pub(super) fn push(&mut self, text: &str, place: Place) {
        if text.is_empty() {
            return;
        }
        let continues =
            self.pieces.last().is_some_and(|last| last.place.advanced(self.text.len() - last.start as usize) == place);
        if !continues {
            self.pieces.push(Piece { start: u32::try_from(self.text.len()).unwrap_or(u32::MAX), place });
        }
        self.text.push_str(text);
    }

    /// Appends part of another text.
    pub(super) fn push_part(&mut self, other: &Self, range: Range<usize>) {
        for (part, place) in other.parts(range) {
            self.push(&other.text[part], place);
        }
    }

    /// The pieces of a range, each with the range it takes in the text.
    pub(super) fn parts(&self, range: Range<usize>) -> impl Iterator<Item = (Range<usize>, Place)> {
        let first = self.pieces.partition_point(|piece| piece.start as usize <= range.start).saturating_sub(1);
        let ends = self.pieces.iter().skip(first + 1).map(|piece| piece.start as usize).chain([self.text.len()]);
        self.pieces
            .iter()
            .skip(first)
            .zip(ends)
            .take_while({
                let end = range.end;
                move |(piece, _)| (piece.start as usize) < end
            })
            .filter_map(move |(piece, end)| {
                let start = range.start.max(piece.start as usize);
                let end = end.min(range.end);
                (start < end).then(|| (start..end, piece.place.advanced(start - piece.start as usize)))
            })
    }

    /// The place at an offset; that of the last piece at the end.
    pub(super) fn place_at(&self, offset: usize) -> Place {
        let index = self.pieces.partition_point(|piece| piece.start as usize <= offset).saturating_sub(1);
        let piece = self.pieces.get(index);
        piece.map_or(Place::Nowhere, |piece| piece.place.advanced(offset.saturating_sub(piece.start as usize)))
    }

    /// The same text with every place changed.
    pub(super) fn with_places(&self, mut change: impl FnMut(Place) -> Place) -> Self {
        let mut last: Option<(Place, Place)> = None;
        let pieces = self
            .pieces
            .iter()
            .map(|piece| {
                let place = match last {
                    Some((from, to)) if from == piece.place => to,
                    _ => change(piece.place),
                };
                last = Some((piece.place, place));
                Piece { place, ..*piece }
            })
            .collect();
        Self { text: self.text.clone(), pieces }
    }

    /// The places, in order.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> {
        self.pieces.iter().map(|piece| piece.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_keep_their_places() {
        let file = |at| Place::File { source: SourceId(3), at, via: OriginId::NONE };
        let mut text = Traced::of("name: ", file(10));
        text.push("x-1", Place::Value(OriginId(1)));
        text.push("\nkind: y", file(40));
        text.push(" z", file(48));
        let parts: Vec<_> = text.parts(2..12).collect();
        assert_eq!(parts, [(2..6, file(12)), (6..9, Place::Value(OriginId(1))), (9..12, file(40))]);
        assert_eq!(text.place_at(0), file(10));
        assert_eq!(text.place_at(text.text.len()), file(50));
        assert_eq!(text.pieces.len(), 3, "text that goes on in its file is one piece");
        let mut copy = Traced::default();
        copy.push_part(&text, 0..text.text.len());
        assert_eq!(copy, text);
    }
}
