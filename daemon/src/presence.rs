//! Proving who one is in a session that is open already: resuming it, joining it as the second
//! person.
//!
//! Invariants: a PIN is looked at only where it can count, off the async threads, and for the very
//! badge that stood there when the look began. What comes of it the engine decides. Signing in is
//! `App::sign_in`.

use gatewarden_engine::{Command, Engine, PinCheck};
use gatewarden_model::{OperatorId, SessionId};

use crate::{app::App, badges, recorder::Answer};

impl App {
    /// Opens an idle or locked session again, with its operator's PIN.
    pub(crate) async fn resume(&self, session: SessionId, pin: String) -> anyhow::Result<Answer> {
        let own = move |engine: &Engine| Some(engine.state().session(session)?.operator.clone());
        let operator = self.recorder.query(own).await?;
        let pin = self.check_pin_of(operator, pin).await?;
        Ok(self.recorder.command(Command::Resume { session, pin }).await?)
    }

    /// Lets a second person join a session, with his own badge (or the one that was scanned at its
    /// station) and PIN.
    pub(crate) async fn join(
        &self,
        session: SessionId,
        badge: Option<&str>,
        pin: String,
    ) -> anyhow::Result<Answer> {
        let (scan, now) = (badge.map(str::to_owned), self.clock.now());
        let (badge, operator) = self
            .recorder
            .query(move |engine| {
                let state = engine.state();
                let here = state.session(session).and_then(|open| open.station.as_ref());
                let shown = scan.map(|scan| badges::badge_of(state, &scan));
                let badge = shown.or_else(|| engine.badge_seen(here?, &now));
                let operator = badge.and_then(|badge| state.operator_by_badge(&badge));
                (badge, operator.map(|o| o.id.clone()))
            })
            .await?;
        let pin = self.check_pin_of(operator, pin).await?;
        Ok(self.recorder.command(Command::Join { session, badge, pin }).await?)
    }

    /// Checks a PIN unless its owner is locked out.
    async fn check_pin_of(
        &self,
        operator: Option<OperatorId>,
        pin: String,
    ) -> anyhow::Result<PinCheck> {
        let (who, now) = (operator.clone(), self.clock.now());
        let is_locked = move |engine: &Engine| {
            who.is_some_and(|who| engine.state().lock_remaining_ms(&who, &now) > 0)
        };
        if self.recorder.query(is_locked).await? {
            return Ok(PinCheck::Absent);
        }
        self.check_pin(operator, pin).await
    }
}
