//! `csvdecode`: RFC 4180, as strictly as Go reads it.

use crate::resolve::terraform::operate::{Evaluated, Failure};
use crate::resolve::terraform::typed::{Member, Typed};
use crate::resolve::terraform::types::{Field, Type};

use super::{Context, LONGEST_LIST};

pub(super) fn csvdecode(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let text = cx.text(args, 0)?;
    cx.evaluator.spend(text.len() / 16);
    let mut rows = records(cx, text)?.into_iter();
    let headers = rows.next().ok_or_else(|| cx.failure("the line of headers is missing"))?;
    let mut fields: Vec<Field> =
        headers.iter().map(|name| Field { name: name.as_str().into(), kind: Type::String, optional: false }).collect();
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    if fields.windows(2).any(|pair| pair[0].name == pair[1].name) {
        return Err(cx.failure("a column stands there twice"));
    }
    let mut made = Vec::new();
    for row in rows {
        if row.len() != headers.len() {
            return Err(cx.failure("a line has not as many fields as the first"));
        }
        let member = |(name, value): (&String, String)| Member {
            key: name.as_str().into(),
            key_span: cx.span,
            value: Typed::string(value, cx.span),
        };
        made.push(Typed::object(headers.iter().zip(row).map(member).collect(), cx.span));
        if made.len() > LONGEST_LIST {
            return Ok(cx.too_long());
        }
    }
    Ok(Typed::list(Type::Object(fields.into()), made, cx.span))
}

/// The records of a text; blank lines are none.
fn records(cx: &Context<'_, '_>, text: &str) -> Result<Vec<Vec<String>>, Failure> {
    let wrong = || cx.failure("it is not CSV");
    let text = text.replace("\r\n", "\n");
    let mut rest = text.as_str();
    let mut records = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('\n') {
            rest = after;
            continue;
        }
        let mut record = Vec::new();
        loop {
            let (field, after) = if let Some(quoted) = rest.strip_prefix('"') {
                quoted_field(quoted).ok_or_else(wrong)?
            } else {
                let end = rest.find([',', '\n']).unwrap_or(rest.len());
                if rest[..end].contains('"') {
                    return Err(wrong());
                }
                (rest[..end].to_owned(), &rest[end..])
            };
            record.push(field);
            match after.chars().next() {
                Some(',') => rest = &after[1..],
                Some('\n') => {
                    rest = &after[1..];
                    break;
                }
                None => {
                    rest = after;
                    break;
                }
                Some(_) => return Err(wrong()),
            }
        }
        records.push(record);
    }
    Ok(records)
}

/// A field after its opening quote, and what stands after the closing one.
fn quoted_field(mut rest: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    loop {
        let end = rest.find('"')?;
        field.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                field.push('"');
                rest = after;
            }
            None => return Some((field, rest)),
        }
    }
}
