//! Recovery objectives that a catalogue or a page declares. Uses `model` and `extract::duration`.

use crate::extract::duration;
use crate::model::{Fact, Id, Labels, Model, RecoveryObjective, Service};

use super::names::stem;
use super::services::Register;
use crate::tree::Text;

/// Gives services the objectives that pages declare for them, where nothing else does: a row of a table that names the
/// service, or a page that is for it, whatever kind of page it is. Of several the strictest is the one to keep.
pub(super) fn join(model: &mut Model, register: &Register<'_>) {
    let mut promised: Vec<(Id<Service>, RecoveryObjective)> = Vec::new();
    let judged = model.runbooks.iter().filter(|page| page.place.environment.production && !page.place.library);
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
            promised.extend(own.into_iter().map(|service| (service, objective.clone())));
        }
    }
    let strictest = |one: &Fact<i64>, other: &Fact<i64>| match (one.value(), other.value()) {
        (Some(one), Some(other)) => other < one,
        (None, Some(_)) => true,
        (_, None) => one.is_absent(),
    };
    let mut found: std::collections::BTreeMap<Id<Service>, RecoveryObjective> = std::collections::BTreeMap::new();
    for (service, objective) in promised {
        let so_far = found.entry(service).or_default();
        if strictest(&so_far.rpo_minutes, &objective.rpo_minutes) {
            so_far.rpo_minutes = objective.rpo_minutes;
        }
        if strictest(&so_far.rto_minutes, &objective.rto_minutes) {
            so_far.rto_minutes = objective.rto_minutes;
        }
    }
    for (id, objective) in found {
        let service = &mut model[id];
        if service.rpo_minutes.is_absent() {
            service.rpo_minutes = objective.rpo_minutes;
        }
        if service.rto_minutes.is_absent() {
            service.rto_minutes = objective.rto_minutes;
        }
    }
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
