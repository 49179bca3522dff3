//! Bad input: each kind of it is refused with its code, the field and the way out.
#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod common;

use common::*;
use gatewarden_model::{
    Bucket, CountLine, Document, Item, Movement, MovementKind as Kind, MovementLine, Posting,
    PostingLine, StockStatus as Status, Tracking, Unit,
};
use gatewarden_stock::{Places, Resolved, StockError};

const SSCC: &str = "106141412345678908";
const SERIAL: &str = "(01)09521234543213(21)7";

/// A kind, a day and lines.
type Asked = (Kind, i64, Vec<MovementLine>);

/// Bolts of a lot, nuts, pumps by serial; consigned nuts; a pump; all on day 10.
fn book() -> Book {
    let lots = Item { tracking: Tracking::Lot, ..fifo("BOLT") };
    let serials = Item { tracking: Tracking::Serial, ..item("PUMP") };
    let mut book = Book::new([lots, serials, item("NUT")]);
    let last = MovementLine {
        expires: Some(day(20)),
        ..lot("L1", line("BOLT", 5, "@supplier/A", "wh1/a"))
    };
    book.post(10, Kind::Receipt, vec![last, line("NUT", 2, "@supplier/A", "wh1/a")]);
    book.post(10, Kind::Receipt, vec![owned("ACME", line("NUT", 9, "@supplier/A", "wh1/a"))]);
    book.post(10, Kind::Receipt, vec![things(&[SERIAL], line("PUMP", 1, "@supplier/A", "wh1/a"))]);
    let packed = units(None, Some(SSCC), line("NUT", 2, "wh1/a", "wh1/a"));
    book.post(10, Kind::Pack, vec![packed]);
    book
}

fn bolt(quantity: i64, from: &str, to: &str) -> MovementLine {
    lot("L1", line("BOLT", quantity, from, to))
}

#[test]
fn each_bad_movement_is_refused_with_its_code_and_the_way_out() {
    let away = |l: MovementLine| (Kind::PutAway, 11, vec![l]);
    let to_b = |item: &str| line(item, 1, "wh1/a", "wh1/b");
    let cases: Vec<(Asked, &str)> = vec![
        (
            away(line("BOLT", 1, "wh1/a", "wh1/b")),
            "lot-missing: lines[0].lot: BOLT is tracked by lot: name the lot (L1)",
        ),
        (
            away(lot("L9", to_b("BOLT"))),
            "lot-foreign: lines[0].lot: lot L9 of BOLT was never received: wh1/a has L1",
        ),
        (
            (Kind::CustomerReturn, 11, vec![lot("L9", line("BOLT", 1, "@customer/C", "wh1/a"))]),
            "lot-foreign: lines[0].lot: lot L9 of BOLT was never received: receive it first",
        ),
        (
            (
                Kind::Receipt,
                11,
                vec![MovementLine { expires: Some(day(21)), ..bolt(1, "@supplier/A", "wh1/a") }],
            ),
            "lot-expiry: lines[0].expires: the last day of lot L1 of BOLT is 1970-01-21, not \
             1970-01-22: leave it out, or take another lot",
        ),
        (
            (Kind::Shipment, 21, vec![bolt(1, "wh1/a", "@customer/C")]),
            "lot-expired: lines[0].lot: the last day of lot L1 of BOLT was 1970-01-21: take another \
             lot; scrap, return, transfer or block this one",
        ),
        (
            away(owned("BETA", to_b("NUT"))),
            "wrong-owner: lines[0].owner: 1 of BETA are needed at wh1/a, there are 9 of ACME: state \
             whose stock moves",
        ),
        (
            away(things(&[], to_b("PUMP"))),
            "serial-count: lines[0].things: PUMP is tracked by serial: 1 pieces need 1 things, 0 are \
             named",
        ),
        (
            (Kind::Receipt, 11, vec![things(&[SERIAL], line("PUMP", 1, "@supplier/A", "wh1/a"))]),
            "thing-elsewhere: lines[0].things: (01)09521234543213(21)7 is at wh1/a since entry 5, \
             not at @supplier/A: move it from there, or reverse what brought it there",
        ),
        (
            (
                Kind::PutAway,
                11,
                vec![
                    things(&[SERIAL], to_b("PUMP")),
                    things(&[SERIAL], line("PUMP", 1, "wh1/a", "wh1/c")),
                ],
            ),
            "thing-twice: lines[1].things: (01)09521234543213(21)7 stands in lines[0] already: name \
             it once",
        ),
        (
            (Kind::PutAway, 11, vec![bolt(2, "wh1/a", "wh1/b"), bolt(1, "wh1/b", "wh1/a")]),
            "lines-cancel: lines[1]: it takes back what lines[0] does with BOLT: state only what is \
             left of both",
        ),
        (
            away(MovementLine { quantity: 0, ..to_b("NUT") }),
            "quantity-zero: lines[0].quantity: 0 moves nothing: state more than 0, and exchange from \
             and to to go back",
        ),
        (
            away(MovementLine { quantity: -4, ..to_b("NUT") }),
            "quantity-negative: lines[0].quantity: -4 moves nothing: state more than 0, and exchange \
             from and to to go back",
        ),
        (
            (Kind::Receipt, 11, vec![line("NUT", i64::MAX, "@supplier/B", "wh1/a"); 2]),
            "quantity-overflow: lines[1].quantity: 9223372036854775807 of NUT exceed 64 bits: split \
             the quantity",
        ),
        (
            away(to_b("GEAR")),
            "unknown-item: lines[0].item: no item GEAR is defined: correct the code, or define the \
             item",
        ),
        (
            away(MovementLine { unit: "kg".to_owned(), ..to_b("NUT") }),
            "unknown-unit: lines[0].unit: NUT is counted in pcs, not in \"kg\"",
        ),
        (
            (Kind::Shipment, 11, vec![bolt(1, "wh1/a", "wh1/b")]),
            "kind-places: lines[0].to: a shipment goes from a physical place to @customer, not from \
             wh1/a to wh1/b",
        ),
        (
            away(status(Status::Available, Status::Blocked, to_b("NUT"))),
            "status-differs: lines[0].to_status: it was available and would become blocked: do that \
             by a status change",
        ),
        (
            away(status(Status::Reserved, Status::Available, to_b("NUT"))),
            "status-reserved: lines[0].from_status: reserved stock moves with its reservation alone: \
             name the reservation, or void it",
        ),
        (
            (
                Kind::Shipment,
                11,
                vec![status(Status::Blocked, Status::Available, bolt(1, "wh1/a", "@customer/C"))],
            ),
            "status-blocked: lines[0].from_status: stock in status blocked can't be shipped: release \
             it by a status change first",
        ),
        (
            (Kind::StatusChange, 11, vec![line("NUT", 1, "wh1/a", "wh1/a")]),
            "line-empty: lines[0].to_status: nothing would change: state another status or handling \
             unit",
        ),
        (
            away(units(Some(SSCC), Some(SSCC), to_b("NUT"))),
            "unit-elsewhere: lines[0].to_unit: handling unit 106141412345678908 would be in two \
             places: 1 in it are at wh1/a; move all of it, or unpack",
        ),
        (
            away(units(None, Some("106141412345678909"), to_b("NUT"))),
            "unit-malformed: lines[0].to_unit: \"106141412345678909\" is no SSCC: give its 18 \
             digits, the last one its check digit",
        ),
        (
            (Kind::Receipt, 11, vec![worth("-1", bolt(1, "@supplier/A", "wh1/a"))]),
            "value-negative: lines[0].value: -1 is below nothing: state 0 or more",
        ),
        (
            (Kind::Receipt, 11, vec![worth("1.005", bolt(1, "@supplier/A", "wh1/a"))]),
            "value-decimals: lines[0].value: 1.005 has more than 2 decimals: round it to 2",
        ),
        (
            away(lot("L\u{406}", to_b("NUT"))),
            "code-lookalike: lines[0].lot: \"LІ\" has U+0406 (І), which looks like \"l\": type the \
             plain character",
        ),
        (
            (Kind::PutAway, 11, vec![]),
            "lines-missing: lines: nothing moves: state at least one line",
        ),
        (
            (Kind::PutAway, 11, vec![to_b("NUT"); 1_001]),
            "too-many-lines: lines: 1001 lines in one document: split it into documents of at most \
             1000",
        ),
    ];
    for ((kind, on, lines), expected) in cases {
        let before = book();
        let mut book = book();
        assert_eq!(book.refused(on, kind, lines), expected);
        let same = before
            .stock
            .sites()
            .all(|(site, s)| book.stock.site(site).unwrap_or(&Default::default()) == s);
        assert!(same, "{expected}");
    }
}

#[test]
fn what_may_be_done_with_expired_and_serial_stock_is_done() {
    let mut book = book();
    book.post(21, Kind::Transfer, vec![bolt(1, "wh1/a", "wh1/b")]);
    book.post(21, Kind::Scrap, vec![bolt(1, "wh1/b", "@loss")]);
    book.post(21, Kind::SupplierReturn, vec![bolt(1, "wh1/a", "@supplier/A")]);
    book.post(21, Kind::PutAway, vec![things(&[SERIAL], line("PUMP", 1, "wh1/a", "wh1/b"))]);
    let unit = units(Some(SSCC), Some(SSCC), line("NUT", 2, "wh1/a", "wh1/b"));
    book.post(21, Kind::PutAway, vec![unit]);
    assert_eq!(book.stock.unit(SSCC).unwrap(), &[site("NUT", "wh1/b")].into());
    let foreign = things(&["(01)09521234543213(21)8"], line("PUMP", 1, "wh1/a", "wh1/b"));
    assert!(book.refused(21, Kind::PutAway, vec![foreign]).starts_with("stock-short"));
}

#[test]
fn a_thing_that_was_moved_meanwhile_does_not_move_twice() {
    let mut book = book();
    let mut late =
        movement(77, Kind::PutAway, vec![things(&[SERIAL], line("PUMP", 1, "wh1/a", "wh1/b"))]);
    book.stock.price(book.seq, day(11), &mut late).unwrap();
    book.post(
        11,
        Kind::Receipt,
        vec![things(&["(01)09521234543213(21)9"], line("PUMP", 1, "@supplier/A", "wh1/a"))],
    );
    book.post(11, Kind::PutAway, vec![things(&[SERIAL], line("PUMP", 1, "wh1/a", "wh1/c"))]);
    let error = book.stock.apply(&moved(book.seq, 11, late)).unwrap_err();
    assert_eq!(error.code(), "thing-elsewhere");
}

fn posting(kind: Kind, lines: Vec<PostingLine>, counts: Vec<CountLine>) -> Posting {
    let Movement { id, document, .. } = movement(5, kind, vec![]);
    let (reason, effective, reverses, expires_ms) = (None, None, None, None);
    let custom = Default::default();
    Posting {
        document_digest: None,
        id,
        kind,
        document,
        reason,
        lines,
        counts,
        effective,
        reverses,
        expires_ms,
        custom,
    }
}

fn asked(item: &str, quantity: &str, from: &str, to: &str) -> PostingLine {
    PostingLine {
        line: 7,
        item: item.parse().unwrap(),
        quantity: quantity.to_owned(),
        unit: None,
        lot: None,
        expires: None,
        owner: None,
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
        from_status: Status::Available,
        to_status: Status::Available,
        from_unit: None,
        to_unit: None,
        things: vec![],
        value: None,
    }
}

fn counted(item: &str, quantity: &str, location: &str) -> CountLine {
    CountLine {
        line: 3,
        item: item.parse().unwrap(),
        location: location.parse().unwrap(),
        bucket: Bucket::default(),
        quantity: quantity.to_owned(),
        unit: None,
    }
}

fn resolve(posting: &Posting) -> Result<Resolved, StockError> {
    let places: Places = ["wh1/a", "wh1/b"].map(|p| p.parse().unwrap()).into_iter().collect();
    let unit = Unit { name: "box".to_owned(), numerator: 12, denominator: 1, gtins: vec![] };
    let mut book = Book::new([Item { units: vec![unit], ..item("NUT") }, fifo("BOLT")]);
    book.post(1, Kind::Receipt, vec![line("NUT", 30, "@supplier/A", "wh1/a")]);
    book.stock.resolve(posting, &places)
}

#[test]
fn postings_become_lines_in_base_units() {
    let boxes =
        PostingLine { unit: Some("box".to_owned()), ..asked("NUT", "2.5", "wh1/a", "wh1/b") };
    let resolved = resolve(&posting(Kind::Transfer, vec![boxes], vec![])).unwrap();
    let line = &resolved.lines[0];
    assert_eq!((line.line, line.quantity, line.unit.as_str()), (7, 30, "pcs"));
    assert_eq!(line.stated.as_deref(), Some("2.5 box"));
}

#[test]
fn a_count_moves_the_difference_to_the_book() {
    let counts = vec![counted("NUT", "28", "wh1/a"), counted("NUT", "1", "wh1/b")];
    let resolved = resolve(&posting(Kind::Count, vec![], counts)).unwrap();
    let told: Vec<_> = resolved.counts.iter().map(|c| (c.book, c.counted)).collect();
    assert_eq!(told, [(30, 28), (0, 1)]);
    let leg = |l: &MovementLine| format!("{} {}>{}", l.quantity, l.from, l.to);
    let legs: Vec<_> = resolved.lines.iter().map(leg).collect();
    assert_eq!(legs, ["2 wh1/a>@loss/count", "1 @loss/count>wh1/b"]);
    let same = posting(Kind::Count, vec![], vec![counted("NUT", "30", "wh1/a")]);
    let same = resolve(&same).unwrap();
    assert_eq!((same.lines.len(), same.counts.len()), (0, 1));
}

#[test]
fn each_bad_posting_is_refused_with_its_code_and_the_way_out() {
    let go = |l: PostingLine| posting(Kind::Transfer, vec![l], vec![]);
    let nut = |quantity: &str| asked("NUT", quantity, "wh1/a", "wh1/b");
    let unit = |l: PostingLine| PostingLine { unit: Some("pallet".to_owned()), ..l };
    let value = |l: PostingLine| PostingLine { value: Some(amount("5")), ..l };
    let number = Document { number: "PO\u{200b}1".to_owned(), ..go(nut("1")).document };
    let cases = [
        (
            go(nut("1.5")),
            "quantity-fraction: lines[0].quantity: 1.5 pcs is no whole number of pcs: take 1 pcs or 2 pcs",
        ),
        (
            go(unit(nut("1"))),
            "unknown-unit: lines[0].unit: NUT has no unit \"pallet\": state it in pcs, box",
        ),
        (
            go(asked("GEAR", "1", "wh1/a", "wh1/b")),
            "unknown-item: lines[0].item: no item GEAR is defined: correct the code, or define the item",
        ),
        (
            go(asked("NUT", "1", "wh1/a", "wh1/x")),
            "unknown-location: lines[0].to: no place wh1/x is declared: take one that is (wh1/a, wh1/b, …), or add it to [[locations]]",
        ),
        (
            go(value(nut("1"))),
            "value-not-stated: lines[0].value: NUT has no value here: leave it out",
        ),
        (
            go(value(asked("BOLT", "1", "wh1/a", "wh1/b"))),
            "value-not-stated: lines[0].value: the value of what leaves follows from what it cost: leave it out",
        ),
        (
            Posting { document: number, ..go(nut("1")) },
            "code-lookalike: document.number: \"PO\\u{200b}1\" has U+200B, which is not seen: type it again",
        ),
        (
            posting(Kind::Transfer, vec![], vec![]),
            "lines-missing: lines: nothing moves: state at least one line",
        ),
        (
            posting(Kind::Transfer, vec![nut("1"); 100_000], vec![]),
            "too-many-lines: lines: 100000 lines in one document: split it into documents of at most 1000",
        ),
        (
            posting(Kind::Count, vec![nut("1")], vec![]),
            "count-lines: lines: a count states what was counted, not what moves: use counts",
        ),
        (
            posting(Kind::Count, vec![], vec![counted("NUT", "1", "wh1/a"); 2]),
            "count-twice: counts[1]: counts[0] counted the same: state their sum once",
        ),
        (
            posting(Kind::Count, vec![], vec![counted("NUT", "-1", "wh1/a")]),
            "quantity-negative: counts[0].quantity: -1 is below 0: state more than 0, and exchange from and to to go back",
        ),
        (
            Posting { reverses: Some(id(404)), ..posting(Kind::Transfer, vec![], vec![]) },
            "movement-unknown: reverses: no movement 00000000-0000-0000-0000-000000000194 was posted: look it up in the ledger",
        ),
    ];
    for (posting, expected) in cases {
        let told =
            resolve(&posting).map_or_else(|e| format!("{}: {e}", e.code()), |r| format!("{r:?}"));
        assert_eq!(told, expected);
    }
}
