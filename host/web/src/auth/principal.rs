//! Who somebody is.

use std::fmt;
use std::sync::Arc;

/// One thing that is known of somebody, such as `role` = `bell-ringer`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// What kind of claim it is: a short name as in JSON Web Tokens, or one of .NET's URIs.
    pub kind: Box<str>,
    /// What is claimed.
    pub value: Box<str>,
}

/// Who sends a request, or has opened a connection: nobody in particular, or somebody with claims.
///
/// In the extensions of every request once there is [authentication](crate::Authenticator). Clones share one allocation;
/// the anonymous principal has none.
///
/// ```
/// use campanile_web::Principal;
///
/// let ann = Principal::new([("sub", "ann"), ("role", "bell-ringer")]);
/// assert!(ann.is_authenticated() && ann.is_in_role("bell-ringer"));
/// assert_eq!(ann.user_identifier(), Some("ann"));
/// assert!(!Principal::anonymous().is_authenticated());
/// ```
#[derive(Clone, Default)]
#[doc(alias = "ClaimsPrincipal")]
pub struct Principal(Option<Arc<[Claim]>>);

const IDENTIFIERS: [&str; 3] = [
    "sub",
    "nameid",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier",
];
const NAMES: [&str; 3] = [
    "name",
    "unique_name",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
];
const ROLES: [&str; 3] = [
    "role",
    "roles",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
];

impl Principal {
    /// Nobody in particular.
    #[must_use]
    pub const fn anonymous() -> Self {
        Self(None)
    }

    /// Somebody, with claims as kind and value.
    pub fn new<K, V>(claims: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<Box<str>>,
        V: Into<Box<str>>,
    {
        let claims = claims.into_iter().map(|(kind, value)| Claim {
            kind: kind.into(),
            value: value.into(),
        });
        Self(Some(claims.collect()))
    }

    /// Whether it is known who this is.
    #[must_use]
    #[doc(alias = "IsAuthenticated")]
    pub fn is_authenticated(&self) -> bool {
        self.0.is_some()
    }

    /// All claims, in the order of their source.
    #[must_use]
    pub fn claims(&self) -> &[Claim] {
        self.0.as_deref().unwrap_or_default()
    }

    /// The value of the first claim of a kind.
    #[must_use]
    #[doc(alias = "FindFirst")]
    pub fn claim(&self, kind: &str) -> Option<&str> {
        self.values(&[kind]).next()
    }

    /// Whether there is a claim of this kind and value. Both are case-sensitive.
    #[must_use]
    pub fn has_claim(&self, kind: &str, value: &str) -> bool {
        self.values(&[kind]).any(|it| it == value)
    }

    /// The name to show: the claim `name` or `unique_name`, or .NET's URI for it.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.values(&NAMES).next()
    }

    /// What identifies the user: the claim `sub` or `nameid`, or .NET's URI for the name identifier.
    #[must_use]
    #[doc(alias = "NameIdentifier")]
    pub fn user_identifier(&self) -> Option<&str> {
        self.values(&IDENTIFIERS).next()
    }

    /// All roles: the claims `role` and `roles`, and .NET's URI for them.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.values(&ROLES)
    }

    /// Whether a role is among them. Case-sensitive.
    #[must_use]
    #[doc(alias = "IsInRole")]
    pub fn is_in_role(&self, role: &str) -> bool {
        self.roles().any(|it| it == role)
    }

    fn values<'a>(&'a self, kinds: &[&str]) -> impl Iterator<Item = &'a str> {
        self.claims()
            .iter()
            .filter(move |claim| kinds.contains(&&*claim.kind))
            .map(|claim| &*claim.value)
    }
}

/// Claims are nobody's business in a log: only who it is, and how many claims there are.
impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("user_identifier", &self.user_identifier())
            .field("claims", &self.claims().len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_of_dotnet_and_of_tokens_say_the_same() {
        for kinds in [IDENTIFIERS, NAMES, ROLES] {
            for kind in kinds {
                let principal = Principal::new([(kind, "x")]);
                let found = [principal.user_identifier(), principal.name()];
                let found = found.into_iter().flatten().chain(principal.roles());
                assert_eq!(found.collect::<Vec<_>>(), ["x"], "{kind}");
            }
        }
    }

    #[test]
    fn somebody_without_claims_is_not_nobody() {
        let somebody = Principal::new::<&str, &str>([]);
        assert!(somebody.is_authenticated());
        assert_eq!(somebody.user_identifier(), None);
        assert!(!somebody.is_in_role("a"));
    }

    #[test]
    fn a_principal_is_small_and_does_not_show_its_claims() {
        assert_eq!(size_of::<Principal>(), 2 * size_of::<usize>());
        let shown = format!("{:?}", Principal::new([("sub", "ann"), ("ssn", "123")]));
        assert_eq!(
            shown,
            r#"Principal { user_identifier: Some("ann"), claims: 2 }"#
        );
    }
}
