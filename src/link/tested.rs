//! Rule files → the unit tests that name them. Uses `model`.
//! <https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/>

use std::collections::BTreeSet;

use crate::model::{Fact, Model};
use crate::tree::Text;

/// Says of the first alert of every rule file whether a unit test names the file. That is only asked where some rules
/// are tested, and not of objects of a cluster, which are tested as something else.
pub(super) fn judge(model: &mut Model) {
    let last = |path: &str| Text::from(path.rsplit('/').next().unwrap_or(path));
    let tested: BTreeSet<Text> = model.routing.tested_files.iter().map(|path| last(path)).collect();
    if tested.is_empty() {
        return;
    }
    let mut seen: BTreeSet<Text> = BTreeSet::new();
    for alert in &mut model.alerts {
        if alert.in_rule_file && seen.insert(alert.place.path.clone()) {
            alert.tested = Fact::known(tested.contains(&last(&alert.place.path)), alert.place.span);
        }
    }
}
