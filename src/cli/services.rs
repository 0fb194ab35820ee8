//! `twoam services`: the services, their members, and why each was linked.

use std::collections::BTreeSet;
use std::io::Write;

use owo_colors::{OwoColorize, Style};

use super::arguments::Services;
use super::terminal::Terminal;
use super::{CLEAN, Failure, session};
use crate::model::duration::short;
use crate::model::{Fact, Member, Service};
use crate::report::{plural, terminal_text as shown};
use crate::source::Span;

pub(super) fn run(arguments: &Services, terminal: &Terminal) -> Result<u8, Failure> {
    let session = session::audit(&arguments.inputs, terminal)?;
    let model = &session.audit.model;
    let mut services: Vec<&Service> = model.services.iter().collect();
    services.sort_by(|left, right| left.name.cmp(&right.name));
    let mut out = terminal.out();
    let bold = if terminal.color() { Style::new().bold() } else { Style::new() };
    let dim = if terminal.color() { Style::new().dimmed() } else { Style::new() };
    for service in &services {
        writeln!(out, "{}{}", shown(&service.name).style(bold), shown(&about(service)).style(dim))?;
        let members: Vec<&Member> = if arguments.inputs.verbose {
            service.members.iter().collect()
        } else {
            service.members.iter().filter(|member| member.place.environment.production).collect()
        };
        let kind_width = members.iter().map(|member| member.kind.len()).max().unwrap_or(0);
        let name_width = members.iter().map(|member| member.name.chars().count()).max().unwrap_or(0).min(44);
        // What is delivered to several clusters is declared once, and looks the same each time.
        let mut told: BTreeSet<(&str, &str, Span, &str, &str)> = BTreeSet::new();
        for member in members {
            let Member { kind, name, place, linked_by } = member;
            if !told.insert((kind, name, place.span, &place.environment.name, linked_by)) {
                continue;
            }
            let environment = if member.place.environment.production {
                String::new()
            } else {
                format!(" [{}]", member.place.environment.name)
            };
            writeln!(
                out,
                "  {:<kind_width$}  {:<name_width$}  {}{environment}  {}",
                member.kind,
                shown(&member.name),
                shown(&session.audit.sources.place(member.place.span)).style(dim),
                shown(&format!("by {}", member.linked_by)).style(dim),
            )?;
        }
        writeln!(out)?;
    }
    writeln!(out, "{}", plural(services.len(), "service"))?;
    if services.is_empty() {
        writeln!(out, "Name them in twoam.toml ([[service]] with paths) where labels and tags do not say.")?;
    }
    out.flush()?;
    Ok(CLEAN)
}

/// Tier, owner and environment in brackets.
fn about(service: &Service) -> String {
    let mut parts = Vec::new();
    if let Some(tier) = service.tier.value() {
        parts.push(format!("tier {tier}"));
    }
    parts.push(match (service.owner.value(), service.owner.reason()) {
        (Some(owner), _) => format!("owned by {owner}"),
        (None, Some(_)) => "owner not known".to_owned(),
        (None, None) => "no owner".to_owned(),
    });
    if !service.place.environment.production {
        parts.push(format!("{}, not judged", service.place.environment.name));
    }
    if service.place.library {
        parts.push("library, not judged".to_owned());
    }
    #[allow(clippy::cast_precision_loss, reason = "nobody declares that much")]
    let declared =
        |what: &str, minutes: &Fact<i64>| minutes.value().map(|minutes| format!("{what} {}", short(*minutes as f64)));
    parts.extend(declared("RPO", &service.rpo_minutes));
    parts.extend(declared("RTO", &service.rto_minutes));
    format!("  ({})", parts.join(", "))
}
