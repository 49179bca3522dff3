//! What follows from approved policies and from the settings beside them: the conflicts of duties that they
//! give to people are borne by something recorded, a movement has the level, the second person and the
//! confirmation that they ask for, and a device that nobody approved is the one they name.
//!
//! Invariant: journals from before the settings were recorded are judged as they were then. Absent: whether
//! the policies are those that somebody approved (`two_changed`).

use gatewarden_model::{
    Actor, Body, Change, ChangeId, Decision, DeviceFacts, DeviceId, ItemId, MitigationOf, Movement,
    SodSeverity, facts::fits_facts,
};

use super::{Judge, Verdict, beside, is_name, two};
use crate::{
    access::Access,
    changes::{Gained, gained_by, with_said},
    factors::check_confirmation,
    passes::orderer,
    reservations::digest,
    state::{OpenChange, Operator, Policies},
    tasks::is_same,
    turn::session_of,
};

impl Judge {
    /// The request for policies that was approved last and whose effect follows, if it is this one.
    pub(super) fn approved_policies(&self, id: Option<&ChangeId>) -> Option<&OpenChange> {
        let open = self.approved.as_ref().filter(|open| Some(&open.id) == id)?;
        matches!(open.change, Change::Policies { .. }).then_some(open)
    }

    /// Whether something bears each conflict of duties that policies give to somebody. Journals from before the
    /// settings were recorded did not ask.
    pub(super) fn borne(&self, change: &Change) -> Verdict {
        let asked = self.state.policies.as_ref().is_some_and(|known| known.guards.is_some());
        let Some(new) = Policies::asked(change).filter(|_| asked) else { return Ok(()) };
        let unborne = |one: &Gained| {
            let known = self.state.operator(&one.operator).into_iter();
            let mut said = known.flat_map(|known| &known.mitigations);
            let bearable = one.conflict.severity == SodSeverity::Mitigate;
            !bearable || said.all(|said| said.conflict != one.conflict.id)
        };
        match gained_by(&self.state, &new).into_iter().find(unborne) {
            Some(one) => Err(format!("{}, which nothing bears", one.words())),
            None => Ok(()),
        }
    }

    /// Whether a movement is what the settings beside its decision's policies ask for: the level, the second
    /// person and the confirmation. Those of before asked nothing that the journal tells.
    pub(super) fn guarded(&self, movement: &Movement) -> Verdict {
        let said = &movement.decision;
        let Some(guards) = self.policies.get(&said.version).and_then(Access::guards) else {
            return Ok(());
        };
        let (kind, who, level) = (movement.kind, &movement.operator, movement.auth_level);
        let needed = guards.levels.needed(said.module, said.action, Some(kind));
        if level < needed {
            let kind = kind.name();
            return Err(format!("{kind} needs level {needed}, {who} moved it with level {level}"));
        }
        let two = &guards.two_persons;
        let class = |item: &ItemId| self.classes.get(item).is_some_and(|c| two.classes.contains(c));
        let needs_two =
            two.kinds.contains(&kind) || movement.lines.iter().any(|line| class(&line.item));
        if needs_two && movement.second.is_none() {
            return Err(format!("it needs two people, {who} moved it alone"));
        }
        // A pass is a movement that nobody posts.
        let posted = movement.pass.is_none();
        if posted && guards.confirm_kinds.contains(&kind) && movement.confirmation.is_none() {
            return Err(format!("{} is confirmed with a key, and this is not", kind.name()));
        }
        Ok(())
    }

    /// Whether somebody was as strongly authenticated as the settings ask of whoever uses this right.
    pub(super) fn strong(&self, by: &Actor, said: &Decision) -> Verdict {
        let guards = self.policies.get(&said.version).and_then(Access::guards);
        let (Some(guards), Actor::Operator { id, session }) = (guards, by) else { return Ok(()) };
        let level = session_of(&self.state, id, *session).map_or(0, |open| open.auth_level);
        let needed = guards.levels.needed(said.module, said.action, None);
        match level < needed {
            true => Err(format!("it needs level {needed}, {id} did it with level {level}")),
            false => Ok(()),
        }
    }

    /// Whether a movement's second person was another one with the right to it.
    fn second(&self, movement: &Movement) -> Verdict {
        let Some(second) = &movement.second else { return Ok(()) };
        let first = &movement.decision;
        beside(second, &movement.operator, (first.module, first.action))
    }

    /// Whether what moved had the two people that it needs.
    pub(super) fn two_moved(&self, movement: &Movement) -> Verdict {
        self.second(movement)?;
        self.guarded(movement)?;
        if let Some(said) = &movement.confirmation {
            let held = self.reservation(movement.reservation.unwrap_or(movement.id))?;
            let evidence = digest(&held.posting).map_err(|(_, why)| why)?;
            check_confirmation(&self.state, &movement.operator, said, evidence)
                .map_err(|why| format!("its confirmation does not hold: {why}"))?;
        }
        let by = Actor::Operator { id: movement.operator.clone(), session: None };
        let Some(task) = movement.task else {
            let held = movement.reservation.unwrap_or(movement.id);
            let own = self.state.reservation(held).is_some_and(|held| is_same(&held.by, &by));
            return two(!own, &by, "posted what he reserved");
        };
        let Some(ordered_by) = self.state.task(task).and_then(orderer) else { return Ok(()) };
        two(!is_name(ordered_by, &by), &by, "moved what he ordered")?;
        let approver = movement.approved_by.trim().to_lowercase();
        let alone = approver == ordered_by.trim().to_lowercase();
        match alone {
            true => Err(format!("{approver} approved the document that he ordered")),
            false => Ok(()),
        }
    }

    /// Whether the settings in force say that a device must be this. Journals from before these were recorded
    /// leave it to the configuration, whose digest the start tells.
    pub(super) fn pinned(&self, device: &DeviceId, identity: &DeviceFacts) -> Verdict {
        let known = self.state.policies.as_ref().and_then(|known| known.guards.as_ref());
        let Some(guards) = known else { return Ok(()) };
        match guards.pins.get(device).is_some_and(|pin| fits_facts(identity, pin)) {
            true => Ok(()),
            false => Err(format!("nobody approved {device}, and no setting says who it must be")),
        }
    }
}

/// Whether an entry records what was said for somebody with approved policies, and nothing else.
pub(super) fn mitigated(known: Option<&Operator>, body: &Body, said: &[MitigationOf]) -> Verdict {
    let (
        Body::Enrolled {
            operator,
            name,
            roles,
            badges,
            pin,
            kinds,
            tails,
            activation,
            mitigations,
            by: _,
            change: _,
        },
        Some(known),
    ) = (body, known)
    else {
        return Err("it enrols somebody by an approval of policies".to_owned());
    };
    let code = known.activation.as_ref().map(|open| open.code);
    let was = (&known.name, &known.roles, &known.badges, &known.kinds, &known.tails);
    let same = was == (name, roles, badges, kinds, tails);
    let expected = with_said(&known.mitigations, operator, said);
    match same && known.pin == *pin && code == *activation && expected == *mitigations {
        true => Ok(()),
        false => Err(format!("it changes {operator} by an approval of policies")),
    }
}
