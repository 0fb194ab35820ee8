//! Changes of databases → their ways down, their order, and the services they belong to.

use std::collections::BTreeMap;

use super::Context;
use super::services::{Register, join as join_service};
use crate::model::migration::Part;
use crate::model::{Fact, Id, Migration, Model, Service};
use crate::source::Span;
use crate::tree::Text;

/// How many changes of a folder count as recent: what going back a few deploys would have to undo.
const RECENT: usize = 3;

/// Joins changes with their ways down, and says which are recent.
pub(super) fn join(model: &mut Model, register: &Register<'_>, context: &Context<'_>) {
    let (downs, mut changes): (Vec<Migration>, Vec<Migration>) =
        std::mem::take(&mut model.migrations).into_iter().partition(|migration| migration.part == Part::Down);
    let downs: BTreeMap<(Text, Text), Migration> =
        downs.into_iter().map(|down| ((down.series.clone(), down.order.clone()), down)).collect();
    for change in &mut changes {
        if let Some(down) = downs.get(&(change.series.clone(), change.order.clone())) {
            change.reversible = down.reversible.clone();
        }
    }
    changes.sort_by(|left, right| {
        (&left.series, &left.order, &left.name).cmp(&(&right.series, &right.order, &right.name))
    });
    for series in changes.chunk_by_mut(|left, right| left.series == right.series) {
        let old = series.len().saturating_sub(RECENT);
        series.iter_mut().skip(old).for_each(|change| change.recent = true);
    }
    model.migrations = changes;
    for index in 0..model.migrations.len() {
        let id: Id<Migration> = Id::new(index);
        let path = model[id].place.path.clone();
        let declared = context.services.iter().find(|declared| declared.paths.is_match(path.as_str()));
        let found = declared
            .and_then(|declared| register.find(&declared.name))
            .or_else(|| super::names::folders(&path).find_map(|folder| register.find(folder)));
        if let Some(service) = found {
            model[id].service = Some(service);
            if model[id].recent {
                join_service(model, service, id, "its folder".into());
            }
        }
    }
    decide(model);
}

/// How a heading says that a fault is mended forwards.
const FORWARD: &[&str] =
    &["forward only", "forward-only", "fix forward", "fix-forward", "roll forward", "roll-forward", "rolling forward"];

/// Going forward only is a decision, and a legitimate one, where a runbook says how: for one service, or for all.
fn decide(model: &mut Model) {
    let mut decisions: Vec<(Option<Id<Service>>, Span)> = Vec::new();
    for page in model.runbooks.iter().filter(|page| matches!(page.kind.as_str(), "incident" | "procedure" | "guide")) {
        let says = |text: &Text| {
            let text = text.to_lowercase();
            FORWARD.iter().any(|words| text.contains(words))
        };
        if let Some((.., span)) = page.headings.iter().find(|(_, text, _)| says(text)) {
            decisions.push((page.service, *span));
        }
    }
    for migration in &mut model.migrations {
        let found = decisions.iter().find(|(service, _)| service.is_none() || *service == migration.service);
        migration.forward_only = Fact::known(found.is_some(), found.map(|(_, span)| *span));
    }
}
