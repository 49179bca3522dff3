//! The change of the ledger's signing key, in the order that no crash can break: the engine permits
//! it, the new key is written and flushed, the journal names it, the files are brought in order.
//! Whatever dies between, the next start goes on with the key that the journal names.

use std::path::PathBuf;

use gatewarden_engine::{Command, Refusal};
use gatewarden_model::Actor;
use gatewarden_store::Group;
use tokio::sync::oneshot;

use super::{AWAY, Job, Recorder, RecorderError, thread::Thread};
use crate::keys::NextKey;

/// What a rotation is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Rotation {
    /// Why.
    pub(crate) reason: String,
    /// By whom.
    pub(crate) by: Actor,
    /// The credential that holds the next key, where keys are credentials.
    pub(crate) credential: Option<String>,
    /// Keep nothing of the old key.
    pub(crate) forget: bool,
}

/// What a rotation did.
#[derive(Debug, Clone)]
pub(crate) struct Rotated {
    /// The key that was given up, a C2SP verifier key.
    pub(crate) old: String,
    /// The key in force.
    pub(crate) new: String,
    /// The entry that says so.
    pub(crate) seq: u64,
    /// Where the old key is kept.
    pub(crate) kept: Option<PathBuf>,
}

/// What comes of it: done, refused, or neither.
pub(crate) type RotationAnswer = Result<Result<Rotated, Refusal>, RecorderError>;

impl Recorder {
    /// Rotates the ledger's key; the answer comes after the flush.
    pub(crate) async fn rotate(&self, rotation: Rotation) -> RotationAnswer {
        let (answer, answered) = oneshot::channel();
        let job = Job::Rotate { rotation: Box::new(rotation), answer };
        self.jobs.send(job).await.map_err(|_| RecorderError::Stopped)?;
        answered.await.map_err(|_| RecorderError::Stopped)?
    }
}

impl Thread {
    /// Rotates the key in a group of its own.
    pub(super) fn rotate(&mut self, rotation: Rotation) -> RotationAnswer {
        if self.unbegun {
            return Err(RecorderError::NotWritten(AWAY.to_owned()));
        }
        if self.stuck && !self.rebuild() {
            return Err(RecorderError::NotWritten("the ledger can't be read".to_owned()));
        }
        let Rotation { reason, by, credential, forget } = rotation;
        let no_key = |error: anyhow::Error| RecorderError::NoKey(format!("{error:#}"));
        let next = self.parts.keys.next(credential.as_deref()).map_err(no_key)?;
        let (old, new) = (self.parts.ledger.verifier_key().to_owned(), next.name.clone());
        let command = Command::RotateKey { old: old.clone(), new: new.clone(), reason, by };
        let told = self.record_rotation(command, next)?;
        if let Err(refusal) = told {
            return Ok(Err(refusal));
        }
        let seq = self.parts.ledger.next_seq().saturating_sub(1);
        let kept = self.settle_keys(forget);
        tracing::warn!(%old, %new, seq, "the ledger's key was rotated");
        Ok(Ok(Rotated { old, new, seq, kept }))
    }

    fn record_rotation(
        &mut self,
        command: Command,
        next: NextKey,
    ) -> Result<Result<(), Refusal>, RecorderError> {
        let (answer, mut heard) = oneshot::channel();
        let (mut group, mut decided) = (Group::default(), Vec::with_capacity(1));
        self.decide(command, None, answer, &mut group, &mut decided);
        if decided.iter().any(|one| one.reply.is_ok()) {
            if let Err(error) = self.parts.keys.prepare(&next) {
                // The engine has taken the entry in already.
                self.stuck = true;
                self.rebuild();
                return Err(RecorderError::NoKey(format!("{error:#}")));
            }
            self.parts.ledger.offer_key(next.key);
        }
        self.flush(&group, decided);
        let told = heard.try_recv().map_err(|_| RecorderError::Stopped)??;
        Ok(told.map(|_| ()))
    }

    /// Brings the key files in order with what the journal says. What can't be done now the next
    /// start does.
    pub(super) fn settle_keys(&self, forget: bool) -> Option<PathBuf> {
        let done = self.parts.keys.settle(self.parts.ledger.verifier_key(), forget);
        done.unwrap_or_else(|error| {
            let error = format!("{error:#}");
            tracing::error!(error, "the ledger's key files are not in order; a start puts them so");
            None
        })
    }
}
