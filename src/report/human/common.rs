//! What most services lack. An absence that is everywhere says something about the company, not about a service: it is
//! said once, so that it does not bury what is wrong in one place.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use owo_colors::Style;

use super::INDENT;
use super::gap::{Advised, TEXT, write_advice};
use crate::audit::Audit;
use crate::report::Options;
use crate::report::finding::Finding;
use crate::report::page::{Page, severity_style};
use crate::report::summary::listed;

/// The fewest services of which "most" is said.
const FEWEST: usize = 5;
/// The most services named for one gap, unless asked for more.
const NAMES: usize = 8;

/// The gaps of services, as such, that at least half of them have; by rule.
pub(super) struct Common<'a> {
    rules: BTreeMap<&'a str, Vec<Finding<'a>>>,
    services: usize,
}

impl<'a> Common<'a> {
    /// Those of an audit that are shown.
    pub(super) fn of(audit: &'a Audit, options: &Options) -> Self {
        let services = audit.scores.services.len();
        let mut rules: BTreeMap<&str, Vec<Finding<'_>>> = BTreeMap::new();
        let about_services = Finding::all(audit)
            .filter(|one| one.verdict.subject_kind == "service" && one.is_open() && one.is_shown(options));
        for finding in about_services {
            rules.entry(&finding.verdict.rule).or_default().push(finding);
        }
        rules.retain(|_, findings| {
            let named: BTreeSet<_> = findings.iter().filter_map(Finding::service).collect();
            named.len() >= FEWEST && named.len() * 2 >= services
        });
        Self { rules, services }
    }

    /// Whether a gap is one of them.
    pub(super) fn has(&self, finding: &Finding<'_>) -> bool {
        finding.verdict.subject_kind == "service" && self.rules.contains_key(finding.verdict.rule.as_str())
    }

    /// Each once, the worst first, with what to do and whose it is.
    pub(super) fn write(&self, page: &mut Page<'_>, advised: &mut Advised<'a>) -> io::Result<()> {
        if self.rules.is_empty() {
            return Ok(());
        }
        page.rule()?;
        let title = page.bold("Common gaps");
        page.line(&format!("{title}{}", page.dim(": what most services lack")))?;
        page.gap()?;
        // One rule may weigh more in some services; it stands where its worst is.
        let mut rules: Vec<_> = self.rules.values().filter_map(|all| Some((worst(all)?, all))).collect();
        rules.sort_by_key(|(lead, all)| (std::cmp::Reverse(lead.verdict.severity), std::cmp::Reverse(all.len())));
        for (lead, findings) in rules {
            self.write_rule(page, lead, findings, advised)?;
        }
        Ok(())
    }

    fn write_rule(
        &self,
        page: &mut Page<'_>,
        lead: &Finding<'a>,
        findings: &[Finding<'a>],
        advised: &mut Advised<'a>,
    ) -> io::Result<()> {
        let severity = lead.verdict.severity;
        let name = format!("{:8}", severity.name());
        let start = format!("{}{}  ", " ".repeat(INDENT), page.paint(&name, severity_style(severity)));
        let rule = format!("[{}]", lead.verdict.rule);
        page.flow(&start, TEXT, &[(lead.title(), Style::new().bold()), (&rule, Style::new().dimmed())])?;
        write_advice(page, lead, advised)?;
        let names: Vec<&str> = findings.iter().filter_map(Finding::service).collect();
        let shown = listed(&names, if page.options.verbose { usize::MAX } else { NAMES });
        let text = format!("{} of {} services: {shown}", names.len(), self.services);
        page.wrapped(&" ".repeat(TEXT), TEXT, &text, Style::new().dimmed())?;
        page.gap()
    }
}

fn worst<'f, 'a>(findings: &'f [Finding<'a>]) -> Option<&'f Finding<'a>> {
    findings.iter().min_by_key(|finding| std::cmp::Reverse(finding.verdict.severity))
}
