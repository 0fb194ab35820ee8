//! A first runbook for an alert: what the repository knows already, and the questions that only people can answer.
//!
//! What was read stands between two comments, which count as nothing written; each question is a line that begins with
//! `TODO:`. So the page is judged as never written until people have answered.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::escape;
use crate::audit::Audit;
use crate::model::{Alert, Datastore, Id, Model, Service, Workload};
use crate::source::Span;
use crate::tree::Text;

/// Opens what was read from the repository.
const FACTS: &str = "<!-- twoam:facts (read from the repository; write below, not here) -->";
/// Closes it.
const END: &str = "<!-- twoam:end -->";

/// The page for an alert.
pub fn runbook(audit: &Audit, id: Id<Alert>) -> String {
    let model = &audit.model;
    let alert = &model[id];
    let service = alert.services.first().or(alert.service.as_ref()).copied();
    let mut page = Page { audit, text: String::new() };
    page.matter(alert, service);
    page.line(&format!("\n# {}\n", inline(&alert.plain_name)));
    page.facts(|facts| facts.about(alert, service));
    page.line("## Meaning\n");
    page.facts(|facts| facts.condition(alert));
    page.question("what has happened when this fires, in one sentence for someone who is new here?");
    page.line("## Impact\n");
    page.question("what do users notice, how many of them, and what happens if nobody does anything for an hour?");
    page.line("## Diagnosis\n");
    page.facts(|facts| facts.worth_a_look(alert, service));
    page.question("what do you look at first, and what does it look like when all is well?");
    page.question("which causes has it had, and how is each told from the others?");
    page.line("## Mitigation\n");
    page.question("what makes it stop hurting before the cause is found: restart, scale, switch off, fail over?");
    page.line("## Rollback\n");
    page.facts(|facts| facts.back(service));
    page.question("when is going back right, when is it impossible, and what must be undone by hand?");
    page.line("## Verification\n");
    page.question("how do you know that it is over, and for how long do you watch?");
    page.line("## Escalation\n");
    page.facts(|facts| {
        facts.called(alert);
        facts.people(service);
    });
    page.question("after how many minutes do you call whom, and in which channel do you write?");
    page.text
}

/// The alerts of a name, those of production first.
pub fn find(model: &Model, name: &str) -> Option<Id<Alert>> {
    let named = || model.each::<Alert>().filter(|(_, alert)| alert.plain_name == name || alert.name == name);
    named().find(|(_, alert)| alert.place.environment.production).or_else(|| named().next()).map(|(id, _)| id)
}

struct Page<'a> {
    audit: &'a Audit,
    text: String,
}

impl Page<'_> {
    fn line(&mut self, line: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{line}");
    }

    fn question(&mut self, question: &str) {
        self.line(&format!("TODO: {question}\n"));
    }

    /// What `write` says, between the marks; nothing where it says nothing.
    fn facts(&mut self, write: impl FnOnce(&mut Self)) {
        let before = self.text.len();
        write(self);
        let said = self.text.split_off(before);
        if !said.is_empty() {
            self.line(&format!("{FACTS}\n\n{}\n\n{END}\n", said.trim()));
        }
    }

    fn at(&self, span: Span) -> String {
        self.audit.sources.place(span)
    }

    /// Front matter by which twoam, and a site, find what the page is about.
    fn matter(&mut self, alert: &Alert, service: Option<Id<Service>>) {
        self.line("---");
        self.line(&format!("title: {}", quoted(&alert.plain_name)));
        self.line(&format!("alert: {}", quoted(&alert.plain_name)));
        if let Some(service) = service.map(|id| &self.audit.model[id]) {
            self.line(&format!("service: {}", quoted(&service.name)));
            if let Some(owner) = service.owner.value() {
                self.line(&format!("owner: {}", quoted(owner)));
            }
        }
        self.line("last_reviewed: TODO");
        self.line("---");
    }

    fn about(&mut self, alert: &Alert, service: Option<Id<Service>>) {
        if let Some(summary) = alert.summary.value() {
            self.line(&format!("{}\n", inline(summary)));
        }
        self.line("| | |\n| --- | --- |");
        self.row("alert", &code(&self.at(alert.place.span)));
        let pages = if alert.pages.is_true() { " (wakes someone)" } else { "" };
        if let Some(severity) = alert.severity.value() {
            self.row("severity", &format!("{}{pages}", code(severity)));
        }
        if let Some(seconds) = alert.for_seconds.value() {
            self.row("fires after", &duration(*seconds));
        }
        let Some(service) = service.map(|id| &self.audit.model[id]) else { return };
        self.row("service", &code(&service.name));
        if let Some(tier) = service.tier.value() {
            self.row("tier", &tier.to_string());
        }
        if let Some(owner) = service.owner.value() {
            self.row("owner", &code(owner));
        }
        for (what, minutes) in [("may lose", &service.rpo_minutes), ("must be back within", &service.rto_minutes)] {
            if let Some(minutes) = minutes.value() {
                self.row(what, &duration(minutes * 60));
            }
        }
    }

    fn row(&mut self, what: &str, value: &str) {
        self.line(&format!("| {what} | {} |", escape::markdown_cell(value)));
    }

    fn condition(&mut self, alert: &Alert) {
        if let Some(description) = alert.description.value() {
            self.line(&format!("{}\n", inline(description)));
        }
        let Some(expression) = alert.expression.value() else { return };
        if let Some(threshold) = threshold(expression) {
            let time = alert.for_seconds.value().filter(|seconds| **seconds > 0);
            let time = time.map(|seconds| format!(" for {}", duration(*seconds))).unwrap_or_default();
            self.line(&format!("It fires when this is {threshold}{time}:\n"));
        }
        self.block("promql", expression);
    }

    /// A code block that its own content cannot close.
    fn block(&mut self, language: &str, code: &str) {
        let fence = "`".repeat(longest_run(code).max(2) + 1);
        let code: String = code.trim().chars().filter(|it| *it == '\n' || !escape::is_unsafe(*it)).collect();
        self.line(&format!("{fence}{language}\n{code}\n{fence}\n"));
    }

    fn worth_a_look(&mut self, alert: &Alert, service: Option<Id<Service>>) {
        let dashboards = alert.annotations.0.iter().filter(|(name, _)| {
            let name = name.to_lowercase();
            name.contains("dashboard") || name.contains("grafana")
        });
        let mut lines: Vec<String> =
            dashboards.filter_map(|(_, fact)| Some(format!("- dashboard: {}", inline(fact.value()?)))).collect();
        let model = &self.audit.model;
        let Some(service) = service.map(|id| &model[id]) else {
            for line in &lines {
                self.line(line);
            }
            return;
        };
        let name = service.name.to_lowercase();
        let own = self.audit.sources.iter().filter(|(_, source)| {
            let path = source.path.to_lowercase();
            let (folder, file) = path.rsplit_once('/').unwrap_or(("", &path));
            folder.contains("dashboard")
                && file.rsplit_once('.').is_some_and(|(_, it)| it == "json")
                && file.contains(name.as_str())
        });
        lines.extend(own.map(|(_, source)| format!("- dashboard: {}", code(&source.path))));
        for workload in self.workloads(service) {
            lines.push(format!("- {} at {}", code(&workload.name), code(&self.at(workload.place.span))));
        }
        let datastores = service.datastores.iter().map(|id| &model[*id]);
        for datastore in datastores.filter(|it| it.place.environment.production) {
            let kept = kept(datastore);
            lines.push(format!("- {} at {}{kept}", code(&datastore.name), code(&self.at(datastore.place.span))));
        }
        for other in service.alerts.iter().map(|id| &model[*id]).filter(|other| other.name != alert.name) {
            lines.push(format!(
                "- fires beside it: {} at {}",
                code(&other.plain_name),
                code(&self.at(other.place.span))
            ));
        }
        // A workload may be what keeps its data as well.
        let mut seen = BTreeSet::new();
        lines.retain(|line| seen.insert(line.clone()));
        lines.truncate(MOST);
        for line in &lines {
            self.line(line);
        }
        let commands: Vec<String> = self.workloads(service).filter_map(looks).take(MOST).collect();
        if !commands.is_empty() {
            self.line("");
            self.block("sh", &commands.join("\n"));
        }
    }

    /// Workloads of production; of several renderings one.
    fn workloads<'s>(&'s self, service: &'s Service) -> impl Iterator<Item = &'s Workload> {
        let model = &self.audit.model;
        let mut seen = BTreeSet::new();
        let all = service.workloads.iter().map(move |id| &model[*id]);
        all.filter(move |workload| workload.place.environment.production && seen.insert(workload.name.as_str()))
    }

    fn back(&mut self, service: Option<Id<Service>>) {
        let model = &self.audit.model;
        let Some(service) = service.map(|id| &model[id]) else { return };
        let stores = service.datastores.iter().filter_map(|id| model[*id].workload).map(|id| &model[id].name);
        let stores: BTreeSet<&Text> = stores.collect();
        // Data is restored rather than undone, and what Terraform applies it would apply again.
        let can_undo = |workload: &&Workload| !stores.contains(&workload.name) && !workload.is_of_terraform();
        let undone = self.workloads(service).filter(can_undo).filter(|_| !service.rollback.exists.is_false());
        let commands: Vec<String> = undone.filter_map(goes_back).take(MOST).collect();
        let ways: Vec<String> = service
            .deployments
            .iter()
            .map(|id| &model[*id])
            .map(|deployment| {
                let way =
                    if deployment.way.is_empty() { String::new() } else { format!(": {}", inline(&deployment.way)) };
                format!("- shipped by {} at {}{way}", code(&deployment.name), code(&self.at(deployment.place.span)))
            })
            .take(MOST)
            .collect();
        for way in &ways {
            self.line(way);
        }
        if !commands.is_empty() {
            self.line("");
            self.block("sh", &commands.join("\n"));
        }
    }

    /// Whom the alert itself calls: the way it takes, as far as it is written here.
    fn called(&mut self, alert: &Alert) {
        let model = &self.audit.model;
        let mut lines = Vec::new();
        for hit in &alert.delivery.hits {
            let maybe = if hit.depends_on.is_some() { "may end" } else { "ends" };
            if let Some(route) = hit.route.map(|id| &model[id]) {
                let place = code(&self.at(route.place.span));
                lines.push(format!("- {maybe} at the route {} at {place}", code(&route.matchers)));
            }
            let Some(receiver) = hit.receiver.map(|id| &model[id]) else { continue };
            let place = code(&self.at(receiver.place.span));
            lines.push(format!("- receiver {} at {place}", code(&receiver.plain_name)));
            for integration in &receiver.integrations {
                lines.push(format!("  - {}: {}", code(&integration.kind), integration.reach.word()));
                let paging = integration.paging_service.map(|id| &model[id]);
                let Some(policy) = paging.and_then(|paging| paging.policy).map(|id| &model[id]) else { continue };
                let place = code(&self.at(policy.place.span));
                lines.push(format!("  - escalation policy {} at {place}", code(&policy.plain_name)));
                for schedule in policy.schedules.iter().map(|id| &model[*id]) {
                    let place = code(&self.at(schedule.place.span));
                    lines.push(format!("  - schedule {} at {place}", code(&schedule.plain_name)));
                }
            }
        }
        lines.truncate(MOST);
        for line in &lines {
            self.line(line);
        }
    }

    fn people(&mut self, service: Option<Id<Service>>) {
        let model = &self.audit.model;
        let Some(service) = service.map(|id| &model[id]) else { return };
        if let Some(owner) = service.owner.value() {
            self.line(&format!("- owned by {}", code(owner)));
        }
        let entries = model.catalogue.iter().filter(|entry| entry.name.value() == Some(&service.name));
        let mut lines = Vec::new();
        for entry in entries {
            for (key, value) in &entry.annotations.0 {
                let pages = ["pagerduty", "opsgenie", "oncall", "on-call", "slack"].iter().any(|it| key.contains(it));
                lines.extend(value.value().filter(|_| pages).map(|it| format!("- {}: {}", code(key), code(it))));
            }
            let links = entry.links.iter().filter_map(|(url, title)| Some((url.value()?, title)));
            lines.extend(links.map(|(url, title)| format!("- {}: {}", inline(title), code(url))));
        }
        lines.truncate(MOST);
        for line in &lines {
            self.line(line);
        }
    }
}

/// More than a page has use for.
const MOST: usize = 12;

/// A datastore's backup, in words.
fn kept(datastore: &Datastore) -> String {
    let days = datastore.backup.retention_days.value().filter(|_| datastore.backup.enabled.is_true());
    days.map_or(String::new(), |days| format!(", backups kept {days} days"))
}

/// A name that a shell takes as it stands.
fn shell(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|it| it.is_ascii_alphanumeric() || "-_./".contains(it))
}

fn in_namespace(workload: &Workload) -> Option<String> {
    let namespace = workload.namespace.value().filter(|name| shell(name));
    let known = shell(&workload.plain_name) && workload.platform == "kubernetes";
    known.then(|| namespace.map(|name| format!("--namespace {name} ")).unwrap_or_default())
}

/// What shows a workload.
fn looks(workload: &Workload) -> Option<String> {
    let namespace = in_namespace(workload)?;
    let kind = workload.kind.to_lowercase();
    rolls(&kind).then(|| format!("kubectl {namespace}describe {kind}/{}", workload.plain_name))
}

fn rolls(kind: &str) -> bool {
    matches!(kind, "deployment" | "statefulset" | "daemonset")
}

/// What goes back to the version before, on the platform it runs on.
fn goes_back(workload: &Workload) -> Option<String> {
    let name = &workload.plain_name;
    let kind = workload.kind.to_lowercase();
    match (workload.platform.as_str(), kind.as_str()) {
        ("kubernetes", "rollout") => Some(format!("kubectl argo rollouts {}undo {name}", in_namespace(workload)?)),
        ("kubernetes", kind) if rolls(kind) => {
            Some(format!("kubectl {}rollout undo {kind}/{name}", in_namespace(workload)?))
        }
        ("ecs", _) if shell(name) => Some(format!(
            "aws ecs update-service --cluster \"$CLUSTER\" --service {name} --task-definition \"$PREVIOUS_TASK_DEFINITION\""
        )),
        ("lambda", _) if shell(name) => Some(format!(
            "aws lambda update-alias --function-name {name} --name \"$ALIAS\" --function-version \"$PREVIOUS_VERSION\""
        )),
        ("cloud-run", _) if shell(name) => {
            Some(format!("gcloud run services update-traffic {name} --to-revisions \"$PREVIOUS_REVISION=100\""))
        }
        _ => None,
    }
}

/// The comparison that decides, where the expression ends in one with a number.
fn threshold(expression: &str) -> Option<String> {
    use promql_parser::parser::{Expr, parse};
    let Expr::Binary(whole) = parse(expression).ok()? else { return None };
    let Expr::NumberLiteral(number) = whole.rhs.as_ref() else { return None };
    let operator = whole.op.to_string();
    let words = match operator.trim() {
        ">" => "above",
        ">=" => "at least",
        "<" => "below",
        "<=" => "at most",
        "==" => "exactly",
        "!=" => "anything but",
        _ => return None,
    };
    Some(format!("{words} {}", number.val))
}

/// Seconds in the largest unit that fits.
fn duration(seconds: i64) -> String {
    let unit = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (size, name) = unit.into_iter().find(|(size, _)| seconds != 0 && seconds % size == 0).unwrap_or((1, "second"));
    let count = seconds / size;
    if count == 0 { "at once".to_owned() } else { format!("{count} {name}{}", if count == 1 { "" } else { "s" }) }
}

/// Text on one line that no markup can leave.
fn inline(text: &str) -> String {
    escape::markdown(text.split_whitespace().collect::<Vec<_>>().join(" ").trim())
}

fn code(text: &str) -> String {
    escape::markdown_code(text)
}

/// A string of YAML.
fn quoted(text: &str) -> String {
    let safe: String = text.chars().map(|it| if escape::is_unsafe(it) { ' ' } else { it }).collect();
    serde_json::Value::String(safe).to_string()
}

fn longest_run(text: &str) -> usize {
    text.split(|it| it != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_and_durations_are_said_in_words() {
        assert_eq!(threshold("rate(x[5m]) > 0.02").as_deref(), Some("above 0.02"));
        assert_eq!(threshold("up == 0").as_deref(), Some("exactly 0"));
        assert_eq!(threshold("absent(up)"), None);
        assert_eq!(threshold("not promql ("), None);
        assert_eq!(
            (duration(300), duration(5_400), duration(0)),
            ("5 minutes".into(), "90 minutes".into(), "at once".into())
        );
    }

    #[test]
    fn names_with_markup_stay_names() {
        assert_eq!(quoted("a\"b\n---\u{1b}"), "\"a\\\"b ---\u{20}\"");
        assert!(!inline("# x\n\n## y <script>").contains('\n'));
        assert_eq!(longest_run("a ``` b ````"), 4);
    }
}
