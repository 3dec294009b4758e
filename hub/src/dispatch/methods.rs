//! The table of a hub's methods.

use std::collections::HashMap;
use std::fmt;

use campanile_web::{AuthorizationPolicies, Policy};

use super::{CallError, MethodCall, MethodRun};

/// Binds the arguments of one call and gives what runs it.
type Invoke<H> = fn(MethodCall<'_, H>) -> Result<MethodRun, CallError>;

/// The methods of a hub that clients can call, as [`#[hub]`](macro@crate::hub) lists them.
pub struct HubMethods<H> {
    methods: Vec<HubMethod<H>>,
    /// By the name in lower case: clients may spell it as they like.
    by_name: HashMap<Box<str>, usize>,
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

    /// Looks up the policies that are named.
    pub(crate) fn resolve(&mut self, policies: &AuthorizationPolicies) {
        for policy in self.methods.iter_mut().filter_map(|it| it.policy.as_mut()) {
            match policies.resolve(policy) {
                Ok(resolved) => *policy = resolved,
                // What cannot be looked up permits nobody.
                Err(error) => tracing::error!(%error, "nobody may call a hub method"),
            }
        }
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
