//! Whether a page gives its reader anything to do: a command, a query, a link to a dashboard or tool. Uses `outline`.

use super::outline::Outline;
use super::vocabulary::Purpose;
use crate::source::Span;

/// Where one of them stands, outside of the sections that explain.
pub(super) fn first(outline: &Outline<'_>) -> Option<Span> {
    let page = outline.page;
    let acts =
        |span: &Span| !matches!(outline.purpose_at(span.start as usize), Some(Purpose::Impact | Purpose::Escalation));
    let code = page.code.iter().map(|block| block.span);
    // One word in code is a name; several are typed somewhere.
    let typed =
        page.inline_code.iter().filter(|code| code.text.trim().contains([' ', '(', '/', '{'])).map(|it| it.span);
    let web = |target: &str| target.contains("://") || target.starts_with('/');
    let tools = page.links.iter().filter(|link| web(&link.target)).map(|link| link.span);
    let pages = page.links.iter().filter(|link| !link.target.starts_with('#')).map(|link| link.span);
    let referred = super::shortcode::links(outline).into_iter().map(|link| link.span);
    code.chain(typed).chain(referred).chain(tools).chain(pages).find(acts)
}
