//! What waits for the client: replies in their order, and reports and events that are kept while
//! there is no client, or while it asked for them to be held.
//!
//! Invariants: at most [`HELD_MESSAGES_MAX`] reports and events are kept, the oldest give way and
//! are counted; a client gets nothing that was a reply to another one.

use std::collections::VecDeque;

/// How many reports and events are kept, as the Zebra FX series does.
pub const HELD_MESSAGES_MAX: usize = 66_000;
/// How many bytes are handed to the socket at once, at least one message.
const CHUNK_BYTES: usize = 64 * 1024;

#[derive(Debug, Default)]
pub(super) struct Outbox {
    ready: VecDeque<Queued>,
    held: VecDeque<Vec<u8>>,
    replies: usize,
    holding: bool,
    lost: u64,
}

#[derive(Debug)]
enum Queued {
    Reply(Vec<u8>),
    Report(Vec<u8>),
}

impl Queued {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Reply(bytes) | Self::Report(bytes) => bytes,
        }
    }
}

impl Outbox {
    /// For the client that is connected now.
    pub(super) fn reply(&mut self, bytes: Vec<u8>) {
        self.replies += 1;
        self.ready.push_back(Queued::Reply(bytes));
    }

    /// A report or an event. True where it pushed an older one out.
    pub(super) fn report(&mut self, bytes: Vec<u8>) -> bool {
        let full = self.kept() >= HELD_MESSAGES_MAX;
        if full {
            self.drop_oldest();
            self.lost += 1;
        }
        if self.holding {
            self.held.push_back(bytes);
        } else {
            self.ready.push_back(Queued::Report(bytes));
        }
        full
    }

    /// How many messages wait.
    pub(super) fn kept(&self) -> usize {
        self.ready.len() + self.held.len()
    }

    /// How many reports and events gave way to newer ones.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    /// How many replies wait, so that their number can be bounded.
    pub(super) fn replies(&self) -> usize {
        self.replies
    }

    fn drop_oldest(&mut self) {
        // While holding, only replies are ready, and there are few of them.
        if self.held.pop_front().is_none() {
            let at = self.ready.iter().position(|queued| matches!(queued, Queued::Report(_)));
            at.and_then(|at| self.ready.remove(at));
        }
    }

    /// The client is gone: replies are void, reports and events are kept.
    pub(super) fn hold(&mut self) {
        self.holding = true;
        self.replies = 0;
        let ready = std::mem::take(&mut self.ready);
        for queued in ready.into_iter().rev() {
            if let Queued::Report(bytes) = queued {
                self.held.push_front(bytes);
            }
        }
    }

    /// What was held may go now, behind what is ready.
    pub(super) fn release(&mut self) {
        self.holding = false;
        self.ready.extend(self.held.drain(..).map(Queued::Report));
    }

    pub(super) fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The next messages as one piece.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let mut chunk = Vec::new();
        while let Some(next) = self.ready.front() {
            if !chunk.is_empty() && chunk.len() + next.bytes().len() > CHUNK_BYTES {
                break;
            }
            if let Some(next) = self.ready.pop_front() {
                self.replies -= usize::from(matches!(next, Queued::Reply(_)));
                chunk.extend_from_slice(next.bytes());
            }
        }
        chunk
    }
}

#[cfg(test)]
mod tests {
    use super::{HELD_MESSAGES_MAX, Outbox};

    #[test]
    fn a_client_that_left_gets_its_reports_later_but_no_replies() {
        let mut outbox = Outbox::default();
        outbox.report(vec![1]);
        outbox.reply(vec![2]);
        outbox.report(vec![3]);
        outbox.hold();
        outbox.report(vec![4]);
        assert!(!outbox.is_ready());
        outbox.reply(vec![5]);
        assert_eq!(outbox.take(), [5], "replies pass what is held");
        outbox.release();
        outbox.reply(vec![6]);
        assert_eq!(outbox.take(), [1, 3, 4, 6]);
    }

    #[test]
    fn the_oldest_gives_way_and_is_counted() {
        let mut outbox = Outbox::default();
        outbox.hold();
        for number in 0..HELD_MESSAGES_MAX + 2 {
            let overflowed = outbox.report(number.to_be_bytes().to_vec());
            assert_eq!(overflowed, number >= HELD_MESSAGES_MAX);
        }
        assert_eq!((outbox.kept(), outbox.lost()), (HELD_MESSAGES_MAX, 2));
        outbox.release();
        assert_eq!(outbox.take()[..8], 2usize.to_be_bytes());
    }
}
