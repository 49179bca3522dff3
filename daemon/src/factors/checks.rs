//! Checking what somebody proves himself by: a code of his app, or his key's answer to a question that
//! this very session was asked.
//!
//! Invariants: only factors of the session's own operator are looked at, with the counts that the journal
//! has; a key is asked once for each answer. Absent: recording what was counted and granting anything
//! (the engine, in one turn).

use gatewarden_engine::{Command, FactorUse};
use gatewarden_identity::{
    Passkey, Totp, TotpError, WebauthnError,
    totp::{self, Algorithm},
    webauthn::{self, Assertion, UserHandle, challenge, user_handle, verify_assertion},
};
use gatewarden_model::{Confirmation, Hash, SecondFactor, SessionId};

use super::{About, FactorError, Owner};
use crate::app::App;

impl App {
    /// What a code counts, if one of the operator's apps shows it and it was not used.
    pub(crate) async fn check_code(
        &self,
        session: SessionId,
        code: &str,
    ) -> Result<Result<FactorUse, TotpError>, FactorError> {
        let (owner, now) = (self.owner(session).await?, self.clock.now());
        let key = self.factors.key(&self.recorder).await?;
        let mut worst = None;
        for known in &owner.known {
            let SecondFactor::Totp { id, .. } = &known.factor else { continue };
            let codes = Totp::new(totp::derived_secret(&key, &owner.id, id), Algorithm::Sha1);
            match codes.verify(code, &now, Some(known.counter)) {
                Ok(counter) => return Ok(Ok(FactorUse { id: *id, counter })),
                Err(error @ (TotpError::Form | TotpError::NoTime)) => return Err(error.into()),
                Err(TotpError::Used) => worst = Some(TotpError::Used),
                Err(error) => worst = worst.or(Some(error)),
            }
        }
        let message = "you have no one-time codes here: set an app up, and have it approved";
        match worst {
            Some(error) => Ok(Err(error)),
            None => Err(FactorError::Missing("no-codes", message.to_owned())),
        }
    }

    /// What a key's answer counts, if it is one of the operator's and answers the question of this
    /// session. A copied key is alarmed.
    pub(crate) async fn check_answer(
        &self,
        session: SessionId,
        (about, digest): (About, Hash),
        answer: &Assertion,
    ) -> Result<(FactorUse, [u8; 32]), FactorError> {
        let (owner, now) = (self.owner(session).await?, self.clock.now());
        let own = owner.some_passkeys()?;
        let handle = user_handle(&self.factors.key(&self.recorder).await?, &owner.id);
        let nonce = self.factors.take(session, about, &now)?;
        let asked = challenge(about.purpose(), nonce, digest);
        let meant = own.iter().find(|passkey| passkey.credential_id == answer.raw_id);
        let passkey = meant.ok_or(WebauthnError::WrongCredential)?;
        let verdict = self.judge(&asked, passkey, &handle, answer);
        if let Err(WebauthnError::Cloned { stored, got }) = verdict {
            self.alarm_copy(&owner, passkey, (stored, got)).await;
        }
        let counter = verdict?.into();
        Ok((FactorUse { id: passkey.digest(), counter }, nonce))
    }

    fn judge(
        &self,
        asked: &webauthn::Challenge,
        passkey: &Passkey,
        handle: &UserHandle,
        answer: &Assertion,
    ) -> Result<u32, WebauthnError> {
        let party = self.factors.0.party.as_ref().map_err(|_| WebauthnError::WrongRpId)?;
        Ok(verify_assertion(party, asked, passkey, handle, answer)?.sign_count)
    }

    async fn alarm_copy(&self, owner: &Owner, passkey: &Passkey, (stored, got): (u32, u32)) {
        metrics::counter!("gatewarden_alarms_total").increment(1);
        let id = passkey.digest();
        let who = &owner.id;
        let reason = format!(
            "there is a copy of the security key {id} of {who}: it counts {got} signatures, and \
             {stored} were seen; remove it"
        );
        tracing::error!("{reason}");
        let station = owner.station.clone();
        let alarm = Command::Alarm { reason, further: 0, station };
        if let Err(error) = self.recorder.command(alarm).await {
            tracing::error!(%error, "the alarm could not be recorded");
        }
    }
}

/// What a movement keeps of an answer.
pub(crate) fn confirmation(factor: Hash, nonce: [u8; 32], answer: &Assertion) -> Confirmation {
    let said = &answer.response;
    Confirmation {
        factor,
        nonce: Hash(nonce),
        client_data: said.client_data_json.to_string(),
        authenticator_data: said.authenticator_data.to_string(),
        signature: said.signature.to_string(),
    }
}
