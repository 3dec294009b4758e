//! Keyed services.

use std::sync::Arc;

use campanile_host::services::{ServiceDescriptor, ServiceErrorKind, ServiceKey};
use campanile_host::{BoxError, Inject, ServiceCollection};

type TestResult = Result<(), BoxError>;

#[derive(Inject)]
struct A {
    key: Option<ServiceKey>,
}

#[test]
fn keyed_and_unkeyed_services_do_not_see_each_other() -> TestResult {
    let mut services = ServiceCollection::new();
    services
        .add_keyed_singleton::<A>("one")
        .add_keyed_singleton::<A>(2)
        .add_singleton::<A>();
    let provider = services.build()?;
    let unkeyed = provider.required::<A>()?;
    assert_eq!(unkeyed.key, None);
    let one = provider.required_keyed::<A>("one")?;
    assert_eq!(one.key, Some("one".into()));
    assert!(Arc::ptr_eq(
        &one,
        &provider.required_keyed::<A>(String::from("one"))?
    ));
    assert_eq!(provider.required_keyed::<A>(2_u64)?.key, Some(2.into()));
    assert!(provider.get_keyed::<A>("2")?.is_none());
    assert_eq!(provider.all::<A>()?.len(), 1);
    assert!(provider.is_keyed_service::<A>(2) && !provider.is_keyed_service::<A>(3));
    Ok(())
}

#[test]
fn the_any_key_is_one_scoped_service_per_key_and_scope() -> TestResult {
    let mut services = ServiceCollection::new();
    services.add_keyed_scoped::<A>(ServiceKey::ANY);
    let provider = services.build()?;
    let (one, two) = (provider.create_scope(), provider.create_scope());
    let of_one = one.services().required_keyed::<A>("x")?;
    assert_eq!(of_one.key, Some("x".into()));
    assert!(Arc::ptr_eq(
        &of_one,
        &one.services().required_keyed::<A>("x")?
    ));
    assert!(!Arc::ptr_eq(
        &of_one,
        &one.services().required_keyed::<A>("y")?
    ));
    assert!(!Arc::ptr_eq(
        &of_one,
        &two.services().required_keyed::<A>("x")?
    ));
    let error = provider.get_keyed::<A>("x").err().ok_or("no error")?;
    assert!(matches!(error.kind(), ServiceErrorKind::ScopedFromRoot));
    Ok(())
}

#[test]
fn an_instance_can_answer_for_every_key() -> TestResult {
    let instance = Arc::new(A { key: None });
    let mut services = ServiceCollection::new();
    services.add(ServiceDescriptor::instance(Arc::clone(&instance)).keyed(ServiceKey::ANY));
    let provider = services.build()?;
    assert!(Arc::ptr_eq(&instance, &provider.required_keyed::<A>("x")?));
    assert!(Arc::ptr_eq(&instance, &provider.required_keyed::<A>(1)?));
    assert_eq!(provider.all_keyed::<A>(ServiceKey::ANY)?.len(), 0);
    Ok(())
}

#[test]
fn a_missing_key_is_named() -> TestResult {
    let provider = ServiceCollection::new().build()?;
    let error = provider.required_keyed::<A>("x").err().ok_or("no error")?;
    assert_eq!(error.to_string(), "`A[x]` is not registered");
    let error = provider
        .get_keyed::<A>(ServiceKey::ANY)
        .err()
        .ok_or("no error")?;
    assert!(matches!(error.kind(), ServiceErrorKind::AnyKey));
    Ok(())
}
