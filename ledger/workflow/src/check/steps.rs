//! What is wrong with single steps: people, fields, ways back, times, branches.

use gatewarden_model::{NodeId, ReturnTo};

use super::{Found, Spot, house::known};
use crate::{
    Allowed, Approve, Branch, Mode, Node, People as _, Who, Workflow,
    covers::{fields, is_field},
    dead::{Why, dead},
};

pub(super) fn step(found: &mut Found<'_>, workflow: &Workflow, node: &Node, at: (usize, usize)) {
    match node {
        Node::Approve(step) => approve(found, workflow, step),
        Node::Branch(step) => branch(found, step, at),
        Node::Parallel(step) => {
            if step.lanes.len() < 2 {
                let message = "a parallel step with fewer than two lanes";
                found.error("lanes", "one-lane", message, "two lanes or more, or the steps alone");
            }
            if step.lanes.iter().any(|lane| lane.steps.is_empty()) {
                found.warn(
                    "lanes",
                    "empty-lane",
                    "a lane without steps",
                    "a step, or no such lane",
                );
            }
        }
        Node::Notify(step) => {
            if step.whom.is_empty() {
                found.error("whom", "no-receivers", "nobody is told", "somebody");
            }
            people(found, "whom", &step.whom, false);
        }
    }
}

/// Whether names mean somebody; `needed` where nobody else would be asked in their place.
pub(super) fn people(found: &mut Found<'_>, key: &'static str, names: &[Who], needed: bool) {
    for who in names {
        match who {
            Who::Role(role) => self::role(found, key, role, needed),
            Who::Operator(id) => known(found, key, id),
            Who::Department(name) if !found.departments.contains(name.as_str()) => {
                let message = format!("there is no department {name:?}");
                let all = found.departments.iter().copied().collect::<Vec<_>>().join(", ");
                let expected =
                    if all.is_empty() { "a [[departments]] of that name".to_owned() } else { all };
                found.error(key, "unknown-department", message, expected);
            }
            Who::ManagerOfApprover if key != "escalate_to" => {
                let message = "manager-of:approver means nobody here";
                found.error(key, "bad-approver", message, "manager-of:initiator, or of a field");
            }
            Who::ManagerOfInitiator | Who::ManagerOfField(_) if found.departments.is_empty() => {
                let message = format!("{who} is nobody as long as there are no [[departments]]");
                found.warn(key, "no-departments", message, "departments with managers");
            }
            _ => {}
        }
    }
}

/// Whether one of the names is somebody for sure, or nothing is known of people.
pub(super) fn somebody(found: &Found<'_>, names: &[Who]) -> bool {
    let Some(people) = found.roster.people else { return true };
    names.iter().any(|who| match who {
        Who::Role(role) => !people.holders(role).is_empty(),
        Who::Operator(id) => people.is_active(id),
        Who::Department(name) => people.department_manager(name).is_some(),
        _ => false,
    })
}

fn role(found: &mut Found<'_>, key: &'static str, role: &str, needed: bool) {
    let roles = found.roster.roles.as_ref();
    if roles.is_some_and(|roles| !roles.contains(role)) {
        let message = format!("there is no role {role:?}");
        let all = roles.into_iter().flatten().cloned().collect::<Vec<_>>().join(", ");
        found.error(key, "unknown-role", message, format!("one of {all}"));
        return;
    }
    if found.roster.people.is_some_and(|people| people.holders(role).is_empty()) {
        let message = format!("nobody holds the role {role:?}");
        let expected = "an operator who does";
        match needed {
            true => found.error(key, "nobody-holds", message, expected),
            false => found.warn(key, "nobody-holds", message, expected),
        }
    }
}

fn approve(found: &mut Found<'_>, workflow: &Workflow, step: &Approve) {
    if step.approvers.is_empty() {
        found.error("approvers", "no-approvers", "nobody is asked to sign", "somebody");
    }
    people(found, "approvers", &step.approvers, false);
    people(found, "transfer_to", &step.transfer_to, false);
    quorum(found, step);
    for field in step.signs.iter().filter(|field| !is_field(field)) {
        let message = format!("no field {field:?} can be signed");
        let known = fields().collect::<Vec<_>>().join(", ");
        found.error("signs", "unknown-field", message, format!("one of {known}, custom:NAME"));
    }
    for other in &step.distinct_from {
        if *other == step.name || workflow.approve(other).is_none() {
            let message = format!("there is no other approving step {other:?}");
            found.error("distinct_from", "unknown-step", message, approving(workflow, &step.name));
        }
    }
    if !step.transfer_to.is_empty() && !step.allow.contains(&Allowed::Transfer) {
        let message = "it says to whom it may be handed over, and does not allow that";
        found.warn("transfer_to", "needless-key", message, "\"transfer\" in allow");
    }
    for to in &step.return_to {
        if let ReturnTo::Node(target) = to {
            way_back(found, workflow, step, target);
        }
    }
    escalation(found, step);
}

fn approving(workflow: &Workflow, but: &NodeId) -> String {
    let all = workflow.all();
    let names = all.iter().filter_map(|(_, node)| match node {
        Node::Approve(step) if step.name != *but => Some(step.name.as_str()),
        _ => None,
    });
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        "none: there is no other".to_owned()
    } else {
        format!("one of {}", names.join(", "))
    }
}

fn quorum(found: &mut Found<'_>, step: &Approve) {
    for who in step.weights.keys().filter(|who| !step.approvers.contains(who)) {
        let message = format!("{who} has a weight and is not asked");
        found.error("weights", "unknown-approver", message, "a name that stands in approvers");
    }
    if step.mode != Mode::Quorum {
        if step.threshold > 0 || !step.weights.is_empty() {
            let message = "votes are weighed at a quorum only";
            found.warn("threshold", "needless-key", message, "mode = \"quorum\"");
        }
        return;
    }
    let weight = |who| u64::from(step.weights.get(who).copied().unwrap_or(1));
    // A role may have any number of people.
    let roles = step.approvers.iter().any(|who| matches!(who, Who::Role(_)));
    let most: u64 = step.approvers.iter().map(weight).sum();
    if step.threshold == 0 {
        let message = "a quorum without a threshold";
        found.error("threshold", "bad-threshold", message, "the weight that it takes, 1 or more");
    } else if !roles && most < u64::from(step.threshold) {
        let message = format!("all votes together weigh {most}, and it takes {}", step.threshold);
        found.error("threshold", "bad-threshold", message, format!("at most {most}"));
    }
}

/// Back is before, on every way that leads here. Forward would leave signatures out.
fn way_back(found: &mut Found<'_>, workflow: &Workflow, step: &Approve, target: &NodeId) {
    if workflow.approve(target).is_none() {
        let message = format!("there is no approving step {target:?} to send back to");
        found.error("return_to", "unknown-step", message, approving(workflow, &step.name));
        return;
    }
    let before = before(&workflow.steps, &step.name).unwrap_or_default();
    if before.contains(&(target, true)) {
        return;
    }
    if before.contains(&(target, false)) {
        let message = format!("step {target:?} is not on every way that leads here");
        found.warn("return_to", "bad-return", message, "a step that always comes before");
        return;
    }
    let message =
        format!("step {target:?} does not come before {:?}: that would go in a circle", step.name);
    found.error("return_to", "return-cycle", message, "a step that comes before, or \"initiator\"");
}

/// The approving steps before one, each with whether it always is; none where it is not below `steps`.
fn before<'a>(steps: &'a [Node], name: &NodeId) -> Option<Vec<(&'a NodeId, bool)>> {
    let mut out = vec![];
    for node in steps {
        if node.name() == name {
            return Some(out);
        }
        let below = node.below();
        if let Some(deeper) = below.iter().find_map(|steps| before(steps, name)) {
            out.extend(deeper);
            return Some(out);
        }
        passed(node, true, &mut out);
    }
    None
}

fn passed<'a>(node: &'a Node, always: bool, out: &mut Vec<(&'a NodeId, bool)>) {
    if let Node::Approve(step) = node {
        out.push((&step.name, always));
    }
    let always = always && !matches!(node, Node::Branch(_));
    node.below().into_iter().flatten().for_each(|node| passed(node, always, out));
}

fn escalation(found: &mut Found<'_>, step: &Approve) {
    people(found, "escalate_to", &step.escalate_to, false);
    if step.escalate_after_h > 0 && step.escalate_to.is_empty() {
        let message = "time runs out, and nobody is named for then";
        found.error("escalate_after_h", "no-escalation", message, "escalate_to");
    }
    if step.escalate_after_h == 0 && !step.escalate_to.is_empty() {
        let message = "somebody is named for when time runs out, and it never does";
        found.error("escalate_to", "no-escalation", message, "escalate_after_h");
    }
    for who in step.escalate_to.iter().filter(|who| step.approvers.contains(who)) {
        let message = format!("{who} is asked from the beginning, so it would go in a circle");
        found.error("escalate_to", "escalation-cycle", message, "somebody else");
    }
}

fn branch(found: &mut Found<'_>, step: &Branch, (workflow, at): (usize, usize)) {
    if step.cases.is_empty() {
        found.error("cases", "no-cases", "a branch without cases", "a case");
    }
    let conditions: Vec<&str> = step.cases.iter().map(|case| case.when.as_str()).collect();
    for (case, why) in dead(&conditions) {
        let why = match why {
            Why::Never => "its condition can't hold".to_owned(),
            Why::Earlier(earlier) => {
                format!("whenever it holds, {:?} before it does", step.cases[earlier].title)
            }
            Why::Covered => "one of those before it always holds".to_owned(),
        };
        let otherwise = case == step.cases.len();
        let name = if otherwise { "otherwise" } else { step.cases[case].title.as_str() };
        let message = format!("{name:?} is never taken: {why}");
        let spot = std::mem::replace(&mut found.spot, Spot::Case(workflow, at, case));
        match otherwise {
            // It must be said even where it is never taken.
            true if step.otherwise.is_empty() => {}
            true => found.warn("otherwise", "dead-branch", message, "no steps there"),
            false => found.error("when", "dead-branch", message, "a condition that can be reached"),
        }
        found.spot = spot;
    }
}
