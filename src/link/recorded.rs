//! Recording rules → the alerts that ask for what they record: an alert watches what its recordings are made of.

use std::collections::BTreeMap;

use crate::model::alert::Watch;
use crate::model::routing::Recording;
use crate::model::{Fact, Model, Signal, State};
use crate::tree::Text;

/// How many steps from recording to recording are followed.
const MOST_STEPS: usize = 4;

/// How many things one alert watches at most.
const MOST_WATCHES: usize = 64;

/// Adds to every alert what the recordings that it names are made of.
pub(super) fn follow(model: &mut Model) {
    let mut recorded: BTreeMap<&Text, Vec<&Recording>> = BTreeMap::new();
    for recording in &model.routing.recordings {
        recorded.entry(&recording.name).or_default().push(recording);
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
            let names = alert.watches.iter().filter_map(Watch::metric);
            signals.extend(names.filter_map(|name| told.get(name)).flatten());
            signals.sort_unstable();
            signals.dedup();
        }
    }
}

/// What a recorded series is made of, asked with the matchers of whoever asks for it. A recording that gives a label
/// another value than is asked for is not meant; what asks for a label that a recording gives, or takes away, says
/// nothing of what it is made of.
fn below(watch: &Watch, recorded: &BTreeMap<&Text, Vec<&Recording>>) -> Vec<Watch> {
    let Watch::Series { metric: Some(name), matchers: own } = watch else { return Vec::new() };
    let recordings = recorded.get(name).map_or(&[][..], Vec::as_slice);
    let meant = recordings.iter().filter(|recording| !own.iter().any(|matcher| contradicts(recording, matcher)));
    let asked = meant.flat_map(|recording| {
        let handed_down = |(label, ..): &&(Text, Text, Text)| {
            recording.labels.get(label).is_none()
                && recording.kept.as_ref().is_none_or(|kept| kept.iter().any(|name| name == label))
        };
        let down: Vec<&(Text, Text, Text)> = own.iter().filter(handed_down).collect();
        let asked = recording.watches.iter().map(|inner| match inner {
            Watch::Series { metric, matchers } => {
                let more = down.iter().filter(|matcher| !matchers.contains(matcher)).map(|matcher| (*matcher).clone());
                let matchers = matchers.iter().cloned().chain(more).collect();
                Watch::Series { metric: metric.clone(), matchers }
            }
            other @ Watch::Dimension { .. } => other.clone(),
        });
        asked.collect::<Vec<Watch>>()
    });
    asked.collect()
}

/// Whether a recording gives a label a value that a matcher refuses.
fn contradicts(recording: &Recording, (label, operator, value): &(Text, Text, Text)) -> bool {
    let given = recording.labels.get(label).and_then(Fact::value);
    given.is_some_and(|given| match operator.as_str() {
        "=" => given != value,
        "!=" => given == value,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use crate::extract::read_yaml;
    use crate::model::Signal;
    use crate::model::alert::Watch;

    #[test]
    fn the_labels_of_a_recording_are_its_own() {
        let text = "groups:\n- name: r\n  rules:\n\
                    \x20 - { record: 'ops:rate', labels: { type: tills }, expr: 'sum(rate(till_jobs_total[5m]))' }\n\
                    \x20 - { record: 'ops:rate', labels: { type: web }, expr: 'sum by (pod) (rate(http_requests_total[5m]))' }\n\
                    - name: a\n  rules:\n  - { alert: A, expr: 'ops:rate{type=\"web\",zone=\"a\"} > 1' }\n";
        let mut model = read_yaml("alerts/a.yml", text).1.model;
        super::follow(&mut model);
        let series =
            |watch: &Watch| (watch.metric().map(ToString::to_string).unwrap_or_default(), watch.matchers().len());
        let found: Vec<(String, usize)> = model.alerts[0].watches.iter().map(series).collect();
        assert_eq!(found, [("ops:rate".to_owned(), 2), ("http_requests_total".to_owned(), 0)]);
    }

    #[test]
    fn an_alert_watches_what_its_recordings_are_made_of() {
        let text = "groups:\n- name: r\n  rules:\n  - { record: 'job:errors:rate5m', expr: 'sum by (job) (rate(errors_total{tier=\"web\"}[5m]))' }\n  \
                    - { record: 'loop:a', expr: 'loop:b' }\n  - { record: 'loop:b', expr: 'loop:a' }\n\
                    - name: a\n  rules:\n  - { alert: A, expr: 'job:errors:rate5m{job=\"checkout\"} > 1' }\n  - { alert: B, expr: 'loop:a > 1' }\n";
        let mut model = read_yaml("alerts/a.yml", text).1.model;
        super::follow(&mut model);
        let errors = |watch: &Watch| watch.metric().is_some_and(|name| name == "errors_total");
        let found = model.alerts[0].watches.iter().any(|watch| errors(watch) && watch.matchers().len() == 2);
        assert!(found, "{:?}", model.alerts[0].watches);
        assert_eq!(model.alerts[0].signals.value(), Some(&vec![Signal::Errors]));
        assert!(model.alerts[1].watches.len() <= 3, "what records itself ends");
    }
}
