//! URLs of Grafana dashboards → the dashboards that are kept here as JSON.
//!
//! Grafana shows the dashboard of a `uid` at `/d/UID/any-name`.
//! <https://grafana.com/docs/grafana/latest/dashboards/share-dashboards-panels/>

use std::collections::BTreeSet;

use super::hosts::Url;
use crate::link::Context;
use crate::model::{DocumentLink, Model};

/// The dashboards that are here, and the hosts that show them.
pub(super) struct Dashboards {
    uids: BTreeSet<String>,
    /// Hosts of which one link at least leads to a dashboard here.
    hosts: BTreeSet<String>,
    /// Whether dashboards are made of programs too, which are not read.
    open: bool,
}

impl Dashboards {
    pub(super) fn new(model: &Model, context: &Context<'_>) -> Self {
        let uids: BTreeSet<String> =
            model.dashboards.iter().map(|one| one.uid.to_string()).filter(|uid| !uid.is_empty()).collect();
        let mut hosts = BTreeSet::new();
        for (_, link) in model.each::<DocumentLink>().filter(|_| !uids.is_empty()) {
            let Some((_, rest)) = link.url.value().and_then(|url| url.split_once("://")) else { continue };
            let url = Url::new(rest);
            if uid(&url).is_some_and(|uid| uids.contains(uid)) {
                hosts.insert(url.host);
            }
        }
        Self { uids, hosts, open: programs(model, context).is_some() }
    }

    /// Whether the dashboard of a URL is here; nothing where that cannot be told.
    pub(super) fn find<'u>(&self, url: &Url<'u>) -> Option<Result<(), &'u str>> {
        let uid = uid(url)?;
        if self.uids.contains(uid) {
            return Some(Ok(()));
        }
        (self.hosts.contains(&url.host) && !self.open).then_some(Err(uid))
    }
}

/// A program that makes dashboards, by its name, and was not evaluated for them.
pub(in crate::link) fn programs<'c>(model: &Model, context: &Context<'c>) -> Option<&'c str> {
    let made = [".jsonnet", ".libsonnet", ".py", ".ts", ".go"];
    let mut paths = context.paths.iter().map(String::as_str);
    paths.find(|path| {
        path.to_lowercase().contains("dashboard")
            && made.iter().any(|extension| path.ends_with(extension))
            && !model.surroundings.drawn.contains(*path)
    })
}

/// The uid in `/d/UID/name`, where no template makes it.
fn uid<'u>(url: &Url<'u>) -> Option<&'u str> {
    let after = url.path.strip_prefix("d/").or_else(|| url.path.split_once("/d/").map(|(_, rest)| rest))?;
    let uid = after.split('/').next()?;
    let plain = uid.len() > 1 && uid.chars().all(|it| it.is_ascii_alphanumeric() || "-_".contains(it));
    plain.then_some(uid)
}
