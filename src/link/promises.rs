//! What objectives promise, and whether what stands below them can keep it. Uses `model`.

use crate::model::{Datastore, Fact, Id, Model, Objective, Service};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// From this target on, in percent, an hour's loss of a zone breaks a year's promise. Providers promise 99.95 percent of
/// databases in several zones, and 99.5 of one in a single zone
/// (<https://aws.amazon.com/rds/sla/>).
const BEYOND_ONE_ZONE: f64 = 99.95;

/// From this target on, in percent, one copy that starts again now and then breaks the promise: four minutes a month.
const BEYOND_ONE_COPY: f64 = 99.99;

/// Judges objectives, and the services that have none.
pub(super) fn judge(model: &mut Model) {
    for index in 0..model.objectives.len() {
        let id: Id<Objective> = Id::new(index);
        let obstacle = obstacle(model, id);
        model[id].obstacle = obstacle;
    }
    policy(model);
    services(model);
}

/// Why a target cannot be kept.
fn obstacle(model: &Model, id: Id<Objective>) -> Fact<Text> {
    let objective = &model[id];
    let Some(target) = objective.target_percent.value().copied() else {
        return objective.target_percent.clone().map(|_| Text::default());
    };
    let at = objective.target_percent.span.or(Some(objective.place.span));
    if target >= 100.0 {
        return Fact::known(Text::const_new("the first failed request breaks it"), at);
    }
    let Some(service) = objective.service.map(|service| &model[service]) else { return Fact::absent(at) };
    let production = |store: &&Datastore| {
        store.place.environment.production
            && store.kind == "database"
            && !store.replica.is_true()
            && !store.disposable.is_true()
    };
    let mut stores = service.datastores.iter().map(|store| &model[*store]).filter(production);
    if target >= BEYOND_ONE_ZONE
        && let Some(store) = stores.find(|store| store.multi_zone.is_false())
    {
        let why = compact_str::format_compact!("its data is in `{}`, which stands in a single zone", store.name);
        return Fact { via: vec![store.place.span], ..Fact::known(why, at) };
    }
    let mut copies = service.workloads.iter().map(|workload| &model[*workload]).filter(|workload| {
        workload.place.environment.production && workload.scales && workload.serves && !workload.helper
    });
    if target >= BEYOND_ONE_COPY
        && let Some(workload) = copies.find(|workload| workload.replicas.value().is_some_and(|count| *count <= 1))
    {
        let why = compact_str::format_compact!("`{}` runs in a single copy", workload.name);
        return Fact { via: vec![workload.place.span], ..Fact::known(why, at) };
    }
    Fact::absent(at)
}

/// Whether a page says what happens when a budget is spent. It is asked once, of the first objective.
fn policy(model: &mut Model) {
    let written = model.surroundings.budget_policies.first().copied();
    let judged = |objective: &&mut Objective| objective.place.environment.production && !objective.place.library;
    if let Some(first) = model.objectives.iter_mut().find(judged) {
        first.budget_policy = Fact::known(written.is_some(), written.or(Some(first.place.span)));
    }
}

/// Whether each service has an objective. That is only asked where some have.
fn services(model: &mut Model) {
    let judged = |objective: &&Objective| objective.place.environment.production && !objective.place.library;
    let mut objectives = model.objectives.iter().filter(judged).peekable();
    if objectives.peek().is_none() {
        return;
    }
    // One that could not be joined to a service may be about any.
    let stray = model.objectives.iter().filter(judged).find(|objective| objective.service.is_none());
    let unknown = stray.map(|objective| {
        let reason = format!("which service the objective `{}` is about is not known", objective.name);
        Unknown::new(
            reason,
            "name the service in it as it is named elsewhere, or give the service an alias",
            objective.place.span,
        )
    });
    let own = |id: Id<Service>| -> Option<Span> {
        let declared = model.objectives.iter().filter(judged).find(|objective| objective.service == Some(id));
        let burning = || {
            let alerts = model[id].alerts.iter().map(|alert| &model[*alert]);
            alerts.into_iter().find(|alert| alert.slo || burns(&alert.plain_name)).map(|alert| alert.place.span)
        };
        declared.map(|objective| objective.place.span).or_else(burning)
    };
    let facts: Vec<Fact<bool>> = model
        .each::<Service>()
        .map(|(id, service)| match (own(id), &unknown) {
            (Some(span), _) => Fact::known(true, span),
            (None, Some(unknown)) => Fact { span: Some(service.place.span), ..Fact::unknown(unknown.clone()) },
            (None, None) => Fact::known(false, service.place.span),
        })
        .collect();
    for (service, fact) in model.services.iter_mut().zip(facts) {
        service.objective = fact;
    }
}

/// Whether an alert's name says that a budget burns.
fn burns(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["burn", "errorbudget", "error_budget", "slo"].iter().any(|word| lower.contains(word))
}
