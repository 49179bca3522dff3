//! Second factors: one-time codes and passkeys, added, used, removed; and what a key signed.
//!
//! Invariants: an operator asks for his own, in a session of his own, and another person approves; what
//! a use counts is recorded in the turn that grants what it was used for, and never goes back, whatever
//! the clock says; taking one away is immediate, and who leaves has none. A confirmation is held against
//! the passkey that the journal names and the digest of the very posting. Absent: checking codes, and
//! page and relying party of a browser's answer (the daemon's: the journal can't know them).

use std::collections::BTreeMap;

use gatewarden_identity::{
    Passkey, Purpose,
    webauthn::{AssertionResponse, Base64Url, challenge, verify_recorded},
};
use gatewarden_model::{
    Action, Actor, Body, ChangeId, Confirmation, Decision, Hash, Module, OperatorId, PasskeyRecord,
    SecondFactor, Stamp,
};
use serde::Serialize;

use crate::{
    access::Facts,
    command::{Factor, Refusal, Reply},
    holds::check_reason,
    sessions::levels,
    state::State,
    turn::{Answer, Asked, Fault, Turn, authenticated},
};

/// Second factors of one operator.
pub const FACTORS_MAX: usize = 8;

/// A second factor that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownFactor {
    /// What it is.
    pub factor: SecondFactor,
    /// The highest count so far.
    pub counter: u64,
    /// Since when it counts.
    pub since: Stamp,
    /// When it was used last.
    pub used: Option<Stamp>,
}

/// A use of a second factor, as it was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FactorUse {
    /// Which.
    pub id: Hash,
    /// The step of the one-time code, or the key's signature counter.
    pub counter: u64,
}

impl State {
    /// The second factors of an operator.
    pub fn factors(&self, operator: &OperatorId) -> impl Iterator<Item = &KnownFactor> {
        self.factors.get(operator).into_iter().flat_map(BTreeMap::values)
    }

    /// One of them.
    #[must_use]
    pub fn factor(&self, operator: &OperatorId, id: &Hash) -> Option<&KnownFactor> {
        self.factors.get(operator)?.get(id)
    }

    /// Whether anybody has a second factor: they rest on the installation's key.
    #[must_use]
    pub fn has_factors(&self) -> bool {
        !self.factors.is_empty()
    }

    /// What is against a use, if anything is.
    pub(crate) fn check_use(
        &self,
        operator: &OperatorId,
        used: &FactorUse,
    ) -> Result<&KnownFactor, &'static str> {
        let known = self.factor(operator, &used.id);
        let known = known.ok_or("it is none of this operator's: enrol it first")?;
        match known.factor.may_follow(known.counter, used.counter) {
            true => Ok(known),
            false => Err("it was used already: take the next one"),
        }
    }

    pub(crate) fn factor_added(&mut self, at: Stamp, operator: &OperatorId, factor: &SecondFactor) {
        let (factor, counter) = (factor.clone(), factor.first_count());
        let own = self.factors.entry(operator.clone()).or_default();
        own.insert(factor.id(), KnownFactor { factor, counter, since: at, used: None });
    }

    pub(crate) fn factor_used(&mut self, at: Stamp, operator: &OperatorId, used: &FactorUse) {
        let own = self.factors.get_mut(operator);
        if let Some(known) = own.and_then(|own| own.get_mut(&used.id)) {
            known.counter = used.counter;
            known.used = Some(at);
        }
    }

    pub(crate) fn factor_removed(&mut self, operator: &OperatorId, id: &Hash) {
        if let Some(own) = self.factors.get_mut(operator) {
            own.remove(id);
            if own.is_empty() {
                self.factors.remove(operator);
            }
        }
    }
}

impl Turn<'_> {
    /// Refuses to ask for a factor on behalf of somebody else, or without a session of one's own.
    pub(crate) fn check_own(&mut self, asked: &Asked, whose: &OperatorId) -> Result<(), Refusal> {
        let own = matches!(&asked.by, Actor::Operator { id, session: Some(_) } if id == whose);
        let fault = match authenticated(self.state, &asked.by, &Facts::default()) {
            Err(fault) => Some(fault),
            Ok(_) if !own => {
                let message = "everybody asks for his own factors: sign in".to_owned();
                Some(("not-yours", message))
            }
            Ok((_, facts)) if facts.auth_level < Some(levels::LEVEL_PIN) => {
                let message = "a further factor needs a session by badge and PIN".to_owned();
                Some(("step-up-needed", message))
            }
            Ok(_) => None,
        };
        match fault {
            None => Ok(()),
            Some((code, message)) => Err(self.deny(asked.clone(), code, message, None)),
        }
    }

    /// Whether a factor can be added as things are now.
    pub(crate) fn check_factor(
        &self,
        who: &OperatorId,
        factor: &SecondFactor,
    ) -> Result<(), Fault> {
        let invalid = |message: String| Err(("factor-invalid", message));
        factor.check().map_err(|message| ("factor-invalid", message))?;
        if self.state.operator(who).is_none() {
            return Err(("unknown-operator", format!("{who} is not enrolled")));
        }
        if let SecondFactor::Passkey { id, key, .. } = factor {
            match passkey(key) {
                Some(passkey) if passkey.digest() == *id => {}
                _ => return invalid("registration: the passkey is not what its id says".into()),
            }
        }
        let taken = self.state.factors.values().any(|own| own.contains_key(&factor.id()));
        if taken {
            return invalid("this factor is enrolled already: use another".to_owned());
        }
        if self.state.factors(who).count() >= FACTORS_MAX {
            return invalid(format!("an operator has at most {FACTORS_MAX} factors: remove one"));
        }
        Ok(())
    }

    pub(crate) fn add_factor(
        &mut self,
        operator: OperatorId,
        factor: SecondFactor,
        change: ChangeId,
        by: Actor,
    ) {
        self.record(Body::FactorAdded { operator, factor, change, by });
    }

    /// Takes a factor away: one's own, or by whoever may modify in the module system. In the latter case
    /// all sessions of its operator end, for it may have raised them.
    pub(crate) fn remove_factor(
        &mut self,
        operator: OperatorId,
        factor: Hash,
        reason: String,
        by: Actor,
    ) -> Answer {
        let mut asked = Asked::new(&by, Action::Modify, Module::System);
        asked.document = Some(operator.to_string());
        let own = matches!(&by, Actor::Operator { id, session: Some(_) } if *id == operator);
        let decision = match own {
            true => {
                self.check_own(&asked, &operator)?;
                None
            }
            false => Some(self.permit(asked.clone(), Facts::default())?),
        };
        let against = match self.state.factor(&operator, &factor) {
            None => Some(("unknown-factor", format!("{operator} has no such factor"))),
            Some(_) => check_reason(&reason).err().map(|message| ("reason-missing", message)),
        };
        if let Some((code, message)) = against {
            return Err(self.deny(asked, code, message, decision));
        }
        let id = operator.clone();
        self.record(Body::FactorRemoved { operator, factor, reason, by, decision });
        if !own {
            self.end_sessions_of(&id, "changed");
        }
        Ok(Reply::Done)
    }

    /// Takes all factors away from somebody who leaves.
    pub(crate) fn drop_factors(&mut self, operator: &OperatorId, by: &Actor, decision: &Decision) {
        let own: Vec<Hash> = self.state.factors(operator).map(|known| known.factor.id()).collect();
        for factor in own {
            let (operator, by, reason) = (operator.clone(), by.clone(), "left".to_owned());
            let decision = Some(decision.clone());
            self.record(Body::FactorRemoved { operator, factor, reason, by, decision });
        }
    }

    /// Whether a use counts as what it is said to be.
    pub(crate) fn counts(&self, who: &OperatorId, as_what: Factor, used: &FactorUse) -> bool {
        self.state.check_use(who, used).is_ok_and(|known| match known.factor {
            SecondFactor::Totp { .. } => as_what == Factor::Totp,
            SecondFactor::Passkey { .. } => as_what == Factor::SecurityKey,
        })
    }

    pub(crate) fn use_factor(&mut self, operator: &OperatorId, used: &FactorUse) {
        let (operator, FactorUse { id: factor, counter }) = (operator.clone(), *used);
        self.record(Body::FactorUsed { operator, factor, counter });
    }
}

/// The passkey of a record, if it is one.
fn passkey(record: &PasskeyRecord) -> Option<Passkey> {
    serde_json::from_value(serde_json::to_value(record).ok()?).ok()
}

/// Whether a key signed exactly what has this digest: what is against it, in words, or the use of it.
pub(crate) fn check_confirmation(
    state: &State,
    operator: &OperatorId,
    confirmation: &Confirmation,
    digest: Hash,
) -> Result<FactorUse, String> {
    let Confirmation { factor, nonce, client_data, authenticator_data, signature } = confirmation;
    let known = state.factor(operator, factor);
    let Some(SecondFactor::Passkey { key, .. }) = known.map(|known| &known.factor) else {
        return Err(format!("{operator} has no such passkey"));
    };
    let damaged = || "the key's answer is damaged: try again".to_owned();
    let bytes = |text: &str| Base64Url::parse(text).ok_or_else(damaged);
    let answer = AssertionResponse {
        client_data_json: bytes(client_data)?,
        authenticator_data: bytes(authenticator_data)?,
        signature: bytes(signature)?,
        user_handle: None,
    };
    let passkey = passkey(key).ok_or_else(damaged)?;
    let asked = challenge(Purpose::Confirm, nonce.0, digest);
    let counter = verify_recorded(&asked, &passkey, &answer).map_err(|error| error.to_string())?;
    Ok(FactorUse { id: *factor, counter: counter.into() })
}
