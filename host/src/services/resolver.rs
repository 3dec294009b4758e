use std::any::type_name;
use std::fmt;
use std::sync::Arc;

use super::arguments::ArgumentList;
use super::error::{ServiceError, ServiceErrorKind};
use super::key::{FromServiceKey, ServiceKey};
use super::path::{ServiceForm, ServiceId, ServiceStep};
use super::provider::ServiceProvider;
use super::root::Place;
use super::scope::ServiceScopeFactory;
use super::site::{ServiceSite, Sites};

/// What a constructor gets its parts from: knows at which provider the service was asked for, and its key.
#[derive(Clone, Copy)]
pub struct Resolver<'a> {
    place: Place<'a>,
    key: Option<&'a ServiceKey>,
    arguments: Option<&'a ArgumentList>,
    sites: Option<&'a Sites>,
}

impl<'a> Resolver<'a> {
    /// For what is no registration's.
    pub(crate) fn at(place: Place<'a>) -> Self {
        Self {
            place,
            key: None,
            arguments: None,
            sites: None,
        }
    }

    pub(crate) fn for_registration(
        place: Place<'a>,
        key: Option<&'a ServiceKey>,
        sites: &'a Sites,
    ) -> Self {
        Self {
            key,
            sites: Some(sites),
            ..Self::at(place)
        }
    }

    pub(crate) fn with_arguments(place: Place<'a>, arguments: &'a ArgumentList) -> Self {
        Self {
            arguments: Some(arguments),
            ..Self::at(place)
        }
    }

    /// The [`Injectable::Site`](super::Injectable::Site)s of what is constructed, in a type of its constructor's choice: kept
    /// by its registration from one construction to the next. The first type that is asked for is the one that is kept: there
    /// are none of another, and none where it is not registered.
    #[inline]
    pub fn sites<T: Default + Send + Sync + 'static>(&self) -> Option<&'a T> {
        self.sites.and_then(Sites::get)
    }

    /// The argument that was given by hand for a field or parameter of the type `T`, if one was.
    #[inline]
    pub fn given<T: 'static>(&self) -> Option<T> {
        self.arguments.and_then(ArgumentList::take)
    }

    /// An argument that has to be given by hand.
    ///
    /// # Errors
    ///
    /// When none of the type `T` was given.
    pub fn argument<T: 'static>(&self) -> Result<T, ServiceError> {
        self.given()
            .ok_or_else(|| ServiceError::missing(ServiceId::of::<T>()))
    }

    /// The service `S`, if it is registered.
    ///
    /// # Errors
    ///
    /// When it is registered, but cannot be had.
    pub fn get<S: ?Sized + Send + Sync + 'static>(&self) -> Result<Option<Arc<S>>, ServiceError> {
        let entry = self.place.root.table::<S>().and_then(|it| it.last());
        entry.map(|it| it.resolve(self.place)).transpose()
    }

    /// The service `S`.
    ///
    /// # Errors
    ///
    /// When it is not registered, or cannot be had.
    #[inline]
    pub fn required<S: ?Sized + Send + Sync + 'static>(&self) -> Result<Arc<S>, ServiceError> {
        match self.place.root.table::<S>().and_then(|it| it.last()) {
            Some(entry) => entry.resolve(self.place),
            None => Err(ServiceError::missing(ServiceId::of::<S>())),
        }
    }

    /// The service `S`, for a place that remembers where it is found.
    ///
    /// # Errors
    ///
    /// When it is not registered, or cannot be had.
    #[inline]
    pub fn required_at<S: ?Sized + Send + Sync + 'static>(
        &self,
        site: &ServiceSite<S>,
    ) -> Result<Arc<S>, ServiceError> {
        match site.known() {
            Some(entry) => entry.resolve(self.place),
            None => self.required_first(site),
        }
    }

    /// The service `S`, which is looked up for the first time.
    #[cold]
    fn required_first<S: ?Sized + Send + Sync + 'static>(
        &self,
        site: &ServiceSite<S>,
    ) -> Result<Arc<S>, ServiceError> {
        match self.place.root.table::<S>().and_then(|it| it.last()) {
            Some(entry) => {
                site.remember(entry);
                entry.resolve(self.place)
            }
            None => Err(ServiceError::missing(ServiceId::of::<S>())),
        }
    }

    /// Every registration of the service `S`, in order.
    ///
    /// # Errors
    ///
    /// When one of them cannot be had.
    pub fn all<S: ?Sized + Send + Sync + 'static>(&self) -> Result<Vec<Arc<S>>, ServiceError> {
        match self.place.root.table::<S>() {
            Some(table) => table.all(None, self.place),
            None => Ok(Vec::new()),
        }
    }

    /// The service `S` with this key, if there is one.
    ///
    /// # Errors
    ///
    /// When it is registered, but cannot be had.
    pub fn get_keyed<S: ?Sized + Send + Sync + 'static>(
        &self,
        key: impl Into<ServiceKey>,
    ) -> Result<Option<Arc<S>>, ServiceError> {
        let key = key.into();
        if key.is_any() {
            let service = ServiceId::of::<S>().with_key(Some(key));
            let step = ServiceStep::new(service, ServiceForm::One);
            return Err(ServiceError::at(ServiceErrorKind::AnyKey, step));
        }
        let answering = self
            .place
            .root
            .table::<S>()
            .and_then(|it| it.answering(&key));
        answering.map(|it| it.resolve(self.place)).transpose()
    }

    /// The service `S` with this key.
    ///
    /// # Errors
    ///
    /// When it is not registered, or cannot be had.
    pub fn required_keyed<S: ?Sized + Send + Sync + 'static>(
        &self,
        key: impl Into<ServiceKey>,
    ) -> Result<Arc<S>, ServiceError> {
        let key = key.into();
        self.get_keyed(key.clone())?
            .ok_or_else(|| ServiceError::missing(ServiceId::of::<S>().with_key(Some(key))))
    }

    /// Every registration of the service `S` with this key; of those with [`ServiceKey::ANY`], every one with a key of
    /// its own.
    ///
    /// # Errors
    ///
    /// When one of them cannot be had.
    pub fn all_keyed<S: ?Sized + Send + Sync + 'static>(
        &self,
        key: impl Into<ServiceKey>,
    ) -> Result<Vec<Arc<S>>, ServiceError> {
        match self.place.root.table::<S>() {
            Some(table) => table.all(Some(&key.into()), self.place),
            None => Ok(Vec::new()),
        }
    }

    /// The key of the service that is constructed.
    ///
    /// # Errors
    ///
    /// When it has none, or none that `K` can be.
    pub fn service_key<K: FromServiceKey>(&self) -> Result<K, ServiceError> {
        K::from_service_key(self.key).ok_or_else(|| {
            ServiceError::along(
                ServiceErrorKind::UnfitKey(type_name::<K>()),
                Default::default(),
            )
        })
    }

    /// The provider that the service was asked for at: of the scope, or of the root; for a singleton always of the root.
    pub fn provider(&self) -> ServiceProvider {
        match self.place.scope {
            Some(provider) => provider.clone(),
            None => ServiceProvider::inner_handle(self.place.root),
        }
    }

    /// What opens scopes.
    pub fn scope_factory(&self) -> ServiceScopeFactory {
        ServiceScopeFactory::new(self.place.root)
    }
}

impl fmt::Debug for Resolver<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver")
            .field("scoped", &self.place.scope.is_some())
            .field("key", &self.key)
            .field("arguments", &self.arguments)
            .finish()
    }
}
