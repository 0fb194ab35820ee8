//! Which environment something is for, from the words that name it.

use std::collections::{BTreeMap, BTreeSet};

use globset::GlobSet;
use serde::Serialize;

use crate::tree::Text;

/// Words that mean production.
const PRODUCTION: &[&str] = &["production", "prod", "prd", "live"];

/// Words that mean something that is not judged by default.
const OTHERS: &[&str] = &[
    "dev",
    "develop",
    "development",
    "test",
    "tests",
    "testing",
    "qa",
    "uat",
    "staging",
    "stage",
    "stg",
    "preprod",
    "preproduction",
    "nonprod",
    "nonproduction",
    "pentest",
    "ithc",
    "perftest",
    "loadtest",
    "aat",
    "acceptance",
    "e2e",
    "training",
    "integration",
    "sandbox",
    "sandpit",
    "sbx",
    "preview",
    "ephemeral",
    "example",
    "examples",
    "placeholder",
    "sample",
    "samples",
    "demo",
    "testdata",
    "fixture",
    "fixtures",
    "local",
];

/// Those of them that show or test something.
const FOR_SHOW: &[&str] = &[
    "test",
    "tests",
    "testing",
    "example",
    "examples",
    "placeholder",
    "sample",
    "samples",
    "demo",
    "testdata",
    "fixture",
    "fixtures",
];

/// Folders of what is no longer deployed, or was never meant to be. As a part of a name such a word says nothing:
/// a queue may well be called `deprecated-orders`.
const RETIRED: &[&str] = &[
    ".archive",
    "_archive",
    "archived",
    "attic",
    "deprecated",
    "disabled",
    "graveyard",
    "hack",
    "obsolete",
    "retired",
    "spike",
    "spikes",
    "starters",
];

/// Those of them that say it at the end of the name of one of many too (`db_staging`), where `integration` or `example`
/// say what a thing is for, and `stg` may be storage.
const AT_THE_END: &[&str] = &[
    "dev",
    "develop",
    "development",
    "qa",
    "uat",
    "staging",
    "stage",
    "preprod",
    "preproduction",
    "nonprod",
    "nonproduction",
    "sandbox",
];

/// Environments that may be glued to the name of a place.
const GLUED_OTHERS: &[&str] =
    &["demo", "dev", "int", "npd", "qa", "sandbox", "sbx", "stage", "staging", "stg", "test", "tst", "uat"];

/// Which environment something is declared for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Environment {
    /// `production`, `staging`, …
    pub name: Text,
    /// Whether it is judged: production, and whatever names no environment.
    pub production: bool,
}

impl Default for Environment {
    fn default() -> Self {
        Self { name: Text::const_new("production"), production: true }
    }
}

/// How environments are told apart: the user's globs first, then the words everyone uses.
#[derive(Clone, Debug, Default)]
pub struct Environments {
    /// Paths that are read and never judged, whatever else is said of them; their environment is `ignored`.
    pub ignored: GlobSet,
    /// Paths that are production whatever their words say.
    pub production: GlobSet,
    /// Paths that are not production, with the environment's name.
    pub others: Vec<(Text, GlobSet)>,
    /// Further words that mean production.
    pub production_names: Vec<Text>,
    /// Words glued of a place and an environment (`cellarprod`), and whether that is production.
    pub glued: BTreeMap<Text, bool>,
}

impl Environments {
    /// The environment that a word names: a workspace, a namespace, a tag, a path segment without its extension.
    /// A compound name is read by its parts, of which the last that means anything counts (`checkout-staging`).
    pub fn of_word(&self, word: &str) -> Option<Environment> {
        let word = word.to_ascii_lowercase();
        if self.production_names.iter().any(|name| name.eq_ignore_ascii_case(&word)) {
            return Some(Environment::default());
        }
        let mut parts = word.rsplit(['-', '_', '.']).peekable();
        let mut compound = std::iter::from_fn(|| parts.next().map(|part| (part, parts.peek().copied())));
        let named = |part: &str, before: Option<&str>| {
            // There may be several of a kind: `dev2`.
            let kind = part.trim_end_matches(|digit: char| digit.is_ascii_digit());
            if PRODUCTION.contains(&kind) {
                let other = before.filter(|before| matches!(*before, "pre" | "non"));
                return Some(other.map_or_else(Environment::default, |before| Environment {
                    name: format!("{before}{kind}").into(),
                    production: false,
                }));
            }
            // `sbox`, and what is one of another: `ptlsbox`.
            let sandbox = kind.ends_with("sbox");
            if sandbox || OTHERS.contains(&kind) {
                return Some(Environment { name: part.into(), production: false });
            }
            let own = self.production_names.iter().any(|name| name.eq_ignore_ascii_case(part));
            match self.glued.get(part) {
                Some(false) => Some(Environment { name: part.into(), production: false }),
                Some(true) => Some(Environment::default()),
                None => own.then(Environment::default),
            }
        };
        named(&word, None).or_else(|| compound.find_map(|(part, before)| named(part, before)))
    }

    /// Learns words that are glued of a place and an environment: in a folder that holds something for `cellarprod` and
    /// something for `cellardev`, these are environments, and so is `atticprod`.
    pub fn learn<'p>(&mut self, paths: impl Iterator<Item = &'p str> + Clone) {
        let glued: BTreeSet<&str> =
            paths.clone().flat_map(entries).filter(|(_, name)| names_glued(name)).map(|it| it.0).collect();
        let mut words: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (folder, name) in paths.flat_map(entries).filter(|(folder, _)| glued.contains(folder)) {
            words.entry(folder).or_default().extend(parts(name));
        }
        for words in words.values() {
            let other = |stem: &str| GLUED_OTHERS.iter().any(|end| words.contains(format!("{stem}{end}").as_str()));
            let stems: BTreeSet<&str> = words.iter().filter_map(|word| glued_to_production(word)).collect();
            if !stems.iter().any(|stem| other(stem)) {
                continue;
            }
            for word in words {
                let of_place =
                    || stems.iter().any(|stem| word.strip_prefix(stem).is_some_and(|end| GLUED_OTHERS.contains(&end)));
                if glued_to_production(word).is_some() {
                    self.glued.insert((*word).into(), true);
                } else if of_place() {
                    self.glued.insert((*word).into(), false);
                }
            }
        }
    }

    /// The environment that the end of a compound name says: `orders_non_prod`, `services["orders-test"]`.
    pub fn of_ending(&self, name: &str) -> Option<Environment> {
        self.of_word(ending(name)?)
    }

    /// Whether the end of a name says by a word that means nothing else that it is of another environment than
    /// production; `tests` for names of which the others are environments too, so that `test` is one.
    pub fn of_instance(&self, name: &str, tests: bool) -> Option<Environment> {
        let end = ending(name).unwrap_or(name).to_ascii_lowercase();
        let last = end.rsplit(['-', '_']).next().unwrap_or(&end);
        let kind = last.trim_end_matches(|digit: char| digit.is_ascii_digit());
        let plain = AT_THE_END.contains(&kind) || tests && kind == "test" || last.len() < end.len();
        self.of_word(&end).filter(|found| plain && !found.production)
    }

    /// The environment that a path names: the user's globs, then its folders from the outermost, then the file's name.
    /// Any part that is not production makes it so; nothing said is `None`.
    pub fn of_path(&self, path: &str) -> Option<Environment> {
        if self.ignored.is_match(path) {
            return Some(Environment { name: Text::const_new("ignored"), production: false });
        }
        if self.production.is_match(path) {
            return Some(Environment::default());
        }
        if let Some((name, _)) = self.others.iter().find(|(_, globs)| globs.is_match(path)) {
            return Some(Environment { name: name.clone(), production: false });
        }
        let mut found = None;
        let mut segments: Vec<&str> = path.split('/').collect();
        if let Some(file) = segments.last_mut() {
            *file = file.rsplit_once('.').map_or(*file, |(stem, _)| stem);
        }
        for segment in segments {
            if RETIRED.contains(&segment) {
                return Some(Environment { name: Text::const_new("retired"), production: false });
            }
            match self.of_word(segment) {
                Some(environment) if !environment.production => return Some(environment),
                other => found = found.or(other),
            }
        }
        found
    }

    /// Whether nothing but the name of a file says that it is not for production: `ci/test.yml`.
    pub fn says_file_alone(&self, path: &str) -> bool {
        let is_other = |path: &str| self.of_path(path).is_some_and(|it| !it.production);
        let by_glob = || self.ignored.is_match(path) || self.others.iter().any(|(_, globs)| globs.is_match(path));
        let beside = || path.rsplit_once('/').map_or_else(|| "_".to_owned(), |(folder, _)| format!("{folder}/_"));
        is_other(path) && !by_glob() && !is_other(&beside())
    }

    /// Whether what stands at a path shows or tests something: it may be wrong on purpose.
    pub fn is_for_show(&self, path: &str) -> bool {
        self.of_path(path).is_some_and(|environment| FOR_SHOW.contains(&environment.name.as_str()))
    }

    /// The environment of something at a path, given the words it says itself (namespace, workspace, tag), which weigh
    /// more than the path; production where nothing says otherwise.
    pub fn decide(&self, path: &str, words: &[&str]) -> Environment {
        if self.production.is_match(path) && !self.ignored.is_match(path) {
            return Environment::default();
        }
        let of_path = self.of_path(path);
        match of_path {
            Some(environment) if !environment.production => environment,
            other => words.iter().find_map(|word| self.of_word(word)).or(other).unwrap_or_default(),
        }
    }
}

/// What a path leads through: each folder, and the name of what stands in it without the ending of a file.
fn entries(path: &str) -> impl Iterator<Item = (&str, &str)> {
    let starts = std::iter::once(0).chain(path.match_indices('/').map(|(at, _)| at + 1));
    starts.map(move |start| {
        let (folder, rest) = path.split_at(start);
        let name =
            rest.split_once('/').map_or_else(|| rest.split_once('.').map_or(rest, |(stem, _)| stem), |(name, _)| name);
        (folder, name)
    })
}

fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split(['-', '_', '.'])
}

fn names_glued(name: &str) -> bool {
    parts(name).any(|part| glued_to_production(part).is_some())
}

/// The place of a word that is glued of one and of production.
fn glued_to_production(word: &str) -> Option<&str> {
    let stem = ["prod", "prd", "production"].iter().find_map(|end| word.strip_suffix(end))?;
    let is_place = stem.len() > 1 && stem.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit());
    (is_place && !matches!(stem, "pre" | "non" | "no" | "not" | "re")).then_some(stem)
}

/// The last word of a compound name, with the `non` or `pre` before it.
fn ending(name: &str) -> Option<&str> {
    let split = |text: &str| text.rfind(['_', '-']);
    let at = split(name)?;
    let before = &name[..at];
    let start = split(before).map_or(0, |at| at + 1);
    let negated = ["non", "pre"].iter().any(|word| before[start..].eq_ignore_ascii_case(word));
    Some(if negated { &name[start..] } else { &name[at + 1..] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_paths_name_environments() {
        let environments = Environments::default();
        let production = |path: &str| environments.decide(path, &[]).production;
        assert!(production("terraform/main.tf"));
        assert!(production("env/prod/main.tf"));
        assert!(!production("env/staging/main.tf"));
        assert!(!production("modules/db/examples/production/main.tf"));
        assert!(!production("values-staging.yaml"));
        assert!(production("latest/news.yaml"), "a word inside another word says nothing");
        assert!(!production("ops/dev2/main.tf") && !production("ops/pentest/main.tf"), "there may be several");
        assert!(!production("ops/pre-prod/main.tf") && !production("accounts/payments-non-prod.tf"));
        assert!(
            !production("clusters/sbox/00/web.yaml")
                && !production("clusters/ptlsbox/web.yaml")
                && !production("ithc/a.tf")
        );
        assert!(production("ops/prod2/main.tf") && production("log-archive/main.tf"));
        assert!(!production("kubernetes/.archive/app/app.yaml") && production("queues/deprecated-orders.tf"));
        assert!(!environments.decide("k8s/app.yaml", &["checkout-dev"]).production);
        assert_eq!(environments.of_word("eu-prod-1"), Some(Environment::default()));
    }

    #[test]
    fn words_glued_of_a_place_and_an_environment_are_learnt_where_they_stand_together() {
        let mut environments = Environments::default();
        let paths = [
            "apps/web/values-cellardev.yaml",
            "apps/web/values-cellarprod.yaml",
            "apps/web/values-atticprod-west.yaml",
            "apps/web/values-summit.yaml",
            "apps/mail/values-barnprod.yaml",
            "docs/reprod/steps.md",
        ];
        environments.learn(paths.iter().copied());
        let of = |path: &str| environments.of_path(path).map(|found| found.production);
        assert_eq!(of("apps/web/values-cellarprod.yaml"), Some(true));
        assert_eq!(of("apps/web/values-atticprod-west.yaml"), Some(true));
        assert_eq!(of("other/cellardev/a.yaml"), Some(false));
        assert_eq!(of("apps/web/values-summit.yaml"), None);
        assert_eq!(of("apps/mail/values-barnprod.yaml"), None, "nothing beside it says that it is glued");
    }

    #[test]
    fn a_name_for_production_counts_as_a_part_of_others() {
        let environments = Environments { production_names: vec!["gold".into()], ..Environments::default() };
        assert_eq!(environments.of_word("values-gold"), Some(Environment::default()));
        assert_eq!(environments.of_word("golden"), None);
    }

    #[test]
    fn the_end_of_a_name_says_of_which_environment_one_of_many_is() {
        let environments = Environments::default();
        let other = |name: &str| environments.of_instance(name, false).map(|found| found.name.to_string());
        assert_eq!(other("db_staging").as_deref(), Some("staging"));
        assert_eq!(other("orders_non_prod").as_deref(), Some("nonprod"));
        assert_eq!(other("orders-pre-production").as_deref(), Some("preproduction"));
        assert_eq!(other("staging").as_deref(), Some("staging"));
        for kept in ["orders_prod", "slack_integration", "load_test", "staging_of_orders", "orders", "nonce"] {
            assert_eq!(other(kept), None, "{kept}");
        }
        assert!(environments.of_instance("orders-test", true).is_some());
        assert!(environments.of_ending("orders_non_prod").is_some_and(|found| !found.production));
        assert!(environments.of_ending("orders_prod").is_some_and(|found| found.production));
        assert_eq!(environments.of_ending("prod"), None);
    }
}
