//! What happened lately under a key: running sums with their times, as many and as long as is bounded.
//!
//! Invariants: what is told of a key is the sum of exactly those values that are younger than the span, found
//! without going through them; there are at most [`WINDOW_KEYS_MAX`] keys and [`WINDOW_VALUES_MAX`] values, and
//! before one is refused those are dropped whose span is over. Where a value had to be left out though its span
//! is not over, nothing is told until it is (`lost`). What is asked is never older than the span, whatever is
//! still kept, so that a memory that was rebuilt from fewer entries answers the same. What happened before
//! something else is never younger than that, whatever the wall clock did.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

/// Most values of one window, all keys together.
pub const WINDOW_VALUES_MAX: usize = 1 << 18;
/// Most keys of one window.
pub const WINDOW_KEYS_MAX: usize = 100_000;
/// What is over is looked for at most so often within a span.
const TIDIED_IN_A_SPAN: i64 = 64;

/// Several numbers that are summed side by side.
pub(super) type Sums<const N: usize> = [i128; N];

/// The values of one key.
#[derive(Debug, Clone)]
struct Line<const N: usize> {
    /// The sums of all that were dropped.
    dropped: Sums<N>,
    /// Each with its microsecond and the sums up to it; times never fall.
    values: VecDeque<(i64, Sums<N>)>,
}

/// Sums by key.
#[derive(Debug, Clone)]
pub(super) struct Window<K, const N: usize> {
    keys: HashMap<K, Line<N>>,
    kept: usize,
    tidied: Option<i64>,
    lost: Option<i64>,
}

impl<K, const N: usize> Default for Window<K, N> {
    fn default() -> Self {
        Self { keys: HashMap::new(), kept: 0, tidied: None, lost: None }
    }
}

impl<K: Hash + Eq, const N: usize> Window<K, N> {
    /// Whether a value was ever left out before its span was over.
    pub(super) fn overflow(&self) -> bool {
        self.lost.is_some()
    }

    /// Whether a value is missing of those that count at `now`.
    pub(super) fn lost(&self, now: i64, span_us: i64) -> bool {
        self.lost.is_some_and(|at| now.saturating_sub(at) < span_us)
    }

    /// Puts a value in; `span_us` is how long it counts. The key is made where it is new.
    pub(super) fn put<Q>(&mut self, key: &Q, at: i64, value: Sums<N>, span_us: i64)
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let full = self.kept >= WINDOW_VALUES_MAX
            || self.keys.len() >= WINDOW_KEYS_MAX && !self.keys.contains_key(key);
        if full && !self.tidy(at, span_us, self.keys.contains_key(key)) {
            self.lost = self.lost.max(Some(at));
            return;
        }
        if let Some(line) = self.keys.get_mut(key) {
            self.kept -= line.forget(at, span_us);
            line.put(at, value);
        } else {
            let mut line = Line { dropped: [0; N], values: VecDeque::new() };
            line.put(at, value);
            self.keys.insert(key.to_owned(), line);
        }
        self.kept += 1;
    }

    /// Drops what is over; whether there is room now.
    fn tidy(&mut self, at: i64, span_us: i64, known: bool) -> bool {
        let again = span_us / TIDIED_IN_A_SPAN;
        if self.tidied.is_some_and(|last| (0..again).contains(&at.saturating_sub(last))) {
            return false;
        }
        self.tidied = Some(at);
        self.kept = 0;
        let kept = &mut self.kept;
        self.keys.retain(|_, line| {
            line.forget(at, span_us);
            *kept += line.values.len();
            !line.values.is_empty()
        });
        self.kept < WINDOW_VALUES_MAX && (known || self.keys.len() < WINDOW_KEYS_MAX)
    }

    /// The sums of the values of a key that are younger than the span at `now`.
    pub(super) fn lately<Q>(&self, key: &Q, now: i64, span_us: i64) -> Sums<N>
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.keys.get(key).map_or([0; N], |line| line.lately(now, span_us))
    }
}

impl<const N: usize> Line<N> {
    fn put(&mut self, at: i64, value: Sums<N>) {
        for (later, _) in self.values.iter_mut().rev().take_while(|(later, _)| *later > at) {
            *later = at;
        }
        let before = self.values.back().map_or(self.dropped, |(_, upto)| *upto);
        self.values.push_back((at, std::array::from_fn(|n| before[n].saturating_add(value[n]))));
    }

    /// Drops what is over, and says how many those were.
    fn forget(&mut self, at: i64, span_us: i64) -> usize {
        let mut count = 0;
        while let Some((first, upto)) = self.values.front()
            && at.saturating_sub(*first) >= span_us
        {
            self.dropped = *upto;
            self.values.pop_front();
            count += 1;
        }
        count
    }

    fn lately(&self, now: i64, span_us: i64) -> Sums<N> {
        let Some((_, all)) = self.values.back() else { return [0; N] };
        let over = self.values.partition_point(|(at, _)| now.saturating_sub(*at) >= span_us);
        let before = match over.checked_sub(1).and_then(|last| self.values.get(last)) {
            Some((_, upto)) => upto,
            None => &self.dropped,
        };
        std::array::from_fn(|n| all[n] - before[n])
    }
}

/// A sum as a fact has it.
pub(super) fn told(sum: i128) -> i64 {
    i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_forgets_what_is_old_and_sums_the_rest_exactly() {
        let mut window = Window::<String, 2>::default();
        for at in 0..10 {
            window.put("a", at, [1, i128::from(at)], 5);
        }
        assert_eq!(window.lately("a", 10, 5), [4, 6 + 7 + 8 + 9]);
        assert_eq!(window.lately("a", 9, 3), [3, 7 + 8 + 9]);
        assert_eq!(window.lately("b", 9, 3), [0, 0]);
        for _ in 0..5_000 {
            window.put("b", 100, [1, 2], 5);
        }
        assert_eq!(window.lately("b", 100, 5), [5_000, 10_000], "however many there are");
        assert!(!window.overflow());
    }

    #[test]
    fn a_clock_that_was_ahead_keeps_nothing_too_long() {
        let mut window = Window::<String, 1>::default();
        for at in [1, 1_000_000, 2, 3] {
            window.put("a", at, [1], 5);
        }
        assert_eq!(window.lately("a", 4, 5), [3], "the first is over by the clock that was ahead");
        assert_eq!(window.lately("a", 7, 5), [1]);
        assert_eq!(window.lately("a", 8, 5), [0]);
    }

    #[test]
    fn what_does_not_fit_is_told_until_its_span_is_over() {
        let mut window = Window::<u64, 1>::default();
        for key in 0..WINDOW_KEYS_MAX as u64 {
            window.put(&key, 0, [1], 64);
        }
        window.put(&u64::MAX, 70, [1], 64);
        assert!(!window.lost(70, 64), "the old ones made room");
        for key in 0..WINDOW_KEYS_MAX as u64 {
            window.put(&key, 71, [1], 64);
        }
        assert!(window.keys.len() <= WINDOW_KEYS_MAX && window.overflow());
        assert!(window.lost(71 + 63, 64));
        assert!(!window.lost(71 + 64, 64), "what was left out does not count any more");
    }

    #[test]
    fn there_are_never_more_values_than_the_bound() {
        let mut window = Window::<u64, 1>::default();
        for n in 0..=WINDOW_VALUES_MAX as u64 {
            window.put(&(n % 7), 0, [1], 64);
        }
        assert_eq!(window.kept, WINDOW_VALUES_MAX);
        assert!(window.lost(63, 64) && !window.lost(64, 64));
        window.put(&1, 100, [1], 64);
        assert_eq!(window.kept, 1, "what is over made room");
    }
}
