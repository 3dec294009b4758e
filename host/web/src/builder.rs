//! Mapping routes on a host builder.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use campanile_host::configuration::Configuration;
use campanile_host::metrics::Metrics;
use campanile_host::options::OptionsMonitor;
use campanile_host::services::ServiceProvider;
use campanile_host::{ApplicationLifetime, BoxError, HostBuilder, HostEnvironment};
use http::Method;
use http_body::Body as HttpBody;
use serde_json::json;
use tower_layer::Layer;
use tower_service::Service;

use crate::addresses::ServerAddresses;
use crate::body::Request;
use crate::health::{HealthEndpoint, health_checks};
use crate::kestrel::KestrelSettings;
use crate::metrics::scraped;
use crate::response::IntoResponse;
use crate::service::WebService;
use crate::web_host::{Matches, Route, Source, WebHost};
use crate::web_server::{Serving, WebServer};

#[doc = include_str!("docs/web_host_builder.md")]
pub trait WebHostBuilderExt: Sized {
    /// Answers GET requests, and HEAD requests without the body. Other methods get 405 with the header `Allow`, unless they
    /// are mapped too.
    ///
    /// A handler that panics, or answers with an error, is a 500 for its request and nothing else.
    ///
    /// ```
    /// # use campanile_host::HostBuilder;
    /// use campanile_web::{Html, WebHostBuilderExt};
    ///
    /// # let _ =
    /// HostBuilder::new().map_get("/", |_request| async { Html("<h1>Bim, bam</h1>") })
    /// # ;
    /// ```
    #[doc(alias = "MapGet")]
    #[must_use]
    fn map_get<H, F>(self, path: impl Into<String>, handler: H) -> Self
    where
        H: Fn(Request) -> F + Send + Sync + 'static,
        F: Future<Output: IntoResponse> + Send + 'static,
    {
        self.map_method(Method::GET, path, handler)
    }

    /// Answers POST requests; otherwise as [`map_get`](Self::map_get).
    #[doc(alias = "MapPost")]
    #[must_use]
    fn map_post<H, F>(self, path: impl Into<String>, handler: H) -> Self
    where
        H: Fn(Request) -> F + Send + Sync + 'static,
        F: Future<Output: IntoResponse> + Send + 'static,
    {
        self.map_method(Method::POST, path, handler)
    }

    /// Answers requests of any one method; otherwise as [`map_get`](Self::map_get).
    #[doc(alias = "MapMethods")]
    #[must_use]
    fn map_method<H, F>(self, method: Method, path: impl Into<String>, handler: H) -> Self
    where
        H: Fn(Request) -> F + Send + Sync + 'static,
        F: Future<Output: IntoResponse> + Send + 'static;

    /// Hands all requests for the path and for everything below it to a `tower` service, of every method. The request's URI
    /// stays as it is, with the path in it: the routes of a mounted axum router say their whole paths, and match them by its rules.
    ///
    /// A more specific route wins: with a service at `/api` and a handler at `/api/health`, the handler gets its requests.
    /// What the service fails with is logged and answered with 500.
    #[doc(alias = "Map")]
    #[doc(alias = "UsePathBase")]
    #[must_use]
    fn map_service<S, B>(self, path: impl Into<String>, service: S) -> Self
    where
        S: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>;

    /// Hands all requests for exactly this path, of every method, to a `tower` service that is made from the container when
    /// the server starts. An error ends the start of the host.
    ///
    /// ```
    /// # use campanile_host::HostBuilder;
    /// use campanile_web::{Request, WebHostBuilderExt, WebService};
    ///
    /// struct Bell;
    ///
    /// # let _ =
    /// HostBuilder::new()
    ///     .configure_services(|services| {
    ///         services.add_instance(std::sync::Arc::new(Bell));
    ///     })
    ///     .map_with("/bell", |services| {
    ///         let bell = services.required::<Bell>()?;
    ///         Ok(WebService::from_handler(move |_request: Request| {
    ///             let _ = &bell;
    ///             async { "Bim, bam" }
    ///         }))
    ///     })
    /// # ;
    /// ```
    #[must_use]
    fn map_with<M, S, B>(self, path: impl Into<String>, make: M) -> Self
    where
        M: FnOnce(&ServiceProvider) -> Result<S, BoxError> + Send + 'static,
        S: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>;

    /// Hands the requests that no route matches to a `tower` service. Without one they get 404 with an empty body.
    #[doc(alias = "MapFallback")]
    #[must_use]
    fn fallback_service<S, B>(self, service: S) -> Self
    where
        S: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>;

    /// Puts a `tower` layer around everything: routes, fallback, 404 and 405. As with ASP.NET Core's middleware, the first
    /// layer sees a request first and its response last.
    #[doc(alias = "UseMiddleware")]
    #[must_use]
    fn layer<L, B>(self, layer: L) -> Self
    where
        L: Layer<WebService> + Send + 'static,
        L::Service: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Error: Into<BoxError>,
        <L::Service as Service<Request>>::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>;

    /// Answers what all [health checks](crate::HealthCheck) say: `Healthy`, with 200, as long as none says otherwise; `Unhealthy`,
    /// with 503, from the moment on at which the application is asked to stop, so that nobody is sent here any more. Never
    /// cached. [`map_health_checks_with`](crate::HealthHostBuilderExt::map_health_checks_with) asks some of them.
    #[doc(alias = "MapHealthChecks")]
    #[must_use]
    fn map_health_checks(self, path: impl Into<String>) -> Self;

    /// Answers with all [`Metrics`](campanile_host::metrics::Metrics) of the host, as Prometheus reads them.
    #[doc(alias = "MapPrometheusScrapingEndpoint")]
    #[must_use]
    fn map_metrics(self, path: impl Into<String>) -> Self;

    /// Makes the route that was mapped last one with the route before it: what is required of one is required of both.
    #[doc(hidden)]
    #[must_use]
    fn join_last_route(self) -> Self;
}

impl WebHostBuilderExt for HostBuilder {
    fn map_method<H, F>(self, method: Method, path: impl Into<String>, handler: H) -> Self
    where
        H: Fn(Request) -> F + Send + Sync + 'static,
        F: Future<Output: IntoResponse> + Send + 'static,
    {
        let source = Source::Ready(WebService::from_handler(handler));
        route(self, path, Matches::Method(method), source)
    }

    fn map_service<S, B>(self, path: impl Into<String>, service: S) -> Self
    where
        S: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let source = Source::Ready(WebService::new(service));
        route(self, path, Matches::PathAndBelow, source)
    }

    fn map_with<M, S, B>(self, path: impl Into<String>, make: M) -> Self
    where
        M: FnOnce(&ServiceProvider) -> Result<S, BoxError> + Send + 'static,
        S: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let factory = |services: &ServiceProvider| make(services).map(WebService::new);
        route(
            self,
            path,
            Matches::Path,
            Source::Container(Box::new(factory)),
        )
    }

    fn fallback_service<S, B>(mut self, service: S) -> Self
    where
        S: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        web_host(&mut self).fallback = Some(WebService::new(service));
        self
    }

    fn layer<L, B>(mut self, layer: L) -> Self
    where
        L: Layer<WebService> + Send + 'static,
        L::Service: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Error: Into<BoxError>,
        <L::Service as Service<Request>>::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let layering = move |inner| WebService::new(layer.layer(inner));
        web_host(&mut self).layers.push(Box::new(layering));
        self
    }

    fn map_health_checks(self, path: impl Into<String>) -> Self {
        self.map_with(path, |services| {
            health_checks(services, HealthEndpoint::all())
        })
    }

    fn map_metrics(self, path: impl Into<String>) -> Self {
        self.map_with(path, |services| Ok(scraped(services.required()?)))
    }

    fn join_last_route(mut self) -> Self {
        if let Some(last) = web_host(&mut self).routes.last_mut() {
            last.joined = true;
        }
        self
    }
}

fn route(
    mut builder: HostBuilder,
    path: impl Into<String>,
    matches: Matches,
    source: Source,
) -> HostBuilder {
    web_host(&mut builder).routes.push(Route {
        path: path.into(),
        matches,
        source,
        policy: None,
        joined: false,
    });
    builder
}

/// What is collected so far. The first call has the server registered when the host is built.
pub(crate) fn web_host(builder: &mut HostBuilder) -> &mut WebHost {
    if !std::mem::replace(&mut builder.extension::<WebHost>().registered, true) {
        builder
            .services()
            .add_instance(Arc::<ServerAddresses>::default())
            .configure::<KestrelSettings>(KestrelSettings::SECTION);
        for (key, schema) in [
            ("AllowedHosts", json!({ "type": "string" })),
            ("urls", json!({ "type": "string" })),
            ("http_ports", json!({ "type": ["integer", "string"] })),
            ("https_ports", json!({ "type": ["integer", "string"] })),
            (
                "preferHostingUrls",
                json!({ "type": ["boolean", "string"] }),
            ),
        ] {
            builder.services().describe_settings(key, schema);
        }
        // A hook that a hook registers is called after all others, so that the server is the last of the hosted services:
        // the last to be started and the first to be stopped.
        builder.add_before_build(|builder| {
            builder.add_before_build(register);
            Ok(())
        });
    }
    builder.extension()
}

fn register(builder: &mut HostBuilder) -> Result<(), BoxError> {
    let host = std::mem::take(builder.extension::<WebHost>());
    if host.is_empty() {
        return Ok(());
    }
    host.check()?;
    // The container calls a singleton's factory once.
    let host = Mutex::new(Some(host));
    builder.services().add_hosted_service_factory(
        move |services: ServiceProvider,
              lifetime: ApplicationLifetime,
              metrics: Arc<Metrics>,
              settings: OptionsMonitor<KestrelSettings>,
              configuration: Arc<Configuration>,
              environment: HostEnvironment,
              addresses: Arc<ServerAddresses>| {
            let host = host.lock().unwrap_or_else(PoisonError::into_inner).take();
            let serving = Serving::new(settings, configuration, environment, addresses);
            WebServer::new(
                host.unwrap_or_default(),
                services,
                lifetime,
                metrics,
                serving,
            )
        },
    );
    Ok(())
}
