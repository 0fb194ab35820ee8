//! Which charts are installed, as what, with which values, for which environment.
//!
//! Strongest first: what a deployer in the repository installs (an Argo CD `Application`, one that another chart renders
//! too); values files that name an environment; the chart's own values. A chart that is part of another, and a library,
//! are not installed by themselves.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::application::{self, Call};
use super::chart::{Charts, is_packed};
use super::helmfile;
use super::missing;
use super::object::KUBERNETES_MINOR;
use super::release::{self, Output, Release};
use super::trace::{OriginId, Origins, Place, Traced};
use crate::model::{Environment, Environments, Gap, Hides};
use crate::resolve::kustomize;
use crate::resolve::rendered::{Further, Installation, Rendered, Renderings};
use crate::source::{SourceId, Span, parent};
use crate::tree::{Comment, Node, Value};

/// How many releases are rendered, and how often a chart may render what installs another.
const MOST_RELEASES: usize = 5000;
const MOST_ROUNDS: usize = 6;

/// A release, and where it comes from.
struct Planned {
    release: Release,
    environment: Option<Environment>,
    /// Whether a deployer of the repository installs it, or only its chart is there.
    is_called: bool,
    /// Whether it is Argo CD that installs it, and keeps it as it is written.
    is_kept: bool,
}

/// What charts give.
#[derive(Debug, Default)]
pub struct Installed {
    /// The documents, gaps and replaced files.
    pub renderings: Renderings,
    /// Comments in templates that speak to us.
    pub comments: Vec<Comment>,
    /// Files outside of charts that were rendered: helmfiles and their values.
    pub files: BTreeSet<String>,
}

/// Renders every chart that is installed: those that others ask for, and those that files of the repository install.
/// Those whose folders are among `rendered` were, for what names them; `further` says what an object that a chart renders
/// delivers in turn.
pub fn install(
    charts: &Charts<'_>,
    environments: &Environments,
    rendered: &BTreeSet<String>,
    asked: Vec<Installation>,
    further: &dyn Fn(&Node) -> Further,
) -> Installed {
    // A chart that others take from beside them (`file://`) is part of these.
    let parts = charts
        .all
        .iter()
        .flat_map(|chart| chart.dependencies.iter().filter_map(|dependency| release::find(charts, chart, dependency)));
    let called = rendered.iter().filter_map(|folder| charts.in_folder(folder)).chain(parts).collect();
    let mut plan = Plan {
        charts,
        environments,
        further,
        seen: BTreeSet::new(),
        called,
        by_helmfiles: BTreeSet::new(),
        gaps: Vec::new(),
    };
    let mut done: Vec<(Planned, Output)> = Vec::new();
    let helmfiles = helmfile::read(charts, environments);
    let mut next = plan.written();
    next.extend(asked.into_iter().filter_map(|asked| plan.asked(asked)));
    next.extend(plan.by_helmfiles(helmfiles.releases));
    let mut stage = 0;
    for _ in 0..MOST_ROUNDS {
        while next.is_empty() && stage < 2 {
            // Charts that may install others come before those that would be installed by nobody.
            next = plan.uncalled(stage == 0);
            stage += 1;
        }
        next.truncate(MOST_RELEASES.saturating_sub(done.len()));
        if next.is_empty() {
            break;
        }
        let outputs: Vec<Output> = next.par_iter().map(|planned| charts.output(&planned.release)).collect();
        let mut found = Vec::new();
        for (planned, output) in next.iter().zip(&outputs) {
            found.extend(plan.installed_by(planned, output));
        }
        done.extend(next.into_iter().zip(outputs));
        next = found;
    }
    // What may not be installed at all is no service that something stands for.
    for (_, output) in done.iter_mut().filter(|(planned, _)| !planned.is_called) {
        output.documents.retain(|made| !missing::is_stand_in(&made.node));
    }
    // What turned out to be installed by another says nothing by itself.
    done.retain(|(planned, _)| planned.is_called || !plan.called.contains(&planned.release.chart));
    let mut installed = collect(charts, done, helmfiles.gaps);
    installed.renderings.gaps.extend(plan.gaps);
    installed.renderings.documents.extend(helmfiles.documents);
    installed.renderings.replaced.extend(helmfiles.files.iter().filter_map(|path| Some(charts.file(path)?.0)));
    installed.files = helmfiles.files;
    installed
}

struct Plan<'c, 'a> {
    charts: &'c Charts<'a>,
    environments: &'c Environments,
    further: &'c dyn Fn(&Node) -> Further,
    /// Releases by chart, environment and where they are named.
    seen: BTreeSet<(usize, String, Span, String)>,
    /// Charts that a deployer installs.
    called: BTreeSet<usize>,
    /// Charts that helmfiles install.
    by_helmfiles: BTreeSet<usize>,
    /// What charts deliver from somewhere else.
    gaps: Vec<Gap>,
}

impl Plan<'_, '_> {
    /// Releases that files of the repository ask for as they stand.
    fn written(&mut self) -> Vec<Planned> {
        let charts = self.charts;
        let mut planned = Vec::new();
        for (path, _) in charts.files() {
            let Some((id, source)) = charts.file(path) else { continue };
            if !is_yaml(path)
                || is_packed(path)
                || !source.text.contains("argoproj.io")
                || !source.text.contains("kind: Application")
            {
                continue;
            }
            if crate::parse::yaml::is_template(&source.text) {
                continue;
            }
            let Some(documents) = charts.documents(path) else { continue };
            let whole = Traced::of(source.text.as_str(), Place::File { source: id, at: 0, via: OriginId::NONE });
            let origins = Origins::default();
            for mut document in documents {
                application::spell_out_by(&mut document, &|_, text| release::documents_within(text, &whole, &origins));
                for call in application::calls(&document) {
                    planned.extend(self.plan(call, path, None).map(kept));
                }
            }
        }
        planned
    }

    /// The release that something else asks for.
    fn asked(&mut self, asked: Installation) -> Option<Planned> {
        let Installation { folder, name, namespace, mut values, settings, path, environment } = asked;
        values.extend(settings.iter().filter_map(application::parameter));
        let call = Call { folder, name, namespace, files: Vec::new(), may_miss: false, values };
        self.plan(call, &path, Some(&environment))
    }

    /// Releases of helmfiles.
    fn by_helmfiles(&mut self, releases: Vec<helmfile::Installs>) -> Vec<Planned> {
        let mut planned = Vec::new();
        for installs in releases {
            let helmfile::Installs { chart, name, namespace, values, environment } = installs;
            let text = name.scalar().map(|name| name.to_string()).unwrap_or_default();
            if self.seen.insert((chart, environment.name.to_string(), name.span, text)) {
                self.called.insert(chart);
                self.by_helmfiles.insert(chart);
                let release = Release { chart, name, namespace, values, kubernetes: KUBERNETES_MINOR, open: false };
                planned.push(Planned { release, environment: Some(environment), is_called: true, is_kept: false });
            }
        }
        planned
    }

    /// Releases that the documents of another ask for.
    fn installed_by(&mut self, parent: &Planned, output: &Output) -> Vec<Planned> {
        let mut planned = Vec::new();
        for made in &output.documents {
            let Further { applications, gaps } = (self.further)(&made.node);
            self.gaps.extend(gaps);
            let path = self.charts.path_of(made.template);
            for application in &applications {
                for call in application::calls(application) {
                    planned.extend(self.plan(call, &path, parent.environment.as_ref()).map(kept));
                }
            }
        }
        planned
    }

    /// The release of a call, when its chart and its values files are here and it is not planned already.
    fn plan(&mut self, call: Call, path: &str, parent: Option<&Environment>) -> Option<Planned> {
        // Paths are from the root of the repository, which several audited roots may each be.
        let mut above = std::iter::once("").chain(path.match_indices('/').map(|(at, _)| &path[..at]));
        let (root, chart) =
            above.find_map(|root| Some((root, self.charts.in_folder(&crate::source::join(root, &call.folder)?)?)))?;
        let mut values = Vec::new();
        for file in &call.files {
            match crate::source::join(root, file).and_then(|file| self.charts.documents(&file)) {
                Some(documents) => values.extend(documents.into_iter().take(1)),
                None if call.may_miss => {}
                // Which file is meant may depend on something that is not known here.
                None => return None,
            }
        }
        values.extend(call.values);
        let named = call.files.iter().find_map(|file| self.environments.of_path(file));
        let word = call.namespace.as_ref().and_then(Node::as_str);
        let words: Vec<&str> = word.into_iter().chain(call.name.as_str()).collect();
        let environment = match parent {
            Some(parent) => named.filter(|_| parent.production).unwrap_or_else(|| parent.clone()),
            None => named.unwrap_or_else(|| self.environments.decide(path, &words)),
        };
        // One place may ask for a release of each of several clusters, told apart by their files of values.
        let name = call.name.scalar().map(|name| name.to_string()).unwrap_or_default();
        let told = std::iter::once(name).chain(call.files.iter().cloned()).collect::<Vec<_>>().join("\n");
        if !self.seen.insert((chart, environment.name.to_string(), call.name.span, told)) {
            return None;
        }
        self.called.insert(chart);
        let release = Release {
            chart,
            name: call.name,
            namespace: call.namespace,
            values,
            kubernetes: KUBERNETES_MINOR,
            open: false,
        };
        Some(Planned { release, environment: Some(environment), is_called: true, is_kept: false })
    }

    /// Releases of charts that nothing here installs: those that may install others, or the rest.
    fn uncalled(&mut self, installers: bool) -> Vec<Planned> {
        let mut planned = Vec::new();
        let by_chart = self.environment_files();
        for (index, chart) in self.charts.all.iter().enumerate() {
            let is_apart = chart.parent.is_none() && !chart.is_library() && !self.called.contains(&index);
            let is_installer = chart.templates.iter().any(|template| template.text.contains("kind: Application"));
            if !is_apart || is_installer != installers || self.is_left_out(index) {
                continue;
            }
            let files = by_chart.get(&index);
            let mut releases: Vec<(Option<Environment>, Vec<Node>)> = Vec::new();
            for (environment, path) in files.into_iter().flatten() {
                let values = self.charts.documents(path).unwrap_or_default();
                releases.push((Some(environment.clone()), values.into_iter().take(1).collect()));
            }
            let has_production =
                releases.iter().any(|(environment, _)| environment.as_ref().is_some_and(|it| it.production));
            if !has_production {
                releases.push((None, Vec::new()));
            }
            for (environment, values) in releases {
                // A chart's folder may say that nothing of it is production.
                let of_folder = self.environments.of_path(&chart.path("Chart.yaml")).filter(|it| !it.production);
                let name = Node::new(Value::String(chart.name.as_str().into()), chart.head());
                // Whoever installs it may give more: `--set image.tag=…`.
                let release =
                    Release { chart: index, name, namespace: None, values, kubernetes: KUBERNETES_MINOR, open: true };
                let environment = of_folder.or(environment);
                planned.push(Planned { release, environment, is_called: false, is_kept: false });
            }
        }
        planned
    }

    /// Whether helmfiles leave a chart out: they install the charts beside it, or most of them, and no file says how else
    /// it would be.
    fn is_left_out(&self, index: usize) -> bool {
        let charts = &self.charts.all;
        let folder = charts[index].folder.as_str();
        let beside = charts.iter().enumerate().filter(|(_, chart)| parent(&chart.folder) == parent(folder));
        let (installed, left): (Vec<usize>, Vec<usize>) =
            beside.map(|(index, _)| index).partition(|index| self.by_helmfiles.contains(index));
        if installed.is_empty() || installed.len() < left.len() {
            return false;
        }
        let short = folder.rmatch_indices('/').nth(1).map_or(folder, |(at, _)| &folder[at + 1..]);
        let is_called = |path: &str| {
            let outside = crate::source::below(folder, path).is_none();
            let text = self.charts.file(path).map_or("", |(_, source)| source.text.as_str());
            outside && text.contains("helm ") && text.contains(short)
        };
        !self.charts.files().any(|(path, _)| is_called(path))
    }

    /// Values files that name an environment, by chart.
    fn environment_files(&self) -> BTreeMap<usize, Vec<(Environment, String)>> {
        let mut found: BTreeMap<usize, Vec<(Environment, String)>> = BTreeMap::new();
        for (path, _) in self.charts.files() {
            let Some((folder, name)) = path.rsplit_once('/').or(Some(("", path))).filter(|_| is_yaml(path)) else {
                continue;
            };
            let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
            let parent = folder.rsplit('/').next().unwrap_or_default();
            let is_values = stem == "values"
                || stem.starts_with("values-")
                || stem.starts_with("values_")
                || stem.starts_with("values.")
                || parent == "values";
            if !is_values || folder.split('/').any(|part| part == "templates" || part == "ci") {
                continue;
            }
            for index in self.charts_of(folder) {
                let chart = &self.charts.all[index];
                let inside = path.strip_prefix(chart.folder.as_str()).unwrap_or(path).trim_start_matches('/');
                if inside == "values.yaml" {
                    continue;
                }
                let below = common(&chart.folder, path);
                if let Some(environment) = self.environments.of_path(&path[below..]) {
                    found.entry(index).or_default().push((environment, path.to_owned()));
                }
            }
        }
        found
    }

    /// The chart that a folder of values belongs to: the one it is in, or the only one beside it.
    fn charts_of(&self, folder: &str) -> Vec<usize> {
        let folders =
            std::iter::once(folder).chain(folder.match_indices('/').rev().map(|(at, _)| &folder[..at])).chain([""]);
        for (step, folder) in folders.enumerate() {
            if let Some(index) = self.charts.in_folder(folder) {
                return vec![index];
            }
            // `deploy/env/prod/values.yaml` beside `deploy/chart/`.
            if step > 2 {
                break;
            }
            let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            let mut beside = self.charts.all.iter().enumerate().filter(|(_, chart)| {
                chart.parent.is_none()
                    && chart
                        .folder
                        .strip_prefix(start.as_str())
                        .is_some_and(|rest| !rest.is_empty() && rest.matches('/').count() < 2)
            });
            if let Some((index, _)) = beside.next() {
                return if beside.next().is_none() { vec![index] } else { Vec::new() };
            }
        }
        Vec::new()
    }
}

fn is_yaml(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    ["yaml", "yml"].iter().any(|yaml| extension.eq_ignore_ascii_case(yaml))
}

/// How many bytes of a path are the folders that a chart shares with it.
fn common(folder: &str, path: &str) -> usize {
    let mut length = 0;
    for (at, _) in path.match_indices('/') {
        if folder == &path[..at] || folder.starts_with(&path[..=at]) {
            length = at + 1;
        }
    }
    length
}

/// The same, kept by Argo CD.
fn kept(planned: Planned) -> Planned {
    Planned { is_kept: true, ..planned }
}

/// Puts the mark of Argo CD on what it installs, and the namespace on what names none.
/// <https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/>
fn keep(object: &mut Node, release: &Release) {
    if let Some(namespace) = release.namespace.as_ref().filter(|it| it.as_str().is_some()) {
        kustomize::set_namespace(object, namespace);
    }
    kustomize::annotate(object, "annotations", "argocd.argoproj.io/tracking-id", release.name.clone());
}

/// Puts everything together, in the order of the charts.
fn collect(
    charts: &Charts<'_>,
    mut done: Vec<(Planned, Output)>,
    mut gaps: BTreeSet<(SourceId, Span, String)>,
) -> Installed {
    done.sort_by(|(a, _), (b, _)| {
        let key = |planned: &Planned| (charts.all[planned.release.chart].folder.clone(), planned.release.name.span);
        key(a).cmp(&key(b))
    });
    let mut installed = Installed::default();
    let paths: BTreeMap<SourceId, &str> = charts.files().map(|(path, id)| (id, path)).collect();
    let path_of = |id: SourceId| paths.get(&id).copied().unwrap_or_default();
    for (planned, mut output) in done {
        output.documents.sort_by_key(|made| made.template);
        for mut made in output.documents {
            if planned.is_kept {
                keep(&mut made.node, &planned.release);
            }
            let named = made.node.at(&["metadata", "name"]).map_or(made.node.span, |name| name.span);
            let (source, span) = if path_of(named.source).is_empty() {
                (made.template, Span::head(made.template))
            } else {
                (named.source, named)
            };
            installed.renderings.documents.push(Rendered {
                source,
                path: path_of(source).into(),
                span,
                node: made.node,
                environment: planned.environment.clone(),
                library: false,
            });
        }
        installed.renderings.replaced.extend(output.copied);
        installed.comments.extend(output.comments);
        for failure in output.failures {
            gaps.insert((failure.source, failure.span, format!("chart not analysed: {}", failure.reason)));
        }
    }
    for (source, span, reason) in gaps {
        let path = path_of(source);
        let place = match charts.file(path_of(span.source)) {
            Some((_, file)) => format!("{}:{}", file.path, file.position(span.start).line),
            None => path.to_owned(),
        };
        installed.renderings.gaps.push(Gap {
            hides: Hides::in_cluster(&reason),
            span,
            path: path.into(),
            reason: match reason.strip_prefix("chart not analysed: ") {
                Some(reason) => format!("chart not analysed: {place}: {reason}").into(),
                None => reason.into(),
            },
        });
    }
    installed.comments.sort_by_key(|comment| comment.span);
    installed.comments.dedup();
    installed
}
