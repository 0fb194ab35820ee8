//! Queues of what could not be handled → the alarms that tell. Uses `model`.

use super::coverage::refers_to;
use super::{Context, found_or_elsewhere};
use crate::model::alert::Watch;
use crate::model::{Alert, Fact, Id, Model, Queue};
use crate::tree::Text;

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

/// Says of every queue that keeps what failed whether an alarm tells.
pub(super) fn judge(model: &mut Model, context: &Context<'_>) {
    let found: Vec<(Id<Queue>, Fact<bool>)> = model
        .each::<Queue>()
        .filter(|(_, queue)| !queue.keeps_failed.is_false() && !queue.keeps_failed.is_absent())
        .map(|(id, queue)| {
            let telling = TELLING.iter().find(|(kind, _)| *kind == queue.kind).map_or(&[][..], |(_, metrics)| metrics);
            let mut alerts = model.alerts.iter().filter(|alert| alert.place.environment == queue.place.environment);
            let alarm = alerts.find(|alert| tells(alert, telling) && means(alert, queue));
            let span = alarm.map(|alert| alert.place.span);
            let fact = found_or_elsewhere(span, "alerts", context.external.alerts.as_ref());
            (id, Fact { span: fact.span.or(Some(queue.place.span)), ..fact })
        })
        .collect();
    for (id, fact) in found {
        model[id].failed_alerted = fact;
    }
}

fn tells(alert: &Alert, telling: &[&str]) -> bool {
    let speaks = |name: &str| {
        let lower = name.to_ascii_lowercase();
        telling.iter().any(|part| lower.contains(part))
    };
    let series = |watch: &Watch| match watch {
        Watch::Series { metric: Some(metric), .. } => speaks(metric),
        _ => false,
    };
    let query = || alert.source == "datadog" && alert.expression.value().is_some_and(|query| speaks(query));
    alert.metrics.iter().any(|metric| speaks(metric)) || alert.watches.iter().any(series) || query()
}

/// Whether an alarm is about a queue: it names it, or what it is part of, or nothing at all, or something unknown.
fn means(alert: &Alert, queue: &Queue) -> bool {
    let names = |value: &Fact<Text>| match (value.value(), value.reason()) {
        (Some(text), _) => queue.names.contains(text) || refers_to(text, &queue.address),
        (None, Some(unknown)) => {
            unknown.refers_to.is_empty()
                || unknown.refers_to.iter().any(|reference| {
                    refers_to(reference, &queue.address)
                        || queue.within.iter().any(|whole| same_resource(reference, whole))
                })
        }
        (None, None) => false,
    };
    let by_query = alert.expression.value().is_some_and(|query| {
        alert.source == "datadog"
            && (!query.contains("queuename:") || queue.names.iter().any(|name| query.contains(name.as_str())))
    });
    let mut dimensions = alert.watches.iter().filter_map(|watch| match watch {
        Watch::Dimension { value, .. } => Some(value),
        Watch::Series { .. } => None,
    });
    let any = dimensions.clone().next().is_some();
    by_query || !any && alert.source != "datadog" || dimensions.any(names)
}

/// Whether two references lead to attributes of one resource.
fn same_resource(one: &str, other: &str) -> bool {
    let whole = |reference: &str| reference.rsplit_once('.').map_or(reference, |(rest, _)| rest).to_owned();
    whole(one) == whole(other) || refers_to(one, &whole(other)) || one == whole(other)
}
