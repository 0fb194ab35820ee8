//! Runbooks → the services and datastores they are for.

use super::names::{camel_words, is_generic, stem};
use super::services::{Register, join as join_service};
use super::{Context, found_or_elsewhere};
use crate::model::{Alert, Datastore, Fact, Id, Mention, Model, Runbook, Service};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// Whether a page is read in an incident, rather than merely about something.
fn is_runbook(page: &Runbook) -> bool {
    matches!(page.kind.as_str(), "incident" | "procedure")
}

/// Joins every page to what it is for.
pub(super) fn join(model: &mut Model, register: &Register<'_>, context: &Context<'_>) {
    find_alerts_on_pages(model);
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
    for index in 0..model.links.len() {
        let link = &model.links[index];
        if let (None, Some(page)) = (link.service, link.runbook) {
            model.links[index].service = model[page].service;
        }
    }
    judge_services(model, context);
    judge_datastores(model, context);
    judge_references(model, context);
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

/// An alert that a runbook names has that runbook, though it does not link to it.
fn find_alerts_on_pages(model: &mut Model) {
    let mut found: Vec<(Id<Alert>, Id<Runbook>)> = Vec::new();
    for (id, alert) in model.each::<Alert>().filter(|(_, alert)| alert.runbook.exists.is_false()) {
        // One word says too little: `NodeDown` is a name, `Watchdog` may be talk.
        if !camel_words(&alert.plain_name).contains('-') {
            continue;
        }
        let mention = alert.plain_name.to_lowercase();
        let page = model.each::<Runbook>().find(|(_, page)| {
            matches!(page.kind.as_str(), "incident" | "procedure" | "guide" | "index")
                && page.mentions.binary_search_by(|known| known.name.as_str().cmp(&mention)).is_ok()
        });
        found.extend(page.map(|(page, _)| (id, page)));
    }
    for (alert, page) in found {
        let here = model[page].place.span;
        model[alert].runbook.exists = Fact::known(true, here);
        model[alert].runbook.page = Some(page);
        model[page].alerts.push(alert);
        model[page].referenced = Fact::known(true, model[alert].place.span);
    }
}

/// A page that an alert leads to is a runbook, wherever it lives and whatever it looks like.
fn promote(model: &mut Model) {
    for page in &mut model.runbooks {
        if !page.alerts.is_empty() && matches!(page.kind.as_str(), "document" | "guide") {
            page.kind = "incident".into();
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

fn judge_services(model: &mut Model, context: &Context<'_>) {
    for index in 0..model.services.len() {
        let id: Id<Service> = Id::new(index);
        let service = &model[id];
        let own = || service.runbooks.iter().map(|page| &model[*page]);
        let runbook = own().find(|page| is_runbook(page) && !page.skeleton.is_true());
        let rollback = own().find(|page| page.sections.iter().any(|section| section == "rollback"));
        let rollback =
            rollback.map(|page| page.place.span).or_else(|| mentioned(model, &names_of(model, id), "rollback"));
        let elsewhere = context.external.runbooks.as_ref();
        // A stub is a runbook that exists; that it says nothing is told of the page itself.
        let any = runbook.or_else(|| own().find(|page| is_runbook(page))).map(|page| page.place.span);
        let has_runbook = found_or_elsewhere(any, "runbooks", elsewhere);
        let rollback_procedure = found_or_elsewhere(rollback, "runbooks", elsewhere);
        let service = &mut model[id];
        service.has_runbook = has_runbook;
        service.rollback_procedure = rollback_procedure;
    }
}

fn judge_datastores(model: &mut Model, context: &Context<'_>) {
    for index in 0..model.datastores.len() {
        let id: Id<Datastore> = Id::new(index);
        let datastore = &model[id];
        let mut names: Vec<Text> = datastore.names.iter().map(compact_str::CompactString::to_lowercase).collect();
        names.extend(datastore.address.rsplit('.').next().map(Text::from));
        if let Some(service) = datastore.service {
            names.extend(names_of(model, service));
        }
        names.retain(|name| !is_generic(name));
        if let Some(engine) = datastore.engine.value() {
            names.extend(engine_names(engine));
        }
        let own = datastore.service.and_then(|service| {
            let pages = model[service].runbooks.iter().map(|page| &model[*page]);
            pages.filter(|page| is_runbook(page)).find(|page| page.sections.iter().any(|section| section == "restore"))
        });
        let found = own.map(|page| page.place.span).or_else(|| mentioned(model, &names, "restore"));
        model[id].restore_procedure = found_or_elsewhere(found, "runbooks", context.external.runbooks.as_ref());
    }
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

/// A runbook with a section of this purpose that mentions one of these names.
fn mentioned(model: &Model, names: &[Text], section: &str) -> Option<Span> {
    let pages = model.runbooks.iter().filter(|page| is_runbook(page) && !page.skeleton.is_true());
    let mut found = pages.filter(|page| {
        names.iter().any(|name| {
            // As commands name it too: `deployment/checkout`.
            ["", "deployment/", "deploy/", "statefulset/", "sts/", "svc/", "service/", "pod/"].iter().any(|kind| {
                let name = compact_str::format_compact!("{kind}{name}");
                page.mentions.binary_search(&Mention { name, section: section.into() }).is_ok()
            })
        })
    });
    found.next().map(|page| page.place.span)
}
