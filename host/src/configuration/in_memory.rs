//! Keys and values from the program itself.

use super::error::ConfigurationError;
use super::layer::{Layer, Provider};

/// Pairs of key and value; a value of `None` is a null.
pub(super) struct InMemory {
    pub(super) origin: &'static str,
    pub(super) pairs: Vec<(String, Option<String>)>,
}

impl Provider for InMemory {
    fn load(&self) -> Result<Layer, ConfigurationError> {
        let mut layer = Layer::default();
        for (key, value) in &self.pairs {
            layer.insert(key, self.origin, value.clone());
        }
        Ok(layer)
    }
}
