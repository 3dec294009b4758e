//! Who sends a request, and what they may do.

mod authenticator;
mod authorization;
mod builder;
mod handler;
#[cfg(feature = "jwt")]
mod jwt;
mod policy;
mod principal;
mod service;

pub(crate) use authenticator::ErasedAuthenticator;
pub use authenticator::{AuthenticationResult, AuthenticationTicket, Authenticator};
pub(crate) use authorization::protected;
pub use authorization::{authorize, authorize_request};
pub use builder::AuthHostBuilderExt;
pub use handler::AuthorizationHandler;
#[cfg(feature = "jwt")]
pub use jwt::{JwtBearer, JwtBearerError, JwtBearerOptions, JwtKey};
pub use policy::{AuthorizationPolicies, Policy, PolicyError};
pub use principal::{Claim, Principal};
pub use service::{Authentication, AuthenticationLayer};
