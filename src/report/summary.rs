//! The audit as a whole in the words all outputs share: counts, the verdict in one sentence, what to do first, what
//! is not known. Uses `audit`, `score` and `rule`.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, Location};
use crate::audit::Audit;
use crate::evaluate::Outcome;
use crate::model::Service;
use crate::rule::{Question, Severity};
use crate::score::{Answer, Grade, QuestionScore, ServiceScore};

/// How many findings there are of each sort.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    by_severity: BTreeMap<Severity, usize>,
    /// What could not be decided.
    pub(super) unknown: usize,
    /// What somebody waived.
    pub(super) suppressed: usize,
}

impl Counts {
    /// The counts of an audit.
    pub(super) fn of(audit: &Audit) -> Self {
        Self::over(Finding::all(audit))
    }

    /// The counts of some findings.
    pub(super) fn over<'a>(findings: impl Iterator<Item = Finding<'a>>) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            if finding.verdict.suppressed().is_some() {
                counts.suppressed += 1;
            } else if finding.unknown().is_some() {
                counts.unknown += 1;
            } else {
                *counts.by_severity.entry(finding.verdict.severity).or_default() += 1;
            }
        }
        counts
    }

    /// How many open gaps are of a severity.
    pub(super) fn severity(&self, severity: Severity) -> usize {
        self.by_severity.get(&severity).copied().unwrap_or(0)
    }

    /// How many open gaps there are.
    pub(super) fn open(&self) -> usize {
        self.by_severity.values().sum()
    }

    /// `1 critical, 4 high`; "no open gap" when there is none.
    pub(super) fn sentence(&self) -> String {
        let parts: Vec<_> = Severity::ALL
            .into_iter()
            .filter(|severity| self.severity(*severity) > 0)
            .map(|severity| format!("{} {}", self.severity(severity), severity.name()))
            .collect();
        if parts.is_empty() { "no open gap".into() } else { parts.join(", ") }
    }
}

/// What an audit did not decide, count or read, where there is any: "5 not decided", "2 files not read".
pub(super) fn aside(audit: &Audit, counts: &Counts) -> Vec<String> {
    let rest = [
        (counts.unknown, format!("{} not decided", counts.unknown)),
        (counts.suppressed, format!("{} waived", counts.suppressed)),
        (audit.skipped.len(), format!("{} not read", plural(audit.skipped.len(), "file"))),
        (audit.problems.len(), plural(audit.problems.len(), "problem")),
    ];
    rest.into_iter().filter(|(number, _)| *number > 0).map(|(_, words)| words).collect()
}

/// `1 service`, `2 services`.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The first few of a list, and how many more there are: "a, b and 3 more".
pub(super) fn listed<T: AsRef<str>>(names: &[T], most: usize) -> String {
    let shown: Vec<&str> = names.iter().take(most).map(AsRef::as_ref).collect();
    match (names.len().saturating_sub(most), shown.as_slice()) {
        (0, []) => String::new(),
        (0, [one]) => (*one).into(),
        (0, [rest @ .., last]) => format!("{} and {last}", rest.join(", ")),
        (more, shown) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A service with its score, as rows of reports show it.
#[derive(Clone, Copy)]
pub(super) struct Scored<'a> {
    /// The audit.
    pub(super) audit: &'a Audit,
    /// How it stands.
    pub(super) score: &'a ServiceScore,
}

impl<'a> Scored<'a> {
    /// All services, the worst first.
    pub(super) fn all(audit: &'a Audit) -> Vec<Self> {
        audit.scores.services.iter().map(|score| Self { audit, score }).collect()
    }

    /// Its name.
    pub(super) fn name(&self) -> &'a str {
        &self.audit.model[self.score.service].name
    }

    /// Its tier, when declared.
    pub(super) fn tier(&self) -> Option<i64> {
        self.audit.model[self.score.service].tier.value().copied()
    }

    /// Its owner, when known.
    pub(super) fn owner(&self) -> Option<&'a str> {
        self.audit.model[self.score.service].owner.value().map(compact_str::CompactString::as_str)
    }

    /// The letter of its grade, `?` when nothing was decided.
    pub(super) fn grade(&self) -> char {
        self.score.grade.map_or('?', Grade::letter)
    }

    /// Its coverage in whole per cent; anything short of everything stays below 100.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    pub(super) fn coverage(&self) -> u8 {
        // The nudge keeps 0.29 × 100 from being 28.999….
        (self.score.coverage.clamp(0.0, 1.0) * 100.0 + 1e-9).floor() as u8
    }

    /// Its findings, in the order of the audit.
    pub(super) fn findings(&self) -> Vec<Finding<'a>> {
        let verdicts = self.score.verdicts.iter().filter_map(|index| self.audit.verdicts.get(*index));
        verdicts.filter_map(|verdict| Finding::of(self.audit, verdict)).collect()
    }

    /// Whether an incident tonight would go badly: a D or worse.
    fn in_trouble(&self) -> bool {
        self.score.grade.is_some_and(|grade| grade <= Grade::D)
    }
}

/// The whole in one plain sentence or two.
pub(super) fn verdict(audit: &Audit) -> String {
    let services = Scored::all(audit);
    let trouble = names(&services, Scored::in_trouble);
    let weak = names(&services, |service| service.score.grade == Some(Grade::C));
    let undecided = names(&services, |service| service.score.grade.is_none());
    let decided = services.len() - undecided.len();
    let first = match (services.len(), decided) {
        (0, _) => nothing_judged(audit),
        (_, 0) => "Nothing could be judged about any service.".to_owned(),
        _ if !trouble.is_empty() => format!(
            "If production broke tonight, {} of {} would be in trouble: {}.",
            trouble.len(),
            plural(services.len(), "service"),
            listed(&trouble, 3)
        ),
        _ if !weak.is_empty() => format!(
            "If production broke tonight, {} of {} would have a hard time: {}.",
            weak.len(),
            plural(services.len(), "service"),
            listed(&weak, 3)
        ),
        (all, _) if undecided.is_empty() && all == 1 => "If production broke tonight, the one service is ready.".into(),
        _ if undecided.is_empty() => format!("If production broke tonight, all {decided} services are ready."),
        _ => {
            format!("If production broke tonight, {} that could be judged would be ready.", plural(decided, "service"))
        }
    };
    if undecided.is_empty() || decided == 0 {
        return first;
    }
    format!("{first} Nothing could be judged about {}.", listed(&undecided, 3))
}

/// Why no service is judged: there is none, or those that are here are not production's.
fn nothing_judged(audit: &Audit) -> String {
    let elsewhere = |service: &&Service| !service.place.environment.production && !service.members.is_empty();
    let services: Vec<&Service> = audit.model.services.iter().filter(elsewhere).collect();
    if services.is_empty() {
        return "No service was found here, so no service can be judged.".to_owned();
    }
    let environments: BTreeSet<&str> = services.iter().map(|it| it.place.environment.name.as_str()).collect();
    let environments: Vec<&str> = environments.into_iter().collect();
    format!(
        "{} here, of {} and not of production, so none is judged; `[environments]` in twoam.toml says what is production.",
        match services.len() {
            1 => "There is 1 service".to_owned(),
            many => format!("There are {many} services"),
        },
        listed(&environments, 3),
    )
}

fn names<'a>(services: &[Scored<'a>], pick: impl Fn(&Scored<'a>) -> bool) -> Vec<&'a str> {
    services.iter().filter(|service| pick(service)).map(Scored::name).collect()
}

/// A step that closes gaps: one rule, at its worst severity, on every subject that fails it.
pub(super) struct Step<'a> {
    /// The finding that stands for it: the worst one.
    pub(super) lead: Finding<'a>,
    /// The services it helps, sorted; empty for the repository as a whole.
    pub(super) services: Vec<&'a str>,
    /// How many findings it closes.
    pub(super) closes: usize,
}

impl Step<'_> {
    /// "checkout and search", or "the repository".
    pub(super) fn whom(&self) -> String {
        if self.services.is_empty() { "the repository".into() } else { listed(&self.services, 3) }
    }
}

/// What to do first: the worst gaps of the most critical services, one step for each rule.
pub(super) fn steps(audit: &Audit) -> Vec<Step<'_>> {
    let mut by_rule: BTreeMap<&str, Vec<Finding<'_>>> = BTreeMap::new();
    for finding in Finding::all(audit).filter(Finding::is_open) {
        by_rule.entry(finding.verdict.rule.as_str()).or_default().push(finding);
    }
    let rank = |finding: &Finding<'_>| (std::cmp::Reverse(finding.verdict.severity), tier_rank(finding));
    let mut steps: Vec<_> = by_rule
        .into_values()
        .filter_map(|findings| {
            let lead = findings.iter().copied().min_by_key(rank)?;
            let services: BTreeSet<_> = findings.iter().filter_map(Finding::service).collect();
            Some(Step { lead, services: services.into_iter().collect(), closes: findings.len() })
        })
        .collect();
    steps.sort_by_key(|step| (rank(&step.lead), std::cmp::Reverse(step.closes), step.lead.verdict.rule.clone()));
    steps
}

/// The tier of a finding's service; one that declares none counts as 2, and the repository comes with it.
fn tier_rank(finding: &Finding<'_>) -> i64 {
    finding.verdict.service.and_then(|id| finding.audit.model[id].tier.value().copied()).unwrap_or(2)
}

/// Findings that could not be decided for one and the same reason.
pub(super) struct Undecided<'a> {
    /// What is missing.
    pub(super) reason: &'a str,
    /// What the user can do.
    pub(super) remedy: &'a str,
    /// The findings, in order.
    pub(super) findings: Vec<Finding<'a>>,
    /// Where the missing thing is named, or the first finding's place.
    pub(super) location: Location<'a>,
}

/// What was not decided, grouped by reason, the commonest first.
pub(super) fn undecided<'a>(findings: impl Iterator<Item = Finding<'a>>) -> Vec<Undecided<'a>> {
    let mut groups: BTreeMap<(&str, &str), Vec<Finding<'a>>> = BTreeMap::new();
    for finding in findings.filter(Finding::is_undecided) {
        if let Some(unknown) = finding.unknown() {
            groups.entry((unknown.reason.as_str(), unknown.remedy.trim())).or_default().push(finding);
        }
    }
    let mut list: Vec<_> = groups
        .into_iter()
        .filter_map(|((reason, remedy), findings)| {
            let first = *findings.first()?;
            let named = first.unknown().and_then(|unknown| unknown.span);
            let location = named.map_or_else(|| first.location(), |span| Location::at(first.audit, span));
            Some(Undecided { reason, remedy, findings, location })
        })
        .collect();
    list.sort_by_key(|group| (std::cmp::Reverse(group.findings.len()), group.reason));
    list
}

/// Findings by rule, the worst first, then in the order of the questions.
pub(super) fn grouped<'a>(findings: &[Finding<'a>]) -> Vec<Vec<Finding<'a>>> {
    let mut groups: BTreeMap<_, Vec<Finding<'a>>> = BTreeMap::new();
    for finding in findings {
        let verdict = finding.verdict;
        let key = (std::cmp::Reverse(verdict.severity), verdict.question, &verdict.rule);
        groups.entry(key).or_default().push(*finding);
    }
    groups.into_values().collect()
}

/// The files that were not read, by reason.
pub(super) fn skipped(audit: &Audit) -> BTreeMap<&str, Vec<&str>> {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for skipped in &audit.skipped {
        reasons.entry(&skipped.reason).or_default().push(&skipped.path);
    }
    reasons
}

/// The sign of an answer on a page.
pub(super) fn answer_sign(answer: Answer) -> &'static str {
    match answer {
        Answer::Yes => "✓",
        Answer::Partly => "◐",
        Answer::No => "✕",
        Answer::Unknown => "?",
        Answer::NotApplicable => "–",
    }
}

/// The word for an answer on a page.
pub(super) fn answer_word(answer: Answer) -> &'static str {
    match answer {
        Answer::NotApplicable => "not applicable",
        other => other.name(),
    }
}

/// The short name of a question, as a heading.
pub(super) fn label(question: Question) -> &'static str {
    match question {
        Question::Paged => "Paged",
        Question::Diagnose => "Diagnose",
        Question::Communicate => "Communicate",
        Question::RollBack => "Roll back",
        Question::Restore => "Restore",
        Question::DataLoss => "Data loss",
        Question::Withstand => "Withstand",
        Question::Learn => "Learn",
    }
}

/// The answer of a service to a question, in a short sentence.
pub(super) fn answer(service: &Scored<'_>, question: &QuestionScore) -> String {
    let because: Vec<_> = question
        .because
        .iter()
        .filter_map(|index| service.audit.verdicts.get(*index))
        .filter_map(|verdict| Finding::of(service.audit, verdict))
        .collect();
    let mut titles: Vec<String> = Vec::new();
    for finding in because.iter().filter(|finding| finding.is_open()) {
        let title = uncapitalised(finding.title());
        if !titles.contains(&title) {
            titles.push(title);
        }
    }
    let passed = service.score.verdicts.iter().filter_map(|index| service.audit.verdicts.get(*index));
    let passed =
        passed.filter(|verdict| verdict.question == question.question && verdict.outcome() == Outcome::Pass).count();
    match question.answer {
        Answer::Yes if passed > 1 => format!("Yes: all {passed} checks hold."),
        Answer::Yes => "Yes: what was checked holds.".into(),
        Answer::Partly | Answer::No if titles.is_empty() => format!("{}.", capitalised(question.answer.name())),
        Answer::Partly if passed == 1 => format!("Partly: {}; one check holds.", listed(&titles, 3)),
        Answer::Partly => format!("Partly: {}; {passed} checks hold.", listed(&titles, 3)),
        Answer::No => format!("No: {}.", listed(&titles, 3)),
        Answer::Unknown => {
            let reason = because.iter().find_map(Finding::unknown).map(|unknown| unknown.reason.trim_end_matches('.'));
            reason.map_or_else(|| "Not known.".into(), |reason| format!("Not known: {reason}."))
        }
        Answer::NotApplicable => "Nothing here to check.".into(),
    }
}

/// A word at the start of a sentence.
pub(super) fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().into_iter().flat_map(char::to_uppercase).chain(characters).collect()
}

/// A title inside a sentence: its first letter small, unless the word is an acronym or a name in code.
fn uncapitalised(title: &str) -> String {
    let mut characters = title.chars();
    match (characters.next(), characters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            first.to_lowercase().chain(characters).collect()
        }
        _ => title.to_owned(),
    }
}
