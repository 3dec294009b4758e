use std::sync::Arc;

use campanile_host::ServiceCollection;
use campanile_host::services::ServiceDescriptor;

use super::place::{build, build_as};
use super::types::{
    A, B, Born, C, Choir, Crowd, English, Formal, French, IGreeter, Labelled, Left, Maybe, Right,
    Selfish, Shelf, Y,
};

pub(super) fn missing_direct() {
    let mut services = ServiceCollection::new();
    services.add_transient::<Choir>();
    let Some(root) = build(&services) else { return };
    root.ask::<A>();
    root.ask_optional::<A>();
    root.ask_all::<A>();
    root.ask_key::<dyn IGreeter>("fr");
    root.ask_key_optional::<dyn IGreeter>("fr");
    root.ask_key_all::<dyn IGreeter>("fr");
    root.ask::<Choir>();
}

pub(super) fn missing_at_build() {
    let mut services = ServiceCollection::new();
    services.add_transient::<B>().add_singleton::<C>();
    build(&services);
}

pub(super) fn findings_together() {
    let mut services = ServiceCollection::new();
    services
        .add_scoped::<A>()
        .add_singleton::<B>()
        .add_singleton::<C>()
        .add_transient::<Left>()
        .add_transient::<Right>()
        .add_transient::<Y>()
        .add_keyed_singleton::<Labelled>("red")
        .add_transient::<Shelf>();
    build(&services);
}

pub(super) fn cycle_at_build() {
    let mut services = ServiceCollection::new();
    services
        .add_singleton::<Left>()
        .add_singleton::<Right>()
        .add_transient::<Selfish>()
        .add_transient_as::<dyn IGreeter, Crowd>(|it| it)
        .add_transient_as::<dyn IGreeter, English>(|it| it);
    build(&services);
}

pub(super) fn captured_indirect() {
    let mut services = ServiceCollection::new();
    services
        .add_scoped::<A>()
        .add_transient::<B>()
        .add_singleton::<C>()
        .add_singleton_as::<dyn IGreeter, English>(|it| it)
        .add_scoped_as::<dyn IGreeter, French>(|it| it)
        .add_singleton::<Choir>();
    build(&services);
}

pub(super) fn scoped_from_root() {
    let mut services = ServiceCollection::new();
    services
        .add_scoped::<A>()
        .add_transient::<B>()
        .add_scoped_as::<dyn IGreeter, English>(|it| it)
        .add_transient_as::<dyn IGreeter, French>(|it| it);
    let Some(root) = build(&services) else { return };
    root.ask::<A>();
    root.ask_optional::<A>();
    root.ask::<B>();
    root.ask_all::<dyn IGreeter>();
    root.ask::<dyn IGreeter>();
    root.open("scope1").ask::<B>();
}

pub(super) fn shadowed_registration_checked() {
    let mut services = ServiceCollection::new();
    services
        .add_transient_as::<dyn IGreeter, Formal>(|it| it)
        .add_transient_as::<dyn IGreeter, English>(|it| it);
    build(&services);
}

pub(super) fn optional_dependency() {
    let mut services = ServiceCollection::new();
    services.add_transient::<Maybe>();
    let Some(without) = build_as("without", &services) else {
        return;
    };
    without.ask::<Maybe>();
    services.add_transient::<B>().add_transient::<A>();
    let Some(with) = build_as("with", &services) else {
        return;
    };
    with.ask::<Maybe>();
}

pub(super) fn unchecked_graph() {
    let mut services = ServiceCollection::new();
    services
        .add_transient::<B>()
        .add_transient::<Maybe>()
        .add_transient::<Left>()
        .add_transient::<Right>();
    let Some(root) = build(&services) else { return };
    root.ask::<B>();
    root.ask_optional::<B>();
    root.ask::<Maybe>();
    root.ask::<Left>();
}

pub(super) fn unchecked_scoped() {
    let mut services = ServiceCollection::new();
    services.add_scoped::<A>().add_singleton::<B>();
    let Some(root) = build(&services) else { return };
    root.ask::<A>();
    root.ask::<A>();
    let scope1 = root.open("scope1");
    scope1.ask::<A>();
    scope1.ask::<B>();
}

fn made_b(a: Arc<A>) -> B {
    B {
        a,
        born: Born::default(),
    }
}

pub(super) fn factory_missing() {
    let mut services = ServiceCollection::new();
    services.add_transient_factory(made_b);
    let Some(root) = build(&services) else { return };
    root.ask::<B>();
}

pub(super) fn factory_captured() {
    let mut services = ServiceCollection::new();
    services.add_scoped::<A>().add_singleton_factory(made_b);
    let Some(root) = build(&services) else { return };
    root.open("scope1").ask::<B>();
}

pub(super) fn factory_cycle() {
    let mut services = ServiceCollection::new();
    let left = |right: Arc<Right>| Left {
        right,
        born: Born::default(),
    };
    let right = |left: Arc<Left>| Right {
        left,
        born: Born::default(),
    };
    services.add(ServiceDescriptor::singleton_factory(left));
    services.add(ServiceDescriptor::singleton_factory(right));
    let Some(root) = build(&services) else { return };
    root.ask::<Left>();
}
