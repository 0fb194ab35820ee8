//! Buckets behind a content delivery network whose content is a web site: it is built and uploaded from elsewhere.

use crate::resolve::terraform::{blocks, points_at, step};
use crate::source::Span;
use crate::tree::Node;

use super::Ground;

/// Where a distribution that has an index page takes what it serves by default from the bucket at an address. Further
/// origins may be of anything (what users upload).
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DefaultRootObject.html>
pub(super) fn served(ground: Ground<'_>, address: &str) -> Option<Span> {
    ground.of_type("aws_cloudfront_distribution").find_map(|distribution| {
        let index = distribution.at("default_root_object").filter(|node| !node.is_null())?;
        let origins = blocks(&distribution.body, "origin");
        let is_of = |origin: &&Node| {
            let unknown = origin.get("domain_name").and_then(Node::as_unknown);
            unknown.is_some_and(|unknown| unknown.refers_to.iter().any(|reference| points_at(reference, address)))
        };
        let target = step(&distribution.body, "default_cache_behavior.target_origin_id").and_then(Node::scalar);
        let by_default = |origin: &&Node| {
            origins.len() == 1 || target.is_some() && origin.get("origin_id").and_then(Node::scalar) == target
        };
        origins.iter().filter(is_of).find(by_default).map(|_| index.span)
    })
}
