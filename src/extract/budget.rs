//! Error budget policies: pages that say what happens when the budget of an objective is spent. Uses `source`, `tree` and
//! `model`.
//! <https://sre.google/workbook/error-budget-policy/>

use crate::extract::{Facts, Input};
use crate::source::Span;
use crate::tree::Content;

/// Words beside "error budget" that make a heading, or a file's name, one about what follows from it.
const FOLLOWING: &[&str] = &["policy", "policies", "freeze", "exhaust", "spent", "depleted"];

/// Adds the page, when it is one.
pub(super) fn extract(input: &Input<'_>, facts: &mut Facts) {
    let Content::Page(page) = &input.document.content else { return };
    let says = |text: &str| {
        let plain = text.to_lowercase().replace(['-', '_'], " ");
        plain.contains("error budget") && FOLLOWING.iter().any(|word| plain.contains(word))
    };
    let named = says(&input.source.path).then(|| Span::head(input.id));
    let headed = page.headings.iter().find(|heading| says(&heading.text)).map(|heading| heading.span);
    facts.model.surroundings.budget_policies.extend(headed.or(named));
}
