//! How long ago pages were reviewed, and how many alerts share one.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use crate::model::{DocumentLink, Fact, Id, Model};

/// Judges both.
pub(super) fn judge(model: &mut Model, context: &Context<'_>) {
    for page in &mut model.runbooks {
        let date = page.reviewed.value().and_then(|written| written.parse::<jiff::civil::Date>().ok());
        page.reviewed_days_ago = match date {
            Some(date) => Fact::known(i64::from((context.today - date).get_days()), page.reviewed.span),
            None => Fact::absent(page.reviewed.span),
        };
    }
    let mut shared: BTreeMap<String, (Id<DocumentLink>, BTreeSet<&str>)> = BTreeMap::new();
    for (id, link) in model.each::<DocumentLink>() {
        // An alert in several renderings is one; what a template fills in is another page for each.
        let Some((alert, url)) = link.alert.zip(link.url.value()) else { continue };
        if url.contains("{{") || url.contains("${") {
            continue;
        }
        let (_, names) = shared.entry(url.trim().to_lowercase()).or_insert_with(|| (id, BTreeSet::default()));
        names.insert(&model[alert].plain_name);
    }
    let counts: Vec<(Id<DocumentLink>, i64)> =
        shared.into_values().map(|(id, names)| (id, i64::try_from(names.len()).unwrap_or(i64::MAX))).collect();
    for (id, count) in counts {
        let span = model[id].url.span;
        model[id].shared_by = Fact::known(count, span);
    }
}
