//! What every verb that audits does first: find the configuration, audit, say the problems.

use super::Failure;
use super::arguments::{Inputs, Renderer};
use super::terminal::Terminal;
use crate::audit::{self, Audit, Program, Request};
use crate::problem::Fault;
use crate::report;
use crate::rule::RuleSet;

/// An audit and how to draw it.
pub(super) struct Session {
    pub(super) audit: Audit,
    pub(super) options: report::Options,
}

/// Audits what the arguments name. Broken configuration and rules end it, once they are said.
pub(super) fn audit(inputs: &Inputs, terminal: &Terminal) -> Result<Session, Failure> {
    let progress = terminal.progress(inputs.quiet);
    let show = |stage| progress.show(stage);
    let request = request(inputs, Some(&show))?;
    let today = request.today;
    let outcome = audit::run(&request);
    drop(progress);
    let audit = outcome.or_else(|refused| {
        terminal.problems(&refused)?;
        Err(Failure::Said)
    })?;
    let ours = audit.problems.iter().any(|problem| problem.fault != Fault::Input);
    if ours || !inputs.quiet {
        terminal.problems(&audit)?;
    }
    if ours {
        return Err(Failure::Said);
    }
    let options = terminal.options(&audit.project, inputs.verbose, today);
    Ok(Session { audit, options })
}

/// The audit that the arguments ask for.
pub(super) fn request<'p>(
    inputs: &Inputs,
    progress: Option<&'p (dyn Fn(audit::Stage) + Sync)>,
) -> Result<Request<'p>, Failure> {
    let paths = if inputs.paths.is_empty() { vec![".".into()] } else { inputs.paths.clone() };
    if inputs.jobs == Some(0) {
        return Err(Failure::usage("--jobs 0 leaves nobody to work", "give at least 1, or leave it out"));
    }
    let mut request = Request::new(paths);
    request.config.clone_from(&inputs.config);
    request.plans.clone_from(&inputs.plan);
    request.rule_folders.clone_from(&inputs.rules);
    request.select.clone_from(&inputs.select);
    request.skip.clone_from(&inputs.skip);
    request.render.extend(inputs.render.iter().map(|program| match program {
        Renderer::Helm => Program::Helm,
        Renderer::Kustomize => Program::Kustomize,
    }));
    request.jobs = inputs.jobs;
    request.today =
        inputs.today.unwrap_or_else(|| jiff::Timestamp::now().to_zoned_datetime(jiff::tz::TimeZone::system()).date());
    request.progress = progress;
    Ok(request)
}

/// The rules that an audit of the same arguments would use.
pub(super) fn rules(inputs: &Inputs, terminal: &Terminal) -> Result<RuleSet, Failure> {
    let request = request(inputs, None)?;
    let prepared = audit::prepare(&request).or_else(|refused| {
        terminal.problems(&refused)?;
        Err(Failure::Said)
    })?;
    Ok(prepared.rules)
}
