//! The two kinds of ids.

use std::fmt;

macro_rules! id {
    ($(#[$documentation:meta])* $name:ident, $length:literal) => {
        $(#[$documentation])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name([u8; $length]);

        impl $name {
            /// The id of these bytes; `None` where all are zero, which stands for no id.
            #[must_use]
            pub fn new(bytes: [u8; $length]) -> Option<Self> {
                (bytes != [0; $length]).then_some(Self(bytes))
            }

            /// A new one, at random.
            #[must_use]
            pub fn random() -> Self {
                let mut bytes = [0; $length];
                // Without the system's randomness, and in the one case of all zeros, it is a constant: ids tell traces
                // apart, they protect nothing.
                let random = getrandom::fill(&mut bytes);
                Self::new(bytes).filter(|_| random.is_ok()).unwrap_or(Self([1; $length]))
            }

            /// Its bytes, the highest first.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; $length] {
                self.0
            }

            /// Reads lower-case hexadecimal digits, as the specification has them.
            pub(crate) fn parse(digits: &[u8]) -> Option<Self> {
                let mut bytes = [0; $length];
                if digits.len() != 2 * bytes.len() {
                    return None;
                }
                for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
                    *byte = hexadecimal(pair)?;
                }
                Self::new(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{self}")
            }
        }
    };
}

id! {
    /// The id of a trace: 16 bytes, not all zero; displayed in lower-case hexadecimal.
    TraceId, 16
}

id! {
    /// The id of a span: 8 bytes, not all zero; displayed in lower-case hexadecimal.
    #[doc(alias = "parent-id")]
    SpanId, 8
}

/// The byte of two lower-case hexadecimal digits.
pub(crate) fn hexadecimal(pair: &[u8]) -> Option<u8> {
    pair.iter().try_fold(0, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | digit)
    })
}
