use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::BoxError;

/// What has to be done when the container lets go of a service, beyond dropping it.
///
/// A type that implements it says so where it is made known to the container: `#[inject(dispose)]` beside
/// `#[derive(Inject)]`, `#[inject(dispose)]` on its constructor's `impl`, or
/// [`ServiceDescriptor::disposed`](super::ServiceDescriptor::disposed). What is neither is only dropped, in the reverse
/// order of creation, which is all that most types need.
///
/// ```
/// use campanile_host::services::{Dispose, ServiceCollection};
/// use campanile_host::{BoxError, Inject};
///
/// #[derive(Inject)]
/// #[inject(dispose)]
/// struct Journal;
///
/// impl Dispose for Journal {
///     fn dispose(&self) -> Result<(), BoxError> {
///         Ok(()) // flush and close
///     }
/// }
///
/// let mut services = ServiceCollection::new();
/// services.add_singleton::<Journal>();
/// ```
#[doc(alias = "IDisposable")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is declared to be disposed, but does not say how",
    note = "write `impl Dispose for {Self}`, or leave `#[inject(dispose)]` out: what is only dropped needs neither"
)]
pub trait Dispose: Send + Sync + 'static {
    /// Called once, before the container drops its `Arc`. Others may still hold theirs.
    ///
    /// # Errors
    ///
    /// A failure is reported by the disposal of the scope or the container, which goes on with the other services.
    fn dispose(&self) -> Result<(), BoxError>;
}

/// [`Dispose`] for what has to wait. Declared by `#[inject(dispose_async)]`.
///
/// Where a type has both, this one is preferred; [`Dispose`] is for a disposal that cannot wait.
#[doc(alias = "IAsyncDisposable")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is declared to be disposed asynchronously, but does not say how",
    note = "write `impl AsyncDispose for {Self}`, or leave `#[inject(dispose_async)]` out: what is only dropped needs neither"
)]
pub trait AsyncDispose: Send + Sync + 'static {
    /// Called once, before the container drops its `Arc`. Others may still hold theirs.
    ///
    /// # Errors
    ///
    /// A failure is reported by the disposal of the scope or the container, which goes on with the other services.
    fn dispose_async(&self) -> impl Future<Output = Result<(), BoxError>> + Send;
}

pub(crate) type DisposeFuture = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;
type SyncDispose<T> = Arc<dyn Fn(&T) -> Result<(), BoxError> + Send + Sync>;
type AsyncDisposal<T> = Arc<dyn Fn(Arc<T>) -> DisposeFuture + Send + Sync>;

/// How a service is disposed: not at all, synchronously, asynchronously, or either way.
pub struct Disposal<T: ?Sized> {
    sync: Option<SyncDispose<T>>,
    asynchronous: Option<AsyncDisposal<T>>,
}

impl<T: ?Sized + Send + Sync + 'static> Disposal<T> {
    /// By dropping it, and nothing else.
    pub fn none() -> Self {
        Self {
            sync: None,
            asynchronous: None,
        }
    }

    /// Also by its [`Dispose`].
    #[must_use]
    pub fn with_dispose(self) -> Self
    where
        T: Dispose,
    {
        self.with(T::dispose)
    }

    /// Also by its [`AsyncDispose`].
    #[must_use]
    pub fn with_dispose_async(self) -> Self
    where
        T: AsyncDispose,
    {
        self.with_async(|it| async move { it.dispose_async().await })
    }

    /// Also by this function.
    #[must_use]
    pub fn with(
        self,
        dispose: impl Fn(&T) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            sync: Some(Arc::new(dispose)),
            ..self
        }
    }

    /// Also by this asynchronous function.
    #[must_use]
    pub fn with_async<F>(self, dispose: impl Fn(Arc<T>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        Self {
            asynchronous: Some(Arc::new(move |it| Box::pin(dispose(it)))),
            ..self
        }
    }

    /// What disposes `value`; none if there is nothing to do.
    pub(crate) fn of(&self, value: &Arc<T>) -> Option<Box<dyn Disposer>> {
        if self.is_none() {
            return None;
        }
        Some(Box::new(ValueDisposer {
            value: Arc::clone(value),
            disposal: self.clone(),
        }))
    }
}

impl<T: ?Sized> Disposal<T> {
    /// Whether there is nothing to do but to drop it.
    pub(crate) fn is_none(&self) -> bool {
        self.sync.is_none() && self.asynchronous.is_none()
    }
}

impl<T: ?Sized> Clone for Disposal<T> {
    fn clone(&self) -> Self {
        Self {
            sync: self.sync.clone(),
            asynchronous: self.asynchronous.clone(),
        }
    }
}

impl<T: ?Sized> fmt::Debug for Disposal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disposal")
            .field("sync", &self.sync.is_some())
            .field("async", &self.asynchronous.is_some())
            .finish()
    }
}

/// A value together with how it is disposed.
pub(crate) trait Disposer: Send + Sync {
    /// Where the value is: one object has one address, whatever it is called.
    fn address(&self) -> usize;
    /// None: it can only be disposed asynchronously.
    fn dispose(&self) -> Option<Result<(), BoxError>>;
    /// None: it can only be disposed synchronously.
    fn dispose_async(&self) -> Option<DisposeFuture>;
}

struct ValueDisposer<T: ?Sized> {
    value: Arc<T>,
    disposal: Disposal<T>,
}

impl<T: ?Sized + Send + Sync> Disposer for ValueDisposer<T> {
    fn address(&self) -> usize {
        Arc::as_ptr(&self.value).cast::<()>().addr()
    }

    fn dispose(&self) -> Option<Result<(), BoxError>> {
        self.disposal.sync.as_ref().map(|it| it(&self.value))
    }

    fn dispose_async(&self) -> Option<DisposeFuture> {
        let dispose = self.disposal.asynchronous.as_ref()?;
        Some(dispose(Arc::clone(&self.value)))
    }
}
