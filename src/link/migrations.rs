//! Changes of databases → their ways down, their order, and the services they belong to.

use std::collections::BTreeMap;

use super::Context;
use super::services::{Register, join as join_service};
use crate::model::migration::Part;
use crate::model::{Id, Migration, Model};
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
}
