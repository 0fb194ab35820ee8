//! Plans that copy data, and plans that test a restore. What they cover is said by address, name or tag, and joined to
//! datastores in `link/`, where plans of other roots are known too.

use crate::extract::Facts;
use crate::model::{Backup, Coverage, Fact, RestoreTest};
use crate::resolve::terraform::{Resource, blocks};
use crate::tree::{Node, Text};

use super::{Ground, Seen, doubt, fact, named, reading, refers_to, text};

pub(super) fn extract(ground: Ground<'_>, seen: &mut Seen, facts: &mut Facts) {
    let mut backups = Vec::new();
    for selection in ground.of_type("aws_backup_selection") {
        aws_selection(ground, selection, &mut backups);
    }
    for policy in ground.of_type("aws_dlm_lifecycle_policy") {
        backups.push(lifecycle_policy(ground, policy));
    }
    for protected in
        PROTECTED.iter().flat_map(|(kind, attribute)| ground.of_type(kind).map(move |one| (one, *attribute)))
    {
        let (resource, attribute) = protected;
        backups.push(Backup {
            covers: Coverage::Names(named(resource, attribute)),
            ..backup(ground, resource, "azure-backup")
        });
    }
    for backup in backups {
        if seen.first(&backup.name, &backup.place, format!("{:?}", backup.covers)) {
            facts.model.add(backup);
        }
    }
    for plan in ground.of_type("aws_backup_restore_testing_plan") {
        let test = restore_test(ground, plan);
        if seen.first(&test.name, &test.place, String::new()) {
            facts.model.add(test);
        }
    }
}

/// Azure: what protects a thing, and the attribute that names it.
const PROTECTED: &[(&str, &str)] = &[
    ("azurerm_backup_protected_vm", "source_vm_id"),
    ("azurerm_backup_protected_file_share", "source_file_share_name"),
    ("azurerm_data_protection_backup_instance_postgresql", "database_id"),
    ("azurerm_data_protection_backup_instance_disk", "disk_id"),
];

fn backup(ground: Ground<'_>, resource: &Resource, tool: &str) -> Backup {
    Backup {
        name: resource.address.clone(),
        place: ground.place(resource),
        tool: tool.into(),
        paused: doubt(Fact::known(false, resource.head), resource.uncertain.as_ref()),
        ..Backup::default()
    }
}

/// A selection of AWS Backup. Resources and each `selection_tag` widen it (any is enough); `condition` narrows it, and
/// all of its tags must hold.
fn aws_selection(ground: Ground<'_>, selection: &Resource, out: &mut Vec<Backup>) {
    let plan = ground.of_type("aws_backup_plan").find(|plan| refers_to(selection, "plan_id", &plan.address));
    let base = Backup {
        schedule: plan.map_or_else(Fact::default, |plan| text(plan, "rule.schedule")),
        retention_days: plan
            .map_or_else(Fact::default, |plan| fact(plan, "rule.lifecycle.delete_after", reading::as_number)),
        ..backup(ground, selection, "aws-backup")
    };
    let resources = named(selection, "resources");
    let narrowed: Vec<(Text, Fact<Text>)> = blocks(&selection.body, "condition")
        .iter()
        .flat_map(|condition| blocks(condition, "string_equals"))
        .filter_map(|tag| tag_pair(tag, |key| key.strip_prefix("aws:ResourceTag/").unwrap_or(key)))
        .collect();
    if !narrowed.is_empty() {
        out.push(Backup { covers: Coverage::Tags(narrowed), ..base });
        return;
    }
    let tags = blocks(&selection.body, "selection_tag").iter().filter_map(|tag| tag_pair(tag, |key| key));
    for tag in tags {
        out.push(Backup { covers: Coverage::Tags(vec![tag]), ..base.clone() });
    }
    if !resources.is_empty() {
        out.push(Backup { covers: Coverage::Names(resources), ..base });
    }
}

fn tag_pair(tag: &Node, plain: impl Fn(&str) -> &str) -> Option<(Text, Fact<Text>)> {
    let key = tag.get("key")?.scalar()?;
    Some((plain(&key).into(), Fact::read(tag.get("value")?, Node::scalar)))
}

/// Snapshots of volumes by tag.
fn lifecycle_policy(ground: Ground<'_>, policy: &Resource) -> Backup {
    let tags = policy.at("policy_details.target_tags").map_or(&[][..], Node::entries);
    let tags = tags.iter().map(|entry| (entry.key.clone(), Fact::read(&entry.value, Node::scalar))).collect();
    Backup {
        paused: match text(policy, "state") {
            state if state.is_absent() => Fact::known(false, policy.head),
            state => state.map(|state| state == "DISABLED"),
        },
        schedule: text(policy, "policy_details.schedule.create_rule.cron_expression"),
        covers: Coverage::Tags(tags),
        ..backup(ground, policy, "aws-dlm")
    }
}

/// A restore testing plan, with the selections that name it.
fn restore_test(ground: Ground<'_>, plan: &Resource) -> RestoreTest {
    let own = plan.at("name").and_then(Node::scalar);
    let is_of = |selection: &&Resource| {
        refers_to(selection, "restore_testing_plan_name", &plan.address)
            || own.is_some() && selection.at("restore_testing_plan_name").and_then(Node::scalar) == own
    };
    let selections: Vec<&Resource> = ground.of_type("aws_backup_restore_testing_selection").filter(is_of).collect();
    let names: Vec<Fact<Text>> = selections.iter().flat_map(|one| named(one, "protected_resource_arns")).collect();
    let tags = selections.iter().flat_map(|one| blocks(&one.body, "protected_resource_conditions"));
    let tags: Vec<(Text, Fact<Text>)> = tags
        .flat_map(|conditions| blocks(conditions, "string_equals"))
        .filter_map(|tag| tag_pair(tag, |key| key.strip_prefix("aws:ResourceTag/").unwrap_or(key)))
        .collect();
    let found = selections.first();
    let has = Fact::known(found.is_some(), found.map_or(plan.head, |selection| selection.head));
    RestoreTest {
        name: plan.address.clone(),
        place: ground.place(plan),
        tool: "aws-backup".into(),
        has_selection: doubt(has, found.and_then(|selection| selection.uncertain.as_ref())),
        target: Fact::absent(plan.head),
        covers: match (names.is_empty(), tags.is_empty()) {
            (_, false) => Coverage::Tags(tags),
            (false, true) => Coverage::Names(names),
            (true, true) => Coverage::Unsaid,
        },
        plan_names: own.into_iter().chain([plan.address.clone()]).collect(),
        ..RestoreTest::default()
    }
}
