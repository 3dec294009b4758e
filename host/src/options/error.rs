//! Why there are no options.

use crate::configuration::BindError;

/// Why options cannot be made.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// Their section cannot be bound.
    #[error(transparent)]
    Bind(BindError),
    /// They are refused by what was registered to validate them.
    #[error("{}", invalid(.type_name, .sections, .failures))]
    Invalid {
        /// The path of their type.
        type_name: &'static str,
        /// The sections that they are bound to.
        sections: Vec<String>,
        /// What the validations say.
        failures: Vec<String>,
    },
    /// They are bound to a section, but the container has no configuration.
    #[error(
        "the options {type_name} are bound to the section '{section}', but no `Configuration` is registered"
    )]
    NoConfiguration {
        /// The path of their type.
        type_name: &'static str,
        /// The first section that they are bound to.
        section: String,
    },
    /// Those of several names cannot be made.
    #[error("{}", lines(.0))]
    Several(Vec<Self>),
}

fn lines(errors: &[OptionsError]) -> String {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

fn invalid(type_name: &str, sections: &[String], failures: &[String]) -> String {
    let failures = failures.join("; ");
    if sections.is_empty() {
        format!("the options {type_name} are not valid: {failures}")
    } else {
        let sections = sections.join("', '");
        format!("the section '{sections}' is not valid: {failures} (as {type_name})")
    }
}
