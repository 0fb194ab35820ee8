//! `twoam explain`: a rule's page, a service's score term by term, or the way that an alert takes.

mod alert;
mod rollback;
mod rule;
mod signals;

use std::io::{self, Write};

use super::arguments::Explain;
use super::terminal::Terminal;
use super::{CLEAN, Failure, session};
use crate::audit::Audit;
use crate::evaluate::{Outcome, Verdict};
use crate::model::Service;
use crate::model::duration::short;
use crate::problem::did_you_mean;
use crate::report::{loss, terminal_text};
use crate::rule::Question;
use crate::score::{ServiceScore, Tally, grade, weight};

pub(super) fn run(explain: &Explain, terminal: &Terminal) -> Result<u8, Failure> {
    let mut out = terminal.out();
    if let Some(name) = explain.what.strip_prefix("service/") {
        let session = session::audit(&explain.inputs, terminal)?;
        let score = find_service(&session.audit, name)?;
        explain_service(&session.audit, score, explain.inputs.verbose, &mut out)?;
    } else if let Some(name) = explain.what.strip_prefix("alert/") {
        let session = session::audit(&explain.inputs, terminal)?;
        for (number, alert) in alert::find(&session.audit, name)?.into_iter().enumerate() {
            if number > 0 {
                writeln!(out)?;
            }
            alert::write(&session.audit, alert, &mut out)?;
        }
    } else {
        let rules = session::rules(&explain.inputs, terminal)?;
        let Some(rule) = rules.get(&explain.what) else {
            let ids = rules.rules.iter().map(|rule| rule.meta.id.as_str());
            let near = did_you_mean(&explain.what, "", ids).or_else(|| another(explain, terminal));
            let help = near.unwrap_or_else(|| {
                "`twoam rules` lists the rules; a service is written service/NAME, an alert alert/NAME".to_owned()
            });
            return Err(Failure::usage(format!("there is no rule `{}`", explain.what), help));
        };
        rule::explain(rule, &mut out)?;
    }
    out.flush()?;
    Ok(CLEAN)
}

/// The service or the alert that is called like what is no rule.
fn another(explain: &Explain, terminal: &Terminal) -> Option<String> {
    let session = session::audit(&explain.inputs, terminal).ok()?;
    let model = &session.audit.model;
    let service = model.services.iter().any(|service| service.name == explain.what).then_some("service");
    let alert = || model.alerts.iter().any(|alert| alert.plain_name == explain.what).then_some("alert");
    service.or_else(alert).map(|kind| format!("did you mean `{kind}/{}`?", explain.what))
}

fn find_service<'a>(audit: &'a Audit, name: &str) -> Result<&'a ServiceScore, Failure> {
    let model = &audit.model;
    let found = audit.scores.services.iter().find(|score| model[score.service].name == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = audit.scores.services.iter().map(|score| model[score.service].name.as_str()).collect();
        let help = did_you_mean(name, "service/", names.iter().copied())
            .unwrap_or_else(|| "`twoam services` lists the services, and why each is one".to_owned());
        Failure::usage(format!("there is no judged service `{name}`"), help)
    })
}

/// Every term of a service's score, and the shortest way up.
fn explain_service(audit: &Audit, score: &ServiceScore, verbose: bool, out: &mut dyn Write) -> io::Result<()> {
    let service = &audit.model[score.service];
    let verdicts: Vec<&Verdict> = score.verdicts.iter().map(|index| &audit.verdicts[*index]).collect();
    let tally = Tally::of(verdicts.iter().copied());
    let total = score.score.map_or("not decided".to_owned(), |value| format!("{value} of 100"));
    let letter = score.grade.map_or(String::new(), |grade| format!(", grade {}", grade.letter()));
    line(out, &format!("service/{}: {total}{letter}", service.name))?;
    writeln!(
        out,
        "  passed weight {} of {}, from {} decided and {} unknown checks (coverage {:.0} %)\n",
        tally.passed,
        tally.passed + tally.failed,
        tally.decided,
        tally.unknown,
        score.coverage * 100.0
    )?;
    if !service.is_read() {
        let remedy = "audit the repository that runs it as well, or name its folders under `[[service]]` in twoam.toml";
        line(out, &format!("  nothing of it was read but where it is named: {remedy}"))?;
        writeln!(out)?;
    }
    write_loss(audit, service, out)?;
    for question in Question::ALL {
        let mut own: Vec<&&Verdict> = verdicts.iter().filter(|verdict| verdict.question == question).collect();
        if own.is_empty() {
            continue;
        }
        own.sort_by_key(|verdict| (order(verdict), std::cmp::Reverse(verdict.severity)));
        let part = score.questions.iter().find(|part| part.question == question);
        let said = part.map_or("", |part| part.answer.name());
        let points = part.and_then(|part| part.score).map_or(String::new(), |score| format!(" ({score})"));
        line(out, &format!("{} {said}{points}", question.text()))?;
        let (passed, others): (Vec<&Verdict>, Vec<&Verdict>) =
            own.into_iter().partition(|verdict| !verbose && order(verdict) == PASSED);
        for verdict in others {
            line(out, &format!("  {}", term(audit, verdict)))?;
        }
        write_passed(audit, &passed, out)?;
        writeln!(out)?;
    }
    signals::explain(audit, service, out)?;
    rollback::explain(audit, service, out)?;
    write_way_up(&verdicts, tally, out)
}

/// A line with names and reasons from audited files, made harmless for a terminal.
fn line(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "{}", terminal_text(text))
}

/// The worst-case data loss with its sources: in a sentence, then each datastore where there are several.
fn write_loss(audit: &Audit, service: &Service, out: &mut dyn Write) -> io::Result<()> {
    let Some(sentence) = loss::sentence(audit, service) else { return Ok(()) };
    writeln!(out, "Worst-case data loss")?;
    line(out, &format!("  {sentence}"))?;
    if service.loss.terms.len() > 1 {
        for term in &service.loss.terms {
            let amount = term.minutes.map_or_else(|| "everything".to_owned(), short);
            let place = term.span.map_or_else(String::new, |span| format!("  {}", audit.sources.place(span)));
            line(out, &format!("  {amount:<10}  {}: {}{place}", term.datastore, term.what))?;
        }
    }
    writeln!(out)
}

/// Where passed checks come among the terms of a question: last.
const PASSED: u8 = 3;

/// Checks that passed, those of one rule together.
fn write_passed(audit: &Audit, passed: &[&Verdict], out: &mut dyn Write) -> io::Result<()> {
    let mut rest = passed.to_vec();
    while let Some(first) = rest.first().copied() {
        let (same, others): (Vec<&Verdict>, Vec<&Verdict>) = rest.into_iter().partition(|one| one.rule == first.rule);
        rest = others;
        if same.len() == 1 {
            line(out, &format!("  {}", term(audit, first)))?;
        } else {
            let sum: u32 = same.iter().map(|one| weight(one.severity)).sum();
            line(out, &format!("  +{sum:<2} passed    {}  {} times (--verbose names them)", first.rule, same.len()))?;
        }
    }
    Ok(())
}

fn order(verdict: &Verdict) -> u8 {
    match (verdict.outcome(), verdict.suppressed()) {
        (Outcome::Fail, None) => 0,
        (Outcome::Unknown(_), None) => 1,
        (_, Some(_)) => 2,
        (Outcome::Pass, None) => PASSED,
    }
}

fn term(audit: &Audit, verdict: &Verdict) -> String {
    let weight = weight(verdict.severity);
    let place = verdict.primary().map_or(String::new(), |span| format!("  {}", audit.sources.place(span)));
    let subject = format!("{}  {}", verdict.rule, verdict.subject);
    match (verdict.outcome(), verdict.suppressed()) {
        (_, Some(waiver)) => format!("waived        {subject}{place}: {}", waiver.reason),
        (Outcome::Pass, None) => format!("+{weight:<2} passed    {subject}"),
        (Outcome::Fail, None) => format!("-{weight:<2} {:<9} {subject}{place}", verdict.severity.name()),
        (Outcome::Unknown(unknown), None) => format!("?   unknown   {subject}{place}: {}", unknown.reason),
    }
}

/// How many gaps, worst first, until the next better grade, and what the score is then.
fn write_way_up(verdicts: &[&Verdict], tally: Tally, out: &mut dyn Write) -> io::Result<()> {
    let Some(now) = tally.score() else {
        return writeln!(out, "Nothing could be decided; `twoam services` shows what was found.");
    };
    let mut gaps: Vec<&&Verdict> = verdicts.iter().filter(|verdict| verdict.is_open_gap()).collect();
    gaps.sort_by_key(|verdict| std::cmp::Reverse(verdict.severity));
    if gaps.is_empty() {
        return writeln!(out, "No open gap.");
    }
    let today = grade(now, tally.worst);
    let mut passed = tally.passed;
    for (index, gap) in gaps.iter().enumerate() {
        passed += weight(gap.severity);
        let worst = gaps.get(index + 1).map(|gap| gap.severity);
        let then = Tally { passed, failed: tally.passed + tally.failed - passed, ..Tally::default() };
        let Some(score) = then.score() else { continue };
        let better = grade(score, worst);
        if better > today {
            let these = if index == 0 { "this".to_owned() } else { format!("these {}", index + 1) };
            line(out, &format!("Shortest way up: fix {these} → {score}, {}", better.letter()))?;
            for gap in &gaps[..=index] {
                line(out, &format!("  {}  {}: {}", gap.rule, gap.subject, gap.message()))?;
            }
            return Ok(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_cannot_steer_the_terminal() {
        let mut out = Vec::new();
        assert!(super::line(&mut out, "service/a\u{1b}[2Jb\nservice/c: 100 of 100").is_ok());
        assert_eq!(String::from_utf8_lossy(&out), "service/a\\u{1b}[2Jb service/c: 100 of 100\n");
    }
}
