//! Azure Backup: what is protected, by which policy, in which vault.
//!
//! Arguments: <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/backup_protected_vm>,
//! `backup_policy_vm`, `recovery_services_vault`, `data_protection_backup_vault`, `data_protection_backup_policy_disk`.

use crate::model::{Backup, Coverage, Fact};
use crate::resolve::terraform::{Resolved, Resource};
use crate::tree::{ELSEWHERE, Node, Text, Unknown};

use super::super::{Ground, doubt, fact, named, reading, refers_to, text};
use super::{backup, used};

/// What protects a thing, and the attribute that names it.
const PROTECTED: &[(&str, &str)] = &[
    ("azurerm_backup_protected_vm", "source_vm_id"),
    ("azurerm_backup_protected_file_share", "source_file_share_name"),
    ("azurerm_data_protection_backup_instance_blob_storage", "storage_account_id"),
    ("azurerm_data_protection_backup_instance_data_lake_storage", "storage_account_id"),
    ("azurerm_data_protection_backup_instance_disk", "disk_id"),
    ("azurerm_data_protection_backup_instance_postgresql", "database_id"),
    ("azurerm_data_protection_backup_instance_postgresql_flexible_server", "server_id"),
    ("azurerm_data_protection_backup_instance_mysql_flexible_server", "server_id"),
    ("azurerm_data_protection_backup_instance_kubernetes_cluster", "kubernetes_cluster_id"),
];

/// Policies, of which the things above are made.
const POLICIES: &[&str] = &[
    "azurerm_backup_policy_vm",
    "azurerm_backup_policy_file_share",
    "azurerm_data_protection_backup_policy_blob_storage",
    "azurerm_data_protection_backup_policy_data_lake_storage",
    "azurerm_data_protection_backup_policy_disk",
    "azurerm_data_protection_backup_policy_postgresql",
    "azurerm_data_protection_backup_policy_postgresql_flexible_server",
    "azurerm_data_protection_backup_policy_mysql_flexible_server",
    "azurerm_data_protection_backup_policy_kubernetes_cluster",
];

/// What names the policy of a protected thing.
fn by_policy(protected: &Resource) -> &'static str {
    let lake = protected.type_name.ends_with("_data_lake_storage");
    if lake { "backup_policy_data_lake_storage_id" } else { "backup_policy_id" }
}

const TOOL: &str = "azure-backup";

pub(super) fn extract(ground: Ground<'_>, resolved: &Resolved, out: &mut Vec<Backup>) {
    let policies: Vec<&Resource> = POLICIES.iter().flat_map(|kind| ground.of_type(kind)).collect();
    for (kind, attribute) in PROTECTED {
        for protected in ground.of_type(kind) {
            let policy =
                policies.iter().find(|policy| refers_to(protected, by_policy(protected), &policy.address)).copied();
            out.push(of_protected(ground, protected, attribute, policy));
        }
    }
    for policy in policies {
        let selects = used(ground, policy);
        if !selects.is_true() {
            let selects = open(resolved, policy).unwrap_or_else(|| doubt(selects, policy.uncertain.as_ref()));
            out.push(Backup { selects, schedule: schedule(policy), ..backup(ground, policy, TOOL) });
        }
    }
}

/// Something in another root that is protected by a policy which is not known, and so maybe by this one.
fn open(resolved: &Resolved, policy: &Resource) -> Option<Fact<bool>> {
    let all = resolved.roots.iter().flat_map(|root| &root.resources);
    let maybe = |protected: &&Resource| {
        PROTECTED.iter().any(|(kind, _)| *kind == protected.type_name)
            && protected.at(by_policy(protected)).is_some_and(|node| {
                let made_here = |address: &Text| {
                    POLICIES.iter().any(|kind| {
                        address.contains(&format!("{kind}."))
                            && !address.contains("data.")
                            && !address.contains(ELSEWHERE)
                    })
                };
                node.as_unknown().is_some_and(|unknown| !unknown.refers_to.iter().any(made_here))
            })
    };
    let protected = all.into_iter().find(maybe)?;
    let reason = format!("`{}` may be protected by it", protected.address);
    Some(Fact { span: Some(policy.head), ..Fact::unknown(Unknown::new(reason, "pass a plan", protected.head)) })
}

fn of_protected(ground: Ground<'_>, protected: &Resource, attribute: &str, policy: Option<&Resource>) -> Backup {
    let stopped = match text(protected, "protection_state") {
        state if state.is_absent() => Fact::known(false, protected.head),
        state => state.map(|state| matches!(state.as_str(), "BackupsSuspended" | "ProtectionStopped")),
    };
    let vault = vault(ground, protected, policy);
    Backup {
        paused: doubt(stopped, protected.uncertain.as_ref()),
        covers: Coverage::Names(named(protected, attribute)),
        schedule: policy.map(schedule).unwrap_or_default(),
        retention_days: policy.map(retention).unwrap_or_default(),
        immutable: vault.map(immutable).unwrap_or_default(),
        copies_elsewhere: vault.map(elsewhere).unwrap_or_default(),
        ..backup(ground, protected, TOOL)
    }
}

/// The vault that a protected thing, or its policy, refers to.
fn vault<'a>(ground: Ground<'a>, protected: &Resource, policy: Option<&Resource>) -> Option<&'a Resource> {
    let vaults = ["azurerm_recovery_services_vault", "azurerm_data_protection_backup_vault"];
    let mut all = vaults.iter().flat_map(|kind| ground.of_type(kind));
    let named_by = |resource: &Resource, vault: &Resource| {
        ["recovery_vault_name", "vault_id", "data_protection_backup_vault_id"]
            .iter()
            .any(|by| refers_to(resource, by, &vault.address))
    };
    all.find(|vault| named_by(protected, vault) || policy.is_some_and(|policy| named_by(policy, vault)))
}

/// `immutability` of either kind of vault: `Disabled` when left out.
/// <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/recovery_services_vault#immutability>
fn immutable(vault: &Resource) -> Fact<bool> {
    match text(vault, "immutability") {
        state if state.is_absent() => Fact::known(false, vault.head),
        state => state.map(|state| state != "Disabled"),
    }
}

/// Whether a vault keeps copies in the paired region: `storage_mode_type` (recovery vault, `GeoRedundant` when left out)
/// or `redundancy` (backup vault, required).
fn elsewhere(vault: &Resource) -> Fact<bool> {
    let redundancy = if vault.type_name == "azurerm_recovery_services_vault" {
        text(vault, "storage_mode_type").or_default("GeoRedundant".into())
    } else {
        text(vault, "redundancy")
    };
    redundancy.map(|kind| kind == "GeoRedundant")
}

/// When a policy runs: `backup { frequency = "Daily" }`, or repeating intervals. Every so many hours is `hour_interval`
/// for machines and `hourly { interval }` for file shares, within a window of `hour_duration` or `window_duration` hours:
/// what counts is the longer of the interval and the rest of the day.
/// <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/backup_policy_vm#hour_duration>,
/// <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/backup_policy_file_share#hourly>
fn schedule(policy: &Resource) -> Fact<Text> {
    let repeating = ["backup_repeating_time_intervals", "backup_schedule"].iter().find_map(|path| policy.at(path));
    if let Some(node) = repeating {
        let first = node.items().first().unwrap_or(node);
        return Fact::read(first, Node::scalar);
    }
    if policy.type_name == "azurerm_data_protection_backup_policy_blob_storage" {
        return Fact::absent(policy.head);
    }
    let frequency = text(policy, "backup.frequency");
    let first = |paths: [&str; 2]| paths.iter().find_map(|path| reading::as_number(policy.at(path)?));
    let interval = first(["backup.hour_interval", "backup.hourly.interval"]);
    let window = first(["backup.hour_duration", "backup.hourly.window_duration"]);
    let hours = interval.map(|hours| window.map_or(hours, |window| hours.max(24.0 - window)));
    let weekdays = policy.at("backup.weekdays").map_or(&[][..], Node::items);
    frequency.map(|frequency| match (frequency.as_str(), hours) {
        ("Hourly", Some(hours)) => compact_str::format_compact!("rate({hours} hours)"),
        ("Weekly", _) => {
            let days = weekdays.iter().filter_map(Node::as_str).filter_map(|day| day.get(..3));
            let days: Vec<String> = days.map(str::to_ascii_uppercase).collect();
            compact_str::format_compact!("0 0 * * {}", if days.is_empty() { "SUN".to_owned() } else { days.join(",") })
        }
        ("Daily", _) => "@daily".into(),
        _ => frequency,
    })
}

/// Where policies say how long copies are kept: a count of daily copies, or a duration (`P30D`).
/// <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/data_protection_backup_policy_disk#default_retention_duration>,
/// `data_protection_backup_policy_blob_storage`, `data_protection_backup_policy_kubernetes_cluster`
const KEPT: &[&str] = &[
    "retention_daily.count",
    "default_retention_duration",
    "default_retention_rule.life_cycle.duration",
    "vault_default_retention_duration",
    "operational_default_retention_duration",
    "retention_duration",
];

fn retention(policy: &Resource) -> Fact<f64> {
    let kept = |node: &Node| reading::as_number(node).or_else(|| reading::days(node.as_str()?));
    let all = KEPT.iter().map(|path| fact(policy, path, kept));
    all.into_iter().find(|days| !days.is_absent()).unwrap_or_else(|| Fact::absent(policy.head))
}
