//! Reading a ledger: beside its writer, or a copy of it. Never writes.
//!
//! Entries are decoded from their canonical bytes; the projections only say which ones. Answers that
//! need several statements take one snapshot.

use std::path::Path;

use gatewarden_model::{
    Bucket, Entry, FieldRights, Hash, ItemId, Location, Mask, MovementId, OperatorId, PassId,
    StockStatus, Subject, SubjectKind,
};
use gatewarden_stock::{Supply, Wants};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use crate::{
    StoreError, connection, fetch, ledger, lookup,
    merkle::{self, NodeSource},
    note::Checkpoint,
    projection::{number, unsigned},
    proof::Proof,
    rows,
    sqlite::recorded,
    subjects,
};

/// Most entries in one answer.
pub const ANSWER_ENTRIES_MAX: usize = 100_000;

/// How much of an item is where.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Balance {
    /// The item.
    pub item: ItemId,
    /// Where.
    pub location: Location,
    /// Its lot, owner, status and handling unit.
    #[serde(flatten)]
    pub bucket: Bucket,
    /// Base units; negative only in places that hold no stock.
    pub quantity: i64,
}

impl Mask for Balance {
    fn mask(&mut self, rights: &FieldRights) {
        let Self { item: _, location, bucket, quantity: _ } = self;
        location.mask(rights);
        bucket.mask(rights);
    }
}

/// Which balances to give; the default is all that are not zero.
#[derive(Debug, Clone, Default)]
pub struct BalanceFilter {
    /// Of this item only.
    pub item: Option<ItemId>,
    /// At this location or below it (`wh1` covers `wh1/dock`).
    pub below: Option<Location>,
    /// At physical places only.
    pub physical: bool,
    /// Of this lot only.
    pub lot: Option<String>,
    /// Of this owner only; `Some(None)` is the house.
    pub owner: Option<Option<String>>,
    /// In this status only.
    pub status: Option<StockStatus>,
    /// In this handling unit (SSCC) only; `Some(None)` is loose stock.
    pub unit: Option<Option<String>>,
}

/// A page of movements, from the newest back.
#[derive(Debug, Clone, Copy)]
pub struct MovementPage {
    /// Older than this entry; none for the newest.
    pub before: Option<u64>,
    /// How many at most.
    pub limit: usize,
}

/// A checkpoint with its signed note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What it says. The signature was not checked by reading it.
    pub checkpoint: Checkpoint,
    /// The signed note.
    pub note: String,
}

/// A read-only view of a ledger. It can move between threads, not be shared by them: open one each.
#[derive(Debug)]
pub struct LedgerReader {
    pub(crate) connection: Connection,
    /// The VFS that it was opened with; none for the usual one.
    pub(crate) vfs: Option<String>,
}

impl LedgerReader {
    /// Opens the ledger at `path`, also beside its writer, also where it can't be written.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, None)
    }

    pub(crate) fn open_with(path: &Path, vfs: Option<&str>) -> Result<Self, StoreError> {
        let connection = connection::open_reader(path, vfs)?;
        if crate::schema::check(&connection)? == 0 {
            return Err(StoreError::NotALedger);
        }
        Ok(Self { connection, vfs: vfs.map(str::to_owned) })
    }

    /// The gateway's name: the origin of the checkpoints.
    pub fn origin(&self) -> Result<String, StoreError> {
        ledger::meta(&self.connection, "origin")
    }

    /// The public key that the ledger says it is signed with now, as C2SP verifier key. A copy from
    /// a stranger proves nothing by it: compare it with one you trust.
    pub fn verifier_key(&self) -> Result<String, StoreError> {
        lookup::key_in_force(&self.connection)
    }

    /// The public key that the ledger says it was signed with first.
    pub fn first_verifier_key(&self) -> Result<String, StoreError> {
        ledger::meta(&self.connection, "verifier")
    }

    /// Looks up what `wants` asks for.
    pub fn look_up(&self, wants: &Wants) -> Result<Supply, StoreError> {
        let _snapshot = self.connection.unchecked_transaction()?;
        lookup::look_up(&self.connection, wants.clone())
    }

    /// How many entries there are.
    pub fn len(&self) -> Result<u64, StoreError> {
        let sql = "SELECT ifnull(max(seq) + 1, 0) FROM entry";
        Ok(self.connection.prepare_cached(sql)?.query_row([], |row| unsigned(row, 0))?)
    }

    /// True for a ledger without entries.
    pub fn is_empty(&self) -> Result<bool, StoreError> {
        Ok(self.len()? == 0)
    }

    /// One entry.
    pub fn entry(&self, seq: u64) -> Result<Option<Entry>, StoreError> {
        let found =
            self.list("SELECT seq, bytes, leaf FROM entry WHERE seq = ?1", [number(seq)])?;
        Ok(found.into_iter().next())
    }

    /// The entries of a range, at most `ANSWER_ENTRIES_MAX`.
    pub fn entries(&self, range: std::ops::Range<u64>) -> Result<Vec<Entry>, StoreError> {
        self.list(
            "SELECT seq, bytes, leaf FROM entry WHERE seq >= ?1 AND seq < ?2 ORDER BY seq LIMIT ?3",
            params![number(range.start), number(range.end), limit(usize::MAX)],
        )
    }

    /// The newest `count` entries, in sequence.
    pub fn last_entries(&self, count: usize) -> Result<Vec<Entry>, StoreError> {
        let sql = "SELECT seq, bytes, leaf FROM entry ORDER BY seq DESC LIMIT ?1";
        Ok(reversed(self.list(sql, [limit(count)])?))
    }

    /// The newest `count` entries about a subject, in sequence.
    pub fn touching(&self, subject: &Subject, count: usize) -> Result<Vec<Entry>, StoreError> {
        let _snapshot = self.connection.unchecked_transaction()?;
        let count = count.min(ANSWER_ENTRIES_MAX);
        let mut found = subjects::newest(&self.connection, subject, 0, count)?;
        // A movement's own entry is in `movement_index`, not there.
        if let (SubjectKind::Movement, Ok(id)) = (subject.kind, subject.key.parse()) {
            found.extend(recorded(&self.connection, id)?);
            found.sort_unstable_by(|a, b| b.cmp(a));
            found.truncate(count);
        }
        found.reverse();
        fetch::all_at(&self.connection, &found)
    }

    /// The oldest `count` entries about a subject from the entry `from` on, in sequence: who reads on from the last
    /// one reads all. A movement's own entry is not among them.
    pub fn touching_from(
        &self,
        subject: &Subject,
        from: u64,
        count: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let _snapshot = self.connection.unchecked_transaction()?;
        let mut found = subjects::newest(&self.connection, subject, from, usize::MAX)?;
        found.reverse();
        found.truncate(count.min(ANSWER_ENTRIES_MAX));
        fetch::all_at(&self.connection, &found)
    }

    /// The entries that touch what is still open, in sequence: replayed, they give the engine its
    /// state.
    pub fn live(&self) -> Result<Vec<Entry>, StoreError> {
        let sql =
            "SELECT seq, bytes, leaf FROM entry WHERE seq IN (SELECT seq FROM live) ORDER BY seq";
        self.list(sql, [])
    }

    /// Balances that are not zero, by item, location, lot, owner, status and unit.
    pub fn balances(&self, filter: &BalanceFilter) -> Result<Vec<Balance>, StoreError> {
        let sql = "SELECT item, location, lot, owner, status, unit, quantity FROM balance \
            WHERE (?1 IS NULL OR item = ?1) \
            AND (?2 IS NULL OR location = ?2 OR substr(location, 1, length(?2) + 1) = ?2 || '/') \
            AND (NOT ?3 OR substr(location, 1, 1) <> '@') AND (?4 IS NULL OR lot = ?4) \
            AND (?5 IS NULL OR owner = ?5) AND (?6 IS NULL OR status = ?6) \
            AND (?7 IS NULL OR unit = ?7) AND quantity <> 0 \
            ORDER BY item, location, lot, owner, status, unit";
        // One item is a range of the key; a condition that may be absent would hide that.
        let sql = match &filter.item {
            Some(_) => sql.replace("(?1 IS NULL OR item = ?1)", "item = ?1"),
            None => sql.to_owned(),
        };
        let none_is_empty = |of: &Option<Option<String>>| of.clone().map(Option::unwrap_or_default);
        let values = params![
            filter.item.as_ref().map(ItemId::as_str),
            filter.below.as_ref().map(Location::as_str),
            filter.physical,
            filter.lot,
            none_is_empty(&filter.owner),
            filter.status.map(StockStatus::name),
            none_is_empty(&filter.unit),
        ];
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(values)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(balance(row)?);
        }
        Ok(found)
    }

    /// Physical stock only.
    pub fn stock(&self, filter: &BalanceFilter) -> Result<Vec<Balance>, StoreError> {
        self.balances(&BalanceFilter { physical: true, ..filter.clone() })
    }

    /// A page of movements, the newest first.
    pub fn movements(&self, page: MovementPage) -> Result<Vec<Entry>, StoreError> {
        let sql = "SELECT entry.seq, bytes, leaf FROM movement_index AS movement JOIN entry USING (seq) \
            WHERE movement.seq < ?1 ORDER BY movement.seq DESC LIMIT ?2";
        let before = page.before.map_or(i64::MAX, number);
        self.list(sql, params![before, limit(page.limit)])
    }

    /// The entry that recorded a movement.
    pub fn movement(&self, id: MovementId) -> Result<Option<Entry>, StoreError> {
        match recorded(&self.connection, id)? {
            Some(seq) => self.entry(seq),
            None => Ok(None),
        }
    }

    /// Whether any entry is about a pass: it was posted, held, denied or quarantined already.
    pub fn pass_recorded(&self, pass: PassId) -> Result<bool, StoreError> {
        let _snapshot = self.connection.unchecked_transaction()?;
        let subject = Subject { kind: SubjectKind::Movement, key: pass.to_string() };
        Ok(recorded(&self.connection, pass.into())?.is_some()
            || !subjects::newest(&self.connection, &subject, 0, 1)?.is_empty())
    }

    /// An operator's PIN hash, a PHC string. It counts only where its digest is the one that the
    /// operator's last enrolment names.
    pub fn credential(&self, operator: &OperatorId) -> Result<Option<String>, StoreError> {
        let sql = "SELECT phc FROM credential WHERE operator = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row([operator.as_str()], |row| row.get(0)).optional()?)
    }

    /// The newest checkpoint; none for a ledger without entries.
    pub fn checkpoint(&self) -> Result<Option<SignedCheckpoint>, StoreError> {
        let sql = "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1";
        let note: Option<String> =
            self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
        note.map(|note| {
            let text = note.rfind("\n\n").map_or("", |blank| &note[..=blank]);
            Ok(SignedCheckpoint { checkpoint: Checkpoint::parse(text)?, note })
        })
        .transpose()
    }

    /// The proof of an entry under the newest checkpoint.
    pub fn proof(&self, seq: u64) -> Result<Proof, StoreError> {
        let signed = self.checkpoint()?.ok_or(StoreError::NoEntry { seq, len: 0 })?;
        self.proof_under(seq, signed)
    }

    /// The proof of an entry under a checkpoint of this ledger.
    pub(crate) fn proof_under(
        &self,
        seq: u64,
        signed: SignedCheckpoint,
    ) -> Result<Proof, StoreError> {
        let snapshot = self.connection.unchecked_transaction()?;
        let size = signed.checkpoint.size;
        let path = merkle::inclusion(&Nodes(&self.connection), seq, size)?
            .ok_or(StoreError::NoEntry { seq, len: size })?;
        let sql = "SELECT bytes FROM entry WHERE seq = ?1";
        let entry: String = snapshot.query_row(sql, [number(seq)], |row| row.get(0))?;
        Ok(Proof { entry: entry.into_bytes(), index: seq, path, checkpoint: signed.note })
    }

    /// The proof that the tree of `old` entries is a prefix of that of `new` (RFC 6962, 2.1.2), as a
    /// witness asks for it. None where `old > new`.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Option<Vec<Hash>>, StoreError> {
        let _snapshot = self.connection.unchecked_transaction()?;
        merkle::consistency(&Nodes(&self.connection), old, new)
    }

    fn list(&self, sql: &str, values: impl Params) -> Result<Vec<Entry>, StoreError> {
        fetch::list(&self.connection, sql, values)
    }
}

fn balance(row: &Row<'_>) -> Result<Balance, StoreError> {
    let text = |column| -> Result<&str, StoreError> {
        row.get_ref(column)?.as_str().map_err(|error| StoreError::Database(error.into()))
    };
    let site = rows::site(text(0)?, text(1)?)?;
    let bucket = rows::bucket(text(2)?, text(3)?, text(4)?, text(5)?)
        .ok_or_else(|| StoreError::Damaged("balance: an unknown status".into()))?;
    Ok(Balance { item: site.item, location: site.location, bucket, quantity: row.get(6)? })
}

fn limit(count: usize) -> i64 {
    number(count.min(ANSWER_ENTRIES_MAX) as u64)
}

fn reversed(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.reverse();
    entries
}

/// The tree as the database keeps it.
pub(crate) struct Nodes<'a>(pub(crate) &'a Connection);

impl NodeSource for Nodes<'_> {
    type Error = StoreError;

    fn nodes(&self, level: u32, first: u64, count: u64) -> Result<Vec<Hash>, StoreError> {
        let sql = if level == 0 {
            "SELECT leaf FROM entry WHERE seq >= ?1 AND seq < ?2 AND ?3 = 0 ORDER BY seq"
        } else {
            "SELECT hash FROM node WHERE number >= ?1 AND number < ?2 AND level = ?3 \
             ORDER BY number"
        };
        let mut statement = self.0.prepare_cached(sql)?;
        let values = params![number(first), number(first + count), level];
        let found = statement
            .query_map(values, |row| row.get(0).map(Hash))?
            .collect::<Result<Vec<Hash>, _>>()?;
        if found.len() as u64 == count {
            return Ok(found);
        }
        Err(StoreError::Damaged(format!("hashes of the tree are missing at level {level}")))
    }
}
