//! What a receiver calls, by its integrations. Uses `model::routing`.

use crate::model::routing::{Integration, Reach};
use crate::model::{Fact, Place, Receiver};
use crate::source::Span;
use crate::tree::{Node, Text, Unknown, Value};

/// Integrations of Alertmanager: the start of the key before `_configs` or `Configs`, what it reaches, and the field
/// that says which one. <https://prometheus.io/docs/alerting/latest/integrations/>
const INTEGRATIONS: &[(&str, Reach, &str)] = &[
    ("pagerduty", Reach::Pager, ""),
    ("opsgenie", Reach::Pager, ""),
    ("victorops", Reach::Pager, ""),
    ("incidentio", Reach::Pager, ""),
    ("pushover", Reach::Pager, ""),
    ("slack", Reach::Chat, "channel"),
    ("discord", Reach::Chat, ""),
    ("msteams", Reach::Chat, ""),
    ("msteamsv2", Reach::Chat, ""),
    ("telegram", Reach::Chat, ""),
    ("webex", Reach::Chat, ""),
    ("wechat", Reach::Chat, ""),
    ("rocketchat", Reach::Chat, "channel"),
    ("mattermost", Reach::Chat, "channel"),
    ("email", Reach::Mail, "to"),
    ("jira", Reach::Mail, "project"),
    ("sns", Reach::Webhook, ""),
    ("webhook", Reach::Webhook, ""),
];

/// Parts of hosts, paths and names that say what a webhook is for.
const WEBHOOKS: &[(Reach, &[&str])] = &[
    (
        Reach::Heartbeat,
        &[
            "nosnch.in",
            "snitch",
            "hc-ping",
            "healthchecks",
            "heartbeat",
            "watchdog",
            "deadman",
            "dead-man",
            "dead_man",
            "dms",
        ],
    ),
    (
        Reach::Pager,
        &[
            "pagerduty",
            "opsgenie",
            "victorops",
            "splunk-on-call",
            "oncall",
            "on-call",
            "squadcast",
            "zenduty",
            "incident.io",
            "rootly",
            "firehydrant",
            "betteruptime",
            "betterstack",
            "spike.sh",
            "pager",
            "ilert",
            "signl4",
            "twilio",
        ],
    ),
    (
        Reach::Chat,
        &[
            "slack",
            "discord",
            "teams",
            "office.com",
            "chat.googleapis",
            "googlechat",
            "gchat",
            "telegram",
            "matrix",
            "mattermost",
            "rocket.chat",
            "rocketchat",
            "webex",
            "zulip",
            "dingtalk",
            "feishu",
            "lark",
            "wechat",
            "chatbot",
        ],
    ),
    (Reach::Mail, &["jira", "ticket", "email", "smtp", "servicenow", "gitlab", "github"]),
];

/// Reads one receiver.
pub(super) fn read(node: &Node, source: &'static str, place: &Place) -> Option<Receiver> {
    let named = node.get("name")?;
    let name = named.scalar()?;
    let mut receiver = Receiver {
        name: name.clone(),
        place: Place { span: named.span, ..place.clone() },
        source: Text::const_new(source),
        plain_name: name.clone(),
        ..Receiver::default()
    };
    for entry in node.entries() {
        let Some(kind) = entry.key.strip_suffix("_configs").or_else(|| entry.key.strip_suffix("Configs")) else {
            continue;
        };
        match &entry.value.value {
            Value::Unknown(unknown) => receiver.unread = Some((**unknown).clone()),
            // A template that is filled in before this is read (`{{ … }}`) may be any list.
            Value::String(text) if !text.trim().is_empty() => {
                let reason = format!("`{}` is filled in by a template", entry.key);
                receiver.unread = Some(Unknown::new(reason, "audit the rendered configuration", entry.value.span));
            }
            _ => {}
        }
        for configured in entry.value.items() {
            receiver.integrations.push(integration(kind, configured, &name, entry.key_span));
        }
    }
    settle(&mut receiver);
    Some(receiver)
}

/// What all its integrations together reach, and how it is said.
pub(in crate::extract) fn settle(receiver: &mut Receiver) {
    let strongest = receiver.integrations.iter().map(|integration| integration.reach).max().unwrap_or_default();
    let span = receiver.integrations.first().map_or(receiver.place.span, |integration| integration.span);
    receiver.reach = match &receiver.unread {
        Some(unknown) if strongest == Reach::Nothing => Fact::unknown(unknown.clone()),
        _ => Fact::known(Text::const_new(strongest.word()), span),
    };
    receiver.calls = receiver.integrations.iter().map(said).collect();
}

fn said(integration: &Integration) -> Text {
    if integration.detail.is_empty() {
        integration.kind.clone()
    } else {
        compact_str::format_compact!("{} {}", integration.kind, integration.detail)
    }
}

fn integration(kind: &str, configured: &Node, receiver: &str, key: Span) -> Integration {
    let known = INTEGRATIONS.iter().find(|(name, ..)| *name == kind.to_ascii_lowercase());
    let (reach, field) = known.map_or((Reach::Webhook, ""), |(_, reach, field)| (*reach, *field));
    let url = configured.get("url").and_then(Node::as_str).unwrap_or_default();
    let host = host(url);
    let reach = match reach {
        Reach::Webhook if kind == "webhook" => of_webhook(url, receiver),
        Reach::Mail if kind == "email" => of_mail(configured.get("to").and_then(Node::as_str).unwrap_or_default()),
        other => other,
    };
    let detail = if field.is_empty() { Some(host) } else { configured.get(field).and_then(Node::as_str) };
    let span = match configured.span {
        span if span.source == key.source && span.start >= key.end => key.to(Span { end: key.end, ..key }),
        span => span,
    };
    Integration {
        kind: kind.to_ascii_lowercase().into(),
        reach,
        detail: plain(detail.unwrap_or_default()),
        span,
        refers_to: Vec::new(),
        teams: teams(configured),
        paging_service: None,
    }
}

/// The teams of Opsgenie that an integration names.
/// <https://prometheus.io/docs/alerting/latest/configuration/#opsgenie_config>
fn teams(configured: &Node) -> Vec<Text> {
    let responders = configured.get("responders").map_or(&[][..], Node::items).iter();
    let teams = responders.filter(|it| it.get("type").and_then(Node::as_str).is_some_and(|kind| kind == "team"));
    teams.filter_map(|team| team.get("name")?.scalar()).filter(|name| !name.contains("{{")).collect()
}

/// What a webhook reaches, by its URL and the name of its receiver.
pub(in crate::extract) fn of_webhook(url: &str, name: &str) -> Reach {
    // A secret token in a path says nothing; the words of hosts and of paths that people choose do.
    let (url, name) = (url.to_ascii_lowercase(), name.to_ascii_lowercase());
    let find = |text: &str| {
        let named = |(_, words): &&(Reach, &[&str])| words.iter().any(|word| text.contains(word));
        WEBHOOKS.iter().find(named).map(|(reach, _)| *reach)
    };
    find(&url).or_else(|| find(&name)).unwrap_or(Reach::Webhook)
}

/// Some watchers and pagers are called by mail.
pub(in crate::extract) fn of_mail(to: &str) -> Reach {
    match of_webhook(to.rsplit('@').next().unwrap_or_default(), "") {
        reach @ (Reach::Heartbeat | Reach::Pager) => reach,
        _ => Reach::Mail,
    }
}

/// The host of a URL; the rest may be a secret.
fn host(url: &str) -> &str {
    let after = url.split_once("://").map_or("", |(_, rest)| rest);
    let host = after.split(['/', '?', '#']).next().unwrap_or_default();
    host.rsplit_once('@').map_or(host, |(_, host)| host)
}

/// A detail that may be shown: short, of one line, and not a template.
fn plain(detail: &str) -> Text {
    let fits = detail.len() <= 80 && !detail.contains("{{") && !detail.contains(char::is_control);
    if fits { detail.into() } else { Text::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks_are_told_apart_by_url_and_name() {
        assert_eq!(of_webhook("https://nosnch.in/abc", "x"), Reach::Heartbeat);
        assert_eq!(of_webhook("", "buddy-heartbeat"), Reach::Heartbeat);
        assert_eq!(of_webhook("https://events.pagerduty.com/x", "x"), Reach::Pager);
        assert_eq!(of_webhook("http://prometheus-msteams:2000/x", "x"), Reach::Chat);
        assert_eq!(of_webhook("http://example.org", "x"), Reach::Webhook);
        assert_eq!(host("https://user:secret@hooks.example.org:8443/a?b"), "hooks.example.org:8443");
    }
}
