//! Messages: text with facts in braces, `{alert.name}`. Every path is checked at load. A number before a unit of time
//! (`{datastore.backup.retention_days} days`) is said as a duration: "8 hours" for a third of a day.

use super::check::{Complaint, Role, check};
use super::expression::{Expression, Scope};
use crate::model::duration::{Unit, in_words};
use crate::model::schema::{Datum, Kind};

/// A message with places for facts.
#[derive(Clone, Debug)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Fact(Expression),
    /// A fact and the unit that it is counted in.
    Duration(Expression, Unit),
}

impl Template {
    /// Reads a message about a subject; `{{` and `}}` are braces.
    pub(super) fn read(text: &str, subject: fn() -> &'static Kind) -> Result<Self, Complaint> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            parts.push(Part::Text(rest[..open].to_owned()));
            let inside = &rest[open + 1..];
            let at = text.len() - inside.len();
            let Some(close) = inside.find('}') else {
                let message = "a `{` is never closed".to_owned();
                return Err(Complaint { message, help: "write `{path}`".into(), range: Some((at - 1, at)) });
            };
            let checked = check(&inside[..close], subject, Role::Path).map_err(|complaint| Complaint {
                range: complaint.range.map(|(start, end)| (at + start, at + end)),
                ..complaint
            })?;
            rest = &inside[close + 1..];
            match unit(rest) {
                Some((unit, after)) => {
                    parts.push(Part::Duration(checked.expression, unit));
                    rest = after;
                }
                None => parts.push(Part::Fact(checked.expression)),
            }
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self { parts })
    }

    /// The message with its facts; what is absent or unknown is said so.
    pub(super) fn fill(&self, scope: &Scope<'_>) -> String {
        let mut message = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => message.push_str(text),
                Part::Fact(path) => write(&mut message, scope.view(path).datum),
                Part::Duration(path, unit) => match scope.view(path).datum {
                    Datum::Number(count) => message.push_str(&in_words(count, *unit)),
                    #[allow(clippy::cast_precision_loss, reason = "no duration is that long")]
                    Datum::Int(count) => message.push_str(&in_words(count as f64, *unit)),
                    other => {
                        write(&mut message, other);
                        message.push(' ');
                        message.push_str(unit.name());
                    }
                },
            }
        }
        message
    }
}

/// The unit of time that a text begins with, and what follows it.
fn unit(text: &str) -> Option<(Unit, &str)> {
    let text = text.strip_prefix(' ')?;
    let named = Unit::ALL.into_iter().find_map(|unit| Some((unit, text.strip_prefix(unit.name())?)));
    named.filter(|(_, after)| !after.starts_with(char::is_alphanumeric))
}

fn write(message: &mut String, datum: Datum<'_>) {
    match datum {
        Datum::Null => message.push_str("nothing"),
        Datum::Bool(value) => message.push_str(if value { "true" } else { "false" }),
        Datum::Int(value) => message.push_str(&value.to_string()),
        Datum::Number(value) => message.push_str(&value.to_string()),
        Datum::Text(text) => message.push_str(&text),
        Datum::Labels(_) => message.push_str("labels"),
        Datum::Object(object) => message.push_str(object.kind().name),
        // Of an image whose registry is not known, the rest says enough: `*/checkout:latest`.
        Datum::Unknown(reason) => {
            message.push_str(reason.get().partial.as_deref().unwrap_or("an unknown value"));
        }
        Datum::List(items) => {
            for (index, item) in items.into_iter().enumerate() {
                if index > 0 {
                    message.push_str(", ");
                }
                write(message, item.datum);
            }
        }
    }
}
