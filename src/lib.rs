//! twoam: a readiness audit of an infrastructure repository.
//!
//! Data flows one way: discover → parse → resolve → extract → link → evaluate → score → report. Each module opens with
//! its job and with what it may use; a test holds the imports to that.

pub mod audit;
pub mod cli;
pub mod config;
pub mod discover;
pub mod evaluate;
pub mod extract;
pub mod history;
pub mod link;
pub mod model;
pub mod parse;
pub mod problem;
pub mod report;
pub mod resolve;
pub mod rule;
pub mod score;
pub mod source;
pub mod suppress;
pub mod testing;
pub mod tree;
