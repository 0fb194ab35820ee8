//! What ships a service, what it runs and what its database went through → its rollback path. The last of the joins: it
//! adds nothing up that is not declared, and says what it does not know.

use crate::model::rollback::{RollbackNeed, RollbackTerm};
use crate::model::schema::State;
use crate::model::{Container, Deployment, Fact, Id, Migration, Model, Release, RollbackPath, Service, Workload};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// Gives every service that is deployed its path.
pub(super) fn join(model: &mut Model) {
    let mut migrations: Vec<Vec<Id<Migration>>> = vec![Vec::new(); model.services.len()];
    for (id, migration) in model.each::<Migration>().filter(|(_, migration)| migration.recent) {
        if let Some(list) = migration.service.and_then(|service| migrations.get_mut(service.index())) {
            list.push(id);
        }
    }
    for (index, migrations) in migrations.iter().enumerate() {
        let id: Id<Service> = Id::new(index);
        if model[id].deployable {
            model[id].rollback = path(model, id, migrations);
        }
    }
}

fn path(model: &Model, id: Id<Service>, migrations: &[Id<Migration>]) -> RollbackPath {
    let service = &model[id];
    let running = running(model, service);
    let deployments: Vec<&Deployment> = service.deployments.iter().map(|id| &model[*id]).collect();
    let mut path = RollbackPath { span: Some(service.place.span), ..RollbackPath::default() };
    // Copies that are replaced at the same time take as long as the slowest of them.
    let slowest = running.iter().map(|workload| terms(workload)).max_by_key(|terms| sum(terms));
    path.terms = slowest.unwrap_or_default();
    way(model, &mut path, &running, &deployments);
    forward(&mut path, service);
    path.needs
        .extend(running.iter().flat_map(|workload| workload.containers.iter()).filter_map(|id| image(&model[*id])));
    path.needs.extend(model.releases.iter().filter(|release| release.service == Some(id)).flat_map(released));
    path.needs.extend(migrations.iter().filter_map(|id| reversible(&model[*id])));
    path.needs.push(need("a runbook says how", &service.rollback_procedure));
    let total = sum(&path.terms);
    path.seconds = if path.terms.iter().any(|term| term.seconds.is_some()) {
        Fact::known(total, path.terms.iter().find_map(|term| term.span))
    } else {
        Fact::absent(service.place.span)
    };
    path
}

/// What a deploy replaces: what runs all the time, less the databases beside it.
fn running<'m>(model: &'m Model, service: &Service) -> Vec<&'m Workload> {
    let keeps_data = |id: &Id<Workload>| {
        service.datastores.iter().any(|store| model[*store].workload == Some(*id) && model[*store].kind == "database")
    };
    let judged = |id: &&Id<Workload>| {
        let workload = &model[**id];
        let place = &workload.place;
        place.environment.production && !place.library && !workload.is_job()
    };
    let (stores, others): (Vec<Id<Workload>>, Vec<_>) =
        service.workloads.iter().filter(judged).copied().partition(keeps_data);
    let chosen = if others.is_empty() { stores } else { others };
    chosen.into_iter().map(|id| &model[id]).collect()
}

/// The way that asks least of whoever is called: a controller that follows the repository, a pipeline that ships an
/// older version, the platform itself.
fn way(model: &Model, path: &mut RollbackPath, running: &[&Workload], deployments: &[&Deployment]) {
    // What the platform undoes, the controller does again.
    if let Some(tool) = running.iter().find_map(|workload| Some((workload.gitops.value()?, workload.gitops.span))) {
        path.way = compact_str::format_compact!("revert the commit: {} applies what the repository says", tool.0);
        path.exists = Fact::known(true, tool.1);
        path.terms.insert(0, look(model, tool.0, tool.1));
        return;
    }
    if let Some(deployment) = deployments.iter().find(|deployment| deployment.way_back.is_true()) {
        path.way = compact_str::format_compact!("{}: {}", deployment.name, deployment.way);
        path.exists = deployment.way_back.clone();
        let gates = deployment.gates.iter();
        let waits =
            gates.map(|it| RollbackTerm { what: it.what.to_string(), seconds: it.seconds, span: Some(it.span) });
        path.terms.splice(0..0, waits);
        return;
    }
    // What the platform undoes beside it, Terraform does again.
    if let Some(workload) =
        running.iter().find(|workload| workload.platform == "kubernetes" && workload.is_of_terraform())
    {
        path.way = Text::const_new("revert the commit and apply again: Terraform makes it what the repository says");
        path.exists = Fact::known(true, workload.place.span);
        return;
    }
    let own = running.iter().find_map(|workload| Some((*workload, of_platform(workload)?)));
    if let Some((workload, way)) = own {
        path.way = way;
        path.exists = match keeps_history(workload) {
            Some(history) => {
                path.needs.push(need("an old revision is kept", &history));
                history
            }
            None => Fact::known(true, workload.place.span),
        };
        return;
    }
    let unread = deployments.iter().find_map(|deployment| deployment.way_back.reason());
    path.exists = match (unread, deployments.first()) {
        (Some(unknown), _) => Fact::unknown(unknown.clone()),
        (None, Some(deployment)) => deployment.way_back.clone(),
        (None, None) => {
            let reason = "nothing that was read says what ships it";
            Fact::unknown(Unknown::new(
                reason,
                "audit its pipeline together with it, or write the way back down",
                path.span,
            ))
        }
    };
}

/// Where nothing goes back, a page that says how faults are mended forwards is the answer that was decided on.
fn forward(path: &mut RollbackPath, service: &Service) {
    if path.exists.is_false() && service.forward_only.is_true() {
        path.way = Text::const_new("fix forward, as a runbook says");
        path.needs.push(need("it is written down that faults are mended forwards", &service.forward_only));
    }
}

/// How long Argo CD takes at most to see a commit, in seconds, where nothing is set: two minutes and up to one more.
/// <https://argo-cd.readthedocs.io/en/stable/faq/>
const ARGO_LOOKS: (i64, i64) = (120, 60);

/// How long a controller takes at most until it sees a commit.
fn look(model: &Model, tool: &str, mark: Option<Span>) -> RollbackTerm {
    let objects = &model.kubernetes;
    if tool != "flux" {
        let set = objects.polling.iter().find(|polling| polling.place.environment.production);
        let of = |fact: &Fact<Option<i64>>, default: i64| match &fact.state {
            State::Known(seconds) => *seconds,
            State::Absent => Some(default),
            State::Unknown(_) => None,
        };
        let seconds = match set {
            // Nought turns it off: then only a webhook or a person makes it look.
            Some(set) => of(&set.seconds, ARGO_LOOKS.0)
                .filter(|seconds| *seconds > 0)
                .and_then(|seconds| Some(seconds.saturating_add(of(&set.jitter, ARGO_LOOKS.1)?))),
            None => Some(ARGO_LOOKS.0 + ARGO_LOOKS.1),
        };
        let what = "until Argo CD looks at the repository, unless a webhook tells it".to_owned();
        return RollbackTerm { what, seconds, span: set.map_or(mark, |set| set.seconds.span) };
    }
    let named = |mark: Option<Span>| objects.reconcilers.iter().find(|it| Some(it.head) == mark);
    // A release is changed by what delivers it: the source of its chart is another matter.
    let own = named(mark);
    let reconciler = own.and_then(|it| named(Some(it.parent?))).or(own);
    let source = reconciler.and_then(|it| objects.source(&it.source_kind, &it.source_name, &it.place.environment));
    let interval =
        source.map(|it| &it.interval).filter(|it| it.value().is_some()).or(reconciler.map(|it| &it.interval));
    let what = "until Flux looks at the repository, unless a webhook tells it".to_owned();
    let seconds = interval.and_then(|interval| interval.value().copied()).filter(|seconds| *seconds > 0);
    RollbackTerm { what, seconds, span: interval.and_then(|interval| interval.span).or(mark) }
}

/// How a platform goes back to the revision before.
fn of_platform(workload: &Workload) -> Option<Text> {
    let name = &workload.plain_name;
    Some(match (workload.platform.as_str(), workload.kind.as_str()) {
        ("kubernetes", "Deployment" | "StatefulSet" | "DaemonSet") => {
            compact_str::format_compact!("`kubectl rollout undo {}/{name}`", workload.kind.to_lowercase())
        }
        ("kubernetes", "DeploymentConfig") => compact_str::format_compact!("`oc rollout undo dc/{name}`"),
        ("kubernetes", "Rollout") => compact_str::format_compact!("`kubectl argo rollouts undo {name}`"),
        ("ecs", _) if workload.auto_rollback.is_true() => "ECS goes back by itself when a deployment fails".into(),
        ("ecs", _) => compact_str::format_compact!(
            "`aws ecs update-service --service {name} --task-definition` with the revision before"
        ),
        // One change, for all callers at once.
        ("lambda", _) if workload.has_alias.is_true() => {
            compact_str::format_compact!("`aws lambda update-alias --function-name {name}` with the version before")
        }
        ("cloud-run", _) => compact_str::format_compact!(
            "`gcloud run services update-traffic {name} --to-revisions` with the revision before"
        ),
        _ => return None,
    })
}

fn keeps_history(workload: &Workload) -> Option<Fact<bool>> {
    (workload.platform == "kubernetes").then(|| workload.revision_history_limit.clone().map(|limit| limit > 0))
}

fn need(what: impl Into<String>, fact: &Fact<bool>) -> RollbackNeed {
    RollbackNeed { what: what.into(), met: fact.value().copied(), span: fact.span }
}

/// What going back to the revision of a release before hangs on.
fn released(release: &Release) -> impl Iterator<Item = RollbackNeed> {
    let judged = release.place.environment.production && !release.place.library;
    let kept = release.max_history.clone().map(|kept| kept != 1);
    let needs = [("keeps an older revision", &kept), ("waits until what it installs is ready", &release.waits)];
    let needs = needs.map(|(what, fact)| (!fact.is_absent()).then(|| need(format!("`{}` {what}", release.name), fact)));
    needs.into_iter().flatten().filter(move |_| judged)
}

/// An image that may be another one tomorrow: going back to its name is not going back to it.
fn image(container: &Container) -> Option<RollbackNeed> {
    let image = container.image.value()?;
    let met = match &container.image_mutable.state {
        State::Known(false) | State::Absent => return None,
        State::Known(true) => Some(false),
        State::Unknown(_) => None,
    };
    Some(RollbackNeed { what: format!("`{image}` names one image"), met, span: container.image_mutable.span })
}

/// A change of the database that the version before cannot live with.
fn reversible(migration: &Migration) -> Option<RollbackNeed> {
    if migration.destructive.is_false() {
        return None;
    }
    let takes = migration.takes.value().map_or_else(|| migration.name.to_string(), |takes| format!("`{takes}`"));
    let met = if migration.reversible.is_true() { Some(true) } else { migration.destructive.value().map(|_| false) };
    Some(RollbackNeed { what: format!("{takes} can be undone"), met, span: Some(migration.place.span) })
}

fn sum(terms: &[RollbackTerm]) -> i64 {
    terms.iter().filter_map(|term| term.seconds).fold(0, i64::saturating_add)
}

/// What replacing all copies of a workload takes, as far as it is declared.
fn terms(workload: &Workload) -> Vec<RollbackTerm> {
    let rollout = &workload.rollout;
    let Some(strategy) = rollout.strategy.value() else { return Vec::new() };
    let mut terms: Vec<RollbackTerm> = rollout
        .pauses
        .iter()
        .map(|pause| RollbackTerm { what: pause.what.to_string(), seconds: pause.seconds, span: Some(pause.span) })
        .collect();
    let each =
        rollout.ready_after_seconds.saturating_add(rollout.min_ready_seconds.value().copied().unwrap_or(0)).max(0);
    let span = rollout.ready_after.or(rollout.min_ready_seconds.span);
    let Some(copies) = workload.replicas.value().copied().filter(|copies| *copies > 0) else { return terms };
    let (waves, how) = match (strategy.as_str(), workload.kind.as_str()) {
        ("OnDelete", _) => {
            terms.push(RollbackTerm {
                what: "a person who deletes each pod".to_owned(),
                seconds: None,
                span: rollout.strategy.span,
            });
            return terms;
        }
        ("Recreate", _) => (1, "all at once, after the old ones have ended".to_owned()),
        (_, "StatefulSet") => {
            let at_once = share(&rollout.max_unavailable, copies, false).unwrap_or(1).max(1);
            (waves(copies, at_once), format!("{at_once} at a time"))
        }
        ("blueGreen", _) => (1, "all beside the old ones".to_owned()),
        _ => {
            let (Some(surge), Some(missing)) =
                (share(&rollout.max_surge, copies, true), share(&rollout.max_unavailable, copies, false))
            else {
                return terms;
            };
            let at_once = surge.saturating_add(missing).clamp(1, copies);
            (waves(copies, at_once), format!("{at_once} at a time"))
        }
    };
    let plural = if copies == 1 { "copy" } else { "copies" };
    // Without a probe a copy counts as ready as soon as it runs, whenever it is.
    let (ready, seconds) = if each == 0 {
        ("when each is ready is not known: nothing asks it".to_owned(), None)
    } else {
        (format!("each ready {each} s after its start"), Some(waves.saturating_mul(each)))
    };
    let what = format!("{copies} {plural}, {how}, {ready}");
    terms.push(RollbackTerm { what, seconds, span });
    terms
}

fn waves(copies: i64, at_once: i64) -> i64 {
    (copies + at_once - 1) / at_once
}

/// A count, or a percentage of the copies: `maxSurge` is rounded up, `maxUnavailable` down.
/// <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#max-surge>
fn share(written: &Fact<Text>, copies: i64, up: bool) -> Option<i64> {
    let written = match &written.state {
        State::Known(text) => text,
        State::Absent => return Some(0),
        State::Unknown(_) => return None,
    };
    match written.strip_suffix('%') {
        Some(percent) => {
            let part = percent.trim().parse::<i64>().ok()?.clamp(0, 100).saturating_mul(copies);
            Some(if up { (part + 99) / 100 } else { part / 100 })
        }
        None => written.trim().parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::rollback::{Polling, Reconciler};

    #[test]
    fn shares_are_rounded_as_kubernetes_does() {
        let of = |text: &str, copies, up| share(&Fact::known(Text::from(text), None), copies, up);
        assert_eq!(of("25%", 10, true), Some(3));
        assert_eq!(of("25%", 10, false), Some(2));
        assert_eq!(of("1", 10, true), Some(1));
        assert_eq!(of("x", 10, true), None);
    }

    fn workload(kind: &str, copies: i64, strategy: &str) -> Workload {
        let mut workload = Workload { kind: kind.into(), platform: "kubernetes".into(), ..Workload::default() };
        workload.replicas = Fact::known(copies, None);
        workload.rollout.strategy = Fact::known(strategy.into(), None);
        workload.rollout.ready_after_seconds = 10;
        workload.rollout.max_surge = Fact::known("25%".into(), None);
        workload.rollout.max_unavailable = Fact::known("25%".into(), None);
        workload
    }

    #[test]
    fn a_controller_that_follows_the_repository_comes_first() {
        let mut followed = workload("Deployment", 2, "RollingUpdate");
        followed.gitops = Fact::known("flux".into(), None);
        let mut path = RollbackPath::default();
        way(&Model::default(), &mut path, &[&followed], &[]);
        assert_eq!(path.way, "revert the commit: flux applies what the repository says");
        assert!(path.exists.is_true());
        assert_eq!(path.terms[0].seconds, None);
    }

    #[test]
    fn controllers_see_a_commit_when_they_look() {
        let mut model = Model::default();
        assert_eq!(look(&model, "argocd", None).seconds, Some(180));
        let seconds = |seconds| Fact::known(Some(seconds), None);
        model.kubernetes.polling.push(Polling { seconds: seconds(30), ..Polling::default() });
        assert_eq!(look(&model, "argocd", None).seconds, Some(90));
        model.kubernetes.polling[0].seconds = seconds(0);
        assert_eq!(look(&model, "argocd", None).seconds, None);
        let head = Span::head(crate::source::SourceId(3));
        let interval = Fact::known(600, None);
        model.kubernetes.reconcilers.push(Reconciler { head, interval, ..Reconciler::default() });
        assert_eq!(look(&model, "flux", Some(head)).seconds, Some(600));
        // What delivers a release looks more often than the release at its chart.
        let release = Span::head(crate::source::SourceId(4));
        let interval = Fact::known(3600, None);
        let parent = Some(head);
        model.kubernetes.reconcilers.push(Reconciler { head: release, interval, parent, ..Reconciler::default() });
        assert_eq!(look(&model, "flux", Some(release)).seconds, Some(600));
    }

    #[test]
    fn people_whom_a_pipeline_waits_for_are_terms() {
        let gate = crate::model::rollout::Pause { what: "a person".into(), seconds: None, span: Span::default() };
        let deployment = Deployment { way_back: Fact::known(true, None), gates: vec![gate], ..Deployment::default() };
        let mut path = RollbackPath::default();
        way(&Model::default(), &mut path, &[], &[&deployment]);
        assert_eq!((path.terms[0].what.as_str(), path.terms[0].seconds), ("a person", None));
    }

    #[test]
    fn copies_are_replaced_in_waves() {
        // Ten copies, three more and two fewer: five at a time.
        assert_eq!(sum(&terms(&workload("Deployment", 10, "RollingUpdate"))), 20);
        assert_eq!(sum(&terms(&workload("Deployment", 10, "Recreate"))), 10);
        assert_eq!(sum(&terms(&workload("StatefulSet", 3, "RollingUpdate"))), 30);
        let mut unknown = workload("Deployment", 10, "RollingUpdate");
        unknown.rollout.max_surge = Fact::unknown(Unknown::new("r", "", None));
        assert_eq!(terms(&unknown), []);
    }
}
