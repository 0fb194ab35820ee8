//! Commands that destroy what cannot be brought back, and what on a page warns of it. Uses `outline`.

use super::commands::program;
use super::outline::{LineKind, Outline};

/// Kinds of Kubernetes objects whose deletion loses data or a whole service. A pod comes back by itself.
const PRECIOUS: &[&str] = &[
    "namespace",
    "namespaces",
    "ns",
    "pvc",
    "pvcs",
    "persistentvolumeclaim",
    "persistentvolumeclaims",
    "pv",
    "persistentvolume",
    "persistentvolumes",
    "crd",
    "crds",
    "customresourcedefinition",
    "customresourcedefinitions",
    "statefulset",
    "statefulsets",
    "sts",
    "postgresql",
    "cluster",
    "kafka",
    "kafkatopic",
];

/// Programs with the words that make them destroy, in this order among their words.
const DESTROYERS: &[(&str, &[&str])] = &[
    ("terraform", &["destroy"]),
    ("tofu", &["destroy"]),
    ("terragrunt", &["destroy"]),
    ("pulumi", &["destroy"]),
    ("helm", &["uninstall"]),
    ("helm", &["delete"]),
    ("dropdb", &[]),
    ("wipefs", &[]),
    ("zpool", &["destroy"]),
    ("zfs", &["destroy"]),
    ("lvremove", &[]),
    ("vgremove", &[]),
    ("redis-cli", &["flushall"]),
    ("redis-cli", &["flushdb"]),
    ("aws", &["s3", "rb"]),
    ("aws", &["s3", "rm", "--recursive"]),
    ("aws", &["rds", "delete-db-instance"]),
    ("aws", &["rds", "delete-db-cluster"]),
    ("aws", &["dynamodb", "delete-table"]),
    ("aws", &["efs", "delete-file-system"]),
    ("aws", &["kms", "schedule-key-deletion"]),
    ("aws", &["backup", "delete-recovery-point"]),
    ("gcloud", &["sql", "instances", "delete"]),
    ("gcloud", &["compute", "disks", "delete"]),
    ("gcloud", &["container", "clusters", "delete"]),
    ("gcloud", &["projects", "delete"]),
    ("gsutil", &["rm", "-r"]),
    ("az", &["group", "delete"]),
];

/// Folders whose content is made to be thrown away.
const DISPOSABLE: &[&str] = &[
    "/tmp",
    "tmp/",
    "./tmp",
    "/var/tmp",
    "node_modules",
    "vendor",
    "build",
    "dist",
    "target",
    ".terraform",
    "./.terraform",
    ".cache",
    "/var/cache",
    "$(mktemp",
    "$tmp",
    "${tmp",
    "venv",
    ".venv",
];

/// Whether a shell command destroys something that no restart brings back.
pub(super) fn shell(words: &[String]) -> bool {
    let (name, rest) = program(words);
    let name = name.rsplit('/').next().unwrap_or(name);
    if rest.iter().any(|word| word.starts_with("--dry-run") || word == "--help") {
        return false;
    }
    let lower: Vec<String> = rest.iter().map(|word| word.to_lowercase()).collect();
    let in_order = |wanted: &[&str]| {
        let mut words = lower.iter();
        wanted.iter().all(|wanted| words.any(|word| word == wanted))
    };
    match name {
        "rm" => removes(rest),
        "kubectl" | "oc" => deletes(&lower),
        "psql" | "mysql" | "clickhouse-client" | "cqlsh" => rest.iter().any(|word| sql(word)),
        name if name.starts_with("mkfs") => true,
        "dd" => lower.iter().any(|word| word.starts_with("of=/dev/")),
        _ => DESTROYERS.iter().any(|(known, wanted)| *known == name && in_order(wanted)),
    }
}

/// `rm -r`, of anything that is not made to be thrown away.
fn removes(words: &[String]) -> bool {
    let flags = words.iter().filter(|word| word.starts_with('-'));
    let recursive =
        flags.clone().any(|word| word == "--recursive" || !word.starts_with("--") && word.contains(['r', 'R']));
    let targets: Vec<String> = words.iter().filter(|word| !word.starts_with('-')).map(|it| it.to_lowercase()).collect();
    let disposable = |target: &String| DISPOSABLE.iter().any(|start| target.starts_with(start));
    recursive && !targets.is_empty() && !targets.iter().all(disposable)
}

/// `kubectl delete` of something precious, or of all there is.
fn deletes(lower: &[String]) -> bool {
    let Some(at) = lower.iter().position(|word| word == "delete") else { return false };
    let after = lower.get(at + 1..).unwrap_or_default();
    let kinds = after
        .iter()
        .filter(|word| !word.starts_with('-'))
        .flat_map(|word| word.split('/').next().into_iter().flat_map(|kinds| kinds.split(',')));
    kinds.into_iter().any(|kind| PRECIOUS.contains(&kind.split('.').next().unwrap_or(kind)))
}

/// Whether a statement of SQL throws data away: `DROP TABLE`, `TRUNCATE`, `DELETE` of every row.
pub(super) fn sql(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    let words: Vec<&str> =
        lower.split(|it: char| !it.is_alphanumeric() && it != '_').filter(|it| !it.is_empty()).collect();
    let drops = words
        .windows(2)
        .any(|pair| pair[0] == "drop" && ["table", "database", "schema", "keyspace"].contains(&pair[1]));
    let empties = words.first() == Some(&"truncate");
    let deletes = words.starts_with(&["delete", "from"]) && !words.contains(&"where") && lower.ends_with(';');
    drops || empties || deletes
}

/// Words that make a reader stop, as parts of words.
const WARNINGS: &[&str] = &[
    "warn",
    "caution",
    "careful",
    "danger",
    "destruct",
    "irrevers",
    "undone",
    "undo",
    "backup",
    "back up",
    "backed up",
    "snapshot",
    "confirm",
    "make sure",
    "ensure",
    "double check",
    "double-check",
    "only if",
    "only when",
    "dry run",
    "dry-run",
    "are you sure",
    "permanent",
    "data loss",
    "lose ",
    "lost",
    "last resort",
    "do not",
    "don't",
    "never ",
    "before you",
    "approval",
    "approved",
    "safe to",
    "safely",
    "wipe",
    "destroy",
    "delete all",
    "verify",
    "verif",
    "check that",
    "check if",
    "be aware",
    "note:",
    "[!",
    "!!!",
    "⚠",
    "🚨",
    "no longer",
    "unused",
    "not in use",
    "not needed",
    "replica",
    "decommission",
    "clean up",
    "cleanup",
    "tear down",
    "teardown",
    "achtung",
    "vorsicht",
    "warnung",
    "sicherung",
    "attention",
    "prudence",
    "sauvegarde",
    "cuidado",
    "atención",
    "advertencia",
    "copia de seguridad",
    "atenção",
    "let op",
    "waarschuwing",
];

/// Where a page warns.
pub(super) struct Guard {
    /// Offsets of lines that warn, and of headings, in order.
    warnings: Vec<usize>,
    headings: Vec<usize>,
    /// Whether the page warns before its first section, or in its title.
    whole: bool,
}

impl Guard {
    pub(super) fn new(outline: &Outline<'_>) -> Self {
        let headings: Vec<usize> = outline.page.headings.iter().map(|heading| heading.span.start as usize).collect();
        let warns = |text: &str| {
            let lower = text.to_lowercase();
            WARNINGS.iter().any(|word| lower.contains(word))
        };
        let shown = outline.lines.iter().filter(|line| !matches!(line.kind, LineKind::Blank | LineKind::Matter));
        // In code only a comment is said to the reader.
        let said =
            shown.filter(|line| line.kind != LineKind::Code || line.text.trim_start().starts_with(['#', '-', '/']));
        let warnings: Vec<usize> = said.filter(|line| warns(line.text)).map(|line| line.start).collect();
        let opening = headings.get(1).copied().unwrap_or(0);
        let whole = warnings.first().is_some_and(|at| *at < opening);
        Self { warnings, headings, whole }
    }

    /// Whether someone who reads from the heading above a command to it was warned, or is asked by the command itself.
    pub(super) fn covers(&self, at: usize, command: &str) -> bool {
        let above = self.headings.partition_point(|heading| *heading <= at);
        let start = above.checked_sub(1).and_then(|index| self.headings.get(index)).copied().unwrap_or(0);
        let end = self.headings.get(above).copied().unwrap_or(usize::MAX);
        let warned = self.warnings.iter().any(|warning| (start..end).contains(warning));
        let asks = ["--interactive", " -i ", "--dry-run", "echo "].iter().any(|flag| command.contains(flag));
        self.whole || warned || asks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_destroys_is_told_from_what_restarts() {
        let destroys = |command: &str| shell(&shlex::split(command).unwrap());
        for command in [
            "rm -rf /var/lib/postgresql",
            "sudo rm -r data",
            "kubectl -n shop delete pvc orders",
            "kubectl delete statefulset/orders",
            "terraform destroy -auto-approve",
            "aws rds delete-db-instance --db-instance-identifier orders",
            "psql -c 'DROP TABLE orders'",
            "redis-cli -h x FLUSHALL",
            "helm uninstall checkout",
            "mkfs.ext4 /dev/sdb",
        ] {
            assert!(destroys(command), "{command}");
        }
        for command in [
            "rm -rf /tmp/x",
            "rm old.log",
            "rm -rf node_modules",
            "kubectl delete pod orders-0",
            "kubectl delete pvc orders --dry-run=client",
            "terraform plan",
            "redis-cli info",
            "psql -c 'select * from drops'",
            "grep -r drop .",
        ] {
            assert!(!destroys(command), "{command}");
        }
        assert!(sql("DROP DATABASE x;") && sql("truncate orders;") && sql("DELETE FROM orders;"));
        assert!(!sql("DELETE FROM orders WHERE id = 1;") && !sql("drop index x;") && !sql("SELECT truncate(1);"));
    }
}
