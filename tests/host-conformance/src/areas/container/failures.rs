use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use campanile_host::ServiceCollection;
use campanile_host::services::ServiceDescriptor;

use super::place::build;
use super::types::{A, B, Born, English, French, German, IGreeter, X, Y};

/// A failure, the first time.
#[derive(Default)]
struct Once(AtomicBool);

impl Once {
    fn fail(&self) -> Result<(), &'static str> {
        if self.0.swap(true, Ordering::Relaxed) {
            Ok(())
        } else {
            Err("the first time it fails")
        }
    }
}

pub(super) fn factory_retry() {
    let once = Once::default();
    let mut services = ServiceCollection::new();
    services
        .add_singleton_factory::<A, _>(move || {
            once.fail().map(|()| A {
                born: Born::default(),
            })
        })
        .add_singleton::<B>();
    let Some(root) = build(&services) else { return };
    root.ask::<B>();
    root.ask::<B>();
    root.ask::<A>();
}

pub(super) async fn failed_construction_keeps_parts() {
    let once = Once::default();
    let mut services = ServiceCollection::new();
    services.add_transient::<X>().add_singleton::<A>();
    let y = move |_: Arc<A>, x: Arc<X>| {
        once.fail().map(|()| Y {
            x,
            born: Born::default(),
        })
    };
    services.add(ServiceDescriptor::scoped_factory::<Y, _>(y).disposed());
    let Some(root) = build(&services) else { return };
    let mut scope1 = root.open("scope1");
    scope1.ask::<Y>();
    scope1.ask::<Y>();
    scope1.ask::<Y>();
    scope1.close().await;
}

pub(super) fn all_with_failing_member() {
    let once = Once::default();
    let german = move || -> Result<Arc<dyn IGreeter>, &'static str> {
        once.fail()?;
        Ok(Arc::new(German {
            born: Born::default(),
        }))
    };
    let mut services = ServiceCollection::new();
    services
        .add_singleton_as::<dyn IGreeter, English>(|it| it)
        .add_singleton_factory::<dyn IGreeter, _>(german)
        .add_singleton_as::<dyn IGreeter, French>(|it| it);
    let Some(root) = build(&services) else { return };
    root.ask_all::<dyn IGreeter>();
    root.ask_all::<dyn IGreeter>();
}
