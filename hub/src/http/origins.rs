//! Which pages may open WebSockets: browsers ask nobody, so the server has to look.

use campanile_web::{Body, Response};
use http::header::ORIGIN;
use http::{Request, StatusCode};

use super::responses;
use crate::HubOptions;

/// The refusal of a page of an origin that is not one of those allowed, as of ASP.NET Core's WebSocket middleware.
///
/// Who sends no `Origin` is no page.
pub(super) fn refusal(request: &Request<Body>, options: &HubOptions) -> Option<Response> {
    let allowed = &options.allowed_origins;
    let origin = request.headers().get(ORIGIN)?;
    if allowed.is_empty()
        || allowed
            .iter()
            .any(|it| it == "*" || it.as_bytes().eq_ignore_ascii_case(origin.as_bytes()))
    {
        return None;
    }
    tracing::warn!(
        path = request.uri().path(),
        ?origin,
        "a WebSocket was refused: the page is of an origin that is not allowed"
    );
    Some(responses::bare(StatusCode::FORBIDDEN, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(allowed: &[&str], origin: Option<&str>) -> Option<StatusCode> {
        let mut request = Request::get("/hubs/tower");
        if let Some(origin) = origin {
            request = request.header(ORIGIN, origin);
        }
        let options = HubOptions {
            allowed_origins: allowed.iter().map(ToString::to_string).collect(),
            ..HubOptions::default()
        };
        refusal(&request.body(Body::empty()).unwrap(), &options).map(|it| it.status())
    }

    #[test]
    fn pages_of_other_origins_are_refused_where_some_are_named() {
        let one: &[&str] = &["https://bells.example"];
        let forbidden = Some(StatusCode::FORBIDDEN);
        assert_eq!(status(&[], Some("https://other.example")), None);
        assert_eq!(status(&["*"], Some("https://other.example")), None);
        assert_eq!(status(one, Some("HTTPS://Bells.example")), None);
        assert_eq!(status(one, None), None);
        assert_eq!(status(one, Some("https://bells.example:8443")), forbidden);
        assert_eq!(status(one, Some("http://bells.example")), forbidden);
        assert_eq!(status(one, Some("null")), forbidden);
    }
}
