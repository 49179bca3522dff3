//! The replaying stage: stock, things, open things, PIN hashes and decisions, in the order of the
//! journal.

use std::sync::mpsc::{Receiver, Sender};

use gatewarden_model::Entry;
use gatewarden_stock::{Supply, Wants};

use super::{
    Findings, Judge, What,
    credentials::Credentials,
    decode::Decoded,
    digest::RowKeys,
    line::Event,
    source::Source,
    stock::{Made, Past},
};
use crate::StoreError;

/// What the replay came to.
pub(super) struct Replayed {
    pub(super) made: Made,
    pub(super) credentials: Credentials,
    /// The findings of the decoding stage, which came with the batches.
    pub(super) decoded: Findings,
    /// Those of the replay.
    pub(super) replay: Findings,
    /// Why it ended early, if it did.
    pub(super) result: Result<(), StoreError>,
}

/// Answers of the reading thread, or a view of its own.
pub(super) struct Asking {
    pub(super) events: Sender<Event>,
    pub(super) answers: Receiver<Result<Supply, StoreError>>,
    pub(super) own: Option<Box<dyn Source + Send>>,
}

impl Past for Asking {
    fn past(&mut self, wants: Wants) -> Result<Supply, StoreError> {
        if let Some(own) = &self.own {
            return own.past(&wants);
        }
        let gone = || StoreError::Damaged("the journal could not be read to its end".into());
        self.events.send(Event::Question(wants)).map_err(|_| gone())?;
        self.answers.recv().map_err(|_| gone())?
    }

    fn source(&self) -> Option<&dyn Source> {
        self.own.as_deref().map(|own| own as &dyn Source)
    }
}

/// The replaying stage.
pub(super) fn replay_all(
    batches: &Receiver<Decoded>,
    used: &Sender<Vec<(Entry, bool)>>,
    mut past: Asking,
    mut judge: Option<&mut Judge<'_>>,
    keys: &RowKeys,
    is_lane: bool,
) -> Replayed {
    let (mut made, mut credentials) = (Made::new(keys, is_lane), Credentials::default());
    let (mut decoded, mut replay, mut result) = (Findings::default(), Findings::default(), Ok(()));
    for batch in batches {
        decoded.join(batch.findings);
        for (entry, told) in &batch.entries {
            if let Err(error) = made.apply(entry, *told, &mut past, &mut replay) {
                result = result.and(Err(error));
            }
            credentials.apply(entry);
            if let Some(words) = judge.as_mut().and_then(|judge| judge(entry)) {
                let message = format!("entry {}: {words}", entry.seq);
                replay.add(Some(entry.seq), What::Decision, message);
            }
        }
        // The decoder may have ended.
        drop(used.send(batch.entries));
    }
    Replayed { made, credentials, decoded, replay, result }
}
