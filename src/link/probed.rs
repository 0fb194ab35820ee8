//! Services that are reached from outside → the checks that ask them from outside. Uses `model`.

use std::collections::{BTreeMap, BTreeSet};

use super::kubernetes::Selecting;
use super::names::is_generic;
use super::series::Patterns;
use super::uncharted::unread_part;
use super::{Context, found_or_elsewhere, signals};
use crate::model::alert::Watch;
use crate::model::kubernetes::Entrance;
use crate::model::probe::host;
use crate::model::{Alert, Fact, Id, Model, Probe, Service};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// Series of probes, by their beginnings.
const PROBES: &[&str] = &["probe_", "gatus_", "monitor_status", "uptime_"];

/// Labels that name what is asked.
const TARGETS: &[&str] = &["instance", "target", "host", "hostname", "url", "monitor_url", "monitor_hostname"];

/// Says of every service with a door to the outside whether anything knocks at it.
pub(super) fn judge(model: &mut Model, selecting: &Selecting, context: &Context<'_>) {
    let eyes = Eyes::new(model);
    let mut found: Vec<(Id<Service>, Fact<bool>)> = Vec::new();
    for (service, doors) in signals::entered(model, selecting) {
        let Some(first) = doors.iter().find(|door| !door.hosts.is_empty()) else { continue };
        let head = first.place.span;
        let fact = match eyes.look(&doors, &model[service].name) {
            Seen::Asked(span) => Fact::known(true, span),
            Seen::Perhaps(unknown) => Fact { span: Some(head), ..Fact::unknown(unknown) },
            Seen::Nothing => {
                let named = model.surroundings.asks_from_outside.as_ref().map(|(name, span)| {
                    Unknown::new(
                        format!("{name} is named here, and may ask it from outside"),
                        "say with a waiver what it asks, or audit its configuration as well",
                        *span,
                    )
                });
                // A chart may bring what asks for it.
                let fact = match unread_part(model, service).map(|part| part.why.clone()).or(named) {
                    Some(doubt) => Fact::unknown(doubt),
                    None => found_or_elsewhere(None, "alerts", context.external.alerts.as_ref()),
                };
                Fact { span: Some(head), ..fact }
            }
        };
        found.push((service, fact));
    }
    // Where nothing here asks anything from outside, that is said once: it may well be done by other means.
    let asks = found.iter().any(|(_, fact)| fact.is_true()) || !eyes.hosts.is_empty() || !eyes.kinds.is_empty();
    let first = found.iter().position(|(service, fact)| fact.is_false() && model[*service].alerted.is_true());
    for (index, (service, fact)) in found.into_iter().enumerate() {
        if asks || !fact.is_false() || Some(index) == first {
            model[service].probed = fact;
        }
    }
}

/// The services whose doors are named to a tool that asks them from outside, where an alert on what it finds calls
/// somebody; each with that alert.
pub(super) fn told<'m>(model: &'m Model, entered: &BTreeMap<Id<Service>, Vec<&'m Entrance>>) -> Told<'m> {
    let about_all = |alert: &&Alert| {
        let whatever =
            |matchers: &[(Text, Text, Text)]| !matchers.iter().any(|(it, ..)| TARGETS.contains(&it.as_str()));
        alert.calls() && !alert.place.library && answering(alert).any(whatever)
    };
    let Some(alert) = model.alerts.iter().find(about_all) else { return Told::default() };
    let eyes = Eyes::new(model);
    let named = entered.iter().filter(|(_, doors)| doors.iter().any(|door| eyes.named(door).is_some()));
    let mut told = Told { by: named.map(|(service, _)| (*service, alert)).collect(), ..Told::default() };
    let names = Names::new(model);
    let asking = model.alerts.iter().filter(about_all).flat_map(answering).flatten();
    let patterns = Patterns::new(asking);
    let probes = || model.probes.iter().filter(|probe| probe.place.environment.production && !probe.place.library);
    for alert in model.alerts.iter().filter(about_all) {
        for probe in probes().filter(|probe| answering(alert).any(|matchers| selects(matchers, probe, &patterns))) {
            for address in &probe.addresses {
                match names.asked(address) {
                    Some(service) => drop(told.by.entry(service).or_insert(alert)),
                    None => told.elsewhere = told.elsewhere.take().or_else(|| Some(perhaps(alert, address))),
                }
            }
        }
    }
    if probes().next().is_none() {
        let reason = format!("`{}` is about whatever is probed, which is listed elsewhere", alert.name);
        told.unlisted = Some(Unknown::new(reason, "audit the configuration of the probes as well", alert.place.span));
    }
    told
}

/// What alerts tell on what is asked from outside.
#[derive(Default)]
pub(super) struct Told<'m> {
    /// The services that are asked, each with an alert on the answer.
    pub(super) by: BTreeMap<Id<Service>, &'m Alert>,
    /// Why another service that serves requests may be asked too: an address that names none.
    elsewhere: Option<Unknown>,
    /// Why any that is reached from outside may be asked.
    unlisted: Option<Unknown>,
}

impl Told<'_> {
    /// Why it is not known whether a service is asked. Whoever reaches what runs in a cluster is known by its doors, and
    /// what another platform serves may have any address.
    pub(super) fn doubt(&self, model: &Model, service: &Service, entered: bool) -> Option<&Unknown> {
        if self.unlisted.is_none() && self.elsewhere.is_none() {
            return None;
        }
        let runs = service.workloads.iter().map(|workload| &model[*workload]);
        let mut runs = runs.filter(|workload| workload.place.environment.production && !workload.off);
        let serves_elsewhere = runs.any(|workload| workload.platform != "kubernetes" && workload.serves);
        let unlisted = self.unlisted.as_ref().filter(|_| entered || serves_elsewhere);
        unlisted.or_else(|| self.elsewhere.as_ref().filter(|_| serves_elsewhere))
    }
}

fn perhaps(alert: &Alert, address: &Text) -> Unknown {
    Unknown::new(
        format!("`{}` is about whatever is probed, `{address}` among it, and that may be this service", alert.name),
        "name the service in the address that is asked, or write an alert of its own",
        alert.place.span,
    )
}

/// Whether the series of a probe are among those that matchers select, as far as its labels are written.
fn selects(matchers: &[(Text, Text, Text)], probe: &Probe, patterns: &Patterns) -> bool {
    matchers.iter().all(|(label, operator, value)| {
        let own = probe.labels.iter().find(|(name, _)| name == label).map(|(_, own)| own.as_str());
        let negated = operator.starts_with('!');
        let Some(own) = own.or(negated.then_some("")) else { return true };
        let fits = if operator.ends_with('~') {
            patterns.get(value).is_some_and(|pattern| pattern.is_match(own))
        } else {
            value == own
        };
        fits != negated
    })
}

/// The names by which an address may mean a service: its own, and the last word of one whose beginning others share.
struct Names(BTreeMap<Text, Option<Id<Service>>>);

/// A shorter last word of a name says too little.
const TELLING: usize = 5;

impl Names {
    fn new(model: &Model) -> Self {
        let mut names: BTreeMap<Text, Option<Id<Service>>> = BTreeMap::new();
        for (id, service) in model.each::<Service>() {
            names.insert(service.name.clone(), Some(id));
        }
        for (id, service) in model.each::<Service>() {
            let Some((_, last)) = service.name.rsplit_once('-') else { continue };
            if last.len() >= TELLING && !is_generic(last) {
                names.entry(last.into()).and_modify(|known| *known = known.filter(|it| *it == id)).or_insert(Some(id));
            }
        }
        Self(names)
    }

    /// The service that the first part of an address's host names, or a part of its path.
    fn asked(&self, address: &str) -> Option<Id<Service>> {
        let lower = address.to_ascii_lowercase();
        let host = host(&lower).split('.').next().unwrap_or_default();
        let path = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
        let path = path.split(['?', '#']).next().unwrap_or_default().split('/').skip(1);
        let named = |part: &str| self.0.get(part).copied().flatten().filter(|_| !is_generic(part));
        std::iter::once(host).chain(path).find_map(named)
    }
}

/// What is asked from outside.
#[derive(Default)]
struct Eyes {
    hosts: Vec<(Text, Span)>,
    /// Kinds of entrances that are all asked.
    kinds: Vec<(Text, Span)>,
    unknown: Option<Unknown>,
}

enum Seen {
    Asked(Span),
    Perhaps(Unknown),
    Nothing,
}

impl Eyes {
    fn new(model: &Model) -> Self {
        let mut eyes = Self::default();
        let askers = model.kubernetes.askers.iter().filter(|it| it.place.environment.production && !it.place.library);
        eyes.kinds.extend(askers.map(|asker| (asker.kind.clone(), asker.place.span)));
        let probes = model.probes.iter().filter(|probe| probe.place.environment.production && !probe.place.library);
        for host in probes.flat_map(|probe| probe.hosts.iter().map(move |host| (host, probe.place.span))) {
            match (host.0.value(), host.0.reason()) {
                (Some(name), _) => eyes.hosts.push((name.to_ascii_lowercase(), host.1)),
                (None, reason) => eyes.unknown = eyes.unknown.take().or(reason.cloned()),
            }
        }
        let listed = !eyes.hosts.is_empty();
        let alerts = model.alerts.iter().filter(|alert| alert.place.environment.production);
        for (alert, matchers) in alerts.flat_map(|alert| probing(alert).map(move |matchers| (alert, matchers))) {
            let mut named = matchers.iter().filter(|(label, ..)| TARGETS.contains(&label.as_str())).peekable();
            // An alert on all that is probed says that something is, and not what.
            if named.peek().is_none() && !listed {
                let reason = format!("`{}` is about whatever is probed, which is listed elsewhere", alert.name);
                let remedy = "audit the configuration of the probes as well";
                eyes.unknown = eyes.unknown.take().or(Some(Unknown::new(reason, remedy, alert.place.span)));
            }
            for (_, _, value) in named {
                // Dots are escaped in a pattern.
                let host = host(value).replace('\\', "");
                eyes.hosts.push((host.to_ascii_lowercase().into(), alert.place.span));
            }
        }
        eyes
    }

    /// Where a door is told to be asked, or all of its kind are.
    fn named(&self, door: &Entrance) -> Option<Span> {
        let of_kind = self.kinds.iter().find(|(kind, _)| *kind == door.kind && !door.left_out);
        door.probed.or_else(|| of_kind.map(|(_, span)| *span))
    }

    fn look(&self, doors: &[&Entrance], service: &str) -> Seen {
        if let Some(span) = doors.iter().find_map(|door| self.named(door)) {
            return Seen::Asked(span);
        }
        let hosts: BTreeSet<String> =
            doors.iter().flat_map(|door| &door.hosts).map(|host| host.to_ascii_lowercase().to_string()).collect();
        let meets = |asked: &str| {
            hosts.contains(asked)
                || asked.split('.').next() == Some(service)
                || hosts.iter().any(|host| host.strip_prefix('*').is_some_and(|domain| asked.ends_with(domain)))
        };
        if let Some((_, span)) = self.hosts.iter().find(|(host, _)| meets(host)) {
            return Seen::Asked(*span);
        }
        let open = hosts.iter().any(|host| host.contains(['$', '{', '%']));
        match &self.unknown {
            Some(unknown) => Seen::Perhaps(unknown.clone()),
            None if open && !self.hosts.is_empty() => Seen::Perhaps(Unknown::new(
                "its host is filled in when it is applied",
                "audit the rendered manifests as well",
                doors.first().map(|door| door.place.span),
            )),
            None => Seen::Nothing,
        }
    }
}

/// The same of those that say whether there is an answer: that a certificate ends soon says nothing of it.
fn answering(alert: &Alert) -> impl Iterator<Item = &[(Text, Text, Text)]> {
    let of_certificate = alert.watches.iter().filter_map(Watch::metric).any(|metric| metric.starts_with("probe_ssl"));
    probing(alert).filter(move |_| !of_certificate)
}

/// The matchers of the series of probes that an alert looks at.
fn probing(alert: &Alert) -> impl Iterator<Item = &[(Text, Text, Text)]> {
    let of_probes = |metric: &Text| PROBES.iter().any(|known| metric.starts_with(known));
    alert.watches.iter().filter(move |watch| watch.metric().is_some_and(of_probes)).map(Watch::matchers)
}
