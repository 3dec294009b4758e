//! What is checked before a host starts anything.

use std::fmt;
use std::marker::PhantomData;

use super::error::OptionsError;
use super::family::Family;
use super::options::Options;
use super::step::DEFAULT;
use crate::BoxError;
use crate::services::{ServiceError, ServiceErrorKind, ServiceProvider};

/// Something to be checked before a host starts anything. All that are registered as `dyn StartupValidator` are.
///
/// Options have theirs by [`configure`](crate::ServiceCollection::configure) and
/// [`add_options`](crate::ServiceCollection::add_options).
#[doc(alias = "IStartupValidator")]
#[doc(alias = "ValidateOnStart")]
pub trait StartupValidator: Send + Sync {
    /// Says what is wrong, to an operator.
    ///
    /// # Errors
    ///
    /// Where the host should not start.
    fn validate(&self, services: &ServiceProvider) -> Result<(), BoxError>;
}

/// Runs all [`StartupValidator`]s, whatever the others say. A host calls this before it starts anything.
///
/// # Errors
///
/// Everything that is wrong, in one report.
pub fn validate(services: &ServiceProvider) -> Result<(), StartupValidationError> {
    let failures: Vec<BoxError> = match services.all::<dyn StartupValidator>() {
        Ok(validators) => validators
            .iter()
            .filter_map(|validator| validator.validate(services).err())
            .collect(),
        Err(error) => vec![error.into()],
    };
    if failures.is_empty() {
        Ok(())
    } else {
        Err(StartupValidationError { failures })
    }
}

/// Everything that is wrong before the start.
///
/// Displays the failure, or all of them, each on lines of its own.
#[derive(Debug)]
pub struct StartupValidationError {
    failures: Vec<BoxError>,
}

impl StartupValidationError {
    /// What each validator says, in order of registration; at least one. Those of options are [`OptionsError`]s.
    #[must_use]
    pub fn failures(&self) -> &[BoxError] {
        &self.failures
    }
}

impl fmt::Display for StartupValidationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, failure) in self.failures.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{failure}")?;
        }
        Ok(())
    }
}

impl std::error::Error for StartupValidationError {}

/// Checks the options `T` of all names by making them.
pub(super) struct OptionsValidator<T>(PhantomData<fn() -> T>);

impl<T> OptionsValidator<T> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Send + Sync + 'static> StartupValidator for OptionsValidator<T> {
    fn validate(&self, services: &ServiceProvider) -> Result<(), BoxError> {
        let all = services.required::<Family<T>>()?;
        let mut failures = Vec::new();
        for name in all.names() {
            let made = if **name == *DEFAULT {
                services.required::<Options<T>>()
            } else {
                services.required_keyed::<Options<T>>(String::from(&**name))
            };
            match made.map_err(|error| options_error(&error).ok_or(error)) {
                Ok(_) => {}
                Err(Ok(error)) => failures.push(error),
                Err(Err(error)) => return Err(error.into()),
            }
        }
        match <[OptionsError; 1]>::try_from(failures) {
            Ok([failure]) => Err(failure.into()),
            Err(failures) if failures.is_empty() => Ok(()),
            Err(failures) => Err(OptionsError::Several(failures).into()),
        }
    }
}

/// The error of the options themselves, without the container's words around it.
fn options_error(error: &ServiceError) -> Option<OptionsError> {
    match error.kind() {
        ServiceErrorKind::Failed(error) => error.downcast_ref::<OptionsError>().cloned(),
        _ => None,
    }
}
