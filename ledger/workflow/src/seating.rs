//! Who is asked at one step, and what they said: seats, and when a step has what it needs.
//!
//! A seat is one person's turn. Added signers have seats of their own that hang on another's: that one is
//! complete only when they are. Nothing here makes a step need less than its definition says.

use std::collections::BTreeSet;

use gatewarden_model::{Hash, NodeId, OperatorId, SignerPlace, Verdict};

use crate::{Approve, Mode};

/// Most seats of one step.
pub const SEATS_MAX: usize = 200;

/// A decision, and over what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// At which step.
    pub node: NodeId,
    /// Who signed.
    pub by: OperatorId,
    /// Whose turn it was.
    pub of: OperatorId,
    /// For or against.
    pub verdict: Verdict,
    /// The digest of the version that he saw.
    pub on: Hash,
    /// When, microseconds since 1970-01-01T00:00:00Z.
    pub at_us: i64,
    /// The number of the entry that records it.
    pub entry: u64,
    /// The step whose signature counts here too.
    pub carried: Option<NodeId>,
}

/// Somebody was asked for advice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// Who.
    pub to: OperatorId,
    /// What he advised; none as long as he did not.
    pub given: Option<Verdict>,
}

/// On whose seat an added signer's hangs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// The index of that seat.
    pub to: usize,
    /// Before or after.
    pub place: SignerPlace,
    /// Who added him.
    pub by: OperatorId,
}

/// One person's turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Who decides.
    pub who: OperatorId,
    /// As what he is asked.
    pub source: String,
    /// What his vote weighs.
    pub weight: u32,
    /// Whether what he is asked as needs no proof any more: one level up, handed over, or added.
    pub given: bool,
    /// Whether it was handed over to him by somebody else.
    pub handed: bool,
    /// The approvers that came out empty, in whose place he is asked.
    pub instead_of: Option<String>,
    /// Who may decide too, because time ran out.
    pub also: Vec<OperatorId>,
    /// Of an added signer: on whose seat his hangs.
    pub added: Option<Added>,
    /// The advice asked for last.
    pub advice: Option<Advice>,
    /// What was decided.
    pub decision: Option<Signature>,
    /// Whether it was taken away.
    pub gone: bool,
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Open,
    Passed,
    Failed,
}

/// The seats of one step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seating {
    /// In the order in which they were asked.
    pub seats: Vec<Seat>,
    /// When it began, microseconds since 1970-01-01T00:00:00Z.
    pub opened_us: i64,
    /// How often they were reminded.
    pub reminded: u32,
    /// How often it was escalated.
    pub escalated: u32,
    /// Whether it has what it needs.
    pub passed: bool,
    /// Acts of people since it began.
    pub acts: u32,
}

impl Seating {
    /// The seats that count, by index.
    pub(crate) fn live(&self) -> impl Iterator<Item = (usize, &Seat)> {
        self.seats.iter().enumerate().filter(|(_, seat)| !seat.gone)
    }

    /// Those of them that the definition asks for.
    pub(crate) fn base(&self) -> impl Iterator<Item = (usize, &Seat)> {
        self.live().filter(|(_, seat)| seat.added.is_none())
    }

    pub(crate) fn children(&self, of: usize) -> impl Iterator<Item = (usize, &Seat)> {
        self.live().filter(move |(_, seat)| seat.added.as_ref().is_some_and(|a| a.to == of))
    }

    /// The live seat of a person.
    pub(crate) fn seat_of(&self, who: &OperatorId) -> Option<usize> {
        self.live().find(|(_, seat)| seat.who == *who).map(|(index, _)| index)
    }

    /// Whether a person takes part in any way: decides, may decide too, advises, or has decided.
    pub(crate) fn takes_part(&self, who: &OperatorId) -> bool {
        self.live().any(|(_, seat)| {
            let advises = seat.advice.as_ref().is_some_and(|a| a.given.is_none() && a.to == *who);
            seat.who == *who || seat.also.contains(who) || advises
        }) || self.has_decided(who)
    }

    /// Whether a person decided here, whosever turn it was.
    pub(crate) fn has_decided(&self, who: &OperatorId) -> bool {
        self.live().any(|(_, seat)| seat.decision.as_ref().is_some_and(|d| d.by == *who))
    }

    /// Whether somebody said no on this seat, or on one that hangs on it.
    fn refused(&self, index: usize) -> bool {
        let no = |seat: &Seat| seat.decision.as_ref().is_some_and(|d| d.verdict == Verdict::Reject);
        no(&self.seats[index]) || self.children(index).any(|(child, _)| self.refused(child))
    }

    /// Whether it is signed, and all that hang on it are.
    fn complete(&self, index: usize, counts: &impl Fn(&Signature) -> bool) -> bool {
        let signed = self.seats[index].decision.as_ref();
        signed.is_some_and(|d| d.verdict == Verdict::Approve && counts(d))
            && self.children(index).all(|(child, _)| self.complete(child, counts))
    }

    /// The decision that a person gave here.
    pub(crate) fn signature_of(&self, who: &OperatorId) -> Option<&Signature> {
        let mut decisions = self.live().filter_map(|(_, seat)| seat.decision.as_ref());
        decisions.find(|d| d.by == *who)
    }

    /// Who must act before this seat can decide, if anybody; whom its own person asked for advice is
    /// waited for by that person only.
    pub(crate) fn waits_for(&self, index: usize, mode: Mode, advised: bool) -> Option<OperatorId> {
        let all = |_: &Signature| true;
        let seat = &self.seats[index];
        let advice = seat.advice.as_ref().filter(|advice| advised && advice.given.is_none());
        if let Some(advice) = advice {
            return Some(advice.to.clone());
        }
        let before = |s: &Seat| s.added.as_ref().is_some_and(|a| a.place == SignerPlace::Before);
        let mut first = self.children(index).filter(|(i, s)| before(s) && !self.complete(*i, &all));
        if let Some((_, first)) = first.next() {
            return Some(first.who.clone());
        }
        if let Some(added) = &seat.added {
            let parent = &self.seats[added.to];
            let after = added.place == SignerPlace::After;
            return (after && parent.decision.is_none()).then(|| parent.who.clone());
        }
        if mode != Mode::AllInOrder {
            return None;
        }
        let units = self.units();
        let mine = units.iter().position(|unit| unit.contains(&index))?;
        let open = |unit: &&Vec<usize>| !unit.iter().any(|i| self.complete(*i, &all));
        units[..mine].iter().find(open).map(|unit| self.seats[unit[0]].who.clone())
    }

    /// The seats by what each must bring: those of one fall-back together bring one signature.
    fn units(&self) -> Vec<Vec<usize>> {
        let mut units: Vec<(Option<&String>, Vec<usize>)> = vec![];
        for (index, seat) in self.base() {
            let group = seat.instead_of.as_ref();
            match units.iter_mut().find(|(known, _)| group.is_some() && *known == group) {
                Some((_, unit)) => unit.push(index),
                None => units.push((group, vec![index])),
            }
        }
        units.into_iter().map(|(_, unit)| unit).collect()
    }

    /// How the step stands, where the signatures that `counts` names count.
    pub(crate) fn standing(
        &self,
        node: &Approve,
        counts: &impl Fn(&Signature) -> bool,
    ) -> Standing {
        let units = self.units();
        let complete = |unit: &&Vec<usize>| unit.iter().any(|i| self.complete(*i, counts));
        let refused = |unit: &&Vec<usize>| unit.iter().any(|i| self.refused(*i));
        let any_refused = units.iter().any(|unit| refused(&unit));
        let weight =
            |unit: &Vec<usize>| unit.first().map_or(0, |i| u64::from(self.seats[*i].weight));
        let (passed, failed) = match node.mode {
            Mode::AnyOne => (units.iter().any(|unit| complete(&unit)), any_refused),
            Mode::All | Mode::AllInOrder => {
                (!units.is_empty() && units.iter().all(|unit| complete(&unit)), any_refused)
            }
            Mode::Quorum => {
                let needed = u64::from(node.threshold.max(1));
                let for_it: u64 = units.iter().filter(complete).map(weight).sum();
                let left: u64 = units.iter().filter(|unit| !refused(unit)).map(weight).sum();
                (for_it >= needed, any_refused && left < needed)
            }
        };
        match (passed, failed) {
            // Of one who said yes and one who said no, the first ended the step.
            (true, _) => Standing::Passed,
            (false, true) => Standing::Failed,
            (false, false) => Standing::Open,
        }
    }

    /// Those whose decision is not needed any more.
    pub(crate) fn cancelled(&self) -> Vec<OperatorId> {
        let open = self.live().filter(|(_, seat)| seat.decision.is_none());
        open.map(|(_, seat)| seat.who.clone()).collect()
    }

    /// Who signed in favour.
    pub(crate) fn signers(&self) -> BTreeSet<&OperatorId> {
        let decisions = self.live().filter_map(|(_, seat)| seat.decision.as_ref());
        decisions.filter(|d| d.verdict == Verdict::Approve).map(|d| &d.by).collect()
    }
}
