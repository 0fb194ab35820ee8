//! A pipeline's job as every platform has it, and the judgement: does it deploy to production, and is there a way back?
//! Uses `source`, `tree`, `model` and the tables of `commands`.

use std::collections::BTreeSet;

use super::commands::{self, Manner};
use super::files::Files;
pub(super) use crate::model::rollout::Pause as Gate;
use crate::model::{Deployment, Environment, Environments, Fact};
use crate::source::Span;
use crate::tree::{Node, Text, Unknown};

/// What makes a way back known that is not read.
pub(super) const NAME_THE_WAY: &str = "name its way back in a runbook";

/// A step: a script, an action, or both.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Where.
    pub(super) span: Span,
    /// Its name.
    pub(super) name: Text,
    /// What it runs.
    pub(super) script: String,
    /// The action or task it uses.
    pub(super) action: Text,
    /// The inputs of that action.
    pub(super) inputs: Vec<(Text, String)>,
    /// The folder it runs in, as it says itself.
    pub(super) folder: Text,
    /// Whether it runs when something before it failed.
    pub(super) on_failure: bool,
    /// What its own variables say, by which services are found.
    pub(super) uses: Vec<Text>,
    /// The commands of it that run something of the repository.
    pub(super) called: Vec<Called>,
}

/// A command that runs a script or a recipe of the repository.
#[derive(Clone, Debug)]
pub(super) struct Called {
    /// The command.
    pub(super) command: Vec<String>,
    /// The commands that it comes to.
    pub(super) commands: Vec<Vec<String>>,
}

impl Step {
    /// A step that does nothing yet.
    pub(super) fn at(span: Span) -> Self {
        Self {
            span,
            name: Text::default(),
            script: String::new(),
            action: Text::default(),
            inputs: Vec::new(),
            folder: Text::default(),
            on_failure: false,
            uses: Vec::new(),
            called: Vec::new(),
        }
    }
}

/// How a job comes to run.
#[allow(clippy::struct_excessive_bools, reason = "each is a way of its own, and several may hold")]
#[derive(Clone, Debug, Default)]
pub(super) struct Triggers {
    /// By a push to the branch that is shipped, a tag or a release.
    pub(super) main: bool,
    /// By hand.
    pub(super) manual: bool,
    /// By other workflows.
    pub(super) called: bool,
    /// By a clock.
    pub(super) scheduled: bool,
}

/// A job.
#[derive(Clone, Debug, Default)]
pub(super) struct Job {
    /// `github-actions`, …
    pub(super) platform: &'static str,
    /// What is started to run it: the path of the workflow, the name of the pipeline.
    pub(super) pipeline: Text,
    /// Its key; behind the keys of the jobs that call it.
    pub(super) id: Text,
    /// Where its key stands, or the key of the job that calls it.
    pub(super) span: Span,
    /// Where it stands itself, when another calls it.
    pub(super) via: Vec<Span>,
    /// The names that may say what it is for: its own, its stage's, its workflow's.
    pub(super) names: Vec<Text>,
    /// The environments it declares, as written or as their expressions may come out.
    pub(super) environments: Vec<Text>,
    /// Whether an environment is declared that only a run knows.
    pub(super) open_environment: bool,
    /// Its steps.
    pub(super) steps: Vec<Step>,
    /// How it comes to run.
    pub(super) triggers: Triggers,
    /// Inputs that whoever runs or calls it gives, with their places.
    pub(super) inputs: Vec<(Text, Span)>,
    /// The workflow it calls, when that is all it does.
    pub(super) calls: Option<(Text, Span)>,
    /// Other jobs of the pipeline that go back, by name.
    pub(super) siblings: Vec<(Text, Span)>,
    /// Other jobs of the pipeline that look at what was shipped, by name.
    pub(super) checks: Vec<(Text, Span)>,
    /// How the platform ships an earlier version again by itself, in words; empty where it does not.
    pub(super) reruns: &'static str,
    /// Further words by which services are found: paths, variables, choices.
    pub(super) uses: Vec<Text>,
    /// The files it is made of beside its own: what it calls.
    pub(super) follows: BTreeSet<Text>,
    /// The jobs that come before it, by name, where that matters.
    pub(super) needs: Vec<Text>,
    /// What must let it pass before it ships.
    pub(super) gates: Vec<Gate>,
    /// A part of it that ships by its name, and was not read.
    pub(super) unread: Option<Unknown>,
    /// The environment that was decided for the object it stands in.
    pub(super) environment: Option<Environment>,
    /// Whether it is part of something reusable that nothing here uses.
    pub(super) library: bool,
}

/// Words in a name that say it is not for production, besides those of environments. Sites of documentation are
/// published, not deployed.
const OTHER_WORDS: &[&str] = &[
    "pages",
    "docs",
    "doc",
    "documentation",
    "site",
    "storybook",
    "pr",
    "pull",
    "preview",
    "previews",
    "review",
    "e2e",
    "kind",
    "minikube",
    "k3d",
    "nightly",
    "canary",
    "destroy",
    "teardown",
    "cleanup",
    "nonprod",
    "non",
    "npm",
    "pypi",
];

/// Words for what goes before a deployment. Beside a word for shipping they say nothing: `Build, test and deploy`.
const CHORES: &[&str] =
    &["build", "test", "tests", "testing", "integration", "lint", "plan", "validate", "check", "verify", "develop"];

/// Words for shipping.
const SHIPPING: &[&str] = &[
    "deploy",
    "deploys",
    "deployment",
    "deploying",
    "cd",
    "ship",
    "rollout",
    "promote",
    "release",
    "delivery",
    "apply",
];

/// Inputs that choose what is shipped: with one, an older version is shipped like a newer one.
const VERSION_INPUTS: &[&str] =
    &["version", "tag", "ref", "sha", "image", "revision", "release", "commit", "digest", "rollback", "build"];

/// The deployment that a job is, if it is one and ships to production.
pub(super) fn deployment(files: &Files<'_>, job: &Job) -> Option<Deployment> {
    let mut found: Vec<Manner> = job.steps.iter().filter(|step| !step.on_failure).flat_map(manners).collect();
    found.extend(job.unread.as_ref().map(|_| Manner::Opaque));
    let remote = job.calls.as_ref().filter(|(target, _)| calls_a_deployment(target, job));
    let pushes = ships_by_commit(job);
    if found.is_empty() && remote.is_none() && !pushes {
        return None;
    }
    let opaque = remote.is_none() && !pushes && found.iter().all(|manner| *manner == Manner::Opaque);
    let mut place = files.place(job.span, job.environment.as_ref(), job.library);
    if !is_for_production(files.environments(), &place.path, job, opaque) {
        return None;
    }
    if files.environments().says_file_alone(&place.path) {
        place.environment = Environment::default();
    }
    let (mut way_back, way) = way_back(job, &found, remote, pushes);
    let mut verified = verified(job, &found, pushes);
    way_back.via.extend(&job.via);
    verified.via.extend(&job.via);
    let name = compact_str::format_compact!("{}#{}", place.path, job.id);
    Some(Deployment {
        name,
        place,
        platform: Text::const_new(job.platform),
        way_back,
        way,
        verified,
        uses: uses(job),
        gates: job.gates.clone(),
        helmfiles: super::helmfile::applied(files, job),
        ..Deployment::default()
    })
}

/// How each deploying command of a step deploys.
fn manners(step: &Step) -> Vec<Manner> {
    let input =
        |key: &str| step.inputs.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, text)| text.clone());
    let by_action = (!step.action.is_empty()).then(|| commands::action_deploys(&step.action, input)).flatten();
    commands_of(step).iter().filter_map(|it| commands::deploys(it)).chain(by_action).collect()
}

/// The commands of a step; for one that runs something of the repository, what that comes to.
pub(super) fn commands_of(step: &Step) -> Vec<Vec<String>> {
    let own = scripts(step);
    let own = own.iter().flat_map(|script| commands::split(script));
    own.flat_map(|command| match step.called.iter().find(|called| called.command == command) {
        Some(called) => called.commands.clone(),
        None => vec![command],
    })
    .collect()
}

/// Whether a name has a word for shipping in it.
pub(super) fn names_shipping(name: &str) -> bool {
    words(name).any(|word| SHIPPING.contains(&word.as_str()))
}

/// What a step runs: its script, and what it hands to an action that runs commands (`args: apply -f k8s/`).
fn scripts(step: &Step) -> Vec<String> {
    let mut scripts = vec![step.script.clone()];
    let tool = ["kubectl", "helmfile", "helm", "terraform", "flyctl", "argocd"]
        .iter()
        .find(|tool| step.action.contains(*tool));
    for (key, text) in &step.inputs {
        if ["args", "command", "script", "run", "cmd", "inlinescript"].contains(&key.to_lowercase().as_str()) {
            scripts.push(text.clone());
            scripts.extend(tool.map(|tool| format!("{tool} {text}")));
        }
    }
    scripts
}

/// Whether the job writes the new version into manifests and commits them, for a controller to follow.
fn ships_by_commit(job: &Job) -> bool {
    let commands: Vec<Vec<String>> = job.steps.iter().flat_map(commands_of).collect();
    let edits = commands.iter().filter(|command| commands::substitutes(command)).any(|command| {
        let line = command.join(" ").to_lowercase();
        let image = ["image", "tag"].iter().any(|word| line.contains(word));
        let manifest = ["k8s", "manifest", "overlay", "helm", "chart", "values", "kustom", "deploy", "gitops"];
        image && manifest.iter().any(|word| line.contains(word))
    });
    edits && commands.iter().any(|command| commands::pushes(command))
}

/// Whether a called workflow is one that deploys, by its name or the job's. A workflow of this repository is read
/// itself.
fn calls_a_deployment(target: &str, job: &Job) -> bool {
    names_a_deployment(target) || names_a_deployment(&job.id)
}

/// Whether the name of what is called says that it deploys.
pub(super) fn names_a_deployment(target: &str) -> bool {
    let path = target.split('@').next().unwrap_or(target).trim_end_matches('/');
    let file = path.rsplit('/').next().unwrap_or(path);
    words(file).any(|word| ["deploy", "deploys", "deployment", "rollout", "promote"].contains(&word.as_str()))
}

/// Whether the job ships to production: its environment says so, or its names do, or it runs from the main branch and
/// nothing says otherwise. A script of which only the name is known needs the word itself.
fn is_for_production(environments: &Environments, path: &str, job: &Job, opaque: bool) -> bool {
    // What tests a change may ship it in the end: the file's name says less than the job.
    let of_file = environments.says_file_alone(path);
    if !of_file && environments.of_path(path).is_some_and(|it| !it.production) {
        return false;
    }
    if job.environment.as_ref().is_some_and(|environment| !environment.production) {
        return false;
    }
    let declared: Vec<bool> = job.environments.iter().filter_map(|name| production(environments, name)).collect();
    if declared.contains(&true) {
        return true;
    }
    if declared.contains(&false) || of_file {
        return false;
    }
    // The job's own name weighs more than that of its workflow.
    let named = job.names.iter().find_map(|name| production(environments, name));
    if named == Some(false) {
        return false;
    }
    // What the commands themselves name: `--context staging`, `k8s/test/`.
    let targets = targets(job);
    let aims = targets.iter().flat_map(|target| words(target)).filter_map(|word| environments.of_word(&word));
    let aimed: Vec<bool> = aims.map(|environment| environment.production).collect();
    if named == Some(true) || aimed.contains(&true) || job.environment.is_some() && !aimed.contains(&false) {
        return true;
    }
    if aimed.contains(&false) || opaque {
        return false;
    }
    let triggers = &job.triggers;
    let meant = job.names.iter().any(|name| names_shipping(name));
    triggers.main || job.open_environment || ((triggers.manual || triggers.called || triggers.scheduled) && meant)
}

/// What a name says of production: yes, no, or nothing. In one name the word for something else wins
/// (`production-preview`), except that `non-prod` is a word of its own.
fn production(environments: &Environments, name: &str) -> Option<bool> {
    let ships = names_shipping(name);
    let said: Vec<bool> = words(name)
        .filter_map(|word| {
            let word = word.as_str();
            if CHORES.contains(&word) {
                return (!ships).then_some(false);
            }
            let other = OTHER_WORDS.contains(&word).then_some(false);
            other.or_else(|| environments.of_word(word).map(|environment| environment.production))
        })
        .collect();
    if said.is_empty() { None } else { Some(!said.contains(&false)) }
}

/// The words of a name in lower case: `deployProd`, `deploy_prod` and `Deploy (prod)` are the same two.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut spaced = String::with_capacity(name.len() + 4);
    let mut lower_before = false;
    for character in name.chars() {
        if character.is_uppercase() && lower_before {
            spaced.push(' ');
        }
        lower_before = character.is_lowercase();
        spaced.push(if character.is_alphanumeric() { character } else { ' ' });
    }
    spaced.to_lowercase().split_whitespace().map(str::to_owned).collect::<Vec<_>>().into_iter()
}

/// What of a job goes back, in words, where, and what it takes back by name.
pub(super) fn goes_back(job: &Job) -> Option<(String, Span, Vec<String>)> {
    let mut named = None;
    for step in &job.steps {
        for command in commands_of(step) {
            if let Some(way) = commands::goes_back(&command) {
                return Some((format!("`{way}` in the job"), step.span, commands::objects(&command)));
            }
        }
        if named.is_none() && is_way_back(&step.name) {
            named = Some((format!("the step \"{}\"", step.name), step.span, Vec::new()));
        }
    }
    named
}

/// The input by which a person chooses the version.
pub(super) fn version_input(job: &Job) -> Option<(&Text, Span)> {
    let chooses = |input: &str| words(input).any(|word| VERSION_INPUTS.contains(&word.as_str()));
    job.inputs.iter().find(|(input, _)| chooses(input)).map(|(input, span)| (input, *span))
}

/// Whether a job ships anything.
pub(super) fn ships(job: &Job) -> bool {
    job.unread.is_some() || job.steps.iter().any(|step| !manners(step).is_empty()) || ships_by_commit(job)
}

/// Whether and how an older version can be shipped.
fn way_back(job: &Job, found: &[Manner], remote: Option<&(Text, Span)>, by_commit: bool) -> (Fact<bool>, Text) {
    let known = |way: String, span: Span| (Fact::known(true, span), Text::from(way));
    if let Some((way, span, _)) = goes_back(job) {
        return known(way, span);
    }
    if let Some((input, span)) = version_input(job) {
        return known(format!("run it again with another `{input}`"), span);
    }
    if let Some((sibling, span)) = job.siblings.first() {
        return known(format!("the job `{sibling}`"), *span);
    }
    if by_commit || found.contains(&Manner::GitOps) {
        return known("revert the commit: a controller makes true what the repository says".to_owned(), job.span);
    }
    if let Some((target, span)) = remote {
        return not_known(format!("`{target}` is in another repository"), "audit that repository as well", *span);
    }
    if !job.reruns.is_empty() {
        return known(job.reruns.to_owned(), job.span);
    }
    if found.contains(&Manner::Opaque) && !found.contains(&Manner::Imperative) {
        return match &job.unread {
            Some(unread) => (Fact::unknown(unread.clone()), Text::default()),
            None => not_known("the script that deploys was not read".to_owned(), NAME_THE_WAY, job.span),
        };
    }
    let computed = job.steps.iter().flat_map(commands_of).any(|it| commands::substitutes(&it));
    // What a job does beside applying a helmfile follows what that ships.
    let declares = super::helmfile::applies(job) || found.iter().all(|manner| *manner == Manner::Declarative);
    if !computed && declares {
        return known("revert the commit: applying it again goes back".to_owned(), job.span);
    }
    if job.triggers.called && !job.triggers.main && !job.triggers.manual {
        return not_known("it is called by other workflows, which may choose what it ships".to_owned(), "", job.span);
    }
    (Fact::known(false, job.span), Text::default())
}

fn not_known(reason: String, remedy: &str, span: Span) -> (Fact<bool>, Text) {
    (Fact::unknown(Unknown::new(reason, remedy, span)), Text::default())
}

/// The arguments of the deploying commands, by which targets and services are found.
fn targets(job: &Job) -> Vec<String> {
    let commands = job.steps.iter().flat_map(commands_of);
    let commands = commands.filter(|command| commands::deploys(command).is_some());
    // `./deploy.sh production`
    let called = job.steps.iter().flat_map(|step| &step.called).map(|called| called.command.clone());
    commands.chain(called).flat_map(|it| commands::arguments(&it)).collect()
}

/// What the deploying commands of a job ship, by name.
pub(super) fn objects(job: &Job) -> Vec<String> {
    let commands = job.steps.iter().flat_map(commands_of);
    commands.filter(|command| commands::deploys(command).is_some()).flat_map(|it| commands::objects(&it)).collect()
}

/// Names by which the services of a job are found: what its commands ship, then all else, sorted.
fn uses(job: &Job) -> Vec<Text> {
    let inputs = job.steps.iter().filter(|step| !manners(step).is_empty()).flat_map(|step| &step.inputs);
    let inputs = inputs.filter(|(_, text)| !text.contains(char::is_whitespace)).map(|(_, text)| text.clone());
    let variables = job.steps.iter().filter(|step| !manners(step).is_empty()).flat_map(|step| &step.uses);
    let own = job.uses.iter().chain(variables).map(ToString::to_string).chain(std::iter::once(job.id.to_string()));
    let all = targets(job).into_iter().chain(inputs).chain(own);
    // Flags and what only a run knows name nothing.
    let named = all
        .filter(|word| !word.contains("${{") && !word.starts_with(['-', '$']) && word.chars().any(char::is_alphabetic));
    let named: BTreeSet<Text> = named.map(Text::from).collect();
    // `deployment/checkout` is called checkout.
    let workloads = named.iter().filter_map(|word| word.split_once('/')).filter(|(kind, _)| WORKLOADS.contains(kind));
    let workloads: Vec<Text> = workloads.map(|(_, name)| name.into()).collect();
    workloads.into_iter().chain(named.iter().cloned()).collect()
}

/// Kinds of workloads as `kubectl` takes them. <https://kubernetes.io/docs/reference/kubectl/#resource-types>
const WORKLOADS: &[&str] = &[
    "deployment",
    "deployments",
    "deployment.apps",
    "deploy",
    "statefulset",
    "statefulsets",
    "sts",
    "daemonset",
    "daemonsets",
    "ds",
    "dc",
    "rollout",
    "rollouts",
    "deploymentconfig",
];

/// The words of a node that may be one scalar or several.
pub(super) fn scalars(node: Option<&Node>) -> Vec<Text> {
    let Some(node) = node else { return Vec::new() };
    node.scalar().into_iter().chain(node.items().iter().filter_map(Node::scalar)).collect()
}

/// Tells each job of a pipeline which of the others go back, and which look at what was shipped.
pub(super) fn relate(jobs: &mut [Job]) {
    let named = |jobs: &[Job], is: fn(&Job) -> bool| -> Vec<(Text, Span)> {
        jobs.iter().filter(|job| is(job)).map(|job| (job.id.clone(), job.span)).collect()
    };
    let ways = named(jobs, |job| is_way_back(&job.id));
    let checks = named(jobs, |job| job.names.iter().take(2).any(|name| is_check(name)));
    for job in jobs {
        job.siblings = ways.iter().filter(|(other, _)| *other != job.id).cloned().collect();
        job.checks = checks.iter().filter(|(other, _)| *other != job.id).cloned().collect();
    }
}

/// Words for looking at what was shipped.
const CHECKING: &[&str] = &["smoke", "smoketest", "healthcheck", "postdeploy", "synthetic", "synthetics"];

/// Words for looking at anything; beside one of what was shipped they say the same.
const LOOKING: &[&str] = &["verify", "verification", "check", "test", "tests", "wait", "monitor"];

/// Whether a job or step looks at what was shipped, by its name.
fn is_check(name: &str) -> bool {
    let words: Vec<String> = words(name).collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    has(CHECKING)
        || has(LOOKING) && (has(SHIPPING) || has(&["health", "healthy", "deployed"])) && !has(&["before", "pre", "dry"])
}

/// Whether anything sees that the new version works before the job is done: the tool waits for it by itself, a command
/// or a step asks, or another job does.
fn verified(job: &Job, found: &[Manner], pushes: bool) -> Fact<bool> {
    for step in &job.steps {
        if commands_of(step).iter().any(|command| commands::verifies(command)) || is_check(&step.name) {
            return Fact::known(true, step.span);
        }
    }
    if let Some((_, span)) = job.checks.first() {
        return Fact::known(true, *span);
    }
    if pushes || found.contains(&Manner::GitOps) {
        // The controller reports the health of what it applied.
        return Fact::known(true, job.span);
    }
    if job.calls.is_some() || found.iter().all(|manner| *manner == Manner::Opaque) {
        let reason = job.unread.as_ref().map_or("what it calls was not read", |unread| unread.reason.as_str());
        return Fact::unknown(Unknown::new(reason, "audit it as well, or name the check in the job", job.span));
    }
    let leaves = job.steps.iter().flat_map(commands_of).any(|command| commands::leaves(&command))
        || job.steps.iter().any(|step| {
            let waits = step.inputs.iter().any(|(key, value)| key.to_lowercase().contains("wait") && value == "true");
            commands::action_leaves(&step.action) && !waits
        });
    Fact::known(!leaves, job.span)
}

/// Names what a node is when it goes back: a job or workflow called so.
fn is_way_back(name: &str) -> bool {
    words(name).any(|word| ["rollback", "revert", "undo"].contains(&word.as_str()))
        || name.to_lowercase().contains("roll-back")
}
