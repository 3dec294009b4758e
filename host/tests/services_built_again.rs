//! A constructor remembers where it finds what it needs: in its own container only, and without keeping that alive.

use std::sync::Arc;

use campanile_host::services::ServiceKey;
use campanile_host::{Inject, ServiceCollection};

#[derive(Inject)]
struct Settings;

#[derive(Inject)]
struct Page {
    settings: Arc<Settings>,
}

#[derive(Inject)]
struct Book {
    page: Arc<Page>,
    settings: Arc<Settings>,
}

fn services() -> ServiceCollection {
    let mut services = ServiceCollection::new();
    services
        .add_transient::<Book>()
        .add_transient::<Page>()
        .add_singleton::<Settings>();
    services
}

#[test]
fn two_providers_of_one_collection_share_nothing() {
    let services = services();
    let one = services.build().unwrap();
    let first = one.required::<Book>().unwrap();
    let other = services.build().unwrap();
    let second = other.required::<Book>().unwrap();
    let third = one.required::<Book>().unwrap();
    assert!(Arc::ptr_eq(&first.settings, &third.settings));
    assert!(!Arc::ptr_eq(&first.settings, &second.settings));
    for (book, provider) in [(first, &one), (second, &other), (third, &one)] {
        let settings = provider.required::<Settings>().unwrap();
        assert!(Arc::ptr_eq(&book.settings, &settings));
        assert!(Arc::ptr_eq(&book.page.settings, &settings));
    }
}

#[test]
fn what_is_registered_later_answers_in_the_next_provider() {
    struct Name(&'static str);

    #[derive(Inject)]
    struct Reader {
        name: Arc<Name>,
    }

    let mut services = ServiceCollection::new();
    services
        .add_transient::<Reader>()
        .add_instance(Arc::new(Name("first")));
    let one = services.build().unwrap();
    assert_eq!(one.required::<Reader>().unwrap().name.0, "first");
    services.add_instance(Arc::new(Name("second")));
    let other = services.build().unwrap();
    assert_eq!(other.required::<Reader>().unwrap().name.0, "second");
    assert_eq!(one.required::<Reader>().unwrap().name.0, "first");
}

#[test]
fn each_scope_has_its_own_of_what_a_transient_needs() {
    let mut services = ServiceCollection::new();
    services
        .add_transient::<Book>()
        .add_transient::<Page>()
        .add_scoped::<Settings>();
    let provider = services.build().unwrap();
    let (one, other) = (provider.create_scope(), provider.create_scope());
    let first = one.services().required::<Book>().unwrap();
    let second = other.services().required::<Book>().unwrap();
    let third = one.services().required::<Book>().unwrap();
    assert!(Arc::ptr_eq(&first.settings, &first.page.settings));
    assert!(Arc::ptr_eq(&first.settings, &third.settings));
    assert!(!Arc::ptr_eq(&first.settings, &second.settings));
}

#[test]
fn with_any_key_each_key_finds_its_own() {
    #[derive(Inject)]
    struct Shelf {
        settings: Arc<Settings>,
        #[inject(service_key)]
        key: ServiceKey,
    }

    let mut services = services();
    services.add_keyed_transient::<Shelf>(ServiceKey::ANY);
    let provider = services.build().unwrap();
    let settings = provider.required::<Settings>().unwrap();
    for key in ["a", "b", "a"] {
        let shelf = provider.required_keyed::<Shelf>(key).unwrap();
        assert!(Arc::ptr_eq(&shelf.settings, &settings));
        assert_eq!(shelf.key, ServiceKey::from(key));
    }
}

#[test]
fn a_container_that_has_ended_leaves_nothing_behind() {
    let witness = Arc::new(());
    let held = Arc::clone(&witness);
    let mut services = ServiceCollection::new();
    services
        .add_transient::<Book>()
        .add_transient::<Page>()
        .add_singleton_factory(move || {
            let _held = &held;
            Settings
        });
    let provider = services.build().unwrap();
    let book = provider.required::<Book>().unwrap();
    drop(services);
    assert_eq!(Arc::strong_count(&witness), 2);
    drop(provider);
    assert_eq!(Arc::strong_count(&witness), 1);
    assert_eq!(Arc::strong_count(&book.settings), 2);
}
