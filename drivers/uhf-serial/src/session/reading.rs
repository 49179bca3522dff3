//! While the module reads: what it says, starting its inventory anew in time, and the end.

use gatewarden_model::{Hash, Stamp};

use super::{Output, Phase, ROUND_US, SILENCE_US, Session, plan};
use crate::codec::Said;

impl Session {
    pub(super) fn hear_reading(&mut self, said: Said, frame: &[u8], now: Stamp) {
        match said {
            Said::Tags { tags, over } => {
                if !tags.is_empty() {
                    self.outputs.push_back(Output::Tags { at: now, tags, raw: Hash::of(frame) });
                }
                if over {
                    self.rearm_soon(now);
                }
            }
            Said::Refused { why, command } => {
                if plan::is_inventory(self.found.protocol, command) {
                    self.down(
                        format!(
                            "the module refuses to read: {why}; check region, power and antenna"
                        ),
                        now,
                    );
                }
            }
            // The stop was carried out: the next inventory may begin.
            Said::Answer { command, .. }
                if plan::stop(self.found.protocol).is_some_and(|s| s.1 == command) =>
            {
                self.rearm_soon(now);
            }
            Said::Answer { .. } | Said::Alive | Said::Bad(_) => {}
        }
        let Phase::Reading { frames, .. } = &mut self.phase else { return };
        if plan::frames_max(self.found.protocol).is_some_and(|max| *frames >= max) {
            *frames = 0;
            if let Some((stop, _)) = plan::stop(self.found.protocol) {
                self.outputs.push_back(Output::Write(stop));
            }
        }
    }

    pub(super) fn hear_closing(&mut self, said: Said, frame: &[u8], now: Stamp) {
        match said {
            Said::Tags { tags, .. } if !tags.is_empty() => {
                self.outputs.push_back(Output::Tags { at: now, tags, raw: Hash::of(frame) });
            }
            Said::Answer { .. } | Said::Refused { .. } => self.closed(now),
            _ => {}
        }
    }

    fn rearm_soon(&mut self, now: Stamp) {
        let Phase::Reading { armed_us, .. } = self.phase else { return };
        self.rearm_us = Some(now.mono_us.max(armed_us + ROUND_US));
    }

    pub(super) fn rearm(&mut self, now: Stamp) {
        self.rearm_us = None;
        if let Phase::Reading { armed_us, frames, .. } = &mut self.phase {
            *armed_us = now.mono_us;
            *frames = 0;
            self.due_us = now.mono_us + SILENCE_US;
            self.outputs.push_back(Output::Write(plan::inventory(self.found.protocol)));
        }
    }
}
