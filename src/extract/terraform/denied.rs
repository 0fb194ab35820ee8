//! Policies of IAM that deny the deletion of a store.

use crate::model::Fact;
use crate::resolve::terraform::{Mode, Resource, blocks, points_at};
use crate::source::Span;
use crate::tree::{Node, Unknown, Value};

use super::Ground;

/// What a policy that something attaches says of the deletion of the store at an address: that everybody is denied it,
/// or that somebody is. <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
/// An explicit deny overrides every allow.
pub(super) fn deletion(ground: Ground<'_>, address: &str, service: &str, head: Span) -> Option<Fact<bool>> {
    if service.is_empty() {
        return None;
    }
    let mut found = None;
    let statements = documents(ground)
        .flat_map(|document| blocks(&document.body, "statement").iter().map(move |statement| (document, statement)));
    for (document, statement) in statements {
        // Who attaches it takes the longest to find.
        if !denies(statement, service) || !is_about(statement, address) || !attached(ground, document) {
            continue;
        }
        if everybody(statement) {
            return Some(Fact::known(true, statement.span));
        }
        let reason = "a policy denies some the deletion of it; whether all are denied is not known";
        let unknown = Unknown::new(reason, "turn the deletion protection of the store on", statement.span);
        found = Some(Fact { span: Some(head), ..Fact::unknown(unknown) });
    }
    found
}

/// The documents of policies, which only data sources make.
pub(super) fn documents(ground: Ground<'_>) -> impl Iterator<Item = &Resource> {
    let data = ground.root.resources.iter().filter(|resource| resource.mode == Mode::Data);
    data.filter(|resource| resource.type_name == "aws_iam_policy_document")
}

fn attached(ground: Ground<'_>, document: &Resource) -> bool {
    let managed = ground.root.resources.iter().filter(|resource| resource.mode == Mode::Managed);
    managed.flat_map(|resource| &resource.references).any(|used| points_at(&used.address, &document.address))
}

/// `effect = "Deny"` with an action that deletes what a service keeps.
fn denies(statement: &Node, service: &str) -> bool {
    let denied = |action: &Node| {
        let Some((of, verb)) = action.as_str().and_then(|action| action.split_once(':')) else {
            return action.as_str() == Some("*");
        };
        let verbs = ["*", "Delete*", "DeleteDB*", "DeleteTable", "DeleteDBInstance", "DeleteDBCluster"];
        of.eq_ignore_ascii_case(service) && verbs.iter().any(|name| name.eq_ignore_ascii_case(verb))
    };
    statement.get("effect").and_then(Node::as_str) == Some("Deny")
        && statement.get("actions").is_some_and(|actions| actions.items().iter().any(denied))
}

/// Whether a statement is about the thing at an address.
pub(super) fn is_about(statement: &Node, address: &str) -> bool {
    let meant = |resource: &Node| match &resource.value {
        Value::String(text) => text == "*",
        Value::Unknown(unknown) => unknown.refers_to.iter().any(|reference| points_at(reference, address)),
        _ => false,
    };
    statement.get("resources").is_some_and(|resources| resources.items().iter().any(meant))
}

/// Whether a statement of a policy on the resource itself is about whoever comes, on no condition.
fn everybody(statement: &Node) -> bool {
    let whoever = |principals: &Node| {
        let names = principals.get("identifiers").map_or(&[][..], Node::items);
        names.iter().any(|name| name.as_str() == Some("*"))
    };
    blocks(statement, "principals").iter().any(whoever) && blocks(statement, "condition").is_empty()
}
