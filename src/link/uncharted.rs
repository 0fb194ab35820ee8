//! What is installed from charts that are not here → workloads that stand for what they make. The service is there, its
//! name, namespace and controller are known, and so is what its own values say; all else of its pods is unknown. Uses
//! `model`.

use std::collections::BTreeMap;

use crate::model::kubernetes::Entrance;
use crate::model::release::{StatedImage, is_platform_namespace, is_platform_part};
use crate::model::workload::Unread;
use crate::model::{Container, Fact, Gap, Id, Model, Release, Service, Workload};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// Charts of what runs until it ends.
const JOBS: &[&str] = &["cronjob", "cronjobs", "cron-job", "job", "jobs"];

/// Adds a workload for every release whose chart was not read.
pub(super) fn stand_in(model: &mut Model) {
    let mut unread: BTreeMap<Span, Vec<Gap>> = BTreeMap::new();
    for gap in model.gaps.iter().filter(|gap| gap.hides.kubernetes()) {
        unread.entry(gap.span).or_default().push(gap.clone());
    }
    if unread.is_empty() {
        return;
    }
    for index in 0..model.releases.len() {
        let release = model.releases[index].clone();
        let Some(gaps) = release.chart.span.and_then(|span| unread.get(&span)) else { continue };
        // A helper of templates may write several: the one that names the chart is meant.
        let named = release.chart.value().map(|chart| format!("`{chart}`"));
        let own = gaps.iter().find(|gap| named.as_ref().is_some_and(|named| gap.reason.contains(named.as_str())));
        if let Some(gap) = own.or(gaps.first()) {
            add(model, &release, gap);
        }
    }
}

/// What of a service in production was not read.
pub(super) fn unread_part(model: &Model, service: Id<Service>) -> Option<&Unread> {
    let workloads = model[service].workloads.iter().map(|id| &model[*id]);
    workloads.filter(|workload| workload.place.environment.production).find_map(|workload| workload.unread.as_ref())
}

fn add(model: &mut Model, release: &Release, gap: &Gap) {
    let Some(stated) = release.stated.as_deref() else { return };
    let why = Unknown::new(
        gap.reason.to_string(),
        "render it into what is audited (`helm template`), or keep the chart in the repository",
        gap.span,
    );
    let chart = release.chart.value().map(Text::as_str).unwrap_or_default();
    let own = release.names.last().map_or(release.name.as_str(), Text::as_str);
    let namespace = stated.namespace.value().map(Text::as_str).unwrap_or_default();
    // What the reason names is the chart itself where Flux finds it through another object.
    let platform_part = release.platform_part
        || gap.reason.split('`').skip(1).step_by(2).any(is_platform_part)
        || is_platform_part(own)
        || is_platform_namespace(namespace);
    // A job is told apart by what it does rather than by what asks for it.
    let is_job = stated.scheduled || JOBS.contains(&chart.rsplit('/').next().unwrap_or(chart));
    // A helmfile has no objects: Helm keeps what it installs as a release.
    let of_tool =
        if release.tool == "helmfile" { "Release" } else { release.name.split('/').next().unwrap_or_default() };
    let kind = if is_job { "CronJob" } else { of_tool };
    let id = Id::new(model.workloads.len());
    let containers = stated.images.iter().map(|image| model.add(container(release, image, id, &why))).collect();
    let several = stated.replicas.value().is_some_and(|copies| *copies >= 2);
    let workload = Workload {
        name: release.name.clone(),
        place: release.place.clone(),
        kind: kind.into(),
        platform: Text::const_new("kubernetes"),
        namespace: stated.namespace.clone(),
        scales: !is_job,
        replicas: if stated.replicas.is_absent() { unknown(release, &why) } else { stated.replicas.clone() },
        singleton: if several { Fact::known(false, stated.replicas.span) } else { unknown(release, &why) },
        spread: if stated.spread.is_absent() { unknown(release, &why) } else { stated.spread.clone() },
        drains: unknown(release, &why),
        off: stated.suspended,
        gitops: stated.controller.clone(),
        labels: stated.labels.clone(),
        annotations: stated.annotations.clone(),
        plain_name: own.into(),
        containers,
        unread: Some(Unread { why: why.clone(), platform_part }),
        ..Workload::default()
    };
    model.add(workload);
    if !stated.hosts.is_empty() {
        model.kubernetes.entrances.push(Entrance {
            inside: stated.inside,
            hosts: stated.hosts.clone(),
            backends: vec![own.into()],
            namespace: stated.namespace.clone(),
            place: release.place.clone(),
            ..Entrance::default()
        });
    }
}

fn unknown<T>(release: &Release, why: &Unknown) -> Fact<T> {
    Fact { span: Some(release.place.span), ..Fact::unknown(why.clone()) }
}

fn container(release: &Release, stated: &StatedImage, workload: Id<Workload>, why: &Unknown) -> Container {
    let name = if stated.part.is_empty() { "image" } else { &stated.part };
    Container {
        name: compact_str::format_compact!("{}/{name}", release.name),
        place: release.place.clone(),
        image: stated.image.clone(),
        image_mutable: stated.mutable.clone(),
        readiness_probe: unknown(release, why),
        identical_probes: unknown(release, why),
        cpu_request: unknown(release, why),
        memory_request: unknown(release, why),
        memory_limit: unknown(release, why),
        workload: Some(workload),
        ..Container::default()
    }
}
