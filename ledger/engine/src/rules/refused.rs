//! A refusal by rules that can be explained: what the rules found is on record, and the refusal names the entry.
//!
//! Absent: the explanation itself (`gatewarden rules explain`).

use gatewarden_model::{Document, RuleFiring};

use crate::turn::{Fault, Turn};

impl Turn<'_> {
    /// Records what rules found that refused something, and names the first of those entries in the refusal. What was
    /// said lately is not said again, and then no entry is named.
    pub(crate) fn refused_by_rules(
        &mut self,
        (code, message): Fault,
        firings: Vec<RuleFiring>,
        document: Option<&Document>,
    ) -> Fault {
        let first = (!firings.is_empty()).then_some(*self.next_seq);
        self.record_firings(firings, document);
        match first {
            Some(entry) => (code, format!("{message}; gatewarden rules explain {entry} tells why")),
            None => (code, message),
        }
    }
}
