//! The one writer of a lane on PostgreSQL.
//!
//! Promises, beside those of the ledger: the stock that a group touches is locked, read and written
//! in one transaction; a group that no longer fits, or waited too long for another gateway's locks, is
//! refused whole, with why; where COMMIT was not heard, the lane itself is asked before anything is
//! said. Absent: when to try again what was refused (the recorder).

use ed25519_dalek::SigningKey;
use gatewarden_model::Entry;
use gatewarden_stock::{Site, Stock, Supply, Wants};

use super::{
    address::PgAddress,
    cosignature,
    link::Link,
    locks::Locks,
    lookup,
    rivals::{self, Taken},
    session::Session,
    write::{self, Positions},
};
use crate::{
    StoreError,
    keys::Keys,
    ledger::{Committed, Group, OpenOptions},
    note,
    plan::Plan,
    rows::{Days, Projector, runs},
};

/// How often a group is tried that finds that it needs more locks.
const ATTEMPTS_MAX: usize = 10;

/// The one writer of a lane.
#[derive(Debug)]
pub(crate) struct PgLedger {
    address: PgAddress,
    /// The keys as given; a session has those in force.
    keys: Keys,
    /// Names this process among those that may hold the lane.
    instance: String,
    /// None while PostgreSQL is away.
    session: Option<Session>,
}

/// How a try ended that wrote nothing wrong.
enum Tried {
    Written,
    /// It needs more locks, which `Locks` has now.
    MoreLocks,
}

impl PgLedger {
    /// Opens the lane of this gateway. Where PostgreSQL is away the ledger is opened all the same, and
    /// `recover` has to succeed before it can be used; anything else that is wrong is an error.
    pub(crate) fn open(address: PgAddress, options: OpenOptions) -> Result<Self, StoreError> {
        let OpenOptions { key, more_keys, origin, .. } = options;
        if !note::is_key_name(&origin) {
            return Err(StoreError::Origin(origin));
        }
        let keys = Keys::new(origin, key, more_keys);
        let instance = format!("{:016x}", rand::random::<u64>());
        let mut ledger = Self { address, keys, instance, session: None };
        match ledger.recover() {
            Ok(()) => {}
            Err(StoreError::Away(why)) => tracing::warn!(%why, "PostgreSQL is away"),
            Err(error) => return Err(error),
        }
        Ok(ledger)
    }

    /// Makes the ledger usable after an error: connects where that is needed, and reads the lane's
    /// end. Harmless where nothing is wrong.
    pub(crate) fn recover(&mut self) -> Result<(), StoreError> {
        if self.session.is_none() {
            self.session = Some(Session::open(&self.address, &self.keys, &self.instance)?);
        }
        Ok(())
    }

    /// Whether PostgreSQL is away.
    pub(crate) fn is_away(&self) -> bool {
        self.session.is_none()
    }

    pub(crate) fn address(&self) -> &PgAddress {
        &self.address
    }

    /// Records a group, flushed when it returns.
    pub(crate) fn append(&mut self, group: &Group) -> Result<Committed, StoreError> {
        let session = self.session.as_ref().ok_or_else(not_there)?;
        let plan = Plan::new(group, &session.frontier, &session.keys)?;
        let next_key = session.keys.rotation(&group.entries)?.map(str::to_owned);
        let mut session = self.session.take().ok_or_else(not_there)?;
        match commit(&mut session, group, &plan) {
            Ok(()) => {}
            Err(Failed::Clean(error)) => {
                self.session = Some(session);
                return Err(error);
            }
            Err(Failed::Broken(error)) => return Err(error),
            Err(Failed::Unheard(why)) => return self.settle(session, &plan, why),
        }
        session.frontier = plan.frontier;
        session.newest = plan.checkpoint.or(session.newest);
        if let Some(name) = next_key {
            session.keys.choose(&name)?;
        }
        self.session = Some(session);
        Ok(self.committed())
    }

    /// Asks the lane whether a group is there whose COMMIT was not heard.
    fn settle(
        &mut self,
        session: Session,
        plan: &Plan,
        why: String,
    ) -> Result<Committed, StoreError> {
        drop(session);
        self.recover().map_err(|error| {
            StoreError::Away(format!(
                "{why}; whether the last group was recorded is open ({error})"
            ))
        })?;
        let newest = self.session.as_ref().and_then(|session| session.newest.as_ref());
        if plan.checkpoint.is_some() && newest == plan.checkpoint.as_ref() {
            tracing::warn!(%why, "COMMIT was not heard; the group is there");
            return Ok(self.committed());
        }
        Err(StoreError::Away(format!("{why}; nothing of the group was recorded")))
    }

    /// Looks up what the engine must know before it can decide.
    pub(crate) fn look_up(&mut self, wants: &Wants) -> Result<Supply, StoreError> {
        let session = self.session.as_mut().ok_or_else(not_there)?;
        let link = &mut session.link;
        let done = link.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").and_then(|()| {
            let supply = lookup::look_up(link, session.lane, wants.clone());
            link.batch("COMMIT")?;
            supply
        });
        if matches!(done, Err(StoreError::Away(_))) {
            self.session = None;
        }
        done
    }

    /// Who of the other lanes took from a site last.
    pub(crate) fn last_taken(&mut self, site: &Site) -> Result<Option<Taken>, StoreError> {
        let session = self.session.as_mut().ok_or_else(not_there)?;
        let taken = rivals::last_taken(&mut session.link, session.lane, site);
        if matches!(taken, Err(StoreError::Away(_))) {
            self.session = None;
        }
        taken
    }

    /// Keeps a witness's line of the checkpoint of `size` entries.
    pub(crate) fn put_cosignature(&mut self, size: u64, line: &str) -> Result<(), StoreError> {
        let session = self.session.as_mut().ok_or_else(not_there)?;
        let kept = cosignature::add(&mut session.link, session.lane, size, line);
        if matches!(kept, Err(StoreError::Away(_))) {
            self.session = None;
        }
        kept
    }

    /// What all lanes said of items, closed periods and days: what a stock must know that no look-up
    /// tells.
    pub(crate) fn basis(&mut self) -> Result<Stock, StoreError> {
        let session = self.session.as_mut().ok_or_else(not_there)?;
        match lookup::news(&mut session.link, session.seen, &mut session.stock) {
            Ok(seen) => session.seen = seen,
            Err(error) => {
                self.session = None;
                return Err(error);
            }
        }
        Ok(session.stock.clone())
    }

    pub(crate) fn offer_key(&mut self, key: SigningKey) {
        if let Some(session) = &mut self.session {
            session.keys.offer(key.clone());
        }
        self.keys.offer(key);
    }

    pub(crate) fn verifier_key(&self) -> &str {
        self.session.as_ref().map_or(self.keys.name(), |session| session.keys.name())
    }

    pub(crate) fn committed(&self) -> Committed {
        let frontier = self.session.as_ref().map(|session| session.frontier.clone());
        let frontier = frontier.unwrap_or_default();
        Committed { size: frontier.size(), root: frontier.root() }
    }
}

fn not_there() -> StoreError {
    StoreError::Away("there is no connection".into())
}

/// How a commit failed.
enum Failed {
    /// Nothing was recorded and the session can be used.
    Clean(StoreError),
    /// Nothing was recorded and the session is lost.
    Broken(StoreError),
    /// COMMIT was sent and nothing was heard.
    Unheard(String),
}

fn commit(session: &mut Session, group: &Group, plan: &Plan) -> Result<(), Failed> {
    let mut locks = Locks::of(&group.entries);
    for _ in 0..ATTEMPTS_MAX {
        let tried =
            session.link.batch("BEGIN").and_then(|()| attempt(session, group, plan, &mut locks));
        let error = match tried {
            Ok(Tried::Written) => return end(session),
            Ok(Tried::MoreLocks) => None,
            Err(StoreError::Away(why)) => return Err(Failed::Broken(StoreError::Away(why))),
            Err(error) => Some(error),
        };
        session.undo();
        session.link.batch("ROLLBACK").map_err(Failed::Broken)?;
        if let Some(error) = error {
            return Err(Failed::Clean(whose(session, group, error)));
        }
    }
    let words = "what it needs changed with each try";
    Err(Failed::Clean(StoreError::Contended(words.into())))
}

fn end(session: &mut Session) -> Result<(), Failed> {
    match session.link.batch("COMMIT") {
        Ok(()) => {
            session.stock.forget();
            session.applied = false;
            Ok(())
        }
        // The server answered: it is rolled back.
        Err(
            error @ (StoreError::Contended(_) | StoreError::Postgres(_) | StoreError::DiskFull),
        ) => {
            session.undo();
            Err(Failed::Clean(error))
        }
        Err(error) => Err(Failed::Unheard(error.to_string())),
    }
}

/// Everything of a group but the commit.
fn attempt(
    session: &mut Session,
    group: &Group,
    plan: &Plan,
    locks: &mut Locks,
) -> Result<Tried, StoreError> {
    let Session { link, lane, stock, seen, applied, .. } = session;
    let lane = *lane;
    let (keys, exclusive) = locks.keys();
    if !keys.is_empty() {
        link.query("SELECT take_locks($1, $2)::text", &[&keys, &exclusive])?;
    }
    let positions = write::entries(link, lane, &group.entries, plan)?;
    let numbered = positions.keys().zip(&group.entries);
    let entries: Vec<Entry> =
        numbered.map(|(position, entry)| Entry { seq: *position, ..entry.clone() }).collect();
    if !locks.idle() {
        *seen = lookup::news(link, *seen, stock)?;
    }
    let known = std::mem::replace(stock, Stock::partial());
    let mut projector = Projector::new(known, Days::default());
    let done = project(link, lane, &mut projector, &entries, &positions, locks, applied);
    *stock = projector.stock;
    if let Tried::MoreLocks = done.map_err(|error| numbered_by_lane(error, &positions))? {
        return Ok(Tried::MoreLocks);
    }
    write::tree(link, lane, plan)?;
    write::credentials(link, lane, group)?;
    Ok(Tried::Written)
}

fn project(
    link: &mut Link,
    lane: i32,
    projector: &mut Projector,
    entries: &[Entry],
    positions: &Positions,
    locks: &mut Locks,
    applied: &mut bool,
) -> Result<Tried, StoreError> {
    for run in runs(entries) {
        loop {
            let needs = projector.needs(run);
            if needs.is_empty() {
                break;
            }
            if locks.add(&needs) {
                return Ok(Tried::MoreLocks);
            }
            let supply = lookup::look_up(link, lane, needs)?;
            // Where a unit's contents are is only known now.
            let found = Wants { sites: supply.sites.keys().cloned().collect(), ..Wants::default() };
            if locks.add(&found) {
                return Ok(Tried::MoreLocks);
            }
            projector.stock.supply(supply);
        }
        *applied = true;
        let rows = projector.apply(run)?;
        let told = rows.lots.iter().map(|row| (row.item.clone(), row.lot.clone()));
        if locks.add_told(told) {
            return Ok(Tried::MoreLocks);
        }
        write::rows(link, lane, run, &rows, positions)?;
    }
    Ok(Tried::Written)
}

/// What a run could not do, said of the lane's own sequence. On a shared ledger it need not be
/// anybody's mistake: somebody else was faster.
fn numbered_by_lane(error: StoreError, positions: &Positions) -> StoreError {
    match error {
        StoreError::Stock { seq, source } => {
            StoreError::Conflict { seq: positions.get(&seq).copied().unwrap_or(seq), source }
        }
        other => other,
    }
}

/// Says whose movement it is that a group repeats.
fn whose(session: &mut Session, group: &Group, error: StoreError) -> StoreError {
    if !matches!(&error, StoreError::Postgres(words) if words.contains("movement_index_id_key")) {
        return error;
    }
    let sql = "SELECT lane, seq, gateway FROM movement_index JOIN lane USING (lane) WHERE id = $1";
    for movement in group.entries.iter().filter_map(crate::projection::movement) {
        let id = movement.id;
        let Ok(Some(row)) = session.link.first(sql, &[&id.0]) else { continue };
        let Ok(seq) = lookup::unsigned(&row, 1) else { continue };
        if row.get::<_, i32>(0) == session.lane {
            return StoreError::Repeated { id, seq };
        }
        return StoreError::RepeatedElsewhere { id, seq, gateway: row.get(2) };
    }
    error
}
