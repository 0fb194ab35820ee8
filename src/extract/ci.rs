//! Pipelines → the jobs that ship to production, and whether each has a way back. Uses `source`, `tree`, `model`.
//!
//! One file per platform turns its YAML into jobs; `job` judges them; `commands` knows what deploys. A job that deploys
//! to anything but production is left out. A Jenkinsfile is a program and is not read.

mod azure;
mod circleci;
mod commands;
mod github;
mod gitlab;
mod helm;
mod job;
#[cfg(test)]
mod tests;

use crate::extract::{Facts, Input};
use crate::tree::Node;

/// Adds the production deployments of a pipeline.
pub(super) fn extract(input: &Input<'_>, facts: &mut Facts) {
    let Some(jobs) = platform(&input.source.path) else { return };
    for pipeline in input.document.values() {
        let mut jobs = jobs(&input.source.path, pipeline);
        job::relate(&mut jobs);
        for job in &jobs {
            let Some(deployment) = job::deployment(input, job) else { continue };
            facts.model.deployments.push(deployment);
            facts.model.releases.extend(helm::releases(input, job));
        }
    }
}

/// What reads a pipeline at a path.
fn platform(path: &str) -> Option<fn(&str, &Node) -> Vec<job::Job>> {
    let lower = path.to_lowercase();
    let (folder, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let own = folder.rsplit('/').next().unwrap_or_default();
    let (stem, "yml" | "yaml") = name.rsplit_once('.')? else { return None };
    if folder.ends_with(".github/workflows") {
        Some(github::jobs)
    } else if stem.ends_with(".gitlab-ci") || own == ".gitlab-ci" || folder.ends_with(".gitlab/ci") {
        Some(gitlab::jobs)
    } else if own == ".circleci" {
        Some(circleci::jobs)
    } else if stem.starts_with("azure-pipelines") || own == ".azure-pipelines" {
        Some(azure::jobs)
    } else {
        None
    }
}
