//! The database's shape: tables that an auditor can read with SQL, and the forward-only migrations.
//!
//! `entry`, `node` and `checkpoint` are the journal. `movement_index`, `day`, `balance`, `pool`, `thing`,
//! `lot`, `subject` with `subject_new`, and `live` are projections of it, which `rebuild` makes anew and
//! `verify` recomputes and compares; `movement` and `movement_line` are views over the entries' own
//! bytes. `cosignature` has what witnesses signed, `credential` (PIN hashes) what the journal names by
//! digest only; `meta` is neither. `''` means none; quantities are base units, values ten-thousandths of the currency.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{error::StoreError, projection::number, rebuild};

/// SQLite's application id of a ledger: the bytes "GWld".
pub const APPLICATION_ID: i32 = 0x4757_6c64;

/// Each brings the tables of version n (its place here) to n + 1, but for the projections, which a
/// migration makes anew in the newest shape. Never edit one that was released: add another.
const MIGRATIONS: &[&str] = &[VERSION_1, VERSION_2, VERSION_3, VERSION_4];

/// What `make_projections` drops before it makes it.
const DROP_PROJECTIONS: &str = "
DROP VIEW IF EXISTS stock; DROP VIEW IF EXISTS movement; DROP VIEW IF EXISTS movement_line;
DROP TABLE IF EXISTS movement_index; DROP TABLE IF EXISTS day; DROP TABLE IF EXISTS balance;
DROP TABLE IF EXISTS pool; DROP TABLE IF EXISTS thing; DROP TABLE IF EXISTS lot;
DROP TABLE IF EXISTS subject; DROP TABLE IF EXISTS subject_new; DROP TABLE IF EXISTS live;
";

const VERSION_1: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- The journal. `leaf` is SHA-256(0x00 || bytes), tile level 0 of the tree; `node` the levels above.
CREATE TABLE entry (
    seq INTEGER PRIMARY KEY,
    leaf BLOB NOT NULL CHECK (length(leaf) = 32),
    bytes TEXT NOT NULL
) STRICT;
CREATE TABLE node (
    level INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;

-- Projections.
CREATE TABLE movement (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    document_kind TEXT NOT NULL,
    document TEXT NOT NULL,
    task TEXT NOT NULL,
    station TEXT NOT NULL,
    session TEXT NOT NULL,
    operator TEXT NOT NULL,
    auth_level INTEGER NOT NULL,
    approved_by TEXT NOT NULL,
    wall_us INTEGER NOT NULL
) STRICT;
CREATE TABLE movement_line (
    seq INTEGER NOT NULL,
    position INTEGER NOT NULL,
    line INTEGER NOT NULL,
    item TEXT NOT NULL,
    lot TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    unit TEXT NOT NULL,
    from_location TEXT NOT NULL,
    to_location TEXT NOT NULL,
    PRIMARY KEY (seq, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE balance (
    item TEXT NOT NULL,
    lot TEXT NOT NULL,
    location TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (item, lot, location)
) STRICT, WITHOUT ROWID;
CREATE TABLE subject (
    kind INTEGER NOT NULL,
    key TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (kind, key, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE live (
    key TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (key, seq)
) STRICT, WITHOUT ROWID;

-- PIN hashes (PHC strings): never in the journal, which travels.
CREATE TABLE credential (operator TEXT PRIMARY KEY, phc TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- For reading only.
CREATE VIEW journal AS
    SELECT seq,
           strftime('%Y-%m-%dT%H:%M:%SZ', (bytes ->> '$.at.wall_us') / 1000000, 'unixepoch') AS at,
           bytes ->> '$.body.kind' AS kind,
           bytes
    FROM entry;
CREATE VIEW stock AS
    SELECT item, lot, location, quantity FROM balance
    WHERE quantity <> 0 AND location NOT LIKE '@%';
";

const VERSION_2: &str = "
DROP VIEW stock;
DROP TABLE movement_line;
DROP TABLE movement;
DROP TABLE balance;
DROP TABLE subject;
DROP TABLE live;

-- What witnesses signed: a line of the note of the checkpoint of `size` entries.
CREATE TABLE cosignature (
    size INTEGER NOT NULL,
    name TEXT NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (size, name)
) STRICT, WITHOUT ROWID;
";

/// Only projections changed: `subject` is divided by era, new entries stand in `subject_new`.
const VERSION_3: &str = "";

/// Only projections changed: `thing` has the TID that a tag was commissioned with.
const VERSION_4: &str = "";

/// The projections of version 4, and the views for reading only.
const PROJECTIONS: &str = "
-- Projections. A movement's id as 16 bytes; `day` counts from 1970-01-01.
CREATE TABLE movement_index (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    day INTEGER NOT NULL
) STRICT;
-- The days that movements counted for, each with the first entry that did, and with the first one
-- that was neither back-dated nor stamped by an unset clock.
CREATE TABLE day (day INTEGER PRIMARY KEY, seq INTEGER NOT NULL, counted INTEGER) STRICT;
CREATE TABLE balance (
    item TEXT NOT NULL,
    location TEXT NOT NULL,
    lot TEXT NOT NULL,
    owner TEXT NOT NULL,
    status TEXT NOT NULL,
    unit TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (item, location, lot, owner, status, unit)
) STRICT, WITHOUT ROWID;
CREATE INDEX balance_unit ON balance (unit) WHERE unit <> '';
-- Layers, the oldest first: 'DAY:QUANTITY' or 'DAY:QUANTITY:VALUE', a space between them.
CREATE TABLE pool (
    item TEXT NOT NULL,
    location TEXT NOT NULL,
    lot TEXT NOT NULL,
    owner TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    value INTEGER NOT NULL,
    layers TEXT NOT NULL,
    PRIMARY KEY (item, location, lot, owner)
) STRICT, WITHOUT ROWID;
CREATE TABLE thing (
    key TEXT PRIMARY KEY,
    item TEXT NOT NULL,
    lot TEXT NOT NULL,
    serial TEXT NOT NULL,
    tid TEXT NOT NULL,
    place TEXT NOT NULL,
    unit TEXT NOT NULL,
    commissioned INTEGER NOT NULL,
    seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE lot (
    item TEXT NOT NULL,
    lot TEXT NOT NULL,
    expires TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (item, lot)
) STRICT, WITHOUT ROWID;
-- Which entries are about what: `seq`, and those that the steps in `more` (LEB128) lead to. An era
-- is 65536 entries. The newest entries stand in `subject_new`, as 'KIND:LENGTH:KEY,' for each subject.
CREATE TABLE subject (
    era INTEGER NOT NULL CHECK (era = seq >> 16),
    kind INTEGER NOT NULL,
    key TEXT NOT NULL,
    seq INTEGER NOT NULL CHECK (seq >= 0),
    more BLOB NOT NULL,
    PRIMARY KEY (era, kind, key, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE subject_new (
    seq INTEGER PRIMARY KEY CHECK (seq >= 0),
    subjects TEXT NOT NULL
) STRICT;
CREATE TABLE live (
    key TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (key, seq)
) STRICT, WITHOUT ROWID;

-- For reading only.
CREATE VIEW movement AS
    SELECT seq,
           bytes ->> '$.body.movement.id' AS id,
           bytes ->> '$.body.movement.kind' AS kind,
           bytes ->> '$.body.movement.document.kind' AS document_kind,
           bytes ->> '$.body.movement.document.number' AS document,
           ifnull(bytes ->> '$.body.movement.task', '') AS task,
           ifnull(bytes ->> '$.body.movement.station', '') AS station,
           bytes ->> '$.body.movement.session' AS session,
           bytes ->> '$.body.movement.operator' AS operator,
           bytes ->> '$.body.movement.auth_level' AS auth_level,
           bytes ->> '$.body.movement.approved_by' AS approved_by,
           bytes ->> '$.at.wall_us' AS wall_us,
           date(day * 86400, 'unixepoch') AS day,
           ifnull(bytes ->> '$.body.movement.back_dated', 0) AS back_dated,
           ifnull(bytes ->> '$.body.movement.reverses', '') AS reverses,
           ifnull(bytes ->> '$.body.movement.reservation', '') AS reservation
    FROM movement_index JOIN entry USING (seq);
CREATE VIEW movement_line AS
    SELECT seq,
           json_each.key AS position,
           json_each.value ->> '$.line' AS line,
           json_each.value ->> '$.item' AS item,
           ifnull(json_each.value ->> '$.lot', '') AS lot,
           json_each.value ->> '$.quantity' AS quantity,
           json_each.value ->> '$.unit' AS unit,
           json_each.value ->> '$.from' AS from_location,
           json_each.value ->> '$.to' AS to_location,
           ifnull(json_each.value ->> '$.owner', '') AS owner,
           ifnull(json_each.value ->> '$.from_status', 'available') AS from_status,
           ifnull(json_each.value ->> '$.to_status', 'available') AS to_status,
           ifnull(json_each.value ->> '$.from_unit', '') AS from_unit,
           ifnull(json_each.value ->> '$.to_unit', '') AS to_unit,
           ifnull(json_each.value ->> '$.value', '') AS value
    FROM movement_index JOIN entry USING (seq),
         json_each(entry.bytes, '$.body.movement.lines');
CREATE VIEW stock AS
    SELECT item, location, lot, owner, status, unit, quantity FROM balance
    WHERE location NOT LIKE '@%';
";

/// Makes the connection fit for the one writer: WAL, a flush for every commit, no automatic
/// checkpoint (that is `wal`'s work).
pub(crate) fn configure_writer(connection: &Connection) -> Result<(), StoreError> {
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::NoWal { mode });
    }
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;",
    )?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Brings the database to the newest version, in one transaction. Refuses a database that is no
/// ledger, or one that a newer program wrote.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let step = Transaction::new(connection, TransactionBehavior::Immediate)?;
    let missing = &MIGRATIONS[check(&step)?..];
    if missing.is_empty() {
        return Ok(());
    }
    missing.iter().try_for_each(|sql| step.execute_batch(sql))?;
    make_projections(&step)?;
    rebuild::fill(&step)?;
    step.pragma_update(None, "application_id", APPLICATION_ID)?;
    step.pragma_update(None, "user_version", number(version() as u64))?;
    Ok(step.commit()?)
}

/// Drops the projections, whatever is left of them, and makes them anew and empty.
pub(crate) fn make_projections(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch(DROP_PROJECTIONS)?;
    Ok(connection.execute_batch(PROJECTIONS)?)
}

/// The version of a ledger that this program can read; 0 for an empty database.
pub(crate) fn check(connection: &Connection) -> Result<usize, StoreError> {
    let number = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let version = number("PRAGMA user_version")?;
    let id = number("PRAGMA application_id")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    if id != i64::from(APPLICATION_ID) && (id, version, tables) != (0, 0, 0) {
        return Err(StoreError::NotALedger);
    }
    let known = MIGRATIONS.len();
    usize::try_from(version)
        .ok()
        .filter(|v| *v <= known)
        .ok_or(StoreError::TooNew { found: version, known })
}

/// The version that this program writes.
#[must_use]
pub fn version() -> usize {
    MIGRATIONS.len()
}

/// Where the tables, indexes, views and triggers differ from those that this program makes, in words.
pub(crate) fn differences(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut fresh = Connection::open_in_memory()?;
    migrate(&mut fresh)?;
    let (expected, mut found) = (objects(&fresh)?, objects(connection)?);
    let mut words = Vec::new();
    for ((kind, name), sql) in expected {
        match found.remove(&(kind.clone(), name.clone())) {
            Some(same) if same == sql => {}
            Some(_) => words.push(format!("the {kind} {name} has another definition")),
            None => words.push(format!("the {kind} {name} is missing")),
        }
    }
    // SQLite's own statistics are harmless, and tables.
    let is_statistics =
        |kind: &str, name: &str| kind == "table" && matches!(name, "sqlite_stat1" | "sqlite_stat4");
    let strange = found.into_keys().filter(|(kind, name)| !is_statistics(kind, name));
    words.extend(strange.map(|(kind, name)| format!("there is a strange {kind} {name}")));
    Ok(words)
}

type Objects = std::collections::BTreeMap<(String, String), Option<String>>;

fn objects(connection: &Connection) -> Result<Objects, StoreError> {
    let mut statement = connection.prepare("SELECT type, name, sql FROM sqlite_schema")?;
    let rows = statement
        .query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?
        .collect::<Result<Objects, _>>()?;
    Ok(rows)
}
