//! Workload → the lock that it elects its leader by, through its service account and the role this is bound to: of such
//! a workload one copy works, however many run. Uses `model`.
//!
//! The role must name the lock: that a workload may create leases says little, as many libraries ask for it.

use std::collections::BTreeMap;

use crate::model::kubernetes::{Role, RoleBinding};
use crate::model::{Fact, Model};
use crate::source::Span;
use crate::tree::Text;

/// A service account: environment, namespace, name.
type Account<'m> = (&'m Text, Option<&'m Text>, &'m Text);

/// Marks the workloads whose service account may change a lock.
pub(super) fn join(model: &mut Model) {
    let Model { workloads, kubernetes, .. } = model;
    let mut roles: BTreeMap<(&Text, &Text), Vec<(&Role, Span)>> = BTreeMap::new();
    for role in &kubernetes.roles {
        if let Some((_, span)) = role.changes.iter().find(|(name, _)| is_lock(name)) {
            roles.entry((&role.kind, &role.name)).or_default().push((role, *span));
        }
    }
    let mut locks: BTreeMap<Account<'_>, Span> = BTreeMap::new();
    for binding in &kubernetes.bindings {
        let named = roles.get(&(&binding.role.0, &binding.role.1)).map_or(&[][..], Vec::as_slice);
        let Some((_, span)) = named.iter().find(|(role, _)| gives(binding, role)) else { continue };
        for (name, namespace) in binding.accounts.iter().filter(|(_, namespace)| namespace.reason().is_none()) {
            locks.entry((&binding.place.environment.name, namespace.value(), name)).or_insert(*span);
        }
    }
    for workload in workloads.iter_mut().filter(|workload| workload.scales && workload.namespace.reason().is_none()) {
        // What is said of it elsewhere than at its head, its author says.
        let unsaid = workload.singleton.is_false() && workload.singleton.span == Some(workload.place.span);
        let Some(account) = workload.account.as_ref().filter(|_| unsaid) else { continue };
        let key = (&workload.place.environment.name, workload.namespace.value(), account);
        if let Some(span) = locks.get(&key) {
            workload.singleton = Fact::known(true, *span);
        }
    }
}

/// Whether a binding means a role of this kind and name: a `Role` is that of its own namespace.
fn gives(binding: &RoleBinding, role: &Role) -> bool {
    binding.place.environment == role.place.environment
        && (role.kind == "ClusterRole"
            || role.namespace.reason().is_none() && binding.namespace.value() == role.namespace.value())
}

/// Whether a name says that a leader is elected by what bears it.
fn is_lock(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("leader")
        || name.contains("election")
        || name.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|word| word == "lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_locks_say_so() {
        assert!(is_lock("shop-sweeper-leaderlock") && is_lock("ingress-leader-nginx") && is_lock("sweeper-lock"));
        assert!(is_lock("4f2c1de.LeaderElection.shop.example"));
        assert!(!is_lock("clock-settings") && !is_lock("block-list") && !is_lock("settings"));
    }
}
