//! Jenkins: declarative `Jenkinsfile`s. Uses `parse::groovy` and the job of `job`.
//!
//! <https://www.jenkins.io/doc/book/pipeline/syntax/>. Each stage with steps is a job. What a `script` block or a function
//! of the file runs counts, whatever its conditions say. A scripted pipeline is a program: it is not analysed, and listed;
//! so is one that hands everything to a shared library.

use std::collections::BTreeMap;

use super::files::{File, Files};
use super::fill;
use super::github::MAIN;
use super::job::{Gate, Job, NAME_THE_WAY, Step, Triggers, names_a_deployment};
use crate::model::{Gap, Hides};
use crate::parse::groovy::{self, Kind, Statement};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// How deep functions of a file may call each other.
const DEEPEST: usize = 8;

/// How many steps a pipeline may have, with those of the functions it calls.
const MOST_STEPS: usize = 10_000;

/// Steps that run a script.
const SHELLS: &[&str] = &["sh", "bat", "powershell", "pwsh"];

/// Steps of Jenkins and its common plugins whose names speak of deploying and which ship nothing themselves.
const OWN_STEPS: &[&str] = &["milestone", "input", "echo", "build", "stage", "lock", "timeout", "node", "properties"];

/// The jobs of every pipeline, by file.
pub(super) fn jobs(files: &Files<'_>, gaps: &mut Vec<Gap>) -> Vec<Vec<Job>> {
    let texts = files.iter().filter(|file| is_pipeline(file.path));
    texts.filter_map(|file| read(file, gaps)).collect()
}

/// Whether a file is a pipeline, by its name.
pub(super) fn is_pipeline(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    name == "jenkinsfile" || name.starts_with("jenkinsfile.") || name.ends_with(".jenkinsfile")
}

fn read(file: File<'_>, gaps: &mut Vec<Gap>) -> Option<Vec<Job>> {
    let (statements, _) = groovy::read(file.id, file.text);
    let Some(pipeline) = statements.iter().find(|it| it.name() == "pipeline" && it.has_block) else {
        let scripted = statements.iter().any(|it| matches!(it.name(), "node" | "stage" | "podTemplate"));
        let reason = if scripted {
            "a scripted pipeline, which is a program and is not analysed"
        } else {
            "a pipeline that a shared library holds, which is not read"
        };
        let span = statements.iter().find_map(Statement::span).unwrap_or_else(|| Span::head(file.id));
        gaps.push(Gap { hides: Hides::Pipelines, span, path: file.path.into(), reason: reason.into() });
        return None;
    };
    let functions = statements.iter().filter_map(|it| Some((function(it)?, it)));
    let mut reader = Reader { path: file.path, functions: functions.collect(), jobs: Vec::new(), left: MOST_STEPS };
    reader.pipeline(pipeline);
    Some(reader.jobs)
}

/// The name of a function that a statement declares: `def deploy(environment) { … }`.
fn function(statement: &Statement) -> Option<&str> {
    let opens = statement.tokens.iter().position(|token| token.kind == Kind::Mark && token.text == "(")?;
    let [.., kind, name] = statement.tokens.get(..opens)? else { return None };
    (statement.has_block && kind.kind == Kind::Name && name.kind == Kind::Name).then_some(name.text.as_str())
}

/// What a stage inherits from those around it.
#[derive(Clone, Default)]
struct Around {
    names: Vec<Text>,
    variables: BTreeMap<Text, Text>,
    /// What conditions say of the branch: it is shipped, it is not; nothing.
    branch: Option<bool>,
    /// What runs when anything in it fails.
    on_failure: Vec<Step>,
}

struct Reader<'s> {
    path: &'s str,
    functions: BTreeMap<&'s str, &'s Statement>,
    jobs: Vec<Job>,
    left: usize,
}

/// What the steps of a stage come to.
#[derive(Default)]
struct Steps {
    list: Vec<Step>,
    gates: Vec<Gate>,
    inputs: Vec<(Text, Span)>,
    unread: Option<Unknown>,
}

impl<'s> Reader<'s> {
    fn pipeline(&mut self, pipeline: &'s Statement) {
        let inputs: Vec<(Text, Span)> = pipeline.all("parameters").flat_map(parameters).collect();
        let mut around = Around { variables: variables(pipeline, &BTreeMap::new()), ..Around::default() };
        around.on_failure = self.after_failure(pipeline, &around.variables);
        let mut gates = Vec::new();
        for stages in pipeline.all("stages") {
            self.stages(stages, &around, &mut gates);
        }
        for job in &mut self.jobs {
            job.inputs.extend(inputs.iter().cloned());
        }
        let looks: Vec<Step> = self.conditions(pipeline, &["success", "always"], &around.variables);
        for job in &mut self.jobs {
            job.steps.extend(looks.iter().cloned());
        }
    }

    /// The stages of a block, one after the other: what one waits for, the later ones have waited for.
    fn stages(&mut self, block: &'s Statement, around: &Around, gates: &mut Vec<Gate>) {
        for stage in block.all("stage") {
            self.stage(stage, around, gates);
        }
    }

    fn stage(&mut self, stage: &'s Statement, around: &Around, gates: &mut Vec<Gate>) {
        let title = stage.strings().next();
        let name = title.map_or_else(|| Text::from("stage"), |title| title.text.clone());
        let Some(span) = title.map(|title| title.span).or_else(|| stage.span()) else { return };
        let mut own = around.clone();
        own.names.insert(0, name.clone());
        own.variables = variables(stage, &around.variables);
        own.branch = stage.all("when").find_map(|when| branch(&when.body, false)).or(around.branch);
        let mut asked = Steps::default();
        for input in stage.all("input") {
            ask(input, &name, &mut asked);
        }
        gates.append(&mut asked.gates);
        let handlers = self.after_failure(stage, &own.variables);
        own.on_failure.extend(handlers);
        for inner in ["stages", "parallel"] {
            for block in stage.all(inner) {
                self.stages(block, &own, gates);
            }
        }
        for matrix in stage.all("matrix") {
            for block in matrix.all("stages") {
                self.stages(block, &own, gates);
            }
        }
        let mut steps = Steps { inputs: asked.inputs, ..Steps::default() };
        for block in stage.all("steps") {
            self.run(&block.body, false, &own.variables, &mut Vec::new(), &mut steps);
        }
        if steps.list.is_empty() && steps.unread.is_none() && steps.gates.is_empty() {
            return;
        }
        gates.append(&mut steps.gates);
        let looks = self.conditions(stage, &["success", "always"], &own.variables);
        steps.list.extend(looks);
        steps.list.extend(own.on_failure.iter().cloned());
        self.jobs.push(Job {
            platform: "jenkins",
            pipeline: self.path.into(),
            id: name,
            span,
            names: own.names,
            // A pipeline that asks for no branch is set up for one.
            triggers: Triggers { main: own.branch != Some(false), ..Triggers::default() },
            inputs: steps.inputs,
            uses: own.variables.values().cloned().collect(),
            steps: steps.list,
            gates: gates.clone(),
            unread: steps.unread,
            ..Job::default()
        });
    }

    /// What `post` runs after a failure.
    fn after_failure(&mut self, holder: &'s Statement, variables: &BTreeMap<Text, Text>) -> Vec<Step> {
        let mut steps = self.conditions(holder, &["failure", "unsuccessful", "unstable"], variables);
        for step in &mut steps {
            step.on_failure = true;
        }
        steps
    }

    fn conditions(&mut self, holder: &'s Statement, names: &[&str], variables: &BTreeMap<Text, Text>) -> Vec<Step> {
        let mut found = Steps::default();
        for condition in holder.all("post").flat_map(|post| &post.body).filter(|it| names.contains(&it.name())) {
            self.run(&condition.body, false, variables, &mut Vec::new(), &mut found);
        }
        found.list
    }

    /// Adds what statements run, with the functions of the file that they call.
    fn run(
        &mut self,
        statements: &'s [Statement],
        on_failure: bool,
        variables: &BTreeMap<Text, Text>,
        stack: &mut Vec<&'s str>,
        found: &mut Steps,
    ) {
        for statement in statements {
            self.left = self.left.saturating_sub(1);
            if self.left == 0 {
                return;
            }
            // `def out = sh(…)` runs what stands behind.
            let shell = statement.tokens.iter().find(|it| it.kind == Kind::Name && SHELLS.contains(&it.text.as_str()));
            if let Some(step) = shell.and_then(|shell| script(statement, shell.span, variables)) {
                found.list.push(Step { on_failure, ..step });
            }
            let name = statement.name();
            match name {
                "input" => ask(statement, "", found),
                "kubernetesDeploy" | "step" => found.list.extend(plugin(statement, variables)),
                "build" => {
                    let job = statement.argument("job").or_else(|| statement.strings().next());
                    if let Some(job) = job.filter(|job| names_a_deployment(&job.text)) {
                        let reason = format!("the job `{}` that it starts is not read", job.text);
                        found.unread.get_or_insert_with(|| Unknown::new(reason, NAME_THE_WAY, job.span));
                    }
                }
                _ => {
                    let called = self.functions.get(name).copied().filter(|_| stack.len() < DEEPEST);
                    if let Some(called) = called.filter(|_| !stack.contains(&name)) {
                        stack.push(name);
                        self.run(&called.body, on_failure, variables, stack, found);
                        stack.pop();
                    } else if let Some(span) = statement.span().filter(|_| is_library_step(statement)) {
                        let reason = format!("`{name}` comes from a shared library, which is not read");
                        found.unread.get_or_insert_with(|| Unknown::new(reason, NAME_THE_WAY, span));
                    }
                }
            }
            self.run(&statement.body, on_failure || name == "catch", variables, stack, found);
        }
    }
}

/// Whether a step is one that a shared library makes, and ships by its name: `deployToKubernetes(…)`.
fn is_library_step(statement: &Statement) -> bool {
    let name = statement.name();
    let calls = statement.tokens.get(1).is_none_or(|token| token.kind == Kind::String || token.text == "(");
    !name.contains('.') && !OWN_STEPS.contains(&name) && !statement.has_block && calls && names_a_deployment(name)
}

/// The step that a shell runs.
fn script(statement: &Statement, span: Span, variables: &BTreeMap<Text, Text>) -> Option<Step> {
    let behind = || statement.tokens.iter().skip_while(move |token| token.span != span);
    let text = match statement.argument("script") {
        Some(script) => script.text.to_string(),
        // Parts that are put together with `+` are one script.
        None => behind().filter(|token| token.kind == Kind::String).map(|token| token.text.as_str()).collect(),
    };
    let at = statement.argument("script").or_else(|| behind().find(|token| token.kind == Kind::String))?.span;
    let label = statement.argument("label").map(|label| label.text.clone()).unwrap_or_default();
    Some(Step { name: label, script: expand(&text, variables), ..Step::at(at) })
}

/// Fills in the variables of the file: `$NAME`, `${NAME}`, `${env.NAME}`.
fn expand(text: &str, variables: &BTreeMap<Text, Text>) -> String {
    fill::for_shell(&fill::variables(&text.replace("${env.", "${"), variables))
}

/// What plugins ship: <https://plugins.jenkins.io/kubernetes-cd/>, <https://plugins.jenkins.io/google-kubernetes-engine/>.
fn plugin(statement: &Statement, variables: &BTreeMap<Text, Text>) -> Option<Step> {
    let engine = statement.strings().any(|it| it.text == "KubernetesEngineBuilder");
    if statement.name() == "step" && !engine {
        return None;
    }
    let manifests = statement.argument("configs").or_else(|| statement.argument("manifestPattern"))?;
    let waits = statement.argument("verifyDeployments").is_some_and(|token| token.text == "true");
    let look = if waits { "\nkubectl rollout status" } else { "" };
    let file = expand(&manifests.text, variables);
    let namespace = statement.argument("namespace").map(|it| expand(&it.text, variables)).unwrap_or_default();
    Some(Step { script: format!("kubectl apply -n '{namespace}' -f '{file}'{look}"), ..Step::at(manifests.span) })
}

/// A question to a person.
fn ask(input: &Statement, stage: &str, found: &mut Steps) {
    let message = input.all("message").find_map(|it| it.strings().next());
    let message = message.or_else(|| input.argument("message")).or_else(|| input.strings().next());
    let said = message.map_or(stage, |message| message.text.as_str());
    let Some(span) = message.map(|message| message.span).or_else(|| input.span()) else { return };
    let what = compact_str::format_compact!("a person who answers \"{said}\"");
    found.gates.push(Gate { what, seconds: None, span });
    found.inputs.extend(input.all("parameters").flat_map(parameters));
}

/// The parameters of a pipeline or of a question: `string(name: 'VERSION', …)`.
fn parameters(block: &Statement) -> Vec<(Text, Span)> {
    let of = |statement: &Statement| {
        let name = statement.argument("name")?;
        Some((name.text.clone(), name.span))
    };
    block.body.iter().filter_map(of).collect()
}

/// The variables of an `environment` block, those around it filled in.
fn variables(holder: &Statement, around: &BTreeMap<Text, Text>) -> BTreeMap<Text, Text> {
    let mut known = around.clone();
    for statement in holder.all("environment").flat_map(|block| &block.body) {
        if let [name, equals, value] = statement.tokens.as_slice()
            && equals.text == "="
            && value.kind == Kind::String
        {
            let filled = expand(&value.text, &known);
            known.insert(name.text.clone(), filled.into());
        }
    }
    known
}

/// What conditions say of the branch, any or all of which must hold: it is one that is shipped, it is another.
fn branch(conditions: &[Statement], any: bool) -> Option<bool> {
    let of = |statement: &Statement| match statement.name() {
        "branch" => {
            let pattern = statement.argument("pattern").or_else(|| statement.strings().next())?;
            Some(MAIN.contains(&pattern.text.as_str()) || pattern.text.starts_with("release"))
        }
        "tag" | "buildingTag" => Some(true),
        "changeRequest" => Some(false),
        "not" => branch(&statement.body, false).map(|shipped| !shipped),
        "anyOf" | "allOf" => branch(&statement.body, statement.name() == "anyOf"),
        "expression" | "environment" => {
            let words: Vec<&str> = statement.body.iter().chain([statement]).flat_map(texts).collect();
            let about = words.iter().any(|word| word.contains("BRANCH"));
            let differs = words.contains(&"!");
            let shipped = words.iter().any(|word| MAIN.contains(&word.trim_start_matches("origin/")));
            about.then_some(shipped != differs)
        }
        _ => None,
    };
    let said: Vec<bool> = conditions.iter().filter_map(of).collect();
    let holds = if any { said.contains(&true) } else { !said.contains(&false) };
    (!said.is_empty()).then_some(holds)
}

fn texts(statement: &Statement) -> impl Iterator<Item = &str> {
    statement.tokens.iter().map(|token| token.text.as_str())
}
