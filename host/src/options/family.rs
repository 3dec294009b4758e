//! All options of one type.

use std::sync::{Arc, Mutex, PoisonError};

use super::error::OptionsError;
use super::live::LiveOptions;
use super::step::{self, Recipe, Step};
use crate::configuration::Configuration;

/// The options of the type `T`, of all names; each made when it is first asked for.
pub(super) struct Family<T> {
    members: Vec<Member<T>>,
}

struct Member<T> {
    recipe: Arc<Recipe<T>>,
    live: Mutex<Option<Arc<LiveOptions<T>>>>,
}

impl<T: Send + Sync + 'static> Family<T> {
    pub(super) fn new(configuration: Option<&Arc<Configuration>>, steps: &[Arc<Step<T>>]) -> Self {
        let members = step::names(steps).into_iter().map(|name| Member {
            recipe: Arc::new(Recipe::new(name, steps, configuration.cloned())),
            live: Mutex::new(None),
        });
        Self {
            members: members.collect(),
        }
    }

    pub(super) fn recipes(&self) -> impl Iterator<Item = &Recipe<T>> {
        self.members.iter().map(|member| &*member.recipe)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.members.iter().map(|member| &member.recipe.name)
    }

    /// The options of this name. What fails is tried again when it is next asked for.
    pub(super) fn live(&self, name: &str) -> Result<Arc<LiveOptions<T>>, OptionsError> {
        let member = self.members.iter().find(|it| *it.recipe.name == *name);
        // Each name is registered in the container by the same call that adds its first step.
        let member = member.expect("only names that are registered are asked for");
        let mut live = member.live.lock().unwrap_or_else(PoisonError::into_inner);
        match &*live {
            Some(live) => Ok(Arc::clone(live)),
            None => {
                let made = LiveOptions::make(&member.recipe)?;
                Ok(Arc::clone(live.insert(made)))
            }
        }
    }
}
