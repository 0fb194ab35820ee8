//! What a `twoam.toml` of the right form means: durations, dates, globs and names are read here, and everything wrong
//! with them is said. Uses `source`, `problem`, `model`, `rule`, `link` and `extract::duration`.

use std::collections::BTreeMap;

use globset::GlobSet;
use jiff::civil::Date;
use toml::Spanned;

use super::file::{self, File, Level};
use super::paths::{self, Frame};
use super::{Meanings, Settings, Waiver};
use crate::extract::duration;
use crate::link::{Declared, External};
use crate::model::{Environments, Fact, Targets};
use crate::problem::{Fault, Problem};
use crate::rule::{Severity, Weight};
use crate::source::{SourceId, Span, Spanned as Placed};
use crate::tree::Text;

/// What to write where a duration is meant.
const DURATIONS: &str = "write a number and a unit: \"30m\", \"24h\", \"7d\"";

/// Reads a file whose keys and types were checked.
pub(super) fn read(file: &File, id: SourceId, path: &str, frame: &Frame) -> (Settings, Vec<Problem>) {
    let mut reader = Reader { id, path, frame, problems: Vec::new() };
    let mut settings = Settings {
        name: file.project.name.clone().filter(|name| !name.trim().is_empty()),
        environments: reader.environments(&file.environments),
        runbook_folders: reader.folders(&file.runbooks.folders),
        urls: reader.urls(&file.runbooks),
        external: external(&file.external),
        targets: Targets { retention_days: super::RETENTION_DAYS, ..Targets::default() },
        weights: file.severities.iter().map(|(rule, level)| (reader.placed(rule), weight(*level))).collect(),
        meanings: reader.meanings(&file.alerts),
        services: file.service.iter().map(|service| reader.service(service)).collect(),
        waivers: file.waiver.iter().map(|waiver| reader.waiver(waiver)).collect(),
    };
    if let Some(minutes) = file.targets.retention.as_ref().and_then(|written| reader.minutes(written)) {
        settings.targets.retention_days = minutes / (24.0 * 60.0);
    }
    reader.no_name_twice(&file.service);
    (settings, reader.problems)
}

struct Reader<'a> {
    id: SourceId,
    path: &'a str,
    frame: &'a Frame,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn span<T>(&self, written: &Spanned<T>) -> Span {
        let range = written.span();
        Span::new(self.id, range.start, range.end)
    }

    fn placed(&self, written: &Spanned<String>) -> Placed<Text> {
        Placed::new(written.get_ref().trim().into(), self.span(written))
    }

    fn say<T>(&mut self, written: &Spanned<T>, message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(Problem::at(Fault::Configuration, self.span(written), message, help));
    }

    fn globs(&mut self, written: &[Spanned<String>]) -> GlobSet {
        let (set, wrong) = self.frame.globs(written);
        for (pattern, reason) in wrong {
            let message = format!("`{}` cannot be used as a glob: {reason}", pattern.get_ref());
            self.say(pattern, message, "`*` stands for a name, `**` for any folders: \"**/production/**\"");
        }
        set
    }

    /// A folder and all that it holds.
    fn folders(&mut self, written: &[Spanned<String>]) -> GlobSet {
        let inside = |folder: &Spanned<String>| {
            let folder_path = folder.get_ref().trim_end_matches('/').trim_end_matches("/**");
            Spanned::new(folder.span(), format!("{folder_path}/**"))
        };
        self.globs(&written.iter().map(inside).collect::<Vec<_>>())
    }

    fn environments(&mut self, written: &file::Environments) -> Environments {
        Environments {
            production: self.globs(&written.production),
            ignored: self.globs(&written.ignore),
            others: written.other.iter().map(|(name, globs)| (name.as_str().into(), self.globs(globs))).collect(),
            production_names: written.production_names.iter().map(|name| name.trim().into()).collect(),
            ..Environments::default()
        }
    }

    /// The longest prefix first, as it says most.
    fn urls(&mut self, written: &file::Runbooks) -> Vec<(String, String)> {
        let mut urls = Vec::new();
        for (prefix, path) in &written.urls {
            if prefix.get_ref().trim().is_empty() {
                self.say(prefix, "an empty URL would stand for every link", "write how the URLs begin: \"https://…/\"");
            }
            urls.extend(self.frame.urls(prefix.get_ref(), path));
        }
        urls.sort_by(|(left, _), (right, _)| right.len().cmp(&left.len()).then_with(|| left.cmp(right)));
        urls
    }

    fn meanings(&mut self, written: &file::Alerts) -> Meanings {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        let lists = [("page", &written.page), ("ticket", &written.ticket), ("silent", &written.silent)];
        for (list, word) in lists.iter().flat_map(|(list, words)| words.iter().map(move |word| (*list, word))) {
            if let Some(before) = seen.insert(word.get_ref().to_lowercase(), list)
                && before != list
            {
                let message = format!("the severity `{}` is under `{before}` already", word.get_ref());
                self.say(word, message, "a severity means one thing: keep it in one list");
            }
        }
        let words =
            |list: &[Spanned<String>]| list.iter().map(|word| word.get_ref().trim().to_lowercase().into()).collect();
        Meanings { page: words(&written.page), ticket: words(&written.ticket), silent: words(&written.silent) }
    }

    fn service(&mut self, written: &file::Service) -> Declared {
        if written.name.get_ref().trim().is_empty() {
            self.say(&written.name, "a service needs a name", "name it as its workloads are named");
        }
        if let Some(tier) = written.tier.as_ref().filter(|tier| !(1..=4).contains(tier.get_ref())) {
            let message = format!("there is no tier {}", tier.get_ref());
            self.say(tier, message, "tiers run from 1, the most critical, to 4");
        }
        let name = self.placed(&written.name);
        Declared {
            name: name.value,
            span: name.span,
            path: self.path.into(),
            tier: written.tier.as_ref().map_or_else(Fact::default, |it| Fact::known(*it.get_ref(), self.span(it))),
            owner: written
                .owner
                .as_ref()
                .map_or_else(Fact::default, |it| Fact::known(Text::from(it.get_ref().trim()), self.span(it))),
            rpo_minutes: self.duration(written.rpo.as_ref()),
            rto_minutes: self.duration(written.rto.as_ref()),
            aliases: written.aliases.iter().map(|alias| alias.get_ref().trim().into()).collect(),
            paths: self.globs(&written.paths),
            runbooks: self.globs(&written.runbooks),
            alerts: self.names(&written.alerts),
        }
    }

    /// Whole minutes of a duration; a part of a minute counts as none, so that a promise is never made longer.
    #[allow(clippy::cast_possible_truncation, reason = "out of range saturates, and is refused before")]
    fn duration(&mut self, written: Option<&Spanned<String>>) -> Fact<i64> {
        let Some(written) = written else { return Fact::default() };
        let minutes = self.minutes(written);
        minutes.map_or_else(Fact::default, |minutes| Fact::known(minutes.floor() as i64, self.span(written)))
    }

    fn minutes(&mut self, written: &Spanned<String>) -> Option<f64> {
        let text = written.get_ref();
        match duration::seconds(text).filter(|seconds| *seconds <= LONGEST) {
            Some(seconds) if seconds >= 60.0 => return Some(seconds / 60.0),
            Some(_) => self.say(written, format!("`{text}` is less than a minute"), DURATIONS),
            None => self.say(written, format!("`{text}` is not a duration"), DURATIONS),
        }
        None
    }

    /// Patterns of names, in which nothing separates.
    fn names(&mut self, written: &[Spanned<String>]) -> GlobSet {
        let mut globs = Vec::new();
        for pattern in written {
            match paths::name(pattern.get_ref()) {
                Ok(glob) => globs.push(glob),
                Err(reason) => {
                    let message = format!("`{}` cannot be used as a pattern: {reason}", pattern.get_ref());
                    self.say(pattern, message, "`*` stands for any letters: \"Checkout*\"");
                }
            }
        }
        paths::set(globs).unwrap_or_else(|reason| {
            if let Some(first) = written.first() {
                self.say(first, reason, "use fewer of them");
            }
            GlobSet::default()
        })
    }

    fn waiver(&mut self, written: &file::Waiver) -> Waiver {
        if written.reason.get_ref().trim().is_empty() {
            self.say(
                &written.reason,
                "a waiver needs a reason",
                "say why the gap is accepted, for whoever reads it next",
            );
        }
        let until = written.until.as_ref().and_then(|until| {
            let date = date(until.get_ref());
            if date.is_none() {
                let message = format!("`{}` is not a date", written_date(until.get_ref()));
                self.say(until, message, "write year, month and day: 2027-01-31");
            }
            date
        });
        Waiver {
            rule: self.placed(&written.rule),
            service: written.service.as_deref().map(|name| name.trim().into()),
            subject: written.subject.as_deref().map(|name| name.trim().into()),
            path: written.path.as_ref().map(|path| self.globs(std::slice::from_ref(path))),
            reason: written.reason.get_ref().trim().to_owned(),
            until: until
                .zip(written.until.as_ref().map(|until| self.span(until)))
                .map(|(date, span)| Placed::new(date, span)),
        }
    }

    /// A name leads to one service.
    fn no_name_twice(&mut self, services: &[file::Service]) {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for (index, service) in services.iter().enumerate() {
            for name in std::iter::once(&service.name).chain(&service.aliases) {
                let known = seen.insert(name.get_ref().trim().to_lowercase(), index);
                if let Some(other) = known.and_then(|at| services.get(at)) {
                    let message = format!("`{}` is a name of `{}` already", name.get_ref(), other.name.get_ref());
                    self.say(name, message, "give each service its own [[service]], and each name to one service");
                }
            }
        }
    }
}

/// Longer than anything is kept, in seconds: a thousand years.
const LONGEST: f64 = 3.2e10;

fn weight(level: Level) -> Weight {
    match level {
        Level::Off => Weight::Off,
        Level::Low => Weight::Severity(Severity::Low),
        Level::Medium => Weight::Severity(Severity::Medium),
        Level::High => Weight::Severity(Severity::High),
        Level::Critical => Weight::Severity(Severity::Critical),
    }
}

fn external(written: &file::External) -> External {
    External {
        alerts: written.alerts.clone(),
        runbooks: written.runbooks.clone(),
        backups: written.backups.clone(),
        restore_tests: written.restore_tests.clone(),
        owners: written.owners.clone(),
        drills: written.drills.clone(),
    }
}

/// A date of TOML's own, or in a string. A time of day says more than is kept.
fn date(value: &toml::Value) -> Option<Date> {
    super::date(&written_date(value))
}

fn written_date(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
