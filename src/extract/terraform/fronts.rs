//! What stands before a workload and carries its callers to it: load balancers, target groups, gateways of APIs,
//! distributions. An alarm on one of these is an alarm on what answers behind it, in whichever root either is declared.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Front;
use crate::resolve::terraform::{Resolved, Resource, Root, points_at};
use crate::tree::{ELSEWHERE, Node, Text, without_keys};

use super::abroad;

/// How many steps lead from a workload to what stands before all: an alias, a target group, a rule, a listener, a load
/// balancer, a gateway, a distribution.
const MOST_STEPS: usize = 8;

/// Resource type, the attribute that says what it sends callers to, and the one that says what they come through; empty
/// where either is the resource itself.
///
/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs>: `api_gateway_integration`,
/// `apigatewayv2_integration`, `lambda_permission`, `lambda_alias`, `lambda_function_url`, `lb_listener`,
/// `lb_listener_rule`, `lb_target_group_attachment`, `cloudfront_distribution`
const CARRIERS: &[(&str, &str, &str)] = &[
    ("aws_alb_listener", "", "load_balancer_arn"),
    ("aws_alb_listener", "default_action", ""),
    ("aws_alb_listener_rule", "action", "listener_arn"),
    ("aws_alb_target_group_attachment", "target_id", "target_group_arn"),
    ("aws_api_gateway_integration", "uri", "rest_api_id"),
    ("aws_api_gateway_rest_api", "body", ""),
    ("aws_apigatewayv2_api", "body", ""),
    ("aws_apigatewayv2_api", "target", ""),
    ("aws_apigatewayv2_integration", "integration_uri", "api_id"),
    ("aws_cloudfront_distribution", "origin", ""),
    ("aws_lambda_alias", "function_name", ""),
    ("aws_lambda_function_url", "function_name", ""),
    ("aws_lambda_permission", "function_name", "source_arn"),
    ("aws_lb_listener", "", "load_balancer_arn"),
    ("aws_lb_listener", "default_action", ""),
    ("aws_lb_listener_rule", "action", "listener_arn"),
    ("aws_lb_target_group_attachment", "target_id", "target_group_arn"),
];

/// What is measured by itself, so that an alarm may name it.
const MEASURED: &[&str] = &[
    "aws_alb",
    "aws_alb_target_group",
    "aws_api_gateway_rest_api",
    "aws_apigatewayv2_api",
    "aws_cloudfront_distribution",
    "aws_lb",
    "aws_lb_target_group",
];

/// A thing of a root: the root's folder and its address.
type Thing = (Text, Text);

/// What carries callers to what, by environment.
pub(super) struct Fronts {
    /// By environment, root, and the address without keys of instances: the exact thing that is led to, and what leads
    /// there.
    before: BTreeMap<(Text, Text, Text), Vec<(Text, Thing)>>,
    /// By environment and thing.
    names: BTreeMap<(Text, Thing), Text>,
}

impl Fronts {
    /// Of all roots.
    pub(super) fn new(resolved: &Resolved) -> Self {
        let mut fronts = Self { before: BTreeMap::new(), names: BTreeMap::new() };
        for root in &resolved.roots {
            for resource in &root.resources {
                if MEASURED.contains(&resource.type_name.as_str()) {
                    let name = resource.at("name").and_then(Node::as_str).unwrap_or_default();
                    let thing = (root.directory.clone(), resource.address.clone());
                    fronts.names.insert((resource.environment.name.clone(), thing), name.into());
                }
                for (_, to, through) in CARRIERS.iter().filter(|(kind, ..)| *kind == resource.type_name) {
                    fronts.add(root, resource, to, through);
                }
            }
        }
        fronts
    }

    fn add(&mut self, root: &Root, resource: &Resource, to: &str, through: &str) {
        let meant = |attribute: &str| match attribute {
            "" => vec![(root.directory.clone(), resource.address.clone())],
            _ => things(root, resource, attribute),
        };
        let sources = meant(through);
        for (folder, address) in meant(to) {
            let key = (resource.environment.name.clone(), folder, without_keys(&address));
            let known = self.before.entry(key).or_default();
            known.extend(sources.iter().map(|source| (address.clone(), source.clone())));
        }
    }

    /// What stands before a workload, directly or before what does.
    pub(super) fn of(&self, root: &Root, workload: &Resource) -> Vec<Front> {
        let mut found: BTreeSet<Thing> = things(root, workload, "load_balancer").into_iter().collect();
        let mut next: Vec<Thing> = found.iter().cloned().collect();
        next.push((root.directory.clone(), workload.address.clone()));
        for _ in 0..MOST_STEPS {
            let ahead = std::mem::take(&mut next);
            for (folder, address) in ahead {
                let key = (workload.environment.name.clone(), folder, without_keys(&address));
                let leading = self.before.get(&key).into_iter().flatten();
                for (_, source) in leading.filter(|(to, _)| points_at(to, &address) || points_at(&address, to)) {
                    if found.insert(source.clone()) {
                        next.push(source.clone());
                    }
                }
            }
        }
        let measured = |thing: Thing| {
            let kind = without_keys(&thing.1);
            if !MEASURED.contains(&kind.rsplit('.').nth(1)?) {
                return None;
            }
            let named = (workload.environment.name.clone(), thing);
            let name = self.names.get(&named).cloned().unwrap_or_default();
            let (_, (root, address)) = named;
            Some(Front { root, address, name })
        };
        found.into_iter().filter_map(measured).collect()
    }
}

/// The things that an attribute of a resource refers to, those of other roots included.
fn things(root: &Root, resource: &Resource, attribute: &str) -> Vec<Thing> {
    let elsewhere = resource.body.get(attribute).map(abroad::things).unwrap_or_default();
    let references = resource.refers(attribute).chain(elsewhere.iter().map(Text::as_str));
    let mut found: Vec<Thing> = references
        .filter_map(|reference| match reference.split_once(ELSEWHERE) {
            Some((folder, address)) => Some((folder.into(), whole(address)?.into())),
            None => Some((root.directory.clone(), whole(reference)?.into())),
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

/// The address of the resource that a reference is to: `module.a["x"].aws_lb.this[0].arn` → `module.a["x"].aws_lb.this[0]`.
fn whole(reference: &str) -> Option<&str> {
    let (mut depth, mut start, mut modules, mut parts) = (0_u32, 0, false, 0);
    for (at, letter) in reference.char_indices().chain([(reference.len(), '.')]) {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '.' if depth == 0 => {
                let part = &reference[start..at];
                start = at + 1;
                match part {
                    "data" if parts == 0 && !modules => return None,
                    "module" if parts == 0 && !modules => modules = true,
                    _ if modules => modules = false,
                    _ => parts += 1,
                }
                if parts == 2 {
                    return Some(&reference[..at]);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn a_reference_is_of_a_resource() {
        for (reference, address) in [
            ("aws_lb.this.arn", Some("aws_lb.this")),
            ("aws_lb.this[0]", Some("aws_lb.this[0]")),
            ("module.a[\"x.y\"].module.b.aws_lb.this[0].arn", Some("module.a[\"x.y\"].module.b.aws_lb.this[0]")),
            ("data.aws_lb.this.arn", None),
            ("module.a.arn", None),
        ] {
            assert_eq!(whole(reference), address, "{reference}");
        }
    }
}
