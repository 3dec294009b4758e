use std::sync::Arc;

use campanile_host::ServiceCollection;
use campanile_host::services::ServiceDescriptor;

use super::place::{Place, build};
use super::types::{A, B, Born, Holder, Keeper, Spawner, X, Y};

pub(super) async fn nested_scopes() {
    let mut services = ServiceCollection::new();
    services.add_scoped::<X>();
    let Some(root) = build(&services) else { return };
    let mut outer = root.open("outer");
    let mut inner = outer.open("inner");
    outer.ask::<X>();
    inner.ask::<X>();
    outer.close().await;
    inner.ask::<X>();
    inner.close().await;
}

pub(super) async fn singleton_outlives_scope() {
    let mut services = ServiceCollection::new();
    services.add_singleton::<Y>().add_transient::<X>();
    let Some(mut root) = build(&services) else {
        return;
    };
    let mut scope1 = root.open("scope1");
    scope1.ask::<Y>();
    scope1.ask::<X>();
    scope1.close().await;
    root.ask::<Y>();
    root.close().await;
}

pub(super) async fn scope_factory_injected() {
    let mut services = ServiceCollection::new();
    services.add_scoped::<Spawner>().add_scoped::<X>();
    let Some(root) = build(&services) else { return };
    let mut scope1 = root.open("scope1");
    scope1.ask::<X>();
    let Some(spawner) = scope1.ask::<Spawner>() else {
        return;
    };
    let mut spawned1 = Place::of_scope("spawned1", spawner.scopes.create_scope());
    spawned1.ask::<X>();
    let mut spawned2 = Place::of_scope("spawned2", spawner.scopes.create_scope());
    spawned2.ask::<X>();
    scope1.close().await;
    spawned1.ask::<X>();
    spawned1.close().await;
    spawned2.close().await;
}

pub(super) fn provider_injected() {
    let mut services = ServiceCollection::new();
    services
        .add_scoped::<A>()
        .add_transient::<Holder>()
        .add_singleton::<Keeper>();
    let Some(root) = build(&services) else { return };
    let scope1 = root.open("scope1");
    scope1.ask::<A>();
    if let Some(holder) = scope1.ask::<Holder>() {
        Place::of(&holder.born.name, &holder.provider).ask::<A>();
    }
    if let Some(keeper) = scope1.ask::<Keeper>() {
        Place::of(&keeper.born.name, &keeper.provider).ask::<A>();
    }
    if let Some(holder) = root.ask::<Holder>() {
        Place::of(&holder.born.name, &holder.provider).ask::<A>();
    }
}

pub(super) async fn factory_gets_its_provider() {
    let mut services = ServiceCollection::new();
    services.add_scoped::<A>().add_transient::<X>();
    services.add_transient_factory(|a: Arc<A>| B {
        a,
        born: Born::default(),
    });
    let y = ServiceDescriptor::singleton_factory(|x: Arc<X>| Y {
        x,
        born: Born::default(),
    });
    services.add(y.disposed());
    let Some(mut root) = build(&services) else {
        return;
    };
    let mut scope1 = root.open("scope1");
    scope1.ask::<A>();
    scope1.ask::<B>();
    scope1.ask::<Y>();
    scope1.close().await;
    root.close().await;
}
