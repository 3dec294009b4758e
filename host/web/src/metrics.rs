//! What Prometheus is answered.

use std::future::ready;
use std::sync::Arc;

use campanile_host::metrics::{Metrics, PROMETHEUS_CONTENT_TYPE};
use http::HeaderValue;
use http::header::CONTENT_TYPE;

use crate::body::Response;
use crate::service::WebService;

/// Answers with the metrics as they are when they are asked for.
pub(crate) fn scraped(metrics: Arc<Metrics>) -> WebService {
    WebService::from_handler(move |_| {
        let mut response = Response::new(metrics.to_prometheus().into());
        let text = HeaderValue::from_static(PROMETHEUS_CONTENT_TYPE);
        response.headers_mut().insert(CONTENT_TYPE, text);
        ready(response)
    })
}
