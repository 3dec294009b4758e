use std::fmt;
use std::sync::{Arc, OnceLock};

use super::dependency::Need;
use super::disposing::{self, DisposeError};
use super::error::{ServiceError, ServiceErrorKind};
use super::inject::{Injectable, InjectableKeyed};
use super::key::ServiceKey;
use super::owner::Owner;
use super::path::{ServiceForm, ServiceId, ServiceStep};
use super::resolver::Resolver;
use super::root::{Place, Root};
use super::scope::ServiceScope;
use super::table::Table;

/// Gives out services: the container itself, or a scope of it. A cheap handle, to be cloned and sent as one likes.
///
/// # Who keeps the container alive
///
/// The handle that [`ServiceCollection::build`] gave and its clones. When the last of them is dropped, the container is
/// disposed as by [`ServiceProvider::dispose_now`]; better await [`ServiceProvider::dispose`] before. A handle that was
/// injected, or that belongs to a scope, keeps nothing alive: it answers until the container or its scope ends, and so a
/// singleton may hold one without keeping itself alive for ever.
///
/// # Blocking
///
/// Construction is synchronous. Who asks for a singleton, or in a scope for a scoped service, while another thread
/// constructs it, waits for that. Where threads would wait for each other in a circle, one of them gets a
/// [`ServiceErrorKind::Cycle`], as does a constructor or factory that asks for what it is itself part of. Not seen is a
/// constructor that waits by other means for a thread which asks for the same service.
///
/// [`ServiceCollection::build`]: super::ServiceCollection::build
#[doc(alias = "IServiceProvider")]
#[doc(alias = "IKeyedServiceProvider")]
pub struct ServiceProvider {
    root: Arc<Root>,
    scope: Scope,
    /// Held by the handles that keep the container alive.
    _alive: Option<Arc<Alive>>,
}

enum Scope {
    Root,
    /// What the scope owns, once there is something or somebody else has a handle.
    Scoped(OnceLock<Arc<Owner>>),
}

/// Disposes the container when it is dropped.
struct Alive(Arc<Root>);

impl Drop for Alive {
    fn drop(&mut self) {
        disposing::log(self.0.owner.close().finish_now());
    }
}

impl ServiceProvider {
    pub(crate) fn new(root: Root) -> Self {
        let root = Arc::new(root);
        Self {
            _alive: Some(Arc::new(Alive(Arc::clone(&root)))),
            root,
            scope: Scope::Root,
        }
    }

    pub(crate) fn inner_handle(root: &Arc<Root>) -> Self {
        Self {
            root: Arc::clone(root),
            scope: Scope::Root,
            _alive: None,
        }
    }

    pub(crate) fn scoped(root: &Arc<Root>) -> Self {
        Self {
            root: Arc::clone(root),
            scope: Scope::Scoped(OnceLock::new()),
            _alive: None,
        }
    }

    /// What this provider's services are owned by.
    pub(crate) fn owner(&self) -> &Owner {
        match &self.scope {
            Scope::Root => &self.root.owner,
            Scope::Scoped(owner) => owner.get_or_init(Arc::default),
        }
    }

    /// What the scope owns, if it is one and owns something.
    pub(crate) fn scope_owner(&self) -> Option<&Owner> {
        match &self.scope {
            Scope::Root => None,
            Scope::Scoped(owner) => owner.get().map(|it| &**it),
        }
    }

    #[inline]
    pub(crate) fn place(&self) -> Place<'_> {
        Place {
            root: &self.root,
            scope: match &self.scope {
                Scope::Root => None,
                Scope::Scoped(_) => Some(self),
            },
        }
    }

    pub(crate) fn resolver(&self) -> Resolver<'_> {
        Resolver::at(self.place())
    }

    /// Whether the container, or the scope that this provider belongs to, is disposed. Then every request is an error.
    #[inline]
    pub fn is_disposed(&self) -> bool {
        self.root.owner.is_closed() || self.scope_owner().is_some_and(Owner::is_closed)
    }

    pub(crate) fn check_open(
        &self,
        step: impl FnOnce() -> ServiceStep,
    ) -> Result<(), ServiceError> {
        if self.is_disposed() {
            return Err(ServiceError::at(ServiceErrorKind::Disposed, step()));
        }
        Ok(())
    }

    /// The singleton `S` without a key, if that is what answers for it, is constructed, and may be given out.
    #[inline]
    fn ready<S: ?Sized + Send + Sync + 'static>(&self, table: &Table<S>) -> Option<Arc<S>> {
        if self.is_disposed() {
            return None;
        }
        table.last()?.ready()
    }

    /// The service `S`: the last registration of it; none if there is none.
    ///
    /// # Errors
    ///
    /// When it is registered but cannot be had, or everything is disposed.
    #[doc(alias = "GetService")]
    pub fn get<S: ?Sized + Send + Sync + 'static>(&self) -> Result<Option<Arc<S>>, ServiceError> {
        let table = self.root.table::<S>();
        if let Some(service) = table.and_then(|it| self.ready(it)) {
            return Ok(Some(service));
        }
        self.check_open(|| step::<S>(None, ServiceForm::One))?;
        let entry = table.and_then(Table::last);
        entry.map(|it| it.resolve(self.place())).transpose()
    }

    /// The service `S`: the last registration of it.
    ///
    /// # Errors
    ///
    /// When it is not registered, cannot be had, or everything is disposed.
    #[doc(alias = "GetRequiredService")]
    #[inline]
    pub fn required<S: ?Sized + Send + Sync + 'static>(&self) -> Result<Arc<S>, ServiceError> {
        let table = self.root.table::<S>();
        match table.and_then(|it| self.ready(it)) {
            Some(service) => Ok(service),
            None => self.construct_required(table),
        }
    }

    /// The service that is not ready, or is none that ever is. It is a function of its own, so that what is ready need
    /// not save the registers that it uses.
    #[inline(never)]
    fn construct_required<S: ?Sized + Send + Sync + 'static>(
        &self,
        table: Option<&Table<S>>,
    ) -> Result<Arc<S>, ServiceError> {
        match table.and_then(Table::last) {
            Some(entry) if !self.is_disposed() => entry.resolve(self.place()),
            _ => Err(self.unavailable::<S>()),
        }
    }

    /// Why a service cannot be had that is required.
    #[cold]
    fn unavailable<S: ?Sized + Send + Sync + 'static>(&self) -> ServiceError {
        self.check_open(|| step::<S>(None, ServiceForm::One))
            .err()
            .unwrap_or_else(|| ServiceError::missing(ServiceId::of::<S>()))
    }

    /// Every registration of the service `S`, in order; its last is what [`ServiceProvider::get`] answers with. Of singletons
    /// it is one list, made when they are first asked for together.
    ///
    /// # Errors
    ///
    /// When one of them cannot be had, or everything is disposed.
    #[doc(alias = "GetServices")]
    #[inline]
    pub fn all<S: ?Sized + Send + Sync + 'static>(&self) -> Result<Arc<[Arc<S>]>, ServiceError> {
        let table = self.root.table::<S>();
        match table.and_then(Table::ready_together) {
            Some(all) if !self.is_disposed() => Ok(all),
            _ => self.together(table),
        }
    }

    fn together<S: ?Sized + Send + Sync + 'static>(
        &self,
        table: Option<&Table<S>>,
    ) -> Result<Arc<[Arc<S>]>, ServiceError> {
        self.check_open(|| step::<S>(None, ServiceForm::All))?;
        match table {
            Some(table) => table.together(self.place()),
            None => Ok(Arc::default()),
        }
    }

    /// The service `S` with this key: its last registration, or else that with [`ServiceKey::ANY`].
    ///
    /// # Errors
    ///
    /// When it is registered but cannot be had, or everything is disposed.
    #[doc(alias = "GetKeyedService")]
    pub fn get_keyed<S: ?Sized + Send + Sync + 'static>(
        &self,
        key: impl Into<ServiceKey>,
    ) -> Result<Option<Arc<S>>, ServiceError> {
        let key = key.into();
        self.check_open(|| step::<S>(Some(&key), ServiceForm::One))?;
        self.resolver().get_keyed(key)
    }

    /// The service `S` with this key: its last registration, or else that with [`ServiceKey::ANY`].
    ///
    /// # Errors
    ///
    /// When it is not registered, cannot be had, or everything is disposed.
    #[doc(alias = "GetRequiredKeyedService")]
    pub fn required_keyed<S: ?Sized + Send + Sync + 'static>(
        &self,
        key: impl Into<ServiceKey>,
    ) -> Result<Arc<S>, ServiceError> {
        let key = key.into();
        self.get_keyed(key.clone())?
            .ok_or_else(|| ServiceError::missing(ServiceId::of::<S>().with_key(Some(key))))
    }

    /// Every registration of the service `S` with this key, that with [`ServiceKey::ANY`] left out; asked for with
    /// [`ServiceKey::ANY`], every one that has a key of its own.
    ///
    /// # Errors
    ///
    /// When one of them cannot be had, or everything is disposed.
    #[doc(alias = "GetKeyedServices")]
    pub fn all_keyed<S: ?Sized + Send + Sync + 'static>(
        &self,
        key: impl Into<ServiceKey>,
    ) -> Result<Vec<Arc<S>>, ServiceError> {
        let key = key.into();
        self.check_open(|| step::<S>(Some(&key), ServiceForm::All))?;
        match self.root.table::<S>() {
            Some(table) => table.all(Some(&key), self.place()),
            None => Ok(Vec::new()),
        }
    }

    /// Anything that could stand in a field: `provider.inject::<Options<T>>()`.
    ///
    /// # Errors
    ///
    /// When what is needed cannot be had, or everything is disposed.
    pub fn inject<I: Injectable>(&self) -> Result<I, ServiceError> {
        self.check_open(|| step::<I>(None, ServiceForm::One))?;
        I::inject(&self.resolver())
    }

    /// The same from the registrations with `key`.
    ///
    /// # Errors
    ///
    /// When what is needed cannot be had, or everything is disposed.
    pub fn inject_keyed<I: InjectableKeyed>(
        &self,
        key: impl Into<ServiceKey>,
    ) -> Result<I, ServiceError> {
        let key = key.into();
        self.check_open(|| step::<I>(Some(&key), ServiceForm::One))?;
        I::inject_keyed(&self.resolver(), key)
    }

    /// Whether the service `S` is registered without a key. It constructs nothing.
    #[doc(alias = "IServiceProviderIsService")]
    pub fn is_service<S: ?Sized + Send + Sync + 'static>(&self) -> bool {
        self.root.table::<S>().is_some_and(|it| it.last().is_some())
    }

    /// Whether the service `S` can be had with this key. It constructs nothing.
    #[doc(alias = "IServiceProviderIsKeyedService")]
    pub fn is_keyed_service<S: ?Sized + Send + Sync + 'static>(
        &self,
        key: impl Into<ServiceKey>,
    ) -> bool {
        let key = key.into();
        self.root.table::<S>().is_some_and(|it| it.has_key(&key))
    }

    /// Whether a field of the type `I` could be filled: `Vec<Arc<S>>` always, `Arc<S>` where `S` is registered. It
    /// constructs nothing.
    pub fn can_inject<I: Injectable>(&self) -> bool {
        let dependency = I::dependency();
        let mut needs = Vec::new();
        dependency.needs(&mut needs);
        needs.into_iter().all(|need| match need {
            Need::Service(step) => match step.form() {
                ServiceForm::Optional | ServiceForm::All => true,
                _ => self.root.index.answering(step.service()).is_some(),
            },
            _ => false,
        })
    }

    /// Opens a scope. See [`ServiceScope`].
    #[doc(alias = "CreateScope")]
    #[doc(alias = "CreateAsyncScope")]
    pub fn create_scope(&self) -> ServiceScope {
        ServiceScope::new(&self.root)
    }

    /// Disposes what this provider owns: the whole container, or if it belongs to a scope, that scope. Everything that
    /// it constructed is disposed and dropped in the reverse order of creation, one after the other; what is disposed
    /// asynchronously is awaited. Instances that were registered ready-made are not disposed.
    ///
    /// From then on every request is an error. Scopes that are still open keep what is theirs until they end. The second
    /// time it does nothing.
    ///
    /// # Errors
    ///
    /// All failures of disposal. None of them ends it.
    ///
    /// # Cancel safety
    ///
    /// Where the future is dropped, what is left is disposed synchronously.
    #[doc(alias = "DisposeAsync")]
    pub async fn dispose(&self) -> Result<(), DisposeError> {
        self.owner().close().finish().await
    }

    /// [`ServiceProvider::dispose`] without waiting: what can only be disposed asynchronously is dropped, and is a
    /// failure.
    ///
    /// # Errors
    ///
    /// All failures of disposal. None of them ends it.
    #[doc(alias = "Dispose")]
    pub fn dispose_now(&self) -> Result<(), DisposeError> {
        self.owner().close().finish_now()
    }
}

fn step<S: ?Sized + 'static>(key: Option<&ServiceKey>, form: ServiceForm) -> ServiceStep {
    ServiceStep::new(ServiceId::of::<S>().with_key(key.cloned()), form)
}

impl Clone for ServiceProvider {
    fn clone(&self) -> Self {
        Self {
            root: Arc::clone(&self.root),
            scope: match &self.scope {
                Scope::Root => Scope::Root,
                // From here on two handles have to agree on what the scope owns.
                Scope::Scoped(owner) => {
                    Scope::Scoped(Arc::clone(owner.get_or_init(Arc::default)).into())
                }
            },
            _alive: self._alive.clone(),
        }
    }
}

impl fmt::Debug for ServiceProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceProvider")
            .field("scoped", &matches!(self.scope, Scope::Scoped(_)))
            .field("disposed", &self.is_disposed())
            .finish_non_exhaustive()
    }
}
