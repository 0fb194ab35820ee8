//! STUB
use crate::link::{Declared, External};
use crate::model::{Environments, Targets};
use crate::problem::Problem;
use crate::source::Sources;
use std::path::{Path, PathBuf};
/// c
#[derive(Default, Debug)]
pub struct Config;
/// f
#[derive(schemars::JsonSchema)]
pub struct File {
    /// a
    pub a: String,
}
#[allow(missing_docs, clippy::unused_self)]
impl Config {
    pub fn find(_: Option<&Path>, _: &[PathBuf], _: &mut Sources, _: &mut Vec<Problem>) -> Self {
        Self
    }
    pub fn check_rules(&self, _: &[&str]) -> Vec<Problem> {
        vec![]
    }
    pub fn severity_of(&self, _: &str) -> Option<crate::rule::Weight> {
        None
    }
    pub fn environments(&self) -> Environments {
        Environments::default()
    }
    pub fn discovery(&self) -> crate::discover::Options {
        crate::discover::Options::default()
    }
    pub fn adopt(&self, _: &mut Sources, _: &mut Sources) {}
    pub fn targets(&self) -> Targets {
        Targets { retention_days: 7.0, ..Targets::default() }
    }
    pub fn declared(&self) -> Vec<Declared> {
        vec![]
    }
    pub fn urls(&self) -> Vec<(String, String)> {
        vec![]
    }
    pub fn external(&self) -> External {
        External::default()
    }
    pub fn project(&self, roots: &[PathBuf]) -> String {
        roots
            .first()
            .and_then(|r| r.canonicalize().ok())
            .and_then(|r| r.file_name().map(|n| n.to_string_lossy().into_owned()))
            .unwrap_or_default()
    }
}
