//! Anchors as each host makes them of headings. What a link's anchor must be depends on where the page is shown.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::files::decode;
use crate::model::surroundings::Generator;
use crate::model::{Id, Model, Runbook};

/// Who makes the anchors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Style {
    /// GitHub, Gitea, Hugo (goldmark's `github` type) and Docusaurus (`github-slugger`).
    GitHub,
    /// Runs of dashes are one, a number alone is `anchor-7`.
    /// <https://docs.gitlab.com/user/markdown/#heading-ids-and-links>
    GitLab,
    /// ASCII only, runs of dashes and spaces are one, repeated ones get `_1`.
    /// <https://python-markdown.github.io/extensions/toc/>
    PythonMarkdown,
    /// What stands before the first letter is dropped. <https://kramdown.gettalong.org/converter/html.html#auto-ids>
    Kramdown,
    /// `markdown-header-` before it, dashes run together.
    /// <https://confluence.atlassian.com/bitbucketserver/markdown-syntax-guide-776639995.html>
    Bitbucket,
}

impl Style {
    /// All that a site may show for its pages: `MkDocs` is often set to another function for its anchors.
    pub(super) fn of_site(generator: Generator) -> &'static [Self] {
        match generator {
            Generator::Mkdocs => &[Self::PythonMarkdown, Self::GitHub],
            Generator::Hugo | Generator::Docusaurus => &[Self::GitHub],
            Generator::Jekyll => &[Self::Kramdown, Self::GitHub],
        }
    }

    fn base(self, heading: &str) -> String {
        let github = crate::tree::page::slug(heading);
        match self {
            Self::GitHub => github.to_string(),
            Self::GitLab => {
                let squeezed = squeeze(&github, &['-']);
                let number = !squeezed.is_empty() && squeezed.chars().all(|it| it.is_ascii_digit());
                if number { format!("anchor-{squeezed}") } else { squeezed }
            }
            Self::PythonMarkdown => {
                let ascii: String = github.chars().filter(char::is_ascii).collect();
                squeeze(ascii.trim_matches('-'), &['-'])
            }
            Self::Kramdown => github.trim_start_matches(|it: char| !it.is_alphabetic()).to_owned(),
            Self::Bitbucket => format!("markdown-header-{}", squeeze(&github, &['-'])),
        }
    }

    fn repeated(self, base: &str, count: usize) -> String {
        let between = if self == Self::PythonMarkdown { '_' } else { '-' };
        if count == 0 { base.to_owned() } else { format!("{base}{between}{count}") }
    }
}

fn squeeze(text: &str, marks: &[char]) -> String {
    let mut squeezed = String::with_capacity(text.len());
    for letter in text.chars() {
        if !(marks.contains(&letter) && squeezed.ends_with(letter)) {
            squeezed.push(letter);
        }
    }
    squeezed
}

/// What an anchor leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// A heading or an explicit anchor, or a place that the viewer makes.
    There,
    /// Only a cell of a table reads so, which makes no anchor; whoever wrote it may have tools that do.
    Cell,
    /// Nothing.
    Nothing,
}

/// The anchors of one page in one style.
type Slugs = Rc<BTreeSet<String>>;

/// The anchors of pages, each made once for each style.
#[derive(Default)]
pub(super) struct Anchors {
    made: RefCell<BTreeMap<(Id<Runbook>, Style), Slugs>>,
}

impl Anchors {
    /// What an anchor of a page leads to, where it is shown in any of these styles.
    pub(super) fn find(&self, model: &Model, page: Id<Runbook>, anchor: &str, styles: &[Style]) -> Anchor {
        let anchor = decode(anchor).to_lowercase();
        let anchor = anchor.strip_prefix("user-content-").unwrap_or(&anchor);
        // `#L10` is a line of the file, `#top` the page itself, `#:~:text=` a text on it, `#/x` a route of a program.
        let digits = |rest: &str| rest.starts_with(|it: char| it.is_ascii_digit());
        let of_viewer = anchor.is_empty()
            || anchor == "top"
            || anchor.starts_with([':', '/', '!'])
            || anchor.strip_prefix('l').is_some_and(digits)
            || anchor.strip_prefix("lines-").is_some_and(digits);
        if of_viewer || styles.iter().any(|style| self.of(model, page, *style).contains(anchor)) {
            Anchor::There
        } else if is_cell(&model[page].cells, anchor) {
            Anchor::Cell
        } else {
            Anchor::Nothing
        }
    }

    fn of(&self, model: &Model, page: Id<Runbook>, style: Style) -> Slugs {
        let make = || {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            let mut all: BTreeSet<String> = model[page].anchors.iter().map(|name| name.to_lowercase().into()).collect();
            for (_, text, _) in &model[page].headings {
                let base = style.base(text);
                let count = counts.entry(base.clone()).or_default();
                all.insert(style.repeated(&base, *count));
                *count += 1;
            }
            Rc::new(all)
        };
        self.made.borrow_mut().entry((page, style)).or_insert_with(make).clone()
    }
}

/// Cells shorter than this are words that end many anchors.
const TELLING: usize = 8;

/// Whether a cell reads like an anchor, or like the end of one: `#alert-name-checkoutfull` for the row `CheckoutFull`.
fn is_cell(cells: &[crate::tree::Text], anchor: &str) -> bool {
    let has = |part: &str| cells.binary_search_by(|cell| cell.as_str().cmp(part)).is_ok();
    let tails = anchor.match_indices('-').filter_map(|(at, _)| anchor.get(at + 1..));
    has(anchor) || tails.filter(|tail| tail.len() >= TELLING).any(has)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_makes_its_own_anchors() {
        let heading = "2. Who & what: Ärger?";
        assert_eq!(Style::GitHub.base(heading), "2-who--what-ärger");
        assert_eq!(Style::GitLab.base(heading), "2-who-what-ärger");
        assert_eq!(Style::PythonMarkdown.base(heading), "2-who-what-rger");
        assert_eq!(Style::Kramdown.base(heading), "who--what-ärger");
        assert_eq!(Style::Bitbucket.base(heading), "markdown-header-2-who-what-ärger");
        assert_eq!(Style::GitLab.base("2026"), "anchor-2026");
        assert_eq!(Style::PythonMarkdown.repeated("a", 1), "a_1");
    }
}
