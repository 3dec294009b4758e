//! An error with what caused it.

use std::error::Error;
use std::fmt;

/// Displays an error followed by its sources. A source whose text its error already contains is not repeated, since half
/// of all error types print their source themselves.
pub(crate) struct ErrorChain<'a> {
    error: &'a (dyn Error + 'static),
    separator: &'static str,
}

impl<'a> ErrorChain<'a> {
    /// `error: cause: its cause`.
    pub(crate) fn in_one_line(error: &'a (dyn Error + 'static)) -> Self {
        Self {
            error,
            separator: ": ",
        }
    }

    /// Each cause on a line of its own, as .NET prints inner exceptions.
    pub(crate) fn in_lines(error: &'a (dyn Error + 'static)) -> Self {
        Self {
            error,
            separator: "\n ---> ",
        }
    }
}

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut printed = self.error.to_string();
        formatter.write_str(&printed)?;
        let mut next = self.error.source();
        while let Some(source) = next {
            let text = source.to_string();
            if !printed.contains(&text) {
                formatter.write_str(self.separator)?;
                formatter.write_str(&text)?;
                printed = text;
            }
            next = source.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Layer {
        text: &'static str,
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    }

    fn layer(text: &'static str, source: Option<Layer>) -> Layer {
        Layer {
            text,
            source: source.map(Into::into),
        }
    }

    #[test]
    fn causes_follow_their_error_and_are_not_repeated() {
        let error = layer(
            "cannot start: port 80: permission denied",
            Some(layer("permission denied", Some(layer("not root", None)))),
        );
        assert_eq!(
            ErrorChain::in_one_line(&error).to_string(),
            "cannot start: port 80: permission denied: not root"
        );
        assert_eq!(
            ErrorChain::in_lines(&layer("a", Some(layer("b", None)))).to_string(),
            "a\n ---> b"
        );
    }
}
