//! Registers options, and what is done to them.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::error::OptionsError;
use super::options::Options;
use super::startup::{OptionsValidator, StartupValidator};
use super::step::{self, Section, Step};
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
        self.add_step(Step::<T>::Section(Section::new(section.into())))
            .add_options_service::<T>()
    }

    /// Has the options `T` begin with their default, unless they are bound to a section.
    #[doc(alias = "AddOptions")]
    pub fn add_options<T: Default + Send + Sync + 'static>(&mut self) -> &mut Self {
        self.add_step(Step::<T>::Default(T::default))
            .add_options_service::<T>()
    }

    /// Changes the options `T`, which [`configure`](Self::configure) or [`add_options`](Self::add_options) registers.
    #[doc(alias = "Configure")]
    pub fn configure_with<T: Send + Sync + 'static>(
        &mut self,
        change: impl Fn(&mut T) + Send + Sync + 'static,
    ) -> &mut Self {
        self.add_step(Step::Configure(Box::new(change)))
    }

    /// Changes the options `T` after all that [`configure_with`](Self::configure_with) does.
    #[doc(alias = "PostConfigure")]
    pub fn post_configure<T: Send + Sync + 'static>(
        &mut self,
        change: impl Fn(&mut T) + Send + Sync + 'static,
    ) -> &mut Self {
        self.add_step(Step::PostConfigure(Box::new(change)))
    }

    /// Checks the options `T` once they are made; the error says what is wrong with them, to an operator.
    #[doc(alias = "Validate")]
    #[doc(alias = "IValidateOptions")]
    pub fn validate<T: Send + Sync + 'static>(
        &mut self,
        check: impl Fn(&T) -> Result<(), String> + Send + Sync + 'static,
    ) -> &mut Self {
        self.add_step(Step::Validate(Box::new(check)))
    }

    fn add_step<T: Send + Sync + 'static>(&mut self, step: Step<T>) -> &mut Self {
        self.add_instance(Arc::new(step))
    }

    fn add_options_service<T: Send + Sync + 'static>(&mut self) -> &mut Self {
        self.try_add(ServiceDescriptor::singleton_factory::<Options<T>, _>(
            make::<T>,
        ));
        self.try_add_to_all(ServiceDescriptor::instance_as::<dyn StartupValidator, _>(
            Arc::new(OptionsValidator::<T>::new()),
            |it| it,
        ));
        self
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "what a factory is given is its own"
)]
fn make<T: Send + Sync + 'static>(
    configuration: Option<Arc<Configuration>>,
    steps: Vec<Arc<Step<T>>>,
) -> Result<Options<T>, OptionsError> {
    let options = step::take(&steps, configuration.as_deref())?;
    // Only registrations that begin with something register this function.
    Ok(Options::new(options.expect(
        "options are registered with a section or a default",
    )))
}
