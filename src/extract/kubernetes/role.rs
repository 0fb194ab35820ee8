//! Roles and who has them, for the locks that a controller elects its leader by.
//! <https://kubernetes.io/docs/reference/access-authn-authz/rbac/>

use super::object::{Object, optional, text};
use crate::extract::Facts;
use crate::model::Fact;
use crate::model::kubernetes::{Role, RoleBinding};
use crate::source::Span;
use crate::tree::{Node, Text};

/// What client-go can keep a leader's lock in (`tools/leaderelection/resourcelock`; the last two until Kubernetes 1.24):
/// group and resource.
const LOCKS: &[(&str, &str)] = &[("coordination.k8s.io", "leases"), ("", "configmaps"), ("", "endpoints")];

/// Adds a `Role` or a `ClusterRole` that names what of these it lets change.
pub(super) fn role(object: &Object<'_>, facts: &mut Facts) {
    let rules = object.at(&["rules"]).map_or(&[][..], Node::items);
    let changes: Vec<(Text, Span)> = rules.iter().filter(|rule| changes_locks(rule)).flat_map(named).collect();
    if changes.is_empty() {
        return;
    }
    facts.model.kubernetes.roles.push(Role {
        kind: object.kind.into(),
        name: object.name.clone(),
        namespace: object.namespace.clone(),
        changes,
        place: object.place.clone(),
    });
}

fn changes_locks(rule: &Node) -> bool {
    let lists = |key: &str, word: &str| rule.get(key).is_some_and(|list| list.items().iter().any(|it| is(it, word)));
    (lists("verbs", "update") || lists("verbs", "*"))
        && LOCKS.iter().any(|(group, resource)| {
            (lists("apiGroups", group) || lists("apiGroups", "*"))
                && (lists("resources", resource) || lists("resources", "*"))
        })
}

fn is(node: &Node, word: &str) -> bool {
    node.as_str() == Some(word)
}

fn named(rule: &Node) -> impl Iterator<Item = (Text, Span)> {
    let names = rule.get("resourceNames").map_or(&[][..], Node::items);
    names.iter().filter_map(|name| Some((text(name).value()?.clone(), name.span)))
}

/// Adds a `RoleBinding` or a `ClusterRoleBinding` for service accounts. A subject that names no namespace gets that of
/// the binding where tools render it.
pub(super) fn binding(object: &Object<'_>, facts: &mut Facts) {
    let role = |key: &str| object.at(&["roleRef", key]).and_then(|node| text(node).value().cloned());
    let (Some(kind), Some(name)) = (role("kind"), role("name")) else { return };
    let subjects = object.at(&["subjects"]).map_or(&[][..], Node::items);
    let account = |subject: &Node| -> Option<(Text, Fact<Text>)> {
        subject.get("kind").filter(|kind| is(kind, "ServiceAccount"))?;
        let namespace = optional(subject.get("namespace"), subject.span, text);
        let namespace = if namespace.is_absent() { object.namespace.clone() } else { namespace };
        Some((text(subject.get("name")?).value()?.clone(), namespace))
    };
    let accounts: Vec<_> = subjects.iter().filter_map(account).collect();
    if accounts.is_empty() {
        return;
    }
    facts.model.kubernetes.bindings.push(RoleBinding {
        role: (kind, name),
        namespace: object.namespace.clone(),
        accounts,
        place: object.place.clone(),
    });
}
