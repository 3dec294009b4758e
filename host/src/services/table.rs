use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};

use super::descriptor::ServiceLifetime;
use super::entry::Entry;
use super::error::ServiceError;
use super::key::ServiceKey;
use super::owner::Created;
use super::path::{ServiceForm, ServiceId, ServiceStep};
use super::registration::Info;
use super::root::Place;

/// All registrations of one service type.
pub(crate) struct Table<S: ?Sized> {
    /// Of those without a key, the last and the others.
    last: Option<Arc<Entry<S>>>,
    earlier: Vec<Arc<Entry<S>>>,
    /// In the order of registration, whatever the key.
    keyed: Vec<Entry<S>>,
    by_key: HashMap<ServiceKey, Vec<usize>>,
    any: Vec<Entry<S>>,
    /// Those without a key all together, once they are constructed, where all are singletons. Its owner holds it.
    together: OnceLock<Weak<[Arc<S>]>>,
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

impl<S: ?Sized + Send + Sync + 'static> Table<S> {
    pub(crate) fn new() -> Self {
        Self {
            last: None,
            earlier: Vec::new(),
            keyed: Vec::new(),
            by_key: HashMap::new(),
            any: Vec::new(),
            together: OnceLock::new(),
            variants: RwLock::default(),
        }
    }

    pub(crate) fn add(&mut self, entry: Entry<S>) {
        match &entry.key {
            None => self.earlier.extend(self.last.replace(Arc::new(entry))),
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
    pub(crate) fn last(&self) -> Option<&Arc<Entry<S>>> {
        self.last.as_ref()
    }

    /// What this registration has become. It is none with the any-key.
    pub(crate) fn entry_of(&self, info: &Arc<Info>) -> Option<&Entry<S>> {
        let unkeyed = self.earlier.iter().chain(&self.last).map(|it| &**it);
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

    /// All services without a key, if they are singletons that have been asked for together before.
    #[inline]
    pub(crate) fn ready_together(&self) -> Option<Arc<[Arc<S>]>> {
        self.together.get()?.upgrade()
    }

    /// All services without a key, which the next one who asks is given at once if they are singletons.
    pub(crate) fn together(&self, place: Place<'_>) -> Result<Arc<[Arc<S>]>, ServiceError> {
        let all: Arc<[Arc<S>]> = self.all(None, place)?.into();
        let mut entries = self.entries(None);
        if entries.all(|it| it.info.lifetime == ServiceLifetime::Singleton) {
            let identity = (&raw const self.together).addr();
            let step = ServiceStep::new(ServiceId::of::<S>(), ServiceForm::All);
            let kept = Created {
                service: Arc::clone(&all),
                disposer: None,
            };
            place.root.owner.take_over(identity, step, kept)?;
            self.together.get_or_init(|| Arc::downgrade(&all));
        }
        Ok(all)
    }

    /// The registrations that answer for all, in order.
    fn entries(&self, key: Option<&ServiceKey>) -> impl Iterator<Item = &Entry<S>> {
        let any = key.is_some_and(ServiceKey::is_any);
        let unkeyed = key.is_none().then(|| self.earlier.iter().chain(&self.last));
        let keyed = any.then(|| self.keyed.iter());
        let own = key.and_then(|it| self.by_key.get(it));
        let own = own.into_iter().flatten().map(|it| &self.keyed[*it]);
        let every = unkeyed.into_iter().flatten().map(|it| &**it);
        every.chain(keyed.into_iter().flatten()).chain(own)
    }
}

/// The error of one of all. No cycle begins with "all": it is one of them that needs itself.
fn in_all<S: ?Sized + 'static>(error: ServiceError, key: Option<&ServiceKey>) -> ServiceError {
    let service = ServiceId::of::<S>().with_key(key.cloned());
    error.through(0, || ServiceStep::new(service, ServiceForm::All))
}
