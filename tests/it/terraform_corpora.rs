//! Terraform of real repositories, fact by fact. `TWOAM_CORPORA` names the folder that holds each work tree as
//! `OWNER+NAME`; without it these tests say that they were skipped.

#![allow(clippy::print_stderr, reason = "what was skipped and what was counted is for whoever runs the tests")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::support::{Folder, repository};
use twoam::audit::{Audit, Request, run};
use twoam::evaluate::Outcome;
use twoam::model::{Datastore, Fact};

/// So few verdicts that their share says nothing.
const FEW: usize = 20;

/// Large repositories of Terraform.
const LARGE: &[&str] = &[
    "alphagov+govuk-infrastructure",
    "cds-snc+notification-terraform",
    "microsoft+AzureTRE",
    "ministryofjustice+modernisation-platform",
    "rust-lang+simpleinfra",
];

fn audit(root: PathBuf) -> Audit {
    run(&Request::new(vec![root])).unwrap_or_else(|audit| *audit)
}

/// Path and line of what decides a fact.
fn decided<T>(audit: &Audit, fact: &Fact<T>) -> (String, u32) {
    let span = fact.span.expect("a fact has a place");
    (audit.sources.path(span).to_owned(), audit.sources.range(span).0.line)
}

/// O2, line by line.
#[test]
fn databases_are_read_as_production_has_them() {
    let Some(root) = repository("alphagov+govuk-infrastructure") else { return };
    let audit = audit(root);
    let of = |name: &str| -> Vec<&Datastore> {
        let rds = audit.model.datastores.iter().filter(|store| store.place.path == "terraform/deployments/rds/rds.tf");
        rds.filter(|store| store.name.starts_with(name)).collect()
    };
    let (production, others): (Vec<&Datastore>, Vec<&Datastore>) =
        of("aws_db_instance.instance[").into_iter().partition(|store| store.place.environment.production);
    assert!(production.len() > 20, "{}", production.len());
    for store in &production {
        assert_eq!(audit.sources.range(store.place.span).0.line, 72);
        assert_eq!(store.backup.retention_days.value(), Some(&7.0), "{}", store.name);
        let (path, line) = decided(&audit, &store.backup.retention_days);
        assert_eq!((path.as_str(), line), ("terraform/variables/production/rds.tfvars", 1), "{}", store.name);
        assert!(store.deletion_protection.is_true(), "{}", store.name);
        let (path, line) = decided(&audit, &store.deletion_protection);
        assert_eq!((path.as_str(), line), ("terraform/deployments/rds/variables.tf", 18), "{}", store.name);
    }
    let environments: std::collections::BTreeSet<&str> =
        others.iter().map(|store| store.place.environment.name.as_str()).collect();
    assert!(["integration", "staging"].iter().all(|name| environments.contains(name)), "{environments:?}");
    for store in &others {
        assert_eq!(store.backup.retention_days.value(), Some(&1.0), "{}", store.name);
    }
    // Neither they nor anything else of those environments is judged.
    assert!(audit.verdicts.iter().all(|verdict| verdict.environment == "production"));
    let ephemeral = |path: &str| path.starts_with("terraform/deployments/ephemeral/");
    assert!(
        !audit.model.datastores.iter().any(|store| ephemeral(&store.place.path) && store.place.environment.production)
    );
    let placed = |span| ephemeral(audit.sources.path(span));
    assert!(!audit.verdicts.iter().any(|verdict| verdict.primary().is_some_and(placed)));
}

/// O2, the replica: no values here ask for one, so that one database is given one. It needs no backups of its own.
#[test]
fn a_replica_needs_no_backups_of_its_own() {
    let Some(root) = repository("alphagov+govuk-infrastructure") else { return };
    let copy = Folder::new();
    let deployment = root.join("terraform/deployments/rds");
    for file in std::fs::read_dir(&deployment).unwrap().map(|entry| entry.unwrap().path()) {
        if let (Some(name), Ok(text)) = (file.file_name().and_then(std::ffi::OsStr::to_str), std::fs::read(&file)) {
            copy.write(&format!("rds/{name}"), text);
        }
    }
    let values = std::fs::read_to_string(root.join("terraform/variables/production/rds.tfvars")).unwrap();
    let values = values.replacen("account_api = {", "account_api = {\n    has_read_replica = true", 1);
    copy.write("variables/production/rds.tfvars", values);
    let audit = audit(copy.path().to_owned());
    let mut replicas = audit.model.datastores.iter().filter(|store| store.replica.is_true());
    let replica = replicas.next().expect("a replica");
    assert!(replicas.next().is_none());
    assert_eq!(replica.name, "aws_db_instance.replica[\"account_api\"]");
    assert_eq!(audit.sources.range(replica.place.span).0.line, 175);
    assert!(replica.place.environment.production);
    let asked = |rule: &str| rule.starts_with("backup/") || rule.starts_with("restore-test/");
    let judged = audit.verdicts.iter().filter(|verdict| verdict.subject == replica.name && asked(&verdict.rule));
    let gaps: Vec<&str> =
        judged.filter(|verdict| verdict.outcome() != Outcome::Pass).map(|verdict| verdict.rule.as_str()).collect();
    assert!(gaps.is_empty(), "{gaps:?}");
}

/// Of what is asked of datastores in production, less than one answer in five is left open.
#[test]
fn most_of_what_is_asked_of_datastores_is_decided() {
    let mut total = (0, 0);
    for name in LARGE {
        let Some(root) = repository(name) else { continue };
        let audit = audit(root);
        let (mut open, mut all, mut reasons) = (0, 0, BTreeMap::<&str, usize>::new());
        for verdict in audit.verdicts.iter().filter(|verdict| verdict.subject_kind == "datastore") {
            all += 1;
            if let Outcome::Unknown(unknown) = verdict.outcome() {
                open += 1;
                *reasons.entry(&unknown.reason).or_default() += 1;
            }
        }
        eprintln!("{name}: {open} of {all} verdicts on datastores in production are open: {reasons:?}");
        // Of a handful of answers, a few say nothing.
        assert!(all < FEW || open * 5 < all, "{name}: {open} of {all} are open");
        (total.0, total.1) = (total.0 + open, total.1 + all);
    }
    let (open, all) = total;
    eprintln!("{open} of {all} verdicts on datastores in production are open");
    assert!(all == 0 || open * 5 < all, "{open} of {all} are open");
}
