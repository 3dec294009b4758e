use std::any::type_name;
use std::sync::Arc;

use super::arguments::Arguments;
use super::dependency::Dependency;
use super::error::{ServiceError, ServiceErrorKind};
use super::inject::Inject;
use super::path::{ServiceForm, ServiceId, ServiceStep};
use super::provider::ServiceProvider;
use super::resolver::Resolver;

/// Constructing what need not be registered.
impl ServiceProvider {
    /// Constructs a `T` of what is registered, whether it is registered itself or not. It belongs to the caller; what
    /// it was constructed with belongs to the container as ever.
    ///
    /// It costs what its dependencies cost: nothing, where it has none.
    ///
    /// # Errors
    ///
    /// When something that it needs cannot be had, its constructor fails, or everything is disposed.
    #[doc(alias = "ActivatorUtilities")]
    #[doc(alias = "CreateInstance")]
    #[inline]
    pub fn construct<T: Inject>(&self) -> Result<T, ServiceError> {
        self.check_open(|| step::<T>())?;
        T::inject(&self.resolver()).map_err(in_construction::<T>)
    }

    /// Constructs a `T` of these arguments, each given to the first parameter or field of exactly its type, and for the
    /// rest of what is registered. It belongs to the caller.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use campanile_host::Inject;
    /// use campanile_host::services::ServiceCollection;
    ///
    /// #[derive(Inject)]
    /// struct Press;
    ///
    /// #[derive(Inject)]
    /// struct Page {
    ///     press: Arc<Press>,
    ///     #[inject(argument)]
    ///     text: String,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut services = ServiceCollection::new();
    /// services.add_singleton::<Press>();
    /// let provider = services.build()?;
    /// let page = provider.construct_with::<Page>((String::from("hello"),))?;
    /// assert_eq!(page.text, "hello");
    /// # let _ = page.press;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`ServiceProvider::construct`]; and when an argument fits no parameter, before anything is constructed.
    #[doc(alias = "CreateInstance")]
    pub fn construct_with<T: Inject>(&self, arguments: impl Arguments) -> Result<T, ServiceError> {
        self.check_open(|| step::<T>())?;
        let arguments = arguments.into_arguments();
        let dependencies = T::dependencies();
        let parameters = dependencies.iter().filter_map(Dependency::parameter);
        if let Some(name) = arguments.unused(parameters) {
            let kind = ServiceErrorKind::UnusedArgument(name);
            return Err(ServiceError::at(kind, step::<T>()));
        }
        T::inject(&Resolver::with_arguments(self.place(), &arguments)).map_err(in_construction::<T>)
    }

    /// The service `T` if it is registered, or else one that is constructed, and belongs to the caller.
    ///
    /// # Errors
    ///
    /// Those of [`ServiceProvider::get`] and [`ServiceProvider::construct`].
    #[doc(alias = "GetServiceOrCreateInstance")]
    pub fn get_or_construct<T: Inject>(&self) -> Result<Arc<T>, ServiceError> {
        match self.get::<T>()? {
            Some(service) => Ok(service),
            None => self.construct::<T>().map(Arc::new),
        }
    }
}

fn step<T: 'static>() -> ServiceStep {
    ServiceStep::new(ServiceId::of::<T>(), ServiceForm::One)
}

/// `T` has no identity in the container, and so no cycle begins with it.
fn in_construction<T: 'static>(error: ServiceError) -> ServiceError {
    error.through(0, || step::<T>().implemented_by(type_name::<T>()))
}
