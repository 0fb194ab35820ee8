//! Plans that test a restore.
//!
//! Arguments: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/backup_restore_testing_plan>,
//! `backup_restore_testing_selection`.

use crate::extract::Facts;
use crate::model::{Coverage, Fact, RestoreTest, State};
use crate::resolve::terraform::{Resource, blocks};
use crate::tree::{Node, Text, Unknown};

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
    let all = || ground.of_type("aws_backup_restore_testing_selection");
    let selections: Vec<&Resource> = all().filter(is_of).collect();
    let found = selections.iter().find(|selection| selection.uncertain.is_none()).or(selections.first());
    // A selection of a plan whose name is not known may be one of this.
    let open = || {
        all().find_map(|selection| {
            let name = selection.at("restore_testing_plan_name")?.as_unknown()?;
            selection.refers("restore_testing_plan_name").next().is_none().then_some(name)
        })
    };
    let has = match (found, open()) {
        (Some(selection), _) => doubt(Fact::known(true, selection.head), selection.uncertain.as_ref()),
        (None, Some(unknown)) => Fact { span: Some(plan.head), ..Fact::unknown(unknown.clone()) },
        (None, None) => Fact::known(false, plan.head),
    };
    RestoreTest {
        name: plan.address.clone(),
        place: ground.place(plan),
        tool: "aws-backup".into(),
        has_selection: doubt(has, plan.uncertain.as_ref()),
        validates: validates(&selections),
        target: Fact::absent(plan.head),
        covers: covers(plan, &selections),
        plan_names: own.into_iter().chain([plan.address.clone()]).collect(),
        types: selections.iter().map(|one| kind(one)).collect(),
        covers_types: Fact::known(true, plan.head),
        ..RestoreTest::default()
    }
}

/// The type that a selection restores; not known where it may not be made.
fn kind(selection: &Resource) -> Fact<Text> {
    doubt(text(selection, "protected_resource_type"), selection.uncertain.as_ref())
}

fn covers(plan: &Resource, selections: &[&Resource]) -> Coverage {
    let mut parts = Vec::new();
    for selection in selections {
        let names = named(selection, "protected_resource_arns");
        let conditions: Vec<&Node> = blocks(&selection.body, "protected_resource_conditions")
            .iter()
            .flat_map(|conditions| match conditions.as_unknown() {
                Some(_) => std::slice::from_ref(conditions),
                None => blocks(conditions, "string_equals"),
            })
            .collect();
        let open = conditions.iter().find_map(|condition| condition.as_unknown());
        let tags: Vec<(Text, Fact<Text>)> = conditions.iter().filter_map(|condition| tag_pair(condition)).collect();
        let chosen = match (open, names.is_empty(), tags.is_empty()) {
            (Some(unknown), ..) => perhaps(unknown),
            (None, _, false) => Coverage::Tags(tags),
            (None, false, true) => Coverage::Names(names),
            (None, true, true) => continue,
        };
        // `*` is everything of the selection's type.
        let of_kind = match text(selection, "protected_resource_type").state {
            State::Known(kind) => Some(Coverage::Type(kind)),
            State::Unknown(unknown) => Some(perhaps(&unknown)),
            State::Absent => None,
        };
        let made = selection.uncertain.as_ref().or(plan.uncertain.as_ref()).map(perhaps);
        parts.push(
            of_kind.into_iter().chain(made).fold(chosen, |one, other| Coverage::Both(Box::new(other), Box::new(one))),
        );
    }
    if parts.is_empty() { Coverage::Unsaid } else { Coverage::Any(parts) }
}

/// What may cover anything.
fn perhaps(unknown: &Unknown) -> Coverage {
    let unknown = Unknown { refers_to: Vec::new(), partial: None, ..unknown.clone() };
    Coverage::Names(vec![Fact::unknown(unknown)])
}

/// Whether what a selection restores is kept for somebody or something to look at; the first that is not counts.
fn validates(selections: &[&Resource]) -> Fact<bool> {
    let looked_at = |selection: &&Resource| {
        let hours = fact(selection, "validation_window_hours", reading::as_number);
        doubt(hours.map(|hours| hours > 0.0).or_default(false), selection.uncertain.as_ref())
    };
    let all: Vec<Fact<bool>> = selections.iter().map(looked_at).collect();
    let worst = all.iter().find(|fact| fact.is_false()).or_else(|| all.iter().find(|fact| fact.reason().is_some()));
    worst.or(all.first()).cloned().unwrap_or_default()
}
