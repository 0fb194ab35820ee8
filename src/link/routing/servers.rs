//! Values of a chart in several files → the servers that they make: `values.yaml` beside `values-production.yaml` is what
//! both have in common, and no server by itself. Uses `model`.

use crate::model::Environments;
use crate::model::routing::Prometheus;

/// Lets what only a base says count for each server that is made of it, in the place of a server of its own.
pub(super) fn merge(servers: &mut Vec<Prometheus>, environments: &Environments) {
    let stem = |server: &Prometheus| -> Option<String> {
        let (stem, extension) = server.place.path.rsplit_once('.')?;
        matches!(extension, "yaml" | "yml").then(|| stem.to_owned())
    };
    let is_over = |base: &str, other: &Prometheus| {
        let rest = stem(other).and_then(|stem| Some(stem.strip_prefix(base)?.to_owned()));
        let word = rest.as_deref().and_then(|rest| rest.strip_prefix(['-', '.', '_']));
        word.is_some_and(|word| environments.of_word(word).is_some())
    };
    let mut bases: Vec<usize> = Vec::new();
    for index in 0..servers.len() {
        // A custom resource is a server wherever it stands.
        let Some(base) = servers.get(index).filter(|it| it.is_values).cloned() else { continue };
        let Some(own) = stem(&base) else { continue };
        let mut over = servers.iter_mut().filter(|other| other.is_values && is_over(&own, other)).peekable();
        if over.peek().is_none() {
            continue;
        }
        bases.push(index);
        for server in over {
            let more = base.external_labels.0.iter();
            let more: Vec<_> = more.filter(|(name, _)| server.external_labels.get(name).is_none()).cloned().collect();
            server.external_labels.0.extend(more);
            server.relabels = server.relabels.or(base.relabels);
            server.discovers = server.discovers.or(base.discovers);
            server.takes_over = server.takes_over.or(base.takes_over);
            if !server.selects {
                server.selects = base.selects;
                server.rule_selector.clone_from(&base.rule_selector);
            }
            server.rule_namespaces = server.rule_namespaces.take().or_else(|| base.rule_namespaces.clone());
        }
    }
    let mut index = 0;
    servers.retain(|_| {
        index += 1;
        !bases.contains(&(index - 1))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Place;

    #[test]
    fn a_base_is_part_of_what_is_laid_over_it_in_any_environment() {
        let server = |path: &str| Prometheus {
            is_values: true,
            place: Place { path: path.into(), ..Place::default() },
            ..Prometheus::default()
        };
        let left = |environments: &Environments| {
            let mut servers = vec![server("chart/values.yaml"), server("chart/values-gold.yaml")];
            merge(&mut servers, environments);
            servers.len()
        };
        assert_eq!(left(&Environments::default()), 2, "gold is no environment here");
        let own = Environments { production_names: vec!["gold".into()], ..Environments::default() };
        assert_eq!(left(&own), 1);
    }
}
