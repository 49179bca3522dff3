//! What witnesses signed, beside the checkpoints; the proof of an entry with their lines; and the
//! keys that signed over time. The questions to a database are few (`Cosigned`); what follows from
//! the answers is the same for both.
//!
//! Invariants: a cosignature is of a checkpoint that is here; losing one loses no history, it can be
//! asked for again. Nothing is verified here: whoever asks a witness checks its line before
//! (`gatewarden_proof::witness::hear`), whoever reads a proof checks it after.

use gatewarden_model::{Body, Entry};
use rusqlite::{OptionalExtension, params};

use crate::{
    Checkpoint, Proof, SignedCheckpoint, StoreError, fetch,
    ledger::Ledger,
    lookup,
    projection::{number, unsigned},
    reader::LedgerReader,
};
use gatewarden_proof::{
    LogKey, Trust,
    note::{SignatureLine, split},
    parse_verifier_key,
};

/// Cosigned checkpoints that are looked at for one that has a quorum.
pub(crate) const COSIGNED_MAX: usize = 64;

/// The text by which an entry that changes the key is found in its bytes.
pub(crate) const ROTATED: &str = "\"kind\":\"key-rotated\"";

/// A ledger's checkpoints, and who cosigned them.
pub(crate) trait Cosigned {
    /// The newest checkpoint; none for a ledger without entries.
    fn newest(&self) -> Result<Option<SignedCheckpoint>, StoreError>;

    /// The note of the checkpoint of `size` entries; none where no group ended there.
    fn note_of(&self, size: u64) -> Result<Option<String>, StoreError>;

    /// What witnesses signed of the checkpoint of `size` entries: name and newest line of each, by
    /// name.
    fn lines_of(&self, size: u64) -> Result<Vec<(String, String)>, StoreError>;

    /// Sizes beyond `beyond` of the newest `COSIGNED_MAX` checkpoints that any witness signed, the
    /// newest first.
    fn cosigned_sizes(&self, beyond: u64) -> Result<Vec<u64>, StoreError>;

    /// How many entries the largest checkpoint has that the witness `name` signed.
    fn largest_of(&self, name: &str) -> Result<u64, StoreError>;

    /// The ledger's name, and the verifier key that signed it first.
    fn beginning(&self) -> Result<(String, String), StoreError>;

    /// The entries that changed the key, in sequence.
    fn rotations(&self) -> Result<Vec<Entry>, StoreError>;

    /// How many entries the first checkpoint has that covers entry `seq`.
    fn covered_by(&self, seq: u64) -> Result<u64, StoreError>;

    /// The proof of an entry under a checkpoint of this ledger.
    fn prove(&self, seq: u64, signed: SignedCheckpoint) -> Result<Proof, StoreError>;

    /// The checkpoint of `size` entries with its cosignatures; none where no group ended there.
    fn cosigned(&self, size: u64) -> Result<Option<SignedCheckpoint>, StoreError> {
        let Some(mut note) = self.note_of(size)? else { return Ok(None) };
        let text = note.rfind("\n\n").map_or("", |blank| &note[..=blank]);
        let checkpoint = Checkpoint::parse(text)?;
        for (_, line) in self.lines_of(size)? {
            note.push_str(&line);
            note.push('\n');
        }
        Ok(Some(SignedCheckpoint { checkpoint, note }))
    }

    /// The newest checkpoint beyond entry `seq` that has the quorum of `trust`, among the newest
    /// `COSIGNED_MAX` that any witness signed.
    fn witnessed(&self, seq: u64, trust: &Trust) -> Result<Option<SignedCheckpoint>, StoreError> {
        for size in self.cosigned_sizes(seq)? {
            let Some(signed) = self.cosigned(size)? else { continue };
            if trust.open(&signed.note).is_ok() {
                return Ok(Some(signed));
            }
        }
        Ok(None)
    }

    /// How many entries the newest checkpoint beyond `beyond` entries covers that has the quorum of
    /// these witnesses; the log's own signature is not asked for.
    fn quorum_beyond(&self, beyond: u64, trust: &Trust) -> Result<Option<u64>, StoreError> {
        for size in self.cosigned_sizes(beyond)? {
            let Some(signed) = self.cosigned(size)? else { continue };
            let (text, lines) = split(&signed.note)?;
            if trust.is_quorum(&trust.cosigned(text, &lines)?) {
                return Ok(Some(size));
            }
        }
        Ok(None)
    }

    /// How many entries have the quorum of these witnesses, and the largest checkpoint that each of
    /// them cosigned.
    fn cosigned_by(&self, trust: &Trust) -> Result<(u64, Vec<u64>), StoreError> {
        let names = trust.witnesses().iter().map(|known| known.key.name.as_str());
        let seen = names.map(|name| self.largest_of(name)).collect::<Result<_, _>>()?;
        Ok((self.quorum_beyond(0, trust)?.unwrap_or(0), seen))
    }

    /// The proof of an entry under the newest checkpoint that has the quorum of `trust`; under the
    /// newest of all where none has. The second value says whether it has.
    fn witnessed_proof(&self, seq: u64, trust: &Trust) -> Result<(Proof, bool), StoreError> {
        if let Some(signed) = self.witnessed(seq, trust)? {
            return Ok((self.prove(seq, signed)?, true));
        }
        let newest = self.newest()?.ok_or(StoreError::NoEntry { seq, len: 0 })?;
        let signed = self.cosigned(newest.checkpoint.size)?.unwrap_or(newest);
        Ok((self.prove(seq, signed)?, false))
    }

    /// The keys that signed this ledger as its journal tells, the first one first, each with the
    /// sizes of checkpoints that it counts for. A stranger's copy proves nothing by it.
    fn log_keys(&self) -> Result<Vec<LogKey>, StoreError> {
        let (origin, first) = self.beginning()?;
        let mut keys = vec![log_key(&first, &origin)?];
        for entry in self.rotations()? {
            let Entry { seq, body: Body::KeyRotated { new, .. }, .. } = entry else { continue };
            let last = self.covered_by(seq)?;
            if let Some(old) = keys.last_mut() {
                old.until = Some(last);
            }
            let mut key = log_key(&new, &origin)?;
            key.from = last + 1;
            keys.push(key);
        }
        Ok(keys)
    }
}

fn log_key(text: &str, origin: &str) -> Result<LogKey, StoreError> {
    let (_, key) = parse_verifier_key(text)?;
    Ok(LogKey::always(origin, key))
}

/// The name of the witness who signed a line.
pub(crate) fn name_in(line: &str) -> Result<String, StoreError> {
    Ok(SignatureLine::parse(line)?.name.to_owned())
}

impl Ledger {
    /// Keeps a witness's line of the checkpoint of `size` entries; a newer one of the same witness
    /// replaces it.
    pub(crate) fn put_cosignature(&self, size: u64, line: &str) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO cosignature (size, name, line) \
            SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM checkpoint WHERE size = ?1)";
        let values = params![number(size), name_in(line)?, line];
        self.connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }
}

impl Cosigned for LedgerReader {
    fn newest(&self) -> Result<Option<SignedCheckpoint>, StoreError> {
        self.checkpoint()
    }

    fn note_of(&self, size: u64) -> Result<Option<String>, StoreError> {
        let sql = "SELECT note FROM checkpoint WHERE size = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row([number(size)], |row| row.get(0)).optional()?)
    }

    fn lines_of(&self, size: u64) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "SELECT name, line FROM cosignature WHERE size = ?1 ORDER BY name";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([number(size)], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn cosigned_sizes(&self, beyond: u64) -> Result<Vec<u64>, StoreError> {
        let sql = "SELECT DISTINCT size FROM cosignature WHERE size > ?1 \
            ORDER BY size DESC LIMIT ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let values = params![number(beyond), number(COSIGNED_MAX as u64)];
        let sizes = statement.query_map(values, |row| unsigned(row, 0))?;
        Ok(sizes.collect::<Result<_, _>>()?)
    }

    fn largest_of(&self, name: &str) -> Result<u64, StoreError> {
        let sql = "SELECT ifnull(max(size), 0) FROM cosignature WHERE name = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row([name], |row| unsigned(row, 0))?)
    }

    fn beginning(&self) -> Result<(String, String), StoreError> {
        Ok((self.origin()?, self.first_verifier_key()?))
    }

    fn rotations(&self) -> Result<Vec<Entry>, StoreError> {
        if lookup::last_rotation(&self.connection)?.is_none() {
            return Ok(vec![]);
        }
        let sql = "SELECT seq, bytes, leaf FROM entry WHERE instr(bytes, ?1) > 0 ORDER BY seq";
        fetch::list(&self.connection, sql, [ROTATED])
    }

    fn covered_by(&self, seq: u64) -> Result<u64, StoreError> {
        let sql = "SELECT min(size) FROM checkpoint WHERE size > ?1";
        Ok(self.connection.query_row(sql, [number(seq)], |row| unsigned(row, 0))?)
    }

    fn prove(&self, seq: u64, signed: SignedCheckpoint) -> Result<Proof, StoreError> {
        self.proof_under(seq, signed)
    }
}
