//! Says all there is to say about options of one type and name.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::registration;
use super::rule::Rule;
use super::step::{Action, Section, Step, Target};
use crate::services::{ServiceCollection, ServiceDescriptor};

/// Registers options of the type `T`, and what is done to them. See [`ServiceCollection::options`].
pub struct OptionsBuilder<'s, T> {
    services: &'s mut ServiceCollection,
    target: Target,
    options: PhantomData<fn() -> T>,
}

impl<'s, T: Send + Sync + 'static> OptionsBuilder<'s, T> {
    pub(super) fn new(services: &'s mut ServiceCollection, target: Target) -> Self {
        Self {
            services,
            target,
            options: PhantomData,
        }
    }

    /// Binds them to a section of the configuration, strictly: see
    /// [`Configuration::bind`](crate::configuration::Configuration::bind). Several sections are laid over each other, and
    /// later ones win.
    #[doc(alias = "BindConfiguration")]
    pub fn bind(self, section: impl Into<String>) -> Self
    where
        T: DeserializeOwned,
    {
        self.add(Action::Section(Section::new(section.into(), true)))
    }

    /// Binds them to a section of the configuration; keys that `T` does not have are left out, as .NET does. Where they are
    /// bound to several sections, that goes for all.
    pub fn bind_lenient(self, section: impl Into<String>) -> Self
    where
        T: DeserializeOwned,
    {
        self.add(Action::Section(Section::new(section.into(), false)))
    }

    /// Has them begin with their default, unless they are bound to a section.
    pub fn or_default(self) -> Self
    where
        T: Default,
    {
        self.add(Action::Default(T::default))
    }

    /// Changes them once they are bound.
    #[doc(alias = "Configure")]
    pub fn configure(self, change: impl Fn(&mut T) + Send + Sync + 'static) -> Self {
        self.add(Action::Configure(Box::new(change)))
    }

    /// Changes them after all that [`configure`](Self::configure) does.
    #[doc(alias = "PostConfigure")]
    pub fn post_configure(self, change: impl Fn(&mut T) + Send + Sync + 'static) -> Self {
        self.add(Action::PostConfigure(Box::new(change)))
    }

    /// Checks them once they are made; the error says what is wrong with them, to an operator.
    #[doc(alias = "Validate")]
    pub fn validate(
        self,
        check: impl Fn(&T) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.add(Action::Validate(Box::new(check)))
    }

    /// Checks one field of them, by a [rule](super::rule). The report names the field's key (`key` is what it is called in
    /// the section) and the file and line of its value.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use campanile_host::ServiceCollection;
    /// use campanile_host::options::rule::{at_least, between, not_empty};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct ClockOptions {
    ///     interval: Duration,
    ///     zones: Vec<String>,
    ///     volume: u8,
    /// }
    ///
    /// let mut services = ServiceCollection::new();
    /// services
    ///     .options::<ClockOptions>()
    ///     .bind("Clock")
    ///     .check("Interval", |it| &it.interval, at_least(Duration::from_millis(10)))
    ///     .check("Zones", |it| &it.zones, not_empty())
    ///     .check("Volume", |it| &it.volume, between(1, 11));
    /// ```
    #[doc(alias = "ValidateDataAnnotations")]
    pub fn check<V: ?Sized + 'static>(
        self,
        key: impl Into<String>,
        field: impl Fn(&T) -> &V + Send + Sync + 'static,
        rule: Rule<V>,
    ) -> Self {
        self.add(Action::CheckField {
            key: key.into(),
            schema: rule.schema.clone(),
            check: Box::new(move |options: &T| rule.check(field(options))),
        })
    }

    pub(super) fn add(self, action: Action<T>) -> Self {
        if let (Target::Named(name), Action::Section(_) | Action::Default(_)) =
            (&self.target, &action)
        {
            registration::register(self.services, name, PhantomData::<T>);
        }
        let target = self.target.clone();
        let step = ServiceDescriptor::instance(Arc::new(Step { target, action }));
        self.services.add(step.internal());
        self
    }
}

impl<T> fmt::Debug for OptionsBuilder<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OptionsBuilder")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}
