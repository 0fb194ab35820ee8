//! Charts that a kustomization inflates (`helmCharts`, and `helmChartInflationGenerator` before it).
//! <https://kubectl.docs.kubernetes.io/references/kustomize/builtins/#_helmchartinflationgenerator_>

use super::files::join;
use crate::source::{SourceId, Span, in_folder};
use crate::tree::{Node, Text};

/// Whoever can render charts of the repository.
pub trait Inflate: Sync {
    /// What a chart makes; nothing where there is no chart in the folder.
    fn inflate(&self, wanted: &Inflation) -> Option<Inflated>;
}

/// Whoever builds kustomizations instead.
pub trait Outside: Sync {
    /// What is built of a folder, or why nothing is; nothing where it is left to us.
    fn build(&self, folder: &str) -> Option<Result<String, String>>;
}

/// A chart to render.
#[derive(Clone, Debug)]
pub struct Inflation {
    /// The chart's folder.
    pub folder: String,
    /// The release's name.
    pub name: Node,
    /// Its namespace.
    pub namespace: Option<Node>,
    /// Values, the strongest last.
    pub values: Vec<Node>,
}

/// What a chart makes.
#[derive(Clone, Debug, Default)]
pub struct Inflated {
    /// The objects.
    pub objects: Vec<Node>,
    /// Files whose text was copied into objects, which say nothing by themselves.
    pub files: Vec<SourceId>,
    /// What could not be rendered, where, and why.
    pub failures: Vec<(Span, String)>,
}

/// A chart that a kustomization names.
pub(super) struct Wanted<'n> {
    /// Its name.
    pub(super) name: Text,
    /// Where it may stand: where charts are kept by name, or where a chart of this version was unpacked.
    pub(super) folders: Vec<String>,
    /// The entry.
    pub(super) entry: &'n Node,
}

/// The charts that a kustomization names.
pub(super) fn wanted<'n>(document: &'n Node, folder: &str) -> Vec<Wanted<'n>> {
    let home = document.at(&["helmGlobals", "chartHome"]).and_then(Node::as_str);
    let mut found = Vec::new();
    for (list, name_key, version_key) in
        [("helmCharts", "name", "version"), ("helmChartInflationGenerator", "chartName", "chartVersion")]
    {
        for entry in document.get(list).map_or(&[][..], Node::items) {
            let name = entry.get(name_key).and_then(Node::scalar).unwrap_or_default();
            let version = entry.get(version_key).and_then(Node::scalar).unwrap_or_default();
            let own = entry.get("chartHome").and_then(Node::as_str);
            let home = join(folder, own.or(home).unwrap_or("charts"));
            let unpacked = format!("{name}-{version}/{name}");
            let folders =
                home.into_iter().flat_map(|home| [in_folder(&home, &name), in_folder(&home, &unpacked)]).collect();
            found.push(Wanted { name, folders, entry });
        }
    }
    found
}

/// The paths of the values files of an entry, the weakest first, and the values that stand in it. `override`, the
/// default, lets the latter win; `merge` the former; `replace` leaves the files out.
pub(super) fn values(entry: &Node) -> (Vec<&Node>, Option<&Node>, Merge) {
    let file = entry.get("valuesFile").or_else(|| entry.get("values"));
    let more = entry.get("additionalValuesFiles").map_or(&[][..], Node::items);
    let inline = entry.get("valuesInline").or_else(|| entry.get("valuesLocal"));
    let merge = match entry.get("valuesMerge").and_then(Node::as_str) {
        Some("merge") => Merge::FilesWin,
        Some("replace") => Merge::InlineOnly,
        _ => Merge::InlineWins,
    };
    (file.into_iter().chain(more).collect(), inline.filter(|inline| inline.as_map().is_some()), merge)
}

/// How values of files and values in the kustomization go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merge {
    InlineWins,
    FilesWin,
    InlineOnly,
}
