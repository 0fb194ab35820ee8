//! Text in another form: YAML, JSON, TOML, base64, sums, paths.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest as _;

use super::{Function, Given, computed, computes, keeps, text};
use crate::parse;
use crate::resolve::golang::clean;
use crate::resolve::helm::run::Run;
use crate::resolve::helm::trace::{Place, Traced};
use crate::resolve::helm::value::{Fields, Kind, Value};
use crate::resolve::helm::yaml::{self, Json};
use crate::source::SourceId;

pub(super) const ALL: &[Function] = &[
    keeps("toYaml", 1, 1, to_yaml),
    keeps("mustToYaml", 1, 1, to_yaml),
    keeps("toYamlPretty", 1, 1, to_yaml),
    keeps("fromYaml", 1, 1, |run, arguments| {
        let read = yaml::read(run, &arguments[0]);
        Ok(expect(read, |kind| matches!(kind, Kind::Map(_) | Kind::Unknown(_)), false))
    }),
    keeps("fromYamlArray", 1, 1, |run, arguments| {
        let read = yaml::read(run, &arguments[0]);
        Ok(expect(read, |kind| matches!(kind, Kind::List(_) | Kind::Unknown(_)), true))
    }),
    keeps("toJson", 1, 1, |run, arguments| to_json(run, arguments, Json::Compact)),
    keeps("mustToJson", 1, 1, |run, arguments| to_json(run, arguments, Json::Compact)),
    keeps("toRawJson", 1, 1, |run, arguments| to_json(run, arguments, Json::Raw)),
    keeps("mustToRawJson", 1, 1, |run, arguments| to_json(run, arguments, Json::Raw)),
    keeps("toPrettyJson", 1, 1, |run, arguments| to_json(run, arguments, Json::Pretty)),
    keeps("mustToPrettyJson", 1, 1, |run, arguments| to_json(run, arguments, Json::Pretty)),
    keeps("fromJson", 1, 1, |run, arguments| {
        let read = yaml::read_json(run, &arguments[0]);
        Ok(expect(read, |kind| matches!(kind, Kind::Map(_) | Kind::Unknown(_)), false))
    }),
    keeps("mustFromJson", 1, 1, |run, arguments| Ok(yaml::read_json(run, &arguments[0])?)),
    keeps("fromJsonArray", 1, 1, |run, arguments| {
        let read = yaml::read_json(run, &arguments[0]);
        Ok(expect(read, |kind| matches!(kind, Kind::List(_) | Kind::Unknown(_)), true))
    }),
    keeps("toToml", 1, 1, to_toml),
    keeps("mustToToml", 1, 1, to_toml),
    computes("fromToml", 1, 1, |run, arguments| {
        let parsed = parse::toml::parse(SourceId::default(), &text(arguments, 0));
        let value = match parsed.problems.first() {
            Some(problem) => Err(problem.message.clone()),
            None => Ok(parsed.document.values().first().map_or(Value::NIL, |node| {
                let mut origins = std::mem::take(&mut run.origins);
                let value = Value::of(node, &mut origins);
                run.origins = origins;
                strip(&value, 0)
            })),
        };
        Ok(expect(value, |kind| matches!(kind, Kind::Map(_)), false))
    }),
    computes("b64enc", 1, 1, |run, arguments| {
        Ok(computed(run, STANDARD.encode(text(arguments, 0).as_bytes()), arguments))
    }),
    computes("b64dec", 1, 1, |run, arguments| {
        let decoded = match STANDARD.decode(text(arguments, 0).as_bytes()) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) => "illegal base64 data".to_owned(),
        };
        Ok(computed(run, decoded, arguments))
    }),
    computes("b32enc", 1, 1, |run, arguments| Ok(computed(run, base32(text(arguments, 0).as_bytes()), arguments))),
    computes("b32dec", 1, 1, |run, arguments| {
        let decoded = from_base32(&text(arguments, 0)).unwrap_or_else(|| "illegal base32 data".to_owned());
        Ok(computed(run, decoded, arguments))
    }),
    computes("sha1sum", 1, 1, |run, arguments| {
        let sum = hex(&sha1::Sha1::digest(text(arguments, 0).as_bytes()));
        Ok(computed(run, sum, arguments))
    }),
    computes("sha256sum", 1, 1, |run, arguments| {
        let sum = hex(&sha2::Sha256::digest(text(arguments, 0).as_bytes()));
        Ok(computed(run, sum, arguments))
    }),
    computes("sha512sum", 1, 1, |run, arguments| {
        let sum = hex(&sha2::Sha512::digest(text(arguments, 0).as_bytes()));
        Ok(computed(run, sum, arguments))
    }),
    computes("adler32sum", 1, 1, |run, arguments| {
        let (mut low, mut high) = (1_u32, 0_u32);
        for byte in text(arguments, 0).bytes() {
            low = (low + u32::from(byte)) % 65521;
            high = (high + low) % 65521;
        }
        Ok(computed(run, ((high << 16) | low).to_string(), arguments))
    }),
    computes("base", 1, 1, |run, arguments| Ok(computed(run, base(&text(arguments, 0)), arguments))),
    computes("osBase", 1, 1, |run, arguments| Ok(computed(run, base(&text(arguments, 0)), arguments))),
    computes("dir", 1, 1, |run, arguments| Ok(computed(run, dir(&text(arguments, 0)), arguments))),
    computes("osDir", 1, 1, |run, arguments| Ok(computed(run, dir(&text(arguments, 0)), arguments))),
    computes("clean", 1, 1, |run, arguments| Ok(computed(run, clean(&text(arguments, 0)), arguments))),
    computes("osClean", 1, 1, |run, arguments| Ok(computed(run, clean(&text(arguments, 0)), arguments))),
    computes("ext", 1, 1, |run, arguments| Ok(computed(run, extension(&text(arguments, 0)), arguments))),
    computes("osExt", 1, 1, |run, arguments| Ok(computed(run, extension(&text(arguments, 0)), arguments))),
    computes("isAbs", 1, 1, |_, arguments| Ok(Kind::Bool(text(arguments, 0).starts_with('/')).into())),
    computes("osIsAbs", 1, 1, |_, arguments| Ok(Kind::Bool(text(arguments, 0).starts_with('/')).into())),
];

fn to_yaml(run: &mut Run, arguments: &[Value]) -> Given {
    yaml::charge(run, &arguments[0])?;
    if matches!(arguments[0].kind, Kind::Unknown(_)) {
        return Ok(arguments[0].clone());
    }
    Ok(Value::traced(yaml::emit(&arguments[0])))
}

fn to_json(run: &mut Run, arguments: &[Value], form: Json) -> Given {
    yaml::charge(run, &arguments[0])?;
    Ok(Value::traced(yaml::emit_json(&arguments[0], form)))
}

/// What was read, where it is of the kind that Helm expects. The complaint takes its place otherwise, as in Helm.
fn expect(read: Result<Value, String>, fits: fn(&Kind) -> bool, is_list: bool) -> Value {
    let complain = |message: String| {
        let message = Value::text(message);
        if is_list { Value::list(vec![message]) } else { Value::map(Fields::from_iter([("Error".into(), message)])) }
    };
    match read {
        Ok(value) if fits(&value.kind) => value,
        Ok(Value { kind: Kind::Nil, .. }) if is_list => Value::list(Vec::new()),
        Ok(Value { kind: Kind::Nil, .. }) => Value::map(Fields::new()),
        Ok(_) => complain("json: cannot unmarshal this value into the type that is wanted".to_owned()),
        Err(message) => complain(message),
    }
}

/// The value without the origins of a text that stands in no file.
fn strip(value: &Value, depth: usize) -> Value {
    match &value.kind {
        _ if depth > crate::resolve::helm::value::MOST_DEPTH => Value::NIL,
        Kind::List(items) => Value::list(items.iter().map(|item| strip(item, depth + 1)).collect()),
        Kind::Map(map) => {
            Value::map(map.borrow().iter().map(|(key, item)| (key.clone(), strip(item, depth + 1))).collect())
        }
        Kind::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 =>
        {
            #[allow(clippy::cast_possible_truncation, reason = "it is whole and small")]
            Kind::Int(*number as i64).into()
        }
        kind => kind.clone().into(),
    }
}

/// A map as TOML: first what is plain, then the tables.
fn to_toml(run: &mut Run, arguments: &[Value]) -> Given {
    yaml::charge(run, &arguments[0])?;
    let mut out = Traced::default();
    match &arguments[0].kind {
        Kind::Map(_) => table(&mut out, &arguments[0], "", 0),
        _ => return Err("only a map can be written as TOML".into()),
    }
    Ok(Value::traced(out))
}

fn table(out: &mut Traced, value: &Value, path: &str, depth: usize) {
    let Some(map) = value.as_map().filter(|_| depth < crate::resolve::helm::value::MOST_DEPTH) else { return };
    let map = map.borrow();
    let is_table = |value: &Value| value.as_map().is_some();
    let is_tables =
        |value: &Value| value.as_list().is_some_and(|items| !items.is_empty() && items.iter().all(is_table));
    for (key, value) in map.iter().filter(|(_, value)| !is_table(value) && !is_tables(value) && !value.is_nil()) {
        let place = if value.origin.is_none() { Place::Nowhere } else { Place::Settled(value.origin) };
        out.push(
            &format!("{}{} = {}\n", "  ".repeat(depth.saturating_sub(1)), toml_key(key), toml_value(value, 0)),
            place,
        );
    }
    for (key, value) in map.iter().filter(|(_, value)| is_table(value) || is_tables(value)) {
        let path = if path.is_empty() { toml_key(key) } else { format!("{path}.{}", toml_key(key)) };
        let line = |out: &mut Traced, brackets: [&str; 2]| {
            let before = if out.text.is_empty() { "" } else { "\n" };
            let indent = "  ".repeat(depth);
            out.push(&format!("{before}{indent}{}{path}{}\n", brackets[0], brackets[1]), Place::Nowhere);
        };
        if is_table(value) {
            line(out, ["[", "]"]);
            table(out, value, &path, depth + 1);
        } else {
            for item in value.as_list().unwrap_or_default() {
                line(out, ["[[", "]]"]);
                table(out, item, &path, depth + 1);
            }
        }
    }
}

fn toml_key(key: &str) -> String {
    let is_bare =
        !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if is_bare { key.to_owned() } else { serde_json::to_string(key).unwrap_or_default() }
}

fn toml_value(value: &Value, depth: usize) -> String {
    match &value.kind {
        _ if depth > 100 => "\"\"".to_owned(),
        Kind::List(items) => {
            let items: Vec<String> = items.iter().map(|item| toml_value(item, depth + 1)).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Map(map) => {
            let pairs = map.borrow();
            let pairs: Vec<String> = pairs
                .iter()
                .map(|(key, value)| format!("{} = {}", toml_key(key), toml_value(value, depth + 1)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        Kind::Float(number) if number.fract() == 0.0 => format!("{number:.1}"),
        Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) => value.to_text().into_owned(),
        _ => serde_json::to_string(&*value.to_text()).unwrap_or_default(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn base32(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for chunk in bytes.chunks(5) {
        let mut block = [0_u8; 5];
        block[..chunk.len()].copy_from_slice(chunk);
        let bits = block.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        let used = (chunk.len() * 8).div_ceil(5);
        for at in 0..8 {
            let digit = usize::try_from((bits >> (35 - 5 * at)) & 31).unwrap_or(0);
            out.push(if at < used { char::from(BASE32[digit]) } else { '=' });
        }
    }
    out
}

fn from_base32(text: &str) -> Option<String> {
    let digits = text.trim_end_matches('=');
    let (mut bits, mut count, mut bytes) = (0_u64, 0, Vec::new());
    for byte in digits.bytes() {
        let digit = BASE32.iter().position(|known| *known == byte)?;
        bits = ((bits << 5) | digit as u64) & 0xFFFF_FFFF;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xFF).ok()?);
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn base(path: &str) -> String {
    let trimmed = path.trim_end_matches('/');
    match (path.is_empty(), trimmed.is_empty()) {
        (true, _) => ".".to_owned(),
        (_, true) => "/".to_owned(),
        _ => trimmed.rsplit('/').next().unwrap_or_default().to_owned(),
    }
}

fn dir(path: &str) -> String {
    clean(path.rfind('/').map_or("", |at| &path[..=at]))
}

fn extension(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rfind('.').map_or(String::new(), |at| name[at..].to_owned())
}
