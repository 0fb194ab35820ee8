//! The pipeline, readable aloud: discover → parse → resolve → extract → link → evaluate → score. Uses all stages.
//!
//! An audit is a function of the files, the git history of their checkouts, the configuration and the day it is held on;
//! and of what the user's own Helm and kustomize print, where `--render` asks for them: nothing else is run. It reads no
//! clock, no environment and no network itself, and gives the same answer for any number of threads.

use std::collections::BTreeSet;
use std::path::PathBuf;

use rayon::prelude::*;

use crate::config::Config;
use crate::discover::{self, Discovery, Found};
use crate::evaluate::{self, Verdict};
use crate::extract::{self, Facts, Input};
use crate::history;
use crate::link;
use crate::model::{Environments, Gap, Hides, Model, Targets};
use crate::parse::{self, Parsed};
use crate::problem::{Fault, Problem, Skipped, nearest};
use crate::resolve;
pub use crate::resolve::external::Program;
use crate::resolve::external::Programs;
use crate::resolve::rendered::Renderings;
use crate::rule::RuleSet;
use crate::score::{self, Scores};
use crate::source::{Source, SourceId, Sources, Span};
use crate::suppress;
pub use crate::suppress::same_checks;
use crate::tree::{Comment, Document, Format, Node, Text};

/// Everything one audit found; reports read it and change nothing.
#[derive(Debug, Default)]
pub struct Audit {
    /// The project's name, or that of the first root.
    pub project: String,
    /// What was read.
    pub sources: Sources,
    /// What it means.
    pub model: Model,
    /// The rules it was held against.
    pub rules: RuleSet,
    /// What they say, sorted by path, place and rule.
    pub verdicts: Vec<Verdict>,
    /// How the services stand.
    pub scores: Scores,
    /// What was not read.
    pub skipped: Vec<Skipped>,
    /// What was wrong with what was read.
    pub problems: Vec<Problem>,
    /// How many files were read.
    pub files_read: usize,
}

/// What happens, for whoever shows progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Files are being found.
    Discover,
    /// Files are being read.
    Read,
    /// A file was read.
    File,
    /// Terraform is evaluated, module by module.
    Resolve,
    /// What was read is joined into services.
    Link,
    /// The rules are asked.
    Judge,
    /// Waivers are applied and services scored.
    Score,
}

/// What to audit, and how.
pub struct Request<'p> {
    /// The roots, audited as one.
    pub roots: Vec<PathBuf>,
    /// The configuration file, instead of the nearest `twoam.toml`.
    pub config: Option<PathBuf>,
    /// Saved plans of Terraform, as JSON, wherever they stand; those within the roots are found without being named.
    pub plans: Vec<PathBuf>,
    /// Folders of further rules.
    pub rule_folders: Vec<PathBuf>,
    /// Only these rules or families; all when empty.
    pub select: Vec<String>,
    /// All but these rules or families.
    pub skip: Vec<String>,
    /// Programs of the user's own that render charts and kustomizations instead.
    pub render: Vec<Program>,
    /// Threads; as many as there are processors when not given.
    pub jobs: Option<usize>,
    /// The day dates are held against.
    pub today: jiff::civil::Date,
    /// What is known of how the files were; the git history of the roots when not given.
    pub history: Option<&'p dyn history::Past>,
    /// Told of each stage, from any thread.
    pub progress: Option<&'p (dyn Fn(Stage) + Sync)>,
}

impl Request<'_> {
    /// An audit of some roots with everything else left to its default, on the first day of 1970.
    pub fn new(roots: Vec<PathBuf>) -> Self {
        Self {
            roots,
            config: None,
            plans: Vec::new(),
            rule_folders: Vec::new(),
            select: Vec::new(),
            skip: Vec::new(),
            render: Vec::new(),
            jobs: None,
            today: jiff::civil::date(1970, 1, 1),
            history: None,
            progress: None,
        }
    }

    fn tell(&self, stage: Stage) {
        if let Some(progress) = self.progress {
            progress(stage);
        }
    }
}

/// What an audit needs before it reads any input.
#[derive(Default)]
pub struct Prepared {
    /// The configuration.
    pub config: Config,
    /// The rules, as selected.
    pub rules: RuleSet,
    /// The ids of all rules, of those that were not selected too.
    known: Vec<Text>,
    sources: Sources,
}

/// Threads recurse into nested expressions; nesting is bounded, and this bounds what it may take, in bytes.
const STACK: usize = 16 << 20;

/// Reads the configuration and the rules.
///
/// # Errors
/// With the problems of either, as an audit that holds nothing else.
pub fn prepare(request: &Request<'_>) -> Result<Prepared, Box<Audit>> {
    let mut sources = Sources::default();
    let mut problems = Vec::new();
    let config = Config::find(request.config.as_deref(), &request.roots, &mut sources, &mut problems);
    let mut folders: Vec<PathBuf> = own_rules(&request.roots);
    folders.extend(request.rule_folders.iter().cloned());
    let (mut rules, broken) = RuleSet::load(&folders, &mut sources);
    problems.extend(broken);
    let names: Vec<&str> = rules.rules.iter().map(|rule| rule.meta.id.as_str()).collect();
    problems.extend(config.check_rules(&names));
    for wanted in request.select.iter().chain(&request.skip) {
        problems.extend(unknown_rule(wanted, &names));
    }
    if problems.iter().any(|problem| problem.fault != Fault::Input) {
        return Err(Box::new(Audit { sources, problems, ..Audit::default() }));
    }
    let known = rules.rules.iter().map(|rule| rule.meta.id.clone()).collect();
    rules.select(&request.select, &request.skip);
    rules.reweigh(|rule| config.severity_of(rule));
    Ok(Prepared { config, rules, known, sources })
}

/// The folders of rules that stand in the roots themselves.
fn own_rules(roots: &[PathBuf]) -> Vec<PathBuf> {
    roots.iter().map(|root| root.join(".twoam/rules")).filter(|folder| folder.is_dir()).collect()
}

fn unknown_rule(wanted: &str, names: &[&str]) -> Option<Problem> {
    let families = names.iter().filter_map(|name| name.split('/').next());
    let mut known = names.iter().copied().chain(families);
    if known.clone().any(|name| name == wanted) {
        return None;
    }
    let help = match nearest(wanted, &mut known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`twoam rules` lists them".to_owned(),
    };
    Some(Problem::of(
        Fault::Configuration,
        "--select or --skip",
        format!("there is no rule or family `{wanted}`"),
        help,
    ))
}

/// Audits.
///
/// # Errors
/// When the configuration, a rule or the request itself is broken: an audit that holds nothing but these problems.
pub fn run(request: &Request<'_>) -> Result<Audit, Box<Audit>> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(request.jobs.unwrap_or(0)).stack_size(STACK).build();
    match pool {
        Ok(pool) => pool.install(|| audit(request)),
        Err(error) => {
            let message = format!("threads cannot be started: {error}");
            let problem = Problem::of(Fault::Configuration, "--jobs", message, "try --jobs 1");
            Err(Box::new(Audit { problems: vec![problem], ..Audit::default() }))
        }
    }
}

fn audit(request: &Request<'_>) -> Result<Audit, Box<Audit>> {
    let Prepared { mut config, mut rules, known, sources: own } = prepare(request)?;
    rules.leave_disabled();

    request.tell(Stage::Discover);
    let mut discovery = discover::discover(&request.roots, &config.discovery());
    discover::add_installed_modules(&mut discovery, config.discovery().largest);
    let named = discover::add_plans(&mut discovery, &request.plans);
    let (packed, not_unpacked) = discover::packed_charts(&discovery, &config.discovery());
    let of_packed = packed.iter().map(|packed| packed.path.as_str());
    let shown = discovery.files.iter().map(|found| found.shown.as_str());
    let charts = resolve::helm::Folders::find(shown.chain(of_packed));
    // Behind the files that are read by themselves come the helpers and scripts of charts, the scripts that pipelines run,
    // and what Terraform makes texts of.
    let own_files = discovery.files.len();
    let terraform = discovery.files.iter().any(|found| found.format == Format::Hcl);
    let values = discover::mentioned(
        &discovery,
        &config.discovery(),
        &resolve::helm::is_named_helmfile,
        &resolve::helm::values_named_by_helmfile,
    );
    let is_part = |path: &str| {
        let runs = path.ends_with(".gotmpl") || extract::ci::is_script(path);
        charts.is_part(path) || values.contains(path) || runs || terraform && discover::may_be_filled_in(path)
    };
    let parts = discovery.further(is_part, &config.discovery());
    discovery.files.extend(parts);
    config.learn(discovery.files.iter().map(|found| found.shown.as_str()));
    let Discovery { roots, files, all_paths, mut skipped, mut problems } = discovery;
    let locate = |folder: &str| located(&roots, folder);
    let programs = Programs::find(&request.render, &locate).map_err(|missing| Box::new(not_there(missing)))?;
    if problems.iter().any(|problem| problem.fault == Fault::Configuration) {
        return Err(Box::new(Audit { sources: own, problems, ..Audit::default() }));
    }
    request.tell(Stage::Read);
    let read: Vec<ReadFile> = files
        .par_iter()
        .enumerate()
        .map(|(index, found)| {
            let file = if index >= own_files || charts.is_template(&found.shown) {
                read_unparsed(found, index < own_files)
            } else {
                read_file(index, found, &config)
            };
            request.tell(Stage::File);
            file
        })
        .collect();

    request.tell(Stage::Resolve);
    let mut model = Model::default();
    let mut texts = Vec::with_capacity(read.len());
    let mut kept: Vec<Document> = Vec::new();
    let mut written: Vec<Model> = Vec::with_capacity(read.len());
    let mut comments: Vec<Comment> = Vec::new();
    let mut files_read = 0;
    for file in read {
        files_read += usize::from(file.skipped.is_none());
        skipped.extend(file.skipped);
        problems.extend(file.facts.problems);
        written.push(file.facts.model);
        texts.push(file.source);
        kept.extend(file.document);
        comments.extend(file.comments);
    }
    skipped.extend(not_unpacked);
    for packed in packed {
        written.push(Model::default());
        texts.push(Source::new(packed.path, packed.text));
    }
    let mut sources = Sources::new(texts);
    config.adopt(&own, &mut sources);
    let environments = config.environments();

    let modules: Vec<(&Source, &Document)> = kept
        .iter()
        .filter(|document| !matches!(document.format, Format::Yaml | Format::Text | Format::Groovy | Format::Jsonnet))
        .map(|document| (sources.get(document.source), document))
        .collect();
    let read = |path: &str| discover::text_at(&roots, path, config.discovery().largest);
    let shelf = resolve::terraform::Shelf::new(&all_paths, &read);
    let (plans, broken) = plans(&named, &modules);
    if !broken.is_empty() {
        return Err(Box::new(Audit { sources, problems: broken, ..Audit::default() }));
    }
    let mut resolved = resolve::terraform::resolve(&modules, &sources, &plans, environments, &shelf);
    let mut renderings = Renderings::default();
    renderings.absorb(std::mem::take(&mut resolved.renderings));
    // What is said of a template by its name alone is said better once it is rendered.
    let made = renderings.sources();
    let made: BTreeSet<&str> = made.into_iter().map(|source| sources.get(source).path.as_str()).collect();
    let rendered = |path: &str| charts.is_template(path) || made.contains(path);
    skipped.retain(|skipped| skipped.reason != discover::UNRENDERED || !rendered(&skipped.path));
    let charts = resolve::helm::Charts::read(&charts, sources.iter()).rendered_by(&programs);
    let manifests = kept.iter().filter(|document| document.format == Format::Yaml);
    let audited: Vec<link::AuditedRoot> = roots.iter().map(audited).collect();
    let checkouts: Vec<resolve::kustomize::Root> = audited.iter().map(checkout).collect();
    let folders = resolve::kustomize::Files::new(sources.iter(), manifests, &all_paths);
    let folders = folders.inflating(&charts).built_by(&programs).below(&checkouts);
    let delivered = resolve::delivery::resolve(&folders, environments);
    model.surroundings.shared_bases = resolve::kustomize::shared(&folders);
    let asked = std::mem::take(&mut renderings.installations);
    let further = |node: &Node| resolve::delivery::further(&folders, environments, node);
    let installed = resolve::helm::install(&charts, environments, &delivered.charts, asked, &further);
    skipped.retain(|skipped| !installed.files.contains(&skipped.path));
    renderings.absorb(installed.renderings);
    comments.extend(installed.comments);
    skipped.extend(
        delivered
            .undelivered
            .iter()
            .map(|(file, why)| Skipped { path: sources.get(*file).path.clone(), reason: (*why).to_owned() }),
    );
    renderings.absorb(delivered.renderings);
    resolve::delivery::give_values(&folders, environments, &mut renderings);
    renderings.dedup();

    for (file, facts) in (0..).map(SourceId).zip(written) {
        if !renderings.replaced.contains(&file) {
            model.absorb(facts);
        }
    }
    let mut pipelines = {
        let documents = kept.iter().map(|document| (sources.get(document.source), document));
        extract::ci::Files::new(documents, roots.iter().map(|root| root.prefix.as_str()), environments)
    };
    pipelines.add_objects(sources.iter(), &renderings);
    let mut facts = extract::ci::extract(&pipelines);
    extract::terraform::extract(&resolved, &mut facts);
    let rendered: Vec<Facts> = renderings
        .documents
        .into_par_iter()
        .map(|document| extract::rendered(document, &sources, environments))
        .collect();
    for facts in std::iter::once(facts).chain(rendered) {
        model.absorb(facts.model);
        problems.extend(facts.problems);
    }
    for facts in generated(&mut model, &sources, environments) {
        model.absorb(facts.model);
        problems.extend(facts.problems);
    }
    extract::migration::run_scripts(&mut model, &mut sources, &read);
    model.gaps.extend(renderings.gaps);
    for problem in renderings.problems {
        match problem.span.filter(|span| environments.is_for_show(sources.path(*span))) {
            Some(span) => skipped.push(for_show(&problem, sources.get(span.source))),
            None => problems.push(problem),
        }
    }

    request.tell(Stage::Link);
    model.targets = Targets { today: request.today.to_string().into(), ..config.targets() };
    config.weigh_alerts(&mut model);
    model.surroundings.asks_from_outside = extract::outside::asks_from_outside(&sources, environments);
    if model.backups.iter().any(|backup| backup.tool == "google-snapshots") {
        model.surroundings.attaches_schedules = extract::outside::attaches_schedules(&sources, environments);
    }
    model.surroundings.tries_again = extract::outside::tries_again(&sources, environments);
    model.surroundings.listed.extend(extract::named_pages::named(&sources));
    let unmarked = link::unmarked(&model, environments);
    let own = |name: &str| {
        let called = model.datastores.iter().filter(|it| it.name.split_once('/').is_some_and(|(_, it)| it == name));
        called.map(|datastore| datastore.place.path.clone()).collect()
    };
    let named_by = extract::outside::named_by(&sources, &unmarked, own, environments);
    let context = link::Context {
        named_by: &named_by,
        environments,
        services: config.declared(),
        paths: &all_paths,
        roots: &audited,
        urls: config.urls(),
        external: config.external(),
        today: request.today,
    };
    link::link(&mut model, &context);
    if rules.get(history::RULE).is_some() {
        let git = history::Git::new(
            roots.iter().filter(|root| !root.is_file).map(|root| (root.prefix.clone(), root.real.clone())),
        );
        history::judge(&mut model, &sources, request.history.unwrap_or(&git));
    }
    request.tell(Stage::Judge);
    let mut verdicts = evaluate::evaluate(&rules, &model);
    request.tell(Stage::Score);
    let ran: Vec<Text> = rules.rules.iter().map(|rule| rule.meta.id.clone()).collect();
    let scope = suppress::Scope { sources: &sources, model: &model, known: &known, ran: &ran, today: request.today };
    let waivers = suppress::collect(&comments, &config, &scope);
    problems.extend(suppress::apply(&waivers, &mut verdicts, &scope));
    let scores = score::score(&model, &verdicts);
    skipped.extend(model.gaps.iter().map(unread));
    skipped.sort();
    skipped.dedup();
    Ok(Audit {
        project: config.project(&request.roots),
        sources,
        model,
        rules,
        verdicts,
        scores,
        skipped,
        problems,
        files_read,
    })
}

/// What Jsonnet makes, without the alerts that stand in the repository as they are rendered.
fn generated(model: &mut Model, sources: &Sources, environments: &Environments) -> Vec<Facts> {
    let mut generated = resolve::jsonnet::evaluate(sources, environments);
    let own = model.alerts.iter().filter(|alert| !environments.is_for_show(&alert.place.path));
    generated.leave_out(&own.map(|alert| alert.name.as_str()).collect());
    model.gaps.extend(generated.gaps);
    model.surroundings.drawn.extend(generated.drawn);
    let documents = generated.documents.into_par_iter();
    documents.map(|document| extract::generated(document, sources, environments)).collect()
}

/// Where a folder that is shown by this path stands: below the root that is shown by its beginning.
fn located(roots: &[discover::Root], folder: &str) -> Option<PathBuf> {
    roots.iter().filter_map(|root| root.located(folder)).find(|path| path.is_dir())
}

/// A program that was asked for and is not there.
fn not_there(program: Program) -> Audit {
    let name = program.name();
    let problem = Problem::of(
        Fault::Configuration,
        "--render",
        format!("there is no `{name}` on the search path"),
        "install it, or leave the flag out: twoam renders by itself",
    );
    Audit { problems: vec![problem], ..Audit::default() }
}

/// A root, and which repository its git configuration says it is.
fn audited(root: &discover::Root) -> link::AuditedRoot {
    let (urls, branch) = discover::remotes(root);
    let repositories = urls.iter().filter_map(|url| extract::site::repository::name(url)).map(String::from).collect();
    link::AuditedRoot { prefix: root.prefix.clone(), repositories, branch }
}

fn checkout(root: &link::AuditedRoot) -> resolve::kustomize::Root {
    resolve::kustomize::Root { prefix: root.prefix.clone(), repositories: root.repositories.clone() }
}

/// The files that were named as plans; one that is none is a problem of the request.
fn plans(named: &[String], documents: &[(&Source, &Document)]) -> (Vec<SourceId>, Vec<Problem>) {
    let (mut plans, mut broken) = (Vec::new(), Vec::new());
    for path in named {
        let plan = documents.iter().find(|(source, _)| source.path == *path);
        match plan.filter(|(_, document)| resolve::terraform::is_saved_plan(document)) {
            Some((_, document)) => plans.push(document.source),
            None => broken.push(Problem::of(
                Fault::Configuration,
                path,
                "this is no saved plan of Terraform in its JSON form",
                "write one with `terraform plan -out=tfplan && terraform show -json tfplan > tfplan.json`",
            )),
        }
    }
    (plans, broken)
}

/// A template of YAML is none yet: what it will hold is unknown, and said to be unread.
fn unrendered(id: SourceId, source: Source) -> ReadFile {
    let reason = "a template, not rendered";
    let mut facts = Facts::default();
    facts.model.gaps.push(Gap {
        hides: Hides::Kubernetes,
        span: Span::head(id),
        path: source.path.as_str().into(),
        reason: reason.into(),
    });
    let skipped = Skipped { path: source.path.clone(), reason: reason.to_owned() };
    ReadFile { source, facts, skipped: Some(skipped), document: None, comments: Vec::new() }
}

/// A gap as it is listed. A file may call many modules that are not here, and is listed once.
fn unread(gap: &Gap) -> Skipped {
    let reason = match gap.hides {
        Hides::Terraform => "in part: it calls modules that are not in the repository".to_owned(),
        Hides::Values | Hides::Kubernetes | Hides::Monitoring | Hides::Alerts | Hides::Pipelines | Hides::Secrets => {
            gap.reason.to_string()
        }
    };
    Skipped { path: gap.path.to_string(), reason }
}

/// A broken file is a problem. One of a test or an example may be broken on purpose, and is listed as not read.
fn complain(facts: &mut Facts, problems: Vec<Problem>, source: &Source, config: &Config) -> Option<Skipped> {
    if !config.environments().is_for_show(&source.path) {
        facts.problems.extend(problems);
        return None;
    }
    problems.first().map(|first| for_show(first, source))
}

/// What is broken in a test or an example, as it is listed.
fn for_show(problem: &Problem, source: &Source) -> Skipped {
    let line = problem.span.map_or(1, |span| source.position(span.start).line);
    let reason = format!("{} (line {line}), in a test or an example", problem.message);
    Skipped { path: source.path.clone(), reason }
}

/// A file that says nothing by itself: a template of a chart, or what one uses. Only those that are sought for
/// themselves are missed when they cannot be read.
fn read_unparsed(found: &Found, is_own: bool) -> ReadFile {
    let (text, unread) = match discover::read(found) {
        Ok(text) => (text, None),
        Err(unread) => (String::new(), Some(unread).filter(|_| is_own)),
    };
    let facts =
        Facts { problems: unread.iter().filter_map(|unread| unread.problem.clone()).collect(), ..Facts::default() };
    let skipped = unread.map(|unread| unread.skipped);
    ReadFile { source: Source::new(&found.shown, text), facts, skipped, document: None, comments: Vec::new() }
}

/// What one file gave.
struct ReadFile {
    source: Source,
    facts: Facts,
    skipped: Option<Skipped>,
    /// Kept for stages that look at several files at once.
    document: Option<Document>,
    /// Comments that speak to us.
    comments: Vec<Comment>,
}

fn read_file(index: usize, found: &Found, config: &Config) -> ReadFile {
    let id = SourceId(u32::try_from(index).unwrap_or(u32::MAX));
    let text = match discover::read(found) {
        Ok(text) => text,
        Err(unread) => {
            let source = Source::new(&found.shown, "");
            let facts = Facts { problems: unread.problem.into_iter().collect(), ..Facts::default() };
            return ReadFile { source, facts, skipped: Some(unread.skipped), document: None, comments: Vec::new() };
        }
    };
    let source = Source::new(&found.shown, text);
    if found.format == Format::Yaml && parse::yaml::is_template(&source.text) {
        return unrendered(id, source);
    }
    let Parsed { mut document, problems } = parse::parse(id, &source.text, found.format);
    resolve::helm::spell_out(&source, &mut document);
    if found.format == Format::Json && parse::json::is_template(&source.text, &problems) {
        let skipped = Skipped { path: source.path.clone(), reason: discover::UNRENDERED.to_owned() };
        return ReadFile {
            source,
            facts: Facts::default(),
            skipped: Some(skipped),
            document: None,
            comments: Vec::new(),
        };
    }
    if found.format == Format::Json && resolve::terraform::is_saved_plan(&document) {
        let facts = Facts { problems, ..Facts::default() };
        return ReadFile { source, facts, skipped: None, document: Some(document), comments: Vec::new() };
    }
    let mut facts = extract::extract(&Input {
        id,
        source: &source,
        document: &document,
        environments: config.environments(),
        runbook_folders: config.runbook_folders(),
        environment: None,
        library: false,
        sources: None,
    });
    let skipped = complain(&mut facts, problems, &source, config);
    let comments = document.comments.iter().filter(|comment| suppress::may_waive(&comment.text)).cloned().collect();
    let seen_together = is_module(&source.path, document.format)
        || document.format == Format::Yaml && resolve::delivery::concerns(&source.path, document.values())
        || extract::ci::concerns(&source.path, &document);
    ReadFile { source, facts, skipped, document: seen_together.then_some(document), comments }
}

/// Whether a file is part of a Terraform module.
fn is_module(path: &str, format: Format) -> bool {
    format == Format::Hcl
        || path.ends_with(".tf.json")
        || path.ends_with(".tfvars.json")
        || path.ends_with(".terraform/modules/modules.json")
}
