//! Plans that test a restore.
//!
//! Arguments: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/backup_restore_testing_plan>,
//! `backup_restore_testing_selection`.

use crate::extract::Facts;
use crate::model::{Coverage, Fact, RestoreTest};
use crate::resolve::terraform::{Resource, blocks};
use crate::tree::{Node, Text};

use super::backups::tag_pair;
use super::{Ground, Seen, doubt, fact, named, reading, refers_to, text};

pub(super) fn extract(ground: Ground<'_>, seen: &mut Seen, facts: &mut Facts) {
    for plan in ground.of_type("aws_backup_restore_testing_plan") {
        let test = restore_test(ground, plan);
        if seen.first(&test.name, &test.place, String::new()) {
            facts.model.add(test);
        }
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
    let found = selections.first();
    let has = Fact::known(found.is_some(), found.map_or(plan.head, |selection| selection.head));
    RestoreTest {
        name: plan.address.clone(),
        place: ground.place(plan),
        tool: "aws-backup".into(),
        has_selection: doubt(has, found.and_then(|selection| selection.uncertain.as_ref())),
        validates: validates(&selections),
        target: Fact::absent(plan.head),
        covers: covers(&selections),
        plan_names: own.into_iter().chain([plan.address.clone()]).collect(),
        types: selections.iter().map(|one| text(one, "protected_resource_type")).collect(),
        ..RestoreTest::default()
    }
}

fn covers(selections: &[&Resource]) -> Coverage {
    let mut parts = Vec::new();
    for selection in selections {
        let names = named(selection, "protected_resource_arns");
        let tags: Vec<(Text, Fact<Text>)> = blocks(&selection.body, "protected_resource_conditions")
            .iter()
            .flat_map(|conditions| blocks(conditions, "string_equals"))
            .filter_map(tag_pair)
            .collect();
        let chosen = match (names.is_empty(), tags.is_empty()) {
            (_, false) => Coverage::Tags(tags),
            (false, true) => Coverage::Names(names),
            (true, true) => continue,
        };
        // `*` is everything of the selection's type.
        parts.push(match text(selection, "protected_resource_type").value() {
            Some(kind) => Coverage::Both(Box::new(Coverage::Type(kind.clone())), Box::new(chosen)),
            None => chosen,
        });
    }
    if parts.is_empty() { Coverage::Unsaid } else { Coverage::Any(parts) }
}

/// Whether what a selection restores is kept for somebody or something to look at; the first that is not counts.
fn validates(selections: &[&Resource]) -> Fact<bool> {
    let looked_at = |selection: &&Resource| {
        let hours = fact(selection, "validation_window_hours", reading::as_number);
        hours.map(|hours| hours > 0.0).or_default(false)
    };
    let all: Vec<Fact<bool>> = selections.iter().map(looked_at).collect();
    let worst = all.iter().find(|fact| fact.is_false()).or_else(|| all.iter().find(|fact| fact.reason().is_some()));
    worst.or(all.first()).cloned().unwrap_or_default()
}
