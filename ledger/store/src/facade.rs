//! The ledger, whichever database keeps it: an address, the one writer, a reader.
//!
//! Both databases keep the same promises, and one suite of tests runs against both. What only a file
//! can do is not here (`ops`).

use std::{
    fmt,
    path::{Path, PathBuf},
};

use ed25519_dalek::{SigningKey, VerifyingKey};
use gatewarden_model::{Day, Entry, Hash, ItemId, MovementId, OperatorId, PassId, Subject};
use gatewarden_proof::{LogKey, Trust};
use gatewarden_stock::{LotFacts, Site, Stock, Supply, ThingFacts, Wants};

use crate::{
    StoreError,
    booked::BookedDays,
    cosignature::Cosigned as _,
    ledger,
    ledger::{Committed, Group, OpenOptions},
    past::{Evening, PastDay},
    postgres::{PgAddress, Taken, ledger::PgLedger, reader::PgReader},
    proof::Proof,
    reader,
    reader::{Balance, BalanceFilter, MovementPage, SignedCheckpoint},
    stock_view::PoolView,
    verify::{Judge, Report},
};

/// Where a ledger is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerAddress {
    /// A file of this box, for one gateway.
    Sqlite(PathBuf),
    /// A database that several gateways share.
    Postgres(Box<PgAddress>),
}

impl LedgerAddress {
    /// A `postgres://` URL, or else a path.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        if PgAddress::is_meant(text) {
            return Ok(Self::Postgres(Box::new(PgAddress::parse(text)?)));
        }
        Ok(Self::Sqlite(text.into()))
    }

    /// The file, where it is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }
}

impl fmt::Display for LedgerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(address) => address.fmt(f),
        }
    }
}

impl std::str::FromStr for LedgerAddress {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        Self::parse(text)
    }
}

impl From<&Path> for LedgerAddress {
    fn from(path: &Path) -> Self {
        Self::Sqlite(path.to_owned())
    }
}

impl From<&PathBuf> for LedgerAddress {
    fn from(path: &PathBuf) -> Self {
        Self::Sqlite(path.clone())
    }
}

impl From<&Self> for LedgerAddress {
    fn from(address: &Self) -> Self {
        address.clone()
    }
}

/// The one writer of a ledger, or of a gateway's lane of a shared one.
#[derive(Debug)]
pub struct Ledger(Writer);

#[derive(Debug)]
enum Writer {
    Sqlite(Box<ledger::Ledger>),
    Postgres(Box<PgLedger>),
}

impl Ledger {
    /// Opens the ledger, makes the file where it is missing, and checks that the journal's end fits
    /// its last checkpoint. Fails where another process writes it, where it belongs to another
    /// gateway or key, and where it was changed. A shared ledger that is away is opened all the same:
    /// `recover` tells when it is there.
    pub fn open(
        address: impl Into<LedgerAddress>,
        options: OpenOptions,
    ) -> Result<Self, StoreError> {
        Ok(Self(match address.into() {
            LedgerAddress::Sqlite(path) => {
                Writer::Sqlite(Box::new(ledger::Ledger::open(&path, options)?))
            }
            LedgerAddress::Postgres(address) => {
                Writer::Postgres(Box::new(PgLedger::open(*address, options)?))
            }
        }))
    }

    /// Records a group, flushed when it returns. After an error nothing of it is recorded; only where
    /// the disk or the connection failed may the group stand all the same, whole (as with any commit
    /// whose outcome was not heard). After an error call `recover` before anything is decided.
    pub fn append(&mut self, group: &Group) -> Result<Committed, StoreError> {
        match &mut self.0 {
            Writer::Sqlite(ledger) => ledger.append(group),
            Writer::Postgres(ledger) => ledger.append(group),
        }
    }

    /// Makes a shared ledger usable again after an error, or says that it is still away.
    pub fn recover(&mut self) -> Result<(), StoreError> {
        match &mut self.0 {
            Writer::Sqlite(_) => Ok(()),
            Writer::Postgres(ledger) => ledger.recover(),
        }
    }

    /// Compares what the ledger says of people, machines and locks with the signed journal, before
    /// anybody's rights rest on it. On a shared ledger the server keeps others out of these rows.
    pub fn check_in_force(&self) -> Result<(), StoreError> {
        match &self.0 {
            Writer::Sqlite(ledger) => ledger.check_in_force(),
            Writer::Postgres(_) => Ok(()),
        }
    }

    /// Whether other gateways change the stock beside this one: what was looked up grows stale.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.0, Writer::Postgres(_))
    }

    /// Whether a shared ledger can't be reached.
    #[must_use]
    pub fn is_away(&self) -> bool {
        matches!(&self.0, Writer::Postgres(ledger) if ledger.is_away())
    }

    /// For a shared ledger: a stock that knows the items, the closed period and the last day of all
    /// gateways, and nothing else. None where nobody else writes.
    pub fn basis(&mut self) -> Result<Option<Stock>, StoreError> {
        match &mut self.0 {
            Writer::Sqlite(_) => Ok(None),
            Writer::Postgres(ledger) => ledger.basis().map(Some),
        }
    }

    /// Adds a key that a `KeyRotated` may name. Its file must be written and flushed before.
    pub fn offer_key(&mut self, key: SigningKey) {
        match &mut self.0 {
            Writer::Sqlite(ledger) => ledger.offer_key(key),
            Writer::Postgres(ledger) => ledger.offer_key(key),
        }
    }

    /// The public key in force, as C2SP verifier key.
    #[must_use]
    pub fn verifier_key(&self) -> &str {
        match &self.0 {
            Writer::Sqlite(ledger) => ledger.verifier_key(),
            Writer::Postgres(ledger) => ledger.verifier_key(),
        }
    }

    /// Looks up what the engine must know before it can decide.
    pub fn look_up(&mut self, wants: &Wants) -> Result<Supply, StoreError> {
        match &mut self.0 {
            Writer::Sqlite(ledger) => ledger.look_up(wants),
            Writer::Postgres(ledger) => ledger.look_up(wants),
        }
    }

    /// Who of the other gateways took from a place of an item last, or reserved there. None where
    /// nobody else writes.
    pub fn last_taken(&mut self, site: &Site) -> Result<Option<Taken>, StoreError> {
        match &mut self.0 {
            Writer::Sqlite(_) => Ok(None),
            Writer::Postgres(ledger) => ledger.last_taken(site),
        }
    }

    /// What is flushed now.
    #[must_use]
    pub fn committed(&self) -> Committed {
        match &self.0 {
            Writer::Sqlite(ledger) => ledger.committed(),
            Writer::Postgres(ledger) => ledger.committed(),
        }
    }

    /// The sequence of the next entry.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.committed().size
    }

    /// A reader of the same ledger.
    pub fn reader(&self) -> Result<LedgerReader, StoreError> {
        Ok(LedgerReader(match &self.0 {
            Writer::Sqlite(ledger) => Reader::Sqlite(Box::new(ledger.reader()?)),
            Writer::Postgres(ledger) => {
                Reader::Postgres(Box::new(PgReader::open(ledger.address())?))
            }
        }))
    }

    /// Keeps a witness's line of the checkpoint of `size` entries; a newer one of the same witness
    /// replaces it.
    pub fn put_cosignature(&mut self, size: u64, line: &str) -> Result<(), StoreError> {
        match &mut self.0 {
            Writer::Sqlite(ledger) => ledger.put_cosignature(size, line),
            Writer::Postgres(ledger) => ledger.put_cosignature(size, line),
        }
    }

    /// Copies SQLite's write-ahead log into its file now, as far as no reader is in the way.
    pub fn copy_log(&self) -> Result<(), StoreError> {
        match &self.0 {
            Writer::Sqlite(ledger) => ledger.copy_log(),
            Writer::Postgres(_) => Ok(()),
        }
    }
}

/// A read-only view of a ledger. It can move between threads, not be shared by them: open one each.
#[derive(Debug)]
pub struct LedgerReader(Reader);

#[derive(Debug)]
enum Reader {
    Sqlite(Box<reader::LedgerReader>),
    Postgres(Box<PgReader>),
}

/// Calls a method of whichever reader it is.
macro_rules! both {
    ($self:ident, $reader:ident => $call:expr) => {
        match &$self.0 {
            Reader::Sqlite($reader) => $call,
            Reader::Postgres($reader) => $call,
        }
    };
}

impl LedgerReader {
    /// Opens a ledger, also beside its writer, also a file that can't be written.
    pub fn open(address: impl Into<LedgerAddress>) -> Result<Self, StoreError> {
        Ok(Self(match address.into() {
            LedgerAddress::Sqlite(path) => {
                Reader::Sqlite(Box::new(reader::LedgerReader::open(&path)?))
            }
            LedgerAddress::Postgres(address) => {
                Reader::Postgres(Box::new(PgReader::open(&address)?))
            }
        }))
    }

    /// The gateway's name: the origin of the checkpoints.
    pub fn origin(&self) -> Result<String, StoreError> {
        match &self.0 {
            Reader::Sqlite(reader) => reader.origin(),
            Reader::Postgres(reader) => Ok(reader.origin()),
        }
    }

    /// The public key that the ledger says it is signed with now, as C2SP verifier key. A copy from
    /// a stranger proves nothing by it: compare it with one you trust.
    pub fn verifier_key(&self) -> Result<String, StoreError> {
        both!(self, reader => reader.verifier_key())
    }

    /// The public key that the ledger says it was signed with first.
    pub fn first_verifier_key(&self) -> Result<String, StoreError> {
        both!(self, reader => reader.first_verifier_key())
    }

    /// Looks up what `wants` asks for.
    pub fn look_up(&self, wants: &Wants) -> Result<Supply, StoreError> {
        both!(self, reader => reader.look_up(wants))
    }

    /// How many entries there are.
    pub fn len(&self) -> Result<u64, StoreError> {
        both!(self, reader => reader.len())
    }

    /// True for a ledger without entries.
    pub fn is_empty(&self) -> Result<bool, StoreError> {
        Ok(self.len()? == 0)
    }

    /// One entry.
    pub fn entry(&self, seq: u64) -> Result<Option<Entry>, StoreError> {
        both!(self, reader => reader.entry(seq))
    }

    /// The entries of a range, at most `ANSWER_ENTRIES_MAX`.
    pub fn entries(&self, range: std::ops::Range<u64>) -> Result<Vec<Entry>, StoreError> {
        both!(self, reader => reader.entries(range))
    }

    /// The newest `count` entries, in sequence.
    pub fn last_entries(&self, count: usize) -> Result<Vec<Entry>, StoreError> {
        both!(self, reader => reader.last_entries(count))
    }

    /// The newest `count` entries about a subject, in sequence.
    pub fn touching(&self, subject: &Subject, count: usize) -> Result<Vec<Entry>, StoreError> {
        both!(self, reader => reader.touching(subject, count))
    }

    /// The oldest `count` entries about a subject from the entry `from` on, in sequence: who reads on from the last
    /// one reads all. A movement's own entry is not among them.
    pub fn touching_from(
        &self,
        subject: &Subject,
        from: u64,
        count: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        both!(self, reader => reader.touching_from(subject, from, count))
    }

    /// The entries that touch what is still open, in sequence: replayed, they give the engine its
    /// state.
    pub fn live(&self) -> Result<Vec<Entry>, StoreError> {
        both!(self, reader => reader.live())
    }

    /// Balances that are not zero, by item, location, lot, owner, status and unit. On a shared ledger
    /// those of all gateways.
    pub fn balances(&self, filter: &BalanceFilter) -> Result<Vec<Balance>, StoreError> {
        both!(self, reader => reader.balances(filter))
    }

    /// Physical stock only.
    pub fn stock(&self, filter: &BalanceFilter) -> Result<Vec<Balance>, StoreError> {
        self.balances(&BalanceFilter { physical: true, ..filter.clone() })
    }

    /// A page of movements, the newest first.
    pub fn movements(&self, page: MovementPage) -> Result<Vec<Entry>, StoreError> {
        both!(self, reader => reader.movements(page))
    }

    /// The entry that recorded a movement.
    pub fn movement(&self, id: MovementId) -> Result<Option<Entry>, StoreError> {
        both!(self, reader => reader.movement(id))
    }

    /// Whether any entry is about a pass: it was posted, held, denied or quarantined already.
    pub fn pass_recorded(&self, pass: PassId) -> Result<bool, StoreError> {
        both!(self, reader => reader.pass_recorded(pass))
    }

    /// An operator's PIN hash, a PHC string. It counts only where its digest is the one that the
    /// operator's last enrolment names.
    pub fn credential(&self, operator: &OperatorId) -> Result<Option<String>, StoreError> {
        both!(self, reader => reader.credential(operator))
    }

    /// The newest checkpoint; none for a ledger without entries.
    pub fn checkpoint(&self) -> Result<Option<SignedCheckpoint>, StoreError> {
        both!(self, reader => reader.checkpoint())
    }

    /// The proof of an entry under the newest checkpoint.
    pub fn proof(&self, seq: u64) -> Result<Proof, StoreError> {
        both!(self, reader => reader.proof(seq))
    }

    /// The newest checkpoint beyond entry `seq` that has the quorum of `trust`, with its lines.
    pub fn witnessed(
        &self,
        seq: u64,
        trust: &Trust,
    ) -> Result<Option<SignedCheckpoint>, StoreError> {
        both!(self, reader => reader.witnessed(seq, trust))
    }

    /// The proof of an entry under the newest checkpoint that has the quorum of `trust`; under the
    /// newest of all where none has. The second value says whether it has.
    pub fn witnessed_proof(&self, seq: u64, trust: &Trust) -> Result<(Proof, bool), StoreError> {
        both!(self, reader => reader.witnessed_proof(seq, trust))
    }

    /// How many entries the newest checkpoint beyond `beyond` entries covers that has the quorum of
    /// these witnesses; the log's own signature is not asked for.
    pub fn quorum_beyond(&self, beyond: u64, trust: &Trust) -> Result<Option<u64>, StoreError> {
        both!(self, reader => reader.quorum_beyond(beyond, trust))
    }

    /// How many entries have the quorum of these witnesses, and the largest checkpoint that each of
    /// them cosigned.
    pub fn cosigned_by(&self, trust: &Trust) -> Result<(u64, Vec<u64>), StoreError> {
        both!(self, reader => reader.cosigned_by(trust))
    }

    /// The keys that signed this ledger as its journal tells, the first one first, each with the
    /// sizes of checkpoints that it counts for. A stranger's copy proves nothing by it.
    pub fn log_keys(&self) -> Result<Vec<LogKey>, StoreError> {
        both!(self, reader => reader.log_keys())
    }

    /// The proof that the tree of `old` entries is a prefix of that of `new` (RFC 6962, 2.1.2), as a
    /// witness asks for it. None where `old > new`.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Option<Vec<Hash>>, StoreError> {
        both!(self, reader => reader.consistency(old, new))
    }

    /// Value and age, by item, place, lot and owner. Of the filter only those count.
    pub fn pools(&self, filter: &BalanceFilter) -> Result<Vec<PoolView>, StoreError> {
        both!(self, reader => reader.pools(filter))
    }

    /// What is known of a thing.
    pub fn thing(&self, key: &str) -> Result<Option<ThingFacts>, StoreError> {
        let wants = Wants { things: [key.to_owned()].into(), ..Wants::default() };
        Ok(self.look_up(&wants)?.things.remove(key))
    }

    /// What is known of a lot.
    pub fn lot(&self, item: &ItemId, lot: &str) -> Result<Option<LotFacts>, StoreError> {
        let key = (item.clone(), lot.to_owned());
        let wants = Wants { lots: [key.clone()].into(), ..Wants::default() };
        Ok(self.look_up(&wants)?.lots.remove(&key))
    }

    /// Lots whose last day is no later than `until`, the first to expire first.
    pub fn lots_expiring(&self, until: Day) -> Result<Vec<(ItemId, String, LotFacts)>, StoreError> {
        both!(self, reader => reader.lots_expiring(until))
    }

    /// What is in a handling unit, wherever it is.
    pub fn unit_contents(&self, sscc: &str) -> Result<Vec<Balance>, StoreError> {
        let unit = Some(Some(sscc.to_owned()));
        self.balances(&BalanceFilter { unit, ..BalanceFilter::default() })
    }

    /// The latest day that any movement counted for.
    pub fn last_day(&self) -> Result<Option<Day>, StoreError> {
        both!(self, reader => reader.last_day())
    }

    /// Stock at the end of a day, of one item or of all. On a shared ledger that of all gateways.
    pub fn stock_on(&self, evening: Evening, item: Option<&ItemId>) -> Result<PastDay, StoreError> {
        both!(self, reader => reader.stock_on(evening, item))
    }

    /// Calls `see` with each movement and landed cost of these days and the day it counts for, in
    /// sequence, until it says false.
    pub fn booked(
        &self,
        days: BookedDays,
        see: impl FnMut(Day, Entry) -> bool,
    ) -> Result<(), StoreError> {
        both!(self, reader => reader.booked(days, see))
    }

    /// What witnesses signed of the checkpoint of `size` entries: name and line of each.
    pub fn cosignatures(&self, size: u64) -> Result<Vec<(String, String)>, StoreError> {
        both!(self, reader => reader.lines_of(size))
    }

    /// Replays and compares everything, trusting only `key` and the keys that it handed over to.
    pub fn verify(&self, key: &VerifyingKey) -> Result<Report, StoreError> {
        self.verify_with(key, None, None)
    }

    /// Like `verify`, and also compares with a signed checkpoint that was kept elsewhere.
    pub fn verify_against(
        &self,
        key: &VerifyingKey,
        kept: Option<&str>,
    ) -> Result<Report, StoreError> {
        self.verify_with(key, kept, None)
    }

    /// Like `verify_against`, and also lets `judge` replay the decisions.
    pub fn verify_with(
        &self,
        key: &VerifyingKey,
        kept: Option<&str>,
        judge: Option<&mut Judge<'_>>,
    ) -> Result<Report, StoreError> {
        both!(self, reader => reader.verify_with(key, kept, judge))
    }
}
