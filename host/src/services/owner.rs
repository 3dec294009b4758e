//! What a root or a scope owns: the services that were constructed for it, in order, and those that are being
//! constructed.

use std::any::Any;
use std::collections::HashMap;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use super::dispose::Disposer;
use super::disposing::Disposing;
use super::error::{ServiceError, ServiceErrorKind};
use super::path::ServiceStep;
use super::waiting::{self, Construction};

/// A service fresh from its constructor.
pub(crate) struct Created<S: ?Sized> {
    pub(crate) service: Arc<S>,
    pub(crate) disposer: Option<Box<dyn Disposer>>,
}

/// A service that is owned, until it is disposed and dropped.
pub(crate) struct Owned {
    pub(crate) step: ServiceStep,
    pub(crate) disposer: Option<Box<dyn Disposer>>,
    /// An `Arc<S>`; none for what is only kept to be disposed.
    value: Option<Box<dyn Any + Send + Sync>>,
}

#[derive(Default)]
pub(crate) struct Owner {
    closed: AtomicBool,
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    owned: Vec<Owned>,
    /// By identity, where in `owned` the one service is that this owner has of it.
    ready: HashMap<usize, usize, IdentityHash>,
    building: Vec<Building>,
}

type IdentityHash = super::identity_hash::BuildIdentityHasher;

struct Building {
    identity: usize,
    thread: ThreadId,
    awaited: bool,
}

impl Owner {
    /// Whether it gives out nothing any more.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code of others runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn address(&self) -> usize {
        (&raw const *self).addr()
    }

    /// The one service of this identity, if it exists already.
    pub(crate) fn ready<S: ?Sized + 'static>(&self, identity: usize) -> Option<Arc<S>> {
        self.state().ready(identity)
    }

    /// The one service of this identity, constructed by the first who asks while the others wait. A failed construction
    /// leaves nothing behind: the next one tries again.
    pub(crate) fn once<S: ?Sized + Send + Sync + 'static>(
        &self,
        identity: usize,
        step: &dyn Fn() -> ServiceStep,
        construct: impl FnOnce() -> Result<Created<S>, ServiceError>,
    ) -> Result<Arc<S>, ServiceError> {
        let me = thread::current().id();
        let mut state = self.state();
        loop {
            if self.is_closed() {
                return Err(ServiceError::at(ServiceErrorKind::Disposed, step()));
            }
            if let Some(service) = state.ready(identity) {
                return Ok(service);
            }
            let Some(building) = state.building.iter_mut().find(|it| it.identity == identity)
            else {
                break;
            };
            let construction = Construction {
                owner: self.address(),
                identity,
                step: step(),
            };
            if let Err(circle) = waiting::begin(me, building.thread, construction) {
                return Err(cycle(circle));
            }
            building.awaited = true;
            state = self
                .ended
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.building.push(Building {
            identity,
            thread: me,
            awaited: false,
        });
        drop(state);

        let claim = Claim {
            owner: self,
            identity,
        };
        let created = construct()?;
        let service = Arc::clone(&created.service);
        let kept = self.keep(
            Some(identity),
            step,
            Some(Box::new(created.service)),
            created.disposer,
        );
        drop(claim);
        kept.map(|()| service)
    }

    /// Keeps a service for no other reason than that it has to be disposed.
    pub(crate) fn keep_for_disposal(
        &self,
        step: &dyn Fn() -> ServiceStep,
        disposer: Box<dyn Disposer>,
    ) -> Result<(), ServiceError> {
        self.keep(None, step, None, Some(disposer))
    }

    fn keep(
        &self,
        identity: Option<usize>,
        step: &dyn Fn() -> ServiceStep,
        value: Option<Box<dyn Any + Send + Sync>>,
        disposer: Option<Box<dyn Disposer>>,
    ) -> Result<(), ServiceError> {
        let owned = Owned {
            step: step(),
            disposer,
            value,
        };
        let mut state = self.state();
        if self.is_closed() {
            drop(state);
            // Its owner went while it was constructed: nobody else would dispose it.
            let report = Disposing::new(vec![owned]).finish_now();
            super::disposing::log(report);
            return Err(ServiceError::at(ServiceErrorKind::Disposed, step()));
        }
        if let Some(identity) = identity {
            let index = state.owned.len();
            state.ready.insert(identity, index);
        }
        state.owned.push(owned);
        Ok(())
    }

    /// Whether what is at this address will be disposed by this owner.
    pub(crate) fn disposes(&self, address: usize) -> bool {
        let state = self.state();
        let mut disposers = state.owned.iter().filter_map(|it| it.disposer.as_ref());
        disposers.any(|it| it.address() == address)
    }

    /// Gives out nothing any more, and hands over what is to be disposed: nothing, the second time.
    pub(crate) fn close(&self) -> Disposing {
        let mut state = self.state();
        self.closed.store(true, Ordering::Release);
        state.ready.clear();
        Disposing::new(mem::take(&mut state.owned))
    }
}

impl State {
    fn ready<S: ?Sized + 'static>(&self, identity: usize) -> Option<Arc<S>> {
        let index = *self.ready.get(&identity)?;
        let value = self.owned[index].value.as_ref()?;
        value.downcast_ref::<Arc<S>>().cloned()
    }
}

/// The right to construct a service, given back when it is dropped: after success, failure, or a panic.
struct Claim<'a> {
    owner: &'a Owner,
    identity: usize,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut state = self.owner.state();
        let index = state
            .building
            .iter()
            .position(|it| it.identity == self.identity);
        let awaited = index.is_some_and(|index| state.building.swap_remove(index).awaited);
        if awaited {
            waiting::end(self.owner.address(), self.identity);
            drop(state);
            self.owner.ended.notify_all();
        }
    }
}

/// The error of a thread that would wait for itself. The last construction of the circle is one of its own, so the path
/// ends to grow when it has got there.
fn cycle(circle: Vec<Construction>) -> ServiceError {
    let closes_at = circle.last().map_or(0, |it| it.identity);
    ServiceError::cycle(circle.into_iter().map(|it| it.step).collect(), closes_at)
}
