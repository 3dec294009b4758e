//! What a scenario writes, and how its errors are written.

use std::any::type_name;
use std::sync::{Mutex, MutexGuard, PoisonError};

use campanile_host::services::{
    DisposeError, DisposeFailureReason, GraphError, GraphFinding, ServiceError, ServiceErrorKind,
    ServiceForm, ServicePath, ServiceStep,
};

static TRACE: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn trace() -> MutexGuard<'static, Vec<String>> {
    TRACE.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn write(line: impl Into<String>) {
    trace().push(line.into());
}

/// How many lines there are.
pub(super) fn position() -> usize {
    trace().len()
}

/// Sorts what was written from there on.
pub(super) fn sort_from(position: usize) {
    trace()[position..].sort();
}

pub(super) fn lines() -> Vec<String> {
    trace().clone()
}

/// `IGreeter` for `dyn app::IGreeter`.
pub(super) fn short<T: ?Sized>() -> String {
    short_name(type_name::<T>())
}

fn short_name(name: &str) -> String {
    match name.rsplit("::").next().unwrap_or(name) {
        "String" => "text".into(),
        short => short.into(),
    }
}

pub(super) fn report(error: &GraphError) {
    let mut lines: Vec<_> = error.findings().iter().map(finding).collect();
    lines.sort();
    lines.dedup();
    lines.into_iter().for_each(write);
}

fn finding(finding: &GraphFinding) -> String {
    let path = finding.path();
    match finding {
        GraphFinding::Cycle { .. } => format!("error cycle: {}", whole(path)),
        GraphFinding::CapturedScoped { .. } => format!("error captured_scoped: {}", whole(path)),
        _ => format!("error missing: {}", last_step(path)),
    }
}

pub(super) fn failure(error: &ServiceError) {
    let path = error.path();
    let (kind, path) = match error.kind() {
        ServiceErrorKind::Missing => ("missing", last_step(path)),
        ServiceErrorKind::Cycle => ("cycle", whole(path)),
        ServiceErrorKind::ScopedFromRoot => ("scoped_from_root", ends(path)),
        ServiceErrorKind::Disposed => ("disposed", whole(path)),
        ServiceErrorKind::Failed(_) => ("failed", whole(path)),
        ServiceErrorKind::AnyKey => ("any_key", whole(path)),
        ServiceErrorKind::UnusedArgument(_) => ("unused_argument", whole(path)),
        _ => ("other", whole(path)),
    };
    write(format!("error {kind}: {path}"));
}

pub(super) fn disposal(result: Result<(), DisposeError>) {
    let Err(error) = result else { return };
    for failure in error.failures() {
        write(match failure.reason() {
            DisposeFailureReason::Failed(error) => format!("error dispose_failed: {error}"),
            DisposeFailureReason::AsyncOnly => {
                format!("error async_only: {}", implementation(failure.service()))
            }
            other => format!("error other: {other}"),
        });
    }
}

fn whole(path: &ServicePath) -> String {
    let steps: Vec<_> = path.steps().iter().map(service).collect();
    steps.join(" -> ")
}

/// What was asked for, and the service that the error is about if that is another.
fn ends(path: &ServicePath) -> String {
    match path.steps() {
        [] => String::new(),
        [only] => service(only),
        [first, .., last] => format!("{} -> {}", service(first), service(last)),
    }
}

/// Who needs it, and what is missing.
fn last_step(path: &ServicePath) -> String {
    match path.steps() {
        [.., needing, missing] => format!("{} -> {}", implementation(needing), service(missing)),
        steps => steps.iter().map(service).collect(),
    }
}

fn service(step: &ServiceStep) -> String {
    let name = short_name(step.service().type_name());
    let key = step.service().key().map(|it| format!("[{it}]"));
    let all = if step.form() == ServiceForm::All {
        "all "
    } else {
        ""
    };
    format!("{all}{name}{}", key.unwrap_or_default())
}

fn implementation(step: &ServiceStep) -> String {
    step.implementation()
        .map_or_else(|| service(step), short_name)
}
