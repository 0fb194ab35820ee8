//! Whether a page gives its reader anything to do: a command, a query, a link to a dashboard or tool. Uses `outline`.

use super::outline::{LineKind, Outline};
use super::vocabulary::Purpose;
use crate::source::Span;

/// Words after which a command may stand between quotation marks.
const BEFORE: &[&str] = &["command", "commands", "run", "running", "execute", "executing", "type", "enter", "issue"];

/// Quotation marks, and what closes each.
const QUOTES: &[(char, char)] = &[('"', '"'), ('“', '”'), ('\'', '\'')];

/// How the names of metrics end. <https://prometheus.io/docs/practices/naming/>
const UNITS: &[&str] = &["_total", "_seconds", "_bytes", "_count", "_sum", "_bucket", "_ratio", "_length", "_info"];

/// The parts that a longer name has: settings seldom have as many.
const MANY_PARTS: usize = 4;

/// Where one of them stands, outside of the sections that explain.
pub(super) fn first(outline: &Outline<'_>) -> Option<Span> {
    let page = outline.page;
    let acts =
        |span: &Span| !matches!(outline.purpose_at(span.start as usize), Some(Purpose::Impact | Purpose::Escalation));
    let code = page.code.iter().map(|block| block.span);
    // One word in code is a name; several are typed somewhere, and so is the name of a metric.
    let typed = page.inline_code.iter().filter(|code| {
        let text = code.text.trim();
        text.contains([' ', '(', '/', '{']) || is_metric(text)
    });
    let typed = typed.map(|it| it.span);
    let web = |target: &str| target.contains("://") || target.starts_with('/');
    let tools = page.links.iter().filter(|link| web(&link.target)).map(|link| link.span);
    let pages = page.links.iter().filter(|link| !link.target.starts_with('#')).map(|link| link.span);
    let referred = super::shortcode::links(outline).into_iter().map(|link| link.span);
    let lines = outline.lines.iter().filter(|line| line.kind == LineKind::Text);
    let said = lines.filter(|line| quotes_command(line.text) || has_port_and_path(line.text));
    let said = said.map(|line| Span::new(outline.head.source, line.start, line.start + line.text.len()));
    code.chain(typed).chain(referred).chain(tools).chain(pages).chain(said).find(acts)
}

/// Whether a word is what a metric, or a recorded series, is called.
fn is_metric(word: &str) -> bool {
    let name = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_:".contains(&byte));
    let parts = word.split('_').filter(|part| !part.is_empty()).count();
    name && (word.trim_matches(':').contains(':') || parts >= MANY_PARTS)
        || name && parts > 2 && UNITS.iter().any(|unit| word.ends_with(unit))
}

/// `The command "ceph health" …`
fn quotes_command(line: &str) -> bool {
    QUOTES.iter().any(|(open, close)| {
        line.match_indices(*open).any(|(at, _)| {
            let before = line[..at].trim_end_matches([' ', ':', '*', '_', '`']);
            let word = before.rsplit(|it: char| !it.is_alphabetic()).next().unwrap_or_default().to_lowercase();
            let quoted = line[at + open.len_utf8()..].split_once(*close).map_or("", |(quoted, _)| quoted);
            BEFORE.contains(&word.as_str()) && quoted.split_whitespace().count() > 1
        })
    })
}

/// `:9090/rules`, of whichever host.
fn has_port_and_path(line: &str) -> bool {
    line.match_indices(':').any(|(at, _)| {
        let rest = &line[at + 1..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        (2..=5).contains(&digits)
            && rest[digits..]
                .strip_prefix('/')
                .is_some_and(|path| path.starts_with(|it: char| it.is_ascii_alphabetic()))
    })
}

#[cfg(test)]
mod tests {
    use super::{has_port_and_path, is_metric, quotes_command};

    #[test]
    fn a_metric_is_typed_and_a_setting_is_named() {
        for metric in ["shop_storage_memory_series", "shop_errors_total", "job:errors:rate5m", "shop_queue_length"] {
            assert!(is_metric(metric), "{metric}");
        }
        for name in ["max_connections", "checkout", "wal_level", "Shop_Errors_Total", ":9090", "queue_length"] {
            assert!(!is_metric(name), "{name}");
        }
    }

    #[test]
    fn commands_and_addresses_stand_in_prose() {
        for line in ["The command \"ceph health\" shows it", "Run: “systemctl restart shop”", "the page (:9090/rules)."]
        {
            assert!(quotes_command(line) || has_port_and_path(line), "{line}");
        }
        for line in ["It says \"not ready yet\"", "run \"shop\"", "at 10:30/11:30", "see: 5/6"] {
            assert!(!quotes_command(line) && !has_port_and_path(line), "{line}");
        }
    }
}
