//! Who would have to sign a document, and why: the way that its facts lead, and who would be asked at each
//! step today.

use std::sync::Arc;

use gatewarden_model::{ApprovalSeat, NodeId};

use crate::{
    Around, Fault, Instance, Mode, Node, Submission, Workflow,
    advance::Course,
    resolve::people_of,
    show::{one_line, told},
};

/// One step of the way.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Simulated {
    /// Its name.
    pub node: NodeId,
    /// What it is.
    pub title: String,
    /// How deep it is nested.
    pub depth: usize,
    /// What happens there, and why, in lines.
    pub lines: Vec<String>,
    /// Who would be asked; none at a step where nobody signs, or where nobody is found.
    pub seats: Vec<ApprovalSeat>,
    /// How they decide together; none at a step where nobody signs.
    pub mode: Option<Mode>,
    /// Whether somebody must sign there and nobody could be asked.
    pub nobody: bool,
}

/// What would happen.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Simulation {
    /// The way, from top to bottom.
    pub steps: Vec<Simulated>,
    /// Steps that are not on the way.
    pub left_out: Vec<NodeId>,
}

/// What would happen to a submission; refused as the submission itself would be.
pub fn simulate(
    workflow: &Arc<Workflow>,
    submission: Submission,
    around: &Around<'_>,
) -> Result<Simulation, Fault> {
    let mut course = Course::new(Instance::new(workflow, submission), around);
    course.branch()?;
    let instance = course.instance;
    let definition = Arc::clone(&instance.workflow);
    let mut steps = vec![];
    walk(&instance, &definition.steps, 0, around, &mut steps);
    let on_way = |name: &NodeId| steps.iter().any(|step: &Simulated| step.node == *name);
    let all = definition.all().into_iter().map(|(_, node)| node.name().clone());
    let left_out = all.filter(|name| !on_way(name)).collect();
    Ok(Simulation { steps, left_out })
}

fn walk(
    instance: &Instance,
    nodes: &[Node],
    depth: usize,
    around: &Around<'_>,
    out: &mut Vec<Simulated>,
) {
    for node in nodes {
        let mut step = Simulated {
            node: node.name().clone(),
            title: node.title().to_owned(),
            depth,
            lines: vec![],
            seats: vec![],
            mode: None,
            nobody: false,
        };
        match node {
            Node::Approve(approve) => {
                step.seats = instance.seats_for(approve, around);
                step.mode = Some(approve.mode);
                step.nobody = step.seats.is_empty();
                step.lines = told(approve);
                let asked = step.seats.iter().map(|seat| asked(seat, around));
                step.lines.extend(asked.collect::<Vec<_>>());
                if step.nobody {
                    step.lines.push("NOBODY can be asked: it would stand still here".to_owned());
                }
                out.push(step);
            }
            Node::Notify(notify) => {
                let whom =
                    notify.whom.iter().flat_map(|who| people_of(who, instance, None, around));
                let whom: Vec<String> = whom.map(|who| who.to_string()).collect();
                step.lines.push(format!("told: {}", whom.join(", ")));
                out.push(step);
            }
            Node::Branch(branch) => {
                let taken = match instance.cases.get(&branch.name) {
                    Some(Some(case)) => branch.cases.get(*case as usize),
                    _ => None,
                };
                step.lines.push(match taken {
                    Some(case) => format!("{}: because {}", case.title, one_line(&case.when)),
                    None => "otherwise: no case holds".to_owned(),
                });
                out.push(step);
                walk(instance, instance.taken(branch), depth + 1, around, out);
            }
            Node::Parallel(all) => {
                step.lines.push(format!("{} lanes at once", all.lanes.len()));
                out.push(step);
                for lane in &all.lanes {
                    walk(instance, &lane.steps, depth + 1, around, out);
                }
            }
        }
    }
}

/// Who is asked, and as what, in words.
fn asked(seat: &ApprovalSeat, around: &Around<'_>) -> String {
    let mut words = format!("→ {} as {}", seat.who, seat.source);
    if let Some(empty) = &seat.instead_of {
        words.push_str(&format!(", because {empty} is nobody"));
    }
    if seat.up {
        words.push_str(", one level above an author");
    }
    if let Some(substitute) = around.people.substitute(&seat.who, around.now.day) {
        words.push_str(&format!("; {substitute} stands in today"));
    }
    words
}
