//! What witnesses signed, beside the checkpoints; the proof of an entry with their lines; and the
//! keys that signed over time.
//!
//! Invariants: a cosignature is of a checkpoint that is here; losing one loses no history, it can be
//! asked for again. Nothing is verified here: whoever asks a witness checks its line before
//! (`gatewarden_proof::witness::hear`), whoever reads a proof checks it after. Absent: shared ledgers.

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
const COSIGNED_MAX: usize = 64;

impl Ledger {
    /// Keeps a witness's line of the checkpoint of `size` entries; a newer one of the same witness
    /// replaces it.
    pub(crate) fn put_cosignature(&self, size: u64, line: &str) -> Result<(), StoreError> {
        let name = SignatureLine::parse(line)?.name;
        let sql = "INSERT OR REPLACE INTO cosignature (size, name, line) \
            SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM checkpoint WHERE size = ?1)";
        self.connection.prepare_cached(sql)?.execute(params![number(size), name, line])?;
        Ok(())
    }
}

impl LedgerReader {
    /// The checkpoint of `size` entries with its cosignatures; none where no group ended there.
    pub(crate) fn cosigned(&self, size: u64) -> Result<Option<SignedCheckpoint>, StoreError> {
        let sql = "SELECT note FROM checkpoint WHERE size = ?1";
        let found: Option<String> = self
            .connection
            .prepare_cached(sql)?
            .query_row([number(size)], |row| row.get(0))
            .optional()?;
        let Some(mut note) = found else { return Ok(None) };
        let text = note.rfind("\n\n").map_or("", |blank| &note[..=blank]);
        let checkpoint = Checkpoint::parse(text)?;
        for (_, line) in self.cosignatures(size)? {
            note.push_str(&line);
            note.push('\n');
        }
        Ok(Some(SignedCheckpoint { checkpoint, note }))
    }

    /// Sizes beyond `beyond` of the newest `COSIGNED_MAX` checkpoints that any witness signed, the
    /// newest first.
    fn cosigned_sizes(&self, beyond: u64) -> Result<Vec<u64>, StoreError> {
        let sql = "SELECT DISTINCT size FROM cosignature WHERE size > ?1 \
            ORDER BY size DESC LIMIT ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let values = params![number(beyond), number(COSIGNED_MAX as u64)];
        let sizes = statement.query_map(values, |row| unsigned(row, 0))?;
        Ok(sizes.collect::<Result<_, _>>()?)
    }

    /// The newest checkpoint beyond entry `seq` that has the quorum of `trust`, among the newest
    /// `COSIGNED_MAX` that any witness signed.
    pub(crate) fn witnessed(
        &self,
        seq: u64,
        trust: &Trust,
    ) -> Result<Option<SignedCheckpoint>, StoreError> {
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
    pub(crate) fn quorum_beyond(
        &self,
        beyond: u64,
        trust: &Trust,
    ) -> Result<Option<u64>, StoreError> {
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
    pub(crate) fn cosigned_by(&self, trust: &Trust) -> Result<(u64, Vec<u64>), StoreError> {
        let sql = "SELECT ifnull(max(size), 0) FROM cosignature WHERE name = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let seen = trust.witnesses().iter().map(|known| {
            Ok(statement.query_row([known.key.name.as_str()], |row| unsigned(row, 0))?)
        });
        let seen = seen.collect::<Result<Vec<u64>, StoreError>>()?;
        Ok((self.quorum_beyond(0, trust)?.unwrap_or(0), seen))
    }

    /// The proof of an entry under the newest checkpoint that has the quorum of `trust`; under the
    /// newest of all where none has. The second value says whether it has.
    pub(crate) fn witnessed_proof(
        &self,
        seq: u64,
        trust: &Trust,
    ) -> Result<(Proof, bool), StoreError> {
        match self.witnessed(seq, trust)? {
            Some(signed) => Ok((self.proof_under(seq, signed)?, true)),
            None => {
                let newest = self.checkpoint()?.ok_or(StoreError::NoEntry { seq, len: 0 })?;
                let signed = self.cosigned(newest.checkpoint.size)?.unwrap_or(newest);
                Ok((self.proof_under(seq, signed)?, false))
            }
        }
    }

    /// The keys that signed this ledger as its journal tells, the first one first, each with the
    /// sizes of checkpoints that it counts for. A stranger's copy proves nothing by it.
    pub(crate) fn log_keys(&self) -> Result<Vec<LogKey>, StoreError> {
        let origin = self.origin()?;
        let mut keys = vec![log_key(&self.first_verifier_key()?, &origin)?];
        if lookup::last_rotation(&self.connection)?.is_none() {
            return Ok(keys);
        }
        let sql = "SELECT seq, bytes, leaf FROM entry \
            WHERE instr(bytes, '\"kind\":\"key-rotated\"') > 0 ORDER BY seq";
        for entry in fetch::list(&self.connection, sql, [])? {
            let Entry { seq, body: Body::KeyRotated { new, .. }, .. } = entry else { continue };
            let sql = "SELECT min(size) FROM checkpoint WHERE size > ?1";
            let last = self.connection.query_row(sql, [number(seq)], |row| unsigned(row, 0))?;
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
