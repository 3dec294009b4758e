//! Refusing requests.

use campanile_host::services::ServiceProvider;
use http::header::{CONTENT_LENGTH, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{Extensions, HeaderValue, StatusCode};

use super::service::Challenges;
use super::{Policy, Principal};
use crate::body::{Request, Response};
use crate::response::{status_only, unhandled};
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
        Ok(())
    } else {
        Err(refusal(request, principal))
    }
}

/// Lets a request pass as [`authorize`] does, by a policy whose [handlers](Policy::has_handlers) see its head.
///
/// Handlers are made in a scope of their own.
///
/// # Errors
///
/// The refusal; 500 where a handler fails, which is logged.
pub async fn authorize_request(
    request: &Parts,
    policy: &Policy,
    services: &ServiceProvider,
) -> Result<(), Response> {
    if !policy.has_handlers() {
        return authorize(&request.extensions, policy);
    }
    let anonymous = Principal::anonymous();
    let principal = request.extensions.get().unwrap_or(&anonymous);
    let scope = services.create_scope();
    let permitted = policy.permits_resource(principal, request, scope.services());
    let permitted = permitted.await;
    if let Err(error) = scope.dispose().await {
        tracing::error!(%error, "a service of an authorization could not be disposed");
    }
    match permitted {
        Ok(true) => Ok(()),
        Ok(false) => Err(refusal(&request.extensions, principal)),
        Err(error) => Err(unhandled(&error)),
    }
}

fn refusal(request: &Extensions, principal: &Principal) -> Response {
    if principal.is_authenticated() {
        return status_only(StatusCode::FORBIDDEN);
    }
    let mut response = status_only(StatusCode::UNAUTHORIZED);
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    for challenge in request.get::<Challenges>().into_iter().flat_map(|it| &it.0) {
        headers.append(WWW_AUTHENTICATE, challenge.clone());
    }
    response
}

/// A service for those whom a policy permits.
pub(crate) fn protected(
    service: WebService,
    policy: Policy,
    services: &ServiceProvider,
) -> WebService {
    if policy.has_handlers() {
        let services = services.clone();
        return WebService::from_handler(move |request| {
            let (service, policy, services) = (service.clone(), policy.clone(), services.clone());
            async move {
                let (parts, body) = request.into_parts();
                match authorize_request(&parts, &policy, &services).await {
                    Ok(()) => service.dispatch(Request::from_parts(parts, body)).await,
                    Err(refusal) => refusal,
                }
            }
        });
    }
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
