//! The drawing as indented text.

use std::{collections::BTreeMap, fmt::Write as _};

use gatewarden_model::NodeId;

use super::{Mark, heading, one_line, told};
use crate::{Node, Workflow};

/// A workflow as indented text, with how its steps stand where that is given.
#[must_use]
pub fn text(workflow: &Workflow, marks: &BTreeMap<NodeId, Mark>) -> String {
    let mut out = format!("{}: {}\n", workflow.name, workflow.title);
    for line in heading(workflow) {
        let _ = writeln!(out, "  {line}");
    }
    out.push_str("  │\n");
    steps(&mut out, &workflow.steps, "  ", marks);
    out.push_str("  ▼ approved\n");
    out
}

fn steps(out: &mut String, steps: &[Node], indent: &str, marks: &BTreeMap<NodeId, Mark>) {
    for node in steps {
        // Writing to a String can't fail.
        let _ = match node {
            Node::Approve(_) => writeln!(out, "{indent}■ {}  {}", node.name(), node.title()),
            Node::Notify(_) => writeln!(out, "{indent}○ {}  {}", node.name(), node.title()),
            Node::Branch(_) => writeln!(out, "{indent}◆ {}  {}", node.name(), node.title()),
            Node::Parallel(_) => writeln!(out, "{indent}∥ {}  {}", node.name(), node.title()),
        };
        match node {
            Node::Approve(approve) => {
                told(approve).iter().for_each(|line| inner(out, indent, line));
                let mark = marks.get(&approve.name);
                mark.into_iter().flat_map(|m| &m.lines).for_each(|line| inner(out, indent, line));
            }
            Node::Notify(notify) => {
                let whom: Vec<String> = notify.whom.iter().map(crate::Who::words).collect();
                inner(out, indent, &format!("told: {}", whom.join(", ")));
            }
            Node::Branch(branch) => {
                for (index, case) in branch.cases.iter().enumerate() {
                    let title =
                        format!("{}. {}  if {}", index + 1, case.title, one_line(&case.when));
                    way(out, &title, &case.steps, indent, false, marks);
                }
                way(out, "otherwise", &branch.otherwise, indent, true, marks);
            }
            Node::Parallel(all) => {
                for (index, lane) in all.lanes.iter().enumerate() {
                    let last = index + 1 == all.lanes.len();
                    way(out, &lane.title, &lane.steps, indent, last, marks);
                }
            }
        }
        let _ = writeln!(out, "{indent}│");
    }
}

fn inner(out: &mut String, indent: &str, line: &str) {
    let _ = writeln!(out, "{indent}│   {line}");
}

fn way(
    out: &mut String,
    title: &str,
    below: &[Node],
    indent: &str,
    last: bool,
    marks: &BTreeMap<NodeId, Mark>,
) {
    let (corner, line) = if last { ("└─", "  ") } else { ("├─", "│ ") };
    let _ = writeln!(out, "{indent}{corner} {title}");
    let deeper = format!("{indent}{line}   ");
    if below.is_empty() {
        let _ = writeln!(out, "{deeper}straight on");
    }
    steps(out, below, &deeper, marks);
}
