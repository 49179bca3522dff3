//! Labels in the journal: whether one followed from where it stood, and what binds its tag.
//!
//! The tag of an issued label is bound by whoever queued it and by the decision that let him, though his session may be
//! over by then: so that entry is held against the label, not against the policies of now.

use std::collections::HashSet;

use gatewarden_model::{Actor, Body, Label, LabelId, LabelState};

use super::{Verdict, actor_name};
use crate::{
    labels::{told_tid, writing},
    state::{OpenLabel, State},
};

/// The label that an entry issues, as it stood before but for what the printer told of it.
pub(super) fn issued(state: &State, body: &Body) -> Option<OpenLabel> {
    let (id, issues) = match body {
        Body::LabelChanged { label, state: LabelState::Issued, evidence, .. } => {
            let open = state.label(*label)?;
            let evidence = evidence.as_deref().unwrap_or(&open.evidence).clone();
            return Some(OpenLabel { evidence, ..open.clone() });
        }
        Body::LabelDecided { label, verdict, .. } => {
            let open = state.label(*label)?;
            let next = open.state.decide(*verdict, open.is_read_back());
            (*label, next == Ok(LabelState::Issued))
        }
        _ => return None,
    };
    state.label(id).filter(|_| issues).cloned()
}

/// What is to be said of the binding of a label's tag; none of any other entry.
pub(super) fn bound(issued: Option<&OpenLabel>, body: &Body) -> Option<Verdict> {
    let Body::Commissioned { tag, item, lot, serial, tid, by, decision } = body else {
        return None;
    };
    let open = issued?;
    let OpenLabel { label, .. } = open;
    label.tag.as_ref().filter(|written| written.key == *tag)?;
    let said = (label.item.as_ref(), &label.lot, &label.serial, &open.by, &open.decision);
    let same = said == (Some(item), lot, serial, by, decision) && *tid == told_tid(open);
    let differs = || Err(format!("entry {} queued its label otherwise", open.seq));
    Some(if same { Ok(()) } else { differs() })
}

/// Whether a label is a new one, and its tag is nothing else's.
pub(super) fn queued(state: &State, ever: &HashSet<LabelId>, label: &Label) -> Verdict {
    let id = label.id;
    if ever.contains(&id) {
        return Err(format!("label {id} was queued before"));
    }
    let Some(tag) = &label.tag else { return Ok(()) };
    if label.item.is_none() {
        return Err(format!("label {id} has a tag and no item that it would stand for"));
    }
    if label.copies != 1 {
        return Err(format!("label {id} has a tag and {} copies", label.copies));
    }
    match writing(state, &tag.key) {
        Some(open) => Err(format!("label {} writes {} already", open.label.id, tag.key)),
        None => Ok(()),
    }
}

/// Whether what is said of a label follows from where it stood, and a decision is a person's.
pub(super) fn follows(state: &State, body: &Body) -> Verdict {
    let (Body::LabelChanged { label, .. } | Body::LabelDecided { label, .. }) = body else {
        return Ok(());
    };
    let Some(open) = state.label(*label) else {
        return Err(format!("label {label} does not wait"));
    };
    match body {
        Body::LabelChanged { state: next, evidence, .. } => {
            let name = open.state.name();
            if !open.state.leads_to(*next) {
                return Err(format!(
                    "label {label} was {name}, which {} does not follow",
                    next.name()
                ));
            }
            let tag = open.label.tag.as_ref();
            let told = evidence.as_deref();
            let proven = tag.is_none() || told.is_some_and(|told| told.reads_back(tag));
            match *next == LabelState::Issued && !proven {
                true => Err(format!("label {label} is issued and its tag was not read back")),
                false => Ok(()),
            }
        }
        Body::LabelDecided { verdict, by, .. } => {
            super::two(matches!(by, Actor::Operator { .. }), by, "decided without being a person")?;
            let next = open.state.decide(*verdict, open.is_read_back());
            let who = actor_name(by);
            next.map(drop).map_err(|why| format!("{who} decided about label {label}: {why}"))
        }
        _ => Ok(()),
    }
}
