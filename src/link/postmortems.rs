//! Post-mortems → the services they are about, and how old they are. Uses `model`.

use super::Context;
use super::names::is_generic;
use super::services::{Register, join as join_service};
use crate::model::{Alert, Fact, Id, Model, PostMortem, Runbook};
use crate::tree::Text;

/// Joins post-mortems to the first service that each names.
pub(super) fn join(model: &mut Model, register: &Register<'_>, context: &Context<'_>) {
    for index in 0..model.post_mortems.len() {
        let id: Id<PostMortem> = Id::new(index);
        let date = model[id].date.clone();
        let days = date.value().and_then(|date| super::practice::age(date, context.today));
        model[id].days_ago = days.map_or_else(Fact::default, |days| Fact::known(days, date.span));
        let named = model[id].mentions.iter().filter(|name| !is_generic(name));
        let found = named.into_iter().find_map(|name| register.find(name));
        if let Some(service) = found {
            model[id].service = Some(service);
            join_service(model, service, id, "the record names it".into());
        }
        let Some(page) = page_of_alert(model, &model[id]) else { continue };
        let (happened, reviewed) = (day(&model[id].date), day(&model[page].reviewed));
        model[id].page = Some(page);
        model[id].page_reviewed_since = match happened.zip(reviewed) {
            Some((happened, reviewed)) => Fact::known(reviewed >= happened, model[page].reviewed.span),
            None => Fact::default(),
        };
    }
}

/// The page of the first alert that a record names. A name of one word may be any word.
fn page_of_alert(model: &Model, record: &PostMortem) -> Option<Id<Runbook>> {
    let named = |alert: &&Alert| {
        let several = alert.plain_name.chars().filter(char::is_ascii_uppercase).count() > 1
            || alert.plain_name.contains(['_', '-']);
        several && record.mentions.binary_search(&Text::from(alert.plain_name.to_lowercase())).is_ok()
    };
    model.alerts.iter().filter(named).find_map(|alert| alert.runbook.page)
}

fn day(date: &Fact<Text>) -> Option<jiff::civil::Date> {
    date.value()?.parse().ok()
}
