//! What the engine is asked, and what it answers. Data only.
//!
//! A command is one thing that somebody or some device wants; its outcome holds every entry that
//! must be flushed before the answer or a signal may leave the box. Absent on purpose: ids are
//! minted, PINs checked and clocks read by the caller.

mod checks;
mod reply;

use std::{collections::BTreeMap, sync::Arc};

use gatewarden_model::{
    Action, Actor, Amount, ApprovalAct, Change, ChangeId, ClientId, Confirmation, Day, DeviceFacts,
    DeviceId, Document, DocumentContent, Field, Hash, ItemId, Label, LabelEvidence, LabelId,
    LabelState, LabelVerdict, LaneId, MitigationOf, Module, MovementId, NoticeSettled, OperatorId,
    Pass, PassId, Posting, Review, ReviewId, ReviewItem, ReviewVerdict, RuleFiring, SessionId,
    Stamp, StationId, TagOp, TagOutcome, Task, TaskId, Tid, entry::Verdict,
};

use crate::{
    documents::{BinCount, DocumentAct},
    factors::FactorUse,
};

pub use checks::{ActivationCodes, Factor, FactorCheck, PinCheck};
pub use reply::{Outcome, Refusal, Reply, ReviewExpiry};

/// What somebody or some device wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The daemon started.
    Start {
        /// The gateway's name.
        gateway: String,
        /// The program's version.
        version: String,
        /// Digest of the configuration file.
        config: Hash,
    },
    /// End every session that an earlier run left open, with reason `restart`.
    EndLeftoverSessions,
    /// The daemon stops in order.
    Stop {
        /// Why.
        reason: String,
    },
    /// Enrol the first operator. (Any, or change one to a whole new state, where the settings let one
    /// person do so.) Where roles, badges or the PIN change,
    /// all sessions end at once with reason `changed`.
    Enrol {
        /// Who.
        operator: OperatorId,
        /// Full name, 1 to 128 printable bytes.
        name: String,
        /// Roles of the matrix, at least one.
        roles: Vec<String>,
        /// SHA-256 of each badge as normalised; a badge belongs to one operator.
        badges: Vec<Hash>,
        /// SHA-256 of the new PIN's PHC string; none keeps the PIN in force, if there is one.
        pin: Option<Hash>,
        /// What each badge is, such as `printed`; none where it was not said.
        kinds: BTreeMap<Hash, String>,
        /// By whom.
        by: Actor,
    },
    /// Set the first PIN with the one-time code of an enrolment.
    Activate {
        /// Who.
        operator: OperatorId,
        /// The code's digest.
        code: Hash,
        /// SHA-256 of the new PIN's PHC string.
        pin: Hash,
    },
    /// Change the PIN of a session's own operator. A wrong old PIN ends the session.
    ChangePin {
        /// Whose.
        session: SessionId,
        /// What the check of the old PIN said.
        check: PinCheck,
        /// SHA-256 of the new PIN's PHC string.
        pin: Hash,
    },
    /// Ask for what needs a second person. The same request twice is one. Needs the right to create
    /// in the module system (an operator or client that is new), else to modify.
    RequestChange {
        /// The request's id, minted by whoever asks.
        id: ChangeId,
        /// What is asked for.
        change: Change,
        /// Why, at most `REASON_BYTES_MAX` bytes.
        reason: String,
        /// By whom.
        by: Actor,
    },
    /// Decide on a request. Needs a person in a session with the right to approve in the module
    /// system; never whoever asked for it, nor whom it is about.
    DecideChange {
        /// Which.
        id: ChangeId,
        /// Yes or no.
        approve: bool,
        /// Why: needed for a no.
        reason: String,
        /// A fresh one-time code, for an operator who is left without a PIN.
        activation: Option<ActivationCodes>,
        /// With a yes to policies: what makes the conflicts of duties bearable that they give to people.
        mitigations: Vec<MitigationOf>,
        /// By whom.
        by: Actor,
    },
    /// Take a request back.
    WithdrawChange {
        /// Which.
        id: ChangeId,
        /// Why.
        reason: String,
        /// By whom: who asked for it.
        by: Actor,
    },
    /// A machine used its token. Recorded once a day.
    ClientUsed {
        /// Which.
        client: ClientId,
    },
    /// An operator leaves: all sessions end at once.
    Remove {
        /// Who.
        operator: OperatorId,
        /// By whom.
        by: Actor,
    },
    /// Give a machine a token, where the settings let one person do so.
    AddClient {
        /// Which.
        client: ClientId,
        /// Rights, each `module:action`, at least one.
        scopes: Vec<String>,
        /// SHA-256 of the token.
        token: Hash,
        /// By whom.
        by: Actor,
    },
    /// Revoke a machine's token.
    RevokeClient {
        /// Which.
        client: ClientId,
        /// By whom.
        by: Actor,
    },
    /// A badge was scanned at a station. That of the open session's own operator signs out, that of
    /// the second person lets him leave; any other, and the own one of an idle or locked session, is
    /// remembered for `BADGE_SEEN_MS_MAX`. One that can't be there yet is refused (`too-fast`).
    Badge {
        /// Where.
        station: StationId,
        /// SHA-256 of the badge as normalised.
        badge: Hash,
    },
    /// Somebody wants to sign in. Where the own session at the station is idle or locked, that one
    /// goes on.
    SignIn {
        /// Where; none for the console.
        station: Option<StationId>,
        /// SHA-256 of the badge as normalised; none for the badge seen at the station.
        badge: Option<Hash>,
        /// What the check of the PIN said.
        pin: PinCheck,
        /// The new session's id.
        session: SessionId,
    },
    /// The operator of an idle or locked session gives the PIN again.
    Resume {
        /// Which.
        session: SessionId,
        /// What the check of the PIN said.
        pin: PinCheck,
    },
    /// The operator of a session proves more: its level is raised for `step_up_ms`.
    StepUp {
        /// Which.
        session: SessionId,
        /// By what, and what the check of it said.
        proof: FactorCheck,
        /// Which of his factors it was and what it counted: recorded in the same turn. A right one that
        /// does not count any more is a wrong one. None where the caller keeps no factors here.
        used: Option<FactorUse>,
    },
    /// Take a second factor away. One's own needs no right, that of somebody else the right to modify in
    /// the module system.
    RemoveFactor {
        /// Whose.
        operator: OperatorId,
        /// Which.
        factor: Hash,
        /// Why, 1 to `REASON_BYTES_MAX` bytes.
        reason: String,
        /// By whom.
        by: Actor,
    },
    /// A second person joins a session with his own badge and PIN.
    Join {
        /// Which.
        session: SessionId,
        /// SHA-256 of his badge as normalised; none for the badge seen at the session's station.
        badge: Option<Hash>,
        /// What the check of his PIN said.
        pin: PinCheck,
    },
    /// The second person leaves a session.
    Leave {
        /// Which.
        session: SessionId,
    },
    /// Let an operator try again whom failures locked out. Needs the right to modify in the module
    /// system, and somebody else: never a machine.
    Unlock {
        /// Who.
        operator: OperatorId,
        /// By whom.
        by: Actor,
    },
    /// A session ends.
    SignOut {
        /// Which.
        session: SessionId,
        /// Why, such as `badge` or `operator`.
        reason: String,
    },
    /// Somebody did something in a session: the idle time starts anew. No entry, unless the session rests:
    /// then it is denied.
    Activity {
        /// Which.
        session: SessionId,
        /// What, in words, for the denial's entry.
        what: String,
    },
    /// A document line is to be done at a station. The same task twice is one task.
    OpenTask {
        /// What.
        task: Task,
        /// Who asks.
        by: Actor,
    },
    /// Approve a task's document here.
    ApproveTask {
        /// Which.
        task: TaskId,
        /// By whom.
        by: Actor,
    },
    /// Withdraw an open task.
    WithdrawTask {
        /// Which.
        task: TaskId,
        /// By whom.
        by: Actor,
    },
    /// Write a version of a document. The same version twice is one. Needs the right of its kind to write one.
    WriteDocument {
        /// All that it says.
        content: DocumentContent,
        /// By whom.
        by: Actor,
    },
    /// Write versions of many documents: all of them, or none. The number of a version is not looked at, it is the
    /// next one; what is there with the same content is left as it is. At most `DOCUMENTS_AT_ONCE_MAX`
    /// documents with `WRITTEN_AT_ONCE_MAX` lines.
    WriteDocuments {
        /// All that they say.
        contents: Arc<Vec<DocumentContent>>,
        /// By whom.
        by: Actor,
    },
    /// Hand in the newest version of a document: whoever wrote it. What its workflow asks for is asked now.
    SubmitDocument {
        /// Which.
        document: Document,
        /// The digest of the version that was seen.
        digest: Hash,
        /// By whom.
        by: Actor,
    },
    /// Do something to a document that waits for signatures. Needs the right of its kind to approve, and to be
    /// asked by its workflow.
    ActOnDocument {
        /// Which.
        document: Document,
        /// What.
        act: ApprovalAct,
        /// By whom: a person in a session.
        by: Actor,
    },
    /// Close or cancel a document, or take a step of its kind's own.
    EndDocument {
        /// Which.
        document: Document,
        /// What.
        act: DocumentAct,
        /// The digest of the version that was seen; whichever is the newest where none is said.
        digest: Option<Hash>,
        /// Why.
        reason: String,
        /// By whom.
        by: Actor,
    },
    /// Say what was found in a bin of a count order that is being counted, or that a bin is counted whole. Needs the
    /// right of its kind to execute.
    CountBin {
        /// Which order.
        document: Document,
        /// What was found where.
        count: BinCount,
        /// By whom: a person in a session.
        by: Actor,
    },
    /// Rules found something after an entry, on a schedule, or because a level was crossed.
    Fire {
        /// What; what the same rule found for the same cause before is not said again.
        firings: Vec<RuleFiring>,
        /// On which document, where all are about one.
        document: Option<Document>,
    },
    /// A to-do that a rule opened is done. Needs to be one of those whom it names.
    FinishTodo {
        /// The entry of the firing that opened it.
        fired: u64,
        /// What was done, 1 to `REASON_BYTES_MAX` bytes.
        reason: String,
        /// By whom.
        by: Actor,
    },
    /// A pass closed.
    Pass(Pass),
    /// Decide on a held pass.
    DecideHold {
        /// Which.
        pass: PassId,
        /// Post what fits, or nothing.
        verdict: Verdict,
        /// Why, 1 to `REASON_BYTES_MAX` bytes.
        reason: String,
        /// The doubtful things of the pass, by key, that are to count as what went through. Where one may
        /// be a copy, a second person stands beside in the same session.
        doubts: Vec<String>,
        /// By whom: never the operator of the pass.
        by: Actor,
    },
    /// Dismiss a quarantined pass.
    ResolveQuarantine {
        /// Which.
        pass: PassId,
        /// Why, 1 to `REASON_BYTES_MAX` bytes.
        reason: String,
        /// By whom.
        by: Actor,
    },
    /// An ERP has a movement.
    Delivered {
        /// Which.
        movement: MovementId,
        /// To which.
        lane: LaneId,
        /// How the ERP calls it.
        remote_id: String,
        /// Whether it was found there instead of sent.
        found: bool,
    },
    /// An ERP refused a movement for good.
    Rejected {
        /// Which.
        movement: MovementId,
        /// Which ERP.
        lane: LaneId,
        /// Why.
        reason: String,
    },
    /// Something became of a notice: the channel's answer, or that it needs no sending any more.
    SettleNotice(Box<NoticeSettled>),
    /// Evidence is missing.
    Gap {
        /// Of which device; none for the daemon as a whole.
        device: Option<DeviceId>,
        /// Last moment known to be whole.
        from: Stamp,
        /// First moment known to be whole again.
        to: Stamp,
        /// What happened.
        reason: String,
    },
    /// May `by` do this? A denial is an entry, a permission is not.
    Ask {
        /// Who asks.
        by: Actor,
        /// What.
        action: Action,
        /// Where.
        module: Module,
        /// What exactly, in words, for the denial's entry.
        what: String,
    },
    /// Strangers are turned away at a door: what happened, and how many were.
    Alarm {
        /// What happened, up to `REASON_BYTES_MAX` bytes.
        reason: String,
        /// How many were turned away that left no entry.
        further: u64,
        /// At which station; none for the console.
        station: Option<StationId>,
    },
    /// May `by` see these fields? A denial is an entry, a permission is not.
    AskFields {
        /// Who asks.
        by: Actor,
        /// Which; every field there is where none is named, as for a proof.
        fields: Vec<Field>,
        /// What is shown, in words, such as `a proof`.
        what: String,
    },
    /// Time passed: idle and absolute time-outs of sessions, lapsed reservations, due reviews.
    Tick,
    /// Reserve a posting until a second person posts it. The same posting twice is one.
    Reserve {
        /// What is to move.
        posting: Posting,
        /// Who asks: needs the right to create in the kind's module.
        by: Actor,
    },
    /// Post what somebody else reserved.
    PostReservation {
        /// The id of its posting.
        reservation: MovementId,
        /// By whom: an operator in a session, with the right to approve in the module; never
        /// whoever reserved it.
        by: Actor,
        /// What his own key signed over the digest of the posting, where he was asked.
        confirmation: Option<Confirmation>,
    },
    /// Set free what is reserved.
    VoidReservation {
        /// The id of its posting.
        reservation: MovementId,
        /// Why, 1 to `REASON_BYTES_MAX` bytes.
        reason: String,
        /// By whom: whoever reserved it, or somebody who may approve.
        by: Actor,
    },
    /// Bind a tag to a piece of an item. Needs the right to modify in the module inbound.
    Commission {
        /// The tag's key.
        tag: String,
        /// The item.
        item: ItemId,
        /// Its lot.
        lot: Option<String>,
        /// Its serial.
        serial: Option<String>,
        /// The TID of its chip, where it was read.
        tid: Option<Tid>,
        /// By whom.
        by: Actor,
    },
    /// Release a tag from what it was bound to. Needs the right to modify in the module inbound.
    Decommission {
        /// The tag's key.
        tag: String,
        /// Why, 1 to `REASON_BYTES_MAX` bytes.
        reason: String,
        /// By whom.
        by: Actor,
    },
    /// Have a label printed. The same label twice is one. Needs the right to modify in the module inbound.
    QueueLabel {
        /// What.
        label: Label,
        /// By whom.
        by: Actor,
    },
    /// What became of a label, as far as its printer tells.
    LabelChanged {
        /// Which.
        label: LabelId,
        /// Where it stands now.
        state: LabelState,
        /// Why, where it is unknown or void.
        reason: String,
        /// What the printer told.
        evidence: Option<Box<LabelEvidence>>,
    },
    /// Decide about a label of which nobody knows, or void one that was not yet sent. Needs a person in a session with
    /// the right to modify in the module inbound.
    DecideLabel {
        /// Which.
        label: LabelId,
        /// What.
        verdict: LabelVerdict,
        /// Why, 1 to `REASON_BYTES_MAX` bytes.
        reason: String,
        /// By whom.
        by: Actor,
    },
    /// Let a reader work on a tag. Needs the right of the operation in the module tag, and a person; to lock or kill
    /// also a second person, or more than a PIN. Answered by `Reply::TagAccess`; nothing may be sent to the reader
    /// before the flush.
    AskTagAccess {
        /// The tag's key.
        tag: String,
        /// Where.
        station: StationId,
        /// By which reader.
        device: DeviceId,
        /// What.
        access: TagOp,
        /// Why; may be empty where nothing is changed.
        reason: String,
        /// By whom.
        by: Actor,
    },
    /// Labels that an earlier run was sending are unknown.
    EndLeftoverLabels,
    /// What came of the work on a tag.
    EndTagAccess {
        /// The entry that asked.
        asked: u64,
        /// The tag's key.
        tag: String,
        /// By which reader.
        device: DeviceId,
        /// What.
        outcome: TagOutcome,
    },
    /// Add what was paid beside the price to the value of a receipt. The same document twice is one
    /// cost. Needs the right to modify in the module price.
    LandCost {
        /// The receipt.
        movement: MovementId,
        /// On which document.
        document: Document,
        /// What is added to each line, in the order of the receipt's lines.
        amounts: Vec<Amount>,
        /// By whom.
        by: Actor,
    },
    /// Let nothing count any more for a day up to this one. Needs the right to approve in the
    /// module price.
    ClosePeriod {
        /// The last closed day; not today.
        until: Day,
        /// By whom.
        by: Actor,
    },
    /// The daemon started: record the configured items that differ from those recorded, up to
    /// `ITEMS_AT_ONCE`. Send it until the reply says that no more differ.
    DefineItems,
    /// The daemon started: record the policies of the configuration if there are none yet; where
    /// others are in force, ask for the change.
    DefinePolicies,
    /// The daemon started: record the definitions of procedures of the configuration if there are none yet; where
    /// others are in force, ask for the change.
    DefineProcedures,
    /// A device told who it is. One that is not the approved one is refused and asked about.
    Identify {
        /// Its station, which alarms.
        station: StationId,
        /// Which.
        device: DeviceId,
        /// What it tells of itself.
        facts: DeviceFacts,
        /// Since when it is this one.
        since: Stamp,
    },
    /// Sign later checkpoints with another key. Needs the right to modify in the module system.
    RotateKey {
        /// The old public key, a C2SP verifier key.
        old: String,
        /// The new one.
        new: String,
        /// Why, 1 to `REASON_BYTES_MAX` bytes.
        reason: String,
        /// By whom.
        by: Actor,
    },
    /// Open a campaign of access review about all that is held now. Needs the right to create in the
    /// module system; its reviewers and their fall-back need the right to approve there.
    OpenReview {
        /// The campaign; what it is about (`items`) is found by the engine.
        review: Review,
        /// By whom.
        by: Actor,
    },
    /// Confirm something in a campaign, or take it away. Needs the right to approve in the module
    /// system.
    DecideReview {
        /// Which campaign.
        review: ReviewId,
        /// What.
        item: ReviewItem,
        /// Whether it stays.
        verdict: ReviewVerdict,
        /// Why, 1 to `REASON_BYTES_MAX` bytes.
        justification: String,
        /// By whom: a reviewer of this item, never the one whom it is about.
        by: Actor,
    },
    /// The ledger was restored from a backup. Needs the right to modify in the module system.
    Restored {
        /// Entries in the backup.
        size: u64,
        /// Entries that witnesses had signed beyond it.
        lost: u64,
        /// Why, 1 to `REASON_BYTES_MAX` bytes.
        reason: String,
        /// By whom.
        by: Actor,
    },
}
