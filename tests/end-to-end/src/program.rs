//! Programs that a machine may have or not.

use std::{
    env,
    io::Write,
    path::{Path, PathBuf},
};

/// Where the program is, by the search path.
#[must_use]
pub fn find(name: &str) -> Option<PathBuf> {
    let paths = env::var_os("PATH")?;
    env::split_paths(&paths)
        .map(|directory| directory.join(name))
        .find(|path| Path::is_file(path))
}

/// Whether a test has to be left out, because it needs something that this machine does not have; says so.
///
/// # Panics
///
/// When something is missing and the variable `CI` is `true`: there, every test has to run.
#[must_use]
pub fn missing(test: &str, needs: &[(&str, bool)]) -> bool {
    let absent: Vec<&str> = needs
        .iter()
        .filter(|(_, present)| !present)
        .map(|(name, _)| *name)
        .collect();
    if absent.is_empty() {
        return false;
    }
    let absent = absent.join(", ");
    assert!(
        env::var("CI").as_deref() != Ok("true"),
        "{test} needs what this machine does not have: {absent}"
    );
    left_out(test, &format!("needs {absent}"));
    true
}

/// Says that a test, or a part of it, is left out.
pub fn left_out(test: &str, why: &str) {
    // Straight to the descriptor: the test harness swallows what a passing test prints.
    let _ = writeln!(std::io::stderr(), "left out: {test}: {why}");
}

/// The browser, where it and the node that drives it are on this machine; else it is said that the test is left out.
///
/// # Panics
///
/// As [`missing`].
#[must_use]
pub fn chromium(test: &str) -> Option<PathBuf> {
    let browser = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find_map(find);
    let needs = [
        ("node", find("node").is_some()),
        ("npm", find("npm").is_some()),
        ("chromium", browser.is_some()),
    ];
    if missing(test, &needs) { None } else { browser }
}
