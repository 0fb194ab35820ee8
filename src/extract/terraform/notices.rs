//! What tells somebody that a backup failed, or lets something look at a restore: notifications of vaults, rules on
//! events, subscriptions to events of databases.
//!
//! Arguments: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/backup_vault_notifications>,
//! `cloudwatch_event_rule`, `db_event_subscription`; events:
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/eventbridge.html>.

use crate::extract::Facts;
use crate::model::Notice;
use crate::resolve::terraform::Resource;
use crate::tree::{Node, Text, Value};

use super::Ground;

/// Types that tell of the failures of one tool, whatever they say.
const TELLING: &[(&str, &str)] = &[
    ("aws_backup_vault_notifications", "aws-backup"),
    ("aws_db_event_subscription", "aws-rds"),
    ("azurerm_monitor_alert_processing_rule_action_group", "azure-backup"),
    ("azurerm_monitor_action_rule_action_group", "azure-backup"),
];

pub(super) fn extract(ground: Ground<'_>, facts: &mut Facts) {
    let mut add = |tool: &str, resource: &Resource| {
        facts.model.notices.push(Notice { tool: Text::from(tool), span: resource.head });
    };
    for (kind, tool) in TELLING {
        for resource in ground.of_type(kind) {
            add(tool, resource);
        }
    }
    for rule in ground.of_type("aws_cloudwatch_event_rule") {
        let Some(pattern) = rule.at("event_pattern") else { continue };
        let says = |word: &str| mentions(pattern, word, 0);
        if says("aws.backup") {
            let restores = says("Restore Job State Change");
            let backups = says("Backup Job State Change") || says("Copy Job State Change");
            if restores {
                add("aws-backup-restore", rule);
            }
            if backups || !restores {
                add("aws-backup", rule);
            }
        }
        if says("DLM Policy State Change") || says("aws.dlm") {
            add("aws-dlm", rule);
        }
    }
}

/// Whether a text, or any text in a list or mapping, holds a word.
fn mentions(node: &Node, word: &str, depth: u8) -> bool {
    match &node.value {
        Value::String(text) => text.contains(word),
        Value::List(items) => depth < 8 && items.iter().any(|item| mentions(item, word, depth + 1)),
        Value::Map(map) => depth < 8 && map.entries.iter().any(|entry| mentions(&entry.value, word, depth + 1)),
        _ => false,
    }
}
