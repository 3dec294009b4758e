use std::error::Error;
use std::fmt;

use super::path::ServicePath;

/// The services cannot work together as they are registered: everything that is wrong with them, in one report.
///
/// It is shown as one numbered line a finding.
pub struct GraphError {
    findings: Vec<GraphFinding>,
}

impl GraphError {
    pub(crate) fn new(findings: Vec<GraphFinding>) -> Self {
        Self { findings }
    }

    /// Everything that was found, at least one: what is missing, then the cycles, then what is captured.
    pub fn findings(&self) -> &[GraphFinding] {
        &self.findings
    }
}

/// Something that is wrong with the registered services.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphFinding {
    /// A service needs one that is not registered.
    #[error("`{}` is not registered: {path}", last(path))]
    Missing {
        /// From a service that nothing else needs, to the missing one.
        path: ServicePath,
    },
    /// A service needs itself.
    #[error("`{}` needs itself: {path}", last(path))]
    Cycle {
        /// The cycle alone, which begins and ends with the same service.
        path: ServicePath,
    },
    /// A singleton needs a scoped service, which it would keep beyond the scope.
    #[error("a singleton cannot keep the scoped service `{}`: {path}", last(path))]
    CapturedScoped {
        /// From the singleton to the scoped service.
        path: ServicePath,
    },
    /// A service wants to know its key, and is registered without one.
    #[error(
        "`{}` is the key of a service that is registered without one: {path}",
        last(path)
    )]
    NoKey {
        /// From a service that nothing else needs, to the type that the key is wanted as.
        path: ServicePath,
    },
    /// A service has a parameter that can only be given by hand, and is registered to be constructed by the container.
    #[error("`{}` can only be given by hand: {path}", last(path))]
    Argument {
        /// From a service that nothing else needs, to the type of the argument.
        path: ServicePath,
    },
    /// A service is made by an async factory and registered with [`ServiceKey::ANY`](super::ServiceKey::ANY): for which
    /// keys it is wanted is not known when it has to be awaited.
    #[error(
        "`{}` cannot be made by an async factory for every key, only for keys that are known at the start: {path}",
        last(path)
    )]
    AsyncForAnyKey {
        /// From a service that nothing else needs, to this one.
        path: ServicePath,
    },
}

impl GraphFinding {
    /// Who needs whom.
    pub fn path(&self) -> &ServicePath {
        match self {
            Self::Missing { path }
            | Self::Cycle { path }
            | Self::CapturedScoped { path }
            | Self::NoKey { path }
            | Self::Argument { path }
            | Self::AsyncForAnyKey { path } => path,
        }
    }
}

fn last(path: &ServicePath) -> String {
    path.steps()
        .last()
        .map(|it| it.service().to_string())
        .unwrap_or_default()
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the services cannot work together as they are registered:")?;
        for (index, finding) in self.findings.iter().enumerate() {
            write!(f, "\n  {}. {finding}", index + 1)?;
        }
        Ok(())
    }
}

// `fn main() -> Result<(), GraphError>` shows this one.
impl fmt::Debug for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for GraphError {}
