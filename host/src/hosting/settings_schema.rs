//! What the host itself reads, as part of the schema that `--print-config-schema` prints.

use std::collections::BTreeMap;

use super::options::BackgroundServiceExceptionBehavior;
use super::restart::RestartPolicy;
use crate::logging;
use crate::services::ServiceCollection;

/// Describes what the host itself reads. Extensions describe what they read where they register themselves.
pub(crate) fn describe(services: &mut ServiceCollection) {
    logging::describe(services);
    for key in [
        "shutdownTimeoutSeconds",
        "startupTimeoutSeconds",
        "drainDelaySeconds",
    ] {
        services.describe_section::<u64>(key);
    }
    services
        .describe_section::<bool>("servicesStartConcurrently")
        .describe_section::<bool>("servicesStopConcurrently")
        .describe_section::<BackgroundServiceExceptionBehavior>(
            "backgroundServiceExceptionBehavior",
        )
        .describe_section::<RestartPolicy>("BackgroundServiceRestart")
        .describe_section::<String>("userSecretsId")
        .describe_section::<BTreeMap<String, String>>("ConnectionStrings");
}
