//! What is done to make options, step by step.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::error::OptionsError;
use crate::configuration::{BindError, Configuration};

/// One registration for the options `T`. The container has them all, in order.
pub(super) enum Step<T> {
    /// Where nothing is bound, they begin like this.
    Default(fn() -> T),
    /// They are bound to a section.
    Section(Section<T>),
    /// They are changed.
    Configure(Box<dyn Fn(&mut T) + Send + Sync>),
    /// They are changed after all that.
    PostConfigure(Box<dyn Fn(&mut T) + Send + Sync>),
    /// They are checked in the end.
    Validate(Box<Check<T>>),
}

/// Says what is wrong.
pub(super) type Check<T> = dyn Fn(&T) -> Result<(), String> + Send + Sync;

/// A section, and how sections become a `T`.
pub(super) struct Section<T> {
    name: String,
    bind: Bind<T>,
}

type Bind<T> = fn(&Configuration, &[Option<&str>]) -> Result<T, BindError>;

impl<T: DeserializeOwned> Section<T> {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            bind: |configuration, sections| configuration.bind_all(sections, true),
        }
    }
}

/// Takes all steps.
///
/// Sections are laid over each other, as sources of configuration are, and bound at once; `None` where there is nothing to
/// begin with.
pub(super) fn take<T>(
    steps: &[Arc<Step<T>>],
    configuration: Option<&Configuration>,
) -> Result<Option<T>, OptionsError> {
    let Some(mut options) = begin(steps, configuration)? else {
        return Ok(None);
    };
    for step in steps {
        if let Step::Configure(change) = &**step {
            change(&mut options);
        }
    }
    for step in steps {
        if let Step::PostConfigure(change) = &**step {
            change(&mut options);
        }
    }
    let failures: Vec<String> = steps
        .iter()
        .filter_map(|step| match &**step {
            Step::Validate(check) => check(&options).err(),
            _ => None,
        })
        .collect();
    if failures.is_empty() {
        return Ok(Some(options));
    }
    Err(OptionsError::Invalid {
        type_name: std::any::type_name::<T>(),
        sections: sections(steps).map(|it| it.name.clone()).collect(),
        failures,
    })
}

fn begin<T>(
    steps: &[Arc<Step<T>>],
    configuration: Option<&Configuration>,
) -> Result<Option<T>, OptionsError> {
    let Some(section) = sections(steps).next() else {
        let default = steps.iter().find_map(|step| match &**step {
            Step::Default(make) => Some(make()),
            _ => None,
        });
        return Ok(default);
    };
    let Some(configuration) = configuration else {
        return Err(OptionsError::NoConfiguration {
            type_name: std::any::type_name::<T>(),
            section: section.name.clone(),
        });
    };
    let names: Vec<Option<&str>> = sections(steps).map(|it| Some(it.name.as_str())).collect();
    (section.bind)(configuration, &names)
        .map(Some)
        .map_err(OptionsError::Bind)
}

fn sections<T>(steps: &[Arc<Step<T>>]) -> impl Iterator<Item = &Section<T>> {
    steps.iter().filter_map(|step| match &**step {
        Step::Section(section) => Some(section),
        _ => None,
    })
}
