//! What a channel answered, and what follows: settled, another try later, another channel, or rejected.

use gatewarden_model::{NOTICE_REASON_BYTES_MAX, NoticeOutcome, NoticeSettled};

use super::{
    FAILURES_MAX, GIVE_UP_US, PAUSE_US_MAX, Queue, REJECTED_MAX, RETRY_US_FIRST, RETRY_US_MAX, Row,
    RowState, Sending, record,
};

/// What a channel answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It has the message.
    Delivered {
        /// How it calls it.
        remote_id: String,
    },
    /// It may take it later.
    Retry {
        /// Why.
        reason: String,
        /// The channel takes nothing for so many microseconds; none where it did not say.
        after_us: Option<i64>,
        /// Whether the message may have arrived.
        uncertain: bool,
    },
    /// It will never take it.
    Rejected {
        /// Why.
        reason: String,
    },
}

impl Queue {
    /// Notes what a channel answered. What it gives is to be recorded; the rows of it are gone.
    pub fn answer(&mut self, sending: &Sending, answer: Answer, now_us: i64) -> Vec<NoticeSettled> {
        let name = sending.channel.as_str();
        self.dirty.insert(record::channel_key(name));
        let channel = self.channels.entry(name.to_owned()).or_default();
        match answer {
            Answer::Delivered { remote_id } => {
                (channel.failures, channel.paused_until_us) = (0, 0);
                let of = u32::try_from(sending.ids.len()).unwrap_or(u32::MAX);
                let outcome = match sending.is_digest() {
                    true => NoticeOutcome::Digested { of },
                    false => NoticeOutcome::Delivered { remote_id },
                };
                let gone = sending.ids.iter().filter_map(|id| self.remove(*id));
                let settled = gone.map(|row| row.settled(Some(name), outcome.clone()));
                settled.collect()
            }
            Answer::Retry { reason, after_us, uncertain } => {
                match after_us {
                    // It works, and said how long it wants to be left alone.
                    Some(after) => {
                        let until = now_us.saturating_add(after.clamp(0, PAUSE_US_MAX));
                        channel.paused_until_us = until;
                    }
                    None => {
                        channel.failures = channel.failures.saturating_add(1);
                        let wait = if channel.failures >= FAILURES_MAX {
                            backoff(channel.failures - FAILURES_MAX + 3)
                        } else {
                            0
                        };
                        channel.paused_until_us = now_us.saturating_add(wait);
                    }
                }
                let is_broken = channel.failures >= FAILURES_MAX;
                self.later(sending, &reason, uncertain, is_broken, now_us)
            }
            Answer::Rejected { reason } => {
                channel.failures = 0;
                self.refused(sending, &reason, now_us)
            }
        }
    }

    fn later(
        &mut self,
        sending: &Sending,
        reason: &str,
        uncertain: bool,
        is_broken: bool,
        now_us: i64,
    ) -> Vec<NoticeSettled> {
        let mut settled = vec![];
        for id in &sending.ids {
            let Some(row) = self.rows.get_mut(id) else { continue };
            row.state = RowState::Waiting;
            row.reason = Some(short(reason));
            row.uncertain |= uncertain;
            row.due_us = now_us.saturating_add(backoff(row.attempts));
            let is_old = now_us.saturating_sub(row.born_us) >= GIVE_UP_US;
            // What may have arrived is not sent by another channel too.
            if is_broken && row.channels.len() > 1 && !row.uncertain {
                row.next_channel(now_us);
            } else if is_old {
                let reason = short(&format!("given up: {reason}"));
                let outcome = NoticeOutcome::Rejected { reason: reason.clone() };
                settled.push(row.settled(Some(&sending.channel), outcome));
                self.reject(*id, reason);
                continue;
            }
            self.dirty.insert(record::row_key(*id));
        }
        if is_broken {
            self.leave(&sending.channel, now_us);
        }
        settled
    }

    /// Nothing that has another channel waits for a broken one.
    fn leave(&mut self, channel: &str, now_us: i64) {
        for row in self.rows.values_mut() {
            let waits = row.state == RowState::Waiting && !row.uncertain && !row.held_still(now_us);
            if waits && row.channels.len() > 1 && row.channels[0] == channel {
                row.next_channel(now_us);
                self.dirty.insert(record::row_key(row.id));
            }
        }
    }

    fn refused(&mut self, sending: &Sending, reason: &str, now_us: i64) -> Vec<NoticeSettled> {
        let mut settled = vec![];
        for id in &sending.ids {
            let Some(row) = self.rows.get_mut(id) else { continue };
            row.state = RowState::Waiting;
            row.reason = Some(short(reason));
            row.uncertain = false;
            if sending.is_digest() {
                // One of them may be what was refused: each by itself, then.
                (row.alone, row.due_us) = (true, now_us);
            } else if row.channels.len() > 1 {
                row.next_channel(now_us);
            } else {
                let outcome = NoticeOutcome::Rejected { reason: short(reason) };
                settled.push(row.settled(Some(&sending.channel), outcome));
                self.reject(*id, short(reason));
            }
            self.dirty.insert(record::row_key(*id));
        }
        settled
    }

    /// Puts a notice among the rejected, of which the oldest goes where there are too many.
    pub(super) fn reject(&mut self, id: u64, reason: String) {
        if let Some(row) = self.rows.get_mut(&id) {
            row.state = RowState::Rejected;
            row.reason = Some(reason);
            self.dirty.insert(record::row_key(id));
        }
        let rejected = self.rows.values().filter(|row| row.state == RowState::Rejected);
        let rejected: Vec<u64> = rejected.map(|row| row.id).collect();
        if rejected.len() > REJECTED_MAX {
            self.remove(rejected[0]);
        }
    }

    /// Lets a rejected notice be tried again, by these channels. True if there was one.
    pub fn reopen(&mut self, id: u64, channels: Vec<String>, now_us: i64) -> bool {
        let Some(row) = self.rows.get_mut(&id).filter(|row| row.state == RowState::Rejected) else {
            return false;
        };
        (row.state, row.channels, row.attempts) = (RowState::Waiting, channels, 0);
        // Its time begins anew, or it would be given up at the first failure.
        (row.born_us, row.due_us, row.alone) = (now_us, now_us, true);
        self.dirty.insert(record::row_key(id));
        true
    }
}

impl Row {
    fn next_channel(&mut self, now_us: i64) {
        self.channels.remove(0);
        (self.attempts, self.due_us) = (0, self.due_us.min(now_us));
    }

    fn held_still(&self, now_us: i64) -> bool {
        self.held && self.due_us > now_us
    }
}

fn backoff(attempts: u32) -> i64 {
    let doubled = RETRY_US_FIRST.saturating_mul(1 << attempts.saturating_sub(1).min(20));
    doubled.min(RETRY_US_MAX)
}

fn short(reason: &str) -> String {
    reason[..reason.floor_char_boundary(NOTICE_REASON_BYTES_MAX.min(reason.len()))].to_owned()
}
