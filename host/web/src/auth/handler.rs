//! Requirements that are looked into with services, and with what is asked for.

use std::any::{Any, TypeId, type_name};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use campanile_host::BoxError;
use campanile_host::services::{Inject, ServiceCollection, ServiceDescriptor, ServiceProvider};

use super::Principal;

/// Says whether somebody may have a certain thing, with the help of services: a requirement of a
/// [`Policy`](super::Policy) that [names it](super::Policy::require_handler).
///
/// The resource is what is asked for: the head of a request ([`http::request::Parts`]) where the policy is for a route or a
/// whole hub, and the call (`HubInvocationContext` of `campanile-hub`, with its arguments) where it is for a method of a hub. A
/// policy at a place whose resource is another one ends the start of the host.
///
/// The container makes a handler anew for each decision, unless it is registered as something else, in a scope of the request
/// or the scope of the call.
///
/// ```
/// use std::sync::Arc;
///
/// use campanile_host::{BoxError, HostBuilder, Inject};
/// use campanile_web::http::request::Parts;
/// use campanile_web::{AuthHostBuilderExt, AuthorizationHandler, Policy, Principal, WebHostBuilderExt};
///
/// # #[derive(Inject)]
/// # struct Towers;
/// # impl Towers { async fn keeper_of(&self, _path: &str) -> Result<Option<String>, BoxError> { Ok(None) } }
/// /// Lets nobody but its keeper into a tower.
/// #[derive(Inject)]
/// struct Keepers {
///     towers: Arc<Towers>,
/// }
///
/// impl AuthorizationHandler for Keepers {
///     type Requirement = ();
///     type Resource = Parts;
///
///     async fn permits(
///         &self,
///         principal: &Principal,
///         _requirement: &(),
///         request: &Parts,
///     ) -> Result<bool, BoxError> {
///         let keeper = self.towers.keeper_of(request.uri.path()).await?;
///         Ok(keeper.is_some() && keeper.as_deref() == principal.user_identifier())
///     }
/// }
///
/// # let _ =
/// HostBuilder::new()
///     .configure_services(|services| {
///         services.add_singleton::<Towers>();
///     })
///     .map_get("/towers/{name}", |_request| async { "welcome home" })
///     .require_authorization(Policy::authenticated().require_handler::<Keepers>(()))
/// # ;
/// ```
#[doc(alias = "IAuthorizationHandler")]
pub trait AuthorizationHandler: Send + Sync + 'static {
    /// What a policy says to the handler, such as the least age; `()` where there is nothing to say.
    #[doc(alias = "IAuthorizationRequirement")]
    type Requirement: Send + Sync + 'static;

    /// What is asked for.
    type Resource: Send + Sync + 'static;

    /// Whether somebody may have it.
    ///
    /// # Errors
    ///
    /// An error is logged and refuses as a failure of the server: 500 for a request, and for a call an error as of the method.
    #[doc(alias = "HandleRequirementAsync")]
    fn permits(
        &self,
        principal: &Principal,
        requirement: &Self::Requirement,
        resource: &Self::Resource,
    ) -> impl Future<Output = Result<bool, BoxError>> + Send;
}

/// What a handler is asked, whatever its types are.
pub(super) trait Handled: Send + Sync {
    /// The name of the handler's type.
    fn handler(&self) -> &'static str;

    /// The type of its resource, and its name.
    fn resource(&self) -> (TypeId, &'static str);

    /// Lets the container check what the handler needs.
    fn register(&self, services: &mut ServiceCollection);

    fn permits<'a>(
        &'a self,
        services: &'a ServiceProvider,
        principal: &'a Principal,
        resource: &'a (dyn Any + Send + Sync),
    ) -> Pin<Box<dyn Future<Output = Result<bool, BoxError>> + Send + 'a>>;
}

/// A requirement for the handler `H`.
pub(super) struct For<H: AuthorizationHandler> {
    requirement: H::Requirement,
    handler: PhantomData<fn() -> H>,
}

impl<H: AuthorizationHandler> For<H> {
    pub(super) fn new(requirement: H::Requirement) -> Self {
        Self {
            requirement,
            handler: PhantomData,
        }
    }
}

impl<H: AuthorizationHandler + Inject> Handled for For<H> {
    fn handler(&self) -> &'static str {
        type_name::<H>()
    }

    fn resource(&self) -> (TypeId, &'static str) {
        (TypeId::of::<H::Resource>(), type_name::<H::Resource>())
    }

    fn register(&self, services: &mut ServiceCollection) {
        services.try_add(ServiceDescriptor::transient::<H>());
    }

    fn permits<'a>(
        &'a self,
        services: &'a ServiceProvider,
        principal: &'a Principal,
        resource: &'a (dyn Any + Send + Sync),
    ) -> Pin<Box<dyn Future<Output = Result<bool, BoxError>> + Send + 'a>> {
        Box::pin(async move {
            // Checked when the policy was resolved; who comes here past that gets nothing.
            let Some(resource) = resource.downcast_ref() else {
                return Ok(false);
            };
            let handler = match services.get::<H>()? {
                Some(handler) => handler,
                None => Arc::new(services.construct::<H>()?),
            };
            handler
                .permits(principal, &self.requirement, resource)
                .await
        })
    }
}
