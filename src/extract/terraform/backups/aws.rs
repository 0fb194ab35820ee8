//! AWS Backup and the Data Lifecycle Manager.
//!
//! Arguments: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/backup_plan>, `backup_selection`,
//! `backup_vault_lock_configuration`, `dlm_lifecycle_policy`.

use crate::model::{Backup, Coverage, Fact, State};
use crate::resolve::terraform::{Resolved, Resource, blocks, step};
use crate::tree::{ELSEWHERE, Node, Text, Unknown};

use super::super::{Ground, doubt, fact, named, reading, refers_to, text};
use super::{backup, handed_on};

/// When AWS Backup runs a rule that names no schedule.
/// <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupRule.html>
const DEFAULT_SCHEDULE: &str = "cron(0 5 ? * * *)";

pub(super) fn extract(ground: Ground<'_>, resolved: &Resolved, out: &mut Vec<Backup>) {
    let plans: Vec<&Resource> = ground.of_type("aws_backup_plan").collect();
    let is_of = |selection: &Resource, plan: &Resource| refers_to(selection, "plan_id", &plan.address);
    for plan in &plans {
        let selections: Vec<&Resource> =
            ground.of_type("aws_backup_selection").filter(|selection| is_of(selection, plan)).collect();
        out.push(of_plan(ground, resolved, plan, &selections));
    }
    // A selection may name a plan of another root by its id.
    for selection in ground.of_type("aws_backup_selection") {
        if !plans.iter().any(|plan| is_of(selection, plan)) {
            let (covers, selects, by_tag) = selected(&[selection]);
            out.push(Backup { selects, by_tag, covers, ..backup(ground, selection, "aws-backup") });
        }
    }
    for policy in ground.of_type("aws_dlm_lifecycle_policy") {
        out.extend(lifecycle_policy(ground, policy));
    }
}

fn of_plan(ground: Ground<'_>, resolved: &Resolved, plan: &Resource, selections: &[&Resource]) -> Backup {
    let rules = blocks(&plan.body, "rule");
    let schedules = rules.iter().map(schedule);
    let (covers, mut selects, by_tag) = selected(selections);
    if selections.is_empty() {
        selects = unselected(resolved, plan);
        if selects.is_false() {
            selects = handed_on(ground, plan).unwrap_or(selects);
        }
    }
    Backup {
        // Rules add to each other; the one that runs most often bounds what is lost.
        schedule: schedules.reduce(more_often).unwrap_or_default(),
        retention_days: retention(rules, plan),
        immutable: immutable(ground, rules, plan),
        copies_elsewhere: any(rules, plan, |rule| !blocks(rule, "copy_action").is_empty()),
        continuous: any(rules, plan, |rule| {
            rule.get("enable_continuous_backup").and_then(reading::as_bool) == Some(true)
        }),
        covers,
        selects: doubt(selects, plan.uncertain.as_ref()),
        by_tag,
        ..backup(ground, plan, "aws-backup")
    }
}

fn schedule(rule: &Node) -> Fact<Text> {
    match rule.get("schedule").filter(|node| !node.is_null()) {
        Some(node) => Fact::read(node, Node::scalar),
        None if rule.as_unknown().is_some() => Fact::read(rule, Node::scalar),
        None => Fact::known(DEFAULT_SCHEDULE.into(), rule.span),
    }
}

/// Of two schedules the one with the shorter gap; an unknown one is kept only beside nothing better.
fn more_often(one: Fact<Text>, other: Fact<Text>) -> Fact<Text> {
    let gap = |fact: &Fact<Text>| {
        let read = crate::model::schedule::Schedule::read(fact.value()?, crate::model::schedule::Dialect::Aws);
        read.ok()?.longest_gap()
    };
    match (gap(&one), gap(&other)) {
        (Some(first), Some(second)) if second < first => other,
        (None, Some(_)) => other,
        _ => one,
    }
}

/// The longest that any rule keeps copies; none is deleted where a rule names no end.
fn retention(rules: &[Node], plan: &Resource) -> Fact<f64> {
    let mut longest = Fact::absent(plan.head);
    for rule in rules {
        let Some(node) = step(rule, "lifecycle.delete_after").filter(|node| !node.is_null()) else {
            return Fact::absent(rule.span);
        };
        let kept = Fact::read(node, reading::as_number);
        let longer = match (longest.value(), kept.value()) {
            (Some(so_far), Some(days)) => days > so_far,
            _ => longest.reason().is_none(),
        };
        if longer {
            longest = kept;
        }
    }
    longest
}

/// Whether any rule says so; not known where a rule is not.
fn any(rules: &[Node], plan: &Resource, says: impl Fn(&Node) -> bool) -> Fact<bool> {
    if let Some(rule) = rules.iter().find(|rule| says(rule)) {
        return Fact::known(true, rule.span);
    }
    match rules.iter().find(|rule| rule.as_unknown().is_some()) {
        Some(rule) => Fact::read(rule, |_| None),
        None => Fact::known(false, plan.head),
    }
}

/// Whether every vault that copies go to is locked. One that is not declared in the root is not known.
fn immutable(ground: Ground<'_>, rules: &[Node], plan: &Resource) -> Fact<bool> {
    let vaults: Vec<&Resource> = ground
        .of_type("aws_backup_vault")
        .filter(|vault| refers_to(plan, "rule.target_vault_name", &vault.address) || names_vault(rules, vault))
        .collect();
    if vaults.is_empty() {
        let reason = "its vault is declared elsewhere";
        return Fact::unknown(Unknown::new(reason, "audit that place together with this one", plan.head));
    }
    let locked = |vault: &Resource| {
        ground
            .of_type("aws_backup_vault_lock_configuration")
            .find(|lock| refers_to(lock, "backup_vault_name", &vault.address) || same_name(lock, vault))
    };
    let mut at = plan.head;
    for vault in vaults {
        match locked(vault) {
            None => return Fact::known(false, vault.head),
            Some(lock) if lock.uncertain.is_some() => {
                return doubt(Fact::known(true, lock.head), lock.uncertain.as_ref());
            }
            Some(lock) => at = lock.head,
        }
    }
    Fact::known(true, at)
}

fn names_vault(rules: &[Node], vault: &Resource) -> bool {
    let name = vault.at("name").and_then(Node::as_str);
    name.is_some() && rules.iter().any(|rule| rule.get("target_vault_name").and_then(Node::as_str) == name)
}

fn same_name(lock: &Resource, vault: &Resource) -> bool {
    let name = vault.at("name").and_then(Node::as_str);
    name.is_some() && lock.at("backup_vault_name").and_then(Node::as_str) == name
}

/// A plan that no selection of its root names: nothing, unless a selection somewhere names a plan by an id that is not
/// known.
fn unselected(resolved: &Resolved, plan: &Resource) -> Fact<bool> {
    let all = resolved.roots.iter().flat_map(|root| &root.resources);
    let open = |selection: &&Resource| {
        selection.type_name == "aws_backup_selection"
            && selection.at("plan_id").is_some_and(|node| {
                node.as_str().is_some()
                    || node.as_unknown().is_some_and(|unknown| {
                        !unknown
                            .refers_to
                            .iter()
                            .any(|address| address.contains("aws_backup_plan.") && !address.contains(ELSEWHERE))
                    })
            })
    };
    match all.into_iter().find(open) {
        Some(selection) => {
            let reason = format!("`{}` may select for it", selection.address);
            Fact { span: Some(plan.head), ..Fact::unknown(Unknown::new(reason, "pass a plan", selection.head)) }
        }
        None => Fact::known(false, plan.head),
    }
}

/// What selections cover, whether they select anything, and whether only by tags. Resources and each `selection_tag`
/// widen a selection (any is enough); `condition` narrows it, and all of it must hold.
fn selected(selections: &[&Resource]) -> (Coverage, Fact<bool>, bool) {
    let mut all = Vec::new();
    let mut selects: Fact<bool> = Fact::default();
    for selection in selections {
        let covers = of_selection(selection);
        let some = match &covers {
            Coverage::Any(parts) => !parts.is_empty(),
            _ => true,
        };
        let fact = doubt(Fact::known(some, selection.head), selection.uncertain.as_ref());
        let weight = |fact: &Fact<bool>| match fact.state {
            State::Known(true) => 3,
            State::Unknown(_) => 2,
            State::Known(false) => 1,
            State::Absent => 0,
        };
        if weight(&fact) > weight(&selects) {
            selects = fact;
        }
        all.push(covers);
    }
    let by_tag = !all.is_empty() && all.iter().all(only_tags);
    let covers = if all.len() == 1 { all.remove(0) } else { Coverage::Any(all) };
    (covers, selects, by_tag)
}

fn only_tags(coverage: &Coverage) -> bool {
    match coverage {
        Coverage::Tags(_) => true,
        Coverage::Any(parts) => !parts.is_empty() && parts.iter().all(only_tags),
        Coverage::Less(from, _) => only_tags(from),
        _ => false,
    }
}

fn of_selection(selection: &Resource) -> Coverage {
    let resources = named(selection, "resources");
    let conditions = blocks(&selection.body, "condition");
    let tags = |kind: &str| -> Vec<(Text, Fact<Text>)> {
        conditions.iter().flat_map(|condition| blocks(condition, kind)).filter_map(tag_pair).collect()
    };
    let narrowed: Vec<(Text, Fact<Text>)> = tags("string_equals").into_iter().chain(tags("string_like")).collect();
    let left_out: Vec<Coverage> = tags("string_not_equals")
        .into_iter()
        .chain(tags("string_not_like"))
        .map(|tag| Coverage::Tags(vec![tag]))
        .chain(Some(named(selection, "not_resources")).filter(|names| !names.is_empty()).map(Coverage::Names))
        .collect();
    let everything = || Coverage::Names(vec![Fact::known("*".into(), selection.head)]);
    let kept = if narrowed.is_empty() {
        let by_tag = blocks(&selection.body, "selection_tag").iter().filter_map(tag_pair);
        let mut parts: Vec<Coverage> = by_tag.map(|tag| Coverage::Tags(vec![tag])).collect();
        if !resources.is_empty() {
            parts.push(Coverage::Names(resources));
        }
        if parts.is_empty() && !left_out.is_empty() {
            parts.push(everything());
        }
        Coverage::Any(parts)
    } else if resources.is_empty() || resources.iter().any(|name| name.value().is_some_and(|name| name == "*")) {
        Coverage::Tags(narrowed)
    } else {
        Coverage::Both(Box::new(Coverage::Names(resources)), Box::new(Coverage::Tags(narrowed)))
    };
    if left_out.is_empty() { kept } else { Coverage::Less(Box::new(kept), Box::new(Coverage::Any(left_out))) }
}

/// A key and a value; `aws:ResourceTag/` before the key is how conditions name a tag.
pub(in super::super) fn tag_pair(tag: &Node) -> Option<(Text, Fact<Text>)> {
    let key = tag.get("key")?.scalar()?;
    let plain = key.strip_prefix("aws:ResourceTag/").unwrap_or(&key);
    Some((plain.into(), Fact::read(tag.get("value")?, Node::scalar)))
}

/// Snapshots of volumes by tag: any of the tags is enough. Policies that react to events copy what others make.
fn lifecycle_policy(ground: Ground<'_>, policy: &Resource) -> Option<Backup> {
    if text(policy, "policy_details.policy_type").value().is_some_and(|kind| kind == "EVENT_BASED_POLICY") {
        return None;
    }
    if let Some(default) = policy.at("default_policy").filter(|node| !node.is_null()) {
        return Some(default_policy(ground, policy, default));
    }
    let tags = policy.at("policy_details.target_tags").map_or(&[][..], Node::entries);
    let tags = tags.iter().map(|entry| (entry.key.clone(), Fact::read(&entry.value, Node::scalar)));
    let schedules = policy.at("policy_details").and_then(|details| match details.items() {
        [] => Some(details),
        items => items.first(),
    });
    let schedules = schedules.map_or(&[][..], |details| blocks(details, "schedule"));
    Some(Backup {
        paused: disabled(policy),
        schedule: schedules.iter().map(creates).reduce(more_often).unwrap_or_default(),
        retention_days: schedules.iter().map(kept).next().unwrap_or_default(),
        copies_elsewhere: any(schedules, policy, |one| !blocks(one, "cross_region_copy_rule").is_empty()),
        covers: Coverage::Any(tags.map(|tag| Coverage::Tags(vec![tag])).collect()),
        by_tag: true,
        ..backup(ground, policy, "aws-dlm")
    })
}

fn disabled(policy: &Resource) -> Fact<bool> {
    match text(policy, "state") {
        state if state.is_absent() => Fact::known(false, policy.head),
        state => state.map(|state| state == "DISABLED"),
    }
}

/// A default policy copies every volume of the region (`VOLUME`), but for what it excludes; `create_interval` and
/// `retain_interval` are in days, 1 and 7 when left out. Boot volumes, which it may exclude, belong to machines.
/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/dlm_lifecycle_policy#default_policy>
fn default_policy(ground: Ground<'_>, policy: &Resource, default: &Node) -> Backup {
    let days = |name: &str, left_out: f64| {
        fact(policy, &format!("policy_details.{name}"), reading::as_number).or_default(left_out)
    };
    let volumes = || Box::new(Coverage::Type("EBS".into()));
    let tags = policy.at("policy_details.exclusions.exclude_tags").map_or(&[][..], Node::entries);
    let without = tags.iter().map(|tag| Coverage::Tags(vec![(tag.key.clone(), Fact::read(&tag.value, Node::scalar))]));
    let types = policy.at("policy_details.exclusions.exclude_volume_types").is_some_and(|node| !node.is_null());
    let covers = if default.as_str() == Some("VOLUME") && !types {
        Coverage::Less(volumes(), Box::new(Coverage::Any(without.collect())))
    } else {
        // `INSTANCE` means the volumes of machines, which are not followed.
        let reason = "which volumes this default policy means is not followed";
        let unknown = Unknown::new(reason, "pass a plan", policy.head);
        Coverage::Both(volumes(), Box::new(Coverage::Names(vec![Fact::unknown(unknown)])))
    };
    Backup {
        paused: disabled(policy),
        schedule: days("create_interval", 1.0).map(|days| compact_str::format_compact!("rate({days} days)")),
        retention_days: days("retain_interval", 7.0),
        copies_elsewhere: Fact::known(false, policy.head),
        covers,
        ..backup(ground, policy, "aws-dlm")
    }
}

/// When a schedule of a lifecycle policy runs; `interval` is in hours.
fn creates(schedule: &Node) -> Fact<Text> {
    if let Some(cron) = step(schedule, "create_rule.cron_expression").filter(|node| !node.is_null()) {
        return Fact::read(cron, Node::scalar);
    }
    match step(schedule, "create_rule.interval") {
        Some(interval) => Fact::read(interval, |node| {
            let hours = reading::as_number(node)?;
            Some(compact_str::format_compact!("rate({hours} hours)"))
        }),
        None => Fact::absent(schedule.span),
    }
}

/// How long a lifecycle policy keeps snapshots, when it says so in time.
fn kept(schedule: &Node) -> Fact<f64> {
    let Some(interval) = step(schedule, "retain_rule.interval") else { return Fact::absent(schedule.span) };
    let unit = step(schedule, "retain_rule.interval_unit").and_then(Node::scalar).unwrap_or_default();
    let days = match unit.as_str() {
        "WEEKS" => 7.0,
        "MONTHS" => 30.0,
        "YEARS" => 365.0,
        _ => 1.0,
    };
    Fact::read(interval, |node| reading::as_number(node).map(|number| number * days))
}
