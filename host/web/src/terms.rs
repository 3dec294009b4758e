//! What connections are accepted under.

use std::sync::Arc;

use crate::kestrel::{Limits, Protocols};
use crate::wanted::Wanted;

#[cfg(feature = "tls")]
use crate::tls::{CertificateError, Tls};

/// Without TLS, there are no certificates that could be wrong.
#[cfg(not(feature = "tls"))]
pub(crate) type CertificateError = std::convert::Infallible;

/// The terms of an endpoint. A connection keeps those that it was accepted under; new ones are put in place for the next.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) limits: Arc<Limits>,
    pub(crate) protocols: Protocols,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Tls>,
}

impl Terms {
    /// Reads the certificate, where there is one; `before` is what there was, and is kept where it is still the same.
    pub(crate) fn new(
        wanted: &Wanted,
        limits: &Arc<Limits>,
        #[cfg_attr(
            not(feature = "tls"),
            expect(unused_variables, reason = "it is for TLS")
        )]
        before: Option<&Self>,
    ) -> Result<Self, CertificateError> {
        Ok(Self {
            limits: Arc::clone(limits),
            protocols: wanted.protocols,
            #[cfg(feature = "tls")]
            tls: match &wanted.certificate {
                Some(files) => {
                    let before = before.and_then(|it| it.tls.as_ref());
                    Some(Tls::read(files, wanted.protocols, before)?)
                }
                None => None,
            },
        })
    }

    /// Whether HTTP/2 is all that is spoken.
    pub(crate) fn only_http2(&self) -> bool {
        self.protocols == Protocols::Http2
    }
}
