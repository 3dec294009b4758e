//! The programs in other languages than JavaScript, built or installed outside of the source tree.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{artefacts, find, repository};

/// The command that runs `java/Checks.java`, from its source, beside the client.
///
/// # Panics
///
/// Where Java, Maven or the client are not to be had.
#[must_use]
pub fn java() -> Command {
    let source = sources("java");
    let directory = prepared("java", &source.join("pom.xml"), |directory| {
        let mut maven = Command::new("mvn");
        maven
            .args(["--quiet", "--batch-mode", "--file"])
            .arg(source.join("pom.xml"))
            .arg("org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies")
            .arg(format!("-DoutputDirectory={}", directory.display()));
        finish(&mut maven);
    });
    let mut command = Command::new("java");
    command
        .arg("-XX:TieredStopAtLevel=1")
        .arg("-cp")
        .arg(directory.join("*"))
        .arg(source.join("Checks.java"));
    command
}

/// The command that runs the program of `go/`.
///
/// # Panics
///
/// Where Go or the client are not to be had.
#[must_use]
pub fn go() -> Command {
    let directory = artefacts().join("go");
    fs::create_dir_all(&directory).expect("the target directory can be written");
    let program = directory.join("checks");
    // Go knows by itself whether there is something to do.
    finish(
        Command::new("go")
            .args(["build", "-mod=readonly", "-o"])
            .arg(&program)
            .arg(".")
            .current_dir(sources("go")),
    );
    Command::new(program)
}

/// The command that runs a script of `python/`, with the clients in an environment of their own.
///
/// # Panics
///
/// Where Python or the clients are not to be had.
#[must_use]
pub fn python(script: &str) -> Command {
    let source = sources("python");
    let requirements = source.join("requirements.txt");
    let directory = prepared("python", &requirements, |directory| {
        finish(
            Command::new("python3")
                .args(["-m", "venv"])
                .arg(directory.join("venv")),
        );
        finish(
            Command::new(directory.join("venv/bin/pip"))
                .args(["install", "--quiet", "--no-deps", "--requirement"])
                .arg(&requirements),
        );
    });
    let mut command = Command::new(directory.join("venv/bin/python"));
    command.args(["-u", "-B"]).arg(source.join(script));
    command
}

/// Whether the program is on this machine, under its name: what a test has to know before it asks for a command.
#[must_use]
pub fn present(name: &'static str) -> (&'static str, bool) {
    (name, find(name).is_some())
}

fn sources(language: &str) -> PathBuf {
    repository().join("tests/end-to-end").join(language)
}

/// A directory that is prepared again whenever the list of what belongs into it has changed.
fn prepared(name: &str, list: &Path, prepare: impl FnOnce(&Path)) -> PathBuf {
    let directory = artefacts().join(name);
    fs::create_dir_all(&directory).expect("the target directory can be written");
    // Tests of other threads and processes may be about the same.
    let lock = File::create(artefacts().join(format!("{name}.in-use")))
        .expect("the target directory can be written");
    lock.lock().expect("files can be locked");

    let wanted = fs::read_to_string(list).expect("the list is there");
    let mark = artefacts().join(format!("{name}.prepared"));
    if !fs::read_to_string(&mark).is_ok_and(|prepared| prepared == wanted) {
        fs::remove_dir_all(&directory).expect("the target directory can be written");
        fs::create_dir_all(&directory).expect("the target directory can be written");
        prepare(&directory);
        fs::write(mark, wanted).expect("the target directory can be written");
    }
    directory
}

fn finish(command: &mut Command) {
    let output = command
        .stdin(Stdio::null())
        .output()
        .expect("the program can be started");
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
