//! Which user a client is.

use crate::RequestHead;

/// Says which user a client is, once, when it connects. Registered in the container as `dyn UserIdProvider`; without one it
/// is the principal's [user identifier](campanile_web::Principal::user_identifier), the claim `sub`.
///
/// ```
/// use std::sync::Arc;
///
/// use campanile_host::services::ServiceCollection;
/// use campanile_hub::{RequestHead, UserIdProvider};
///
/// struct ByEmail;
///
/// impl UserIdProvider for ByEmail {
///     fn user_identifier(&self, request: &RequestHead) -> Option<String> {
///         request.principal().claim("email").map(str::to_owned)
///     }
/// }
///
/// let mut services = ServiceCollection::new();
/// services.add_instance::<dyn UserIdProvider>(Arc::new(ByEmail));
/// ```
#[doc(alias = "IUserIdProvider")]
pub trait UserIdProvider: Send + Sync + 'static {
    /// The identifier of the user that opened a connection. Case-sensitive. A connection without one cannot be addressed as
    /// a user.
    fn user_identifier(&self, request: &RequestHead) -> Option<String>;
}
