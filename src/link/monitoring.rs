//! Alerts that something brings which was not read: the chart of a Prometheus stack, a folder of another repository, the
//! place that all series are sent to. They are about everything that runs in a cluster. Uses `model`.

use super::{Context, found_or_elsewhere};
use crate::model::release::Source;
use crate::model::{Fact, Hides, Model};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// Why it is not known which alerts there are on what runs in a cluster; nothing where all were read.
pub(super) fn unread(model: &Model) -> Option<Unknown> {
    let gap = model.gaps.iter().find(|gap| gap.hides == Hides::Monitoring);
    let gap = gap.map(|gap| (gap.path.clone(), gap.reason.to_string(), gap.span));
    let (path, reason, span) = gap.or_else(|| released(model))?;
    Some(Unknown::new(
        format!("alerts on everything in the cluster come with what was not read ({path}: {reason})"),
        "render it into what is audited (`helm template`), audit that place together with this, or write an alert of its own",
        span,
    ))
}

/// A Prometheus stack that is installed from a repository of charts. What controllers and helmfiles install so is a gap
/// already.
fn released(model: &Model) -> Option<(Text, String, Span)> {
    let mut releases = model.releases.iter().filter(|release| {
        let is_live = release.place.environment.production && !release.place.library;
        is_live && release.source == Source::Charts && matches!(release.tool.as_str(), "terraform" | "helm")
    });
    releases.find_map(|release| {
        let chart = release.chart.value().filter(|chart| Hides::in_cluster(chart) == Hides::Monitoring)?;
        Some((
            release.place.path.clone(),
            format!("the chart `{chart}` of `{}` is not here", release.name),
            release.place.span,
        ))
    })
}

/// Yes where an alert was found; unknown where alerts are kept elsewhere, or, of what runs in a cluster, come with what
/// was not read; no where they were looked for in vain.
pub(super) fn alerted(
    found: Option<Span>,
    in_cluster: bool,
    unread: Option<&Unknown>,
    context: &Context<'_>,
) -> Fact<bool> {
    let fact = found_or_elsewhere(found, "alerts", context.external.alerts.as_ref());
    match unread.filter(|_| in_cluster && fact.is_false()) {
        Some(unknown) => Fact { span: fact.span, ..Fact::unknown(unknown.clone()) },
        None => fact,
    }
}
