//! Evaluated Terraform → facts. Uses `resolve::terraform`, `model` and the table `terraform/providers.toml`, which
//! holds what is known of providers: attribute names, what an absent one means, and where that is documented.

mod abroad;
mod alarms;
mod backups;
mod certificates;
mod containers;
mod dashboards;
mod datastores;
mod denied;
mod deployments;
mod events;
mod experiments;
mod fronts;
mod grafana;
mod logs;
mod notices;
mod objectives;
mod oncall;
mod pools;
mod probes;
mod providers;
mod public;
mod queues;
mod reading;
mod receivers;
mod releases;
mod restore_tests;
mod rule_groups;
mod sites;
mod teams;
mod unread;
mod workloads;

use std::collections::BTreeSet;

use crate::extract::Facts;
use crate::model::{Fact, Home, Labels, Place, State};
use crate::resolve::terraform::{Mode, Resolved, Resource, Root, points_at};
use crate::source::Span;
use crate::tree::{Node, Text, Unknown};

/// Adds what the resources of every root say.
pub fn extract(resolved: &Resolved, facts: &mut Facts) {
    facts.model.gaps.extend(resolved.gaps.iter().cloned());
    facts.problems.extend(resolved.problems.iter().cloned());
    let mut seen = Seen::default();
    let abroad = abroad::Abroad::new(resolved);
    let fronts = fronts::Fronts::new(resolved);
    for root in &resolved.roots {
        let ground = Ground { root, abroad: &abroad };
        datastores::extract(ground, &mut seen, facts);
        backups::extract(ground, resolved, &mut seen, facts);
        restore_tests::extract(ground, &mut seen, facts);
        workloads::extract(ground, &fronts, &mut seen, facts);
        deployments::extract(ground, &mut seen, facts);
        releases::extract(ground, &mut seen, facts);
        pools::extract(ground, &mut seen, facts);
        alarms::extract(ground, &mut seen, facts);
        receivers::extract(ground, &mut seen, facts);
        oncall::extract(ground, &mut seen, facts);
        grafana::extract(ground, &mut seen, facts);
        rule_groups::extract(ground, &mut seen, facts);
        experiments::extract(ground, &mut seen, facts);
        dashboards::extract(ground, &mut seen, facts);
        notices::extract(ground, facts);
        probes::extract(ground, facts);
        teams::extract(ground, facts);
        queues::extract(ground, &mut seen, facts);
        certificates::extract(ground, &mut seen, facts);
        logs::extract(ground, &mut seen, facts);
        objectives::extract(ground, &mut seen, facts);
    }
    backups::tags(resolved, facts);
}

/// What was extracted already. One module applied by several units of an environment (Terragrunt) gives the same
/// resource several times; the same thing, of the same environment and with the same facts, is said once.
#[derive(Default)]
struct Seen(BTreeSet<(Text, Span, Text, bool, String)>);

impl Seen {
    fn first(&mut self, name: &Text, place: &Place, told: String) -> bool {
        self.0.insert((name.clone(), place.span, place.environment.name.clone(), place.doubt.is_some(), told))
    }
}

/// A root, how its resources refer to each other, and what of other roots refers to them.
#[derive(Clone, Copy)]
struct Ground<'a> {
    root: &'a Root,
    abroad: &'a abroad::Abroad<'a>,
}

impl<'a> Ground<'a> {
    /// Managed resources of a type.
    fn of_type(self, kind: &'a str) -> impl Iterator<Item = &'a Resource> {
        let managed = |resource: &&Resource| resource.mode == Mode::Managed;
        self.root.resources.iter().filter(managed).filter(move |resource| resource.type_name == kind)
    }

    /// The place of a resource.
    fn place(self, resource: &Resource) -> Place {
        Place {
            span: resource.head,
            path: resource.path.clone(),
            environment: resource.environment.clone(),
            library: self.root.library,
            shared: resource.shared.clone(),
            root: self.root.directory.clone(),
            doubt: resource.uncertain.clone().map(Box::new),
        }
    }

    /// Where a resource is made.
    fn home(self, kind: &str, provider: &str) -> Home {
        let family = kind.split('_').next().unwrap_or(kind);
        let mut all = self.root.providers.iter().filter(|it| it.provider == family);
        let alias = provider.split_once('.').map_or("", |(_, alias)| alias);
        all.find(|it| it.alias == alias).map(|it| it.home.clone()).unwrap_or_default()
    }

    /// Tags or labels: the provider's defaults, overridden by its own.
    fn tags(self, kind: &str, provider: &str, body: &Node) -> Labels {
        let family = kind.split('_').next().unwrap_or(kind);
        let alias = provider.split_once('.').map_or("", |(_, alias)| alias);
        let defaults =
            self.root.providers.iter().find(|defaults| defaults.provider == family && defaults.alias == alias);
        let mut tags = Labels::read(defaults.map(|defaults| &defaults.tags));
        for name in ["tags", "labels", "user_labels"] {
            for (key, value) in Labels::read(body.get(name)).0 {
                tags.0.retain(|(known, _)| *known != key);
                tags.0.push((key, value));
            }
        }
        tags
    }
}

/// Whether Terraform leaves any of these attributes to others once the resource is made.
fn leaves(resource: &Resource, attributes: &[&str]) -> bool {
    resource.ignored.iter().any(|name| name == "all" || attributes.contains(&name.as_str()))
}

/// Whether a resource refers to an address in an attribute.
fn refers_to(resource: &Resource, attribute: &str, address: &str) -> bool {
    resource.refers(attribute).any(|reference| points_at(reference, address))
}

/// The fact of an attribute, absent at the head of its block when it is not set.
fn fact<T>(resource: &Resource, path: &str, read: impl FnOnce(&Node) -> Option<T>) -> Fact<T> {
    match resource.at(path).filter(|node| !node.is_null()) {
        Some(node) => Fact::read(node, read),
        None => Fact::absent(resource.head),
    }
}

/// A string attribute.
fn text(resource: &Resource, path: &str) -> Fact<Text> {
    fact(resource, path, Node::scalar)
}

/// A boolean attribute; `"true"` counts.
fn switch(resource: &Resource, path: &str) -> Fact<bool> {
    fact(resource, path, reading::as_bool)
}

/// A whole number; `"3"` counts.
fn whole(resource: &Resource, path: &str) -> Fact<i64> {
    #[allow(clippy::cast_possible_truncation, reason = "counts are small")]
    fact(resource, path, |node| reading::as_number(node).map(|number| number as i64))
}

/// A known fact of something that may not be made at all is not known.
fn doubt<T>(fact: Fact<T>, uncertain: Option<&Unknown>) -> Fact<T> {
    match (uncertain, fact.state) {
        (Some(unknown), State::Known(_)) => {
            Fact { state: State::Unknown(unknown.clone()), span: fact.span, via: fact.via }
        }
        (_, state) => Fact { state, span: fact.span, via: fact.via },
    }
}

/// What an attribute names: the addresses it refers to, and the literals in it.
fn named(resource: &Resource, attribute: &str) -> Vec<Fact<Text>> {
    let span = resource.at(attribute).map_or(resource.head, |node| node.span);
    let mut names: Vec<Fact<Text>> =
        resource.refers(attribute).map(|address| Fact::known(Text::from(address), span)).collect();
    if let Some(node) = resource.at(attribute) {
        let items = match node.items() {
            [] => std::slice::from_ref(node),
            items => items,
        };
        for item in items.iter().filter(|item| !item.is_null()) {
            let read = Fact::read(item, Node::scalar);
            // What refers to a resource is named by its address already.
            let joined = read.reason().is_some_and(|unknown| !unknown.is_from_elsewhere()) && !names.is_empty();
            if !joined && !read.is_absent() {
                names.push(read);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests;
