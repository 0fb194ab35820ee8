//! Pipelines → the jobs that ship to production, and whether each has a way back; the jobs that rehearse by a clock.
//! Uses `source`, `tree`, `model`.
//!
//! One file per platform turns what it reads into jobs, with what they call in the same repository; `called` reads the
//! scripts that they run; `job` judges them;
//! `commands` knows what deploys; `across` finds the way back that another pipeline is. A job that deploys to anything
//! but production is left out. What a pipeline takes from elsewhere is unknown, and listed.

mod across;
mod argo;
mod azure;
mod called;
mod circleci;
mod commands;
mod files;
mod fill;
mod github;
mod gitlab;
mod helm;
mod helmfile;
mod jenkins;
mod job;
mod rehearsal;
mod tekton;
#[cfg(test)]
mod tests;

pub use called::is_script;
pub use files::Files;

use self::job::Job;
use crate::extract::Facts;
use crate::tree::{Document, Node};

/// Whether a file may be part of a pipeline, alone or with others.
pub fn concerns(path: &str, document: &Document) -> bool {
    let nodes = document.values();
    jenkins::is_pipeline(path)
        || nodes.iter().any(is_object)
        || !nodes.is_empty()
            && (github::is_workflow(path)
                || github::is_action(path)
                || gitlab::is_pipeline(path)
                || circleci::is_pipeline(path)
                || azure::is_pipeline(path)
                || nodes.iter().any(may_be_included))
}

/// Keys at the top of what pipelines include.
const PARTS: &[&str] = &["jobs", "stages", "steps", "parameters", "include", "extends", "variables"];

/// Keys of the jobs that pipelines include.
const JOB_KEYS: &[&str] = &["script", "before_script", "extends", "rules", "trigger", "stage", "environment"];

/// Whether another pipeline may include a document, by its keys.
fn may_be_included(node: &Node) -> bool {
    let has = |node: &Node, keys: &[&str]| node.entries().iter().any(|entry| keys.contains(&entry.key.as_str()));
    node.get("apiVersion").is_none()
        && (has(node, PARTS) || node.entries().iter().any(|entry| has(&entry.value, JOB_KEYS)))
}

/// Whether a document is an object of a pipeline that runs in a cluster.
fn is_object(node: &Node) -> bool {
    argo::is_object(node) || tekton::is_object(node)
}

/// The production deployments of all pipelines.
pub fn extract(files: &Files<'_>) -> Facts {
    let mut facts = Facts::default();
    let mut pipelines: Vec<Vec<Job>> = github::jobs(files);
    pipelines.extend(gitlab::jobs(files, &mut facts.model.gaps));
    pipelines.extend(circleci::jobs(files));
    pipelines.extend(azure::jobs(files));
    pipelines.extend(jenkins::jobs(files, &mut facts.model.gaps));
    pipelines.extend(argo::jobs(files));
    pipelines.extend(tekton::jobs(files));
    for pipeline in &mut pipelines {
        for job in pipeline.iter_mut() {
            called::follow(files, job);
        }
        job::relate(pipeline);
    }
    let jobs: Vec<Job> = pipelines.into_iter().flatten().collect();
    let mut found = Vec::new();
    for job in &jobs {
        found.extend(job::deployment(files, job).map(|deployment| (job, deployment)));
    }
    facts.model.drills.extend(jobs.iter().filter_map(|job| rehearsal::read(files, job)));
    across::join(files, &jobs, &mut found);
    for (job, deployment) in &found {
        helm::releases(files, job, deployment, &mut facts.model.releases);
    }
    facts.model.deployments.extend(found.into_iter().map(|(_, deployment)| deployment));
    facts
}
