//! The evaluator against Terraform itself: expressions, and whole roots of `terraform_data` resources.
//!
//! Where a `terraform` binary of the version that the answers are of is on the path, it is asked (it needs no network
//! for this); elsewhere the answers recorded in `tests/terraform/` serve. `UPDATE=1` records them anew.

#![allow(clippy::print_stdout, reason = "it says how many agree")]

#[path = "terraform/generate.rs"]
mod generate;
#[path = "terraform/plans.rs"]
mod plans;
#[path = "terraform/reference.rs"]
mod reference;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use generate::{Generator, LOCALS, Random};
use reference::{Reference, digest};
use serde_json::Value as Json;
use twoam::model::Environments;
use twoam::parse;
use twoam::resolve::terraform::{Resolved, Shelf, resolve};
use twoam::source::{Source, SourceId, Sources};
use twoam::tree::{Document, Format, Node, Value};

/// How many expressions are made.
const GENERATED: usize = 5000;
/// The seed they are made from.
const SEED: u64 = 20;

/// What an expression comes to, on both sides: its JSON, `ERR`, or nothing where it is not known.
type Answer = Option<String>;

/// A repository of files, resolved.
fn resolved(files: &[(String, String)]) -> Resolved {
    let sources = Sources::new(files.iter().map(|(path, text)| Source::new(path, text)).collect());
    let parsed = |(id, source): (SourceId, &Source)| {
        let extension = Path::new(&source.path).extension().and_then(std::ffi::OsStr::to_str);
        let format = match extension {
            Some("tf" | "tfvars") => Format::Hcl,
            Some("json") => Format::Json,
            _ => Format::Text,
        };
        parse::parse(id, &source.text, format).document
    };
    let documents: Vec<Document> = sources.iter().map(parsed).collect();
    let pairs: Vec<(&Source, &Document)> = documents.iter().map(|one| (sources.get(one.source), one)).collect();
    let mut paths: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
    paths.sort();
    let read = |path: &str| files.iter().find(|(known, _)| known == path).map(|(_, text)| text.clone());
    resolve(&pairs, &sources, &[], &Environments::default(), &Shelf::new(&paths, &read))
}

/// An expression as both sides get it: a string, or `ERR` where it fails.
fn wrapped(expression: &str) -> String {
    format!("try(jsonencode({expression}), \"ERR\")")
}

/// Our answers.
fn ours(expressions: &[String], files: &[(String, String)]) -> Vec<Answer> {
    let mut text = LOCALS.to_owned();
    for (index, expression) in expressions.iter().enumerate() {
        let wrapped = wrapped(expression);
        writeln!(text, "resource \"terraform_data\" \"t{index}\" {{\n  input = {wrapped}\n}}").expect("strings grow");
    }
    let mut all = vec![("main.tf".to_owned(), text)];
    all.extend(files.iter().cloned());
    let resolved = resolved(&all);
    assert!(resolved.problems.is_empty(), "{:?}", resolved.problems);
    let root = resolved.roots.iter().find(|root| root.directory.is_empty()).expect("the root");
    let by_name: BTreeMap<&str, &Node> =
        root.resources.iter().filter_map(|resource| Some((resource.name.as_str(), resource.at("input")?))).collect();
    (0..expressions.len())
        .map(|index| by_name.get(format!("t{index}").as_str()).and_then(|node| node.as_str()).map(str::to_owned))
        .collect()
}

/// Holds ours against the answers: how many agree, and the others with both answers.
fn compare(
    expressions: &[String],
    ours: &[Answer],
    agrees: impl Fn(usize, &Answer) -> Result<bool, String>,
) -> (usize, Vec<String>) {
    let (mut agreed, mut wrong) = (0, Vec::new());
    for (index, (expression, answer)) in expressions.iter().zip(ours).enumerate() {
        match agrees(index, answer) {
            Ok(true) => agreed += 1,
            Ok(false) => {}
            Err(expected) => wrong.push(format!("{expression}\n    Terraform: {expected}\n    twoam:     {answer:?}")),
        }
    }
    (agreed, wrong)
}

fn hand_written() -> Vec<String> {
    let text = include_str!("terraform/expressions.txt");
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

/// Files that the hand-written expressions read.
fn beside() -> Vec<(String, String)> {
    [
        ("files/a.txt", "first\nsecond\n"),
        ("files/deep/b.json", "{\"k\": [1, 2]}"),
        ("files/hello.tftpl", "Hello, ${name}!\n%{ for port in ports ~}\nport ${port}\n%{ endfor ~}\n"),
        ("files/only.tftpl", "${name}"),
    ]
    .map(|(path, text)| (path.to_owned(), text.to_owned()))
    .into()
}

#[test]
fn hand_written_expressions_come_to_the_same() {
    let expressions = hand_written();
    let answers = Reference::default().plain("expressions", &expressions, LOCALS, &beside());
    let ours = ours(&expressions, &beside());
    let (agreed, wrong) = compare(&expressions, &ours, |index, answer| match (&answers[index], answer) {
        (Some(expected), Some(answer)) if expected == answer => Ok(true),
        (None, None) => Ok(true),
        // What is not known to us is no wrong answer, but counts as none.
        (Some(_), None) => Ok(false),
        (expected, _) => Err(format!("{expected:?}")),
    });
    println!("hand-written expressions: {agreed} of {} agree", expressions.len());
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    let unknown: Vec<&String> =
        expressions.iter().zip(&ours).filter(|(_, answer)| answer.is_none()).map(|(e, _)| e).collect();
    assert!(agreed + 14 >= expressions.len(), "{} are not known: {unknown:#?}", unknown.len());
}

#[test]
fn generated_expressions_come_to_the_same() {
    let mut generator = Generator(Random(SEED));
    let expressions: Vec<String> = (0..GENERATED).map(|_| generator.expression()).collect();
    let reference = Reference::default();
    let answers = reference.digests("generated", &expressions, LOCALS);
    let ours = ours(&expressions, &[]);
    let (agreed, wrong) = compare(&expressions, &ours, |index, answer| match answer {
        Some(answer) if answers.digests[index] == digest(answer) => Ok(true),
        None => Ok(answers.digests[index] == digest("?")),
        Some(_) => Err(format!("{:?}", answers.plain.get(index))),
    });
    println!("generated expressions: {agreed} of {GENERATED} agree");
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.iter().take(60).cloned().collect::<Vec<_>>().join("\n")
    );
    let unknown: Vec<&String> =
        expressions.iter().zip(&ours).filter(|(_, answer)| answer.is_none()).map(|(e, _)| e).collect();
    // The README says so.
    assert_eq!(agreed, 4996, "{} are not known: {:#?}", unknown.len(), &unknown[..unknown.len().min(30)]);
}

/// Where a value is not what Terraform plans; nothing where it is, or is not known to us.
fn differs(expected: &Json, node: &Node, unknown: &mut usize) -> bool {
    match (&node.value, expected) {
        (Value::Unknown(_), _) => {
            *unknown += 1;
            false
        }
        (Value::Null, Json::Null) => false,
        (Value::Bool(a), Json::Bool(b)) => a != b,
        (Value::Int(_) | Value::Float(_), Json::Number(b)) => node.as_number() != b.as_f64(),
        (Value::String(a), Json::String(b)) => a != b,
        (Value::List(a), Json::Array(b)) => a.len() != b.len() || a.iter().zip(b).any(|(a, b)| differs(b, a, unknown)),
        (Value::Map(a), Json::Object(b)) => {
            a.entries.len() != b.len()
                || a.entries
                    .iter()
                    .any(|entry| b.get(entry.key.as_str()).is_none_or(|b| differs(b, &entry.value, unknown)))
        }
        _ => true,
    }
}

#[test]
fn whole_roots_come_to_the_same() {
    let (mut agreed, mut all, mut wrong) = (0, 0, Vec::new());
    for (name, files) in reference::roots() {
        let expected = Reference::default().planned(&name, &files);
        let resolved = resolved(&files);
        let root = resolved.roots.iter().find(|root| root.directory.is_empty()).expect("the root");
        let ours: BTreeMap<&str, &Node> =
            root.resources.iter().filter_map(|one| Some((one.address.as_str(), one.at("input")?))).collect();
        for (address, planned) in &expected {
            all += 1;
            let mut unknown = 0;
            match ours.get(address.as_str()) {
                None => wrong.push(format!("{name}: {address} is missing")),
                Some(node) if differs(planned, node, &mut unknown) => {
                    wrong.push(format!("{name}: {address}\n    Terraform: {planned}\n    twoam:     {:?}", node.value));
                }
                Some(_) => agreed += usize::from(unknown == 0),
            }
        }
        let surplus = ours.keys().filter(|address| !expected.contains_key(**address));
        wrong.extend(surplus.map(|address| format!("{name}: {address} is not planned")));
    }
    println!("resources of whole roots: {agreed} of {all} agree");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(agreed + 3 >= all, "{agreed} of {all}");
}

/// What Terraform planned in real repositories, which `TWOAM_CORPORA` names the folder of, against what the text alone
/// comes to.
#[test]
fn plans_in_real_repositories_agree_with_their_sources() {
    let Some(corpora) = std::env::var_os("TWOAM_CORPORA").filter(|folder| !folder.is_empty()) else {
        println!("skipped: TWOAM_CORPORA names no folder of real repositories");
        return;
    };
    let (mut compared, mut wrong) = (0, Vec::new());
    for (repository, plan) in plans::REPOSITORIES {
        let root = Path::new(&corpora).join(repository);
        let Some(saved) = plans::read(&root.join(plan)) else {
            println!("skipped: there is no {repository} with a plan");
            continue;
        };
        let folder = plan.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut files = plans::sources(&root.join(folder));
        files.push(("plan.auto.tfvars.json".to_owned(), plans::given(&saved)));
        let resolved = resolved(&files);
        let own = resolved.roots.iter().filter(|root| root.directory.is_empty());
        let resources: Vec<_> = own.take(1).flat_map(|root| &root.resources).collect();
        let tally = plans::compare(&saved, &resources);
        println!(
            "{repository}: {} agree, {} differ, {} not known; {} resources on one side only",
            tally.agree,
            tally.differ.len(),
            tally.unknown,
            tally.alone.len()
        );
        for line in tally.differ.iter().chain(&tally.alone) {
            println!("    {line}");
        }
        compared += tally.agree + tally.differ.len();
        wrong.extend(tally.differ);
    }
    println!("{} of {compared} agree", compared - wrong.len());
    let known = |line: &String| {
        plans::DIFFER.iter().any(|(path, _)| line.strip_prefix(path).is_some_and(|rest| rest.starts_with(':')))
    };
    wrong.retain(|line| !known(line));
    assert!(wrong.is_empty(), "{wrong:#?}");
}
