//! The program under test.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The clock's binary, built by cargo on the first call, in the profile and target directory of the running test.
///
/// # Panics
///
/// Where it cannot be built.
pub fn clock_app() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| build("clock-app"))
}

/// The binary of the worker that ticks for many clocks, likewise.
///
/// # Panics
///
/// Where it cannot be built.
#[must_use]
pub fn clock_worker() -> PathBuf {
    // Both are of one package.
    clock_app().with_file_name("clock-worker")
}

/// The conformance server's binary, likewise.
///
/// # Panics
///
/// Where it cannot be built.
pub fn conformance_server() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| build("conformance-server"))
}

/// Where cargo puts what it builds: `target`, wherever that is.
pub(crate) fn target_directory() -> PathBuf {
    profile_directory()
        .parent()
        .expect("a profile's directory is in the target directory")
        .to_owned()
}

/// `target/debug`, of which `deps` holds the running test.
fn profile_directory() -> PathBuf {
    let test = env::current_exe().expect("the running test is a file");
    test.ancestors()
        .nth(2)
        .expect("tests are in the profile's deps")
        .to_owned()
}

fn build(package: &str) -> PathBuf {
    let directory = profile_directory();
    let profile = match directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // What cargo tells a test of its package is nothing to a build: some build scripts would take it for a change, and all
    // that depends on them would be built anew.
    for (name, _) in env::vars_os() {
        let is_of_package = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_CRATE_",
            "CARGO_BIN_",
        ]
        .iter()
        .any(|it| name.to_string_lossy().starts_with(it));
        if is_of_package {
            command.env_remove(name);
        }
    }
    let output = command
        .args([
            "build",
            "--quiet",
            "--package",
            package,
            "--profile",
            profile,
            "--target-dir",
        ])
        .arg(target_directory())
        .current_dir(crate::repository())
        .output()
        .expect("cargo can be started");
    assert!(
        output.status.success(),
        "{package} does not build:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    directory.join(package)
}
