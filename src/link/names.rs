//! Names of services as people vary them, and how one is found in another.

use crate::model::Environments;
use crate::tree::Text;

/// Words that name no service by themselves.
const GENERIC: &[&str] = &[
    "api",
    "app",
    "application",
    "applications",
    "apps",
    "aws",
    "azure",
    "backend",
    "base",
    "bucket",
    "cache",
    "chart",
    "charts",
    "cloud",
    "cluster",
    "cluster-infrastructure",
    "common",
    "config",
    "core",
    "data",
    "database",
    "databases",
    "db",
    "default",
    "deploy",
    "deployment",
    "deployments",
    "ecs",
    "env",
    "environments",
    "envs",
    "example",
    "fargate",
    "frontend",
    "function",
    "functions",
    "gcp",
    "google",
    "iac",
    "impl",
    "infra",
    "infrastructure",
    "instance",
    "k8s",
    "kube",
    "kubernetes",
    "lambda",
    "lambdas",
    "live",
    "main",
    "manifests",
    "master",
    "module",
    "modules",
    "mysql",
    "overlays",
    "platform",
    "postgres",
    "primary",
    "resources",
    "root",
    "roots",
    "server",
    "serverless",
    "service",
    "services",
    "shared",
    "src",
    "stack",
    "stacks",
    "state",
    "storage",
    "templates",
    "terraform",
    "terragrunt",
    "this",
    "web",
    "worker",
    "workloads",
];

/// Folders whose children are services.
const PARENTS: &[&str] = &["services", "apps", "applications", "workloads", "charts", "releases"];

/// Words for environments that as often say what a thing does: `local-links-manager`, `checkout-e2e-tests`.
const OF_PURPOSE: &[&str] =
    &["acceptance", "demo", "e2e", "example", "loadtest", "local", "perftest", "preview", "sample", "training"];

/// A name in the form that names are compared in: lower case, `-` between words, words for environments taken off its
/// ends.
pub(super) fn normal(name: &str, environments: &Environments) -> Text {
    let names_one = |word: &&str| environments.of_word(word).is_some() && !OF_PURPOSE.contains(word);
    let joined: String =
        name.trim().chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let mut words: Vec<&str> = joined.split('-').filter(|word| !word.is_empty()).collect();
    while words.len() > 1 && words.last().is_some_and(names_one) {
        words.pop();
    }
    while words.len() > 1 && words.first().is_some_and(names_one) {
        words.remove(0);
    }
    words.join("-").into()
}

/// Generic words that are the whole names of services all the same, where an alert's own name begins with one:
/// `FrontendUnavailable` watches the service `frontend`.
const ROLES: &[&str] = &["api", "backend", "frontend", "web", "worker"];

/// Whether a generic word names a service when nothing stands before it.
pub(super) fn is_role(name: &str) -> bool {
    ROLES.contains(&name)
}

/// Whether a normal name says too little to find a service by.
pub(super) fn is_generic(name: &str) -> bool {
    name.len() < 3 || GENERIC.contains(&name) || name.chars().all(|c| c.is_ascii_digit() || c == '-')
}

/// Words a name may have for its parts to be looked for; a longer one is a sentence.
const MOST_WORDS: usize = 24;

/// The names that stand in a normal name as whole words, the longest first.
pub(super) fn parts(whole: &str) -> impl Iterator<Item = &str> {
    let starts = || whole.match_indices('-').map(|(at, _)| at + 1).take(MOST_WORDS);
    let ends = || whole.match_indices('-').map(|(at, _)| at).take(MOST_WORDS).chain([whole.len()]);
    let mut parts: Vec<&str> = std::iter::once(0)
        .chain(starts())
        .flat_map(|start| ends().filter(move |end| *end > start).filter_map(move |end| whole.get(start..end)))
        .collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    parts.into_iter()
}

/// The names that a normal name begins with, the longest first.
pub(super) fn beginnings(whole: &str) -> impl Iterator<Item = &str> {
    let ends = whole.match_indices('-').map(|(at, _)| at).take(MOST_WORDS).chain([whole.len()]);
    let mut beginnings: Vec<&str> = ends.filter_map(|end| whole.get(..end)).collect();
    beginnings.reverse();
    beginnings.into_iter()
}

/// The words of a `CamelCase` name as a normal name: `CheckoutErrorsHigh` is `checkout-errors-high`.
pub(super) fn camel_words(name: &str) -> Text {
    // Names that are written with a hump, and are one word.
    let name = name.replace("GitLab", "Gitlab").replace("GitHub", "Github");
    let mut words = String::with_capacity(name.len() + 4);
    let characters: Vec<char> = name.chars().collect();
    for (index, character) in characters.iter().enumerate() {
        if !character.is_alphanumeric() {
            words.push('-');
            continue;
        }
        let previous = index.checked_sub(1).and_then(|at| characters.get(at));
        let starts = character.is_uppercase()
            && previous.is_some_and(|previous| {
                previous.is_lowercase()
                    || previous.is_ascii_digit()
                    || (previous.is_uppercase() && characters.get(index + 1).is_some_and(|next| next.is_lowercase()))
            });
        if starts {
            words.push('-');
        }
        words.push(character.to_ascii_lowercase());
    }
    words.into()
}

/// The service that a path's folders name: the child of a folder that holds services.
pub(super) fn of_services_folder(path: &str) -> Option<&str> {
    let mut segments = path.split('/').peekable();
    let mut found = None;
    while let Some(segment) = segments.next() {
        if PARENTS.contains(&segment)
            && let Some(child) = segments.peek()
        {
            found = Some(*child);
        }
    }
    // The last segment is the file itself.
    found.filter(|child| !path.ends_with(child))
}

/// The folders of a path, nearest first, as names a service may have.
pub(super) fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.rsplit('/').skip(1)
}

/// The file's name without its extensions.
pub(super) fn stem(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split('.').find(|part| !part.is_empty()).unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_by_their_words() {
        let environments = Environments::default();
        assert_eq!(normal("Checkout_Production", &environments), "checkout");
        assert_eq!(normal("prod-checkout-api", &environments), "checkout-api");
        // These say what it does.
        assert_eq!(normal("local-links-manager", &environments), "local-links-manager");
        assert_eq!(normal("checkout-e2e-tests", &environments), "checkout-e2e");
        assert_eq!(camel_words("CheckoutHTTPErrors5xx"), "checkout-http-errors5xx");
        let found: Vec<&str> = parts("lantern-checkout-db").collect();
        assert_eq!(found, ["lantern-checkout-db", "lantern-checkout", "checkout-db", "checkout", "lantern", "db"]);
        assert_eq!(beginnings("checkout-errors").collect::<Vec<_>>(), ["checkout-errors", "checkout"]);
        assert_eq!(of_services_folder("services/checkout/k8s/app.yaml"), Some("checkout"));
        assert_eq!(of_services_folder("k8s/services/app.yaml"), None);
        assert_eq!(stem("alerts/checkout.rules.yml"), "checkout");
    }
}
