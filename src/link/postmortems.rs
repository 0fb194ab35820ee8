//! Post-mortems → the services they are about, and how old they are. Uses `model`.

use super::Context;
use super::names::is_generic;
use super::services::{Register, join as join_service};
use crate::model::{Fact, Id, Model, PostMortem};

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
    }
}
