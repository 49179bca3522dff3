//! What the commands read out of the ledger: who is enrolled, and the journal up to an entry.
//!
//! The journal is read in pieces, so memory is bounded by what is open, not by its length.

use anyhow::Context as _;
use gatewarden_engine::{Access, Engine, Judge, Operator, Settings, State};
use gatewarden_model::{Entry, RoleMatrix};
use gatewarden_store::LedgerReader;

/// Entries read at once.
const ENTRIES_AT_ONCE: u64 = 1000;

/// What is open now.
pub(super) fn state(ledger: &LedgerReader) -> anyhow::Result<State> {
    let access = Access::new(&RoleMatrix::default(), "").context("failed to build no policies")?;
    let mut engine = Engine::new(Settings::default(), access, 0);
    for entry in ledger.live()? {
        engine.replay(&entry);
    }
    Ok(engine.state().clone())
}

/// All operators that are enrolled.
pub(super) fn operators(ledger: &LedgerReader) -> anyhow::Result<Vec<Operator>> {
    Ok(state(ledger)?.operators().cloned().collect())
}

/// Goes through the entries before `end`; `each` sees every one, and the judge as it was before it.
pub(super) fn go_through(
    ledger: &LedgerReader,
    end: u64,
    mut each: impl FnMut(&Judge, &Entry) -> anyhow::Result<()>,
) -> anyhow::Result<Judge> {
    let mut judge = Judge::new();
    let mut from = 0;
    while from < end {
        let upto = end.min(from + ENTRIES_AT_ONCE);
        for entry in ledger.entries(from..upto)? {
            each(&judge, &entry)?;
            judge.pass_over(&entry);
        }
        from = upto;
    }
    Ok(judge)
}
