//! Tests of twoam as a whole, in one binary: linking it once is what takes time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cli;
mod corpora;
mod destinations;
mod determinism;
mod evidence;
mod fixtures;
mod house;
mod kube_linter;
mod links;
mod packed;
mod pre_commit;
mod promtool;
mod readme;
#[cfg(unix)]
mod render;
mod routing;
mod rules;
mod sarif;
mod scaffold;
mod services;
mod support;
mod terraform_corpora;
