//! The names on a page, each with the purpose of its section, so that linking can ask whether a section on restoring
//! names a database. Uses `outline`.

use std::collections::BTreeSet;

use super::outline::{LineKind, Outline};
use crate::model::Mention;
use crate::tree::Text;

/// A page that names more than this is a listing; the rest is left out.
const MOST: usize = 5_000;

/// Longer than any name: hashes, encoded text.
const LONGEST: usize = 100;

/// The names on a page, in lower case, sorted.
pub(super) fn read(outline: &Outline<'_>) -> Vec<Mention> {
    let mut found = BTreeSet::new();
    for line in outline.lines.iter().filter(|line| !matches!(line.kind, LineKind::Matter | LineKind::Blank)) {
        let section =
            outline.purpose_at(line.start).map_or(Text::const_new(""), |purpose| Text::const_new(purpose.name()));
        for name in names(line.text) {
            if found.len() >= MOST {
                return found.into_iter().collect();
            }
            found.insert(Mention { name, section: section.clone() });
        }
    }
    found.into_iter().collect()
}

/// The names in a text: words as written, and the parts of paths and pairs (`deployment/checkout`, `app=checkout`).
pub(crate) fn names(text: &str) -> impl Iterator<Item = Text> + '_ {
    let inner = |character: char| character.is_alphanumeric() || "-_./:=@".contains(character);
    text.split(move |character: char| !inner(character)).flat_map(|word| {
        let parts = word.split(['/', ':', '=', '@']);
        let whole = word.contains(['/', ':', '=', '@']).then_some(word);
        whole.into_iter().chain(parts).filter_map(name)
    })
}

fn name(word: &str) -> Option<Text> {
    let word = word.trim_matches(|character: char| !character.is_alphanumeric() && character != '_');
    let fits = word.len() > 1 && word.len() <= LONGEST && word.chars().any(char::is_alphabetic);
    fits.then(|| Text::from(word.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_whole_and_in_parts() {
        let found: Vec<Text> = names("kubectl -n seating get deployment/checkout, `app=Mailer`; 42.").collect();
        for name in ["kubectl", "seating", "deployment/checkout", "deployment", "checkout", "app=mailer", "mailer"] {
            assert!(found.contains(&Text::from(name)), "{name} in {found:?}");
        }
        assert!(!found.contains(&Text::from("42")));
    }
}
