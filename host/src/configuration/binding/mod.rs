//! Configuration as types, by a serde deserializer of our own.

mod access;
mod deserializer;
mod enumeration;
mod error;
mod fault;
pub(super) mod field;
mod heard;
mod here;
mod learning;
mod poison;
mod scalar;
mod shape;
mod spelling;
pub(crate) mod time_span;

use serde::de::DeserializeOwned;

pub(super) use self::scalar::is_duration;

use self::fault::{Fault, FaultKind};
use self::heard::Seen;
use self::here::{Context, Here};
use super::tree::{NodeId, ROOT, Tree};

pub use self::error::{BindError, BindProblem, BindProblemKind};

/// How many problems are enough for one report.
const MANY: usize = 100;

/// The tree as a `T`.
///
/// serde gives up at the first problem. To report all of them, what failed is noted and taken for absent, and the whole is
/// done again, until it succeeds, fails for good, or there is more to repair than anybody reads. It is done again as well for
/// what is [learned](learning) of types that serde buffers for.
pub(super) fn bind<T: DeserializeOwned>(tree: &Tree, strict: bool) -> Result<T, BindError> {
    let mut context = Context::new(tree, strict);
    let outcome = loop {
        context.learning.begin();
        let (outcome, seen) = heard::listen(|| T::deserialize(Here::new(&context, ROOT)));
        if context.learning.learn(&seen, outcome.as_ref().err()) {
            continue;
        }
        match outcome {
            Ok(value) => break Some(value),
            Err(fault) => {
                let fault = explain(&context, fault, &seen);
                let goes_on = take_out(&mut context, fault);
                if !goes_on || context.problems.get_mut().len() >= MANY {
                    break None;
                }
                context.learning.start_again();
            }
        }
    };
    if outcome.is_some() {
        for section in &context.learning.attempt.borrow().sections {
            Here::new(&context, *section).report_unread();
        }
    }
    let problems = context.problems.into_inner();
    match outcome {
        Some(value) if problems.is_empty() => Ok(value),
        _ => Err(BindError::new::<T>(tree.node(ROOT).path.clone(), problems)),
    }
}

/// Finds the value that a fault is about where serde had buffered it, and has an enumeration say what its variants said.
fn explain(context: &Context<'_>, mut fault: Fault, seen: &[Seen]) -> Fault {
    let learning = &context.learning;
    if !fault.node.is_none_or(|node| learning.is_buffered(node)) {
        return fault;
    }
    let is_section = |node: NodeId| !context.tree.node(node).children.is_empty();
    match &mut fault.kind {
        FaultKind::Wanted(_) if fault.node.is_none_or(is_section) => {
            if let Some(node) = seen.last().and_then(|seen| learning.value_of(seen)) {
                fault.node = Some(node);
            }
        }
        FaultKind::Message(message) if message.starts_with(UNTAGGED) => {
            let mut reasons: Vec<String> = Vec::new();
            for seen in seen {
                let reason = match seen {
                    Seen::Missing(name) => format!("'{}' is missing", field::display(name)),
                    Seen::Invalid { wanted, .. } => {
                        let Some(node) = learning.value_of(seen) else {
                            continue;
                        };
                        let node = Here::new(context, node);
                        let kind = FaultKind::Wanted(shape::words(wanted));
                        kind.into_problem(node.node(), node.somewhere()).to_string()
                    }
                    _ => continue,
                };
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
            if !reasons.is_empty() {
                *message = format!("{message}: {}", reasons.join(", or "));
            }
        }
        _ => {}
    }
    fault
}

/// How serde's message begins where no variant fits.
const UNTAGGED: &str = "data did not match any variant of untagged enum";

/// Notes a fault and takes its node out; `false` where there is nothing left to go on with.
fn take_out(context: &mut Context<'_>, fault: Fault) -> bool {
    let node = fault.node.unwrap_or(ROOT);
    if matches!(fault.kind, FaultKind::EmptyOption) {
        return context.nulls.insert(node);
    }
    if !is_consequence(context, node, &fault.kind) {
        let here = Here::new(context, node);
        let origin = match here.is_loose() {
            // The section itself is from nowhere.
            true => here.somewhere(),
            false => here.node().origin(),
        };
        context.report(fault.kind.into_problem(here.node(), origin));
    }
    node != ROOT && context.skipped.insert(node)
}

/// Whether a fault is there only because something below the node was taken out before.
fn is_consequence(context: &Context<'_>, node: NodeId, kind: &FaultKind) -> bool {
    match kind {
        FaultKind::MissingField(field) => context
            .tree
            .children(node)
            .any(|(id, child)| context.skipped.contains(&id) && field::matches(field, &child.name)),
        _ => has_skipped_below(context, node),
    }
}

fn has_skipped_below(context: &Context<'_>, node: NodeId) -> bool {
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        for (child, _) in context.tree.children(node) {
            if context.skipped.contains(&child) {
                return true;
            }
            open.push(child);
        }
    }
    false
}
