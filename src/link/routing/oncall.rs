//! Integrations → services of paging tools → escalation policies → schedules → people.

use std::collections::BTreeSet;

use crate::link::index::ByAddress;
use crate::model::routing::{Integration, Reach};
use crate::model::{EscalationPolicy, Fact, Id, Model, PagingService, Receiver, Schedule, Service};
use crate::tree::{Text, Unknown};

/// Joins receivers with paging tools, and these with the people that answer.
pub(super) fn join(model: &mut Model) {
    let schedules = addresses(&model.schedules, |schedule: &Schedule| (&schedule.address, &schedule.plain_name));
    for index in 0..model.escalation_policies.len() {
        reach_people(model, Id::new(index), &schedules);
    }
    let policies =
        addresses(&model.escalation_policies, |policy: &EscalationPolicy| (&policy.address, &policy.plain_name));
    for index in 0..model.paging_services.len() {
        let id: Id<PagingService> = Id::new(index);
        let service = &model[id];
        let policy = service.policy_refers_to.iter().find_map(|named| policies.referred(named).into_iter().next());
        let escalates = match (policy, service.policy_refers_to.first()) {
            (Some(policy), _) => Fact::known(true, model[policy].place.span),
            (None, Some(elsewhere)) => {
                let reason = format!("`{elsewhere}` is not declared here");
                Fact::unknown(Unknown::new(reason, "audit where it is declared together with this", service.place.span))
            }
            (None, None) => {
                let reason = format!("whom `{}` escalates to is not written here", service.plain_name);
                Fact::unknown(Unknown::new(reason, "name its escalation policy by reference", service.place.span))
            }
        };
        model[id].policy = policy;
        model[id].escalates = escalates;
    }
    let mut integrations: ByAddress<Id<PagingService>> = ByAddress::new();
    for (id, service) in model.each::<PagingService>() {
        for address in service.integrations.iter().chain([&service.address]) {
            integrations.add("", address, [], id);
        }
    }
    for index in 0..model.receivers.len() {
        let id: Id<Receiver> = Id::new(index);
        for number in 0..model[id].integrations.len() {
            let found = called(model, id, &model[id].integrations[number], &integrations);
            model[id].integrations[number].paging_service = found;
        }
    }
}

fn addresses<T>(list: &[T], names: impl Fn(&T) -> (&Text, &Text)) -> ByAddress<Id<T>> {
    let mut index = ByAddress::new();
    for (number, thing) in list.iter().enumerate() {
        let (address, name) = names(thing);
        index.add("", address, [name], Id::new(number));
    }
    index
}

/// The service that an integration calls: by reference, or the only one whose name is that of the receiver.
fn called(
    model: &Model,
    receiver: Id<Receiver>,
    integration: &Integration,
    integrations: &ByAddress<Id<PagingService>>,
) -> Option<Id<PagingService>> {
    if let Some(found) = integration.refers_to.iter().find_map(|named| integrations.referred(named).into_iter().next())
    {
        return Some(found);
    }
    if integration.reach != Reach::Pager || !integration.refers_to.is_empty() {
        return None;
    }
    let words = words_of(&model[receiver].plain_name);
    let fits = |service: &PagingService| {
        // Alertmanager writes `incidentio_configs`.
        let of_tool = service.tool.replace('.', "") == integration.kind.as_str()
            || integration.kind == "webhook"
            || integration.kind == "https";
        let named = match integration.teams.as_slice() {
            [] => !words.is_empty() && words_of(&service.plain_name) == words,
            teams => teams.contains(&service.plain_name),
        };
        of_tool && named
    };
    let mut fitting = model.each::<PagingService>().filter(|(_, service)| fits(service)).map(|(id, _)| id);
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first)
}

/// The words of a name that tell one pager from another.
fn words_of(name: &str) -> BTreeSet<String> {
    const COMMON: &[&str] = &[
        "pager",
        "pagerduty",
        "opsgenie",
        "oncall",
        "on",
        "call",
        "page",
        "alerts",
        "alert",
        "receiver",
        "production",
        "prod",
        "team",
        "service",
        "the",
    ];
    let words = name.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    words.filter(|word| !word.is_empty() && !COMMON.contains(&word.as_str())).collect()
}

/// The schedules of a policy, and how many different people it can reach.
fn reach_people(model: &mut Model, id: Id<EscalationPolicy>, schedules: &ByAddress<Id<Schedule>>) {
    let mut people: BTreeSet<Text> = BTreeSet::new();
    let mut found: Vec<Id<Schedule>> = Vec::new();
    let mut doubt = model[id].levels.reason().cloned();
    for target in model[id].targets.iter().flatten() {
        let Some(address) = target.value() else {
            doubt = doubt.or_else(|| target.reason().cloned());
            continue;
        };
        if let Some(schedule) = schedules.referred(address).into_iter().next() {
            if !found.contains(&schedule) {
                found.push(schedule);
            }
            for member in &model[schedule].members {
                match (member.value(), member.reason()) {
                    (Some(person), _) => {
                        people.insert(person.clone());
                    }
                    (None, reason) => doubt = doubt.or_else(|| reason.cloned()),
                }
            }
        } else if address.contains("schedule") || address.contains("team") || address.contains("group") {
            let reason = format!("who is behind `{address}` is not written here");
            doubt.get_or_insert_with(|| {
                Unknown::new(reason, "audit where it is declared together with this", target.span)
            });
        } else {
            people.insert(address.clone());
        }
    }
    let span = model[id].place.span;
    let count = i64::try_from(people.len()).unwrap_or(i64::MAX);
    model[id].people = match doubt {
        Some(unknown) if people.len() < 2 => Fact { span: Some(span), ..Fact::unknown(unknown) },
        _ => Fact::known(count, span),
    };
    for schedule in &found {
        model[*schedule].used = true;
    }
    model[id].schedules = found;
}

/// Annotations of a catalogue that name a service of a paging tool.
const ANNOTATIONS: &[&str] = &[
    "pagerduty.com/service-id",
    "pagerduty.com/integration-key",
    "opsgenie.com/component-selector",
    "opsgenie.com/team",
    "incident.io/service-id",
    "victorops.com/team",
    "grafana.com/oncall-integration",
];

/// Says of every service whether a pager rings for it.
pub(super) fn judge(model: &mut Model) {
    for index in 0..model.services.len() {
        let id: Id<Service> = Id::new(index);
        let on_call = rings(model, id);
        model[id].on_call = on_call;
    }
}

fn rings(model: &Model, id: Id<Service>) -> Fact<bool> {
    let service = &model[id];
    let named = |name: &str| !name.is_empty() && name.eq_ignore_ascii_case(&service.name);
    let entries = model.catalogue.iter().filter(|entry| entry.name.value().is_some_and(|name| named(name)));
    let annotated = entries.flat_map(|entry| ANNOTATIONS.iter().filter_map(|name| entry.annotations.get(name)));
    if let Some(found) = annotated.into_iter().next() {
        return Fact::known(true, found.span);
    }
    if let Some(paging) = model.paging_services.iter().find(|paging| named(&paging.plain_name)) {
        return Fact::known(true, paging.place.span);
    }
    let alerts = service.alerts.iter().map(|alert| &model[*alert]);
    let paging =
        alerts.filter(|alert| alert.place.environment.production && !alert.pages.is_false() && !alert.delivery.form);
    let (mut doubt, mut any) = (None, None);
    for alert in paging {
        any = any.or(Some(alert.place.span));
        if alert.delivery.pager.is_true() {
            return Fact::known(true, alert.delivery.pager.span);
        }
        if !alert.delivery.routed {
            let reason = "where its alerts are routed is not in the audited roots";
            let remedy = "audit the configuration of the Alertmanager together with this";
            doubt.get_or_insert_with(|| Unknown::new(reason, remedy, alert.place.span));
        } else if let Some(unknown) = alert.delivery.pager.reason() {
            doubt.get_or_insert_with(|| unknown.clone());
        }
    }
    match (doubt, any) {
        (Some(unknown), _) => Fact { span: None, ..Fact::unknown(unknown) },
        (None, Some(_)) => Fact::known(false, None),
        (None, None) => Fact::absent(None),
    }
}
