//! What the host says about itself in the log, in .NET's words, and to systemd.

use super::environment::HostEnvironment;
use crate::configuration::{Configuration, ConfigurationFile};
use crate::systemd;

/// The application has started: the lifetime's messages and `READY=1`.
pub(crate) fn started(environment: &HostEnvironment) {
    let name = environment.environment_name();
    let root = environment.content_root().display();
    if systemd::is_systemd_service() {
        tracing::info!(
            target: "Microsoft.Hosting.Lifetime",
            "Application started. Hosting environment: {name}; Content root path: {root}"
        );
    } else {
        tracing::info!(
            target: "Microsoft.Hosting.Lifetime",
            "Application started. Press Ctrl+C to shut down."
        );
        tracing::info!(target: "Microsoft.Hosting.Lifetime", "Hosting environment: {name}");
        tracing::info!(target: "Microsoft.Hosting.Lifetime", "Content root path: {root}");
    }
    systemd::ready();
}

/// The application was asked to stop: the lifetime's message and `STOPPING=1`.
pub(crate) fn stopping() {
    tracing::info!(target: "Microsoft.Hosting.Lifetime", "Application is shutting down...");
    systemd::stopping();
}

const CONFIGURATION: &str = "Campanile.Hosting.Configuration";

/// Which files the configuration was read from.
pub(crate) fn configuration_files(configuration: &Configuration, environment: &HostEnvironment) {
    let files = configuration.files();
    if environment.content_root() == std::path::Path::new("/") {
        tracing::warn!(
            target: CONFIGURATION,
            "the content root is `/`, where no configuration is expected to be: start the program in its own folder \
             (for systemd: WorkingDirectory=), or name it with --contentRoot"
        );
    }
    if files.is_empty() {
        return;
    }
    let (read, missing): (Vec<_>, Vec<_>) = files.iter().partition(|file| file.read);
    if read.is_empty() {
        tracing::warn!(target: CONFIGURATION, "no configuration file was found: there is no {}", listed(&missing));
    } else {
        tracing::info!(target: CONFIGURATION, "configuration was read from {}", listed(&read));
    }
}

fn listed(files: &[&ConfigurationFile]) -> String {
    let paths: Vec<String> = files
        .iter()
        .map(|file| file.path.display().to_string())
        .collect();
    paths.join(", ")
}
