//! Queues, and where messages that nobody can handle go.
//!
//! Arguments: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/sqs_queue> (`redrive_policy`),
//! `sqs_queue_redrive_policy`; <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/pubsub_subscription>
//! (`dead_letter_policy`); <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/servicebus_queue>:
//! every queue and subscription of Service Bus has a dead-letter queue of its own
//! (<https://learn.microsoft.com/azure/service-bus-messaging/service-bus-dead-letter-queues>).

use crate::extract::Facts;
use crate::model::{Fact, Queue};
use crate::resolve::terraform::Resource;
use crate::tree::{Node, Text, Unknown};

use super::{Ground, Seen, doubt, refers_to};

/// Attributes by which something sends what it could not handle to a queue.
/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/sqs_queue_redrive_allow_policy>,
/// `sns_topic_subscription`, `lambda_function`, `lambda_function_event_invoke_config`, `lambda_event_source_mapping`,
/// `cloudwatch_event_target`, `scheduler_schedule`, `pipes_pipe`.
const SENDERS: &[(&str, &str)] = &[
    ("aws_sqs_queue", "redrive_policy"),
    ("aws_sqs_queue_redrive_policy", "redrive_policy"),
    ("aws_sqs_queue_redrive_allow_policy", "queue_url"),
    ("aws_sns_topic_subscription", "redrive_policy"),
    ("aws_lambda_function", "dead_letter_config"),
    ("aws_lambda_function_event_invoke_config", "destination_config.on_failure"),
    ("aws_lambda_event_source_mapping", "destination_config"),
    ("aws_cloudwatch_event_target", "dead_letter_config"),
    ("aws_scheduler_schedule", "target.dead_letter_config"),
    ("aws_pipes_pipe", "source_parameters"),
];

/// Functions that send the events they failed at to a queue, by the type, the attribute that names the queue, and the one
/// that names the function.
const FUNCTIONS: &[(&str, &str, &str)] = &[
    ("aws_lambda_function", "dead_letter_config", "function_name"),
    ("aws_lambda_function_event_invoke_config", "destination_config.on_failure", "function_name"),
];

/// Words by which a queue says that it holds what could not be handled.
const DEAD: &[&str] = &["dlq", "deadletter", "deadletters", "dead", "undelivered", "redrive", "poison"];

pub(super) fn extract(ground: Ground<'_>, seen: &mut Seen, facts: &mut Facts) {
    let kinds: &[(&str, Reader)] = &[
        ("aws_sqs_queue", sqs),
        ("google_pubsub_subscription", pubsub),
        ("azurerm_servicebus_queue", servicebus),
        ("azurerm_servicebus_subscription", servicebus),
    ];
    for (kind, read) in kinds {
        for resource in ground.of_type(kind) {
            let mut queue = queue(ground, resource);
            read(ground, resource, &mut queue);
            queue.sets_aside = doubt(queue.sets_aside, resource.uncertain.as_ref());
            queue.keeps_failed = doubt(queue.keeps_failed, resource.uncertain.as_ref());
            if seen.first(&queue.name, &queue.place, format!("{:?}", queue.keeps_failed.state)) {
                facts.model.add(queue);
            }
        }
    }
}

/// Fills in what is particular to a kind of queue.
type Reader = fn(Ground<'_>, &Resource, &mut Queue);

fn queue(ground: Ground<'_>, resource: &Resource) -> Queue {
    let names = ["name", "name_prefix"].iter().filter_map(|path| resource.at(path)?.scalar());
    Queue {
        name: resource.address.clone(),
        place: ground.place(resource),
        address: resource.address.clone(),
        names: names.collect(),
        ..Queue::default()
    }
}

fn is_set(node: Option<&Node>) -> bool {
    node.is_some_and(|node| !node.is_null() && node.as_str() != Some(""))
}

fn sqs(ground: Ground<'_>, resource: &Resource, queue: &mut Queue) {
    queue.kind = Text::const_new("sqs");
    let own = resource.at("redrive_policy");
    let companion =
        ground.of_type("aws_sqs_queue_redrive_policy").find(|policy| refers_to(policy, "queue_url", &resource.address));
    let aside = is_set(own) || companion.is_some();
    let unknown = own.filter(|node| node.as_unknown().is_some_and(Unknown::is_from_elsewhere));
    let told = resource.refers("redrive_policy").next().is_some();
    queue.sets_aside = match unknown.filter(|_| !told && companion.is_none()) {
        Some(node) => Fact::read(node, |_| None),
        None => Fact::known(aside, own.map_or(resource.head, |node| node.span)),
    };
    let sender =
        SENDERS.iter().flat_map(|(kind, attribute)| ground.of_type(kind).map(move |sender| (sender, *attribute))).find(
            |(sender, attribute)| sender.address != resource.address && refers_to(sender, attribute, &resource.address),
        );
    queue.keeps_of = functions(ground, resource);
    let named = queue.names.iter().chain([&resource.name]).any(|name| {
        let lower = name.to_ascii_lowercase();
        lower.split(|character: char| !character.is_ascii_alphanumeric()).any(|word| DEAD.contains(&word))
    });
    queue.keeps_failed = match sender {
        Some((sender, _)) => Fact::known(true, sender.head),
        None => Fact::known(named, resource.head),
    };
}

/// The functions whose failed events go to a queue.
fn functions(ground: Ground<'_>, queue: &Resource) -> Vec<Text> {
    let senders = FUNCTIONS.iter().flat_map(|(kind, attribute, name)| {
        let sends = |sender: &&Resource| refers_to(sender, attribute, &queue.address);
        ground.of_type(kind).filter(sends).map(move |sender| (sender, *kind, *name))
    });
    let named = senders.flat_map(|(sender, kind, name)| {
        let own = (kind == "aws_lambda_function").then(|| sender.address.clone());
        let told = sender.at(name).and_then(Node::scalar);
        own.into_iter().chain(told).chain(sender.refers(name).map(Text::from))
    });
    named.collect()
}

fn pubsub(_: Ground<'_>, resource: &Resource, queue: &mut Queue) {
    queue.kind = Text::const_new("pubsub");
    let policy = resource.at("dead_letter_policy").filter(|node| !node.is_null());
    let aside = policy
        .is_some_and(|node| node.as_unknown().is_some() || !node.items().is_empty() || !node.entries().is_empty());
    let span = policy.map_or(resource.head, |node| node.span);
    queue.sets_aside = Fact::known(aside, span);
    queue.keeps_failed = Fact::known(aside, span);
}

/// What a topic sets aside is counted at the topic, whichever subscription it was for: [`ENTITY`](crate::model::queue::ENTITY) names queues and topics.
fn servicebus(ground: Ground<'_>, resource: &Resource, queue: &mut Queue) {
    queue.kind = Text::const_new("servicebus");
    queue.sets_aside = Fact::known(true, resource.head);
    queue.keeps_failed = Fact::known(true, resource.head);
    queue.within = ["namespace_id", "topic_id"].iter().flat_map(|path| led_to(resource, path)).collect();
    let topics = ground.of_type("azurerm_servicebus_topic");
    for topic in topics.filter(|topic| refers_to(resource, "topic_id", &topic.address)) {
        queue.names.extend(topic.at("name").and_then(Node::scalar));
        queue.within.extend(led_to(topic, "namespace_id"));
    }
}

/// What an attribute refers to, in this root or by the outputs of another.
fn led_to(resource: &Resource, path: &str) -> Vec<Text> {
    let abroad = resource.at(path).and_then(Node::as_unknown).map_or(&[][..], |unknown| &unknown.refers_to);
    let mut all: Vec<Text> = resource.refers(path).map(Text::from).chain(abroad.iter().cloned()).collect();
    all.sort();
    all.dedup();
    all
}
