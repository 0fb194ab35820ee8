//! Rules that are made for others. A collection of alerting rules is published in a folder `dist/`; where nothing runs,
//! keeps data or routes alerts beside it, nobody is called by those rules here, and whoever loads them judges them. They
//! are a library, as a Terraform module without a caller is, and are said not to be judged.

use crate::model::{Gap, Hides, Model};

/// Marks the alerts of a collection as a library.
pub(super) fn mark(model: &mut Model) {
    let runs = !model.workloads.is_empty() || !model.datastores.is_empty() || !model.deployments.is_empty();
    if runs {
        return;
    }
    let mut gaps: Vec<Gap> = Vec::new();
    for alert in &mut model.alerts {
        let published = alert.place.path.split('/').rev().skip(1).any(|folder| folder == "dist");
        if !published {
            continue;
        }
        alert.place.library = true;
        let path = alert.place.path.clone();
        if gaps.last().is_none_or(|gap| gap.path != path) {
            let reason = "rules that are published for others: they are judged where they are loaded".into();
            gaps.push(Gap { hides: Hides::Alerts, span: alert.place.span, path, reason });
        }
    }
    model.gaps.extend(gaps);
}
