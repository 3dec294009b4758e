use std::fmt;
use std::sync::Arc;

use super::disposing::{self, DisposeError};
use super::provider::ServiceProvider;
use super::root::Root;

/// The life of scoped services: a request, a message, a job. What was constructed in it is disposed with it.
///
/// Opening one costs nothing until something scoped is asked for. Scopes are flat: one that is opened by the provider of
/// another has services of its own, and outlives it.
///
/// Dropped without [`ServiceScope::dispose`], it disposes what can be disposed synchronously, in the same order; failures
/// are logged.
#[doc(alias = "IServiceScope")]
#[doc(alias = "AsyncServiceScope")]
pub struct ServiceScope {
    provider: ServiceProvider,
}

impl ServiceScope {
    pub(crate) fn new(root: &Arc<Root>) -> Self {
        Self {
            provider: ServiceProvider::scoped(root),
        }
    }

    /// The provider of this scope. Clones of it answer until the scope ends.
    #[doc(alias = "ServiceProvider")]
    pub fn services(&self) -> &ServiceProvider {
        &self.provider
    }

    /// Ends the scope: disposes and drops what was constructed in it, in the reverse order of creation, one after the
    /// other.
    ///
    /// # Errors
    ///
    /// All failures of disposal. None of them ends it.
    ///
    /// # Cancel safety
    ///
    /// Where the future is dropped, what is left is disposed synchronously.
    #[doc(alias = "DisposeAsync")]
    pub async fn dispose(self) -> Result<(), DisposeError> {
        match self.provider.scope_owner() {
            Some(owner) => owner.close().finish().await,
            None => Ok(()),
        }
    }

    /// [`ServiceScope::dispose`] without waiting: what can only be disposed asynchronously is dropped, and is a failure.
    ///
    /// # Errors
    ///
    /// All failures of disposal. None of them ends it.
    pub fn dispose_now(self) -> Result<(), DisposeError> {
        match self.provider.scope_owner() {
            Some(owner) => owner.close().finish_now(),
            None => Ok(()),
        }
    }
}

impl Drop for ServiceScope {
    fn drop(&mut self) {
        if let Some(owner) = self.provider.scope_owner() {
            disposing::log(owner.close().finish_now());
        }
    }
}

impl fmt::Debug for ServiceScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceScope").finish_non_exhaustive()
    }
}

/// Opens scopes. May be kept as long as one likes; a singleton that needs scoped services is given this.
#[derive(Clone)]
#[doc(alias = "IServiceScopeFactory")]
pub struct ServiceScopeFactory {
    root: Arc<Root>,
}

impl ServiceScopeFactory {
    pub(crate) fn new(root: &Arc<Root>) -> Self {
        Self {
            root: Arc::clone(root),
        }
    }

    /// Opens a scope.
    ///
    /// Where the container is disposed already, every request in it is an error.
    #[doc(alias = "CreateScope")]
    #[doc(alias = "CreateAsyncScope")]
    pub fn create_scope(&self) -> ServiceScope {
        ServiceScope::new(&self.root)
    }
}

impl fmt::Debug for ServiceScopeFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceScopeFactory")
            .finish_non_exhaustive()
    }
}
