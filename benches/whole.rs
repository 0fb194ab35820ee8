//! The whole program over a generated repository, against a physical limit: reading and hashing the same bytes.
//!
//! `cargo bench` prints, for 1,000 and 10,000 files of mixed kinds, the ratio of an audit to reading and hashing, the
//! part of each stage, and how the time grows from one size to the other. Ratios, never absolute times: those are of a
//! machine. The repository is the same for everybody: it is made from a seed.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use twoam::audit::{Request, Stage};

/// Times each measurement is repeated; the fastest counts, since noise only adds.
const ROUNDS: usize = 5;

fn main() {
    let mut seconds = Vec::new();
    println!("{:>7} {:>6} {:>18}   part of the run", "files", "MB", "audit ÷ read+hash");
    for files in [1_000, 10_000] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let bytes = generate(folder.path(), files, 7);
        let (floor, ()) = fastest(|| read_and_hash(folder.path()));
        let (whole, parts) = fastest(|| audit(folder.path()));
        let all: f64 = parts.iter().map(|(_, seconds)| seconds).sum();
        let parts: Vec<String> =
            parts.iter().map(|(stage, seconds)| format!("{stage} {:.0} %", 100.0 * seconds / all)).collect();
        println!(
            "{files:>7} {:>6.1} {:>18.1}   {}",
            f64::from(u32::try_from(bytes / 1000).unwrap_or(u32::MAX)) / 1e3,
            whole.as_secs_f64() / floor.as_secs_f64(),
            parts.join(", "),
        );
        seconds.push(whole.as_secs_f64());
    }
    println!("growth from 1,000 to 10,000 files: {:.1} times (10 is linear)", seconds[1] / seconds[0]);
}

/// The fastest of several runs, and what it gave.
fn fastest<T>(mut run: impl FnMut() -> T) -> (Duration, T) {
    let mut once = || {
        let start = Instant::now();
        let made = run();
        (start.elapsed(), made)
    };
    let first = once();
    (1..ROUNDS).map(|_| once()).fold(first, |best, next| if next.0 < best.0 { next } else { best })
}

/// The floor: every byte is read and looked at once, on all processors.
fn read_and_hash(root: &Path) {
    let files: Vec<_> = walkdir::WalkDir::new(root).into_iter().filter_map(Result::ok).collect();
    let sum: u64 = files
        .par_iter()
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let digest = Sha256::digest(std::fs::read(entry.path()).expect("a file that was just written"));
            u64::from(digest[0])
        })
        .sum();
    assert!(sum > 0);
}

/// An audit; gives the seconds of each stage.
fn audit(root: &Path) -> Vec<(&'static str, f64)> {
    let begun: Mutex<Vec<(Stage, Instant)>> = Mutex::new(Vec::new());
    let told = |stage| {
        if stage != Stage::File {
            begun.lock().expect("no thread panics").push((stage, Instant::now()));
        }
    };
    let mut request = Request::new(vec![root.to_owned()]);
    request.progress = Some(&told);
    let audit = twoam::audit::run(&request).expect("a repository without configuration");
    let end = Instant::now();
    assert!(!audit.verdicts.is_empty());
    let begun = begun.into_inner().expect("no thread panics");
    let ends = begun.iter().skip(1).map(|(_, at)| *at).chain([end]);
    let named = |stage: &Stage| match stage {
        Stage::Discover => "find",
        Stage::Read | Stage::File => "read and parse",
        Stage::Resolve => "evaluate Terraform",
        Stage::Link => "link",
        Stage::Judge => "rules",
        Stage::Score => "scores",
    };
    begun.iter().zip(ends).map(|((stage, at), end)| (named(stage), (end - *at).as_secs_f64())).collect()
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

/// Writes a repository of about `files` files, four to a service, and gives its size in bytes.
fn generate(root: &Path, files: u64, seed: u64) -> u64 {
    let mut random = Random(seed);
    let mut bytes = 0;
    for service in 0..files / 4 {
        let name = format!("svc{service:05}");
        for (folder, file, text) in [
            ("k8s", "app.yaml", manifest(&name, &mut random)),
            ("terraform", "main.tf", terraform(&name, &mut random)),
            ("alerts", "rules.yaml", alerts(&name, &mut random)),
            ("runbooks", "page.md", runbook(&name, &mut random)),
        ] {
            let folder = root.join("services").join(&name).join(folder);
            std::fs::create_dir_all(&folder).expect("a folder that may be written");
            let file = if file == "page.md" { format!("{name}.md") } else { file.to_owned() };
            std::fs::write(folder.join(file), &text).expect("a file that may be written");
            bytes += text.len() as u64;
        }
    }
    bytes
}

fn manifest(name: &str, random: &mut Random) -> String {
    let mut text = String::new();
    let replicas = random.below(4) + 1;
    write!(
        text,
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  labels:\n    app: {name}\n    team: t{}\n\
         spec:\n  replicas: {replicas}\n  selector:\n    matchLabels:\n      app: {name}\n  template:\n    metadata:\n\
         \x20     labels:\n        app: {name}\n    spec:\n      containers:\n        - name: main\n\
         \x20         image: registry.example/{name}:1.{}.0\n          ports:\n            - containerPort: 8080\n\
         \x20         env:\n",
        random.below(9),
        random.below(50),
    )
    .expect("strings grow");
    for index in 0..random.below(40) {
        writeln!(text, "            - name: SETTING_{index}\n              value: \"{}\"", random.below(1_000_000))
            .expect("strings grow");
    }
    write!(
        text,
        "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  selector:\n    app: {name}\n\
         \x20 ports:\n    - port: 80\n      targetPort: 8080\n"
    )
    .expect("strings grow");
    text
}

fn terraform(name: &str, random: &mut Random) -> String {
    let mut text = format!(
        "variable \"retention\" {{\n  type    = number\n  default = {}\n}}\n\nlocals {{\n  tags = {{ service = \"{name}\" }}\n}}\n",
        random.below(14)
    );
    for index in 0..=random.below(6) {
        write!(
            text,
            "\nresource \"aws_db_instance\" \"db{index}\" {{\n  identifier              = \"{name}-{index}\"\n  engine                  = \"postgres\"\n  \
             backup_retention_period = var.retention\n  deletion_protection     = {}\n  tags                    = local.tags\n}}\n",
            random.below(2) == 0
        )
        .expect("strings grow");
    }
    text
}

fn alerts(name: &str, random: &mut Random) -> String {
    let mut text = format!("groups:\n  - name: {name}\n    rules:\n");
    for index in 0..=random.below(12) {
        write!(
            text,
            "      - alert: Errors{index}\n        expr: sum(rate(http_requests_total{{job=\"{name}\",code=~\"5..\"}}[5m])) > {}\n        \
             for: 5m\n        labels:\n          severity: {}\n        annotations:\n          summary: it is broken\n",
            random.below(100),
            if random.below(2) == 0 { "page" } else { "warning" },
        )
        .expect("strings grow");
    }
    text
}

fn runbook(name: &str, random: &mut Random) -> String {
    let mut text = format!("# {name}\n");
    for heading in ["Meaning", "Impact", "Diagnosis", "Mitigation", "Rollback", "Escalation"] {
        write!(text, "\n## {heading}\n\n").expect("strings grow");
        for _ in 0..=random.below(12) {
            write!(text, "Look at `{name}` and at what changed since {} o'clock. ", random.below(24))
                .expect("strings grow");
        }
        text.push_str("\n\n```sh\nkubectl rollout status deployment/main\n```\n");
    }
    text
}
