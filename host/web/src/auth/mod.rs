//! Who sends a request, and what they may do.

mod authenticator;
mod authorization;
mod builder;
#[cfg(feature = "jwt")]
mod jwt;
mod policy;
mod principal;
mod service;

pub(crate) use authenticator::ErasedAuthenticator;
pub use authenticator::{AuthenticationResult, AuthenticationTicket, Authenticator};
pub use authorization::authorize;
pub(crate) use authorization::protected;
pub use builder::AuthHostBuilderExt;
#[cfg(feature = "jwt")]
pub use jwt::{JwtBearer, JwtBearerError, JwtBearerOptions, JwtKey};
pub use policy::{AuthorizationPolicies, Policy, UnknownPolicyError};
pub use principal::{Claim, Principal};
pub use service::{Authentication, AuthenticationLayer};
