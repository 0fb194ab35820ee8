//! What the calls in the tests of Helm's own engine (`pkg/engine/funcs_test.go`) give there and here.
//!
//! The folder that holds its work tree as `helm+helm` is named by the environment variable `TWOAM_CORPORA`. Nothing is
//! compared where it is not set. Errors have other words here, and are not compared.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::run::{Limits, Run};
use super::value::{Kind, Value};
use crate::source::Span;
use crate::tree::{Entry, Map, Node, Value as Tree};

/// What differs for a reason.
const DIFFERENCES: &[(&str, &str)] = &[
    ("toYamlPretty", "the same YAML, with lists less indented"),
    (
        "uration",
        "not known here, so that a chart which calls it is not analysed; or a number that no text of values has",
    ),
];

/// A reader of literals of Go, as far as those tests have them.
struct Go<'t> {
    rest: &'t str,
}

impl Go<'_> {
    fn takes(&mut self, word: &str) -> bool {
        self.rest = self.rest.trim_start();
        let rest = self.rest.strip_prefix(word);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn text(&mut self) -> Option<String> {
        if self.takes("`") {
            let (content, rest) = self.rest.split_once('`')?;
            self.rest = rest;
            return Some(content.to_owned());
        }
        self.rest = self.rest.trim_start();
        let mut stream = serde_json::Deserializer::from_str(self.rest).into_iter::<String>();
        let content = stream.next()?.ok()?;
        self.rest = &self.rest[stream.byte_offset()..];
        Some(content)
    }

    fn value(&mut self) -> Option<Node> {
        self.rest = self.rest.trim_start();
        let value = if self.rest.starts_with(['`', '"']) {
            Tree::String(self.text()?.into())
        } else if self.rest.starts_with("map[") || self.rest.starts_with("[]") {
            let is_map = self.rest.starts_with("map[");
            self.rest = self.rest.split_once('{')?.1;
            let (mut entries, mut items) = (Vec::new(), Vec::new());
            while !self.takes("}") {
                if is_map {
                    let key = self.text()?.into();
                    self.takes(":").then_some(())?;
                    entries.push(Entry { key, key_span: Span::default(), value: self.value()? });
                } else {
                    items.push(self.value()?);
                }
                self.takes(",");
            }
            if is_map { Tree::Map(Map { entries }) } else { Tree::List(items) }
        } else {
            let end = self.rest.find(|it: char| !it.is_ascii_alphanumeric() && it != '-')?;
            let (word, rest) = self.rest.split_at(end);
            self.rest = rest;
            match word {
                "true" => Tree::Bool(true),
                "false" => Tree::Bool(false),
                "nil" => Tree::Null,
                number => Tree::Int(number.parse().ok()?),
            }
        };
        Some(Node::new(value, Span::default()))
    }
}

/// A template, what it gives, and what it is given.
struct Case {
    template: String,
    expected: String,
    given: Node,
}

/// The cases that are made of literals, and how many are not.
fn cases(text: &str) -> (Vec<Case>, usize) {
    let (mut cases, mut left) = (Vec::new(), 0);
    for part in text.split("tpl:").skip(1) {
        let mut go = Go { rest: part };
        let field = |name: &str| part.split_once(name).map(|(_, rest)| Go { rest });
        let case = (|| {
            let given = field("vars:").map_or(Some(Node::new(Tree::Null, Span::default())), |mut go| go.value())?;
            Some(Case { template: go.text()?, expected: field("expect:")?.text()?, given })
        })();
        left += usize::from(case.is_none());
        cases.extend(case);
    }
    (cases, left)
}

#[test]
fn calls_give_what_helms_engine_gives() {
    let Some(corpora) = std::env::var_os("TWOAM_CORPORA").map(PathBuf::from) else {
        println!("TWOAM_CORPORA is not set: no call is compared");
        return;
    };
    let Ok(text) = std::fs::read_to_string(corpora.join("helm+helm/pkg/engine/funcs_test.go")) else {
        println!("Helm's own tests are not below TWOAM_CORPORA: no call is compared");
        return;
    };
    let (cases, left) = cases(&text);
    let (mut agree, mut all, mut errors) = (0, 0, 0);
    let mut by_function: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for case in &cases {
        if case.expected.contains("rror") || case.expected.contains("json: ") {
            errors += 1;
            continue;
        }
        let mut run = Run::new(Limits::default());
        let given = Value::of(&case.given, &mut run.origins);
        let template = Value::from(Kind::Text(case.template.as_str().into()));
        let found = run.execute_text(&template, &given).map(|traced| traced.text);
        let agrees = found.as_ref().is_ok_and(|found| *found == case.expected);
        all += 1;
        agree += usize::from(agrees);
        let words = case.template.split(|it: char| !it.is_alphanumeric());
        for name in words.filter(|word| super::functions::find(word).is_some()) {
            let (ours, total) = by_function.entry(name.to_owned()).or_default();
            *ours += usize::from(agrees);
            *total += 1;
        }
        let reason = DIFFERENCES.iter().find(|(name, _)| case.template.contains(name)).filter(|_| !agrees);
        if let Some((_, reason)) = reason {
            println!("differs: {}: {reason}", case.template);
        } else if !agrees {
            wrong.push(format!("{}: {found:?} instead of {:?}", case.template, case.expected));
        }
    }
    let functions: Vec<String> = by_function.iter().map(|(name, (ours, all))| format!("{name} {ours}/{all}")).collect();
    println!("{agree} of {all} calls agree with Helm's engine; {errors} give errors, {left} are not made of literals");
    println!("by function: {}", functions.join(", "));
    assert!(all > 0, "no call was read");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
