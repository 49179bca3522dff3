//! Postings by hand: reserved by one person, posted by another, or voided, or lapsed.
//!
//! Invariants: nothing moves by hand in one step or by one person; what a posting takes is held from
//! the moment it is reserved, and nobody else moves it; the same id twice is one posting, with other
//! content it is refused; all lines move or none; what is over is set free.

use gatewarden_model::{
    Action, Actor, Amount, Body, Confirmation, Day, Decision, Hash, Module, Movement, MovementId,
    MovementLine, OperatorId, PassId, Posting, Second, SessionId, StationId, StockStatus,
    canonical,
};
use gatewarden_stock::{Wants, free_lines};

use crate::{
    access::{Fact, Facts, Goods, Looks},
    apply::{actor_name, use_up},
    command::{Refusal, Reply},
    factors::{FactorUse, check_confirmation},
    goods::{of_lines, of_posting, undecided, worth},
    holds::check_reason,
    needs,
    postings::{Drawn, draw, moved},
    state::{Reservation, Session},
    tasks::is_same,
    turn::{Answer, Asked, Fault, Turn, session_of},
};

/// Whom a posting's movement names.
struct Poster {
    session: SessionId,
    station: Option<StationId>,
    operator: OperatorId,
    auth_level: u8,
    second: Option<Second>,
    decision: Decision,
}

/// What a second person posts, checked and priced and not recorded yet.
pub(crate) struct Prepared {
    movement: Movement,
    decision: Decision,
    used: Option<FactorUse>,
    asked: Asked,
}

impl Turn<'_> {
    /// Reserves what somebody asks for by hand: never what a procedure asks a document for.
    pub(crate) fn reserve(&mut self, posting: Posting, by: Actor) -> Answer {
        if let Err((code, message)) = self.check_by_hand(&posting) {
            let asked = about(&by, Action::Create, &posting);
            return Err(self.deny(asked, code, message, None));
        }
        self.reserve_posting(posting, by)
    }

    fn check_by_hand(&self, posting: &Posting) -> Result<(), Fault> {
        if posting.document_digest.is_some() {
            let message = "document_digest: only a document's own approval states it: leave it out";
            return Err(("document-digest", message.to_owned()));
        }
        // What takes a movement back moves as much as that did: it needs a document of its own too.
        self.check_governed(&posting.document, posting.kind)
    }

    /// Reserves a posting, whoever it comes from.
    pub(crate) fn reserve_posting(&mut self, posting: Posting, by: Actor) -> Answer {
        let asked = about(&by, Action::Create, &posting);
        let looks = self.looks(asked.module, &[Action::Create]);
        let known = self.state.reservation(posting.id).cloned();
        let (goods, amount) = self.of_reservation(looks, &posting, known.as_ref());
        let facts = Facts { goods: goods.as_ref(), amount, ..of_posting_head(&posting) };
        let decision = self.permit(asked.clone(), facts)?;
        let id = posting.id;
        let fields = posting.fields();
        self.may_state(&asked, &fields, &decision)?;
        let sender = self.state.reservation(id).map(|open| &open.by);
        let told = sender.is_none_or(|sender| self.may_compare(&by, sender, &fields));
        match self.is_same_posting(&posting) {
            Ok(Some(true)) if posting.document_digest.is_some() && !self.is_held(id) => {
                let message =
                    "version: it was handed in before and taken back: write the next version";
                return Err(self.deny(asked, "version-spent", message, Some(decision)));
            }
            Ok(Some(true)) if told => return Ok(Reply::Reserved(id)),
            Ok(Some(_)) => {
                let message = format!("posting {id} has other content already: mint a new id");
                return Err(self.deny(asked, "posting-differs", message, Some(decision)));
            }
            Ok(None) => {}
            Err((code, message)) => return Err(self.deny(asked, code, message, Some(decision))),
        }
        let body = match self.reserved(posting, &by, &decision) {
            Ok(body) => body,
            Err((code, message)) => return Err(self.deny(asked, code, message, Some(decision))),
        };
        match self.record_stock(body) {
            Ok(_) => Ok(Reply::Reserved(id)),
            Err((code, message)) => Err(self.deny(asked, code, message, Some(decision))),
        }
    }

    fn is_held(&self, id: MovementId) -> bool {
        self.state.reservation(id).is_some()
    }

    /// Whether this very posting is known already; none where its id is new.
    fn is_same_posting(&self, posting: &Posting) -> Result<Option<bool>, Fault> {
        if let Some(open) = self.state.reservation(posting.id) {
            return Ok(Some(open.posting == *posting));
        }
        let pass = PassId(posting.id.0);
        if self.state.hold(pass).is_some() || self.state.quarantined(pass).is_some() {
            return Ok(Some(false));
        }
        self.known(&Wants { movements: [posting.id].into(), ..Wants::default() })?;
        Ok(match self.stock.movement(&posting.id).map(|entry| &entry.body) {
            Some(Body::Moved { movement, .. }) => Some(movement.evidence == digest(posting)?),
            Some(Body::Reserved { posting: known, .. }) => Some(known == posting),
            _ => None,
        })
    }

    /// Refuses to decide on what was not looked up.
    pub(crate) fn known(&self, wants: &Wants) -> Result<(), Fault> {
        match self.stock.missing(wants) == Wants::default() {
            true => Ok(()),
            false => {
                Err(("stock-unknown", "not everything it touches was looked up: ask again".into()))
            }
        }
    }

    /// The entry of a reservation: what it would move now is allowed, there and priced.
    pub(crate) fn reserved(
        &self,
        posting: Posting,
        by: &Actor,
        decision: &Decision,
    ) -> Result<Body, Fault> {
        if self.state.reservations.len() >= self.settings.reservations_max {
            let message = format!(
                "{} reservations are open: post or void some",
                self.settings.reservations_max
            );
            return Err(("too-many-reservations", message));
        }
        let drawn = self.draw(&posting)?;
        let lines = if drawn.holds { drawn.lines.clone() } else { vec![] };
        // Nobody posts it yet, and the rules of the stock don't ask who does.
        let operator = OperatorId::parse("nobody").map_err(|e| ("internal", e.to_string()))?;
        let (session, auth_level) = (SessionId(uuid::Uuid::nil()), 0);
        let (station, second, decision) = (None, None, decision.clone());
        let poster = Poster { session, station, operator, auth_level, second, decision };
        let told = poster.decision.clone();
        self.posted(&posting, drawn, poster, None)?;
        let (by, decision) = (by.clone(), told);
        Ok(Body::Reserved { posting, lines, by, decision })
    }

    fn draw(&self, posting: &Posting) -> Result<Drawn, Fault> {
        let mut wants = Wants::default();
        needs::of_posting(&mut wants, posting, self.stock, self.settings, &self.now);
        self.known(&wants)?;
        draw(posting, self.settings, self.stock, self.today().0)
    }

    pub(crate) fn post_reservation(
        &mut self,
        id: MovementId,
        by: Actor,
        confirmation: Option<Confirmation>,
    ) -> Answer {
        let Some(held) = self.state.reservation(id).cloned() else {
            return self.posted_before(id, &by);
        };
        if held.posting.document_digest.is_some() {
            let number = &held.posting.document.number;
            let message = format!("the last signature on {number} posts it: sign the document");
            let asked = about(&by, Action::Approve, &held.posting);
            return Err(self.deny(asked, "document-needed", message, None));
        }
        let prepared = self.prepare(&held, &by, confirmation)?;
        self.post_prepared(prepared, by)
    }

    /// Checks and prices what is to be posted by this person. A no is recorded, nothing else is.
    pub(crate) fn prepare(
        &mut self,
        held: &Reservation,
        by: &Actor,
        confirmation: Option<Confirmation>,
    ) -> Result<Prepared, Refusal> {
        let id = held.posting.id;
        let asked = about(by, Action::Approve, &held.posting);
        let reserver = actor_name(&held.by);
        let looks = self.looks(asked.module, &[Action::Approve]);
        let (goods, amount) = self.of_reservation(looks, &held.posting, Some(held));
        let facts = Facts {
            requested_by: Some(&reserver),
            goods: goods.as_ref(),
            amount,
            ..of_posting_head(&held.posting)
        };
        let session = self.session_of(by).cloned();
        let right = (asked.module, Action::Approve);
        let second = session.and_then(|session| self.second_of(&session, right, facts));
        let facts =
            Facts { second: second.as_ref().map(|second| second.operator.as_str()), ..facts };
        let decision = self.permit(asked.clone(), facts)?;
        let refuse = |turn: &mut Self, (code, message): Fault| -> Refusal {
            turn.deny(asked.clone(), code, message, Some(decision.clone()))
        };
        if held.remaining_ms(self.settings.reservation_ms, &self.now) == 0 {
            self.lapse(held);
            let message = format!("reservation {id} has lapsed: reserve it anew under a new id");
            return Err(refuse(self, ("reservation-over", message)));
        }
        // It was reserved before a procedure governed it: its stock is set free by a void, or by time.
        if held.posting.document_digest.is_none()
            && let Err(fault) = self.check_governed(&held.posting.document, held.posting.kind)
        {
            return Err(refuse(self, fault));
        }
        let mut movement = match self.second_person(held, by, &decision, second) {
            Ok(movement) => movement,
            Err(fault) => return Err(refuse(self, fault)),
        };
        let used = match self.confirmed(&movement, confirmation.as_ref()) {
            Ok(used) => used,
            Err(fault) => return Err(refuse(self, fault)),
        };
        movement.confirmation = confirmation;
        match self.rules_before_movement(&movement) {
            Ok((firings, approvers)) if approvers.is_empty() => {
                self.record_firings(firings, Some(&held.posting.document));
            }
            Ok((firings, _)) => {
                self.record_firings(firings, Some(&held.posting.document));
                let message = "a rule asks for an approval beside: have a document of it approved";
                return Err(refuse(self, ("rule-approver", message.to_owned())));
            }
            Err((fault, firings)) => {
                let document = Some(&held.posting.document);
                let fault = self.refused_by_rules(fault, firings, document);
                return Err(refuse(self, fault));
            }
        }
        Ok(Prepared { movement, decision, used, asked })
    }

    /// Records what was prepared in this turn.
    pub(crate) fn post_prepared(&mut self, prepared: Prepared, by: Actor) -> Answer {
        let Prepared { movement, decision, used, asked } = prepared;
        let id = movement.id;
        if let Some(used) = used {
            self.use_factor(&movement.operator, &used);
        }
        if let Err((code, message)) = self.record_stock(Body::Moved { movement, pass: None }) {
            return Err(self.deny(asked, code, message, Some(decision)));
        }
        self.record(Body::ReservationEnded {
            movement: id,
            reason: "posted".to_owned(),
            lines: vec![],
            by,
            decision: Some(decision),
        });
        self.follow(id);
        Ok(Reply::Posted { movement: id, comparison: Default::default() })
    }

    /// What the signature over a posting counts, if there is one; refused where one is needed or wrong.
    fn confirmed(
        &self,
        movement: &Movement,
        confirmation: Option<&Confirmation>,
    ) -> Result<Option<FactorUse>, Fault> {
        let Some(confirmation) = confirmation else {
            if self.settings.confirm_kinds.contains(&movement.kind) {
                let kind = movement.kind.name();
                let message = format!("{kind} is confirmed with a security key: touch yours");
                return Err(("confirmation-needed", message));
            }
            return Ok(None);
        };
        let who = &movement.operator;
        let used = check_confirmation(self.state, who, confirmation, movement.evidence);
        let used = used.map_err(|message| ("confirmation-wrong", message))?;
        match self.state.check_use(who, &used) {
            Ok(_) => Ok(Some(used)),
            Err(why) => Err(("confirmation-wrong", format!("the key's answer: {why}"))),
        }
    }

    /// A posting that was posted already is answered as it was then.
    fn posted_before(&mut self, id: MovementId, by: &Actor) -> Answer {
        let before = moved(self.stock.movement(&id)).map(|(_, movement)| movement.clone());
        if let Some(movement) = before.filter(|movement| movement.pass.is_none()) {
            let module = movement.kind.module();
            let looks = self.looks(module, &[Action::Approve]);
            let goods = self.goods(looks, of_lines(&movement.lines));
            let facts = Facts {
                document: Some(movement.document.kind),
                movement: Some(movement.kind),
                goods: goods.as_ref(),
                amount: worth(&movement.lines),
                ..Facts::default()
            };
            self.permit(Asked::new(by, Action::Approve, module), facts)?;
            return Ok(Reply::Posted { movement: id, comparison: Default::default() });
        }
        Err(self.unknown_reservation(id, by))
    }

    fn unknown_reservation(&mut self, id: MovementId, by: &Actor) -> Refusal {
        // Which module it would be is not known, so the denial stands under the journal's.
        let asked = Asked::new(by, Action::Approve, Module::Ledger);
        let message = format!("reservation {id} is not open: it was never made, or is over");
        self.deny(asked, "unknown-reservation", message, None)
    }

    /// The movement that a second person posts.
    fn second_person(
        &self,
        held: &Reservation,
        by: &Actor,
        decision: &Decision,
        second: Option<Second>,
    ) -> Result<Movement, Fault> {
        if is_same(&held.by, by) {
            let message = "whoever reserved it can't post it: have somebody else do it";
            return Err(("same-person", message.to_owned()));
        }
        let session = self.session_of(by).ok_or_else(|| {
            let message = "only an operator with a session posts: sign in first";
            ("not-an-operator", message.to_owned())
        })?;
        if !held.is_untouched() {
            let message = "a task used some of it: let the task use the rest, or void it";
            return Err(("reservation-used", message.to_owned()));
        }
        let drawn = self.drawn_of(held)?;
        let items = drawn.lines.iter().map(|line| &line.item);
        self.check_two(held.posting.kind, items, &session.operator, second.as_ref())?;
        let poster = Poster {
            session: session.id,
            station: session.station.clone(),
            operator: session.operator.clone(),
            auth_level: session.auth_level,
            second,
            decision: decision.clone(),
        };
        self.posted(&held.posting, drawn, poster, Some(held.posting.id))
    }

    /// What a reservation comes to now: what it holds, as far as it holds anything.
    fn drawn_of(&self, held: &Reservation) -> Result<Drawn, Fault> {
        let mut drawn = self.draw(&held.posting)?;
        if drawn.holds {
            drawn.lines.clone_from(&held.lines);
            for line in drawn.lines.iter_mut().filter(|line| line.from.holds_stock()) {
                line.from_status = StockStatus::Reserved;
            }
        }
        Ok(drawn)
    }

    /// What a posting touches and is worth, as far as that is looked at and can be told. The lines
    /// are those that would move; where there can be none, those that were asked for.
    fn of_reservation(
        &self,
        looks: Looks,
        posting: &Posting,
        held: Option<&Reservation>,
    ) -> (Option<Goods>, Option<Amount>) {
        if posting.reverses.is_none() && !looks.has(Fact::Amount) {
            return (self.goods(looks, of_posting(posting)), None);
        }
        if let Some((_, before)) = moved(self.stock.movement(&posting.id)) {
            return (self.goods(looks, of_lines(&before.lines)), worth(&before.lines));
        }
        let drawn = held.map_or_else(|| self.draw(posting), |held| self.drawn_of(held));
        let poster = || {
            let operator = OperatorId::parse("nobody").ok()?;
            let (session, decision) = (SessionId(uuid::Uuid::nil()), undecided());
            let (station, second, auth_level) = (None, None, 0);
            Some(Poster { session, station, operator, auth_level, second, decision })
        };
        let reservation = held.map(|held| held.posting.id);
        let draft = drawn
            .ok()
            .zip(poster())
            .and_then(|(drawn, poster)| self.posted(posting, drawn, poster, reservation).ok());
        let Some(draft) = draft else { return (self.goods(looks, of_posting(posting)), None) };
        let goods = match posting.reverses {
            Some(_) => self.goods(looks, of_lines(&draft.lines)),
            None => self.goods(looks, of_posting(posting)),
        };
        (goods, looks.has(Fact::Amount).then(|| worth(&draft.lines)).flatten())
    }

    /// The session that somebody acts in.
    fn session_of(&self, by: &Actor) -> Option<&Session> {
        let Actor::Operator { id, session } = by else { return None };
        session_of(self.state, id, *session)
    }

    /// The movement of a posting, held against the rules of the stock and priced.
    fn posted(
        &self,
        posting: &Posting,
        drawn: Drawn,
        poster: Poster,
        reservation: Option<MovementId>,
    ) -> Result<Movement, Fault> {
        let (today, told) = self.today();
        let (day, effective) = match drawn.past {
            Some(day) => (day, (day != Day::of(&self.now, 0)).then_some(day)),
            None => (today, told),
        };
        let Poster { session, station, operator, auth_level, second, decision } = poster;
        let mut movement = Movement {
            document_digest: posting.document_digest,
            received_by: None,
            id: posting.id,
            kind: posting.kind,
            document: posting.document.clone(),
            task: None,
            station,
            devices: vec![],
            pass: None,
            session,
            approved_by: operator.to_string(),
            operator,
            auth_level,
            second,
            decision,
            approval_seq: None,
            resolution_seq: None,
            lines: drawn.lines,
            evidence: digest(posting)?,
            reservation,
            effective,
            back_dated: drawn.past.is_some(),
            reverses: posting.reverses,
            counts: drawn.counts,
            revalues: vec![],
            voucher: vec![],
            confirmation: None,
        };
        self.settle(*self.next_seq, day, &mut movement)?;
        Ok(movement)
    }

    pub(crate) fn void_reservation(&mut self, id: MovementId, reason: String, by: Actor) -> Answer {
        let Some(held) = self.state.reservation(id).cloned() else {
            return Err(self.unknown_reservation(id, &by));
        };
        if held.posting.document_digest.is_some() {
            let number = &held.posting.document.number;
            let message = format!("it is a document's: withdraw or cancel {number} instead");
            let asked = about(&by, Action::Create, &held.posting);
            return Err(self.deny(asked, "document-needed", message, None));
        }
        // Whoever reserved it may take it back with the right he reserved it by.
        let own = is_same(&held.by, &by);
        let action = if own { Action::Create } else { Action::Approve };
        let asked = about(&by, action, &held.posting);
        let looks = self.looks(asked.module, &[action]);
        let (goods, amount) = self.of_reservation(looks, &held.posting, Some(&held));
        let facts = Facts { goods: goods.as_ref(), amount, ..of_posting_head(&held.posting) };
        let decision = self.permit(asked.clone(), facts)?;
        if let Err(message) = check_reason(&reason) {
            return Err(self.deny(asked, "reason-missing", message, Some(decision)));
        }
        match self.end_reservation(&held, format!("void: {reason}"), by, Some(decision.clone())) {
            Ok(_) => Ok(Reply::Done),
            Err((code, message)) => Err(self.deny(asked, code, message, Some(decision))),
        }
    }

    /// Sets free what is left of a reservation.
    fn end_reservation(
        &mut self,
        held: &Reservation,
        reason: String,
        by: Actor,
        decision: Option<Decision>,
    ) -> Result<u64, Fault> {
        let (movement, lines) = (held.posting.id, free_lines(&held.rest()));
        self.record_stock(Body::ReservationEnded { movement, reason, lines, by, decision })
    }

    /// Ends the reservations whose time is over.
    pub(crate) fn time_out_reservations(&mut self) {
        let over = |r: &&Reservation| r.remaining_ms(self.settings.reservation_ms, &self.now) == 0;
        let due: Vec<Reservation> = self.state.reservations().filter(over).cloned().collect();
        for held in &due {
            self.lapse(held);
        }
    }

    /// Ends one whose time is over. Where its stock was not looked up it stays for the next tick.
    fn lapse(&mut self, held: &Reservation) {
        let _ = self.end_reservation(held, "time-out".to_owned(), Actor::Daemon, None);
    }

    /// Whether a task's movement stays within what is reserved for it.
    pub(crate) fn within(&self, id: MovementId, lines: &[MovementLine]) -> Result<(), Fault> {
        let held = self.state.reservation(id);
        let open = held.filter(|r| r.remaining_ms(self.settings.reservation_ms, &self.now) > 0);
        let Some(mut rest) = open.cloned() else {
            let message = format!("reservation {id} is over: reserve anew and open a new task");
            return Err(("reservation-over", message));
        };
        for line in lines.iter().filter(|line| line.from_status == StockStatus::Reserved) {
            let left = |r: &Reservation| r.left.iter().fold(0i64, |n, l| n.saturating_add(*l));
            let before = left(&rest);
            use_up(&mut rest, std::slice::from_ref(line));
            let there = before - left(&rest);
            if there < line.quantity {
                let message = format!(
                    "reservation {id} holds {there} of {} at {}, {} needed: {} short",
                    line.item,
                    line.from,
                    line.quantity,
                    line.quantity - there
                );
                return Err(("reservation-short", message));
            }
        }
        Ok(())
    }

    /// Ends a reservation of which tasks have used all.
    pub(crate) fn end_used(&mut self, id: MovementId, by: &Actor) {
        let used = self.state.reservation(id).filter(|held| held.is_used_up()).cloned();
        if let Some(held) = used {
            // Nothing is left to be set free, so the stock has nothing to say against it.
            let _ = self.end_reservation(&held, "used".to_owned(), by.clone(), None);
        }
    }
}

/// What a posting says about itself.
pub(crate) fn of_posting_head<'p>(posting: &Posting) -> Facts<'p> {
    let (document, movement) = (Some(posting.document.kind), Some(posting.kind));
    Facts { document, movement, ..Facts::default() }
}

/// A request about a posting.
fn about(by: &Actor, action: Action, posting: &Posting) -> Asked {
    let mut asked = Asked::new(by, action, posting.kind.module());
    asked.document = Some(crate::turn::cut(&posting.document.number, 64));
    asked.kind = Some(posting.kind);
    asked
}

/// The digest of a posting's content: what its movement rests on.
pub(crate) fn digest(posting: &Posting) -> Result<Hash, Fault> {
    let bytes = canonical::encode(posting).map_err(|e| ("posting-invalid", e.to_string()))?;
    Ok(Hash::of(&bytes))
}
