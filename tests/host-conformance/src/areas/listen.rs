//! The area `listen`: where a web host with defaults listens.

use campanile_host::HostBuilder;
use campanile_web::{ServerAddresses, WebHostBuilderExt};
use serde_json::{Value, json};

pub(crate) fn answer(case: &Value) -> super::Answer {
    let arguments = case["args"].as_array().into_iter().flatten();
    let arguments: Vec<&str> = arguments.filter_map(Value::as_str).collect();
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let host = HostBuilder::new()
            .with_args(arguments)
            .map_get("/", |_| async { "Bim, bam" })
            .build()?;
        host.start().await?;
        let listening = host.services().required::<ServerAddresses>()?.all();
        host.stop().await?;
        Ok(json!({ "listening": listening }))
    })
}
