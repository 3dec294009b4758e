use std::sync::Arc;

use super::dependency::Dependency;
use super::dispose::Disposal;
use super::error::ServiceError;
use super::key::ServiceKey;
use super::provider::ServiceProvider;
use super::resolver::Resolver;
use super::scope::ServiceScopeFactory;
use super::site::ServiceSite;
use crate::BoxError;

/// What the container can construct: it says what it needs, and is made of it.
///
/// It is written by `#[derive(Inject)]` on a struct, each field of which is an [`Injectable`], or by `#[inject]` on an
/// `impl` block with a constructor `fn new`, each parameter of which is one.
///
/// ```
/// use std::sync::Arc;
/// use campanile_host::services::ServiceCollection;
/// use campanile_host::Inject;
///
/// #[derive(Inject)]
/// struct Mailer;
///
/// #[derive(Inject)]
/// struct Worker {
///     mailer: Arc<Mailer>,
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut services = ServiceCollection::new();
/// services.add_singleton::<Mailer>().add_transient::<Worker>();
/// let provider = services.build()?;
/// let worker = provider.required::<Worker>()?;
/// # let _ = &worker.mailer;
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "the container does not know how to construct `{Self}`",
    label = "not constructible by injection",
    note = "write `#[derive(Inject)]` on the struct, or `#[inject]` on an `impl` block with its `fn new(...)`",
    note = "or register a factory, a function of what it needs: `add_singleton_factory(|a: Arc<A>| ...)`"
)]
pub trait Inject: Sized + Send + Sync + 'static {
    /// Constructs it.
    ///
    /// # Errors
    ///
    /// When something it needs cannot be had, or its constructor fails.
    fn inject(resolver: &Resolver<'_>) -> Result<Self, ServiceError>;

    /// What [`Inject::inject`] asks for.
    fn dependencies() -> Vec<Dependency>;

    /// How the container disposes it: by dropping it, unless it says otherwise.
    fn disposal() -> Disposal<Self> {
        Disposal::none()
    }
}

/// What may stand in a field or a parameter that the container fills.
///
/// | type | what it gets |
/// | --- | --- |
/// | `Arc<S>` | the service `S`: the last that was registered; the error of a missing one comes from `build` |
/// | `Option<Arc<S>>` | the same if `S` is registered |
/// | `Vec<Arc<S>>` | every registration of `S`, in order |
/// | [`Lazy<S>`](super::Lazy) | `S`, when it is first used |
/// | [`ServiceProvider`] | the provider itself: of the scope, for a singleton that of the root |
/// | [`ServiceScopeFactory`] | what opens scopes |
/// | [`ServiceKey`] | the key of the service that is constructed |
///
/// Other modules and crates add to them: a type of theirs implements this by means of the [`Resolver`].
///
/// ```
/// use std::sync::Arc;
/// use campanile_host::services::{Dependency, Injectable, Resolver, ServiceError};
///
/// struct Clock {
///     time_zone: &'static str,
/// }
///
/// /// The name of the clock's time zone.
/// struct TimeZone(&'static str);
///
/// impl Injectable for TimeZone {
///     type Site = ();
///
///     fn dependency() -> Dependency {
///         Dependency::required::<Clock>()
///     }
///
///     fn inject(resolver: &Resolver<'_>) -> Result<Self, ServiceError> {
///         Ok(Self(resolver.required::<Clock>()?.time_zone))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be injected",
    label = "not injectable",
    note = "a service is injected as `Arc<{Self}>`, `Option<Arc<..>>`, `Vec<Arc<..>>` or `Lazy<..>`",
    note = "a field that is no service takes `#[inject(default)]`, or `#[inject(argument)]` if it is given by hand"
)]
pub trait Injectable: Sized + Send + 'static {
    /// What a place that it is injected into remembers from one time to the next, so that it is found without a look-up:
    /// a [`ServiceSite`] for a service, `()` for what remembers nothing.
    type Site: Default + Send + Sync + 'static;

    /// What is needed for it.
    fn dependency() -> Dependency;

    /// Gets it.
    ///
    /// # Errors
    ///
    /// When what is needed cannot be had.
    fn inject(resolver: &Resolver<'_>) -> Result<Self, ServiceError>;

    /// Gets it for a place that remembers. The site is used by one registration of one container only.
    ///
    /// # Errors
    ///
    /// When what is needed cannot be had.
    #[inline]
    fn inject_at(resolver: &Resolver<'_>, site: &Self::Site) -> Result<Self, ServiceError> {
        let _ = site;
        Self::inject(resolver)
    }

    /// The site of the first of several, and those of the others: for `#[derive(Inject)]` and `#[inject]`.
    #[doc(hidden)]
    #[inline]
    fn next_site<Others>(
        sites: Option<&(Self::Site, Others)>,
    ) -> (Option<&Self::Site>, Option<&Others>) {
        sites.map(|(site, others)| (site, others)).unzip()
    }
}

/// An [`Injectable`] that can stand under `#[inject(key = ..)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be injected with a key",
    label = "not injectable with a key",
    note = "`#[inject(key = ..)]` stands on `Arc<S>`, `Option<Arc<S>>`, `Vec<Arc<S>>` or `Lazy<S>`"
)]
pub trait InjectableKeyed: Injectable {
    /// Gets it from the registrations with `key`.
    ///
    /// # Errors
    ///
    /// When what is needed cannot be had.
    fn inject_keyed(resolver: &Resolver<'_>, key: ServiceKey) -> Result<Self, ServiceError>;

    /// What is needed for it.
    fn keyed_dependency(key: ServiceKey) -> Dependency {
        Self::dependency().with_key(key)
    }
}

/// What the constructor of a `T` may return under `#[inject]`.
#[diagnostic::on_unimplemented(
    message = "`fn new` of an `#[inject]` block cannot return `{Self}`",
    label = "not what a constructor of `{T}` returns",
    note = "it returns `Self`, or `Result<Self, E>` whose error turns into a `BoxError`"
)]
pub trait ConstructorOutput<T> {
    /// The value, or why there is none.
    ///
    /// # Errors
    ///
    /// The constructor's own.
    fn into_constructed(self) -> Result<T, ServiceError>;
}

impl<T> ConstructorOutput<T> for T {
    #[inline]
    fn into_constructed(self) -> Result<T, ServiceError> {
        Ok(self)
    }
}

impl<T, E: Into<BoxError>> ConstructorOutput<T> for Result<T, E> {
    #[inline]
    fn into_constructed(self) -> Result<T, ServiceError> {
        self.map_err(ServiceError::failed)
    }
}

impl<S: ?Sized + Send + Sync + 'static> Injectable for Arc<S> {
    type Site = ServiceSite<S>;

    fn dependency() -> Dependency {
        Dependency::required::<S>()
    }

    fn inject(resolver: &Resolver<'_>) -> Result<Self, ServiceError> {
        resolver.required::<S>()
    }

    #[inline]
    fn inject_at(resolver: &Resolver<'_>, site: &ServiceSite<S>) -> Result<Self, ServiceError> {
        resolver.required_at(site)
    }
}

impl<S: ?Sized + Send + Sync + 'static> InjectableKeyed for Arc<S> {
    fn inject_keyed(resolver: &Resolver<'_>, key: ServiceKey) -> Result<Self, ServiceError> {
        resolver.required_keyed::<S>(key)
    }
}

impl<S: ?Sized + Send + Sync + 'static> Injectable for Option<Arc<S>> {
    type Site = ();

    fn dependency() -> Dependency {
        Dependency::optional::<S>()
    }

    fn inject(resolver: &Resolver<'_>) -> Result<Self, ServiceError> {
        resolver.get::<S>()
    }
}

impl<S: ?Sized + Send + Sync + 'static> InjectableKeyed for Option<Arc<S>> {
    fn inject_keyed(resolver: &Resolver<'_>, key: ServiceKey) -> Result<Self, ServiceError> {
        resolver.get_keyed::<S>(key)
    }
}

impl<S: ?Sized + Send + Sync + 'static> Injectable for Vec<Arc<S>> {
    type Site = ();

    fn dependency() -> Dependency {
        Dependency::all::<S>()
    }

    fn inject(resolver: &Resolver<'_>) -> Result<Self, ServiceError> {
        resolver.all::<S>()
    }
}

impl<S: ?Sized + Send + Sync + 'static> InjectableKeyed for Vec<Arc<S>> {
    fn inject_keyed(resolver: &Resolver<'_>, key: ServiceKey) -> Result<Self, ServiceError> {
        resolver.all_keyed::<S>(key)
    }
}

impl Injectable for ServiceProvider {
    type Site = ();

    fn dependency() -> Dependency {
        Dependency::none()
    }

    fn inject(resolver: &Resolver<'_>) -> Result<Self, ServiceError> {
        Ok(resolver.provider())
    }
}

impl Injectable for ServiceScopeFactory {
    type Site = ();

    fn dependency() -> Dependency {
        Dependency::none()
    }

    fn inject(resolver: &Resolver<'_>) -> Result<Self, ServiceError> {
        Ok(resolver.scope_factory())
    }
}

impl Injectable for ServiceKey {
    type Site = ();

    fn dependency() -> Dependency {
        Dependency::service_key::<Self>()
    }

    fn inject(resolver: &Resolver<'_>) -> Result<Self, ServiceError> {
        resolver.service_key()
    }
}

impl Injectable for Option<ServiceKey> {
    type Site = ();

    fn dependency() -> Dependency {
        Dependency::none()
    }

    fn inject(resolver: &Resolver<'_>) -> Result<Self, ServiceError> {
        resolver.service_key()
    }
}
