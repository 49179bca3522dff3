//! Reads what can be read out of a damaged ledger, and of others that may have what it lost, and makes
//! a new ledger of it.
//!
//! Nothing of a damaged file is believed for standing in the right place: an entry's bytes must be
//! canonical and name their own sequence, and lead, with all before them, to a root that the key
//! signed; a PIN hash must be the one that the journal names. So pages are read wherever they lie, also
//! those that nothing leads to. Absent: SQLite, which gives up at the first damaged page.

use std::path::{Path, PathBuf};

use ed25519_dalek::VerifyingKey;
use gatewarden_model::{Body, Entry};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    compose::Composer,
    error::{OpsError, io_error},
    files,
    pages::{Kind, Pages, Value},
    walk::Walk,
    witnessed::read_note,
};
use crate::{
    merkle::leaf_hash,
    note,
    projection::{number, unsigned},
};

/// What could be read, in a database of its own: `seq`, `sound` (the stored leaf fits), `bytes`.
const STAGE: &str = "
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;
CREATE TABLE found (seq INTEGER PRIMARY KEY, sound INTEGER NOT NULL, bytes TEXT NOT NULL) STRICT;
CREATE TABLE note (size INTEGER NOT NULL, note TEXT NOT NULL, PRIMARY KEY (size, note)) STRICT;
CREATE TABLE cosignature (
    size INTEGER NOT NULL, name TEXT NOT NULL, line TEXT NOT NULL, PRIMARY KEY (size, name, line)
) STRICT;
CREATE TABLE word (key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (key, value)) STRICT;
BEGIN";

/// An entry whose row can be read but not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadEntry {
    pub(crate) seq: u64,
    pub(crate) pages: Vec<u32>,
}

/// What was read out of the files.
#[derive(Debug)]
pub(crate) struct Stage {
    connection: Connection,
    path: PathBuf,
    /// Rows of the journal that can't be believed as they stand.
    pub(crate) bad: Vec<BadEntry>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Salvaged {
    /// Entries that the new ledger has, all of them proven.
    pub(crate) size: u64,
    /// Entries that were there, as far as anything signed or readable says.
    pub(crate) known: u64,
    /// The lost ones, as ranges `first..=last`; empty when the new ledger is complete.
    pub(crate) lost: Vec<(u64, u64)>,
    /// Operators whose PIN hash is lost.
    pub(crate) pins: Vec<String>,
}

impl Stage {
    /// Begins with nothing; `path` is a file that is removed at the end.
    pub(crate) fn begin(path: &Path) -> Result<Self, OpsError> {
        files::discard(path);
        files::create_private(path)?;
        let connection = Connection::open(path)?;
        connection.execute_batch(STAGE)?;
        Ok(Self { connection, path: path.to_owned(), bad: vec![] })
    }

    /// Reads a file's pages: those of its tables first, then those that nothing leads to.
    pub(crate) fn read(&mut self, path: &Path, pages: &Pages, walk: &Walk) -> Result<(), OpsError> {
        for owned in [true, false] {
            for number in 1..=pages.count {
                if walk.owner(number).is_some() == owned {
                    self.page(pages, walk, number).map_err(io_error("read", path))??;
                }
            }
        }
        Ok(())
    }

    /// A signed note from elsewhere.
    pub(crate) fn note(&self, text: &str) -> Result<(), OpsError> {
        if let Ok(checkpoint) = read_note(text) {
            let sql = "INSERT OR IGNORE INTO note (size, note) VALUES (?1, ?2)";
            self.connection.prepare_cached(sql)?.execute(params![number(checkpoint.size), text])?;
        }
        Ok(())
    }

    fn page(
        &mut self,
        pages: &Pages,
        walk: &Walk,
        number: u32,
    ) -> std::io::Result<Result<(), OpsError>> {
        let Some(tree) = pages.tree(number)? else { return Ok(Ok(())) };
        let journal = walk.owner(number).is_some_and(|object| object.name == "entry");
        for cell in &tree.cells {
            let values = pages.values(&tree, cell)?;
            let done = match (values.as_deref(), cell.rowid) {
                (Some(values), rowid) => self.row(rowid, values, tree.kind),
                (None, _) => Ok(false),
            };
            match done {
                Err(error) => return Ok(Err(error)),
                Ok(true) => {}
                Ok(false) if journal && tree.kind == Kind::LeafTable => {
                    let seq = cell.rowid.and_then(|n| u64::try_from(n).ok()).unwrap_or(u64::MAX);
                    let chain = pages.chain(cell)?.unwrap_or_default();
                    let all = std::iter::once(number).chain(chain).collect();
                    self.bad.push(BadEntry { seq, pages: all });
                }
                Ok(false) => {}
            }
        }
        Ok(Ok(()))
    }

    /// Takes a row for what it looks like. False for a row of the journal that can't be believed.
    fn row(&self, rowid: Option<i64>, values: &[Value], kind: Kind) -> Result<bool, OpsError> {
        match (kind, rowid, values) {
            (
                Kind::LeafTable,
                Some(rowid),
                [Value::Null, Value::Blob(leaf), Value::Text(bytes)],
            ) => self.entry(rowid, leaf, bytes),
            (Kind::LeafTable, Some(_), [Value::Null, Value::Text(text)]) => {
                match std::str::from_utf8(text) {
                    Ok(text) => self.note(text).map(|()| true),
                    Err(_) => Ok(true),
                }
            }
            (Kind::LeafIndex | Kind::InnerIndex, _, [Value::Text(key), Value::Text(value)]) => {
                if let (Ok(key), Ok(value)) = (std::str::from_utf8(key), std::str::from_utf8(value))
                {
                    self.connection
                        .prepare_cached("INSERT OR IGNORE INTO word (key, value) VALUES (?1, ?2)")?
                        .execute([key, value])?;
                }
                Ok(true)
            }
            (
                Kind::LeafIndex | Kind::InnerIndex,
                _,
                [Value::Int(size), Value::Text(name), Value::Text(line)],
            ) => {
                if let (Ok(name), Ok(line)) = (std::str::from_utf8(name), std::str::from_utf8(line))
                {
                    let sql =
                        "INSERT OR IGNORE INTO cosignature (size, name, line) VALUES (?1, ?2, ?3)";
                    self.connection.prepare_cached(sql)?.execute(params![size, name, line])?;
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn entry(&self, rowid: i64, leaf: &[u8], bytes: &[u8]) -> Result<bool, OpsError> {
        let readable = Entry::decode(bytes).is_ok_and(|entry| number(entry.seq) == rowid);
        let (true, Ok(text)) = (readable, std::str::from_utf8(bytes)) else { return Ok(false) };
        let sound = leaf_hash(bytes).0.as_slice() == leaf;
        let sql = "INSERT INTO found (seq, sound, bytes) VALUES (?1, ?2, ?3) \
            ON CONFLICT DO UPDATE SET sound = 1, bytes = excluded.bytes \
            WHERE excluded.sound > found.sound";
        self.connection.prepare_cached(sql)?.execute(params![rowid, sound, text])?;
        Ok(sound)
    }

    fn words(&self, key: &str) -> Result<Vec<String>, OpsError> {
        let mut select = self.connection.prepare_cached("SELECT value FROM word WHERE key = ?1")?;
        let rows = select.query_map([key], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The key that the ledger says it is signed with; the trusted one where that is lost.
    fn verifier(&self, origin: &str, trusted: &VerifyingKey) -> Result<String, OpsError> {
        let fits = |text: &String| note::parse_verifier_key(text).is_ok_and(|(n, _)| n == origin);
        let found = self.words("verifier")?.into_iter().find(fits);
        Ok(found.unwrap_or_else(|| note::verifier_key_text(origin, trusted)))
    }

    fn first_key(&self, verifier: &str) -> Result<VerifyingKey, OpsError> {
        let sql = "SELECT bytes FROM found WHERE instr(bytes, '\"kind\":\"key-rotated\"') > 0 \
            ORDER BY seq";
        let mut select = self.connection.prepare(sql)?;
        let mut rows = select.query([])?;
        let mut first = verifier.to_owned();
        while let Some(row) = rows.next()? {
            let bytes: String = row.get(0)?;
            if let Ok(Entry { body: Body::KeyRotated { old, .. }, .. }) =
                Entry::decode(bytes.as_bytes())
            {
                first = old;
                break;
            }
        }
        let parsed = note::parse_verifier_key(&first);
        Ok(parsed.map_err(crate::StoreError::Checkpoint)?.1)
    }

    /// Makes the new ledger at `path`: all entries from the first one without a hole, as far as they
    /// are proven.
    pub(crate) fn compose(
        &self,
        path: &Path,
        origin: &str,
        trusted: &VerifyingKey,
    ) -> Result<Salvaged, OpsError> {
        let verifier = self.verifier(origin, trusted)?;
        let first = self.first_key(&verifier)?;
        let mut composer = Composer::begin(path, origin, first, *trusted, &verifier)?;
        self.entries(&mut composer)?;
        composer.drop_uncovered()?;
        let size = composer.len();
        let known = self.known(origin, trusted)?.max(size);
        let lost = self.lost(size, known)?;
        self.cosignatures(&mut composer)?;
        for operator in composer.without_credential()? {
            for phc in self.words(operator.as_str())? {
                if composer.credential(operator.as_str(), &phc)? {
                    break;
                }
            }
        }
        let pins = composer.without_credential()?.iter().map(ToString::to_string).collect();
        composer.finish()?;
        Ok(Salvaged { size, known, lost, pins })
    }

    fn entries(&self, composer: &mut Composer) -> Result<(), OpsError> {
        let mut select = self.connection.prepare("SELECT seq, bytes FROM found ORDER BY seq")?;
        let mut notes =
            self.connection.prepare("SELECT note FROM note WHERE size = ?1 ORDER BY note")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let (seq, bytes) = (unsigned(row, 0)?, row.get::<_, String>(1)?);
            if seq != composer.len() || composer.entry(&bytes)?.is_err() {
                return Ok(());
            }
            let mut found = notes.query([number(composer.len())])?;
            while let Some(row) = found.next()? {
                // One that is damaged is passed over: the next one covers its entries too.
                if composer.checkpoint(&row.get::<_, String>(0)?)?.is_ok() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn cosignatures(&self, composer: &mut Composer) -> Result<(), OpsError> {
        let sql =
            "SELECT size, name, line FROM cosignature WHERE size > 0 ORDER BY size, name, line";
        let mut select = self.connection.prepare(sql)?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let (name, line): (String, String) = (row.get(1)?, row.get(2)?);
            composer.cosignature(unsigned(row, 0)?, &name, &line)?;
        }
        Ok(())
    }

    /// How many entries there were, as the readable rows and the signed checkpoints say.
    fn known(&self, origin: &str, trusted: &VerifyingKey) -> Result<u64, OpsError> {
        let sql = "SELECT ifnull(max(seq) + 1, 0) FROM found";
        let mut known = self.connection.query_row(sql, [], |row| unsigned(row, 0))?;
        let sql = "SELECT size, note FROM note WHERE size > ?1 ORDER BY size DESC";
        let mut select = self.connection.prepare(sql)?;
        let mut rows = select.query([number(known)])?;
        while let Some(row) = rows.next()? {
            let (size, text) = (unsigned(row, 0)?, row.get::<_, String>(1)?);
            if note::Checkpoint::open(&text, origin, trusted).is_ok() {
                known = known.max(size);
                break;
            }
        }
        Ok(known)
    }

    /// What is missing of `size..known`, and what is there but not proven up to the first hole.
    fn lost(&self, size: u64, known: u64) -> Result<Vec<(u64, u64)>, OpsError> {
        let mut select = self
            .connection
            .prepare("SELECT seq FROM found WHERE seq >= ?1 AND sound = 1 ORDER BY seq")?;
        let mut rows = select.query([number(size)])?;
        let (mut lost, mut expected) = (Vec::new(), size);
        while let Some(row) = rows.next()? {
            let seq = unsigned(row, 0)?;
            if seq > expected {
                lost.push((expected, seq - 1));
            }
            expected = seq + 1;
        }
        if known > expected {
            lost.push((expected, known - 1));
        }
        if lost.is_empty() && known > size {
            lost.push((size, known - 1));
        }
        Ok(lost)
    }

    /// Writes the entries from `from` on that can be read, one a line, for people to look at.
    pub(crate) fn rest(&self, from: u64, path: &Path) -> Result<u64, OpsError> {
        use std::io::Write as _;
        let mut file = std::io::BufWriter::new(files::create_private(path)?);
        let sql = "SELECT bytes FROM found WHERE seq >= ?1 ORDER BY seq";
        let mut select = self.connection.prepare(sql)?;
        let mut rows = select.query([number(from)])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            let bytes: String = row.get(0)?;
            writeln!(file, "{bytes}").map_err(io_error("write", path))?;
            count += 1;
        }
        file.flush().map_err(io_error("write", path))?;
        Ok(count)
    }

    /// The origin that the file's own rows tell, where the caller knows none.
    pub(crate) fn origin(&self) -> Result<Option<String>, OpsError> {
        if let [origin] = self.words("origin")?.as_slice() {
            return Ok(Some(origin.clone()));
        }
        let sql = "SELECT note FROM note ORDER BY size DESC LIMIT 1";
        let note: Option<String> =
            self.connection.query_row(sql, [], |row| row.get(0)).optional()?;
        Ok(note.and_then(|note| read_note(&note).ok()).map(|checkpoint| checkpoint.origin))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        files::discard(&self.path);
    }
}
