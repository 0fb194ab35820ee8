//! The way an alert takes, link by link: rule → labels → route → receiver → integration → paging tool → people.

use std::io::{self, Write};

use crate::audit::Audit;
use crate::cli::Failure;
use crate::model::routing::{Hit, Integration, Sent};
use crate::model::{Alert, EscalationPolicy, Id, PagingService, Schedule};
use crate::problem::did_you_mean;
use crate::report::terminal_text as shown;
use crate::source::Span;

/// The alerts of a name: of production first.
pub(super) fn find<'a>(audit: &'a Audit, name: &str) -> Result<Vec<&'a Alert>, Failure> {
    let called = |alert: &&Alert| alert.plain_name == name || alert.name == name;
    let mut found: Vec<&Alert> = audit.model.alerts.iter().filter(called).collect();
    if found.is_empty() {
        let names = audit.model.alerts.iter().map(|alert| alert.plain_name.as_str());
        let help = did_you_mean(name, "alert/", names)
            .unwrap_or_else(|| "`twoam services` lists the alerts of each service".to_owned());
        return Err(Failure::usage(format!("there is no alert `{name}`"), help));
    }
    if found.iter().any(|alert| alert.place.environment.production) {
        found.retain(|alert| alert.place.environment.production);
    }
    Ok(found)
}

/// Writes the chain of one alert.
pub(super) fn write(audit: &Audit, alert: &Alert, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "alert/{}\n", shown(&alert.plain_name))?;
    let mut chain = Chain { audit, out, broken: None, unknown: None, perhaps: false };
    chain.link("rule", Some(alert.place.span), &calls(alert))?;
    if alert.loaded.is_false() {
        chain.breaks("no Prometheus in the audited roots loads this rule", alert.loaded.span);
    }
    chain.labels(alert)?;
    if alert.delivery.hits.is_empty() {
        chain.end_of_knowledge(alert)?;
    }
    for (number, hit) in alert.delivery.hits.iter().enumerate() {
        if number > 0 {
            writeln!(chain.out)?;
        }
        chain.way(alert, hit)?;
    }
    chain.close(alert)
}

/// What the rule says of itself.
fn calls(alert: &Alert) -> String {
    let severity =
        alert.severity.value().map_or("no severity".to_owned(), |severity| format!("severity {}", shown(severity)));
    let calls = match (alert.pages.value(), alert.notifies.value()) {
        _ if alert.heartbeat => "always fires, to show that alerting works",
        (Some(true), _) => "is meant to wake someone",
        (_, Some(false)) => "is meant to call nobody",
        (Some(false), Some(true)) => "is meant to be read by someone",
        _ => "whom it is meant to call is not known",
    };
    format!("{severity}: {calls}")
}

struct Chain<'a> {
    audit: &'a Audit,
    out: &'a mut dyn Write,
    broken: Option<String>,
    unknown: Option<String>,
    /// Whether the way that is written may not be taken.
    perhaps: bool,
}

impl Chain<'_> {
    fn place(&self, span: Option<Span>) -> String {
        span.map_or(String::new(), |span| shown(&self.audit.sources.place(span)).into())
    }

    fn link(&mut self, what: &str, span: Option<Span>, text: &str) -> io::Result<()> {
        let place = self.place(span);
        let gap = if place.is_empty() { "" } else { "  " };
        writeln!(self.out, "  {what:<12} {place}{gap}{text}")
    }

    /// A link is broken; one on a way that may not be taken leaves the end open.
    fn breaks(&mut self, text: &str, span: Option<Span>) {
        if self.perhaps {
            return;
        }
        let place = self.place(span);
        let at = if place.is_empty() { String::new() } else { format!(" ({place})") };
        self.broken.get_or_insert_with(|| format!("{text}{at}"));
    }

    fn unclear(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.unknown.get_or_insert(text);
    }

    fn labels(&mut self, alert: &Alert) -> io::Result<()> {
        let mut what = "labels";
        for (name, sent) in &alert.delivery.sent_labels {
            let text = match sent {
                Sent::Value(value, "") => format!("{}=\"{}\"", shown(name), shown(value)),
                Sent::Value(value, from) => format!("{}=\"{}\"  from {from}", shown(name), shown(value)),
                Sent::Unknown(reason) => format!("{}: {}", shown(name), shown(reason)),
            };
            self.link(what, None, &text)?;
            what = "";
        }
        Ok(())
    }

    fn end_of_knowledge(&mut self, alert: &Alert) -> io::Result<()> {
        let unread = self.audit.skipped.iter().find(|file| {
            let name = file.path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
            alert.source == "prometheus" && name.contains("alertmanager") && file.reason.contains("not rendered")
        });
        if let Some(file) = unread {
            let text = format!("`{}` may route it, and was not read: {}", shown(&file.path), file.reason);
            self.link("route", None, &text)?;
            if self.broken.is_none() {
                self.unclear(format!("{text}; render it into what is audited"));
            }
            return Ok(());
        }
        let source = match alert.source.as_str() {
            "prometheus" => "no configuration of Alertmanager that could route it is in the audited roots",
            "grafana" => "no notification policies of Grafana are in the audited roots",
            _ if alert.actions.value() == Some(&0) => {
                self.breaks("it takes no action when it fires", alert.actions.span);
                "it takes no action when it fires"
            }
            _ => "whom its actions call is not known",
        };
        self.link("route", None, source)?;
        if self.broken.is_none() {
            self.unclear(format!("{source}; audit the place where it is kept together with this"));
        }
        Ok(())
    }

    fn way(&mut self, alert: &Alert, hit: &Hit) -> io::Result<()> {
        let model = &self.audit.model;
        // Where every way that may be taken ends at nobody, nobody it is.
        self.perhaps = hit.depends_on.is_some() && !alert.delivery.somebody.is_false();
        if let Some(unknown) = &hit.depends_on {
            let text = format!("it depends: {}", shown(&unknown.reason));
            self.link("maybe", None, &text)?;
            self.unclear(unknown.reason.clone());
        }
        if let Some(route) = hit.route.map(|id| &model[id]) {
            let mut text = shown(&route.matchers).to_string();
            if route.muted.is_true() {
                text.push_str(", muted all of the time");
                self.breaks("the route is muted all of the time", route.muted.span);
            } else if route.muted_at_times {
                text.push_str(", silent at some times");
            }
            self.link("route", Some(route.place.span), &text)?;
            if let (None, Some(unknown)) = (hit.receiver, &route.elsewhere) {
                self.link("receiver", None, &shown(&unknown.reason))?;
                self.unclear(unknown.reason.clone());
            }
        }
        let Some(receiver) = hit.receiver.map(|id| &model[id]) else { return Ok(()) };
        self.link("receiver", Some(receiver.place.span), &shown(&receiver.plain_name))?;
        if let Some(unknown) = &receiver.unread {
            self.unclear(unknown.reason.clone());
        }
        if receiver.integrations.is_empty() && receiver.unread.is_none() {
            let text = format!("`{}` calls nobody", shown(&receiver.plain_name));
            self.breaks(&text, Some(receiver.place.span));
        }
        for integration in &receiver.integrations {
            self.integration(integration)?;
        }
        Ok(())
    }

    fn integration(&mut self, integration: &Integration) -> io::Result<()> {
        let detail =
            if integration.detail.is_empty() { String::new() } else { format!(" {}", shown(&integration.detail)) };
        let text = format!("{}{detail}: {}", shown(&integration.kind), integration.reach.word());
        self.link("integration", Some(integration.span), &text)?;
        match integration.paging_service {
            Some(id) => self.paging(id, integration.refers_to.is_empty()),
            None if integration.reach == crate::model::routing::Reach::Pager => {
                self.unclear("who answers the pager is not written here: its service, escalation policy and schedule are elsewhere");
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn paging(&mut self, id: Id<PagingService>, by_name: bool) -> io::Result<()> {
        let service = &self.audit.model[id];
        let how = if by_name { ", by its name" } else { "" };
        self.link("pages", Some(service.place.span), &format!("{}{how}", shown(&service.plain_name)))?;
        match (service.policy, service.escalates.reason()) {
            (Some(policy), _) => self.policy(policy),
            (None, Some(unknown)) => {
                self.unclear(unknown.reason.clone());
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }

    fn policy(&mut self, id: Id<EscalationPolicy>) -> io::Result<()> {
        let policy = &self.audit.model[id];
        let levels = match policy.levels.value() {
            Some(1) => "1 level".to_owned(),
            Some(count) => format!("{count} levels"),
            None => "levels not known".to_owned(),
        };
        self.link("escalates", Some(policy.place.span), &format!("{}, {levels}", shown(&policy.plain_name)))?;
        if policy.levels.value() == Some(&0) {
            self.breaks("the escalation policy has no level", Some(policy.place.span));
        }
        for schedule in &policy.schedules {
            self.schedule(*schedule)?;
        }
        match (policy.people.value(), policy.people.reason()) {
            (Some(0), _) => self.breaks("the escalation policy reaches nobody", Some(policy.place.span)),
            (Some(count), _) => {
                let text = if *count == 1 { "1 person in all".to_owned() } else { format!("{count} people in all") };
                self.link("people", None, &text)?;
            }
            (None, Some(unknown)) => self.unclear(unknown.reason.clone()),
            (None, None) => {}
        }
        Ok(())
    }

    fn schedule(&mut self, id: Id<Schedule>) -> io::Result<()> {
        let schedule = &self.audit.model[id];
        let mut names: Vec<String> =
            schedule.members.iter().filter_map(|member| member.value()).map(|name| shown(name).to_string()).collect();
        names.sort();
        names.dedup();
        let who = if names.is_empty() { "nobody that is written here".to_owned() } else { names.join(", ") };
        self.link("schedule", Some(schedule.place.span), &format!("{}: {who}", shown(&schedule.plain_name)))?;
        if schedule.ends.value().is_some_and(|day| *day < self.audit.model.targets.today) {
            let text = format!(
                "the schedule `{}` ended on {}",
                shown(&schedule.plain_name),
                schedule.ends.value().map_or("", |day| day)
            );
            self.breaks(&text, schedule.ends.span);
        }
        Ok(())
    }

    fn close(self, alert: &Alert) -> io::Result<()> {
        writeln!(self.out)?;
        // One that is to tell somebody, and names nobody, is none of these.
        let silent = alert.notifies.is_false() && alert.actions.value() != Some(&0);
        let by_design = alert.delivery.dropped_on_purpose || silent;
        match (&self.broken, &self.unknown) {
            (Some(broken), _) if by_design => writeln!(self.out, "It ends on purpose: {broken}."),
            (Some(broken), _) => writeln!(self.out, "The first broken link: {broken}."),
            (None, Some(unknown)) => writeln!(self.out, "Not known: {}.", shown(unknown)),
            (None, None) => writeln!(self.out, "The chain holds, as far as it is written here."),
        }
    }
}
