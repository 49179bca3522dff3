//! Taking notices in: repeats are counted, quiet hours make them wait; and letting go what was answered.

use gatewarden_model::{Document, NoticeId, NoticeOutcome, NoticeSettled};

use super::{Key, Open, Queue, Repeat, Row, RowState, WATCHED_MAX, record};
use crate::{On, Reaction, Severity, Waiting};

/// A notice to one receiver, to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// By which definition.
    pub notice: NoticeId,
    /// On which occasion.
    pub on: On,
    /// The entry.
    pub about: u64,
    /// On which document, where there is one.
    pub document: Option<Document>,
    /// To whom.
    pub to: String,
    /// By which channels, in order.
    pub channels: Vec<String>,
    /// How bad it is.
    pub severity: Severity,
    /// What it does in quiet hours.
    pub quiet: Waiting,
    /// What a reaction will name.
    pub subject: Option<String>,
    /// How often it was escalated before.
    pub step: u32,
    /// What makes a repeat the same.
    pub key: Option<Key>,
    /// From when on the receiver may be told what can wait.
    pub open_from_us: i64,
}

/// What became of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// It waits under this id.
    Queued(u64),
    /// It is counted: one of the same waits, or was told a short while before.
    Repeated,
    /// It is there already: the same entry was read before.
    Known,
    /// There is no room. The journal must be read again later.
    Full,
}

impl Queue {
    /// Takes a notice in.
    pub fn offer(&mut self, offer: Offer, now_us: i64) -> Offered {
        let is_same = |row: &Row| {
            (row.about, row.step, &row.notice, &row.to)
                == (offer.about, offer.step, &offer.notice, &offer.to)
        };
        if self.rows.values().any(is_same) {
            return Offered::Known;
        }
        if let Some(key) = &offer.key
            && self.count_repeat(&offer, key, now_us)
        {
            return Offered::Repeated;
        }
        // An escalation was taken before: it is not turned away now.
        if offer.step == 0 && self.is_full() {
            return Offered::Full;
        }
        let id = self.next;
        self.next += 1;
        let held = offer.quiet != Waiting::Through && offer.open_from_us > now_us;
        if let Some(key) = &offer.key {
            self.watch(&offer, key, now_us);
        }
        self.put(Row {
            id,
            notice: offer.notice,
            on: offer.on,
            about: offer.about,
            document: offer.document,
            to: offer.to,
            channels: offer.channels,
            severity: offer.severity,
            quiet: offer.quiet,
            subject: offer.subject,
            step: offer.step,
            further: 0,
            key: offer.key,
            born_us: now_us,
            due_us: if held { offer.open_from_us } else { now_us },
            held,
            alone: false,
            state: RowState::Waiting,
            attempts: 0,
            uncertain: false,
            reason: None,
        });
        Offered::Queued(id)
    }

    /// Counts a repeat of what waits or was told, if it is one.
    fn count_repeat(&mut self, offer: &Offer, key: &Key, now_us: i64) -> bool {
        let is_same = |row: &&mut Row| {
            row.state == RowState::Waiting
                && row.to == offer.to
                && row.key.as_ref().is_some_and(|other| other.text == key.text)
                && now_us.saturating_sub(row.born_us) < key.span_us
        };
        if let Some(row) = self.rows.values_mut().find(is_same) {
            row.further = row.further.saturating_add(1);
            self.dirty.insert(record::row_key(row.id));
            return true;
        }
        let name = format!("{} {}", offer.to, key.text);
        match self.repeats.get_mut(&name).filter(|repeat| now_us < repeat.until_us) {
            Some(repeat) => {
                repeat.further = repeat.further.saturating_add(1);
                self.dirty.insert(record::repeat_key(&name));
                true
            }
            None => false,
        }
    }

    /// Watches for repeats from now on. Where too many are watched for, the same may be told again.
    fn watch(&mut self, offer: &Offer, key: &Key, now_us: i64) {
        let name = format!("{} {}", offer.to, key.text);
        if self.repeats.len() >= WATCHED_MAX || self.repeats.contains_key(&name) {
            return;
        }
        self.dirty.insert(record::repeat_key(&name));
        let repeat = Repeat {
            notice: offer.notice.clone(),
            about: offer.about,
            document: offer.document.clone(),
            to: offer.to.clone(),
            key: key.text.clone(),
            until_us: now_us.saturating_add(key.span_us),
            further: 0,
        };
        self.repeats.insert(name, repeat);
    }

    /// Waits for a reaction to what an entry told: each of `due_us` is when somebody else is to be told.
    pub fn await_reaction(
        &mut self,
        notice: &NoticeId,
        about: u64,
        subject: &str,
        due_us: Vec<i64>,
    ) {
        let key = format!("{about} {notice}");
        if due_us.is_empty() || self.open.contains_key(&key) {
            return;
        }
        self.dirty.insert(record::open_key(&key));
        let (notice, subject) = (notice.clone(), subject.to_owned());
        self.open.insert(key, Open { notice, about, subject, step: 1, due_us });
    }

    /// Somebody did something about what was told: what is not sent yet needs not be.
    pub fn react(&mut self, reaction: &Reaction) -> Vec<NoticeSettled> {
        let fits = |subject: &str| {
            subject
                .strip_prefix(&reaction.subject)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let whose = reaction.whose.as_ref().map(|who| format!("operator:{who}"));
        let rows = self.rows.values().filter(|row| {
            row.state == RowState::Waiting
                && !row.uncertain
                && row.subject.as_deref().is_some_and(fits)
                && whose.as_ref().is_none_or(|who| *who == row.to)
        });
        let ids: Vec<u64> = rows.map(|row| row.id).collect();
        if whose.is_none() {
            let done: Vec<String> = self
                .open
                .iter()
                .filter(|(_, open)| fits(&open.subject))
                .map(|(key, _)| key.clone())
                .collect();
            for key in done {
                self.open.remove(&key);
                self.dirty.insert(record::open_key(&key));
            }
        }
        let gone = ids.into_iter().filter_map(|id| self.remove(id));
        gone.map(|row| row.settled(None, NoticeOutcome::Answered)).collect()
    }

    /// An entry says that a notice is settled: a row of it that is still here was not taken away in time.
    pub fn settled_before(&mut self, settled: &NoticeSettled) {
        let rows = self.rows.values().filter(|row| {
            (row.about, row.step, &row.notice, &row.to)
                == (settled.about, settled.step, &settled.notice, &settled.receiver)
                && row.state == RowState::Waiting
        });
        let ids: Vec<u64> = rows.map(|row| row.id).collect();
        for id in ids {
            match &settled.outcome {
                NoticeOutcome::Rejected { reason } => self.reject(id, reason.clone()),
                _ => drop(self.remove(id)),
            }
        }
    }
}

impl Row {
    /// What the journal keeps of it.
    pub(super) fn settled(&self, channel: Option<&str>, outcome: NoticeOutcome) -> NoticeSettled {
        NoticeSettled {
            notice: self.notice.clone(),
            about: self.about,
            document: self.document.clone(),
            receiver: self.to.clone(),
            channel: channel.map(str::to_owned),
            step: self.step,
            further: self.further,
            outcome,
        }
    }
}
