//! Names in the commands of runbooks → whether what they name exists.
//!
//! A name is only called dangling where everything of its kind is known here: nothing that could hold it was left
//! unread, and other names of the kind, in the same runbooks, do lead to something here. So a runbook for another
//! cluster, repository or machine says nothing.

use crate::source::parent;
use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use crate::model::runbook::{Named, NamedKind};
use crate::model::{Command, Fact, Hides, Id, Model};
use crate::tree::{Text, Unknown};

/// Namespaces that a cluster or a well-known tool brings along.
const UPSTREAM: &[&str] = &[
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "default",
    "monitoring",
    "logging",
    "observability",
    "istio-system",
    "ingress-nginx",
    "cert-manager",
    "flux-system",
    "argocd",
    "argo-cd",
    "velero",
    "linkerd",
    "gatekeeper-system",
    "external-secrets",
    "rook-ceph",
    "longhorn-system",
    "metallb-system",
    "cattle-system",
    "openshift-monitoring",
    "vault",
    "consul",
];

/// Fewer workloads than these are no picture of a cluster.
const FEW: usize = 2;

/// What came of looking for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Here,
    /// Nowhere, and everything of the kind is known.
    Nowhere,
    /// Nowhere, but something that may hold it was not read.
    Hidden,
    /// There is nothing to compare it with.
    NotToTell,
}

/// Judges every command that names something.
pub(super) fn judge(model: &mut Model, context: &Context<'_>) {
    if model.commands.iter().all(|command| command.names.is_empty()) {
        return;
    }
    let known = Known::new(model, context);
    let looked: Vec<Vec<(Named, Found)>> = model
        .commands
        .iter()
        .map(|command| command.names.iter().map(|name| (name.clone(), known.look(name, &command.place.path))).collect())
        .collect();
    // Kinds of which another name was found: these pages are about what is here.
    let here: BTreeSet<NamedKind> =
        looked.iter().flatten().filter(|(_, found)| *found == Found::Here).map(|(name, _)| name.kind).collect();
    for (index, names) in looked.into_iter().enumerate() {
        let id: Id<Command> = Id::new(index);
        let span = model[id].place.span;
        let told: Vec<&(Named, Found)> = names.iter().filter(|(name, _)| here.contains(&name.kind)).collect();
        let command = &mut model[id];
        if let Some((name, _)) = told.iter().find(|(_, found)| *found == Found::Nowhere) {
            command.dangling = Fact::known(true, span);
            command.missing = described(name).into();
        } else if let Some((name, _)) = told.iter().find(|(_, found)| *found == Found::Hidden) {
            let reason = format!("{} may be in what was not read", described(name));
            command.dangling = Fact::unknown(Unknown::new(reason, "see the list of what was not read", span));
        } else if told.iter().any(|(_, found)| *found == Found::Here) {
            command.dangling = Fact::known(false, span);
        }
    }
}

fn described(name: &Named) -> String {
    let whole = if name.within.is_empty() { name.name.to_string() } else { format!("{}/{}", name.within, name.name) };
    match name.kind {
        NamedKind::Namespace => format!("namespace `{whole}`"),
        NamedKind::Workload => format!("workload `{whole}`"),
        NamedKind::EcsService => format!("ECS service `{whole}`"),
        NamedKind::Function => format!("function `{whole}`"),
        NamedKind::File => format!("file `{whole}`"),
        NamedKind::Database => format!("database `{whole}`"),
        NamedKind::Script => format!("script `{whole}`"),
        NamedKind::MakeTarget => format!("target `{}` in the Makefile", name.name),
    }
}

/// What exists.
struct Known<'c> {
    context: &'c Context<'c>,
    /// Names of everything in clusters, of services, and parts of paths: any of them may be what a command means.
    names: BTreeSet<Text>,
    namespaces: BTreeSet<Text>,
    workloads: usize,
    databases: BTreeSet<Text>,
    /// Whether every database has a name that is known.
    databases_named: bool,
    /// File name → paths.
    files: BTreeMap<&'c str, Vec<&'c str>>,
    folders: BTreeSet<&'c str>,
    /// Folder → targets, and whether there may be others.
    makefiles: BTreeMap<Text, (BTreeSet<Text>, bool)>,
    /// Platform → how many things of it there are, and whether the name of each is known.
    cloud: BTreeMap<&'c str, (usize, bool)>,
    kubernetes_hidden: bool,
    terraform_hidden: bool,
}

impl<'c> Known<'c> {
    fn new(model: &'c Model, context: &'c Context<'c>) -> Self {
        let lower = |text: &Text| text.to_lowercase();
        let own = model.workloads.iter().filter_map(|it| it.namespace.value()).map(lower);
        let watched = model.alerts.iter().flat_map(|alert| &alert.watches).filter_map(|watch| {
            let mut matchers = watch.matchers().iter();
            matchers.find(|(label, ..)| label == "namespace").map(|(.., value)| value.to_lowercase())
        });
        let services = model.kubernetes.services.iter().filter_map(|it| it.namespace.value()).map(lower);
        let namespaces: BTreeSet<Text> = own.chain(watched).chain(services).collect();
        let mut names: BTreeSet<Text> = model.workloads.iter().map(|it| lower(&it.plain_name)).collect();
        names.extend(model.services.iter().flat_map(|it| std::iter::once(&it.name).chain(&it.aliases)).map(lower));
        let mut folders = BTreeSet::new();
        let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for path in context.paths {
            let mut rest = path.as_str();
            files.entry(path.rsplit('/').next().unwrap_or(path)).or_default().push(path);
            names.insert(super::names::stem(path).to_lowercase().into());
            while let Some((folder, _)) = rest.rsplit_once('/') {
                if !folders.insert(folder) {
                    break;
                }
                names.insert(folder.rsplit('/').next().unwrap_or(folder).to_lowercase().into());
                rest = folder;
            }
        }
        let mut cloud: BTreeMap<&str, (usize, bool)> = BTreeMap::new();
        for workload in model.workloads.iter().filter(|workload| workload.platform != "kubernetes") {
            let (count, named) = cloud.entry(workload.platform.as_str()).or_insert((0, true));
            *count += 1;
            // What has no name that is known goes by that of its resource.
            *named &= !workload.name.ends_with(&format!(".{}", workload.plain_name));
        }
        let databases = model.datastores.iter().filter(|it| it.kind == "database");
        let makefiles = model.surroundings.makefiles.iter().map(|makefile| {
            let folder = parent(&makefile.path);
            (Text::from(folder), (makefile.targets.iter().cloned().collect(), makefile.open))
        });
        let hides = |what: fn(Hides) -> bool| model.gaps.iter().any(|gap| what(gap.hides));
        Self {
            context,
            names,
            namespaces,
            workloads: model.workloads.len(),
            databases: databases.clone().flat_map(|it| &it.names).map(lower).collect(),
            databases_named: databases.clone().all(|it| !it.names.is_empty()),
            files,
            folders,
            makefiles: makefiles.collect(),
            cloud,
            kubernetes_hidden: hides(Hides::kubernetes),
            terraform_hidden: hides(|what| matches!(what, Hides::Terraform | Hides::Values)),
        }
    }

    fn look(&self, name: &Named, page: &str) -> Found {
        let lower = Text::from(name.name.to_lowercase());
        let unread = |hidden: bool, enough: bool| match (enough, hidden) {
            (false, _) => Found::NotToTell,
            (true, true) => Found::Hidden,
            (true, false) => Found::Nowhere,
        };
        match name.kind {
            NamedKind::Namespace if UPSTREAM.contains(&lower.as_str()) => Found::NotToTell,
            NamedKind::Namespace if self.namespaces.contains(&lower) => Found::Here,
            NamedKind::Namespace if self.names.contains(&lower) => Found::NotToTell,
            NamedKind::Namespace => unread(self.kubernetes_hidden, self.namespaces.len() >= FEW),
            NamedKind::Workload if self.names.contains(&lower) => Found::Here,
            NamedKind::Workload => {
                let within = Text::from(name.within.to_lowercase());
                let elsewhere = !within.is_empty() && !self.namespaces.contains(&within);
                unread(self.kubernetes_hidden, !elsewhere && self.workloads >= FEW)
            }
            NamedKind::Database if self.databases.contains(&lower) => Found::Here,
            NamedKind::Database => unread(self.terraform_hidden || !self.databases_named, self.databases.len() >= FEW),
            NamedKind::EcsService => self.of_cloud(&lower, "ecs"),
            NamedKind::Function => self.of_cloud(&lower, "lambda"),
            NamedKind::Script | NamedKind::File => self.file(&name.name, page),
            NamedKind::MakeTarget => self.target(name, page),
        }
    }

    /// A service or function of a cloud, by the name that it is given there.
    fn of_cloud(&self, lower: &Text, platform: &str) -> Found {
        let (names, named) = self.cloud.get(platform).map_or((0, true), |(count, named)| (*count, *named));
        match names {
            _ if self.names.contains(lower) => Found::Here,
            names if names < FEW => Found::NotToTell,
            _ if self.terraform_hidden || !named => Found::Hidden,
            _ => Found::Nowhere,
        }
    }

    /// A file is looked for from the page, from its root, and anywhere at all. Its folder must be one of such files.
    fn file(&self, path: &str, page: &str) -> Found {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let tail = format!("/{path}");
        let same = self.files.get(file).map_or(&[][..], Vec::as_slice);
        if same.iter().any(|known| *known == path || known.ends_with(&tail)) {
            return Found::Here;
        }
        let extension = file.rsplit('.').next().unwrap_or_default();
        let siblings = |folder: &str| {
            let inside = |known: &&str| {
                known
                    .strip_prefix(folder)
                    .and_then(|rest| rest.strip_prefix('/'))
                    .is_some_and(|rest| !rest.contains('/') && rest.rsplit('.').next() == Some(extension))
            };
            self.context.paths.iter().map(String::as_str).filter(inside).count()
        };
        let places = [super::documents::joined(self.root_of(page), folder), folder.to_owned()];
        let known =
            !folder.is_empty() && places.iter().any(|at| self.folders.contains(at.as_str()) && siblings(at) > 0);
        if known { Found::Nowhere } else { Found::NotToTell }
    }

    fn target(&self, name: &Named, page: &str) -> Found {
        let beside = parent(page);
        let places = [self.root_of(page), beside].map(|start| {
            let folder = name.within.trim_start_matches("./").trim_end_matches('/');
            Text::from(super::documents::joined(start, folder).trim_end_matches('/'))
        });
        let makefiles: Vec<_> = places.iter().filter_map(|folder| self.makefiles.get(folder)).collect();
        match makefiles.iter().any(|(targets, _)| targets.contains(&name.name)) {
            true => Found::Here,
            false if makefiles.is_empty() || makefiles.iter().any(|(_, open)| *open) => Found::NotToTell,
            false => Found::Nowhere,
        }
    }

    fn root_of(&self, path: &str) -> &'c str {
        super::documents::root_of(self.context, path)
    }
}
