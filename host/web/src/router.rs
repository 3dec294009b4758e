//! Which service a path leads to.

use std::future::ready;
use std::sync::Arc;

use http::header::ALLOW;
use http::{HeaderValue, Method, StatusCode};
use thiserror::Error;

use crate::body::{Request, Response};
use crate::diagnostics::MatchedRoute;
use crate::response::status_only;
use crate::route_values::RouteValues;
use crate::service::{ResponseFuture, WebService};

/// Why a route cannot be mapped.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RouteError {
    /// A path begins with `/`.
    #[error("the route '{path}' is not a path: wanted a '/' at its beginning")]
    NotAPath {
        /// The route as it was mapped.
        path: String,
    },
    /// The braces are not closed, or a parameter has no name, or a catch-all is not at the end.
    #[error("the route '{path}' cannot be read: {reason}")]
    Malformed {
        /// The route as it was mapped.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The same requests would match another route too.
    #[error(
        "the route '{path}' is in conflict with the route '{other}', which matches the same requests"
    )]
    Conflict {
        /// The route as it was mapped.
        path: String,
        /// The one that was there first.
        other: String,
    },
}

/// What is mapped to a path.
#[derive(Debug)]
pub(crate) enum Endpoint {
    /// Only requests of these methods; others get 405.
    Methods(Vec<(Method, WebService)>),
    /// Every request.
    Any(WebService),
}

/// Routes ignore case and a trailing slash, as ASP.NET Core's do.
#[derive(Debug, Default)]
pub(crate) struct Router {
    /// Routes in lower case, with the indexes of their endpoints.
    table: matchit::Router<usize>,
    endpoints: Vec<Mapped>,
    fallback: Option<WebService>,
}

#[derive(Debug)]
struct Mapped {
    path: Arc<str>,
    endpoint: Endpoint,
}

impl Router {
    /// Maps a path for one method.
    pub(crate) fn map_method(
        &mut self,
        path: &str,
        method: Method,
        service: WebService,
    ) -> Result<(), RouteError> {
        let key = key(path)?;
        let same = self
            .endpoints
            .iter_mut()
            .find(|it| matches!(it.endpoint, Endpoint::Methods(_)) && key_is(&it.path, &key));
        let Some(same) = same else {
            return self.insert(path, key, Endpoint::Methods(vec![(method, service)]));
        };
        match &mut same.endpoint {
            Endpoint::Methods(all) if all.iter().all(|(it, _)| *it != method) => {
                all.push((method, service));
                Ok(())
            }
            _ => Err(RouteError::Conflict {
                path: path.to_owned(),
                other: same.path.to_string(),
            }),
        }
    }

    /// Maps a path for every method.
    pub(crate) fn map(&mut self, path: &str, service: WebService) -> Result<(), RouteError> {
        self.insert(path, key(path)?, Endpoint::Any(service))
    }

    /// Maps a path and everything below it.
    pub(crate) fn map_prefix(&mut self, path: &str, service: WebService) -> Result<(), RouteError> {
        let key = key(path)?;
        let below = format!("{}/{{*below}}", key.trim_end_matches('/'));
        self.insert(path, key, Endpoint::Any(service.clone()))?;
        self.insert(path, below, Endpoint::Any(service))
    }

    /// What gets the requests that no route matches.
    pub(crate) fn fallback(&mut self, service: WebService) {
        self.fallback = Some(service);
    }

    pub(crate) fn dispatch(&self, mut request: Request) -> ResponseFuture {
        let path = request.uri().path();
        let path = match path.len() {
            0 | 1 => path,
            _ => path.strip_suffix('/').unwrap_or(path),
        };
        let lower;
        let matched = if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
            lower = path.to_ascii_lowercase();
            self.table.at(&lower).map(|it| (it, lower.as_str()))
        } else {
            self.table.at(path).map(|it| (it, path))
        };
        let Ok((matched, searched)) = matched else {
            return match &self.fallback {
                Some(service) => service.dispatch(request),
                None => Box::pin(ready(status_only(StatusCode::NOT_FOUND))),
            };
        };
        let Mapped {
            path: route,
            endpoint,
        } = &self.endpoints[*matched.value];
        if let Some(matched) = request.extensions().get::<MatchedRoute>() {
            matched.set(route);
        }
        if !matched.params.is_empty() {
            let mut values = RouteValues::default();
            for (name, value) in matched.params.iter() {
                // Lower case has the same length, so the place of a value is the place of its original.
                let start = value.as_ptr() as usize - searched.as_ptr() as usize;
                values.push(name, &path[start..start + value.len()]);
            }
            request.extensions_mut().insert(values);
        }
        match endpoint {
            Endpoint::Any(service) => service.dispatch(request),
            Endpoint::Methods(all) => match by_method(all, request.method()) {
                Some(service) => service.dispatch(request),
                None => Box::pin(ready(method_not_allowed(all))),
            },
        }
    }

    fn insert(&mut self, path: &str, key: String, endpoint: Endpoint) -> Result<(), RouteError> {
        match self.table.insert(key, self.endpoints.len()) {
            Ok(()) => {
                self.endpoints.push(Mapped {
                    path: path.into(),
                    endpoint,
                });
                Ok(())
            }
            Err(matchit::InsertError::Conflict { with }) => {
                let named = self.endpoints.iter();
                let other = named.map(|it| &it.path).find(|it| key_is(it, &with));
                let other = other.map_or(with, ToString::to_string);
                let path = path.to_owned();
                Err(RouteError::Conflict { path, other })
            }
            Err(error) => Err(RouteError::Malformed {
                path: path.to_owned(),
                reason: error.to_string(),
            }),
        }
    }
}

fn key_is(path: &str, searched: &str) -> bool {
    key(path).is_ok_and(|key| key == searched)
}

/// The route in lower case, without a trailing slash. That the names of parameters are in lower case then does not matter:
/// values are looked up ignoring case.
fn key(path: &str) -> Result<String, RouteError> {
    if !path.starts_with('/') {
        return Err(RouteError::NotAPath {
            path: path.to_owned(),
        });
    }
    let path = match path.len() {
        1 => path,
        _ => path.strip_suffix('/').unwrap_or(path),
    };
    Ok(path.to_ascii_lowercase())
}

/// A HEAD request gets what GET would, and hyper leaves its body out.
fn by_method<'a>(all: &'a [(Method, WebService)], method: &Method) -> Option<&'a WebService> {
    let find = |wanted: &Method| all.iter().find(|(it, _)| it == wanted).map(|(_, s)| s);
    find(method).or_else(|| {
        (method == Method::HEAD)
            .then(|| find(&Method::GET))
            .flatten()
    })
}

fn method_not_allowed(all: &[(Method, WebService)]) -> Response {
    let mut allowed: Vec<&str> = all.iter().map(|(method, _)| method.as_str()).collect();
    if allowed.contains(&"GET") && !allowed.contains(&"HEAD") {
        allowed.push("HEAD");
    }
    let mut response = status_only(StatusCode::METHOD_NOT_ALLOWED);
    if let Ok(value) = HeaderValue::try_from(allowed.join(", ")) {
        response.headers_mut().insert(ALLOW, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::Body;
    use crate::response::IntoResponse;
    use http_body_util::BodyExt;

    fn text(text: &'static str) -> WebService {
        WebService::from_handler(move |_| ready(text))
    }

    fn echo() -> WebService {
        WebService::from_handler(|request: Request| {
            let values = request.extensions().get::<RouteValues>().cloned();
            ready(
                format!(
                    "{:?}",
                    values.unwrap_or_default().iter().collect::<Vec<_>>()
                )
                .into_response(),
            )
        })
    }

    async fn ask(router: &Router, method: Method, path: &str) -> String {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap();
        let response = router.dispatch(request).await;
        let status = response.status().as_u16();
        let allow = response.headers().get(ALLOW).cloned();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        match (status, allow) {
            (200, _) => body,
            (_, Some(allow)) => format!("{status} {}", allow.to_str().unwrap()),
            _ => format!("{status}{body}"),
        }
    }

    #[tokio::test]
    async fn paths_lead_to_what_is_mapped() {
        let mut router = Router::default();
        router.map_method("/", Method::GET, text("root")).unwrap();
        router
            .map_method("/chatHub", Method::GET, text("get"))
            .unwrap();
        router
            .map_method("/chathub/", Method::POST, text("post"))
            .unwrap();
        router.map_prefix("/Api", text("api")).unwrap();
        router.map("/api/health", text("health")).unwrap();
        router
            .map_method("/greet/{Name}", Method::GET, echo())
            .unwrap();
        let get = Method::GET;
        for (method, path, expected) in [
            (&get, "/", "root"),
            (&get, "/chatHub", "get"),
            (&get, "/CHATHUB/", "get"),
            (&Method::HEAD, "/chathub?id=1", "get"),
            (&Method::POST, "/chatHub", "post"),
            (&Method::PUT, "/chatHub", "405 GET, POST, HEAD"),
            (&Method::DELETE, "/", "405 GET, HEAD"),
            (&get, "/chatHub/negotiate", "404"),
            (&get, "/api", "api"),
            (&get, "/api/", "api"),
            (&Method::PUT, "/API/a/b", "api"),
            (&get, "/api/health", "health"),
            (&get, "/apis", "404"),
            (&get, "/greet/Ann%20B", r#"[("name", "Ann B")]"#),
            (&get, "/greet/", "404"),
            (&get, "/nothing", "404"),
        ] {
            assert_eq!(
                ask(&router, method.clone(), path).await,
                expected,
                "{method} {path}"
            );
        }
        router.fallback(text("fallback"));
        assert_eq!(ask(&router, get, "/nothing").await, "fallback");
    }

    #[test]
    fn conflicts_name_both_routes() {
        let mut router = Router::default();
        router.map_prefix("/Hubs/Clock", text("a")).unwrap();
        for (path, expected) in [
            (
                "/hubs/clock",
                "the route '/hubs/clock' is in conflict with the route '/Hubs/Clock', which matches the same requests",
            ),
            (
                "hubs",
                "the route 'hubs' is not a path: wanted a '/' at its beginning",
            ),
            ("/a/{", "the route '/a/{' cannot be read: "),
        ] {
            let error = router.map(path, text("b")).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
            let error = router
                .map_method(path, Method::GET, text("b"))
                .unwrap_err()
                .to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        router.map_method("/x", Method::GET, text("a")).unwrap();
        let error = router.map_method("/X", Method::GET, text("b")).unwrap_err();
        assert!(matches!(error, RouteError::Conflict { .. }));
    }
}
