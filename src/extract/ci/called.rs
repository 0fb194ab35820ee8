//! The scripts and the recipes of Makefiles that a job runs: what they do, the job does. Uses `source` and the grammar of
//! `commands`.
//!
//! They are followed where the job is for shipping, by its name or by theirs: what tests and builds run is no deployment,
//! though it may start a cluster of its own. Shell is read as far as its commands stand one after the other; of branches,
//! every one counts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use super::commands;
use super::files::Files;
use super::job::{Called, Job, NAME_THE_WAY, names_shipping};
use crate::source::{Source, join, parent};
use crate::tree::Unknown;

/// How deep scripts are followed into each other, and how many commands a job may become.
const DEEPEST: usize = 6;
const MOST_COMMANDS: usize = 2_000;

/// How deep variables and targets of a Makefile name each other.
const DEEPEST_MAKE: usize = 8;

/// Whether a path may be that of a script which pipelines run.
pub fn is_script(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let folder = parent(path).rsplit('/').next().unwrap_or_default();
    let bare = !name.contains('.') && matches!(folder, "bin" | "script" | "scripts" | "ci" | ".ci" | "hack");
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    matches!(ending, "sh" | "bash") || bare
}

/// Reads what the jobs of a pipeline run.
pub(super) fn follow(files: &Files<'_>, job: &mut Job) {
    let path = files.path_of(job.via.first().copied().unwrap_or(job.span));
    let root = files.root_of(files.path_of(job.span));
    let production = |name: &str| files.environments().of_word(name).is_some_and(|it| it.production);
    let ships = job.names.iter().chain(&job.environments).any(|name| names_shipping(name) || production(name));
    let mut unread = None;
    let mut reader = Reader { files, root, follows: BTreeSet::new(), left: MOST_COMMANDS };
    for step in &mut job.steps {
        for command in super::job::commands_of(step) {
            if !ships && !command.iter().any(|word| names_shipping(word)) {
                continue;
            }
            let Some(commands) = reader.called(&command, parent(path), 0) else { continue };
            let deploys = |command: &Vec<String>| commands::deploys(command).is_some();
            if deploys(&command) && !commands.iter().any(deploys) {
                let reason = format!("what `{}` runs deploys by means that are not known here", command.join(" "));
                unread = unread.or(Some(Unknown::new(reason, NAME_THE_WAY, step.span)));
            } else {
                step.called.push(Called { command, commands });
            }
        }
    }
    job.unread = job.unread.take().or(unread);
    job.follows.extend(reader.follows.into_iter().map(Into::into));
}

struct Reader<'r, 'a> {
    files: &'r Files<'a>,
    /// What the paths of the repository begin with.
    root: &'r str,
    /// The paths that were read.
    follows: BTreeSet<String>,
    /// How many more commands there may be.
    left: usize,
}

impl Reader<'_, '_> {
    /// What a command runs, where that is a script or a recipe of the repository.
    fn called(&mut self, command: &[String], folder: &str, depth: usize) -> Option<Vec<Vec<String>>> {
        if depth >= DEEPEST || self.left == 0 {
            return None;
        }
        let (program, words) = commands::written_program(command)?;
        let (path, text) = match program.rsplit('/').next().unwrap_or(program) {
            "make" | "gmake" => self.recipe(words)?,
            "bash" | "sh" | "zsh" | "source" | "." => {
                let at = words.iter().position(|word| !word.starts_with('-'))?;
                self.script(words.get(at)?, words.get(at + 1..)?, folder)?
            }
            _ if program.contains(['/', '.']) => self.script(program, words, folder)?,
            _ => return None,
        };
        let mut commands = Vec::new();
        for command in commands::split(&beside(&text)) {
            self.left = self.left.saturating_sub(1);
            match self.called(&command, parent(&path), depth + 1) {
                Some(inner) => commands.extend(inner),
                None => commands.push(command),
            }
        }
        self.follows.insert(path);
        Some(commands)
    }

    /// A script with its arguments filled in: from the root of the repository, beside the one that runs it, or the only
    /// one that ends so.
    fn script(&self, written: &str, arguments: &[String], folder: &str) -> Option<(String, String)> {
        // `${HERE}/common.sh`: beside it, as likely as not.
        let plain = if written.starts_with('$') { written.split_once('/')?.1 } else { written };
        let found = self.file(join(self.root, plain)).or_else(|| self.file(join(folder, plain)));
        let source = found.or_else(|| self.only(plain)).filter(|source| is_script(&source.path))?;
        Some((source.path.clone(), with_arguments(&source.text, arguments)))
    }

    fn file(&self, path: Option<String>) -> Option<&Source> {
        self.files.text(&path?)
    }

    /// The only file of the repository whose path ends so.
    fn only(&self, end: &str) -> Option<&Source> {
        let end = format!("/{}", end.trim_start_matches("./"));
        let mut found =
            self.files.texts().filter(|source| source.path.ends_with(&end) && source.path.starts_with(self.root));
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// The recipes of the targets that a `make` makes.
    fn recipe<'s>(&'s self, words: &[String]) -> Option<(String, String)> {
        let value = |flags: [&str; 2]| {
            let at = words.iter().position(|word| flags.contains(&word.as_str()))?;
            words.get(at + 1).map(String::as_str)
        };
        let folder = value(["-C", "--directory"]);
        let file = value(["-f", "--file"]);
        let (given, targets): (Vec<&str>, Vec<&str>) = commands::verbs(words)
            .into_iter()
            .filter(|word| Some(*word) != folder && Some(*word) != file)
            .partition(|word| word.contains('='));
        let folder = join(self.root, folder.unwrap_or("."))?;
        let named = file.map_or_else(|| vec!["GNUmakefile", "makefile", "Makefile"], |file| vec![file]);
        let first = named.iter().find_map(|name| self.file(join(&folder, name)));
        let having = |source: &'s Source| {
            let makefile = Makefile::read(&source.text);
            targets.iter().any(|target| makefile.recipes.contains_key(*target)).then_some((source, makefile))
        };
        let elsewhere = || {
            let named = self.files.texts().filter(|source| source.path.ends_with("/Makefile"));
            let mut found = named.filter(|source| source.path.starts_with(self.root)).filter_map(having);
            found.next().filter(|_| found.next().is_none())
        };
        let (source, makefile) = first.and_then(having).or_else(elsewhere)?;
        let mut text = String::new();
        let mut seen = BTreeSet::new();
        for target in targets {
            makefile.make(target, &given, &mut seen, &mut text, 0);
        }
        Some((source.path.clone(), text))
    }
}

/// A Makefile as far as it says what its targets run.
/// <https://www.gnu.org/software/make/manual/html_node/Rule-Syntax.html>
#[derive(Default)]
struct Makefile<'t> {
    variables: BTreeMap<&'t str, &'t str>,
    /// Prerequisites and recipes by target.
    recipes: BTreeMap<&'t str, (Vec<&'t str>, Vec<&'t str>)>,
}

impl<'t> Makefile<'t> {
    fn read(text: &'t str) -> Self {
        let mut makefile = Self::default();
        let mut targets: Vec<&str> = Vec::new();
        for line in text.lines() {
            if let Some(recipe) = line.strip_prefix('\t') {
                for target in &targets {
                    makefile.recipes.entry(target).or_default().1.push(recipe);
                }
                continue;
            }
            let line = line.split(" #").next().unwrap_or(line).trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            targets.clear();
            let assigned = line.split_once('=').filter(|(name, _)| {
                let name = name.trim_end_matches([':', '?', '+', '!']).trim();
                !name.is_empty() && !name.contains([' ', ':', '$'])
            });
            if let Some((name, value)) = assigned {
                let name = name.trim_end_matches([':', '?', '+', '!']).trim().trim_start_matches("export ");
                makefile.variables.insert(name, value.trim());
            } else if let Some((names, needs)) = line.split_once(':') {
                targets = names.split_whitespace().collect();
                let needs = needs.trim_start_matches(':').split([';', '|']).next().unwrap_or_default();
                for target in &targets {
                    makefile.recipes.entry(target).or_default().0.extend(needs.split_whitespace());
                }
            }
        }
        makefile
    }

    /// Adds what making a target runs, what it needs first.
    fn make(&self, target: &str, given: &[&str], seen: &mut BTreeSet<String>, text: &mut String, depth: usize) {
        let Some((needs, recipe)) = self.recipes.get(target) else { return };
        if depth >= DEEPEST_MAKE || !seen.insert(target.to_owned()) {
            return;
        }
        for need in needs {
            self.make(need, given, seen, text, depth + 1);
        }
        for line in recipe {
            text.push_str(&self.filled(line.trim_start_matches(['@', '-', '+']), given, 0));
            text.push('\n');
        }
    }

    /// A line with its variables filled in; those that are not known stay, as the shell writes them.
    fn filled(&self, line: &str, given: &[&str], depth: usize) -> String {
        let mut out = String::new();
        let mut rest = line;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('$') {
                out.push('$');
                rest = after;
                continue;
            }
            let close = match rest.chars().next() {
                Some('(') => ')',
                Some('{') => '}',
                _ => {
                    out.push('$');
                    continue;
                }
            };
            let Some(end) = rest.find(close) else {
                out.push('$');
                continue;
            };
            let name = &rest[1..end];
            let told = given.iter().find_map(|word| word.split_once('=').filter(|(own, _)| *own == name));
            let value = told.map(|(_, value)| value).or_else(|| self.variables.get(name).copied());
            let known = value.filter(|_| depth < DEEPEST_MAKE).map(|value| self.filled(value, given, depth + 1));
            out.push_str(&known.unwrap_or_else(|| format!("${{{name}}}")));
            rest = &rest[end + 1..];
            if out.len() > 10_000 {
                break;
            }
        }
        out.push_str(rest);
        out
    }
}

/// A script with the folder it stands in written as `.`, where it asks for that: `$(dirname "$0")`.
fn beside(text: &str) -> String {
    static HERE: LazyLock<Regex> = LazyLock::new(|| {
        let found = Regex::new(r#""?\$\(\s*dirname[^()]*\)"#);
        found.unwrap_or_else(|error| unreachable!("the pattern is tested: {error}"))
    });
    let quoted = |found: &regex::Captures<'_>| if found[0].starts_with('"') { "\"." } else { "." };
    HERE.replace_all(text, quoted).into_owned()
}

/// A script with what it is called with: `$1`, `${1}`, `${1:-default}`.
fn with_arguments(text: &str, arguments: &[String]) -> String {
    let mut out = text.to_owned();
    for (number, argument) in (1..=9).zip(arguments) {
        out = out.replace(&format!("${number}"), argument).replace(&format!("${{{number}}}"), argument);
        for between in [":-", "-", ":?", "?"] {
            let start = format!("${{{number}{between}");
            while let Some(at) = out.find(&start) {
                let Some(length) = out[at..].find('}') else { break };
                out.replace_range(at..=at + length, argument);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_are_made_with_their_needs_and_variables() {
        let text = "TAG ?= latest\nNAME := web-$(TAG)\n.PHONY: deploy\nbuild:\n\t@docker build $(NAME)\n\ndeploy: build # ships\n\tkubectl apply -f $(DIR)/$$HOME\n";
        let makefile = Makefile::read(text);
        let mut made = String::new();
        makefile.make("deploy", &["TAG=1"], &mut BTreeSet::new(), &mut made, 0);
        assert_eq!(made, "docker build web-1\nkubectl apply -f ${DIR}/$HOME\n");
        // What needs itself ends, and so does what is made of itself.
        let circle = Makefile::read("A = $(A)$(A)\na: b\n\techo $(A)\nb: a\n\techo\n");
        circle.make("a", &[], &mut BTreeSet::new(), &mut made, 0);
        assert!(made.len() < 20_000);
    }

    #[test]
    fn a_script_finds_what_stands_beside_it() {
        assert_eq!(beside("source \"$(dirname \"$0\")/common.sh\""), "source \"./common.sh\"");
        assert_eq!(beside(". $(dirname $0)/common.sh"), ". ./common.sh");
    }

    #[test]
    fn arguments_are_filled_in() {
        let filled = with_arguments("a $1 ${2} ${1:-x} ${3:-y}", &["p".to_owned(), "q".to_owned()]);
        assert_eq!(filled, "a p q p ${3:-y}");
    }
}
