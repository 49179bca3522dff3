//! Reads a SQLite file page by page, as its format says (sqlite.org/fileformat2.html), without SQLite:
//! what is damaged can then still be named and what is whole can still be read.
//!
//! Invariants: never writes; never panics on any bytes; follows no chain further than its bound. The
//! write-ahead log is laid over the file, up to its last whole commit. Absent: what a page belongs to
//! (`walk`), what its rows mean (`salvage`).

use std::{
    collections::HashMap,
    fs::File,
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

/// The page size of every ledger (SQLite's default): what the header states may be damaged.
const PAGE_BYTES: usize = 4096;
/// Bytes of the file's header on page 1.
const HEADER_BYTES: usize = 100;
/// Longest row that is put together from overflow pages: twice the longest entry.
const ROW_BYTES_MAX: usize = 32 * 1024 * 1024;
const WAL_HEADER_BYTES: u64 = 32;
const FRAME_HEADER_BYTES: u64 = 24;

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    /// A float, as it is stored: no ledger has one.
    Real([u8; 8]),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

/// The kinds of b-tree page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    InnerIndex,
    InnerTable,
    LeafIndex,
    LeafTable,
}

/// What a cell holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    /// The page below, on inner pages.
    pub(crate) child: Option<u32>,
    /// The row's number, in tables that have one.
    pub(crate) rowid: Option<i64>,
    /// Where the payload starts on its page, and how much of it is there.
    local: (usize, usize),
    /// Bytes of the payload altogether; 0 for none.
    pub(crate) total: usize,
    /// The first overflow page.
    pub(crate) overflow: Option<u32>,
}

/// A b-tree page, its cells as far as they can be read.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) kind: Kind,
    pub(crate) cells: Vec<Cell>,
    /// The last page below, on inner pages.
    pub(crate) right: Option<u32>,
    /// What is wrong with the page.
    pub(crate) faults: Vec<&'static str>,
    bytes: Vec<u8>,
}

/// The pages of a database file with its log.
#[derive(Debug)]
pub(crate) struct Pages {
    file: File,
    wal: Option<(File, HashMap<u32, u64>)>,
    pub(crate) page_bytes: usize,
    usable: usize,
    /// How many pages there are.
    pub(crate) count: u32,
    /// What is wrong with the header.
    pub(crate) header_fault: Option<&'static str>,
}

impl Pages {
    /// Opens the database at `path` and its log.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let mut header = [0; HEADER_BYTES];
        let read = file.read_at(&mut header, 0)?;
        let (page_bytes, usable) = (PAGE_BYTES, PAGE_BYTES);
        let header_fault = if read < HEADER_BYTES {
            Some("the file has no whole header")
        } else if &header[..16] != b"SQLite format 3\0" {
            Some("the header does not begin as a database's")
        } else if u16_at(&header, 16).map(usize::from) != Some(PAGE_BYTES) || header[20] != 0 {
            Some("the header states another page size than a ledger's")
        } else {
            None
        };
        let wal = overlay(path, page_bytes)?;
        let in_file = pages_in(file.metadata()?.len(), page_bytes);
        let in_wal = wal.as_ref().map_or(0, |(_, _, size)| *size);
        let count = if in_wal > 0 { in_wal } else { in_file };
        let wal = wal.map(|(file, frames, _)| (file, frames));
        Ok(Self { file, wal, page_bytes, usable, count, header_fault })
    }

    /// One page, from 1; zeros where the file ends early.
    pub(crate) fn page(&self, number: u32) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.page_bytes];
        let logged =
            self.wal.as_ref().and_then(|(file, frames)| Some((file, *frames.get(&number)?)));
        let (file, at) = match logged {
            Some(found) => found,
            None => (&self.file, u64::from(number.saturating_sub(1)) * self.page_bytes as u64),
        };
        let mut done = 0;
        while done < bytes.len() {
            match file.read_at(&mut bytes[done..], at + done as u64)? {
                0 => break,
                n => done += n,
            }
        }
        Ok(bytes)
    }

    /// The page that SQLite never uses, because file locks lie there.
    pub(crate) fn lock_page(&self) -> u32 {
        u32::try_from(0x4000_0000 / self.page_bytes + 1).unwrap_or(u32::MAX)
    }

    /// First trunk page of the free list and how many free pages the header states.
    pub(crate) fn free_list(&self) -> io::Result<(u32, u32)> {
        let first = self.page(1)?;
        Ok((u32_at(&first, 32).unwrap_or(0), u32_at(&first, 36).unwrap_or(0)))
    }

    /// How many pages the header states; none where it does not know.
    pub(crate) fn stated_count(&self) -> io::Result<Option<u32>> {
        let first = self.page(1)?;
        let known = u32_at(&first, 24) == u32_at(&first, 92);
        Ok(u32_at(&first, 28).filter(|n| known && *n > 0))
    }

    /// A page read as part of a b-tree; none where it is no such page.
    pub(crate) fn tree(&self, number: u32) -> io::Result<Option<Tree>> {
        let bytes = self.page(number)?;
        let start = if number == 1 { HEADER_BYTES } else { 0 };
        let kind = match bytes.get(start) {
            Some(2) => Kind::InnerIndex,
            Some(5) => Kind::InnerTable,
            Some(10) => Kind::LeafIndex,
            Some(13) => Kind::LeafTable,
            _ => return Ok(None),
        };
        let inner = matches!(kind, Kind::InnerIndex | Kind::InnerTable);
        let right = if inner { u32_at(&bytes, start + 8) } else { None };
        let mut tree = Tree { kind, cells: vec![], right, faults: vec![], bytes };
        self.read_cells(&mut tree, start, if inner { 12 } else { 8 });
        Ok(Some(tree))
    }

    fn read_cells(&self, tree: &mut Tree, start: usize, header: usize) {
        let count = usize::from(u16_at(&tree.bytes, start + 3).unwrap_or(0));
        let first = start + header + 2 * count;
        if first > self.usable {
            tree.faults.push("it says it has more cells than it can hold");
            return;
        }
        let mut spans = Vec::with_capacity(count);
        for i in 0..count {
            let at = usize::from(u16_at(&tree.bytes, start + header + 2 * i).unwrap_or(0));
            match self.cell(tree, at).filter(|_| at >= first) {
                Some((cell, end)) => {
                    spans.push((at, end.max(at + 4)));
                    tree.cells.push(cell);
                }
                None => tree.faults.push("a cell lies outside of the page"),
            }
        }
        self.check_room(tree, start, first, spans);
    }

    /// Every byte of the content area belongs to one cell, one free block, or is a counted fragment.
    fn check_room(
        &self,
        tree: &mut Tree,
        start: usize,
        first: usize,
        mut spans: Vec<(usize, usize)>,
    ) {
        let content = match u16_at(&tree.bytes, start + 5) {
            Some(0) => 65_536,
            Some(n) => usize::from(n),
            None => 0,
        };
        if content < first || content > self.usable {
            tree.faults.push("its content area is out of place");
            return;
        }
        let mut block = usize::from(u16_at(&tree.bytes, start + 1).unwrap_or(0));
        while block != 0 {
            let size = usize::from(u16_at(&tree.bytes, block + 2).unwrap_or(0));
            let next = usize::from(u16_at(&tree.bytes, block).unwrap_or(0));
            if block < content || size < 4 || block + size > self.usable {
                tree.faults.push("a free block lies outside of the page");
                return;
            }
            if next != 0 && next < block + size + 4 {
                tree.faults.push("its free blocks are out of order");
                return;
            }
            spans.push((block, block + size));
            block = next;
        }
        spans.sort_unstable();
        let mut end = content;
        let mut fragments = 0;
        for (from, to) in spans {
            if from < end {
                tree.faults.push("two of its cells or free blocks overlap");
                return;
            }
            fragments += from - end;
            end = to;
        }
        if end > self.usable {
            tree.faults.push("a cell lies outside of the page");
        }
        fragments += self.usable.saturating_sub(end);
        if fragments != usize::from(tree.bytes.get(start + 7).copied().unwrap_or(0)) {
            tree.faults.push("bytes of it belong to nothing");
        }
    }

    /// The cell at `at`, and where it ends.
    fn cell(&self, tree: &Tree, at: usize) -> Option<(Cell, usize)> {
        let bytes = &tree.bytes;
        let mut cell = Cell::default();
        let mut at = at;
        if matches!(tree.kind, Kind::InnerIndex | Kind::InnerTable) {
            cell.child = Some(u32_at(bytes, at)?);
            at += 4;
        }
        if tree.kind == Kind::InnerTable {
            let (rowid, next) = varint(bytes, at)?;
            cell.rowid = Some(rowid);
            return (next <= self.usable).then_some((cell, next));
        }
        let (total, mut next) = varint(bytes, at)?;
        if tree.kind == Kind::LeafTable {
            let (rowid, after) = varint(bytes, next)?;
            cell.rowid = Some(rowid);
            next = after;
        }
        cell.total = usize::try_from(total).ok().filter(|n| *n <= ROW_BYTES_MAX)?;
        let local = self.local(tree.kind, cell.total);
        cell.local = (next, local);
        let mut end = next + local;
        if local < cell.total {
            cell.overflow = Some(u32_at(bytes, end)?);
            end += 4;
        }
        (end <= self.usable).then_some((cell, end))
    }

    /// How much of a payload lies on the b-tree page itself.
    fn local(&self, kind: Kind, total: usize) -> usize {
        let usable = self.usable;
        let max = match kind {
            Kind::LeafTable => usable - 35,
            _ => (usable - 12) * 64 / 255 - 23,
        };
        if total <= max {
            return total;
        }
        let min = (usable - 12) * 32 / 255 - 23;
        let some = min + (total - min) % (usable - 4);
        if some <= max { some } else { min }
    }

    /// The overflow pages of a cell, in order; an error is the page where the chain is broken.
    pub(crate) fn chain(&self, cell: &Cell) -> io::Result<Result<Vec<u32>, u32>> {
        let (mut found, mut rest) = (vec![], cell.total.saturating_sub(cell.local.1));
        let mut next = cell.overflow.unwrap_or(0);
        let mut last = None;
        while rest > 0 {
            if next < 2 || next > self.count || found.contains(&next) {
                return Ok(Err(last.unwrap_or(next)));
            }
            found.push(next);
            last = Some(next);
            rest = rest.saturating_sub(self.usable - 4);
            next = u32_at(&self.page(next)?, 0).unwrap_or(0);
        }
        Ok(if next == 0 || last.is_none() { Ok(found) } else { Err(last.unwrap_or(0)) })
    }

    /// The values of a cell; none where they can't be read.
    pub(crate) fn values(&self, tree: &Tree, cell: &Cell) -> io::Result<Option<Vec<Value>>> {
        let (at, local) = cell.local;
        let Some(here) = tree.bytes.get(at..at + local) else { return Ok(None) };
        let mut payload = here.to_vec();
        if cell.overflow.is_some() {
            let Ok(chain) = self.chain(cell)? else { return Ok(None) };
            for page in chain {
                let bytes = self.page(page)?;
                let more = (cell.total - payload.len()).min(self.usable - 4);
                payload.extend_from_slice(bytes.get(4..4 + more).unwrap_or_default());
            }
        }
        Ok(record(&payload))
    }
}

fn pages_in(bytes: u64, page_bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(page_bytes as u64)).unwrap_or(u32::MAX)
}

type Overlay = (File, HashMap<u32, u64>, u32);

/// Where each page lies in the log, as of its last whole commit, and the pages of the database then.
fn overlay(path: &Path, page_bytes: usize) -> io::Result<Option<Overlay>> {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    let file = match File::open(PathBuf::from(name)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut header = [0; WAL_HEADER_BYTES as usize];
    let whole = file.read_at(&mut header, 0)? == header.len();
    let magic = u32_at(&header, 0).unwrap_or(0);
    let size = u32_at(&header, 8).unwrap_or(0) as usize;
    if !whole || magic & !1 != 0x377f_0682 || size != page_bytes {
        return Ok(None);
    }
    let big = magic & 1 == 1;
    let mut sum = checksum(&header[..24], (0, 0), big);
    if Some(sum) != pair(&header, 24) {
        return Ok(None);
    }
    let salt = pair(&header, 16);
    let (mut frames, mut pending, mut count) = (HashMap::new(), Vec::new(), 0);
    let mut frame = vec![0; FRAME_HEADER_BYTES as usize + page_bytes];
    let mut at = WAL_HEADER_BYTES;
    while file.read_at(&mut frame, at)? == frame.len() {
        sum = checksum(&frame[..8], sum, big);
        sum = checksum(&frame[FRAME_HEADER_BYTES as usize..], sum, big);
        if pair(&frame, 8) != salt || pair(&frame, 16) != Some(sum) {
            break;
        }
        pending.push((u32_at(&frame, 0).unwrap_or(0), at + FRAME_HEADER_BYTES));
        let commit = u32_at(&frame, 4).unwrap_or(0);
        if commit > 0 {
            frames.extend(pending.drain(..));
            count = commit;
        }
        at += frame.len() as u64;
    }
    Ok((count > 0).then_some((file, frames, count)))
}

/// The log's checksum over whole pairs of words.
fn checksum(bytes: &[u8], start: (u32, u32), big: bool) -> (u32, u32) {
    let word = |bytes: &[u8]| match <[u8; 4]>::try_from(bytes) {
        Ok(bytes) if big => u32::from_be_bytes(bytes),
        Ok(bytes) => u32::from_le_bytes(bytes),
        Err(_) => 0,
    };
    bytes.chunks_exact(8).fold(start, |(a, b), pair| {
        let a = a.wrapping_add(word(&pair[..4])).wrapping_add(b);
        (a, b.wrapping_add(word(&pair[4..])).wrapping_add(a))
    })
}

fn pair(bytes: &[u8], at: usize) -> Option<(u32, u32)> {
    Some((u32_at(bytes, at)?, u32_at(bytes, at + 4)?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// A number of one to nine bytes, and where it ends.
fn varint(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    let mut value: u64 = 0;
    for i in 0..8 {
        let byte = *bytes.get(at + i)?;
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value.cast_signed(), at + i + 1));
        }
    }
    value = value << 8 | u64::from(*bytes.get(at + 8)?);
    Some((value.cast_signed(), at + 9))
}

/// The values of a record; none where its header does not fit it.
fn record(payload: &[u8]) -> Option<Vec<Value>> {
    let (header, mut at) = varint(payload, 0)?;
    let header = usize::try_from(header).ok().filter(|n| *n <= payload.len() && *n >= at)?;
    let mut values = Vec::new();
    let mut body = header;
    while at < header {
        let (code, next) = varint(payload, at)?;
        at = next;
        let (value, end) = value(payload, body, code)?;
        values.push(value);
        body = end;
    }
    (at == header && body == payload.len()).then_some(values)
}

fn value(payload: &[u8], at: usize, code: i64) -> Option<(Value, usize)> {
    let integer = |n: usize| -> Option<(Value, usize)> {
        let bytes = payload.get(at..at + n)?;
        let start = if bytes.first().is_some_and(|b| b & 0x80 != 0) { -1_i64 } else { 0 };
        let n64 = bytes.iter().fold(start, |sum, byte| sum << 8 | i64::from(*byte));
        Some((Value::Int(n64), at + n))
    };
    match code {
        0 => Some((Value::Null, at)),
        1..=4 => integer(usize::try_from(code).ok()?),
        5 => integer(6),
        6 => integer(8),
        7 => {
            let bytes = payload.get(at..at + 8)?.try_into().ok()?;
            Some((Value::Real(bytes), at + 8))
        }
        8 => Some((Value::Int(0), at)),
        9 => Some((Value::Int(1), at)),
        n if n >= 12 => {
            let len = usize::try_from((n - 12) / 2).ok()?;
            let bytes = payload.get(at..at.checked_add(len)?)?.to_vec();
            let value = if n % 2 == 0 { Value::Blob(bytes) } else { Value::Text(bytes) };
            Some((value, at + len))
        }
        _ => None,
    }
}
