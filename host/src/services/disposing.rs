use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{fmt, mem};

use futures_util::FutureExt;

use super::identity_hash::BuildIdentityHasher;
use super::owner::Owned;
use super::path::ServiceStep;
use crate::BoxError;

/// Some services could not be disposed. All others were: a failure does not end the disposal.
#[derive(Debug, thiserror::Error)]
pub struct DisposeError {
    failures: Vec<DisposeFailure>,
}

impl DisposeError {
    /// The failures, in the order in which they came about. There is at least one.
    pub fn failures(&self) -> &[DisposeFailure] {
        &self.failures
    }
}

impl fmt::Display for DisposeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, failure) in self.failures.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            failure.fmt(f)?;
        }
        Ok(())
    }
}

/// A service that could not be disposed, and why.
#[derive(Debug, thiserror::Error)]
#[error("`{step}` {reason}")]
pub struct DisposeFailure {
    step: ServiceStep,
    reason: DisposeFailureReason,
}

impl DisposeFailure {
    /// The service, and what it is implemented by.
    pub fn service(&self) -> &ServiceStep {
        &self.step
    }

    /// Why it could not be disposed.
    pub fn reason(&self) -> &DisposeFailureReason {
        &self.reason
    }
}

/// Why a service could not be disposed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DisposeFailureReason {
    /// Its disposal failed.
    #[error("could not be disposed: {0}")]
    Failed(BoxError),
    /// Its disposal, or its `Drop`, panicked with this message.
    #[error("could not be disposed: it panicked: {0}")]
    Panicked(String),
    /// It can only be disposed asynchronously, and was only dropped.
    #[error(
        "can only be disposed asynchronously, and was dropped: await `dispose` on the scope or provider"
    )]
    AsyncOnly,
}

/// What is left to be disposed. Dropped before it is done, as by a cancelled future, it does the rest synchronously.
pub(crate) struct Disposing {
    left: Vec<Owned>,
    failures: Vec<DisposeFailure>,
}

impl Disposing {
    pub(crate) fn new(mut owned: Vec<Owned>) -> Self {
        // One object is disposed once, where the first of its registrations is: who came after may need it.
        let mut known = HashSet::with_hasher(BuildIdentityHasher::default());
        for it in &mut owned {
            if it
                .disposer
                .as_ref()
                .is_some_and(|it| !known.insert(it.address()))
            {
                it.disposer = None;
            }
        }
        Self {
            left: owned,
            failures: Vec::new(),
        }
    }

    pub(crate) fn finish_now(mut self) -> Result<(), DisposeError> {
        self.dispose_now();
        self.report()
    }

    /// # Cancel safety
    ///
    /// Where it is dropped, the one that is being disposed asynchronously is only dropped, and the others are disposed
    /// synchronously.
    pub(crate) async fn finish(mut self) -> Result<(), DisposeError> {
        while let Some(mut owned) = self.left.pop() {
            let future = owned
                .disposer
                .as_ref()
                .and_then(|it| catch_unwind(AssertUnwindSafe(|| it.dispose_async())).transpose());
            let result = match future {
                Some(Ok(future)) => AssertUnwindSafe(future).catch_unwind().await,
                Some(Err(panic)) => Err(panic),
                None => {
                    self.dispose_one(&mut owned);
                    continue;
                }
            };
            self.note(&owned.step, result);
            self.drop_one(&mut owned);
        }
        self.report()
    }

    fn report(mut self) -> Result<(), DisposeError> {
        match mem::take(&mut self.failures) {
            failures if failures.is_empty() => Ok(()),
            failures => Err(DisposeError { failures }),
        }
    }

    fn dispose_now(&mut self) {
        while let Some(mut owned) = self.left.pop() {
            self.dispose_one(&mut owned);
        }
    }

    fn dispose_one(&mut self, owned: &mut Owned) {
        if let Some(disposer) = &owned.disposer {
            match catch_unwind(AssertUnwindSafe(|| disposer.dispose())).transpose() {
                Some(result) => self.note(&owned.step, result),
                None => self.failures.push(DisposeFailure {
                    step: owned.step.clone(),
                    reason: DisposeFailureReason::AsyncOnly,
                }),
            }
        }
        self.drop_one(owned);
    }

    fn drop_one(&mut self, owned: &mut Owned) {
        let dropped = owned.take();
        let result = catch_unwind(AssertUnwindSafe(|| drop(dropped)));
        self.note(&owned.step, result.map(Ok));
    }

    fn note(&mut self, step: &ServiceStep, result: std::thread::Result<Result<(), BoxError>>) {
        let reason = match result {
            Ok(Ok(())) => return,
            Ok(Err(error)) => DisposeFailureReason::Failed(error),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
                DisposeFailureReason::Panicked(text.unwrap_or("no message").to_owned())
            }
        };
        self.failures.push(DisposeFailure {
            step: step.clone(),
            reason,
        });
    }
}

impl Drop for Disposing {
    fn drop(&mut self) {
        if !self.left.is_empty() {
            self.dispose_now();
        }
        for failure in &self.failures {
            tracing::error!("{failure}");
        }
    }
}

/// For a disposal that nobody waits for.
pub(crate) fn log(report: Result<(), DisposeError>) {
    if let Err(report) = report {
        for failure in report.failures() {
            tracing::error!("{failure}");
        }
    }
}
