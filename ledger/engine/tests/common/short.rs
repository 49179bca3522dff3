//! Things, passes, tasks and postings in short: words instead of structs.

use gatewarden_model::{
    Direction, Document, DocumentKind, Hash, Label, LabelId, MovementKind, Pass, PassClosing,
    PassOpening, Posting, PostingLine, SessionId, Sighting, StockStatus, Task, TaskLine, Thing,
    Trust,
};

use uuid::Uuid;

use super::{BOLT, BOLT_CASE, CHIP, NUT, PUMP, at, movement_id, pass_id, task_id};

/// A thing in short: `bolt#7` a serialised bolt, `bolt` a bolt without serial, `bolt@L1` and
/// `bolt#7@L1` with a lot, `case…` a case of bolts, `sscc:…` a logistic unit, anything else a plain
/// text.
pub fn thing(short: &str) -> Thing {
    let (head, lot) = short.split_once('@').map_or((short, None), |(h, l)| (h, Some(l)));
    let (name, serial) = head.split_once('#').map_or((head, None), |(n, s)| (n, Some(s)));
    let gtin = match name {
        "bolt" => Some(BOLT),
        "nut" => Some(NUT),
        "case" => Some(BOLT_CASE),
        "pump" => Some(PUMP),
        "chip" => Some(CHIP),
        _ => None,
    };
    Thing {
        key: short.to_owned(),
        scheme: if serial.is_some() { "sgtin-96" } else { "gs1" }.to_owned(),
        gtin: gtin.map(str::to_owned),
        serial: serial.map(str::to_owned),
        lot: lot.map(str::to_owned),
        sscc: head.strip_prefix("sscc:").map(str::to_owned),
    }
}

/// A pass at a station; `things` in short, `*3` for three reads.
pub fn pass(n: u128, station: &str, session: Option<SessionId>, from_s: u64, things: &str) -> Pass {
    let sighting = |text: &str| {
        let (short, reads) = text.split_once('*').unwrap_or((text, "1"));
        Sighting {
            thing: thing(short),
            device: format!("{station}-reader").parse().unwrap(),
            antenna: Some(1),
            first: at(from_s),
            last: at(from_s),
            reads: reads.parse().unwrap(),
            peak_rssi_cdbm: Some(-4500),
            tid: None,
            trust: Trust::EpcOnly,
            direction: Direction::Unknown,
            confidence_pct: 0,
            evidence: Hash::of(b"frame"),
        }
    };
    Pass {
        id: pass_id(n),
        station: station.parse().unwrap(),
        opened: at(from_s),
        closed: at(from_s + 2),
        opened_by: PassOpening::FirstRead,
        closed_by: PassClosing::Quiet,
        session,
        sightings: things.split_whitespace().map(sighting).collect(),
        doubts: vec![],
        strays: 0,
    }
}

/// A line in short: `10 BOLT-M8 24 @supplier/ACME wh1/dock`, then `lot=L1`, `things=a,b`.
pub fn line(text: &str) -> TaskLine {
    let words: Vec<&str> = text.split(' ').collect();
    let option = |name: &str| words.iter().find_map(|w| w.strip_prefix(name));
    TaskLine {
        line: words[0].parse().unwrap(),
        item: words[1].parse().unwrap(),
        quantity: words[2].parse().unwrap(),
        from: words[3].parse().unwrap(),
        to: words[4].parse().unwrap(),
        lot: option("lot=").map(str::to_owned),
        things: option("things=")
            .map_or_else(Vec::new, |list| list.split(',').map(str::to_owned).collect()),
        owner: None,
        from_status: Default::default(),
        to_status: Default::default(),
        value: None,
    }
}

pub fn task(n: u128, station: &str, kind: MovementKind, lines: &[&str]) -> Task {
    let document = match kind {
        MovementKind::Receipt => DocumentKind::PurchaseOrder,
        MovementKind::Issue => DocumentKind::Requisition,
        MovementKind::Transfer => DocumentKind::TransferOrder,
        MovementKind::Shipment => DocumentKind::SalesOrder,
        _ => DocumentKind::WorkOrder,
    };
    Task {
        document_digest: None,
        requester: None,
        id: task_id(n),
        station: station.parse().unwrap(),
        kind,
        document: Document { kind: document, number: format!("{}", 4_500_000 + n) },
        ordered_by: None,
        approved_by: Some("chief".to_owned()),
        lines: lines.iter().map(|text| line(text)).collect(),
        reservation: None,
        custom: Default::default(),
    }
}

/// A posting with lines in short: as for a task, then `unit=`, `lot=`, `owner=`, `value=`, `to=` and
/// `from=` for handling units, `status=` for the status it gets, `things=a,b`.
pub fn posting(n: u128, kind: MovementKind, lines: &[&str]) -> Posting {
    let one = |text: &&str| {
        let words: Vec<&str> = text.split(' ').collect();
        let option =
            |name: &str| words.iter().find_map(|w| w.strip_prefix(name)).map(str::to_owned);
        let status = |name: String| StockStatus::ALL.into_iter().find(|s| s.name() == name);
        PostingLine {
            line: words[0].parse().unwrap(),
            item: words[1].parse().unwrap(),
            quantity: words[2].to_owned(),
            unit: option("unit="),
            lot: option("lot="),
            expires: option("expires=").map(|day| day.parse().unwrap()),
            owner: option("owner="),
            from: words[3].parse().unwrap(),
            to: words[4].parse().unwrap(),
            from_status: option("was=").and_then(status).unwrap_or_default(),
            to_status: option("status=").and_then(status).unwrap_or_default(),
            from_unit: option("from="),
            to_unit: option("to="),
            things: option("things=")
                .map_or_else(Vec::new, |list| list.split(',').map(str::to_owned).collect()),
            value: option("value=").map(|value| value.parse().unwrap()),
        }
    };
    let number = format!("P-{n}");
    Posting {
        document_digest: None,
        id: movement_id(n),
        kind,
        document: Document { kind: DocumentKind::WorkOrder, number },
        reason: None,
        lines: lines.iter().map(one).collect(),
        counts: vec![],
        effective: None,
        reverses: None,
        expires_ms: None,
        custom: Default::default(),
    }
}

/// A label for a bolt at `zebra-1`, without a tag.
pub fn label(n: u128) -> Label {
    Label {
        id: LabelId(Uuid::from_u128(n)),
        printer: "zebra-1".parse().unwrap(),
        template: "carton".to_owned(),
        template_digest: Hash::of(b"template"),
        format: Hash::of(b"format"),
        copies: 1,
        item: Some("BOLT-M8".parse().unwrap()),
        lot: None,
        serial: None,
        sscc: None,
        document: None,
        tag: None,
    }
}
