//! The gate before every sign-in: strangers must neither fill the journal nor keep the PIN checker
//! busy.
//!
//! An attempt with a badge that is known and not locked always passes; it is bounded by its own
//! lock-out. Any other is recorded at most [`STRANGERS_AT_ONCE`] times at once and then every
//! [`STRANGER_EVERY_US`]; what is beyond is counted and told in the log only. While the gate is
//! shut, 429 instead of 401 tells a stranger that a badge is unknown or locked; a badge is a name.
//! One PIN tried on many badges is slowed by where it comes from (`spray`).

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
};

use axum::{Json, http::StatusCode};
use axum_extra::extract::CookieJar;
use gatewarden_engine::{Command, Engine, Refusal, Reply};
use gatewarden_model::{OperatorId, SessionId, StationId};
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    Api, Peer,
    problem::Problem,
    spray::{Alarm, Spray},
    stations::Credentials,
};
use crate::badges;

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
    spray: Arc<Mutex<Spray>>,
    under_way: Arc<Semaphore>,
}

impl Default for Gate {
    fn default() -> Self {
        let strangers = Arc::new(Mutex::new(Bucket { left: STRANGERS_AT_ONCE, filled_us: 0 }));
        let under_way = Arc::new(Semaphore::new(SIGN_INS_MAX));
        Self { strangers, spray: Arc::default(), under_way }
    }
}

/// What a successful sign-in answers: the session, and the cookie that stands for it.
pub(super) type SignedIn = (StatusCode, CookieJar, Json<Value>);

/// A session as it stands.
pub(super) type Opened = Json<Value>;

/// Signs somebody in at a station, or at the console.
pub(super) async fn sign_in(
    api: &Api,
    station: Option<StationId>,
    credentials: Credentials,
    jar: CookieJar,
    peer: Peer,
) -> Result<SignedIn, Problem> {
    let Credentials { badge, pin } = credentials;
    let from = typed_from(peer, badge.as_deref());
    slow_down(api, from, station.as_ref()).await?;
    let (_place, welcome) = admit(api, claimed(api, station.clone(), badge.as_deref())).await?;
    let signed_in = api.app.sign_in(station.clone(), badge.as_deref(), Some(pin)).await;
    let (_, answer) = signed_in?;
    if answer.as_ref().is_err_and(is_failure) && welcome {
        count_failure(api, from, station).await;
    }
    match answer? {
        Reply::SignedIn(opened) => {
            // At a station an idle session of one's own goes on, so its id counts, not a new one.
            let cookie = api.cookies.issue(opened.id);
            Ok((StatusCode::CREATED, jar.add(cookie), Json(json!(opened))))
        }
        other => Err(unexpected(&other)),
    }
}

/// Signs somebody in at the console for one act, without a cookie; whoever asks for it ends the session.
pub(super) async fn sign_in_once(
    api: &Api,
    credentials: Credentials,
    jar: CookieJar,
    peer: Peer,
) -> Result<SessionId, Problem> {
    let (_, _, Json(opened)) = sign_in(api, None, credentials, jar, peer).await?;
    serde_json::from_value(opened["id"].clone())
        .map_err(|_| Problem::bad_request("the session can't be read"))
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

/// Whether a refusal is of a wrong proof: who is refused because he signs in too often has given the right one.
fn is_failure(refusal: &Refusal) -> bool {
    refusal.code != "busy"
}

/// From where a badge was typed. One that was scanned at the station is in somebody's hand.
fn typed_from(peer: Peer, badge: Option<&str>) -> Option<IpAddr> {
    match peer {
        Peer::Network { address, .. } if badge.is_some() => Some(address),
        _ => None,
    }
}

/// Counts a PIN that was looked at and is wrong. Strangers find nothing, and who is locked is bounded by
/// that: neither counts.
async fn count_failure(api: &Api, from: Option<IpAddr>, station: Option<StationId>) {
    let Some(from) = from else { return };
    let now_us = api.app.clock.now().mono_us;
    let alarm = api.gate.spray.lock().ok().and_then(|mut spray| spray.failed(from, now_us));
    raise(api, alarm, station).await;
}

/// Turns away whoever guesses faster than people err.
async fn slow_down(
    api: &Api,
    from: Option<IpAddr>,
    station: Option<&StationId>,
) -> Result<(), Problem> {
    let Some(from) = from else { return Ok(()) };
    let now_us = api.app.clock.now().mono_us;
    let judged = match api.gate.spray.lock() {
        Ok(mut spray) => spray.admits(from, now_us),
        Err(_) => Err(None),
    };
    let Err(alarm) = judged else { return Ok(()) };
    raise(api, alarm, station.cloned()).await;
    Err(busy("too many sign-ins failed: scan the badge at the station, or wait"))
}

/// Records an alarm and tells it in the log.
async fn raise(api: &Api, alarm: Option<Alarm>, station: Option<StationId>) {
    let Some(Alarm { reason, further }) = alarm else { return };
    metrics::counter!("gatewarden_alarms_total").increment(1);
    tracing::error!(further, "{reason}");
    let command = Command::Alarm { reason, further, station };
    if let Err(error) = api.app.recorder.command(command).await {
        tracing::error!(%error, "the alarm could not be recorded");
    }
}

/// Whoever has to wait, is told so.
fn busy(what: &str) -> Problem {
    metrics::counter!("gatewarden_sign_ins_turned_away_total").increment(1);
    let message = format!("{what}; try again in a moment");
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "busy", message)
}

/// Opens an idle or locked session again.
pub(super) async fn resume(api: &Api, session: SessionId, pin: String) -> Result<Opened, Problem> {
    let own = move |engine: &Engine| Some(engine.state().session(session)?.operator.clone());
    let _place = admit(api, own).await?;
    match api.app.resume(session, pin).await?? {
        Reply::SignedIn(open) => Ok(Json(json!(open))),
        other => Err(unexpected(&other)),
    }
}

/// Lets somebody prove more in his session, and keeps his place until it is dropped.
pub(super) async fn admit_own(
    api: &Api,
    session: SessionId,
) -> Result<OwnedSemaphorePermit, Problem> {
    let own = move |engine: &Engine| Some(engine.state().session(session)?.operator.clone());
    Ok(admit(api, own).await?.0)
}

/// Lets a second person join a session.
pub(super) async fn join(
    api: &Api,
    session: SessionId,
    credentials: Credentials,
    peer: Peer,
) -> Result<Opened, Problem> {
    let Credentials { badge, pin } = credentials;
    let here = move |engine: &Engine| engine.state().session(session)?.station.clone();
    let station = api.app.recorder.query(here).await?;
    // Another's PIN is tried here as well as at a door, so it is guarded likewise.
    let from = typed_from(peer, badge.as_deref());
    slow_down(api, from, station.as_ref()).await?;
    let (_place, welcome) = admit(api, claimed(api, station.clone(), badge.as_deref())).await?;
    let answer = api.app.join(session, badge.as_deref(), pin).await?;
    if answer.as_ref().is_err_and(is_failure) && welcome {
        count_failure(api, from, station).await;
    }
    match answer? {
        Reply::Session(open) => Ok(Json(json!(open))),
        other => Err(unexpected(&other)),
    }
}

fn unexpected(reply: &Reply) -> Problem {
    Problem::bad_request(format!("unexpected answer {reply:?}"))
}

/// Whose badge it is, or the one that was scanned at a station.
fn claimed(
    api: &Api,
    station: Option<StationId>,
    badge: Option<&str>,
) -> impl FnOnce(&Engine) -> Option<OperatorId> + Send + 'static {
    let (scan, now) = (badge.map(str::to_owned), api.app.clock.now());
    move |engine| {
        let shown = scan.map(|scan| badges::badge_of(engine.state(), &scan));
        let badge = shown.or_else(|| engine.badge_seen(station.as_ref()?, &now))?;
        engine.state().operator_by_badge(&badge).map(|o| o.id.clone())
    }
}

/// Lets an attempt in, and keeps its place until it is dropped; 429 if it has to wait. `claimed`
/// says whose attempt it is, where that is somebody. Also says whether that one is not locked.
async fn admit(
    api: &Api,
    claimed: impl FnOnce(&Engine) -> Option<OperatorId> + Send + 'static,
) -> Result<(OwnedSemaphorePermit, bool), Problem> {
    let place = Arc::clone(&api.gate.under_way).try_acquire_owned();
    let place = place.map_err(|_| busy("too many people are signing in at once"))?;
    let now = api.app.clock.now();
    let is_welcome = move |engine: &Engine| {
        claimed(engine).is_some_and(|who| engine.state().lock_remaining_ms(&who, &now) == 0)
    };
    let welcome = api.app.recorder.query(is_welcome).await?;
    let mut strangers = api.gate.strangers.lock().map_err(|_| busy("the gate is shut"))?;
    if welcome || strangers.take(now.mono_us) {
        return Ok((place, welcome));
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
