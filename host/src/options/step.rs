//! What is done to make options, step by step.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::OptionsError;
use super::rule::Check;
use crate::configuration::{BindError, Configuration, schema};

/// The name of options that have none.
pub(super) const DEFAULT: &str = "";

/// One registration for options of the type `T`. The container has them all, in order.
pub(super) struct Step<T> {
    pub(super) target: Target,
    pub(super) action: Action<T>,
}

/// For which options of a type a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// For those of this name.
    Named(Arc<str>),
    /// For those of every name.
    All,
}

impl Target {
    fn is(&self, name: &str) -> bool {
        match self {
            Self::Named(own) => **own == *name,
            Self::All => true,
        }
    }
}

pub(super) enum Action<T> {
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
    /// One of their fields is checked in the end.
    CheckField {
        key: String,
        check: Box<Check<T>>,
        /// What a JSON schema says of it.
        schema: Map<String, Value>,
    },
}

/// A section, and how sections become a `T`.
pub(super) struct Section<T> {
    name: String,
    is_strict: bool,
    bind: Bind<T>,
    schema: fn(&str) -> Value,
}

type Bind<T> = fn(&Configuration, &[Option<&str>], bool) -> Result<T, BindError>;

impl<T: DeserializeOwned> Section<T> {
    pub(super) fn new(name: String, is_strict: bool) -> Self {
        Self {
            name,
            is_strict,
            bind: Configuration::bind_all,
            schema: schema::of::<T>,
        }
    }
}

/// How the options of one name are made.
pub(super) struct Recipe<T> {
    pub(super) name: Arc<str>,
    steps: Vec<Arc<Step<T>>>,
    pub(super) configuration: Option<Arc<Configuration>>,
}

impl<T> Recipe<T> {
    pub(super) fn new(
        name: Arc<str>,
        steps: &[Arc<Step<T>>],
        configuration: Option<Arc<Configuration>>,
    ) -> Self {
        let steps = steps.iter().filter(|step| step.target.is(&name)).cloned();
        Self {
            steps: steps.collect(),
            name,
            configuration,
        }
    }

    /// The names of the sections, as the configuration is asked for them.
    pub(super) fn sections(&self) -> Vec<Option<&str>> {
        self.bound().map(|it| Some(it.name.as_str())).collect()
    }

    /// The JSON schema of each section. `pointer` says where that of a section stands.
    pub(super) fn schemas(&self, pointer: impl Fn(&str) -> String) -> Vec<(&str, Value)> {
        let is_strict = self.is_strict();
        let describe = |section: &Section<T>| {
            let mut described = (section.schema)(&pointer(&section.name));
            for action in self.actions() {
                if let Action::CheckField { key, schema, .. } = action {
                    let limits = Value::from(schema.clone());
                    merge_below(&mut described, key, limits);
                }
            }
            if !is_strict {
                schema::open(&mut described);
            }
            described
        };
        self.bound()
            .map(|section| (section.name.as_str(), describe(section)))
            .collect()
    }

    /// Takes all steps.
    ///
    /// Sections are laid over each other, as sources of configuration are, and bound at once.
    pub(super) fn make(&self) -> Result<T, OptionsError> {
        let mut options = self.begin()?;
        for action in self.actions() {
            if let Action::Configure(change) = action {
                change(&mut options);
            }
        }
        for action in self.actions() {
            if let Action::PostConfigure(change) = action {
                change(&mut options);
            }
        }
        let failures: Vec<String> = self
            .actions()
            .filter_map(|action| match action {
                Action::Validate(check) => check(&options).err(),
                Action::CheckField { key, check, .. } => {
                    let failure = check(&options).err()?;
                    Some(format!("{} {failure}", self.place(key)))
                }
                _ => None,
            })
            .collect();
        if failures.is_empty() {
            return Ok(options);
        }
        Err(OptionsError::Invalid {
            type_name: std::any::type_name::<T>(),
            sections: self.bound().map(|it| it.name.clone()).collect(),
            failures,
        })
    }

    fn begin(&self) -> Result<T, OptionsError> {
        let Some(section) = self.bound().next() else {
            let default = self.actions().find_map(|action| match action {
                Action::Default(make) => Some(make()),
                _ => None,
            });
            // Only names that begin with something have a recipe.
            return Ok(default.expect("options are registered with a section or a default"));
        };
        let Some(configuration) = &self.configuration else {
            return Err(OptionsError::NoConfiguration {
                type_name: std::any::type_name::<T>(),
                section: section.name.clone(),
            });
        };
        (section.bind)(configuration, &self.sections(), self.is_strict())
            .map_err(OptionsError::Bind)
    }

    /// Whether keys that are not known are errors.
    fn is_strict(&self) -> bool {
        self.bound().all(|it| it.is_strict)
    }

    /// A field for people: its whole key, and where its value is from.
    fn place(&self, key: &str) -> String {
        let keys = self.bound().map(|it| format!("{}:{key}", it.name));
        let configuration = self.configuration.as_deref();
        let origin = |key: &String| configuration.and_then(|it| it.origin(key));
        // The section that was added last wins.
        let keys: Vec<String> = keys.collect();
        match keys.iter().rev().find_map(|key| Some((key, origin(key)?))) {
            Some((key, origin)) => format!("'{key}' ({origin})"),
            None => format!("'{}'", keys.last().map_or(key, String::as_str)),
        }
    }

    fn actions(&self) -> impl Iterator<Item = &Action<T>> {
        self.steps.iter().map(|step| &step.action)
    }

    fn bound(&self) -> impl Iterator<Item = &Section<T>> {
        self.actions().filter_map(|action| match action {
            Action::Section(section) => Some(section),
            _ => None,
        })
    }
}

/// Adds to the schema of a key below a section, where it is known.
fn merge_below(section: &mut Value, key: &str, more: Value) {
    let known = key.split(':').try_fold(section, |schema, segment| {
        let properties = schema.get_mut("properties")?.as_object_mut()?;
        let (_, schema) = properties
            .iter_mut()
            .find(|(name, _)| name.eq_ignore_ascii_case(segment))?;
        Some(schema)
    });
    if let Some(schema) = known {
        schema::merge(schema, more);
    }
}

/// The names that options of a type have, in order of registration.
pub(super) fn names<T>(steps: &[Arc<Step<T>>]) -> Vec<Arc<str>> {
    let mut names: Vec<Arc<str>> = Vec::new();
    for step in steps {
        if let (Target::Named(name), Action::Default(_) | Action::Section(_)) =
            (&step.target, &step.action)
            && !names.contains(name)
        {
            names.push(Arc::clone(name));
        }
    }
    names
}
