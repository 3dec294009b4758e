use std::error::Error;
use std::fmt;

use super::path::{ServiceForm, ServiceId, ServicePath, ServiceStep};
use crate::BoxError;

/// Why a service could not be had, and the path to the one that is to blame.
pub struct ServiceError {
    inner: Box<Inner>,
}

struct Inner {
    kind: ServiceErrorKind,
    path: ServicePath,
    closing: Closing,
}

/// Where the path of a cycle ends to grow, on its way up through the constructions that it fails.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    Open,
    At(usize),
    Closed,
}

/// What went wrong when a service was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceErrorKind {
    /// The last service of the path is not registered.
    #[error("is not registered")]
    Missing,
    /// The services of the path need each other in a circle. [`ServiceCollection::build`] finds those that are
    /// declared; this one came about by asking a [`ServiceProvider`] in a constructor or factory.
    ///
    /// [`ServiceCollection::build`]: super::ServiceCollection::build
    /// [`ServiceProvider`]: super::ServiceProvider
    #[error("needs itself")]
    Cycle,
    /// The last service of the path is scoped and was asked for at the root.
    #[error(
        "is scoped and cannot be had from the root provider: open a scope with `create_scope` and ask there"
    )]
    ScopedFromRoot,
    /// The last service of the path is made by an async factory that has not been awaited yet.
    #[error(
        "is not ready: its async factory is awaited when the host starts, or by `ServiceProvider::initialize`"
    )]
    NotReady,
    /// [`ServiceProvider::initialize`](super::ServiceProvider::initialize) was called while it was going on, or by an
    /// async factory. The last service of the path is the one that was awaited.
    #[error("is being made by its async factory, and the services are initialized one at a time")]
    Initializing,
    /// The scope, or the whole container, is disposed.
    #[error("was asked for after the scope or the container was disposed")]
    Disposed,
    /// The constructor or the factory of the last service of the path failed.
    #[error("could not be constructed: {0}")]
    Failed(BoxError),
    /// A single service was asked for with the any-key.
    #[error("was asked for with the any-key, which only \"all\" can be asked for with")]
    AnyKey,
    /// An argument that was given by hand fits no parameter of the type.
    #[error("has no parameter of the type `{0}`, of which an argument was given")]
    UnusedArgument(&'static str),
    /// The service wants its key in another form than it was registered or asked for with.
    #[error("wants its key as `{0}`, and the key is none")]
    UnfitKey(&'static str),
}

impl ServiceError {
    fn new(kind: ServiceErrorKind, path: ServicePath) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                path,
                closing: Closing::Open,
            }),
        }
    }

    pub(crate) fn at(kind: ServiceErrorKind, step: ServiceStep) -> Self {
        Self::new(kind, ServicePath::from_iter([step]))
    }

    pub(crate) fn along(kind: ServiceErrorKind, path: ServicePath) -> Self {
        Self::new(kind, path)
    }

    pub(crate) fn missing(service: ServiceId) -> Self {
        Self::at(
            ServiceErrorKind::Missing,
            ServiceStep::new(service, ServiceForm::One),
        )
    }

    /// A cycle whose path begins anew with what `closes_at` identifies.
    pub(crate) fn cycle(path: ServicePath, closes_at: usize) -> Self {
        let mut error = Self::new(ServiceErrorKind::Cycle, path);
        error.inner.closing = Closing::At(closes_at);
        error
    }

    /// The failure of a constructor or factory. An error that the container itself gave to it is passed on as it is,
    /// so that its path goes on.
    pub fn failed(error: impl Into<BoxError>) -> Self {
        match error.into().downcast::<Self>() {
            Ok(error) => *error,
            Err(error) => Self::new(ServiceErrorKind::Failed(error), ServicePath::default()),
        }
    }

    /// The same error with one more service in front of its path: the one that needed it.
    pub(crate) fn through(mut self, identity: usize, step: impl FnOnce() -> ServiceStep) -> Self {
        if self.inner.closing != Closing::Closed {
            self.inner.path.prepend(step());
            if self.inner.closing == Closing::At(identity) {
                self.inner.closing = Closing::Closed;
            }
        }
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> &ServiceErrorKind {
        &self.inner.kind
    }

    /// From what was asked for to the service that the error is about. A cycle alone, beginning and ending with the
    /// same service, where its path is known.
    pub fn path(&self) -> &ServicePath {
        &self.inner.path
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path().steps() {
            [] => write!(f, "a service {}", self.kind()),
            [step] => write!(f, "`{step}` {}", self.kind()),
            [.., last] => write!(f, "`{last}` {} ({})", self.kind(), self.path()),
        }
    }
}

impl fmt::Debug for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceError")
            .field("kind", self.kind())
            .field("path", &format_args!("{}", self.path()))
            .finish()
    }
}

impl Error for ServiceError {
    // The message contains the cause's own, so the chain goes on below it.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self.kind() {
            ServiceErrorKind::Failed(error) => error.source(),
            _ => None,
        }
    }
}
