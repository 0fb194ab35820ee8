//! Our own complaints: a file that cannot be read, a rule that does not compile, a configuration with a wrong key.
//! They are drawn by the renderer that draws findings. Uses `source` only.

use crate::source::Span;

/// A file that was not read, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Its path, as shown.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// Whose fault a problem is, which decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// An audited file is broken: the rest is audited, and the problem is reported beside the findings.
    Input,
    /// A rule is broken: it is left out; exit code 2.
    Rule,
    /// The configuration is broken: exit code 2.
    Configuration,
}

/// One complaint: what is wrong, where, and what to do next.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Whose fault it is.
    pub fault: Fault,
    /// What is wrong, in one line.
    pub message: String,
    /// What to do next; may be empty.
    pub help: String,
    /// Where, when it is in a file that was read.
    pub span: Option<Span>,
    /// The path, when the file itself could not be read.
    pub path: Option<String>,
}

impl Problem {
    /// A problem at a place in a file.
    pub fn at(fault: Fault, span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { fault, message: message.into(), help: help.into(), span: Some(span), path: None }
    }

    /// A problem of a file as a whole, named by its path.
    pub fn of(fault: Fault, path: impl Into<String>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { fault, message: message.into(), help: help.into(), span: None, path: Some(path.into()) }
    }
}

/// The option nearest to a word that was probably meant, when one is near enough.
pub fn nearest<'a>(word: &str, options: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    options
        .into_iter()
        .map(|option| (strsim::damerau_levenshtein(word, option), option))
        .filter(|(distance, option)| *distance <= option.len().max(word.len()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, option)| option)
}

/// How many options are offered.
const OFFERED: usize = 3;

/// A question after what was probably meant by a word, each option behind a prefix: the nearest one, or those that the
/// word is a part of; nothing where neither is there.
pub fn did_you_mean<'a>(
    word: &str,
    prefix: &str,
    options: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    let lower = word.to_lowercase();
    let mut offered: Vec<&str> = nearest(word, options.clone()).into_iter().collect();
    for option in options {
        let part = lower.len() > 2 && option.to_lowercase().contains(&lower);
        if part && offered.len() < OFFERED && !offered.contains(&option) {
            offered.push(option);
        }
    }
    let offered: Vec<String> = offered.iter().map(|option| format!("`{prefix}{option}`")).collect();
    match offered.as_slice() {
        [] => None,
        [one] => Some(format!("did you mean {one}?")),
        [rest @ .., last] => Some(format!("did you mean {} or {last}?", rest.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_near_or_holds_the_word() {
        let options = ["thanos-querier", "thanos-store", "checkout"];
        let asked = |word| did_you_mean(word, "service/", options);
        assert_eq!(
            asked("thanos").as_deref(),
            Some("did you mean `service/thanos-querier` or `service/thanos-store`?")
        );
        assert_eq!(asked("chekout").as_deref(), Some("did you mean `service/checkout`?"));
        assert_eq!(asked("mailer"), None);
    }
}
