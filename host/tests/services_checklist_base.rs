//! .NET's specification tests of a container, by their names: the base suite. What there is no test of, and why, is in the
//! documentation of the module `services`.

use std::sync::{Arc, Mutex, PoisonError};

use campanile_host::services::{Dispose, ServiceDescriptor, ServiceScopeFactory};
use campanile_host::{BoxError, Inject, ServiceCollection, ServiceProvider};

type TestResult = Result<(), BoxError>;

trait Service: Send + Sync {
    fn name(&self) -> &'static str;
}

macro_rules! services {
    ($($name:ident)*) => {$(
        #[derive(Inject)]
        struct $name {
            // So that each is an object with an address of its own.
            #[inject(default)]
            _size: u8,
        }

        impl Service for $name {
            fn name(&self) -> &'static str {
                stringify!($name)
            }
        }
    )*};
}

services!(One Two);

/// Holds one of a service, all of it, and what a factory makes.
#[derive(Inject)]
struct Outer {
    single: Arc<dyn Service>,
    all: Vec<Arc<dyn Service>>,
    made: Arc<Made>,
}

struct Made {
    single: Arc<dyn Service>,
}

fn made(single: Arc<dyn Service>) -> Made {
    Made { single }
}

#[derive(Inject)]
struct Holder {
    provider: ServiceProvider,
}

fn names(provider: &ServiceProvider) -> Result<Vec<&'static str>, BoxError> {
    let all = provider.all::<dyn Service>()?;
    Ok(all.iter().map(|it| it.name()).collect())
}

fn is_same<S: ?Sized + Send + Sync + 'static>(
    left: &ServiceProvider,
    right: &ServiceProvider,
) -> Result<bool, BoxError> {
    Ok(Arc::ptr_eq(&left.required::<S>()?, &right.required::<S>()?))
}

fn provider(register: impl FnOnce(&mut ServiceCollection)) -> Result<ServiceProvider, BoxError> {
    let mut services = ServiceCollection::new();
    register(&mut services);
    Ok(services.build()?)
}

#[test]
fn services_registered_with_implementation_type_can_be_resolved() -> TestResult {
    let provider = provider(|it| {
        it.add_transient_as::<dyn Service, One>(|it| it);
    })?;
    assert_eq!(provider.required::<dyn Service>()?.name(), "One");
    Ok(())
}

#[test]
fn return_different_instances_per_resolution_for_transient_services() -> TestResult {
    let provider = provider(|it| {
        it.add_transient_as::<dyn Service, One>(|it| it);
    })?;
    assert!(!is_same::<dyn Service>(&provider, &provider)?);
    Ok(())
}

#[test]
fn return_same_instances_per_resolution_for_singletons() -> TestResult {
    let provider = provider(|it| {
        it.add_singleton_as::<dyn Service, One>(|it| it);
    })?;
    assert!(is_same::<dyn Service>(&provider, &provider)?);
    Ok(())
}

#[test]
fn service_instance_can_be_resolved() -> TestResult {
    let instance = Arc::new(One { _size: 1 });
    let provider = provider(|it| {
        it.add_instance(Arc::clone(&instance));
    })?;
    assert!(Arc::ptr_eq(&provider.required::<One>()?, &instance));
    Ok(())
}

#[test]
fn transient_service_can_be_resolved_from_provider() -> TestResult {
    let provider = provider(|it| {
        it.add_transient::<One>();
    })?;
    assert!(!is_same::<One>(&provider, &provider)?);
    Ok(())
}

#[test]
fn transient_service_can_be_resolved_from_scope() -> TestResult {
    let provider = provider(|it| {
        it.add_transient::<One>();
    })?;
    let scope = provider.create_scope();
    assert!(!is_same::<One>(&provider, scope.services())?);
    assert!(!is_same::<One>(scope.services(), scope.services())?);
    Ok(())
}

#[test]
fn singleton_service_can_be_resolved_from_scope() -> TestResult {
    let provider = provider(|it| {
        it.add_singleton::<Holder>()
            .add_scoped_factory(Scoped)
            .add_scoped::<One>();
    })?;
    let (first, second) = (provider.create_scope(), provider.create_scope());
    assert!(is_same::<Holder>(first.services(), second.services())?);
    let holder = first.services().required::<Holder>()?;
    assert!(
        holder.provider.required::<One>().is_err(),
        "it has the provider of the root, not that of a scope"
    );
    let scoped = first.services().required::<Scoped>()?;
    assert!(is_same::<One>(&scoped.0, first.services())?);
    Ok(())
}

struct Scoped(ServiceProvider);

#[test]
fn single_service_can_be_ienumerable_resolved() -> TestResult {
    let provider = provider(|it| {
        it.add_transient_as::<dyn Service, One>(|it| it);
    })?;
    assert_eq!(names(&provider)?, ["One"]);
    Ok(())
}

#[test]
fn multiple_service_can_be_ienumerable_resolved() -> TestResult {
    let provider = provider(|it| {
        it.add_transient_as::<dyn Service, One>(|it| it)
            .add_transient_as::<dyn Service, Two>(|it| it);
    })?;
    assert_eq!(names(&provider)?, ["One", "Two"]);
    Ok(())
}

#[test]
fn registration_order_is_preserved_when_services_are_ienumerable_resolved() -> TestResult {
    let one = || ServiceDescriptor::transient_as::<dyn Service, One>(|it| it);
    let two = || ServiceDescriptor::transient_as::<dyn Service, Two>(|it| it);
    let mut services = ServiceCollection::new();
    services.add(one()).add(two());
    assert_eq!(names(&services.build()?)?, ["One", "Two"]);
    services.remove_all::<dyn Service>();
    services.add(two()).add(one());
    assert_eq!(names(&services.build()?)?, ["Two", "One"]);
    Ok(())
}

fn graph(services: &mut ServiceCollection) {
    services
        .add_transient::<Outer>()
        .add_transient_factory(made)
        .add_singleton_as::<dyn Service, One>(|it| it)
        .add_singleton_as::<dyn Service, Two>(|it| it);
}

#[test]
fn outer_service_can_have_other_services_injected() -> TestResult {
    let outer = provider(graph)?.required::<Outer>()?;
    assert_eq!(outer.single.name(), "Two");
    let all: Vec<_> = outer.all.iter().map(|it| it.name()).collect();
    assert_eq!(all, ["One", "Two"]);
    assert!(Arc::ptr_eq(&outer.single, &outer.all[1]));
    Ok(())
}

#[test]
fn factory_services_can_be_created_by_get_service() -> TestResult {
    let provider = provider(|it| {
        it.add_transient_factory(|provider: ServiceProvider| {
            usize::from(provider.is_service::<u8>())
        })
        .add_instance(Arc::new(1_u8));
    })?;
    assert_eq!(*provider.required::<usize>()?, 1);
    Ok(())
}

#[test]
fn factory_services_are_created_as_part_of_creating_object_graph() -> TestResult {
    let provider = provider(graph)?;
    let (first, second) = (provider.required::<Outer>()?, provider.required::<Outer>()?);
    assert!(!Arc::ptr_eq(&first.made, &second.made));
    assert!(Arc::ptr_eq(&first.made.single, &second.made.single));
    Ok(())
}

#[test]
fn last_service_replaces_previous_services() -> TestResult {
    assert_eq!(provider(graph)?.required::<dyn Service>()?.name(), "Two");
    Ok(())
}

#[test]
fn singleton_service_can_be_resolved() -> TestResult {
    let provider = provider(|it| {
        it.add_singleton::<One>();
    })?;
    assert!(is_same::<One>(&provider, &provider)?);
    Ok(())
}

#[test]
fn service_provider_registers_service_scope_factory() -> TestResult {
    let provider = ServiceCollection::new().build()?;
    provider.inject::<ServiceScopeFactory>()?.create_scope();
    Ok(())
}

#[test]
fn scoped_service_can_be_resolved() -> TestResult {
    let provider = provider(|it| {
        it.add_scoped::<One>();
    })?;
    let (first, second) = (provider.create_scope(), provider.create_scope());
    assert!(is_same::<One>(first.services(), first.services())?);
    assert!(!is_same::<One>(first.services(), second.services())?);
    Ok(())
}

#[test]
fn nested_scoped_service_can_be_resolved() -> TestResult {
    let provider = provider(|it| {
        it.add_scoped::<One>();
    })?;
    let outer = provider.create_scope();
    let inner = outer.services().create_scope();
    assert!(!is_same::<One>(outer.services(), inner.services())?);
    assert!(is_same::<One>(inner.services(), inner.services())?);
    Ok(())
}

#[test]
fn scoped_services_from_cached_scope_factory_can_be_resolved_and_disposed() -> TestResult {
    struct Counted(Arc<()>);
    impl Dispose for Counted {
        fn dispose(&self) -> Result<(), BoxError> {
            Ok(())
        }
    }
    let token = Arc::new(());
    let counted = Arc::clone(&token);
    let factory = move || Counted(Arc::clone(&counted));
    let provider = provider(|it| {
        it.add(ServiceDescriptor::scoped_factory(factory).disposed());
    })?;
    let scopes = provider.inject::<ServiceScopeFactory>()?;
    for _ in 0..3 {
        let outer = scopes.create_scope();
        let inner = outer.services().create_scope();
        let (a, b) = (
            outer.services().required::<Counted>()?,
            inner.services().required::<Counted>()?,
        );
        assert!(!Arc::ptr_eq(&a, &b) && Arc::ptr_eq(&a.0, &b.0));
        drop((a, b));
        drop(outer);
        drop(inner);
        assert_eq!(Arc::strong_count(&token), 2);
    }
    Ok(())
}

/// Writes down what is disposed.
#[derive(Default)]
struct Log(Mutex<Vec<&'static str>>);

impl Log {
    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Noted(&'static str, Arc<Log>);

impl Dispose for Noted {
    fn dispose(&self) -> Result<(), BoxError> {
        let mut log = self.1.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.push(self.0);
        Ok(())
    }
}

fn noted(name: &'static str) -> impl Fn(Arc<Log>) -> Noted {
    move |log| Noted(name, log)
}

#[tokio::test]
async fn disposing_scope_disposes_service() -> TestResult {
    let log = Arc::new(Log::default());
    let provider = provider(|it| {
        it.add_instance(Arc::clone(&log))
            .add(
                ServiceDescriptor::singleton_factory(noted("singleton"))
                    .keyed(1)
                    .disposed(),
            )
            .add(
                ServiceDescriptor::scoped_factory(noted("scoped"))
                    .keyed(2)
                    .disposed(),
            )
            .add(
                ServiceDescriptor::transient_factory(noted("transient"))
                    .keyed(3)
                    .disposed(),
            );
    })?;
    provider.required_keyed::<Noted>(3)?;
    let scope = provider.create_scope();
    for key in [1, 2, 3] {
        scope.services().required_keyed::<Noted>(key)?;
    }
    scope.dispose().await?;
    assert_eq!(log.take(), ["transient", "scoped"]);
    provider.dispose().await?;
    assert_eq!(log.take(), ["singleton", "transient"]);
    Ok(())
}

#[tokio::test]
async fn self_resolve_then_dispose() -> TestResult {
    let provider = ServiceCollection::new().build()?;
    let own = provider.inject::<ServiceProvider>()?;
    own.dispose().await?;
    provider.dispose().await?;
    Ok(())
}

#[tokio::test]
async fn safely_dispose_nested_provider_references() -> TestResult {
    #[derive(Inject)]
    #[inject(dispose)]
    struct Nested {
        provider: ServiceProvider,
    }
    impl Dispose for Nested {
        fn dispose(&self) -> Result<(), BoxError> {
            Ok(self.provider.dispose_now()?)
        }
    }
    let provider = provider(|it| {
        it.add_singleton::<Nested>();
    })?;
    provider.required::<Nested>()?;
    provider.dispose().await?;
    assert!(provider.is_disposed());
    Ok(())
}

#[tokio::test]
async fn singleton_services_come_from_root_provider() -> TestResult {
    let log = Arc::new(Log::default());
    let provider = provider(|it| {
        it.add_instance(Arc::clone(&log))
            .add(ServiceDescriptor::singleton_factory(noted("singleton")).disposed());
    })?;
    let scope = provider.create_scope();
    let first = scope.services().required::<Noted>()?;
    scope.dispose().await?;
    assert!(log.take().is_empty());
    let second = provider.create_scope().services().required::<Noted>()?;
    assert!(Arc::ptr_eq(&first, &second));
    Ok(())
}

#[test]
fn attempting_to_resolve_nonexistent_service_returns_null() -> TestResult {
    let provider = ServiceCollection::new().build()?;
    assert!(provider.get::<One>()?.is_none());
    Ok(())
}

#[test]
fn nonexistent_service_can_be_ienumerable_resolved() -> TestResult {
    let provider = ServiceCollection::new().build()?;
    assert!(provider.all::<One>()?.is_empty());
    Ok(())
}

#[tokio::test]
async fn disposes_in_reverse_order_of_creation() -> TestResult {
    struct Whole {
        _parts: (Arc<Noted>, Vec<Arc<Noted>>),
    }
    let log = Arc::new(Log::default());
    let provider = provider(|it| {
        it.add_instance(Arc::clone(&log))
            .add(
                ServiceDescriptor::transient_factory(noted("inner"))
                    .keyed("inner")
                    .disposed(),
            )
            .add(ServiceDescriptor::transient_factory(noted("first")).disposed())
            .add(ServiceDescriptor::transient_factory(noted("second")).disposed())
            .add(
                ServiceDescriptor::transient_factory::<Whole, _>(|services: ServiceProvider| {
                    let inner = services.required_keyed::<Noted>("inner")?;
                    let parts = (inner, services.all::<Noted>()?);
                    Ok::<_, BoxError>(Whole { _parts: parts })
                })
                .disposed_by({
                    let log = Arc::clone(&log);
                    move |_| Noted("outer", Arc::clone(&log)).dispose()
                }),
            );
    })?;
    provider.required::<Whole>()?;
    provider.dispose().await?;
    assert_eq!(log.take(), ["outer", "second", "first", "inner"]);
    Ok(())
}

#[test]
fn resolves_different_instances_for_service_when_resolving_enumerable() -> TestResult {
    let add = [
        ServiceDescriptor::singleton_as::<dyn Service, One>,
        ServiceDescriptor::scoped_as::<dyn Service, One>,
    ];
    for descriptor in add {
        let provider = provider(|services| {
            for _ in 0..3 {
                services.add(descriptor(|it| it));
            }
        })?;
        let scope = provider.create_scope();
        let all = scope.services().all::<dyn Service>()?;
        assert_eq!(all.len(), 3);
        assert!(!Arc::ptr_eq(&all[0], &all[1]) && !Arc::ptr_eq(&all[1], &all[2]));
        let single = scope.services().required::<dyn Service>()?;
        assert!(Arc::ptr_eq(&all[2], &single));
    }
    Ok(())
}

/// A service for each type that it is for: what an open generic registration is in .NET.
struct Repository<T> {
    _items: Vec<T>,
    single: Arc<dyn Service>,
}

fn add_repository<T: Send + Sync + 'static>(services: &mut ServiceCollection) {
    services.add_singleton_factory(|single: Arc<dyn Service>| Repository::<T> {
        _items: Vec::new(),
        single,
    });
}

#[test]
fn closed_generic_services_can_be_resolved() -> TestResult {
    let provider = provider(|it| {
        it.add_singleton_as::<dyn Service, One>(|it| it);
        add_repository::<u8>(it);
        add_repository::<u16>(it);
    })?;
    assert_eq!(provider.required::<Repository<u8>>()?.single.name(), "One");
    assert!(provider.is_service::<Repository<u16>>());
    assert!(!provider.is_service::<Repository<u32>>());
    Ok(())
}

#[test]
fn many_services_of_a_scope_stay_apart() -> TestResult {
    let provider = provider(|services| {
        for number in 0..40_i64 {
            services.add(ServiceDescriptor::scoped_factory(move || number).keyed(number));
        }
    })?;
    let scope = provider.create_scope();
    for _ in 0..2 {
        for number in 0..40_i64 {
            assert_eq!(*scope.services().required_keyed::<i64>(number)?, number);
        }
    }
    let first = scope.services().required_keyed::<i64>(3)?;
    let again = scope.services().required_keyed::<i64>(3)?;
    assert!(Arc::ptr_eq(&first, &again));
    Ok(())
}
