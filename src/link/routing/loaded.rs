//! What servers load: rules and `AlertmanagerConfig`s that the selectors of the operator's objects match, and the rules
//! that a configuration file names.
//! <https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PrometheusSpec>,
//! <https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.AlertmanagerSpec>

use crate::link::rule_files::RuleFiles;
use crate::model::kubernetes::Selector;
use crate::model::routing::{Alertmanager, Prometheus, Tree};
use crate::model::{Alert, Fact, Labels, Model};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// Says of every rule whether a Prometheus loads it, where the audited roots can tell.
pub(super) fn mark(model: &mut Model) {
    let files: Vec<RuleFiles<'_>> = model.routing.prometheis.iter().filter_map(RuleFiles::of).collect();
    let loaded: Vec<Fact<bool>> = model.alerts.iter().map(|alert| is_rule_loaded(model, &files, alert)).collect();
    for (alert, loaded) in model.alerts.iter_mut().zip(loaded) {
        alert.loaded = loaded;
    }
}

fn is_rule_loaded(model: &Model, files: &[RuleFiles<'_>], alert: &Alert) -> Fact<bool> {
    let span = alert.place.span;
    let here = |server: &&Prometheus| server.place.environment == alert.place.environment;
    let Some(labels) = &alert.object_labels else { return by_file(files, alert) };
    let servers = model.routing.prometheis.iter().filter(here).filter(|server| server.selects);
    let loaded = any(servers.map(|server| (Selection::of_rules(server).takes(labels, &alert.namespace), server)));
    match loaded {
        None => Fact::absent(span),
        Some(Ok(Some(server))) => Fact::known(true, server.place.span),
        Some(Ok(None)) => Fact::known(false, span),
        Some(Err(unknown)) => Fact { span: Some(span), ..Fact::unknown(unknown) },
    }
}

/// Whether one of these loads it; where none is in the audited roots, whoever deploys it is taken to do so.
pub(super) fn is_loaded(tree: &Tree, alertmanagers: &[Alertmanager]) -> Result<bool, Unknown> {
    let environment = &tree.place.environment;
    let near = alertmanagers.iter().filter(|one| one.global.is_none() && one.place.environment == *environment);
    let loaded = any(near.map(|one| {
        let part = tree.part.as_ref();
        (part.map_or(Ok(true), |part| Selection::of_parts(one).takes(&part.labels, &part.namespace)), one)
    }));
    loaded.map_or(Ok(true), |loaded| Ok(loaded?.is_some()))
}

/// The first that loads something, if any surely does; nothing where there is none that could.
fn any<S>(asked: impl Iterator<Item = (Result<bool, Unknown>, S)>) -> Option<Result<Option<S>, Unknown>> {
    let mut none = None;
    for (answer, server) in asked {
        match answer {
            Ok(true) => return Some(Ok(Some(server))),
            Ok(false) => none = none.or(Some(Ok(None))),
            Err(unknown) => none = Some(Err(unknown)),
        }
    }
    none
}

/// What an object of the operator selects: no selector of objects selects none, an empty one every object; no selector
/// of namespaces means its own.
struct Selection<'m> {
    objects: Option<&'m Selector>,
    namespaces: Option<&'m Selector>,
    /// Its own.
    namespace: &'m Fact<Text>,
    span: Span,
    /// What the selector of objects is called, and what selects what.
    words: (&'static str, &'static str, &'static str),
}

impl<'m> Selection<'m> {
    fn of_rules(server: &'m Prometheus) -> Self {
        Self {
            objects: server.rule_selector.as_ref(),
            namespaces: server.rule_namespaces.as_ref(),
            namespace: &server.namespace,
            span: server.place.span,
            words: ("ruleSelector", "Prometheus", "the rule"),
        }
    }

    fn of_parts(alertmanager: &'m Alertmanager) -> Self {
        Self {
            objects: alertmanager.selector.as_ref(),
            namespaces: alertmanager.namespaces.as_ref(),
            namespace: &alertmanager.namespace,
            span: alertmanager.place.span,
            words: ("alertmanagerConfigSelector", "Alertmanager", "its part"),
        }
    }

    /// Whether it takes an object of these labels, in this namespace.
    fn takes(&self, labels: &Labels, namespace: &Fact<Text>) -> Result<bool, Unknown> {
        let unknown = |what: String, remedy: &str| Err(Unknown::new(what, remedy, self.span));
        let (selector, server, object) = self.words;
        let Some(objects) = self.objects else { return Ok(false) };
        if objects.uncertain {
            return unknown(format!("the {selector} of {server} is not known"), "audit the rendered manifests");
        }
        // A label that a tool adds when it is applied (a chart, a kustomization) is not seen here.
        if !objects.matches(labels) {
            return Ok(false);
        }
        let Some(namespaces) = self.namespaces else {
            return match (self.namespace.value(), namespace.value()) {
                (Some(own), Some(namespace)) => Ok(own == namespace),
                _ => unknown(format!("the namespaces of {object} and of {server} are not both written"), ""),
            };
        };
        if namespaces.is_empty() && !namespaces.uncertain {
            return Ok(true);
        }
        let named = namespace.value().is_some_and(|name| {
            let fact = Fact::known(name.clone(), namespace.span);
            namespaces.matches(&Labels(vec![(Text::const_new("kubernetes.io/metadata.name"), fact)]))
        });
        if named { Ok(true) } else { unknown(format!("the labels of the namespace of {object} are not known"), "") }
    }
}

/// Whether a configuration file of Prometheus names the rule's file; only said where a configuration in the same folder
/// or above it names files beside itself.
fn by_file(servers: &[RuleFiles<'_>], alert: &Alert) -> Fact<bool> {
    if !alert.in_rule_file {
        return Fact::absent(alert.place.span);
    }
    let mut near = false;
    for server in servers {
        let Some(below) = server.below(&alert.place.path) else { continue };
        if let Some(pattern) = server.patterns.iter().find(|pattern| pattern.names(below)) {
            return Fact::known(true, pattern.span);
        }
        near |= server.patterns.iter().all(|pattern| !pattern.leads_out && !pattern.templated);
    }
    if near { Fact::known(false, alert.place.span) } else { Fact::absent(alert.place.span) }
}
