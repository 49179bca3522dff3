//! What rules remember of what happened: bounded windows, fed with each entry.
//!
//! Invariants: the same entries give the same memory, whether they came one by one or are read again after a
//! restart; every window is bounded in time and number, and what was left out is told (`History::overflow`);
//! an entry costs a constant few look-ups for each of its lines. Nothing here decides. Absent: stock itself
//! (`gatewarden-stock`), clocks: the time of an entry is its own.

mod accuracy;
mod facts;
mod idle;
mod prices;
mod quarantine;
mod settings;
mod split;
mod tags;
mod turns;
mod window;

use gatewarden_model::{Actor, Body, DocumentContent, Entry, ItemId, Movement, OperatorId, Pass};

pub use facts::Asking;
pub use idle::{IDLE_PLACES_MAX, LastMove};
pub use settings::{HistorySettings, NearLimit, WAYS_MAX, WORKING_DAYS_MAX, Way, Working};
pub use window::{WINDOW_KEYS_MAX, WINDOW_VALUES_MAX};

pub(crate) use split::worth;

use accuracy::Accuracy;
use idle::Idle;
use prices::Prices;
use quarantine::Quarantine;
use split::Split;
use tags::Tags;
use turns::Turns;

/// Microseconds of an hour.
pub(crate) const US_AN_HOUR: i64 = 3_600_000_000;

/// What happened, as far as rules ask for it.
#[derive(Debug, Clone, Default)]
pub struct History {
    settings: HistorySettings,
    turns: Turns,
    accuracy: Accuracy,
    idle: Idle,
    split: Split,
    tags: Tags,
    quarantine: Quarantine,
    prices: Prices,
}

impl History {
    /// Nothing yet.
    #[must_use]
    pub fn new(settings: HistorySettings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// What it was told to remember.
    #[must_use]
    pub fn settings(&self) -> &HistorySettings {
        &self.settings
    }

    /// Whether more happened than is remembered: counts may be too low from then on.
    #[must_use]
    pub fn overflow(&self) -> bool {
        self.turns.overflow()
            || self.split.overflow()
            || self.tags.overflow()
            || self.idle.overflow()
            || self.quarantine.overflow()
            || self.prices.overflow()
            || self.accuracy.overflow()
    }

    /// How many microseconds of the journal give the windows again; the last moves and the accuracy need more:
    /// all of it, or the projections.
    #[must_use]
    pub fn span_us(&self) -> i64 {
        let hours = [self.settings.turn_h, self.settings.near.span_h, self.settings.price_h];
        i64::from(hours.into_iter().max().unwrap_or(0)) * US_AN_HOUR
    }

    /// Takes the next entry.
    pub fn take(&mut self, entry: &Entry) {
        let at = entry.at.wall_us;
        match &entry.body {
            Body::Moved { movement, pass } => {
                self.moved(movement, at, pass.as_ref());
                if let Some(pass) = pass {
                    self.seen(pass, at);
                }
            }
            Body::Held { pass, operator, .. } => {
                self.accuracy.sample(operator, false, &self.settings);
                self.seen(pass, at);
            }
            Body::Quarantined { pass, .. } => {
                self.quarantine.open(pass.id, at);
                self.seen(pass, at);
            }
            Body::QuarantineResolved { pass, .. } => self.quarantine.close(*pass),
            Body::TaskOpened { task, by, .. } => {
                let by = match by {
                    Actor::Operator { id, .. } => Some(id),
                    _ => None,
                };
                self.prices.task(task, by, at);
            }
            _ => {}
        }
    }

    /// Takes what a document says: an order or a price list changes what items cost. For entries of documents,
    /// beside `take`.
    pub fn take_document(
        &mut self,
        content: &DocumentContent,
        by: Option<&OperatorId>,
        at_us: i64,
    ) {
        self.prices.document(content, by, at_us);
    }

    /// Takes what an item's last move was, from the projections: for a start without the whole journal.
    pub fn take_last(&mut self, item: ItemId, place: &str, last: LastMove) {
        self.idle.set(item, place, last);
    }

    fn moved(&mut self, movement: &Movement, at: i64, pass: Option<&Pass>) {
        self.turns.moved(movement, at, &self.settings);
        self.split.moved(movement, at, &self.settings);
        let clean = movement.resolution_seq.is_none() && pass.is_some();
        if clean {
            self.accuracy.sample(&movement.operator, true, &self.settings);
        }
        for counted in &movement.counts {
            // Who moved it last answers for a difference; whoever counted where nobody did.
            let last = self.idle.last(&counted.item, counted.location.as_str());
            let answers = last.and_then(|last| last.by.clone());
            let answers = answers.unwrap_or_else(|| movement.operator.clone());
            self.accuracy.sample(&answers, counted.book == counted.counted, &self.settings);
        }
        self.idle.moved(movement, at);
        self.prices.moved(movement);
    }

    fn seen(&mut self, pass: &Pass, at: i64) {
        self.tags.seen(pass, at, &self.settings);
    }
}
