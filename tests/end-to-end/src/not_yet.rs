//! What the server does not do yet.

/// The features of which a check may still fail, each with what is missing. Everything that is not named here has to
/// hold; a transport that is named here is proved as soon as it is offered.
pub const NOT_YET: &[(&str, &str)] = &[];

/// Whether checks of the feature may fail.
#[must_use]
pub fn not_yet(feature: &str) -> bool {
    NOT_YET.iter().any(|(name, _)| *name == feature)
}
