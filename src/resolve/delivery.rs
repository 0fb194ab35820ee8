//! What reaches a cluster: which folders are built, by whom and for which environment.
//!
//! A kustomization that no other includes is built by itself, for the environment that its path names; bases,
//! components and patches are part of what includes them, and say nothing by themselves. Where a `GitOps` controller
//! delivers a folder ([`flux`], [`argocd`]), it is built as that controller builds it: with its patches, its
//! substitutions ([`envsubst`]), its namespace and its marks. What is built may name further folders, so this goes on
//! until nothing new is named.

mod app_template;
mod argocd;
mod envsubst;
mod flux;
mod release;
mod switched_off;
mod undelivered;
mod unit;
mod values_files;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use self::switched_off::Commented;
use self::unit::{Known, Made, Unit};
use super::kustomize::{self, Built, Files};
use super::rendered::{Further, Rendered, Renderings};
use crate::model::{Environment, Environments, Gap, Hides};
use crate::source::{SourceId, Span, below};
use crate::tree::{Node, Text};

/// How often what is built may name something further: an application of applications of applications.
const MOST_ROUNDS: usize = 6;

/// Why a file is not judged.
const LEFT_OVER: &str = "not judged: nothing delivers it, as nearly everything else is delivered";
const SWITCHED_OFF: &str = "not judged: it is commented out, or deleted again, where it would be delivered";

/// How many folders may be delivered.
const MOST_UNITS: usize = 5_000;

/// A folder that is delivered, and what is built of it: the same from round to round.
type Folder = (Unit, Arc<Built>);

/// What an object installs: charts, and what cannot be installed from here.
struct Installed {
    made: Vec<Made>,
    gaps: Vec<Gap>,
    /// Whether it delivers folders of which it is not known which they are.
    open: bool,
}

/// What reaches a cluster.
#[derive(Debug, Default)]
pub struct Delivered {
    /// The documents, gaps and replaced files.
    pub renderings: Renderings,
    /// Folders of charts that were rendered for what names them: they say nothing by themselves.
    pub charts: BTreeSet<String>,
    /// Files of what reaches no cluster, with why: they are not judged.
    pub undelivered: BTreeMap<SourceId, &'static str>,
}

/// Builds everything that the files say reaches a cluster.
pub fn resolve(files: &Files<'_>, environments: &Environments) -> Delivered {
    let written = written(files, environments);
    if files.kustomizations().is_empty() && written.is_empty() {
        return Delivered::default();
    }
    let commented = Commented::read(files);
    let own = roots(files, environments, &commented);
    let (mut current, mut in_artifacts) = (rounds(files, environments, &written, &commented, &own, true), true);
    // What is found in artifacts for nothing but tries says less than the folders by themselves.
    let mut found = current.iter().map(|(unit, _)| unit).filter(|unit| unit.in_artifact).peekable();
    if found.peek().is_some() && found.all(|unit| !unit.environment.production) {
        (current, in_artifacts) = (rounds(files, environments, &written, &commented, &own, false), false);
    }
    drop(own);
    let left_over = undelivered::files(files, environments, &current);
    let habit = !left_over.is_empty();
    let replaced: BTreeSet<SourceId> = current.iter().flat_map(|(_, built)| built.files.iter().copied()).collect();
    let mut undelivered: BTreeMap<SourceId, &'static str> =
        commented.files().filter(|id| !replaced.contains(id)).map(|id| (id, SWITCHED_OFF)).collect();
    undelivered.extend(left_over.into_iter().map(|id| (id, LEFT_OVER)));
    let alone: Vec<&Node> = written
        .iter()
        .filter(|(id, _)| !replaced.contains(id) && !undelivered.contains_key(id))
        .map(|(_, node)| node)
        .collect();
    let known = Known::new(files, environments, objects(&current).chain(alone.iter().copied()), in_artifacts);
    let off = switched_off::folders(&known, &written, &commented, &current, &replaced);
    let made: Vec<Vec<Installed>> = current
        .par_iter()
        .map(|(unit, built)| built.objects.iter().map(|node| installed(&known, node, Some(unit))).collect())
        .collect();
    let by_themselves: Vec<Installed> = alone.par_iter().map(|node| installed(&known, node, None)).collect();
    let open = made.iter().flatten().chain(&by_themselves).any(|installed| installed.open);
    let left = undelivered::units(files, &current, habit, open, &off);
    let is_off = |unit: &Unit| unit.mark.is_none() && (commented.folder(&unit.folder) || is_below(&off, &unit.folder));
    for (unit, built) in current.iter().filter(|(unit, _)| is_off(unit)) {
        let file = files.kustomization(&unit.folder).filter(|file| built.files.contains(&file.id));
        undelivered.extend(file.map(|file| (file.id, SWITCHED_OFF)));
    }
    let (mut charts, mut inflated): (BTreeSet<String>, BTreeSet<String>) = Default::default();
    let mut renderings = Renderings::default();
    let mut take =
        |renderings: &mut Renderings, installed: Vec<Installed>, environment: Option<&Environment>, library: bool| {
            renderings.gaps.extend(installed.iter().flat_map(|it| &it.gaps).cloned());
            for made in installed.into_iter().flat_map(|it| it.made) {
                let environment = made.environment.as_ref().or(environment);
                let documents =
                    made.objects.into_iter().map(|node| rendered(files, node, environment.cloned(), library));
                renderings.documents.extend(documents);
                renderings.replaced.extend(made.files);
                renderings.gaps.extend(made.failures.into_iter().map(|(span, reason)| gap(files, span, reason)));
                charts.extend(made.charts);
            }
        };
    for (((unit, built), made), left) in current.into_iter().zip(made).zip(left) {
        let environment = unit.environment;
        let built = Arc::unwrap_or_clone(built);
        let documents = built.objects.into_iter().map(|node| rendered(files, node, Some(environment.clone()), left));
        renderings.documents.extend(documents);
        take(&mut renderings, made, Some(&environment), left);
        renderings.replaced.extend(built.files);
        renderings.gaps.extend(built.gaps);
        renderings.problems.extend(built.problems);
        inflated.extend(built.charts.iter().map(ToString::to_string));
    }
    take(&mut renderings, by_themselves, None, false);
    for file in files.kept().filter(|file| undelivered.contains_key(&file.id) && !replaced.contains(&file.id)) {
        renderings.documents.extend(file.documents().iter().map(|node| rendered(files, node.clone(), None, true)));
        renderings.replaced.insert(file.id);
    }
    charts.extend(inflated);
    let copies = copies(files, &renderings);
    renderings.replaced.extend(copies);
    renderings.gaps.sort_by(|left, right| (left.span, &left.reason).cmp(&(right.span, &right.reason)));
    renderings.gaps.dedup();
    renderings.problems.sort_by(|left, right| (left.span, &left.message).cmp(&(right.span, &right.message)));
    renderings.problems.dedup();
    Delivered { renderings, charts, undelivered }
}

fn gap(files: &Files<'_>, span: Span, reason: String) -> Gap {
    let hides = Hides::in_cluster(&reason);
    Gap { hides, span, path: files.path_of(span.source).into(), reason: reason.into() }
}

/// Files that keep a copy of what is built (`install.yaml`): every object of theirs is one that is built, value by value.
fn copies(files: &Files<'_>, renderings: &Renderings) -> Vec<SourceId> {
    let mut built: BTreeMap<[Text; 3], Vec<&Node>> = BTreeMap::new();
    for document in &renderings.documents {
        built.entry(title(&document.node)).or_default().push(&document.node);
    }
    let is_copy = |node: &Node| {
        let alike = built.get(&title(node));
        node.is_null() || alike.is_some_and(|alike| alike.iter().any(|built| kustomize::same(built, node)))
    };
    let others = files.kept().filter(|file| !renderings.replaced.contains(&file.id));
    others
        .filter(|file| {
            let documents = file.documents();
            documents.iter().any(|node| !node.is_null()) && documents.iter().all(is_copy)
        })
        .map(|file| file.id)
        .collect()
}

/// Kind, namespace and name.
fn title(node: &Node) -> [Text; 3] {
    let said = |path: &[&str]| node.at(path).and_then(Node::scalar).unwrap_or_default();
    [said(&["kind"]), said(&["metadata", "namespace"]), said(&["metadata", "name"])]
}

/// The objects that are built so far.
fn objects(built: &[Folder]) -> impl Iterator<Item = &Node> {
    built.iter().flat_map(|(_, built)| &built.objects)
}

/// An object as a document: found by the file that names it; of a library where nothing delivers it.
fn rendered(files: &Files<'_>, node: Node, environment: Option<Environment>, library: bool) -> Rendered {
    let span = node.at(&["metadata", "name"]).unwrap_or(&node).span;
    let path = files.path_of(span.source).into();
    Rendered { source: span.source, path, span, node, environment, library }
}

/// What is built, until nothing new is named.
fn rounds(
    files: &Files<'_>,
    environments: &Environments,
    written: &[(SourceId, Node)],
    commented: &Commented,
    own: &[Folder],
    in_artifacts: bool,
) -> Vec<Folder> {
    let mut current = own.to_vec();
    for _ in 0..MOST_ROUNDS {
        let next = round(files, environments, written, commented, own, &current, in_artifacts);
        let same = next.len() == current.len() && next.iter().zip(&current).all(|(left, right)| left.0 == right.0);
        current = next;
        if same {
            break;
        }
    }
    current
}

/// The folders that deliver, given what is built so far: those that controllers name, and the kustomizations that none
/// of these includes.
fn round(
    files: &Files<'_>,
    environments: &Environments,
    written: &[(SourceId, Node)],
    commented: &Commented,
    own: &[Folder],
    current: &[Folder],
    in_artifacts: bool,
) -> Vec<Folder> {
    let replaced: BTreeSet<SourceId> = current.iter().flat_map(|(_, built)| built.files.iter().copied()).collect();
    let stands = |id: &SourceId| !replaced.contains(id) && !commented.file(*id);
    let alone: Vec<&Node> = written.iter().filter(|(id, _)| stands(id)).map(|(_, node)| node).collect();
    let known = Known::new(files, environments, objects(current).chain(alone.iter().copied()), in_artifacts);
    let mut wanted: Vec<Unit> = Vec::new();
    let named = current.iter().flat_map(|(unit, built)| built.objects.iter().map(move |node| (Some(unit), node)));
    for (parent, node) in named.chain(alone.iter().map(|node| (None, *node))) {
        for unit in flux::units(&known, node, parent).into_iter().chain(argocd::units(&known, node, parent)) {
            if wanted.len() < MOST_UNITS && !wanted.contains(&unit) {
                wanted.push(unit);
            }
        }
    }
    let mut delivered: Vec<Folder> = wanted
        .into_par_iter()
        .map(|unit| {
            let before = current.iter().find(|(known, _)| *known == unit);
            let built = before.map_or_else(|| Arc::new(unit.build(files)), |(_, built)| built.clone());
            (unit, built)
        })
        .collect();
    let covered: BTreeSet<Text> = delivered.iter().flat_map(|(_, built)| built.folders.iter().cloned()).collect();
    delivered.extend(own.iter().filter(|(unit, _)| !covered.contains(unit.folder.as_str())).cloned());
    delivered
}

/// The kustomizations that no other includes, built. Of those that include each other in a circle the first stands for
/// all. A component that nothing includes, and what is commented out where it was included, is built for the files it is
/// made of, which say nothing by themselves.
fn roots(files: &Files<'_>, environments: &Environments, commented: &Commented) -> Vec<Folder> {
    let all = files.kustomizations();
    let included = kustomize::included(files);
    let is_component = |folder: &str| kustomize::is_component(files, folder);
    let is_apart = |folder: &str| is_component(folder) || commented.folder(folder);
    let (roots, rest): (Vec<&str>, Vec<&str>) =
        all.iter().map(|(folder, _)| *folder).partition(|folder| !included.contains(*folder) && !is_apart(folder));
    let unit = |folder: &str| Unit::alone(folder, environments);
    let mut built: Vec<Folder> =
        roots.into_par_iter().map(|folder| (unit(folder), Arc::new(kustomize::build(files, folder, &[])))).collect();
    let mut covered: BTreeSet<Text> = built.iter().flat_map(|(_, built)| built.folders.iter().cloned()).collect();
    for folder in rest {
        if covered.contains(folder) {
            continue;
        }
        let mut alone = kustomize::build(files, folder, &[]);
        covered.extend(alone.folders.iter().cloned());
        if is_apart(folder) {
            alone = Built { files: alone.files, folders: alone.folders, ..Built::default() };
        }
        built.push((unit(folder), Arc::new(alone)));
    }
    built
}

/// Whether a folder is one of these or below one.
fn is_below(folders: &BTreeSet<String>, folder: &str) -> bool {
    folders.iter().any(|above| below(above, folder).is_some())
}

/// What controllers read, and what they fill in, as it stands in files. What stands in a test or an example delivers
/// nothing.
fn written(files: &Files<'_>, environments: &Environments) -> Vec<(SourceId, Node)> {
    let mut written = Vec::new();
    for file in files.kept().filter(|file| !environments.is_for_show(&file.source.path)) {
        let of_interest =
            |node: &&Node| flux::concerns(node) || argocd::concerns(node) || release::concerns(node) || is_told(node);
        written.extend(file.documents().iter().filter(of_interest).map(|node| (file.id, node.clone())));
    }
    // What others only refer to is of no interest where none does.
    if written.iter().all(|(_, node)| is_told(node)) {
        written.clear();
    }
    written
}

/// Whether a document only matters to those that refer to it.
fn is_told(node: &Node) -> bool {
    unit::fills_in(node) || unit::is_source(node)
}

/// The charts that a controller installs for an object, and what it delivers from somewhere else.
fn installed(known: &Known<'_, '_>, node: &Node, parent: Option<&Unit>) -> Installed {
    let applications = argocd::applications(known, node);
    let (applications, unknown) = applications.map_or_else(|why| (Vec::new(), Some(why)), |made| (made, None));
    let open = unknown.is_some() || flux::is_open(node) || applications.iter().any(argocd::is_open);
    let charts = argocd::charts(known, node, &applications, parent);
    let gaps = elsewhere(known, node, &applications, unknown);
    Installed { made: std::iter::once(release::objects(known, node)).chain(charts).collect(), gaps, open }
}

/// What an object, and the applications that it is or makes, deliver from somewhere else.
fn elsewhere(known: &Known<'_, '_>, node: &Node, applications: &[Node], unknown: Option<(Span, String)>) -> Vec<Gap> {
    let reasons = flux::elsewhere(known, node).into_iter().chain(unknown);
    let reasons = reasons.chain(argocd::elsewhere(known, applications)).chain(release::elsewhere(known, node));
    reasons
        .map(|(span, reason)| {
            let found = gap(known.files, span, reason);
            if brings_no_rules(node) { Gap { hides: Hides::Kubernetes, ..found } } else { found }
        })
        .collect()
}

/// Gives the applications of Argo CD the values that they take from files of the repository: those that a tool makes, and
/// those that stand in files, which are then said by what they become.
pub fn give_values(files: &Files<'_>, environments: &Environments, renderings: &mut Renderings) {
    let known = Known::new(files, environments, std::iter::empty(), false);
    for document in &mut renderings.documents {
        values_files::give(&known, &mut document.node);
    }
    for file in files.kept() {
        if renderings.replaced.contains(&file.id) {
            continue;
        }
        let mut documents = file.documents().into_owned();
        let given = documents.iter_mut().filter_map(|node| values_files::give(&known, node).then_some(())).count();
        if given > 0 {
            renderings.documents.extend(documents.into_iter().map(|node| rendered(files, node, None, false)));
            renderings.replaced.insert(file.id);
        }
    }
}

/// What an object delivers that stands in no file, since a chart renders it.
pub fn further(files: &Files<'_>, environments: &Environments, node: &Node) -> Further {
    if !argocd::concerns(node) && !release::concerns(node) {
        return Further::default();
    }
    let known = Known::new(files, environments, std::iter::empty(), false);
    let applications = argocd::applications(&known, node);
    let (applications, unknown) = applications.map_or_else(|why| (Vec::new(), Some(why)), |made| (made, None));
    let gaps = elsewhere(&known, node, &applications, unknown);
    Further { applications: applications.iter().map(|made| argocd::whole(&known, node, made)).collect(), gaps }
}

/// Whether the values that a chart is given switch off the rules that the Prometheus stack comes with.
fn brings_no_rules(node: &Node) -> bool {
    let values = [&["spec", "values"][..], &["spec", "source", "helm", "valuesObject"]];
    let off = |path: &&[&str]| node.at(path)?.at(&["defaultRules", "create"])?.as_bool();
    values.iter().any(|path| off(path) == Some(false))
}

/// Whether a document is a Kubernetes object or a kustomization, which builds look at.
pub fn concerns(path: &str, documents: &[Node]) -> bool {
    kustomize::is_kustomization(path)
        || documents.iter().any(|document| document.get("apiVersion").is_some() && document.get("kind").is_some())
}

#[cfg(test)]
mod charts_tests;
#[cfg(test)]
mod tests;
