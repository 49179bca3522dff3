//! A label as it is shown: from what is open, and from the journal where it is over.

use gatewarden_engine::{OpenLabel, Reply, State};
use gatewarden_model::{
    Actor, Body, Entry, LabelId, LabelState, LabelVerdict, Stamp, Subject, SubjectKind, no_fields,
};
use gatewarden_store::{LedgerReader, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::is_bound;

/// Entries of one label: twenty decisions with what came of each fit.
const ENTRIES_MAX: usize = 200;

/// A label as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct LabelView {
    /// Its id.
    #[schema(value_type = String)]
    pub(crate) id: Uuid,
    /// Its printer.
    pub(crate) printer: String,
    /// Its template.
    pub(crate) template: String,
    /// `queued`, `sending`, `issued`, `unknown` or `void`.
    #[schema(value_type = String)]
    pub(crate) state: LabelState,
    /// Why it is unknown or void, or what stands in its way.
    pub(crate) reason: Option<String>,
    /// How many.
    pub(crate) copies: u32,
    /// For which item.
    pub(crate) item: Option<String>,
    /// Of which lot.
    pub(crate) lot: Option<String>,
    /// For which piece.
    pub(crate) serial: Option<String>,
    /// For which handling unit.
    pub(crate) sscc: Option<String>,
    /// For which document.
    pub(crate) document: Option<String>,
    /// What its tag stands for once it is issued.
    pub(crate) tag: Option<String>,
    /// By whom it was queued.
    #[schema(value_type = Object)]
    pub(crate) by: Actor,
    /// When.
    #[schema(value_type = Object)]
    pub(crate) queued: Stamp,
    /// Labels that came out of the printer for it.
    pub(crate) printed: Option<u64>,
    /// What was read back from its tag.
    pub(crate) encoded: Option<String>,
    /// Labels that were voided by it.
    pub(crate) voided: Option<u64>,
    /// `bound` where its tag stands for its item now, else why not.
    pub(crate) bound: Option<String>,
    /// Decisions about it so far.
    pub(crate) decisions: u32,
}

no_fields!(LabelView);

impl LabelView {
    /// One that is not over; `note` tells what stands in its way.
    pub(super) fn open(open: &OpenLabel, note: Option<String>) -> Self {
        let label = &open.label;
        let told = &open.evidence;
        let reason = Some(open.reason.clone()).filter(|reason| !reason.is_empty()).or(note);
        Self {
            id: label.id.0,
            printer: label.printer.to_string(),
            template: label.template.clone(),
            state: open.state,
            reason,
            copies: label.copies,
            item: label.item.as_ref().map(ToString::to_string),
            lot: label.lot.clone(),
            serial: label.serial.clone(),
            sscc: label.sscc.clone(),
            document: label.document.clone(),
            tag: label.tag.as_ref().map(|tag| tag.key.clone()),
            by: open.by.clone(),
            queued: open.at,
            printed: told.came_out(),
            encoded: told.echo.clone(),
            voided: told.voided.map(|[before, after]| after.saturating_sub(before)),
            bound: None,
            decisions: open.decisions,
        }
    }

    /// One that is over now, from what was known of it.
    pub(super) fn over(before: &OpenLabel, state: LabelState, reply: &Reply) -> Self {
        let bound = is_bound(reply).map(|bound| match bound {
            Ok(()) => "bound".to_owned(),
            Err(why) => why.clone(),
        });
        Self { state, bound, ..Self::open(before, None) }
    }

    #[cfg(test)]
    pub(super) fn for_tests(id: LabelId) -> Self {
        let at = Stamp { boot: Uuid::nil(), mono_us: 0, wall_us: 0, synced: false };
        Self {
            id: id.0,
            printer: "zebra-1".to_owned(),
            template: "carton".to_owned(),
            state: LabelState::Void,
            reason: None,
            copies: 1,
            item: None,
            lot: None,
            serial: None,
            sscc: None,
            document: None,
            tag: None,
            by: Actor::Nobody,
            queued: at,
            printed: None,
            encoded: None,
            voided: None,
            bound: None,
            decisions: 0,
        }
    }
}

/// A label as the journal tells it; none where it was never queued.
pub(crate) fn of_journal(
    ledger: &LedgerReader,
    id: LabelId,
) -> Result<Option<LabelView>, StoreError> {
    let subject = Subject { kind: SubjectKind::Label, key: id.to_string() };
    let Some(mut view) = of_entries(&ledger.touching(&subject, ENTRIES_MAX)?, id) else {
        return Ok(None);
    };
    let key = view.tag.clone().filter(|_| view.state == LabelState::Issued && view.item.is_some());
    if let Some(key) = key {
        let about_tag = ledger.touching(&Subject { kind: SubjectKind::Tag, key }, ENTRIES_MAX)?;
        let is_bound = about_tag.iter().any(|entry| match &entry.body {
            Body::Commissioned { item, .. } => Some(item.as_str()) == view.item.as_deref(),
            _ => false,
        });
        let told = if is_bound { "bound" } else { "not bound: trace the tag to see why" };
        view.bound = Some(told.to_owned());
    }
    Ok(Some(view))
}

fn of_entries(entries: &[Entry], id: LabelId) -> Option<LabelView> {
    let state = State::of(entries);
    if let Some(open) = state.label(id) {
        return Some(LabelView::open(open, None));
    }
    let (last, earlier) = entries.split_last()?;
    let before = State::of(earlier);
    let mut before = before.label(id)?.clone();
    let state = match &last.body {
        Body::LabelChanged { state, reason, evidence, .. } => {
            before.reason.clone_from(reason);
            before.evidence = evidence.as_deref().cloned().unwrap_or_default();
            *state
        }
        Body::LabelDecided { verdict: LabelVerdict::Printed, .. } => LabelState::Issued,
        _ => LabelState::Void,
    };
    if matches!(last.body, Body::LabelDecided { .. }) {
        before.decisions = before.decisions.saturating_add(1);
    }
    Some(LabelView::over(&before, state, &Reply::Done))
}
