//! Which notice goes next, and whether several go as one.
//!
//! While there is room on a channel each goes by itself, the worse first. The last of the room is kept for
//! digests: so what comes too fast is told late in few messages, and never lost.

use super::{Channel, Queue, Rate, Row, RowState, record};
use crate::{Severity, Waiting, digest::DIGEST_MAX};

/// Uses of a channel that are kept for digests, where its rate has as many.
const KEPT: u32 = 2;
/// No notice waits longer than this for its due time: a later one means that the clock was set back.
const DUE_US_MAX: i64 = 16 * 86_400_000_000;

/// What to send now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// By which channel.
    pub channel: String,
    /// To whom.
    pub to: String,
    /// Which notices, in order; several are one digest.
    pub ids: Vec<u64>,
}

impl Sending {
    /// Whether it is one message about several.
    #[must_use]
    pub fn is_digest(&self) -> bool {
        self.ids.len() > 1
    }
}

impl Queue {
    /// What to send now, if anything. It counts as being sent from here on; `changes` must be on disk first.
    pub fn next(&mut self, now_us: i64) -> Option<Sending> {
        let names: Vec<String> = self.waiting_channels(now_us);
        let sending = names.iter().find_map(|name| self.pick(name, now_us))?;
        for id in &sending.ids {
            if let Some(row) = self.rows.get_mut(id) {
                row.state = RowState::Sending;
                row.attempts = row.attempts.saturating_add(1);
                self.dirty.insert(record::row_key(*id));
            }
        }
        let channel = self.channels.entry(sending.channel.clone()).or_default();
        channel.used_us.push_back(now_us);
        self.dirty.insert(record::channel_key(&sending.channel));
        Some(sending)
    }

    fn waiting_channels(&self, now_us: i64) -> Vec<String> {
        let due = self.rows.values().filter(|row| is_due(row, now_us));
        let mut names: Vec<&String> = due.filter_map(|row| row.channels.first()).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().cloned().collect()
    }

    fn pick(&mut self, channel: &str, now_us: i64) -> Option<Sending> {
        let rates = self.limits.get(channel).cloned().unwrap_or_default();
        let state = self.channels.entry(channel.to_owned()).or_default();
        state.forget(&rates, now_us);
        if state.is_paused(now_us) {
            return None;
        }
        let room = state.room(&rates, now_us);
        let kept = rates.iter().map(|rate| rate.count.saturating_sub(1).min(KEPT)).min();
        let mut rows: Vec<&Row> = self
            .rows
            .values()
            .filter(|row| is_due(row, now_us) && row.channels.first().is_some_and(|c| c == channel))
            .collect();
        rows.sort_by_key(|row| (std::cmp::Reverse(row.severity), row.id));
        let first = *rows.first().filter(|_| room > 0)?;
        // With a broken channel only one is tried.
        let is_tight = rows.len() > room as usize && room <= kept.unwrap_or(0).max(1);
        let with = |row: &&&Row| {
            let same = row.to == first.to && !row.alone && !row.uncertain;
            let both = |one: &Row| one.held && one.quiet == Waiting::Digest;
            same && (is_tight || (both(row) && both(first)))
        };
        let alone =
            first.alone || first.uncertain || (first.severity == Severity::Urgent && room > 1);
        let mut ids = vec![first.id];
        if !alone {
            ids.extend(rows.iter().filter(with).map(|row| row.id).filter(|id| *id != first.id));
            ids.truncate(DIGEST_MAX);
        }
        Some(Sending { channel: channel.to_owned(), to: first.to.clone(), ids })
    }
}

fn is_due(row: &Row, now_us: i64) -> bool {
    let due = row.due_us <= now_us || row.due_us > now_us.saturating_add(DUE_US_MAX);
    row.state == RowState::Waiting && due
}

impl Channel {
    /// Forgets uses that no rate looks back to.
    fn forget(&mut self, rates: &[Rate], now_us: i64) {
        let longest = rates.iter().map(|rate| rate.span_us).max().unwrap_or(0);
        // A use in the future means that the clock was set back: it was used before now in truth.
        self.used_us.iter_mut().for_each(|at| *at = (*at).min(now_us));
        while self.used_us.front().is_some_and(|at| now_us.saturating_sub(*at) >= longest) {
            self.used_us.pop_front();
        }
    }

    /// How often it may be used now.
    fn room(&self, rates: &[Rate], now_us: i64) -> u32 {
        let left = rates.iter().map(|rate| {
            let used = self.used_us.iter().filter(|at| now_us.saturating_sub(**at) < rate.span_us);
            rate.count.saturating_sub(u32::try_from(used.count()).unwrap_or(u32::MAX))
        });
        left.min().unwrap_or(u32::MAX)
    }

    fn is_paused(&self, now_us: i64) -> bool {
        now_us < self.paused_until_us
            && self.paused_until_us <= now_us.saturating_add(super::PAUSE_US_MAX)
    }
}
