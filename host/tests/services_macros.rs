//! `#[derive(Inject)]`, `#[inject]`, and constructing by hand.

use std::marker::PhantomData;
use std::num::ParseIntError;
use std::sync::Arc;

use campanile_host::services::{Dispose, Lazy, ServiceDescriptor, ServiceErrorKind, ServiceKey};
use campanile_host::{BoxError, Inject, Injectable, ServiceCollection, inject};

type TestResult = Result<(), BoxError>;

#[derive(Inject)]
struct A;

#[derive(Inject)]
struct Tuple(Arc<A>, #[inject(default)] u32, Option<Arc<String>>);

#[derive(Inject)]
struct Repository<T, const N: usize>
where
    T: Default,
{
    items: Arc<T>,
    #[inject(default)]
    of: PhantomData<T>,
}

#[derive(Inject)]
struct Wrapper<P: Injectable + Sync> {
    part: P,
}

#[derive(Inject)]
struct Labels {
    #[inject(service_key)]
    key: ServiceKey,
    #[inject(service_key)]
    number: u16,
    #[inject(service_key)]
    maybe: Option<i64>,
    again: Option<ServiceKey>,
}

#[test]
fn every_kind_of_struct_is_derived() -> TestResult {
    let mut services = ServiceCollection::new();
    services
        .add_singleton::<A>()
        .add_instance(Arc::new(5_u8))
        .add_transient::<Tuple>()
        .add_transient::<Repository<u8, 3>>()
        .add_transient::<Wrapper<Vec<Arc<u8>>>>()
        .add_keyed_transient::<Labels>(7_u8);
    let provider = services.build()?;
    let Tuple(_, zero, none) = &*provider.required::<Tuple>()?;
    assert!(*zero == 0 && none.is_none());
    let repository = provider.required::<Repository<u8, 3>>()?;
    assert_eq!((*repository.items, repository.of), (5, PhantomData));
    assert_eq!(provider.required::<Wrapper<Vec<Arc<u8>>>>()?.part.len(), 1);
    let labels = provider.required_keyed::<Labels>(7)?;
    assert_eq!(labels.key.as_number(), Some(7));
    assert_eq!((labels.number, labels.maybe), (7, Some(7)));
    assert_eq!(labels.again, Some(ServiceKey::from(7)));
    Ok(())
}

#[test]
fn a_key_of_another_type_is_an_error_that_says_so() -> TestResult {
    let mut services = ServiceCollection::new();
    services.add_keyed_transient::<Labels>("seven");
    let provider = services.build()?;
    let error = provider
        .required_keyed::<Labels>("seven")
        .err()
        .ok_or("no error")?;
    assert_eq!(
        error.to_string(),
        "`Labels[seven]` wants its key as `u16`, and the key is none"
    );
    Ok(())
}

struct Port {
    number: u16,
    _a: Arc<A>,
}

#[inject(dispose)]
impl Port {
    const MARK: char = ':';

    fn new(
        a: Arc<A>,
        #[inject(key = "address")] address: Arc<String>,
        #[inject(default)] base: u16,
    ) -> Result<Self, ParseIntError> {
        let text = address.rsplit(Self::MARK).next().unwrap_or_default();
        Ok(Self {
            number: base + text.parse::<u16>()?,
            _a: a,
        })
    }
}

impl Dispose for Port {
    fn dispose(&self) -> Result<(), BoxError> {
        Err("disposed".into())
    }
}

struct Boxed<T>(Arc<T>);

#[inject]
impl<T> Boxed<T> {
    fn new(value: Arc<T>) -> Self {
        Self(value)
    }
}

#[test]
fn a_constructor_is_called_and_may_fail() -> TestResult {
    let address =
        |text: &str| ServiceDescriptor::instance(Arc::new(text.to_owned())).keyed("address");
    let mut services = ServiceCollection::new();
    services
        .add_singleton::<A>()
        .add_singleton::<Port>()
        .add_transient::<Boxed<Port>>()
        .add(address("localhost:8080"));
    let provider = services.build()?;
    assert_eq!(provider.required::<Boxed<Port>>()?.0.number, 8080);
    assert!(provider.dispose_now().is_err());

    services.add(address("localhost:http"));
    let error = services
        .build()?
        .required::<Boxed<Port>>()
        .err()
        .ok_or("no error")?;
    assert_eq!(
        error.to_string(),
        "`Port` could not be constructed: invalid digit found in string (Boxed<Port> -> Port)"
    );
    Ok(())
}

#[derive(Inject)]
struct Page {
    _a: Arc<A>,
    #[inject(argument)]
    text: String,
    #[inject(argument)]
    number: u32,
}

#[test]
fn arguments_are_matched_by_their_types() -> TestResult {
    let mut services = ServiceCollection::new();
    services.add_scoped::<A>();
    let provider = services.build()?;
    let scope = provider.create_scope();
    let page = scope
        .services()
        .construct_with::<Page>((7_u32, "seven".to_owned()))?;
    assert_eq!((&*page.text, page.number), ("seven", 7));
    let error = |result: Result<Page, _>| {
        result
            .err()
            .map(|it: campanile_host::services::ServiceError| it.to_string())
    };
    assert_eq!(
        error(scope.services().construct_with::<Page>((7_u32, 7_u32))).as_deref(),
        Some("`Page` has no parameter of the type `u32`, of which an argument was given")
    );
    assert_eq!(
        error(scope.services().construct_with::<Page>((7_u32,))).as_deref(),
        Some("`String` is not registered (Page -> String)")
    );
    assert_eq!(
        error(provider.construct_with::<Page>((7_u32, String::new()))).as_deref(),
        Some(
            "`A` is scoped and cannot be had from the root provider: open a scope with `create_scope` and ask there (Page -> A)"
        )
    );
    Ok(())
}

#[test]
fn what_is_constructed_belongs_to_the_caller() -> TestResult {
    let mut services = ServiceCollection::new();
    services.add_singleton::<A>();
    let provider = services.build()?;
    let one = provider.construct::<Tuple>()?;
    let two = provider.get_or_construct::<Tuple>()?;
    assert!(Arc::ptr_eq(&one.0, &two.0));
    assert!(Arc::ptr_eq(&one.0, &provider.get_or_construct::<A>()?));
    assert_eq!(Tuple::dependencies().len(), 2);
    Ok(())
}

#[test]
fn any_injectable_can_be_asked_for() -> TestResult {
    let mut services = ServiceCollection::new();
    services.add_scoped::<A>();
    let provider = services.build()?;
    assert!(provider.inject::<Option<Arc<Tuple>>>()?.is_none());
    assert!(provider.can_inject::<Lazy<A>>() && !provider.can_inject::<Arc<Tuple>>());
    let scope = provider.create_scope();
    let lazy = scope.services().inject::<Lazy<A>>()?;
    assert!(Arc::ptr_eq(lazy.get()?, &scope.services().required()?));
    let lazy = provider.inject::<Lazy<A>>()?;
    let error = lazy.get().err().ok_or("no error")?;
    assert!(matches!(error.kind(), ServiceErrorKind::ScopedFromRoot));
    Ok(())
}
