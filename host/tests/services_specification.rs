//! From .NET's own specification tests, what other tests do not cover.

use std::sync::Arc;

use campanile_host::services::{Dispose, ServiceDescriptor, ServiceScopeFactory};
use campanile_host::{BoxError, Inject, ServiceCollection, ServiceProvider};

type TestResult = Result<(), BoxError>;

trait Service: Send + Sync {
    fn name(&self) -> &'static str;
}

macro_rules! services {
    ($($name:ident)*) => {$(
        #[derive(Inject)]
        struct $name;

        impl Service for $name {
            fn name(&self) -> &'static str {
                stringify!($name)
            }
        }
    )*};
}

services!(One Two);

fn names(provider: &ServiceProvider) -> Result<Vec<&'static str>, BoxError> {
    Ok(provider
        .all::<dyn Service>()?
        .iter()
        .map(|it| it.name())
        .collect())
}

#[test]
fn registration_order_is_preserved_when_services_are_enumerated() -> TestResult {
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

#[test]
fn each_registration_is_an_object_of_its_own_and_the_last_is_the_single_one() -> TestResult {
    let add = [
        ServiceDescriptor::singleton_as::<dyn Service, One>,
        ServiceDescriptor::scoped_as::<dyn Service, One>,
    ];
    for descriptor in add {
        let mut services = ServiceCollection::new();
        for _ in 0..3 {
            services.add(descriptor(|it| it));
        }
        let provider = services.build()?;
        let scope = provider.create_scope();
        let all = scope.services().all::<dyn Service>()?;
        assert_eq!(all.len(), 3);
        assert!(!Arc::ptr_eq(&all[0], &all[1]) && !Arc::ptr_eq(&all[1], &all[2]));
        assert!(Arc::ptr_eq(
            &all[2],
            &scope.services().required::<dyn Service>()?
        ));
    }
    Ok(())
}

#[test]
fn a_cached_scope_factory_opens_scopes_again_and_again() -> TestResult {
    struct Counted(Arc<()>);
    impl Dispose for Counted {
        fn dispose(&self) -> Result<(), BoxError> {
            Ok(())
        }
    }
    let token = Arc::new(());
    let counted = Arc::clone(&token);
    let factory = move || Counted(Arc::clone(&counted));
    let mut services = ServiceCollection::new();
    services.add(ServiceDescriptor::scoped_factory(factory).disposed());
    let provider = services.build()?;
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

#[tokio::test]
async fn a_service_that_holds_the_provider_is_disposed_without_recursion() -> TestResult {
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
    let mut services = ServiceCollection::new();
    services.add_singleton::<Nested>();
    let provider = services.build()?;
    provider.required::<Nested>()?;
    provider.dispose().await?;
    assert!(provider.is_disposed());
    Ok(())
}

#[test]
fn many_services_of_a_scope_stay_apart() -> TestResult {
    let mut services = ServiceCollection::new();
    for number in 0..40_i64 {
        services.add(ServiceDescriptor::scoped_factory(move || number).keyed(number));
    }
    let provider = services.build()?;
    let scope = provider.create_scope();
    for _ in 0..2 {
        for number in 0..40_i64 {
            assert_eq!(*scope.services().required_keyed::<i64>(number)?, number);
        }
    }
    let first = scope.services().required_keyed::<i64>(3)?;
    assert!(Arc::ptr_eq(
        &first,
        &scope.services().required_keyed::<i64>(3)?
    ));
    Ok(())
}
