//! Reading one lane on PostgreSQL, and the stock that all lanes share. Never writes.
//!
//! The lane is the one of the role that connects, or the one that the address names with `gateway=`.
//! Answers that need several statements take one snapshot.

use std::cell::RefCell;

use gatewarden_model::{
    Entry, Hash, ItemId, Location, MovementId, OperatorId, PassId, StockStatus, Subject,
    SubjectKind,
};
use gatewarden_stock::{Supply, Wants};

use super::{
    address::PgAddress,
    link::{Limits, Link, Values},
    lookup::{self, unsigned},
    session::{self, Nodes},
    setup,
};
use crate::{
    StoreError, merkle,
    note::Checkpoint,
    projection::number,
    proof::Proof,
    reader::{ANSWER_ENTRIES_MAX, Balance, BalanceFilter, MovementPage, SignedCheckpoint},
    rows,
};

/// A read-only view of a lane.
#[derive(Debug)]
pub(crate) struct PgReader {
    pub(super) link: RefCell<Link>,
    pub(super) lane: i32,
    pub(super) gateway: String,
}

impl PgReader {
    pub(crate) fn open(address: &PgAddress) -> Result<Self, StoreError> {
        let mut link = Link::open(address, "gatewarden reader", Limits::READER)?;
        if setup::version(&mut link)? == 0 {
            return Err(StoreError::NotALedger);
        }
        link.batch("SET default_transaction_read_only = on")?;
        let (lane, gateway) = which_lane(&mut link, address)?;
        Ok(Self { link: link.into(), lane, gateway })
    }

    pub(crate) fn origin(&self) -> String {
        self.gateway.clone()
    }

    pub(crate) fn verifier_key(&self) -> Result<String, StoreError> {
        session::key_in_force(&mut self.link.borrow_mut(), self.lane)
    }

    pub(crate) fn first_verifier_key(&self) -> Result<String, StoreError> {
        session::first_key(&mut self.link.borrow_mut(), self.lane)
    }

    pub(crate) fn look_up(&self, wants: &Wants) -> Result<Supply, StoreError> {
        self.snapshot(|link| lookup::look_up(link, self.lane, wants.clone()))
    }

    pub(crate) fn len(&self) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(max(seq) + 1, 0) FROM entry WHERE lane = $1";
        let row = self.link.borrow_mut().first(sql, &[&self.lane])?;
        row.map_or(Ok(0), |row| unsigned(&row, 0))
    }

    pub(crate) fn entry(&self, seq: u64) -> Result<Option<Entry>, StoreError> {
        let sql = "SELECT seq, leaf, bytes FROM entry WHERE lane = $1 AND seq = $2";
        Ok(self.list(sql, &[&self.lane, &number(seq)])?.into_iter().next())
    }

    pub(crate) fn entries(&self, range: std::ops::Range<u64>) -> Result<Vec<Entry>, StoreError> {
        let sql = "SELECT seq, leaf, bytes FROM entry WHERE lane = $1 AND seq >= $2 AND seq < $3 \
            ORDER BY seq LIMIT $4";
        let (from, to) = (number(range.start), number(range.end));
        self.list(sql, &[&self.lane, &from, &to, &limit(usize::MAX)])
    }

    pub(crate) fn last_entries(&self, count: usize) -> Result<Vec<Entry>, StoreError> {
        let sql = "SELECT * FROM (SELECT seq, leaf, bytes FROM entry WHERE lane = $1 \
            ORDER BY seq DESC LIMIT $2) AS newest ORDER BY seq";
        self.list(sql, &[&self.lane, &limit(count)])
    }

    pub(crate) fn touching(
        &self,
        subject: &Subject,
        count: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let own = match (subject.kind, subject.key.parse::<MovementId>()) {
            (SubjectKind::Movement, Ok(id)) => Some(id.0),
            _ => None,
        };
        // A movement's own entry is in `movement_index`, not in `subject`.
        let sql = "SELECT * FROM (SELECT seq, leaf, bytes FROM (\
            SELECT seq FROM subject WHERE kind = $1 AND key = $2 AND lane = $3 \
            UNION SELECT seq FROM movement_index WHERE id = $4 AND lane = $3) AS found \
            JOIN entry USING (seq) WHERE lane = $3 ORDER BY seq DESC LIMIT $5) AS newest \
            ORDER BY seq";
        let kind = i32::from(subject.kind.code());
        self.list(sql, &[&kind, &subject.key, &self.lane, &own, &limit(count)])
    }

    pub(crate) fn touching_from(
        &self,
        subject: &Subject,
        from: u64,
        count: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let sql = "SELECT seq, leaf, bytes FROM entry WHERE lane = $3 AND seq IN (\
            SELECT seq FROM subject WHERE kind = $1 AND key = $2 AND lane = $3 AND seq >= $4 \
            ORDER BY seq LIMIT $5) ORDER BY seq";
        let kind = i32::from(subject.kind.code());
        self.list(sql, &[&kind, &subject.key, &self.lane, &number(from), &limit(count)])
    }

    pub(crate) fn live(&self) -> Result<Vec<Entry>, StoreError> {
        let sql = "SELECT seq, leaf, bytes FROM entry WHERE lane = $1 \
            AND seq IN (SELECT seq FROM live WHERE lane = $1) ORDER BY seq";
        self.list(sql, &[&self.lane])
    }

    pub(crate) fn balances(&self, filter: &BalanceFilter) -> Result<Vec<Balance>, StoreError> {
        balances(&mut self.link.borrow_mut(), filter)
    }

    pub(crate) fn movements(&self, page: MovementPage) -> Result<Vec<Entry>, StoreError> {
        let sql = "SELECT seq, leaf, bytes FROM movement_index JOIN entry USING (lane, seq) \
            WHERE lane = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3";
        let before = page.before.map_or(i64::MAX, number);
        self.list(sql, &[&self.lane, &before, &limit(page.limit)])
    }

    pub(crate) fn movement(&self, id: MovementId) -> Result<Option<Entry>, StoreError> {
        let sql = "SELECT seq, leaf, bytes FROM movement_index JOIN entry USING (lane, seq) \
            WHERE lane = $1 AND id = $2";
        Ok(self.list(sql, &[&self.lane, &id.0])?.into_iter().next())
    }

    pub(crate) fn pass_recorded(&self, pass: PassId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM movement_index WHERE id = $1) \
            OR EXISTS (SELECT 1 FROM subject WHERE kind = $2 AND key = $3 AND lane = $4)";
        let kind = i32::from(SubjectKind::Movement.code());
        let values: Values<'_> = &[&pass.0, &kind, &pass.to_string(), &self.lane];
        let row = self.link.borrow_mut().first(sql, values)?;
        Ok(row.is_some_and(|row| row.get(0)))
    }

    pub(crate) fn credential(&self, operator: &OperatorId) -> Result<Option<String>, StoreError> {
        let sql = "SELECT phc FROM credential WHERE lane = $1 AND operator = $2";
        let row = self.link.borrow_mut().first(sql, &[&self.lane, &operator.as_str()])?;
        Ok(row.map(|row| row.get(0)))
    }

    pub(crate) fn checkpoint(&self) -> Result<Option<SignedCheckpoint>, StoreError> {
        newest(&mut self.link.borrow_mut(), self.lane)
    }

    pub(crate) fn proof(&self, seq: u64) -> Result<Proof, StoreError> {
        self.snapshot(|link| {
            let signed = newest(link, self.lane)?.ok_or(StoreError::NoEntry { seq, len: 0 })?;
            prove(link, self.lane, seq, signed)
        })
    }

    pub(crate) fn consistency(&self, old: u64, new: u64) -> Result<Option<Vec<Hash>>, StoreError> {
        self.snapshot(|link| {
            merkle::consistency(&Nodes { link: link.into(), lane: self.lane }, old, new)
        })
    }

    fn list(&self, sql: &'static str, values: Values<'_>) -> Result<Vec<Entry>, StoreError> {
        lookup::entries(&self.link.borrow_mut().query(sql, values)?)
    }

    /// Runs `look` on one state of the database.
    pub(super) fn snapshot<T>(
        &self,
        look: impl FnOnce(&mut Link) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut link = self.link.borrow_mut();
        link.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
        let found = look(&mut link);
        let ended = link.batch("ROLLBACK");
        found.and_then(|found| ended.map(|()| found))
    }
}

fn newest(link: &mut Link, lane: i32) -> Result<Option<SignedCheckpoint>, StoreError> {
    let sql = "SELECT note FROM checkpoint WHERE lane = $1 ORDER BY size DESC LIMIT 1";
    let Some(row) = link.first(sql, &[&lane])? else { return Ok(None) };
    let note: String = row.get(0);
    let text = note.rfind("\n\n").map_or("", |blank| &note[..=blank]);
    Ok(Some(SignedCheckpoint { checkpoint: Checkpoint::parse(text)?, note }))
}

/// Balances that are not zero, of all lanes.
pub(super) fn balances(
    link: &mut Link,
    filter: &BalanceFilter,
) -> Result<Vec<Balance>, StoreError> {
    let sql = "SELECT item, location, lot, owner, status, unit, quantity FROM balance \
        WHERE ($1::text IS NULL OR item = $1) AND ($2::text IS NULL OR location = $2 \
        OR starts_with(location, $2 || '/')) \
        AND (NOT $3 OR NOT starts_with(location, '@')) AND ($4::text IS NULL OR lot = $4) \
        AND ($5::text IS NULL OR owner = $5) AND ($6::text IS NULL OR status = $6) \
        AND ($7::text IS NULL OR unit = $7) AND quantity <> 0 \
        ORDER BY item, location, lot, owner, status, unit";
    let none_is_empty = |of: &Option<Option<String>>| of.clone().map(Option::unwrap_or_default);
    let found = link.query(
        sql,
        &[
            &filter.item.as_ref().map(ItemId::as_str),
            &filter.below.as_ref().map(Location::as_str),
            &filter.physical,
            &filter.lot,
            &none_is_empty(&filter.owner),
            &filter.status.map(StockStatus::name),
            &none_is_empty(&filter.unit),
        ],
    )?;
    let balance = |row: &::postgres::Row| {
        let site = rows::site(row.get(0), row.get(1))?;
        let bucket = rows::bucket(row.get(2), row.get(3), row.get(4), row.get(5))
            .ok_or_else(|| StoreError::Damaged("balance: an unknown status".into()))?;
        let (item, location) = (site.item, site.location);
        Ok(Balance { item, location, bucket, quantity: row.get(6) })
    };
    found.iter().map(balance).collect()
}

/// The proof of an entry under a checkpoint of its lane; inside the caller's snapshot.
pub(super) fn prove(
    link: &mut Link,
    lane: i32,
    seq: u64,
    signed: SignedCheckpoint,
) -> Result<Proof, StoreError> {
    let size = signed.checkpoint.size;
    let missing = StoreError::NoEntry { seq, len: size };
    let nodes = Nodes { link: (&mut *link).into(), lane };
    let Some(path) = merkle::inclusion(&nodes, seq, size)? else { return Err(missing) };
    let sql = "SELECT bytes FROM entry WHERE lane = $1 AND seq = $2";
    let row = link.first(sql, &[&lane, &number(seq)])?.ok_or(missing)?;
    let entry = row.get::<_, String>(0).into_bytes();
    Ok(Proof { entry, index: seq, path, checkpoint: signed.note })
}

/// The lane that the address names, or that of the role.
fn which_lane(link: &mut Link, address: &PgAddress) -> Result<(i32, String), StoreError> {
    let found = match address.gateway() {
        Some(name) => link.first("SELECT lane, gateway FROM lane WHERE gateway = $1", &[&name])?,
        None => link.first("SELECT lane, gateway FROM lane WHERE role = session_user", &[])?,
    };
    if let Some(row) = found {
        return Ok((row.get(0), row.get(1)));
    }
    let rows = link.query("SELECT gateway FROM lane ORDER BY gateway", &[])?;
    let known: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    Err(StoreError::Address {
        why: format!(
            "it names no gateway's lane: add gateway=NAME, one of {}",
            if known.is_empty() { "none yet".to_owned() } else { known.join(", ") }
        ),
    })
}

fn limit(count: usize) -> i64 {
    number(count.min(ANSWER_ENTRIES_MAX) as u64)
}
