//! Pipelines → the jobs that ship to production, and whether each has a way back. Uses `source`, `tree`, `model`.
//!
//! One file per platform turns its YAML into jobs; `job` judges them; `commands` knows what deploys. A job that deploys
//! to anything but production is left out. A Jenkinsfile is a program and is not read.

mod azure;
mod circleci;
mod commands;
mod github;
mod gitlab;
mod job;

use crate::extract::{Facts, Input};
use crate::tree::Node;

/// Adds the production deployments of a pipeline.
pub fn extract(input: &Input<'_>, facts: &mut Facts) {
    let Some(jobs) = platform(&input.source.path) else { return };
    let found = input.document.values().iter().flat_map(|pipeline| jobs(&input.source.path, pipeline));
    facts.model.deployments.extend(found.filter_map(|job| job::deployment(input, &job)));
}

/// What reads a pipeline at a path.
fn platform(path: &str) -> Option<fn(&str, &Node) -> Vec<job::Job>> {
    let lower = path.to_lowercase();
    let (folder, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let own = folder.rsplit('/').next().unwrap_or_default();
    if !(name.ends_with(".yml") || name.ends_with(".yaml")) {
        return None;
    }
    if folder.ends_with(".github/workflows") {
        Some(github::jobs)
    } else if name.ends_with(".gitlab-ci.yml")
        || name.ends_with(".gitlab-ci.yaml")
        || matches!(own, ".gitlab-ci" | ".gitlab/ci")
    {
        Some(gitlab::jobs)
    } else if own == ".circleci" {
        Some(circleci::jobs)
    } else if name.starts_with("azure-pipelines") || own == ".azure-pipelines" {
        Some(azure::jobs)
    } else {
        None
    }
}
