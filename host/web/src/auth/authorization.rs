//! Refusing requests.

use http::header::{CONTENT_LENGTH, WWW_AUTHENTICATE};
use http::{Extensions, HeaderValue, StatusCode};

use super::service::Challenges;
use super::{Policy, Principal};
use crate::body::Response;
use crate::response::status_only;
use crate::service::WebService;

/// Lets a request pass, by the [`Principal`] in its extensions; otherwise gives the refusal, as ASP.NET Core has it: 401 with
/// the header `WWW-Authenticate` where it is not known who sends it, 403 where it is. The body is empty.
///
/// # Errors
///
/// The refusal.
#[expect(
    clippy::result_large_err,
    reason = "the refusal is sent, not passed on"
)]
pub fn authorize(request: &Extensions, policy: &Policy) -> Result<(), Response> {
    let anonymous = Principal::anonymous();
    let principal = request.get::<Principal>().unwrap_or(&anonymous);
    if policy.permits(principal) {
        return Ok(());
    }
    if principal.is_authenticated() {
        return Err(status_only(StatusCode::FORBIDDEN));
    }
    let mut response = status_only(StatusCode::UNAUTHORIZED);
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    for challenge in request.get::<Challenges>().into_iter().flat_map(|it| &it.0) {
        headers.append(WWW_AUTHENTICATE, challenge.clone());
    }
    Err(response)
}

/// A service for those whom a policy permits.
pub(crate) fn protected(service: WebService, policy: Policy) -> WebService {
    WebService::from_handler(move |request| {
        let refused = authorize(request.extensions(), &policy);
        let answer = refused.map(|()| service.dispatch(request));
        async move {
            match answer {
                Ok(answer) => answer.await,
                Err(refusal) => refusal,
            }
        }
    })
}
