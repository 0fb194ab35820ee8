//! Which services there are, and what belongs to them: workloads and datastores first, since they define services.

mod charts;
mod images;
mod selected;
mod uses;

use std::collections::{BTreeMap, BTreeSet};

use self::images::Programs;
use self::selected::Selection;
use self::uses::{resource_of, stores, users};
use super::Context;
use super::names::{beginnings, folders, is_generic, is_role, normal, of_services_folder, parts, stem};
use super::objectives::objective;
use crate::model::{Datastore, Environment, Id, Labels, Member, Model, Noun, Place, Service, Workload};
use crate::tree::Text;

/// Labels that name a service, strongest first. `part-of` is treated apart.
const LABELS: &[&str] =
    &["app.kubernetes.io/name", "app.kubernetes.io/instance", "app", "service", "application", "k8s-app", "name"];

/// Terraform tags that name a service, strongest first.
const TAGS: &[&str] = &[
    "Service",
    "service",
    "ServiceName",
    "service_name",
    "service-name",
    "App",
    "app",
    "Application",
    "application",
    "Component",
    "component",
    "System",
    "system",
    "Product",
    "product",
];

/// Those of them that may name what several services are part of.
const WIDER: &[&str] = &["System", "system", "Product", "product"];

/// Values of such tags that say what made a thing rather than what it is part of.
const MAKERS: &[&str] = &["terraform", "terraform-cloud", "opentofu", "terragrunt", "pulumi"];

/// The tag that names a service, and its value.
pub(super) fn tagged(labels: &Labels) -> Option<(&'static str, &str)> {
    let told = TAGS.iter().find_map(|key| Some((*key, labels.value(key)?)));
    let told = told.map(|(key, value)| (key, own_part(value)));
    told.filter(|(_, value)| !MAKERS.contains(&value.trim().to_ascii_lowercase().replace(' ', "-").as_str()))
}

/// What follows the name of the whole: `Shop Platform: checkout` is checkout.
fn own_part(value: &str) -> &str {
    value.rsplit_once(": ").map_or(value, |(_, own)| own)
}

const PART_OF: &str = "app.kubernetes.io/part-of";

/// A `part-of` that spans more components than this is a platform, not a service.
const MOST_COMPONENTS: usize = 5;

/// Services by name while they are found.
pub(super) struct Register<'c> {
    context: &'c Context<'c>,
    by_name: BTreeMap<Text, Id<Service>>,
    platforms: BTreeSet<Text>,
    /// Charts that several services are made of.
    charts: BTreeSet<Text>,
    /// What entries of catalogues select.
    selections: Vec<Selection>,
    users: BTreeMap<Text, Vec<Id<Workload>>>,
    /// Stacks that are named by a folder that says nothing.
    nameless: BTreeSet<Id<Service>>,
    /// How many services, the first ones, are declared or run something.
    declared_or_running: usize,
}

/// The service something belongs to, and why that is thought.
struct Claim {
    service: Claimed,
    reason: String,
}

enum Claimed {
    /// One that is known already.
    Known(Id<Service>),
    /// One of this name, known or not.
    Named(Text),
    /// A stack of this name, which says nothing of what it is for.
    Nameless(Text),
}

impl<'c> Register<'c> {
    /// Finds the services and gives every workload and datastore its own.
    pub(super) fn fill(model: &mut Model, context: &'c Context<'c>) -> Self {
        let platforms = platforms(model);
        let mut register = Self {
            context,
            by_name: BTreeMap::new(),
            platforms,
            charts: charts::shared(model, context.environments),
            selections: Vec::new(),
            users: users(model),
            nameless: BTreeSet::new(),
            declared_or_running: 0,
        };
        register.declare(model);
        register.take_workloads(model);
        register.declared_or_running = model.services.len();
        register.take_datastores(model);
        register
    }

    fn normal(&self, name: &str) -> Text {
        normal(name, self.context.environments)
    }

    /// The service of a name, if there is one.
    pub(super) fn find(&self, name: &str) -> Option<Id<Service>> {
        self.by_name.get(&self.normal(name)).copied()
    }

    /// The service whose name stands in a longer name, the longest one first.
    pub(super) fn find_within(&self, name: &str) -> Option<Id<Service>> {
        parts(&self.normal(name)).filter(|part| !is_generic(part)).find_map(|part| self.by_name.get(part).copied())
    }

    /// The service whose name a normal name begins with, the longest one first.
    pub(super) fn find_at_start(&self, words: &str) -> Option<Id<Service>> {
        beginnings(words).filter(|part| !is_generic(part)).find_map(|part| self.by_name.get(part).copied())
    }

    /// Whether a folder's name tells what stands in it: it is no generic word and no environment.
    pub(super) fn tells(&self, folder: &str) -> bool {
        !is_generic(&self.normal(folder)) && self.context.environments.of_word(folder).is_none()
    }

    /// The same for the name of an alert, which may begin with a word as plain as `frontend`.
    pub(super) fn find_at_start_of_alert(&self, words: &str) -> Option<Id<Service>> {
        let telling = |part: &&str| !is_generic(part) || is_role(part);
        beginnings(words).filter(telling).find_map(|part| self.by_name.get(part).copied())
    }

    /// Makes another name lead to a service, unless it is taken or says too little.
    pub(super) fn also_called(&mut self, name: &str, service: Id<Service>) {
        let name = self.normal(name);
        if !is_generic(&name) {
            self.by_name.entry(name).or_insert(service);
        }
    }

    fn service(&mut self, model: &mut Model, name: &str) -> Id<Service> {
        let key = self.normal(name);
        if let Some(id) = self.by_name.get(&key) {
            return *id;
        }
        let id = model.add(Service { name: key.clone(), ..Service::default() });
        self.by_name.insert(key, id);
        id
    }

    fn claimed(&mut self, model: &mut Model, claimed: Claimed) -> Id<Service> {
        match claimed {
            Claimed::Known(id) => id,
            Claimed::Named(name) => self.service(model, &name),
            Claimed::Nameless(name) => {
                let known = self.find(&name);
                let id = self.service(model, &name);
                if known.is_none() {
                    self.nameless.insert(id);
                }
                id
            }
        }
    }

    /// Services that configuration and catalogues declare.
    fn declare(&mut self, model: &mut Model) {
        for declared in self.context.services {
            let id = self.service(model, &declared.name);
            let service = &mut model[id];
            service.name.clone_from(&declared.name);
            service.declared = true;
            service.place.span = declared.span;
            service.place.path.clone_from(&declared.path);
            service.tier = declared.tier.clone();
            service.owner = declared.owner.clone();
            service.rpo_minutes = declared.rpo_minutes.clone();
            service.rto_minutes = declared.rto_minutes.clone();
            service.aliases.clone_from(&declared.aliases);
            for alias in &declared.aliases {
                let alias = self.normal(alias);
                self.by_name.insert(alias, id);
            }
        }
        for entry in model.catalogue.clone() {
            let Some(name) = entry.name.value() else { continue };
            if entry.place.library || !entry.place.environment.production {
                continue;
            }
            let known = self.find(name);
            let id = self.service(model, name);
            if let Some(alias) = entry.annotations.value("backstage.io/kubernetes-id") {
                self.also_called(alias, id);
            }
            self.selections.extend(Selection::of(&entry.annotations, id));
            let service = &mut model[id];
            if known.is_none() {
                service.place = entry.place.clone();
            }
            service.declared = true;
            if service.owner.is_absent() {
                service.owner = entry.owner.clone();
            }
            if service.tier.is_absent() {
                service.tier = entry.tier.clone();
            }
            if service.rpo_minutes.is_absent() {
                service.rpo_minutes = objective(&entry.annotations, "rpo");
            }
            if service.rto_minutes.is_absent() {
                service.rto_minutes = objective(&entry.annotations, "rto");
            }
        }
    }

    fn take_workloads(&mut self, model: &mut Model) {
        // What keeps the data of one service, or works for one now and then, is rather a part of it than one itself: it
        // comes after those it may belong to.
        let stores = stores(model);
        let rank = |id: &Id<Workload>| (model[*id].is_job(), stores.contains(id));
        let mut ids: Vec<Id<Workload>> = (0..model.workloads.len()).map(Id::new).collect();
        ids.sort_by_key(rank);
        let mut programs = None;
        for id in ids {
            if model[id].is_job() && programs.is_none() {
                programs = Some(Programs::of(model));
            }
            let claim = self.claim_store(model, id, &stores);
            let claim = claim.unwrap_or_else(|| self.claim_workload(model, &model[id], programs.as_ref()));
            let service = self.claimed(model, claim.service);
            model[id].service = Some(service);
            for container in model[id].containers.clone() {
                model[container].service = Some(service);
            }
            join(model, service, id, claim.reason);
        }
        for index in 0..model.workloads.len() {
            let workload = &model.workloads[index];
            if let Some(service) = workload.service {
                let name = workload.plain_name.clone();
                self.also_called(&name, service);
            }
        }
    }

    /// A database in the cluster belongs to the one service whose environment names it, unless it says itself what it
    /// is part of.
    fn claim_store(&self, model: &Model, id: Id<Workload>, stores: &BTreeSet<Id<Workload>>) -> Option<Claim> {
        let workload = &model[id];
        let declared = || self.context.services.iter().any(|it| it.paths.is_match(workload.place.path.as_str()));
        let said = || [&workload.pod_labels, &workload.labels].iter().any(|labels| labels.value(PART_OF).is_some());
        if !stores.contains(&id) || declared() || said() || self.find(&workload.plain_name).is_some() {
            return None;
        }
        let users = self.users.get(&workload.plain_name.to_ascii_lowercase())?;
        let same = |user: &&Id<Workload>| **user != id && model[**user].namespace.value() == workload.namespace.value();
        let (service, user, _) = most(users.iter().copied().filter(|user| same(&user)), model)?;
        let reason = format!("{} names it in its environment", model[user].name);
        Some(Claim { service: Claimed::Known(service), reason })
    }

    /// `programs`: what runs on, once all of that has its service.
    fn claim_workload(&self, model: &Model, workload: &Workload, programs: Option<&Programs>) -> Claim {
        let by_path =
            self.context.services.iter().find(|declared| declared.paths.is_match(workload.place.path.as_str()));
        if let Some(declared) = by_path {
            return Claim {
                service: Claimed::Named(declared.name.clone()),
                reason: "its path, as twoam.toml says".into(),
            };
        }
        if let Some(selection) = self.selections.iter().find(|selection| selection.has(workload)) {
            let reason = format!("the selector {} of its entry in the catalogue", selection.selector);
            return Claim { service: Claimed::Known(selection.service), reason };
        }
        let label = |key: &str| {
            let value = own_part(workload.label(key)?);
            Some(value).filter(|_| key != charts::NAME || !self.charts.contains(value))
        };
        let declared = [PART_OF].iter().chain(LABELS).filter_map(|key| Some((*key, label(key)?)));
        for (key, value) in declared.chain([("name", workload.plain_name.as_str())]) {
            if let Some(id) = self.find(value)
                && !self.platforms.contains(&self.normal(value))
            {
                let reason = if key == "name" { format!("its name {value}") } else { format!("label {key}={value}") };
                return Claim { service: Claimed::Known(id), reason };
            }
        }
        if workload.is_job()
            && let Some(id) = self.find_within(&workload.plain_name)
        {
            return Claim { service: Claimed::Known(id), reason: format!("its name {}", workload.plain_name) };
        }
        let program = programs.filter(|_| workload.is_job()).and_then(|programs| programs.service(model, workload));
        if let Some((id, image)) = program {
            return Claim { service: Claimed::Known(id), reason: format!("its image {image}") };
        }
        if let Some(value) = label(PART_OF).filter(|value| !self.platforms.contains(&self.normal(value))) {
            return Claim { service: Claimed::Named(value.into()), reason: format!("label {PART_OF}={value}") };
        }
        if let Some((key, value)) = LABELS.iter().find_map(|key| Some((*key, label(key).filter(|v| !v.is_empty())?))) {
            return Claim { service: Claimed::Named(value.into()), reason: format!("label {key}={value}") };
        }
        if let Some((key, value)) = tagged(&workload.labels) {
            return Claim { service: Claimed::Named(value.into()), reason: format!("tag {key}={value}") };
        }
        // A release has a name of its own, and often stands in the folder of its namespace.
        let folder = of_services_folder(&workload.place.path).filter(|_| workload.unread.is_none());
        if let Some(folder) = folder.or_else(|| self.stack_of(workload)) {
            return Claim { service: Claimed::Named(folder.into()), reason: format!("folder {folder}/") };
        }
        Claim { service: Claimed::Named(workload.plain_name.clone()), reason: "its own name".into() }
    }

    /// The stack whose part something in Terraform is by its folder: functions are parts of what stands beside them,
    /// and `docs-web` in `docs/` is the web server of `docs`.
    fn stack_of<'w>(&self, workload: &'w Workload) -> Option<&'w str> {
        let is_function = matches!(workload.platform.as_str(), "lambda" | "cloud-functions");
        if !is_function && !matches!(workload.platform.as_str(), "ecs" | "cloud-run" | "container-apps") {
            return None;
        }
        let folder = folders(&workload.place.path).find(|folder| self.tells(folder))?;
        let name = self.normal(&workload.plain_name);
        let begins = name.strip_prefix(self.normal(folder).as_str()).is_some_and(|rest| rest.starts_with('-'));
        (is_function || begins).then_some(folder)
    }

    fn take_datastores(&mut self, model: &mut Model) {
        for index in 0..model.datastores.len() {
            let id: Id<Datastore> = Id::new(index);
            if let Some(workload) = model[id].workload
                && let Some(service) = model[workload].service
            {
                let reason = format!("the data of {}", model[workload].name);
                model[id].service = Some(service);
                join(model, service, id, reason);
                continue;
            }
            let claim = self.claim_datastore(model, &model[id]);
            let service = self.claimed(model, claim.service);
            model[id].service = Some(service);
            join(model, service, id, claim.reason);
        }
    }

    fn claim_datastore(&self, model: &Model, datastore: &Datastore) -> Claim {
        let path = datastore.place.path.as_str();
        if let Some(declared) = self.context.services.iter().find(|declared| declared.paths.is_match(path)) {
            return Claim {
                service: Claimed::Named(declared.name.clone()),
                reason: "its path, as twoam.toml says".into(),
            };
        }
        if let Some((key, value)) = tagged(&datastore.tags) {
            // One tag on all databases of a platform says less than what each is called.
            if WIDER.contains(&key)
                && !self.find(value).is_some_and(|id| self.runs(id))
                && let Some((name, id)) = self.begun_with(datastore)
            {
                return Claim { service: Claimed::Known(id), reason: format!("its name {name}") };
            }
            return Claim { service: Claimed::Named(value.into()), reason: format!("tag {key}={value}") };
        }
        let name = || datastore.tags.value(charts::NAME).filter(|name| !self.charts.contains(*name));
        if let Some(value) = datastore.tags.value(PART_OF).or_else(name) {
            return Claim { service: Claimed::Named(value.into()), reason: format!("label {value}") };
        }
        let address = datastore.address.rsplit('.').next().unwrap_or_default();
        let by_name = || {
            let mut names = datastore.names.iter().map(Text::as_str).chain([address]);
            names.find_map(|name| Some((name, self.find(name).or_else(|| self.find_within(name))?)))
        };
        // A job that dumps what stands elsewhere names it without being what uses it.
        let first = by_name().filter(|_| datastore.platform == "elsewhere");
        if let Some((id, workload)) = self.used_by(model, datastore).filter(|_| first.is_none()) {
            return Claim { service: Claimed::Known(id), reason: format!("{workload} names it in its environment") };
        }
        if let Some((name, id)) = first.or_else(by_name) {
            return Claim { service: Claimed::Known(id), reason: format!("its name {name}") };
        }
        if let Some(id) = self.find(stem(path)) {
            return Claim { service: Claimed::Known(id), reason: format!("its file {}", stem(path)) };
        }
        if let Some(folder) =
            folders(path).find(|folder| !is_generic(&self.normal(folder)) && self.find(folder).is_some())
        {
            return Claim { service: Claimed::Named(folder.into()), reason: format!("its folder {folder}/") };
        }
        if let Some(folder) = folders(path).find(|folder| self.tells(folder)) {
            return Claim { service: Claimed::Named(folder.into()), reason: format!("its folder {folder}/") };
        }
        // A stack of which nothing says more stands for itself: its datastores are not a service each.
        if let Some(folder) = folders(path).find(|folder| self.context.environments.of_word(folder).is_none()) {
            return Claim { service: Claimed::Nameless(folder.into()), reason: format!("its folder {folder}/") };
        }
        let name = datastore.names.first().filter(|name| !name.is_empty()).cloned();
        Claim { service: Claimed::Named(name.unwrap_or_else(|| datastore.name.clone())), reason: "its own name".into() }
    }

    /// The service that is declared or runs, and whose name one of the datastore's names begins with.
    fn begun_with<'d>(&self, datastore: &'d Datastore) -> Option<(&'d Text, Id<Service>)> {
        let begun = |name: &'d Text| Some((name, self.find_at_start(&self.normal(name)).filter(|id| self.runs(*id))?));
        datastore.names.iter().find_map(begun)
    }

    /// Whether a service is declared, or runs something; the others only keep data.
    fn runs(&self, service: Id<Service>) -> bool {
        service.index() < self.declared_or_running
    }

    /// The service of a workload whose environment names the datastore.
    fn used_by(&self, model: &Model, datastore: &Datastore) -> Option<(Id<Service>, Text)> {
        let names = datastore.names.iter().filter(|name| !is_generic(name));
        let names = names.map(compact_str::CompactString::to_lowercase);
        let users = names.chain(resource_of(&datastore.address)).filter_map(|name| self.users.get(&name)).flatten();
        let (service, user, alone) = most(users.copied(), model)?;
        // An address of Terraform's leads to all instances of a resource, each of which may be another service's.
        (alone || datastore.address.is_empty()).then(|| (service, model[user].name.clone()))
    }
}

/// The service that most of some workloads are of, the first of them, and whether they are all of it. Several services
/// that share a database alike say nothing of whose it is.
fn most(users: impl Iterator<Item = Id<Workload>>, model: &Model) -> Option<(Id<Service>, Id<Workload>, bool)> {
    let mut votes: BTreeMap<Id<Service>, BTreeSet<Id<Workload>>> = BTreeMap::new();
    for user in users {
        if let Some(service) = model[user].service {
            votes.entry(service).or_default().insert(user);
        }
    }
    let most = votes.values().map(BTreeSet::len).max()?;
    let mut first = votes.iter().filter(|(_, users)| users.len() == most);
    let (service, users) = first.next()?;
    let is_most = first.next().is_none();
    users.first().filter(|_| is_most).map(|user| (*service, *user, votes.len() == 1))
}

/// Values of `part-of` that span so many components that they name a platform.
fn platforms(model: &Model) -> BTreeSet<Text> {
    let mut components: BTreeMap<Text, BTreeSet<Text>> = BTreeMap::new();
    for workload in &model.workloads {
        if let Some(part_of) = workload.label(PART_OF) {
            let component = workload.label(charts::NAME).unwrap_or(&workload.plain_name);
            components.entry(part_of.to_ascii_lowercase().into()).or_default().insert(component.into());
        }
    }
    components.into_iter().filter(|(_, parts)| parts.len() > MOST_COMPONENTS).map(|(name, _)| name).collect()
}

/// Adds a noun to the members of a service.
pub(super) fn join<T: Noun>(model: &mut Model, service: Id<Service>, id: Id<T>, linked_by: String) {
    let noun = &model[id];
    let member = Member { kind: T::described().name, name: noun.name().into(), place: noun.place().clone(), linked_by };
    model[service].members.push(member);
}

/// Where a service is anchored, and what it is made of, once its members are known.
pub(super) fn settle(model: &mut Model, register: &Register<'_>) {
    let stores = stores(model);
    let mut workloads: Vec<Vec<Id<Workload>>> = vec![Vec::new(); model.services.len()];
    let mut datastores: Vec<Vec<Id<Datastore>>> = vec![Vec::new(); model.services.len()];
    for (id, workload) in model.each::<Workload>() {
        if let Some(list) = workload.service.and_then(|service| workloads.get_mut(service.index())) {
            list.push(id);
        }
    }
    for (id, datastore) in model.each::<Datastore>() {
        if let Some(list) = datastore.service.and_then(|service| datastores.get_mut(service.index())) {
            list.push(id);
        }
    }
    for (index, (workloads, datastores)) in workloads.into_iter().zip(datastores).enumerate() {
        let id: Id<Service> = Id::new(index);
        let judged = |place: &Place| place.environment.production && !place.library;
        // Where it is anchored: at what certainly runs, and of several renderings at the one whose path is shortest.
        let rank = |place: &&Place| (place.doubt.is_some(), place.path.matches('/').count());
        let places = |scales: bool| {
            let running = workloads.iter().map(|id| &model[*id]).filter(move |workload| workload.scales || !scales);
            running.map(|workload| &workload.place).filter(|place| judged(place)).min_by_key(rank)
        };
        let any_workload = places(false);
        // Of its stores one that answers somebody, rather than the cache of a build.
        let answers = |datastore: &&Datastore| {
            matches!(datastore.kind.as_str(), "database" | "warehouse" | "search" | "file-system")
                && judged(&datastore.place)
                && !datastore.disposable.is_true()
                && !datastore.replica.is_true()
        };
        let kept = || datastores.iter().map(|id| &model[*id]);
        let answering = kept().filter(answers).map(|datastore| &datastore.place).min_by_key(rank);
        let any_datastore = answering
            .or_else(|| kept().map(|datastore| &datastore.place).filter(|place| judged(place)).min_by_key(rank));
        // There is a service as soon as one of its members certainly is.
        let certain = [any_workload, any_datastore].into_iter().flatten().any(|place| place.doubt.is_none());
        let mut anchor = places(true).or(any_workload).or(any_datastore).cloned();
        if let Some(anchor) = anchor.as_mut().filter(|_| certain) {
            anchor.doubt = None;
        }
        // A Job runs once, and what is switched off does not run: nothing is left to page for, or to roll back.
        let deployable = workloads.iter().any(|id| {
            let workload = &model[*id];
            judged(&workload.place)
                && workload.kind != "Job"
                && !workload.off
                && !workload.helper
                && !stores.contains(id)
        });
        // A bucket, a queue or a disk by itself answers nobody: it is judged, but there is no service to page for.
        let holds_data = !register.nameless.contains(&id) && answering.is_some();
        let first_member = model[id].members.first().map(|member| member.place.clone());
        let service = &mut model[id];
        match (anchor, first_member) {
            (Some(place), _) => service.place = place,
            (None, Some(place)) if !service.declared => service.place = place,
            _ => {}
        }
        if service.declared {
            service.place.library = false;
            service.place.doubt = None;
            service.place.environment = Environment::default();
        }
        service.workloads = workloads;
        service.datastores = datastores;
        service.deployable = deployable;
        service.holds_data = holds_data;
    }
}
