//! One group on its way into the database: everything that can be worked out before the transaction
//! (`Plan::new`: encoding, hashes, signature), and the statements inside it (`Plan::write`).

use std::collections::{BTreeMap, HashMap};

use gatewarden_model::{Entry, Hash, Location, Movement, MovementId};
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use crate::{
    StoreError, credential,
    ledger::{ENTRY_BYTES_MAX, GROUP_ENTRIES_MAX, Group, OpenOptions},
    merkle::{Frontier, StoredNode, leaf_hash},
    note::Checkpoint,
    projection::{self, line_row, lot, movement, movement_row, number, unsigned},
};

const INSERT_ENTRY: &str = "INSERT INTO entry (seq, leaf, bytes) VALUES (?1, ?2, ?3)";
const INSERT_NODE: &str = "INSERT INTO node (level, number, hash) VALUES (?1, ?2, ?3)";
const INSERT_CHECKPOINT: &str = "INSERT INTO checkpoint (size, note) VALUES (?1, ?2)";
const INSERT_MOVEMENT: &str = "INSERT INTO movement (seq, id, kind, document_kind, document, task, \
    station, session, operator, auth_level, approved_by, wall_us) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
const INSERT_LINE: &str = "INSERT INTO movement_line (seq, position, line, item, lot, quantity, \
    unit, from_location, to_location) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const INSERT_SUBJECT: &str = "INSERT INTO subject (kind, key, seq) VALUES (?1, ?2, ?3)";
const INSERT_LIVE: &str = "INSERT OR IGNORE INTO live (key, seq) VALUES (?1, ?2)";
const DELETE_LIVE: &str = "DELETE FROM live WHERE key = ?1";
const SELECT_BALANCE: &str =
    "SELECT quantity FROM balance WHERE item = ?1 AND lot = ?2 AND location = ?3";
const UPSERT_BALANCE: &str = "INSERT INTO balance (item, lot, location, quantity) \
    VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET quantity = excluded.quantity";
const DELETE_BALANCE: &str = "DELETE FROM balance WHERE item = ?1 AND lot = ?2 AND location = ?3";

/// A group, ready to be written.
pub(crate) struct Plan<'a> {
    group: &'a Group,
    leaves: Vec<(Hash, String)>,
    nodes: Vec<StoredNode>,
    frontier: Frontier,
    /// The signed checkpoint; none for a group without entries.
    checkpoint: Option<String>,
}

/// A balance that the group changes.
struct Change {
    stored: Option<i64>,
    now: i64,
}

type Changes<'a> = BTreeMap<(&'a str, &'a str, &'a str), Change>;

impl<'a> Plan<'a> {
    /// Checks the entries one by one, encodes and hashes them, and signs the new tree.
    pub(crate) fn new(
        group: &'a Group,
        edge: &Frontier,
        options: &OpenOptions,
    ) -> Result<Self, StoreError> {
        let (found, max) = (group.entries.len(), GROUP_ENTRIES_MAX);
        if found > max {
            return Err(StoreError::GroupTooLarge { found, max });
        }
        credential::check(group)?;
        let (mut frontier, mut nodes) = (edge.clone(), Vec::new());
        let mut leaves = Vec::with_capacity(found);
        for entry in &group.entries {
            let (expected, found) = (frontier.size(), entry.seq);
            if expected != found {
                return Err(StoreError::Sequence { expected, found });
            }
            let text = encode(entry)?;
            let leaf = leaf_hash(text.as_bytes());
            frontier.push(leaf, &mut nodes);
            leaves.push((leaf, text));
        }
        let checkpoint = (found > 0).then(|| {
            let origin = options.origin.clone();
            let (size, root) = (frontier.size(), frontier.root());
            Checkpoint { origin, size, root }.sign(&options.key)
        });
        Ok(Self { group, leaves, nodes, frontier, checkpoint })
    }

    /// Writes everything but the commit.
    pub(crate) fn write(&self, connection: &Connection) -> Result<(), StoreError> {
        self.write_journal(connection)?;
        let mut changes = Changes::new();
        for entry in &self.group.entries {
            if let Some(movement) = movement(entry) {
                write_movement(connection, entry, movement)?;
                post(connection, entry.seq, movement, &mut changes)?;
            }
        }
        write_balances(connection, &changes)?;
        self.write_live(connection)?;
        self.write_subjects(connection)?;
        credential::write(connection, self.group)
    }

    /// The tree's edge after the group.
    pub(crate) fn into_frontier(self) -> Frontier {
        self.frontier
    }

    fn write_journal(&self, connection: &Connection) -> Result<(), StoreError> {
        let mut insert = connection.prepare_cached(INSERT_ENTRY)?;
        for (entry, (leaf, text)) in self.group.entries.iter().zip(&self.leaves) {
            insert.execute(params![number(entry.seq), leaf.0, text])?;
        }
        let mut insert = connection.prepare_cached(INSERT_NODE)?;
        for node in &self.nodes {
            insert.execute(params![node.level, number(node.number), node.hash.0])?;
        }
        if let Some(note) = &self.checkpoint {
            let mut insert = connection.prepare_cached(INSERT_CHECKPOINT)?;
            insert.execute(params![number(self.frontier.size()), note])?;
        }
        Ok(())
    }

    /// What the group opens and closes again leaves no trace, so it is not written either.
    fn write_live(&self, connection: &Connection) -> Result<(), StoreError> {
        let lives: Vec<_> = self.group.entries.iter().map(|e| (number(e.seq), e.live())).collect();
        let closed: HashMap<&str, i64> = lives
            .iter()
            .flat_map(|(seq, live)| live.closes.iter().map(|key| (key.as_str(), *seq)))
            .collect();
        let mut delete = connection.prepare_cached(DELETE_LIVE)?;
        let mut insert = connection.prepare_cached(INSERT_LIVE)?;
        for (seq, live) in &lives {
            for key in live.closes.iter().filter(|key| closed.get(key.as_str()) == Some(seq)) {
                delete.execute([key])?;
            }
            let stays = |key: &&String| closed.get(key.as_str()).is_none_or(|last| last <= seq);
            for key in live.touches.iter().filter(stays) {
                insert.execute(params![key, seq])?;
            }
        }
        Ok(())
    }

    /// In the order of the index, so that neighbours meet the same page.
    fn write_subjects(&self, connection: &Connection) -> Result<(), StoreError> {
        let of = |entry: &Entry| {
            let seq = number(entry.seq);
            entry.subjects().into_iter().map(move |subject| (subject, seq))
        };
        let mut rows: Vec<_> = self.group.entries.iter().flat_map(of).collect();
        rows.sort_unstable();
        let mut insert = connection.prepare_cached(INSERT_SUBJECT)?;
        for (subject, seq) in rows {
            insert.execute(params![subject.kind.code(), subject.key, seq])?;
        }
        Ok(())
    }
}

fn encode(entry: &Entry) -> Result<String, StoreError> {
    let seq = entry.seq;
    projection::check_entry(entry).map_err(|rule| StoreError::Rule { seq, rule })?;
    let bytes = entry.encode().map_err(|source| StoreError::Entry { seq, source })?;
    let rule = if bytes.len() > ENTRY_BYTES_MAX {
        format!("its {} bytes are beyond the bound of {ENTRY_BYTES_MAX}", bytes.len())
    } else {
        match String::from_utf8(bytes) {
            Ok(text) => return Ok(text),
            Err(_) => "it is not UTF-8".to_owned(),
        }
    };
    Err(StoreError::Rule { seq, rule })
}

fn write_movement(
    connection: &Connection,
    entry: &Entry,
    movement: &Movement,
) -> Result<(), StoreError> {
    let row = movement_row(entry, movement);
    let inserted =
        connection.prepare_cached(INSERT_MOVEMENT)?.execute(params_from_iter(row.iter()));
    if let Err(error) = inserted {
        return Err(match recorded(connection, movement.id)? {
            Some(seq) => StoreError::Repeated { id: movement.id, seq },
            None => error.into(),
        });
    }
    let mut insert = connection.prepare_cached(INSERT_LINE)?;
    for (position, line) in movement.lines.iter().enumerate() {
        insert.execute(params_from_iter(line_row(entry.seq, position, line).iter()))?;
    }
    Ok(())
}

/// The entry that recorded a movement, if there is one.
pub(crate) fn recorded(connection: &Connection, id: MovementId) -> Result<Option<u64>, StoreError> {
    let mut select = connection.prepare_cached("SELECT seq FROM movement WHERE id = ?1")?;
    Ok(select.query_row([id.to_string()], |row| unsigned(row, 0)).optional()?)
}

/// Adds a movement to the balances; refuses what no physical place holds once all its lines are
/// applied.
fn post<'a>(
    connection: &Connection,
    seq: u64,
    movement: &'a Movement,
    changes: &mut Changes<'a>,
) -> Result<(), StoreError> {
    for line in &movement.lines {
        for (location, quantity) in projection::postings(line) {
            let key = (line.item.as_str(), lot(line), location.as_str());
            let change = match changes.entry(key) {
                std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::btree_map::Entry::Vacant(entry) => {
                    let stored = connection
                        .prepare_cached(SELECT_BALANCE)?
                        .query_row([key.0, key.1, key.2], |row| row.get(0))
                        .optional()?;
                    entry.insert(Change { stored, now: stored.unwrap_or(0) })
                }
            };
            change.now = change.now.checked_add(quantity).ok_or_else(|| {
                let rule = format!("the balance of {} at {location} overflows", line.item);
                StoreError::Rule { seq, rule }
            })?;
        }
    }
    let short = movement.lines.iter().find_map(|line| {
        let now = changes.get(&(line.item.as_str(), lot(line), line.from.as_str()))?.now;
        (now < 0 && line.from.is_physical()).then_some((line, now))
    });
    let Some((line, now)) = short else { return Ok(()) };
    let net = net(movement, line.item.as_str(), lot(line), &line.from);
    Err(StoreError::Shortage {
        seq,
        movement: movement.id,
        item: line.item.clone(),
        lot: lot(line).to_owned(),
        location: line.from.clone(),
        on_hand: now.saturating_sub(net),
        short: now.saturating_neg(),
    })
}

/// What a movement as a whole does to one balance.
fn net(movement: &Movement, item: &str, of_lot: &str, at: &Location) -> i64 {
    let lines = movement.lines.iter().filter(|l| l.item.as_str() == item && lot(l) == of_lot);
    let sides = lines.flat_map(projection::postings).filter(|(location, _)| *location == at);
    sides.fold(0, |sum, (_, quantity)| sum.saturating_add(quantity))
}

fn write_balances(connection: &Connection, changes: &Changes<'_>) -> Result<(), StoreError> {
    for ((item, lot, location), change) in changes {
        if change.now != 0 {
            let mut upsert = connection.prepare_cached(UPSERT_BALANCE)?;
            upsert.execute(params![item, lot, location, change.now])?;
        } else if change.stored.is_some() {
            connection.prepare_cached(DELETE_BALANCE)?.execute([item, lot, location])?;
        }
    }
    Ok(())
}
