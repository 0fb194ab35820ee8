//! Teams that Terraform makes: of a code host, of a paging tool.
//!
//! <https://registry.terraform.io/providers/integrations/github/latest/docs/resources/team>,
//! <https://registry.terraform.io/providers/PagerDuty/pagerduty/latest/docs/resources/team>,
//! <https://registry.terraform.io/providers/opsgenie/opsgenie/latest/docs/resources/team>,
//! <https://registry.terraform.io/providers/DataDog/datadog/latest/docs/resources/team> (`handle` beside `name`),
//! <https://registry.terraform.io/providers/grafana/grafana/latest/docs/resources/team>.

use crate::extract::Facts;
use crate::tree::Node;

use super::Ground;

const KINDS: &[&str] = &["github_team", "pagerduty_team", "opsgenie_team", "datadog_team", "grafana_team"];

pub(super) fn extract(ground: Ground<'_>, facts: &mut Facts) {
    for resource in KINDS.iter().flat_map(|kind| ground.of_type(kind)) {
        let names = ["slug", "handle", "name"].iter().filter_map(|path| resource.at(path).and_then(Node::scalar));
        facts.model.surroundings.teams.extend(names);
    }
}
