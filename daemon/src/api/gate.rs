//! The gate before every sign-in: strangers must neither fill the journal nor keep the PIN checker
//! busy.
//!
//! An attempt with a badge that is known and not locked always passes; it is bounded by its own
//! lock-out. Any other is recorded at most [`STRANGERS_AT_ONCE`] times at once and then every
//! [`STRANGER_EVERY_US`]; what is beyond is counted and told in the log only. While the gate is
//! shut, 429 instead of 401 tells a stranger that a badge is unknown or locked; a badge is a name.

use std::sync::{Arc, Mutex};

use axum::{Json, http::StatusCode};
use axum_extra::extract::CookieJar;
use gatewarden_engine::Reply;
use gatewarden_model::StationId;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Api, problem::Problem, stations::Credentials};
use crate::secrets;

/// Attempts of strangers that are recorded without a pause.
const STRANGERS_AT_ONCE: u32 = 60;
/// One more may be recorded after so many microseconds.
const STRANGER_EVERY_US: u64 = 2_000_000;
/// Sign-ins that may be under way; each may cost an Argon2id run.
const SIGN_INS_MAX: usize = 16;

/// Shared by all sign-in doors.
#[derive(Clone)]
pub(crate) struct Gate {
    strangers: Arc<Mutex<Bucket>>,
    under_way: Arc<Semaphore>,
}

impl Default for Gate {
    fn default() -> Self {
        let strangers = Arc::new(Mutex::new(Bucket { left: STRANGERS_AT_ONCE, filled_us: 0 }));
        Self { strangers, under_way: Arc::new(Semaphore::new(SIGN_INS_MAX)) }
    }
}

/// What a successful sign-in answers: the session, and the cookie that stands for it.
pub(super) type SignedIn = (StatusCode, CookieJar, Json<Value>);

/// Signs somebody in at a station, or at the console.
pub(super) async fn sign_in(
    api: &Api,
    station: Option<StationId>,
    credentials: Credentials,
    jar: CookieJar,
) -> Result<SignedIn, Problem> {
    let Credentials { badge, pin } = credentials;
    let _place = admit(api, station.as_ref(), badge.as_deref()).await?;
    let (session, answer) = api.app.sign_in(station, badge.as_deref(), Some(pin)).await?;
    match answer? {
        Reply::SignedIn(opened) => {
            let cookie = api.cookies.issue(session);
            Ok((StatusCode::CREATED, jar.add(cookie), Json(json!(opened))))
        }
        other => Err(Problem::bad_request(format!("unexpected answer {other:?}"))),
    }
}

/// Lets somebody try a one-time code, slowly: who has none is a stranger.
pub(super) fn admit_stranger(api: &Api) -> Result<(), Problem> {
    let now = api.app.clock.now();
    let admitted = api.gate.strangers.lock().is_ok_and(|mut bucket| bucket.take(now.mono_us));
    if admitted {
        return Ok(());
    }
    tracing::warn!("a one-time code was turned away: too many attempts");
    let message = "there were too many attempts; try again in a moment";
    Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "busy", message))
}

/// Lets a sign-in in, and keeps its place until it is dropped; 429 if it has to wait.
async fn admit(
    api: &Api,
    station: Option<&StationId>,
    badge: Option<&str>,
) -> Result<OwnedSemaphorePermit, Problem> {
    let busy = |what: &str| {
        metrics::counter!("gatewarden_sign_ins_turned_away_total").increment(1);
        Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "busy",
            format!("{what}; try again in a moment"),
        )
    };
    let place = Arc::clone(&api.gate.under_way).try_acquire_owned();
    let place = place.map_err(|_| busy("too many people are signing in at once"))?;
    let (badge, station) = (badge.map(secrets::badge_digest), station.cloned());
    let now = api.app.clock.now();
    let welcome = api
        .app
        .recorder
        .query(move |engine| {
            let badge = badge.or_else(|| engine.badge_seen(station.as_ref()?, &now));
            let operator = badge.and_then(|badge| engine.state().operator_by_badge(&badge));
            operator.is_some_and(|o| engine.state().lock_remaining_ms(&o.id, &now) == 0)
        })
        .await?;
    let mut strangers = api.gate.strangers.lock().map_err(|_| busy("the gate is shut"))?;
    if welcome || strangers.take(now.mono_us) {
        return Ok(place);
    }
    tracing::warn!("a sign-in was turned away: too many with unknown or locked badges");
    Err(busy("there were too many attempts with unknown or locked badges"))
}

/// A token bucket; time is an argument.
#[derive(Debug)]
struct Bucket {
    left: u32,
    filled_us: u64,
}

impl Bucket {
    fn take(&mut self, now_us: u64) -> bool {
        let gained = now_us.saturating_sub(self.filled_us) / STRANGER_EVERY_US;
        let gained = u32::try_from(gained).unwrap_or(u32::MAX);
        self.left = self.left.saturating_add(gained).min(STRANGERS_AT_ONCE);
        self.filled_us = self.filled_us.max(now_us - now_us % STRANGER_EVERY_US);
        self.left.checked_sub(1).map(|left| self.left = left).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_let_in_slowly_after_the_first() {
        let mut bucket = Bucket { left: STRANGERS_AT_ONCE, filled_us: 0 };
        let now = 100 * STRANGER_EVERY_US;
        let passed = (0..200).filter(|_| bucket.take(now)).count();
        assert_eq!(passed, STRANGERS_AT_ONCE as usize);
        let later = (1..=10).filter(|n| bucket.take(now + n * STRANGER_EVERY_US)).count();
        assert_eq!(later, 10);
        assert!(!bucket.take(now + 10 * STRANGER_EVERY_US + 1));
    }
}
