//! A posting as it stands now: its head checked, its lines and counts resolved by the stock.
//!
//! Pure: it reads settings and stock and changes nothing. Every refusal has a code and names the
//! field and the way out. Absent on purpose: who may (`reservations`), units, counts and what is
//! there (`gatewarden_stock`).

use std::collections::HashSet;

use gatewarden_model::{
    Body, Counted, Day, Entry, Movement, MovementKind, MovementLine, Posting, StockStatus,
    field::check_custom, posting::CountLine,
};
use gatewarden_stock::{Site, Stock};

use crate::{
    engine::Settings,
    turn::{Fault, REASON_BYTES_MAX, fault},
};

/// Longest document number, in bytes.
const NUMBER_BYTES_MAX: usize = 64;

/// What a posting comes to now.
pub(crate) struct Drawn {
    pub(crate) lines: Vec<MovementLine>,
    pub(crate) counts: Vec<Counted>,
    /// The day it counts for where it changes the past.
    pub(crate) past: Option<Day>,
    /// Whether what it takes is held until it is posted.
    pub(crate) holds: bool,
}

/// What a posting comes to, on this day and with this stock.
pub(crate) fn draw(
    posting: &Posting,
    settings: &Settings,
    stock: &Stock,
    today: Day,
) -> Result<Drawn, Fault> {
    check_head(posting, today)?;
    let resolved = stock.resolve(posting, &settings.places).map_err(fault)?;
    check_twice(posting)?;
    for (at, count) in posting.counts.iter().enumerate() {
        refuse_reserved(at, count, stock)?;
    }
    let past = match posting.reverses {
        Some(id) => moved(stock.movement(&id))
            .map(|(entry, original)| original.day(&entry.at))
            .filter(|day| stock.closed_until().is_none_or(|closed| *day > closed)),
        None => posting.effective.filter(|day| *day < today),
    };
    let holds = posting.counts.is_empty() && posting.reverses.is_none();
    Ok(Drawn { lines: resolved.lines, counts: resolved.counts, past, holds })
}

/// The movement that an entry records.
pub(crate) fn moved(entry: Option<&Entry>) -> Option<(&Entry, &Movement)> {
    match entry {
        Some(entry @ Entry { body: Body::Moved { movement, .. }, .. }) => Some((entry, movement)),
        _ => None,
    }
}

fn check_head(posting: &Posting, today: Day) -> Result<(), Fault> {
    let number = &posting.document.number;
    if !(1..=NUMBER_BYTES_MAX).contains(&number.len()) {
        let message = format!("document.number: must be 1 to {NUMBER_BYTES_MAX} bytes");
        return Err(("document-invalid", message));
    }
    check_custom(&posting.custom).map_err(|message| ("custom-invalid", message))?;
    if posting.reverses.is_some() && posting.effective.is_some() {
        let message =
            "effective: a reversal counts for the day of what it takes back: leave it out";
        return Err(("reversal-day", message.to_owned()));
    }
    if posting.expires_ms == Some(0) {
        let message = "expires_ms: must be more than 0, or left out".to_owned();
        return Err(("expiry-invalid", message));
    }
    if let Some(day) = posting.effective.filter(|day| *day > today) {
        let message =
            format!("effective: {day} is to come: leave it out or take a day up to {today}");
        return Err(("day-ahead", message));
    }
    let past = posting.effective.is_some_and(|day| day < today);
    if past && posting.kind == MovementKind::Count {
        let message =
            "effective: a count is held against the stock of now: leave it out".to_owned();
        return Err(("count-past", message));
    }
    let why = matches!(posting.kind, MovementKind::Adjustment | MovementKind::Scrap);
    match &posting.reason {
        None if past || why || posting.reverses.is_some() => {
            let message =
                "reason: an adjustment, scrap, a reversal and a day gone by need a reason";
            Err(("reason-missing", message.to_owned()))
        }
        Some(reason) if reason.trim().is_empty() || reason.len() > REASON_BYTES_MAX => {
            let message = format!("reason: must be 1 to {REASON_BYTES_MAX} bytes, or left out");
            Err(("reason-missing", message))
        }
        _ => Ok(()),
    }
}

/// Lines and things are told apart by their numbers and keys.
fn check_twice(posting: &Posting) -> Result<(), Fault> {
    let (mut numbers, mut things) = (HashSet::new(), HashSet::new());
    for (at, line) in posting.lines.iter().enumerate() {
        if !numbers.insert(line.line) {
            let message =
                format!("lines[{at}].line: {} stands twice: number them apart", line.line);
            return Err(("line-twice", message));
        }
        if let Some(key) = line.things.iter().find(|key| !things.insert(key.as_str())) {
            let message = format!("lines[{at}].things: {key:?} is named twice: name it once");
            return Err(("thing-twice", message));
        }
    }
    Ok(())
}

/// People who count can't see what is reserved: it would be missing from the book.
fn refuse_reserved(at: usize, count: &CountLine, stock: &Stock) -> Result<(), Fault> {
    let mut bucket = count.bucket.clone();
    bucket.status = StockStatus::Reserved;
    let held = stock.quantity(&Site::new(&count.item, &count.location), &bucket);
    if held == 0 {
        return Ok(());
    }
    let message = format!(
        "counts[{at}]: {held} of {} at {} are reserved and can't be told apart by counting: post or \
         void the reservation first",
        count.item, count.location
    );
    Err(("count-reserved", message))
}
