//! Settings of Kestrel that this server knows, and cannot follow.

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny};

/// Refuses a setting, whatever its value, and says what to do instead.
macro_rules! unsupported {
    ($($(#[$doc:meta])* $name:ident: $why:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub(crate) struct $name;

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                // Whatever it is: the setting is what is wrong.
                IgnoredAny::deserialize(deserializer)?;
                Err(D::Error::custom($why))
            }
        }
    )*};
}

unsupported! {
    /// A certificate by name, from the store of the system.
    Store: "certificates are not taken from a store here: wanted Path, a PEM file with the certificate and those that it was signed by, and KeyPath, a PEM file with its key";
    /// The password of a PFX file or of a key.
    Password: "keys that are encrypted are not read here: wanted KeyPath, a PEM file with a key that is not, which nobody else may read (`openssl pkey -in encrypted.key -out plain.key` makes one; of a PFX file, `openssl pkcs12 -in site.pfx -nodes`)";
    /// Certificates by host name.
    Sni: "an endpoint has one certificate here: wanted Certificate, with all the host names in it, or an endpoint for each";
    /// How much of a request is read ahead.
    RequestBuffer: "requests are not buffered here: what a handler does not read stays with the client";
    /// How much of a response is kept.
    ResponseBuffer: "the size of the buffer for responses cannot be set here";
    /// The largest header of HTTP/2.
    HeaderField: "single headers have no limit of their own here: wanted Kestrel:Limits:MaxRequestHeadersTotalSize, which counts for HTTP/2 as well";
    /// HTTP/3.
    Http3: "HTTP/3 is not spoken here";
}
