//! Helmfile: `helmfile.yaml` and what stands in `helmfile.d/` name releases of charts. What a release of a chart that
//! is elsewhere makes is not known, and is said; a chart that stands in the repository is rendered with the others.

use super::unit::Known;
use crate::resolve::kustomize;
use crate::source::Span;
use crate::tree::Node;

/// Whether a path is that of a helmfile.
pub(super) fn is_helmfile(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let (name, folder) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let yaml = [".yaml", ".yml"].iter().find_map(|end| name.strip_suffix(end));
    yaml.is_some_and(|stem| stem == "helmfile" || folder == "helmfile.d")
}

/// The releases of a document whose charts are not here.
pub(super) fn elsewhere(known: &Known<'_, '_>, path: &str, document: &Node) -> Vec<(Span, String)> {
    let releases = document.get("releases").map_or(&[][..], Node::items);
    releases
        .iter()
        .filter(|release| release.get("installed").and_then(Node::as_bool) != Some(false))
        .filter_map(|release| {
            let name = release.get("name").and_then(Node::scalar)?;
            let chart = release.get("chart")?;
            let written = chart.as_str()?;
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let local = kustomize::join(folder, written)
                .is_some_and(|folder| known.files.file(&format!("{folder}/Chart.yaml")).is_some());
            (!local)
                .then(|| (chart.span, format!("the chart `{written}` of the helmfile release `{name}` is not here")))
        })
        .collect()
}
