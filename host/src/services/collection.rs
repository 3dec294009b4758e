use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::descriptor::ServiceDescriptor;
use super::graph::Graph;
use super::graph_error::GraphError;
use super::index::Index;
use super::initialize::{Awaited, Initialization};
use super::key::ServiceKey;
use super::owner::Owner;
use super::path::ServiceId;
use super::provider::ServiceProvider;
use super::registration::{Info, Registration, Typed};
use super::root::Root;
use super::type_map::TypeMap;

/// What services there are: an ordered list of descriptors, of which a [`ServiceProvider`] is built.
///
/// Of several registrations of one service the last answers when a single one is asked for, and all answer when all
/// are. A provider does not see what is registered after it was built.
#[derive(Clone, Default)]
#[doc(alias = "IServiceCollection")]
pub struct ServiceCollection {
    registrations: Vec<Arc<dyn Registration>>,
}

impl ServiceCollection {
    /// No services.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a registration at the end.
    pub fn add<S: ?Sized + Send + Sync + 'static>(
        &mut self,
        descriptor: ServiceDescriptor<S>,
    ) -> &mut Self {
        self.registrations.push(Arc::new(Typed::new(descriptor)));
        self
    }

    /// Adds it if there is none of the same service and key yet; says whether it was added.
    #[doc(alias = "TryAdd")]
    pub fn try_add<S: ?Sized + Send + Sync + 'static>(
        &mut self,
        descriptor: ServiceDescriptor<S>,
    ) -> bool {
        let fresh = self.first(&descriptor.service()).is_none();
        if fresh {
            self.add(descriptor);
        }
        fresh
    }

    /// Adds it if there is none of the same service, key and implementation yet, whatever its lifetime; says whether it
    /// was added.
    ///
    /// The implementation is what is constructed; for an instance or a factory it is the service type itself, unless
    /// [`ServiceDescriptor::instance_as`] or [`ServiceDescriptor::implemented_by`] says more.
    #[doc(alias = "TryAddEnumerable")]
    pub fn try_add_to_all<S: ?Sized + Send + Sync + 'static>(
        &mut self,
        descriptor: ServiceDescriptor<S>,
    ) -> bool {
        let service = descriptor.service();
        let fresh = !self.registrations.iter().any(|it| {
            it.info().service == service && it.info().implementation == descriptor.implementation
        });
        if fresh {
            self.add(descriptor);
        }
        fresh
    }

    /// Takes out the first registration of the same service and key, if there is one, and adds this one at the end.
    #[doc(alias = "Replace")]
    pub fn replace<S: ?Sized + Send + Sync + 'static>(
        &mut self,
        descriptor: ServiceDescriptor<S>,
    ) -> &mut Self {
        if let Some(index) = self.first(&descriptor.service()) {
            self.registrations.remove(index);
        }
        self.add(descriptor)
    }

    /// Takes out every registration of the service `S` without a key; says how many there were.
    #[doc(alias = "RemoveAll")]
    pub fn remove_all<S: ?Sized + Send + Sync + 'static>(&mut self) -> usize {
        self.remove(&ServiceId::of::<S>())
    }

    /// Takes out every registration of the service `S` with exactly this key; says how many there were.
    #[doc(alias = "RemoveAllKeyed")]
    pub fn remove_all_keyed<S: ?Sized + Send + Sync + 'static>(
        &mut self,
        key: impl Into<ServiceKey>,
    ) -> usize {
        self.remove(&ServiceId::of::<S>().with_key(Some(key.into())))
    }

    /// Whether the service `S` is registered without a key.
    pub fn contains<S: ?Sized + Send + Sync + 'static>(&self) -> bool {
        self.first(&ServiceId::of::<S>()).is_some()
    }

    /// How many registrations there are.
    pub fn len(&self) -> usize {
        self.registrations.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.registrations.is_empty()
    }

    fn first(&self, service: &ServiceId) -> Option<usize> {
        self.registrations
            .iter()
            .position(|it| it.info().service == *service)
    }

    fn remove(&mut self, service: &ServiceId) -> usize {
        let before = self.registrations.len();
        self.registrations
            .retain(|it| it.info().service != *service);
        before - self.registrations.len()
    }

    /// What is known of the registrations, in order, and how they are found.
    pub(crate) fn infos(&self) -> (Vec<Arc<Info>>, Index) {
        let infos: Vec<_> = self
            .registrations
            .iter()
            .map(|it| Arc::clone(it.info()))
            .collect();
        let mut index = Index::default();
        for (number, info) in infos.iter().enumerate() {
            index.add(&info.service, number);
        }
        (infos, index)
    }

    /// Checks that the services can work together as they are declared, and makes a provider of them. Nothing is
    /// constructed. The collection can be built of again; two providers share nothing but instances.
    ///
    /// Found are services that are missing, that need themselves, and scoped ones that a singleton would keep; not what
    /// a constructor or factory asks an injected provider for: that is found when it does.
    ///
    /// # Errors
    ///
    /// All findings, each with its path.
    #[doc(alias = "BuildServiceProvider")]
    #[doc(alias = "ValidateOnBuild")]
    pub fn build(&self) -> Result<ServiceProvider, GraphError> {
        let (infos, index) = self.infos();
        let graph = Graph::new(&infos, &index);
        let findings = graph.findings();
        if !findings.is_empty() {
            return Err(GraphError::new(findings));
        }
        let mut tables: HashMap<_, Box<dyn Any + Send + Sync>> = HashMap::new();
        for (registration, needs_scope) in self.registrations.iter().zip(graph.needing_scope()) {
            let table = tables.entry(registration.info().service.type_id());
            let table = table.or_insert_with(|| registration.table());
            registration.add_to(&mut **table, needs_scope);
        }
        let awaited = graph.awaited().into_iter().map(|(number, above)| Awaited {
            registration: Arc::clone(&self.registrations[number]),
            step: infos[number].step(),
            above,
        });
        let initialization = Initialization::new(awaited.collect());
        Ok(ServiceProvider::new(Root {
            tables: TypeMap::new(tables.into_values().collect()),
            index,
            owner: Owner::default(),
            initialization,
        }))
    }
}

impl fmt::Debug for ServiceCollection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.registrations.iter().map(|it| {
            let info = it.info();
            format!("{} {}", info.lifetime, info.step())
        });
        f.debug_list().entries(lines).finish()
    }
}
