//! A provider with its name, which writes down what it is asked for.

use std::sync::Arc;

use campanile_host::services::{
    Arguments, GraphError, Injectable, ServiceError, ServiceKey, ServiceScope,
};
use campanile_host::{Inject, ServiceCollection, ServiceProvider};

use super::trace;
use super::types::Shown;

pub(super) struct Place {
    name: String,
    pub(super) provider: ServiceProvider,
    scope: Option<ServiceScope>,
}

/// Builds the root; none after a report.
pub(super) fn build(services: &ServiceCollection) -> Option<Place> {
    built(services.build(), "built", "root")
}

/// Builds a provider with a name.
pub(super) fn build_as(name: &str, services: &ServiceCollection) -> Option<Place> {
    built(services.build(), &format!("built {name}"), name)
}

fn built(result: Result<ServiceProvider, GraphError>, line: &str, name: &str) -> Option<Place> {
    match result {
        Ok(provider) => {
            trace::write(line);
            Some(Place {
                name: name.into(),
                provider,
                scope: None,
            })
        }
        Err(error) => {
            trace::report(&error);
            None
        }
    }
}

impl Place {
    /// A provider that an instance gives out.
    pub(super) fn of(name: &str, provider: &ServiceProvider) -> Self {
        Self {
            name: name.into(),
            provider: provider.clone(),
            scope: None,
        }
    }

    pub(super) fn of_scope(name: &str, scope: ServiceScope) -> Self {
        Self {
            name: name.into(),
            provider: scope.services().clone(),
            scope: Some(scope),
        }
    }

    pub(super) fn open(&self, name: &str) -> Self {
        let scope = Self::of_scope(name, self.provider.create_scope());
        if scope.provider.is_disposed() {
            trace::write("error disposed: scope");
        }
        scope
    }

    pub(super) async fn close(&mut self) {
        trace::write(format!("step dispose {}", self.name));
        trace::disposal(match self.scope.take() {
            Some(scope) => scope.dispose().await,
            None => self.provider.dispose().await,
        });
    }

    pub(super) fn close_sync(&mut self) {
        trace::write(format!("step dispose {} sync", self.name));
        trace::disposal(match self.scope.take() {
            Some(scope) => scope.dispose_now(),
            None => self.provider.dispose_now(),
        });
    }

    fn note<T>(
        &self,
        what: &str,
        result: Result<T, ServiceError>,
        show: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        match result {
            Ok(found) => {
                trace::write(format!("{} {what} = {}", self.name, show(&found)));
                Some(found)
            }
            Err(error) => {
                eprintln!("{error}");
                trace::failure(&error);
                None
            }
        }
    }

    pub(super) fn ask<S: ?Sized + Shown + Send + Sync + 'static>(&self) -> Option<Arc<S>> {
        self.note(
            &trace::short::<S>(),
            self.provider.required::<S>(),
            Shown::show,
        )
    }

    pub(super) fn ask_optional<S: ?Sized + Shown + Send + Sync + 'static>(&self) {
        let what = format!("{}?", trace::short::<S>());
        self.note(&what, self.provider.get::<S>(), Shown::show);
    }

    pub(super) fn ask_all<S: ?Sized + Shown + Send + Sync + 'static>(&self) {
        let what = format!("all {}", trace::short::<S>());
        self.note(&what, self.provider.all::<S>(), |it| {
            format!("[{}]", it.to_vec().show())
        });
    }

    pub(super) fn ask_key<S: ?Sized + Shown + Send + Sync + 'static>(
        &self,
        key: impl Into<ServiceKey>,
    ) {
        let key = key.into();
        let what = format!("{}[{key}]", trace::short::<S>());
        self.note(&what, self.provider.required_keyed::<S>(key), Shown::show);
    }

    pub(super) fn ask_key_optional<S: ?Sized + Shown + Send + Sync + 'static>(
        &self,
        key: impl Into<ServiceKey>,
    ) {
        let key = key.into();
        let what = format!("{}[{key}]?", trace::short::<S>());
        self.note(&what, self.provider.get_keyed::<S>(key), Shown::show);
    }

    pub(super) fn ask_key_all<S: ?Sized + Shown + Send + Sync + 'static>(
        &self,
        key: impl Into<ServiceKey>,
    ) {
        let key = key.into();
        let what = format!("all {}[{key}]", trace::short::<S>());
        self.note(&what, self.provider.all_keyed::<S>(key), |it| {
            format!("[{}]", it.show())
        });
    }

    pub(super) fn create<T: Inject + Shown>(&self, arguments: impl Arguments) {
        let what = format!("create {}", trace::short::<T>());
        self.note(
            &what,
            self.provider.construct_with::<T>(arguments),
            Shown::show,
        );
    }

    pub(super) fn get_or_create<T: Inject + Shown>(&self) {
        let what = format!("get-or-create {}", trace::short::<T>());
        self.note(&what, self.provider.get_or_construct::<T>(), Shown::show);
    }

    fn note_known(&self, what: &str, known: bool) {
        trace::write(format!("{} knows {what} = {known}", self.name));
    }

    pub(super) fn knows<S: ?Sized + Send + Sync + 'static>(&self) {
        self.note_known(&trace::short::<S>(), self.provider.is_service::<S>());
    }

    pub(super) fn knows_key<S: ?Sized + Send + Sync + 'static>(&self, key: &'static str) {
        let what = format!("{}[{key}]", trace::short::<S>());
        self.note_known(&what, self.provider.is_keyed_service::<S>(key));
    }

    pub(super) fn knows_as<I: Injectable>(&self, what: &str) {
        self.note_known(what, self.provider.can_inject::<I>());
    }
}
