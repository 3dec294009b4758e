//! The command line: `--key value`, `--key=value`, `/key value`, `/key=value`, `key=value`, and mapped short switches.

use super::error::ConfigurationError;
use super::key;
use super::layer::{Layer, Provider};

const ORIGIN: &str = "the command line";

/// Arguments, and what switches such as `-i` stand for.
pub(super) struct CommandLine {
    pub(super) arguments: Vec<String>,
    /// From a switch with its dashes to a key.
    pub(super) mappings: Vec<(String, String)>,
}

impl CommandLine {
    fn check_mappings(&self) -> Result<(), ConfigurationError> {
        for (at, (switch, _)) in self.mappings.iter().enumerate() {
            if !switch.starts_with('-') {
                return Err(ConfigurationError::SwitchWithoutDash {
                    switch: switch.clone(),
                });
            }
            if self.mappings[..at]
                .iter()
                .any(|(earlier, _)| key::same(earlier, switch))
            {
                return Err(ConfigurationError::DuplicateSwitch {
                    switch: switch.clone(),
                });
            }
        }
        Ok(())
    }

    fn mapped(&self, switch: &str) -> Option<&str> {
        self.mappings
            .iter()
            .find(|(mapped, _)| key::same(mapped, switch))
            .map(|(_, key)| key.as_str())
    }

    /// The key that a switch stands for; nothing for a short one that is not mapped.
    fn key_of<'a>(&'a self, switch: &'a Switch) -> Option<&'a str> {
        self.mapped(&switch.text).or(match switch.dashes {
            1 => None,
            dashes => Some(&switch.text[dashes..]),
        })
    }
}

impl Provider for CommandLine {
    fn load(&self) -> Result<Layer, ConfigurationError> {
        self.check_mappings()?;
        let mut layer = Layer::default();
        let mut arguments = self.arguments.iter();
        while let Some(argument) = arguments.next() {
            let (text, value) = match argument.split_once('=') {
                Some((text, value)) => (text, Some(value)),
                None => (argument.as_str(), None),
            };
            let switch = Switch::new(text);
            match (self.key_of(&switch), value) {
                (Some(key), Some(value)) => layer.insert(key, ORIGIN, Some(value.to_owned())),
                (None, Some(_)) => {
                    return Err(ConfigurationError::UnknownSwitch {
                        argument: argument.clone(),
                    });
                }
                // A bare word, and a short switch that means nothing: what follows is looked at by itself.
                (None, None) => {}
                (Some(_), None) if switch.dashes == 0 => {}
                // The next argument is the value, whatever it looks like; at the end there is none.
                (Some(key), None) => {
                    if let Some(value) = arguments.next() {
                        layer.insert(key, ORIGIN, Some(value.clone()));
                    }
                }
            }
        }
        Ok(layer)
    }
}

/// An argument up to its `=`, `/` replaced by two dashes.
struct Switch {
    text: String,
    dashes: usize,
}

impl Switch {
    fn new(text: &str) -> Self {
        let text = text
            .strip_prefix('/')
            .map_or_else(|| text.to_owned(), |rest| format!("--{rest}"));
        let dashes = match text.as_bytes() {
            [b'-', b'-', ..] => 2,
            [b'-', ..] => 1,
            _ => 0,
        };
        Self { text, dashes }
    }
}
