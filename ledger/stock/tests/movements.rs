//! What ordinary movements do to quantities, layers, values, things and lots.
#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod common;

use common::*;
use gatewarden_model::{Actor, Body, Bucket, Day, MovementKind as Kind, StockStatus as Status};
use gatewarden_stock::{Stock, StockError, Supply, Wants, free_lines, hold_lines};

const BOLT: &str = "BOLT-M8";

fn received(items: impl IntoIterator<Item = gatewarden_model::Item>) -> Book {
    let mut book = Book::new(items);
    book.post(1, Kind::Receipt, vec![worth("10", line(BOLT, 3, "@supplier/A", "wh1/dock"))]);
    book.post(2, Kind::Receipt, vec![worth("9", line(BOLT, 2, "@supplier/A", "wh1/dock"))]);
    book
}

#[test]
fn fifo_costs_leave_with_the_oldest_stock_and_a_transfer_keeps_their_days() {
    let mut book = received([fifo(BOLT)]);
    assert_eq!(pool(&book.stock, BOLT, "wh1/dock"), "1:3@10 2:2@9 = 19");
    let away = book.post(5, Kind::PutAway, vec![line(BOLT, 4, "wh1/dock", "wh1/a")]);
    assert_eq!(values(&away), ["14.5"]);
    assert_eq!(pool(&book.stock, BOLT, "wh1/a"), "1:3@10 2:1@4.5 = 14.5");
    let out = book.post(6, Kind::Shipment, vec![line(BOLT, 4, "wh1/a", "@customer/C")]);
    assert_eq!(values(&out), ["14.5"]);
    assert_eq!(pool(&book.stock, BOLT, "wh1/a"), "empty");
    assert_eq!(there(&book.stock, BOLT, "@customer/C"), 4);
    assert_eq!(there(&book.stock, BOLT, "@supplier/A"), -5);
}

#[test]
fn the_average_counts_what_is_there_and_returns_come_in_at_it() {
    let mut book = received([average(BOLT)]);
    assert_eq!(pool(&book.stock, BOLT, "wh1/dock"), "1:3@0 2:2@0 = 19");
    let out = book.post(3, Kind::Shipment, vec![line(BOLT, 1, "wh1/dock", "@customer/C")]);
    let back = book.post(4, Kind::CustomerReturn, vec![line(BOLT, 1, "@customer/C", "wh1/dock")]);
    assert_eq!((values(&out), values(&back)), (vec!["3.8".to_owned()], vec!["3.8".to_owned()]));
    let found = book.post(5, Kind::Count, vec![line(BOLT, 1, "@loss/count", "wh1/b")]);
    assert_eq!(values(&found), ["0"], "nothing is there to take an average of");
}

#[test]
fn consigned_and_unvalued_stock_ages_without_a_value() {
    let mut book = received([fifo(BOLT), item("NUT")]);
    let mine = owned("ACME", line(BOLT, 7, "@supplier/A", "wh1/dock"));
    let nut = line("NUT", 4, "@supplier/A", "wh1/dock");
    let both = book.post(3, Kind::Receipt, vec![mine, nut]);
    assert_eq!(values(&both), ["-", "-"]);
    assert_eq!(pool(&book.stock, "NUT", "wh1/dock"), "3:4@0 = 0");
    assert_eq!(pool(&book.stock, BOLT, "wh1/dock"), "1:3@10 2:2@9 = 19");
    let bucket = Bucket { owner: Some("ACME".to_owned()), ..Bucket::default() };
    assert_eq!(book.stock.quantity(&site(BOLT, "wh1/dock"), &bucket), 7);
}

#[test]
fn a_shortage_is_told_exactly_and_changes_nothing() {
    let mut book = received([fifo(BOLT)]);
    let before = pool(&book.stock, BOLT, "wh1/dock");
    let away = |n| line(BOLT, n, "wh1/dock", "wh1/a");
    assert_eq!(
        book.refused(3, Kind::PutAway, vec![away(4), away(3)]),
        "stock-short: stock of BOLT-M8 at wh1/dock is 5, 7 needed: 2 short"
    );
    let blocked = status(Status::Blocked, Status::Blocked, away(1));
    assert_eq!(
        book.refused(3, Kind::PutAway, vec![away(1), blocked]),
        "stock-short: stock of BOLT-M8 in status blocked at wh1/dock is 0, 1 needed: 1 short"
    );
    assert_eq!(
        (pool(&book.stock, BOLT, "wh1/dock"), there(&book.stock, BOLT, "wh1/a")),
        (before, 0)
    );
    let onwards = vec![line(BOLT, 5, "wh1/a", "wh1/b"), away(5)];
    book.post(3, Kind::PutAway, onwards);
    assert_eq!(there(&book.stock, BOLT, "wh1/b"), 5, "the lines of one movement happen at once");
}

#[test]
fn a_value_that_the_layers_do_not_give_is_refused() {
    let mut book = received([fifo(BOLT)]);
    let out = worth("11", line(BOLT, 3, "wh1/dock", "@customer/C"));
    let entry = moved(book.seq, 3, movement(1, Kind::Shipment, vec![out]));
    let error = book.stock.apply(&entry).unwrap_err();
    assert_eq!(
        error.to_string(),
        "lines[0].value: the value is Some(11), the layers give Some(10)"
    );
    assert_eq!(there(&book.stock, BOLT, "wh1/dock"), 5);
}

#[test]
fn a_reservation_holds_what_it_takes_and_frees_it() {
    let mut book = received([fifo(BOLT)]);
    let lines = vec![line(BOLT, 4, "wh1/dock", "@customer/C")];
    let held = hold_lines(&lines);
    let reserved = Bucket { status: Status::Reserved, ..Bucket::default() };
    let body = |lines| Body::ReservationEnded {
        movement: id(1),
        reason: "void".to_owned(),
        lines,
        by: Actor::Daemon,
        decision: None,
    };
    let back = held.iter().cloned().map(|l| status(Status::Reserved, Status::Available, l));
    assert_eq!(free_lines(&lines), back.collect::<Vec<_>>());
    book.apply(&entry(book.seq, 3, body(held)));
    let dock = site(BOLT, "wh1/dock");
    assert_eq!(
        (there(&book.stock, BOLT, "wh1/dock"), book.stock.quantity(&dock, &reserved)),
        (1, 4)
    );
    book.apply(&entry(book.seq, 4, body(free_lines(&lines))));
    assert_eq!(
        (there(&book.stock, BOLT, "wh1/dock"), book.stock.quantity(&dock, &reserved)),
        (5, 0)
    );
}

#[test]
fn packed_stock_is_found_by_its_unit_and_things_by_their_place() {
    const SSCC: &str = "106141412345678908";
    let mut book = received([fifo(BOLT)]);
    let packed = units(None, Some(SSCC), line(BOLT, 5, "wh1/dock", "wh1/dock"));
    let packed = book.post(3, Kind::Pack, vec![packed]);
    assert_eq!(values(&packed), ["-"], "no value goes anywhere");
    assert_eq!(book.stock.unit(SSCC).unwrap(), &[site(BOLT, "wh1/dock")].into());
    let key = "(01)09521234543213(21)7";
    let away = units(Some(SSCC), Some(SSCC), line(BOLT, 5, "wh1/dock", "wh1/a"));
    book.post(4, Kind::PutAway, vec![things(&[key], away)]);
    assert_eq!(book.stock.unit(SSCC).unwrap(), &[site(BOLT, "wh1/a")].into());
    let thing = book.stock.thing(key).unwrap();
    assert_eq!(thing.place.as_ref().unwrap().as_str(), "wh1/a");
    assert_eq!(thing.unit.as_deref(), Some(SSCC));
}

#[test]
fn what_an_item_was_recorded_with_stays() {
    let mut stock = Stock::complete();
    stock.apply(&defined(0, fifo(BOLT))).unwrap();
    let unit = gatewarden_model::Item { unit: "kg".to_owned(), ..fifo(BOLT) };
    let error = stock.apply(&defined(1, unit)).unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().starts_with("item.unit: BOLT-M8 has the base unit pcs")),
        ("item-fixed", true)
    );
    assert_eq!(stock.apply(&defined(1, average(BOLT))).unwrap_err().code(), "item-fixed");
    let named = gatewarden_model::Item { name: "Bolt".to_owned(), ..fifo(BOLT) };
    stock.apply(&defined(1, named)).unwrap();
    assert_eq!(stock.item(&item_id(BOLT)).unwrap().name, "Bolt");
}

#[test]
fn a_closed_day_takes_nothing_more() {
    let mut book = received([item(BOLT)]);
    book.apply(&closed(book.seq, 5));
    let away = || vec![line(BOLT, 1, "wh1/dock", "wh1/a")];
    assert_eq!(
        book.refused(5, Kind::PutAway, away()),
        "period-closed: effective: 1970-01-06 is closed, nothing up to 1970-01-06 changes any more: \
         take a later day"
    );
    book.post(6, Kind::PutAway, away());
    assert_eq!(book.stock.last_day(), Some(Day::from_number(6)));
}

#[test]
fn a_partial_stock_denies_what_nobody_looked_up() {
    let mut stock = Stock::partial();
    let receipt =
        moved(0, 1, movement(1, Kind::Receipt, vec![line(BOLT, 1, "@supplier/A", "wh1")]));
    let error = stock.apply(&receipt).unwrap_err();
    assert_eq!(error, StockError::Unknown("BOLT-M8 at @supplier/A".to_owned()));
    let wants = stock.needs(&receipt);
    assert_eq!(wants.sites, [site(BOLT, "@supplier/A"), site(BOLT, "wh1")].into());
    stock.supply(Supply { wants, ..Supply::default() });
    assert_eq!(stock.needs(&receipt), Wants::default());
    let touched = stock.apply(&receipt).unwrap();
    assert_eq!((touched.buckets.len(), touched.pools.len(), stock.known()), (2, 1, 2));
    stock.forget();
    assert_eq!(stock.known(), 0);
}
