//! Recovery objectives that a catalogue or a page declares. Uses `model` and `extract::duration`.

use crate::extract::duration;
use crate::model::{Fact, Id, Labels, Model, RecoveryObjective, Runbook, Service};

use super::names::stem;
use super::services::Register;
use crate::tree::Text;

/// Gives services the objectives that pages declare for them, where nothing else does: a row of a table that names the
/// service, or a page that is for it, whatever kind of page it is. Of several the strictest is the one to keep.
pub(super) fn join(model: &mut Model, register: &Register<'_>) {
    let mut promised: Vec<(Id<Service>, RecoveryObjective)> = Vec::new();
    let judged = model.runbooks.iter().filter(|page| page.place.environment.production && !page.place.library);
    let mut of_all: Vec<RecoveryObjective> = Vec::new();
    for page in judged {
        for objective in &page.objectives {
            let mut own: Vec<Id<Service>> = if !objective.of.is_empty() {
                register.find(&objective.of).into_iter().collect()
            } else if page.services.is_empty() {
                let names = page.about.iter().map(Text::as_str).chain([stem(&page.place.path)]);
                names.filter_map(|name| register.find(name)).collect()
            } else {
                page.services.clone()
            };
            own.sort();
            own.dedup();
            if own.is_empty() && objective.of.is_empty() && is_for_all(page) {
                of_all.push(objective.clone());
            }
            promised.extend(own.into_iter().map(|service| (service, objective.clone())));
        }
    }
    let strictest = |one: &Fact<i64>, other: &Fact<i64>| match (one.value(), other.value()) {
        (Some(one), Some(other)) => other < one,
        (None, Some(_)) => true,
        (_, None) => one.is_absent(),
    };
    let keep = |so_far: &mut RecoveryObjective, objective: RecoveryObjective| {
        if strictest(&so_far.rpo_minutes, &objective.rpo_minutes) {
            so_far.rpo_minutes = objective.rpo_minutes;
        }
        if strictest(&so_far.rto_minutes, &objective.rto_minutes) {
            so_far.rto_minutes = objective.rto_minutes;
        }
    };
    let mut found: std::collections::BTreeMap<Id<Service>, RecoveryObjective> = std::collections::BTreeMap::new();
    for (service, objective) in promised {
        keep(found.entry(service).or_default(), objective);
    }
    let mut whole = RecoveryObjective::default();
    for objective in of_all {
        keep(&mut whole, objective);
    }
    // Who plans for everything thinks of databases and buckets; what a tool keeps on its volume was not asked about.
    let keeps = |service: &Service| {
        !service.datastores.is_empty() && service.datastores.iter().all(|id| model[*id].kind != "volume")
    };
    let keep_data: Vec<Id<Service>> =
        model.each::<Service>().filter(|(_, service)| keeps(service)).map(|(id, _)| id).collect();
    let of_all = keep_data.into_iter().map(|id| (id, whole.clone()));
    for (id, objective) in found.into_iter().chain(of_all) {
        let service = &mut model[id];
        if service.rpo_minutes.is_absent() {
            service.rpo_minutes = objective.rpo_minutes;
        }
        if service.rto_minutes.is_absent() {
            service.rto_minutes = objective.rto_minutes;
        }
    }
}

/// Whether a page plans the recovery of everything: it is called so, and stands where documents of the whole stand.
fn is_for_all(page: &Runbook) -> bool {
    let path = page.place.path.to_lowercase();
    let words: Vec<&str> = stem(&path).split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty()).collect();
    let pair = |first: &str, second: &str| words.windows(2).any(|two| two == [first, second]);
    let named = words.len() <= 4
        && (pair("disaster", "recovery")
            || pair("recovery", "objectives")
            || pair("business", "continuity")
            || words.contains(&"dr")
            || words.contains(&"rto") && words.contains(&"rpo"));
    let depth = path.split('/').count();
    named && depth <= 3
}

/// An objective among the annotations of a catalogue entry, in minutes: `twoam.dev/rpo: 1h`, `example.org/rpo: PT4H`,
/// `rpo-minutes: "60"`. `name` is `rpo` or `rto`.
pub(super) fn objective(annotations: &Labels, name: &str) -> Fact<i64> {
    for (key, fact) in &annotations.0 {
        let last = key.rsplit('/').next().unwrap_or(key).to_ascii_lowercase().replace('_', "-");
        let in_minutes = last.strip_suffix("-minutes") == Some(name);
        if last != name && !in_minutes {
            continue;
        }
        let Some(written) = fact.value() else { return fact.clone().map(|_| 0) };
        let read = if in_minutes { written.trim().parse().ok() } else { minutes(written) };
        if let Some(minutes) = read {
            return fact.clone().map(|_| minutes);
        }
    }
    Fact::default()
}

/// A duration as Go (`1h30m`) or ISO 8601 (`PT4H`, `P1D`) writes it, in whole minutes.
fn minutes(written: &str) -> Option<i64> {
    let lower = written.trim().to_ascii_lowercase();
    let plain = lower.strip_prefix('p').unwrap_or(&lower).replace(['t', ' '], "");
    let seconds = duration::seconds(&plain)?;
    #[allow(clippy::cast_possible_truncation, reason = "a float that is too large becomes the largest number")]
    Some((seconds / 60.0).ceil() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_are_read_in_minutes() {
        for (key, written, expected) in [
            ("twoam.dev/rpo", "1h", Some(60)),
            ("example.org/RPO", "PT4H", Some(240)),
            ("rpo", "P1D", Some(1440)),
            ("rpo_minutes", "15", Some(15)),
            ("example.org/rpo-minutes", "15", Some(15)),
            ("rpo", "soon", None),
            ("purpose", "1h", None),
        ] {
            let annotations = Labels(vec![(key.into(), Fact::known(written.into(), None))]);
            assert_eq!(objective(&annotations, "rpo").value().copied(), expected, "{key}: {written}");
        }
    }
}
