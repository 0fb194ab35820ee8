//! What can be said on the command line.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::report::Format;
use crate::rule::Severity;

/// How would an incident tonight go? Reads Terraform, Kubernetes manifests, alert rules and runbooks, joins them into
/// services, and reports the readiness gaps of each with a score.
#[derive(Debug, Parser)]
#[command(name = "twoam", version, args_conflicts_with_subcommands = true, max_term_width = 100)]
#[command(after_help = "\
Exit codes: 0 nothing at or above --fail-on, 1 gaps, 2 wrong usage or configuration.

Examples:
  twoam                                audit the current folder
  twoam infra/ ../runbooks             audit two folders as one
  twoam --format sarif > twoam.sarif   for code scanning
  twoam explain service/checkout       why its score, and the shortest way up
  twoam report -o readiness.html       the quarterly page")]
pub(super) struct Arguments {
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(super) color: ColorWhen,
    #[command(subcommand)]
    pub(super) verb: Option<Verb>,
    #[command(flatten)]
    pub(super) check: Check,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Audit folders and report the gaps (the default).
    Check(Check),
    /// Write the readiness report that people read, as HTML or Markdown.
    Report(Report),
    /// List the services, their members, and why each was linked.
    Services(Services),
    /// Explain a rule, the score of a service, or the way of an alert to the people it calls.
    Explain(Explain),
    /// List the rules.
    Rules(Rules),
    /// Run rules against their fixtures (`.twoam/rules` and `.twoam/fixtures`).
    Test(Test),
    /// Write a first runbook for an alert, or a first rule.
    #[command(subcommand)]
    New(New),
    /// Write a first `twoam.toml` from what the repository holds.
    Init(Init),
    /// Print a JSON Schema.
    Schema {
        /// Of what.
        what: SchemaOf,
    },
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// What is audited, and with what.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Inputs {
    /// Folders or files to audit, as one; the current folder when none is given.
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Configuration file, instead of the nearest `twoam.toml`.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Saved plan of Terraform, as `terraform show -json` writes it. May repeat; plans within PATH are read anyway.
    #[arg(long, value_name = "FILE")]
    pub(super) plan: Vec<PathBuf>,
    /// Folder of further rules (`<family>/<name>.toml`); one of the same id replaces a built-in rule. May repeat.
    #[arg(long, value_name = "DIR")]
    pub(super) rules: Vec<PathBuf>,
    /// Only these rules or families, also those that are off unless asked for. May repeat, or be separated by commas.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(super) select: Vec<String>,
    /// All but these rules or families. May repeat, or be separated by commas.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(super) skip: Vec<String>,
    /// Let your own program render charts (`helm template`) or kustomizations (`kustomize build`) instead. The only thing
    /// that twoam ever runs. May repeat.
    #[arg(long, value_enum, value_name = "PROGRAM")]
    pub(super) render: Vec<Renderer>,
    /// Threads to use; as many as there are processors when not given.
    #[arg(long, short, value_name = "N")]
    pub(super) jobs: Option<usize>,
    /// The date to hold dates against (`2026-11-24`), instead of the clock's.
    #[arg(long, value_name = "DATE", hide_short_help = true)]
    pub(super) today: Option<jiff::civil::Date>,
    /// Say less: no progress and no problems of inputs on standard error.
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// Say more: every place, and everything that could not be decided.
    #[arg(long, short)]
    pub(super) verbose: bool,
}

/// A program of the user's own that renders.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Renderer {
    Helm,
    Kustomize,
}

/// `twoam check`.
#[derive(Args, Clone, Debug)]
pub(super) struct Check {
    #[command(flatten)]
    pub(super) inputs: Inputs,
    /// Form of the report on standard output.
    #[arg(long, short, value_name = "FORMAT", default_value = "human")]
    pub(super) format: Format,
    /// Write a report to a file too, as FORMAT=PATH. May repeat.
    #[arg(long, short, value_name = "FORMAT=PATH")]
    pub(super) output: Vec<Output>,
    /// Least severity to show.
    #[arg(long, value_name = "SEVERITY")]
    pub(super) min_severity: Option<Severity>,
    /// Least severity of an open gap that makes the exit code 1.
    #[arg(long, value_name = "SEVERITY", default_value_t = Severity::High)]
    pub(super) fail_on: Severity,
    /// Score (0–100) that no service may fall below.
    #[arg(long, value_name = "SCORE", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(super) min_score: Option<u8>,
    /// Exit with 0 whatever was found.
    #[arg(long)]
    pub(super) exit_zero: bool,
}

/// `twoam report`.
#[derive(Args, Clone, Debug)]
pub(super) struct Report {
    #[command(flatten)]
    pub(super) inputs: Inputs,
    /// File to write: `.html` or `.md`.
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: PathBuf,
}

/// `twoam services`.
#[derive(Args, Clone, Debug)]
pub(super) struct Services {
    #[command(flatten)]
    pub(super) inputs: Inputs,
}

/// `twoam explain`.
#[derive(Args, Clone, Debug)]
pub(super) struct Explain {
    /// A rule (`backup/no-deletion-protection`), a service (`service/checkout`) or an alert (`alert/CheckoutDown`).
    pub(super) what: String,
    #[command(flatten)]
    pub(super) inputs: Inputs,
}

/// `twoam rules`.
#[derive(Args, Clone, Debug)]
pub(super) struct Rules {
    #[command(flatten)]
    pub(super) inputs: Inputs,
}

/// `twoam test`.
#[derive(Args, Clone, Debug)]
pub(super) struct Test {
    /// Folder that holds `rules/` and `fixtures/`.
    #[arg(default_value = ".twoam", value_name = "DIR")]
    pub(super) folder: PathBuf,
}

/// `twoam new`.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum New {
    /// Write a runbook for an alert: what the repository knows, and the questions that only people can answer.
    Runbook(NewRunbook),
    /// Write a rule of your own, with a failing and a passing fixture.
    Rule(NewRule),
}

/// `twoam new runbook`.
#[derive(Args, Clone, Debug)]
pub(super) struct NewRunbook {
    /// The alert's name, as its rule has it.
    pub(super) alert: String,
    #[command(flatten)]
    pub(super) inputs: Inputs,
    /// File to write, which must not be there yet; standard output when not given.
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

/// `twoam new rule`.
#[derive(Args, Clone, Debug)]
pub(super) struct NewRule {
    /// Its id: FAMILY/NAME.
    #[arg(value_name = "FAMILY/NAME")]
    pub(super) id: String,
    /// Folder that holds `rules/` and `fixtures/`.
    #[arg(default_value = ".twoam", value_name = "DIR")]
    pub(super) folder: PathBuf,
}

/// `twoam init`.
#[derive(Args, Clone, Debug)]
pub(super) struct Init {
    /// Folder to write `twoam.toml` for.
    #[arg(default_value = ".", value_name = "DIR")]
    pub(super) folder: PathBuf,
}

/// What a schema is of.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum SchemaOf {
    /// `twoam.toml`.
    Config,
    /// A rule file.
    Rule,
    /// The JSON report.
    Report,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A report to write to a file.
#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) format: Format,
    pub(super) path: PathBuf,
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((format, path)) = text.split_once('=') else {
            return Err("write it as FORMAT=PATH, for instance sarif=twoam.sarif".to_owned());
        };
        Ok(Self { format: format.parse()?, path: path.into() })
    }
}
