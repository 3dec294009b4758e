//! The text for Graphviz.

use std::fmt::Write;

use super::{Edge, Node, ServiceForm, ServiceGraph, ServiceLifetime};

impl ServiceGraph {
    /// The graph in the language of Graphviz: `app --services=dot | dot -Tsvg > services.svg`.
    ///
    /// Singletons are boxes, scoped services hexagons, transient ones ellipses. Arrows point to what is needed: dashed where it
    /// is optional, dotted where it is lazy. What is missing is red.
    pub fn to_dot(&self) -> String {
        let mut dot = String::from(
            "digraph services {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\"];\n",
        );
        self.write_hosted(&mut dot);
        for (number, node) in self.nodes.iter().enumerate() {
            if !node.is_hosted && !node.is_internal {
                let label = label(node, &node.lifetime.to_string());
                write_node(&mut dot, "  ", number, node, &label);
            }
        }
        for (number, node) in self.nodes.iter().enumerate() {
            if !node.is_internal {
                for edge in self.shown(node) {
                    write_edge(&mut dot, number, edge);
                }
            }
        }
        dot.push_str("}\n");
        dot
    }

    fn write_hosted(&self, dot: &mut String) {
        if self.hosted().next().is_none() {
            return;
        }
        dot.push_str("  subgraph cluster_hosted {\n    label=\"hosted services\";\n");
        let hosted = self.nodes.iter().enumerate().filter(|(_, it)| it.is_hosted);
        for (order, (number, node)) in hosted.enumerate() {
            let label = label(node, &format!("starts as number {}", order + 1));
            write_node(dot, "    ", number, node, &label);
        }
        dot.push_str("  }\n");
    }
}

fn label(node: &Node, what: &str) -> String {
    let mut label = escaped(&node.name());
    for line in std::iter::once(what.to_owned()).chain(node.remarks()) {
        label.push_str("\\n");
        label.push_str(&escaped(&line));
    }
    label
}

// Writing to a string does not fail.

fn write_node(dot: &mut String, indentation: &str, number: usize, node: &Node, label: &str) {
    let shape = match node.lifetime {
        ServiceLifetime::Singleton => "box",
        ServiceLifetime::Scoped => "hexagon",
        ServiceLifetime::Transient => "ellipse",
    };
    let _ = writeln!(
        dot,
        "{indentation}n{number} [shape={shape}, label=\"{label}\"];"
    );
}

fn write_edge(dot: &mut String, from: usize, edge: &Edge) {
    let style = match edge.step.form() {
        ServiceForm::Optional => " [style=dashed]",
        ServiceForm::Lazy => " [style=dotted]",
        ServiceForm::All => " [label=\"all\"]",
        ServiceForm::One | ServiceForm::Value => "",
    };
    for to in &edge.to {
        let _ = writeln!(dot, "  n{from} -> n{to}{style};");
    }
    if edge.to.is_empty() && matches!(edge.step.form(), ServiceForm::One | ServiceForm::Lazy) {
        let missing = escaped(&edge.step.service().to_string());
        let _ = writeln!(
            dot,
            "  \"{missing}\" [shape=box, color=red, fontcolor=red, label=\"{missing}\\nnot registered\"];\n  n{from} -> \"{missing}\" [color=red];"
        );
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
