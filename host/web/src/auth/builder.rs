//! Authentication and authorization on a host builder.

use std::sync::Arc;

use campanile_host::HostBuilder;

use super::{Authenticator, AuthorizationPolicies, Policy};
use crate::builder::web_host;

/// Who is let in, for a [`HostBuilder`].
///
/// ```
/// # use campanile_host::HostBuilder;
/// use campanile_web::{AuthHostBuilderExt, Policy, WebHostBuilderExt};
///
/// # let _ =
/// HostBuilder::new()
///     .add_authorization_policy("Ringers", Policy::authenticated().require_role(["ringer"]))
///     .map_get("/", |_request| async { "for everybody" })
///     .map_get("/bells", |_request| async { "for ringers" })
///     .require_authorization(Policy::named("Ringers"))
/// # ;
/// ```
pub trait AuthHostBuilderExt: Sized {
    /// Finds out who sends a request, before it reaches any route: a [`Principal`](crate::Principal) is in its extensions.
    ///
    /// Several schemes are asked in order, until one knows somebody. [Layers](crate::WebHostBuilderExt::layer) are around
    /// it, so that one for CORS sees refusals too.
    #[doc(alias = "AddAuthentication")]
    #[must_use]
    fn add_authentication(self, scheme: impl Authenticator) -> Self;

    /// Takes JSON Web Tokens, by what the section `Authentication:Schemes:Bearer` says.
    ///
    /// See [`JwtBearerOptions`](crate::JwtBearerOptions) for its keys.
    #[cfg(feature = "jwt")]
    #[doc(alias = "AddJwtBearer")]
    #[must_use]
    fn add_jwt_bearer(self) -> Self {
        self.add_jwt_bearer_with(|_| {})
    }

    /// The same, with what the program says over it.
    #[cfg(feature = "jwt")]
    #[doc(alias = "AddJwtBearer")]
    #[must_use]
    fn add_jwt_bearer_with(
        self,
        configure: impl FnOnce(&mut crate::JwtBearerOptions) + Send + 'static,
    ) -> Self;

    /// Names a policy.
    #[doc(alias = "AddAuthorization")]
    #[doc(alias = "AddPolicy")]
    #[must_use]
    fn add_authorization_policy(self, name: impl Into<String>, policy: Policy) -> Self;

    /// Lets only those through to the route that was mapped last, or the hub, whom a policy permits. Others get 401 where it
    /// is not known who they are, and 403 where it is.
    ///
    /// Called twice, both policies have to permit. A name that no policy has ends the start of the host.
    ///
    /// # Panics
    ///
    /// If no route was mapped before.
    #[doc(alias = "RequireAuthorization")]
    #[must_use]
    fn require_authorization(self, policy: Policy) -> Self;
}

impl AuthHostBuilderExt for HostBuilder {
    fn add_authentication(mut self, scheme: impl Authenticator) -> Self {
        web_host(&mut self).schemes.push(Arc::new(scheme));
        self
    }

    #[cfg(feature = "jwt")]
    fn add_jwt_bearer_with(
        mut self,
        configure: impl FnOnce(&mut crate::JwtBearerOptions) + Send + 'static,
    ) -> Self {
        self.add_before_build(move |builder| {
            let mut options = crate::JwtBearerOptions::from_configuration(builder.configuration())?;
            configure(&mut options);
            let scheme = crate::JwtBearer::new(options)?;
            web_host(builder).schemes.push(Arc::new(scheme));
            Ok(())
        });
        self
    }

    fn add_authorization_policy(mut self, name: impl Into<String>, policy: Policy) -> Self {
        let name = name.into();
        policy.register(self.services());
        let all = self.extension::<AuthorizationPolicies>();
        all.add(name, policy);
        let all = Arc::new(all.clone());
        // The last one that is added is the one that is got.
        self.services().add_instance(all);
        self
    }

    fn require_authorization(mut self, policy: Policy) -> Self {
        policy.register(self.services());
        let mapped = web_host(&mut self).protect_last(&policy);
        assert!(mapped, "map a route first, and then say who may have it");
        self
    }
}
