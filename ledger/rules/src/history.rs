//! What rules remember of what happened: bounded windows, fed with each entry.
//!
//! Invariants: the same entries give the same memory, whether they came one by one or are read again after a
//! restart; every window is bounded in time and number. What is asked beyond what is remembered, because the
//! entries before a moment were not taken or because a bound was hit, is not told (`Fact::Untold`), so that a rule
//! that needs it fails instead of being wrong. An entry costs a constant few look-ups for each of its lines.
//! Nothing here decides. Absent: stock itself (`gatewarden-stock`), clocks: the time of an entry is its own.

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

use gatewarden_model::{Actor, Body, Entry, Movement, OperatorId, Pass, PassId};

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
#[derive(Debug, Clone)]
pub struct History {
    settings: HistorySettings,
    /// Every entry of this microsecond or later was taken.
    since_us: i64,
    turns: Turns,
    accuracy: Accuracy,
    idle: Idle,
    split: Split,
    tags: Tags,
    quarantine: Quarantine,
    prices: Prices,
}

impl Default for History {
    fn default() -> Self {
        Self::new(HistorySettings::default())
    }
}

impl History {
    /// Nothing yet, and nothing happened before.
    #[must_use]
    pub fn new(settings: HistorySettings) -> Self {
        Self::since(settings, i64::MIN)
    }

    /// Nothing yet, and what happened before this microsecond will not be told.
    #[must_use]
    pub fn since(settings: HistorySettings, since_us: i64) -> Self {
        Self {
            settings,
            since_us,
            turns: Turns::default(),
            accuracy: Accuracy::default(),
            idle: Idle::default(),
            split: Split::default(),
            tags: Tags::default(),
            quarantine: Quarantine::default(),
            prices: Prices::default(),
        }
    }

    /// What it was told to remember.
    #[must_use]
    pub fn settings(&self) -> &HistorySettings {
        &self.settings
    }

    /// Whether it was told of everything that ever happened.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.since_us == i64::MIN
    }

    /// Whether its windows were told of everything that counts at a moment.
    #[must_use]
    pub fn has_windows(&self, now_us: i64) -> bool {
        self.since_us <= now_us.saturating_sub(self.span_us())
    }

    /// Whether more happened than is remembered: what could be wrong for it is not told.
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

    /// How many microseconds of the journal give the windows again; last moves, prices and accuracy need all of
    /// it.
    #[must_use]
    pub fn span_us(&self) -> i64 {
        let spans =
            [turns::span_us(&self.settings), split::span_us(&self.settings), self.price_us()];
        spans.into_iter().fold(tags::longest_us(&self.settings), i64::max)
    }

    /// How long a change of a price is told.
    fn price_us(&self) -> i64 {
        i64::from(self.settings.price_h) * US_AN_HOUR
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
            Body::TaskOpened { task, by, .. } => self.prices.task(task, operator_of(by), at),
            Body::DocumentWritten { content, by, .. } => {
                self.prices.written(content, operator_of(by));
            }
            Body::DocumentStepped { document, version, step, .. } => {
                self.prices.stepped(document, *version, step, at);
            }
            _ => {}
        }
    }

    /// Takes a pass that is in quarantine since before, for a memory that does not begin with the journal.
    pub fn take_quarantined(&mut self, pass: PassId, at_us: i64) {
        self.quarantine.open(pass, at_us);
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
            if last.is_none() && self.idle.overflow() {
                self.accuracy.lose();
                continue;
            }
            let answers = last.and_then(|last| last.by.as_ref()).unwrap_or(&movement.operator);
            self.accuracy.sample(answers, counted.book == counted.counted, &self.settings);
        }
        self.idle.moved(movement, at);
        self.prices.moved(movement, at);
    }

    fn seen(&mut self, pass: &Pass, at: i64) {
        self.tags.seen(pass, at, &self.settings);
    }
}

fn operator_of(by: &Actor) -> Option<&OperatorId> {
    match by {
        Actor::Operator { id, .. } => Some(id),
        _ => None,
    }
}
