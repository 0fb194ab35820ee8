//! How a service goes back to the version before: the way, what it takes, what it hangs on. Uses `model`.

use std::io::{self, Write};

use super::line;
use crate::audit::Audit;
use crate::model::Service;
use crate::model::duration::short;
use crate::source::Span;

/// Writes the rollback path of a service that has one, or may have.
pub(super) fn explain(audit: &Audit, service: &Service, out: &mut dyn Write) -> io::Result<()> {
    let path = &service.rollback;
    if !service.deployable {
        return Ok(());
    }
    let place = |span: Option<Span>| span.map_or(String::new(), |span| format!("  {}", audit.sources.place(span)));
    writeln!(out, "The way back")?;
    match (path.exists.value(), path.exists.reason()) {
        (Some(true), _) => line(out, &format!("  {}{}", path.way, place(path.exists.span)))?,
        (_, Some(unknown)) => line(out, &format!("  not known: {}{}", unknown.reason, place(path.exists.span)))?,
        _ if path.way.is_empty() => line(out, &format!("  none{}", place(path.exists.span)))?,
        _ => line(out, &format!("  none: {} has nothing to go back to{}", path.way, place(path.exists.span)))?,
    }
    match path.seconds.value() {
        Some(seconds) if path.terms.iter().any(|term| term.seconds.is_none()) => {
            line(out, &format!("  takes {}, and what is not known of it (`?`)", length(*seconds)))?;
        }
        Some(seconds) => line(out, &format!("  takes {} when all goes well", length(*seconds)))?,
        None => writeln!(out, "  how long it takes is not declared")?,
    }
    for term in &path.terms {
        let seconds = term.seconds.map_or("?".to_owned(), length);
        line(out, &format!("    {seconds:>8}  {}{}", term.what, place(term.span)))?;
    }
    writeln!(out, "  hangs on")?;
    // What is deployed to several clusters is declared once.
    let mut told: Vec<String> = Vec::new();
    for need in &path.needs {
        let met = match need.met {
            Some(true) => "yes",
            Some(false) => "no",
            None => "?",
        };
        let text = format!("    {met:>8}  {}{}", need.what, place(need.span));
        if !told.contains(&text) {
            line(out, &text)?;
            told.push(text);
        }
    }
    writeln!(out)
}

fn length(seconds: i64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "nobody waits that long")]
    let minutes = seconds as f64 / 60.0;
    short(minutes)
}
