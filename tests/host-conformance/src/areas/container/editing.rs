use std::sync::Arc;

use campanile_host::ServiceCollection;
use campanile_host::services::ServiceDescriptor;

use super::place::{build, build_as};
use super::types::{A, B, Born, English, French, German, IGreeter};

fn english() -> ServiceDescriptor<dyn IGreeter> {
    ServiceDescriptor::singleton_as::<dyn IGreeter, English>(|it| it)
}

fn french() -> ServiceDescriptor<dyn IGreeter> {
    ServiceDescriptor::singleton_as::<dyn IGreeter, French>(|it| it)
}

fn german() -> ServiceDescriptor<dyn IGreeter> {
    ServiceDescriptor::singleton_as::<dyn IGreeter, German>(|it| it)
}

pub(super) fn try_add() {
    let mut services = ServiceCollection::new();
    services.try_add(ServiceDescriptor::singleton::<A>());
    services.try_add(ServiceDescriptor::transient::<A>());
    services.add_transient_as::<dyn IGreeter, English>(|it| it);
    services.try_add(french());
    let instance = Arc::new(German {
        born: Born::default(),
    });
    services.try_add(ServiceDescriptor::instance_as::<dyn IGreeter, _>(
        instance,
        |it| it,
    ));
    let Some(root) = build(&services) else { return };
    root.ask_all::<A>();
    root.ask::<A>();
    root.ask_all::<dyn IGreeter>();
    root.ask::<dyn IGreeter>();
}

pub(super) fn try_add_all() {
    let mut services = ServiceCollection::new();
    services.try_add_to_all(english());
    services.try_add_to_all(french());
    services.try_add_to_all(ServiceDescriptor::transient_as::<dyn IGreeter, English>(
        |it| it,
    ));
    services.add(english());
    services.try_add_to_all(french());
    let Some(root) = build(&services) else { return };
    root.ask_all::<dyn IGreeter>();
}

pub(super) fn replace_and_remove() {
    let mut services = ServiceCollection::new();
    services.add(english()).add(french()).replace(german());
    services.replace(ServiceDescriptor::singleton::<A>());
    let Some(replaced) = build_as("replaced", &services) else {
        return;
    };
    replaced.ask_all::<dyn IGreeter>();
    replaced.ask::<A>();
    services.remove_all::<dyn IGreeter>();
    let Some(removed) = build_as("removed", &services) else {
        return;
    };
    removed.ask_all::<dyn IGreeter>();
    removed.ask::<dyn IGreeter>();
    removed.ask::<A>();
}

pub(super) fn added_after_build() {
    let mut services = ServiceCollection::new();
    services.add_singleton::<A>();
    let Some(first) = build_as("first", &services) else {
        return;
    };
    first.ask::<A>();
    services.add_singleton::<B>();
    first.ask_optional::<B>();
    let Some(second) = build_as("second", &services) else {
        return;
    };
    second.ask::<B>();
    first.ask::<A>();
}

pub(super) fn keyed_editing() {
    let mut services = ServiceCollection::new();
    services.try_add(english().keyed("x"));
    services.try_add(french().keyed("x"));
    services.try_add(french().keyed("y"));
    services.try_add(german());
    ask_each("added", &services);
    services.replace(german().keyed("y"));
    ask_each("replaced", &services);
    services.remove_all_keyed::<dyn IGreeter>("x");
    ask_each("removed-x", &services);
    services.remove_all::<dyn IGreeter>();
    ask_each("removed", &services);
}

fn ask_each(name: &str, services: &ServiceCollection) {
    let Some(place) = build_as(name, services) else {
        return;
    };
    place.ask_key_all::<dyn IGreeter>("x");
    place.ask_key_all::<dyn IGreeter>("y");
    place.ask_all::<dyn IGreeter>();
}
