//! What was no read, joined: a module that sends nonsense without end makes a few gaps a second, not thousands.

use gatewarden_model::Stamp;

/// How long what is bad is joined into one gap, in microseconds.
pub(super) const GAP_US: u64 = 200_000;

#[derive(Debug, Default)]
pub(super) struct Bad {
    first: Option<(Stamp, u64, String)>,
    more: u64,
}

impl Bad {
    /// Notes one: nothing is known to be whole since `from`.
    pub(super) fn add(&mut self, from: Stamp, now: Stamp, why: String) {
        if self.first.is_some() {
            self.more += 1;
        } else {
            self.first = Some((from, now.mono_us, why));
        }
    }

    /// When it is to be told.
    pub(super) fn due_us(&self) -> Option<u64> {
        self.first.as_ref().map(|(_, since, _)| since.saturating_add(GAP_US))
    }

    /// Since when, and what.
    pub(super) fn take(&mut self) -> Option<(Stamp, String)> {
        let (from, _, why) = self.first.take()?;
        Some(match std::mem::take(&mut self.more) {
            0 => (from, why),
            more => (from, format!("{why}; and {more} more")),
        })
    }
}
