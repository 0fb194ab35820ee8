//! Restore tests and drills → the datastores they restore, and how old the newest is.

use std::collections::BTreeSet;

use super::coverage::{Covers, covers};
use super::documents::root_of;
use super::names::is_generic;
use super::practice::age;
use super::{Context, found_or_elsewhere};
use crate::model::{Backup, Datastore, Drill, Fact, Id, Model, RestoreTest};
use crate::tree::{Text, Unknown};

/// Joins restore tests to datastores.
pub(super) fn join(model: &mut Model, context: &Context<'_>) {
    let of_all = nameless(model);
    for index in 0..model.datastores.len() {
        prove(model, Id::new(index), &of_all, context);
    }
    for (index, types, open) in untested(model) {
        let test = &mut model.restore_tests[index];
        test.covers_types = match open.filter(|_| !types.is_empty()) {
            Some(unknown) => Fact { span: unknown.span, ..Fact::unknown(unknown) },
            None => Fact::known(types.is_empty(), test.place.span),
        };
        test.uncovered_types = types;
    }
}

/// Whether anything shows that a restore of a datastore was tested, and when.
fn prove(model: &mut Model, id: Id<Datastore>, of_all: &BTreeSet<Id<Drill>>, context: &Context<'_>) {
    let datastore = &model[id];
    let tests = model.restore_tests.iter().filter(|test| !test.has_selection.is_false());
    let (mut by_test, mut perhaps) = (None, None);
    for test in tests {
        match (tests_restore(test, datastore), test.has_selection.reason()) {
            (Covers::No, _) => {}
            (Covers::Maybe(unknown), _) => perhaps = perhaps.or(Some(unknown)),
            (Covers::Yes, Some(unknown)) => perhaps = perhaps.or(Some(unknown.clone())),
            (Covers::Yes, None) => by_test = by_test.or(Some(test.place.span)),
        }
    }
    let mut names: Vec<Text> = datastore.names.iter().map(compact_str::CompactString::to_lowercase).collect();
    names.extend(datastore.address.rsplit('.').next().map(Text::from));
    let about = |drill: &&Drill| {
        names.iter().any(|name| !is_generic(name) && drill.mentions.binary_search(name).is_ok())
            || datastore.service.is_some_and(|service| {
                let service = model[service].name.to_lowercase();
                drill.mentions.iter().any(|mention| *mention == *service)
            })
    };
    let root = root_of(context, &datastore.place.path);
    let of_root = |(id, drill): &(Id<Drill>, &Drill)| {
        datastore.kind == "database" && of_all.contains(id) && root_of(context, &drill.place.path) == root
    };
    let restoring = || model.each::<Drill>().filter(|(_, drill)| drill.restores);
    let drills = || restoring().filter(|found| about(&found.1) || of_root(found)).map(|(_, drill)| drill);
    let found = by_test.or_else(|| drills().map(|drill| drill.place.span).next());
    let tested = match perhaps.filter(|_| found.is_none()) {
        Some(unknown) => Fact { span: unknown.span, ..Fact::unknown(unknown) },
        None => found_or_elsewhere(found, "restore tests", context.external.restore_tests.as_ref()),
    };
    // What runs by itself has no date, and needs none.
    let by_itself = by_test.is_some() || drills().any(|drill| drill.scheduled);
    let dates = drills().filter_map(|drill| Some((age(drill.date.value()?, context.today)?, drill.date.span)));
    let newest = dates.min_by_key(|(days, _)| *days).filter(|_| !by_itself);
    let datastore = &mut model[id];
    datastore.restore_tested_days = newest.map_or_else(Fact::default, |(days, span)| Fact::known(days, span));
    datastore.restore_tested = Fact { span: tested.span.or(Some(datastore.place.span)), ..tested };
}

/// Drills of a whole repository that name no datastore of it.
fn nameless(model: &Model) -> BTreeSet<Id<Drill>> {
    let names = model.datastores.iter().flat_map(|datastore| &datastore.names);
    let named: BTreeSet<Text> =
        names.filter(|name| !is_generic(name)).map(compact_str::CompactString::to_lowercase).collect();
    let all = model.each::<Drill>().filter(|(_, drill)| drill.of_all && drill.restores);
    let other = all.filter(|(_, drill)| !drill.mentions.iter().any(|mention| named.contains(mention)));
    other.map(|(id, _)| id).collect()
}

fn tests_restore(test: &RestoreTest, datastore: &Datastore) -> Covers {
    let named = |target: &Text| {
        let lower = target.to_lowercase();
        datastore.names.iter().any(|name| !is_generic(name) && lower.contains(name.to_lowercase().as_str()))
    };
    match covers(&test.covers, datastore) {
        Covers::No if test.target.value().is_some_and(named) => Covers::Yes,
        answer => answer,
    }
}

/// What AWS Backup can restore as a test.
/// <https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html>
const TESTABLE: &[&str] = &["Aurora", "DocumentDB", "DynamoDB", "EBS", "EC2", "EFS", "FSx", "Neptune", "RDS", "S3"];

/// Types of datastores that plans cover and no restore test of the same environment restores, said of the first test;
/// and why one of them may be restored after all.
fn untested(model: &Model) -> Vec<(usize, Vec<Text>, Option<Unknown>)> {
    let mut found = Vec::new();
    let mut seen: Vec<&Text> = Vec::new();
    for (index, test) in model.restore_tests.iter().enumerate() {
        let environment = &test.place.environment;
        if test.tool != "aws-backup" || seen.contains(&&environment.name) || test.has_selection.is_false() {
            continue;
        }
        seen.push(&environment.name);
        let same = || model.restore_tests.iter().filter(|other| other.place.environment == *environment);
        let types: Vec<&Fact<Text>> = same().flat_map(|other| &other.types).collect();
        let unsure = same().filter_map(|other| other.has_selection.reason());
        let open = types.iter().find_map(|kind| kind.reason()).or(unsure.into_iter().next()).cloned();
        let tested: BTreeSet<&str> = types.iter().filter_map(|kind| Some(kind.value()?.as_str())).collect();
        let by_plan = |id: &Id<Backup>| model[*id].tool == "aws-backup";
        let covered = model
            .datastores
            .iter()
            .filter(|datastore| datastore.place.environment == *environment && datastore.covering.iter().any(by_plan));
        let missing: BTreeSet<Text> = covered
            .map(|datastore| &datastore.protected_type)
            .filter(|kind| TESTABLE.contains(&kind.as_str()) && !tested.contains(kind.as_str()))
            .cloned()
            .collect();
        found.push((index, missing.into_iter().collect(), open));
    }
    found
}
