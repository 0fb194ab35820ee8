//! Monitors → the Services and pods that they select, and why some select nothing. Uses `model`.
//!
//! What a monitor selects may be made elsewhere: by an operator, by a chart that is not here, by the cluster itself. So
//! one that selects nothing is only wrong where what it is meant for stands here and differs: a Service of its own name,
//! or of a name that it asks for, with other labels, in another namespace or without the port.

use std::collections::BTreeMap;

use super::index::BySelector;
use super::kubernetes::Selecting;
use super::series::reaches;
use crate::model::kubernetes::{NetworkService, Requirement, Selector};
use crate::model::monitor::Endpoint;
use crate::model::{Fact, Id, Labels, Model, Monitor, Noun, Place, Service, Workload};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// What monitors select.
const SERVICE: &str = "Service";
const POD: &str = "pod";

/// Parts of the names of ports that a mesh adds to pods.
const INJECTED: &[&str] = &["envoy", "istio", "linkerd", "dapr"];

/// Says of every monitor whether it finds what it selects.
pub(super) fn join(model: &mut Model, collected: &Collected) {
    let mut served: BTreeMap<Id<Monitor>, Id<Service>> = BTreeMap::new();
    for (workload, monitors) in collected {
        for monitor in monitors {
            if let Some(service) = model[*workload].service {
                served.entry(*monitor).or_insert(service);
            }
        }
    }
    let shelf = Shelf::new(model);
    let found: Vec<Found> = model.monitors.iter().map(|monitor| shelf.look(monitor)).collect();
    for (index, found) in found.into_iter().enumerate() {
        let id: Id<Monitor> = Id::new(index);
        let monitor = &mut model[id];
        let head = monitor.place.span;
        monitor.service = served.get(&id).copied();
        (monitor.finds, monitor.miss) = match found {
            Found::Unasked => continue,
            Found::Something(span) => (Fact::known(true, span), Fact::absent(head)),
            Found::Perhaps(unknown) => (Fact { span: Some(head), ..Fact::unknown(unknown) }, Fact::absent(head)),
            Found::Nothing { why, at, beside } => {
                let fact = Fact { via: beside.into_iter().collect(), ..Fact::known(Text::from(why), at) };
                (Fact::known(false, at), fact)
            }
        };
    }
}

/// The monitors that find each workload, by the Services in front of it or by its pods.
pub(super) type Collected = BTreeMap<Id<Workload>, Vec<Id<Monitor>>>;

/// Finds them.
pub(super) fn collected(model: &Model, selecting: &Selecting) -> Collected {
    let by_selector = BySelector::new(model.monitors.iter().map(|monitor| &monitor.selector));
    let matching = |labels: &Labels| -> Vec<Id<Monitor>> {
        let candidates = by_selector.candidates(labels).into_iter().map(Id::<Monitor>::new);
        candidates.filter(|id| model[*id].selector.matches(labels)).collect()
    };
    let mut collected = BTreeMap::new();
    for (id, workload) in model.each::<Workload>().filter(|(_, workload)| workload.platform == "kubernetes") {
        let here = |monitor: &Monitor| monitor.place.environment == workload.place.environment;
        let mut monitors: Vec<Id<Monitor>> = Vec::new();
        for service in selecting.services(model, workload) {
            let fits =
                |monitor: &Monitor| monitor.of_services() && reaches(monitor, &service.namespace) && here(monitor);
            monitors.extend(matching(&service.labels).into_iter().filter(|id| fits(&model[*id])));
        }
        let fits = |monitor: &Monitor| monitor.of_pods() && reaches(monitor, &workload.namespace) && here(monitor);
        monitors.extend(matching(&workload.pod_labels).into_iter().filter(|id| fits(&model[*id])));
        if !monitors.is_empty() {
            collected.insert(id, monitors);
        }
    }
    collected
}

/// What a monitor finds.
enum Found {
    /// It selects neither Services nor pods.
    Unasked,
    /// What it selects, here.
    Something(Span),
    /// Maybe something.
    Perhaps(Unknown),
    /// Nothing: why, where it says so, and what it is probably meant for.
    Nothing { why: String, at: Span, beside: Option<Span> },
}

/// Something that may be selected.
struct Target<'m> {
    name: &'m Text,
    kind: &'static str,
    namespace: &'m Fact<Text>,
    labels: &'m Labels,
    place: &'m Place,
    ports: Vec<&'m Text>,
}

impl<'m> Target<'m> {
    fn of_service(service: &'m NetworkService) -> Self {
        Self {
            name: &service.name,
            kind: SERVICE,
            namespace: &service.namespace,
            labels: &service.labels,
            place: &service.place,
            ports: service.ports.iter().map(|port| &port.name).collect(),
        }
    }

    fn of_workload(workload: &'m Workload) -> Self {
        Self {
            name: &workload.plain_name,
            kind: POD,
            namespace: &workload.namespace,
            labels: &workload.pod_labels,
            place: workload.place(),
            ports: workload.ports.iter().map(|(name, _)| name).collect(),
        }
    }

    /// Whether a part of what a monitor may ask of it is not known.
    fn is_vague(&self) -> bool {
        self.namespace.reason().is_some() || self.labels.0.iter().any(|(_, value)| value.reason().is_some())
    }
}

/// What may be selected, found by its labels and its name.
struct Shelf<'m> {
    targets: Vec<Target<'m>>,
    by_label: BTreeMap<(&'static str, &'m Text, &'m Text), Vec<usize>>,
    by_name: BTreeMap<(&'static str, &'m Text), Vec<usize>>,
}

impl<'m> Shelf<'m> {
    fn new(model: &'m Model) -> Self {
        let services = model.kubernetes.services.iter().map(Target::of_service);
        let on_cluster = model.workloads.iter().filter(|workload| workload.platform == "kubernetes");
        let targets: Vec<Target<'m>> = services.chain(on_cluster.map(Target::of_workload)).collect();
        let mut shelf = Self { targets: Vec::new(), by_label: BTreeMap::new(), by_name: BTreeMap::new() };
        for (index, target) in targets.iter().enumerate() {
            for (key, value) in &target.labels.0 {
                if let Some(value) = value.value() {
                    shelf.by_label.entry((target.kind, key, value)).or_default().push(index);
                }
            }
            shelf.by_name.entry((target.kind, target.name)).or_default().push(index);
        }
        shelf.targets = targets;
        shelf
    }

    /// What a monitor selects, wherever it is.
    fn selected(&self, monitor: &Monitor, kind: &'static str) -> Vec<&Target<'m>> {
        let fits = |target: &&Target<'m>| target.kind == kind && monitor.selector.matches(target.labels);
        match monitor.selector.labels.first() {
            Some((key, value)) => {
                let listed = self.by_label.get(&(kind, key, value)).into_iter().flatten();
                listed.filter_map(|index| self.targets.get(*index)).filter(fits).collect()
            }
            None => self.targets.iter().filter(fits).collect(),
        }
    }

    /// What bears the name of a monitor, or a name that it asks for.
    fn meant(&self, monitor: &Monitor, kind: &'static str) -> Vec<&Target<'m>> {
        let asked = monitor.selector.labels.iter().map(|(_, value)| value);
        let mut names: Vec<&Text> = asked.chain([&monitor.plain_name]).collect();
        names.dedup();
        let listed = names.into_iter().filter_map(|name| self.by_name.get(&(kind, name))).flatten();
        listed.filter_map(|index| self.targets.get(*index)).collect()
    }

    fn look(&self, monitor: &Monitor) -> Found {
        let kind = match (monitor.of_services(), monitor.of_pods()) {
            (true, _) => SERVICE,
            (_, true) => POD,
            _ => return Found::Unasked,
        };
        let unsure = |what: String| {
            Found::Perhaps(Unknown::new(what, "audit the rendered manifests as well", monitor.place.span))
        };
        if monitor.selector.uncertain {
            return unsure("a part of its selector is not known".to_owned());
        }
        let here = |target: &&Target<'m>| target.place.environment == monitor.place.environment;
        let reached = |target: &&Target<'m>| reaches(monitor, target.namespace);
        let selected: Vec<&Target<'m>> = self.selected(monitor, kind).into_iter().filter(here).collect();
        let (selected, beyond): (Vec<&Target<'m>>, Vec<&Target<'m>>) = selected.into_iter().partition(reached);
        if let Some(first) = selected.first() {
            let portless = monitor.endpoints.iter().find_map(|endpoint| portless(endpoint, &selected));
            return match portless {
                None => Found::Something(first.place.span),
                Some(found) if selected.iter().any(|target| is_related(monitor, target)) => found,
                Some(_) => unsure(format!("no port of what `{}` selects here is one that it asks for", monitor.name)),
            };
        }
        let meant: Vec<&Target<'m>> = self.meant(monitor, kind).into_iter().filter(here).collect();
        let near = meant.iter().copied().find(|target| reached(target));
        if let Some(vague) = near.filter(|target| target.is_vague()) {
            return unsure(format!("what labels the {} `{}` has is not known", vague.kind, vague.name));
        }
        if let Some(near) = near
            && let Some(why) = differs(&monitor.selector, near)
        {
            return Found::Nothing { why, at: monitor.place.span, beside: Some(near.place.span) };
        }
        let strays = |target: &&&Target<'m>| meant.iter().any(|other| std::ptr::eq(*other, **target));
        if let Some(target) = beyond.iter().find(strays)
            && let (Some(own), Some(namespace)) = (monitor.namespace.value(), target.namespace.value())
        {
            let looked = if monitor.namespaces.is_empty() { own.to_string() } else { monitor.namespaces.join(", ") };
            let (kind, name) = (target.kind, target.name);
            let why = format!("it looks in the namespace {looked}, and the {kind} `{name}` is in {namespace}");
            return Found::Nothing { why, at: monitor.place.span, beside: Some(target.place.span) };
        }
        Found::Perhaps(Unknown::new(
            format!(
                "nothing here has the labels that `{}` selects; what it is for may be made elsewhere",
                monitor.name
            ),
            "audit the chart or the repository that makes it together with this one",
            monitor.place.span,
        ))
    }
}

/// Whether a thing's name is a part of what a monitor asks for, or of its name, or the other way round: what is selected
/// by a label that many things have may not be what it is for.
fn is_related(monitor: &Monitor, target: &Target<'_>) -> bool {
    let asked = monitor.selector.labels.iter().map(|(_, value)| value).chain([&monitor.plain_name]);
    asked.into_iter().any(|name| target.name.contains(name.as_str()) || name.contains(target.name.as_str()))
}

/// The first thing that a selector asks for and a target has not.
fn differs(selector: &Selector, target: &Target<'_>) -> Option<String> {
    let lacking = selector.labels.iter().find(|(key, value)| target.labels.value(key) != Some(value.as_str()));
    let (kind, name) = (target.kind, target.name);
    if let Some((key, value)) = lacking {
        return Some(match target.labels.value(key) {
            Some(own) => format!("it asks for {key}={value}, and the {kind} `{name}` has {key}={own}"),
            None => format!("it asks for {key}={value}, and the {kind} `{name}` has no label {key}"),
        });
    }
    let Requirement { key, operator, values } =
        selector.expressions.iter().find(|requirement| !requirement.matches(target.labels))?;
    let values = values.join(", ");
    Some(format!("it asks for {key} {operator} ({values}), which the {kind} `{name}` does not fulfil"))
}

/// An endpoint whose port none of what is selected has.
fn portless(endpoint: &Endpoint, selected: &[&Target<'_>]) -> Option<Found> {
    let port = endpoint.port.value()?;
    let first = selected.first()?;
    // A port without a name is the only one of its Service; an unnamed one beside others is not known.
    let unread = |target: &&Target<'_>| {
        target.ports.is_empty()
            || target.ports.len() > 1 && target.kind == SERVICE && target.ports.iter().any(|name| name.is_empty())
    };
    let has = |target: &&Target<'_>| target.ports.contains(&port);
    let injected = INJECTED.iter().any(|part| port.contains(part));
    if injected || selected.iter().any(|target| unread(target) || has(target)) {
        return None;
    }
    let mut names: Vec<String> =
        first.ports.iter().filter(|name| !name.is_empty()).map(|name| format!("`{name}`")).collect();
    names.dedup();
    let there =
        if names.is_empty() { "only ports without a name".to_owned() } else { format!("only {}", names.join(", ")) };
    Some(Found::Nothing {
        why: format!("it asks the port `{port}`, and the {} `{}` has {there}", first.kind, first.name),
        at: endpoint.span,
        beside: Some(first.place.span),
    })
}
