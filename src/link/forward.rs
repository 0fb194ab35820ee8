//! Written decisions to mend faults forwards → what they are about. Uses `model`.
//!
//! Going forward only is a decision, and a legitimate one, where a runbook says how: for one service, or for all.

use crate::model::Fact;
use crate::model::{Id, Model, Noun, Service};
use crate::source::Span;

/// How a heading says that a fault is mended forwards, or that nothing goes back.
const FORWARD: &[&str] = &[
    "forward only",
    "forward-only",
    "fix forward",
    "fix-forward",
    "fixing forward",
    "roll forward",
    "roll-forward",
    "rolling forward",
    "no rollback",
    "no roll back",
    "rollback is not possible",
    "rollback is impossible",
    "cannot be rolled back",
];

/// Says of everything that is deployed whether a runbook of its service, or one for all, decides so.
pub(super) fn decide(model: &mut Model) {
    let mut decisions: Vec<(Option<Id<Service>>, Span)> = Vec::new();
    for page in model.runbooks.iter().filter(|page| matches!(page.kind.as_str(), "incident" | "procedure" | "guide")) {
        let says = |text: &str| {
            let text = text.to_lowercase();
            FORWARD.iter().any(|words| text.contains(words))
        };
        if let Some((.., span)) = page.headings.iter().find(|(_, text, _)| says(text)) {
            decisions.push((page.service, *span));
        }
    }
    let decided = |service: Option<Id<Service>>| {
        let found = decisions.iter().find(|(about, _)| about.is_none() || *about == service);
        Fact::known(found.is_some(), found.map(|(_, span)| *span))
    };
    for index in 0..model.services.len() {
        model.services[index].forward_only = decided(Some(Id::new(index)));
    }
    model.migrations.iter_mut().for_each(|it| it.forward_only = decided(it.service()));
    model.deployments.iter_mut().for_each(|it| it.forward_only = decided(it.service()));
    model.workloads.iter_mut().for_each(|it| it.forward_only = decided(it.service()));
    model.releases.iter_mut().for_each(|it| it.forward_only = decided(it.service()));
}
