//! .NET's specification tests of a container, by their names: is-service, `ActivatorUtilities`, keyed services.

use std::sync::Arc;

use campanile_host::services::{
    ServiceDescriptor, ServiceErrorKind, ServiceKey, ServiceScopeFactory,
};
use campanile_host::{BoxError, Inject, ServiceCollection, ServiceProvider};

type TestResult = Result<(), BoxError>;

trait Service: Send + Sync {
    fn key(&self) -> Option<String>;
}

/// Knows the key that it was asked for with.
#[derive(Inject)]
struct Keyed {
    key: Option<ServiceKey>,
}

impl Service for Keyed {
    fn key(&self) -> Option<String> {
        self.key.as_ref().map(ToString::to_string)
    }
}

#[derive(Inject)]
struct Leaf {
    // So that each is an object with an address of its own.
    #[inject(default)]
    _size: u8,
}

#[derive(Inject)]
struct Chooser {
    #[inject(key = "b")]
    service: Arc<dyn Service>,
}

#[derive(Inject)]
struct Asking {
    provider: ServiceProvider,
}

type Convert = fn(Arc<Keyed>) -> Arc<dyn Service>;

fn keyed(lifetime: impl Fn(Convert) -> ServiceDescriptor<dyn Service>) -> ServiceCollection {
    let mut services = ServiceCollection::new();
    for key in ["a", "b"] {
        services.add(lifetime(|it| it).keyed(key));
    }
    services
}

fn any_key() -> ServiceCollection {
    let mut services = ServiceCollection::new();
    let descriptor = ServiceDescriptor::singleton_as::<dyn Service, Keyed>(|it| it);
    services.add(descriptor.keyed(ServiceKey::ANY));
    services
}

fn key_of(provider: &ServiceProvider, key: &'static str) -> Result<Option<String>, BoxError> {
    Ok(provider.required_keyed::<dyn Service>(key)?.key())
}

fn is_same(
    left: (&ServiceProvider, &'static str),
    right: (&ServiceProvider, &'static str),
) -> Result<bool, BoxError> {
    let left = left.0.required_keyed::<dyn Service>(left.1)?;
    let right = right.0.required_keyed::<dyn Service>(right.1)?;
    Ok(Arc::ptr_eq(&left, &right))
}

mod is_service {
    use super::*;

    #[test]
    fn explicit_service_registeration_with_is_service() -> TestResult {
        let mut services = ServiceCollection::new();
        services.add_transient::<Leaf>();
        let provider = services.build()?;
        assert!(provider.is_service::<Leaf>());
        assert!(!provider.is_service::<Chooser>());
        Ok(())
    }

    #[test]
    fn ienumerable_with_is_service_always_returns_true() -> TestResult {
        let provider = ServiceCollection::new().build()?;
        assert!(provider.can_inject::<Vec<Arc<Leaf>>>());
        assert!(provider.can_inject::<Option<Arc<Leaf>>>());
        assert!(!provider.can_inject::<Arc<Leaf>>());
        Ok(())
    }

    #[test]
    fn built_in_services_with_is_service_returns_true() -> TestResult {
        let provider = ServiceCollection::new().build()?;
        assert!(provider.can_inject::<ServiceProvider>());
        assert!(provider.can_inject::<ServiceScopeFactory>());
        Ok(())
    }

    #[test]
    fn explicit_service_registration_with_is_keyed_service() -> TestResult {
        let provider = keyed(ServiceDescriptor::singleton_as::<dyn Service, Keyed>).build()?;
        assert!(provider.is_keyed_service::<dyn Service>("a"));
        assert!(!provider.is_keyed_service::<dyn Service>("c"));
        assert!(!provider.is_service::<dyn Service>());
        assert!(any_key().build()?.is_keyed_service::<dyn Service>("c"));
        Ok(())
    }

    #[test]
    fn non_keyed_service_with_is_keyed_service() -> TestResult {
        let mut services = ServiceCollection::new();
        services.add_transient::<Leaf>();
        assert!(!services.build()?.is_keyed_service::<Leaf>("a"));
        Ok(())
    }
}

mod activator_utilities {
    use super::*;

    #[derive(Inject)]
    struct Page {
        leaf: Arc<Leaf>,
        #[inject(argument)]
        title: String,
        #[inject(argument)]
        number: u32,
    }

    #[derive(Debug)]
    struct Failing;

    #[campanile_host::inject]
    impl Failing {
        fn new() -> Result<Self, BoxError> {
            Err("the original error".into())
        }
    }

    fn provider() -> Result<ServiceProvider, BoxError> {
        let mut services = ServiceCollection::new();
        services.add_singleton::<Leaf>();
        Ok(services.build()?)
    }

    #[test]
    fn type_activator_enables_you_to_create_any_type_with_services_even_when_not_in_ioc_container()
    -> TestResult {
        let provider = provider()?;
        let page = provider.construct_with::<Page>((7_u32, String::from("t")))?;
        assert!(Arc::ptr_eq(&page.leaf, &provider.required::<Leaf>()?));
        Ok(())
    }

    #[test]
    fn type_activator_accepts_any_number_of_additional_constructor_parameters_to_provide()
    -> TestResult {
        let page = provider()?.construct_with::<Page>((7_u32, String::from("t")))?;
        assert_eq!((&*page.title, page.number), ("t", 7));
        Ok(())
    }

    #[test]
    fn type_activator_requires_all_arguments_can_be_accepted() -> TestResult {
        let result = provider()?.construct_with::<Page>((7_u32, String::from("t"), 'c'));
        let error = result.err().ok_or("it was constructed")?;
        assert!(matches!(
            error.kind(),
            ServiceErrorKind::UnusedArgument("char")
        ));
        Ok(())
    }

    #[test]
    fn type_activator_rethrows_original_exception_from_constructor() -> TestResult {
        let error = provider()?.construct::<Failing>().err();
        let error = error.ok_or("it was constructed")?;
        let ServiceErrorKind::Failed(original) = error.kind() else {
            return Err(error.into());
        };
        assert_eq!(original.to_string(), "the original error");
        Ok(())
    }

    #[test]
    fn get_service_or_create_instance_registered_service_transient() -> TestResult {
        let mut services = ServiceCollection::new();
        services.add_transient::<Leaf>();
        let provider = services.build()?;
        provider.get_or_construct::<Leaf>()?;
        Ok(())
    }

    #[test]
    fn get_service_or_create_instance_registered_service_singleton() -> TestResult {
        let provider = provider()?;
        let leaf = provider.get_or_construct::<Leaf>()?;
        assert!(Arc::ptr_eq(&leaf, &provider.required::<Leaf>()?));
        Ok(())
    }

    #[test]
    fn get_service_or_create_instance_unregistered_service() -> TestResult {
        let provider = ServiceCollection::new().build()?;
        provider.get_or_construct::<Leaf>()?;
        assert!(!provider.is_service::<Leaf>());
        Ok(())
    }

    #[test]
    fn unregistered_service_as_constructor_parameter_throws_exception() -> TestResult {
        let provider = ServiceCollection::new().build()?;
        let result = provider.construct_with::<Page>((7_u32, String::new()));
        assert_eq!(
            result.err().ok_or("it was constructed")?.to_string(),
            "`Leaf` is not registered (Page -> Leaf)"
        );
        Ok(())
    }
}

mod keyed_services {
    use super::*;

    #[test]
    fn resolve_keyed_service() -> TestResult {
        let provider = keyed(ServiceDescriptor::singleton_as::<dyn Service, Keyed>).build()?;
        assert_eq!(key_of(&provider, "a")?.as_deref(), Some("a"));
        assert!(provider.get_keyed::<dyn Service>("c")?.is_none());
        assert!(provider.get::<dyn Service>()?.is_none());
        Ok(())
    }

    #[test]
    fn resolve_non_keyed_service() -> TestResult {
        let mut services = keyed(ServiceDescriptor::singleton_as::<dyn Service, Keyed>);
        services.add_singleton_as::<dyn Service, Keyed>(|it| it);
        let provider = services.build()?;
        assert_eq!(provider.required::<dyn Service>()?.key(), None);
        assert_eq!(provider.all::<dyn Service>()?.len(), 1);
        Ok(())
    }

    #[test]
    fn resolve_keyed_services() -> TestResult {
        let mut services = keyed(ServiceDescriptor::singleton_as::<dyn Service, Keyed>);
        services.add(ServiceDescriptor::singleton_as::<dyn Service, Keyed>(|it| it).keyed("a"));
        let provider = services.build()?;
        let all = provider.all_keyed::<dyn Service>("a")?;
        assert_eq!(all.len(), 2);
        assert!(Arc::ptr_eq(
            &all[1],
            &provider.required_keyed::<dyn Service>("a")?
        ));
        Ok(())
    }

    #[test]
    fn resolve_keyed_services_any_key() -> TestResult {
        let provider = keyed(ServiceDescriptor::singleton_as::<dyn Service, Keyed>).build()?;
        for _ in 0..2 {
            let all = provider.all_keyed::<dyn Service>(ServiceKey::ANY)?;
            let keys: Vec<_> = all.iter().filter_map(|it| it.key()).collect();
            assert_eq!(keys, ["a", "b"]);
        }
        Ok(())
    }

    #[test]
    fn resolve_keyed_services_any_key_with_any_key_registration() -> TestResult {
        let mut services = any_key();
        services.add(ServiceDescriptor::singleton_as::<dyn Service, Keyed>(|it| it).keyed("a"));
        let all = services
            .build()?
            .all_keyed::<dyn Service>(ServiceKey::ANY)?;
        assert_eq!(all.len(), 1);
        Ok(())
    }

    #[test]
    fn resolve_keyed_service_singleton_instance() -> TestResult {
        let instance = Arc::new(Leaf { _size: 1 });
        let mut services = ServiceCollection::new();
        services.add(ServiceDescriptor::instance(Arc::clone(&instance)).keyed("a"));
        let provider = services.build()?;
        assert!(Arc::ptr_eq(
            &provider.required_keyed::<Leaf>("a")?,
            &instance
        ));
        assert!(provider.get::<Leaf>()?.is_none());
        Ok(())
    }

    #[test]
    fn resolve_keyed_service_singleton_instance_with_key_injection() -> TestResult {
        let provider = any_key().build()?;
        assert_eq!(key_of(&provider, "red")?.as_deref(), Some("red"));
        Ok(())
    }

    #[test]
    fn resolve_keyed_service_singleton_instance_with_any_key() -> TestResult {
        let provider = any_key().build()?;
        assert!(is_same((&provider, "red"), (&provider, "red"))?);
        assert!(!is_same((&provider, "red"), (&provider, "blue"))?);
        Ok(())
    }

    #[test]
    fn resolve_keyed_service_singleton_instance_with_keyed_parameter() -> TestResult {
        let mut services = keyed(ServiceDescriptor::singleton_as::<dyn Service, Keyed>);
        services.add_singleton::<Chooser>();
        let chooser = services.build()?.required::<Chooser>()?;
        assert_eq!(chooser.service.key().as_deref(), Some("b"));
        Ok(())
    }

    #[test]
    fn create_service_with_keyed_parameter() -> TestResult {
        let provider = keyed(ServiceDescriptor::singleton_as::<dyn Service, Keyed>).build()?;
        let chooser = provider.construct::<Chooser>()?;
        assert_eq!(chooser.service.key().as_deref(), Some("b"));
        assert_eq!(
            ServiceCollection::new()
                .build()?
                .construct::<Chooser>()
                .err()
                .map(|it| it.to_string()),
            Some("`dyn Service[b]` is not registered (Chooser -> dyn Service[b])".to_owned())
        );
        Ok(())
    }

    #[test]
    fn resolve_keyed_service_singleton_factory() -> TestResult {
        let mut services = ServiceCollection::new();
        let factory = |key: ServiceKey| key.to_string();
        services.add(ServiceDescriptor::singleton_factory(factory).keyed("a"));
        assert_eq!(*services.build()?.required_keyed::<String>("a")?, "a");
        Ok(())
    }

    #[test]
    fn resolve_keyed_service_singleton_factory_with_any_key_ignore_wrong_type() -> TestResult {
        let mut services = ServiceCollection::new();
        let factory = |key: ServiceKey| {
            let number = key.as_number().ok_or("the key is no number")?;
            Ok::<_, BoxError>(number)
        };
        let descriptor = ServiceDescriptor::singleton_factory::<i128, _>(factory);
        services.add(descriptor.keyed(ServiceKey::ANY));
        let provider = services.build()?;
        assert_eq!(*provider.required_keyed::<i128>(7)?, 7);
        assert!(provider.required_keyed::<i128>("seven").is_err());
        Ok(())
    }

    #[test]
    fn resolve_keyed_service_singleton_type() -> TestResult {
        let mut services = ServiceCollection::new();
        services.add(ServiceDescriptor::singleton::<Leaf>().keyed("a"));
        let provider = services.build()?;
        let leaf = provider.required_keyed::<Leaf>("a")?;
        assert!(Arc::ptr_eq(&leaf, &provider.required_keyed::<Leaf>("a")?));
        assert!(provider.get::<Leaf>()?.is_none());
        Ok(())
    }

    #[test]
    fn resolve_keyed_service_transient_factory() -> TestResult {
        let mut services = ServiceCollection::new();
        let factory = |key: ServiceKey| key.to_string();
        services.add(ServiceDescriptor::transient_factory(factory).keyed("a"));
        let provider = services.build()?;
        let text = provider.required_keyed::<String>("a")?;
        assert_eq!(*text, "a");
        assert!(!Arc::ptr_eq(&text, &provider.required_keyed("a")?));
        Ok(())
    }

    #[test]
    fn simple_service_keyed_resolution() -> TestResult {
        let mut services = keyed(ServiceDescriptor::singleton_as::<dyn Service, Keyed>);
        services.add_transient::<Chooser>();
        let chooser = services.build()?.required::<Chooser>()?;
        assert_eq!(chooser.service.key().as_deref(), Some("b"));
        Ok(())
    }

    #[test]
    fn resolve_keyed_service_transient_type() -> TestResult {
        let provider = keyed(ServiceDescriptor::transient_as::<dyn Service, Keyed>).build()?;
        assert!(!is_same((&provider, "a"), (&provider, "a"))?);
        assert_eq!(key_of(&provider, "b")?.as_deref(), Some("b"));
        Ok(())
    }

    #[test]
    fn resolve_keyed_singleton_from_injected_service_provider() -> TestResult {
        let mut services = keyed(ServiceDescriptor::singleton_as::<dyn Service, Keyed>);
        services.add_singleton::<Asking>();
        let provider = services.build()?;
        let asking = provider.required::<Asking>()?;
        assert!(is_same((&asking.provider, "a"), (&provider, "a"))?);
        Ok(())
    }

    #[test]
    fn resolve_keyed_transient_from_injected_service_provider() -> TestResult {
        let mut services = keyed(ServiceDescriptor::transient_as::<dyn Service, Keyed>);
        services.add_singleton::<Asking>();
        let provider = services.build()?;
        let own = &provider.required::<Asking>()?.provider;
        assert!(!is_same((own, "a"), (own, "a"))?);
        Ok(())
    }

    #[test]
    fn resolve_keyed_singleton_from_scope_service_provider() -> TestResult {
        let provider = keyed(ServiceDescriptor::singleton_as::<dyn Service, Keyed>).build()?;
        let (a, b) = (provider.create_scope(), provider.create_scope());
        assert!(is_same((a.services(), "a"), (b.services(), "a"))?);
        Ok(())
    }

    #[test]
    fn resolve_keyed_scoped_from_scope_service_provider() -> TestResult {
        let provider = keyed(ServiceDescriptor::scoped_as::<dyn Service, Keyed>).build()?;
        let (a, b) = (provider.create_scope(), provider.create_scope());
        assert!(is_same((a.services(), "a"), (a.services(), "a"))?);
        assert!(!is_same((a.services(), "a"), (b.services(), "a"))?);
        assert!(provider.required_keyed::<dyn Service>("a").is_err());
        Ok(())
    }

    #[test]
    fn resolve_keyed_transient_from_scope_service_provider() -> TestResult {
        let provider = keyed(ServiceDescriptor::transient_as::<dyn Service, Keyed>).build()?;
        let scope = provider.create_scope();
        assert!(!is_same((scope.services(), "a"), (scope.services(), "a"))?);
        Ok(())
    }
}
