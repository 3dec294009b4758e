//! Times and sizes that are not configured.

use std::time::Duration;

/// How long, once the server is stopping, a request's head may take that has begun, or the rest of a response.
pub(crate) const STOPPING_TIMEOUT: Duration = Duration::from_secs(5);

/// How many connections may wait for being accepted; the system may have a lower limit.
pub(crate) const BACKLOG: i32 = 4096;

/// How long connections that were told to abort may take for it; the host lets go of a service soon after its time is up.
pub(crate) const ABORT_TIMEOUT: Duration = Duration::from_millis(200);

/// How long a handshake of TLS may take: Kestrel's.
#[cfg(feature = "tls")]
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the connections of an endpoint that is taken out of the configuration may take to end.
pub(crate) const REMOVED_TIMEOUT: Duration = Duration::from_secs(30);

/// A time that does not come.
pub(crate) const NEVER: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);
