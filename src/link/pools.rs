//! Pools → services, by name.

use super::services::{Register, join as join_service};
use crate::model::{Id, Model, Pool};

/// Joins pools to the services that their names name.
pub(super) fn join(model: &mut Model, register: &Register<'_>) {
    for index in 0..model.pools.len() {
        let id: Id<Pool> = Id::new(index);
        let found = model[id].names.iter().find_map(|name| Some((register.find(name)?, name.clone())));
        if let Some((service, name)) = found {
            model[id].service = Some(service);
            join_service(model, service, id, format!("its name {name}"));
        }
    }
}
