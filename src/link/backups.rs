//! Schedules and restore tests → the datastores they cover.

use super::kubernetes::same_namespace;
use super::names::is_generic;
use super::{Context, found_or_elsewhere};
use crate::model::{Backup, Coverage, Datastore, Fact, Id, Model, RestoreTest, State};
use crate::tree::{Text, Unknown};

/// Joins backups and restore tests to datastores.
pub(super) fn join(model: &mut Model, context: &Context<'_>) {
    for index in 0..model.datastores.len() {
        let id: Id<Datastore> = Id::new(index);
        cover(model, id, context);
        prove(model, id, context);
    }
}

/// How a coverage answers for a datastore.
enum Covers {
    Yes,
    No,
    /// It may: part of it is not known.
    Maybe(Unknown),
}

fn cover(model: &mut Model, id: Id<Datastore>, context: &Context<'_>) {
    let datastore = &model[id];
    let own = datastore.backup.enabled.is_true();
    let in_cluster = datastore.platform == "kubernetes";
    let mut covering: Vec<(Text, Fact<bool>, Fact<f64>, crate::source::Span)> = Vec::new();
    let mut maybe = None;
    for backup in model.backups.iter().filter(|backup| comparable(backup, datastore)) {
        match covers(&backup.covers, datastore) {
            Covers::Yes => {
                covering.push((
                    backup.name.clone(),
                    backup.paused.clone(),
                    backup.retention_days.clone(),
                    backup.place.span,
                ));
            }
            Covers::Maybe(unknown) => maybe = Some(unknown),
            Covers::No => {}
        }
    }
    let running: Vec<_> = covering.iter().filter(|(_, paused, ..)| !paused.is_true()).collect();
    let elsewhere = found_or_elsewhere(None, "backups", context.external.backups.as_ref());
    let names: Vec<Text> = running.iter().map(|(name, ..)| name.clone()).collect();
    let first = running.first().map(|(_, _, retention, span)| (retention.clone(), *span));
    let state = &mut model[id].backup;
    state.covered_by.extend(names);
    if own {
        // Whichever keeps copies longest decides how far back one can go.
        if let Some((kept, _)) = &first
            && let (Some(kept_days), Some(own_days)) = (kept.value(), state.retention_days.value())
            && kept_days > own_days
        {
            state.retention_days = kept.clone();
        }
        return;
    }
    if let Some((retention, span)) = first {
        state.enabled = Fact::known(true, span);
        state.retention_days = retention;
    } else if let Some(unknown) = maybe
        && state.enabled.reason().is_none()
    {
        state.enabled = Fact { span: state.enabled.span, ..Fact::unknown(unknown) };
    } else if let Some(reason) = elsewhere.reason()
        && !state.enabled.is_true()
    {
        state.enabled = Fact { span: state.enabled.span, ..Fact::unknown(reason.clone()) };
    } else if in_cluster && state.enabled.is_absent() {
        // Nothing in a cluster is copied unless something copies it; elsewhere an absent fact says that the provider
        // has no such notion.
        state.enabled = Fact { state: State::Known(false), ..state.enabled.clone() };
    }
}

/// Whether a backup may be about a datastore at all: of its environment and kind of platform.
fn comparable(backup: &Backup, datastore: &Datastore) -> bool {
    let in_cluster = matches!(backup.covers, Coverage::Namespaces { .. });
    backup.place.environment == datastore.place.environment && (!in_cluster || datastore.platform == "kubernetes")
}

fn covers(coverage: &Coverage, datastore: &Datastore) -> Covers {
    match coverage {
        Coverage::Unsaid => Covers::No,
        Coverage::Names(names) => {
            if names.iter().any(|name| is_name_of(name, datastore)) {
                return Covers::Yes;
            }
            let unknown = names.iter().filter_map(Fact::reason).find(|reason| reason.refers_to.is_empty());
            unknown.map_or(Covers::No, |unknown| Covers::Maybe(unknown.clone()))
        }
        Coverage::Tags(tags) => {
            let carried = |(key, value): &(Text, Fact<Text>)| match (datastore.tags.get(key), value.value()) {
                (Some(fact), Some(value)) => fact.value().is_some_and(|own| own == value || value == "*"),
                (Some(_), None) => true,
                (None, _) => false,
            };
            if !tags.is_empty() && tags.iter().all(carried) { Covers::Yes } else { Covers::No }
        }
        Coverage::Namespaces { included, excluded, selectors } => {
            in_namespaces(included, excluded, selectors, datastore)
        }
    }
}

fn in_namespaces(
    included: &[Fact<Text>],
    excluded: &[Fact<Text>],
    selectors: &[crate::model::kubernetes::Selector],
    datastore: &Datastore,
) -> Covers {
    let named = |list: &[Fact<Text>]| {
        list.iter().any(|name| name.value().is_some() && same_namespace(name, &datastore.namespace))
    };
    if named(excluded) && datastore.namespace.value().is_some() {
        return Covers::No;
    }
    let all = included.is_empty() || included.iter().any(|name| name.value().is_some_and(|name| name == "*"));
    let selected = selectors.is_empty() || selectors.iter().any(|selector| selector.matches(&datastore.tags));
    if (all || named(included)) && selected {
        return Covers::Yes;
    }
    let unknown = included.iter().find_map(Fact::reason).cloned();
    match unknown {
        Some(unknown) if selected => Covers::Maybe(unknown),
        _ => Covers::No,
    }
}

/// Whether a reference, an ARN or a name is that of a datastore. `*` within a name stands for anything.
fn is_name_of(name: &Fact<Text>, datastore: &Datastore) -> bool {
    if let Some(unknown) = name.reason() {
        return unknown.refers_to.iter().any(|reference| refers_to(reference, &datastore.address));
    }
    let Some(text) = name.value() else { return false };
    if refers_to(text, &datastore.address) {
        return true;
    }
    if text == "*" {
        return true;
    }
    let last = text.rsplit([':', '/']).next().unwrap_or(text);
    let host = last.split('.').next().unwrap_or(last);
    datastore.names.iter().any(|own| !own.is_empty() && (own == text.as_str() || own == last || own == host))
}

fn refers_to(reference: &str, address: &str) -> bool {
    !address.is_empty()
        && reference.strip_prefix(address).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Whether anything shows that a restore of a datastore was tested.
fn prove(model: &mut Model, id: Id<Datastore>, context: &Context<'_>) {
    let datastore = &model[id];
    let tests = model.restore_tests.iter().filter(|test| !test.has_selection.is_false());
    let by_test = tests.filter(|test| tests_restore(test, datastore)).map(|test| test.place.span).next();
    let mut names: Vec<Text> = datastore.names.iter().map(compact_str::CompactString::to_lowercase).collect();
    names.extend(datastore.address.rsplit('.').next().map(Text::from));
    let by_drill = model.drills.iter().filter(|drill| drill.restores).find(|drill| {
        names.iter().any(|name| !is_generic(name) && drill.mentions.binary_search(name).is_ok())
            || datastore.service.is_some_and(|service| {
                let service = model[service].name.to_lowercase();
                drill.mentions.iter().any(|mention| *mention == *service)
            })
    });
    let found = by_test.or_else(|| by_drill.map(|drill| drill.place.span));
    let tested = found_or_elsewhere(found, "restore tests", context.external.restore_tests.as_ref());
    model[id].restore_tested = Fact { span: tested.span.or(Some(datastore.place.span)), ..tested };
}

fn tests_restore(test: &RestoreTest, datastore: &Datastore) -> bool {
    match covers(&test.covers, datastore) {
        Covers::Yes => true,
        Covers::Maybe(_) => false,
        Covers::No => test.target.value().is_some_and(|target| {
            let lower = target.to_lowercase();
            datastore.names.iter().any(|name| !is_generic(name) && lower.contains(name.to_lowercase().as_str()))
        }),
    }
}
