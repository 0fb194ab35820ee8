//! STUB
use crate::extract::Facts;
/// e
pub fn extract(_: &crate::resolve::terraform::Resolved, _: &mut Facts) {}
