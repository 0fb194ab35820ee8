//! Routing trees as files declare them → the routes and receivers of whole configurations.
//!
//! The operator of Prometheus adds every `AlertmanagerConfig` as a route below the root of the whole configuration,
//! before its own routes: it asks for the object's namespace first, and lets later routes be asked as well. One that an
//! `Alertmanager` names as `alertmanagerConfiguration` is the whole configuration itself.
//! <https://prometheus-operator.dev/docs/developer/alerting/>

use std::collections::{BTreeMap, BTreeSet};

use super::{loaded, reach_of};
use crate::model::kubernetes::KUSTOMIZATIONS;
use crate::model::matching::{LabelMatcher, Operator};
use crate::model::routing::{Branch, Interval, Reach, Tree};
use crate::model::{Fact, Id, Model, Place, Receiver, Route, Routing};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// Makes the routings of a model.
pub(super) fn compose(model: &mut Model) {
    let declared = once(std::mem::take(&mut model.routing.trees));
    let globals: BTreeSet<Text> =
        model.routing.alertmanagers.iter().filter_map(|alertmanager| alertmanager.global.clone()).collect();
    let free = model.routing.alertmanagers.iter().any(|alertmanager| alertmanager.strategy.as_deref() == Some("None"));
    let is_whole = |tree: &Tree| tree.part.as_ref().is_none_or(|part| globals.contains(&part.name));
    let (whole, parts): (Vec<Tree>, Vec<Tree>) = declared.into_iter().partition(is_whole);
    let mut of_environment: BTreeMap<Text, Vec<Tree>> = BTreeMap::new();
    let alertmanagers = std::mem::take(&mut model.routing.alertmanagers);
    for mut part in parts {
        match loaded::is_loaded(&part, &alertmanagers) {
            Ok(true) => {}
            // Nothing leads to the receivers of what no Alertmanager loads.
            Ok(false) => {
                declare(model, &part);
                continue;
            }
            Err(unknown) => part.root.unreadable = part.root.unreadable.take().or(Some(unknown)),
        }
        of_environment.entry(part.place.environment.name.clone()).or_default().push(part);
    }
    model.routing.alertmanagers = alertmanagers;
    for tree in whole {
        // Parts go to the one whole configuration that the operator reads.
        let own = if tree.operated { of_environment.remove(&tree.place.environment.name) } else { None };
        add(model, &tree, own.unwrap_or_default(), free, None);
    }
    for parts in of_environment.into_values() {
        let Some(first) = parts.first() else { continue };
        let reason =
            "the configuration that the operator adds AlertmanagerConfig objects to is not in the audited roots";
        let base = Unknown::new(reason, "audit it together with this", first.place.span);
        let root = Branch { span: first.place.span, receiver: Fact::unknown(base.clone()), ..Branch::default() };
        let tree = Tree {
            name: first.name.clone(),
            source: first.source.clone(),
            place: first.place.clone(),
            root,
            ..Tree::default()
        };
        add(model, &tree, parts, free, Some(&base));
    }
}

/// The trees, without those that a kustomization packs into a Secret or a `ConfigMap` from a file that is read by itself:
/// there every line has its place.
fn once(declared: Vec<Tree>) -> Vec<Tree> {
    let in_own_file = |tree: &Tree| !KUSTOMIZATIONS.contains(&tree.name.as_str());
    let names = |tree: &Tree| tree.receivers.iter().map(|receiver| receiver.plain_name.clone()).collect::<Vec<_>>();
    let (mut own, packed): (Vec<Tree>, Vec<Tree>) = declared.into_iter().partition(in_own_file);
    let mut others = Vec::new();
    for tree in packed {
        let same = own.iter_mut().find(|file| {
            tree.part.is_none()
                && file.place.span.source == tree.place.span.source
                && file.place.environment == tree.place.environment
                && names(file) == names(&tree)
        });
        match same {
            Some(file) => file.operated |= tree.operated,
            None => others.push(tree),
        }
    }
    own.into_iter().chain(others).collect()
}

/// Adds one configuration with the parts that the operator adds to it.
fn add(model: &mut Model, tree: &Tree, parts: Vec<Tree>, free: bool, base: Option<&Unknown>) {
    let routing = model.add(Routing {
        name: tree.name.clone(),
        place: tree.place.clone(),
        source: tree.source.clone(),
        base: base.cloned(),
        ..Routing::default()
    });
    let receivers = if tree.source == "grafana" { contact_points(model, tree) } else { declare(model, tree) };
    let mut making = Making { model, routing };
    let root = making.route(
        &tree.root,
        None,
        None,
        &Ground { receivers: &receivers, intervals: &tree.intervals, place: &tree.place },
    );
    let mut children = Vec::new();
    for mut part in parts {
        let receivers = declare(making.model, &part);
        narrow(&mut part, free);
        let ground = Ground { receivers: &receivers, intervals: &part.intervals, place: &part.place };
        children.push(making.route(&part.root, Some(root), making.model[root].receiver, &ground));
        making.model.inhibitions.extend(part.inhibitions);
    }
    let own = std::mem::take(&mut making.model[root].children);
    making.model[root].children = children.into_iter().chain(own).collect();
    let model = making.model;
    model.inhibitions.extend(tree.inhibitions.iter().cloned());
    let own = || model.routes.iter().filter(|route| route.routing == Some(routing));
    let in_use: BTreeSet<Id<Receiver>> = own().filter_map(|route| route.receiver).collect();
    let elsewhere = own().find_map(|route| route.elsewhere.clone());
    shade(model, root);
    let strongest = |wanted: fn(Reach) -> bool| {
        let reached = in_use.iter().find(|id| reach_of(&model[**id]).is_ok_and(wanted));
        let unread = in_use.iter().find_map(|id| reach_of(&model[*id]).err()).or(base).or(elsewhere.as_ref());
        match (reached, unread) {
            (Some(id), _) => Fact::known(true, model[*id].place.span),
            (None, Some(unknown)) => Fact { span: Some(tree.place.span), ..Fact::unknown(unknown.clone()) },
            (None, None) => Fact::known(false, tree.place.span),
        }
    };
    let (calls_somebody, has_pager) =
        (strongest(|reach| reach != Reach::Nothing), strongest(|reach| reach == Reach::Pager));
    let made = &mut model[routing];
    made.root = Some(root);
    made.calls_somebody = calls_somebody;
    made.has_pager = has_pager;
}

/// Adds the receivers of a tree; of two with one name the first counts.
fn declare(model: &mut Model, tree: &Tree) -> BTreeMap<Text, Id<Receiver>> {
    let mut ids = BTreeMap::new();
    for receiver in &tree.receivers {
        let id = model.add(receiver.clone());
        ids.entry(receiver.plain_name.clone()).or_insert(id);
    }
    ids
}

/// Grafana's contact points by name and by address: they are declared beside the policies.
fn contact_points(model: &Model, tree: &Tree) -> BTreeMap<Text, Id<Receiver>> {
    let points = model
        .each::<Receiver>()
        .filter(|(_, receiver)| receiver.source == "grafana" && receiver.place.environment == tree.place.environment);
    let mut ids = BTreeMap::new();
    for (id, point) in points {
        for name in [&point.plain_name, &point.address] {
            if !name.is_empty() {
                ids.entry(name.clone()).or_insert(id);
            }
        }
    }
    ids
}

/// What the operator does to the root of an `AlertmanagerConfig`.
fn narrow(tree: &mut Tree, free: bool) {
    let Some(part) = &tree.part else { return };
    let span = part.namespace.span.unwrap_or(tree.place.span);
    tree.root.continues = true;
    match part.namespace.value() {
        _ if free => {}
        Some(namespace) => {
            tree.root.matchers.insert(0, LabelMatcher::new("namespace", Operator::Equal, namespace.clone(), span));
        }
        None => {
            let reason = format!("the namespace of AlertmanagerConfig/{} is not written in it", part.name);
            tree.root.unreadable.get_or_insert(Unknown::new(reason, "audit the rendered manifests as well", span));
        }
    }
}

/// What a route's names mean.
struct Ground<'t> {
    receivers: &'t BTreeMap<Text, Id<Receiver>>,
    intervals: &'t [Interval],
    place: &'t Place,
}

struct Making<'m> {
    model: &'m mut Model,
    routing: Id<Routing>,
}

impl Making<'_> {
    /// Adds a route and those below it; nesting is bounded by the parser.
    fn route(
        &mut self,
        branch: &Branch,
        parent: Option<Id<Route>>,
        inherited: Option<Id<Receiver>>,
        ground: &Ground<'_>,
    ) -> Id<Route> {
        let (receiver, elsewhere) = match (branch.receiver.value(), branch.receiver.reason()) {
            (Some(name), _) if !name.is_empty() => {
                let reason = || format!("the receiver `{name}` is not declared here");
                let missing = || Unknown::new(reason(), "audit the whole configuration", branch.receiver.span);
                let id = ground.receivers.get(name).copied();
                (id, id.is_none().then(missing))
            }
            (_, Some(unknown)) => (None, Some(unknown.clone())),
            _ => (
                inherited,
                parent.and_then(|parent| self.model[parent].elsewhere.clone()).filter(|_| inherited.is_none()),
            ),
        };
        let matchers = crate::model::routing::shown(&branch.matchers);
        let id = self.model.add(Route {
            name: matchers.clone(),
            place: Place { span: branch.span, ..ground.place.clone() },
            routing: Some(self.routing),
            matchers,
            receiver,
            muted: muted(branch, ground.intervals),
            muted_at_times: !branch.mute.is_empty() || !branch.active.is_empty(),
            root: parent.is_none(),
            by_name: branch
                .matchers
                .iter()
                .any(|matcher| matcher.label == "alertname" && !matcher.operator.is_negative()),
            tests: branch.matchers.clone(),
            unreadable: branch.unreadable.clone(),
            continues: branch.continues,
            parent,
            elsewhere,
            ..Route::default()
        });
        let children = branch.routes.iter().map(|below| self.route(below, Some(id), receiver, ground)).collect();
        self.model[id].children = children;
        id
    }
}

/// Whether a route is muted by an interval that is all of the time.
fn muted(branch: &Branch, intervals: &[Interval]) -> Fact<bool> {
    let always = |(name, _): &&(Text, Span)| intervals.iter().any(|interval| interval.name == *name && interval.always);
    match branch.mute.iter().find(always) {
        Some((_, span)) => Fact::known(true, *span),
        None => Fact::known(false, branch.span),
    }
}

/// What to say of a matcher whose operator was lost.
const UNTYPED: &str =
    " (a `matchType` of it is empty, which means `=`: to YAML, `!=` and `!~` without quotes are tags)";

/// How many pairs of siblings are compared at most; a tree with more is not searched for what hides what.
const MOST_PAIRS: usize = 4_000_000;

/// Says of every route below a root whether some alert can reach it.
fn shade(model: &mut Model, root: Id<Route>) {
    let mut pairs = MOST_PAIRS;
    let mut open = vec![(root, Vec::<LabelMatcher>::new())];
    model[root].reachable = Fact::known(true, model[root].place.span);
    while let Some((id, above)) = open.pop() {
        let children = model[id].children.clone();
        for (index, child) in children.iter().enumerate() {
            let all: Vec<LabelMatcher> = above.iter().chain(&model[*child].tests).cloned().collect();
            pairs = pairs.saturating_sub(index + all.len());
            let shadow = if pairs == 0 { None } else { shadow_of(model, &children[..index], &all) };
            let span = model[*child].place.span;
            // What stands below an unreachable route is not said again.
            if let Some((span_of, mut words)) = shadow {
                if model[*child].tests.iter().any(|test| test.untyped) {
                    words.push_str(UNTYPED);
                }
                let route = &mut model[*child];
                route.reachable = Fact { via: vec![span_of], ..Fact::known(false, span) };
                route.shadow = Fact::known(words, span_of);
            } else {
                model[*child].reachable = Fact::known(true, span);
                open.push((*child, all));
            }
        }
    }
}

/// The earlier sibling that takes all a route would match, or the matchers that contradict each other.
fn shadow_of(model: &Model, earlier: &[Id<Route>], all: &[LabelMatcher]) -> Option<(Span, Text)> {
    for (index, left) in all.iter().enumerate() {
        if let Some(right) = all.iter().take(index).find(|right| right.contradicts(left)) {
            return Some((right.span, compact_str::format_compact!("{right} and {left} exclude each other")));
        }
    }
    let takes_all = |id: &&Id<Route>| {
        let route = &model[**id];
        !route.continues
            && route.unreadable.is_none()
            && route.tests.iter().all(|test| all.iter().any(|own| own.implies(test)))
    };
    let hidden_by = earlier.iter().find(takes_all)?;
    let route = &model[*hidden_by];
    Some((route.place.span, compact_str::format_compact!("the route for {} before it takes them all", route.matchers)))
}
