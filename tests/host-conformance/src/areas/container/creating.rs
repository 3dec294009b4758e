use std::sync::Arc;

use campanile_host::services::ServiceScopeFactory;
use campanile_host::{ServiceCollection, ServiceProvider};

use super::place::build;
use super::types::{A, B, Born, C, English, IGreeter, Labelled, Parcel, X, Y};

fn text(text: &str) -> String {
    text.to_owned()
}

pub(super) async fn create_instance() {
    let mut services = ServiceCollection::new();
    services
        .add_singleton::<A>()
        .add_transient::<X>()
        .add_singleton::<B>();
    let Some(mut root) = build(&services) else {
        return;
    };
    root.create::<Parcel>((text("red"),));
    let a = Arc::new(A {
        born: Born::default(),
    });
    root.create::<Parcel>((text("blue"), a));
    root.ask::<B>();
    root.create::<B>(());
    root.get_or_create::<B>();
    root.get_or_create::<Y>();
    root.get_or_create::<Y>();
    root.close().await;
}

pub(super) fn create_missing_argument() {
    let mut services = ServiceCollection::new();
    services.add_scoped::<A>();
    let Some(root) = build(&services) else { return };
    let scope1 = root.open("scope1");
    scope1.ask::<A>();
    scope1.create::<Parcel>(());
    scope1.create::<C>(());
    scope1.create::<Parcel>((text("red"),));
}

pub(super) fn create_unused_argument() {
    let mut services = ServiceCollection::new();
    services.add_singleton::<A>();
    let Some(root) = build(&services) else { return };
    root.create::<Parcel>((text("red"), 7));
    root.create::<Parcel>((text("red"), text("blue")));
}

pub(super) fn is_service() {
    let mut services = ServiceCollection::new();
    services.add_scoped::<A>();
    let english =
        campanile_host::services::ServiceDescriptor::singleton_as::<dyn IGreeter, English>(|it| it);
    services.add(english.keyed("en"));
    services.add_keyed_singleton::<Labelled>(campanile_host::services::ServiceKey::ANY);
    let Some(root) = build(&services) else { return };
    root.knows::<A>();
    root.knows::<B>();
    root.knows::<dyn IGreeter>();
    root.knows_key::<dyn IGreeter>("en");
    root.knows_key::<dyn IGreeter>("fr");
    root.knows::<Labelled>();
    root.knows_key::<Labelled>("red");
    root.knows_as::<Vec<Arc<B>>>("all B");
    root.knows_as::<ServiceProvider>("provider");
    root.knows_as::<ServiceScopeFactory>("scope factory");
}
