//! A gateway's hold on its lane: the connection, the lane's lock, and the tree's edge as stored.
//!
//! Promises: one writer a lane; who holds the lane's lock knows that no earlier transaction of that
//! lane is still on its way, so what it reads of the lane is the truth about an unheard COMMIT.

use gatewarden_model::{Body, Entry, Hash};
use gatewarden_stock::Stock;

use super::{
    address::PgAddress,
    link::{Limits, Link},
    lookup::{self, hash, unsigned},
    setup,
};
use crate::{
    StoreError,
    keys::Keys,
    merkle::{Frontier, NodeSource},
    note::{self, Checkpoint},
    projection::number,
};

/// Class of the lanes' locks among PostgreSQL's advisory locks of two numbers.
const LANE_LOCKS: i32 = 0x4757_6c64;

/// An open lane.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) link: Link,
    pub(super) lane: i32,
    pub(super) frontier: Frontier,
    pub(super) keys: Keys,
    /// The note of the newest checkpoint.
    pub(super) newest: Option<String>,
    /// Items, the closed period and the last day; anything else is looked up for each group.
    pub(super) stock: Stock,
    /// The newest position that `stock` was told of.
    pub(super) seen: i64,
    /// Whether `stock` had entries applied that are not committed.
    pub(super) applied: bool,
}

impl Session {
    /// Connects, takes the lane and reads its end. `instance` names this process among those that
    /// may hold the lane.
    pub(super) fn open(
        address: &PgAddress,
        keys: &Keys,
        instance: &str,
    ) -> Result<Self, StoreError> {
        let application = application(keys.origin(), instance);
        let mut link = Link::open(address, &application, Limits::WRITER)?;
        check_server(&mut link)?;
        let lane = own_lane(&mut link, address, keys.origin())?;
        take_lane(&mut link, lane, address, &application)?;
        let mut keys = keys.clone();
        claim(&mut link, lane, &mut keys)?;
        let (frontier, newest) = load(&mut link, lane, &keys)?;
        let mut stock = Stock::partial();
        let seen = lookup::news(&mut link, -1, &mut stock)?;
        Ok(Self { link, lane, frontier, keys, newest, stock, seen, applied: false })
    }

    /// After a transaction that was rolled back: forgets what it made of the stock.
    pub(super) fn undo(&mut self) {
        self.stock.forget();
        if std::mem::take(&mut self.applied) {
            self.stock = Stock::partial();
            self.seen = -1;
        }
    }
}

/// What `pg_stat_activity` shows, cut as PostgreSQL cuts it.
fn application(origin: &str, instance: &str) -> String {
    let name: String = origin.chars().filter(char::is_ascii_graphic).take(30).collect();
    format!("gatewarden {name} {instance}")
}

/// Refuses a server whose commits are not on its disk, and a schema of another version.
fn check_server(link: &mut Link) -> Result<(), StoreError> {
    let version = setup::version(link)?;
    let known = setup::known_version();
    if version > known {
        let known = usize::try_from(known).unwrap_or(0);
        return Err(StoreError::TooNew { found: version.into(), known });
    }
    if version < known {
        let way = "run `gatewarden ledger init-postgres` as its administrator";
        return Err(StoreError::Postgres(format!(
            "the database has version {version} of the ledger's schema, this program needs {known}: \
             {way}"
        )));
    }
    let sql = "SELECT current_setting('fsync'), current_setting('synchronous_commit')";
    let Some(row) = link.first(sql, &[])? else { return Ok(()) };
    if row.get::<_, &str>(0) == "off" {
        let words = "its setting fsync is off, so a power cut would lose what was acknowledged";
        return Err(StoreError::Postgres(format!("{words}: turn it on")));
    }
    if row.get::<_, &str>(1) == "off" {
        link.batch("SET synchronous_commit = on")?;
    }
    Ok(())
}

/// The lane that belongs to the role, which must be this gateway's.
pub(super) fn own_lane(
    link: &mut Link,
    address: &PgAddress,
    origin: &str,
) -> Result<i32, StoreError> {
    let sql = "SELECT lane, gateway FROM lane WHERE lane = own_lane()";
    let Some(row) = link.first(sql, &[])? else {
        return Err(StoreError::Postgres(format!(
            "the role {} has no lane: run `gatewarden ledger init-postgres --gateway {origin}`",
            address.user()
        )));
    };
    let found: String = row.get(1);
    if found != origin {
        return Err(StoreError::WrongOrigin { found, given: origin.to_owned() });
    }
    Ok(row.get(0))
}

/// Takes the lane's lock, which lives as long as the connection. What this same process left behind
/// when a connection broke is ended first.
fn take_lane(
    link: &mut Link,
    lane: i32,
    address: &PgAddress,
    application: &str,
) -> Result<(), StoreError> {
    let ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
        WHERE application_name = $1 AND usename = session_user AND pid <> pg_backend_pid()";
    link.query(ended, &[&application])?;
    link.batch("SET lock_timeout = 5000")?;
    let lock = "SELECT pg_advisory_lock($1, $2)::text";
    match link.query(lock, &[&LANE_LOCKS, &lane]) {
        Ok(_) => link.batch(&format!("SET lock_timeout = {}", Limits::WRITER.lock.as_millis())),
        Err(StoreError::Contended(_)) => {
            let sql = "SELECT application_name, coalesce(host(client_addr), 'a local socket') \
                FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' \
                AND granted AND classid = $1::integer::oid AND objid = $2::integer::oid \
                AND objsubid = 2";
            let row = link.first(sql, &[&LANE_LOCKS, &lane])?;
            let holder = row.map_or_else(
                || "another process".to_owned(),
                |row| format!("{:?} from {}", row.get::<_, &str>(0), row.get::<_, &str>(1)),
            );
            Err(StoreError::Locked { path: address.to_string().into(), holder })
        }
        Err(error) => Err(error),
    }
}

/// Names the key of a new lane; of an old one, chooses the key that its journal says is in force.
fn claim(link: &mut Link, lane: i32, keys: &mut Keys) -> Result<(), StoreError> {
    let sql = "INSERT INTO lane_key (lane, verifier) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    link.execute(sql, &[&lane, &keys.name()])?;
    let name = key_in_force(link, lane)?;
    keys.choose(&name)
}

/// The verifier key that the lane began with; empty where it has not begun.
pub(super) fn first_key(link: &mut Link, lane: i32) -> Result<String, StoreError> {
    let row = link.first("SELECT verifier FROM lane_key WHERE lane = $1", &[&lane])?;
    Ok(row.map(|row| row.get(0)).unwrap_or_default())
}

/// The verifier key that the lane's journal says is in force.
pub(super) fn key_in_force(link: &mut Link, lane: i32) -> Result<String, StoreError> {
    match last_rotation(link, lane)? {
        Some((_, _, new)) => Ok(new),
        None => first_key(link, lane),
    }
}

/// The newest change of a lane's key: its entry, the old and the new verifier key.
pub(super) fn last_rotation(
    link: &mut Link,
    lane: i32,
) -> Result<Option<(u64, String, String)>, StoreError> {
    let sql = "SELECT seq, leaf, bytes FROM entry WHERE lane = $1 \
        AND seq = (SELECT max(seq) FROM live WHERE lane = $1 AND key = 'key')";
    let found: Option<Entry> =
        link.first(sql, &[&lane])?.as_ref().map(lookup::entry).transpose()?;
    Ok(found.and_then(|entry| match entry.body {
        Body::KeyRotated { old, new, .. } => Some((entry.seq, old, new)),
        _ => None,
    }))
}

/// The tree's edge as stored, after checking it against the last checkpoint, and that one's note.
fn load(link: &mut Link, lane: i32, keys: &Keys) -> Result<(Frontier, Option<String>), StoreError> {
    let sql = "SELECT coalesce(max(seq) + 1, 0) FROM entry WHERE lane = $1";
    let len = link.first(sql, &[&lane])?.map_or(Ok(0), |row| unsigned(&row, 0))?;
    let sql = "SELECT size, note FROM checkpoint WHERE lane = $1 ORDER BY size DESC LIMIT 2";
    let rows = link.query(sql, &[&lane])?;
    let Some(newest) = rows.first() else {
        if len > 0 {
            return Err(StoreError::Damaged(format!("there are {len} entries and no checkpoint")));
        }
        return Ok((Frontier::default(), None));
    };
    let note: String = newest.get(1);
    let before = rows.get(1).map_or(Ok(0), |row| unsigned(row, 0))?;
    // The checkpoint that covers a rotation is the last of the old key. The journal itself names that
    // one, so it proves nothing: what counts is the signature of the new key beside it.
    if let Some((seq, old, _)) = last_rotation(link, lane)?
        && seq >= before
    {
        Checkpoint::open(&note, keys.origin(), &note::parse_verifier_key(&old)?.1)?;
    }
    let last = Checkpoint::open(&note, keys.origin(), &keys.current().verifying_key())?;
    if last.size != len {
        let size = last.size;
        return Err(StoreError::Damaged(format!(
            "the last checkpoint covers {size} entries, the journal has {len}"
        )));
    }
    let frontier = Frontier::load(&Nodes { link: link.into(), lane }, len)?;
    if frontier.root() != last.root {
        return Err(StoreError::Damaged("the tree does not lead to the signed root".into()));
    }
    Ok((frontier, Some(note)))
}

/// A lane's tree as the database keeps it.
pub(super) struct Nodes<'a> {
    pub(super) link: std::cell::RefCell<&'a mut Link>,
    pub(super) lane: i32,
}

impl NodeSource for Nodes<'_> {
    type Error = StoreError;

    fn nodes(&self, level: u32, first: u64, count: u64) -> Result<Vec<Hash>, StoreError> {
        let mut link = self.link.borrow_mut();
        let (from, to) = (number(first), number(first + count));
        let rows = if level == 0 {
            let sql = "SELECT leaf FROM entry WHERE lane = $1 AND seq >= $2 AND seq < $3 \
                ORDER BY seq";
            link.query(sql, &[&self.lane, &from, &to])?
        } else {
            let level = i32::try_from(level).unwrap_or(i32::MAX);
            let sql = "SELECT hash FROM node WHERE lane = $1 AND number >= $2 AND number < $3 \
                AND level = $4 ORDER BY number";
            link.query(sql, &[&self.lane, &from, &to, &level])?
        };
        if rows.len() as u64 != count {
            let words = format!("hashes of the tree are missing at level {level}");
            return Err(StoreError::Damaged(words));
        }
        rows.iter().map(|row| hash(row.get(0))).collect()
    }
}
