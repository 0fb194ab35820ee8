//! Alerts → whom they reach: routing trees put together, walked, and joined with receivers, paging tools and people.
//!
//! [`compose`] makes routes and receivers of what files declare, [`walk`] asks them about one alert as Alertmanager
//! does, and this module says of every alert where it ends.

mod compose;
mod direct;
mod labels;
mod loaded;
mod oncall;
mod repeats;
mod servers;
pub(super) mod teams;
mod walk;

use std::collections::BTreeMap;

use rayon::prelude::*;

use self::direct::Named;
use self::labels::{Labels, Senders};
use crate::model::routing::{Hit, Reach};
use crate::model::{Alert, Delivery, Environments, Fact, Id, Model, Receiver, Route, Routing};
use crate::source::{Span, parent};
use crate::tree::{Text, Unknown};

/// Says of every alert where it ends, and of every configuration and receiver what comes of it.
pub(super) fn join(model: &mut Model, environments: &Environments) {
    compose::compose(model);
    oncall::join(model);
    servers::merge(&mut model.routing.prometheis, environments);
    repeats::mark(model);
    loaded::mark(model);
    let named = Named::new(model);
    let senders = Senders::new(model);
    let deliveries: Vec<(Delivery, Vec<Id<Routing>>)> =
        model.alerts.par_iter().map(|alert| deliver(model, &senders, &named, alert)).collect();
    let mut beats: BTreeMap<Id<Routing>, Span> = BTreeMap::new();
    for (index, (delivery, routings)) in deliveries.into_iter().enumerate() {
        let alert: Id<Alert> = Id::new(index);
        for routing in routings {
            model[routing].alerts += 1;
        }
        if model[alert].heartbeat {
            note_heartbeat(model, alert, &delivery, &mut beats);
        }
        model[alert].delivery = delivery;
    }
    judge_routings(model, &beats);
    judge_receivers(model);
    oncall::judge(model);
}

/// Where an alert ends, and the configurations that were asked.
fn deliver(model: &Model, senders: &Senders<'_>, named: &Named, alert: &Alert) -> (Delivery, Vec<Id<Routing>>) {
    let unsent = alert.loaded.is_false();
    let mut delivery = Delivery { span: Some(alert.place.span), unsent, ..Delivery::default() };
    // What names its receivers itself is not asked of any route.
    delivery.hits = named.hits(model, alert);
    if !delivery.hits.is_empty() {
        delivery.routed = true;
        delivery.pager_available = Named::any_pager(model, alert);
        settle(model, &mut delivery);
        return (delivery, Vec::new());
    }
    let routings = asked(model, alert);
    if routings.is_empty() {
        return (delivery, routings);
    }
    delivery.routed = true;
    let each = senders.each(alert);
    for routing in &routings {
        let Some(root) = model[*routing].root else { continue };
        let mut hits = of_servers(model, root, &each);
        if routings.len() > 1 {
            let reason = format!("which of {} configurations routes it is not written here", routings.len());
            for hit in &mut hits {
                let unknown = || Unknown::new(reason.clone(), "audit them one by one", None);
                hit.depends_on = hit.depends_on.take().or_else(|| Some(unknown()));
            }
        }
        delivery.hits.extend(hits);
    }
    delivery.sent_labels = match each.as_slice() {
        [one] => one.shown(),
        _ => senders.labels(alert).shown(),
    };
    delivery.pager_available = routings.iter().any(|routing| model[*routing].has_pager.is_true());
    delivery.form = routings.iter().all(|routing| model[*routing].calls_somebody.is_false());
    settle(model, &mut delivery);
    (delivery, routings)
}

/// The ways that an alert takes whichever server sends it; a way that only some servers' alerts take depends on that.
fn of_servers(model: &Model, root: Id<Route>, servers: &[Labels<'_>]) -> Vec<Hit> {
    let each: Vec<Vec<Hit>> = servers.iter().map(|labels| walk::walk(model, root, labels)).collect();
    let mut all: Vec<Hit> = Vec::new();
    for hit in each.iter().flatten() {
        if all.iter().any(|known| known.route == hit.route && known.receiver == hit.receiver) {
            continue;
        }
        let mut same =
            each.iter().map(|hits| hits.iter().find(|it| it.route == hit.route && it.receiver == hit.receiver));
        let everywhere = same.all(|found| found.is_some_and(|found| found.depends_on.is_none()));
        let reason = "which server sends it, and with which external labels, decides";
        let depends_on = (!everywhere).then(|| {
            hit.depends_on.clone().unwrap_or_else(|| Unknown::new(reason, "audit one cluster at a time", None))
        });
        all.push(Hit { depends_on, ..hit.clone() });
    }
    all
}

/// The configurations that may route an alert: of its environment, the nearest by path where there are several.
fn asked(model: &Model, alert: &Alert) -> Vec<Id<Routing>> {
    let source = match alert.source.as_str() {
        "prometheus" => "alertmanager",
        "grafana" => "grafana",
        _ => return Vec::new(),
    };
    let fits = |routing: &Routing| {
        routing.source == source
            && routing.place.environment == alert.place.environment
            && (alert.place.library || !routing.place.library)
    };
    let fitting: Vec<Id<Routing>> =
        model.each::<Routing>().filter(|(_, routing)| fits(routing)).map(|(id, _)| id).collect();
    let near = |id: &Id<Routing>| common_folders(&model[*id].place.path, &alert.place.path);
    let nearest = fitting.iter().map(near).max().unwrap_or(0);
    fitting.into_iter().filter(|id| near(id) == nearest).collect()
}

/// How many folders two paths begin with together.
fn common_folders(left: &str, right: &str) -> usize {
    let (left, right) = (parent(left), parent(right));
    left.split('/').zip(right.split('/')).take_while(|(left, right)| left == right && !left.is_empty()).count()
}

/// What the ways an alert may take come to.
fn settle(model: &Model, delivery: &mut Delivery) {
    let reaches: Vec<(Certainty<'_>, Reached)> = delivery.hits.iter().map(|hit| of_hit(model, hit)).collect();
    delivery.somebody = outcome(&reaches, |reach| reach != Reach::Nothing);
    let nowhere = delivery.hits.iter().zip(&reaches).any(|(hit, (_, reached))| {
        let on_purpose = hit.route.is_some_and(|route| named(model, route));
        matches!(reached, Reached::Known(Reach::Nothing, _)) && !on_purpose
    });
    delivery.unheard = unheard(nowhere, &delivery.somebody);
    delivery.pager = match outcome(&reaches, |reach| reach == Reach::Pager) {
        // What a webhook does is not known: it may well ring.
        no if no.is_false()
            && reaches.iter().any(|(_, reached)| matches!(reached, Reached::Known(Reach::Webhook, _))) =>
        {
            let webhook = delivery.hits.iter().filter_map(|hit| hit.receiver).map(|id| &model[id]);
            let name = webhook.map(|receiver| receiver.plain_name.as_str()).next().unwrap_or_default().to_owned();
            let reason = format!("what the webhook of `{name}` does is not written here");
            Fact::unknown(Unknown::new(reason, "name the receiver after what it calls", no.span))
        }
        other => other,
    };
    let mut receivers: Vec<Id<Receiver>> = delivery.hits.iter().filter_map(|hit| hit.receiver).collect();
    receivers.dedup();
    delivery.end = match delivery.somebody.reason() {
        Some(unknown) => Fact::unknown(unknown.clone()),
        None => Fact::known(said(model, &receivers, &delivery.hits), delivery.somebody.span),
    };
    delivery.receivers = receivers;
    let on_purpose = |hit: &Hit| hit.route.is_some_and(|route| named(model, route));
    delivery.dropped_on_purpose =
        delivery.somebody.is_false() && !delivery.hits.is_empty() && delivery.hits.iter().all(on_purpose);
}

/// Whether nobody hears of an alert. That a receiver is not declared here makes no doubt of it: somebody set it up.
/// Nor does a way that drops some of its series by its name: the others are meant to be heard of.
fn unheard(nowhere: bool, somebody: &Fact<bool>) -> Fact<bool> {
    match somebody.reason() {
        Some(unknown) if nowhere => Fact::unknown(unknown.clone()),
        _ => Fact::known(somebody.is_false(), somebody.span),
    }
}

/// Whether a route, or one above it, names alerts.
fn named(model: &Model, route: Id<Route>) -> bool {
    let mut at = Some(route);
    while let Some(id) = at {
        if model[id].by_name {
            return true;
        }
        at = model[id].parent;
    }
    false
}

fn said(model: &Model, receivers: &[Id<Receiver>], hits: &[Hit]) -> Text {
    let one = |id: &Id<Receiver>| {
        let receiver = &model[*id];
        let muted = hits
            .iter()
            .any(|hit| hit.receiver == Some(*id) && hit.route.is_some_and(|route| model[route].muted.is_true()));
        match receiver.calls.as_slice() {
            _ if muted => format!("`{}`, by a route that is muted all of the time", receiver.plain_name),
            [] => format!("`{}`, which calls nobody", receiver.plain_name),
            [first, ..] => format!("`{}` ({first})", receiver.plain_name),
        }
    };
    receivers.iter().map(one).collect::<Vec<_>>().join(" and ").into()
}

/// Whether a way is surely taken, or what it depends on.
type Certainty<'h> = Option<&'h Unknown>;

/// What a way reaches.
enum Reached {
    Known(Reach, Option<Span>),
    Unknown(Unknown),
}

fn of_hit<'h>(model: &Model, hit: &'h Hit) -> (Certainty<'h>, Reached) {
    let muted = hit.route.map(|route| &model[route]).filter(|route| route.muted.is_true());
    let reached = match (hit.receiver, hit.route) {
        _ if muted.is_some() => Reached::Known(Reach::Nothing, muted.and_then(|route| route.muted.span)),
        (Some(id), _) => match reach_of(&model[id]) {
            Ok(reach) => Reached::Known(reach, Some(model[id].place.span)),
            Err(unknown) => Reached::Unknown(unknown.clone()),
        },
        (None, Some(route)) => Reached::Unknown(model[route].elsewhere.clone().unwrap_or_else(|| {
            Unknown::new("the receiver is not declared here", "audit the whole configuration", model[route].place.span)
        })),
        (None, None) => {
            let elsewhere = || Unknown::new("what it calls is not in the audited roots", "", hit.span);
            Reached::Unknown(hit.depends_on.clone().unwrap_or_else(elsewhere))
        }
    };
    (hit.depends_on.as_ref(), reached)
}

/// The strongest thing that a receiver reaches, or why that is not known.
fn reach_of(receiver: &Receiver) -> Result<Reach, &Unknown> {
    let strongest = receiver.integrations.iter().map(|integration| integration.reach).max().unwrap_or_default();
    match &receiver.unread {
        Some(unknown) if strongest == Reach::Nothing => Err(unknown),
        _ => Ok(strongest),
    }
}

/// Whether an alert reaches something of a kind: surely where a sure way does or all ways do, surely not where none
/// does, and otherwise not known.
fn outcome(ways: &[(Certainty<'_>, Reached)], wanted: impl Fn(Reach) -> bool) -> Fact<bool> {
    let mut doubt: Option<Unknown> = None;
    let (mut all, mut none) = (true, true);
    let mut span = None;
    for (depends_on, reached) in ways {
        match reached {
            Reached::Known(reach, at) if wanted(*reach) => {
                none = false;
                let Some(unknown) = depends_on else { return Fact::known(true, *at) };
                doubt.get_or_insert_with(|| (*unknown).clone());
            }
            Reached::Known(_, at) => {
                all = false;
                span = span.or(*at);
                if let Some(unknown) = depends_on {
                    doubt.get_or_insert_with(|| (*unknown).clone());
                }
            }
            Reached::Unknown(unknown) => {
                (all, none) = (false, false);
                doubt = Some(unknown.clone());
            }
        }
    }
    match doubt {
        _ if none => Fact::known(false, span),
        _ if all => Fact::known(true, span),
        Some(unknown) => Fact::unknown(unknown),
        None => Fact::known(false, span),
    }
}

/// An alert that always fires and reaches a watcher, or a machine that may be one, shows that alerting works.
fn note_heartbeat(model: &Model, alert: Id<Alert>, delivery: &Delivery, beats: &mut BTreeMap<Id<Routing>, Span>) {
    for hit in &delivery.hits {
        let (Some(route), Some(receiver)) = (hit.route, hit.receiver) else { continue };
        let watched = matches!(reach_of(&model[receiver]), Ok(Reach::Heartbeat | Reach::Webhook) | Err(_));
        if let Some(routing) = model[route].routing.filter(|_| watched) {
            beats.entry(routing).or_insert(model[alert].place.span);
        }
    }
}

/// Whether a configuration has a heartbeat: an alert that reaches a watcher, or a route to one.
fn judge_routings(model: &mut Model, beats: &BTreeMap<Id<Routing>, Span>) {
    for index in 0..model.routings.len() {
        let id: Id<Routing> = Id::new(index);
        let leads = model.routes.iter().filter(|route| route.routing == Some(id)).filter_map(|route| route.receiver);
        let watcher =
            leads.map(|receiver| &model[receiver]).find(|receiver| matches!(reach_of(receiver), Ok(Reach::Heartbeat)));
        let routing = &model[id];
        let heartbeat = match (beats.get(&id).copied().or(watcher.map(|receiver| receiver.place.span)), &routing.base) {
            (Some(span), _) => Fact::known(true, span),
            (None, Some(unknown)) => Fact::unknown(unknown.clone()),
            (None, None) => Fact::known(false, routing.place.span),
        };
        model[id].heartbeat = heartbeat;
    }
}

/// Which receivers of routing trees anything leads to. That no alert can reach a route is said of the route.
fn judge_receivers(model: &mut Model) {
    let led_to: std::collections::BTreeSet<Id<Receiver>> =
        model.routes.iter().filter_map(|route| route.receiver).collect();
    for (index, receiver) in model.receivers.iter_mut().enumerate() {
        if matches!(receiver.source.as_str(), "alertmanager" | "grafana") {
            receiver.used = Fact::known(led_to.contains(&Id::new(index)), receiver.place.span);
        }
    }
}

#[cfg(test)]
mod tests;
