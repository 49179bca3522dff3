//! Whether whoever a workflow asks may sign at all: the right that a kind of document takes to approve it, held against
//! the roles.
//!
//! Invariants: nothing is said where the roles could not be made; a role without the right is told where others could
//! sign, as a warning, and as a mistake where nobody could. Policies beside the roles may grant more, so with them
//! nothing is more than a warning. Absent: who holds a role (`workflow check --people`), names that are no role.

use std::{collections::BTreeSet, path::Path};

use gatewarden_documents::{KindDefinition, Kinds, Step};
use gatewarden_model::{Right, RoleMatrix};
use gatewarden_workflow::{Approve, Node, Who, Workflow, Workflows};

use super::{section::Names, workflows};
use crate::{Mistake, fields::Fields, load::text_of, report::Walk};

/// A step at which somebody is asked who can't sign.
pub(super) struct Unsigned {
    workflow: String,
    /// Nobody else is asked there who could.
    alone: bool,
    error: bool,
    message: String,
    expected: String,
}

/// The steps at which roles are asked that may not sign the kinds of document that come there.
pub(super) fn check(kinds: &Kinds, flows: &Workflows, names: &Names) -> Vec<Unsigned> {
    let Some(matrix) = &names.matrix else { return vec![] };
    let mut found = vec![];
    for flow in &flows.workflows {
        let named = |kind: &&KindDefinition| kind.workflow.as_deref() == Some(flow.name.as_str());
        let of_flow = kinds.kinds.iter().filter(named);
        let rights =
            of_flow.filter_map(|kind| Some((kind, kind.right_for(&Step::Approve, false)?)));
        let rights: Vec<(&KindDefinition, Right)> = rights.collect();
        for step in steps(flow) {
            for (kind, right) in &rights {
                found.extend(at_step((flow, step), (kind, *right), matrix, names.policies));
            }
        }
    }
    found
}

fn steps(flow: &Workflow) -> impl Iterator<Item = &Approve> {
    flow.all().into_iter().filter_map(|(_, node)| match node {
        Node::Approve(step) => Some(step),
        _ => None,
    })
}

fn at_step(
    (flow, step): (&Workflow, &Approve),
    (kind, right): (&KindDefinition, Right),
    matrix: &RoleMatrix,
    policies: bool,
) -> Option<Unsigned> {
    let may = |role: &str| {
        let grants = matrix.0.get(role).and_then(|role| role.grants.get(&right.module));
        grants.is_some_and(|actions| actions.contains(&right.action))
    };
    // Whoever is not named by a role has some role that is not known here.
    let unknown = |who: &Who| !matches!(who, Who::Role(_));
    let can = |who: &Who| matches!(who, Who::Role(role) if may(role));
    let cannot: BTreeSet<&str> = step
        .approvers
        .iter()
        .filter_map(|who| match who {
            // A role that there is none of is told as such.
            Who::Role(role) if matrix.0.contains_key(role) && !may(role) => Some(role.as_str()),
            _ => None,
        })
        .collect();
    if cannot.is_empty() {
        return None;
    }
    // The fall-back is asked where nobody is named, not where nobody may.
    let some = step.approvers.iter().any(|who| unknown(who) || can(who));
    let (roles, words) = (cannot.into_iter().collect::<Vec<_>>().join(", "), kind.kind.words());
    let (module, action) = (right.module.name(), right.action.name());
    Some(Unsigned {
        workflow: flow.name.as_str().to_owned(),
        alone: !some,
        error: !some && !policies,
        message: format!(
            "step {:?} asks {roles}, who may not approve a {words}",
            step.name.as_str()
        ),
        expected: format!("a role with {action} in {module}"),
    })
}

/// Tells them: those of the file at their workflow, of the shipped ones together which nobody can sign, at the section.
pub(super) fn tell(
    walk: &mut Walk<'_>,
    section: &Fields,
    (path, bytes): (&Path, &[u8]),
    found: Vec<Unsigned>,
) -> Vec<Mistake> {
    let text = text_of(bytes);
    let root = workflows::table(&mut Walk::new(path, text, walk.env), text).unwrap_or_default();
    let mut own = Walk::new(path, text, walk.env);
    let mut shipped = BTreeSet::new();
    for one in found {
        let mut tables = root.tables("workflows").iter();
        let Some(table) = tables.find(|table| table.text("name") == Some(one.workflow.as_str()))
        else {
            if one.alone {
                shipped.insert(one.workflow);
            }
            continue;
        };
        let hint = Some("grant it under [roles.NAME], or ask somebody else".to_owned());
        let at = table.place("name");
        match one.error {
            true => own.error(at, "no-signer", one.message, one.expected, hint),
            false => own.warn(at, "no-right-to-sign", one.message, one.expected, hint),
        }
    }
    if !shipped.is_empty() {
        let names = shipped.into_iter().collect::<Vec<_>>().join(", ");
        let message = format!("none of these roles may sign in the shipped workflows {names}");
        let expected = "roles that may approve those documents";
        let hint = "take template = \"make-to-order\" or \"make-to-stock\" under [access], or \
                    workflows of your own";
        walk.warn(section.at, "no-right-to-sign", message, expected, Some(hint.to_owned()));
    }
    own.finish()
}
