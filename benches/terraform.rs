//! Evaluating Terraform against parsing it: 700 files of 50,000 lines, made from a seed, with modules nested three deep
//! and `for_each` on each of them.
//!
//! `cargo bench --bench terraform` prints the ratio. Ratios, never absolute times: those are of a machine. Where
//! `checkov` is on the path, the whole audit is held against it as well.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use twoam::audit::Request;
use twoam::model::Environments;
use twoam::parse::hcl;
use twoam::resolve::terraform::{Shelf, resolve};
use twoam::source::{Source, SourceId, Sources};
use twoam::tree::Document;

/// Times each measurement is repeated; the fastest counts, since noise only adds.
const ROUNDS: usize = 7;
/// Root modules; each has three files of its own.
const ROOTS: usize = 100;
/// Modules of each of the three levels.
const MODULES: usize = 66;
/// What evaluating may take, as a multiple of parsing.
const MOST: f64 = 3.0;
/// What checkov must take at least, as a multiple of the whole audit.
const FASTER: f64 = 100.0;

fn main() {
    let files = generate(&mut Random(11));
    let lines: usize = files.iter().map(|(_, text)| text.lines().count()).sum();
    let sources = Sources::new(files.iter().map(|(path, text)| Source::new(path, text)).collect());
    let listed: Vec<(SourceId, &Source)> = sources.iter().collect();
    let parse =
        || -> Vec<Document> { listed.par_iter().map(|(id, source)| hcl::parse(*id, &source.text).document).collect() };
    let parsing = fastest(|| drop(parse()));
    let documents = parse();
    let pairs: Vec<(&Source, &Document)> = documents.iter().map(|one| (sources.get(one.source), one)).collect();
    let environments = Environments::default();
    let mut resources = 0;
    let evaluating = fastest(|| {
        let resolved = resolve(&pairs, &sources, &[], &environments, &Shelf::new(&[], &|_| None));
        assert!(resolved.problems.is_empty(), "{:?}", resolved.problems);
        resources = resolved.roots.iter().map(|root| root.resources.len()).sum();
    });
    let ratio = evaluating.as_secs_f64() / parsing.as_secs_f64();
    println!("{} files, {lines} lines, {resources} resources: evaluating ÷ parsing = {ratio:.2}", files.len());
    beside_checkov(&files);
    assert!(ratio < MOST, "evaluating takes {ratio:.2} times as long as parsing");
}

fn fastest(mut run: impl FnMut()) -> Duration {
    let mut once = || {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..=ROUNDS).map(|_| once()).skip(1).min().unwrap_or_default()
}

/// The whole audit against checkov, which looks for other things in the same files.
fn beside_checkov(files: &[(String, String)]) {
    if Command::new("checkov").arg("--version").output().is_err() {
        println!("checkov is not on the path: not compared");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).expect("a folder that may be written");
        std::fs::write(path, text).expect("a file that may be written");
    }
    let mut read = 0;
    let ours = fastest(|| {
        let audit = twoam::audit::run(&Request::new(vec![folder.path().to_owned()]));
        read = audit.expect("a folder that can be audited").files_read;
    });
    assert_eq!(read, files.len(), "every file is read");
    let start = Instant::now();
    let arguments = ["--quiet", "--compact", "--framework", "terraform", "-o", "json", "-d"];
    let run = Command::new("checkov").args(arguments).arg(folder.path()).output().expect("checkov runs");
    let theirs = start.elapsed();
    let report: serde_json::Value = serde_json::from_slice(&run.stdout).expect("checkov gives a report");
    let looked_at = report["summary"]["resource_count"].as_u64().unwrap_or_default();
    assert!(looked_at > 0, "checkov looked at nothing: {}", String::from_utf8_lossy(&run.stderr));
    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    println!("checkov, which looks at {looked_at} resources ÷ the whole audit = {ratio:.0}");
    assert!(ratio >= FASTER, "checkov takes only {ratio:.0} times as long as the audit");
}

/// A small generator of numbers (`SplitMix64`), so that the repository is the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// 700 files: roots of three files, and two files for each module of the three levels, and four more.
fn generate(random: &mut Random) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for root in 0..ROOTS {
        let folder = format!("roots/app{root:03}");
        files.push((format!("{folder}/main.tf"), root_main(random)));
        files.push((format!("{folder}/variables.tf"), variables(random, 4)));
        files.push((format!("{folder}/prod.auto.tfvars"), "sizes = { small = 1, large = 4 }\n".to_owned()));
    }
    for level in 0..3 {
        for module in 0..MODULES {
            let folder = format!("modules/level{level}/m{module:02}");
            files.push((format!("{folder}/main.tf"), module_main(level, random)));
            files.push((format!("{folder}/variables.tf"), module_variables(random)));
        }
    }
    for index in 0..4 {
        files.push((format!("shared/s{index}/main.tf"), variables(random, 20)));
    }
    files.sort();
    files
}

fn root_main(random: &mut Random) -> String {
    let mut text = String::from(
        "terraform {\n  backend \"s3\" {\n    bucket = \"state\"\n  }\n}\n\nprovider \"aws\" {\n  region = \"eu-west-1\"\n\n  default_tags {\n    tags = local.tags\n  }\n}\n\n\
         locals {\n  name = \"app-${var.setting0}\"\n  tags = merge({ team = \"core\" }, { for key, value in var.sizes : \"size-${key}\" => tostring(value) })\n}\n",
    );
    for call in 0..2 {
        write!(
            text,
            "\nmodule \"stack{call}\" {{\n  source   = \"../../modules/level0/m{:02}\"\n  for_each = toset([\"blue\", \"green\"])\n  name     = \"${{local.name}}-${{each.key}}\"\n  settings = {{\n    retention = {}\n    sizes     = var.sizes\n    tags      = local.tags\n  }}\n}}\n",
            random.below(MODULES as u64),
            random.below(30),
        )
        .expect("strings grow");
    }
    for index in 0..4 {
        resource(&mut text, index, random);
    }
    text
}

fn module_main(level: usize, random: &mut Random) -> String {
    let mut text = String::from(
        "locals {\n  retention = try(var.settings.retention, 7)\n  names     = [for key, value in lookup(var.settings, \"sizes\", {}) : \"${var.name}-${key}\" if value > 0]\n}\n",
    );
    if level < 2 {
        write!(
            text,
            "\nmodule \"inner\" {{\n  source   = \"../../level{}/m{:02}\"\n  for_each = {{ for index, name in local.names : name => index if index < 1 }}\n  name     = each.key\n  settings = merge(var.settings, {{ retention = local.retention + each.value }})\n}}\n",
            level + 1,
            random.below(MODULES as u64),
        )
        .expect("strings grow");
    }
    for index in 0..4 {
        resource(&mut text, index, random);
    }
    text.push_str("\noutput \"names\" {\n  value = local.names\n}\n");
    text
}

fn module_variables(random: &mut Random) -> String {
    let mut text = String::from(
        "variable \"name\" {\n  type = string\n}\n\nvariable \"settings\" {\n  type    = any\n  default = {}\n}\n",
    );
    text.push_str(&variables(random, 2));
    text
}

fn variables(random: &mut Random, count: u64) -> String {
    let mut text = String::from("variable \"sizes\" {\n  type    = map(number)\n  default = { small = 1 }\n}\n");
    for index in 0..count {
        write!(
            text,
            "\nvariable \"setting{index}\" {{\n  type        = string\n  default     = \"value-{}\"\n  description = \"One of the settings that this part of the configuration takes.\"\n}}\n",
            random.below(1000),
        )
        .expect("strings grow");
    }
    text
}

fn resource(text: &mut String, index: usize, random: &mut Random) {
    write!(
        text,
        "\nresource \"aws_db_instance\" \"db{index}\" {{\n  identifier              = \"db-{index}-${{substr(sha256(\"{}\"), 0, 8)}}\"\n  engine                  = \"postgres\"\n  backup_retention_period = {}\n  deletion_protection     = {}\n  multi_az                = length(var.sizes) > 1 ? true : false\n",
        random.below(1_000_000),
        random.below(30),
        random.below(2) == 0,
    )
    .expect("strings grow");
    for setting in 0..random.below(12) {
        writeln!(text, "  setting_{setting:02}              = \"{}\"", random.below(1_000_000)).expect("strings grow");
    }
    text.push_str("\n  dynamic \"parameter\" {\n    for_each = var.sizes\n    content {\n      name  = parameter.key\n      value = parameter.value * 2\n    }\n  }\n\n  tags = {\n");
    for tag in 0..2 + random.below(6) {
        writeln!(text, "    tag{tag} = \"{}\"", random.below(1_000_000)).expect("strings grow");
    }
    text.push_str("  }\n}\n");
}
