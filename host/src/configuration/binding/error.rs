//! What a section that cannot be bound has to say for itself.

use std::fmt;

/// Why a section is not what a type wants: everything that is wrong with it.
///
/// Displays the problem, or all of them, numbered, one a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindError {
    section: String,
    type_name: &'static str,
    problems: Vec<BindProblem>,
}

impl BindError {
    pub(super) fn new<T>(section: String, mut problems: Vec<BindProblem>) -> Self {
        problems.sort_by(|left, right| left.key.cmp(&right.key));
        Self {
            section,
            type_name: std::any::type_name::<T>(),
            problems,
        }
    }

    /// The key of the section.
    #[must_use]
    pub fn section(&self) -> &str {
        &self.section
    }

    /// The path of the type that it was to become.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// All that is wrong, by key; at least one.
    #[must_use]
    pub fn problems(&self) -> &[BindProblem] {
        &self.problems
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            section,
            type_name,
            problems,
        } = self;
        match problems.as_slice() {
            [problem] if problem.key == *section => write!(f, "{problem}"),
            [problem] => write!(f, "{problem} (the section '{section}' as {type_name})"),
            problems => {
                let count = problems.len();
                write!(
                    f,
                    "{count} problems in the section '{section}' as {type_name}:"
                )?;
                for (at, problem) in problems.iter().enumerate() {
                    write!(f, "\n  {}. {problem}", at + 1)?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for BindError {}

/// One thing that is wrong with a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindProblem {
    key: String,
    origin: Option<String>,
    kind: BindProblemKind,
}

impl BindProblem {
    pub(super) fn new(key: String, origin: Option<&str>, kind: BindProblemKind) -> Self {
        Self {
            key,
            origin: origin.map(ToOwned::to_owned),
            kind,
        }
    }

    /// The whole key, spelled as its source spells it.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Where the value is from: `appsettings.json:12`, `environment variable Clock__Interval`.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &BindProblemKind {
        &self.kind
    }
}

impl fmt::Display for BindProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.key)?;
        if let Some(origin) = &self.origin {
            write!(f, " ({origin})")?;
        }
        write!(f, ": {}", self.kind)
    }
}

/// What is wrong with a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BindProblemKind {
    /// The type has no such field.
    #[error("there is no such setting{}", suggestion(.nearest.as_deref(), .known))]
    Unknown {
        /// The known key that looks most like it.
        nearest: Option<String>,
        /// All that are known in its place.
        known: Vec<String>,
    },
    /// Nothing has read the key, of a type whose fields serde does not tell: one with flattened fields, an internally tagged or
    /// untagged enumeration.
    #[error(
        "no type reads this setting; if one should, write it with the capitals or underscores of its field"
    )]
    Unread,
    /// Two keys stand for one field.
    #[error("this and '{other}' are the same setting; keep one of them")]
    Twice {
        /// The whole of the other key.
        other: String,
    },
    /// The type has to have it, and it is not there.
    #[error("the setting is missing, and it has no default")]
    Missing,
    /// The value is none of the type.
    #[error("wanted {wanted}, found {found}")]
    Invalid {
        /// What is wanted, and how it is written.
        wanted: String,
        /// What is there.
        found: String,
    },
    /// The type itself refuses the value.
    #[error("{message}")]
    Refused {
        /// What the type says.
        message: String,
    },
}

fn suggestion(nearest: Option<&str>, known: &[String]) -> String {
    match (nearest, known) {
        (Some(nearest), _) => format!("; did you mean '{nearest}'?"),
        (None, []) => "; nothing is known here".to_owned(),
        (None, known) => format!("; known are {}", known.join(", ")),
    }
}
