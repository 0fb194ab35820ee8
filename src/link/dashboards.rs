//! Dashboards → the services they show, and the panels that can show nothing. Uses `model`.
//!
//! Most dashboards are kept twice, as a file and as what a chart or an overlay makes of it; they are one. A dashboard
//! that lets its reader choose, or that shows everything of a kind, shows each service.

use std::collections::{BTreeMap, BTreeSet};

use super::alerts::{Sought, Thing};
use super::defined::Recorded;
use super::names::{is_generic, stem};
use super::series::{Matcher, Patterns};
use super::services::{Register, join as join_service};
use super::{Context, at_large};
use crate::model::alert::Watch;
use crate::model::dashboard::Panel;
use crate::model::{Dashboard, Fact, Id, Model, Service};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// Words of the title of a panel that is kept for the record.
const RETIRED: &[&str] = &["deprecated", "historical", "legacy", "no data", "obsolete", "removed", "retired", "unused"];

/// Joins dashboards to services, and judges both.
pub(super) fn join(model: &mut Model, register: &Register<'_>, sought: &Sought, context: &Context<'_>) {
    fold(model);
    if model.dashboards.is_empty() {
        return;
    }
    let eyes = Eyes {
        register,
        sought,
        patterns: Patterns::new(model.dashboards.iter().flat_map(series).flat_map(|(_, matchers)| matchers)),
    };
    let mut general: BTreeMap<Id<Service>, Span> = BTreeMap::new();
    for index in 0..model.dashboards.len() {
        let id: Id<Dashboard> = Id::new(index);
        let own = eyes.own(model, &model[id]);
        let at = model[id].place.span;
        if own.is_empty() && model[id].place.environment.production {
            for service in eyes.along(&model[id]) {
                general.entry(service).or_insert(at);
            }
        }
        for (service, reason) in &own {
            join_service(model, *service, id, reason.clone());
        }
        model[id].service = own.first_key_value().map(|(service, _)| *service);
        model[id].services = own.into_keys().collect();
    }
    judge_services(model, &general, context);
    judge_panels(model, context);
}

/// Keeps one of dashboards that are the same.
fn fold(model: &mut Model) {
    let mut kept: Vec<Dashboard> = Vec::with_capacity(model.dashboards.len());
    let mut by_name: BTreeMap<(Text, Text), Vec<usize>> = BTreeMap::new();
    for dashboard in std::mem::take(&mut model.dashboards) {
        let alike = by_name.entry((dashboard.uid.clone(), dashboard.name.clone())).or_default();
        if alike.iter().all(|index| !is_same(&kept[*index], &dashboard)) {
            alike.push(kept.len());
            kept.push(dashboard);
        }
    }
    model.dashboards = kept;
}

/// Whether two dashboards of one name ask the same, in production or both outside of it.
fn is_same(one: &Dashboard, other: &Dashboard) -> bool {
    one.place.environment.production == other.place.environment.production && asked(one).eq(asked(other))
}

/// What each query of a dashboard asks for.
fn asked(dashboard: &Dashboard) -> impl Iterator<Item = &Vec<Watch>> {
    dashboard.shows.iter().flat_map(|panel| &panel.queries).map(|query| &query.watches)
}

/// A metric and its matchers.
type Selected<'m> = (Option<&'m Text>, &'m [(Text, Text, Text)]);

fn series(dashboard: &Dashboard) -> impl Iterator<Item = Selected<'_>> {
    asked(dashboard).flatten().filter_map(|watch| match watch {
        Watch::Series { metric, matchers } => Some((metric.as_ref(), matchers.as_slice())),
        Watch::Dimension { .. } => None,
    })
}

/// What it takes to see what a dashboard shows.
struct Eyes<'r, 'c> {
    register: &'r Register<'c>,
    sought: &'r Sought,
    patterns: Patterns,
}

impl Eyes<'_, '_> {
    /// The services that it shows by name, with the reason.
    fn own(&self, model: &Model, dashboard: &Dashboard) -> BTreeMap<Id<Service>, String> {
        let mut found: BTreeMap<Id<Service>, String> = BTreeMap::new();
        let file = stem(&dashboard.place.path);
        for (name, what) in [(dashboard.name.as_str(), "title"), (file, "file"), (dashboard.uid.as_str(), "uid")] {
            let words: String = name.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '-' }).collect();
            if let Some(service) = self.register.find_within(&words.to_ascii_lowercase()) {
                found.entry(service).or_insert_with(|| format!("its {what} {name}"));
            }
        }
        for (metric, matchers) in series(dashboard) {
            for service in self.sought.series.meant_by(&self.compiled(matchers)) {
                found.entry(service).or_insert_with(|| "its panels select it".to_owned());
            }
            let Some(metric) = metric else { continue };
            let words = metric.to_ascii_lowercase().replace(['_', ':'], "-");
            if let Some(service) = self.register.find_at_start(&words) {
                found.entry(service).or_insert_with(|| format!("the metric {metric}"));
            }
        }
        for thing in dashboard.targets.iter().flat_map(|address| self.sought.things.referred(address)) {
            let service = match thing {
                Thing::Datastore(id) => model[id].service,
                Thing::Workload(id) | Thing::Behind(id) => model[id].service,
            };
            if let Some(service) = service {
                found.entry(service).or_insert_with(|| "its panels refer to it".to_owned());
            }
        }
        for name in dashboard.mentions.iter().filter(|name| !is_generic(name)) {
            if let Some(service) = self.register.find(name) {
                found.entry(service).or_insert_with(|| "it names it".to_owned());
            }
        }
        found
    }

    /// The services that it shows along with everything else.
    fn along(&self, dashboard: &Dashboard) -> BTreeSet<Id<Service>> {
        let of_kind =
            series(dashboard).filter_map(|(metric, matchers)| Some((at_large::kinds_of(metric?)?, metric, matchers)));
        let left = of_kind.flat_map(|(kinds, metric, matchers)| {
            self.sought.series.left_in(&self.compiled(matchers), kinds, metric.is_some_and(|metric| metric == "up"))
        });
        left.collect()
    }

    fn compiled<'m>(&'m self, matchers: &'m [(Text, Text, Text)]) -> Vec<Matcher<'m>> {
        matchers.iter().map(|written| Matcher::new(written, &self.patterns)).collect()
    }
}

/// Says of every service whether a dashboard shows it. Dashboards are made by hand as well, which leaves nothing here:
/// asked is only where most services are shown by one that is kept.
fn judge_services(model: &mut Model, general: &BTreeMap<Id<Service>, Span>, context: &Context<'_>) {
    let mut shown: BTreeMap<Id<Service>, Span> = general.clone();
    for dashboard in model.dashboards.iter().filter(|dashboard| dashboard.place.environment.production) {
        for service in &dashboard.services {
            shown.entry(*service).or_insert(dashboard.place.span);
        }
    }
    let asked = model.each::<Service>().filter(|(_, service)| service.deployable);
    let (with, without): (Vec<_>, Vec<_>) = asked.partition(|(id, _)| shown.contains_key(id));
    if with.len() < without.len() || with.is_empty() {
        return;
    }
    let unread = unread(model, context);
    for index in 0..model.services.len() {
        let id: Id<Service> = Id::new(index);
        model[id].shown = match (shown.get(&id), &unread) {
            (Some(span), _) => Fact::known(true, *span),
            (None, Some(unknown)) => Fact { span: Some(model[id].place.span), ..Fact::unknown(unknown.clone()) },
            (None, None) => Fact::known(false, model[id].place.span),
        };
    }
}

/// Why there may be dashboards that were not read.
fn unread(model: &Model, context: &Context<'_>) -> Option<Unknown> {
    let remedy = "keep the dashboards as JSON beside the others";
    if let Some((reason, span)) = model.surroundings.unread_dashboards.first() {
        return Some(Unknown::new(reason.as_str(), remedy, *span));
    }
    let made = super::documents::makes_dashboards(model, context)?;
    Some(Unknown::new(format!("some dashboards are made by a program (`{made}`), which was not run"), remedy, None))
}

/// Says of every dashboard whether one of its panels can show nothing.
fn judge_panels(model: &mut Model, context: &Context<'_>) {
    let recorded = Recorded::new(model, context);
    let judged: Vec<Vec<(Text, Fact<Text>)>> =
        model.dashboards.iter().map(|dashboard| dead(&recorded, dashboard)).collect();
    for (dashboard, dead) in model.dashboards.iter_mut().zip(judged) {
        let at = dashboard.place.span;
        let sure = dead.iter().filter(|(_, why)| why.value().is_some()).count();
        dashboard.dead_panels = i64::try_from(sure).unwrap_or(i64::MAX);
        let first = dead.iter().position(|(_, why)| why.value().is_some()).unwrap_or(0);
        match dead.into_iter().nth(first) {
            Some((title, why)) => {
                dashboard.dead_panel = Fact::known(title, why.span);
                dashboard.dead = why;
            }
            None => dashboard.dead = Fact::absent(at),
        }
    }
}

/// The panels all of whose queries ask for what is not recorded, with what they ask for.
fn dead(recorded: &Recorded<'_>, dashboard: &Dashboard) -> Vec<(Text, Fact<Text>)> {
    let empty = |panel: &Panel| {
        let title = panel.title.to_lowercase();
        if RETIRED.iter().any(|word| title.contains(word)) {
            return None;
        }
        let mut first = None;
        for query in &panel.queries {
            let missing =
                query.watches.iter().find_map(|watch| recorded.lacks(watch)).filter(|_| query.read && !query.copes)?;
            first.get_or_insert((missing, query.span));
        }
        let (missing, span) = first?;
        Some((panel.title.clone(), recorded.judge(None, &dashboard.place, missing, span)))
    };
    dashboard.shows.iter().filter_map(empty).collect()
}
