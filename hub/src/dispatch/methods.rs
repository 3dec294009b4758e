//! The table of a hub's methods.

use std::collections::HashMap;
use std::fmt;

use campanile_host::services::{Dependency, Inject, Resolver, ServiceCollection, ServiceError};
use campanile_web::{AuthorizationPolicies, Policy, PolicyError};

use super::{CallError, MethodCall, MethodRun};
use crate::{Hub, HubInvocationContext};

/// Binds the arguments of one call and gives what runs it.
type Invoke<H> = fn(MethodCall<'_, H>) -> Result<MethodRun, CallError>;

/// The methods of a hub that clients can call, as [`#[hub]`](macro@crate::hub) lists them.
pub struct HubMethods<H> {
    methods: Vec<HubMethod<H>>,
    /// By the name in lower case: clients may spell it as they like.
    by_name: HashMap<Box<str>, usize>,
    /// The services that methods take as parameters.
    needs: Vec<Dependency>,
}

pub(crate) struct HubMethod<H> {
    /// The name on the wire, as the server spells it.
    pub(crate) name: &'static str,
    /// Its place in the table.
    pub(crate) index: usize,
    pub(crate) invoke: Invoke<H>,
    /// Who may call it.
    pub(crate) policy: Option<Policy>,
}

impl<H> HubMethods<H> {
    /// A hub without methods.
    #[must_use]
    pub fn new() -> Self {
        Self {
            methods: Vec::new(),
            by_name: HashMap::new(),
            needs: Vec::new(),
        }
    }

    /// Adds the method that clients call `name`.
    ///
    /// # Panics
    ///
    /// If there is a method of that name, ignoring case. `#[hub]` finds such a pair when it is compiled.
    #[must_use]
    pub fn method(mut self, name: &'static str, invoke: Invoke<H>) -> Self {
        let other = self
            .by_name
            .insert(name.to_lowercase().into(), self.methods.len());
        assert!(other.is_none(), "two hub methods are called '{name}'");
        self.methods.push(HubMethod {
            name,
            index: self.methods.len(),
            invoke,
            policy: None,
        });
        self
    }

    /// Lets only those call the method that was added last whom a policy permits. `#[authorize]` writes it.
    #[must_use]
    pub fn authorize(mut self, policy: Policy) -> Self {
        if let Some(method) = self.methods.last_mut() {
            method.policy = Some(policy);
        }
        self
    }

    /// Says that a method takes a service, so that the container is checked with it. `#[inject]` writes it.
    #[must_use]
    pub fn needing(mut self, service: Dependency) -> Self {
        self.needs.push(service);
        self
    }

    /// Whether a method takes a service, or has a policy whose handlers do.
    pub(crate) fn needs_services(&self) -> bool {
        !self.needs.is_empty() || self.policies().any(Policy::has_handlers)
    }

    /// Lets the container check what the handlers of policies need.
    pub(crate) fn register(&self, services: &mut ServiceCollection) {
        for policy in self.policies() {
            policy.register(services);
        }
    }

    fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.methods.iter().filter_map(|it| it.policy.as_ref())
    }

    /// Looks up the policies that are named.
    pub(crate) fn resolve(
        &mut self,
        policies: &AuthorizationPolicies,
    ) -> Result<(), (&'static str, PolicyError)> {
        for method in &mut self.methods {
            if let Some(policy) = &mut method.policy {
                let resolved = policies.resolve::<HubInvocationContext>(policy);
                *policy = resolved.map_err(|error| (method.name, error))?;
            }
        }
        Ok(())
    }

    /// The names, in the order of the table.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.methods.iter().map(|method| method.name)
    }

    pub(crate) fn find(&self, name: &str) -> Option<&HubMethod<H>> {
        // Few methods, short names: comparing beats hashing, and most clients spell a name as the server does.
        if self.methods.len() <= 16
            && let Some(method) = self.methods.iter().find(|method| method.name == name)
        {
            return Some(method);
        }
        self.by_name
            .get(name.to_lowercase().as_str())
            .map(|index| &self.methods[*index])
    }
}

/// Lets the container check what the methods of a hub take.
impl<H: Hub> Inject for HubMethods<H> {
    fn inject(_: &Resolver<'_>) -> Result<Self, ServiceError> {
        Ok(H::methods())
    }

    fn dependencies() -> Vec<Dependency> {
        H::methods().needs
    }
}

impl<H> Default for HubMethods<H> {
    fn default() -> Self {
        Self::new()
    }
}

impl<H> fmt::Debug for HubMethods<H> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_list()
            .entries(self.methods.iter().map(|method| method.name))
            .finish()
    }
}
