//! The engine: state, policies and settings behind one `handle`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gatewarden_documents::Mistake;
use gatewarden_model::{
    Action, Actor, Body, ClientId, Day, DeviceFacts, DeviceId, Document, DocumentContent,
    DocumentKind, DocumentStep, Entry, FieldRights, Guards, Hash, Levels, Module, MovementKind,
    OperatorId, RoleMatrix, SessionPhase, Stamp, StationId, TwoPersons, Walking, sod::SodTable,
};
use gatewarden_stock::{Accounts, Places, Stock, Supply, Wants};

use crate::{
    access::Access,
    changes::Said,
    command::{Command, Outcome, Refusal, Reply},
    denials::{Denials, Kind},
    documents::{Beside, House, Page, mistakes_in},
    holds::HoldVerdict,
    items::ItemMaster,
    keeping::Binding,
    memory::{Memory, Past},
    people::Enrolment,
    sessions::often::BUSY,
    state::{State, Todo},
    tag_access::Work,
    turn::{REASON_BYTES_MAX, Turn},
};

/// Where a shared ledger orders what is decided and not written yet: after whatever any gateway wrote.
const AFTER_ALL: u64 = 1 << 62;

/// What the house decided once.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// A session without activity is idle after so many milliseconds: nothing is authorised in it
    /// until its operator gives the PIN again.
    pub idle_timeout_ms: u64,
    /// An idle session ends after so many milliseconds more; 0 ends it at once.
    pub idle_end_ms: u64,
    /// A session ends after so many milliseconds in any case.
    pub session_max_ms: u64,
    /// Failures to sign in that cost no waiting.
    pub free_attempts: u32,
    /// The wait after the first failure beyond; it doubles with each further one.
    pub first_delay_ms: u64,
    /// The longest wait.
    pub delay_ms_max: u64,
    /// After so many failures in a row an operator is locked until somebody else unlocks him; 0 for
    /// never.
    pub failures_max: u32,
    /// A raised level falls back after so many milliseconds.
    pub step_up_ms: u64,
    /// How long it takes from one station to another.
    pub walking: Walking,
    /// How strongly somebody must be authenticated for what.
    pub levels: Levels,
    /// What two people must be present for.
    pub two_persons: TwoPersons,
    /// Postings of these kinds are confirmed by the key of whoever posts them.
    pub confirm_kinds: BTreeSet<MovementKind>,
    /// The items that tags and barcodes stand for.
    pub items: ItemMaster,
    /// The places in the building that stock may be at; any where none is declared.
    pub places: Places,
    /// Which accounts a movement's voucher names.
    pub accounts: Accounts,
    /// Minutes east of UTC by which the business's day begins.
    pub utc_offset_min: i32,
    /// A reservation lapses after so many milliseconds, unless its posting says less.
    pub reservation_ms: u64,
    /// Most reservations that are open at once.
    pub reservations_max: usize,
    /// An access review leaves its reviewers at least so many milliseconds.
    pub review_ms_min: u64,
    /// Which duties one person must not hold together.
    pub sod: SodTable,
    /// Operators are enrolled and machines given tokens by one person alone. For measuring and for
    /// tests of other things; the daemon never says so.
    pub one_person_enrols: bool,
    /// What a device must be, by the configuration: whoever tells all of it needs no approval, and whoever
    /// does not can't get one.
    pub pins: BTreeMap<DeviceId, DeviceFacts>,
    /// Passes count whatever device saw them. For measuring and for tests of other things; the daemon
    /// never says so.
    pub any_device: bool,
    /// The stations that there are; any where none is named.
    pub stations: BTreeSet<StationId>,
    /// The definitions of procedures that the configuration has: canonical JSON by part.
    pub procedures: BTreeMap<String, String>,
}

/// What is looked at without a turn.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'e> {
    pub(crate) state: &'e State,
    pub(crate) settings: &'e Settings,
    pub(crate) memory: &'e Memory,
    pub(crate) access: &'e Access,
    pub(crate) stock: &'e Stock,
}

/// Decides. See the crate's header for what it promises.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    /// What the configuration says.
    configured: Access,
    /// What is in force.
    access: Access,
    /// Why the policies in force can't be read, if they can't.
    policies_fault: Option<String>,
    state: State,
    stock: Stock,
    memory: Memory,
    denials: Denials,
    next_seq: u64,
    /// What the stock adds to a sequence to order it among the entries that it is supplied with.
    shift: u64,
}

impl Engine {
    /// An engine with an empty state whose first entry will have the sequence `next_seq`. Other
    /// policies than those of `access` are in force where the replayed entries define them.
    #[must_use]
    pub fn new(settings: Settings, access: Access, next_seq: u64) -> Self {
        let (state, memory) = (State::default(), Memory::default());
        let access = access.with_guards(settings.guards());
        let (configured, policies_fault) = (access.clone(), None);
        let (stock, denials) = (Stock::partial(), Denials::default());
        let shift = 0;
        Self {
            settings,
            configured,
            access,
            policies_fault,
            state,
            stock,
            memory,
            denials,
            next_seq,
            shift,
        }
    }

    /// Takes over one live entry of an earlier run. Give them in order; what is where comes from
    /// `supply`, never from here.
    pub fn replay(&mut self, entry: &Entry) {
        self.state.apply(entry);
        self.define_item(entry);
        match &entry.body {
            Body::Moved { movement, .. } => {
                let (movement, comparison) = (movement.id, Default::default());
                let pass = gatewarden_model::PassId(movement.0);
                self.memory.answers.insert(pass, Ok(Reply::Posted { movement, comparison }));
            }
            Body::ItemDefined { item, .. } => self.stock.resume([item.clone()], None, None),
            Body::PeriodClosed { until, .. } => self.stock.resume([], Some(*until), None),
            Body::PoliciesDefined { version, roles, cedar, guards, .. } => {
                self.resume_policies(*version, (roles, cedar), guards.as_deref());
            }
            _ => {}
        }
        self.next_seq = self.next_seq.max(entry.seq.saturating_add(1));
    }

    /// Takes over the items that approved documents define, in the place of configured ones.
    fn absorb(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.memory.rules.take(entry);
            if matches!(&entry.body, Body::ProceduresDefined { .. }) {
                self.renew_history(entry.at.wall_us);
            }
            self.define_item(entry);
        }
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    pub(crate) fn memory_mut(&mut self) -> &mut Memory {
        &mut self.memory
    }

    /// Takes over the item that an approved document defines, in the place of a configured one.
    fn define_item(&mut self, entry: &Entry) {
        if let Body::DocumentStepped { document, step: DocumentStep::InForce, .. } = &entry.body
            && document.kind == DocumentKind::Item
            && let Some(open) = self.state.document(document)
            && let Ok(item) = crate::items::of_content(&open.content)
        {
            self.settings.items = self.settings.items.with(item);
        }
    }

    /// Puts the recorded policies in force again, with their settings. Where this program makes others of
    /// the same text, or none, those of the configuration stand in until `Command::DefinePolicies` says what
    /// is wrong.
    fn resume_policies(
        &mut self,
        version: Hash,
        source: (&RoleMatrix, &str),
        guards: Option<&Guards>,
    ) {
        self.policies_fault = None;
        if source == self.configured.source() {
            self.access = self.configured.clone();
        } else if self.access.version() != version {
            match Access::new(source.0, source.1) {
                Ok(access) => self.access = access,
                Err(error) => {
                    self.policies_fault = Some(format!(
                        "the policies {version} in force can't be read by this version: {error}"
                    ));
                }
            }
        }
        if let Some(guards) = guards {
            self.settings.guard(guards);
            self.access = self.access.clone().with_guards(guards.clone());
        }
    }

    /// Takes over the latest day that any movement counted for: none of now counts before it.
    pub fn resume_day(&mut self, last_day: Option<Day>) {
        self.stock.resume([], None, last_day);
    }

    /// For a ledger that several gateways share: begins again with what all of them said of items,
    /// closed periods and days; everything else is asked for again. Only when all entries so far are
    /// flushed. The histories of items that are supplied from then on are numbered by the order of
    /// all gateways, and what is decided here comes after them.
    pub fn begin_stock(&mut self, basis: Stock) {
        self.stock = basis;
        self.shift = AFTER_ALL;
    }

    /// What must be known of the stock to decide on a command, as far as it can be told by what is
    /// known: look up what is `missing` of it, `supply` that and ask again until nothing is.
    #[must_use]
    pub fn wants(&self, now: &Stamp, command: &Command) -> Wants {
        crate::needs::wants(&self.access, &self.state, &self.stock, &self.settings, now, command)
    }

    /// What of it is not known yet.
    #[must_use]
    pub fn missing(&self, wants: &Wants) -> Wants {
        self.stock.missing(wants)
    }

    /// Takes over what was looked up. What is known already stays as it is.
    pub fn supply(&mut self, supply: Supply) {
        self.stock.supply(supply);
    }

    /// How many items at places, things and lots are known.
    #[must_use]
    pub fn known(&self) -> usize {
        self.stock.known()
    }

    /// Forgets what is where; it will be asked for again. Only when all entries so far are flushed.
    pub fn forget_stock(&mut self) {
        self.stock.forget();
    }

    /// What is where, as far as it was supplied.
    #[must_use]
    pub fn stock(&self) -> &Stock {
        &self.stock
    }

    /// Decides on a command, and applies what it decided to the state.
    pub fn handle(&mut self, now: Stamp, command: Command) -> Outcome {
        let due = match &command {
            Command::Tick => self.denials.due(&now, false),
            Command::Stop { .. } => self.denials.due(&now, true),
            _ => vec![],
        };
        let mut outcome = self.turn(now, |turn| {
            for body in due {
                turn.record(body);
            }
            dispatch(turn, command)
        });
        self.count_denial(&now, &mut outcome);
        outcome
    }

    /// Takes a denial out of an outcome where the same principal was denied too often just now: it
    /// did nothing to the state, and is counted.
    fn count_denial(&mut self, now: &Stamp, outcome: &mut Outcome) {
        let Err(refusal) = &mut outcome.answer else { return };
        let Some(last) = outcome.entries.last() else { return };
        let Body::Denied { by, action, module, pass: None, .. } = &last.body else { return };
        let is_this =
            refusal.recorded == Some(last.seq) && last.seq.checked_add(1) == Some(self.next_seq);
        let kind = if refusal.code == BUSY { Kind::Busy } else { Kind::Denied };
        if is_this && !self.denials.records(kind, by, (*action, *module), now) {
            // What rules found before it only said no, so it did nothing to the state either.
            while let Some(last) = outcome.entries.pop() {
                self.next_seq = last.seq;
                if !outcome.entries.last().is_some_and(crate::rules::only_refuses) {
                    break;
                }
            }
            refusal.recorded = None;
        }
    }

    /// Refuses a command that could be decided and not be written, and records that: a pass is
    /// answered so from then on.
    pub fn refuse(
        &mut self,
        now: Stamp,
        command: &Command,
        code: &'static str,
        reason: &str,
    ) -> Outcome {
        self.turn(now, |turn| Err(turn.give_up(command, code, reason)))
    }

    /// Adds words to the refusal of an outcome that is not flushed yet, where it is recorded: to the
    /// entry, to the answer, and to what the same pass is answered later.
    pub fn tell_more(&mut self, outcome: &mut Outcome, words: &str) {
        let Err(refusal) = &mut outcome.answer else { return };
        let recorded = refusal.recorded;
        let Some(entry) = outcome.entries.iter_mut().find(|e| Some(e.seq) == recorded) else {
            return;
        };
        let Body::Denied { reason, pass, .. } = &mut entry.body else { return };
        refusal.message = crate::turn::cut(&format!("{reason}; {words}"), REASON_BYTES_MAX);
        reason.clone_from(&refusal.message);
        if let Some(pass) = pass {
            self.memory.answers.insert(pass.id, Err(refusal.clone()));
        }
    }

    fn turn(
        &mut self,
        now: Stamp,
        decide: impl FnOnce(&mut Turn<'_>) -> Result<Reply, Refusal>,
    ) -> Outcome {
        let mut turn = Turn {
            settings: &self.settings,
            access: &self.access,
            state: &mut self.state,
            stock: &mut self.stock,
            memory: &mut self.memory,
            next_seq: &mut self.next_seq,
            shift: self.shift,
            now,
            configured: &self.configured,
            policies_fault: self.policies_fault.as_deref(),
            next_access: None,
            entries: vec![],
            signals: vec![],
        };
        let answer = decide(&mut turn);
        let Turn { entries, signals, next_access, .. } = turn;
        if let Some(access) = next_access {
            if let Some(guards) = access.guards() {
                self.settings.guard(guards);
            }
            self.access = access;
        }
        self.absorb(&entries);
        Outcome { entries, answer, signals }
    }

    /// Everything that is wrong with what a version says; empty where nothing is, and where no procedures are
    /// defined.
    #[must_use]
    pub fn mistakes_in(&self, content: &DocumentContent) -> Vec<Mistake> {
        let (state, settings, memory) = (&self.state, &self.settings, &self.memory);
        mistakes_in(&House { state, settings, memory, beside: &Beside::default() }, content)
    }

    /// Whether somebody who is enrolled may decide now on the version with this digest, at this step of its
    /// approval. Levels and rules are asked when he does.
    #[must_use]
    pub fn may_decide(
        &self,
        document: &Document,
        at: (Hash, &str),
        who: &OperatorId,
        now: &Stamp,
    ) -> bool {
        let scene = crate::workflows::Scene { state: &self.state, now };
        let open = self.state.document(document).filter(|_| self.state.operator(who).is_some());
        open.is_some_and(|open| crate::workflows::may_decide(scene, open, at, who))
    }

    /// The to-dos that somebody is asked to do, oldest first.
    #[must_use]
    pub fn todos_of(&self, who: &OperatorId) -> Vec<Todo> {
        let todos = self.state.todos().filter(|todo| crate::rules::is_for(&self.state, todo, who));
        todos.cloned().collect()
    }

    /// The day that a document bears that is written now.
    pub(crate) fn day_of(&self, now: &Stamp) -> Day {
        let local = Day::of(now, self.settings.utc_offset_min);
        let open =
            self.stock.closed_until().map(|day| Day::from_number(i64::from(day.number()) + 1));
        Some(local).max(self.stock.last_day()).max(open).unwrap_or(local)
    }

    /// Whether a document is open, or was looked up.
    pub(crate) fn knows_document(&self, document: &Document) -> bool {
        self.state.document(document).is_some()
            || self.memory.past.get(document).is_some()
            || self.memory.unread.get(document).is_some()
    }

    /// What is looked at without a turn.
    pub(crate) fn parts(&self) -> Parts<'_> {
        Parts {
            state: &self.state,
            settings: &self.settings,
            memory: &self.memory,
            access: &self.access,
            stock: &self.stock,
        }
    }

    /// Makes room for what is looked up for one command.
    pub(crate) fn make_room_for_past(&mut self, more: usize) {
        self.memory.make_room_for_past(more);
    }

    /// Remembers what was looked up.
    pub(crate) fn remember_document(&mut self, document: Document, past: Option<Past>) {
        self.memory.past.insert(document, past);
    }

    /// Remembers of which documents the journal tells more than is read.
    pub(crate) fn remember_unread(&mut self, documents: Vec<Document>) {
        documents.into_iter().for_each(|document| self.memory.unread.insert(document, ()));
    }

    /// What is remembered that a document moved.
    pub(crate) fn page_of(&self, document: &Document) -> Option<&Page> {
        self.memory.pages.get(document)
    }

    /// Whether it is known what a document moved, or that it can't be.
    pub(crate) fn knows_page(&self, document: &Document) -> bool {
        self.memory.pages.get(document).is_some()
            || self.memory.unread_pages.get(document).is_some()
    }

    /// Remembers what a document moved; none where that is too much to be read.
    pub(crate) fn remember_page(&mut self, document: Document, page: Option<Page>) {
        match page {
            Some(page) => self.memory.pages.insert(document, page),
            None => self.memory.unread_pages.insert(document, ()),
        }
    }

    /// What is open.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The badge that was scanned last at a station, while it still counts for a sign-in. Whoever
    /// checks a PIN for it must name this very badge in `Command::SignIn`: another may be scanned
    /// while the check runs.
    #[must_use]
    pub fn badge_seen(&self, station: &StationId, now: &Stamp) -> Option<Hash> {
        self.memory.seen.get(station).filter(|seen| seen.counts(now)).map(|seen| seen.badge)
    }

    /// The state of a station: that of its session, else whether a badge waits for its PIN.
    #[must_use]
    pub fn phase_at(&self, station: &StationId, now: &Stamp) -> SessionPhase {
        match self.state.session_at(station) {
            Some(session) => session.phase,
            None if self.badge_seen(station, now).is_some() => SessionPhase::BadgeSeen,
            None => SessionPhase::Free,
        }
    }

    /// Whether somebody may do something. It leaves no entry, so it only tells what to show and what
    /// to leave out; whatever is done is asked by `Command::Ask` or decided by its own command.
    #[must_use]
    pub fn may(&self, by: &Actor, action: Action, module: Module) -> bool {
        crate::turn::may(&self.state, &self.access, by, action, module)
    }

    /// Which fields somebody may see and set; none for whoever is not authenticated. Kept by who it is,
    /// with which roles or scopes, and how strongly authenticated, so that asking again costs less than
    /// a microsecond and no answer outlives a change of those.
    #[must_use]
    pub fn fields(&self, by: &Actor) -> Arc<FieldRights> {
        crate::fields::rights(&self.state, &self.access, by)
    }

    /// Which fields somebody who is enrolled sees where he has no session, such as in a mail; none of
    /// anybody else.
    #[must_use]
    pub fn fields_of_person(&self, who: &OperatorId) -> Arc<FieldRights> {
        crate::fields::of_person(&self.state, &self.access, who)
    }

    /// Which fields somebody sees who has this role alone and no session, such as the readers of a group; none where
    /// there is no such role.
    #[must_use]
    pub fn fields_of_role(&self, role: &str) -> Arc<FieldRights> {
        crate::fields::of_role(&self.access, role)
    }

    /// The machine that a token's SHA-256 belongs to, while the token is good and comes with the TLS
    /// certificate (SHA-256 of its DER) that it is bound to, if it is bound to one; and whether its use
    /// of this day is recorded already (else send `Command::ClientUsed`).
    #[must_use]
    pub fn client_by_token(
        &self,
        token: &Hash,
        certificate: Option<&Hash>,
        now: &Stamp,
    ) -> Option<(ClientId, bool)> {
        let client = self.state.client_by_token(token)?;
        if client.certificate.is_some() && client.certificate.as_ref() != certificate {
            return None;
        }
        if client.until_us.is_some_and(|until| until <= now.wall_us) {
            return None;
        }
        let day = |at| Day::of(at, self.settings.utc_offset_min);
        let noted = client.used.as_ref().is_some_and(|used| day(used) >= day(now));
        Some((client.id.clone(), noted))
    }

    /// The policies in force.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The sequence of the next entry.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }
}

fn dispatch(turn: &mut Turn<'_>, command: Command) -> Result<Reply, Refusal> {
    match command {
        Command::Start { gateway, version, config } => {
            let policies = turn.access.version();
            turn.record(Body::Started { gateway, version, config, policies });
            return Ok(Reply::Started);
        }
        Command::EndLeftoverSessions => return turn.end_leftover_sessions(),
        Command::Stop { reason } => {
            turn.record(Body::Stopped { reason });
            return Ok(Reply::Done);
        }
        _ => {
            turn.time_out_sessions();
            turn.time_out_clients();
        }
    }
    turn.needs_live_session(&command)?;
    match command {
        Command::Enrol { operator, name, roles, badges, pin, kinds, by } => {
            let mitigations = vec![];
            let tails = Default::default();
            let new = Enrolment { operator, name, roles, badges, pin, kinds, tails, mitigations };
            turn.enrol(new, by)
        }
        Command::Activate { operator, code, pin } => turn.activate(operator, code, pin),
        Command::ChangePin { session, check, pin } => turn.change_pin(session, check, pin),
        Command::ClientUsed { client } => turn.client_used(client),
        Command::RequestChange { id, change, reason, by } => {
            turn.request_change(id, change, reason, by)
        }
        Command::DecideChange { id, approve, reason, activation, mitigations, by } => {
            let said = Said { approve, reason, mitigations };
            turn.decide_change(id, said, activation, by)
        }
        Command::WithdrawChange { id, reason, by } => turn.withdraw_change(id, reason, by),
        Command::Remove { operator, by } => turn.remove(operator, by),
        Command::AddClient { client, scopes, token, by } => {
            turn.add_client(client, scopes, token, by)
        }
        Command::RevokeClient { client, by } => turn.revoke_client(client, by),
        Command::Badge { station, badge } => turn.badge(station, badge),
        Command::SignIn { station, badge, pin, session } => {
            turn.sign_in(station, badge, pin, session)
        }
        Command::SignOut { session, reason } => turn.sign_out(session, reason),
        Command::Resume { session, pin } => turn.resume(session, pin),
        Command::StepUp { session, proof, used } => turn.step_up(session, proof, used),
        Command::RemoveFactor { operator, factor, reason, by } => {
            turn.remove_factor(operator, factor, reason, by)
        }
        Command::Join { session, badge, pin } => turn.join(session, badge, pin),
        Command::Leave { session } => turn.leave(session),
        Command::Unlock { operator, by } => turn.unlock(operator, by),
        Command::Activity { session, .. } => turn.activity(session),
        Command::WriteDocument { content, by } => turn.write_document(content, by),
        Command::WriteDocuments { contents, by } => turn.write_documents(contents, by),
        Command::SubmitDocument { document, digest, by } => {
            turn.submit_document(document, digest, by)
        }
        Command::ActOnDocument { document, act, by } => turn.act_on_document(document, act, by),
        Command::EndDocument { document, act, digest, reason, by } => {
            turn.end_document((document, digest), act, reason, by)
        }
        Command::CountBin { document, count, by } => turn.count_bin(document, count, by),
        Command::Fire { firings, document } => turn.fire(firings, document.as_ref()),
        Command::FinishTodo { fired, reason, by } => turn.finish_todo(fired, reason, by),
        Command::OpenTask { task, by } => turn.open_task(task, by),
        Command::ApproveTask { task, by } => turn.approve_task(task, by),
        Command::WithdrawTask { task, by } => turn.withdraw_task(task, by),
        Command::Pass(pass) => turn.pass(pass),
        Command::DecideHold { pass, verdict, reason, doubts, by } => {
            turn.decide_hold(pass, HoldVerdict::new(verdict, reason, doubts), by)
        }
        Command::ResolveQuarantine { pass, reason, by } => {
            turn.resolve_quarantine(pass, reason, by)
        }
        Command::Reserve { posting, by } => turn.reserve(posting, by),
        Command::PostReservation { reservation, by, confirmation } => {
            turn.post_reservation(reservation, by, confirmation)
        }
        Command::VoidReservation { reservation, reason, by } => {
            turn.void_reservation(reservation, reason, by)
        }
        Command::Tick => {
            turn.time_out_reservations();
            turn.time_out_changes();
            turn.time_out_documents();
            Ok(turn.time_out_reviews())
        }
        Command::OpenReview { review, by } => turn.open_review(review, by),
        Command::DecideReview { review, item, verdict, justification, by } => {
            turn.decide_review(review, item, verdict, justification, by)
        }
        Command::Identify { station, device, facts, since } => {
            turn.identify(station, device, facts, since)
        }
        Command::Ask { by, action, module, what } => turn.asked(&by, action, module, &what),
        Command::AskFields { by, fields, what } => turn.asked_fields(&by, &fields, &what),
        other => keep(turn, other),
    }
}

/// What keeps the ledger itself: master data, policies, periods, keys, tags.
fn keep(turn: &mut Turn<'_>, command: Command) -> Result<Reply, Refusal> {
    match command {
        Command::Commission { tag, item, lot, serial, tid, by } => {
            turn.commission(Binding { tag, item, lot, serial, tid }, by)
        }
        Command::Decommission { tag, reason, by } => turn.decommission(tag, reason, by),
        Command::QueueLabel { label, by } => turn.queue_label(label, by),
        Command::LabelChanged { label, state, reason, evidence } => {
            turn.label_changed(label, state, reason, evidence)
        }
        Command::DecideLabel { label, verdict, reason, by } => {
            turn.decide_label(label, verdict, reason, by)
        }
        Command::EndLeftoverLabels => turn.end_leftover_labels(),
        Command::AskTagAccess { tag, station, device, access, reason, by } => {
            turn.ask_tag_access(Work { tag, station, device, access }, reason, by)
        }
        Command::EndTagAccess { asked, tag, device, outcome } => {
            turn.record(Body::TagAccessEnded { asked, tag, device, outcome });
            Ok(Reply::Done)
        }
        Command::LandCost { movement, document, amounts, by } => {
            turn.land_cost(movement, document, amounts, by)
        }
        Command::ClosePeriod { until, by } => turn.close_period(until, by),
        Command::DefineItems => turn.define_items(),
        Command::DefinePolicies => turn.define_policies(),
        Command::DefineProcedures => turn.define_procedures(),
        Command::RotateKey { old, new, reason, by } => turn.rotate_key(old, new, reason, by),
        Command::Restored { size, lost, reason, by } => turn.restored(size, lost, reason, by),
        other => Ok(report(turn, other)),
    }
}

/// Records what the daemon reports about itself: nobody asks, so nothing can be refused.
fn report(turn: &mut Turn<'_>, command: Command) -> Reply {
    match command {
        Command::Delivered { movement, lane, remote_id, found } => {
            turn.record(Body::Delivered { movement, lane, remote_id, found });
        }
        Command::Rejected { movement, lane, reason } => {
            turn.record(Body::Rejected { movement, lane, reason });
        }
        Command::SettleNotice(settled) => {
            turn.record(Body::NoticeSettled { settled: *settled });
        }
        Command::Gap { device, from, to, reason } => {
            turn.record(Body::Gap { device, from, to, reason });
        }
        Command::Alarm { reason, further, station } => turn.alarm(reason, further, station),
        _ => {}
    }
    Reply::Done
}
