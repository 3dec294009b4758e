//! Why something is no payload.

/// Why something is no payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// It is no array, or one of other things, or it ends too early.
    #[error("expected {expected} in {payload}")]
    Unexpected {
        /// What should have been there.
        expected: &'static str,
        /// Where.
        payload: &'static str,
    },
    /// The array is too short.
    #[error("insufficient items in {payload}")]
    Insufficient {
        /// Where.
        payload: &'static str,
    },
    /// A number that stands for nothing that is known.
    #[error("unknown {what} {number}")]
    Unknown {
        /// What it should stand for.
        what: &'static str,
        /// The number.
        number: i64,
    },
}
