//! What each event makes of an instance. Nothing else changes one, and nothing here decides.

use gatewarden_model::{ApprovalEvent, ApprovalSeat, NodeId, OperatorId, ReturnTo, SignerPlace};

use crate::{
    Instance, Phase, Told,
    seating::{Added, Advice, Seat, Seating, Signature},
};

impl Instance {
    /// Takes an event in.
    pub fn apply(&mut self, event: &ApprovalEvent, told: Told) {
        match event {
            ApprovalEvent::Branched { node, case } => {
                self.cases.insert(node.clone(), *case);
            }
            ApprovalEvent::Opened { node, seats } => {
                let seats = seats.iter().map(seat).collect();
                let seating = Seating { seats, opened_us: told.at_us, ..Seating::default() };
                self.seatings.insert(node.clone(), seating);
            }
            ApprovalEvent::Notified { node, .. } => drop(self.told.insert(node.clone())),
            ApprovalEvent::Revised { by, version, on, changed } => {
                let changed = changed.iter().cloned().collect();
                self.changes.push((std::mem::replace(&mut self.digest, *on), changed));
                self.version = *version;
                self.authors.insert(by.clone());
                self.phase = Phase::Running;
                self.cases.clear();
            }
            ApprovalEvent::Voided { node, .. } => drop(self.seatings.remove(node)),
            ApprovalEvent::Returned { node, to, .. } => self.returned(node, to),
            ApprovalEvent::Rejected { .. } => self.phase = Phase::Rejected,
            ApprovalEvent::Withdrawn { .. } => self.phase = Phase::Withdrawn,
            ApprovalEvent::Approved { .. } => self.phase = Phase::Approved,
            ApprovalEvent::TakenBack { node, of, .. } => {
                let following = self.following(node).into_iter().map(|n| n.name.clone());
                for name in following.collect::<Vec<_>>() {
                    self.seatings.remove(&name);
                }
                self.at_step(node, |seating| seating.taken_back(of));
            }
            _ => self.at_one_step(event, told),
        }
    }

    fn returned(&mut self, node: &NodeId, to: &ReturnTo) {
        self.at_step(node, |seating| seating.acts += 1);
        match to {
            ReturnTo::Initiator => self.phase = Phase::SentBack,
            ReturnTo::Node(target) => {
                let following = self.following(target).into_iter().map(|n| n.name.clone());
                for name in following.collect::<Vec<_>>() {
                    self.seatings.remove(&name);
                }
                self.seatings.remove(target);
            }
        }
    }

    fn at_step(&mut self, node: &NodeId, then: impl FnOnce(&mut Seating)) {
        if let Some(seating) = self.seatings.get_mut(node) {
            then(seating);
        }
    }

    /// What concerns the seats of one step only.
    fn at_one_step(&mut self, event: &ApprovalEvent, told: Told) {
        match event {
            ApprovalEvent::Decided { node, by, of, verdict, on, .. } => {
                let signature = Signature {
                    node: node.clone(),
                    by: by.clone(),
                    of: of.clone(),
                    verdict: *verdict,
                    on: *on,
                    at_us: told.at_us,
                    entry: told.entry,
                    carried: None,
                };
                self.at_step(node, |s| s.act(of, |seat| seat.decision = Some(signature)));
            }
            ApprovalEvent::Carried { node, of, from, .. } => {
                let signature = self.seatings.get(from).and_then(|there| there.signature_of(of));
                let Some(signature) = signature.cloned() else { return };
                let (node_, from) = (node.clone(), Some(from.clone()));
                let carried = Signature { node: node_, of: of.clone(), carried: from, ..signature };
                self.at_step(node, |s| s.change(of, |seat| seat.decision = Some(carried)));
            }
            ApprovalEvent::Advised { node, of, verdict, .. } => {
                let give = |seat: &mut Seat| {
                    if let Some(advice) = &mut seat.advice {
                        advice.given = Some(*verdict);
                    }
                };
                self.at_step(node, |s| s.act(of, give));
            }
            ApprovalEvent::Transferred { node, of, to, .. } => self.at_step(node, |s| {
                s.act(of, |seat| {
                    seat.who = to.clone();
                    (seat.given, seat.handed) = (true, true);
                    seat.also.clear();
                });
            }),
            ApprovalEvent::Delegated { node, of, to, .. } => {
                let advice = Some(Advice { to: to.clone(), given: None });
                self.at_step(node, |s| s.act(of, |seat| seat.advice = advice));
            }
            ApprovalEvent::SignerAdded { node, by, of, who, place, .. } => {
                self.at_step(node, |s| s.add(by, of, who, *place));
            }
            ApprovalEvent::SignerRemoved { node, who, .. } => {
                self.at_step(node, |s| s.act(who, |seat| seat.gone = true));
            }
            ApprovalEvent::Reseated { node, lost, seats } => self.at_step(node, |s| {
                lost.iter().for_each(|who| s.change(who, |seat| seat.gone = true));
                s.seats.extend(seats.iter().map(seat));
            }),
            ApprovalEvent::Passed { node, .. } => self.at_step(node, |s| s.passed = true),
            ApprovalEvent::Reminded { node, round, .. } => {
                self.at_step(node, |s| s.reminded = *round);
            }
            ApprovalEvent::Escalated { node, of, to, round } => self.at_step(node, |s| {
                s.escalated = *round;
                s.change(of, |seat| seat.also.extend(to.iter().cloned()));
            }),
            _ => {}
        }
    }
}

fn seat(told: &ApprovalSeat) -> Seat {
    Seat {
        who: told.who.clone(),
        source: told.source.clone(),
        weight: told.weight,
        given: told.up,
        handed: false,
        instead_of: told.instead_of.clone(),
        also: vec![],
        added: None,
        advice: None,
        decision: None,
        gone: false,
    }
}

impl Seating {
    /// Changes the live seat of a person.
    fn change(&mut self, of: &OperatorId, then: impl FnOnce(&mut Seat)) {
        if let Some(index) = self.seat_of(of) {
            then(&mut self.seats[index]);
        }
    }

    /// The same, by an act of somebody.
    fn act(&mut self, of: &OperatorId, then: impl FnOnce(&mut Seat)) {
        self.acts += 1;
        self.change(of, then);
    }

    fn add(&mut self, by: &OperatorId, of: &OperatorId, who: &OperatorId, place: SignerPlace) {
        self.acts += 1;
        let Some(to) = self.seat_of(of) else { return };
        let source = format!("added-by:{by}");
        let told = ApprovalSeat { who: who.clone(), source, weight: 0, up: true, instead_of: None };
        self.seats.push(Seat { added: Some(Added { to, place, by: by.clone() }), ..seat(&told) });
    }

    fn taken_back(&mut self, of: &OperatorId) {
        self.passed = false;
        self.act(of, |seat| match &seat.decision {
            Some(_) => seat.decision = None,
            None => seat.advice = None,
        });
    }
}
