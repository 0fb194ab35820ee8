//! Plans that copy data. What they cover is said by address, name or tag, and joined to datastores in `link/`, where
//! plans of other roots are known too.

mod aws;
mod azure;
mod google;

use crate::extract::Facts;
use crate::model::{Backup, Fact, Labels};
use crate::resolve::terraform::{Mode, Resolved, Resource, blocks, points_at};
use crate::tree::{Node, Unknown};

use super::{Ground, Seen, doubt};
pub(super) use aws::tag_pair;

/// Adds the plans of a root.
pub(super) fn extract(ground: Ground<'_>, resolved: &Resolved, seen: &mut Seen, facts: &mut Facts) {
    let mut backups = Vec::new();
    aws::extract(ground, resolved, &mut backups);
    azure::extract(ground, resolved, &mut backups);
    google::extract(ground, &mut backups);
    for backup in backups {
        if seen.first(&backup.name, &backup.place, format!("{:?}", backup.covers)) {
            facts.model.add(backup);
        }
    }
}

/// A plan of which only the name, the place and the tool are known.
fn backup(ground: Ground<'_>, resource: &Resource, tool: &str) -> Backup {
    Backup {
        name: resource.address.clone(),
        place: ground.place(resource),
        home: ground.home(&resource.type_name, &resource.provider),
        tool: tool.into(),
        paused: doubt(Fact::known(false, resource.head), resource.uncertain.as_ref()),
        selects: Fact::known(true, resource.head),
        ..Backup::default()
    }
}

/// Whether anything else of the root is made of this: what a plan has no word for may still use it.
fn used_by<'a>(ground: Ground<'a>, resource: &Resource) -> Option<&'a Resource> {
    let address = &resource.address;
    let refers = |other: &&Resource| {
        other.address != *address && other.references.iter().any(|reference| points_at(&reference.address, address))
    };
    ground.root.resources.iter().filter(|other| other.mode == Mode::Managed).find(refers)
}

/// Whether a plan covers anything: yes where something uses it, else no at its head.
fn used(ground: Ground<'_>, plan: &Resource) -> Fact<bool> {
    match used_by(ground, plan) {
        Some(other) => doubt(Fact::known(true, other.head), other.uncertain.as_ref()),
        None => handed_on(ground, plan).unwrap_or_else(|| Fact::known(false, plan.head)),
    }
}

/// What an output of the root hands on may be used by whoever reads it.
fn handed_on(ground: Ground<'_>, plan: &Resource) -> Option<Fact<bool>> {
    let read = ground.root.exported.iter().any(|address| points_at(address, &plan.address));
    read.then(|| {
        Fact::unknown(Unknown::new("an output of its root hands it on", "audit what reads the output", plan.head))
    })
}

/// Beginnings of the types of what plans of AWS Backup and of the Data Lifecycle Manager select by tags.
/// <https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-feature-availability.html>,
/// <https://docs.aws.amazon.com/ebs/latest/userguide/snapshot-lifecycle.html>
const SELECTABLE: &[&str] = &[
    "aws_autoscaling_group",
    "aws_cloudformation_stack",
    "aws_db_",
    "aws_docdb_",
    "aws_dynamodb_table",
    "aws_ebs_",
    "aws_efs_",
    "aws_eks_",
    "aws_fsx_",
    "aws_instance",
    "aws_launch_template",
    "aws_neptune_",
    "aws_rds_",
    "aws_redshift",
    "aws_s3_bucket",
    "aws_spot_",
    "aws_storagegateway_",
    "aws_timestreamwrite_",
];

/// Public modules that make nothing which a plan could select, by their names.
/// <https://registry.terraform.io/namespaces/terraform-aws-modules>
const NOTHING_TO_SELECT: &[&str] = &[
    "acm",
    "alb",
    "cloudfront",
    "cloudwatch",
    "iam",
    "kms",
    "lambda",
    "route53",
    "secrets-manager",
    "security-group",
    "sns",
    "sqs",
    "ssm-parameter",
    "vpc",
];

/// Blocks of a machine, or of its template, that tag its volumes.
/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/instance#tags-1>
const PARTS: &[&str] = &["root_block_device", "ebs_block_device", "tag_specifications"];

/// Writes down the tags of everything, for the plans that select by them: they may mean what is no datastore.
pub(super) fn tags(resolved: &Resolved, facts: &mut Facts) {
    let selecting = ["aws_backup_selection", "aws_dlm_lifecycle_policy"];
    let by_tag = |resource: &Resource| selecting.contains(&resource.type_name.as_str());
    if !resolved.roots.iter().flat_map(|root| &root.resources).any(by_tag) {
        return;
    }
    let tagged = &mut facts.model.tagged;
    let unknown = |reason: String, span| Unknown::new(reason, "declare it in `twoam.toml`, or pass a plan", span);
    let mut take = |labels: Labels, selectable: bool| {
        for (key, fact) in labels.0 {
            match (fact.value(), fact.reason()) {
                (Some(value), _) => drop(tagged.pairs.insert((key, value.clone()))),
                (None, Some(reason)) if selectable => tagged.open.entry(key).or_default().push(reason.clone()),
                _ => {}
            }
        }
    };
    let (mut open, abroad) = (None, super::abroad::Abroad::default());
    for root in &resolved.roots {
        let ground = Ground { root, abroad: &abroad };
        for resource in root.resources.iter().filter(|one| one.mode == Mode::Managed && !by_tag(one)) {
            let selectable = SELECTABLE.iter().any(|kind| resource.type_name.starts_with(kind));
            take(ground.tags(&resource.type_name, &resource.provider, &resource.body), selectable);
            // Instances of a group bear the tags of its `tag` blocks.
            for tag in resource.at("tag").map_or(&[][..], Node::items) {
                if let (Some(key), Some(value)) = (tag.get("key").and_then(Node::scalar), tag.get("value")) {
                    take(Labels(vec![(key, Fact::read(value, Node::scalar))]), selectable);
                }
            }
            let parts = PARTS.iter().flat_map(|part| blocks(&resource.body, part)).map(|part| part.get("tags"));
            let parts: Vec<&Node> = parts.chain([resource.at("volume_tags")]).flatten().collect();
            for tags in &parts {
                take(Labels::read(Some(tags)), selectable);
            }
            let whole = [resource.at("tags")].into_iter().chain(parts.into_iter().map(Some)).flatten();
            open = open.or_else(|| whole.filter(|_| selectable).find_map(Node::as_unknown).cloned());
        }
        for call in &root.calls {
            if call.source.split(['/', '?']).any(|word| NOTHING_TO_SELECT.contains(&word)) {
                continue;
            }
            take(Labels::read(call.arguments.get("tags")), true);
            let reason = format!("what the module `{}` tags is not in the repository", call.source);
            open = open.or_else(|| Some(unknown(reason, call.head)));
        }
    }
    tagged.unknown = tagged.unknown.take().or(open);
}
