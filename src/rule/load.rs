//! Rule files → rules. The embedded ones, then those on disk: a file of the same id replaces the one before.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use include_dir::{Dir, File, include_dir};
use rayon::prelude::*;

use super::check::{Checked, Complaint, Role, check};
use super::file::RuleFile;
use super::template::Template;
use super::{Meta, Rule, RuleSet, Shown};
use crate::model::schema::Kind;
use crate::model::{
    Alert, Autoscaler, Backup, Certificate, Command, Container, Dashboard, Datastore, Deployment, DocumentLink, Drill,
    EscalationPolicy, Experiment, Inhibition, LogStore, Migration, Monitor, Noun, Objective, OwnerPattern,
    PagingService, Pool, PostMortem, Queue, Receiver, Release, RestoreTest, Route, Routing, Runbook, Schedule, Service,
    Standby, Workload,
};
use crate::problem::{Fault, Problem, nearest};
use crate::source::{Source, SourceId, Sources, Span};
use crate::tree::Text;

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/rules");
static FIXTURES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/fixtures/rules");

/// The fixtures of the embedded rules, of which `explain` shows examples.
pub fn embedded_fixtures() -> &'static Dir<'static> {
    &FIXTURES
}

/// Where a rule comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is part of twoam.
    Embedded,
    /// A file on disk.
    Disk(PathBuf),
}

/// Every kind of subject a rule may be about.
pub(crate) const SUBJECTS: &[fn() -> &'static Kind] = &[
    Service::described,
    Workload::described,
    Container::described,
    Datastore::described,
    Backup::described,
    RestoreTest::described,
    Alert::described,
    Runbook::described,
    DocumentLink::described,
    Command::described,
    Deployment::described,
    Release::described,
    Migration::described,
    Objective::described,
    Drill::described,
    OwnerPattern::described,
    Routing::described,
    Route::described,
    Receiver::described,
    Inhibition::described,
    PagingService::described,
    EscalationPolicy::described,
    Schedule::described,
    Pool::described,
    Autoscaler::described,
    Monitor::described,
    Queue::described,
    PostMortem::described,
    Certificate::described,
    LogStore::described,
    Dashboard::described,
    Experiment::described,
    Standby::described,
];

impl RuleSet {
    /// The embedded rules and those in `folders`, each of which is laid out as `<family>/<name>.toml`. A rule that does
    /// not load is left out and becomes a problem, whose file is added to `sources`.
    pub fn load(folders: &[PathBuf], sources: &mut Sources) -> (Self, Vec<Problem>) {
        let mut files: BTreeMap<Text, (Origin, String, String)> = BTreeMap::new();
        let mut problems = Vec::new();
        for folder in folders {
            read_folder(folder, &mut files, &mut problems);
        }
        let mut rules: Vec<Rule> = BUILT_IN.iter().filter(|rule| !files.contains_key(&rule.meta.id)).cloned().collect();
        for (id, (origin, shown, text)) in files {
            match Reader::new(&text).read(id, origin) {
                Ok(rule) => rules.push(rule),
                Err(complaint) => {
                    let source = sources.add(Source::new(shown, text.clone()));
                    problems.push(located(source, complaint));
                }
            }
        }
        rules.sort_by(|left, right| left.meta.id.cmp(&right.meta.id));
        (Self { rules }, problems)
    }
}

/// The embedded rules, checked once for the whole process. Every one of them loads: a test sees to it.
static BUILT_IN: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let files: Vec<&'static File<'static>> = EMBEDDED.dirs().flat_map(Dir::files).collect();
    let read = |file: &&'static File<'static>| {
        // An id that is a part of the program is copied into each verdict for nothing.
        let id = Text::const_new(file.path().to_str()?.strip_suffix(".toml")?);
        let read = Reader::new(file.contents_utf8()?).read(id, Origin::Embedded);
        if let Err(complaint) = &read {
            debug_assert!(false, "{}: {}", file.path().display(), complaint.message);
        }
        read.ok()
    };
    files.par_iter().filter_map(read).collect()
});

#[cfg(test)]
impl Rule {
    /// A rule that says this for people, for tests of what is said.
    pub(crate) fn saying(meta: Meta) -> Self {
        let text = r#"title = ""
severity = "low"
question = "learn"
for = "service"
require = "service.declared"
message = ""
why = ""
fix = """#;
        let read = Reader::new(text).read(meta.id.clone(), Origin::Embedded);
        let rule = read.unwrap_or_else(|complaint| panic!("{}: {}", complaint.message, complaint.help));
        Self { meta, ..rule }
    }
}

/// `family/name` of a path that ends in `family/name.toml`.
fn id_of(path: &Path) -> Option<Text> {
    if path.extension()? != "toml" {
        return None;
    }
    let family = path.parent()?.file_name()?.to_str()?;
    Some(compact_str::format_compact!("{family}/{}", path.file_stem()?.to_str()?))
}

fn read_folder(folder: &Path, files: &mut BTreeMap<Text, (Origin, String, String)>, problems: &mut Vec<Problem>) {
    for entry in walkdir::WalkDir::new(folder).min_depth(2).max_depth(2).sort_by_file_name() {
        let path = match entry {
            Ok(entry) => entry.into_path(),
            Err(error) => {
                let path = error.path().unwrap_or(folder).display().to_string();
                let help = "check that the folder of rules exists and may be read";
                problems.push(Problem::of(Fault::Rule, path, format!("rules cannot be read: {error}"), help));
                continue;
            }
        };
        let Some(id) = id_of(&path) else { continue };
        let shown = path.display().to_string();
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                files.insert(id, (Origin::Disk(path), shown, text));
            }
            Err(error) => {
                let help = "a rule is a UTF-8 text file";
                problems.push(Problem::of(Fault::Rule, shown, format!("the rule cannot be read: {error}"), help));
            }
        }
    }
}

/// A complaint about a rule file, with byte offsets in the file.
struct FileComplaint {
    message: String,
    help: String,
    range: Range<usize>,
}

fn located(source: SourceId, complaint: FileComplaint) -> Problem {
    let span = Span::new(source, complaint.range.start, complaint.range.end);
    Problem::at(Fault::Rule, span, complaint.message, complaint.help)
}

struct Reader<'t> {
    text: &'t str,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        Self { text }
    }

    fn read(&self, id: Text, origin: Origin) -> Result<Rule, FileComplaint> {
        let file: RuleFile = toml::from_str(self.text).map_err(|error| self.syntax(&error))?;
        let subject = Self::subject(&file.subject)?;
        let mut raise = Vec::new();
        for raised in &file.raise {
            raise.push((self.expression(&raised.when, subject, Role::Condition)?.expression, raised.severity));
        }
        let when = match &file.when {
            Some(when) => Some(self.expression(when, subject, Role::Condition)?.expression),
            None => None,
        };
        let require = self.expression(&file.require, subject, Role::Condition)?;
        let mut show = Vec::new();
        for path in &file.show {
            let expression = self.expression(path, subject, Role::Path)?.expression;
            show.push(Shown { path: path.get_ref().clone(), expression });
        }
        if show.is_empty() {
            for path in require.reads {
                if let Ok(checked) = check(&path, subject, Role::Path) {
                    show.push(Shown { path, expression: checked.expression });
                }
            }
        }
        let message = Template::read(file.message.get_ref(), subject)
            .map_err(|complaint| self.within(&file.message, complaint))?;
        let meta = Meta {
            id,
            title: file.title,
            enabled: file.enabled,
            severity: file.severity,
            question: file.question,
            why: file.why.trim().to_owned(),
            fix: file.fix.trim().to_owned(),
            references: file.references,
        };
        let subject = subject().name;
        Ok(Rule { meta, origin, subject, raise, when, require: require.expression, show, message })
    }

    fn syntax(&self, error: &toml::de::Error) -> FileComplaint {
        let range = error.span().unwrap_or(0..self.text.len().min(1));
        let help = format!("the keys of a rule are: {}", KEYS.join(", "));
        let word = self.text.get(range.clone()).unwrap_or_default();
        let help = match nearest(word, KEYS.iter().copied()) {
            Some(near) if near != word => format!("did you mean `{near}`?"),
            _ => help,
        };
        FileComplaint { message: format!("this is no rule: {}", error.message()), help, range }
    }

    fn subject(written: &toml::Spanned<String>) -> Result<fn() -> &'static Kind, FileComplaint> {
        let found = SUBJECTS.iter().find(|kind| kind().name == written.get_ref());
        found.copied().ok_or_else(|| {
            let names: Vec<&str> = SUBJECTS.iter().map(|kind| kind().name).collect();
            let help = match nearest(written.get_ref(), names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("a rule is for one of: {}", names.join(", ")),
            };
            let message = format!("there is no kind of subject `{}`", written.get_ref());
            FileComplaint { message, help, range: written.span() }
        })
    }

    fn expression(
        &self,
        written: &toml::Spanned<String>,
        subject: fn() -> &'static Kind,
        role: Role,
    ) -> Result<Checked, FileComplaint> {
        check(written.get_ref(), subject, role).map_err(|complaint| self.within(written, complaint))
    }

    /// Where in the file a place in a string stands: exact when the string is written as it is, else the whole string.
    fn within(&self, written: &toml::Spanned<String>, complaint: Complaint) -> FileComplaint {
        let whole = written.span();
        let raw = self.text.get(whole.clone()).unwrap_or_default();
        let range = match (complaint.range, raw.find(written.get_ref().as_str())) {
            (Some((start, end)), Some(at)) => whole.start + at + start..whole.start + at + end,
            _ => whole,
        };
        FileComplaint { message: complaint.message, help: complaint.help, range }
    }
}

/// The keys of a rule file, for suggestions.
const KEYS: &[&str] = &[
    "title",
    "enabled",
    "severity",
    "raise",
    "question",
    "for",
    "when",
    "require",
    "show",
    "message",
    "why",
    "fix",
    "references",
];
