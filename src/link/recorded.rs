//! Recording rules → the alerts that ask for what they record: an alert watches what its recordings are made of.

use std::collections::BTreeMap;

use crate::model::alert::Watch;
use crate::model::{Model, Signal, State};
use crate::tree::Text;

/// How many steps from recording to recording are followed.
const MOST_STEPS: usize = 4;

/// How many things one alert watches at most.
const MOST_WATCHES: usize = 64;

/// Adds to every alert what the recordings that it names are made of.
pub(super) fn follow(model: &mut Model) {
    let mut recorded: BTreeMap<Text, Vec<Watch>> = BTreeMap::new();
    for recording in &model.routing.recordings {
        recorded.entry(recording.name.clone()).or_default().extend(recording.watches.iter().cloned());
    }
    if recorded.is_empty() {
        return;
    }
    let mut told: BTreeMap<Text, Vec<Signal>> = BTreeMap::new();
    for recording in &model.routing.recordings {
        told.entry(recording.name.clone()).or_default().extend(recording.signals.iter().copied());
    }
    for alert in &mut model.alerts {
        let mut from = 0;
        for _ in 0..MOST_STEPS {
            let added: Vec<Watch> = alert.watches[from..].iter().flat_map(|watch| below(watch, &recorded)).collect();
            from = alert.watches.len();
            for watch in added {
                if alert.watches.len() < MOST_WATCHES && !alert.watches.contains(&watch) {
                    alert.watches.push(watch);
                }
            }
            if alert.watches.len() == from {
                break;
            }
        }
        // What is recorded tells what it was made to tell, whatever it is called.
        if let State::Known(signals) = &mut alert.signals.state {
            let names = alert.watches.iter().filter_map(|watch| match watch {
                Watch::Series { metric, .. } => metric.as_ref(),
                Watch::Dimension { .. } => None,
            });
            signals.extend(names.filter_map(|name| told.get(name)).flatten());
            signals.sort_unstable();
            signals.dedup();
        }
    }
}

/// What a recorded series is made of, asked with the matchers of whoever asks for it.
fn below(watch: &Watch, recorded: &BTreeMap<Text, Vec<Watch>>) -> Vec<Watch> {
    let Watch::Series { metric: Some(name), matchers: own } = watch else { return Vec::new() };
    let made_of = recorded.get(name).map_or(&[][..], Vec::as_slice);
    let asked = made_of.iter().map(|inner| match inner {
        Watch::Series { metric, matchers } => {
            let mut matchers = matchers.clone();
            matchers.extend(own.iter().filter(|matcher| !matchers.contains(matcher)).cloned().collect::<Vec<_>>());
            Watch::Series { metric: metric.clone(), matchers }
        }
        other @ Watch::Dimension { .. } => other.clone(),
    });
    asked.collect()
}

#[cfg(test)]
mod tests {
    use crate::extract::read_yaml;
    use crate::model::Signal;
    use crate::model::alert::Watch;

    #[test]
    fn an_alert_watches_what_its_recordings_are_made_of() {
        let text = "groups:\n- name: r\n  rules:\n  - { record: 'job:errors:rate5m', expr: 'sum by (job) (rate(errors_total{tier=\"web\"}[5m]))' }\n  \
                    - { record: 'loop:a', expr: 'loop:b' }\n  - { record: 'loop:b', expr: 'loop:a' }\n\
                    - name: a\n  rules:\n  - { alert: A, expr: 'job:errors:rate5m{job=\"checkout\"} > 1' }\n  - { alert: B, expr: 'loop:a > 1' }\n";
        let mut model = read_yaml("alerts/a.yml", text).1.model;
        super::follow(&mut model);
        let found = model.alerts[0].watches.iter().any(|watch| match watch {
            Watch::Series { metric, matchers } => metric.as_deref() == Some("errors_total") && matchers.len() == 2,
            Watch::Dimension { .. } => false,
        });
        assert!(found, "{:?}", model.alerts[0].watches);
        assert_eq!(model.alerts[0].signals.value(), Some(&vec![Signal::Errors]));
        assert!(model.alerts[1].watches.len() <= 3, "what records itself ends");
    }
}
