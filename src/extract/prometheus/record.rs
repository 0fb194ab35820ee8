//! Recording rules: a name for the result of an expression.

use super::expression::{self, Expression};
use super::{Language, Surroundings};
use crate::extract::Facts;
use crate::model::routing::Recording;
use crate::tree::{Map, Node};

/// Adds what a group records.
pub(super) fn extract(group: &Map, around: &Surroundings, facts: &mut Facts) {
    for rule in group.get("rules").map_or(&[][..], Node::items) {
        let name = rule.get("record").and_then(Node::scalar);
        let (Some(name), Some(asked)) = (name, rule.get("expr").and_then(Node::as_str)) else { continue };
        // What is wrong with an expression is said where it is asked for.
        if let Expression::Read(reading) = expression::read(asked, Language::Other)
            && !around.templated
        {
            facts.model.routing.recordings.push(Recording { name, watches: reading.watches, signals: reading.signals });
        }
    }
}
