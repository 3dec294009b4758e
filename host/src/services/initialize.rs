//! Awaiting the async factories.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::error::{ServiceError, ServiceErrorKind};
use super::path::ServiceStep;
use super::provider::ServiceProvider;
use super::registration::Registration;

/// The async factories of a container, those first that others need.
pub(crate) struct Initialization {
    awaited: Vec<Awaited>,
    /// Which one is being awaited.
    turn: AtomicUsize,
}

/// Nobody's turn.
const NONE: usize = usize::MAX;

/// A registration with an async factory.
pub(crate) struct Awaited {
    pub(crate) registration: Arc<dyn Registration>,
    pub(crate) step: ServiceStep,
    /// From a service that nothing else needs, to the one that needs this.
    pub(crate) above: Vec<ServiceStep>,
}

/// Which factory is awaited: the how manieth of how many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Awaiting<'a> {
    pub(crate) step: &'a ServiceStep,
    pub(crate) number: usize,
    pub(crate) all: usize,
}

impl ServiceProvider {
    /// Awaits the async factories of the container, one after the other, so that what they make can be had: see
    /// [`AsyncFactory`](super::AsyncFactory). A host does it when it starts; a program without one calls it once, right
    /// after [`build`](crate::ServiceCollection::build).
    ///
    /// What is ready stays as it is: called again, it goes on with what is not.
    ///
    /// # Errors
    ///
    /// When a factory fails or one of its parameters cannot be had, with the path to it from a service that nothing else
    /// needs; when everything is disposed; when the same is going on already, as it is for a factory that calls this. What
    /// was made before the failure stays until the container is disposed.
    ///
    /// # Cancel safety
    ///
    /// Where the future is dropped, so is that of the factory which was being awaited. It begins anew the next time.
    pub async fn initialize(&self) -> Result<(), ServiceError> {
        self.initialize_noting(|_| {}).await
    }

    /// The same, where it is said which factory's turn it is.
    pub(crate) async fn initialize_noting(
        &self,
        mut note: impl FnMut(Awaiting<'_>),
    ) -> Result<(), ServiceError> {
        let place = self.place().at_root();
        let Initialization { awaited, .. } = &place.root.initialization;
        if awaited.is_empty() {
            return Ok(());
        }
        let turn = place.root.initialization.begin()?;
        for (index, Awaited { step, .. }) in awaited.iter().enumerate() {
            turn.is_that_of(index);
            self.check_open(|| step.clone())?;
            note(Awaiting {
                step,
                number: index + 1,
                all: awaited.len(),
            });
            let initialized = awaited[index].registration.initialize(place).await;
            initialized.map_err(|error| awaited[index].needed(error))?;
        }
        Ok(())
    }
}

impl Awaited {
    /// The error with those in front of its path who need this service.
    fn needed(&self, error: ServiceError) -> ServiceError {
        let above = self.above.iter().rev();
        above.fold(error, |error, step| error.through(0, || step.clone()))
    }
}

impl Initialization {
    pub(crate) fn new(awaited: Vec<Awaited>) -> Self {
        Self {
            awaited,
            turn: AtomicUsize::new(NONE),
        }
    }

    /// Begins, unless it is going on already.
    fn begin(&self) -> Result<Turn<'_>, ServiceError> {
        let begun = self
            .turn
            .compare_exchange(NONE, 0, Ordering::AcqRel, Ordering::Acquire);
        match begun {
            Ok(_) => Ok(Turn(self)),
            Err(index) => {
                let step = self.awaited[index].step.clone();
                Err(ServiceError::at(ServiceErrorKind::Initializing, step))
            }
        }
    }
}

/// Ends the initialization when it is dropped.
struct Turn<'a>(&'a Initialization);

impl Turn<'_> {
    fn is_that_of(&self, index: usize) {
        self.0.turn.store(index, Ordering::Release);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.turn.store(NONE, Ordering::Release);
    }
}
