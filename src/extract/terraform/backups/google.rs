//! Google Cloud: snapshot schedules of disks, Backup for GKE, Backup and DR.
//!
//! Arguments: <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/gke_backup_backup_plan>,
//! `compute_resource_policy`, `backup_dr_backup_plan`.

use crate::model::{Backup, Coverage, Fact, State};
use crate::resolve::terraform::Resource;
use crate::tree::{Node, Text};

use super::super::{Ground, doubt, fact, named, reading, refers_to, switch, text};
use super::{backup, used};

pub(super) fn extract(ground: Ground<'_>, out: &mut Vec<Backup>) {
    for plan in ground.of_type("google_gke_backup_backup_plan") {
        out.push(of_cluster(ground, plan));
    }
    for policy in ground.of_type("google_compute_resource_policy") {
        if policy.at("snapshot_schedule_policy").is_some() {
            out.push(of_disks(ground, policy));
        }
    }
    for plan in ground.of_type("google_backup_dr_backup_plan") {
        out.push(of_associations(ground, plan));
    }
}

/// Backup for GKE. Without a schedule nothing is ever copied; `deactivated` and `paused` stop it.
fn of_cluster(ground: Ground<'_>, plan: &Resource) -> Backup {
    let cron = text(plan, "backup_schedule.cron_schedule");
    let target = fact(plan, "backup_schedule.rpo_config.target_rpo_minutes", |node| {
        reading::as_number(node).map(|minutes| Text::from(format!("rate({minutes} minutes)")))
    });
    let schedule = if cron.is_absent() { target } else { cron };
    let stopped = either(switch(plan, "deactivated"), switch(plan, "backup_schedule.paused"));
    let selects = match schedule.state {
        State::Absent => Fact::known(false, plan.head),
        _ => schedule.clone().map(|_| true),
    };
    Backup {
        paused: doubt(stopped.or_default(false), plan.uncertain.as_ref()),
        selects: doubt(selects, plan.uncertain.as_ref()),
        retention_days: fact(plan, "retention_policy.backup_retain_days", reading::as_number),
        immutable: fact(plan, "retention_policy.backup_delete_lock_days", reading::as_number)
            .map(|days| days > 0.0)
            .or_default(false),
        covers: namespaces(plan),
        schedule,
        ..backup(ground, plan, "gke-backup")
    }
}

/// True where either is, unknown where either is, else the first.
fn either(one: Fact<bool>, other: Fact<bool>) -> Fact<bool> {
    let open = other.reason().is_some() && !one.is_true();
    if other.is_true() || open || one.is_absent() { other } else { one }
}

/// Volumes are left out unless `include_volume_data` says otherwise.
/// <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/gke_backup_backup_plan#include_volume_data>
fn namespaces(plan: &Resource) -> Coverage {
    if !switch(plan, "backup_config.include_volume_data").is_true() {
        return Coverage::Unsaid;
    }
    let chosen = plan.at("backup_config.selected_namespaces.namespaces").map_or(&[][..], Node::items);
    let included: Vec<Fact<Text>> = chosen.iter().map(|node| Fact::read(node, Node::scalar)).collect();
    if included.is_empty() && !switch(plan, "backup_config.all_namespaces").is_true() {
        return Coverage::Unsaid;
    }
    Coverage::Namespaces { included, excluded: Vec::new(), selectors: Vec::new() }
}

/// Snapshots of the disks that the policy is attached to.
fn of_disks(ground: Ground<'_>, policy: &Resource) -> Backup {
    let attachments =
        ["google_compute_disk_resource_policy_attachment", "google_compute_region_disk_resource_policy_attachment"];
    let own = policy.at("name").and_then(Node::scalar);
    let attached = attachments.iter().flat_map(|kind| ground.of_type(kind)).filter(|attachment| {
        refers_to(attachment, "name", &policy.address)
            || own.is_some() && attachment.at("name").and_then(Node::scalar) == own
    });
    let names: Vec<Fact<Text>> = attached.flat_map(|attachment| named(attachment, "disk")).collect();
    let selects = if names.is_empty() { used(ground, policy) } else { Fact::known(true, policy.head) };
    let at = |path: &str| policy.at(&format!("snapshot_schedule_policy.schedule.{path}"));
    let every = |node: &Node, unit: &str| {
        let count = node.clone();
        Fact::read(&count, |node| Some(Text::from(format!("rate({} {unit})", reading::as_number(node)?))))
    };
    let schedule = match (at("hourly_schedule.hours_in_cycle"), at("daily_schedule.days_in_cycle")) {
        (Some(hours), _) => every(hours, "hours"),
        (None, Some(days)) => every(days, "days"),
        (None, None) => at("weekly_schedule.day_of_weeks").map_or_else(
            || Fact::absent(policy.head),
            |days| weekly_on(days.items().iter().filter_map(|day| day.get("day")), days),
        ),
    };
    Backup {
        schedule,
        selects: doubt(selects, policy.uncertain.as_ref()),
        retention_days: fact(
            policy,
            "snapshot_schedule_policy.retention_policy.max_retention_days",
            reading::as_number,
        ),
        covers: Coverage::Names(names),
        ..backup(ground, policy, "google-snapshots")
    }
}

/// What Backup and DR is associated with.
fn of_associations(ground: Ground<'_>, plan: &Resource) -> Backup {
    let associations = ground
        .of_type("google_backup_dr_backup_plan_association")
        .filter(|association| refers_to(association, "backup_plan", &plan.address));
    let names: Vec<Fact<Text>> = associations.flat_map(|association| named(association, "resource")).collect();
    let selects = if names.is_empty() { used(ground, plan) } else { Fact::known(true, plan.head) };
    Backup {
        schedule: recurrence(plan),
        selects: doubt(selects, plan.uncertain.as_ref()),
        retention_days: fact(plan, "backup_rules.backup_retention_days", reading::as_number),
        covers: Coverage::Names(names),
        ..backup(ground, plan, "google-backup-dr")
    }
}

/// When a rule of Backup and DR runs. Every so many hours is from the start of its window to the end: what counts is the
/// longer of the interval and the rest of the day.
/// <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/backup_dr_backup_plan#hourly_frequency>
fn recurrence(plan: &Resource) -> Fact<Text> {
    let at = |name: &str| plan.at(&format!("backup_rules.standard_schedule.{name}")).filter(|node| !node.is_null());
    let Some(kind) = at("recurrence_type") else { return Fact::absent(plan.head) };
    if kind.as_str() == Some("WEEKLY") {
        let days = at("days_of_week");
        return weekly_on(days.map_or(&[][..], Node::items).iter(), days.unwrap_or(kind));
    }
    let hour = |name: &str| at(&format!("backup_window.{name}")).and_then(reading::as_number);
    let window = hour("start_hour_of_day").map(|start| hour("end_hour_of_day").unwrap_or(24.0) - start);
    let hours = at("hourly_frequency").and_then(reading::as_number);
    Fact::read(kind, Node::scalar).map(|kind| match (kind.as_str(), hours) {
        ("HOURLY", Some(hours)) => {
            let longest = window.map_or(hours, |window| hours.max(24.0 - window));
            format!("rate({longest} hours)").into()
        }
        ("DAILY", _) => "rate(1 day)".into(),
        ("MONTHLY", _) => "rate(31 days)".into(),
        ("YEARLY", _) => "rate(366 days)".into(),
        _ => kind,
    })
}

/// Once on each of these days, `MONDAY`; a day that is not known is left out, which makes the gap longer.
fn weekly_on<'n>(days: impl Iterator<Item = &'n Node>, at: &Node) -> Fact<Text> {
    let days: Vec<String> = days.filter_map(Node::as_str).filter_map(|day| day.get(..3)).map(str::to_owned).collect();
    let schedule = if days.is_empty() { "rate(7 days)".into() } else { format!("0 0 * * {}", days.join(",")).into() };
    Fact::known(schedule, at.span)
}
