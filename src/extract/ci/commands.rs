//! Which commands and actions of pipelines deploy, and which go back: as data, with just enough of a shell's grammar to
//! find them. Uses nothing.
//!
//! Pushing an image, publishing a package or a documentation site is no deployment: nothing that runs changes by it.

/// How a deployment is undone by its nature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Manner {
    /// It carries out what it is told; what was there before is gone unless someone says it again.
    Imperative,
    /// It makes true what the repository says: reverting the commit and running it again goes back.
    Declarative,
    /// It tells a controller to make true what the repository says.
    GitOps,
    /// A script of which only the name was read.
    Opaque,
}

/// A deploying command: the program and the words that must follow in this order, flags left out.
struct Command {
    program: &'static str,
    words: &'static [&'static str],
    manner: Manner,
}

const fn command(program: &'static str, words: &'static [&'static str], manner: Manner) -> Command {
    Command { program, words, manner }
}

use Manner::{Declarative, GitOps, Imperative, Opaque};

/// Commands that change what runs, each as its own documentation names it.
const COMMANDS: &[Command] = &[
    command("kubectl", &["apply"], Declarative),
    command("kubectl", &["replace"], Declarative),
    command("kubectl", &["set", "image"], Imperative),
    command("kubectl", &["rollout", "restart"], Imperative),
    command("kubectl", &["argo", "rollouts", "set"], Imperative),
    command("oc", &["apply"], Declarative),
    command("oc", &["set", "image"], Imperative),
    command("oc", &["rollout", "latest"], Imperative),
    command("helm", &["upgrade"], Imperative),
    command("helm", &["install"], Imperative),
    command("helmfile", &["apply"], Declarative),
    command("helmfile", &["sync"], Declarative),
    command("helmsman", &[], Declarative),
    command("kapp", &["deploy"], Declarative),
    command("tk", &["apply"], Declarative),
    command("werf", &["converge"], Imperative),
    command("skaffold", &["run"], Imperative),
    command("skaffold", &["deploy"], Imperative),
    command("kamal", &["deploy"], Imperative),
    command("nomad", &["job", "run"], Declarative),
    command("nomad", &["run"], Declarative),
    command("argocd", &["app", "sync"], GitOps),
    command("argocd", &["app", "set"], Imperative),
    command("flux", &["reconcile"], GitOps),
    command("terraform", &["apply"], Declarative),
    command("tofu", &["apply"], Declarative),
    command("terragrunt", &["apply"], Declarative),
    command("terragrunt", &["run-all", "apply"], Declarative),
    command("terragrunt", &["run", "--all", "apply"], Declarative),
    command("pulumi", &["up"], Declarative),
    command("pulumi", &["update"], Declarative),
    command("cdk", &["deploy"], Declarative),
    command("cdktf", &["deploy"], Declarative),
    command("sam", &["deploy"], Imperative),
    command("serverless", &["deploy"], Imperative),
    command("sls", &["deploy"], Imperative),
    command("aws", &["ecs", "update-service"], Imperative),
    command("aws", &["ecs", "deploy"], Imperative),
    command("aws", &["deploy", "create-deployment"], Imperative),
    command("aws", &["lambda", "update-function-code"], Imperative),
    command("aws", &["cloudformation", "deploy"], Declarative),
    command("aws", &["cloudformation", "update-stack"], Declarative),
    command("aws", &["elasticbeanstalk", "update-environment"], Imperative),
    command("aws", &["apprunner", "start-deployment"], Imperative),
    command("eb", &["deploy"], Imperative),
    command("copilot", &["deploy"], Imperative),
    command("copilot", &["svc", "deploy"], Imperative),
    command("ecs-deploy", &[], Imperative),
    command("gcloud", &["run", "deploy"], Imperative),
    command("gcloud", &["run", "services", "replace"], Declarative),
    command("gcloud", &["run", "services", "update"], Imperative),
    command("gcloud", &["app", "deploy"], Imperative),
    command("gcloud", &["functions", "deploy"], Imperative),
    command("gcloud", &["deploy", "releases", "create"], Imperative),
    command("az", &["webapp", "deploy"], Imperative),
    command("az", &["webapp", "deployment"], Imperative),
    command("az", &["functionapp", "deployment"], Imperative),
    command("az", &["containerapp", "update"], Imperative),
    command("az", &["containerapp", "up"], Imperative),
    command("az", &["deployment", "group", "create"], Declarative),
    command("flyctl", &["deploy"], Imperative),
    command("fly", &["deploy"], Imperative),
    command("heroku", &["container:release"], Imperative),
    command("cf", &["push"], Imperative),
    command("docker", &["stack", "deploy"], Declarative),
    command("wrangler", &["deploy"], Imperative),
    command("railway", &["up"], Imperative),
    command("cap", &["production", "deploy"], Imperative),
    command("ansible-playbook", &["deploy"], Opaque),
    command("make", &["deploy"], Opaque),
    command("just", &["deploy"], Opaque),
    command("task", &["deploy"], Opaque),
    command("npm", &["run", "deploy"], Opaque),
    command("yarn", &["deploy"], Opaque),
    command("pnpm", &["deploy"], Opaque),
];

/// Commands that go back to what ran before.
const WAYS_BACK: &[(&str, &[&str])] = &[
    ("kubectl", &["rollout", "undo"]),
    ("kubectl", &["argo", "rollouts", "undo"]),
    ("oc", &["rollout", "undo"]),
    ("oc", &["rollback"]),
    ("helm", &["rollback"]),
    ("argocd", &["app", "rollback"]),
    ("gcloud", &["run", "services", "update-traffic"]),
    ("gcloud", &["app", "services", "set-traffic"]),
    ("gcloud", &["deploy", "targets", "rollback"]),
    ("heroku", &["rollback"]),
    ("heroku", &["releases:rollback"]),
    ("kamal", &["rollback"]),
    ("aws", &["deploy", "stop-deployment"]),
    ("nomad", &["job", "revert"]),
    ("cf", &["rollback"]),
    ("serverless", &["rollback"]),
    ("sls", &["rollback"]),
    ("git", &["revert"]),
];

/// Commands that see whether what was shipped works.
const CHECKS: &[(&str, &[&str])] = &[
    ("kubectl", &["rollout", "status"]),
    ("kubectl", &["wait"]),
    ("kubectl", &["argo", "rollouts", "status"]),
    ("oc", &["rollout", "status"]),
    ("helm", &["test"]),
    ("helm", &["status"]),
    ("argocd", &["app", "wait"]),
    ("flux", &["reconcile"]),
    ("flux", &["get"]),
    ("aws", &["ecs", "wait"]),
    ("aws", &["lambda", "wait"]),
    ("aws", &["deploy", "wait"]),
    ("aws", &["elasticbeanstalk", "wait"]),
    ("aws", &["cloudformation", "wait"]),
    ("k6", &["run"]),
    ("newman", &["run"]),
    ("cypress", &["run"]),
    ("playwright", &["test"]),
];

/// Commands that are done before what they ship runs; the others wait for it by themselves.
/// <https://kubernetes.io/docs/reference/kubectl/generated/kubectl_apply/>, <https://helm.sh/docs/helm/helm_upgrade/>,
/// <https://docs.aws.amazon.com/cli/latest/reference/ecs/update-service.html>.
const LEAVES: &[(&str, &[&str])] = &[
    ("kubectl", &["apply"]),
    ("kubectl", &["replace"]),
    ("kubectl", &["set", "image"]),
    ("kubectl", &["rollout", "restart"]),
    ("oc", &["apply"]),
    ("oc", &["set", "image"]),
    ("helm", &["upgrade"]),
    ("helm", &["install"]),
    ("aws", &["ecs", "update-service"]),
    ("aws", &["deploy", "create-deployment"]),
    ("aws", &["lambda", "update-function-code"]),
    ("aws", &["elasticbeanstalk", "update-environment"]),
    ("docker", &["stack", "deploy"]),
];

/// Words in the names of folders and files that hold objects of which nothing starts: rules, dashboards, definitions,
/// permissions, configuration; and what `kubectl` calls such objects.
const INERT: &[&str] = &[
    "alerting",
    "alerts",
    "cm",
    "configmap",
    "configmaps",
    "crd",
    "crds",
    "dashboards",
    "namespace",
    "namespaces",
    "networkpolicies",
    "prometheusrules",
    "quotas",
    "rbac",
    "rules",
    "secret",
    "secrets",
    "servicemonitors",
];

/// Actions that are done before what they ship runs, unless an input makes them wait.
/// <https://github.com/aws-actions/amazon-ecs-deploy-task-definition> (`wait-for-service-stability`).
const LEAVING_ACTIONS: &[&str] = &["aws-actions/amazon-ecs-deploy-task-definition", "deliverybot/helm"];

/// Flags with which a command waits for what it ships, and fails when that does not become ready.
const WAITING: &[&str] = &["--wait", "--atomic", "--rollback-on-failure", "--watch"];

/// Flags that make a command go back by itself when it fails.
/// <https://helm.sh/docs/helm/helm_upgrade/> (`--rollback-on-failure` is the name of `--atomic` since Helm 4).
const SELF_REVERTING: &[&str] = &["--atomic", "--rollback-on-failure", "--enable-rollback", "--auto-rollback"];

/// Flags with which a command changes nothing, or takes away instead of shipping.
const HARMLESS: &[&str] = &["--dry-run", "--help", "-destroy", "--destroy", "--template", "--diff", "--check"];

/// Flags whose value is the next word, before a verb.
const VALUED: &[&str] = &[
    "-n",
    "--namespace",
    "--context",
    "--kube-context",
    "--kubeconfig",
    "--region",
    "--profile",
    "--project",
    "-c",
    "--cluster",
    "-f",
    "--file",
    "--filename",
    "-e",
    "--environment",
    "--state-values-set",
    "--cwd",
    "--dir",
    "--stack",
    "-s",
    "--server",
    "-C",
    "-l",
    "--selector",
    "--account",
    "--config",
    "--output",
    "--request-timeout",
];

/// Words of a shell that may stand before a program.
const LEADING: &[&str] = &[
    "sudo", "env", "time", "if", "then", "else", "elif", "do", "while", "until", "!", "exec", "{", "(", "command",
    "nohup", "-",
];

/// Programs that run another one.
const RUNNERS: &[&[&str]] = &[
    &["proxychains4", "-q"],
    &["proxychains4"],
    &["timeout", "-k"],
    &["npx"],
    &["bundle", "exec"],
    &["poetry", "run"],
    &["uv", "run"],
    &["pnpm", "exec"],
    &["mise", "exec", "--"],
];

/// An action or task that deploys: its name, the input that must say so with its word, and the manner.
type Deploying = (&'static str, Option<(&'static str, &'static str)>, Manner);

/// Actions that deploy, with the input that must say so, if any. Matched by repository, the longest first.
const ACTIONS: &[Deploying] = &[
    ("azure/k8s-deploy", None, Imperative),
    ("azure/webapps-deploy", None, Imperative),
    ("azure/functions-action", None, Imperative),
    ("azure/container-apps-deploy-action", None, Imperative),
    ("azure/arm-deploy", None, Declarative),
    ("aws-actions/amazon-ecs-deploy-task-definition", None, Imperative),
    ("aws-actions/aws-lambda-deploy", None, Imperative),
    ("aws-actions/aws-cloudformation-github-deploy", None, Declarative),
    ("appleboy/lambda-action", None, Imperative),
    ("einaregilsson/beanstalk-deploy", None, Imperative),
    ("google-github-actions/deploy-cloudrun", None, Imperative),
    ("google-github-actions/deploy-appengine", None, Imperative),
    ("google-github-actions/deploy-cloud-functions", None, Imperative),
    ("google-github-actions/create-cloud-deploy-release", None, Imperative),
    ("akhileshns/heroku-deploy", None, Imperative),
    ("cloudflare/wrangler-action", None, Imperative),
    ("digitalocean/app_action", None, Imperative),
    ("deliverybot/helm", None, Imperative),
    ("dflook/terraform-apply", None, Declarative),
    ("dflook/tofu-apply", None, Declarative),
    ("hashicorp/tfc-workflows-github/actions/apply-run", None, Declarative),
    ("pulumi/actions", Some(("command", "up")), Declarative),
    ("serverless/github-action", Some(("args", "deploy")), Imperative),
    ("superfly/flyctl-actions", Some(("args", "deploy")), Imperative),
];

/// Tasks of Azure Pipelines that deploy.
const TASKS: &[Deploying] = &[
    ("kubernetesmanifest", Some(("action", "deploy")), Declarative),
    ("kubernetes", Some(("command", "apply")), Declarative),
    ("helmdeploy", Some(("command", "upgrade")), Imperative),
    ("azurewebapp", None, Imperative),
    ("azurewebappcontainer", None, Imperative),
    ("azurermwebappdeployment", None, Imperative),
    ("azurefunctionapp", None, Imperative),
    ("azurecontainerapps", None, Imperative),
    ("azureresourcemanagertemplatedeployment", None, Declarative),
    ("terraformtaskv", Some(("command", "apply")), Declarative),
    ("terraformcli", Some(("command", "apply")), Declarative),
];

/// The words of every simple command of a script, quotes taken off.
pub(super) fn split(script: &str) -> Vec<Vec<String>> {
    let joined = script.replace("\\\r\n", " ").replace("\\\n", " ");
    let mut commands = Vec::new();
    for line in joined.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        split_line(line, &mut commands);
    }
    // `kubectl create configmap … --dry-run=client -o yaml | kubectl apply -f -` applies that alone.
    let passes_on = |made: &[String], taken: &[String]| makes_inert(made) && applies_input(taken);
    let taken: Vec<bool> = commands.windows(2).map(|pair| passes_on(&pair[0], &pair[1])).collect();
    let mut taken = std::iter::once(false).chain(taken);
    commands.retain(|_| taken.next() != Some(true));
    commands
}

/// Whether a command prints an object of which nothing starts.
fn makes_inert(command: &[String]) -> bool {
    let Some(("kubectl" | "oc", words)) = program(command) else { return false };
    let verbs = verbs(words);
    let kind = verbs.get(1).filter(|_| verbs.first() == Some(&"create"));
    kind.is_some_and(|kind| INERT.contains(kind)) && words.iter().any(|word| word.starts_with("--dry-run"))
}

/// Whether a command applies what it is handed.
fn applies_input(command: &[String]) -> bool {
    let Some(("kubectl" | "oc", words)) = program(command) else { return false };
    let applies = matches!(verbs(words).first(), Some(&("apply" | "replace")));
    applies && words.windows(2).any(|pair| matches!(pair[0].as_str(), "-f" | "--filename") && pair[1] == "-")
}

fn split_line(line: &str, commands: &mut Vec<Vec<String>>) {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        // A command substitution is a command of its own, also within quotes.
        let substitutes =
            (character == '$' && characters.peek() == Some(&'(') && quote != Some('\'')) || character == '`';
        let ends = quote.is_none() && matches!(character, ';' | '&' | '|' | '(' | ')');
        if substitutes || ends || (character == ')' && quote == Some('"')) {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            if !words.is_empty() {
                commands.push(std::mem::take(&mut words));
            }
        } else if quote == Some(character) {
            quote = None;
        } else if quote.is_none() && matches!(character, '"' | '\'') {
            quote = Some(character);
        } else if quote.is_none() && character == '#' && word.is_empty() {
            break;
        } else if character.is_whitespace() && quote.is_none() {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        } else {
            word.push(character);
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    if !words.is_empty() {
        commands.push(words);
    }
}

/// The name of the program and the words after it, without what a shell or a runner puts before it.
fn program(command: &[String]) -> Option<(&str, &[String])> {
    let (written, words) = written_program(command)?;
    Some((written.rsplit('/').next().unwrap_or(written), words))
}

/// The program as it is written, with its folder, and the words after it.
pub(super) fn written_program(command: &[String]) -> Option<(&str, &[String])> {
    let mut rest = command;
    loop {
        let (first, others) = rest.split_first()?;
        let assigns =
            first.split_once('=').is_some_and(|(name, _)| name.chars().all(|it| it.is_alphanumeric() || it == '_'));
        let runs =
            RUNNERS.iter().find(|runner| rest.len() > runner.len() && runner.iter().zip(rest).all(|(a, b)| *a == b));
        if let Some(runner) = runs {
            rest = rest.get(runner.len()..)?;
        } else if LEADING.contains(&first.as_str()) || assigns {
            rest = others;
        } else {
            return Some((first, others));
        }
    }
}

/// The words that are neither flags nor their values: first the verbs, then the arguments.
pub(super) fn verbs(words: &[String]) -> Vec<&str> {
    let mut verbs = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if VALUED.contains(&word.as_str()) {
            words.next();
        } else if !word.starts_with('-') {
            verbs.push(word.as_str());
        }
    }
    verbs
}

/// How a command deploys, if it does.
pub(super) fn deploys(command: &[String]) -> Option<Manner> {
    let (program, words) = program(command)?;
    if words.iter().any(|word| HARMLESS.iter().any(|flag| word.starts_with(flag) && word != "--dry-run=none")) {
        return None;
    }
    if applies_inert(program, words) {
        return None;
    }
    let verbs = verbs(words);
    let listed = COMMANDS.iter().filter(|known| known.program == program).find(|known| match known.manner {
        // The target of a task runner has a longer name more often than not: `deploy-production`, `deploy.yml`.
        // Of several targets any may be the one that ships: `make production deploy`.
        Opaque if matches!(known.program, "make" | "just" | "task") => {
            known.words.iter().all(|word| verbs.iter().any(|verb| verb.contains(word)))
        }
        Opaque => {
            known.words.iter().zip(&verbs).all(|(word, verb)| verb.contains(word)) && verbs.len() >= known.words.len()
        }
        _ => verbs.starts_with(known.words),
    });
    let script = || matches!(program.rsplit_once('.'), Some((name, "sh" | "py" | "rb")) if name.contains("deploy"));
    listed.map(|known| known.manner).or_else(|| script().then_some(Opaque))
}

/// The arguments of a deploying command, values of flags included and its own verbs left out.
pub(super) fn arguments(command: &[String]) -> Vec<String> {
    let Some((name, words)) = program(command) else { return Vec::new() };
    let known = COMMANDS.iter().filter(|known| known.program == name && known.manner != Opaque);
    let verbs: Vec<&str> = known.flat_map(|known| known.words.iter().copied()).collect();
    words.iter().filter(|word| !word.starts_with('-') && !verbs.contains(&word.as_str())).cloned().collect()
}

/// What a command is about, by name: its arguments without the values of flags and its own verbs.
pub(super) fn objects(command: &[String]) -> Vec<String> {
    let Some((name, words)) = program(command) else { return Vec::new() };
    let ships = COMMANDS.iter().filter(|known| known.program == name).map(|known| known.words);
    let back = WAYS_BACK.iter().filter(|(known, _)| *known == name).map(|(_, words)| *words);
    let own: Vec<&str> = ships.chain(back).flatten().copied().collect();
    verbs(words).into_iter().filter(|word| !own.contains(word)).map(str::to_owned).collect()
}

/// What goes back in a command, in its own words.
pub(super) fn goes_back(command: &[String]) -> Option<String> {
    let (program, words) = program(command)?;
    let verbs = verbs(words);
    let listed = WAYS_BACK.iter().find(|(known, way)| *known == program && verbs.starts_with(way));
    let flag = || {
        deploys(command).and_then(|_| words.iter().find(|word| SELF_REVERTING.iter().any(|it| word.starts_with(it))))
    };
    // What is said of going back is no going back.
    let is_word = |verb: &&str| verb.contains("rollback") && !verb.contains(char::is_whitespace);
    let says = matches!(program, "echo" | "printf" | "log" | "logger" | ":" | "true" | "exit");
    let named = || !says && (program.contains("rollback") || verbs.first().is_some_and(is_word));
    match listed {
        Some((known, way)) => Some(format!("{known} {}", way.join(" "))),
        None => flag()
            .cloned()
            .or_else(|| named().then(|| format!("{program} {}", verbs.first().unwrap_or(&"")).trim().to_owned())),
    }
}

/// Whether a command sees whether what was shipped works: it asks, or it waits.
pub(super) fn verifies(command: &[String]) -> bool {
    let Some((program, words)) = program(command) else { return false };
    let verbs = verbs(words);
    let asks = CHECKS.iter().any(|(known, check)| *known == program && verbs.starts_with(check));
    let waits =
        || words.iter().any(|word| WAITING.iter().any(|flag| word == flag || word.starts_with(&format!("{flag}="))));
    // A request is a question where it asks for health; most fetch a tool.
    let request = || {
        let health = ["health", "ready", "live", "status", "ping", "version"];
        matches!(program, "curl" | "wget" | "http" | "httpie")
            && words.iter().any(|word| word.contains("://") && health.iter().any(|it| word.contains(it)))
    };
    let script = || ["smoke", "healthcheck", "health-check"].iter().any(|word| program.contains(word));
    asks || request() || script() || (deploys(command).is_some() && waits())
}

/// Whether a command is done before what it ships runs.
pub(super) fn leaves(command: &[String]) -> bool {
    let Some((program, words)) = program(command) else { return false };
    let verbs = verbs(words);
    deploys(command).is_some() && LEAVES.iter().any(|(known, leaving)| *known == program && verbs.starts_with(leaving))
}

/// Whether all that `kubectl apply` is given is named after objects of which nothing starts: that is no deployment.
fn applies_inert(program: &str, words: &[String]) -> bool {
    if !matches!(program, "kubectl" | "oc") {
        return false;
    }
    let is_flag = |word: &str| matches!(word, "-f" | "--filename" | "-k" | "--kustomize");
    let mut files = Vec::new();
    for (index, word) in words.iter().enumerate() {
        if is_flag(word) {
            files.extend(words.get(index + 1).map(String::as_str));
        } else if let Some((flag, file)) = word.split_once('=')
            && is_flag(flag)
        {
            files.push(file);
        }
    }
    let is_inert = |file: &&str| {
        let name = file.trim_matches(['"', '\'', '/']).rsplit('/').next().unwrap_or_default().to_lowercase();
        name.split(['-', '_', '.']).any(|word| INERT.contains(&word))
    };
    // `kubectl replace configmap NAME -f -`
    let verbs = verbs(words);
    let named = verbs.get(1).is_some_and(|kind| matches!(verbs[0], "apply" | "replace") && INERT.contains(kind));
    named || !files.is_empty() && files.iter().all(is_inert)
}

/// Whether an action is done before what it ships runs.
pub(super) fn action_leaves(action: &str) -> bool {
    let name = action.split('@').next().unwrap_or(action).to_lowercase();
    LEAVING_ACTIONS.contains(&name.as_str())
}

/// Whether a command writes a computed version into what it ships, so that the repository does not say what runs.
pub(super) fn substitutes(command: &[String]) -> bool {
    let Some((program, words)) = program(command) else { return false };
    let verbs = verbs(words);
    match program {
        "envsubst" => true,
        "kustomize" => verbs.starts_with(&["edit", "set", "image"]),
        "sed" | "yq" | "perl" => words.iter().any(|word| word.starts_with("-i")),
        _ => false,
    }
}

/// Whether a command commits to a repository that a controller follows.
pub(super) fn pushes(command: &[String]) -> bool {
    program(command).is_some_and(|(program, words)| program == "git" && verbs(words).first() == Some(&"push"))
}

/// How an action or task deploys, if it does; `input` gives the text of an input.
pub(super) fn action_deploys(action: &str, input: impl Fn(&str) -> Option<String>) -> Option<Manner> {
    let name = action.split('@').next().unwrap_or(action).to_lowercase();
    let says = |condition: &Option<(&str, &str)>| {
        condition
            .is_none_or(|(key, value)| input(key).is_some_and(|text| text.split_whitespace().any(|word| word == value)))
    };
    let exact = |known: &str| name == known || name.strip_prefix(known).is_some_and(|rest| rest.starts_with('/'));
    let task = |known: &str| name.strip_prefix(known).is_some_and(|rest| rest.chars().all(|it| it.is_ascii_digit()));
    let actions = ACTIONS.iter().filter(|(known, ..)| exact(known));
    let tasks = TASKS.iter().filter(|(known, ..)| task(known));
    actions.chain(tasks).find(|(_, condition, _)| says(condition)).map(|(.., manner)| *manner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manner(script: &str) -> Option<Manner> {
        split(script).iter().find_map(|command| deploys(command))
    }

    #[test]
    fn deploying_commands_are_told_from_their_neighbours() {
        assert_eq!(manner("kubectl --context production -n shop set image deployment/web web=$I"), Some(Imperative));
        assert_eq!(manner("sudo KUBECONFIG=x kubectl apply -f k8s/"), Some(Declarative));
        assert_eq!(manner("helm upgrade --install web ./chart \\\n  --set image.tag=$SHA"), Some(Imperative));
        assert_eq!(manner("kustomize build . | kubectl apply -f -"), Some(Declarative));
        assert_eq!(manner("cd infra && terraform -chdir=x apply -auto-approve"), Some(Declarative));
        assert_eq!(manner("make deploy-production"), Some(Opaque));
        assert_eq!(
            manner("kubectl create ns shop --dry-run=client -o yaml | kubectl apply -f k8s/"),
            Some(Declarative)
        );
        assert_eq!(manner("./scripts/deploy.sh production"), Some(Opaque));
        for script in [
            "kubectl apply --dry-run=server -f .",
            "kubectl rollout status deployment/web",
            "echo \"kubectl apply -f k8s/\"",
            "# kubectl apply -f k8s/",
            "helm plugin install https://example.org/x",
            "kubectl apply -f rules-k8s/ -f k8s/dashboards",
            "kubectl create configmap web --from-file=a=b --dry-run=client -o yaml | kubectl apply -f -",
            "kubectl create cm web --dry-run -o yaml | kubectl replace configmap web -n shop -f -",
            "terraform plan",
            "docker push registry/web",
            "npm publish",
        ] {
            assert_eq!(manner(script), None, "{script}");
        }
    }

    #[test]
    fn ways_back_are_named() {
        let way = |script: &str| split(script).iter().find_map(|command| goes_back(command));
        assert_eq!(way("kubectl --namespace x rollout undo deployment/x").as_deref(), Some("kubectl rollout undo"));
        assert_eq!(way("helm upgrade --install --atomic web ./chart").as_deref(), Some("--atomic"));
        assert_eq!(way("./rollback.sh").as_deref(), Some("rollback.sh"));
        assert_eq!(way("kubectl apply -f ."), None);
    }
}
