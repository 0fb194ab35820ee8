//! Runbooks → the services and datastores they are for.

mod shared;
mod unread;

use std::collections::{BTreeMap, BTreeSet};

use super::names::{camel_words, is_generic, stem};
use super::services::{Register, join as join_service};
use super::{Context, found_or_elsewhere};
use crate::model::{Alert, Datastore, Fact, Id, Model, Owners, Runbook, Service};
use crate::source::{Span, parent};
use crate::tree::{Text, Unknown};
use shared::Shared;
use unread::Unread;

/// Joins every page to what it is for.
pub(super) fn join(model: &mut Model, register: &Register<'_>, context: &Context<'_>) {
    find_alerts_on_pages(model);
    unread::note_empty(model, context);
    promote(model);
    follow_catalogue(model, register);
    for index in 0..model.runbooks.len() {
        let id: Id<Runbook> = Id::new(index);
        if matches!(model[id].kind.as_str(), "template" | "document" | "guide") {
            continue;
        }
        let links = services_of(model, id, register, context);
        let page = &mut model[id];
        page.service = links.first().map(|(service, _)| *service);
        page.services = links.iter().map(|(service, _)| *service).collect();
        for (service, reason) in links {
            model[service].runbooks.push(id);
            join_service(model, service, id, reason);
        }
    }
    drop_what_is_not_asked(model);
    for index in 0..model.links.len() {
        let link = &model.links[index];
        if let (None, Some(page)) = (link.service, link.runbook) {
            model.links[index].service = model[page].service;
        }
    }
    for index in 0..model.commands.len() {
        model.commands[index].service = model.commands[index].runbook.and_then(|page| model[page].service);
    }
    let beyond = Beyond {
        elsewhere: Elsewhere::new(model),
        shared: Shared::new(model, context),
        among: Unread::new(model, context),
    };
    judge_services(model, &beyond, context);
    judge_datastores(model, &beyond, context);
    judge_references(model, context);
    judge_escalations(model);
}

/// Links and commands of pages that are no runbooks; nothing refers to either by id.
fn drop_what_is_not_asked(model: &mut Model) {
    let kinds: Vec<bool> = model.runbooks.iter().map(|page| page.kind != "document").collect();
    let asked = |page: Option<Id<Runbook>>| page.is_none_or(|id| kinds.get(id.index()).copied().unwrap_or(true));
    model.links.retain(|link| link.alert.is_some() || asked(link.runbook));
    model.commands.retain(|command| asked(command.runbook));
}

/// Whether anything leads to each page. Alerts that are not part of the audit may.
fn judge_references(model: &mut Model, context: &Context<'_>) {
    let elsewhere = context.external.alerts.as_ref();
    let none = model.alerts.is_empty() && elsewhere.is_none();
    for page in model.runbooks.iter_mut().filter(|page| page.referenced.is_absent()) {
        let span = page.place.span;
        page.referenced = if none {
            let remedy = "audit the folder of the alerts together with this one";
            Fact::unknown(Unknown::new("no alert is part of this audit; one elsewhere may lead here", remedy, span))
        } else {
            Fact { span: Some(span), ..found_or_elsewhere(None, "alerts", elsewhere) }
        };
    }
}

/// Whom a page names. Its own line of CODEOWNERS names somebody as well; and where nothing that is audited runs, calls or
/// owns, its pages are for others to use, and whom these call stands with them.
fn judge_escalations(model: &mut Model) {
    let owners = Owners::new(model);
    let owned: Vec<Option<Span>> = model
        .runbooks
        .iter()
        .map(|page| {
            // Most pages name somebody, and CODEOWNERS may be long.
            if !page.escalation.is_false() {
                return None;
            }
            let mut lines = owners.of(&page.place.path).into_iter();
            let own = lines.find(|line| !line.owners.is_empty() && !line.is_catch_all());
            own.map(|line| line.place.span)
        })
        .collect();
    drop(owners);
    let nothing =
        model.alerts.is_empty() && model.routings.is_empty() && model.receivers.is_empty() && model.services.is_empty();
    // An example of a configuration, whose receivers are all empty, calls nobody who could be named either.
    let nobody = !model.receivers.is_empty()
        && model.receivers.iter().all(|receiver| receiver.reach.value().is_some_and(|reach| reach == "nothing"));
    for (page, owned) in model.runbooks.iter_mut().zip(owned) {
        if !page.escalation.is_false() {
            continue;
        }
        if let Some(span) = owned {
            page.escalation = Fact::known(true, span);
        } else if nothing || nobody {
            let (reason, remedy) = if nothing {
                (
                    "no alert, receiver or owner is part of this audit; whom to call may be said beside them",
                    "audit the folder of the alerts together with this one",
                )
            } else {
                (
                    "no receiver that is part of this audit calls anybody; whom to call stands with those that do",
                    "audit the configuration of Alertmanager that is in use together with this",
                )
            };
            page.escalation = Fact::unknown(Unknown::new(reason, remedy, page.escalation.span));
        }
    }
}

/// An alert that a runbook names has that runbook, though it does not link to it.
fn find_alerts_on_pages(model: &mut Model) {
    // One word says too little: `NodeDown` is a name, `Watchdog` may be talk.
    let without = model
        .each::<Alert>()
        .filter(|(_, alert)| alert.runbook.exists.is_false() && camel_words(&alert.plain_name).contains('-'));
    let mut wanted: BTreeMap<Text, Vec<Id<Alert>>> = BTreeMap::new();
    for (id, alert) in without {
        wanted.entry(alert.plain_name.to_lowercase()).or_default().push(id);
    }
    let mut found: BTreeMap<Id<Alert>, Id<Runbook>> = BTreeMap::new();
    // A row of an index names the alert and links to its page.
    for (page, name) in model.links.iter().filter_map(|link| Some((link.page?, &link.beside))) {
        for alert in name.iter().filter_map(|name| wanted.get(name)).flatten() {
            found.entry(*alert).or_insert(page);
        }
    }
    for (id, page) in model.each::<Runbook>() {
        if !matches!(page.kind.as_str(), "incident" | "procedure" | "guide" | "index") {
            continue;
        }
        for alert in page.mentions.iter().filter_map(|mention| wanted.get(&mention.name)).flatten() {
            found.entry(*alert).or_insert(id);
        }
    }
    for (alert, page) in found {
        let here = model[page].place.span;
        model[alert].runbook.exists = Fact::known(true, here);
        model[alert].runbook.page = Some(page);
        model[page].alerts.push(alert);
        model[page].referenced = Fact::known(true, model[alert].place.span);
    }
}

/// A page that an alert leads to is a runbook, wherever it lives. What it looks like stays what it is: an overview of a
/// service, or a script to run, is not asked for the sections of a page about an incident.
fn promote(model: &mut Model) {
    for page in &mut model.runbooks {
        if !page.alerts.is_empty() && matches!(page.kind.as_str(), "document" | "guide") {
            page.kind = "procedure".into();
        }
    }
}

/// Catalogues link to runbooks by path or URL; a link whose path is a page here leads to it.
fn follow_catalogue(model: &mut Model, register: &Register<'_>) {
    for entry in model.catalogue.clone() {
        let Some(service) = entry.name.value().and_then(|name| register.find(name)) else { continue };
        for (url, _) in &entry.links {
            let Some(url) = url.value() else { continue };
            let page = model.each::<Runbook>().find(|(_, page)| {
                let path = page.place.path.as_str();
                url == path || url.ends_with(&format!("/{path}"))
            });
            let Some((id, _)) = page else { continue };
            model[id].referenced = Fact::known(true, entry.place.span);
            if model[id].kind == "document" {
                model[id].kind = "procedure".into();
            }
            if !model[id].services.contains(&service) {
                model[id].services.push(service);
            }
        }
    }
}

fn services_of(
    model: &Model,
    id: Id<Runbook>,
    register: &Register<'_>,
    context: &Context<'_>,
) -> Vec<(Id<Service>, String)> {
    let page = &model[id];
    let path = page.place.path.as_str();
    let mut links: Vec<(Id<Service>, String)> = Vec::new();
    for declared in context.services {
        if declared.runbooks.is_match(path)
            && let Some(service) = register.find(&declared.name)
        {
            add(&mut links, service, "twoam.toml says so".into());
        }
    }
    for service in &page.services {
        add(&mut links, *service, "its catalogue entry links to it".into());
    }
    if page.kind == "index" {
        return links;
    }
    if let Some(service) = register.find(stem(path)) {
        add(&mut links, service, format!("its file {}", stem(path)));
    }
    for about in &page.about {
        if let Some(service) = register.find(about) {
            add(&mut links, service, format!("its front matter: {about}"));
        }
    }
    for alert in &page.alerts {
        for service in &model[*alert].services {
            add(&mut links, *service, format!("the alert {} links to it", model[*alert].plain_name));
        }
    }
    if let Some(folder) = path.rsplit('/').nth(1)
        && let Some(service) = register.find(folder)
    {
        add(&mut links, service, format!("its folder {folder}/"));
    }
    if links.is_empty()
        && let Some(service) = register.find_within(stem(path))
    {
        add(&mut links, service, format!("its file {}", stem(path)));
    }
    if links.is_empty()
        && let Some((_, title, _)) = page.headings.first()
        && let Some(service) = register.find_within(title)
    {
        add(&mut links, service, format!("its title {title}"));
    }
    links
}

fn add(links: &mut Vec<(Id<Service>, String)>, service: Id<Service>, reason: String) {
    if !links.iter().any(|(present, _)| *present == service) {
        links.push((service, reason));
    }
}

/// Runbooks that alerts lead to and that are not part of the audit: by alert, why they were not looked at.
struct Elsewhere {
    of_alert: BTreeMap<Id<Alert>, Unknown>,
    /// The first of them, where no alert leads to a page that is part of the audit: all runbooks are kept there.
    of_all: Option<Unknown>,
}

impl Elsewhere {
    fn new(model: &Model) -> Self {
        let unread = model.links.iter().filter_map(|link| {
            let alert = link.alert.filter(|alert| model[*alert].place.environment.production)?;
            Some((alert, link.dead.reason()?.clone()))
        });
        let url = |alert: &Id<Alert>| model[*alert].runbook.url.value();
        let is_manual = |alert: &Id<Alert>| url(alert).is_some_and(|url| MANUALS.iter().any(|it| url.contains(it)));
        let of_alert: BTreeMap<Id<Alert>, Unknown> = unread.filter(|(alert, _)| !is_manual(alert)).collect();
        let any_here = model.alerts.iter().any(|alert| alert.runbook.page.is_some());
        // A page that the makers of a rule publish for everybody says nothing of what else runs here.
        let own = |alert: &Id<Alert>| url(alert).is_none_or(|url| !is_published(url));
        let mut kept_elsewhere = of_alert.iter().filter(|(alert, _)| own(alert)).map(|(_, unread)| unread);
        let of_all = kept_elsewhere.next().cloned().filter(|_| !any_here);
        Self { of_alert, of_all }
    }

    /// Why it cannot be told whether a service has a page: its own alerts lead elsewhere, or those of all do.
    fn of(&self, service: &Service) -> Option<&Unknown> {
        service.alerts.iter().find_map(|alert| self.of_alert.get(alert)).or(self.of_all.as_ref())
    }
}

/// Where makers of software publish runbooks for its users: hosts, and parts of addresses.
const PUBLISHED: &[&str] = &[
    "runbooks.prometheus-operator.dev",
    "awesome-prometheus-alerts",
    "github.com/openshift/runbooks",
    "github.com/kubernetes-monitoring/",
    "github.com/prometheus-operator/",
    "github.com/kubevirt/",
    "grafana.com/docs/",
    "kubernetes.io/",
    "prometheus.io/",
    "docs.gitlab.com/",
    "docs.ceph.com/",
    "cloudnative-pg.io/",
    "-mixin/",
    "/mixin/",
];

/// Manuals of vendors, which say how their things work and nothing of what runs here.
const MANUALS: &[&str] = &[
    "docs.aws.amazon.com/",
    "docs.datadoghq.com/",
    "docs.microsoft.com/",
    "learn.microsoft.com/",
    "cloud.google.com/",
];

fn is_published(url: &str) -> bool {
    PUBLISHED.iter().any(|part| url.contains(part))
}

/// What was not found here is not missing where runbooks are kept elsewhere.
fn unless_elsewhere(fact: Fact<bool>, unread: Option<&Unknown>) -> Fact<bool> {
    match unread {
        Some(unread) if fact.is_false() => {
            let reason = format!("alerts lead to runbooks that were not read: {}", unread.reason);
            Fact { span: fact.span, ..Fact::unknown(Unknown { reason, ..unread.clone() }) }
        }
        _ => fact,
    }
}

/// What was not found is not missing where files among the runbooks were not read.
fn unless_unread(fact: Fact<bool>, unread: Option<&Unknown>) -> Fact<bool> {
    match unread {
        Some(unread) if fact.is_false() => Fact { span: fact.span, ..Fact::unknown(unread.clone()) },
        _ => fact,
    }
}

/// What there is beside the pages that something has of its own.
struct Beyond<'c> {
    elsewhere: Elsewhere,
    shared: Shared<'c>,
    /// Files among the runbooks that were not read.
    among: Unread<'c>,
}

fn judge_services(model: &mut Model, beyond: &Beyond<'_>, context: &Context<'_>) {
    let Beyond { elsewhere: unread, shared, among } = beyond;
    let names: Vec<Vec<Text>> = model.each::<Service>().map(|(id, _)| names_of(model, id)).collect();
    let mentioned = Mentioned::new(model, "rollback", names.iter().flatten(), |_| true);
    let sections = sections(model);
    for (index, names) in names.iter().enumerate() {
        let id: Id<Service> = Id::new(index);
        let service = &model[id];
        let own = || service.runbooks.iter().map(|page| &model[*page]);
        let runbook = own().find(|page| page.is_runbook() && !page.skeleton.is_true());
        let rollback = own().find(|page| page.sections.iter().any(|section| section == "rollback"));
        let path = service.place.path.as_str();
        let rollback = rollback.map(|page| page.place.span).or_else(|| mentioned.first(names));
        let rollback = rollback.or_else(|| shared.page("rollback", path));
        let elsewhere = context.external.runbooks.as_ref();
        // A stub is a runbook that exists; that it says nothing is told of the page itself.
        let any = runbook.or_else(|| own().find(|page| page.is_runbook())).map(|page| page.place.span);
        let any = any.or_else(|| sections.get(&service.name).copied());
        let has_runbook = found_or_elsewhere(any, "runbooks", elsewhere);
        let rollback_procedure = found_or_elsewhere(rollback, "runbooks", elsewhere);
        let (unread, among) = (unread.of(service), among.of(path));
        let has_runbook = unless_unread(unless_elsewhere(has_runbook, unread), among.as_ref());
        let rollback_procedure = unless_unread(unless_elsewhere(rollback_procedure, unread), among.as_ref());
        let rollback_procedure = shared.unless_scripted(rollback_procedure, path);
        let service = &mut model[id];
        service.has_runbook = has_runbook;
        service.rollback_procedure = rollback_procedure;
    }
}

/// Names of folders → the first section of a page in them that is a runbook: `## Runbook: no data`. It is one of the
/// service that is called so. So is how to troubleshoot, on the page that is called like the service.
fn sections(model: &Model) -> BTreeMap<Text, Span> {
    let mut sections = BTreeMap::new();
    for page in &model.runbooks {
        let mut further = page.headings.iter().skip(1);
        if let Some((.., span)) = further.find(|(_, text, _)| text.to_lowercase().starts_with("troubleshoot")) {
            sections.entry(Text::from(stem(&page.place.path).to_lowercase())).or_insert(*span);
        }
        let section = page.headings.iter().skip(1).find(|(_, text, _)| {
            let first = text.split(|it: char| !it.is_alphanumeric()).find(|word| !word.is_empty());
            first.is_some_and(|word| word.eq_ignore_ascii_case("runbook") || word.eq_ignore_ascii_case("runbooks"))
        });
        let Some((.., span)) = section else { continue };
        for folder in parent(&page.place.path).split('/') {
            sections.entry(Text::from(folder)).or_insert(*span);
        }
    }
    sections
}

fn judge_datastores(model: &mut Model, beyond: &Beyond<'_>, context: &Context<'_>) {
    let Beyond { elsewhere: unread, shared, among } = beyond;
    let names: Vec<Vec<Text>> = model.datastores.iter().map(|datastore| names_of_datastore(model, datastore)).collect();
    let engines: Vec<Vec<Text>> = model
        .datastores
        .iter()
        .map(|datastore| datastore.engine.value().map_or_else(Vec::new, |it| engine_names(it)))
        .collect();
    let mentioned = Mentioned::new(model, "restore", names.iter().flatten(), |_| true);
    // How one service restores its Postgres says nothing of another's.
    let own: BTreeSet<&Text> = names.iter().flatten().collect();
    let for_all =
        |page: &Runbook| page.services.is_empty() && !page.mentions.iter().any(|mention| own.contains(&mention.name));
    let engine = Mentioned::new(model, "restore", engines.iter().flatten(), for_all);
    for (index, names) in names.iter().enumerate() {
        let id: Id<Datastore> = Id::new(index);
        let own = model[id].service.and_then(|service| {
            let pages = model[service].runbooks.iter().map(|page| &model[*page]);
            pages.filter(|page| page.is_runbook()).find(|page| page.sections.iter().any(|section| section == "restore"))
        });
        let found = own.map(|page| page.place.span).or_else(|| mentioned.first(names));
        let found = found.or_else(|| engine.first(&engines[index]));
        let path = model[id].place.path.clone();
        let found = found.or_else(|| shared.page("restore", &path));
        let unread = model[id].service.and_then(|service| unread.of(&model[service]));
        let procedure = found_or_elsewhere(found, "runbooks", context.external.runbooks.as_ref());
        let procedure = unless_elsewhere(procedure, unread);
        model[id].restore_procedure = unless_unread(procedure, among.of(&path).as_ref());
    }
}

/// What a page may call a datastore: its names and those of its service.
fn names_of_datastore(model: &Model, datastore: &Datastore) -> Vec<Text> {
    let mut names: Vec<Text> = datastore.names.iter().map(compact_str::CompactString::to_lowercase).collect();
    names.extend(datastore.address.rsplit('.').next().map(Text::from));
    if let Some(service) = datastore.service {
        names.extend(names_of(model, service));
    }
    names.retain(|name| !is_generic(name));
    names
}

/// What people call an engine: `postgres` is also `postgresql`, `aurora-postgresql` is also both.
fn engine_names(engine: &str) -> Vec<Text> {
    let lower = engine.to_lowercase();
    let mut names = vec![Text::from(lower.as_str())];
    for (part, also) in [
        ("postgres", &["postgres", "postgresql"][..]),
        ("mysql", &["mysql"]),
        ("maria", &["mariadb"]),
        ("mongo", &["mongo", "mongodb"]),
        ("elastic", &["elasticsearch"]),
    ] {
        if lower.contains(part) {
            names.extend(also.iter().map(|name| Text::from(*name)));
        }
    }
    names
}

fn names_of(model: &Model, id: Id<Service>) -> Vec<Text> {
    let service = &model[id];
    let workloads = service.workloads.iter().map(|workload| model[*workload].plain_name.to_lowercase());
    let aliases = service.aliases.iter().map(compact_str::CompactString::to_lowercase);
    let mut names: Vec<Text> = std::iter::once(service.name.to_lowercase()).chain(aliases).chain(workloads).collect();
    names.retain(|name| !is_generic(name));
    names
}

/// How commands name a workload: `kubectl rollout undo deployment/checkout`.
const KINDS: &[&str] = &["deployment/", "deploy/", "statefulset/", "sts/", "svc/", "service/", "pod/"];

/// Where runbooks have a section of one purpose that mentions names which someone asks for.
struct Mentioned(BTreeMap<Text, (usize, Span)>);

impl Mentioned {
    fn new<'n>(
        model: &Model,
        section: &str,
        wanted: impl Iterator<Item = &'n Text>,
        of: impl Fn(&Runbook) -> bool,
    ) -> Self {
        let wanted: BTreeSet<&Text> = wanted.collect();
        let mut places: BTreeMap<Text, (usize, Span)> = BTreeMap::new();
        let pages = model.runbooks.iter().enumerate();
        for (index, page) in pages.filter(|(_, page)| page.is_runbook() && !page.skeleton.is_true() && of(page)) {
            for mention in page.mentions.iter().filter(|mention| mention.section == section) {
                let bare = KINDS.iter().find_map(|kind| mention.name.strip_prefix(kind)).unwrap_or(&mention.name);
                let bare = Text::from(bare);
                if wanted.contains(&bare) {
                    places.entry(bare).or_insert((index, page.place.span));
                }
            }
        }
        Self(places)
    }

    /// The first page that mentions any of these names.
    fn first(&self, names: &[Text]) -> Option<Span> {
        names.iter().filter_map(|name| self.0.get(name)).min_by_key(|(index, _)| *index).map(|(_, span)| *span)
    }
}
