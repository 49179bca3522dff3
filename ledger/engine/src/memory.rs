//! What the engine remembers only while it runs: last activity, badges just seen, sessions that
//! just ended, failures of unknown badges, answers to passes and closed tasks.
//!
//! All of it is bounded and none of it is needed to be right after a restart: the recorder asks
//! the journal whether a pass or a task is known before it hands it over again.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    hash::Hash as Key,
};

use gatewarden_documents::Frame;
use gatewarden_model::{Document, Hash, OperatorId, PassId, SessionId, Stamp, StationId, TaskId};

use crate::{
    command::{Refusal, Reply},
    documents::Page,
    rules::RuleMemory,
    sessions::{
        often::{Count, Often},
        scans::{Scans, Seen},
    },
    state::{Lockout, Session},
};

/// Sessions that are remembered after their end, for passes still on their way.
pub(crate) const ENDED_SESSIONS_MAX: usize = 1024;
/// Unknown badges whose failures are counted.
const STRANGERS_MAX: usize = 1024;
/// Stations whose last badge is remembered.
const SEEN_BADGES_MAX: usize = 1024;
/// Operators of whom it is remembered where they were last.
const WHEREABOUTS_MAX: usize = 10_000;
/// Operators and stations at which they were too fast.
const SUSPECTED_MAX: usize = 1024;
/// Operators and stations of whom it is counted how often they did something.
const OFTEN_MAX: usize = 30_000;
/// Passes whose answer is remembered.
const ANSWERS_MAX: usize = 1024;
/// Closed tasks that are remembered.
const CLOSED_TASKS_MAX: usize = 4096;

/// Documents of which it is remembered what they moved.
const PAGES_MAX: usize = 4096;

/// Documents of which it is remembered that the journal tells more than is read.
const UNREAD_MAX: usize = 4096;

/// Documents of the past that are remembered.
const PAST_DOCUMENTS_MAX: usize = 8192;

/// The latest `max` pairs; an older one is forgotten.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    max: usize,
    order: VecDeque<K>,
    map: HashMap<K, V>,
}

impl<K: Key + Eq + Clone, V> Recent<K, V> {
    fn new(max: usize) -> Self {
        Self { max, order: VecDeque::new(), map: HashMap::new() }
    }

    /// Remembers a pair, in place of an earlier one with the same key.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        if self.map.insert(key.clone(), value).is_some() {
            return;
        }
        self.order.push_back(key);
        if self.order.len() > self.max
            && let Some(oldest) = self.order.pop_front()
        {
            self.map.remove(&oldest);
        }
    }

    /// Remembers up to `max` pairs from now on; the oldest beyond are forgotten.
    fn hold(&mut self, max: usize) {
        self.max = max;
        while self.order.len() > max
            && let Some(oldest) = self.order.pop_front()
        {
            self.map.remove(&oldest);
        }
    }

    /// The value of a key, if it is still remembered.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.map.get(key)
    }

    /// The value of a key, to be changed.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.map.get_mut(key)
    }

    /// Forgets the pairs that are over, and gives them in the order of their keys.
    pub(crate) fn take_if(&mut self, is_over: impl Fn(&V) -> bool) -> Vec<(K, V)>
    where
        K: Ord,
    {
        let over = self.map.iter().filter(|(_, value)| is_over(value));
        let mut keys: Vec<K> = over.map(|(key, _)| key.clone()).collect();
        if keys.is_empty() {
            return vec![];
        }
        keys.sort_unstable();
        self.order.retain(|key| keys.binary_search(key).is_err());
        keys.into_iter().filter_map(|key| self.map.remove_entry(&key)).collect()
    }

    /// Forgets a key.
    pub(crate) fn remove(&mut self, key: &K) {
        if self.map.remove(key).is_some() {
            self.order.retain(|k| k != key);
        }
    }
}

/// A session after its end.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    /// As it was.
    pub(crate) session: Session,
    /// When somebody last did something in it; none for one of an earlier run, which ended it
    /// itself had it been idle.
    pub(crate) last: Option<Stamp>,
    /// When it ended.
    pub(crate) at: Stamp,
}

/// A document that is over, as the journal tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Where it ended.
    pub frame: Frame,
    /// The numbers of its lines, in any version.
    pub lines: BTreeSet<u32>,
    /// The digests of its versions.
    pub digests: BTreeSet<Hash>,
}

/// Everything that is remembered.
#[derive(Debug)]
pub(crate) struct Memory {
    /// When somebody last did something in an open session.
    pub(crate) activity: HashMap<SessionId, Stamp>,
    /// When the second person in an open session last proved who he is.
    pub(crate) second_activity: HashMap<SessionId, Stamp>,
    /// Ended sessions.
    pub(crate) ended: Recent<SessionId, Ended>,
    /// The last badge seen at a station.
    pub(crate) seen: Recent<StationId, Seen>,
    /// How many scans of a station may be recorded.
    pub(crate) scans: Recent<StationId, Scans>,
    /// Where an operator was last, and when.
    pub(crate) whereabouts: Recent<OperatorId, (StationId, Stamp)>,
    /// When it was recorded that somebody was at a station too fast.
    pub(crate) suspected: Recent<(OperatorId, StationId), Stamp>,
    /// How often something was done of late.
    pub(crate) often: Recent<Often, Count>,
    /// Failures of badges that are nobody's.
    pub(crate) strangers: Recent<Hash, Lockout>,
    /// Answers to passes.
    pub(crate) answers: Recent<PassId, Result<Reply, Refusal>>,
    /// Closed tasks, with the digest of their content.
    pub(crate) closed: Recent<TaskId, Hash>,
    /// Documents that were looked up in the journal: none where there never was one.
    pub(crate) past: Recent<Document, Option<Past>>,
    /// Documents of which the journal tells more than is read: of a journal that only grows that stays so.
    pub(crate) unread: Recent<Document, ()>,
    /// What documents moved and got back, of those that returns name.
    pub(crate) pages: Recent<Document, Page>,
    /// Documents of which more happened than a page is made of.
    pub(crate) unread_pages: Recent<Document, ()>,
    /// When it was looked last whose time to sign ran out.
    pub(crate) documents_timed: Option<Stamp>,
    /// What rules ask for.
    pub(crate) rules: RuleMemory,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            activity: HashMap::new(),
            second_activity: HashMap::new(),
            ended: Recent::new(ENDED_SESSIONS_MAX),
            seen: Recent::new(SEEN_BADGES_MAX),
            scans: Recent::new(SEEN_BADGES_MAX),
            whereabouts: Recent::new(WHEREABOUTS_MAX),
            suspected: Recent::new(SUSPECTED_MAX),
            often: Recent::new(OFTEN_MAX),
            strangers: Recent::new(STRANGERS_MAX),
            answers: Recent::new(ANSWERS_MAX),
            closed: Recent::new(CLOSED_TASKS_MAX),
            past: Recent::new(PAST_DOCUMENTS_MAX),
            unread: Recent::new(UNREAD_MAX),
            pages: Recent::new(PAGES_MAX),
            unread_pages: Recent::new(UNREAD_MAX),
            documents_timed: None,
            rules: RuleMemory::default(),
        }
    }
}

impl Memory {
    /// Makes room for so many documents of the past beside those that are remembered anyway.
    pub(crate) fn make_room_for_past(&mut self, more: usize) {
        self.past.hold(PAST_DOCUMENTS_MAX.saturating_add(more));
    }

    /// Forgets the documents of the past beyond those that are remembered anyway.
    pub(crate) fn forget_spare_past(&mut self) {
        self.past.hold(PAST_DOCUMENTS_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut recent = Recent::new(2);
        for (key, value) in [(1, 'a'), (2, 'b'), (1, 'c'), (3, 'd')] {
            recent.insert(key, value);
        }
        assert_eq!([1, 2, 3].map(|k| recent.get(&k).copied()), [None, Some('b'), Some('d')]);
        recent.remove(&2);
        recent.insert(4, 'e');
        assert_eq!([2, 3, 4].map(|k| recent.get(&k).copied()), [None, Some('d'), Some('e')]);
    }
}
