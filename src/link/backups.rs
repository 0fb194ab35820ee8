//! Schedules → the datastores they cover.

use super::coverage::{Covers, covers, refers_to};
use super::kubernetes::same_namespace;
use super::{Context, found_or_elsewhere};
use crate::model::kubernetes::Store;
use crate::model::{Backup, Coverage, Datastore, Environment, Fact, Id, Model, State};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// Joins backups to datastores.
pub(super) fn join(model: &mut Model, context: &Context<'_>) {
    store(model);
    for index in 0..model.datastores.len() {
        cover(model, Id::new(index), context);
    }
    for (index, span) in replicated_elsewhere(model) {
        model.datastores[index].copied_elsewhere = Fact::known(true, span);
    }
}

/// Where copies go, as the objects say that are named for it.
fn store(model: &mut Model) {
    let Model { backups, datastores, kubernetes, .. } = model;
    // Whose namespace is not known may mean any.
    let stores = |kind: &str, name: &str, namespace: &Fact<Text>, environment: &Environment| {
        let fits = |store: &&Store| {
            store.kind == kind
                && same_namespace(&store.namespace, namespace)
                && store.place.environment == *environment
                && (store.name == name || name.is_empty() && store.default)
        };
        kubernetes.stores.iter().find(fits)
    };
    for backup in backups.iter_mut().filter(|backup| backup.destination.is_absent()) {
        let Some((kind, name)) = &backup.store else { continue };
        if let Some(store) = stores(kind, name, &Fact::default(), &backup.place.environment) {
            backup.destination = store.destination.clone();
        }
    }
    for datastore in datastores.iter_mut().filter(|datastore| datastore.archive.is_absent()) {
        let Some(name) = &datastore.archive_store else { continue };
        if let Some(store) = stores("ObjectStore", name, &datastore.namespace, &datastore.place.environment) {
            datastore.archive = store.destination.clone();
            if datastore.backup.retention_days.is_absent() {
                datastore.backup.retention_days = store.retention_days.clone();
            }
        }
    }
}

/// A plan that covers a datastore: what it adds to it.
struct Covering {
    id: Id<Backup>,
    name: Text,
    paused: bool,
    retention: Fact<f64>,
    continuous: Fact<bool>,
    elsewhere: Fact<bool>,
    span: Span,
}

fn cover(model: &mut Model, id: Id<Datastore>, context: &Context<'_>) {
    let datastore = &model[id];
    let own = datastore.backup.enabled.is_true();
    let in_cluster = datastore.platform == "kubernetes";
    let mut covering: Vec<Covering> = Vec::new();
    let mut maybe = None;
    for (backup_id, backup) in model.each::<Backup>().filter(|(_, backup)| comparable(backup, datastore)) {
        match covers(&backup.covers, datastore) {
            Covers::Yes => covering.push(Covering {
                id: backup_id,
                name: backup.name.clone(),
                paused: backup.paused.is_true(),
                retention: backup.retention_days.clone(),
                continuous: backup.continuous.clone(),
                elsewhere: backup.copies_elsewhere.clone(),
                span: backup.place.span,
            }),
            Covers::Maybe(unknown) => maybe = Some(unknown),
            Covers::No => {}
        }
    }
    covering.retain(|plan| !plan.paused);
    let external = found_or_elsewhere(None, "backups", context.external.backups.as_ref());
    let promised = promised(model, &model[id]);
    let wanted = model.targets.retention_days;
    let datastore = &mut model[id];
    datastore.covering = covering.iter().map(|plan| plan.id).collect();
    if let Some(plan) = covering.iter().find(|plan| plan.elsewhere.is_true()) {
        datastore.copied_elsewhere = plan.elsewhere.clone();
    } else if !datastore.copied_elsewhere.is_true()
        && let Some(plan) = covering.iter().find(|plan| plan.elsewhere.reason().is_some())
    {
        datastore.copied_elsewhere = plan.elsewhere.clone();
    }
    if let Some(plan) = covering.iter().find(|plan| plan.continuous.is_true())
        && !datastore.backup.pitr.is_true()
        && CONTINUOUS.contains(&datastore.protected_type.as_str())
    {
        datastore.backup.pitr = plan.continuous.clone();
    }
    let state = &mut datastore.backup;
    state.covered_by.extend(covering.iter().map(|plan| plan.name.clone()));
    let first = covering.first().map(|plan| (plan.retention.clone(), plan.span));
    if own {
        // Whichever keeps copies longest decides how far back one can go.
        if let Some((kept, _)) = &first
            && let (Some(kept_days), Some(own_days)) = (kept.value(), state.retention_days.value())
            && kept_days > own_days
        {
            state.retention_days = kept.clone();
        }
        // One that may cover it may keep copies long enough.
        if let (None, Some(unknown), Some(own_days)) = (&first, maybe, state.retention_days.value())
            && *own_days < wanted
        {
            state.retention_days = Fact { span: state.retention_days.span, ..Fact::unknown(unknown) };
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
    } else if let Some(unknown) = promised
        && !state.enabled.is_true()
        && state.enabled.reason().is_none()
    {
        state.enabled = Fact { span: state.enabled.span, ..Fact::unknown(unknown) };
    } else if let Some(reason) = external.reason()
        && !state.enabled.is_true()
    {
        state.enabled = Fact { span: state.enabled.span, ..Fact::unknown(reason.clone()) };
    } else if in_cluster && state.enabled.is_absent() {
        // Nothing in a cluster is copied unless something copies it; elsewhere an absent fact says that the provider
        // has no such notion.
        state.enabled = Fact { state: State::Known(false), ..state.enabled.clone() };
    }
}

/// Beginnings of tags by which plans select what they back up.
const PROMISES: &[&str] = &["backup", "aws-backup", "awsbackup", "snapshot", "dlm"];

/// Values that say that nothing is to be backed up.
const DECLINED: &[&str] = &["", "false", "no", "none", "off", "disabled", "0", "never", "exclude", "excluded"];

/// A tag that asks for a backup, of a kind that no plan here selects by: a plan elsewhere may.
fn promised(model: &Model, datastore: &Datastore) -> Option<Unknown> {
    let asks = |(key, value): &&(Text, Fact<Text>)| {
        let key = key.to_ascii_lowercase();
        let value = value.value().map_or("?", Text::as_str).to_ascii_lowercase();
        PROMISES.iter().any(|start| key.starts_with(start)) && !DECLINED.contains(&value.as_str())
    };
    let (key, value) = datastore.tags.0.iter().find(asks)?;
    if model.backups.iter().any(|backup| selects_by(&backup.covers, key)) {
        return None;
    }
    let shown = value.value().map_or("", Text::as_str);
    let reason = format!("its tag `{key} = {shown}` asks for a backup, and no plan here selects by that tag");
    let remedy = "audit the plan together with this, or name it under `[external]` in `twoam.toml`";
    Some(Unknown::new(reason, remedy, value.span))
}

fn selects_by(coverage: &Coverage, key: &str) -> bool {
    match coverage {
        Coverage::Tags(tags) => tags.iter().any(|(selected, _)| selected == key),
        Coverage::Any(parts) => parts.iter().any(|part| selects_by(part, key)),
        Coverage::Both(one, other) | Coverage::Less(one, other) => selects_by(one, key) || selects_by(other, key),
        _ => false,
    }
}

/// Types that AWS Backup can copy continuously.
/// <https://docs.aws.amazon.com/aws-backup/latest/devguide/point-in-time-recovery.html>
const CONTINUOUS: &[&str] = &["RDS", "Aurora", "S3"];

/// Whether a backup may be about a datastore at all: of its environment, account and region, and kind of platform.
pub(super) fn comparable(backup: &Backup, datastore: &Datastore) -> bool {
    let in_cluster = matches!(backup.covers, Coverage::Namespaces { .. });
    backup.place.environment == datastore.place.environment
        && !backup.home.differs(&datastore.home)
        && (!in_cluster || datastore.platform == "kubernetes")
}

/// Datastores of which a replica is made by another provider: in another region, or another account.
fn replicated_elsewhere(model: &Model) -> Vec<(usize, Span)> {
    let replicas: Vec<&Datastore> = model.datastores.iter().filter(|one| !one.replicates.is_empty()).collect();
    let mut found = Vec::new();
    for (index, datastore) in model.datastores.iter().enumerate() {
        let of_it = |replica: &&&Datastore| {
            replica.provider != datastore.provider
                && replica.place.environment == datastore.place.environment
                && replica.replicates.iter().filter_map(Fact::value).any(|name| refers_to(name, &datastore.address))
        };
        if !datastore.address.is_empty()
            && let Some(replica) = replicas.iter().find(of_it)
        {
            found.push((index, replica.place.span));
        }
    }
    found
}
