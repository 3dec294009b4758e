//! Configuration as types, by a serde deserializer of our own.

mod access;
mod deserializer;
mod enumeration;
mod error;
mod fault;
pub(super) mod field;
mod here;
mod scalar;
pub(crate) mod time_span;

use serde::de::DeserializeOwned;

pub(super) use self::scalar::is_duration;

use self::fault::{Fault, FaultKind};
use self::here::{Context, Here};
use super::tree::{NodeId, ROOT, Tree};

pub use self::error::{BindError, BindProblem, BindProblemKind};

/// How many problems are enough for one report.
const MANY: usize = 100;

/// The tree as a `T`.
///
/// serde gives up at the first problem. To report all of them, what failed is noted and taken for absent, and the whole is
/// done again, until it succeeds, fails for good, or there is more to repair than anybody reads.
pub(super) fn bind<T: DeserializeOwned>(tree: &Tree, strict: bool) -> Result<T, BindError> {
    let mut context = Context::new(tree, strict);
    let outcome = loop {
        match T::deserialize(Here::new(&context, ROOT)) {
            Ok(value) => break Some(value),
            Err(fault) => {
                let goes_on = take_out(&mut context, fault);
                if !goes_on || context.problems.get_mut().len() >= MANY {
                    break None;
                }
            }
        }
    };
    let problems = context.problems.into_inner();
    match outcome {
        Some(value) if problems.is_empty() => Ok(value),
        _ => Err(BindError::new::<T>(tree.node(ROOT).path.clone(), problems)),
    }
}

/// Notes a fault and takes its node out; `false` where there is nothing left to go on with.
fn take_out(context: &mut Context<'_>, fault: Fault) -> bool {
    let node = fault.node.unwrap_or(ROOT);
    if matches!(fault.kind, FaultKind::EmptyOption) {
        return context.nulls.insert(node);
    }
    if !is_consequence(context, node, &fault.kind) {
        let problem = fault.kind.into_problem(context.tree.node(node));
        context.report(problem);
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
