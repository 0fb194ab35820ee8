//! Alarms of clouds and of Datadog: whom they call, and what they watch.

use crate::extract::Facts;
use crate::model::alert::Watch;
use crate::model::queue::ENTITY;
use crate::model::{Alert, Fact, RunbookReference, State};
use crate::resolve::terraform::{Resource, blocks, points_at};
use crate::tree::{Node, Text, Unknown, Value};

use super::{Ground, Seen, doubt, events, named, switch, text};

/// Parts of the names of metrics that say that something is there: none at all says that it is not.
const PRESENCE: &[&str] =
    &["healthyhostcount", "successpercent", "heartbeat", "availability", "runningtaskcount", "healthyroutinghostcount"];

/// Actions that steer machines and call nobody.
const MACHINES: &[&str] =
    &["aws_autoscaling_policy", "aws_appautoscaling_policy", "aws_lambda_function", "aws_ssm_document"];

pub(super) fn extract(ground: Ground<'_>, seen: &mut Seen, facts: &mut Facts) {
    let kinds: &[(&str, Reader)] = &[
        ("aws_cloudwatch_metric_alarm", cloudwatch),
        ("aws_cloudwatch_composite_alarm", cloudwatch),
        ("google_monitoring_alert_policy", google),
        ("azurerm_monitor_metric_alert", azure),
        ("azurerm_monitor_scheduled_query_rules_alert", azure),
        ("azurerm_monitor_scheduled_query_rules_alert_v2", azure),
        ("azurerm_monitor_activity_log_alert", azure),
        ("azurerm_monitor_smart_detector_alert_rule", azure),
        ("datadog_monitor", datadog),
    ];
    for (kind, read) in kinds {
        for resource in ground.of_type(kind) {
            let alert = base(ground, resource, *read);
            if seen.first(&alert.name, &alert.place, format!("{:?}{:?}", alert.actions.state, alert.switched_off.state))
            {
                crate::extract::prometheus::alert::link(alert, facts);
            }
        }
    }
}

/// Fills in what is particular to a kind of alarm.
type Reader = fn(Ground<'_>, &Resource, &mut Alert);

fn base(ground: Ground<'_>, resource: &Resource, read: Reader) -> Alert {
    let tags = ground.tags(&resource.type_name, &resource.provider, &resource.body);
    let mut alert = Alert {
        name: resource.address.clone(),
        place: ground.place(resource),
        severity: tags
            .first(&["severity", "Severity", "priority"])
            .map_or_else(Fact::default, |(_, fact)| fact.clone()),
        heartbeat: false,
        smoothed: Fact::known(true, resource.head),
        tags,
        ..Alert::default()
    };
    read(ground, resource, &mut alert);
    if alert.plain_name.is_empty() {
        alert.plain_name.clone_from(&resource.name);
    }
    alert.automation = if alert.automation.is_absent() { Fact::known(false, resource.head) } else { alert.automation };
    let silent = alert.automation.is_true() || alert.switched_off.is_true();
    alert.notifies = alert.actions.clone().map(|count| count > 0 && !silent);
    if alert.switched_off.is_true() {
        // Whom it would call is no question.
        alert.actions = Fact::absent(alert.switched_off.span);
    }
    alert.runbook = runbook(&told(resource, &alert));
    alert.actions = doubt(alert.actions, resource.uncertain.as_ref());
    alert.notifies = doubt(alert.notifies, resource.uncertain.as_ref());
    alert
}

/// Arguments of an action of Azure's alerts that carry words to whoever is called.
/// <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/monitor_metric_alert#webhook_properties>
const CARRIED: &[&str] = &["webhook_properties", "custom_properties", "custom_webhook_payload", "webhook_payload"];

/// All that an alarm tells whoever is called: what it carries along, the links beside its documentation
/// (<https://cloud.google.com/monitoring/alerts/doc-variables>), its description.
fn told(resource: &Resource, alert: &Alert) -> Vec<Fact<Text>> {
    let texts = |node: &Node| -> Vec<Fact<Text>> {
        let entries = node.entries().iter().map(|entry| Fact::read(&entry.value, Node::scalar));
        std::iter::once(Fact::read(node, Node::scalar)).chain(entries).collect()
    };
    let actions = ["action", "action_group"].iter().flat_map(|kind| blocks(&resource.body, kind));
    let carried = actions.flat_map(|action| CARRIED.iter().filter_map(|name| action.get(name)));
    let documentation = blocks(&resource.body, "documentation");
    let beside = documentation.iter().flat_map(|it| blocks(it, "links")).filter_map(|link| link.get("url"));
    let mut told: Vec<Fact<Text>> = carried.chain(beside).filter(|node| !node.is_null()).flat_map(texts).collect();
    told.push(alert.description.clone());
    told
}

/// Consoles and dashboards show what is going on, and nothing of what to do.
const DASHBOARDS: &[&str] =
    &["dashboard", "grafana", "portal.azure.com", "console.aws.amazon.com", "console.cloud.google.com"];

/// The first link, or path of a Markdown page, in what an alarm says. A dashboard is no runbook.
fn runbook(told: &[Fact<Text>]) -> RunbookReference {
    let find = |text: &Text| {
        let words = text.split([' ', '\n', '\t', '(', ')', '<', '>', '[', ']', '"', '|']);
        let is_link = |word: &&str| {
            let lower = word.to_lowercase();
            let page = lower.contains("runbook") || lower.contains("playbook");
            (lower.contains("://") || lower.contains(".md"))
                && (page || !DASHBOARDS.iter().any(|it| lower.contains(it)))
        };
        words.map(|word| word.trim_end_matches(['.', ',', ';'])).find(is_link).map(Text::from)
    };
    let known = told.iter().find_map(|fact| {
        let url = find(fact.value()?)?;
        Some(Fact { state: State::Known(url), span: fact.span, via: fact.via.clone() })
    });
    let unknown = || told.iter().find(|fact| fact.reason().is_some()).cloned();
    let span = told.last().and_then(|fact| fact.span);
    // Of a text that is known in part, a link may be; where it leads is known where all of it is.
    let part = || {
        told.iter().find_map(|fact| {
            let url = find(fact.reason()?.partial.as_ref()?)?;
            Some(if url.contains('*') { fact.clone() } else { Fact::known(url, fact.span) })
        })
    };
    let found = known.or_else(part);
    let is_there = found.is_some();
    let url = found.or_else(unknown).unwrap_or_else(|| Fact::absent(span));
    let exists = match &url.state {
        _ if is_there => Fact { state: State::Known(true), span: url.span, via: url.via.clone() },
        State::Absent => Fact::known(false, url.span),
        _ => url.clone().map(|_| true),
    };
    RunbookReference { span: url.span, exists, url, page: None }
}

/// Whether the switch of an alarm is off; it is on where nothing is said.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html> `ActionsEnabled`,
/// <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/monitoring_alert_policy#enabled>,
/// <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/monitor_metric_alert#enabled>
pub(super) fn off(resource: &Resource, attribute: &str) -> Fact<bool> {
    switch(resource, attribute).or_default(true).map(|on| !on)
}

/// How many entries an attribute has; none when it is not set.
fn entries(resource: &Resource, path: &str) -> Fact<i64> {
    match resource.at(path) {
        Some(node) if !node.is_null() => Fact::read(node, |node| match &node.value {
            Value::List(items) => i64::try_from(items.len()).ok(),
            _ => Some(1),
        }),
        _ => Fact::known(0, resource.head),
    }
}

fn cloudwatch(ground: Ground<'_>, resource: &Resource, alert: &mut Alert) {
    alert.source = "cloudwatch".into();
    alert.plain_name = resource.at("alarm_name").and_then(Node::scalar).unwrap_or_default();
    alert.description = text(resource, "alarm_description");
    alert.summary.clone_from(&alert.description);
    alert.switched_off = off(resource, "actions_enabled");
    alert.actions = entries(resource, "alarm_actions");
    alert.automation = automation(ground, resource);
    alert.targets = named(resource, "alarm_actions");
    events::tell(ground, resource, alert);
    alert.missing_data = text(resource, "treat_missing_data").or_default(Text::const_new("missing"));
    let metric = resource.at("metric_name").and_then(Node::as_str).unwrap_or_default();
    let below = resource.at("comparison_operator").and_then(Node::as_str).is_some_and(|op| op.starts_with("LessThan"));
    alert.presence = below && PRESENCE.iter().any(|part| metric.to_ascii_lowercase().contains(part));
    watch(&resource.body, alert);
    for query in blocks(&resource.body, "metric_query") {
        for metric in blocks(query, "metric") {
            watch(metric, alert);
        }
    }
    alert.cost = !alert.namespaces.is_empty() && alert.namespaces.iter().all(|name| COSTS.contains(&name.as_str()));
}

/// Namespaces of metrics of what is spent.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitor_estimated_charges_with_cloudwatch.html>
const COSTS: &[&str] = &["AWS/Billing", "AWS/Budgets"];

fn watch(metric: &Node, alert: &mut Alert) {
    let namespace = metric.get("namespace").and_then(Node::scalar).unwrap_or_default();
    alert.metrics.extend(metric.get("metric_name").and_then(Node::scalar));
    if !namespace.is_empty() {
        alert.namespaces.push(namespace.clone());
    }
    for entry in metric.get("dimensions").map_or(&[][..], Node::entries) {
        alert.watches.push(Watch::Dimension {
            namespace: namespace.clone(),
            name: entry.key.clone(),
            value: Fact::read(&entry.value, Node::scalar),
        });
    }
}

/// Whether an action is one that steers machines, by the service in its ARN.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html> `AlarmActions`
fn steers(arn: &str) -> bool {
    let mut parts = arn.split(':');
    parts.next() == Some("arn")
        && parts.nth(1).is_some_and(|service| matches!(service, "automate" | "autoscaling" | "swf" | "ssm"))
}

/// Whether an alarm only steers machines: all its actions scale or recover, or another resource reads its state (a
/// composite alarm, the rollback of a deployment, a health check that fails over).
fn automation(ground: Ground<'_>, resource: &Resource) -> Fact<bool> {
    let actions = resource.at("alarm_actions").map_or(&[][..], Node::items);
    let referred: Vec<&str> = resource.refers("alarm_actions").collect();
    let machine = |action: &Node| match &action.value {
        Value::String(arn) => steers(arn),
        Value::Unknown(unknown) => {
            let kind = |address: &Text| address.split(['.', '/']).any(|part| MACHINES.contains(&part));
            // Of an ARN whose region is not known, the service is.
            unknown.partial.as_deref().is_some_and(steers)
                || !unknown.refers_to.is_empty() && unknown.refers_to.iter().all(kind)
        }
        _ => false,
    };
    let steers = !actions.is_empty() && actions.iter().all(machine)
        || !referred.is_empty()
            && referred.iter().all(|address| address.split('.').any(|part| MACHINES.contains(&part)));
    let name = resource.at("alarm_name").and_then(Node::as_str);
    let readers: &[(&str, &str)] = &[
        ("aws_cloudwatch_composite_alarm", "alarm_rule"),
        ("aws_ecs_service", "alarms.alarm_names"),
        ("aws_codedeploy_deployment_group", "alarm_configuration.alarms"),
        ("aws_route53_health_check", "cloudwatch_alarm_name"),
    ];
    let reads = |other: &Resource, attribute: &str| {
        let written = other.at(attribute);
        let quoted = |rule: &str| {
            let within = |name: &str| rule.contains(&format!("\"{name}\"")) || rule.contains(&format!("({name})"));
            name.is_some_and(|name| rule == name || within(name))
        };
        let listed = |node: &Node| node.items().iter().any(|item| item.as_str().is_some() && item.as_str() == name);
        other.refers(attribute).any(|address| points_at(address, &resource.address))
            || written.is_some_and(|node| node.as_str().is_some_and(quoted) || listed(node))
    };
    let reader =
        readers.iter().flat_map(|(kind, attribute)| ground.of_type(kind).map(move |other| (other, *attribute)));
    let read_by = reader
        .filter(|(other, _)| other.address != resource.address)
        // A health check looks at the state of an alarm that calls people beside.
        .filter(|(other, _)| actions.is_empty() || other.type_name != "aws_route53_health_check")
        .find(|(other, attribute)| reads(other, attribute));
    match read_by {
        _ if steers => Fact::known(true, resource.head),
        Some((other, _)) => Fact::known(true, other.head),
        None => Fact::known(false, resource.head),
    }
}

fn google(_: Ground<'_>, resource: &Resource, alert: &mut Alert) {
    alert.source = "google".into();
    alert.plain_name = resource.at("display_name").and_then(Node::scalar).unwrap_or_default();
    alert.description = text(resource, "documentation.content");
    alert.summary = text(resource, "documentation.subject");
    alert.switched_off = off(resource, "enabled");
    alert.actions = entries(resource, "notification_channels");
    if alert.severity.is_absent() {
        alert.severity = text(resource, "severity");
    }
    alert.targets = named(resource, "notification_channels");
    for condition in blocks(&resource.body, "conditions") {
        for kind in ["condition_threshold", "condition_absent", "condition_matched_log"] {
            for inner in blocks(condition, kind) {
                alert.watches.extend(inner.get("filter").map(filter).into_iter().flatten());
                alert.metrics.extend(inner.get("filter").and_then(metric_type));
            }
        }
        for inner in blocks(condition, "condition_prometheus_query_language") {
            let query = inner.get("query").and_then(Node::as_str).unwrap_or_default();
            alert.watches.extend(crate::extract::prometheus::watches(query));
        }
    }
}

/// The labels that a filter of Cloud Monitoring compares: `resource.label.database_id = "p:db"`.
fn filter(node: &Node) -> Vec<Watch> {
    let dimension =
        |name: &str, value: Fact<Text>| Watch::Dimension { namespace: "google".into(), name: name.into(), value };
    let Some(text) = node.as_str() else {
        return vec![dimension("filter", Fact::read(node, Node::scalar))];
    };
    let compared = text.split("AND").filter_map(|part| part.split_once('='));
    let labels = compared.filter(|(left, _)| left.contains("label"));
    labels
        .map(|(left, right)| {
            let name = left.trim().rsplit('.').next().unwrap_or_default();
            let value = right.trim().trim_matches(['"', ')', ' ']);
            dimension(name.trim_matches('"'), Fact::known(value.into(), node.span))
        })
        .collect()
}

/// The metric that a filter of Cloud Monitoring compares: `metric.type = "cloudsql.googleapis.com/database/disk/utilization"`.
fn metric_type(filter: &Node) -> Option<Text> {
    let (_, rest) = filter.as_str()?.split_once("metric.type")?;
    let value = rest.trim_start().strip_prefix(['=', ':'])?.trim_start_matches([' ', '=', '"']);
    value.split(['"', ' ']).next().filter(|name| !name.is_empty()).map(Text::from)
}

fn azure(_: Ground<'_>, resource: &Resource, alert: &mut Alert) {
    alert.source = "azure".into();
    alert.plain_name = resource.at("name").and_then(Node::scalar).unwrap_or_default();
    alert.description = text(resource, "description");
    alert.summary = alert.description.clone();
    alert.switched_off = off(resource, "enabled");
    let actions = blocks(&resource.body, "action");
    let groups = actions.iter().flat_map(|action| {
        ["action_group_id", "action_groups", "action_group"]
            .iter()
            .filter_map(|name| action.get(name))
            .flat_map(super::oncall::targets)
    });
    let detector = resource.at("action_group.ids").map_or_else(Vec::new, super::oncall::targets);
    alert.targets = groups.chain(detector).collect();
    let actions = i64::try_from(actions.len().max(alert.targets.len())).unwrap_or(i64::MAX);
    alert.actions = Fact::known(actions, resource.head);
    let namespace = resource.at("criteria.metric_namespace").and_then(Node::scalar).unwrap_or_default();
    for criteria in ["criteria", "dynamic_criteria"].iter().flat_map(|kind| blocks(&resource.body, kind)) {
        alert.metrics.extend(criteria.get("metric_name").and_then(Node::scalar));
        // Of all that a scope holds, these alone are meant.
        let named = |dimension: &&Node| {
            let is = |key: &str, wanted: &str| dimension.get(key).and_then(Node::as_str) == Some(wanted);
            is("name", ENTITY) && is("operator", "Include")
        };
        for value in blocks(criteria, "dimension").iter().filter(named).filter_map(|dimension| dimension.get("values"))
        {
            let values = value.as_unknown().map(|_| value).into_iter().chain(value.items());
            alert.watches.extend(values.map(|value| Watch::Dimension {
                namespace: namespace.clone(),
                name: Text::const_new(ENTITY),
                value: Fact::read(value, Node::scalar),
            }));
        }
    }
    if !namespace.is_empty() {
        alert.namespaces.push(namespace.clone());
    }
    // Alerts on logs of the first version name one `data_source_id`, smart detection `scope_resource_ids`.
    let scopes = ["scopes", "data_source_id", "scope_resource_ids"];
    for scope in scopes.iter().flat_map(|path| super::named(resource, path)) {
        // A scope that is an address joins as a reference does.
        let value = match scope.value().filter(|text| !text.starts_with('/')) {
            Some(address) => {
                let mut unknown = Unknown::new("it is known after apply", "pass a plan", scope.span);
                unknown.refers_to.push(address.clone());
                Fact { span: scope.span, ..Fact::unknown(unknown) }
            }
            None => scope,
        };
        alert.watches.push(Watch::Dimension { namespace: namespace.clone(), name: "scope".into(), value });
    }
}

/// A monitor calls those whom its message names, `@pagerduty-Team`, `@slack-channel`, and those whom the notification
/// rules that its tags match name.
fn datadog(ground: Ground<'_>, resource: &Resource, alert: &mut Alert) {
    alert.source = "datadog".into();
    alert.plain_name = resource.at("name").and_then(Node::scalar).unwrap_or_default();
    alert.description = text(resource, "message");
    alert.summary = Fact { ..text(resource, "name") };
    alert.expression = text(resource, "query");
    let handles = |message: &str| -> Vec<Text> {
        // A handle may stand in a condition without a space: `{{#is_alert}}@pagerduty{{/is_alert}}`.
        let message = message.replace("}}@", "}} @").replace("{{/", " {{/");
        let words = message.split_whitespace().map(|word| word.trim_start_matches(['(', '{', '[', '"']));
        let names = words.filter(|word| word.starts_with('@') && word.len() > 1);
        names.map(|word| word.trim_end_matches([')', '}', ']', ',', '.', ';', ':', '"']).into()).collect()
    };
    let span = alert.description.span;
    alert.targets = match (alert.description.value(), alert.description.reason()) {
        (Some(message), _) => handles(message).into_iter().map(|handle| Fact::known(handle, span)).collect(),
        (None, Some(unknown)) => vec![Fact::unknown(unknown.clone())],
        (None, None) => Vec::new(),
    };
    let count = |message: &Text| i64::try_from(handles(message).len()).unwrap_or(i64::MAX);
    alert.actions = alert.description.clone().map(|message| count(&message)).or_default(0);
    notified_by_rules(ground, resource, alert);
    for tag in resource.at("tags").map_or(&[][..], Node::items) {
        if let Some((key, value)) = tag.as_str().and_then(|tag| tag.split_once(':')) {
            alert.tags.0.push((key.into(), Fact::known(value.into(), tag.span)));
        }
    }
}

/// Notification rules call others for the monitors that bear all tags of their `filter { tags }`; what a `filter { scope }`
/// means is not followed. Recipients are handles without their `@`.
/// <https://registry.terraform.io/providers/DataDog/datadog/latest/docs/resources/monitor_notification_rule>
fn notified_by_rules(ground: Ground<'_>, monitor: &Resource, alert: &mut Alert) {
    let own = monitor.at("tags");
    let bears = |tag: &Node| own.is_some_and(|own| own.items().iter().any(|one| one.as_str() == tag.as_str()));
    for rule in ground.of_type("datadog_monitor_notification_rule") {
        let tags = rule.at("filter.tags").filter(|node| !node.is_null());
        let wanted = tags.map_or(&[][..], Node::items);
        if wanted.iter().any(|tag| tag.as_str().is_some() && !bears(tag)) && open(own).is_none() {
            continue;
        }
        let by_scope = rule.at("filter.scope").is_some_and(|node| !node.is_null());
        let reason = || Unknown::new("whether a notification rule means it is not known", "pass a plan", rule.head);
        let maybe = open(own).or_else(|| open(tags)).cloned().or_else(|| by_scope.then(reason));
        let maybe = maybe.or_else(|| rule.uncertain.clone());
        if let Some(unknown) = maybe {
            if alert.actions.value() == Some(&0) {
                alert.actions = Fact { span: alert.actions.span, ..Fact::unknown(unknown.clone()) };
            }
            alert.targets.push(Fact { span: Some(rule.head), ..Fact::unknown(unknown) });
            continue;
        }
        let conditional = blocks(&rule.body, "conditional_recipients").iter();
        let conditional = conditional.flat_map(|block| {
            let conditions = blocks(block, "conditions").iter().filter_map(|condition| condition.get("recipients"));
            conditions.chain(block.get("fallback_recipients"))
        });
        let recipients = rule.at("recipients").into_iter().chain(conditional).flat_map(super::oncall::targets);
        let called: Vec<Fact<Text>> =
            recipients.map(|name| name.map(|name| compact_str::format_compact!("@{name}"))).collect();
        let count = i64::try_from(called.len()).unwrap_or(i64::MAX);
        alert.actions = std::mem::take(&mut alert.actions).map(|so_far| so_far.saturating_add(count));
        alert.targets.extend(called);
    }
}

/// Why a list is not known, or something in it.
fn open(list: Option<&Node>) -> Option<&Unknown> {
    let list = list?;
    list.as_unknown().or_else(|| list.items().iter().find_map(Node::as_unknown))
}
