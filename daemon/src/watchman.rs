//! The daemon's own rounds: idle sessions, a stepping wall clock, the watchdog, gauges.

use std::time::Duration;

use gatewarden_engine::{Command, Reply, ReviewExpiry};
use gatewarden_model::Stamp;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// A round.
const ROUND: Duration = Duration::from_secs(1);
/// Rounds between two notes of the newest checkpoint beside the ledger.
const NOTE_ROUNDS: u64 = 10;
/// A wall clock that moved this much against the monotonic one was set by somebody.
const STEP_US_MIN: i64 = 2_000_000;

/// Walks until `stop`.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let mut last = app.clock.now();
    let mut failing_since = None;
    let mut round = 0_u64;
    let mut rounds = tokio::time::interval(ROUND);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = rounds.tick() => {}
        }
        let now = app.clock.now();
        if let Some(reason) = clock_step(&last, &now) {
            tracing::warn!(%reason, "wall clock");
            let command = Command::Gap { device: None, from: last, to: now, reason };
            let _ = app.recorder.command(command).await;
        }
        last = now;
        if app.recorder.is_failing() {
            failing_since.get_or_insert(now);
        }
        // Recording the outage is also the try that finds out whether it is over.
        if let Some(from) = failing_since {
            let reason = "the ledger could not be written".to_owned();
            let command = Command::Gap { device: None, from, to: now, reason };
            if app.recorder.command(command).await.is_ok() {
                failing_since = None;
            }
        }
        // The tick goes through recorder and, if sessions end, through a flush: only a daemon whose
        // heart beats tells the watchdog so.
        match app.recorder.command(Command::Tick).await {
            Ok(answer) => {
                tell_reviews(answer);
                let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
            }
            // Its heart beats; a restart would not bring the shared ledger back.
            Err(_) if app.recorder.is_away() => {
                let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
            }
            Err(error) => tracing::error!(%error, "the round found the recorder in trouble"),
        }
        gauges(&app).await;
        round += 1;
        if round.is_multiple_of(NOTE_ROUNDS) && !app.recorder.is_failing() {
            crate::run::note_newest(&app.config).await;
        }
    }
}

/// What expired without anybody asking: the log is the only one to tell it aloud.
fn tell_reviews(answer: crate::recorder::Answer) {
    let Ok(Reply::Reviewed(told)) = answer else { return };
    for ReviewExpiry { review, expired, spared, closed } in told {
        let words = |items: &[gatewarden_model::ReviewItem]| {
            items.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        if !expired.is_empty() {
            let what = words(&expired);
            tracing::warn!(%review, %what, "not confirmed by the due time, so it was taken away");
        }
        if closed && !spared.is_empty() {
            let what = words(&spared);
            tracing::error!(
                %review, %what,
                "not confirmed either, but without it too few could approve: it stays; review \
                 it at once"
            );
        }
    }
}

async fn gauges(app: &App) {
    if let Ok(depth) = app.spool.depth().await {
        metrics::gauge!("gatewarden_spool_passes").set(f64::from(depth));
    }
    let refused = app.recorder.refused_devices();
    for device in &app.config.devices {
        let is_refused = f64::from(u8::from(refused.contains_key(&device.name)));
        metrics::gauge!("gatewarden_device_refused", "device" => device.name.to_string())
            .set(is_refused);
    }
    let counts = app.recorder.query(|engine| {
        let state = engine.state();
        (state.sessions().count(), state.quarantine().count(), state.holds().count())
    });
    if let Ok((sessions, quarantine, holds)) = counts.await {
        metrics::gauge!("gatewarden_sessions").set(sessions as f64);
        metrics::gauge!("gatewarden_quarantine").set(quarantine as f64);
        metrics::gauge!("gatewarden_holds").set(holds as f64);
    }
}

/// What to record if the wall clock did not move as the monotonic one did.
fn clock_step(last: &Stamp, now: &Stamp) -> Option<String> {
    if last.boot != now.boot {
        return None;
    }
    let mono = i64::try_from(now.mono_us.saturating_sub(last.mono_us)).ok()?;
    let step = now.wall_us.saturating_sub(last.wall_us).saturating_sub(mono);
    let seconds = step / 1_000_000;
    (step.abs() >= STEP_US_MIN).then(|| format!("the wall clock was set by {seconds:+} s"))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn stamp(mono_us: u64, wall_us: i64) -> Stamp {
        Stamp { boot: Uuid::nil(), mono_us, wall_us, synced: false }
    }

    #[test]
    fn a_step_of_the_wall_clock_is_told_and_a_drift_is_not() {
        let last = stamp(5_000_000, 50_000_000);
        assert_eq!(clock_step(&last, &stamp(6_000_000, 51_400_000)), None);
        let back = clock_step(&last, &stamp(6_000_000, 51_000_000 - 31_536_000_000_000));
        assert_eq!(back.as_deref(), Some("the wall clock was set by -31536000 s"));
        let ahead = clock_step(&last, &stamp(6_000_000, 60_000_000));
        assert_eq!(ahead.as_deref(), Some("the wall clock was set by +9 s"));
    }
}
