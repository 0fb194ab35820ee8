//! Paging tools as Terraform sets them up: services, escalation policies, schedules.
//!
//! Attribute names are those of the providers' documentation: `PagerDuty/pagerduty`, `opsgenie/opsgenie`,
//! `grafana/grafana` (`OnCall`) and `incident-io/incident`.

use crate::extract::Facts;
use crate::model::{EscalationPolicy, Fact, PagingService, Schedule, State};
use crate::resolve::terraform::{Resource, blocks, points_at};
use crate::tree::{Node, Text, Unknown, Value};

use super::{Ground, Seen, refers_to, whole};

pub(super) fn extract(ground: Ground<'_>, seen: &mut Seen, facts: &mut Facts) {
    services(ground, seen, facts);
    policies(ground, seen, facts);
    schedules(ground, seen, facts);
}

/// After how long an acknowledged incident of `PagerDuty` rings again where nothing is said, in seconds.
/// <https://registry.terraform.io/providers/PagerDuty/pagerduty/latest/docs/resources/service>
const ACKNOWLEDGEMENT_SECONDS: i64 = 1800;

fn services(ground: Ground<'_>, seen: &mut Seen, facts: &mut Facts) {
    for resource in ground.of_type("pagerduty_service") {
        let calls = |integration: &&Resource| refers_to(integration, "service", &resource.address);
        let integrations = ground.of_type("pagerduty_service_integration").filter(calls);
        let acknowledgement = match resource.at("acknowledgement_timeout").and_then(Node::as_str) {
            Some("null") => Fact::known(0, resource.at("acknowledgement_timeout").map(|node| node.span)),
            _ => whole(resource, "acknowledgement_timeout").or_default(ACKNOWLEDGEMENT_SECONDS),
        };
        let policy_refers_to = resource.refers("escalation_policy").map(Text::from).collect();
        let service = PagingService {
            integrations: integrations.map(|integration| integration.address.clone()).collect(),
            acknowledgement_seconds: acknowledgement,
            policy_refers_to,
            ..service(ground, resource, "pagerduty")
        };
        add_service(service, seen, facts);
    }
    for team in ground.of_type("opsgenie_team") {
        let policy_refers_to = policies_of_team(ground, team);
        add_service(PagingService { policy_refers_to, ..service(ground, team, "opsgenie") }, seen, facts);
    }
    for kind in ["opsgenie_api_integration", "opsgenie_email_integration"] {
        for resource in ground.of_type(kind) {
            let named = ["responders", "owner_team_id"].into_iter().flat_map(|path| resource.refers(path));
            let called = named.flat_map(|named| {
                let mut teams = ground.of_type("opsgenie_team");
                let team = teams.find(|team| points_at(named, &team.address));
                team.map_or_else(|| vec![Text::from(named)], |team| policies_of_team(ground, team))
            });
            add_integration(resource, called.collect(), service(ground, resource, "opsgenie"), seen, facts);
        }
    }
    for resource in ground.of_type("grafana_oncall_integration") {
        let called = resource.refers("default_route.escalation_chain_id").map(Text::from).collect();
        add_integration(resource, called, service(ground, resource, "grafana-oncall"), seen, facts);
    }
    for resource in ground.of_type("incident_alert_source") {
        let routes = ground.of_type("incident_alert_route");
        let routes = routes.filter(|route| refers_to(route, "alert_sources", &resource.address));
        let called = routes.flat_map(|route| route.refers("escalation_config")).map(Text::from).collect();
        add_integration(resource, called, service(ground, resource, "incident.io"), seen, facts);
    }
}

/// What is called for a team of Opsgenie: what its routing rules notify, or the escalation that it owns.
/// <https://registry.terraform.io/providers/opsgenie/opsgenie/latest/docs/resources/team_routing_rule>
fn policies_of_team(ground: Ground<'_>, team: &Resource) -> Vec<Text> {
    let rules = ground.of_type("opsgenie_team_routing_rule");
    let rules = rules.filter(|rule| refers_to(rule, "team_id", &team.address));
    let notified = rules.flat_map(|rule| rule.refers("notify")).filter(|named| named.contains("opsgenie_escalation."));
    let owned = ground.of_type("opsgenie_escalation");
    let owned = owned.filter(|policy| refers_to(policy, "owner_team_id", &team.address));
    notified.map(Text::from).chain(owned.map(|policy| policy.address.clone())).collect()
}

fn add_integration(
    resource: &Resource,
    policy_refers_to: Vec<Text>,
    service: PagingService,
    seen: &mut Seen,
    facts: &mut Facts,
) {
    let integrations = vec![resource.address.clone()];
    add_service(PagingService { policy_refers_to, integrations, ..service }, seen, facts);
}

fn service(ground: Ground<'_>, resource: &Resource, tool: &'static str) -> PagingService {
    PagingService {
        name: resource.address.clone(),
        place: ground.place(resource),
        tool: Text::const_new(tool),
        plain_name: plain_name(resource),
        address: resource.address.clone(),
        acknowledgement_seconds: Fact::absent(resource.head),
        ..PagingService::default()
    }
}

fn add_service(service: PagingService, seen: &mut Seen, facts: &mut Facts) {
    if seen.first(&service.name, &service.place, String::from("paging service")) {
        facts.model.add(service);
    }
}

fn plain_name(resource: &Resource) -> Text {
    resource.at("name").and_then(Node::scalar).unwrap_or_else(|| resource.name.clone())
}

/// What a node names: the addresses it is made of, its literal, or why neither is known. Lists give all of theirs.
pub(super) fn targets(node: &Node) -> Vec<Fact<Text>> {
    match &node.value {
        Value::List(items) => items.iter().flat_map(targets).collect(),
        Value::Unknown(unknown) if !unknown.refers_to.is_empty() => {
            unknown.refers_to.iter().map(|address| Fact::known(whole_thing(address), node.span)).collect()
        }
        Value::Null => Vec::new(),
        _ => vec![Fact::read(node, Node::scalar)],
    }
}

/// `pagerduty_user.ann.id` without its attribute, so that two references to one thing are equal.
fn whole_thing(address: &str) -> Text {
    ["id", "name", "username", "email"]
        .iter()
        .find_map(|attribute| address.strip_suffix(attribute)?.strip_suffix('.'))
        .unwrap_or(address)
        .into()
}

fn policies(ground: Ground<'_>, seen: &mut Seen, facts: &mut Facts) {
    for resource in ground.of_type("pagerduty_escalation_policy") {
        let levels = blocks(&resource.body, "rule").iter().map(|rule| {
            let named = blocks(rule, "target").iter().filter_map(|target| target.get("id"));
            named.flat_map(targets).collect()
        });
        let repeats = whole(resource, "num_loops").or_default(0);
        add_policy(ground, resource, "pagerduty", levels.collect(), repeats, seen, facts);
    }
    for resource in ground.of_type("opsgenie_escalation") {
        let levels = blocks(&resource.body, "rules").iter().map(|rule| {
            let named = blocks(rule, "recipient").iter().filter_map(|recipient| recipient.get("id"));
            named.flat_map(targets).collect()
        });
        let repeats = whole(resource, "repeat.count").or_default(0);
        add_policy(ground, resource, "opsgenie", levels.collect(), repeats, seen, facts);
    }
    for resource in ground.of_type("grafana_oncall_escalation_chain") {
        let steps: Vec<&Resource> = ground
            .of_type("grafana_oncall_escalation")
            .filter(|step| refers_to(step, "escalation_chain_id", &resource.address))
            .collect();
        let called = [
            "persons_to_notify",
            "persons_to_notify_next_each_time",
            "notify_on_call_from_schedule",
            "group_to_notify",
            "notify_to_team_members",
        ];
        let level = |step: &&Resource| {
            let named: Vec<Fact<Text>> = called.iter().filter_map(|name| step.at(name)).flat_map(targets).collect();
            (!named.is_empty()).then_some(named)
        };
        let again = |step: &&&Resource| step.at("type").and_then(Node::as_str) == Some("repeat_escalation");
        let repeats = steps.iter().find(again).map_or(Fact::known(0, resource.head), |step| Fact::known(1, step.head));
        add_policy(ground, resource, "grafana-oncall", steps.iter().filter_map(level).collect(), repeats, seen, facts);
    }
    for resource in ground.of_type("incident_escalation_path") {
        let (mut levels, mut repeats) = (Vec::new(), Fact::known(0, resource.head));
        paths(resource.at("path"), 0, &mut levels, &mut repeats);
        add_policy(ground, resource, "incident.io", levels, repeats, seen, facts);
    }
}

/// Branches nest five deep at most.
/// <https://registry.terraform.io/providers/incident-io/incident/latest/docs/resources/escalation_path#path>
const BRANCHES: usize = 5;

fn paths(nodes: Option<&Node>, depth: usize, levels: &mut Vec<Vec<Fact<Text>>>, repeats: &mut Fact<i64>) {
    for node in nodes.map_or(&[][..], Node::items) {
        if let Some(level) = node.get("level").filter(|level| !level.is_null()) {
            let named = level.get("targets").map_or(&[][..], Node::items).iter().filter_map(|target| target.get("id"));
            levels.push(named.flat_map(targets).collect());
        }
        if let Some(again) = node.get("repeat").filter(|again| !again.is_null()) {
            *repeats = Fact::known(again.get("repeat_times").and_then(Node::as_int).unwrap_or(1), again.span);
        }
        // Both branches call; the shorter one decides how flat it is, so that only one is followed.
        if depth < BRANCHES {
            paths(node.at(&["if_else", "then_path"]), depth + 1, levels, repeats);
        }
    }
}

fn add_policy(
    ground: Ground<'_>,
    resource: &Resource,
    tool: &'static str,
    targets: Vec<Vec<Fact<Text>>>,
    repeats: Fact<i64>,
    seen: &mut Seen,
    facts: &mut Facts,
) {
    let span = resource.head;
    let levels = match whole_list(resource) {
        Some(unknown) => Fact::unknown(unknown),
        None => Fact::known(i64::try_from(targets.len()).unwrap_or(i64::MAX), span),
    };
    let broad = targets.iter().any(|level| level.len() > 1);
    let policy = EscalationPolicy {
        name: resource.address.clone(),
        place: ground.place(resource),
        tool: Text::const_new(tool),
        levels,
        repeats,
        broad: Fact::known(broad, span),
        plain_name: plain_name(resource),
        address: resource.address.clone(),
        targets,
        ..EscalationPolicy::default()
    };
    if seen.first(&policy.name, &policy.place, String::from("policy")) {
        facts.model.add(policy);
    }
}

/// Why the levels of a policy are not known, when they are not: its blocks are made of something unknown.
fn whole_list(resource: &Resource) -> Option<Unknown> {
    ["rule", "rules", "path"].iter().find_map(|name| {
        let node = resource.body.get(name)?;
        node.as_unknown().or_else(|| node.items().iter().find_map(Node::as_unknown)).cloned()
    })
}

fn schedules(ground: Ground<'_>, seen: &mut Seen, facts: &mut Facts) {
    for resource in ground.of_type("pagerduty_schedule") {
        let layers = blocks(&resource.body, "layer");
        let members = layers.iter().flat_map(|layer| of_list(layer, "users")).collect();
        let ends = last_end(layers.iter().map(|layer| (layer, layer.get("end"))), resource);
        add_schedule(ground, resource, "pagerduty", members, ends, seen, facts);
    }
    for resource in ground.of_type("pagerduty_schedulev2") {
        let events: Vec<&Node> =
            blocks(&resource.body, "rotation").iter().flat_map(|rotation| blocks(rotation, "event")).collect();
        let members = events.iter().flat_map(|event| blocks(event, "assignment_strategy"));
        let members =
            members.flat_map(|strategy| blocks(strategy, "member")).filter_map(|member| member.get("user_id"));
        let members = members.flat_map(targets).collect();
        let ends = last_end(events.iter().map(|event| (*event, event.get("effective_until"))), resource);
        add_schedule(ground, resource, "pagerduty", members, ends, seen, facts);
    }
    for resource in ground.of_type("opsgenie_schedule") {
        let rotations: Vec<&Resource> = ground
            .of_type("opsgenie_schedule_rotation")
            .filter(|rotation| refers_to(rotation, "schedule_id", &resource.address))
            .collect();
        let members = rotations.iter().flat_map(|rotation| blocks(&rotation.body, "participant"));
        let members = members.filter_map(|participant| participant.get("id")).flat_map(targets).collect();
        let ends = last_end(rotations.iter().map(|rotation| (&rotation.body, rotation.body.get("end_date"))), resource);
        add_schedule(ground, resource, "opsgenie", members, ends, seen, facts);
    }
    for resource in ground.of_type("grafana_oncall_schedule") {
        let listed: Vec<&str> = resource.refers("shifts").collect();
        let shifts = ground
            .of_type("grafana_oncall_on_call_shift")
            .filter(|shift| listed.iter().any(|address| points_at(address, &shift.address)));
        let members = shifts.flat_map(|shift| {
            ["users", "rolling_users"]
                .into_iter()
                .filter_map(|name| shift.at(name))
                .flat_map(targets)
                .collect::<Vec<_>>()
        });
        let mut members: Vec<Fact<Text>> = members.collect();
        // A rota kept in a calendar elsewhere, or edited in the browser, is not known here.
        if members.is_empty() {
            let reason = "the rota is kept outside of Terraform";
            members.push(Fact::unknown(Unknown::new(reason, "", resource.head)));
        }
        add_schedule(ground, resource, "grafana-oncall", members, Fact::absent(resource.head), seen, facts);
    }
    for resource in ground.of_type("incident_schedule") {
        let rotations = resource.at("rotations").map_or(&[][..], Node::items).iter();
        let versions = rotations.flat_map(|rotation| rotation.get("versions").map_or(&[][..], Node::items));
        let members = versions.flat_map(|version| of_list(version, "users")).collect();
        add_schedule(ground, resource, "incident.io", members, Fact::absent(resource.head), seen, facts);
    }
}

/// Everyone that a list names; unknown where the list is.
fn of_list(node: &Node, name: &str) -> Vec<Fact<Text>> {
    match node.as_unknown() {
        Some(unknown) => vec![Fact::unknown(unknown.clone())],
        None => node.get(name).map_or_else(Vec::new, targets),
    }
}

/// The last day of a schedule whose parts all end; absent when one goes on, and unknown when one may.
fn last_end<'n>(parts: impl Iterator<Item = (&'n Node, Option<&'n Node>)>, resource: &Resource) -> Fact<Text> {
    let mut last: Option<Fact<Text>> = None;
    for (part, end) in parts {
        if let Some(unknown) = part.as_unknown() {
            return Fact::unknown(unknown.clone());
        }
        let Some(end) = end.filter(|end| !end.is_null()) else { return Fact::absent(resource.head) };
        let ends = Fact::read(end, Node::scalar).map(|text| text.chars().take(10).collect::<String>().into());
        match (&ends.state, &last) {
            (State::Known(day), Some(Fact { state: State::Known(before), .. })) if *day <= *before => {}
            (State::Known(_), _) => last = Some(ends),
            _ => return ends,
        }
    }
    last.unwrap_or_else(|| Fact::absent(resource.head))
}

fn add_schedule(
    ground: Ground<'_>,
    resource: &Resource,
    tool: &'static str,
    members: Vec<Fact<Text>>,
    ends: Fact<Text>,
    seen: &mut Seen,
    facts: &mut Facts,
) {
    let unknown = members.iter().find_map(Fact::reason);
    let known: std::collections::BTreeSet<&Text> = members.iter().filter_map(Fact::value).collect();
    let people = match unknown {
        Some(unknown) if known.len() < 2 => Fact::unknown(unknown.clone()),
        _ => Fact::known(i64::try_from(known.len()).unwrap_or(i64::MAX), resource.head),
    };
    let schedule = Schedule {
        name: resource.address.clone(),
        place: ground.place(resource),
        tool: Text::const_new(tool),
        people,
        ends,
        plain_name: plain_name(resource),
        address: resource.address.clone(),
        members,
        ..Schedule::default()
    };
    if seen.first(&schedule.name, &schedule.place, String::from("schedule")) {
        facts.model.add(schedule);
    }
}
