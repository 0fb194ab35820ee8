//! The table of what providers' resources say, read once. Its form is explained at the head of `providers.toml`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::public::PublicWorkload;

/// The whole table.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Table {
    /// By type.
    #[serde(rename = "resource")]
    pub(super) resources: Vec<Store>,
    #[serde(rename = "companion")]
    pub(super) companions: Vec<Companion>,
    #[serde(rename = "module")]
    pub(super) modules: Vec<PublicModule>,
    #[serde(default, rename = "workload")]
    workloads: Vec<PublicWorkload>,
}

/// The public modules that stand in a file of their own.
#[derive(Debug, Deserialize)]
struct Modules {
    #[serde(rename = "module")]
    modules: Vec<PublicModule>,
    #[serde(rename = "workload")]
    workloads: Vec<PublicWorkload>,
}

/// A resource type that stores data.
#[derive(Debug, Deserialize)]
pub(super) struct Store {
    #[serde(rename = "type")]
    pub(super) type_name: String,
    pub(super) kind: String,
    #[serde(default)]
    pub(super) engine: Engine,
    #[serde(default)]
    pub(super) name_paths: Vec<String>,
    /// What its ARN holds after the partition: `rds:*:*:db:*`.
    pub(super) arn: Option<String>,
    /// What AWS Backup calls its type.
    pub(super) protected_type: Option<String>,
    #[serde(default)]
    pub(super) facts: BTreeMap<String, Reading>,
}

/// What runs in it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Engine {
    pub(super) path: Option<String>,
    pub(super) default: Option<String>,
    pub(super) name: Option<String>,
}

/// Another resource that carries facts for a store.
#[derive(Debug, Deserialize)]
pub(super) struct Companion {
    #[serde(rename = "type")]
    pub(super) type_name: String,
    pub(super) of: Vec<String>,
    pub(super) by: String,
    #[serde(default)]
    pub(super) through: Vec<String>,
    /// Types of which one that refers to the store says that it holds something of its own: then this says nothing.
    #[serde(default)]
    pub(super) unless_held: Vec<String>,
    #[serde(default)]
    pub(super) below: Vec<String>,
    #[serde(default)]
    pub(super) facts: BTreeMap<String, Reading>,
}

/// A public module that makes a store of its arguments.
#[derive(Debug, Deserialize)]
pub(super) struct PublicModule {
    pub(super) source: String,
    pub(super) resource: String,
    pub(super) name_paths: Option<Vec<String>>,
    /// Arguments without which, when they are false, it makes nothing.
    #[serde(default)]
    pub(super) switches: Vec<String>,
    #[serde(default)]
    pub(super) facts: BTreeMap<String, Reading>,
}

/// How a fact is read.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reading {
    pub(super) path: Option<String>,
    pub(super) default: Option<toml::Value>,
    #[serde(default)]
    pub(super) present: bool,
    #[serde(default)]
    pub(super) values: BTreeMap<String, toml::Value>,
    pub(super) unit: Option<Unit>,
    pub(super) add: Option<f64>,
    #[serde(default)]
    pub(super) count: bool,
    pub(super) at_least: Option<f64>,
    #[serde(default)]
    pub(super) any: Vec<Reading>,
    #[serde(default)]
    pub(super) combine: Option<Combine>,
    pub(super) each: Option<String>,
    #[serde(default, rename = "where")]
    pub(super) having: BTreeMap<String, toml::Value>,
    #[serde(default)]
    pub(super) unless_set: Vec<String>,
    /// Where it is documented: for those who read the table.
    #[serde(default, rename = "source")]
    pub(super) _source: String,
}

/// How several places are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Combine {
    /// One that is true is enough.
    Or,
}

/// The unit of a number that is a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Unit {
    Days,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
}

impl Unit {
    /// How many days one is.
    pub(super) fn days(self) -> f64 {
        match self {
            Self::Days => 1.0,
            Self::Hours => 1.0 / 24.0,
            Self::Minutes => 1.0 / 1440.0,
            Self::Seconds => 1.0 / 86_400.0,
            Self::Milliseconds => 1.0 / 86_400_000.0,
        }
    }
}

/// The table. It is embedded, and a test parses it; were it broken all the same, no store would be known.
pub(super) fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| parse().unwrap_or_default())
}

fn parse() -> Result<Table, toml::de::Error> {
    let mut table: Table = toml::from_str(include_str!("providers.toml"))?;
    let public: Modules = toml::from_str(include_str!("modules.toml"))?;
    table.modules.extend(public.modules);
    table.workloads.extend(public.workloads);
    Ok(table)
}

impl Table {
    /// The store of a type.
    pub(super) fn store(&self, type_name: &str) -> Option<&Store> {
        self.resources.iter().find(|store| store.type_name == type_name)
    }

    /// The public module that a source names, from the registry or by a git address of the same repository.
    pub(super) fn module(&self, source: &str) -> Option<&PublicModule> {
        let wanted = registry_form(source)?;
        self.modules.iter().find(|module| module.source == wanted)
    }

    /// The public module that makes something that runs, by its source.
    pub(super) fn workload(&self, source: &str) -> Option<&PublicWorkload> {
        let wanted = registry_form(source)?;
        self.workloads.iter().find(|module| module.source == wanted)
    }
}

/// `org/name/provider//sub` of a registry source or a git address.
fn registry_form(source: &str) -> Option<String> {
    let source = source.split('?').next().unwrap_or(source);
    let git = source.contains("github.com");
    let path = source.split("github.com").nth(1).unwrap_or(source).trim_start_matches(['/', ':']);
    let path = path.strip_prefix("registry.terraform.io/").unwrap_or(path);
    let (package, folder) = path.split_once("//").map_or((path, None), |(package, folder)| (package, Some(folder)));
    let package = if git {
        let (owner, repository) = package.trim_end_matches(".git").split_once('/')?;
        let (provider, name) = repository.strip_prefix("terraform-")?.split_once('-')?;
        format!("{owner}/{name}/{provider}")
    } else {
        package.to_owned()
    };
    Some(folder.map_or_else(|| package.clone(), |folder| format!("{package}//{folder}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_parses_and_refers_to_types_it_has() {
        let table = parse().unwrap();
        assert!(table.resources.len() > 40);
        for companion in &table.companions {
            for store in &companion.of {
                assert!(
                    table.store(store).is_some(),
                    "{} is for {store}, which is not in the table",
                    companion.type_name
                );
            }
        }
        for module in &table.modules {
            assert!(table.store(&module.resource).is_some(), "{}", module.source);
        }
    }

    const FACTS: &[&str] = &[
        "backup_count",
        "backup_enabled",
        "backup_interval",
        "backup_retention_days",
        "delete_automated_backups",
        "deletion_protection",
        "disposable",
        "expires_days",
        "geo_redundant_backup",
        "multi_zone",
        "pitr",
        "pitr_lag",
        "replica",
        "replicas",
        "restored_copy",
        "skip_final_snapshot",
        "soft_delete_days",
        "storage_autoscaling",
        "logs_exported",
        "versioned",
    ];

    /// What is wrong with an entry: every one names the page that says so, and facts that exist.
    fn faults(file: &str) -> Vec<String> {
        let tables: toml::Table = toml::from_str(file).unwrap();
        let mut faults = Vec::new();
        let cited = |entry: &toml::Value, key: &str| {
            let page = entry.get(key).and_then(toml::Value::as_str).unwrap_or_default();
            let (address, host) = (page.split(' ').next().unwrap_or_default(), page.strip_prefix("https://"));
            host.is_some_and(|host| host.split('/').nth(1).is_some_and(|path| !path.is_empty()))
                .then(|| address.to_owned())
        };
        for (kind, entries) in &tables {
            for entry in entries.as_array().unwrap() {
                let name_key = if matches!(kind.as_str(), "resource" | "companion") { "type" } else { "source" };
                let name = entry.get(name_key).and_then(toml::Value::as_str).unwrap_or_default();
                let page_key = if name_key == "type" { "source" } else { "documentation" };
                match cited(entry, page_key) {
                    None => faults.push(format!("{name}: no page")),
                    // The page of a resource is its own.
                    Some(page) if name_key == "type" => {
                        let own = name.split_once('_').map_or("", |(_, own)| own);
                        if page.contains("registry.terraform.io") && !page.ends_with(&format!("/resources/{own}")) {
                            faults.push(format!("{name}: {page} is the page of something else"));
                        }
                    }
                    // A module's page is of one version, so that it stays what was read.
                    Some(page) if !page.contains("/blob/v") => faults.push(format!("{name}: {page} has no version")),
                    Some(_) => {}
                }
                for (fact, reading) in entry.get("facts").and_then(toml::Value::as_table).into_iter().flatten() {
                    if cited(reading, "source").is_none() {
                        faults.push(format!("{name}: {fact} has no source"));
                    }
                    if !FACTS.contains(&fact.as_str()) {
                        faults.push(format!("{name}: {fact} is no fact"));
                    }
                }
            }
        }
        faults
    }

    #[test]
    fn every_entry_says_where_it_is_documented() {
        for file in [include_str!("providers.toml"), include_str!("modules.toml")] {
            assert_eq!(faults(file), [""; 0]);
        }
    }

    #[test]
    fn an_entry_without_a_source_is_seen() {
        let entry = |source: &str, fact: &str| {
            format!("[[resource]]\ntype = \"aws_db_instance\"\nsource = \"{source}\"\n[resource.facts]\n{fact}\n")
        };
        let page = "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/db_instance";
        let good = format!("pitr = {{ default = true, source = \"{page}#pitr\" }}");
        assert_eq!(faults(&entry(page, &good)), [""; 0]);
        assert_eq!(faults(&entry("", &good)), ["aws_db_instance: no page"]);
        assert_eq!(faults(&entry(page, "pitr = { default = true }")), ["aws_db_instance: pitr has no source"]);
        let other = page.replace("db_instance", "rds_cluster");
        assert_eq!(faults(&entry(&other, &good)).len(), 1);
        let unknown = good.replace("pitr =", "pitrr =");
        assert_eq!(faults(&entry(page, &unknown)), ["aws_db_instance: pitrr is no fact"]);
        let module = "[[module]]\nsource = \"a/b/aws\"\ndocumentation = \"https://github.com/a/terraform-aws-b/blob/main/x.tf\"\n";
        assert_eq!(faults(module).len(), 1);
    }

    #[test]
    fn git_addresses_name_registry_modules() {
        let form = |source| registry_form(source).unwrap();
        assert_eq!(form("terraform-aws-modules/rds/aws"), "terraform-aws-modules/rds/aws");
        assert_eq!(
            form("git::https://github.com/terraform-aws-modules/terraform-aws-s3-bucket.git//modules/x?ref=v1"),
            "terraform-aws-modules/s3-bucket/aws//modules/x"
        );
    }
}
