//! What happened lately under a key: values with their times, as many and as long as is bounded.
//!
//! Invariants: a key keeps its newest [`WINDOW_VALUES_MAX`] values; there are at most [`WINDOW_KEYS_MAX`] keys,
//! and before one is refused those are dropped whose span is over; what is dropped though its span is not over
//! is told. What is asked is never older than the span, whatever is still kept, so that a memory that was
//! rebuilt from fewer entries answers the same.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

/// Most values of one key.
pub const WINDOW_VALUES_MAX: usize = 64;
/// Most keys of one window.
pub const WINDOW_KEYS_MAX: usize = 100_000;

/// Values by key, each with its microsecond.
#[derive(Debug, Clone)]
pub(super) struct Window<K, V> {
    keys: HashMap<K, VecDeque<(i64, V)>>,
    overflow: bool,
}

impl<K, V> Default for Window<K, V> {
    fn default() -> Self {
        Self { keys: HashMap::new(), overflow: false }
    }
}

impl<K: Hash + Eq, V> Window<K, V> {
    pub(super) fn overflow(&self) -> bool {
        self.overflow
    }

    /// Puts a value in; `span_us` is how long it counts.
    pub(super) fn put(&mut self, key: K, at: i64, value: V, span_us: i64) {
        if self.keys.len() >= WINDOW_KEYS_MAX && !self.keys.contains_key(&key) {
            self.keys.retain(|_, all| all.back().is_some_and(|(last, _)| at - last < span_us));
            if self.keys.len() >= WINDOW_KEYS_MAX {
                self.overflow = true;
                return;
            }
        }
        let all = self.keys.entry(key).or_default();
        while all.front().is_some_and(|(first, _)| at - first >= span_us) {
            all.pop_front();
        }
        if all.len() == WINDOW_VALUES_MAX {
            all.pop_front();
            self.overflow = true;
        }
        all.push_back((at, value));
    }

    /// The values of a key that are younger than the span at `now`, the oldest first.
    pub(super) fn lately<Q>(
        &self,
        key: &Q,
        now: i64,
        span_us: i64,
    ) -> impl Iterator<Item = (i64, &V)>
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let all = self.keys.get(key).into_iter().flatten();
        all.filter(move |(at, _)| now - at < span_us).map(|(at, value)| (*at, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_forgets_what_is_old_and_tells_what_it_could_not_keep() {
        let mut window = Window::default();
        for at in 0..10 {
            window.put("a", at, at, 5);
        }
        let kept: Vec<i64> = window.lately("a", 10, 5).map(|(_, v)| *v).collect();
        assert_eq!(kept, [6, 7, 8, 9]);
        assert!(!window.overflow());
        for at in 0..=WINDOW_VALUES_MAX as i64 {
            window.put("b", 100, at, 5);
        }
        assert!(window.overflow(), "one more than is kept");
        assert_eq!(window.lately("b", 100, 5).count(), WINDOW_VALUES_MAX);
    }

    #[test]
    fn there_are_never_more_keys_than_the_bound() {
        let mut window = Window::default();
        for key in 0..WINDOW_KEYS_MAX {
            window.put(key, 0, (), 5);
        }
        window.put(usize::MAX, 9, (), 5);
        assert!(!window.overflow(), "the old ones made room");
        for key in 0..WINDOW_KEYS_MAX {
            window.put(key, 9, (), 5);
        }
        assert!(window.overflow());
        assert!(window.keys.len() <= WINDOW_KEYS_MAX);
    }
}
