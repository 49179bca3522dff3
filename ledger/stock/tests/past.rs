//! Changes of the past: back-dated movements, reversals, landed costs, and the two views of a day.
#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod common;

use common::*;
use gatewarden_model::{Actor, Amount, Body, Entry, Movement, MovementKind as Kind, MovementLine};
use gatewarden_stock::{Stock, StockError, Supply, reversal_lines};

const BOLT: &str = "BOLT-M8";

fn into(value: &str, quantity: i64) -> MovementLine {
    worth(value, line(BOLT, quantity, "@supplier/A", "wh1/dock"))
}

fn out(quantity: i64) -> MovementLine {
    line(BOLT, quantity, "wh1/dock", "@customer/C")
}

/// Ten on day 1 for 100, six out on day 3, ten on day 5 for 200, six out on day 7.
fn four() -> Book {
    let mut book = Book::new([fifo(BOLT)]);
    book.post(1, Kind::Receipt, vec![into("100", 10)]);
    book.post(3, Kind::Shipment, vec![out(6)]);
    book.post(5, Kind::Receipt, vec![into("200", 10)]);
    book.post(7, Kind::Shipment, vec![out(6)]);
    book
}

fn back_dated(to: i64, number: u128, kind: Kind, lines: Vec<MovementLine>) -> Movement {
    Movement { effective: Some(day(to)), back_dated: true, ..movement(number, kind, lines) }
}

fn reversal(of: &Movement, counts_for: i64, number: u128) -> Movement {
    let reverses = Some(of.id);
    Movement { reverses, ..back_dated(counts_for, number, of.kind, reversal_lines(of)) }
}

fn deltas(movement: &Movement) -> Vec<(u64, u32, String)> {
    movement.revalues.iter().map(|r| (r.seq, r.position, r.delta.to_string())).collect()
}

fn landed(book: &Book, receipt: u128, amounts: &[&str]) -> Result<Entry, StockError> {
    let amounts: Vec<Amount> = amounts.iter().map(|a| amount(a)).collect();
    let revalues = book.stock.land(id(receipt), &amounts)?;
    let document = movement(0, Kind::Receipt, vec![]).document;
    let (voucher, by, decision) = (vec![], Actor::Daemon, decision());
    let movement = id(receipt);
    let body = Body::CostLanded { movement, document, amounts, revalues, voucher, by, decision };
    Ok(entry(book.seq, 9, body))
}

#[test]
fn a_back_dated_receipt_changes_what_left_after_it() {
    let mut book = four();
    assert_eq!(pool(&book.stock, BOLT, "wh1/dock"), "5:8@160 = 160");
    let late = back_dated(2, 50, Kind::Receipt, vec![into("10", 5)]);
    let late = book.try_post(9, late).unwrap();
    // Day 7 took 4 at 10 and 2 at 20; with five at 2 before, it takes 4 at 10 and 2 at 2.
    assert_eq!(deltas(&late), [(4, 0, "-36".to_owned())]);
    assert_eq!(pool(&book.stock, BOLT, "wh1/dock"), "2:3@6 5:10@200 = 206");
    let early = back_dated(2, 51, Kind::Shipment, vec![out(1)]);
    let early = book.try_post(9, early).unwrap();
    assert_eq!(
        (values(&early), deltas(&early)),
        (vec!["10".to_owned()], vec![(4, 0, "-8".to_owned())])
    );
}

#[test]
fn nothing_may_ever_have_been_short() {
    let mut book = four();
    let early = back_dated(3, 50, Kind::Shipment, vec![out(5)]);
    assert_eq!(
        book.try_post(9, early).unwrap_err(),
        "stock-short: stock of BOLT-M8 at wh1/dock is 4, 5 needed: 1 short on 1970-01-04"
    );
    let first = back_dated(0, 51, Kind::Shipment, vec![out(1)]);
    assert!(
        book.try_post(9, first).unwrap_err().ends_with("is 0, 1 needed: 1 short on 1970-01-01")
    );
    book.apply(&closed(book.seq, 3));
    let late = back_dated(3, 52, Kind::Receipt, vec![into("1", 1)]);
    assert!(book.try_post(9, late).unwrap_err().starts_with("period-closed: effective"));
}

#[test]
fn a_reversal_leaves_what_would_be_without_its_original() {
    let mut book = four();
    let before = book.stock.clone();
    let extra = book.post(8, Kind::Shipment, vec![out(3)]);
    let back = book.try_post(9, reversal(&extra, 8, 60)).unwrap();
    assert_eq!((values(&back), deltas(&back)), (vec!["60".to_owned()], vec![]));
    assert_eq!(book.stock.site(&site(BOLT, "wh1/dock")), before.site(&site(BOLT, "wh1/dock")));
    assert_eq!(there(&book.stock, BOLT, "@customer/C"), there(&before, BOLT, "@customer/C"));
    let again = book.try_post(9, reversal(&extra, 8, 61)).unwrap_err();
    assert!(again.starts_with("reversed-already: reverses: movement"), "{again}");
    let of_back = book.try_post(9, reversal(&back, 8, 62)).unwrap_err();
    assert!(of_back.starts_with("reversal-of-reversal"), "{of_back}");
}

#[test]
fn a_reversed_receipt_takes_its_cost_out_of_later_lines() {
    let mut book = Book::new([fifo(BOLT)]);
    let wrong = book.post(1, Kind::Receipt, vec![into("100", 10)]);
    book.post(2, Kind::Receipt, vec![into("20", 10)]);
    book.post(3, Kind::Shipment, vec![out(10)]);
    let back = book.try_post(4, reversal(&wrong, 1, 60)).unwrap();
    assert_eq!(
        (values(&back), deltas(&back)),
        (vec!["100".to_owned()], vec![(3, 0, "-80".to_owned())])
    );
    assert_eq!(pool(&book.stock, BOLT, "wh1/dock"), "empty");
    assert_eq!(there(&book.stock, BOLT, "@supplier/A"), -10);
    let late = back_dated(1, 61, Kind::Receipt, vec![into("50", 10)]);
    assert_eq!(deltas(&book.try_post(4, late).unwrap()), [(3, 0, "30".to_owned())]);
}

#[test]
fn a_reversal_in_a_closed_period_counts_for_today() {
    let mut book = four();
    book.apply(&closed(book.seq, 6));
    let original = book.stock.movement(&id(1_003)).cloned().unwrap();
    let Body::Moved { movement: original, .. } = original.body else { panic!("a receipt") };
    let wrong = reversal(&original, 5, 60);
    assert!(book.try_post(9, wrong).unwrap_err().starts_with("period-closed"));
    let today = Movement { effective: None, back_dated: false, ..reversal(&original, 0, 60) };
    assert_eq!(
        book.try_post(9, today).unwrap_err(),
        "stock-short: stock of BOLT-M8 at wh1/dock is 8, 10 needed: 2 short"
    );
}

#[test]
fn a_landed_cost_follows_the_stock_it_came_with() {
    let mut book = four();
    let landed = landed(&book, 1_003, &["50"]).unwrap();
    let Body::CostLanded { revalues, .. } = &landed.body else { panic!("a landed cost") };
    let told: Vec<_> = revalues.iter().map(|r| (r.seq, r.delta.to_string())).collect();
    assert_eq!(told, [(4, "10".to_owned())]);
    book.apply(&landed);
    assert_eq!(pool(&book.stock, BOLT, "wh1/dock"), "5:8@200 = 200");
    let late = back_dated(6, 70, Kind::Receipt, vec![into("8", 2)]);
    assert_eq!(deltas(&book.try_post(9, late).unwrap()), [], "what was landed stays");
    assert_eq!(pool(&book.stock, BOLT, "wh1/dock"), "5:8@200 6:2@8 = 208");
}

#[test]
fn a_landed_cost_names_a_receipt_and_leaves_no_negative_value() {
    let book = four();
    let code = |receipt, amounts: &[&str]| landed(&book, receipt, amounts).unwrap_err().code();
    assert_eq!(code(1, &["5"]), "movement-unknown");
    assert_eq!(code(1_003, &["5", "5"]), "landed-lines");
    assert_eq!(code(1_002, &["5"]), "landed-lines");
    assert_eq!(code(1_003, &["-200.01"]), "value-negative");
    let fine = landed(&book, 1_003, &["0.001"]).unwrap_err();
    let words = "amounts[0]: 0.001 has more than 2 decimals: round it to 2";
    assert_eq!((fine.code(), fine.to_string().as_str()), ("value-decimals", words));
    assert!(landed(&book, 1_003, &["-200"]).is_ok());
}

#[test]
fn a_revaluation_that_the_layers_do_not_give_is_refused() {
    let mut book = four();
    let mut late = back_dated(2, 50, Kind::Receipt, vec![into("10", 5)]);
    book.stock.price(book.seq, day(2), &mut late).unwrap();
    late.revalues[0].delta = amount("-35");
    let error = book.stock.apply(&moved(book.seq, 9, late.clone())).unwrap_err();
    let text = "revalues of entry 4, line 0: the value is Some(-35), the layers give Some(-36)";
    assert_eq!(error.to_string(), text);
    late.revalues.clear();
    let error = book.stock.apply(&moved(book.seq, 9, late)).unwrap_err();
    assert!(error.to_string().ends_with("the value is None, the layers give Some(-36)"));
    assert_eq!(pool(&book.stock, BOLT, "wh1/dock"), "5:8@160 = 160");
}

#[test]
fn a_day_is_seen_as_it_was_known_and_as_it_was_corrected() {
    let mut book = four();
    let known = book.seq;
    book.try_post(9, back_dated(2, 50, Kind::Receipt, vec![into("10", 5)])).unwrap();
    let seen = |size| {
        let pools = book.stock.past(&item_id(BOLT), day(3), size).unwrap();
        pools.values().map(|p| (p.quantity(), p.value.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(seen(known), [(4, "40".to_owned())]);
    assert_eq!(seen(u64::MAX), [(9, "50".to_owned())]);
}

#[test]
fn a_partial_stock_changes_the_past_with_what_it_is_told() {
    let mut book = four();
    book.post(8, Kind::PutAway, vec![line(BOLT, 4, "wh1/dock", "wh1/a")]);
    let mut stock = Stock::partial();
    stock.resume([fifo(BOLT)], None, Some(day(8)));
    let cost = landed(&book, 1_003, &["50"]).unwrap();
    while let wants = stock.needs(&cost)
        && !wants.is_empty()
    {
        let mut supply = Supply { wants: wants.clone(), ..Supply::default() };
        for id in &wants.movements {
            supply.movements.insert(*id, book.stock.movement(id).unwrap().clone());
        }
        for item in &wants.histories {
            let history = book.stock.history(item).unwrap().iter().map(|e| (**e).clone());
            supply.histories.insert(item.clone(), history.collect());
        }
        stock.supply(supply);
    }
    let touched = stock.apply(&cost).unwrap();
    book.apply(&cost);
    let sites: Vec<_> = touched.pools.iter().map(|(s, _)| s.location.as_str()).collect();
    assert_eq!(sites, ["wh1/a", "wh1/dock"]);
    for at in ["wh1/a", "wh1/dock"] {
        assert_eq!(pool(&stock, BOLT, at), pool(&book.stock, BOLT, at));
    }
}

#[test]
fn a_reversal_of_the_only_receipt_leaves_nothing() {
    let mut book = Book::new([fifo(BOLT)]);
    let only = book.post(1, Kind::Receipt, vec![into("100", 10)]);
    book.try_post(1, reversal(&only, 1, 60)).unwrap();
    assert_eq!(book.stock.site(&site(BOLT, "wh1/dock")), None);
    let cost = landed(&book, only.id.0.as_u128(), &["5"]).unwrap_err();
    assert_eq!(cost.code(), "reversed-already");
    assert_eq!(landed(&book, 60, &["5"]).unwrap_err().code(), "landed-reversal");
}
