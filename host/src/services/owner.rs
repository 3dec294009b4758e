//! What a root or a scope owns: the services that were constructed for it, in order, and those that are being
//! constructed.

use std::any::Any;
use std::collections::HashMap;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use smallvec::SmallVec;

use super::dispose::Disposer;
use super::disposing::{self, Disposing};
use super::error::{ServiceError, ServiceErrorKind};
use super::identity_hash::BuildIdentityHasher;
use super::path::ServiceStep;
use super::waiting::{self, Construction};

/// A service fresh from its constructor.
pub(crate) struct Created<S: ?Sized> {
    pub(crate) service: Arc<S>,
    pub(crate) disposer: Option<Box<dyn Disposer>>,
}

/// A service that is owned, until it is disposed and dropped.
pub(crate) struct Owned {
    /// What it is found by, if it is the one service of its owner.
    identity: Option<usize>,
    pub(crate) step: ServiceStep,
    pub(crate) disposer: Option<Box<dyn Disposer>>,
    /// An `Arc<S>`; none for what is only kept to be disposed.
    value: Option<Box<dyn Any + Send + Sync>>,
}

impl Owned {
    /// All that is dropped with it: what is left is its name.
    pub(crate) fn take(&mut self) -> impl Sized + use<> {
        (self.disposer.take(), self.value.take())
    }
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
    /// By identity, where in `owned` the services are: used when they are many.
    index: HashMap<usize, usize, BuildIdentityHasher>,
    building: SmallVec<[Building; 1]>,
}

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

    /// The one service of this identity, constructed by the first who asks while the others wait. A failed construction
    /// leaves nothing behind: the next one tries again.
    pub(crate) fn once<S: ?Sized + Send + Sync + 'static>(
        &self,
        identity: usize,
        step: &dyn Fn() -> ServiceStep,
        construct: impl FnOnce() -> Result<Created<S>, ServiceError>,
    ) -> Result<Arc<S>, ServiceError> {
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
            let me = thread::current().id();
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
            thread: thread::current().id(),
            awaited: false,
        });
        drop(state);

        let claim = Claim {
            owner: self,
            identity,
        };
        let created = construct()?;
        let service = Arc::clone(&created.service);
        let owned = Owned {
            identity: Some(identity),
            step: step(),
            disposer: created.disposer,
            value: Some(Box::new(created.service)),
        };
        self.keep(owned, Some(claim)).map(|()| service)
    }

    /// Takes over the one service of this identity that was constructed elsewhere.
    pub(crate) fn take_over<S: ?Sized + Send + Sync + 'static>(
        &self,
        identity: usize,
        step: ServiceStep,
        created: Created<S>,
    ) -> Result<(), ServiceError> {
        let owned = Owned {
            identity: Some(identity),
            step,
            disposer: created.disposer,
            value: Some(Box::new(created.service)),
        };
        self.keep(owned, None)
    }

    /// Keeps a service for no other reason than that it has to be disposed.
    pub(crate) fn keep_for_disposal(
        &self,
        step: &dyn Fn() -> ServiceStep,
        disposer: Box<dyn Disposer>,
    ) -> Result<(), ServiceError> {
        let owned = Owned {
            identity: None,
            step: step(),
            disposer: Some(disposer),
            value: None,
        };
        self.keep(owned, None)
    }

    /// Takes a service over, and gives the right back by which it was constructed.
    #[inline]
    fn keep(&self, owned: Owned, claim: Option<Claim<'_>>) -> Result<(), ServiceError> {
        let mut state = self.state();
        if self.is_closed() {
            drop(state);
            drop(claim);
            // Its owner went while it was constructed: nobody else would dispose it.
            let step = owned.step.clone();
            disposing::log(Disposing::new(vec![owned]).finish_now());
            return Err(ServiceError::at(ServiceErrorKind::Disposed, step));
        }
        state.add(owned);
        if let Some(claim) = claim {
            claim.end(state);
        }
        Ok(())
    }

    /// The construction has ended, well or not: those who wait for it are woken.
    fn end(&self, identity: usize, mut state: MutexGuard<'_, State>) {
        let mut building = state.building.iter();
        let index = building.position(|it| it.identity == identity);
        if index.is_some_and(|index| state.building.swap_remove(index).awaited) {
            // Under the lock: whoever constructs it next may be waited for from then on.
            waiting::end(self.address(), identity);
            drop(state);
            self.ended.notify_all();
        }
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
        state.index.clear();
        Disposing::new(mem::take(&mut state.owned))
    }
}

/// From how many on the services are found by an index.
const MANY: usize = 16;

impl State {
    #[inline]
    fn add(&mut self, owned: Owned) {
        self.owned.push(owned);
        let indexed = match self.owned.len() {
            0..MANY => return,
            MANY => 0,
            more => more - 1,
        };
        for (place, owned) in self.owned.iter().enumerate().skip(indexed) {
            self.index.extend(owned.identity.map(|it| (it, place)));
        }
    }

    /// The one service of this identity, if it exists already.
    fn ready<S: ?Sized + 'static>(&self, identity: usize) -> Option<Arc<S>> {
        let owned = if self.owned.len() < MANY {
            let mut owned = self.owned.iter();
            owned.find(|it| it.identity == Some(identity))?
        } else {
            &self.owned[*self.index.get(&identity)?]
        };
        owned.value.as_ref()?.downcast_ref::<Arc<S>>().cloned()
    }
}

/// The right to construct a service, given back when it is dropped: after a failure, or a panic.
struct Claim<'a> {
    owner: &'a Owner,
    identity: usize,
}

impl Claim<'_> {
    fn end(self, state: MutexGuard<'_, State>) {
        self.owner.end(self.identity, state);
        mem::forget(self);
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.owner.end(self.identity, self.owner.state());
    }
}

/// The error of a thread that would wait for itself. The last construction of the circle is one of its own, so the path
/// ends to grow when it has got there.
fn cycle(circle: Vec<Construction>) -> ServiceError {
    let closes_at = circle.last().map_or(0, |it| it.identity);
    ServiceError::cycle(circle.into_iter().map(|it| it.step).collect(), closes_at)
}
