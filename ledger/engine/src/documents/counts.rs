//! Counts: bins are frozen, counted blind, counted again by somebody else, and what differs is signed and posted.
//!
//! Invariants: nothing else moves in a frozen bin until the count is over; nobody counts a bin twice; what a
//! count found to differ is a version of the order that the engine writes from the counts alone, signed by
//! nobody who counted or ordered it, and posted by its last signature; nothing that is answered to whoever
//! counts tells what the book says. Absent: which figures stand (`gatewarden-planning`, `state/counts`).

mod book;
mod differ;
mod hand_in;
mod seen;

use gatewarden_documents::{Execution, KindDefinition, kinds::CountRules};
use gatewarden_model::{
    ApprovalEvent, Document, DocumentContent, DocumentKind, Location, Movement, MovementKind,
    OperatorId, ReturnTo, StockStatus,
};
use gatewarden_planning::{
    PlanError,
    count::{FROZEN_MAX, Frozen, ROUNDS_MAX},
};
use gatewarden_stock::Site;

use crate::{
    state::{
        Count, CountPhase, OpenDocument, State,
        counts::{Standing, bins_of},
    },
    turn::{Fault, Turn},
};

pub(crate) use book::{wants_of_count, wants_of_pass};
pub(crate) use differ::{differences, figures, posting_of};
pub use hand_in::BinCount;

/// What planning says against something.
pub(crate) fn planned(error: &PlanError) -> Fault {
    (error.code(), error.to_string())
}

/// Whether a count's differences wait for those who sign them.
pub(crate) fn is_deciding(open: &OpenDocument) -> bool {
    open.count.as_ref().is_some_and(|count| count.phase == CountPhase::Deciding)
}

/// The definition that holds for a document now: what a count found is signed by a workflow of its own, and
/// posted.
pub(crate) fn definition_now(open: &OpenDocument, kind: KindDefinition) -> KindDefinition {
    match kind.count.as_ref().filter(|_| is_deciding(open)) {
        Some(rules) => {
            let workflow = Some(rules.workflow.clone());
            KindDefinition { workflow, execution: Execution::Posting, ..kind }
        }
        None => kind,
    }
}

/// Refuses a movement in a bin that is being counted, but that of the very count.
pub(crate) fn check_frozen(state: &State, movement: &Movement) -> Result<(), Fault> {
    if state.frozen.is_empty() {
        return Ok(());
    }
    let own = movement.kind == MovementKind::Count
        && movement.document.kind == DocumentKind::CountOrder
        && movement.document_digest.is_some();
    let but = own.then_some(movement.document.number.as_str());
    let places = movement.lines.iter().flat_map(|line| [&line.from, &line.to]);
    for place in places.filter(|place| place.is_physical()) {
        state.frozen.admit(place, but).map_err(|error| planned(&error))?;
    }
    Ok(())
}

/// Whether these people may count a bin now.
pub(crate) fn may_count(
    count: &Count,
    rules: &CountRules,
    bin: &Location,
    people: &[OperatorId],
) -> Result<(), Fault> {
    if count.phase == CountPhase::Deciding {
        let message = "bin: everything is counted, and what differs is decided on: wait for that";
        return Err(("count-over", message.to_owned()));
    }
    if !count.bins().contains(bin) {
        return Err((
            "bin-foreign",
            format!("bin: {bin} is not of this count: count its own bins"),
        ));
    }
    let before = count.counters_of(bin);
    if let Some(who) = people.iter().find(|who| before.contains(who)) {
        let message = format!("bin: {who} counted {bin} before: somebody else counts again");
        return Err(("recount-same-person", message));
    }
    match count.standing(rules).map_err(|error| planned(&error))? {
        Standing::Open(due) if due.contains_key(bin) => Ok(()),
        _ => Err(("bin-counted", format!("bin: {bin} is counted, and that stands: count another"))),
    }
}

/// The bins that a count freezes; none where its kind does not.
pub(crate) fn freezes<'c>(
    kind: &KindDefinition,
    content: &'c DocumentContent,
) -> Option<(&'c Document, std::collections::BTreeSet<Location>)> {
    let rules = kind.count.as_ref()?;
    rules.freeze.then(|| (&content.document, bins_of(content)))
}

/// Whether bins could be frozen for a count.
pub(crate) fn check_freeze(
    frozen: &Frozen,
    kind: &KindDefinition,
    content: &DocumentContent,
) -> Result<(), Fault> {
    let Some((document, bins)) = freezes(kind, content) else { return Ok(()) };
    if bins.len() > FROZEN_MAX {
        let message = format!("lines: more than {FROZEN_MAX} bins: count in parts");
        return Err(("count-too-large", message));
    }
    let trial = frozen.clone().freeze(&document.number, &bins);
    trial.map_err(|mistakes| match mistakes.first() {
        Some(first) => planned(first),
        None => ("bin-frozen", "lines: they can't be frozen".to_owned()),
    })
}

impl Turn<'_> {
    /// Whether a count could begin: its bins are nobody else's, and nothing in them is reserved.
    pub(super) fn check_count(
        &self,
        content: &DocumentContent,
        kind: &KindDefinition,
    ) -> Result<(), Fault> {
        check_freeze(&self.state.frozen, kind, content)?;
        for line in &content.lines {
            let Some(bin) = &line.from else { continue };
            let here = self.stock.site(&Site::new(&line.item, bin));
            let reserved = here.into_iter().flat_map(|here| &here.buckets);
            let mut reserved =
                reserved.filter(|(b, n)| b.status == StockStatus::Reserved && **n != 0);
            if reserved.next().is_some() {
                let message = format!(
                    "lines.{}: some of {} at {bin} is reserved and can't be told apart by counting: \
                     post or void the reservation first",
                    line.line, line.item
                );
                return Err(("count-reserved", message));
            }
        }
        Ok(())
    }

    /// Whether what differs may be sent back to be counted once more.
    pub(super) fn check_recount(
        &self,
        open: &OpenDocument,
        events: &[ApprovalEvent],
    ) -> Result<(), Fault> {
        let back = |event: &ApprovalEvent| {
            matches!(event, ApprovalEvent::Returned { to: ReturnTo::Initiator, .. })
        };
        match is_deciding(open) && events.iter().any(back) {
            true => check_rounds(open),
            false => Ok(()),
        }
    }

    /// What somebody may do by hand with a count that runs: cancel it, or send it back to be counted again.
    pub(super) fn check_count_step(
        &self,
        open: &OpenDocument,
        act: &super::DocumentAct,
    ) -> Result<(), Fault> {
        if open.count.is_none() {
            return Ok(());
        }
        match act {
            super::DocumentAct::Cancel => Ok(()),
            super::DocumentAct::Own(_) if is_deciding(open) => check_rounds(open),
            super::DocumentAct::Own(_) => {
                let message = "state: it goes on by what is counted: hand that in";
                Err(("count-open", message.to_owned()))
            }
            super::DocumentAct::Close => {
                let message =
                    "state: a count ends by what is counted and signed: finish or cancel it";
                Err(("count-open", message.to_owned()))
            }
        }
    }
}

fn check_rounds(open: &OpenDocument) -> Result<(), Fault> {
    let times = open.count.as_ref().map_or(0, |count| count.times());
    if times < ROUNDS_MAX {
        return Ok(());
    }
    let message =
        format!("state: it was counted {ROUNDS_MAX} times: approve or reject what differs");
    Err(("count-rounds", message))
}
