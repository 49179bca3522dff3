//! Labels: who may have one printed, what became of it, and what a person decides where nobody knows.
//!
//! Invariants: the journal says that a label is being sent before its first byte leaves; what was being sent when the
//! daemon ended is unknown; only a person's decision has one sent again; a tag is bound to its item when its label is
//! issued and not before, by whoever queued it and by the decision that let him. Absent: formats and printers.

use gatewarden_model::{
    Action, Actor, Body, Label, LabelEvidence, LabelId, LabelState, LabelVerdict, Module, Tid,
};

use crate::{
    access::Facts,
    command::{Refusal, Reply},
    holds::check_reason,
    keeping::Binding,
    state::{OpenLabel, State},
    turn::{Answer, Asked, Fault, REASON_BYTES_MAX, Turn, cut},
};

/// Labels that may wait, be sent or be unknown at once.
pub const LABELS_OPEN_MAX: usize = 1_000;
/// The most copies of one label.
const COPIES_MAX: u32 = 1_000;
/// Decisions about one label.
const DECISIONS_MAX: u32 = 20;
/// Longest text of a label in bytes.
const TEXT_BYTES_MAX: usize = 256;

impl Turn<'_> {
    /// Queues a label. The same label twice is one.
    pub(crate) fn queue_label(&mut self, label: Label, by: Actor) -> Answer {
        let mut asked = Asked::new(&by, Action::Modify, Module::Inbound);
        let about = label.document.clone().unwrap_or_else(|| format!("label {}", label.template));
        asked.document = Some(cut(&about, 64));
        let goods = label.item.as_ref().and_then(|item| self.class_of(item));
        let facts = Facts { goods: goods.as_ref(), ..Facts::default() };
        let decision = self.permit(asked.clone(), facts)?;
        if self.state.label(label.id).is_some_and(|open| open.label == label) {
            return Ok(Reply::Done);
        }
        if let Err((code, message)) = self.may_print(&label) {
            return Err(self.deny(asked, code, message, Some(decision)));
        }
        self.record(Body::LabelQueued { label, by, decision });
        Ok(Reply::Done)
    }

    /// What stands against a label, before anything is wasted on it.
    fn may_print(&self, label: &Label) -> Result<(), Fault> {
        if self.state.labels().count() >= LABELS_OPEN_MAX {
            let message =
                format!("{LABELS_OPEN_MAX} labels wait already: decide about some, or void them");
            return Err(("labels-full", message));
        }
        if self.state.label(label.id).is_some() {
            return Err(("label-exists", format!("label {} is another one already", label.id)));
        }
        if !(1..=COPIES_MAX).contains(&label.copies) || (label.tag.is_some() && label.copies != 1) {
            let message = format!("copies: must be 1 to {COPIES_MAX}, and 1 for a tag");
            return Err(("copies-invalid", message));
        }
        let texts = [
            ("template", Some(&label.template)),
            ("document", label.document.as_ref()),
            ("lot", label.lot.as_ref()),
            ("serial", label.serial.as_ref()),
            ("sscc", label.sscc.as_ref()),
        ];
        for (field, text) in texts {
            let Some(text) = text else { continue };
            if !(1..=TEXT_BYTES_MAX).contains(&text.len()) || text.chars().any(char::is_control) {
                let message = format!("{field}: must be 1 to {TEXT_BYTES_MAX} printable bytes");
                return Err(("text-invalid", message));
            }
        }
        let Some(item) = &label.item else {
            // A tag that nothing is bound to would be as good a copy as any.
            return match &label.tag {
                Some(_) => {
                    Err(("item-missing", "item: state what the tag is to stand for".to_owned()))
                }
                None => Ok(()),
            };
        };
        if self.settings.items.by_code(item).is_none() {
            let message = format!("item: {item} is not in the item master: add it there first");
            return Err(("unknown-item", message));
        }
        match &label.tag {
            Some(tag) => self.is_tag_free(&tag.key, label),
            None => Ok(()),
        }
    }

    /// A tag that stands for something, or that another open label is to write, is written on no second label.
    fn is_tag_free(&self, key: &str, label: &Label) -> Result<(), Fault> {
        if let Some(open) = writing(self.state, key) {
            let message = format!("epc: label {} writes {key} already", open.label.id);
            return Err(("tag-bound", message));
        }
        match binding(label) {
            Some(bind) => match self.may_bind(&bind)? {
                true => {
                    let message =
                        format!("epc: {key} stands for this piece already: decommission it first");
                    Err(("tag-bound", message))
                }
                false => Ok(()),
            },
            None => Ok(()),
        }
    }

    /// What the gateway says became of a label. What does not follow from where it stands is refused unrecorded.
    pub(crate) fn label_changed(
        &mut self,
        id: LabelId,
        state: LabelState,
        reason: String,
        evidence: Option<Box<LabelEvidence>>,
    ) -> Answer {
        let Some(mut open) = self.state.label(id).cloned() else { return Err(not_open(id)) };
        if !open.state.leads_to(state) {
            let message = format!(
                "label {id} is {}, which {} does not follow",
                open.state.name(),
                state.name()
            );
            return Err(Refusal { code: "label-state", message, recorded: None });
        }
        if state == LabelState::Sending && self.state.refused.contains_key(&open.label.printer) {
            let message = format!("{} is not the approved printer", open.label.printer);
            return Err(Refusal { code: "device-refused", message, recorded: None });
        }
        let evidence = evidence.filter(|told| !told.is_empty());
        let read_back =
            evidence.as_deref().is_some_and(|told| told.reads_back(open.label.tag.as_ref()));
        if state == LabelState::Issued && open.label.tag.is_some() && !read_back {
            let message = format!("label {id} has a tag that was not read back");
            return Err(Refusal { code: "label-state", message, recorded: None });
        }
        if let Some(told) = &evidence {
            open.evidence = (**told).clone();
        }
        let reason = cut(&reason, REASON_BYTES_MAX);
        self.record(Body::LabelChanged { label: id, state, reason, evidence });
        Ok(Reply::Label { bound: self.bind_issued(open, state) })
    }

    /// Ends what an earlier run was sending: it is unknown.
    pub(crate) fn end_leftover_labels(&mut self) -> Answer {
        let sending = self.state.labels().filter(|open| open.state == LabelState::Sending);
        for label in sending.map(|open| open.label.id).collect::<Vec<_>>() {
            let reason = "gatewarden ended while it was being sent".to_owned();
            let state = LabelState::Unknown;
            self.record(Body::LabelChanged { label, state, reason, evidence: None });
        }
        Ok(Reply::Done)
    }

    /// A person decides about a label.
    pub(crate) fn decide_label(
        &mut self,
        id: LabelId,
        verdict: LabelVerdict,
        reason: String,
        by: Actor,
    ) -> Answer {
        let mut asked = Asked::new(&by, Action::Modify, Module::Inbound);
        asked.document = Some(format!("label {id}"));
        let open = self.state.label(id).cloned();
        let item = open.as_ref().and_then(|open| open.label.item.as_ref());
        let goods = item.and_then(|item| self.class_of(item));
        let facts = Facts { goods: goods.as_ref(), ..Facts::default() };
        let decision = self.permit(asked.clone(), facts)?;
        if !matches!(by, Actor::Operator { .. }) {
            let message = "only a person who can look at the printer decides: sign in";
            return Err(self.deny(asked, "not-an-operator", message, Some(decision)));
        }
        let Some(open) = open else {
            let Refusal { code, message, .. } = not_open(id);
            return Err(self.deny(asked, code, message, Some(decision)));
        };
        let next = match may_decide(&open, verdict, &reason) {
            Ok(next) => next,
            Err((code, message)) => return Err(self.deny(asked, code, message, Some(decision))),
        };
        self.record(Body::LabelDecided { label: id, verdict, reason, by, decision });
        Ok(Reply::Label { bound: self.bind_issued(open, next) })
    }

    /// Binds the tag of a label that is issued now to its item. Where something stands against it, that is a denial of
    /// its own: the label is there nevertheless.
    fn bind_issued(&mut self, open: OpenLabel, state: LabelState) -> Option<Result<(), String>> {
        let bind = binding(&open.label).filter(|_| state == LabelState::Issued)?;
        let bind = Binding { tid: told_tid(&open), ..bind };
        let mut asked = Asked::new(&open.by, Action::Modify, Module::Inbound);
        asked.document = Some(cut(&bind.tag, 64));
        let decision = open.decision;
        let bound = match self.may_bind(&bind) {
            Ok(true) => return Some(Ok(())),
            Ok(false) => self.commissioned(bind, open.by, decision.clone()).map(drop),
            Err(fault) => Err(fault),
        };
        Some(
            bound
                .map_err(|(code, message)| self.deny(asked, code, message, Some(decision)).message),
        )
    }
}

/// The open label that writes a tag of this key.
pub(crate) fn writing<'s>(state: &'s State, key: &str) -> Option<&'s OpenLabel> {
    state.labels().find(|open| open.label.tag.as_ref().is_some_and(|tag| tag.key == key))
}

/// What the tag of a label comes to stand for.
fn binding(label: &Label) -> Option<Binding> {
    let (tag, item) = (label.tag.as_ref()?.key.clone(), label.item.clone()?);
    Some(Binding { tag, item, lot: label.lot.clone(), serial: label.serial.clone(), tid: None })
}

/// The TID of the chip in a label, if the printer read one that tells which chip it is.
pub(crate) fn told_tid(open: &OpenLabel) -> Option<Tid> {
    let told = open.is_read_back().then_some(open.evidence.tid.as_deref())??;
    Tid::parse(told).ok().filter(Tid::is_own)
}

fn may_decide(open: &OpenLabel, verdict: LabelVerdict, reason: &str) -> Result<LabelState, Fault> {
    check_reason(reason).map_err(|message| ("reason-missing", message))?;
    if open.decisions >= DECISIONS_MAX && verdict == LabelVerdict::Reprint {
        let message = "it was printed again too often: void it and queue another".to_owned();
        return Err(("label-state", message));
    }
    let next = open.state.decide(verdict, open.is_read_back());
    next.map_err(|error| ("label-state", error.to_string()))
}

fn not_open(id: LabelId) -> Refusal {
    let message = format!("label {id} does not wait, or is over");
    Refusal { code: "unknown-label", message, recorded: None }
}
