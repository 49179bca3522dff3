//! The feeder: brings closed passes from the spool to the recorder, in order, until the ledger has
//! them; then the spool may forget. A pass that the ledger refuses for what it says is set aside
//! with a gap that names its digest: it blocks nothing and is not lost.

use std::time::Duration;

use gatewarden_engine::{Command, Reply};
use gatewarden_model::{Hash, Pass, Signal, canonical};
use tokio::sync::mpsc;

use crate::{
    app::App,
    recorder::{Recorder, RecorderError},
    spool::Spool,
};

/// Pause before the recorder is asked again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Feeds one station's passes until there are no more.
pub(crate) async fn feed(app: App, mut passes: mpsc::Receiver<Pass>) {
    while let Some(pass) = passes.recv().await {
        let (id, station) = (pass.id, pass.station.clone());
        loop {
            match bring(&app.recorder, &app.spool, pass.clone()).await {
                Ok(()) => break,
                Err(RecorderError::Stopped) => return,
                Err(error) => {
                    tracing::error!(pass = %id, %station, %error, "kept in the spool");
                    app.lamps.show(&station, Signal::Stop);
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
            }
            // A write that failed half-way may stand all the same: never decide it twice.
            if app.read(move |ledger| ledger.pass_recorded(id)).await.unwrap_or(false) {
                forget(&app.spool, &pass).await;
                break;
            }
        }
    }
}

/// Brings one pass, and lets the spool forget it. An error means that it has to be tried again.
pub(crate) async fn bring(
    recorder: &Recorder,
    spool: &Spool,
    pass: Pass,
) -> Result<(), RecorderError> {
    let (id, station) = (pass.id, &pass.station);
    match recorder.command(Command::Pass(pass.clone())).await {
        Ok(Ok(reply)) => tracing::info!(pass = %id, %station, outcome = outcome(&reply), "pass"),
        Ok(Err(no)) => {
            tracing::warn!(pass = %id, %station, code = no.code, recorded = no.recorded, "pass")
        }
        Err(RecorderError::Unrecordable(reason)) => {
            return set_aside(recorder, spool, pass, reason).await;
        }
        Err(error) => return Err(error),
    }
    forget(spool, &pass).await;
    Ok(())
}

async fn set_aside(
    recorder: &Recorder,
    spool: &Spool,
    pass: Pass,
    reason: String,
) -> Result<(), RecorderError> {
    let digest = canonical::encode(&pass).map(|bytes| Hash::of(&bytes).to_string());
    let digest = digest.unwrap_or_else(|error| format!("none ({error})"));
    tracing::error!(pass = %pass.id, station = %pass.station, %reason, "set aside in the spool");
    let (from, to, id) = (pass.opened, pass.closed, pass.id);
    let words = format!("pass {id}, digest {digest}, is set aside in the spool: {reason}");
    let command = Command::Gap { device: None, from, to, reason: words };
    let _ = recorder.command(command).await?;
    if let Err(error) = spool.set_aside(pass, reason).await {
        // It stays among those that wait and is tried again at the next start.
        tracing::error!(pass = %id, %error, "not set aside");
    }
    Ok(())
}

async fn forget(spool: &Spool, pass: &Pass) {
    if let Err(error) = spool.forget_pass(pass.id).await {
        // It stays and is recognised as recorded at the next start.
        tracing::warn!(pass = %pass.id, %error, "not taken out of the spool");
    }
}

/// The outcome of a pass in a word or two, for the log.
fn outcome(reply: &Reply) -> &str {
    match reply {
        Reply::Posted { .. } => "posted",
        Reply::Held { .. } => "held",
        Reply::Quarantined { reason } => reason,
        Reply::Empty => "empty",
        _ => "done",
    }
}
