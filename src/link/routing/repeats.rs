//! Alerts that say the same twice, and rules that no Prometheus loads.

use std::collections::BTreeMap;

use globset::GlobBuilder;

use crate::model::routing::Prometheus;
use crate::model::{Alert, Fact, Id, Model, State};
use crate::source::SourceId;
use crate::tree::{Text, Unknown};

/// Marks alerts that repeat one before them in the same file: name, labels, expression and duration agree.
pub(super) fn mark_repeats(model: &mut Model) {
    let mut first: BTreeMap<(SourceId, String), Id<Alert>> = BTreeMap::new();
    for index in 0..model.alerts.len() {
        let id: Id<Alert> = Id::new(index);
        let alert = &model[id];
        let Some(expression) = alert.expression.value() else { continue };
        let labels: Vec<String> =
            alert.labels.0.iter().map(|(name, value)| format!("{name}={:?}", value.value())).collect();
        let plain: String = expression.split_whitespace().collect();
        let said = format!("{}\n{plain}\n{:?}\n{:?}", alert.plain_name, labels, alert.for_seconds.value());
        // A chart may show many files as one document, and one file in several environments.
        let key = (alert.place.span.source, format!("{}\n{said}", alert.place.environment.name));
        let Some(before) = first.get(&key).copied().filter(|before| model[*before].place.span != alert.place.span)
        else {
            first.entry(key).or_insert(id);
            continue;
        };
        let (name, span) = (model[before].name.clone(), model[before].place.span);
        let own = model[id].place.span;
        model[id].repeats = Fact { via: vec![span], ..Fact::known(name, own) };
    }
}

/// Says of every rule whether a Prometheus loads it, where the audited roots can tell.
pub(super) fn mark_loaded(model: &mut Model) {
    let loaded: Vec<Fact<bool>> = model.alerts.iter().map(|alert| is_loaded(model, alert)).collect();
    for (alert, loaded) in model.alerts.iter_mut().zip(loaded) {
        alert.loaded = loaded;
    }
}

fn is_loaded(model: &Model, alert: &Alert) -> Fact<bool> {
    let span = alert.place.span;
    let here = |server: &&Prometheus| server.place.environment == alert.place.environment;
    let Some(labels) = &alert.object_labels else { return by_file(model, alert) };
    let servers: Vec<&Prometheus> =
        model.routing.prometheis.iter().filter(here).filter(|server| server.selects).collect();
    if servers.is_empty() {
        return Fact::absent(span);
    }
    let mut doubt = None;
    for server in servers {
        match selects(server, labels, alert) {
            Ok(true) => return Fact::known(true, server.place.span),
            Ok(false) => {}
            Err(unknown) => doubt = Some(unknown),
        }
    }
    match doubt {
        Some(unknown) => {
            Fact { span: Some(span), ..Fact { state: State::Unknown(unknown), span: None, via: Vec::new() } }
        }
        None => Fact::known(false, span),
    }
}

/// Whether a Prometheus of the operator selects a rule object: none selects nothing, an empty selector everything.
fn selects(server: &Prometheus, labels: &crate::model::Labels, alert: &Alert) -> Result<bool, Unknown> {
    let Some(rules) = &server.rule_selector else { return Ok(false) };
    if rules.uncertain {
        return Err(Unknown::new(
            "the ruleSelector of Prometheus is not known",
            "audit the rendered manifests",
            server.place.span,
        ));
    }
    if !rules.matches(labels) {
        // A label that a tool adds when it is applied (a chart, a kustomization) is not seen here.
        return Ok(false);
    }
    match &server.rule_namespaces {
        None => match (server.namespace.value(), alert.namespace.value()) {
            (Some(own), Some(namespace)) => Ok(own == namespace),
            _ => Err(Unknown::new(
                "the namespaces of the rule and of Prometheus are not both written",
                "",
                server.place.span,
            )),
        },
        Some(namespaces) if namespaces.is_empty() && !namespaces.uncertain => Ok(true),
        Some(namespaces) => {
            let own = alert.namespace.value().map(|name| {
                crate::model::Labels(vec![(
                    Text::const_new("kubernetes.io/metadata.name"),
                    Fact::known(name.clone(), alert.namespace.span),
                )])
            });
            match own {
                Some(own) if namespaces.matches(&own) => Ok(true),
                _ => Err(Unknown::new("the labels of the rule's namespace are not known", "", server.place.span)),
            }
        }
    }
}

/// Whether a configuration file of Prometheus names the rule's file; only said where a configuration in the same folder
/// or above it names files beside itself.
fn by_file(model: &Model, alert: &Alert) -> Fact<bool> {
    if alert.source != "prometheus" || alert.namespace.value().is_some() {
        return Fact::absent(alert.place.span);
    }
    let path = alert.place.path.as_str();
    let file = path.rsplit('/').next().unwrap_or(path);
    let mut near = None;
    for server in model.routing.prometheis.iter().filter(|server| !server.rule_files.is_empty()) {
        let folder = server.place.path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let Some(below) = path.strip_prefix(folder.as_str()) else { continue };
        for (glob, span) in &server.rule_files {
            let matches = |pattern: &str, text: &str| {
                let glob = GlobBuilder::new(pattern).literal_separator(true).build();
                glob.is_ok_and(|glob| glob.compile_matcher().is_match(text))
            };
            let last = glob.rsplit('/').next().unwrap_or(glob);
            let relative = glob.trim_start_matches("./");
            // Where it is mounted is not known of an absolute path: its last part decides.
            if matches(relative, below) || (glob.starts_with('/') || glob.starts_with("..")) && matches(last, file) {
                return Fact::known(true, *span);
            }
        }
        let beside = server
            .rule_files
            .iter()
            .all(|(glob, _)| !glob.starts_with('/') && !glob.starts_with("..") && !glob.contains("{{"));
        near = near.or(beside.then_some(server.place.span));
    }
    match near {
        Some(_) => Fact::known(false, alert.place.span),
        None => Fact::absent(alert.place.span),
    }
}
