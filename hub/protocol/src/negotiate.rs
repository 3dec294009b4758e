//! Negotiation: what a client asks for, in the query of its `POST …/negotiate`.

use thiserror::Error;

use crate::query;

/// The newest negotiate version: connections have a token beside their id, and only the token lets anybody in.
const VERSION: i32 = 1;

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NegotiateRequest {
    /// The version that both sides speak: what the client asks for, at most 1. Without a wish it is 0.
    pub version: i32,
    /// Whether the client wants to come back to its connection after a cut.
    pub use_stateful_reconnect: bool,
}

/// Why a negotiation is refused, in the words of ASP.NET Core.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NegotiateError {
    /// `negotiateVersion` is no number, or is there twice.
    #[error("The client requested a non-integer protocol version.")]
    VersionNotAnInteger,
    /// The client is older than the server wants it.
    #[error("The client requested version '{0}', but the server does not support this version.")]
    VersionTooLow(i32),
}

impl NegotiateRequest {
    /// Reads the query of a negotiation; `minimum_version` is the lowest that is served.
    ///
    /// # Errors
    ///
    /// What is wrong with the version. Every other parameter that cannot be read counts as absent.
    pub fn parse(query: &str, minimum_version: i32) -> Result<Self, NegotiateError> {
        let mut versions = query::values(query, "negotiateVersion");
        let version = match (versions.next(), versions.next()) {
            (None, _) => 0,
            (Some(text), None) => text
                .trim()
                .parse()
                .map_err(|_| NegotiateError::VersionNotAnInteger)?,
            (Some(_), Some(_)) => return Err(NegotiateError::VersionNotAnInteger),
        };
        if version < minimum_version {
            return Err(NegotiateError::VersionTooLow(version));
        }
        Ok(Self {
            version: version.min(VERSION),
            use_stateful_reconnect: query::parameter(query, "useStatefulReconnect")
                .is_some_and(|value| value.trim().eq_ignore_ascii_case("true")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_what_both_speak() {
        for (query, version) in [
            ("", 0),
            ("negotiateVersion=0", 0),
            ("NegotiateVersion=%201+", 1),
        ] {
            assert_eq!(NegotiateRequest::parse(query, 0).unwrap().version, version);
        }
        assert_eq!(
            NegotiateRequest::parse("negotiateVersion=42", 1)
                .unwrap()
                .version,
            1
        );
    }

    #[test]
    fn bad_versions_are_refused() {
        for query in [
            "NegotiateVersion=abc",
            "negotiateVersion=",
            "negotiateVersion=1&negotiateVersion=1",
            "negotiateVersion=99999999999",
        ] {
            assert_eq!(
                NegotiateRequest::parse(query, 0),
                Err(NegotiateError::VersionNotAnInteger),
                "{query}"
            );
        }
        assert_eq!(
            NegotiateRequest::parse("negotiateVersion=-1", 0),
            Err(NegotiateError::VersionTooLow(-1))
        );
        assert_eq!(
            NegotiateRequest::parse("", 1),
            Err(NegotiateError::VersionTooLow(0))
        );
    }

    #[test]
    fn coming_back_is_asked_for_by_true() {
        for (query, wanted) in [
            ("", false),
            ("useStatefulReconnect=1", false),
            ("usestatefulreconnect=TRUE", true),
            (
                "useStatefulReconnect=false&useStatefulReconnect=true",
                false,
            ),
        ] {
            let request = NegotiateRequest::parse(query, 0).unwrap();
            assert_eq!(request.use_stateful_reconnect, wanted, "{query}");
        }
    }
}
