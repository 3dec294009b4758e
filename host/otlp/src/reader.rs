//! Reads single variables.

use std::time::Duration;

use campanile_host::configuration::Configuration;
use percent_encoding::percent_decode_str;

use super::error::OtlpError;

/// A variable that is set.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) text: String,
    origin: Option<String>,
}

impl Variable {
    /// It should have been something else.
    pub(crate) fn unwanted(self, wanted: &'static str) -> OtlpError {
        OtlpError::Setting {
            variable: self.name,
            found: self.text,
            wanted,
            origin: self.origin,
        }
    }

    /// The file that it names cannot be used.
    #[cfg(feature = "tls")]
    pub(crate) fn unusable(self, reason: impl Into<String>) -> OtlpError {
        OtlpError::File {
            variable: self.name,
            path: self.text,
            reason: reason.into(),
            origin: self.origin,
        }
    }

    /// The text as one of these, ignoring case.
    pub(crate) fn one_of<T: Copy>(
        self,
        choices: &[(&str, T)],
        wanted: &'static str,
    ) -> Result<T, OtlpError> {
        let chosen = choices
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(&self.text));
        chosen
            .map(|(_, value)| *value)
            .ok_or_else(|| self.unwanted(wanted))
    }

    pub(crate) fn milliseconds(self) -> Result<Duration, OtlpError> {
        match self.text.parse() {
            Ok(milliseconds) if milliseconds > 0 => Ok(Duration::from_millis(milliseconds)),
            _ => Err(self.unwanted("a number of milliseconds above 0")),
        }
    }

    pub(crate) fn count(self) -> Result<usize, OtlpError> {
        match self.text.parse() {
            Ok(count) if count > 0 => Ok(count),
            _ => Err(self.unwanted("a number above 0")),
        }
    }

    /// `name=value,name=value`, with the escapes of URLs in the values.
    pub(crate) fn pairs(self) -> Result<Vec<(String, String)>, OtlpError> {
        let mut pairs = Vec::new();
        for (at, entry) in self.text.split(',').enumerate() {
            if entry.trim().is_empty() {
                continue;
            }
            let pair = entry.split_once('=').map(|(name, value)| {
                let value = percent_decode_str(value.trim()).decode_utf8();
                (name.trim(), value)
            });
            match pair {
                Some((name, Ok(value))) if !name.is_empty() => {
                    pairs.push((name.to_owned(), value.into_owned()));
                }
                Some(("", Ok(_))) => {
                    return Err(self.unfit(format!("entry {} has no name", at + 1)));
                }
                Some((name, _)) => {
                    return Err(self.unfit(format!("the value of {name} is not UTF-8")));
                }
                None => return Err(self.unfit(format!("entry {} has no `=`", at + 1))),
            }
        }
        Ok(pairs)
    }

    /// An entry of [`pairs`](Self::pairs) is wrong.
    pub(crate) fn unfit(&self, reason: String) -> OtlpError {
        OtlpError::Pairs {
            variable: self.name.clone(),
            reason,
            origin: self.origin.clone(),
        }
    }
}

/// The variable, if it is set; empty is not set, as the specification has it.
pub(crate) fn variable(configuration: &Configuration, name: &str) -> Option<Variable> {
    let text = configuration.get(name)?;
    let text = text.trim();
    (!text.is_empty()).then(|| Variable {
        name: name.to_owned(),
        text: text.to_owned(),
        origin: configuration.origin(name),
    })
}
