//! URLs.

use std::fmt::Write as _;

use super::{Function, Given, computed, computes, text};
use crate::resolve::helm::run::Run;
use crate::resolve::helm::value::{Fields, Value};

pub(super) const ALL: &[Function] = &[computes("urlParse", 1, 1, url_parse), computes("urlJoin", 1, 1, url_join)];

/// Go's `url.QueryEscape`.
pub(super) fn query_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

fn url_parse(_: &mut Run, arguments: &[Value]) -> Given {
    let url = text(arguments, 0);
    let (rest, fragment) = url.split_once('#').unwrap_or((&url, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    };
    let (scheme, rest) = match rest.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
        _ => (String::new(), rest),
    };
    let mut opaque = "";
    let mut userinfo = "";
    let mut host = "";
    let mut path = rest;
    if let Some(after) = rest.strip_prefix("//") {
        let end = after.find('/').unwrap_or(after.len());
        let authority = &after[..end];
        path = &after[end..];
        (userinfo, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    } else if !scheme.is_empty() && !rest.starts_with('/') {
        opaque = rest;
        path = "";
    }
    let hostname = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let fields: Fields = [
        ("scheme", scheme.as_str()),
        ("host", host),
        ("hostname", hostname.trim_matches(['[', ']'])),
        ("path", path),
        ("query", query),
        ("opaque", opaque),
        ("fragment", fragment),
        ("userinfo", userinfo),
    ]
    .into_iter()
    .map(|(key, value)| (key.into(), Value::text(value)))
    .collect();
    Ok(Value::map(fields))
}

fn url_join(run: &mut Run, arguments: &[Value]) -> Given {
    let part = |key: &str| arguments[0].get(key).map(|value| value.to_text().into_owned()).unwrap_or_default();
    let mut url = String::new();
    let (scheme, host, userinfo, path) = (part("scheme"), part("host"), part("userinfo"), part("path"));
    if !scheme.is_empty() {
        let _ = write!(url, "{scheme}:");
    }
    if part("opaque").is_empty() {
        if !scheme.is_empty() || !host.is_empty() || !userinfo.is_empty() {
            url.push_str("//");
            if !userinfo.is_empty() {
                let _ = write!(url, "{userinfo}@");
            }
            url.push_str(&host);
        }
        if !path.is_empty() && !path.starts_with('/') && !host.is_empty() {
            url.push('/');
        }
        url.push_str(&path);
    } else {
        url.push_str(&part("opaque"));
    }
    for (mark, key) in [('?', "query"), ('#', "fragment")] {
        let value = part(key);
        if !value.is_empty() {
            let _ = write!(url, "{mark}{value}");
        }
    }
    Ok(computed(run, url, arguments))
}
