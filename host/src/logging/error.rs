//! [`LoggingError`].

use super::level::ParseLogLevelError;

/// The section `Logging` of the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoggingError {
    /// A value is no level.
    #[error("{key}: {source}")]
    Level {
        /// The key of the value.
        key: String,
        /// Why.
        #[source]
        source: ParseLogLevelError,
    },
    /// A category has more than one `*`.
    #[error("{key}: a category may contain only one `*`")]
    Category {
        /// The key that ends with the category.
        key: String,
    },
    /// A format of time stamps cannot be read.
    #[error("{key}: `{found}` is not a date and time format: {reason}")]
    Timestamp {
        /// The key of the value.
        key: String,
        /// The value.
        found: String,
        /// Why.
        reason: &'static str,
    },
    /// What is in `Logging:Console` cannot be bound.
    #[error(transparent)]
    Options(#[from] crate::configuration::BindError),
}
