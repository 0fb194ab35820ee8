//! The way back that stands in another pipeline: one that ships the same and lets a person choose the version, or one
//! that goes back. Uses the jobs of `job`.

use super::files::Files;
use super::job::{self, Job};
use crate::model::{Deployment, Fact};
use crate::source::Span;
use crate::tree::Text;

/// A way back that a pipeline offers to others.
struct Offer<'j> {
    job: &'j Job,
    way: String,
    span: Span,
    /// What it ships or takes back by name; empty where only a run says.
    targets: Vec<String>,
    /// Whether it goes back by itself, rather than ship whatever version it is told.
    goes_back: bool,
}

/// Gives deployments without a way back of their own the one that another pipeline of the same repository is.
pub(super) fn join(files: &Files<'_>, jobs: &[Job], found: &mut [(&Job, Deployment)]) {
    // What ships to another environment takes nothing back in production.
    let environments = files.environments();
    let elsewhere = |job: &&Job| {
        let of_path = environments.of_path(files.path_of(job.span));
        let mut declared = job.environments.iter().filter_map(|name| environments.of_word(name));
        of_path.or_else(|| declared.next()).is_some_and(|environment| !environment.production)
    };
    let offers: Vec<Offer<'_>> = jobs.iter().filter(|job| !elsewhere(job)).filter_map(offer).collect();
    for (job, deployment) in found.iter_mut().filter(|(_, deployment)| !deployment.way_back.is_true()) {
        let root = |job: &Job| files.root_of(files.path_of(job.span));
        let near = |offer: &&Offer<'_>| {
            offer.job.platform == job.platform && offer.job.pipeline != job.pipeline && root(offer.job) == root(job)
        };
        if let Some(offer) = offers.iter().filter(near).find(|offer| serves(offer, job, deployment)) {
            deployment.way_back = Fact::known(true, offer.span);
            deployment.way = Text::from(offer.way.as_str());
        }
    }
}

/// What a job offers to others: it is started by hand and goes back, or ships a version that is chosen.
fn offer(job: &Job) -> Option<Offer<'_>> {
    if !job.triggers.manual {
        return None;
    }
    // One that ships and goes back when that fails does so for itself.
    if let Some((_, span, targets)) = job::goes_back(job).filter(|_| !job::ships(job)) {
        return Some(Offer { job, way: format!("run `{}`", job.pipeline), span, targets, goes_back: true });
    }
    let (input, span) = job::version_input(job)?;
    let way = format!("run `{}` with another `{input}`", job.pipeline);
    Some(Offer { job, way, span, targets: job::objects(job), goes_back: false })
}

/// Whether an offer is about what a deployment ships: both call the same, or name the same. One that goes back and names
/// nothing is for all.
fn serves(offer: &Offer<'_>, job: &Job, deployment: &Deployment) -> bool {
    let calls_the_same =
        !offer.job.follows.is_disjoint(&job.follows) || job.follows.contains(offer.job.pipeline.as_str());
    let named: Vec<&String> = offer.targets.iter().filter(|target| !target.contains(['$', '{'])).collect();
    let names_the_same = named.iter().any(|target| deployment.uses.iter().any(|used| used == target.as_str()));
    calls_the_same && (offer.goes_back || job::ships(offer.job))
        || names_the_same
        || offer.goes_back && named.is_empty()
}
