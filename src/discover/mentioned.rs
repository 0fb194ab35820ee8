//! Files that others mention, whatever they are called: values that a helmfile keeps in `production.env`. What nobody
//! mentions stays unread.

use std::collections::BTreeSet;

use super::{Discovery, Options};

/// The paths that files mention: those whose own path `mentions` accepts are read, and `found` says what a text mentions.
pub fn mentioned(
    discovery: &Discovery,
    options: &Options,
    mentions: &dyn Fn(&str) -> bool,
    found: &dyn Fn(&str, &str) -> Vec<String>,
) -> BTreeSet<String> {
    let further = discovery.further(mentions, options);
    let files = discovery.files.iter().filter(|file| mentions(&file.shown)).chain(&further);
    let text = |file| super::read::bytes(file).ok().flatten().and_then(|bytes| String::from_utf8(bytes).ok());
    files.flat_map(|file| text(file).map(|text| found(&file.shown, &text)).unwrap_or_default()).collect()
}
