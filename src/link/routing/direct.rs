//! Alarms that name whom they call themselves: topics, action groups, channels, handles.

use std::collections::{BTreeMap, BTreeSet};

use crate::link::index::ByAddress;
use crate::model::routing::{Hit, Integration, Reach};
use crate::model::{Alert, Fact, Id, Model, Place, Receiver};
use crate::source::parent;
use crate::tree::{Text, Unknown};

/// Receivers by what alarms call them.
pub(super) struct Named {
    receivers: ByAddress<Id<Receiver>>,
}

impl Named {
    /// The receivers of a model, and one for every `@handle` of Datadog.
    pub(super) fn new(model: &mut Model) -> Self {
        let mut receivers = ByAddress::new();
        for (id, receiver) in model.each::<Receiver>() {
            receivers.add(&receiver.place.root, &receiver.address, [&receiver.plain_name], id);
        }
        let mut handles: BTreeMap<Text, Place> = BTreeMap::new();
        for alert in &model.alerts {
            for target in alert.targets.iter().filter_map(Fact::value).filter(|target| target.starts_with('@')) {
                handles.entry(target.clone()).or_insert_with(|| alert.place.clone());
            }
        }
        for (handle, place) in handles {
            let id = model.add(of_handle(&handle, place));
            receivers.add("", "", [&handle], id);
        }
        Self { receivers }
    }

    /// The ways that an alarm takes by its own actions.
    pub(super) fn hits(&self, model: &Model, alert: &Alert) -> Vec<Hit> {
        let mut hits: Vec<Hit> = Vec::new();
        for target in &alert.targets {
            let hit = |receiver: Option<Id<Receiver>>, depends_on: Option<Unknown>| Hit {
                route: None,
                receiver,
                depends_on,
                span: target.span,
            };
            match (target.value(), target.reason()) {
                // What is made of something else than a receiver steers machines.
                (Some(named), _) if is_machine(named) => {}
                (Some(named), _) => match near(model, alert, &self.find(named)).as_slice() {
                    [] => hits.push(hit(None, Some(elsewhere(named, target)))),
                    found => hits.extend(found.iter().map(|id| hit(Some(*id), None))),
                },
                (None, Some(unknown)) => {
                    // What comes from another root may be declared there, for the same environment.
                    match near(model, alert, &self.receivers.led_to(unknown)).as_slice() {
                        [] => hits.push(hit(None, Some(unknown.clone()))),
                        found => hits.extend(found.iter().map(|id| hit(Some(*id), None))),
                    }
                }
                (None, None) => {}
            }
        }
        // A target may be written in more than one way: the topic, and an attribute of it.
        let mut seen = BTreeSet::new();
        hits.retain(|hit| hit.receiver.is_none_or(|receiver| seen.insert(receiver)));
        hits
    }

    /// Whether a pager is among the receivers that an alarm could have named.
    pub(super) fn any_pager(model: &Model, alert: &Alert) -> bool {
        let pager = |receiver: &Receiver| {
            receiver.integrations.iter().any(|integration| integration.reach == Reach::Pager)
                && receiver.place.environment == alert.place.environment
        };
        let same_kind = |receiver: &&Receiver| {
            let of_alarm = match alert.source.as_str() {
                "cloudwatch" => "sns",
                other => other,
            };
            receiver.source == of_alarm
        };
        model.receivers.iter().filter(same_kind).any(pager)
    }

    /// By reference, by name, or by the name at the end of an identifier (`arn:aws:sns:eu-west-1:123456789012:pages`).
    fn find(&self, named: &str) -> Vec<Id<Receiver>> {
        let found = self.receivers.referred(named);
        if !found.is_empty() {
            return found;
        }
        match self.receivers.named(named) {
            [] if named.contains([':', '/']) => self.receivers.named(named.rsplit([':', '/']).next().unwrap_or(named)),
            found => found,
        }
        .to_vec()
    }
}

/// Addresses are of one root: of receivers with the same one, those of the alarm's environment and folder are meant.
fn near(model: &Model, alert: &Alert, found: &[Id<Receiver>]) -> Vec<Id<Receiver>> {
    let same_environment = |id: &&Id<Receiver>| {
        let receiver = &model[**id];
        receiver.source == "datadog" || receiver.place.environment == alert.place.environment
    };
    let fitting: Vec<Id<Receiver>> = found.iter().filter(same_environment).copied().collect();
    let own = parent(&alert.place.path);
    let beside: Vec<Id<Receiver>> =
        fitting.iter().copied().filter(|id| parent(&model[*id].place.path) == own).collect();
    let mut chosen = if beside.is_empty() { fitting } else { beside };
    chosen.truncate(1);
    chosen
}

/// Whether an action is a scaling policy, a function and the like.
fn is_machine(named: &str) -> bool {
    const KINDS: &[&str] = &["aws_autoscaling_policy", "aws_appautoscaling_policy", "aws_ssm_document"];
    // What an identifier is made of beside its own name (`arn:aws:automate:${data.aws_region.current.name}:ec2:stop`).
    const PARTS: &[&str] = &["aws_region", "aws_caller_identity", "aws_partition"];
    named.split('.').any(|part| KINDS.contains(&part) || PARTS.contains(&part))
        || [":automate:", ":autoscaling:", ":swf:"].iter().any(|part| named.contains(part))
}

fn elsewhere(named: &str, target: &Fact<Text>) -> Unknown {
    let reason = format!("`{named}` is not declared here, so whom it calls is not known");
    Unknown::new(reason, "audit where it is declared together with this", target.span)
}

/// Handles of Datadog, by how they begin. <https://docs.datadoghq.com/monitors/notify/#notifications>
const HANDLES: &[(&str, Reach)] = &[
    ("@pagerduty", Reach::Pager),
    ("@opsgenie", Reach::Pager),
    ("@victorops", Reach::Pager),
    ("@oncall-", Reach::Pager),
    ("@incident-", Reach::Pager),
    ("@splunk-on-call", Reach::Pager),
    ("@slack", Reach::Chat),
    ("@teams", Reach::Chat),
    ("@hangouts", Reach::Chat),
    ("@hipchat", Reach::Chat),
    ("@jira", Reach::Mail),
    ("@servicenow", Reach::Mail),
    ("@case-", Reach::Mail),
    ("@webhook", Reach::Webhook),
    ("@sns-", Reach::Webhook),
    ("@workflow-", Reach::Webhook),
];

fn of_handle(handle: &Text, place: Place) -> Receiver {
    let known = HANDLES.iter().find(|(start, _)| handle.starts_with(start)).map(|(_, reach)| *reach);
    // A person, a team or an address.
    let reach = known.unwrap_or(Reach::Mail);
    let span = place.span;
    Receiver {
        name: handle.clone(),
        place,
        source: Text::const_new("datadog"),
        reach: Fact::known(Text::const_new(reach.word()), span),
        calls: vec![handle.clone()],
        plain_name: handle.clone(),
        integrations: vec![Integration {
            kind: Text::const_new("datadog"),
            reach,
            detail: handle.clone(),
            span,
            refers_to: Vec::new(),
            teams: Vec::new(),
            paging_service: None,
        }],
        ..Receiver::default()
    }
}
