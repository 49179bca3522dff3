//! Documents and their approvals: the one place where the engine speaks with `gatewarden-workflow`.
//!
//! Invariants: a document's approval runs under the definitions that it was handed in under; who holds which
//! role is asked of this moment; conditions are asked on the facts that stand in the entry of the submission.
//! Absent: what an act means, who must sign.

use std::{collections::BTreeSet, sync::Arc};

use gatewarden_documents::KindDefinition;
use gatewarden_model::{
    Actor, ApprovalAct, ApprovalEvent, Day, DocumentContent, DocumentKind, ExtraApproval, Hash,
    NodeId, OperatorId, Stamp, Verdict,
};
use gatewarden_rules::{Condition, Facts};
use gatewarden_workflow::{
    Around, Decide, Directory, Extra, Fault as WorkflowFault, Instance, Now, Phase, Revision,
    Submission, Who, Workflows,
};

use crate::{
    documents::{
        author_of,
        facts::{Frozen, thawed},
    },
    procedures::Procedures,
    state::{OpenDocument, State},
    turn::{Fault, Turn},
};

/// The house at a moment: that of a turn, or that of an entry which is judged.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'s> {
    /// What is open.
    pub(crate) state: &'s State,
    /// When.
    pub(crate) now: &'s Stamp,
}

impl Turn<'_> {
    /// The house at this moment.
    pub(crate) fn scene(&self) -> Scene<'_> {
        Scene { state: self.state, now: &self.now }
    }
}

/// What the conditions of a version are asked on.
struct Asked<'a> {
    procedures: &'a Procedures,
    content: &'a DocumentContent,
    author: String,
    facts: Facts,
}

impl Decide for Asked<'_> {
    fn holds(&self, condition: &str) -> Result<bool, String> {
        let parsed = Condition::parse(condition, &self.procedures.schema)
            .map_err(|mistakes| mistakes.to_string())?;
        parsed.holds(&self.facts).map_err(|error| error.to_string())
    }

    fn person(&self, field: &str) -> Option<OperatorId> {
        let text = match field {
            "requester" => self.content.requester.as_deref()?,
            "author" => self.author.as_str(),
            _ => {
                let name = field.strip_prefix("custom.")?;
                let custom = &self.content.custom;
                custom.iter().find(|(known, _)| known.as_str() == name).map(|(_, who)| who)?
            }
        };
        OperatorId::parse(text).ok()
    }
}

/// The people of this moment, as an approval of a kind of document sees them.
pub(crate) fn people<'w>(state: &State, house: &'w Workflows, kind: DocumentKind) -> Directory<'w> {
    let roles = |roles: &Vec<String>| roles.iter().cloned().collect::<BTreeSet<_>>();
    let operators = state.operators().map(|one| (one.id.clone(), roles(&one.roles))).collect();
    Directory { operators, house, kind: Some(kind) }
}

/// Who hands a document in, as approvals name him. A machine has a name that no person has.
fn initiator(by: &Actor) -> Result<OperatorId, Fault> {
    let name = match by {
        Actor::Operator { id, .. } => return Ok(id.clone()),
        Actor::Client { id } => format!("client.{id}"),
        _ => "the-gateway".to_owned(),
    };
    OperatorId::parse(&name).map_err(|error| ("author-unnamed", error.to_string()))
}

/// Everybody who must not sign a version: who wrote it, for whom it was written, who wrote what it puts in force, and,
/// of what a count found, who counted anything and who ordered it.
fn authors(state: &State, open: &OpenDocument) -> BTreeSet<OperatorId> {
    let author = OperatorId::parse(&author_of(&open.by)).ok();
    let counted = open.count.iter().flat_map(|count| count.not_signed_by());
    let behind = requester_of(open).into_iter().chain(author).chain(counted);
    behind.chain(drafters(state, open)).collect()
}

/// Who wrote the versions of BOMs that a change order names.
fn drafters(state: &State, open: &OpenDocument) -> BTreeSet<OperatorId> {
    if open.document().kind != DocumentKind::EngineeringChange {
        return BTreeSet::new();
    }
    let named = open.content.links.iter().filter_map(|link| {
        let draft = state.document(&link.document)?;
        (Some(draft.digest) == link.digest).then_some(draft)
    });
    named.filter_map(|draft| OperatorId::parse(&author_of(&draft.by)).ok()).collect()
}

/// For whom a version was written.
fn requester_of(open: &OpenDocument) -> Option<OperatorId> {
    open.content.requester.as_deref().and_then(|name| OperatorId::parse(name).ok())
}

fn submission(
    state: &State,
    open: &OpenDocument,
    by: &Actor,
    extra: &[ExtraApproval],
) -> Result<Submission, Fault> {
    let extra = extra.iter().map(step_of).collect::<Result<_, _>>()?;
    Ok(Submission {
        document: open.document().clone(),
        initiator: initiator(by)?,
        authors: authors(state, open),
        version: open.content.version,
        digest: open.digest,
        extra,
    })
}

/// The step that a rule asks for.
fn step_of(extra: &ExtraApproval) -> Result<Extra, Fault> {
    let wrong = |why: String| ("rule-approver", format!("rule {}: {why}", extra.rule));
    let name = NodeId::parse(&format!("rule.{}", extra.rule)).map_err(|e| wrong(e.to_string()))?;
    let approvers = extra.approvers.iter().map(|who| who.parse::<Who>());
    let approvers = approvers.collect::<Result<_, _>>().map_err(|e| wrong(e.to_string()))?;
    Ok(Extra { name, title: extra.title.clone(), approvers })
}

/// A document's approval as its submission begins it; none where its definition can't be read.
pub(crate) fn begin(
    state: &State,
    open: &OpenDocument,
    (name, extra): (&str, &[ExtraApproval]),
    by: &Actor,
) -> Option<Instance> {
    let procedures = state.procedures_of(&open.procedures)?;
    let workflow = Arc::new(procedures.workflows.named(name)?.clone());
    Some(Instance::empty(&workflow, submission(state, open, by, extra).ok()?))
}

/// Whether an approval goes on when its document is handed in again. It begins anew where the new version has somebody
/// whom it was not written for before, or who wrote what it puts in force, or rules ask for a step that it lacks:
/// signatures that were given without either would let it pass.
pub(crate) fn runs_on(
    state: &State,
    instance: &Instance,
    open: &OpenDocument,
    extra: &[ExtraApproval],
) -> bool {
    let has_step = |one: &ExtraApproval| {
        let name = NodeId::parse(&format!("rule.{}", one.rule));
        name.is_ok_and(|name| instance.workflow().approve(&name).is_some())
    };
    matches!(instance.phase(), Phase::Running | Phase::SentBack)
        && requester_of(open).is_none_or(|who| instance.authors().contains(&who))
        && drafters(state, open).is_subset(instance.authors())
        && extra.iter().all(has_step)
}

/// What happens when a document is handed in; none where it needs no signature.
pub(crate) fn plan(
    scene: Scene<'_>,
    open: &OpenDocument,
    kind: &KindDefinition,
    frozen: &Frozen,
    by: &Actor,
    extra: &[ExtraApproval],
) -> Result<Option<Vec<ApprovalEvent>>, Fault> {
    let Some(name) = &kind.workflow else {
        return match extra.first() {
            None => Ok(None),
            Some(one) => {
                let message = format!(
                    "rule {} asks for an approval, and this kind has no workflow: give it one",
                    one.rule
                );
                Err(("rule-approver", message))
            }
        };
    };
    if let Some(instance) =
        open.approval.as_ref().filter(|one| runs_on(scene.state, one, open, extra))
    {
        return revise(scene, open, instance, frozen, by).map(Some);
    }
    let Some(procedures) = scene.state.procedures_in_force() else {
        return Err(("no-procedures", "no procedures are defined here".to_owned()));
    };
    let Some(workflow) = procedures.workflows.named(name) else {
        let message = format!("its kind's workflow {name} is not defined: define it");
        return Err(("unknown-workflow", message));
    };
    let workflow = Arc::new(workflow.clone());
    let submission = submission(scene.state, open, by, extra)?;
    let asked = asked(procedures, open, frozen);
    around(scene, procedures, open, &asked, |around| {
        Instance::start(&workflow, submission, around).map(|(_, events)| events)
    })
    .map(Some)
}

fn revise(
    scene: Scene<'_>,
    open: &OpenDocument,
    instance: &Instance,
    frozen: &Frozen,
    by: &Actor,
) -> Result<Vec<ApprovalEvent>, Fault> {
    let procedures = procedures_of(scene, open)?;
    let before = open.submitted.as_ref().unwrap_or(&open.content);
    let revision = Revision::between(initiator(by)?, before, &open.content);
    let asked = asked(procedures, open, frozen);
    around(scene, procedures, open, &asked, |around| instance.revise(&revision, around))
}

/// What happens when somebody acts.
pub(crate) fn act(
    scene: Scene<'_>,
    open: &OpenDocument,
    by: &OperatorId,
    act: &ApprovalAct,
) -> Result<Vec<ApprovalEvent>, Fault> {
    let Some(instance) = &open.approval else {
        let message = format!("{} waits for no signature", open.document().number);
        return Err(("no-approval", message));
    };
    let procedures = procedures_of(scene, open)?;
    let asked = asked(procedures, open, &open.frozen);
    around(scene, procedures, open, &asked, |around| instance.act(by, act, around))
}

/// Whether a decision on this very version waits for somebody at this step, as people are now.
pub(crate) fn may_decide(
    scene: Scene<'_>,
    open: &OpenDocument,
    (digest, node): (Hash, &str),
    who: &OperatorId,
) -> bool {
    let Ok(node) = node.parse() else { return false };
    let verdict = Verdict::Approve;
    let said =
        ApprovalAct::Decide { node: Some(node), on: digest, verdict, comment: String::new() };
    open.digest == digest && act(scene, open, who, &said).is_ok()
}

/// What happens because time passed.
pub(crate) fn tick(scene: Scene<'_>, open: &OpenDocument) -> Vec<ApprovalEvent> {
    let (Some(instance), Ok(procedures)) = (&open.approval, procedures_of(scene, open)) else {
        return vec![];
    };
    let asked = asked(procedures, open, &open.frozen);
    around(scene, procedures, open, &asked, |around| Ok(instance.tick(around))).unwrap_or_default()
}

fn procedures_of<'t>(scene: Scene<'t>, open: &OpenDocument) -> Result<&'t Procedures, Fault> {
    let found = scene.state.procedures_of(&open.procedures).map(|found| &**found);
    found.ok_or_else(|| {
        let message = format!("the definitions {} can't be read by this program", open.procedures);
        ("no-procedures", message)
    })
}

fn asked<'a>(procedures: &'a Procedures, open: &'a OpenDocument, frozen: &Frozen) -> Asked<'a> {
    let facts = thawed(&frozen.0, &frozen.1);
    Asked { procedures, content: &open.content, author: author_of(&open.by), facts }
}

fn around<T>(
    scene: Scene<'_>,
    procedures: &Procedures,
    open: &OpenDocument,
    asked: &Asked<'_>,
    then: impl FnOnce(&Around<'_>) -> Result<T, WorkflowFault>,
) -> Result<T, Fault> {
    let people = people(scene.state, &procedures.workflows, open.document().kind);
    let around = Around {
        people: &people,
        decide: asked,
        calendar: &procedures.workflows.calendar,
        now: now_of(scene.now, procedures),
    };
    then(&around).map_err(|fault| (fault.code(), fault.to_string()))
}

/// The time of an act, by the day of the house's calendar.
pub(crate) fn now_of(at: &Stamp, procedures: &Procedures) -> Now {
    let offset_min = procedures.workflows.calendar.utc_offset_min;
    Now { us: at.wall_us, day: Day::of(at, offset_min) }
}
