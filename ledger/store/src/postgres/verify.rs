//! What `verify` reads of a lane on PostgreSQL, and the replay of the stock that all lanes share.
//!
//! A lane is verified like any ledger: tree, checkpoints, entries, indexes, PIN hashes. The stock is
//! replayed from the entries of all lanes in the order of their positions, each entry compared with
//! its leaf; that the other lanes' leaves are what their gateways signed is for whoever has their keys
//! (`gateway=NAME`). All of it sees one snapshot.

use std::{cell::RefCell, collections::BTreeMap};

use ed25519_dalek::VerifyingKey;
use gatewarden_model::{Hash, MovementId};
use gatewarden_stock::{Supply, Wants};
use postgres::{Row, types::Type};

use super::{
    link::Link,
    lookup::{self, hash, unsigned},
    reader::PgReader,
};
use crate::{
    StoreError,
    projection::number,
    verify::{
        self, Judge, Report,
        source::{Cell, SeeEntry, SeeRow, Source, Table},
    },
};

/// Rows that are read at once.
const PAGE: i64 = 2048;

impl PgReader {
    pub(crate) fn verify_with(
        &self,
        key: &VerifyingKey,
        kept: Option<&str>,
        judge: Option<&mut Judge<'_>>,
    ) -> Result<Report, StoreError> {
        let gateway = self.origin();
        self.snapshot(|link| {
            link.batch("SET LOCAL statement_timeout = 0")?;
            let lanes = lanes(link)?;
            let cursors = std::cell::Cell::new(0);
            let lane = Lane { link: RefCell::new(link), lane: self.lane, gateway, cursors };
            let report = verify::verify(&lane, None, key, kept, judge)?;
            let shared = Shared { lane, lanes };
            verify::stock_of_all(&shared, &|position| shared.name(position), report)
        })
    }
}

fn lanes(link: &mut Link) -> Result<BTreeMap<i32, String>, StoreError> {
    let rows = link.query("SELECT lane, gateway FROM lane", &[])?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// One lane, as a ledger.
struct Lane<'a> {
    link: RefCell<&'a mut Link>,
    lane: i32,
    gateway: String,
    /// How many cursors were opened: each has a name of its own.
    cursors: std::cell::Cell<u32>,
}

/// The entries of all lanes by position, and the stock that they make.
struct Shared<'a> {
    lane: Lane<'a>,
    lanes: BTreeMap<i32, String>,
}

impl Shared<'_> {
    /// What to call the entry of a position.
    fn name(&self, position: u64) -> String {
        let sql = "SELECT lane, seq FROM entry WHERE position = $1";
        match self.lane.link.borrow_mut().first(sql, &[&number(position)]) {
            Ok(Some(row)) => {
                let (lane, seq): (i32, i64) = (row.get(0), row.get(1));
                let gateway = self.lanes.get(&lane).map_or("?", String::as_str);
                format!("entry {seq} of {gateway}")
            }
            _ => format!("position {position}"),
        }
    }
}

impl Source for Lane<'_> {
    fn is_lane(&self) -> bool {
        true
    }

    fn faults(&self) -> Result<Vec<String>, StoreError> {
        // Pages are PostgreSQL's own matter: `pg_amcheck` and data checksums look after them.
        let sql = "SELECT 'there is no trigger that keeps ' || name || ' from being changed' \
            FROM unnest($1::text[]) AS name WHERE NOT EXISTS (SELECT 1 FROM pg_trigger \
            WHERE tgname = 'never' AND tgenabled = 'O' \
            AND tgrelid = to_regclass('gatewarden.' || name)) \
            UNION ALL SELECT 'row-level security is off for ' || relname FROM pg_class \
            WHERE relnamespace = 'gatewarden'::regnamespace AND relname = ANY ($1) \
            AND NOT relrowsecurity";
        let journal = ["lane_key", "entry", "node", "checkpoint", "cosignature"];
        let rows = self.link.borrow_mut().query(sql, &[&journal.as_slice()])?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    fn meta(&self) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "SELECT verifier FROM lane_key WHERE lane = $1";
        let row = self.link.borrow_mut().first(sql, &[&self.lane])?;
        let verifier = row.map(|row| ("verifier".to_owned(), row.get(0)));
        let origin = ("origin".to_owned(), self.gateway.clone());
        Ok(std::iter::once(origin).chain(verifier).collect())
    }

    fn entries(&self, see: &mut SeeEntry<'_>) -> Result<(), StoreError> {
        let sql = "SELECT seq, leaf, bytes FROM entry WHERE lane = $1 AND seq > $2 \
            ORDER BY seq LIMIT $3";
        pages(see, |after| self.link.borrow_mut().query(sql, &[&self.lane, &after, &PAGE]))
    }

    fn bytes(&self, seq: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT bytes FROM entry WHERE lane = $1 AND seq = $2";
        let row = self.link.borrow_mut().first(sql, &[&self.lane, &number(seq)])?;
        Ok(row.map(|row| row.get::<_, String>(0).into_bytes()))
    }

    fn checkpoints(&self, after: i64, limit: usize) -> Result<Vec<(i64, String)>, StoreError> {
        let sql = "SELECT size, note FROM checkpoint WHERE lane = $1 AND size > $2 \
            ORDER BY size LIMIT $3";
        let values: super::link::Values<'_> = &[&self.lane, &after, &number(limit as u64)];
        let rows = self.link.borrow_mut().query(sql, values)?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    fn node(&self, level: u32, of: u64) -> Result<Option<Hash>, StoreError> {
        let level = i32::try_from(level).unwrap_or(i32::MAX);
        let sql = "SELECT hash FROM node WHERE lane = $1 AND level = $2 AND number = $3";
        let row = self.link.borrow_mut().first(sql, &[&self.lane, &level, &number(of)])?;
        row.map(|row| hash(row.get(0))).transpose()
    }

    fn node_count(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM node WHERE lane = $1";
        let row = self.link.borrow_mut().first(sql, &[&self.lane])?;
        row.map_or(Ok(0), |row| unsigned(&row, 0))
    }

    fn movement_at(&self, seq: u64) -> Result<Option<MovementId>, StoreError> {
        let sql = "SELECT id FROM movement_index WHERE lane = $1 AND seq = $2";
        let row = self.link.borrow_mut().first(sql, &[&self.lane, &number(seq)])?;
        Ok(row.map(|row| MovementId(row.get(0))))
    }

    fn past(&self, wants: &Wants) -> Result<Supply, StoreError> {
        let asked = Wants {
            movements: wants.movements.clone(),
            histories: wants.histories.clone(),
            ..Wants::default()
        };
        lookup::look_up(&mut self.link.borrow_mut(), self.lane, asked)
    }

    fn rows(&self, table: Table, by_seq: bool, see: &mut SeeRow<'_>) -> Result<(), StoreError> {
        let (name, columns) = table.sql();
        let of_lane = format!("WHERE lane = {}", self.lane);
        let (which, order) = match table {
            // There is none here: what it is for, `movement_index` answers.
            Table::Day => return Ok(()),
            Table::Balance | Table::Pool | Table::Thing | Table::Lot => ("", ""),
            _ if by_seq => (of_lane.as_str(), "ORDER BY seq"),
            _ => (of_lane.as_str(), ""),
        };
        self.each(&format!("SELECT {columns} FROM {name} {which} {order}"), see)
    }
}

impl Lane<'_> {
    /// Goes through a table of any size with a cursor. The connection is free between its pages, so
    /// that `see` may ask for more.
    fn each(&self, select: &str, see: &mut SeeRow<'_>) -> Result<(), StoreError> {
        let number = self.cursors.get();
        self.cursors.set(number + 1);
        let declare = format!("DECLARE rows_{number} NO SCROLL CURSOR FOR {select}");
        self.link.borrow_mut().batch(&declare)?;
        loop {
            let rows = self.link.borrow_mut().once(&format!("FETCH {PAGE} FROM rows_{number}"))?;
            if rows.is_empty() {
                return self.link.borrow_mut().batch(&format!("CLOSE rows_{number}"));
            }
            rows.iter().try_for_each(|row| give(row, see))?;
        }
    }
}

impl Source for Shared<'_> {
    fn faults(&self) -> Result<Vec<String>, StoreError> {
        self.lane.faults()
    }

    fn meta(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.lane.meta()
    }

    /// Those of all lanes, by position, which is what they are numbered by.
    fn entries(&self, see: &mut SeeEntry<'_>) -> Result<(), StoreError> {
        let sql = "SELECT position, leaf, bytes FROM entry WHERE position > $1 \
            ORDER BY position LIMIT $2";
        pages(see, |after| self.lane.link.borrow_mut().query(sql, &[&after, &PAGE]))
    }

    fn bytes(&self, position: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT bytes FROM entry WHERE position = $1";
        let row = self.lane.link.borrow_mut().first(sql, &[&number(position)])?;
        Ok(row.map(|row| row.get::<_, String>(0).into_bytes()))
    }

    fn checkpoints(&self, after: i64, limit: usize) -> Result<Vec<(i64, String)>, StoreError> {
        self.lane.checkpoints(after, limit)
    }

    fn node(&self, level: u32, of: u64) -> Result<Option<Hash>, StoreError> {
        self.lane.node(level, of)
    }

    fn node_count(&self) -> Result<u64, StoreError> {
        self.lane.node_count()
    }

    fn movement_at(&self, seq: u64) -> Result<Option<MovementId>, StoreError> {
        self.lane.movement_at(seq)
    }

    fn past(&self, wants: &Wants) -> Result<Supply, StoreError> {
        self.lane.past(wants)
    }

    fn rows(&self, table: Table, by_seq: bool, see: &mut SeeRow<'_>) -> Result<(), StoreError> {
        self.lane.rows(table, by_seq, see)
    }
}

/// Goes through entries in the order of their numbers, a page at a time.
fn pages(
    see: &mut SeeEntry<'_>,
    mut page: impl FnMut(i64) -> Result<Vec<Row>, StoreError>,
) -> Result<(), StoreError> {
    let mut after = -1;
    loop {
        let rows = page(after)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.get(0);
        for row in &rows {
            see(unsigned(row, 0)?, hash(row.get(1))?, row.get::<_, &str>(2).as_bytes())?;
        }
    }
}

/// Hands a row on, as the cells that `verify` compares.
fn give(row: &Row, see: &mut SeeRow<'_>) -> Result<(), StoreError> {
    let mut ids = [[0; 16]; 2];
    let mut id = ids.iter_mut();
    let cells: Vec<Cell<'_>> = row
        .columns()
        .iter()
        .enumerate()
        .map(|(at, column)| match *column.type_() {
            Type::INT4 => Cell::Int(row.get::<_, i32>(at).into()),
            Type::INT8 => Cell::Int(row.get(at)),
            Type::BOOL => Cell::Int(row.get::<_, bool>(at).into()),
            Type::TEXT => Cell::Text(row.get(at)),
            Type::BYTEA => Cell::Bytes(row.get(at)),
            Type::UUID => id.next().map_or(Cell::Strange, |place| {
                *place = *row.get::<_, uuid::Uuid>(at).as_bytes();
                Cell::Bytes(place)
            }),
            _ => Cell::Strange,
        })
        .collect();
    see(&cells)
}
