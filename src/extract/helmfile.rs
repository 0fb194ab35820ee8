//! Helmfile: `helmfile.yaml` and what stands in `helmfile.d/` name releases of charts. Uses `tree` and `model`.
//!
//! Fields and defaults: <https://helmfile.readthedocs.io/en/latest/configuration/>. Of a helmfile
//! that is a template only what it installs is known, not how.

use super::{Facts, Input};
use crate::model::release::{Source, is_platform_part, moves};
use crate::model::{Fact, Release};
use crate::resolve::helm::is_helmfile;
use crate::tree::{Node, Text};

/// Adds the releases of a helmfile.
pub(super) fn extract(input: &Input<'_>, facts: &mut Facts) {
    if !is_helmfile(&input.source.path) {
        return;
    }
    let documents: Vec<&Node> = input.document.values().iter().collect();
    // Documents are layers: defaults of an earlier one hold in those that follow.
    let default = |key: &str| documents.iter().rev().find_map(|document| document.at(&["helmDefaults", key]));
    for document in &documents {
        for release in document.get("releases").map_or(&[][..], Node::items) {
            let installed = release.get("installed").and_then(Node::as_bool) != Some(false);
            if let Some(read) = read(input, release, default("atomic")).filter(|_| installed) {
                facts.model.add(read);
            }
        }
    }
}

fn read(input: &Input<'_>, release: &Node, atomic: Option<&Node>) -> Option<Release> {
    let name = release.get("name")?;
    let text = name.scalar()?;
    let namespace = release.get("namespace").and_then(Node::scalar);
    let words: Vec<&str> = namespace.iter().map(Text::as_str).collect();
    let chart = release.get("chart").map_or_else(|| Fact::absent(name.span), |chart| Fact::read(chart, Node::scalar));
    let version =
        release.get("version").map_or_else(|| Fact::absent(name.span), |version| Fact::read(version, Node::scalar));
    let written = chart.value().map(Text::as_str).unwrap_or_default();
    let is_here = written.is_empty() || written.starts_with(['.', '/']) || !written.contains('/');
    let atomic = release.get("atomic").or(atomic);
    Some(Release {
        name: compact_str::format_compact!("{}#{text}", input.source.path),
        place: input.place(name.span, &words),
        tool: Text::const_new("helmfile"),
        goes_back: atomic.map_or_else(|| Fact::known(false, name.span), |atomic| Fact::read(atomic, Node::as_bool)),
        moves: if is_here {
            Fact::absent(name.span)
        } else {
            version.clone().or_default(Text::default()).map(|version| moves(&version))
        },
        platform_part: is_platform_part(written) || is_platform_part(&text),
        names: vec![text],
        source: if is_here { Source::Here } else { Source::Charts },
        chart,
        version,
        ..Release::default()
    })
}
