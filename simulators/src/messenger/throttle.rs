//! Pure: how many messages a robot takes a minute, and for how long it then takes none.

use std::collections::VecDeque;

/// Milliseconds over which messages are counted.
const WINDOW_MS: u64 = 60_000;

/// The count of one robot.
#[derive(Debug)]
pub(super) struct Throttle {
    most: usize,
    /// For how long it refuses all after one too many; 0 until the window has room.
    penalty_ms: u64,
    taken: VecDeque<u64>,
    refuses_until: u64,
}

impl Throttle {
    pub(super) fn new(most: usize, penalty_ms: u64) -> Self {
        Self { most, penalty_ms, taken: VecDeque::new(), refuses_until: 0 }
    }

    /// Whether a message at `now_ms` is taken; counts it if so.
    pub(super) fn takes(&mut self, now_ms: u64) -> bool {
        while self.taken.front().is_some_and(|first| now_ms.saturating_sub(*first) >= WINDOW_MS) {
            self.taken.pop_front();
        }
        if now_ms < self.refuses_until {
            return false;
        }
        if self.taken.len() >= self.most {
            self.refuses_until = now_ms + self.penalty_ms;
            return false;
        }
        self.taken.push_back(now_ms);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_too_many_is_refused_for_the_penalty() {
        let mut throttle = Throttle::new(2, 600_000);
        let taken: Vec<bool> = [0, 1, 2, 61_000, 600_001, 600_002, 600_003]
            .iter()
            .map(|now| throttle.takes(*now))
            .collect();
        assert_eq!(taken, [true, true, false, false, false, true, true]);
    }

    #[test]
    fn without_a_penalty_there_is_room_after_a_minute() {
        let mut throttle = Throttle::new(1, 0);
        let taken: Vec<bool> = [0, 59_999, 60_000].iter().map(|now| throttle.takes(*now)).collect();
        assert_eq!(taken, [true, false, true]);
    }
}
