//! Verdicts → scores, grades and answers. A pure function. Uses `model`, `rule` and `evaluate`.
//!
//! A verdict weighs by its severity. The score of a service, or of one of its questions, is passed weight ÷ (passed +
//! failed weight) in percent; unknowns and waived gaps do not count. The score of the whole weighs the services by tier.
//! A grade follows the score but is capped by what is open: a critical gap makes it F, a high one C at best. A service of
//! which nothing was read but its name in a catalogue, or pages about it, has neither score nor grade.

use crate::evaluate::{Outcome, Verdict};
use crate::model::{Id, Model, Service};
use crate::rule::{Question, Severity};

/// What a service can say to one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Everything that was checked holds.
    Yes,
    /// Some of it does.
    Partly,
    /// None of what weighs does.
    No,
    /// Nothing could be decided.
    Unknown,
    /// Nothing to check.
    NotApplicable,
}

impl Answer {
    /// Its name as written in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Partly => "partly",
            Self::No => "no",
            Self::Unknown => "unknown",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// A school grade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "grades need no explanation")]
pub enum Grade {
    F,
    E,
    D,
    C,
    B,
    A,
}

impl Grade {
    /// The letter.
    pub fn letter(self) -> char {
        match self {
            Self::A => 'A',
            Self::B => 'B',
            Self::C => 'C',
            Self::D => 'D',
            Self::E => 'E',
            Self::F => 'F',
        }
    }
}

/// How a service, or one question of it, stands.
#[derive(Clone, Debug)]
pub struct QuestionScore {
    /// The question.
    pub question: Question,
    /// The answer.
    pub answer: Answer,
    /// 0–100; `None` when nothing was decided.
    pub score: Option<u8>,
    /// Indices of the verdicts that failed or are unknown.
    pub because: Vec<usize>,
}

/// How a service stands.
#[derive(Clone, Debug)]
pub struct ServiceScore {
    /// The service.
    pub service: Id<Service>,
    /// 0–100; `None` when nothing was decided.
    pub score: Option<u8>,
    /// The grade; `None` when nothing was decided.
    pub grade: Option<Grade>,
    /// Decided ÷ applicable, 0–1; 1 when nothing applies.
    pub coverage: f64,
    /// One for each question, in order.
    pub questions: Vec<QuestionScore>,
    /// Indices of the verdicts about it, in order.
    pub verdicts: Vec<usize>,
}

/// The scores of one audit.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    /// The worst service first.
    pub services: Vec<ServiceScore>,
    /// The whole, 0–100: the services' scores weighted by tier; `None` when nothing was decided.
    pub overall: Option<u8>,
}

/// What a verdict of a severity weighs.
pub fn weight(severity: Severity) -> u32 {
    match severity {
        Severity::Critical => 10,
        Severity::High => 5,
        Severity::Medium => 2,
        Severity::Low => 1,
    }
}

/// What a service of a tier weighs in the score of the whole; one that declares none counts as tier 2.
pub fn tier_weight(tier: i64) -> u32 {
    match tier {
        ..=1 => 4,
        2 => 2,
        _ => 1,
    }
}

/// The tier a service counts as.
pub fn tier(service: &Service) -> i64 {
    service.tier.value().copied().unwrap_or(2)
}

/// The least score of each grade.
const GRADES: [(u8, Grade); 6] =
    [(90, Grade::A), (75, Grade::B), (60, Grade::C), (45, Grade::D), (30, Grade::E), (0, Grade::F)];

/// Below this score a question is answered with no.
const NO: u8 = 34;

/// The grade of a score, given the worst open gap.
pub fn grade(score: u8, worst: Option<Severity>) -> Grade {
    let by_score = GRADES.iter().find(|(least, _)| score >= *least).map_or(Grade::F, |(_, grade)| *grade);
    let cap = match worst {
        Some(Severity::Critical) => Grade::F,
        Some(Severity::High) => Grade::C,
        _ => Grade::A,
    };
    by_score.min(cap)
}

/// Sums over some verdicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Weight of what passed.
    pub passed: u32,
    /// Weight of open gaps.
    pub failed: u32,
    /// How many verdicts were decided.
    pub decided: u32,
    /// How many are unknown.
    pub unknown: u32,
    /// The worst open gap.
    pub worst: Option<Severity>,
}

impl Tally {
    /// Sums verdicts; a waived gap counts neither way.
    pub fn of<'v>(verdicts: impl IntoIterator<Item = &'v Verdict>) -> Self {
        let mut tally = Self::default();
        for verdict in verdicts.into_iter().filter(|verdict| verdict.suppressed().is_none()) {
            match verdict.outcome() {
                Outcome::Pass => {
                    tally.passed += weight(verdict.severity);
                    tally.decided += 1;
                }
                Outcome::Fail => {
                    tally.failed += weight(verdict.severity);
                    tally.decided += 1;
                    tally.worst = tally.worst.max(Some(verdict.severity));
                }
                Outcome::Unknown(_) => tally.unknown += 1,
            }
        }
        tally
    }

    /// 0–100, rounded down so that only the whole is 100; `None` when nothing was decided.
    pub fn score(&self) -> Option<u8> {
        let all = self.passed + self.failed;
        (all > 0).then(|| u8::try_from(u64::from(self.passed) * 100 / u64::from(all)).unwrap_or(100))
    }

    fn answer(&self) -> Answer {
        match self.score() {
            None if self.unknown > 0 => Answer::Unknown,
            None => Answer::NotApplicable,
            Some(100) => Answer::Yes,
            Some(score) if score < NO || self.worst == Some(Severity::Critical) => Answer::No,
            Some(_) => Answer::Partly,
        }
    }
}

/// Scores every service.
pub fn score(model: &Model, verdicts: &[Verdict]) -> Scores {
    let mut by_service: Vec<Vec<usize>> = vec![Vec::new(); model.services.len()];
    for (index, verdict) in verdicts.iter().enumerate() {
        if let Some(list) = verdict.service.and_then(|service| by_service.get_mut(service.index())) {
            list.push(index);
        }
    }
    let judged = model
        .each::<Service>()
        .zip(by_service)
        .filter(|((_, service), _)| service.place.environment.production && !service.place.library);
    // A service of which no rule asks anything (a folder of log buckets, say) has nothing to be scored.
    let mut services: Vec<ServiceScore> = judged
        .filter(|(_, indices)| !indices.is_empty())
        .map(|((id, service), indices)| {
            let score = score_service(id, indices, verdicts);
            if service.is_read() { score } else { undecided(score) }
        })
        .collect();
    // The worst first; what could not be decided comes last, since nothing bad is known of it.
    services.sort_by_key(|score| (score.grade.is_none(), score.grade, score.score, model[score.service].name.clone()));
    let (sum, weights) = services.iter().filter_map(|service| Some((service, service.score?))).fold(
        (0_u64, 0_u64),
        |(sum, weights), (service, score)| {
            let weight = u64::from(tier_weight(tier(&model[service.service])));
            (sum + weight * u64::from(score), weights + weight)
        },
    );
    let overall = (weights > 0).then(|| u8::try_from(sum / weights).unwrap_or(100));
    Scores { services, overall }
}

fn score_service(service: Id<Service>, indices: Vec<usize>, verdicts: &[Verdict]) -> ServiceScore {
    let about = |index: &usize| &verdicts[*index];
    let tally = Tally::of(indices.iter().map(about));
    let questions = Question::ALL.iter().map(|question| {
        let own: Vec<usize> = indices.iter().copied().filter(|index| about(index).question == *question).collect();
        let tally = Tally::of(own.iter().map(about));
        let because = own
            .into_iter()
            .filter(|index| about(index).outcome() != Outcome::Pass && about(index).suppressed().is_none());
        QuestionScore { question: *question, answer: tally.answer(), score: tally.score(), because: because.collect() }
    });
    let applicable = tally.decided + tally.unknown;
    ServiceScore {
        service,
        score: tally.score(),
        grade: tally.score().map(|score| grade(score, tally.worst)),
        coverage: if applicable == 0 { 1.0 } else { f64::from(tally.decided) / f64::from(applicable) },
        questions: questions.collect(),
        verdicts: indices,
    }
}

/// What can be said of a service of which nothing was read: its gaps, but not that anything of it is as it should be.
fn undecided(mut score: ServiceScore) -> ServiceScore {
    for question in score.questions.iter_mut().filter(|question| question.score.is_some()) {
        question.score = None;
        if question.answer != Answer::No {
            question.answer = Answer::Unknown;
        }
    }
    ServiceScore { score: None, grade: None, coverage: 0.0, ..score }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grades_follow_the_score_and_are_capped_by_open_gaps() {
        assert_eq!(grade(100, None), Grade::A);
        assert_eq!(grade(78, None), Grade::B);
        assert_eq!(grade(95, Some(Severity::High)), Grade::C);
        assert_eq!(grade(50, Some(Severity::High)), Grade::D);
        assert_eq!(grade(99, Some(Severity::Critical)), Grade::F);
        assert_eq!(grade(95, Some(Severity::Medium)), Grade::A);
    }

    #[test]
    fn a_score_is_rounded_down_so_that_only_the_whole_is_100() {
        let tally = Tally { passed: 999, failed: 1, ..Tally::default() };
        assert_eq!(tally.score(), Some(99));
        assert_eq!(Tally { unknown: 3, ..Tally::default() }.score(), None);
        assert_eq!(Tally { unknown: 3, ..Tally::default() }.answer(), Answer::Unknown);
        assert_eq!(Tally::default().answer(), Answer::NotApplicable);
    }
}
