//! Which `AlertmanagerConfig`s an `Alertmanager` loads: those that its selectors match, of objects and of namespaces.
//! <https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.AlertmanagerSpec>

use crate::model::routing::{Alertmanager, Tree};
use crate::model::{Fact, Labels};
use crate::tree::{Text, Unknown};

/// Whether one of these loads it; where none is in the audited roots, whoever deploys it is taken to do so.
pub(super) fn is_loaded(tree: &Tree, alertmanagers: &[Alertmanager]) -> Result<bool, Unknown> {
    let environment = &tree.place.environment;
    let mut near = alertmanagers.iter().filter(|one| one.global.is_none() && one.place.environment == *environment);
    let Some(first) = near.next() else { return Ok(true) };
    let mut doubt = None;
    for alertmanager in std::iter::once(first).chain(near) {
        match selects(alertmanager, tree) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(unknown) => doubt = Some(unknown),
        }
    }
    doubt.map_or(Ok(false), Err)
}

/// No selector of objects selects none, an empty one every object; no selector of namespaces means its own.
fn selects(alertmanager: &Alertmanager, tree: &Tree) -> Result<bool, Unknown> {
    let Some(part) = &tree.part else { return Ok(true) };
    let span = alertmanager.place.span;
    let Some(objects) = &alertmanager.selector else { return Ok(false) };
    if objects.uncertain {
        return Err(Unknown::new("the alertmanagerConfigSelector is not known", "audit the rendered manifests", span));
    }
    if !objects.matches(&part.labels) {
        return Ok(false);
    }
    match &alertmanager.namespaces {
        None => match (alertmanager.namespace.value(), part.namespace.value()) {
            (Some(own), Some(namespace)) => Ok(own == namespace),
            _ => Err(Unknown::new("the namespaces of the Alertmanager and its parts are not both written", "", span)),
        },
        Some(namespaces) if namespaces.is_empty() && !namespaces.uncertain => Ok(true),
        Some(namespaces) => {
            let labels = part.namespace.value().map(|name| {
                let fact = Fact::known(name.clone(), part.namespace.span);
                Labels(vec![(Text::const_new("kubernetes.io/metadata.name"), fact)])
            });
            match labels {
                Some(labels) if namespaces.matches(&labels) => Ok(true),
                _ => Err(Unknown::new("the labels of the namespace are not known", "", span)),
            }
        }
    }
}
