//! The text for people.

use std::fmt;

use super::{Edge, Node, ServiceForm, ServiceGraph};

/// The width of the longest lifetime.
const LIFETIME: usize = "singleton".len();

impl fmt::Display for ServiceGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.hosted().next().is_some() {
            f.write_str("hosted services, in the order in which they start:\n")?;
            for (index, node) in self.hosted().enumerate() {
                self.write_node(f, &format!("  {}. ", index + 1), node)?;
            }
            f.write_str("\n")?;
        }
        if !self.awaited.is_empty() {
            f.write_str("awaited before any hosted service is constructed, in this order:\n")?;
            for (index, number) in self.awaited.iter().enumerate() {
                writeln!(f, "  {}. {}", index + 1, self.nodes[*number].name())?;
            }
            f.write_str("\n")?;
        }
        f.write_str("services:\n")?;
        for node in &self.nodes {
            if !node.is_hosted && !node.is_internal {
                let lifetime = format!("  {:LIFETIME$}  ", node.lifetime.to_string());
                self.write_node(f, &lifetime, node)?;
            }
        }
        if !self.findings.is_empty() {
            f.write_str("\nwhat is wrong:\n")?;
            for (index, finding) in self.findings.iter().enumerate() {
                writeln!(f, "  {}. {finding}", index + 1)?;
            }
        }
        Ok(())
    }
}

impl ServiceGraph {
    fn write_node(&self, f: &mut fmt::Formatter<'_>, before: &str, node: &Node) -> fmt::Result {
        write!(f, "{before}{}", node.name())?;
        for remark in node.remarks() {
            write!(f, ", {remark}")?;
        }
        f.write_str("\n")?;
        for edge in self.shown(node) {
            let indentation = before.len() + 2;
            write!(f, "{:indentation$}needs {}", "", edge.step)?;
            match (edge.step.form(), edge.to.len()) {
                (ServiceForm::All, count) => writeln!(f, ": {count} of them")?,
                (ServiceForm::Optional, 0) => f.write_str(": none\n")?,
                (_, 0) => f.write_str(": NOT REGISTERED\n")?,
                _ => f.write_str("\n")?,
            }
        }
        Ok(())
    }

    /// What is needed, without what is the crate's own.
    pub(super) fn shown<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = &'a Edge> {
        let is_internal = |edge: &Edge| edge.to.iter().any(|it| self.nodes[*it].is_internal);
        node.edges.iter().filter(move |it| !is_internal(it))
    }
}
