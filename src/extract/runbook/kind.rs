//! What kind of page it is, from where it stands, what it is called and what is on it. Uses `outline`, `vocabulary`.
//!
//! The folder alone does not tell: `runbooks/` may hold set-up documentation, and runbooks may stand in `docs/`.

use super::finished;
use super::outline::{Line, LineKind, Outline, purposes_of, stem};
use super::vocabulary::{
    ANSIBLE_FOLDERS, DRILL_FOLDERS, GUIDE_TITLES, HOW_TO_FOLDERS, INDEX_STEMS, Purpose, RECORD_FOLDERS,
    RUNBOOK_FOLDERS, SET_UP_TITLES, TEMPLATE_FOLDERS, any,
};
use crate::tree::page::Heading;

/// The kind of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Incident,
    Procedure,
    Guide,
    Index,
    Template,
    Document,
}

impl Kind {
    /// Its name in the model.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Procedure => "procedure",
            Self::Guide => "guide",
            Self::Index => "index",
            Self::Template => "template",
            Self::Document => "document",
        }
    }
}

/// Where a page stands, in lower case.
struct Whereabouts {
    folders: Vec<String>,
    stem: String,
    /// Whether the project says that runbooks stand here.
    named_by_project: bool,
}

impl Whereabouts {
    fn new(path: &str, named_by_project: bool) -> Self {
        let lower = path.to_lowercase();
        let mut folders: Vec<String> = lower.split('/').map(str::to_owned).collect();
        folders.pop();
        Self { folders, stem: stem(&lower).to_owned(), named_by_project }
    }

    fn under(&self, names: &[&str]) -> bool {
        self.folders.iter().any(|folder| names.contains(&folder.as_str()))
    }

    /// Whether folder or name say that this is for the night.
    fn is_for_the_night(&self) -> bool {
        let named = self.stem.contains("runbook") || self.stem.contains("playbook");
        let ansible = self.under(ANSIBLE_FOLDERS);
        self.named_by_project || !ansible && (named || self.under(RUNBOOK_FOLDERS))
    }

    /// Whether its folder says that runbooks stand there.
    fn is_among_runbooks(&self) -> bool {
        self.named_by_project || self.under(RUNBOOK_FOLDERS)
    }

    fn is_template(&self) -> bool {
        let words: Vec<&str> = self.stem.split(['-', '_', '.', ' ']).collect();
        words.first() == Some(&"template")
            || words.last() == Some(&"template")
            || self.stem.starts_with("pull_request_template")
            || self.under(TEMPLATE_FOLDERS)
    }

    /// Whether it records or argues: a post-mortem, a decision, a drill held, a change log.
    fn is_record(&self) -> bool {
        let named =
            ["changelog", "postmortem", "post-mortem", "releases", "release-notes", "license", "code_of_conduct"];
        self.under(RECORD_FOLDERS) || self.under(DRILL_FOLDERS) || named.iter().any(|name| self.stem.contains(name))
    }
}

/// What kind of page it is; `named_by_project` where `twoam.toml` counts its folder among those of runbooks.
pub(super) fn of(path: &str, named_by_project: bool, outline: &Outline<'_>) -> Kind {
    let place = Whereabouts::new(path, named_by_project);
    let declared = declared(outline);
    if place.is_template() || declared == Some(Kind::Template) {
        return Kind::Template;
    }
    if place.is_record() {
        return Kind::Document;
    }
    if let Some(kind) = declared {
        return kind;
    }
    if !place.is_among_runbooks() && finished::tells(path, outline) {
        return Kind::Document;
    }
    if leads_elsewhere(&place, outline) {
        return Kind::Index;
    }
    let for_the_night = place.is_for_the_night();
    if !is_how_to(&place, outline) && tells_an_incident(outline, for_the_night) {
        return Kind::Incident;
    }
    // The page of a folder is about what stands in it, whatever its title sounds like, unless a section says how.
    let titled = outline.title_purpose.is_some()
        && (place.stem != "readme" || [Purpose::Restore, Purpose::Rollback].iter().any(|it| outline.has_section(*it)));
    match (for_the_night, titled, has_steps(outline)) {
        (true, false, _) if explains(&place, outline) => Kind::Guide,
        (true, _, true) | (false, true, true) => Kind::Procedure,
        (true, _, false) => Kind::Guide,
        (false, _, _) => Kind::Document,
    }
}

/// What front matter says: `type: runbook`, `kind: procedure`.
fn declared(outline: &Outline<'_>) -> Option<Kind> {
    let matter = outline.page.front_matter.as_ref()?;
    ["type", "kind", "doc_type", "category"].iter().filter_map(|key| matter.get(key)?.as_str()).find_map(|value| {
        match value.to_lowercase().as_str() {
            "incident" | "alert" => Some(Kind::Incident),
            "runbook" | "playbook" if outline.strong.len() >= 2 => Some(Kind::Incident),
            "runbook" | "playbook" | "procedure" | "sop" | "how-to" | "howto" => Some(Kind::Procedure),
            "template" => Some(Kind::Template),
            "index" => Some(Kind::Index),
            _ => None,
        }
    })
}

/// What a page for an incident speaks of.
const OF_INCIDENT: &[Purpose] = &[
    Purpose::Meaning,
    Purpose::Impact,
    Purpose::Diagnosis,
    Purpose::Mitigation,
    Purpose::Verification,
    Purpose::Escalation,
    Purpose::Rollback,
    Purpose::Restore,
];

/// A guide ends in a few lines of troubleshooting; a page for an incident is made of what it asks, to this share of its
/// lines in percent.
const MOST_OF_IT: usize = 50;

/// Whether it says how to do one thing that somebody sets out to do: by its folder, its title or its numbered steps.
fn is_how_to(place: &Whereabouts, outline: &Outline<'_>) -> bool {
    let steps = outline.page.headings.iter().filter(|heading| is_step(&heading.text));
    let (asked, done): (Vec<_>, Vec<_>) = numbered(outline).partition(|heading| is_of_incident(&heading.text));
    // Numbered sections below the symptoms of something are what to look at; below an overview they are a procedure.
    let walks = done.len() >= 2 && done.len() >= asked.len() && !outline.has_symptoms();
    place.under(HOW_TO_FOLDERS) || any(SET_UP_TITLES, &outline.title) || steps.count() >= 2 || walks
}

/// Whether a heading asks what an incident asks.
fn is_of_incident(heading: &str) -> bool {
    purposes_of(heading).0.iter().any(|purpose| OF_INCIDENT.contains(purpose))
}

/// The headings that begin with their number: `2. Deploy`.
fn numbered<'o>(outline: &'o Outline<'_>) -> impl Iterator<Item = &'o Heading> {
    outline.page.headings.iter().filter(|heading| heading.text.starts_with(|it: char| it.is_ascii_digit()))
}

/// Whether a heading or an item is numbered in words: `Step 1: …`.
fn is_step(text: &str) -> bool {
    let lower = text.trim_start_matches(['*', '_', ' ']).to_lowercase();
    lower.strip_prefix("step ").is_some_and(|rest| rest.starts_with(|it: char| it.is_ascii_digit()))
}

/// Whether it has the sections that tell what to do when something breaks. Elsewhere than in a runbook folder two are
/// needed, one of them being what to do: other pages have an `Overview` or an `Impact` as well.
fn tells_an_incident(outline: &Outline<'_>, for_the_night: bool) -> bool {
    let strong = if for_the_night { &outline.strong } else { &outline.of_page };
    let acts = strong.contains(&Purpose::Diagnosis) || strong.contains(&Purpose::Mitigation);
    // `Troubleshooting` alone stands for both, and stands on many pages that are no runbooks.
    let told = strong.contains(&Purpose::Meaning) || strong.contains(&Purpose::Impact);
    let separate =
        strong.len() >= 2 && acts && (told || outline.purposes().contains(&Purpose::Meaning) && for_the_night);
    let walked = strong.contains(&Purpose::Meaning) && numbered(outline).count() >= 2;
    let by_night = strong.contains(&Purpose::Meaning) && for_the_night;
    let weak_ones = outline.purposes();
    let by_symptom = strong.contains(&Purpose::Meaning) && super::NEEDED_TO_ACT.iter().any(|it| weak_ones.contains(it));
    let alert = is_alert_name(&outline.title);
    let mostly = || alert || outline.share_of(OF_INCIDENT) >= MOST_OF_IT;
    walked || (separate || by_night || by_symptom) && mostly() || for_the_night && alert && outline.words() >= A_PAGE
}

/// A page about an alert with fewer words only points to another.
const A_PAGE: usize = 30;

/// `KubePodCrashLooping`, `etcdMembersDown`: one word of several.
fn is_alert_name(title: &str) -> bool {
    let humps = title.chars().skip(1).filter(|character| character.is_uppercase()).count();
    humps >= 1 && title.chars().all(char::is_alphanumeric)
}

/// Whether the page mostly leads to other pages here.
fn leads_elsewhere(place: &Whereabouts, outline: &Outline<'_>) -> bool {
    let index = INDEX_STEMS.contains(&place.stem.as_str());
    let prose: Vec<&Line<'_>> = outline.lines.iter().filter(|line| line.kind == LineKind::Text).collect();
    if prose.is_empty() {
        // A section page of a documentation site may be nothing but front matter.
        return place.stem == "_index";
    }
    let mut local: Vec<usize> =
        outline.page.links.iter().filter(|link| is_local(&link.target)).map(|link| link.span.start as usize).collect();
    local.sort_unstable();
    let leads = |line: &&&Line<'_>| {
        let next = local.get(local.partition_point(|at| *at < line.start));
        next.is_some_and(|at| *at < line.start + line.text.len())
    };
    let share = (prose.iter().filter(leads).count() * 10) / prose.len();
    let local = local.len();
    local >= 3 && (share >= 7 || index && share >= 4) && (index || local >= 5)
}

/// A link to another page here, rather than to the world, to a place on this page or to a picture.
fn is_local(target: &str) -> bool {
    let path = target.split(['#', '?']).next().unwrap_or_default().to_lowercase();
    let picture = [".png", ".jpg", ".jpeg", ".svg", ".gif"].iter().any(|extension| path.ends_with(extension));
    !path.is_empty() && !path.contains("://") && !path.starts_with("mailto:") && !picture
}

/// Whether the title says that it explains or sets up; what is told in numbered sections is done all the same.
fn explains(place: &Whereabouts, outline: &Outline<'_>) -> bool {
    let headed = numbered(outline).count() >= 2;
    INDEX_STEMS.contains(&place.stem.as_str()) || any(GUIDE_TITLES, &outline.title) && !headed
}

/// Whether there is anything to follow: numbered items, tasks, commands.
pub(super) fn has_steps(outline: &Outline<'_>) -> bool {
    let page = outline.page;
    let ordered = page.items.iter().filter(|item| item.ordered).count() >= 2;
    let headed = numbered(outline).count() >= 2;
    let tasks = page.items.iter().filter(|item| item.done.is_some()).count() >= 2;
    let commands = page.code.iter().any(|block| COMMAND_LANGUAGES.contains(&block.language.to_lowercase().as_str()));
    let stepped = page.headings.iter().filter(|heading| is_step(&heading.text)).count()
        + page.items.iter().filter(|item| is_step(&item.text)).count();
    ordered || headed || stepped >= 2 || tasks || commands
}

/// Languages of code blocks that someone types.
const COMMAND_LANGUAGES: &[&str] = &[
    "",
    "sh",
    "shell",
    "bash",
    "console",
    "zsh",
    "terminal",
    "sql",
    "ruby",
    "python",
    "powershell",
    "shell-session",
    "text",
];
