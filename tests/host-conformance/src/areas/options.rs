//! The area `options`: settings that change while a host runs.

use std::fs;
use std::path::Path;
use std::time::Duration;

use campanile_host::options::{Options, OptionsMonitor, OptionsSnapshot};
use campanile_host::{BoxError, Host, HostBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

use super::configuration::texts;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Live {
    text: Option<String>,
    number: i32,
    tags: Option<Vec<String>>,
}

pub(crate) fn answer(case: &Value) -> super::Answer {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let trace = runtime.block_on(run(case))?;
    Ok(json!({ "trace": trace }))
}

async fn run(case: &Value) -> Result<Vec<String>, BoxError> {
    let mut arguments = texts(&case["args"]);
    arguments.push("--Logging:LogLevel:Default=None".to_owned());
    let host = HostBuilder::new()
        .with_args(arguments)
        .configure_services(|services| {
            services
                .options::<Live>()
                .bind("Live")
                .validate(|live| match live.number {
                    ..0 => Err("the number is negative".to_owned()),
                    _ => Ok(()),
                });
        })
        .build()?;
    host.start().await?;
    let monitor: OptionsMonitor<Live> = host.services().inject()?;
    let mut changes = monitor.changes();
    let mut trace = Vec::new();
    for step in case["steps"].as_array().into_iter().flatten() {
        if let Some(milliseconds) = step["wait"].as_u64() {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        }
        if let Some(what) = step["read"].as_str() {
            let answer = match what {
                "fixed" => show(&*host.services().inject::<Options<Live>>()?),
                "monitor" => show(&monitor.current()),
                "snapshot" => snapshot(&host)?,
                "raw" => host.configuration().get("Live:Text").unwrap_or_else(null),
                "changed" if changes.has_changed() => {
                    changes.changed().await;
                    "yes".to_owned()
                }
                _ => "no".to_owned(),
            };
            trace.push(format!("{what}: {answer}"));
        }
        change_files(step)?;
    }
    host.stop().await?;
    host.dispose().await?;
    Ok(trace)
}

fn snapshot(host: &Host) -> Result<String, BoxError> {
    let scope = host.services().create_scope();
    let snapshot: OptionsSnapshot<Live> = scope.services().inject()?;
    Ok(show(&snapshot))
}

fn show(live: &Live) -> String {
    let text = live.text.clone().unwrap_or_else(null);
    let tags = live
        .tags
        .as_ref()
        .map_or_else(null, |tags| format!("[{}]", tags.join(",")));
    format!("{text} {} {tags}", live.number)
}

fn null() -> String {
    "null".to_owned()
}

fn change_files(step: &Value) -> std::io::Result<()> {
    for (file, text) in members(&step["write"]) {
        fs::write(file, text)?;
    }
    for (file, text) in members(&step["replace"]) {
        let fresh = format!("{file}.new");
        fs::write(&fresh, text)?;
        fs::rename(fresh, file)?;
    }
    for (link, target) in members(&step["link"]) {
        let fresh = format!("{link}.new");
        symbolic_link(Path::new(target), Path::new(&fresh))?;
        fs::rename(fresh, link)?;
    }
    match step["delete"].as_str() {
        Some(file) => fs::remove_file(file),
        None => Ok(()),
    }
}

#[cfg(unix)]
fn symbolic_link(target: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
fn symbolic_link(target: &Path, link: &Path) -> std::io::Result<()> {
    fs::copy(target, link).map(|_| ())
}

fn members(object: &Value) -> impl Iterator<Item = (&str, &str)> {
    let members = object.as_object().into_iter().flatten();
    members.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
}
