//! A day in the house, as the groups in which a desk recorded it: stock with values by FIFO and moving
//! average, lots, serials, handling units, reservations that are posted, voided and lapse, a held pass,
//! landed cost, a day gone by, a reversal, a count, a closed period, PINs, a change of the key.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use gatewarden_engine::Command;
use gatewarden_model::{
    Actor, Bucket, CountLine, Document, DocumentKind, Entry, MovementId, MovementKind, Posting,
    entry::Verdict,
};
use gatewarden_store::{Group, OpenOptions, SigningKey, verifier_key_text};

use crate::{
    common::{folder, key, options},
    desk::{
        Desk,
        house::{PALLET, erp, movement_id, pass, pass_id, posting, task},
    },
};

/// What is done to the ledger, in order.
pub(crate) enum Step {
    /// A group is appended.
    Append(Group),
    /// The write-ahead log is copied into the database.
    CopyLog,
}

/// The ledger that all begins with, and what is done to it.
pub(crate) struct Story {
    _folder: tempfile::TempDir,
    /// Its file.
    pub(crate) prepared: PathBuf,
    pub(crate) steps: Vec<Step>,
    /// All entries, those of the prepared file first.
    pub(crate) entries: Vec<Entry>,
    /// How many entries there are after each step, those of the prepared file first.
    pub(crate) sizes: Vec<u64>,
    /// The desk's clock at the end.
    pub(crate) now_ms: u64,
}

/// Both keys of the ledger: that of its begin and that of its end.
pub(crate) fn both_keys() -> OpenOptions {
    OpenOptions { more_keys: vec![new_key()], ..options() }
}

fn new_key() -> SigningKey {
    SigningKey::from_bytes(&[43; 32])
}

pub(crate) fn story() -> &'static Story {
    static STORY: OnceLock<Story> = OnceLock::new();
    STORY.get_or_init(Story::tell)
}

/// The desk while it works.
struct Teller {
    desk: Desk,
    steps: Vec<Step>,
    ids: u128,
}

impl Story {
    fn tell() -> Self {
        let (folder, path) = folder();
        let desk = Desk::new(&path, both_keys());
        desk.ledger.copy_log().unwrap();
        let prepared = path.with_file_name("prepared.db");
        fs::copy(&path, &prepared).unwrap();
        let begin = desk.ledger.next_seq();
        let mut teller = Teller { desk, steps: vec![], ids: 0 };
        teller.goods_come_in();
        teller.reservations_end();
        teller.values_change();
        teller.boxes_are_packed();
        teller.books_are_kept();
        let Teller { desk, steps, .. } = teller;
        let reader = desk.reader();
        let entries = reader.entries(0..reader.len().unwrap()).unwrap();
        let mut sizes = vec![begin];
        for step in &steps {
            let more = match step {
                Step::Append(group) => group.entries.len() as u64,
                Step::CopyLog => 0,
            };
            sizes.push(sizes[sizes.len() - 1] + more);
        }
        assert_eq!(sizes.last(), Some(&(entries.len() as u64)));
        let now_ms = desk.now_ms;
        Self { _folder: folder, prepared, steps, entries, sizes, now_ms }
    }
}

impl Teller {
    fn next(&mut self) -> u128 {
        self.ids += 1;
        self.desk.now_ms += 1_000;
        self.ids
    }

    fn flush(&mut self) {
        self.steps.push(Step::Append(self.desk.flush().unwrap()));
    }

    fn reserve(&mut self, posting: Posting) -> MovementId {
        let (id, by) = (posting.id, self.desk.by("sue"));
        self.desk.ok(Command::Reserve { posting, by });
        id
    }

    fn post(&mut self, reservation: MovementId) {
        let by = self.desk.by("max");
        self.desk.ok(Command::PostReservation { reservation, by, confirmation: None });
    }

    /// Reserved by one and posted by another, in one group.
    fn posted(&mut self, kind: MovementKind, lines: &[&str]) -> MovementId {
        let n = self.next();
        let reason = Some("as ordered".to_owned());
        let id = self.reserve(Posting { reason, ..posting(n, kind, lines) });
        self.post(id);
        self.flush();
        id
    }

    /// A pass at the dock that shows what a new task expects, or not.
    fn seen(&mut self, kind: MovementKind, line: &str, things: &str) -> u128 {
        let n = self.next();
        let task = task(n, "dock-1", kind, &[line]);
        self.desk.ok(Command::OpenTask { task, by: erp() });
        let session = self.desk.session_at("dock-1");
        let pass = pass(n, "dock-1", session, self.desk.now_ms / 1000, things);
        self.desk.ok(Command::Pass(pass));
        self.flush();
        n
    }

    fn goods_come_in(&mut self) {
        let n = self.next();
        let line = "10 PUMP 10 @supplier/ACME wh1/dock value=100";
        let pumps = self.reserve(posting(n, MovementKind::Receipt, &[line]));
        self.flush();
        self.post(pumps);
        self.flush();
        let lots = [
            "10 OIL 10 @supplier/ACME wh1/dock lot=L1 expires=2027-06-30 unit=can value=75.5",
            "20 OIL 6 @supplier/ACME wh1/dock lot=L2 owner=ACME",
        ];
        self.posted(MovementKind::Receipt, &lots);
        self.seen(
            MovementKind::Receipt,
            "10 CHIP 2 @supplier/A wh1/dock things=chip#1,chip#2",
            "chip#1 chip#2",
        );
        let held = self.seen(MovementKind::Receipt, "10 NUT-M8 3 @supplier/A wh1/dock", "nut*2");
        let (by, reason) = (self.desk.by("max"), "one is missing".to_owned());
        let (pass, verdict) = (pass_id(held), Verdict::Accept);
        self.desk.ok(Command::DecideHold { pass, verdict, reason, doubts: vec![], by });
        self.flush();
        self.steps.push(Step::CopyLog);
    }

    fn reservations_end(&mut self) {
        let issue = ["10 PUMP 4 wh1/dock @production/P", "20 NUT-M8 1 wh1/dock @production/P"];
        let n = self.next();
        let voided = self.reserve(posting(n, MovementKind::Issue, &issue));
        self.flush();
        let (by, reason) = (self.desk.by("sue"), "not needed".to_owned());
        self.desk.ok(Command::VoidReservation { reservation: voided, reason, by });
        self.flush();
        let n = self.next();
        let lapsing = posting(n, MovementKind::Issue, &issue);
        self.reserve(Posting { expires_ms: Some(5_000), ..lapsing });
        self.flush();
        self.desk.now_ms += 10_000;
        self.desk.ok(Command::Tick);
        self.flush();
    }

    /// An issue, whose value changes by a cost and by a receipt of yesterday before it is taken back.
    fn values_change(&mut self) {
        let issued = self.posted(MovementKind::Issue, &["10 PUMP 4 wh1/dock @production/P"]);
        let (movement, by) = (movement_id(1), self.desk.by("cfo"));
        let document = Document { kind: DocumentKind::PurchaseOrder, number: "F-1".into() };
        let amounts = vec!["12.5".parse().unwrap()];
        self.desk.ok(Command::LandCost { movement, document, amounts, by });
        self.flush();
        let n = self.next();
        let line = "10 PUMP 2 @supplier/ACME wh1/dock value=8";
        let late = posting(n, MovementKind::Receipt, &[line]);
        let (effective, reason) = (Some("2027-01-14".parse().unwrap()), Some("found".into()));
        let late = self.reserve(Posting { effective, reason, ..late });
        self.post(late);
        self.flush();
        let n = self.next();
        let (reverses, reason) = (Some(issued), Some("the wrong order".into()));
        let back = posting(n, MovementKind::Issue, &[]);
        let back = self.reserve(Posting { reverses, reason, ..back });
        self.post(back);
        self.flush();
        self.steps.push(Step::CopyLog);
    }

    fn boxes_are_packed(&mut self) {
        use MovementKind::{Pack, PutAway, Scrap, StatusChange, Transfer, Unpack};
        self.posted(Pack, &[&format!("10 OIL 20 wh1/dock wh1/dock lot=L1 to={PALLET}")]);
        let whole = format!("10 OIL 20 wh1/dock wh1/a lot=L1 from={PALLET} to={PALLET}");
        self.posted(Transfer, &[&whole]);
        self.posted(Unpack, &[&format!("10 OIL 20 wh1/a wh1/a lot=L1 from={PALLET}")]);
        self.posted(PutAway, &["10 CHIP 1 wh1/dock wh1/a things=chip#1"]);
        self.posted(StatusChange, &["10 PUMP 1 wh1/dock wh1/dock status=blocked"]);
        self.posted(Scrap, &["10 PUMP 1 wh1/dock @loss/bin was=blocked"]);
        let n = self.next();
        let counted = CountLine {
            line: 10,
            item: "PUMP".parse().unwrap(),
            location: "wh1/dock".parse().unwrap(),
            bucket: Bucket::default(),
            quantity: "9".into(),
            unit: None,
        };
        let count = posting(n, MovementKind::Count, &[]);
        let count = self.reserve(Posting { counts: vec![counted], ..count });
        self.flush();
        self.post(count);
        self.flush();
    }

    fn books_are_kept(&mut self) {
        let (tag, item, by) = ("text:x".into(), "NUT-M8".parse().unwrap(), self.desk.by("sue"));
        self.desk.ok(Command::Commission {
            tag,
            item,
            lot: None,
            serial: Some("1".into()),
            tid: Some("E28011606000020500000001".parse().unwrap()),
            by,
        });
        self.flush();
        for phc in ["$first", "$second"] {
            self.desk.enrol("eve", "storekeeper", Some(phc));
            self.flush();
        }
        self.desk.enrol("tom", "storekeeper", Some("$third"));
        self.desk.remove("eve");
        self.flush();
        let (until, by) = ("2027-01-14".parse().unwrap(), self.desk.by("cfo"));
        self.desk.ok(Command::ClosePeriod { until, by });
        self.flush();
        let name = |key: &SigningKey| verifier_key_text("gw-1", &key.verifying_key());
        let (old, new, reason) = (name(&key()), name(&new_key()), "yearly".to_owned());
        self.desk.ok(Command::RotateKey { old, new, reason, by: Actor::Local { uid: 0 } });
        self.flush();
        self.posted(MovementKind::Receipt, &["10 MEAN 3 @supplier/ACME wh1/dock value=10"]);
        self.steps.push(Step::CopyLog);
    }
}

/// A ledger as a dead gateway left it, opened by the next one, which posts a fresh movement by two
/// people; it must be there.
pub(crate) fn posts_afresh(path: &Path) {
    let mut desk = Desk::again(path, both_keys(), story().now_ms + 60_000);
    let before = desk.stock("PUMP", "wh1/a");
    let line = "10 PUMP 1 @supplier/ACME wh1/a value=10";
    let (posting, by) = (posting(9_999, MovementKind::Receipt, &[line]), desk.by("sue"));
    desk.ok(Command::Reserve { posting, by });
    let (reservation, by) = (movement_id(9_999), desk.by("max"));
    desk.ok(Command::PostReservation { reservation, by, confirmation: None });
    desk.flush();
    assert_eq!(desk.stock("PUMP", "wh1/a"), before + 1);
}
