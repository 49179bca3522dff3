//! The engine as the ledger on disk says, and what of it is published.

use std::sync::RwLock;

use gatewarden_engine::Engine;
use gatewarden_model::{Body, Day};
use gatewarden_store::{LedgerReader, MovementPage, StoreError};

use super::{Board, Parts};

/// Movements that are looked at at once to find the last day that counted.
const DAY_MOVEMENTS: usize = 100;
/// Entries of which rules are reminded at a start, at most.
const RECALLED_MAX: u64 = 200_000;
/// Of these so many are read at once.
const RECALLED_AT_ONCE: usize = 1_000;

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
    recall(&mut engine, &reader)?;
    Ok(engine)
}

/// Reminds the rules of what happened: of all of it where that is soon done, else of what their windows ask for.
/// What they can't be reminded of they don't tell; the rest of a long journal is read by `rule_watch`.
pub(super) fn recall(engine: &mut Engine, reader: &LedgerReader) -> Result<(), StoreError> {
    let span_us = engine.remembers_us();
    let Some(last) = reader.last_entries(1)?.pop().filter(|_| span_us > 0) else { return Ok(()) };
    let len = last.seq.saturating_add(1);
    let mut from = 0;
    if len <= RECALLED_MAX {
        engine.begin_recall(None);
    } else {
        let since_us = last.at.wall_us.saturating_sub(span_us);
        let asked = first_since(reader, len, since_us)?;
        from = asked.max(len - RECALLED_MAX);
        let first = reader.entry(from)?.map(|entry| entry.at.wall_us.saturating_add(1));
        let cut = first.filter(|_| from > asked).unwrap_or(since_us);
        engine.begin_recall(Some(cut));
    }
    for start in (from..len).step_by(RECALLED_AT_ONCE) {
        let end = len.min(start.saturating_add(RECALLED_AT_ONCE as u64));
        for entry in reader.entries(start..end)? {
            engine.recall(&entry);
        }
    }
    Ok(())
}

/// The first entry at or after a moment of the wall clock, in a journal of `len` entries.
pub(crate) fn first_since(
    reader: &LedgerReader,
    len: u64,
    since_us: i64,
) -> Result<u64, StoreError> {
    let (mut from, mut to) = (0, len);
    while from < to {
        let middle = from + (to - from) / 2;
        match reader.entry(middle)? {
            Some(entry) if entry.at.wall_us >= since_us => to = middle,
            _ => from = middle + 1,
        }
    }
    Ok(from)
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
