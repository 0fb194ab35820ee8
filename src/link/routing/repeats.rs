//! Alerts that say the same twice.

use std::collections::BTreeMap;

use crate::model::{Alert, Fact, Id, Model};
use crate::source::SourceId;

/// Marks alerts that repeat one before them in the same file: name, labels, expression and duration agree.
pub(super) fn mark(model: &mut Model) {
    let mut first: BTreeMap<(SourceId, String), Id<Alert>> = BTreeMap::new();
    for index in 0..model.alerts.len() {
        let id: Id<Alert> = Id::new(index);
        let alert = &model[id];
        let Some(expression) = alert.expression.value() else { continue };
        let labels: Vec<String> =
            alert.labels.0.iter().map(|(name, value)| format!("{name}={:?}", value.value())).collect();
        let plain: String = expression.split_whitespace().collect();
        let said = format!("{}\n{plain}\n{:?}\n{:?}", alert.plain_name, labels, alert.for_seconds.value());
        // A chart may show many files as one document, and one file in several environments.
        let key = (alert.place.span.source, format!("{}\n{said}", alert.place.environment.name));
        let Some(before) = first.get(&key).copied().filter(|before| model[*before].place.span != alert.place.span)
        else {
            first.entry(key).or_insert(id);
            continue;
        };
        let (name, span) = (model[before].name.clone(), model[before].place.span);
        let own = model[id].place.span;
        model[id].repeats = Fact { via: vec![span], ..Fact::known(name, own) };
    }
}
