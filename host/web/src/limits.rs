//! What a client may take, as Kestrel's defaults have it. From configuration later.

use std::time::Duration;

/// The size of a request's head, the first line included. Kestrel counts 8 KiB for that line and 32 KiB for the rest.
pub(crate) const MAX_HEAD_SIZE: usize = (8 + 32) * 1024;

/// How long a request's head may take from its first byte on. hyper takes at most 100 headers, as Kestrel does.
pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection may be idle before a request.
pub(crate) const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(130);

/// How long, once the server is stopping, a request's head may take that has begun, or the rest of a response.
pub(crate) const STOPPING_TIMEOUT: Duration = Duration::from_secs(5);

/// How many connections may wait for being accepted; the system may have a lower limit.
pub(crate) const BACKLOG: i32 = 4096;

/// How long connections that were told to abort may take for it; the host lets go of a service soon after its time is up.
pub(crate) const ABORT_TIMEOUT: Duration = Duration::from_millis(200);
