//! What failures cost: nothing for the first few, then a delay that doubles, and at last a lock that
//! only somebody else opens.
//!
//! Invariants: while an operator is locked even the right PIN opens nothing and is not looked at; an
//! unknown badge is refused in the words, the count and the waits of a wrong PIN; nobody unlocks
//! himself; a sign-in, a resumption or an unlocking clears the failures, nothing else does.

use gatewarden_model::{Action, Actor, Body, Hash, Module, OperatorId, StationId};

use crate::{
    access::Facts,
    command::{PinCheck, Refusal, Reply},
    state::Lockout,
    turn::{Answer, Asked, Turn},
};

const WRONG: &str = "badge or PIN is wrong";
const SHUT: &str = "too many failures: no attempt counts until somebody else unlocks this operator \
    (`gatewarden operator unlock`)";

/// One attempt of somebody to prove who he is.
pub(crate) struct Attempt {
    pub(crate) station: Option<StationId>,
    /// The badge, where one was shown: strangers are told apart by it.
    pub(crate) badge: Option<Hash>,
    pub(crate) operator: Option<OperatorId>,
    pub(crate) lock: Option<Lockout>,
}

impl Attempt {
    pub(crate) fn failures(&self) -> u32 {
        self.lock.as_ref().map_or(0, |lock| lock.failures)
    }
}

impl Turn<'_> {
    /// An attempt by badge.
    pub(crate) fn attempt_by_badge(&self, station: Option<StationId>, badge: Hash) -> Attempt {
        let operator = self.state.operator_by_badge(&badge).map(|o| o.id.clone());
        let lock = match &operator {
            Some(id) => self.state.lockout(id).cloned(),
            None => self.memory.strangers.get(&badge).cloned(),
        };
        Attempt { station, badge: Some(badge), operator, lock }
    }

    /// An attempt of somebody who is known by his session.
    pub(crate) fn attempt_of(&self, station: Option<StationId>, operator: OperatorId) -> Attempt {
        let lock = self.state.lockout(&operator).cloned();
        Attempt { station, badge: None, operator: Some(operator), lock }
    }

    /// Whether an attempt succeeds, and who made it; `wrong` is what a failure is told as.
    pub(crate) fn prove(
        &mut self,
        attempt: &Attempt,
        check: PinCheck,
        wrong: Option<&str>,
    ) -> Result<OperatorId, Refusal> {
        let failures = attempt.failures();
        if let Some(lock) = &attempt.lock {
            if lock.until_unlocked {
                return Err(self.refuse_attempt(attempt, "locked", SHUT, failures, 0));
            }
            let left_ms = lock.delay_left_ms(&self.now);
            if left_ms > 0 {
                let left_s = left_ms.div_ceil(1000);
                let reason = format!("too many failures: no attempt counts for {left_s} s");
                return Err(self.refuse_attempt(attempt, "locked", &reason, failures, left_ms));
            }
        }
        match (check, &attempt.operator) {
            (PinCheck::Right, Some(operator)) => Ok(operator.clone()),
            (PinCheck::Absent, _) => {
                let reason = "the PIN is missing";
                Err(self.refuse_attempt(attempt, "pin-missing", reason, failures, 0))
            }
            _ => {
                let failures = failures.saturating_add(1);
                let wait_ms = self.wait_ms(failures);
                let reason = wrong.unwrap_or(WRONG);
                Err(self.refuse_attempt(attempt, "sign-in-refused", reason, failures, wait_ms))
            }
        }
    }

    /// Whether so many failures lock until somebody unlocks.
    fn is_shut(&self, failures: u32) -> bool {
        self.settings.failures_max > 0 && failures >= self.settings.failures_max
    }

    /// The wait after so many failures in a row: none, then doubling up to the longest.
    fn wait_ms(&self, failures: u32) -> u64 {
        let Some(beyond) = failures.checked_sub(self.settings.free_attempts.saturating_add(1))
        else {
            return 0;
        };
        let factor = 1u64.checked_shl(beyond).unwrap_or(u64::MAX);
        self.settings.first_delay_ms.saturating_mul(factor).min(self.settings.delay_ms_max)
    }

    /// Records that an attempt failed.
    pub(crate) fn refuse_attempt(
        &mut self,
        attempt: &Attempt,
        code: &'static str,
        reason: &str,
        failures: u32,
        locked_ms: u64,
    ) -> Refusal {
        let stays = attempt.lock.as_ref().is_some_and(|lock| lock.until_unlocked);
        let until_unlocked = stays || self.is_shut(failures);
        if let (None, Some(badge)) = (&attempt.operator, attempt.badge) {
            let since = self.now;
            let lock = Lockout { failures, since, locked_ms, until_unlocked };
            self.memory.strangers.insert(badge, lock);
        }
        let (operator, station) = (attempt.operator.clone(), attempt.station.clone());
        let reason = reason.to_owned();
        self.refused(
            code,
            Body::SignInRefused { operator, station, reason, failures, locked_ms, until_unlocked },
        )
    }

    pub(crate) fn refused(&mut self, code: &'static str, body: Body) -> Refusal {
        let message = match &body {
            Body::SignInRefused { reason, .. } => reason.clone(),
            _ => String::new(),
        };
        let recorded = Some(self.record(body));
        Refusal { code, message, recorded }
    }

    /// Whether a person other than this one may unlock.
    fn others_may(&self, operator: &OperatorId) -> bool {
        let (matrix, _) = self.access.source();
        self.state.approvers(matrix).any(|one| one.id != *operator && one.pin.is_some())
    }

    /// Lets an operator try again whom failures locked out. The box's own account does so only where no
    /// person may: else it could try PINs for ever.
    pub(crate) fn unlock(&mut self, operator: OperatorId, by: Actor) -> Answer {
        let mut asked = Asked::new(&by, Action::Modify, Module::System);
        asked.document = Some(operator.to_string());
        let decision = self.permit(asked.clone(), Facts::default())?;
        let against = match &by {
            Actor::Operator { id, .. } if *id == operator => Some((
                "same-person",
                "nobody unlocks himself: ask another administrator".to_owned(),
            )),
            Actor::Client { id } => {
                Some(("not-an-operator", format!("{id} is a machine: ask an administrator")))
            }
            Actor::Local { .. } if self.others_may(&operator) => Some((
                "not-an-operator",
                "an administrator unlocks, in a session of his own: name his badge with --badge"
                    .to_owned(),
            )),
            _ if self.state.operator(&operator).is_none() => {
                Some(("unknown-operator", format!("{operator} is not enrolled")))
            }
            _ if self.state.lockout(&operator).is_none_or(|lock| lock.failures == 0) => {
                Some(("not-locked", format!("{operator} is not locked: nothing is to be done")))
            }
            _ => None,
        };
        if let Some((code, message)) = against {
            return Err(self.deny(asked, code, message, Some(decision)));
        }
        self.record(Body::Unlocked { operator, by, decision });
        Ok(Reply::Done)
    }
}
