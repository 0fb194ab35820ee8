//! Charts and folders that `GitOps` controllers install: Flux's `HelmRelease` and its sources, Argo CD's `Application`.
//!
//! Fields are those of the custom resource definitions: <https://fluxcd.io/flux/components/helm/helmreleases/>,
//! <https://fluxcd.io/flux/components/source/gitrepositories/>,
//! <https://argo-cd.readthedocs.io/en/stable/user-guide/application-specification/>.

use super::object::{Object, boolean, int, optional, text};
use super::{stated, workload};
use crate::extract::Facts;
use crate::model::release::{Source, SourceObject, Stated, UNREAD_CHART, is_platform_part, moves, revision_moves};
use crate::model::{Fact, Release, State};
use crate::tree::{Node, Text};

/// Adds what an object of a `GitOps` controller installs, or where one takes it from.
pub(super) fn extract(object: &Object<'_>, facts: &mut Facts) {
    match (object.group, object.kind) {
        ("helm.toolkit.fluxcd.io", "HelmRelease") => facts.model.releases.extend(flux(object)),
        ("source.toolkit.fluxcd.io", "GitRepository" | "OCIRepository") => {
            facts.model.kubernetes.sources.push(source(object));
        }
        UNREAD_CHART => facts.model.releases.extend(dependency(object)),
        ("argoproj.io", "Application") => argo(object, object.at(&["spec"]), facts),
        ("argoproj.io", "ApplicationSet") => argo(object, object.at(&["spec", "template", "spec"]), facts),
        _ => {}
    }
}

/// `spec.chart.spec`, or what `spec.chartRef` names.
fn flux(object: &Object<'_>) -> Option<Release> {
    let spec = object.at(&["spec"])?;
    let chart = spec.at(&["chart", "spec"]);
    let reference = spec.get("chartRef");
    let named = chart.and_then(|chart| chart.get("chart")).or_else(|| reference?.get("name"));
    let chart_name = optional(named, object.head(), text);
    let folder = chart_name.value().cloned().unwrap_or_default();
    let from = reference.or_else(|| chart?.get("sourceRef"));
    let kind = from.and_then(|from| from.get("kind")?.scalar()).unwrap_or_default();
    let name = from.and_then(|from| from.get("name")?.scalar()).unwrap_or_default();
    let version = optional(chart.and_then(|chart| chart.get("version")), object.head(), text);
    let (source, moving) = match kind.as_str() {
        "GitRepository" | "OCIRepository" => (Source::Named { kind, name, folder }, Fact::absent(object.head())),
        // Left out, it is `*`.
        "HelmRepository" => (Source::Charts, version.clone().or_default(Text::default()).map(|it| moves(&it))),
        _ => (Source::Here, Fact::absent(object.head())),
    };
    let platform_part =
        chart_name.value().is_some_and(|chart| is_platform_part(chart)) || is_platform_part(&object.name);
    let disables_wait = optional(spec.at(&["upgrade", "disableWait"]), object.head(), boolean);
    Some(Release {
        name: object.title(),
        place: object.place.clone(),
        tool: Text::const_new("flux"),
        goes_back: remediates(object, spec),
        waits: disables_wait.or_default(false).map(|disabled| !disabled),
        max_history: optional(spec.get("maxHistory"), object.head(), int).or_default(5),
        version,
        moves: moving,
        platform_part,
        chart: chart_name,
        names: names(object, spec.get("releaseName")),
        source,
        stated: Some(Box::new(Stated {
            suspended: object.fact(&["spec", "suspend"], boolean).is_true(),
            namespace: spec.get("targetNamespace").map_or_else(|| object.namespace.clone(), text),
            ..stated::read(object, "flux", spec.get("values"))
        })),
        ..Release::default()
    })
}

/// A chart that another, which is here, depends on. How it is upgraded is for whatever installs that one to say.
fn dependency(object: &Object<'_>) -> Option<Release> {
    let spec = object.at(&["spec"])?;
    let chart = text(spec.get("chart")?);
    let stated = stated::of_values(spec.get("values"));
    Some(Release {
        name: object.title(),
        place: object.place.clone(),
        tool: Text::const_new("helm"),
        platform_part: chart.value().is_some_and(|chart| is_platform_part(chart)),
        chart,
        version: optional(spec.get("version"), object.head(), text),
        names: names(object, None),
        source: Source::Charts,
        stated: Some(Box::new(Stated {
            namespace: object.namespace.clone(),
            labels: object.labels.clone(),
            annotations: object.annotations.clone(),
            controller: workload::gitops(object),
            ..stated
        })),
        ..Release::default()
    })
}

fn names(object: &Object<'_>, release: Option<&Node>) -> Vec<Text> {
    release.and_then(Node::scalar).into_iter().chain([object.name.clone()]).collect()
}

/// A failed upgrade is rolled back, and tried again, as often as `spec.upgrade.remediation.retries` says: never when left
/// out. `remediateLastFailure` goes back even then, and the strategy `RetryOnFailure` tries again without going back.
fn remediates(object: &Object<'_>, spec: &Node) -> Fact<bool> {
    let upgrade = spec.get("upgrade");
    let at = |path: &[&str]| upgrade.and_then(|upgrade| upgrade.at(path));
    let again = optional(at(&["strategy", "name"]), object.head(), text);
    if again.value().is_some_and(|name| name == "RetryOnFailure") {
        return again.map(|_| true);
    }
    let last = optional(at(&["remediation", "remediateLastFailure"]), object.head(), boolean);
    if last.is_true() || last.reason().is_some() {
        return last;
    }
    let retries = optional(at(&["remediation", "retries"]), object.head(), int).or_default(0);
    let span = retries.span.filter(|_| retries.value() != Some(&0)).or(upgrade.map(|upgrade| upgrade.span));
    let fact = retries.map(|retries| retries != 0);
    Fact { span: span.or(Some(object.head())), ..fact }
}

/// Of the revisions that are named, the most exact counts: a commit, a tag, a range of tags, a branch.
fn source(object: &Object<'_>) -> SourceObject {
    let reference = object.at(&["spec", "ref"]);
    let at = |key: &str| reference.and_then(|reference| reference.get(key)).filter(|node| !node.is_null());
    let (version, moving) = if let Some(exact) = at("commit").or_else(|| at("digest")) {
        (text(exact), text(exact).map(|_| false))
    } else if let Some(range) = at("semver") {
        (text(range), text(range).map(|range| moves(&range)))
    } else if let Some(tag) = at("tag") {
        let is_oci = object.kind == "OCIRepository";
        (text(tag), text(tag).map(|tag| is_oci && tag == "latest"))
    } else if let Some(name) = at("name") {
        (text(name), judged(text(name)))
    } else {
        // Left out, it is `master`, or the tag `latest`.
        let branch = optional(at("branch"), object.head(), text);
        (branch.clone(), branch.or_default(Text::default()).map(|_| true))
    };
    SourceObject {
        kind: object.kind.into(),
        name: object.name.clone(),
        namespace: object.namespace.clone(),
        url: object.fact(&["spec", "url"], text),
        version,
        moves: moving,
        interval: super::reconcile::interval(object),
        place: object.place.clone(),
    }
}

/// Whether a revision of Git moves, as far as its name says.
fn judged(revision: Fact<Text>) -> Fact<bool> {
    let judged = match &revision.state {
        State::Known(name) => revision_moves(name),
        _ => return revision.map(|_| true),
    };
    match judged {
        Ok(moves) => revision.map(|_| moves),
        Err(unknown) => Fact { span: revision.span, via: revision.via, ..Fact::unknown(unknown) },
    }
}

/// `source`, or each of `sources` that installs something: one that only holds values has neither chart nor path.
fn argo(object: &Object<'_>, spec: Option<&Node>, facts: &mut Facts) {
    let Some(spec) = spec else { return };
    let several = spec.get("sources").map_or(&[][..], Node::items);
    let sources = spec.get("source").into_iter().chain(several);
    for source in sources {
        let Some(installed) = source.get("chart").or_else(|| source.get("path")) else { continue };
        let chart = text(installed);
        let is_chart = source.get("chart").is_some();
        let revision = optional(source.get("targetRevision"), installed.span, text);
        let moving = if is_chart {
            revision.clone().or_default(Text::default()).map(|version| moves(&version))
        } else {
            judged(revision.clone().or_default(Text::default()))
        };
        let folder = chart.value().cloned().unwrap_or_default();
        let url = optional(source.get("repoURL"), object.head(), text);
        facts.model.add(Release {
            name: object.title(),
            place: object.place.clone(),
            tool: Text::const_new("argocd"),
            platform_part: chart.value().is_some_and(|chart| is_platform_part(chart)),
            chart,
            version: revision,
            moves: moving,
            names: names(object, source.at(&["helm", "releaseName"])),
            source: if is_chart { Source::Charts } else { Source::Git { url, folder } },
            // A chart that stands in a repository elsewhere is one that is not here; of a folder there, that repository
            // says what it is.
            stated: (is_chart || source.get("helm").is_some()).then(|| {
                let namespace = optional(spec.at(&["destination", "namespace"]), object.head(), text);
                Box::new(Stated { namespace, ..stated::read(object, "argocd", source.at(&["helm", "valuesObject"])) })
            }),
            ..Release::default()
        });
    }
}
