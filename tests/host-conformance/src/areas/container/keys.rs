use std::sync::Arc;

use campanile_host::ServiceCollection;
use campanile_host::services::{ServiceDescriptor, ServiceKey};

use super::place::{build, build_as};
use super::types::{
    A, English, Formal, French, German, IGreeter, Labelled, Loud, Parcel, Shelf, X,
};

fn keyed<T>(key: impl Into<ServiceKey>) -> ServiceDescriptor<dyn IGreeter>
where
    T: IGreeter + campanile_host::Inject,
{
    ServiceDescriptor::singleton_as::<dyn IGreeter, T>(|it| it).keyed(key)
}

pub(super) fn keyed_apart() {
    let mut services = ServiceCollection::new();
    services
        .add(keyed::<English>("en"))
        .add(keyed::<French>("fr"))
        .add(keyed::<German>("fr"));
    let Some(root) = build(&services) else { return };
    root.ask_key::<dyn IGreeter>("en");
    root.ask_key::<dyn IGreeter>("fr");
    root.ask_key_all::<dyn IGreeter>("fr");
    root.ask_key::<dyn IGreeter>("es");
    root.ask_optional::<dyn IGreeter>();
    root.ask_all::<dyn IGreeter>();
    services.add_singleton_as::<dyn IGreeter, English>(|it| it);
    let Some(unkeyed) = build_as("unkeyed", &services) else {
        return;
    };
    unkeyed.ask::<dyn IGreeter>();
    unkeyed.ask_all::<dyn IGreeter>();
    unkeyed.ask_key::<dyn IGreeter>("en");
}

pub(super) fn keyed_any_fallback() {
    let mut services = ServiceCollection::new();
    services
        .add_keyed_singleton::<Labelled>("red")
        .add_keyed_singleton::<Labelled>(ServiceKey::ANY)
        .add_transient::<Shelf>();
    let Some(root) = build(&services) else { return };
    root.ask_key::<Labelled>("blue");
    root.ask_key::<Labelled>("red");
    root.ask_key::<Labelled>("green");
    root.ask_key::<Labelled>("blue");
    root.ask_optional::<Labelled>();
    let scope1 = root.open("scope1");
    scope1.ask_key::<Labelled>("blue");
    scope1.ask::<Shelf>();
}

pub(super) fn keyed_all() {
    let mut services = ServiceCollection::new();
    services
        .add(keyed::<English>("en"))
        .add(keyed::<Formal>(ServiceKey::ANY))
        .add(keyed::<French>("fr"))
        .add_singleton_as::<dyn IGreeter, German>(|it| it)
        .add_singleton::<A>();
    let Some(root) = build(&services) else { return };
    root.ask_key_all::<dyn IGreeter>("fr");
    root.ask_key_all::<dyn IGreeter>("es");
    root.ask_key::<dyn IGreeter>("es");
    root.ask_key_all::<dyn IGreeter>(ServiceKey::ANY);
}

pub(super) fn keyed_any_not_single() {
    let mut services = ServiceCollection::new();
    services
        .add(keyed::<English>("en"))
        .add(keyed::<French>(ServiceKey::ANY));
    let Some(root) = build(&services) else { return };
    root.ask_key::<dyn IGreeter>(ServiceKey::ANY);
    root.ask_key_optional::<dyn IGreeter>(ServiceKey::ANY);
}

pub(super) fn keyed_dependencies() {
    let parcel = |a: Arc<A>, key: ServiceKey| Parcel::new(a, key.to_string());
    let mut services = ServiceCollection::new();
    services
        .add_keyed_singleton::<Labelled>("red")
        .add_keyed_transient::<Labelled>("blue")
        .add_transient::<Shelf>()
        .add(keyed::<English>("inner"))
        .add_singleton_as::<dyn IGreeter, Loud>(|it| it)
        .add_singleton::<A>()
        .add(ServiceDescriptor::transient_factory(parcel).keyed("parcel"));
    let Some(root) = build(&services) else { return };
    root.ask::<Shelf>();
    root.ask::<Shelf>();
    root.ask::<dyn IGreeter>();
    root.ask_key::<Parcel>("parcel");
}

pub(super) async fn keyed_scoped_disposal() {
    let mut services = ServiceCollection::new();
    services
        .add_keyed_scoped::<X>("red")
        .add_keyed_scoped::<X>("blue")
        .add_keyed_singleton::<X>("green");
    let Some(mut root) = build(&services) else {
        return;
    };
    let mut scope1 = root.open("scope1");
    let mut scope2 = root.open("scope2");
    scope1.ask_key::<X>("red");
    scope1.ask_key::<X>("blue");
    scope1.ask_key::<X>("green");
    scope1.ask_key::<X>("red");
    scope2.ask_key::<X>("red");
    root.ask_key::<X>("red");
    scope1.close().await;
    scope2.close().await;
    root.close().await;
}
