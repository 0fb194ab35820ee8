//! What a command names: namespaces, workloads, databases, scripts and other files, targets of make. Uses `commands` and
//! `model`.
//!
//! Only literal names count. Whether a thing of that name exists, linking finds out, where it can be known.

use super::commands::{named, program};
use crate::model::runbook::{Named, NamedKind};

/// Programs that run a script.
const INTERPRETERS: &[&str] = &["bash", "sh", "zsh", "python", "python3", "ruby", "node", "perl", "source", "."];

/// Endings of scripts.
const SCRIPTS: &[&str] = &["sh", "bash", "py", "rb", "pl", "js", "ts"];

/// Endings of files that people read, edit and apply.
const FILES: &[&str] = &["yaml", "yml", "json", "tf", "tfvars", "hcl", "toml", "ini", "conf", "sql", "jsonnet", "md"];

/// Programs that show or edit the files they are given.
const READERS: &[&str] = &["cat", "less", "more", "head", "tail", "vi", "vim", "nano", "emacs", "code", "bat"];

/// Programs, and their flags for a file that they are given.
const GIVEN: &[(&str, &[&str])] = &[
    ("kubectl", &["-f", "--filename"]),
    ("oc", &["-f", "--filename"]),
    ("helm", &["-f", "--values"]),
    ("psql", &["-f", "--file"]),
    ("terraform", &["-var-file", "--var-file"]),
    ("tofu", &["-var-file", "--var-file"]),
    ("ansible-playbook", &["-i", "--inventory"]),
];

/// Kinds of Kubernetes workloads, as kubectl and oc call them.
const WORKLOADS: &[(&str, &str)] = &[
    ("deployment", "Deployment"),
    ("deployments", "Deployment"),
    ("deploy", "Deployment"),
    ("deployment.apps", "Deployment"),
    ("deploymentconfig", "DeploymentConfig"),
    ("deploymentconfigs", "DeploymentConfig"),
    ("dc", "DeploymentConfig"),
    ("statefulset", "StatefulSet"),
    ("statefulsets", "StatefulSet"),
    ("sts", "StatefulSet"),
    ("daemonset", "DaemonSet"),
    ("daemonsets", "DaemonSet"),
    ("ds", "DaemonSet"),
    ("cronjob", "CronJob"),
    ("cronjobs", "CronJob"),
    ("cj", "CronJob"),
];

/// Flags of kubectl, aws and gcloud whose value is the next word.
const VALUED: &[&str] = &[
    "-n",
    "--namespace",
    "-l",
    "--selector",
    "-c",
    "--container",
    "-o",
    "--output",
    "-f",
    "--filename",
    "--since",
    "--tail",
    "-p",
    "--patch",
    "--replicas",
    "--sort-by",
    "--field-selector",
    "-k",
];

/// Names in a block that may speak of another machine or folder: only what kubectl and cloud programs reach.
pub(super) fn by_cluster(words: &[String]) -> Vec<Named> {
    match program(words) {
        ("kubectl" | "oc" | "k", rest) => kubectl(rest),
        ("aws", rest) => aws(rest),
        ("gcloud", rest) => gcloud(rest),
        ("psql", rest) => psql(rest),
        ("helm", rest) => helm(rest),
        _ => Vec::new(),
    }
}

/// Names in a block that is typed at the root of the repository.
pub(super) fn by_all(words: &[String]) -> Vec<Named> {
    let (name, rest) = program(words);
    match name {
        "make" | "gmake" => make(rest),
        name if INTERPRETERS.contains(&name) => {
            rest.iter().find(|word| !word.starts_with('-')).and_then(|path| script(path)).into_iter().collect()
        }
        name if name.contains('/') => script(name).into_iter().collect(),
        name if READERS.contains(&name) || name == "ansible-playbook" => {
            rest.iter().filter_map(|path| file(path)).collect()
        }
        name => {
            let flags = GIVEN.iter().find(|(given, _)| *given == name).map_or(&[][..], |(_, flags)| *flags);
            by_cluster(words).into_iter().chain(value(rest, flags).and_then(file)).collect()
        }
    }
}

/// Whether a word is a name as it stands, rather than a variable, a placeholder, a pattern or an example.
fn is_literal(word: &str) -> bool {
    let plain = word.chars().all(|it| it.is_ascii_alphanumeric() || "-_.".contains(it));
    let shouted = word.chars().all(|it| !it.is_ascii_lowercase());
    let lower = word.to_ascii_lowercase();
    let example = ["example", "your", "my-", "foo", "bar", "xxx", "some-", "placeholder", "todo", "new-", "test"];
    let generic = ["name", "namespace", "pod", "pod-name", "deployment-name", "service", "app", "default"];
    word.len() > 1
        && plain
        && !shouted
        && !word.starts_with(['-', '.'])
        && !example.iter().any(|start| lower.starts_with(start))
        && !generic.contains(&lower.as_str())
        && !lower.ends_with("-name")
}

/// The value of a flag: `-n x`, `-nx` for one letter, `--namespace x`, `--namespace=x`.
fn value<'w>(words: &'w [String], flags: &[&str]) -> Option<&'w str> {
    words.iter().enumerate().find_map(|(index, word)| {
        flags.iter().find_map(|flag| {
            if word == flag {
                return words.get(index + 1).map(String::as_str);
            }
            word.strip_prefix(flag)?.strip_prefix('=')
        })
    })
}

/// The words that are neither flags nor their values, up to `--`.
fn positional(words: &[String]) -> Vec<&str> {
    let mut positional = Vec::new();
    let mut words = words.iter().take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        if VALUED.contains(&word.as_str()) {
            words.next();
        } else if !word.starts_with('-') {
            positional.push(word.as_str());
        }
    }
    positional
}

fn kubectl(words: &[String]) -> Vec<Named> {
    let elsewhere = ["--context", "--cluster", "--kubeconfig", "--server", "-s"];
    let creates = ["create", "run", "new-project", "apply"];
    let positional = positional(words);
    if value(words, &elsewhere).is_some() || positional.first().is_some_and(|verb| creates.contains(verb)) {
        return Vec::new();
    }
    let namespace = value(words, &["-n", "--namespace"]);
    let within = namespace.filter(|name| is_literal(name)).unwrap_or_default();
    let mut names: Vec<Named> = Vec::new();
    if !within.is_empty() {
        names.push(named(NamedKind::Namespace, within, ""));
    }
    // A namespace that a variable fills in may be any.
    let known_namespace = namespace.is_none() || !within.is_empty();
    for (index, word) in positional.iter().enumerate().skip(1) {
        let pair = word.split_once('/').or_else(|| positional.get(index + 1).map(|next| (*word, *next)));
        let Some((kind, name)) = pair else { continue };
        let known = WORKLOADS.iter().any(|(called, _)| kind.eq_ignore_ascii_case(called));
        if known && known_namespace && is_literal(name) && !name.contains('.') {
            names.push(named(NamedKind::Workload, name, within));
        }
    }
    names
}

/// Of `aws`: a service, the flags by which its commands name a thing, and what that is.
const AWS: &[(&str, &[&str], NamedKind)] = &[
    ("rds", &["--db-instance-identifier", "--db-cluster-identifier"], NamedKind::Database),
    ("ecs", &["--service", "--services", "--service-name"], NamedKind::EcsService),
    ("lambda", &["--function-name"], NamedKind::Function),
];

/// `aws rds … --db-instance-identifier NAME`, `aws ecs … --service NAME`, unless the command makes it.
fn aws(words: &[String]) -> Vec<Named> {
    let elsewhere = value(words, &["--profile", "--endpoint-url"]).is_some();
    let positional = positional(words);
    let (Some(service), Some(verb)) = (positional.first(), positional.get(1)) else { return Vec::new() };
    let Some((_, flags, kind)) = AWS.iter().find(|(known, ..)| known == service) else { return Vec::new() };
    let makes = ["restore", "create", "wait", "delete"].iter().any(|start| verb.starts_with(start));
    let found = value(words, flags).filter(|name| !elsewhere && !makes && is_literal(name));
    found.map(|name| named(*kind, name, "")).into_iter().collect()
}

/// What a command takes away.
pub(super) fn gone(words: &[String]) -> Vec<Named> {
    let (program, rest) = program(words);
    match (program, positional(rest).as_slice()) {
        ("dropdb", [name, ..]) => vec![named(NamedKind::Database, name, "")],
        ("kubectl" | "oc" | "k", ["delete", "namespace" | "namespaces" | "ns", names @ ..]) => {
            names.iter().map(|name| named(NamedKind::Namespace, name, "")).collect()
        }
        _ => Vec::new(),
    }
}

/// What a command makes, or gives another name: whatever names it on the same page is not in the repository, and need
/// not be.
pub(super) fn made(words: &[String]) -> Vec<Named> {
    let written = words.windows(2).filter(|pair| matches!(pair[0].as_str(), ">" | ">>" | "tee" | "--output" | "-o"));
    let written = written.flat_map(|pair| [file(&pair[1]), script(&pair[1])]).flatten();
    made_by(words).into_iter().chain(written).collect()
}

fn made_by(words: &[String]) -> Vec<Named> {
    let (program, rest) = program(words);
    let positional = positional(rest);
    let of = |kind, names: Vec<&str>| names.into_iter().map(|name| named(kind, name, "")).collect();
    match (program, positional.as_slice()) {
        ("aws", ["rds", verb, ..]) => {
            // A snapshot of a database makes no database.
            let makes = verb.starts_with("restore-db")
                || ["create-db-instance", "create-db-instance-read-replica", "create-db-cluster"].contains(verb);
            let own = ["--db-instance-identifier", "--db-cluster-identifier"].map(|flag| value(rest, &[flag]));
            let new = [
                "--target-db-instance-identifier",
                "--target-db-cluster-identifier",
                "--new-db-instance-identifier",
                "--new-db-cluster-identifier",
            ]
            .map(|flag| value(rest, &[flag]));
            of(NamedKind::Database, own.into_iter().filter(|_| makes).chain(new).flatten().collect())
        }
        ("gcloud", ["sql", "instances", "create", name, ..] | ["sql", "instances", "clone", _, name, ..]) => {
            of(NamedKind::Database, vec![name])
        }
        ("createdb", [name, ..]) => of(NamedKind::Database, vec![name]),
        ("kubectl" | "oc" | "k", ["create", "namespace" | "ns", name, ..] | ["new-project", name, ..]) => {
            of(NamedKind::Namespace, vec![name])
        }
        ("kubectl" | "oc" | "k", ["create", kind, name, ..]) if WORKLOADS.iter().any(|(known, _)| known == kind) => {
            of(NamedKind::Workload, vec![name])
        }
        ("helm", _) if rest.iter().any(|word| word == "--create-namespace") => {
            of(NamedKind::Namespace, value(rest, &["-n", "--namespace"]).into_iter().collect())
        }
        _ => Vec::new(),
    }
}

/// `gcloud sql instances describe NAME`, `gcloud sql backups list --instance=NAME`, unless in another project.
fn gcloud(words: &[String]) -> Vec<Named> {
    let positional = positional(words);
    if positional.first() != Some(&"sql") || value(words, &["--project"]).is_some() {
        return Vec::new();
    }
    let looks = ["describe", "failover", "restart", "patch", "export"];
    let found = match positional.as_slice() {
        ["sql", "instances", verb, name, ..] if looks.contains(verb) => Some(*name),
        ["sql", "connect", name, ..] => Some(*name),
        ["sql", "backups" | "databases" | "users", "list", ..] => value(words, &["--instance", "-i"]),
        _ => None,
    };
    found.filter(|name| is_literal(name)).map(|name| named(NamedKind::Database, name, "")).into_iter().collect()
}

/// `psql -d NAME`, on the machine's own host or the one the block is about.
fn psql(words: &[String]) -> Vec<Named> {
    let own = ["postgres", "template0", "template1"];
    let database = value(words, &["-d", "--dbname"]).filter(|name| is_literal(name) && !own.contains(name));
    database.map(|name| named(NamedKind::Database, name, "")).into_iter().collect()
}

/// `helm rollback NAME --namespace NS`: a release is no object of a repository, its namespace may be.
fn helm(words: &[String]) -> Vec<Named> {
    let namespace = value(words, &["-n", "--namespace"]).filter(|name| is_literal(name));
    let elsewhere = value(words, &["--kube-context", "--kubeconfig"]).is_some()
        || words.iter().any(|it| it == "--create-namespace");
    namespace.filter(|_| !elsewhere).map(|name| named(NamedKind::Namespace, name, "")).into_iter().collect()
}

/// `make [-C FOLDER] TARGET… [NAME=value…]`
fn make(words: &[String]) -> Vec<Named> {
    let folder = value(words, &["-C", "--directory"]).unwrap_or_default();
    if value(words, &["-f", "--file"]).is_some()
        || !folder.chars().all(|it| it.is_alphanumeric() || "-_./".contains(it))
    {
        return Vec::new();
    }
    let mut words = words.iter();
    let mut names = Vec::new();
    while let Some(word) = words.next() {
        if matches!(word.as_str(), "-C" | "--directory" | "-j" | "-o" | "-W") {
            words.next();
        } else if !word.contains('=') && is_literal(word) {
            names.push(named(NamedKind::MakeTarget, word, folder));
        }
    }
    names
}

/// A relative path in a folder that ends as scripts do.
fn script(path: &str) -> Option<Named> {
    kept(path, SCRIPTS).map(|path| named(NamedKind::Script, path, ""))
}

/// A relative path in a folder that ends as files do which people keep in a repository.
fn file(path: &str) -> Option<Named> {
    kept(path, FILES).filter(|path| path.contains('/')).map(|path| named(NamedKind::File, path, ""))
}

fn kept<'p>(path: &'p str, endings: &[&str]) -> Option<&'p str> {
    let path = path.strip_prefix("./").unwrap_or(path);
    let (stem, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    let plain = path.chars().all(|it| it.is_ascii_alphanumeric() || "-_./".contains(it));
    let fits = plain && !path.starts_with(['/', '~', '.']) && endings.contains(&extension) && is_literal(stem);
    fits.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(command: &str) -> Vec<String> {
        let words = shlex::split(command).unwrap();
        by_all(&words)
            .into_iter()
            .map(|it| format!("{:?} {}{}{}", it.kind, it.within, if it.within.is_empty() { "" } else { "/" }, it.name))
            .collect()
    }

    #[test]
    fn commands_name_what_they_act_on() {
        for (command, expected) in [
            ("kubectl -n shop rollout undo deployment/checkout", &["Namespace shop", "Workload shop/checkout"][..]),
            ("kubectl --namespace=shop get deploy checkout -o yaml", &["Namespace shop", "Workload shop/checkout"]),
            ("sudo kubectl describe sts seating-db", &["Workload seating-db"]),
            ("kubectl exec -n shop checkout-7d9f -- make nothing", &["Namespace shop"]),
            ("aws rds reboot-db-instance --db-instance-identifier orders", &["Database orders"]),
            ("gcloud sql backups list --instance=orders", &["Database orders"]),
            ("psql -h localhost -d orders -c 'select 1'", &["Database orders"]),
            ("make -C infra plan ENV=production", &["MakeTarget infra/plan"]),
            ("./scripts/drain.sh node-1", &["Script scripts/drain.sh"]),
            ("python3 tools/drain.py", &["Script tools/drain.py"]),
            ("helm rollback checkout -n shop", &["Namespace shop"]),
            ("aws ecs update-service --cluster main --service biller --force-new-deployment", &["EcsService biller"]),
            ("aws lambda get-function --function-name resize", &["Function resize"]),
            ("kubectl apply -n shop -f k8s/drain.yaml", &["File k8s/drain.yaml"]),
            ("helm upgrade checkout ./chart -f values/production.yaml", &["File values/production.yaml"]),
            ("cat config/limits.yaml | head", &["File config/limits.yaml"]),
            ("terraform plan -var-file=envs/production.tfvars", &["File envs/production.tfvars"]),
            (
                "ansible-playbook -i inventory/hosts.ini plays/drain.yml",
                &["File inventory/hosts.ini", "File plays/drain.yml"],
            ),
        ] {
            assert_eq!(names(command), expected, "{command}");
        }
    }

    #[test]
    fn what_a_command_makes_is_known() {
        for (command, expected) in [
            ("aws rds restore-db-instance-from-db-snapshot --db-instance-identifier orders-back", "orders-back"),
            ("aws rds modify-db-instance --db-instance-identifier a --new-db-instance-identifier b", "b"),
            ("kubectl create namespace rescue", "rescue"),
            ("gcloud sql instances clone orders orders-copy", "orders-copy"),
            ("kubectl get deployment checkout -o yaml > k8s/before.yaml", "k8s/before.yaml"),
        ] {
            let found: Vec<String> =
                made(&shlex::split(command).unwrap()).into_iter().map(|it| it.name.to_string()).collect();
            assert_eq!(found, [expected], "{command}");
        }
    }

    #[test]
    fn what_is_no_literal_name_is_passed_over() {
        for command in [
            "kubectl -n $NS get deploy/$APP",
            "kubectl -n <namespace> get deployment/<name>",
            "kubectl --context staging -n shop get deployment/checkout",
            "kubectl -n NAMESPACE logs deployment/NAME",
            "kubectl create deployment checkout --image x",
            "aws rds restore-db-instance-from-db-snapshot --db-instance-identifier orders-restored",
            "gcloud sql instances describe orders --project other",
            "/usr/local/bin/x.sh",
            "~/bin/x.sh",
            "make -f other.mk all",
            "psql -d postgres",
            "cat /etc/hosts.conf",
            "cat values.yaml",
            "kubectl apply -f https://example.net/a/b.yaml",
            "cat backups/$(date).sql",
        ] {
            assert_eq!(names(command), Vec::<String>::new(), "{command}");
        }
    }
}
