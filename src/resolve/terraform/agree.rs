//! What several values have in common, of which one is taken and it is not known which: a mapping looked up by a key
//! that is not known, the two ways of a condition that is not decided. Terraform calls all of it unknown; where every way
//! leads to the same, it is known all the same.

use std::rc::Rc;

use crate::source::Span;
use crate::tree::Unknown;

use super::typed::{Member, Typed, What, same, unknown_among};
use super::types::Type;

/// How deep values are compared part by part.
const DEEPEST: u32 = 16;

/// The value that all of them are; of mappings with the same keys, each part. What differs is unknown, for the reason
/// given.
pub(super) fn agreed(ways: &[&Typed], why: &Unknown, span: Span, depth: u32) -> Typed {
    let mark = ways.iter().find_map(|way| way.any_mark());
    if let Some((first, others)) = ways.split_first() {
        if others.iter().all(|other| same(first, other) == Some(true)) {
            return (*first).clone().marked(mark);
        }
        if let Some(members) = first.members().filter(|_| depth < DEEPEST) {
            let alike = |other: &&Typed| {
                other.members().is_some_and(|theirs| {
                    theirs.len() == members.len() && theirs.iter().zip(members.iter()).all(|(a, b)| a.key == b.key)
                })
            };
            if others.iter().all(alike) {
                let part = |(at, member): (usize, &Member)| {
                    let parts: Vec<&Typed> =
                        ways.iter().filter_map(|way| Some(&way.members()?.get(at)?.value)).collect();
                    Member { value: agreed(&parts, why, span, depth + 1), ..member.clone() }
                };
                let parts: Vec<Member> = members.iter().enumerate().map(part).collect();
                return match &first.what {
                    What::Map(kind, _) => Typed::map(kind.clone(), parts, first.span),
                    _ => Typed::object(parts, first.span),
                }
                .marked(mark);
            }
        }
    }
    let mut unknown = Unknown { set: ways.iter().all(|way| way.is_certainly_set()), ..why.clone() };
    if let Some(others) = unknown_among(ways.iter().copied(), true) {
        unknown.refers_to.extend(others.refers_to);
    }
    let kind = ways.first().map_or(Type::Dynamic, |first| first.kind());
    let kind = if ways.iter().all(|way| way.kind() == kind) { kind } else { Type::Dynamic };
    Typed::new(What::Unknown(Rc::new(unknown), kind), span).marked(mark)
}
