//! Ways to ship and drills → services.

use std::collections::BTreeMap;

use super::documents::root_of;
use super::services::{Register, join as join_service};
use super::{Context, found_or_elsewhere};
use crate::model::{Deployment, Drill, Fact, Id, Model, Service, Standby};
use crate::source::Span;
use crate::tree::Text;

/// Joins deployments and drills to services.
pub(super) fn join(model: &mut Model, register: &Register<'_>, context: &Context<'_>) {
    for index in 0..model.deployments.len() {
        let id: Id<Deployment> = Id::new(index);
        let found = model[id].uses.iter().find_map(|name| Some((register.find(name)?, name.clone())));
        if let Some((service, name)) = found {
            model[id].service = Some(service);
            model[service].deployments.push(id);
            join_service(model, service, id, format!("it ships {name}"));
        }
    }
    for index in 0..model.drills.len() {
        let id: Id<Drill> = Id::new(index);
        let mut services: Vec<Id<Service>> = Vec::new();
        for mention in &model[id].mentions {
            // What brings something back rehearses what keeps its copies.
            let keeps = || register.find(&compact_str::format_compact!("{mention}-backup"));
            if let Some(service) = register.find(mention).or_else(|| keeps().filter(|_| model[id].restores))
                && !services.contains(&service)
                && !super::names::is_generic(mention)
            {
                services.push(service);
            }
        }
        for service in &services {
            model[*service].drills.push(id);
            join_service(model, *service, id, "the drill names it".into());
        }
        model[id].service = services.first().copied();
        model[id].services = services;
        let held = model[id].date.value().and_then(|date| age(date, context.today));
        model[id].days_ago = held.map_or_else(Fact::default, |days| Fact::known(days, model[id].date.span));
    }
    judge_standbys(model, context);
    judge(model, context);
}

/// Says of whatever stands by whether a drill of the same repository has switched over.
fn judge_standbys(model: &mut Model, context: &Context<'_>) {
    for index in 0..model.standbys.len() {
        let id: Id<Standby> = Id::new(index);
        let root = root_of(context, &model[id].place.path);
        let mut drills = model.drills.iter().filter(|drill| drill.fails_over);
        let found = drills.find(|drill| root_of(context, &drill.place.path) == root).map(|drill| drill.place.span);
        model[id].exercised = found_or_elsewhere(found, "drills", context.external.drills.as_ref());
    }
}

fn judge(model: &mut Model, context: &Context<'_>) {
    // A drill of the pager wakes whoever is on call, whatever their services; so does a record that names none.
    let for_all = model.alerts.iter().find(|alert| alert.drill).map(|alert| alert.place.span);
    let mut of_roots: BTreeMap<&str, Span> = BTreeMap::new();
    for drill in model.drills.iter().filter(|drill| drill.of_all && drill.services.is_empty()) {
        of_roots.entry(root_of(context, &drill.place.path)).or_insert(drill.place.span);
    }
    for index in 0..model.services.len() {
        let id: Id<Service> = Id::new(index);
        let own = model[id].drills.first().map(|drill| model[*drill].place.span);
        let of_root = of_roots.get(root_of(context, &model[id].place.path)).copied();
        // A schedule has no date, and one for all needs none.
        let scheduled =
            for_all.is_some() || of_root.is_some() || model[id].drills.iter().any(|drill| model[*drill].scheduled);
        let dated = model[id].drills.iter().map(|drill| &model[*drill].date);
        let dated = dated.filter_map(|date| Some((age(date.value()?, context.today)?, date.span)));
        let newest = dated.min_by_key(|(days, _)| *days).filter(|_| !scheduled);
        model[id].drilled_days = newest.map_or_else(Fact::default, |(days, span)| Fact::known(days, span));
        model[id].drilled = found_or_elsewhere(own.or(for_all).or(of_root), "drills", context.external.drills.as_ref());
    }
}

/// How many days ago a written date was; none for what is no date. A date to come is today.
pub(super) fn age(date: &Text, today: jiff::civil::Date) -> Option<i64> {
    let date: jiff::civil::Date = date.parse().ok()?;
    let days = date.until((jiff::Unit::Day, today)).ok()?.get_days();
    Some(i64::from(days).max(0))
}
