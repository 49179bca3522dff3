//! Moments that a reader tells: its clock watched, and a clock without UTC translated to ours.

use gatewarden_model::TagRead;

use super::{Session, SessionEvent};
use crate::{
    codec::{ReaderEvent, TagReport},
    plan::tid,
    skew::{ClockKind, in_words},
};

type Moment = (u64, bool);

/// The last moment that a tag report tells, and whether it is UTC.
pub(super) fn moment(tag: &TagReport<'_>) -> Option<Moment> {
    let utc = tag.last_seen_us.or(tag.first_seen_us);
    let uptime = tag.last_seen_uptime_us.or(tag.first_seen_uptime_us);
    utc.map(|us| (us, true)).or(uptime.map(|us| (us, false)))
}

impl Session {
    /// Takes the moment of an event.
    pub(super) fn observe_event(&mut self, now_us: u64, event: &ReaderEvent) {
        let utc = event.utc.as_ref().map(|at| (at.us, true));
        if let Some(moment) = utc.or(event.uptime.as_ref().map(|at| (at.us, false))) {
            self.observe(now_us, moment);
        }
    }

    pub(super) fn observe(&mut self, now_us: u64, (told_us, utc): Moment) {
        let kind = if utc { ClockKind::Utc } else { ClockKind::Uptime };
        if let Some(change) = self.clock.observe(kind, told_us, now_us) {
            let by = in_words(change);
            self.gap(format!(
                "reader clock jumped: it is {by} of where it was, or its word comes so late"
            ));
        }
        if self.is_running() && utc {
            self.tell_skew();
        }
    }

    /// How long ago a moment was that the reader tells; `None` where its clock is not known.
    pub(super) fn ago_us(&self, now_us: u64, (told_us, utc): Moment) -> Option<u64> {
        let kind = if utc { ClockKind::Utc } else { ClockKind::Uptime };
        self.clock.ago_us(kind, told_us, now_us)
    }

    /// Tells of the skew when it differs by seconds from what was told; at first that is none.
    fn tell_skew(&mut self) {
        let Some(skew_us) = self.skew_us() else { return };
        let seconds = skew_us / 1_000_000;
        let far = self.told_skew_s.abs_diff(seconds) > 1;
        if far {
            self.told_skew_s = seconds;
            self.events.push_back(SessionEvent::Clock { skew_us });
        }
    }

    /// The reader's clock less our wall clock, in microseconds; `None` where it tells no UTC.
    #[must_use]
    pub fn skew_us(&self) -> Option<i64> {
        let utc = self.clock.kind() == Some(ClockKind::Utc);
        let offset = self.clock.offset_us().filter(|_| utc)?;
        offset.checked_sub(self.wall_us)
    }

    /// The read, with the TID where our AccessSpec read it, and with times since the reader's start translated to
    /// our wall clock.
    pub(super) fn to_read(&self, tag: &TagReport<'_>) -> TagRead {
        let mut read = tag.to_read();
        if read.tid.is_none() && self.settings.tid {
            read.tid = tid::read_of(tag.raw);
        }
        let wall = |us: u64| {
            let uptime = self.clock.kind() == Some(ClockKind::Uptime);
            let offset = self.clock.offset_us().filter(|_| uptime)?;
            let wall_us = i128::from(us) - i128::from(offset) + i128::from(self.wall_us);
            u64::try_from(wall_us).ok()
        };
        read.first_seen_us = read.first_seen_us.or_else(|| wall(tag.first_seen_uptime_us?));
        read.last_seen_us = read.last_seen_us.or_else(|| wall(tag.last_seen_uptime_us?));
        read
    }
}
