//! `GET /ask/{connectionId}?value=N`: asks a client from outside of its hub.

use campanile_host::BoxError;
use campanile_host::services::ServiceProvider;
use campanile_hub::IHubContext;
use campanile_web::{Request, RouteValues, WebService};

use crate::conformance::{ConformanceHub, described};

pub(crate) fn ask(services: &ServiceProvider) -> Result<WebService, BoxError> {
    let hub: IHubContext<ConformanceHub> = services.inject()?;
    Ok(WebService::from_handler(move |request: Request| {
        let hub = hub.clone();
        async move {
            let values = request.extensions().get::<RouteValues>();
            let id = values
                .and_then(|values| values.get("connectionId"))
                .unwrap_or_default();
            let query = request.uri().query().unwrap_or_default();
            let value: i32 = query
                .strip_prefix("value=")
                .and_then(|text| text.parse().ok())
                .unwrap_or_default();
            match hub
                .clients()
                .untyped()
                .client(id)
                .invoke::<i32>("Double", (value,))
                .await
            {
                Ok(answer) => answer.to_string(),
                Err(error) => described(&error),
            }
        }
    }))
}
