//! Helmfile: the releases that a helmfile names, each as `resolve` gives it, with what its environment, its templates and
//! its defaults say of it. Uses `tree` and `model`.
//!
//! Fields and defaults: <https://helmfile.readthedocs.io/en/latest/configuration/>.

use super::kubernetes::of_values;
use super::{Facts, Input};
use crate::model::release::{OfHelmfile, Source, Stated, is_platform_part, moves};
use crate::model::{Fact, Release};
use crate::tree::{Node, Text};

/// `historyMax` left out.
const DEFAULT_HISTORY: i64 = 10;

/// Adds the release that a helmfile was resolved to.
pub(super) fn extract(input: &Input<'_>, facts: &mut Facts) {
    let documents = input.document.values().iter().filter(|document| document.get("apiVersion").is_none());
    for release in documents.filter_map(|document| document.get("releases")).flat_map(Node::items) {
        if let Some(read) = read(input, release) {
            facts.model.add(read);
        }
    }
}

fn read(input: &Input<'_>, release: &Node) -> Option<Release> {
    let name = release.get("name")?;
    let text = name.scalar()?;
    let said =
        |key: &str| release.get(key).map_or_else(|| Fact::absent(name.span), |node| Fact::read(node, Node::scalar));
    let switch =
        |key: &str| release.get(key).map_or_else(|| Fact::known(false, name.span), |it| Fact::read(it, Node::as_bool));
    let (chart, version, namespace) = (said("chart"), said("version"), said("namespace"));
    let words: Vec<&str> = namespace.value().map(Text::as_str).into_iter().collect();
    let written = chart.value().map(Text::as_str).unwrap_or_default();
    let is_here = written.is_empty() || written.starts_with(['.', '/']) || !written.contains('/');
    // One that is not installed is there for its values: how Helm would upgrade it is no matter.
    let aside = release.get("installed").and_then(Node::as_bool) == Some(false);
    let of_helm = |fact: Fact<bool>| if aside { Fact::absent(name.span) } else { fact };
    let atomic = of_helm(switch("atomic"));
    Some(Release {
        name: compact_str::format_compact!("{}#{text}", input.source.path),
        place: input.place(name.span, &words),
        tool: Text::const_new("helmfile"),
        // Atomic upgrades wait, whatever else is said: <https://helm.sh/docs/helm/helm_upgrade/>.
        waits: if atomic.is_true() { atomic.clone() } else { of_helm(switch("wait")) },
        goes_back: atomic,
        max_history: match release.get("historyMax") {
            _ if aside => Fact::absent(name.span),
            Some(history) => Fact::read(history, Node::as_int),
            None => Fact::known(DEFAULT_HISTORY, name.span),
        },
        moves: if is_here || aside {
            Fact::absent(name.span)
        } else if is_archive(written) {
            Fact::known(false, chart.span)
        } else {
            version.clone().or_default(Text::default()).map(|version| moves(&version))
        },
        platform_part: is_platform_part(written) || is_platform_part(&text),
        names: vec![text],
        source: if is_here { Source::Here } else { Source::Charts },
        stated: Some(Box::new(Stated { namespace, ..of_values(release.get("values")) })),
        helmfile: Some(Box::new(of_helmfile(input, release))),
        chart,
        version,
        ..Release::default()
    })
}

/// Which helmfile installs a release, and how its commands select it. Name, namespace and chart are labels of every one:
/// <https://helmfile.readthedocs.io/en/latest/#labels-overview>.
fn of_helmfile(input: &Input<'_>, release: &Node) -> OfHelmfile {
    let said = |key: &str| release.get(key).and_then(Node::scalar);
    let chart = said("chart").map(|chart| chart.rsplit('/').next().unwrap_or_default().into());
    let implied = [("name", said("name")), ("namespace", said("namespace")), ("chart", chart)];
    let implied = implied.into_iter().filter_map(|(key, value)| Some((Text::const_new(key), value?)));
    let own = release.get("labels").map_or(&[][..], Node::entries);
    let own = own.iter().filter_map(|entry| Some((entry.key.clone(), entry.value.scalar()?)));
    OfHelmfile {
        path: said("helmfile").unwrap_or_else(|| input.source.path.as_str().into()),
        folder: said("folder").unwrap_or_default(),
        labels: implied.chain(own).collect(),
    }
}

/// Whether a chart is one file somewhere: of one version, as long as nobody replaces it.
fn is_archive(chart: &str) -> bool {
    chart.contains("://") && chart.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("tgz"))
}
