//! What keys were asked and what apps were offered, until it is answered or its minutes are over.
//!
//! In memory only: a restart forgets all, and whoever was asked is asked anew. One question of each kind
//! a session; a later one takes the place of the earlier. Time is an argument.

use std::collections::HashMap;

use gatewarden_identity::Purpose;
use gatewarden_model::{MovementId, SessionId};

/// How long a question may be answered, in microseconds.
const QUESTION_US_MAX: u64 = 300_000_000;
/// Questions that are open at once; the oldest makes room.
const QUESTIONS_MAX: usize = 1024;

/// What a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum About {
    /// Setting up an app for one-time codes.
    Codes,
    /// Registering a key.
    Register,
    /// Rising to a higher level.
    StepUp,
    /// Confirming a posting.
    Confirm(MovementId),
}

impl About {
    /// What a key is told that it is asked for.
    pub(crate) fn purpose(self) -> Purpose {
        match self {
            Self::Codes | Self::Register => Purpose::Register,
            Self::StepUp => Purpose::StepUp,
            Self::Confirm(_) => Purpose::Confirm,
        }
    }
}

/// The open questions: who was asked about what, with which fresh number, until when.
#[derive(Debug, Default)]
pub(super) struct Questions(HashMap<(SessionId, About), ([u8; 32], u64)>);

impl Questions {
    pub(super) fn put(&mut self, whom: (SessionId, About), nonce: [u8; 32], now_us: u64) {
        self.0.retain(|_, (_, until_us)| now_us < *until_us);
        if self.0.len() >= QUESTIONS_MAX
            && let Some(oldest) =
                self.0.iter().min_by_key(|(_, (_, until))| *until).map(|(k, _)| *k)
        {
            self.0.remove(&oldest);
        }
        self.0.insert(whom, (nonce, now_us.saturating_add(QUESTION_US_MAX)));
    }

    /// The number of a question, once.
    pub(super) fn take(&mut self, whom: &(SessionId, About), now_us: u64) -> Option<[u8; 32]> {
        let (nonce, until_us) = self.0.remove(whom)?;
        (now_us < until_us).then_some(nonce)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_question_counts_once_for_minutes_in_its_session() {
        let session = |n| SessionId(Uuid::from_u128(n));
        let mut all = Questions::default();
        all.put((session(1), About::StepUp), [1; 32], 10);
        assert_eq!(all.take(&(session(2), About::StepUp), 11), None);
        assert_eq!(all.take(&(session(1), About::Register), 11), None);
        assert_eq!(all.take(&(session(1), About::StepUp), 11), Some([1; 32]));
        assert_eq!(all.take(&(session(1), About::StepUp), 11), None);
        all.put((session(1), About::StepUp), [2; 32], 10);
        assert_eq!(all.take(&(session(1), About::StepUp), 10 + QUESTION_US_MAX), None);
        for n in 0..2 * QUESTIONS_MAX as u128 {
            all.put((session(n), About::Codes), [3; 32], 20);
        }
        assert!(all.0.len() <= QUESTIONS_MAX);
    }
}
