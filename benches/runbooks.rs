//! Alerts and runbooks: an audit of a repository of them against parsing the same files and nothing else.
//!
//! `cargo bench --bench runbooks` prints the ratio for a repository made from a seed, of the shape of a large collection
//! of runbooks: 100 rule files with about 950 alerts that link to pages, and 450 pages with links, tables and commands.
//! Where `TWOAM_CORPORA` names a folder of trees as OWNER+NAME, two real ones are measured as well, with their seconds:
//! each has one.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use twoam::audit::Request;
use twoam::discover::{Found, Options, discover, read};
use twoam::source::SourceId;

/// Times each measurement is repeated; the fastest counts, since noise only adds.
const ROUNDS: usize = 5;

/// Real repositories that must be judged within a second.
const REAL: [&str; 2] = ["samber+awesome-prometheus-alerts", "mattrussi+gitlab-com-runbooks"];

fn main() {
    println!("{:<36} {:>6} {:>7} {:>16} {:>8}", "repository", "files", "alerts", "audit ÷ parsing", "seconds");
    let folder = tempfile::tempdir().expect("a temporary folder");
    generate(folder.path(), 7);
    measure("generated", folder.path());
    let corpora = std::env::var_os("TWOAM_CORPORA").map(std::path::PathBuf::from);
    for name in REAL {
        match corpora.as_ref().map(|folder| folder.join(name)).filter(|root| root.is_dir()) {
            Some(root) => measure(name, &root),
            None => println!("{name:<36} not measured: it is not below TWOAM_CORPORA"),
        }
    }
}

fn measure(name: &str, root: &Path) {
    let files = discover(&[root.to_owned()], &Options::default()).files;
    let floor = fastest(|| parse(&files));
    let mut alerts = 0;
    let whole = fastest(|| {
        let audit =
            twoam::audit::run(&Request::new(vec![root.to_owned()])).expect("nothing wrong with the configuration");
        alerts = audit.model.alerts.len();
    });
    println!(
        "{name:<36} {:>6} {alerts:>7} {:>16.1} {:>8.2}",
        files.len(),
        whole.as_secs_f64() / floor.as_secs_f64(),
        whole.as_secs_f64(),
    );
}

fn fastest(mut run: impl FnMut()) -> Duration {
    let once = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..=ROUNDS).map(|_| once(&mut run)).skip(1).min().unwrap_or_default()
}

/// The floor: every file is read and parsed, on all processors, and dropped.
fn parse(files: &[Found]) {
    let parsed: usize = files
        .par_iter()
        .filter_map(|found| {
            let text = read(found).ok()?;
            let parsed = twoam::parse::parse(SourceId(0), &text, found.format);
            Some(parsed.document.comments.len() + 1)
        })
        .sum();
    assert!(parsed > 0);
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

/// 100 rule files and 450 pages.
fn generate(root: &Path, seed: u64) {
    let mut random = Random(seed);
    let write = |path: String, text: &str| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().expect("below the root")).expect("a folder that may be written");
        std::fs::write(path, text).expect("a file that may be written");
    };
    for page in 0..450 {
        write(format!("docs/svc{}/page{page}.md", page % 60), &runbook(page, &mut random));
    }
    for file in 0..100 {
        write(format!("rules/svc{file}.yml"), &rules(file, &mut random));
    }
    write("go.mod".to_owned(), "module github.com/acme/runbooks\n");
}

fn rules(file: u64, random: &mut Random) -> String {
    let mut text = format!("groups:\n  - name: svc{file}\n    rules:\n");
    for index in 0..8 + random.below(4) {
        let page = random.below(480);
        write!(
            text,
            "      - alert: Service{file}Alert{index}\n        expr: |\n          sum by (type, stage) (rate(gitlab_service_errors:rate_5m{{environment=\"gprd\", type=\"svc{}\"}}[5m]))\n            \
             / sum by (type, stage) (rate(gitlab_service_ops:rate_5m{{environment=\"gprd\", type=\"svc{}\"}}[5m])) > {}\n        \
             for: {}m\n        labels:\n          severity: s{}\n          pager: pagerduty\n        annotations:\n          \
             title: Something is wrong with {{{{ $labels.type }}}}\n          description: |\n            {{{{ $value }}}} of the requests fail.\n          \
             runbook_url: https://github.com/acme/runbooks/blob/main/docs/svc{}/page{page}.md#diagnosis\n",
            file % 60,
            file % 60,
            random.below(100),
            random.below(30) + 1,
            random.below(4) + 1,
            page % 60,
        )
        .expect("strings grow");
    }
    text
}

fn runbook(page: u64, random: &mut Random) -> String {
    let mut text = format!("# Page {page}\n\nWhat to do about it.\n");
    for heading in ["Symptoms", "Impact", "Diagnosis", "Resolution", "Rollback", "Escalation"] {
        write!(text, "\n## {heading}\n\n").expect("strings grow");
        for _ in 0..=random.below(20) {
            let other = random.below(460);
            write!(
                text,
                "Look at `svc{}` and at [the other](../svc{}/page{other}.md#impact). ",
                other % 60,
                other % 60
            )
            .expect("strings grow");
        }
        text.push_str("\n\n| metric | meaning |\n| --- | --- |\n");
        for row in 0..random.below(12) {
            writeln!(text, "| metric_{row} | how many of them there were since {} o'clock |", random.below(24))
                .expect("strings grow");
        }
        write!(
            text,
            "\n```sh\nkubectl -n svc{} rollout restart deployment/main\n./scripts/drain.sh --all | jq .\n```\n",
            page % 60
        )
        .expect("strings grow");
    }
    text
}
