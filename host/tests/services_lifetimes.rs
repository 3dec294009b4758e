//! How long services live, and what the container gives out.

use std::sync::Arc;

use campanile_host::services::{
    ServiceErrorKind, ServiceKey, ServiceProvider, ServiceScopeFactory,
};
use campanile_host::{BoxError, Inject, ServiceCollection, inject};

trait Greeter: Send + Sync {
    fn greet(&self) -> String;
}

#[derive(Debug, Inject)]
struct A;

#[derive(Inject)]
struct B {
    a: Arc<A>,
}

#[derive(Inject)]
struct English;

impl Greeter for English {
    fn greet(&self) -> String {
        "hello".into()
    }
}

struct Polite {
    a: Arc<A>,
}

#[inject]
impl Polite {
    fn new(a: Arc<A>) -> Self {
        Self { a }
    }
}

impl Greeter for Polite {
    fn greet(&self) -> String {
        format!("good day, {:?}", self.a)
    }
}

#[derive(Inject)]
struct Choir {
    greeters: Vec<Arc<dyn Greeter>>,
    maybe: Option<Arc<B>>,
    provider: ServiceProvider,
    scopes: ServiceScopeFactory,
}

type TestResult = Result<(), BoxError>;

#[test]
fn a_singleton_is_one_object_at_the_root_and_in_scopes() -> TestResult {
    let mut services = ServiceCollection::new();
    services.add_singleton::<A>().add_singleton::<B>();
    let provider = services.build()?;
    let b = provider.required::<B>()?;
    let scope = provider.create_scope();
    assert!(Arc::ptr_eq(&b, &scope.services().required::<B>()?));
    assert!(Arc::ptr_eq(&b.a, &scope.services().required::<A>()?));
    Ok(())
}

#[test]
fn a_scoped_service_is_one_object_a_scope_and_none_at_the_root() -> TestResult {
    let mut services = ServiceCollection::new();
    services.add_scoped::<A>().add_scoped::<B>();
    let provider = services.build()?;
    let (one, two) = (provider.create_scope(), provider.create_scope());
    let b = one.services().required::<B>()?;
    assert!(Arc::ptr_eq(&b, &one.services().clone().required::<B>()?));
    assert!(Arc::ptr_eq(&b.a, &one.services().required::<A>()?));
    assert!(!Arc::ptr_eq(&b, &two.services().required::<B>()?));
    let error = provider.required::<B>().err().ok_or("no error")?;
    assert!(matches!(error.kind(), ServiceErrorKind::ScopedFromRoot));
    Ok(())
}

#[test]
fn a_transient_service_is_new_each_time() -> TestResult {
    let mut services = ServiceCollection::new();
    services.add_transient::<A>().add_transient::<B>();
    let provider = services.build()?;
    let (one, two) = (provider.required::<B>()?, provider.required::<B>()?);
    assert!(!Arc::ptr_eq(&one, &two));
    assert!(!Arc::ptr_eq(&one.a, &two.a));
    Ok(())
}

#[test]
fn every_kind_of_dependency_is_filled() -> TestResult {
    let mut services = ServiceCollection::new();
    services
        .add_singleton::<A>()
        .add_singleton_as::<dyn Greeter, English>(|it| it)
        .add_transient_as::<dyn Greeter, Polite>(|it| it)
        .add_scoped::<Choir>();
    let provider = services.build()?;
    let scope = provider.create_scope();
    let choir = scope.services().required::<Choir>()?;
    let greetings: Vec<_> = choir.greeters.iter().map(|it| it.greet()).collect();
    assert_eq!(greetings, ["hello", "good day, A"]);
    assert!(choir.maybe.is_none());
    assert!(Arc::ptr_eq(&choir, &choir.provider.required::<Choir>()?));
    let other = choir.scopes.create_scope();
    assert!(!Arc::ptr_eq(&choir, &other.services().required::<Choir>()?));
    assert!(
        choir
            .provider
            .required_keyed::<A>(ServiceKey::from(1))
            .is_err()
    );
    Ok(())
}

#[test]
fn factories_give_services_results_and_trait_objects() -> TestResult {
    let mut services = ServiceCollection::new();
    services
        .add_instance(Arc::new(7_u32))
        .add_singleton_factory(|number: Arc<u32>| number.to_string())
        .add_singleton_factory::<u64, _>(|text: Arc<String>| text.parse::<u64>())
        .add_singleton::<A>()
        .add_singleton::<Polite>()
        .add_singleton_factory::<dyn Greeter, _>(|it: Arc<Polite>| -> Arc<dyn Greeter> { it });
    let provider = services.build()?;
    assert_eq!(*provider.required::<u64>()?, 7);
    assert_eq!(provider.required::<dyn Greeter>()?.greet(), "good day, A");
    Ok(())
}
