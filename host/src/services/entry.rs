use std::sync::{Arc, OnceLock, Weak};

use super::descriptor::{ServiceDescriptor, ServiceLifetime};
use super::dispose::Disposal;
use super::error::{ServiceError, ServiceErrorKind};
use super::key::ServiceKey;
use super::make::Source;
use super::owner::Created;
use super::path::{ServiceForm, ServicePath, ServiceStep};
use super::reentry;
use super::registration::Info;
use super::resolver::Resolver;
use super::root::Place;
use super::site::Sites;

/// One registration, or what it has become for a key.
pub(crate) struct Entry<S: ?Sized> {
    pub(super) info: Arc<Info>,
    pub(super) key: Option<ServiceKey>,
    way: Way,
    source: Source<S>,
    disposal: Option<Disposal<S>>,
    needs_scope: Option<ServicePath>,
    /// The singleton, once it is constructed. Its owner holds it, so that it can let go of it in its order while
    /// providers are still around.
    value: OnceLock<Weak<S>>,
    /// What its constructor remembers.
    sites: Sites,
}

/// How a service is had.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Singleton,
    Scoped,
    Transient,
    /// A transient that needs no scope and is disposed by nobody: it is made, and that is all.
    Plain,
}

impl Way {
    fn of<S: ?Sized>(
        lifetime: ServiceLifetime,
        source: &Source<S>,
        disposal: Option<&Disposal<S>>,
        needs_scope: Option<&ServicePath>,
    ) -> Self {
        match (lifetime, source) {
            (ServiceLifetime::Singleton, _) => Self::Singleton,
            (ServiceLifetime::Scoped, _) => Self::Scoped,
            (ServiceLifetime::Transient, Source::Make(make))
                if disposal.is_none() && needs_scope.is_none() && !make.disposes() =>
            {
                Self::Plain
            }
            (ServiceLifetime::Transient, _) => Self::Transient,
        }
    }
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
            way: Way::of(
                descriptor.lifetime,
                &descriptor.source,
                descriptor.disposal.as_ref(),
                needs_scope.as_ref(),
            ),
            source: descriptor.source.clone(),
            disposal: descriptor.disposal.clone(),
            needs_scope,
            value: match &descriptor.source {
                Source::Instance(instance) => Arc::downgrade(instance).into(),
                Source::Make(_) | Source::Await(_) => OnceLock::new(),
            },
            sites: Sites::default(),
        }
    }

    pub(super) fn for_key(&self, key: &ServiceKey) -> Self {
        Self {
            info: Arc::clone(&self.info),
            key: Some(key.clone()),
            way: self.way,
            source: self.source.clone(),
            disposal: self.disposal.clone(),
            needs_scope: self.needs_scope.clone(),
            value: match &self.source {
                Source::Instance(instance) => Arc::downgrade(instance).into(),
                Source::Make(_) | Source::Await(_) => OnceLock::new(),
            },
            sites: Sites::default(),
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

    // Asked one after the other, the two that are asked for often first: a jump by a table would cost more than they do.
    #[inline]
    pub(crate) fn resolve(&self, place: Place<'_>) -> Result<Arc<S>, ServiceError> {
        if self.way == Way::Singleton {
            return match self.ready() {
                Some(service) => Ok(service),
                None => self.singleton(place.at_root()),
            };
        }
        if self.way == Way::Plain {
            return self.plain(place);
        }
        self.owned(place)
    }

    #[inline(never)]
    fn owned(&self, place: Place<'_>) -> Result<Arc<S>, ServiceError> {
        if self.way == Way::Scoped {
            self.scoped(place)
        } else {
            self.transient(place)
        }
    }

    #[inline(never)]
    fn singleton(&self, root: Place<'_>) -> Result<Arc<S>, ServiceError> {
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

    #[inline(never)]
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

    #[inline(never)]
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

    #[inline]
    fn plain(&self, place: Place<'_>) -> Result<Arc<S>, ServiceError> {
        let Source::Make(make) = &self.source else {
            // What is not made is never plain.
            return self.transient(place);
        };
        let Some(_entered) = reentry::enter(self.identity()) else {
            return Err(self.cycle());
        };
        match make.make_plain(&self.resolver(place)) {
            Ok(service) => Ok(service),
            Err(error) => Err(self.in_this(error)),
        }
    }

    #[inline]
    fn resolver<'a>(&'a self, place: Place<'a>) -> Resolver<'a> {
        Resolver::for_registration(place, self.key.as_ref(), &self.sites)
    }

    /// The error of a service that needs itself.
    #[cold]
    fn cycle(&self) -> ServiceError {
        ServiceError::cycle(ServicePath::from_iter([self.step()]), self.identity())
    }

    /// The error of something that this service needs.
    #[cold]
    fn in_this(&self, error: ServiceError) -> ServiceError {
        error.through(self.identity(), || self.step())
    }

    /// The error of what cannot be had without a scope, where there is none.
    pub(super) fn check_scope(&self, place: Place<'_>) -> Result<(), ServiceError> {
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
            return Err(self.cycle());
        };
        let mut created = make
            .make(&self.resolver(place))
            .map_err(|error| self.in_this(error))?;
        if let Some(disposal) = &self.disposal {
            created.disposer = disposal.of(&created.service);
        }
        if let Some(disposer) = &created.disposer
            && make.gives_shared()
            && place.scope.is_some()
            && place.root.owner.disposes(disposer.address())
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
        let begun = factory.begin(&self.resolver(root));
        let future = begun.map_err(|error| self.in_this(error))?;
        let service = future
            .await
            .map_err(|error| self.in_this(ServiceError::failed(error)))?;
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
