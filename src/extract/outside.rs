//! Services that ask from outside and are set up outside of any repository, where a text or a comment names one. Uses
//! `source` and `model`.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::Environments;
use crate::source::{Sources, Span};
use crate::tree::Text;

/// What they are called.
static NAMES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let names =
        r"pingdom|statuscake|uptime ?robot|site24x7|checkly|better ?uptime|better ?stack|updown\.io|hetrixtools";
    Regex::new(&format!(r"(?i)\b({names})\b")).ok()
});

/// Where the first of them is named, by path, and its name.
pub fn named(sources: &Sources, environments: &Environments) -> Option<(Text, Span)> {
    let names = NAMES.as_ref()?;
    let own = sources.iter().filter(|(_, source)| !environments.is_for_show(&source.path));
    let mut found: Vec<(&str, Text, Span)> = own
        .filter_map(|(id, source)| {
            let found = names.find(&source.text)?;
            Some((source.path.as_str(), found.as_str().into(), Span::new(id, found.start(), found.end())))
        })
        .collect();
    found.sort();
    found.into_iter().next().map(|(_, name, span)| (name, span))
}
