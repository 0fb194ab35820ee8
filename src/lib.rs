//! twoam: a readiness audit of an infrastructure repository.
//!
//! Data flows one way: discover → parse → resolve → extract → link → evaluate → score → report.

pub mod parse;
pub mod problem;
pub mod source;
pub mod tree;
