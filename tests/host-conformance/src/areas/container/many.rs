use std::sync::Arc;

use campanile_host::ServiceCollection;

use super::place::build;
use super::types::{Born, Choir, English, French, German, IGreeter};

pub(super) fn all_in_order() {
    let german = || -> Arc<dyn IGreeter> {
        Arc::new(German {
            born: Born::default(),
        })
    };
    let french: Arc<dyn IGreeter> = Arc::new(French {
        born: Born::default(),
    });
    let mut services = ServiceCollection::new();
    services
        .add_singleton_factory::<dyn IGreeter, _>(german)
        .add_transient_as::<dyn IGreeter, English>(|it| it)
        .add_instance(french)
        .add_singleton_as::<dyn IGreeter, English>(|it| it);
    let Some(root) = build(&services) else { return };
    root.ask::<dyn IGreeter>();
    root.ask_all::<dyn IGreeter>();
    root.ask_all::<dyn IGreeter>();
}

pub(super) fn all_mixed_lifetimes() {
    let mut services = ServiceCollection::new();
    services
        .add_singleton_as::<dyn IGreeter, English>(|it| it)
        .add_scoped_as::<dyn IGreeter, French>(|it| it)
        .add_transient_as::<dyn IGreeter, German>(|it| it)
        .add_transient::<Choir>();
    let Some(root) = build(&services) else { return };
    let scope1 = root.open("scope1");
    let scope2 = root.open("scope2");
    scope1.ask_all::<dyn IGreeter>();
    scope1.ask::<Choir>();
    scope2.ask_all::<dyn IGreeter>();
    scope1.ask::<dyn IGreeter>();
}
