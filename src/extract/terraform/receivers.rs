//! Where alarms of clouds end: topics and their subscriptions, action groups, notification channels, contact points.

use crate::extract::Facts;
use crate::extract::alertmanager::receiver::{of_mail, of_webhook, settle};
use crate::model::Receiver;
use crate::model::routing::{Integration, Reach};
use crate::resolve::terraform::{Resource, blocks, points_at};
use crate::tree::{Node, Text, Unknown};

use super::denied::{self, is_about};
use super::{Ground, Seen, leaves, refers_to, switch};

/// Reads a kind of resource.
type Reader = fn(Ground<'_>, &Resource) -> Receiver;

pub(super) fn extract(ground: Ground<'_>, seen: &mut Seen, facts: &mut Facts) {
    let kinds: &[(&str, Reader)] = &[
        ("aws_sns_topic", topic),
        ("azurerm_monitor_action_group", action_group),
        ("google_monitoring_notification_channel", channel),
        ("grafana_contact_point", contact_point),
    ];
    for (kind, read) in kinds {
        for resource in ground.of_type(kind) {
            let mut receiver = read(ground, resource);
            settle(&mut receiver);
            if seen.first(&receiver.name, &receiver.place, format!("{:?}", receiver.calls)) {
                facts.model.add(receiver);
            }
        }
    }
}

fn base(ground: Ground<'_>, resource: &Resource, source: &'static str, name: &str) -> Receiver {
    Receiver {
        name: resource.address.clone(),
        place: ground.place(resource),
        source: Text::const_new(source),
        plain_name: resource.at(name).and_then(Node::scalar).unwrap_or_else(|| resource.name.clone()),
        address: resource.address.clone(),
        unread: resource.uncertain.clone(),
        ..Receiver::default()
    }
}

/// An integration at a node, with what it refers to.
fn integration(kind: &str, reach: Reach, detail: Option<&Node>, at: &Resource, attribute: &str) -> Integration {
    let shown = detail.and_then(Node::as_str).filter(|text| text.len() <= 80 && !text.contains("://"));
    Integration {
        kind: kind.into(),
        reach,
        detail: shown.unwrap_or_default().into(),
        span: at.head,
        refers_to: at.refers(attribute).map(Text::from).collect(),
        teams: Vec::new(),
        paging_service: None,
    }
}

/// What an endpoint reaches: by its URL, or by the kind of resource that it is made of.
fn of_endpoint(node: Option<&Node>, refers_to: &[Text], name: &str) -> Reach {
    let kinds = [
        ("pagerduty_", Reach::Pager),
        ("opsgenie_", Reach::Pager),
        ("grafana_oncall_", Reach::Pager),
        ("incident_", Reach::Pager),
    ];
    let by_kind = refers_to.iter().find_map(|address| kinds.iter().find(|(kind, _)| address.contains(kind)));
    match by_kind {
        Some((_, reach)) => *reach,
        None => of_webhook(node.and_then(Node::as_str).unwrap_or_default(), name),
    }
}

/// A topic calls those who subscribe to it. Subscriptions made elsewhere (another state, a click on a link in a mail)
/// are not seen, so that a topic without any is not known to be empty when others may subscribe: its policy says so.
fn topic(ground: Ground<'_>, resource: &Resource) -> Receiver {
    let mut receiver = base(ground, resource, "sns", "name");
    let (environment, root) = (&resource.environment.name, &ground.root.directory);
    let abroad = ground.abroad.resources(environment, root, &resource.address);
    let of_kind = |kind: &'static str| abroad.iter().copied().filter(move |other| other.type_name == kind);
    let own = ground
        .of_type("aws_sns_topic_subscription")
        .filter(|subscription| refers_to(subscription, "topic_arn", &resource.address));
    for subscription in own.chain(of_kind("aws_sns_topic_subscription")) {
        let protocol = subscription.at("protocol").and_then(Node::scalar).unwrap_or_default();
        let endpoint = subscription.at("endpoint");
        let refers: Vec<Text> = subscription.refers("endpoint").map(Text::from).collect();
        let reach = match protocol.as_str() {
            "email" | "email-json" => of_mail(endpoint.and_then(Node::as_str).unwrap_or_default()),
            "sms" | "application" => Reach::Pager,
            "http" | "https" => of_endpoint(endpoint, &refers, &subscription.name),
            _ => of_webhook("", &refers.join(" ")),
        };
        let reach = if reach == Reach::Heartbeat { Reach::Webhook } else { reach };
        receiver.integrations.push(integration(&protocol, reach, endpoint, subscription, "endpoint"));
    }
    // <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/chatbot_slack_channel_configuration>,
    // `chatbot_teams_channel_configuration`.
    for (kind, channel) in [
        ("aws_chatbot_slack_channel_configuration", "slack_channel_id"),
        ("aws_chatbot_teams_channel_configuration", "channel_name"),
    ] {
        let own = ground.of_type(kind).filter(|chatbot| refers_to(chatbot, "sns_topic_arns", &resource.address));
        for chatbot in own.chain(of_kind(kind)) {
            receiver.integrations.push(integration("chatbot", Reach::Chat, chatbot.at(channel), chatbot, ""));
        }
    }
    // <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/cloudformation_stack>
    let refers = |stack: &&Resource| stack.references.iter().any(|it| points_at(&it.address, &resource.address));
    let stacks = ground.of_type("aws_cloudformation_stack").filter(refers);
    if let (Some(stack), None) = (stacks.chain(of_kind("aws_cloudformation_stack")).next(), &receiver.unread) {
        let reason = format!("`{}` is given to the stack `{}` of CloudFormation", resource.address, stack.address);
        receiver.unread = Some(Unknown::new(reason, "declare its subscriptions in Terraform", stack.head));
    }
    // A module of its own may subscribe, or a stack of another tool.
    let called = |reference: &str| points_at(reference, &resource.address);
    let call = ground.root.calls.iter().find(|call| call.references.iter().any(|reference| called(&reference.address)));
    let call = call.or_else(|| ground.abroad.call(environment, root, &resource.address));
    if let (Some(call), None) = (call, &receiver.unread) {
        let reason = format!("`{}` is given to the module {}, which is not here", resource.address, call.source);
        receiver.unread = Some(Unknown::new(reason, "audit the module as well, or pass a plan", call.head));
    }
    if receiver.unread.is_none()
        && let Some(statement) = others_subscribe(ground, resource)
    {
        let reason = format!("the policy of `{}` lets others subscribe to it, who are not here", resource.address);
        receiver.unread = Some(Unknown::new(reason, "audit where they subscribe as well", statement.span));
    }
    receiver
}

/// The statement of a topic's policy that lets accounts subscribe, on no condition.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html>
fn others_subscribe<'g>(ground: Ground<'g>, topic: &Resource) -> Option<&'g Node> {
    let policies = ground.of_type("aws_sns_topic_policy").filter(|policy| refers_to(policy, "arn", &topic.address));
    let written = policies.flat_map(|policy| policy.refers("policy")).chain(topic.refers("policy"));
    let written: Vec<&str> = written.collect();
    let documents =
        denied::documents(ground).filter(|it| written.iter().any(|reference| points_at(reference, &it.address)));
    let lets = |statement: &&Node| {
        let subscribes = |action: &Node| {
            let action = action.as_str().unwrap_or_default();
            ["sns:subscribe", "sns:*", "*"].iter().any(|known| action.eq_ignore_ascii_case(known))
        };
        let accounts = |principals: &Node| {
            let named = principals.get("identifiers").map_or(&[][..], Node::items);
            matches!(principals.get("type").and_then(Node::as_str), Some("AWS" | "*"))
                && named.iter().any(|name| name.as_str().is_some())
        };
        statement.get("effect").and_then(Node::as_str) != Some("Deny")
            && statement.get("actions").is_some_and(|actions| actions.items().iter().any(subscribes))
            && blocks(statement, "principals").iter().any(accounts)
            && blocks(statement, "condition").is_empty()
            && is_about(statement, &topic.address)
    };
    documents.flat_map(|document| blocks(&document.body, "statement")).find(lets)
}

/// Receivers of an action group: the block, what it reaches, and what says which one.
/// <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/monitor_action_group>
const ACTIONS: &[(&str, Reach, &str)] = &[
    ("sms_receiver", Reach::Pager, ""),
    ("voice_receiver", Reach::Pager, ""),
    ("azure_app_push_receiver", Reach::Pager, ""),
    ("email_receiver", Reach::Mail, "email_address"),
    ("arm_role_receiver", Reach::Mail, ""),
    ("itsm_receiver", Reach::Mail, ""),
    ("webhook_receiver", Reach::Webhook, "service_uri"),
    ("logic_app_receiver", Reach::Webhook, ""),
    ("azure_function_receiver", Reach::Webhook, ""),
    ("automation_runbook_receiver", Reach::Webhook, ""),
    ("event_hub_receiver", Reach::Webhook, ""),
];

fn action_group(ground: Ground<'_>, resource: &Resource) -> Receiver {
    let mut receiver = base(ground, resource, "azure", "name");
    let enabled = switch(resource, "enabled");
    if enabled.is_false() {
        return receiver;
    }
    let entered = ACTIONS.iter().find(|(kind, ..)| leaves(resource, &[kind])).map(|(kind, ..)| {
        let reason = format!("Terraform leaves `{kind}` of `{}` to be set by hand", resource.address);
        Unknown::new(reason, "pass a plan, which holds what was set", resource.head)
    });
    receiver.unread = receiver.unread.or_else(|| enabled.reason().cloned()).or(entered);
    for (kind, reach, field) in ACTIONS {
        for block in blocks(&resource.body, kind) {
            if let Some(unknown) = block.as_unknown() {
                receiver.unread = Some(unknown.clone());
                continue;
            }
            let name = block.get("name").and_then(Node::scalar).unwrap_or_default();
            let detail = block.get(field);
            let refers: Vec<Text> =
                detail.and_then(Node::as_unknown).map_or_else(Vec::new, |unknown| unknown.refers_to.clone());
            let reach = match reach {
                Reach::Webhook => of_endpoint(detail, &refers, &name),
                Reach::Mail if *kind == "email_receiver" => of_mail(detail.and_then(Node::as_str).unwrap_or_default()),
                other => *other,
            };
            let kind = kind.trim_end_matches("_receiver");
            receiver.integrations.push(Integration {
                span: block.span,
                refers_to: refers,
                ..integration(kind, reach, detail, resource, "")
            });
        }
    }
    receiver
}

/// Types of channels of Cloud Monitoring, and what they reach.
/// <https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.notificationChannelDescriptors>
const CHANNELS: &[(&str, Reach, &str)] = &[
    ("pagerduty", Reach::Pager, ""),
    ("sms", Reach::Pager, ""),
    ("mobile", Reach::Pager, ""),
    ("google_chat", Reach::Chat, "space"),
    ("slack", Reach::Chat, "channel_name"),
    ("campfire", Reach::Chat, ""),
    ("hipchat", Reach::Chat, ""),
    ("email", Reach::Mail, "email_address"),
];

fn channel(ground: Ground<'_>, resource: &Resource) -> Receiver {
    let mut receiver = base(ground, resource, "google", "display_name");
    if switch(resource, "enabled").is_false() {
        return receiver;
    }
    let kind = resource.at("type");
    if let Some(unknown) = kind.and_then(Node::as_unknown) {
        receiver.unread = Some(unknown.clone());
        return receiver;
    }
    let kind = kind.and_then(Node::scalar).unwrap_or_default();
    let known = CHANNELS.iter().find(|(name, ..)| *name == kind);
    let url = resource.at("labels.url");
    let reach = known.map_or_else(|| of_endpoint(url, &[], &receiver.plain_name), |(_, reach, _)| *reach);
    let detail = known.and_then(|(_, _, field)| resource.at(&format!("labels.{field}")));
    receiver.integrations.push(integration(&kind, reach, detail, resource, "sensitive_labels"));
    receiver
}

/// Blocks of a contact point, and what they reach; any other is a webhook of some kind.
/// <https://registry.terraform.io/providers/grafana/grafana/latest/docs/resources/contact_point>
const POINTS: &[(&str, Reach, &str, &str)] = &[
    ("pagerduty", Reach::Pager, "", "integration_key"),
    ("opsgenie", Reach::Pager, "", "api_key"),
    ("victorops", Reach::Pager, "", "url"),
    ("oncall", Reach::Pager, "", "url"),
    ("pushover", Reach::Pager, "", ""),
    ("threema", Reach::Pager, "", ""),
    ("slack", Reach::Chat, "recipient", "url"),
    ("discord", Reach::Chat, "", ""),
    ("teams", Reach::Chat, "", ""),
    ("googlechat", Reach::Chat, "", ""),
    ("telegram", Reach::Chat, "", ""),
    ("webex", Reach::Chat, "", ""),
    ("dingding", Reach::Chat, "", ""),
    ("line", Reach::Chat, "", ""),
    ("wecom", Reach::Chat, "", ""),
    ("email", Reach::Mail, "", ""),
    ("jira", Reach::Mail, "project", ""),
    ("webhook", Reach::Webhook, "", "url"),
    ("alertmanager", Reach::Webhook, "", "url"),
    ("kafka", Reach::Webhook, "topic", ""),
    ("sensugo", Reach::Webhook, "", ""),
    ("sns", Reach::Webhook, "", ""),
];

fn contact_point(ground: Ground<'_>, resource: &Resource) -> Receiver {
    let mut receiver = base(ground, resource, "grafana", "name");
    for (kind, reach, field, key) in POINTS {
        for block in blocks(&resource.body, kind) {
            if let Some(unknown) = block.as_unknown() {
                receiver.unread = Some(unknown.clone());
                continue;
            }
            let made_of = block.get(key);
            let refers: Vec<Text> =
                made_of.and_then(Node::as_unknown).map_or_else(Vec::new, |unknown| unknown.refers_to.clone());
            let reach = match reach {
                Reach::Webhook if *kind == "webhook" => of_endpoint(made_of, &refers, &receiver.plain_name),
                other => *other,
            };
            receiver.integrations.push(Integration {
                span: block.span,
                refers_to: refers,
                ..integration(kind, reach, block.get(field), resource, "")
            });
        }
    }
    receiver
}
