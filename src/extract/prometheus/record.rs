//! Recording rules: a name for the result of an expression.

use super::expression::{self, Expression};
use super::{Language, Surroundings};
use crate::extract::{Facts, Input};
use crate::model::Labels;
use crate::model::routing::Recording;
use crate::tree::{Map, Node, Text};

/// Adds what a group records.
pub(super) fn extract(input: &Input<'_>, group: &Map, around: &Surroundings, facts: &mut Facts) {
    for rule in group.get("rules").map_or(&[][..], Node::items) {
        let name = rule.get("record").and_then(Node::scalar);
        let (Some(name), Some(asked)) = (name, rule.get("expr")) else { continue };
        let path = Text::from(input.source.path.as_str());
        let labels = Labels::read(rule.get("labels"));
        let mut recording = Recording { name, path, labels, ..Recording::default() };
        // What is wrong with an expression is said where it is asked for.
        if let Some(asked) = asked.as_str()
            && let Expression::Read(reading) = expression::read(asked, Language::Other)
            && !around.templated
        {
            recording.watches = reading.watches;
            recording.signals = reading.signals;
            recording.kept = reading.output.only;
        }
        facts.model.routing.recordings.push(recording);
    }
}
