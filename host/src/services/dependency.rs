use std::any::TypeId;

use super::inject::Injectable;
use super::key::{FromServiceKey, ServiceKey};
use super::path::{ServiceForm, ServiceId, ServiceStep};

/// What a constructor or a factory needs, declared so that [`ServiceCollection::build`] can check the whole graph
/// without constructing anything.
///
/// [`ServiceCollection::build`]: super::ServiceCollection::build
#[derive(Clone, Debug)]
pub struct Dependency {
    parameter: Option<TypeId>,
    need: Need,
}

#[derive(Clone, Debug)]
pub(crate) enum Need {
    Service(ServiceStep),
    ServiceKey(ServiceStep),
    Argument(ServiceStep),
    Several(Vec<Dependency>),
}

impl Dependency {
    fn new(need: Need) -> Self {
        Self {
            parameter: None,
            need,
        }
    }

    fn service<S: ?Sized + 'static>(form: ServiceForm) -> Self {
        Self::new(Need::Service(ServiceStep::new(ServiceId::of::<S>(), form)))
    }

    /// What a field or parameter of the type `I` needs.
    pub fn of<I: Injectable>() -> Self {
        I::dependency().filling::<I>()
    }

    /// The same, of a field or parameter of the type `T`, which may also be given by hand.
    #[must_use]
    pub fn filling<T: 'static>(self) -> Self {
        Self {
            parameter: Some(TypeId::of::<T>()),
            ..self
        }
    }

    /// Nothing that could be missing.
    pub fn none() -> Self {
        Self::new(Need::Several(Vec::new()))
    }

    /// The service `S`, which has to be registered.
    pub fn required<S: ?Sized + 'static>() -> Self {
        Self::service::<S>(ServiceForm::One)
    }

    /// The service `S`, if it is registered.
    pub fn optional<S: ?Sized + 'static>() -> Self {
        Self::service::<S>(ServiceForm::Optional)
    }

    /// Every registration of the service `S`.
    pub fn all<S: ?Sized + 'static>() -> Self {
        Self::service::<S>(ServiceForm::All)
    }

    /// The service `S`, which has to be registered, but is not constructed before it is used.
    pub fn lazy<S: ?Sized + 'static>() -> Self {
        Self::service::<S>(ServiceForm::Lazy)
    }

    /// The key of the service that is constructed, as a `K`.
    pub fn service_key<K: FromServiceKey + 'static>() -> Self {
        if K::OPTIONAL {
            return Self::none();
        }
        let step = ServiceStep::new(ServiceId::of::<K>(), ServiceForm::Value);
        Self::new(Need::ServiceKey(step))
    }

    /// A `T` that is given by hand, to [`ServiceProvider::construct_with`]: no service can be it.
    ///
    /// [`ServiceProvider::construct_with`]: super::ServiceProvider::construct_with
    pub fn argument<T: 'static>() -> Self {
        let step = ServiceStep::new(ServiceId::of::<T>(), ServiceForm::Value);
        Self {
            parameter: Some(TypeId::of::<T>()),
            need: Need::Argument(step),
        }
    }

    /// All of these.
    pub fn several(dependencies: impl IntoIterator<Item = Self>) -> Self {
        Self::new(Need::Several(dependencies.into_iter().collect()))
    }

    /// The same, of the registrations with this key.
    #[must_use]
    pub fn with_key(self, key: impl Into<ServiceKey>) -> Self {
        let need = match self.need {
            Need::Service(step) => Need::Service(ServiceStep::new(
                step.service().clone().with_key(Some(key.into())),
                step.form(),
            )),
            other => other,
        };
        Self { need, ..self }
    }

    pub(crate) fn parameter(&self) -> Option<TypeId> {
        self.parameter
    }

    /// Every single need, nested ones included.
    pub(crate) fn needs<'a>(&'a self, found: &mut Vec<&'a Need>) {
        match &self.need {
            Need::Several(dependencies) => dependencies.iter().for_each(|it| it.needs(found)),
            need => found.push(need),
        }
    }
}
