use std::sync::Arc;

use campanile_host::ServiceCollection;
use campanile_host::services::ServiceDescriptor;

use super::place::build;
use super::types::{A, B, Born, C, D, English, French, IGreeter, Robot, X};

pub(super) fn singleton_identity() {
    let mut services = ServiceCollection::new();
    services
        .add_singleton::<A>()
        .add_singleton::<B>()
        .add_singleton::<C>();
    let Some(root) = build(&services) else { return };
    root.ask::<B>();
    root.ask::<B>();
    let scope1 = root.open("scope1");
    scope1.ask::<B>();
    scope1.ask::<A>();
}

pub(super) fn scoped_identity() {
    let mut services = ServiceCollection::new();
    services
        .add_scoped::<A>()
        .add_scoped::<B>()
        .add_scoped::<D>();
    let Some(root) = build(&services) else { return };
    let scope1 = root.open("scope1");
    let scope2 = root.open("scope2");
    scope1.ask::<D>();
    scope1.ask::<A>();
    scope2.ask::<A>();
    scope2.ask::<D>();
    scope1.ask::<D>();
}

pub(super) fn transient_identity() {
    let mut services = ServiceCollection::new();
    services
        .add_transient::<A>()
        .add_transient::<B>()
        .add_transient::<D>();
    let Some(root) = build(&services) else { return };
    root.ask::<A>();
    root.ask::<A>();
    root.ask::<D>();
    root.open("scope1").ask::<B>();
}

pub(super) fn last_registration_wins() {
    let mut services = ServiceCollection::new();
    services
        .add_singleton_as::<dyn IGreeter, English>(|it| it)
        .add_transient_as::<dyn IGreeter, French>(|it| it);
    let Some(root) = build(&services) else { return };
    root.ask::<dyn IGreeter>();
    root.ask::<dyn IGreeter>();
    root.ask_all::<dyn IGreeter>();
    root.ask_all::<dyn IGreeter>();
}

pub(super) fn same_type_registered_twice() {
    let mut services = ServiceCollection::new();
    services.add_singleton::<A>().add_singleton::<A>();
    let Some(root) = build(&services) else { return };
    root.ask::<A>();
    root.ask_all::<A>();
    root.ask::<A>();
}

pub(super) async fn instance_not_disposed() {
    let x = Arc::new(X {
        born: Born::default(),
    });
    let robot = Arc::new(Robot {
        born: Born::default(),
    });
    let mut services = ServiceCollection::new();
    services.add_instance(x);
    let factory = move || -> Arc<dyn IGreeter> { robot.clone() };
    let descriptor = ServiceDescriptor::singleton_factory::<dyn IGreeter, _>(factory);
    services.add(descriptor.disposed_by(IGreeter::let_go));
    let Some(mut root) = build(&services) else {
        return;
    };
    root.ask::<X>();
    root.ask::<dyn IGreeter>();
    let mut scope1 = root.open("scope1");
    scope1.ask::<X>();
    scope1.close().await;
    root.close().await;
}

pub(super) async fn one_type_two_services() {
    let mut services = ServiceCollection::new();
    services
        .add_singleton::<Robot>()
        .add_singleton_as::<dyn IGreeter, Robot>(|it| it);
    let Some(mut root) = build(&services) else {
        return;
    };
    root.ask::<Robot>();
    root.ask::<dyn IGreeter>();
    root.ask::<Robot>();
    root.close().await;
}

pub(super) async fn forwarded_service() {
    let mut services = ServiceCollection::new();
    services.add_singleton::<Robot>();
    let factory = |robot: Arc<Robot>| -> Arc<dyn IGreeter> { robot };
    let descriptor = ServiceDescriptor::singleton_factory::<dyn IGreeter, _>(factory);
    services.add(descriptor.disposed_by(IGreeter::let_go));
    let Some(mut root) = build(&services) else {
        return;
    };
    root.ask::<dyn IGreeter>();
    root.ask::<Robot>();
    root.close().await;
}
