//! What somebody has to be to be let in.

use std::any::{TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use campanile_host::BoxError;
use campanile_host::services::{Inject, ServiceCollection, ServiceProvider};
use thiserror::Error;

use super::handler::{For, Handled};
use super::{AuthorizationHandler, Principal};

/// Who is let in: everything that a policy requires has to hold.
///
/// ```
/// use campanile_web::{Policy, Principal};
///
/// let ringers = Policy::authenticated()
///     .require_role(["bell-ringer", "sexton"])
///     .require(|principal| principal.name() != Some("Quasimodo"));
/// let ann = Principal::new([("sub", "ann"), ("role", "sexton")]);
/// assert!(ringers.permits(&ann));
/// assert!(!ringers.permits(&Principal::anonymous()));
/// ```
#[derive(Clone)]
#[doc(alias = "AuthorizationPolicy")]
pub struct Policy(Arc<Vec<Requirement>>);

#[derive(Clone)]
enum Requirement {
    Authenticated,
    /// One of these.
    Roles(Vec<String>),
    /// A claim of the kind, with one of the values where there are any.
    Claim(String, Vec<String>),
    Own(OwnCode),
    /// What a handler says that the container makes.
    Handled(Arc<dyn Handled>),
    /// To be looked up.
    Named(String),
}

type OwnCode = Arc<dyn Fn(&Principal) -> bool + Send + Sync>;

impl Policy {
    /// Everybody who is known. What follows narrows it down.
    #[must_use]
    #[doc(alias = "RequireAuthenticatedUser")]
    pub fn authenticated() -> Self {
        Self(Arc::new(vec![Requirement::Authenticated]))
    }

    /// The policy that was [added](crate::AuthHostBuilderExt::add_authorization_policy) under a name.
    ///
    /// Until its name has been [resolved](AuthorizationPolicies::resolve), which the server does when it starts, it permits
    /// nobody.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self(Arc::new(vec![Requirement::Named(name.into())]))
    }

    /// Requires one of these roles.
    #[must_use]
    #[doc(alias = "RequireRole")]
    pub fn require_role<R: Into<String>>(self, roles: impl IntoIterator<Item = R>) -> Self {
        self.and(Requirement::Roles(
            roles.into_iter().map(Into::into).collect(),
        ))
    }

    /// Requires a claim of a kind, with one of these values; with any where there are none.
    #[must_use]
    #[doc(alias = "RequireClaim")]
    pub fn require_claim<V: Into<String>>(
        self,
        kind: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.and(Requirement::Claim(kind.into(), values))
    }

    /// Requires what code of your own says. It runs for every request or call and must not block.
    #[must_use]
    #[doc(alias = "RequireAssertion")]
    pub fn require(self, own: impl Fn(&Principal) -> bool + Send + Sync + 'static) -> Self {
        self.and(Requirement::Own(Arc::new(own)))
    }

    /// Requires what a handler says, which may wait, has services, and sees what is asked for.
    ///
    /// It is asked where everything else that the policy requires holds.
    #[must_use]
    #[doc(alias = "AddRequirements")]
    pub fn require_handler<H: AuthorizationHandler + Inject>(
        self,
        requirement: H::Requirement,
    ) -> Self {
        self.and(Requirement::Handled(Arc::new(For::<H>::new(requirement))))
    }

    /// Requires what another policy requires, too.
    #[must_use]
    #[doc(alias = "Combine")]
    pub fn combine(mut self, other: &Self) -> Self {
        Arc::make_mut(&mut self.0).extend(other.0.iter().cloned());
        self
    }

    /// Whether somebody is let in, whatever is asked for. A policy with [handlers](Self::has_handlers) permits nobody here.
    #[must_use]
    pub fn permits(&self, principal: &Principal) -> bool {
        self.0.iter().all(|it| it.holds(principal) == Some(true))
    }

    /// Whether handlers have to be asked, by [`permits_resource`](Self::permits_resource).
    #[must_use]
    pub fn has_handlers(&self) -> bool {
        self.handlers().next().is_some()
    }

    /// Whether somebody may have what is asked for: its handlers are made by `services`, and see `resource`.
    ///
    /// # Errors
    ///
    /// Where a handler cannot be made, or fails.
    ///
    /// # Cancel safety
    ///
    /// Dropped, a handler ends where it waits.
    pub async fn permits_resource<R: Send + Sync + 'static>(
        &self,
        principal: &Principal,
        resource: &R,
        services: &ServiceProvider,
    ) -> Result<bool, BoxError> {
        if self.0.iter().any(|it| it.holds(principal) == Some(false)) {
            return Ok(false);
        }
        for handler in self.handlers() {
            if !handler.permits(services, principal, resource).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Adds its handlers to a container that lacks them, so that what they need is checked when it is built.
    ///
    /// The host does it for policies that are named, and for those of routes, hubs and hub methods.
    pub fn register(&self, services: &mut ServiceCollection) {
        for handler in self.handlers() {
            handler.register(services);
        }
    }

    fn handlers(&self) -> impl Iterator<Item = &dyn Handled> {
        self.0.iter().filter_map(|requirement| match requirement {
            Requirement::Handled(handler) => Some(&**handler),
            _ => None,
        })
    }

    fn and(mut self, requirement: Requirement) -> Self {
        Arc::make_mut(&mut self.0).push(requirement);
        self
    }
}

impl Requirement {
    /// Whether it holds for somebody; none where a handler has to say it.
    fn holds(&self, principal: &Principal) -> Option<bool> {
        Some(match self {
            Self::Authenticated => principal.is_authenticated(),
            Self::Roles(roles) => roles.iter().any(|role| principal.is_in_role(role)),
            Self::Claim(kind, values) if values.is_empty() => principal.claim(kind).is_some(),
            Self::Claim(kind, values) => values.iter().any(|it| principal.has_claim(kind, it)),
            Self::Own(own) => own(principal),
            Self::Named(_) => false,
            Self::Handled(_) => return None,
        })
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for requirement in self.0.iter() {
            match requirement {
                Requirement::Authenticated => list.entry(&"authenticated"),
                Requirement::Roles(roles) => list.entry(&("roles", roles)),
                Requirement::Claim(kind, values) => list.entry(&("claim", kind, values)),
                Requirement::Own(_) => list.entry(&"own code"),
                Requirement::Handled(handler) => list.entry(&("handler", handler.handler())),
                Requirement::Named(name) => list.entry(&("named", name)),
            };
        }
        list.finish()
    }
}

/// The policies of an application by their names. A singleton of the container.
#[derive(Clone, Debug, Default)]
#[doc(alias = "AuthorizationOptions")]
pub struct AuthorizationPolicies(HashMap<String, Policy>);

/// Why a policy cannot decide.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// A policy is asked for that nobody added.
    #[error("there is no authorization policy '{name}'; the policies are: {known}")]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// Those that there are, in order.
        known: String,
    },
    /// A handler decides on another kind of thing than what is asked for here.
    #[error(
        "the authorization handler {handler} decides on a {wanted}, and here it is asked about a {found}"
    )]
    ForeignHandler {
        /// The handler's type.
        handler: &'static str,
        /// The type of its resource.
        wanted: &'static str,
        /// The type of the resource that there is.
        found: &'static str,
    },
}

impl AuthorizationPolicies {
    /// Adds a policy, or replaces the one of that name. Names ignore case.
    #[doc(alias = "AddPolicy")]
    pub fn add(&mut self, name: impl Into<String>, policy: Policy) {
        self.0.insert(name.into().to_lowercase(), policy);
    }

    /// The policy with what its [names](Policy::named) stand for, to decide on an `R`: [`Parts`](http::request::Parts) for
    /// routes and whole hubs.
    ///
    /// # Errors
    ///
    /// Where there is no policy of such a name; a policy that is named within itself is none. Where a handler decides on
    /// something else than an `R`.
    pub fn resolve<R: Send + Sync + 'static>(
        &self,
        policy: &Policy,
    ) -> Result<Policy, PolicyError> {
        let mut resolved = Vec::new();
        self.collect(policy, &mut resolved, &mut Vec::new())?;
        let resolved = Policy(Arc::new(resolved));
        for handler in resolved.handlers() {
            let (resource, wanted) = handler.resource();
            if resource != TypeId::of::<R>() {
                return Err(PolicyError::ForeignHandler {
                    handler: handler.handler(),
                    wanted,
                    found: type_name::<R>(),
                });
            }
        }
        Ok(resolved)
    }

    fn collect<'a>(
        &'a self,
        policy: &'a Policy,
        into: &mut Vec<Requirement>,
        open: &mut Vec<String>,
    ) -> Result<(), PolicyError> {
        for requirement in policy.0.iter() {
            let Requirement::Named(name) = requirement else {
                into.push(requirement.clone());
                continue;
            };
            let key = name.to_lowercase();
            match self.0.get(&key) {
                Some(named) if !open.contains(&key) => {
                    open.push(key);
                    self.collect(named, into, open)?;
                    open.pop();
                }
                _ => {
                    let mut known: Vec<&str> = self.0.keys().map(String::as_str).collect();
                    known.sort_unstable();
                    return Err(PolicyError::Unknown {
                        name: name.clone(),
                        known: known.join(", "),
                    });
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn somebody(claims: &[(&'static str, &'static str)]) -> Principal {
        Principal::new(claims.iter().copied())
    }

    #[test]
    fn everything_that_is_required_has_to_hold() {
        let policy = Policy::authenticated()
            .require_role(["a", "b"])
            .require_claim("tower", ["north"])
            .require_claim::<&str>("bell", []);
        let full = [("role", "b"), ("tower", "north"), ("bell", "any")];
        assert!(policy.permits(&somebody(&full)));
        for missing in 0..full.len() {
            let mut claims = full.to_vec();
            claims.remove(missing);
            assert!(!policy.permits(&somebody(&claims)), "without {missing}");
        }
        assert!(!policy.permits(&somebody(&[
            ("role", "b"),
            ("tower", "south"),
            ("bell", "any")
        ])));
    }

    #[test]
    fn a_name_is_looked_up_and_permits_nobody_before() {
        let mut policies = AuthorizationPolicies::default();
        policies.add("Ringers", Policy::authenticated().require_role(["ringer"]));
        policies.add("circle", Policy::named("Circle"));
        let ringer = somebody(&[("role", "ringer")]);
        let named = Policy::named("ringers");
        assert!(!named.permits(&ringer));
        assert!(policies.resolve::<()>(&named).unwrap().permits(&ringer));
        assert!(
            !policies
                .resolve::<()>(&named)
                .unwrap()
                .permits(&somebody(&[]))
        );
        let error = policies
            .resolve::<()>(&Policy::named("nobody"))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no authorization policy 'nobody'; the policies are: circle, ringers"
        );
        assert!(policies.resolve::<()>(&Policy::named("circle")).is_err());
    }
}
