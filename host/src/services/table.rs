use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};

use super::descriptor::{ServiceDescriptor, ServiceLifetime};
use super::dispose::Disposal;
use super::error::{ServiceError, ServiceErrorKind};
use super::key::ServiceKey;
use super::make::Source;
use super::owner::Created;
use super::path::{ServiceForm, ServiceId, ServicePath, ServiceStep};
use super::reentry;
use super::registration::Info;
use super::resolver::Resolver;
use super::root::Place;

/// All registrations of one service type.
pub(crate) struct Table<S: ?Sized> {
    /// Of those without a key, the last and the others.
    last: Option<Entry<S>>,
    earlier: Vec<Entry<S>>,
    /// In the order of registration, whatever the key.
    keyed: Vec<Entry<S>>,
    by_key: HashMap<ServiceKey, Vec<usize>>,
    any: Vec<Entry<S>>,
    /// What the any-key registration has become for the keys that were asked for.
    variants: RwLock<HashMap<ServiceKey, Arc<Entry<S>>>>,
}

/// The registration that answers for a key.
pub(crate) enum Answering<'a, S: ?Sized> {
    Own(&'a Entry<S>),
    Variant(Arc<Entry<S>>),
}

impl<S: ?Sized> Deref for Answering<'_, S> {
    type Target = Entry<S>;

    fn deref(&self) -> &Entry<S> {
        match self {
            Self::Own(entry) => entry,
            Self::Variant(entry) => entry,
        }
    }
}

/// One registration, or what it has become for a key.
pub(crate) struct Entry<S: ?Sized> {
    info: Arc<Info>,
    key: Option<ServiceKey>,
    source: Source<S>,
    disposal: Option<Disposal<S>>,
    needs_scope: Option<ServicePath>,
    /// The singleton, once it is constructed. Its owner holds it, so that it can let go of it in its order while
    /// providers are still around.
    value: OnceLock<Weak<S>>,
}

impl<S: ?Sized + Send + Sync + 'static> Table<S> {
    pub(crate) fn new() -> Self {
        Self {
            last: None,
            earlier: Vec::new(),
            keyed: Vec::new(),
            by_key: HashMap::new(),
            any: Vec::new(),
            variants: RwLock::default(),
        }
    }

    pub(crate) fn add(&mut self, entry: Entry<S>) {
        match &entry.key {
            None => self.earlier.extend(self.last.replace(entry)),
            Some(key) if key.is_any() => self.any.push(entry),
            Some(key) => {
                let index = self.keyed.len();
                self.by_key.entry(key.clone()).or_default().push(index);
                self.keyed.push(entry);
            }
        }
    }

    /// The registration that answers for a single service without a key: the last.
    #[inline]
    pub(crate) fn last(&self) -> Option<&Entry<S>> {
        self.last.as_ref()
    }

    /// What this registration has become. It is none with the any-key.
    pub(crate) fn entry_of(&self, info: &Arc<Info>) -> Option<&Entry<S>> {
        let unkeyed = self.earlier.iter().chain(&self.last);
        unkeyed
            .chain(&self.keyed)
            .find(|it| Arc::ptr_eq(&it.info, info))
    }

    /// Whether a single service with this key can be had.
    pub(crate) fn has_key(&self, key: &ServiceKey) -> bool {
        !key.is_any() && (self.by_key.contains_key(key) || !self.any.is_empty())
    }

    /// The registration that answers for a single service with this key: the last of the key, or else of the any-key.
    pub(crate) fn answering(&self, key: &ServiceKey) -> Option<Answering<'_, S>> {
        if let Some(index) = self.by_key.get(key).and_then(|indices| indices.last()) {
            return Some(Answering::Own(&self.keyed[*index]));
        }
        let any = self.any.last()?;
        Some(Answering::Variant(self.variant(any, key)))
    }

    /// What the any-key registration is for this key.
    fn variant(&self, any: &Entry<S>, key: &ServiceKey) -> Arc<Entry<S>> {
        let known = self.variants.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(variant) = known.get(key) {
            return Arc::clone(variant);
        }
        drop(known);
        let mut known = self
            .variants
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let variant = known.entry(key.clone());
        Arc::clone(variant.or_insert_with(|| Arc::new(any.for_key(key))))
    }

    /// All services without a key, or with one: those with any key of their own if it is the any-key.
    pub(crate) fn all(
        &self,
        key: Option<&ServiceKey>,
        place: Place<'_>,
    ) -> Result<Vec<Arc<S>>, ServiceError> {
        let error = |error| in_all::<S>(error, key);
        if place.scope.is_none() {
            // Found before anything is constructed.
            let mut entries = self.entries(key);
            entries.try_for_each(|it| it.check_scope(place).map_err(error))?;
        }
        let mut services = Vec::with_capacity(self.entries(key).count());
        for entry in self.entries(key) {
            services.push(entry.resolve(place).map_err(error)?);
        }
        Ok(services)
    }

    /// The registrations that answer for all, in order.
    fn entries(&self, key: Option<&ServiceKey>) -> impl Iterator<Item = &Entry<S>> {
        let any = key.is_some_and(ServiceKey::is_any);
        let unkeyed = key.is_none().then(|| self.earlier.iter().chain(&self.last));
        let keyed = any.then(|| self.keyed.iter());
        let own = key.and_then(|it| self.by_key.get(it));
        let own = own.into_iter().flatten().map(|it| &self.keyed[*it]);
        let every = unkeyed.into_iter().flatten();
        every.chain(keyed.into_iter().flatten()).chain(own)
    }
}

/// The error of one of all. No cycle begins with "all": it is one of them that needs itself.
fn in_all<S: ?Sized + 'static>(error: ServiceError, key: Option<&ServiceKey>) -> ServiceError {
    let service = ServiceId::of::<S>().with_key(key.cloned());
    error.through(0, || ServiceStep::new(service, ServiceForm::All))
}

impl<S: ?Sized + Send + Sync + 'static> Entry<S> {
    pub(crate) fn new(
        info: &Arc<Info>,
        descriptor: &ServiceDescriptor<S>,
        needs_scope: Option<ServicePath>,
    ) -> Self {
        Self {
            info: Arc::clone(info),
            key: descriptor.key.clone(),
            source: descriptor.source.clone(),
            disposal: descriptor.disposal.clone(),
            needs_scope,
            value: match &descriptor.source {
                Source::Instance(instance) => Arc::downgrade(instance).into(),
                Source::Make(_) | Source::Await(_) => OnceLock::new(),
            },
        }
    }

    fn for_key(&self, key: &ServiceKey) -> Self {
        Self {
            info: Arc::clone(&self.info),
            key: Some(key.clone()),
            source: self.source.clone(),
            disposal: self.disposal.clone(),
            needs_scope: self.needs_scope.clone(),
            value: match &self.source {
                Source::Instance(instance) => Arc::downgrade(instance).into(),
                Source::Make(_) | Source::Await(_) => OnceLock::new(),
            },
        }
    }

    /// What tells it from every other registration of the container.
    pub(crate) fn identity(&self) -> usize {
        (&raw const *self).addr()
    }

    fn step(&self) -> ServiceStep {
        let service = self.info.service.clone().with_key(self.key.clone());
        ServiceStep::new(service, ServiceForm::One)
            .implemented_by(self.info.implementation.type_name)
    }

    /// The singleton, if it is constructed.
    #[inline]
    pub(crate) fn ready(&self) -> Option<Arc<S>> {
        self.value.get()?.upgrade()
    }

    pub(crate) fn resolve(&self, place: Place<'_>) -> Result<Arc<S>, ServiceError> {
        match self.info.lifetime {
            ServiceLifetime::Singleton => self.singleton(place.at_root()),
            ServiceLifetime::Scoped => self.scoped(place),
            ServiceLifetime::Transient => self.transient(place),
        }
    }

    fn singleton(&self, root: Place<'_>) -> Result<Arc<S>, ServiceError> {
        if let Some(service) = self.ready() {
            return Ok(service);
        }
        if matches!(self.source, Source::Await(_)) {
            // What was ready and is gone was disposed.
            let kind = match self.value.get() {
                None => ServiceErrorKind::NotReady,
                Some(_) => ServiceErrorKind::Disposed,
            };
            return Err(ServiceError::at(kind, self.step()));
        }
        let service = root
            .root
            .owner
            .once(self.identity(), &|| self.step(), || self.construct(root))?;
        // Whoever comes first: all of them got the same one.
        self.value.get_or_init(|| Arc::downgrade(&service));
        Ok(service)
    }

    fn scoped(&self, place: Place<'_>) -> Result<Arc<S>, ServiceError> {
        let Some(scope) = place.scope else {
            return Err(ServiceError::at(
                ServiceErrorKind::ScopedFromRoot,
                self.step(),
            ));
        };
        let construct = || self.construct(place);
        scope
            .owner()
            .once(self.identity(), &|| self.step(), construct)
    }

    fn transient(&self, place: Place<'_>) -> Result<Arc<S>, ServiceError> {
        self.check_scope(place)?;
        let created = self.construct(place)?;
        if let Some(disposer) = created.disposer {
            let owner = match place.scope {
                None => &place.root.owner,
                Some(scope) => scope.owner(),
            };
            owner.keep_for_disposal(&|| self.step(), disposer)?;
        }
        Ok(created.service)
    }

    /// The error of what cannot be had without a scope, where there is none.
    fn check_scope(&self, place: Place<'_>) -> Result<(), ServiceError> {
        match &self.needs_scope {
            Some(path) if place.scope.is_none() => Err(ServiceError::along(
                ServiceErrorKind::ScopedFromRoot,
                path.clone(),
            )),
            _ => Ok(()),
        }
    }

    fn construct(&self, place: Place<'_>) -> Result<Created<S>, ServiceError> {
        let make = match &self.source {
            Source::Make(make) => make,
            Source::Await(_) => {
                return Err(ServiceError::at(ServiceErrorKind::NotReady, self.step()));
            }
            Source::Instance(instance) => {
                return Ok(Created {
                    service: Arc::clone(instance),
                    disposer: None,
                });
            }
        };
        let Some(_entered) = reentry::enter(self.identity()) else {
            let path = ServicePath::from_iter([self.step()]);
            return Err(ServiceError::cycle(path, self.identity()));
        };
        let mut created = make
            .make(&Resolver::for_service(place, self.key.as_ref()))
            .map_err(|error| error.through(self.identity(), || self.step()))?;
        if let Some(disposal) = &self.disposal {
            created.disposer = disposal.of(&created.service);
        }
        let theirs = |address| place.scope.is_some() && place.root.owner.disposes(address);
        if make.gives_shared()
            && created
                .disposer
                .as_ref()
                .is_some_and(|it| theirs(it.address()))
        {
            // A singleton that a scope only passes on.
            created.disposer = None;
        }
        Ok(created)
    }

    /// Awaits the async factory, unless that was done before.
    pub(crate) async fn initialize(&self, root: Place<'_>) -> Result<(), ServiceError> {
        let Source::Await(factory) = &self.source else {
            return Ok(());
        };
        if self.value.get().is_some() {
            return Ok(());
        }
        let in_this = |error: ServiceError| error.through(self.identity(), || self.step());
        let begun = factory.begin(&Resolver::for_service(root, self.key.as_ref()));
        let future = begun.map_err(in_this)?;
        let service = future
            .await
            .map_err(|error| in_this(ServiceError::failed(error)))?;
        let disposer = self.disposal.as_ref().and_then(|it| it.of(&service));
        let created = Created {
            service: Arc::clone(&service),
            disposer,
        };
        root.root
            .owner
            .take_over(self.identity(), self.step(), created)?;
        self.value.get_or_init(|| Arc::downgrade(&service));
        Ok(())
    }
}
