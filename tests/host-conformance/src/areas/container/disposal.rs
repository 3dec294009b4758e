use campanile_host::ServiceCollection;

use super::place::build;
use super::trace;
use super::types::{A, B, Choir, Clinger, Either, Faulty, IGreeter, Later, Robot, Slow, X, Y};

pub(super) async fn disposal_reverse() {
    let mut services = ServiceCollection::new();
    services
        .add_scoped::<Robot>()
        .add_scoped::<Y>()
        .add_transient::<X>();
    let Some(root) = build(&services) else { return };
    let mut scope1 = root.open("scope1");
    scope1.ask::<Y>();
    scope1.ask::<Robot>();
    scope1.ask::<X>();
    scope1.ask::<Y>();
    scope1.close().await;
}

pub(super) async fn transient_from_root_kept() {
    let mut services = ServiceCollection::new();
    services.add_transient::<X>();
    let Some(mut root) = build(&services) else {
        return;
    };
    root.ask::<X>();
    root.ask::<X>();
    let mut scope1 = root.open("scope1");
    scope1.ask::<X>();
    root.ask::<X>();
    scope1.close().await;
    root.close().await;
}

pub(super) async fn disposal_once() {
    let mut services = ServiceCollection::new();
    services
        .add_scoped_as::<dyn IGreeter, Robot>(|it| it)
        .add_scoped::<Choir>();
    let Some(root) = build(&services) else { return };
    let mut scope1 = root.open("scope1");
    scope1.ask::<dyn IGreeter>();
    scope1.ask_all::<dyn IGreeter>();
    scope1.ask::<Choir>();
    scope1.close().await;
    scope1.close().await;
    scope1.close_sync();
}

pub(super) async fn async_disposal() {
    let mut services = ServiceCollection::new();
    services
        .add_scoped::<X>()
        .add_scoped::<Later>()
        .add_scoped::<Either>();
    let Some(root) = build(&services) else { return };
    let mut scope1 = root.open("scope1");
    scope1.ask::<X>();
    scope1.ask::<Later>();
    scope1.ask::<Either>();
    scope1.close().await;
}

pub(super) fn sync_disposal() {
    let mut services = ServiceCollection::new();
    services.add_scoped::<X>().add_scoped::<Either>();
    let Some(root) = build(&services) else { return };
    let mut scope1 = root.open("scope1");
    scope1.ask::<X>();
    scope1.ask::<Either>();
    scope1.close_sync();
}

pub(super) async fn sync_disposal_async_only() {
    let mut services = ServiceCollection::new();
    services
        .add_scoped::<X>()
        .add_scoped::<Later>()
        .add_scoped::<Robot>();
    let Some(root) = build(&services) else { return };
    let mut scope1 = root.open("scope1");
    scope1.ask::<X>();
    scope1.ask::<Later>();
    scope1.ask::<Robot>();
    scope1.close_sync();
    scope1.close().await;
}

pub(super) async fn async_disposal_sequential() {
    let mut services = ServiceCollection::new();
    services.add_transient::<Slow>();
    let Some(mut root) = build(&services) else {
        return;
    };
    root.ask::<Slow>();
    root.ask::<Slow>();
    root.close().await;
    trace::write("step after");
}

pub(super) async fn failing_disposal() {
    let mut services = ServiceCollection::new();
    services.add_transient::<X>().add_transient::<Faulty>();
    let Some(mut root) = build(&services) else {
        return;
    };
    root.ask::<X>();
    root.ask::<Faulty>();
    root.ask::<X>();
    root.ask::<Faulty>();
    root.ask::<X>();
    root.close().await;
    root.close().await;
}

pub(super) async fn disposed_scope() {
    let mut services = ServiceCollection::new();
    services.add_singleton::<A>().add_scoped::<X>();
    let Some(root) = build(&services) else { return };
    let mut scope1 = root.open("scope1");
    scope1.ask::<A>();
    scope1.ask::<X>();
    scope1.close().await;
    scope1.ask::<A>();
    scope1.ask::<X>();
    scope1.ask_optional::<B>();
    scope1.ask_all::<A>();
    root.ask::<A>();
}

pub(super) async fn disposed_root() {
    let mut services = ServiceCollection::new();
    services.add_singleton::<A>().add_scoped::<X>();
    let Some(mut root) = build(&services) else {
        return;
    };
    root.ask::<A>();
    let mut scope1 = root.open("scope1");
    scope1.ask::<X>();
    root.close().await;
    root.ask::<A>();
    root.open("scope2");
    scope1.ask::<X>();
    scope1.ask::<A>();
    scope1.close().await;
    root.close().await;
}

pub(super) async fn resolve_during_disposal() {
    let mut services = ServiceCollection::new();
    services
        .add_scoped::<X>()
        .add_scoped::<Clinger>()
        .add_singleton::<A>();
    let Some(root) = build(&services) else { return };
    let mut scope1 = root.open("scope1");
    scope1.ask::<X>();
    scope1.ask::<Clinger>();
    scope1.close().await;
}
