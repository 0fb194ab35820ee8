//! Whom an alert calls, by its labels: which severities page, and which call nobody.

use crate::model::{Fact, Labels};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// Labels that carry the severity, the most usual first.
const LABELS: &[&str] = &["severity", "priority", "sev", "urgency", "level", "alert_severity", "sloth_severity"];

/// Severities that wake someone: Prometheus' own examples and the Alertmanager's (`page`, `critical`), the levels of
/// `PagerDuty` and Opsgenie (`critical`, `P1`), syslog's (`emergency`, `crit`), and the first of numbered scales.
const PAGING: &[&str] = &[
    "page",
    "pages",
    "paging",
    "pager",
    "pagerduty",
    "critical",
    "crit",
    "emergency",
    "emerg",
    "urgent",
    "disaster",
    "fatal",
    "outage",
    "p0",
    "p1",
    "s0",
    "s1",
    "sev0",
    "sev1",
    "sev-0",
    "sev-1",
    "severity1",
    "0",
    "1",
];

/// Severities that call nobody.
const SILENT: &[&str] = &["none", "info", "informational", "information", "debug", "null", "silent", "ignore"];

/// Labels that send an alert to a pager whatever its severity: `pager: pagerduty`, `page: true`.
const PAGERS: &[&str] = &["pager", "page", "paging", "pages"];

/// Values of such a label that send it nowhere.
const NOT_PAGED: &[&str] = &["", "false", "no", "none", "off", "0"];

/// Severities that say by themselves that a pager rings, whatever else is said.
const PAGER_SEVERITIES: &[&str] = &["page", "pages", "paging", "pager", "pagerduty"];

/// Labels by which an alert names where it goes: `destination: slack-search-team`.
const DESTINATIONS: &[&str] = &["destination", "channel", "receiver", "notify", "slack_channel", "alert_channel"];

/// Words in such a value that say that it goes to a chat or a mailbox, where nobody is woken.
const CHATS: &[&str] = &["slack", "teams", "msteams", "chat", "mattermost", "discord", "email", "mail"];

/// What an alert's labels say.
pub(super) struct Severity {
    /// The severity as labelled; absent at the alert's head.
    pub(super) label: Fact<Text>,
    /// Whether it wakes someone.
    pub(super) pages: Fact<bool>,
    /// Whether it calls anybody at all.
    pub(super) notifies: Fact<bool>,
}

/// Reads the severity from the labels of an alert.
pub(super) fn read(labels: &Labels, head: Span) -> Severity {
    let label = LABELS.iter().find_map(|name| labels.get(name)).map_or_else(|| Fact::absent(head), known_or_unknown);
    let lower = label.clone().map(|value| value.trim().to_ascii_lowercase());
    let by_pager = PAGERS.iter().find_map(|name| labels.get(name)).map(|fact| {
        known_or_unknown(fact).map(|value| !NOT_PAGED.contains(&value.trim().to_ascii_lowercase().as_str()))
    });
    let chat = goes_to_chat(labels);
    let wakes = |value: &str| PAGING.contains(&value) && (!chat || PAGER_SEVERITIES.contains(&value));
    let by_severity = lower.clone().map(|value| wakes(&value)).or_default(false);
    let pages = match by_pager {
        Some(said) if !said.is_false() || !by_severity.is_true() => said,
        _ => by_severity,
    };
    let notifies = match lower.map(|value| !SILENT.contains(&value.as_str())).or_default(true) {
        silent if silent.is_false() && pages.is_true() => Fact { state: pages.state.clone(), ..silent },
        notifies => notifies,
    };
    Severity { label, pages, notifies }
}

/// Whether it names a chat or a mailbox as where it goes. What it is routed to besides is the routes' to say.
fn goes_to_chat(labels: &Labels) -> bool {
    let named = DESTINATIONS.iter().filter_map(|name| labels.value(name));
    named.map(str::to_ascii_lowercase).any(|value| {
        let mut words = value.split(|character: char| !character.is_ascii_alphanumeric());
        words.any(|word| CHATS.contains(&word))
    })
}

/// A label that a template fills in for each series may be any severity.
fn known_or_unknown(fact: &Fact<Text>) -> Fact<Text> {
    match fact.value() {
        Some(value) if value.contains("{{") || value.contains("${") => Fact::unknown(Unknown::new(
            format!("the label `{value}` is a template, filled in when the alert fires"),
            "",
            fact.span,
        )),
        _ => fact.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        let fact = |value: &str| Fact::known(Text::from(value), Span::default());
        Labels(pairs.iter().map(|(key, value)| (Text::from(*key), fact(value))).collect())
    }

    fn verdict(pairs: &[(&str, &str)]) -> (Option<bool>, Option<bool>) {
        let severity = read(&labels(pairs), Span::default());
        (severity.pages.value().copied(), severity.notifies.value().copied())
    }

    #[test]
    fn severities_say_whom_they_call() {
        assert_eq!(verdict(&[("severity", "page")]), (Some(true), Some(true)));
        assert_eq!(verdict(&[("severity", "Critical")]), (Some(true), Some(true)));
        assert_eq!(verdict(&[("severity", "warning")]), (Some(false), Some(true)));
        assert_eq!(verdict(&[("severity", "info")]), (Some(false), Some(false)));
        assert_eq!(verdict(&[("severity", "s2"), ("pager", "pagerduty")]), (Some(true), Some(true)));
        assert_eq!(verdict(&[("severity", "s4"), ("pager", "")]), (Some(false), Some(true)));
        assert_eq!(verdict(&[]), (Some(false), Some(true)));
        let in_chat = ("destination", "slack-search-team");
        assert_eq!(verdict(&[("severity", "critical"), in_chat]), (Some(false), Some(true)));
        assert_eq!(verdict(&[("severity", "page"), in_chat]), (Some(true), Some(true)));
        assert_eq!(verdict(&[("severity", "{{ $labels.severity }}")]), (None, None));
    }
}
