//! The engine as the ledger on disk says, and what of it is published.

use std::sync::RwLock;

use gatewarden_engine::Engine;
use gatewarden_model::{Body, Day};
use gatewarden_store::{LedgerReader, MovementPage, StoreError};

use super::{Board, Parts};

/// Movements that are looked at at once to find the last day that counted.
const DAY_MOVEMENTS: usize = 100;

pub(super) fn publish(board: &RwLock<Board>, engine: &Engine) {
    let sessions = engine
        .state()
        .sessions()
        .filter_map(|s| Some((s.station.clone()?, (s.id, s.phase.authorises()))))
        .collect();
    let refused = engine.state().refused_devices();
    let refused = refused.map(|(device, one)| (device.clone(), one.clone())).collect();
    if let Ok(mut board) = board.write() {
        board.sessions = sessions;
        board.refused = refused;
    }
}

pub(super) fn new_engine(parts: &Parts) -> Engine {
    Engine::new(parts.settings.clone(), parts.access.clone(), parts.ledger.next_seq())
}

pub(super) fn load_engine(parts: &mut Parts) -> Result<Engine, StoreError> {
    parts.ledger.recover()?;
    let reader = parts.ledger.reader()?;
    let mut engine = new_engine(parts);
    for entry in reader.live()? {
        engine.replay(&entry);
    }
    match parts.ledger.basis()? {
        Some(basis) => engine.begin_stock(basis),
        None => engine.resume_day(last_day(&reader)?),
    }
    Ok(engine)
}

/// The latest day that any movement counted for. No movement of its time counts before another, so
/// the newest that counted for its time tells it.
fn last_day(reader: &LedgerReader) -> Result<Option<Day>, StoreError> {
    let mut before = None;
    loop {
        let page = MovementPage { before, limit: DAY_MOVEMENTS };
        let newest = reader.movements(page)?;
        let day = newest.iter().find_map(|entry| match &entry.body {
            Body::Moved { movement, .. }
                if !movement.back_dated && (entry.at.synced || movement.effective.is_some()) =>
            {
                Some(movement.day(&entry.at))
            }
            _ => None,
        });
        before = newest.last().map(|entry| entry.seq);
        if day.is_some() || newest.len() < DAY_MOVEMENTS {
            return Ok(day);
        }
    }
}
