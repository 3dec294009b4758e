use std::any::TypeId;
use std::collections::HashMap;

use super::key::ServiceKey;
use super::path::ServiceId;

/// Which registrations there are of a service, by their numbers, without knowing their types.
#[derive(Debug, Default)]
pub(crate) struct Index {
    services: HashMap<TypeId, Registered>,
}

#[derive(Debug, Default)]
struct Registered {
    /// In order, with their keys.
    numbers: Vec<(Option<ServiceKey>, usize)>,
}

impl Index {
    pub(crate) fn add(&mut self, service: &ServiceId, number: usize) {
        let registered = self.services.entry(service.type_id()).or_default();
        registered.numbers.push((service.key().cloned(), number));
    }

    /// The registrations of exactly this service and key, in order.
    pub(crate) fn same(&self, service: &ServiceId) -> impl Iterator<Item = usize> {
        let registered = self.services.get(&service.type_id());
        registered
            .into_iter()
            .flat_map(|it| &it.numbers)
            .filter(|(key, _)| key.as_ref() == service.key())
            .map(|(_, number)| *number)
    }

    /// The registration that answers when a single service is asked for.
    pub(crate) fn answering(&self, service: &ServiceId) -> Option<usize> {
        let numbers = &self.services.get(&service.type_id())?.numbers;
        let last = |wanted: Option<&ServiceKey>| {
            let found = numbers.iter().rev().find(|(key, _)| key.as_ref() == wanted);
            found.map(|(_, number)| *number)
        };
        match service.key() {
            None => last(None),
            Some(key) if key.is_any() => None,
            key => last(key).or_else(|| last(Some(&ServiceKey::ANY))),
        }
    }

    /// The registrations that answer when all are asked for, in order.
    pub(crate) fn all(&self, service: &ServiceId) -> impl Iterator<Item = usize> {
        let registered = self.services.get(&service.type_id());
        let wanted = service.key();
        let fits = move |key: Option<&ServiceKey>| match wanted {
            Some(wanted) if wanted.is_any() => key.is_some_and(|it| !it.is_any()),
            wanted => key == wanted,
        };
        registered
            .into_iter()
            .flat_map(|it| &it.numbers)
            .filter(move |(key, _)| fits(key.as_ref()))
            .map(|(_, number)| *number)
    }
}
