//! What time brings: escalations that are due, and the end of watching for repeats.

use gatewarden_model::{NoticeId, NoticeOutcome, NoticeSettled};

use super::{Queue, record};

/// Nobody reacted: somebody else is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalate {
    /// By which definition.
    pub notice: NoticeId,
    /// About which entry.
    pub about: u64,
    /// Which escalation, from 1.
    pub step: u32,
}

impl Queue {
    /// The escalations that are due. Each is told once.
    pub fn escalate(&mut self, now_us: i64) -> Vec<Escalate> {
        let mut due = vec![];
        for (key, open) in &mut self.open {
            let mut is_changed = false;
            while open.due_us.first().is_some_and(|at| *at <= now_us) {
                open.due_us.remove(0);
                let (notice, about, step) = (open.notice.clone(), open.about, open.step);
                due.push(Escalate { notice, about, step });
                open.step += 1;
                is_changed = true;
            }
            if is_changed {
                self.dirty.insert(record::open_key(key));
            }
        }
        self.open.retain(|_, open| !open.due_us.is_empty());
        due
    }

    /// Ends watching for repeats whose time is over: how many there were is to be recorded.
    pub fn lapse(&mut self, now_us: i64) -> Vec<NoticeSettled> {
        let over: Vec<String> = self
            .repeats
            .iter()
            .filter(|(_, repeat)| repeat.until_us <= now_us)
            .map(|(key, _)| key.clone())
            .collect();
        let mut settled = vec![];
        for key in over {
            self.dirty.insert(record::repeat_key(&key));
            let Some(repeat) = self.repeats.remove(&key) else { continue };
            if repeat.further > 0 {
                settled.push(NoticeSettled {
                    notice: repeat.notice,
                    about: repeat.about,
                    document: repeat.document,
                    receiver: repeat.to,
                    channel: None,
                    step: 0,
                    further: repeat.further,
                    outcome: NoticeOutcome::Repeated,
                });
            }
        }
        settled
    }
}
