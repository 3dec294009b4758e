//! Authentication around a service.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderValue, Request};
use tower_layer::Layer;
use tower_service::Service;

use super::authenticator::ErasedAuthenticator;
use super::{AuthenticationResult, AuthenticationTicket, Authenticator, Principal};

/// Puts a [`Principal`] into every request: a `tower` layer for servers other than ours.
///
/// On our own server [`add_authentication`](crate::AuthHostBuilderExt::add_authentication) does it.
#[derive(Clone, Default)]
pub struct AuthenticationLayer {
    schemes: Vec<Arc<dyn ErasedAuthenticator>>,
}

/// A service whose requests carry a [`Principal`], made by an [`AuthenticationLayer`].
#[derive(Clone)]
pub struct Authentication<S> {
    schemes: Arc<[Arc<dyn ErasedAuthenticator>]>,
    inner: S,
}

/// What a refused sender is told about how to be known.
#[derive(Clone, Debug)]
pub(crate) struct Challenges(pub(crate) Vec<HeaderValue>);

impl AuthenticationLayer {
    /// A layer of one scheme.
    #[must_use]
    pub fn new(scheme: impl Authenticator) -> Self {
        Self::default().and(scheme)
    }

    /// One more scheme, which is asked where those before know nobody.
    #[must_use]
    pub fn and(mut self, scheme: impl Authenticator) -> Self {
        self.schemes.push(Arc::new(scheme));
        self
    }

    pub(crate) fn of(schemes: Vec<Arc<dyn ErasedAuthenticator>>) -> Self {
        Self { schemes }
    }
}

impl<S> Layer<S> for AuthenticationLayer {
    type Service = Authentication<S>;

    fn layer(&self, inner: S) -> Authentication<S> {
        Authentication {
            schemes: self.schemes.clone().into(),
            inner,
        }
    }
}

impl<S, B> Service<Request<B>> for Authentication<S>
where
    S: Service<Request<B>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that is ready is called; its clone waits for the next request.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let schemes = self.schemes.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let mut challenges = Vec::new();
            let mut ticket: Option<AuthenticationTicket> = None;
            for scheme in schemes.iter() {
                match scheme.authenticate(&parts).await {
                    AuthenticationResult::Success(found) => {
                        ticket = Some(found);
                        break;
                    }
                    AuthenticationResult::Failed(Some(challenge)) => challenges.push(challenge),
                    AuthenticationResult::None | AuthenticationResult::Failed(None) => {
                        challenges.extend(scheme.challenge());
                    }
                }
            }
            match ticket {
                Some(ticket) => {
                    parts.extensions.insert(ticket.principal().clone());
                    parts.extensions.insert(ticket);
                }
                None => {
                    parts.extensions.insert(Principal::anonymous());
                    parts.extensions.insert(Challenges(challenges));
                }
            }
            inner.call(Request::from_parts(parts, body)).await
        })
    }
}

impl fmt::Debug for AuthenticationLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticationLayer")
            .field("schemes", &self.schemes.len())
            .finish()
    }
}

impl<S> fmt::Debug for Authentication<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authentication").finish_non_exhaustive()
    }
}
