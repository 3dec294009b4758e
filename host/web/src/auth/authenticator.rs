//! How a request's sender is found out.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use http::request::Parts;
use tokio::time::Instant;

use super::Principal;

/// Finds out who sends a request: one scheme of authentication.
///
/// ```
/// use campanile_web::http::request::Parts;
/// use campanile_web::{AuthenticationResult, AuthenticationTicket, Authenticator, Principal};
///
/// /// Trusts a proxy in front to say who it is.
/// struct ProxyHeader;
///
/// impl Authenticator for ProxyHeader {
///     async fn authenticate(&self, request: &Parts) -> AuthenticationResult {
///         match request.headers.get("x-user").and_then(|it| it.to_str().ok()) {
///             Some(user) => AuthenticationTicket::new(Principal::new([("sub", user)])).into(),
///             None => AuthenticationResult::None,
///         }
///     }
/// }
/// ```
#[doc(alias = "AuthenticationHandler")]
pub trait Authenticator: Send + Sync + 'static {
    /// Says who sends the request; [`AuthenticationResult::None`] where it carries nothing of this scheme.
    fn authenticate(&self, request: &Parts) -> impl Future<Output = AuthenticationResult> + Send;

    /// What the header `WWW-Authenticate` says to a sender who has to be known and is not, such as `Bearer`.
    fn challenge(&self) -> Option<HeaderValue> {
        None
    }
}

/// What an [`Authenticator`] has found out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AuthenticationResult {
    /// The request carries nothing of this scheme. The next scheme is asked.
    None,
    /// It is known who sends it.
    Success(AuthenticationTicket),
    /// The request carries something that is not valid: it counts as nothing, and a refusal has this for its header
    /// `WWW-Authenticate` where the sender may know the reason.
    Failed(Option<HeaderValue>),
}

/// Who sends a request, and for how long that holds. In the request's extensions where authentication succeeded.
#[derive(Clone, Debug)]
pub struct AuthenticationTicket {
    principal: Principal,
    expires: Option<Instant>,
}

impl AuthenticationTicket {
    /// A ticket that does not expire.
    #[must_use]
    pub fn new(principal: Principal) -> Self {
        Self {
            principal,
            expires: None,
        }
    }

    /// The same until a moment. One that is over already expires at once.
    #[must_use]
    pub fn expiring_at(self, expires: SystemTime) -> Self {
        let left = expires.duration_since(SystemTime::now());
        self.expiring_in(left.unwrap_or_default())
    }

    /// The same for a time from now on.
    #[must_use]
    pub fn expiring_in(mut self, left: Duration) -> Self {
        // What is too far away for the clock does not expire.
        self.expires = Instant::now().checked_add(left);
        self
    }

    /// Who it is.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// When that holds no longer.
    #[must_use]
    #[doc(alias = "ExpiresUtc")]
    pub fn expires(&self) -> Option<Instant> {
        self.expires
    }
}

impl From<AuthenticationTicket> for AuthenticationResult {
    fn from(ticket: AuthenticationTicket) -> Self {
        Self::Success(ticket)
    }
}

/// The object-safe twin of [`Authenticator`].
pub(crate) trait ErasedAuthenticator: Send + Sync {
    fn authenticate<'a>(
        &'a self,
        request: &'a Parts,
    ) -> Pin<Box<dyn Future<Output = AuthenticationResult> + Send + 'a>>;

    fn challenge(&self) -> Option<HeaderValue>;
}

impl<A: Authenticator> ErasedAuthenticator for A {
    fn authenticate<'a>(
        &'a self,
        request: &'a Parts,
    ) -> Pin<Box<dyn Future<Output = AuthenticationResult> + Send + 'a>> {
        Box::pin(Authenticator::authenticate(self, request))
    }

    fn challenge(&self) -> Option<HeaderValue> {
        Authenticator::challenge(self)
    }
}
