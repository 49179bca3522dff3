//! What witnesses signed of a lane's checkpoints. Lines are only added: of one witness's at one size
//! the newest counts.

use gatewarden_model::Entry;

use super::{
    link::{Link, Values},
    lookup::{self, unsigned},
    reader::PgReader,
    session,
};
use crate::{
    Proof, SignedCheckpoint, StoreError,
    cosignature::{COSIGNED_MAX, Cosigned, ROTATED, name_in},
    projection::number,
};

/// Adds a witness's line of the checkpoint of `size` entries, if that is there and the line is not
/// the newest of this witness already.
pub(super) fn add(link: &mut Link, lane: i32, size: u64, line: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO cosignature (lane, size, name, line) \
        SELECT $1::integer, $2::bigint, $3::text, $4::text \
        WHERE EXISTS (SELECT 1 FROM checkpoint WHERE lane = $1 AND size = $2) \
        AND $4 IS DISTINCT FROM (SELECT line FROM cosignature \
        WHERE lane = $1 AND size = $2 AND name = $3 ORDER BY nth DESC LIMIT 1)";
    link.execute(sql, &[&lane, &number(size), &name_in(line)?, &line]).map(drop)
}

impl Cosigned for PgReader {
    fn newest(&self) -> Result<Option<SignedCheckpoint>, StoreError> {
        self.checkpoint()
    }

    fn note_of(&self, size: u64) -> Result<Option<String>, StoreError> {
        let sql = "SELECT note FROM checkpoint WHERE lane = $1 AND size = $2";
        let row = self.link.borrow_mut().first(sql, &[&self.lane, &number(size)])?;
        Ok(row.map(|row| row.get(0)))
    }

    fn lines_of(&self, size: u64) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "SELECT DISTINCT ON (name) name, line FROM cosignature \
            WHERE lane = $1 AND size = $2 ORDER BY name, nth DESC";
        let rows = self.link.borrow_mut().query(sql, &[&self.lane, &number(size)])?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    fn cosigned_sizes(&self, beyond: u64) -> Result<Vec<u64>, StoreError> {
        let sql = "SELECT DISTINCT size FROM cosignature WHERE lane = $1 AND size > $2 \
            ORDER BY size DESC LIMIT $3";
        let values: Values<'_> = &[&self.lane, &number(beyond), &number(COSIGNED_MAX as u64)];
        let rows = self.link.borrow_mut().query(sql, values)?;
        rows.iter().map(|row| unsigned(row, 0)).collect()
    }

    fn largest_of(&self, name: &str) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(max(size), 0) FROM cosignature WHERE lane = $1 AND name = $2";
        let row = self.link.borrow_mut().first(sql, &[&self.lane, &name])?;
        row.map_or(Ok(0), |row| unsigned(&row, 0))
    }

    fn beginning(&self) -> Result<(String, String), StoreError> {
        let first = session::first_key(&mut self.link.borrow_mut(), self.lane)?;
        if first.is_empty() {
            let gateway = &self.gateway;
            return Err(StoreError::Postgres(format!(
                "the lane of {gateway} has no key yet: it has one once the gateway was started"
            )));
        }
        Ok((self.origin(), first))
    }

    fn rotations(&self) -> Result<Vec<Entry>, StoreError> {
        let mut link = self.link.borrow_mut();
        if session::last_rotation(&mut link, self.lane)?.is_none() {
            return Ok(vec![]);
        }
        let sql = "SELECT seq, leaf, bytes FROM entry \
            WHERE lane = $1 AND strpos(bytes, $2) > 0 ORDER BY seq";
        lookup::entries(&link.query(sql, &[&self.lane, &ROTATED])?)
    }

    fn covered_by(&self, seq: u64) -> Result<u64, StoreError> {
        let sql = "SELECT size FROM checkpoint WHERE lane = $1 AND size > $2 ORDER BY size LIMIT 1";
        let row = self.link.borrow_mut().first(sql, &[&self.lane, &number(seq)])?;
        let row = row.ok_or_else(|| StoreError::Damaged(format!("no checkpoint covers {seq}")))?;
        unsigned(&row, 0)
    }

    fn prove(&self, seq: u64, signed: SignedCheckpoint) -> Result<Proof, StoreError> {
        self.snapshot(|link| super::reader::prove(link, self.lane, seq, signed))
    }
}
