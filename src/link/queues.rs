//! Queues of what could not be handled → the alarms that tell. Uses `model`.

use super::coverage::{Covers, refers_to};
use super::{Context, found_or_elsewhere};
use crate::model::alert::Watch;
use crate::model::queue::ENTITY;
use crate::model::{Alert, Fact, Id, Model, Queue};
use crate::tree::{ELSEWHERE, Text, Unknown};

/// Metrics that tell that messages were set aside, by parts of their names.
///
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>,
/// <https://cloud.google.com/pubsub/docs/monitoring>,
/// <https://learn.microsoft.com/azure/service-bus-messaging/monitor-service-bus-reference>.
const TELLING: &[(&str, &[&str])] = &[
    (
        "sqs",
        &[
            "approximatenumberofmessages",
            "approximateageofoldestmessage",
            "numberofmessages",
            "sqs_approximate",
            "sqs.approximate",
            "sqs_messages",
        ],
    ),
    ("pubsub", &["dead_letter_message_count", "num_undelivered_messages", "oldest_unacked_message_age"]),
    ("servicebus", &["deadlettered", "servicebus_deadletter", "deadletter"]),
];

/// Metrics of senders that tell that they set something aside, wherever that goes.
///
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html>,
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html>.
const OF_SENDERS: &[&str] = &["InvocationsSentToDlq", "NumberOfNotificationsRedrivenToDlq"];

/// The metric by which a function tells that it failed at an event, before the event is set aside.
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html>
const OF_FUNCTIONS: &str = "Errors";

/// Says of every queue that keeps what failed whether an alarm tells.
pub(super) fn judge(model: &mut Model, context: &Context<'_>) {
    let addresses: Vec<&Text> =
        model.queues.iter().flat_map(|queue| queue.within.iter().chain([&queue.address])).collect();
    let found: Vec<(Id<Queue>, Fact<bool>)> = model
        .each::<Queue>()
        .filter(|(_, queue)| !queue.keeps_failed.is_false() && !queue.keeps_failed.is_absent())
        .map(|(id, queue)| {
            let telling = TELLING.iter().find(|(kind, _)| *kind == queue.kind).map_or(&[][..], |(_, metrics)| metrics);
            let alerts = model.alerts.iter().filter(|alert| alert.place.environment == queue.place.environment);
            let (mut alarm, mut doubt) = (None, None);
            for alert in alerts.filter(|alert| !alert.notifies.is_false()) {
                let of_sender = queue.kind == "sqs" && alert.metrics.iter().any(|it| OF_SENDERS.contains(&it.as_str()));
                if of_sender || is_of_function(alert, queue) {
                    alarm = alarm.or(Some(alert.place.span));
                } else if tells(alert, telling) {
                    match means(alert, queue, &addresses) {
                        Covers::Yes => alarm = alarm.or(Some(alert.place.span)),
                        Covers::Maybe(unknown) => doubt = doubt.or(Some(unknown)),
                        Covers::No => {}
                    }
                }
            }
            let fact = match (alarm, doubt) {
                (None, Some(unknown)) => Fact::unknown(unknown),
                (alarm, _) => found_or_elsewhere(alarm, "alerts", context.external.alerts.as_ref()),
            };
            (id, Fact { span: alarm.or(Some(queue.place.span)), ..fact })
        })
        .collect();
    for (id, fact) in found {
        model[id].failed_alerted = fact;
    }
}

/// Whether an alarm is on the errors of a function whose failed events a queue keeps.
fn is_of_function(alert: &Alert, queue: &Queue) -> bool {
    let is_one =
        |reference: &str| queue.keeps_of.iter().any(|function| function == reference || refers_to(reference, function));
    alert.metrics.iter().any(|metric| metric == OF_FUNCTIONS)
        && alert.watches.iter().any(|watch| match watch {
            Watch::Dimension { name, value, .. } if name == "FunctionName" => {
                value.value().is_some_and(|name| is_one(name))
                    || value.reason().is_some_and(|unknown| unknown.refers_to.iter().any(|reference| is_one(reference)))
            }
            _ => false,
        })
}

fn tells(alert: &Alert, telling: &[&str]) -> bool {
    let speaks = |name: &str| {
        let lower = name.to_ascii_lowercase();
        telling.iter().any(|part| lower.contains(part))
    };
    let mut series = alert.watches.iter().filter_map(Watch::metric);
    let query = || alert.source == "datadog" && alert.expression.value().is_some_and(|query| speaks(query));
    alert.metrics.iter().any(|metric| speaks(metric)) || series.any(|metric| speaks(metric)) || query()
}

/// Whether an alarm is about a queue: it names it, or what it is part of, or nothing at all. What it names by another
/// state, or by a value that is not known, may be the queue.
fn means(alert: &Alert, queue: &Queue, addresses: &[&Text]) -> Covers {
    if alert.source == "datadog" {
        let named = |query: &Text| {
            !query.contains("queuename:") || queue.names.iter().any(|name| query.contains(name.as_str()))
        };
        return if alert.expression.value().is_some_and(named) { Covers::Yes } else { Covers::No };
    }
    let one = |value: &Fact<Text>| match (value.value(), value.reason()) {
        (Some(text), _) if queue.names.contains(text) || refers_to(text, &queue.address) => Covers::Yes,
        (None, Some(unknown)) => {
            let leads = |reference: &Text| {
                refers_to(reference, &queue.address) || queue.within.iter().any(|whole| same_resource(reference, whole))
            };
            let known = |reference: &Text| {
                addresses.iter().any(|address| refers_to(reference, address) || same_resource(reference, address))
            };
            match unknown.refers_to.iter().any(leads) {
                true => Covers::Yes,
                false if unknown.refers_to.iter().any(known) => not_by_name(queue),
                false => Covers::Maybe(unknown.clone()),
            }
        }
        _ => not_by_name(queue),
    };
    let about = |entities: bool| {
        let of_kind = alert.watches.iter().filter(move |watch| is_entity(watch) == entities);
        let mut told = of_kind.filter_map(Watch::dimension).map(one).peekable();
        told.peek().is_some().then(|| told.fold(Covers::No, Covers::or))
    };
    // A name counts within the scope.
    let (scope, entity) = (about(false), about(true));
    scope.unwrap_or(Covers::Yes).and(entity.unwrap_or(Covers::Yes))
}

fn is_entity(watch: &Watch) -> bool {
    matches!(watch, Watch::Dimension { name, .. } if name == ENTITY)
}

/// What is said of a queue that an alarm does not name: what a queue is part of may have the name, where another root
/// declares it.
fn not_by_name(queue: &Queue) -> Covers {
    match queue.within.iter().find(|whole| whole.contains(ELSEWHERE)) {
        Some(whole) => {
            let reason = format!("how alarms know `{whole}` is not known");
            Covers::Maybe(Unknown::new(reason, "pass a plan", queue.place.span))
        }
        None => Covers::No,
    }
}

/// Whether two references lead to attributes of one resource.
fn same_resource(one: &str, other: &str) -> bool {
    let whole = |reference: &str| reference.rsplit_once('.').map_or(reference, |(rest, _)| rest).to_owned();
    whole(one) == whole(other) || refers_to(one, &whole(other)) || one == whole(other)
}
