//! What people do: each act is checked against whose turn it is, and becomes events.
//!
//! The order of the questions is the same for every act: is it over; is the version the current one; is it
//! this person's turn, as himself or in somebody's place; is he still what he was asked as; does the step
//! allow it.

use gatewarden_model::{
    ApprovalAct, ApprovalEvent, COMMENT_BYTES_MAX, Day, NodeId, OperatorId, ReturnTo,
};

use crate::{
    Allowed, Approve, Around, Fault, Instance, Phase, Seating, Who, advance::Course,
    resolve::people_of, seating::SEATS_MAX,
};

/// Whose turn somebody takes, and where.
struct Turn {
    node: Approve,
    seat: usize,
    /// Whose seat it is.
    of: OperatorId,
}

impl Instance {
    /// What follows from an act, `self` unchanged; refused with the reason.
    pub fn act(
        &self,
        by: &OperatorId,
        act: &ApprovalAct,
        around: &Around<'_>,
    ) -> Result<Vec<ApprovalEvent>, Fault> {
        if act.comment().len() > COMMENT_BYTES_MAX {
            return Err(Fault::LongComment);
        }
        if let ApprovalAct::Withdraw { comment } = act {
            return self.withdraw(by, comment);
        }
        self.is_running()?;
        if let Some(on) = act.on().filter(|on| **on != self.digest) {
            return Err(Fault::Superseded { on: *on, current: self.digest });
        }
        if !around.people.is_active(by) {
            return Err(Fault::NotActive(by.clone()));
        }
        let first = self.event(by, act, around)?;
        let mut course = Course::new(self.clone(), around);
        course.emit(first);
        if let ApprovalAct::Return { to: ReturnTo::Node(target), .. } = act {
            self.void_from(target, &mut course);
        }
        course.advance();
        Ok(course.events)
    }

    fn is_running(&self) -> Result<(), Fault> {
        match self.phase {
            Phase::Running => Ok(()),
            Phase::SentBack => Err(Fault::SentBack(self.initiator.clone())),
            over => Err(Fault::Ended(over)),
        }
    }

    /// The initiator takes the whole back, as long as nothing has ended it but the last signature: what is
    /// executed already is for the caller to say.
    fn withdraw(&self, by: &OperatorId, comment: &str) -> Result<Vec<ApprovalEvent>, Fault> {
        if matches!(self.phase, Phase::Rejected | Phase::Withdrawn) {
            return Err(Fault::Ended(self.phase));
        }
        if *by != self.initiator {
            return Err(Fault::NotInitiator(self.initiator.clone()));
        }
        Ok(vec![ApprovalEvent::Withdrawn { by: by.clone(), comment: comment.to_owned() }])
    }

    /// The event that the act is; what follows from it comes after.
    fn event(
        &self,
        by: &OperatorId,
        act: &ApprovalAct,
        around: &Around<'_>,
    ) -> Result<ApprovalEvent, Fault> {
        let (by_, day) = (by.clone(), around.now.day);
        let comment = act.comment().to_owned();
        match act {
            ApprovalAct::Advise { node, on, verdict, .. } => {
                let Turn { node, of, .. } = self.advises(by, node.as_ref())?;
                let (node, verdict, on) = (node.name, *verdict, *on);
                Ok(ApprovalEvent::Advised { node, by: by_, of, verdict, on, comment })
            }
            ApprovalAct::TakeBack { node } => self.take_back(by, node.as_ref()),
            ApprovalAct::RemoveSigner { node, who } => {
                self.remove(by, node.as_ref(), who, day, around)
            }
            ApprovalAct::Decide { node, on, verdict, .. } => {
                let turn = self.ready_turn(by, node.as_ref(), around)?;
                let (node, verdict, on) = (turn.node.name, *verdict, *on);
                Ok(ApprovalEvent::Decided { node, by: by_, of: turn.of, verdict, on, comment })
            }
            ApprovalAct::Return { node, on, to, .. } => {
                let turn = self.ready_turn(by, node.as_ref(), around)?;
                self.may_return(&turn.node, to)?;
                let (node, to, on) = (turn.node.name, to.clone(), *on);
                Ok(ApprovalEvent::Returned { node, by: by_, of: turn.of, to, on, comment })
            }
            ApprovalAct::Transfer { node, to, .. } => {
                let turn = self.handing(by, node.as_ref(), Allowed::Transfer, to, around)?;
                let (node, to) = (turn.node.name, to.clone());
                Ok(ApprovalEvent::Transferred { node, by: by_, of: turn.of, to, comment })
            }
            ApprovalAct::Delegate { node, to, .. } => {
                let turn = self.handing(by, node.as_ref(), Allowed::Delegate, to, around)?;
                let (node, to) = (turn.node.name, to.clone());
                Ok(ApprovalEvent::Delegated { node, by: by_, of: turn.of, to, comment })
            }
            ApprovalAct::AddSigner { node, who, place, .. } => {
                let turn = self.handing(by, node.as_ref(), Allowed::AddSigner, who, around)?;
                let (node, who, place) = (turn.node.name, who.clone(), *place);
                Ok(ApprovalEvent::SignerAdded { node, by: by_, of: turn.of, who, place, comment })
            }
            ApprovalAct::Withdraw { .. } => Err(Fault::Ended(self.phase)),
        }
    }

    /// The steps at which an act may be: the one named, or all that wait.
    pub(crate) fn open(&self, node: Option<&NodeId>) -> Result<Vec<&Approve>, Fault> {
        let reached = self.reached().open;
        let Some(name) = node else { return Ok(reached) };
        if let Some(found) = reached.into_iter().find(|open| open.name == *name) {
            return Ok(vec![found]);
        }
        let step = self.step(name)?;
        match self.seatings.get(name) {
            Some(seating) if seating.passed => Ok(vec![step]),
            _ => Err(Fault::NotYet { node: name.clone(), waits_for: "an earlier step".to_owned() }),
        }
    }

    /// Whose turn it is for somebody; the step may wait for others first.
    fn turn(
        &self,
        by: &OperatorId,
        node: Option<&NodeId>,
        around: &Around<'_>,
    ) -> Result<Turn, Fault> {
        if self.authors.contains(by) {
            return Err(Fault::OwnDocument(by.clone()));
        }
        let mut found = vec![];
        let mut decided = None;
        for open in self.open(node)? {
            let Some(seating) = self.seatings.get(&open.name) else { continue };
            if seating.has_decided(by) {
                decided = decided.or(Some(open.name.clone()));
            } else if let Some(seat) = seat_for(seating, by, around.now.day, around)
                && !seating.passed
            {
                let of = seating.seats[seat].who.clone();
                found.push(Turn { node: open.clone(), seat, of });
            }
        }
        if found.len() > 1 {
            let nodes: Vec<&str> = found.iter().map(|turn| turn.node.name.as_str()).collect();
            return Err(Fault::SeveralSteps { who: by.clone(), nodes: nodes.join(", ") });
        }
        found.pop().ok_or_else(|| match decided {
            Some(node) => Fault::SignedAlready { who: by.clone(), node },
            None => self.why_not(by),
        })
    }

    /// Why nothing waits for somebody.
    fn why_not(&self, by: &OperatorId) -> Fault {
        let way = self.way();
        let passed = way.iter().rev().filter_map(|node| {
            let seating = self.seatings.get(&node.name).filter(|seating| seating.passed)?;
            Some((node.name.clone(), seating))
        });
        for (node, seating) in passed {
            if seating.has_decided(by) {
                return Fault::SignedAlready { who: by.clone(), node };
            }
            if seating.takes_part(by) {
                return Fault::DecidedAlready(node);
            }
        }
        let lost = self.seatings.iter().find_map(|(node, seating)| {
            let gone = seating.seats.iter().find(|seat| seat.gone && seat.who == *by)?;
            Some(Fault::RoleLost {
                who: by.clone(),
                node: node.clone(),
                source_: gone.source.clone(),
            })
        });
        lost.unwrap_or_else(|| Fault::NotAsked(by.clone()))
    }

    /// Whose turn it is, where nobody comes first and he may.
    fn ready_turn(
        &self,
        by: &OperatorId,
        node: Option<&NodeId>,
        around: &Around<'_>,
    ) -> Result<Turn, Fault> {
        let turn = self.turn(by, node, around)?;
        let name = &turn.node.name;
        let Some(seating) = self.seatings.get(name) else {
            return Err(Fault::NotAsked(by.clone()));
        };
        let seat = &seating.seats[turn.seat];
        self.may_still(&turn, seating, by, around)?;
        let advised = !seat.also.contains(by);
        if let Some(first) = seating.waits_for(turn.seat, turn.node.mode, advised) {
            return Err(Fault::NotYet { node: name.clone(), waits_for: first.to_string() });
        }
        for other in &turn.node.distinct_from {
            let there = self.seatings.get(other);
            if there.is_some_and(|there| there.signers().contains(by)) {
                let (who, other) = (by.clone(), other.clone());
                return Err(Fault::SignedElsewhere { who, other, node: name.clone() });
            }
        }
        // The other way round too: there nobody may sign who signed here.
        for other in self.way().iter().filter(|other| other.distinct_from.contains(name)) {
            let there = self.seatings.get(&other.name);
            if there.is_some_and(|there| there.signers().contains(by)) {
                let (who, other) = (by.clone(), other.name.clone());
                return Err(Fault::SignedElsewhere { who, other, node: name.clone() });
            }
        }
        Ok(turn)
    }

    /// Whether somebody still is what he was asked as: whoever may decide because time ran out does not owe it to
    /// the other's role, but to a name of the levels that were reached.
    fn may_still(
        &self,
        turn: &Turn,
        seating: &Seating,
        by: &OperatorId,
        around: &Around<'_>,
    ) -> Result<(), Fault> {
        let (node, seat) = (&turn.node, &seating.seats[turn.seat]);
        let lost = |who: &OperatorId, source_: String| {
            let (who, node) = (who.clone(), node.name.clone());
            Err(Fault::RoleLost { who, node, source_ })
        };
        if seat.also.contains(by) {
            let levels = usize::try_from(seating.escalated).unwrap_or(usize::MAX);
            let mut names = node.escalate_to.iter().take(levels);
            let is_named = |one: &Who| people_of(one, self, Some(&seat.who), around).contains(by);
            if names.any(is_named) {
                return Ok(());
            }
            if !around.people.stands_in(by, &seat.who, around.now.day) {
                return lost(by, "whoever it was escalated to".to_owned());
            }
        }
        match self.is_still(node, seat, around) {
            true => Ok(()),
            false => lost(&seat.who, seat.source.clone()),
        }
    }

    /// Whose turn it is, where it may be handed to somebody in some way.
    fn handing(
        &self,
        by: &OperatorId,
        node: Option<&NodeId>,
        how: Allowed,
        to: &OperatorId,
        around: &Around<'_>,
    ) -> Result<Turn, Fault> {
        let turn = self.ready_turn(by, node, around)?;
        allows(&turn.node, how)?;
        let bad =
            |why| Err(Fault::BadPerson { who: to.clone(), node: turn.node.name.clone(), why });
        let seating = self.seatings.get(&turn.node.name);
        let fits = |one: &Who| people_of(one, self, None, around).contains(to);
        if !around.people.is_active(to) {
            return bad("is not an active operator");
        }
        if self.authors.contains(to) {
            return bad("wrote or submitted the document");
        }
        if seating.is_some_and(|seating| seating.takes_part(to)) {
            return bad("takes part there already");
        }
        if self.barred(&turn.node).contains(to) {
            return bad("signed at a step that must have other signers");
        }
        let narrow = how == Allowed::Transfer && !turn.node.transfer_to.is_empty();
        if narrow && !turn.node.transfer_to.iter().any(fits) {
            return bad("is none of those to whom the step may be handed over");
        }
        let full = seating.is_some_and(|seating| seating.seats.len() >= SEATS_MAX);
        match full && how == Allowed::AddSigner {
            true => Err(Fault::TooManySigners),
            false => Ok(turn),
        }
    }

    /// Who asked somebody for advice.
    fn advises(&self, by: &OperatorId, node: Option<&NodeId>) -> Result<Turn, Fault> {
        if self.authors.contains(by) {
            return Err(Fault::OwnDocument(by.clone()));
        }
        for open in self.open(node)? {
            let Some(seating) = self.seatings.get(&open.name).filter(|s| !s.passed) else {
                continue;
            };
            let mut asked = seating.live().filter(|(_, seat)| {
                let mine = |a: &crate::Advice| a.to == *by && a.given.is_none();
                seat.decision.is_none() && seat.advice.as_ref().is_some_and(mine)
            });
            if let Some((seat, found)) = asked.next() {
                return Ok(Turn { node: open.clone(), seat, of: found.who.clone() });
            }
        }
        Err(Fault::NotAsked(by.clone()))
    }
}

pub(crate) fn allows(node: &Approve, how: Allowed) -> Result<(), Fault> {
    let act = match how {
        Allowed::Transfer => "transfer",
        Allowed::Delegate => "delegate",
        Allowed::AddSigner => "add or remove signers",
        Allowed::TakeBack => "take back",
    };
    match node.allow.contains(&how) {
        true => Ok(()),
        false => Err(Fault::NotAllowed { node: node.name.clone(), act }),
    }
}

/// The open seat that somebody may take: his own, one that time gave him, one that he stands in for.
fn seat_for(seating: &Seating, by: &OperatorId, day: Day, around: &Around<'_>) -> Option<usize> {
    let open = || seating.live().filter(|(_, seat)| seat.decision.is_none());
    let own = open().find(|(_, seat)| seat.who == *by);
    let given = || open().find(|(_, seat)| seat.also.contains(by));
    let stands_in = || open().find(|(_, seat)| around.people.stands_in(by, &seat.who, day));
    own.or_else(given).or_else(stands_in).map(|(index, _)| index)
}
