//! When a pass is over, what is taken into it, and what is forgotten.

use gatewarden_model::{Pass, PassClosing, PassOpening, Stamp};

use super::{Open, Portal, READY_MAX, SWEEP_US, us};
use crate::{beams::Beams, judge::judge, track::later};

impl Portal {
    /// When the pass closes by itself, and why.
    pub(super) fn due(&self, open: &Open) -> (u64, PassClosing) {
        let longest = open.opened.mono_us.saturating_add(us(self.settings.duration_ms_max));
        if open.gate || !self.beams.is_clear() {
            return (longest, PassClosing::Duration);
        }
        let quiet = open.busy_until_us.saturating_add(us(self.settings.settle_ms));
        match (quiet < longest, self.settings.beams && open.by == PassOpening::Input) {
            (false, _) => (longest, PassClosing::Duration),
            (true, true) => (quiet, PassClosing::Input),
            (true, false) => (quiet, PassClosing::Quiet),
        }
    }

    /// Times of another boot can't be compared: a pass of it was interrupted, and the rest is forgotten.
    fn begin_boot(&mut self, now: &Stamp) {
        if let Some(open) = &self.open {
            let at = open.opened;
            self.close_at(at, PassClosing::Interrupted);
        }
        self.aside += self.tracks.len() as u64;
        self.tracks.clear();
        self.lingering.clear();
        self.beams = Beams::default();
        (self.text_bytes, self.closed_us, self.sweep_us) = (0, 0, 0);
        self.boot = Some(*now);
    }

    pub(super) fn close_if_due(&mut self, now: &Stamp) {
        if self.boot.is_none_or(|known| known.boot != now.boot) {
            self.begin_boot(now);
        }
        let Some(open) = &self.open else { return };
        let (at_us, by) = self.due(open);
        if now.mono_us >= at_us {
            let at = later(open.opened, at_us.saturating_sub(open.opened.mono_us));
            self.close_at(at, by);
        }
    }

    pub(super) fn close_at(&mut self, at: Stamp, by: PassClosing) {
        let Some(open) = self.open.take() else { return };
        let from_us = open.opened.mono_us.saturating_sub(us(self.settings.preroll_ms));
        let (mut tracks, linger_us) =
            (std::mem::take(&mut self.tracks), us(self.settings.linger_ms));
        self.text_bytes = 0;
        self.lingering.retain(|_, last| at.mono_us.saturating_sub(*last) < linger_us);
        let before = tracks.len();
        tracks.retain(|_, track| track.last.mono_us >= from_us);
        self.aside += (before - tracks.len()) as u64;
        for (key, track) in &mut tracks {
            track.trim(from_us);
            if self.lingering.len() < self.settings.things_max.saturating_mul(2) {
                self.lingering.insert(key.clone(), track.last.mono_us);
            }
        }
        self.closed_us = at.mono_us;
        let transits = self.beams.take(at.mono_us);
        let pass = Pass {
            id: open.id,
            station: self.settings.station.clone(),
            opened: open.opened,
            closed: at,
            opened_by: open.by,
            closed_by: by,
            session: open.session,
            sightings: vec![],
            doubts: vec![],
            strays: 0,
        };
        debug_assert!(self.ready.len() < READY_MAX, "poll after every call");
        self.ready.push_back(judge(&self.settings, pass, tracks.into_values().collect(), transits));
    }

    /// Forgets tags that were heard while no pass was open, and are gone.
    pub(super) fn sweep(&mut self, now: &Stamp) {
        if self.open.is_some() || now.mono_us < self.sweep_us {
            return;
        }
        self.sweep_us = now.mono_us.saturating_add(SWEEP_US);
        let (from_us, before) =
            (now.mono_us.saturating_sub(us(self.settings.preroll_ms)), self.tracks.len());
        self.tracks.retain(|_, track| track.last.mono_us >= from_us);
        self.aside += (before - self.tracks.len()) as u64;
        self.text_bytes = self.tracks.keys().map(String::len).sum();
    }
}
