//! Registers options, and what is done to them.

use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::builder::OptionsBuilder;
use super::error::OptionsError;
use super::family::Family;
use super::schema::{OptionsSchema, SettingsSchema};
use super::startup::{OptionsValidator, StartupValidator};
use super::step::{DEFAULT, Step, Target};
use super::{Options, OptionsMonitor, OptionsSnapshot};
use crate::configuration::Configuration;
use crate::services::{ServiceCollection, ServiceDescriptor};

/// Options.
///
/// They are made once, when they are first asked for, and a host makes them all before it starts anything: bound to their
/// sections, or default; then changed by [`configure_with`](Self::configure_with), in order of registration; then by
/// [`post_configure`](Self::post_configure); then checked by every [`validate`](Self::validate). All failures are
/// reported together.
///
/// Unlike in .NET, a section never overwrites what `configure_with` did: it comes first, whatever the order of registration.
impl ServiceCollection {
    /// What says all there is to say about the options `T`: sections, changes, checks.
    #[doc(alias = "AddOptions")]
    pub fn options<T: Send + Sync + 'static>(&mut self) -> OptionsBuilder<'_, T> {
        self.options_named(DEFAULT)
    }

    /// The same for the options `T` that have this name. They are others than those without a name, and services get
    /// them by `#[inject(key = "name")]`.
    pub fn options_named<T: Send + Sync + 'static>(
        &mut self,
        name: impl Into<String>,
    ) -> OptionsBuilder<'_, T> {
        let name: String = name.into();
        OptionsBuilder::new(self, Target::Named(name.into()))
    }

    /// The same for the options `T` of every name, and those without one, wherever they are registered.
    #[doc(alias = "ConfigureAll")]
    #[doc(alias = "PostConfigureAll")]
    pub fn options_of_every_name<T: Send + Sync + 'static>(&mut self) -> OptionsBuilder<'_, T> {
        OptionsBuilder::new(self, Target::All)
    }

    /// Binds the options `T` to a section of the configuration, strictly: see
    /// [`Configuration::bind`](crate::configuration::Configuration::bind).
    ///
    /// Bound to several sections, they are laid over each other, and later ones win.
    #[doc(alias = "Configure")]
    #[doc(alias = "BindConfiguration")]
    pub fn configure<T: DeserializeOwned + Send + Sync + 'static>(
        &mut self,
        section: impl Into<String>,
    ) -> &mut Self {
        self.options::<T>().bind(section);
        self
    }

    /// Binds the options `T` of this name to a section of the configuration.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use campanile_host::configuration::ConfigurationBuilder;
    /// use campanile_host::options::Options;
    /// use campanile_host::{Inject, ServiceCollection};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Bell {
    ///     weight: u32,
    /// }
    ///
    /// #[derive(Inject)]
    /// struct Tower {
    ///     #[inject(key = "large")]
    ///     large: Options<Bell>,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let configuration = ConfigurationBuilder::new()
    ///     .add_json_text(r#"{ "Bells": { "Large": { "Weight": 9000 }, "Small": { "Weight": 80 } } }"#)
    ///     .build()?;
    /// let mut services = ServiceCollection::new();
    /// services
    ///     .add_instance(Arc::new(configuration))
    ///     .configure_named::<Bell>("large", "Bells:Large")
    ///     .configure_named::<Bell>("small", "Bells:Small")
    ///     .add_singleton::<Tower>();
    /// assert_eq!(services.build()?.required::<Tower>()?.large.weight, 9000);
    /// # Ok(())
    /// # }
    /// ```
    pub fn configure_named<T: DeserializeOwned + Send + Sync + 'static>(
        &mut self,
        name: impl Into<String>,
        section: impl Into<String>,
    ) -> &mut Self {
        self.options_named::<T>(name).bind(section);
        self
    }

    /// Has the options `T` begin with their default, unless they are bound to a section.
    pub fn add_options<T: Default + Send + Sync + 'static>(&mut self) -> &mut Self {
        self.options::<T>().or_default();
        self
    }

    /// Changes the options `T`, which [`configure`](Self::configure) or [`add_options`](Self::add_options) registers.
    #[doc(alias = "Configure")]
    pub fn configure_with<T: Send + Sync + 'static>(
        &mut self,
        change: impl Fn(&mut T) + Send + Sync + 'static,
    ) -> &mut Self {
        self.options::<T>().configure(change);
        self
    }

    /// Changes the options `T` after all that [`configure_with`](Self::configure_with) does.
    #[doc(alias = "PostConfigure")]
    pub fn post_configure<T: Send + Sync + 'static>(
        &mut self,
        change: impl Fn(&mut T) + Send + Sync + 'static,
    ) -> &mut Self {
        self.options::<T>().post_configure(change);
        self
    }

    /// Checks the options `T` once they are made; the error says what is wrong with them, to an operator.
    #[doc(alias = "Validate")]
    #[doc(alias = "IValidateOptions")]
    pub fn validate<T: Send + Sync + 'static>(
        &mut self,
        check: impl Fn(&T) -> Result<(), String> + Send + Sync + 'static,
    ) -> &mut Self {
        self.options::<T>().validate(check);
        self
    }
}

/// Has the container give out the options of this name.
pub(super) fn register<T: Send + Sync + 'static>(
    services: &mut ServiceCollection,
    name: &Arc<str>,
    _: PhantomData<T>,
) {
    services.try_add(
        ServiceDescriptor::singleton_factory::<Family<T>, _>(
            |configuration: Option<Arc<Configuration>>, steps: Vec<Arc<Step<T>>>| {
                Family::new(configuration.as_ref(), &steps)
            },
        )
        .internal(),
    );
    services.try_add_to_all(
        ServiceDescriptor::instance_as::<dyn StartupValidator, _>(
            Arc::new(OptionsValidator::<T>::new()),
            |it| it,
        )
        .internal(),
    );
    services.try_add_to_all(
        ServiceDescriptor::instance_as::<dyn SettingsSchema, _>(
            Arc::new(OptionsSchema::<T>::new()),
            |it| it,
        )
        .internal(),
    );
    let own = Arc::clone(name);
    let fixed =
        ServiceDescriptor::singleton_factory::<Options<T>, _>(move |all: Arc<Family<T>>| {
            let live = all.live(&own)?;
            Ok::<_, OptionsError>(Options::from(live.current()))
        });
    let own = Arc::clone(name);
    let monitor =
        ServiceDescriptor::singleton_factory::<OptionsMonitor<T>, _>(move |all: Arc<Family<T>>| {
            all.live(&own).map(OptionsMonitor::of)
        });
    let own = Arc::clone(name);
    let snapshot =
        ServiceDescriptor::scoped_factory::<OptionsSnapshot<T>, _>(move |all: Arc<Family<T>>| {
            let live = all.live(&own)?;
            Ok::<_, OptionsError>(OptionsSnapshot::from(live.current()))
        });
    if **name == *DEFAULT {
        services.try_add(fixed);
        services.try_add(monitor);
        services.try_add(snapshot);
    } else {
        let key = || String::from(&**name);
        services.try_add(fixed.keyed(key()));
        services.try_add(monitor.keyed(key()));
        services.try_add(snapshot.keyed(key()));
    }
}
