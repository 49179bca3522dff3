//! What an entry says: one closed family, so that every reader is told of a new kind by the compiler.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Action, Actor, Amount, Change, ChangeId, ChangeVerdict, ClientId, Comparison, Day, Decision,
    DeviceId, Document, DocumentContent, DocumentStep, Guards, Hash, Item, ItemId, Label,
    LabelEvidence, LabelId, LabelState, LabelVerdict, LaneId, Mitigation, MitigationOf, Module,
    Movement, MovementId, MovementLine, NoticeSettled, OperatorId, Pass, PassId, Posting, Present,
    Revaluation, Review, ReviewId, ReviewItem, ReviewVerdict, RoleMatrix, RuleFiring, Second,
    SecondFactor, SessionEvent, SessionId, SessionPhase, Stamp, StationId, TagOp, TagOutcome, Task,
    TaskId, Tid, VoucherLine, entry::Verdict, item::is_default, sod::SodTable,
};

/// What an entry says.
#[allow(
    clippy::large_enum_variant,
    reason = "most entries are of the large kinds, and few are held"
)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Body {
    /// The daemon started. The first entry of a journal is one.
    Started {
        /// The gateway's name.
        gateway: String,
        /// The program's version.
        version: String,
        /// Digest of the configuration file.
        config: Hash,
        /// Digest of the policy set.
        policies: Hash,
    },
    /// The daemon stopped in order.
    Stopped {
        /// Why.
        reason: String,
    },
    /// An operator was enrolled or changed; the whole new state.
    Enrolled {
        /// Who.
        operator: OperatorId,
        /// Full name.
        name: String,
        /// Roles, sorted.
        roles: Vec<String>,
        /// SHA-256 of each badge as normalised, sorted. A badge is a user name, not a secret, but
        /// the journal travels.
        badges: Vec<Hash>,
        /// SHA-256 of the PHC string of the PIN in force from here on; none where there is no PIN.
        /// The string itself stays outside the journal, and its random salt keeps this digest from
        /// being guessed from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pin: Option<Hash>,
        /// What each badge is, such as `printed` or `em4100`; none where it was not said.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        kinds: BTreeMap<Hash, String>,
        /// The last characters of each badge's number; none where they are not known.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        tails: BTreeMap<Hash, String>,
        /// SHA-256 of the one-time code with which the operator sets a PIN.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        activation: Option<Hash>,
        /// What makes it bearable that the roles hold both sides of conflicts.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mitigations: Vec<Mitigation>,
        /// The request that somebody else approved; none for the first administrator.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        change: Option<ChangeId>,
        /// By whom: who asked for it, where somebody else approved.
        by: Actor,
    },
    /// An operator set a PIN.
    PinSet {
        /// Who.
        operator: OperatorId,
        /// SHA-256 of the PHC string of the PIN in force from here on.
        pin: Hash,
        /// Whether it is the first, set with the activation code; else it was changed.
        activated: bool,
    },
    /// An operator proves himself by this too from here on.
    FactorAdded {
        /// Who.
        operator: OperatorId,
        /// By what.
        factor: SecondFactor,
        /// The request that somebody else approved.
        change: ChangeId,
        /// By whom it was asked for: himself.
        by: Actor,
    },
    /// Something that an operator proved himself by counts no more.
    FactorRemoved {
        /// Who.
        operator: OperatorId,
        /// Which.
        factor: Hash,
        /// Why.
        reason: String,
        /// By whom.
        by: Actor,
        /// Why it was allowed; none for one's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decision: Option<Decision>,
    },
    /// An operator proved himself by it. What came before this count counts no more.
    FactorUsed {
        /// Who.
        operator: OperatorId,
        /// By which.
        factor: Hash,
        /// The step of the one-time code, or the key's signature counter.
        counter: u64,
    },
    /// Somebody asks for what needs a second person.
    ChangeRequested {
        /// The request.
        id: ChangeId,
        /// What is asked for.
        change: Change,
        /// Why, as whoever asked said.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
        /// By whom.
        by: Actor,
        /// Why it was allowed to ask; none for what the daemon found in its configuration.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decision: Option<Decision>,
    },
    /// A request is over.
    ChangeDecided {
        /// Which.
        id: ChangeId,
        /// How.
        verdict: ChangeVerdict,
        /// Why.
        reason: String,
        /// By whom: where it was approved never whoever asked, nor whom it is about.
        by: Actor,
        /// Why it was allowed; none where time ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decision: Option<Decision>,
        /// What makes conflicts of duties bearable that approved policies give to people.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mitigations: Vec<MitigationOf>,
    },
    /// A device is known by this from here on.
    DeviceApproved {
        /// Which.
        device: DeviceId,
        /// What it told of itself, such as `serial` and `mac`.
        identity: BTreeMap<String, String>,
        /// The request that somebody approved; none where the configuration says who it must be.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        change: Option<ChangeId>,
        /// By whom it was asked for.
        by: Actor,
    },
    /// A device is not the one that was approved: what it reads counts for nothing until it is, or this
    /// one is approved. Once for each identity that it shows.
    DeviceRefused {
        /// Which.
        device: DeviceId,
        /// What it tells of itself.
        seen: BTreeMap<String, String>,
        /// What it should tell; nothing where it was never approved.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        known: BTreeMap<String, String>,
    },
    /// A device that was refused is the approved one again.
    DeviceBack {
        /// Which.
        device: DeviceId,
        /// Since when: what was read before is not its.
        since: Stamp,
    },
    /// An operator left.
    Removed {
        /// Who.
        operator: OperatorId,
        /// By whom.
        by: Actor,
    },
    /// A machine was given a token.
    ClientAdded {
        /// Which.
        client: ClientId,
        /// What it may do.
        scopes: Vec<String>,
        /// SHA-256 of the token.
        token: Hash,
        /// SHA-256 of the only TLS certificate (DER) that it may come with; any where none is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        certificate: Option<Hash>,
        /// The wall clock's microsecond since 1970 from which on the token is no good.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until_us: Option<i64>,
        /// The request that somebody else approved.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        change: Option<ChangeId>,
        /// By whom: who asked for it, where somebody else approved.
        by: Actor,
    },
    /// A machine used its token, for the first time on a day.
    ClientUsed {
        /// Which.
        client: ClientId,
    },
    /// A machine's token was revoked.
    ClientRevoked {
        /// Which.
        client: ClientId,
        /// By whom.
        by: Actor,
    },
    /// An operator signed in.
    SessionOpened {
        /// The session.
        session: SessionId,
        /// Who.
        operator: OperatorId,
        /// Where; none for the console.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        station: Option<StationId>,
        /// 1 badge, 2 badge and PIN, 3 with a one-time code, 4 with a security key that verified
        /// its user.
        auth_level: u8,
    },
    /// A station or a session changed its state, other than by a session that opens or ends: those
    /// are `SessionOpened` and `SessionEnded`.
    SessionChanged {
        /// Where; none for the console.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        station: Option<StationId>,
        /// The session; none where only a badge was seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<SessionId>,
        /// Whose session, or whose badge, where it is somebody's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        operator: Option<OperatorId>,
        /// The state before.
        from: SessionPhase,
        /// What happened.
        event: SessionEvent,
        /// The state after.
        to: SessionPhase,
        /// The level before; 0 without a session.
        #[serde(default, skip_serializing_if = "is_default")]
        auth_level_before: u8,
        /// The level after; 0 without a session.
        #[serde(default, skip_serializing_if = "is_default")]
        auth_level: u8,
        /// The second person who is present after it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        second: Option<Present>,
        /// What there is to say beside, such as how many scans are not recorded.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    },
    /// An operator whom too many failures locked out may try again.
    Unlocked {
        /// Who.
        operator: OperatorId,
        /// By whom: never the operator.
        by: Actor,
        /// Why it was allowed.
        decision: Decision,
    },
    /// A session ended.
    SessionEnded {
        /// The session.
        session: SessionId,
        /// Who.
        operator: OperatorId,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        station: Option<StationId>,
        /// `badge`, `idle`, `expired`, `hand-over`, `moved`, `renewed`, `restart`, `revoked`,
        /// `changed`, `locked`, or what a sign-out said.
        reason: String,
    },
    /// Somebody failed to sign in.
    SignInRefused {
        /// Whose badge it was, where it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        operator: Option<OperatorId>,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        station: Option<StationId>,
        /// Why.
        reason: String,
        /// Failures in a row, this one included.
        failures: u32,
        /// No attempt counts for this many milliseconds.
        locked_ms: u64,
        /// No attempt counts at all until somebody else unlocks the operator.
        #[serde(default, skip_serializing_if = "is_default")]
        until_unlocked: bool,
    },
    /// A document line is to be done at a station.
    TaskOpened {
        /// What.
        task: Task,
        /// Who asked.
        by: Actor,
        /// Why it was allowed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decision: Option<Decision>,
    },
    /// A document was approved here.
    TaskApproved {
        /// Which task.
        task: TaskId,
        /// Digest of the task's canonical bytes: what was approved.
        content: Hash,
        /// By whom.
        by: Actor,
        /// Why it was allowed.
        decision: Decision,
    },
    /// A task is done or withdrawn.
    TaskClosed {
        /// Which.
        task: TaskId,
        /// `complete` or `withdrawn`.
        reason: String,
        /// By whom.
        by: Actor,
    },
    /// A version of a document was written.
    DocumentWritten {
        /// All that it says.
        content: DocumentContent,
        /// By whom.
        by: Actor,
        /// Why it was allowed; none for what a rule drafted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decision: Option<Decision>,
    },
    /// Something happened to a document.
    DocumentStepped {
        /// Which.
        document: Document,
        /// Its version.
        version: u32,
        /// The digest of that version.
        digest: Hash,
        /// What.
        step: DocumentStep,
        /// By whom; the daemon for what follows from something else, or from time.
        by: Actor,
        /// Why it was allowed; none for what follows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decision: Option<Decision>,
    },
    /// These definitions of procedures hold from here on: for documents that are submitted from now on.
    ProceduresDefined {
        /// The digest of all parts.
        version: Hash,
        /// Canonical JSON by the name of the part: documents, workflows, rules, notices.
        parts: BTreeMap<String, String>,
        /// The request that somebody approved; none for the first ones.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        change: Option<ChangeId>,
    },
    /// A rule found something.
    RuleFired {
        /// What, and what follows.
        firing: RuleFiring,
        /// On which document, where it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        document: Option<Document>,
    },
    /// A to-do that a rule opened is done.
    TodoDone {
        /// The entry of the firing that opened it.
        fired: u64,
        /// What was done.
        reason: String,
        /// By whom.
        by: Actor,
    },
    /// Somebody who asked for goods showed his badge at the station where they are handed out.
    ReceiverSeen {
        /// Where.
        station: StationId,
        /// Who.
        operator: OperatorId,
        /// SHA-256 of the badge as normalised.
        badge: Hash,
    },
    /// What became of a notice to one receiver.
    NoticeSettled {
        /// To whom about what, and how it ended.
        settled: NoticeSettled,
    },
    /// A pass that nobody may claim.
    Quarantined {
        /// The pass as it was seen.
        pass: Pass,
        /// Why.
        reason: String,
    },
    /// Something went through a portal, and no tag was heard that may have gone with it: a person, or
    /// goods without tags.
    Unread {
        /// The pass.
        pass: Pass,
    },
    /// Somebody decided on a quarantined pass.
    QuarantineResolved {
        /// Which.
        pass: PassId,
        /// `dismissed`.
        verdict: String,
        /// Why.
        reason: String,
        /// By whom.
        by: Actor,
        /// Why it was allowed.
        decision: Decision,
    },
    /// A pass that differs from its task.
    Held {
        /// The pass as it was seen.
        pass: Pass,
        /// The task.
        task: TaskId,
        /// Who.
        operator: OperatorId,
        /// How strongly the session was authenticated, as in `Movement::auth_level`.
        auth_level: u8,
        /// The second person who was present, where there was one who may move it too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        second: Option<Second>,
        /// What differs.
        comparison: Comparison,
        /// Why the operator was allowed to move it at all.
        decision: Decision,
    },
    /// Somebody decided on a held pass.
    HoldDecided {
        /// Which.
        pass: PassId,
        /// The task.
        task: TaskId,
        /// `accept` posts what fits; `reject` posts nothing.
        verdict: Verdict,
        /// Why.
        reason: String,
        /// The doubtful things of the pass, by key and sorted, that count as what went through: whoever
        /// decided saw to it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        doubts: Vec<String>,
        /// By whom.
        by: Actor,
        /// Who stood beside and may decide it too, where one of the doubtful things may be a copy.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        second: Option<Second>,
        /// Why it was allowed.
        decision: Decision,
    },
    /// Something was refused.
    Denied {
        /// To whom.
        by: Actor,
        /// What was asked.
        action: Action,
        /// In which module.
        module: Module,
        /// Why, in words.
        reason: String,
        /// The policies' answer, where they were asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decision: Option<Decision>,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        station: Option<StationId>,
        /// On which task.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<TaskId>,
        /// On which document.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        document: Option<String>,
        /// What was seen, if it came from a pass.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pass: Option<Pass>,
        /// This entry stands for so many refusals that have none of their own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        further: Option<u64>,
    },
    /// Stock moved.
    Moved {
        /// The movement.
        movement: Movement,
        /// The pass as it was seen, whose digest is the movement's evidence; none where the entry
        /// that held the pass has it, and for a posting, which its reservation has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pass: Option<Pass>,
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
    /// An item was made or changed; the whole new state.
    ItemDefined {
        /// The item.
        item: Item,
        /// By whom.
        by: Actor,
    },
    /// The policies in force from here on, so that every decision can be replayed.
    PoliciesDefined {
        /// Digest of the policy set, as decisions name it.
        version: Hash,
        /// The roles.
        roles: RoleMatrix,
        /// Policies beside the roles, in Cedar.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        cedar: String,
        /// Which duties one person must not hold together.
        #[serde(default, skip_serializing_if = "is_default")]
        sod: SodTable,
        /// The settings that decide beside them; none in entries from before they were part of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        guards: Option<Box<Guards>>,
        /// The request that somebody else approved; none for the first policies of a ledger, and
        /// where only the program's own part of them changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        change: Option<ChangeId>,
    },
    /// A tag or code was bound to a piece of an item.
    Commissioned {
        /// The key of the tag or code.
        tag: String,
        /// The item.
        item: ItemId,
        /// Its lot.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lot: Option<String>,
        /// Its serial.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        serial: Option<String>,
        /// The TID of its chip, where it was read; none in entries from before it was kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tid: Option<Tid>,
        /// By whom.
        by: Actor,
        /// Why it was allowed.
        decision: Decision,
    },
    /// A tag or code stands for nothing any more.
    Decommissioned {
        /// The key of the tag or code.
        tag: String,
        /// Why.
        reason: String,
        /// By whom.
        by: Actor,
        /// Why it was allowed.
        decision: Decision,
    },
    /// A label is to be printed.
    LabelQueued {
        /// What.
        label: Label,
        /// By whom.
        by: Actor,
        /// Why it was allowed; what is bound to its tag later rests on this too.
        decision: Decision,
    },
    /// What became of a label, as far as the gateway knows.
    LabelChanged {
        /// Which.
        label: LabelId,
        /// Where it stands now: before its first byte leaves it is being sent.
        state: LabelState,
        /// Why, where it is unknown or void.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
        /// What the printer told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        evidence: Option<Box<LabelEvidence>>,
    },
    /// A person decided about a label of which nobody knew, or that was not yet sent.
    LabelDecided {
        /// Which.
        label: LabelId,
        /// What.
        verdict: LabelVerdict,
        /// Why.
        reason: String,
        /// By whom.
        by: Actor,
        /// Why it was allowed.
        decision: Decision,
    },
    /// A reader is to work on a tag. Recorded before anything is sent to it: where no `TagAccessEnded` follows, nobody
    /// knows what came of it.
    TagAccessAsked {
        /// The tag's key.
        tag: String,
        /// Where.
        station: StationId,
        /// By which reader.
        device: DeviceId,
        /// What.
        access: TagOp,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
        /// By whom.
        by: Actor,
        /// The second person who was present, where there was one who may do it too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        second: Option<Second>,
        /// Why it was allowed.
        decision: Decision,
    },
    /// What came of the work on a tag.
    TagAccessEnded {
        /// The entry that asked.
        asked: u64,
        /// The tag's key.
        tag: String,
        /// By which reader.
        device: DeviceId,
        /// What.
        outcome: TagOutcome,
    },
    /// A posting waits for a second person; what it takes is reserved.
    Reserved {
        /// What was asked for.
        posting: Posting,
        /// Its lines in base units, as they would move if they were posted now.
        lines: Vec<MovementLine>,
        /// By whom.
        by: Actor,
        /// Why it was allowed.
        decision: Decision,
    },
    /// A reservation is over; what it still held is free again.
    ReservationEnded {
        /// Which: the id of its posting.
        movement: MovementId,
        /// `posted`, `used`, `void`, `time-out`, or why it was voided.
        reason: String,
        /// What is set free: base units by line, from the status `reserved` to the one before.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lines: Vec<MovementLine>,
        /// By whom.
        by: Actor,
        /// Why it was allowed; none where time or use ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decision: Option<Decision>,
    },
    /// What was paid beside the price of a receipt was added to its value.
    CostLanded {
        /// The receipt.
        movement: MovementId,
        /// On which document.
        document: Document,
        /// What is added to each line's value, in the order of the receipt's lines.
        amounts: Vec<Amount>,
        /// What it changes in the value of later lines.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        revalues: Vec<Revaluation>,
        /// Its finance voucher.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        voucher: Vec<VoucherLine>,
        /// By whom.
        by: Actor,
        /// Why it was allowed.
        decision: Decision,
    },
    /// Nothing counts any more for a day up to this one.
    PeriodClosed {
        /// The last closed day.
        until: Day,
        /// By whom.
        by: Actor,
        /// Why it was allowed.
        decision: Decision,
    },
    /// Checkpoints after the one that covers this entry are signed by another key. The one that
    /// covers it is the last of the old key.
    KeyRotated {
        /// The old public key, a C2SP verifier key.
        old: String,
        /// The new one.
        new: String,
        /// Why.
        reason: String,
        /// By whom.
        by: Actor,
    },
    /// The ledger was restored from a backup.
    Restored {
        /// Entries in the backup.
        size: u64,
        /// Entries that witnesses had signed beyond it and that are lost, 0 for none.
        lost: u64,
        /// Why, as whoever restored it said.
        reason: String,
        /// By whom.
        by: Actor,
    },
    /// A campaign of access review was opened.
    ReviewOpened {
        /// The campaign.
        review: Review,
        /// By whom.
        by: Actor,
        /// Why it was allowed.
        decision: Decision,
    },
    /// A reviewer confirmed something, or took it away.
    ReviewDecided {
        /// In which campaign.
        review: ReviewId,
        /// What.
        item: ReviewItem,
        /// Whether it stays.
        verdict: ReviewVerdict,
        /// Why, 1 to 500 bytes.
        justification: String,
        /// By whom: never the one whom it is about.
        by: Actor,
        /// Why it was allowed.
        decision: Decision,
    },
    /// A campaign is over.
    ReviewClosed {
        /// Which.
        review: ReviewId,
        /// `complete` or `due`.
        reason: String,
        /// What nobody confirmed, and what therefore was taken away.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        expired: Vec<ReviewItem>,
        /// What nobody confirmed and stays all the same, since else too few could approve.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        spared: Vec<ReviewItem>,
    },
    /// Evidence is missing.
    Gap {
        /// Of which device; none for the daemon as a whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<DeviceId>,
        /// Last moment known to be whole.
        from: Stamp,
        /// First moment known to be whole again.
        to: Stamp,
        /// What happened.
        reason: String,
    },
}
