//! Tests of twoam as a whole, in one binary: linking it once is what takes time.

mod cli;
mod determinism;
mod fixtures;
mod house;
mod readme;
mod rules;
mod sarif;
mod support;
