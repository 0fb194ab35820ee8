//! STUB
use crate::evaluate::Verdict;
use crate::model::Model;
use crate::problem::Problem;
use crate::source::Sources;
use crate::tree::Comment;
/// w
pub struct Waivers;
/// c
pub fn collect(_: &[Comment], _: &Sources, _: &crate::config::Config) -> Waivers {
    Waivers
}
/// a
pub fn apply(_: &mut Waivers, _: &mut [Verdict], _: &Sources, _: &Model, _: jiff::civil::Date) -> Vec<Problem> {
    vec![]
}
