//! What a movement's value does to accounts.
#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod common;

use common::*;
use gatewarden_model::{
    Item, ItemClass, Movement, MovementKind as Kind, MovementLine, VoucherLine,
};
use gatewarden_stock::{AccountRule, Accounts, AccountsFor, reversal_lines};

fn rule(of: AccountsFor, debit: &str, credit: &str) -> AccountRule {
    AccountRule { of, class: None, item: None, debit: debit.to_owned(), credit: credit.to_owned() }
}

fn accounts() -> Accounts {
    let receipt = AccountsFor::Kind(Kind::Receipt);
    let precious = AccountRule { class: Some(ItemClass::A), ..rule(receipt, "gold", "owed") };
    let gear = Some("GEAR".parse().unwrap());
    [
        rule(receipt, "stock", "owed"),
        precious,
        AccountRule { item: gear, ..rule(receipt, "gears", "owed") },
        rule(AccountsFor::Kind(Kind::Shipment), "sold", "stock"),
        rule(AccountsFor::Kind(Kind::Count), "lost", "stock"),
        rule(AccountsFor::LandedCost, "stock", "freight"),
    ]
    .into_iter()
    .collect()
}

fn told(voucher: &[VoucherLine]) -> String {
    let sum: i64 = voucher.iter().map(|line| line.amount.units()).sum();
    assert_eq!(sum, 0, "debits and credits are equal");
    let line = |l: &VoucherLine| format!("{} {}", l.account, l.amount);
    voucher.iter().map(line).collect::<Vec<_>>().join(", ")
}

fn voucher(book: &Book, movement: &Movement) -> String {
    told(&book.stock.voucher(&accounts(), movement).unwrap())
}

fn into(item: &str, value: &str) -> MovementLine {
    worth(value, line(item, 10, "@supplier/A", "wh1"))
}

#[test]
fn each_movement_books_its_value_in_its_direction() {
    let a = |code| Item { class: ItemClass::A, ..fifo(code) };
    let mut book = Book::new([average("BOLT"), a("RING"), a("GEAR"), item("NUT")]);
    let receipt =
        vec![into("BOLT", "100"), into("BOLT", "20"), into("RING", "7"), into("GEAR", "1")];
    let receipt = book.post(1, Kind::Receipt, receipt);
    assert_eq!(voucher(&book, &receipt), "gears 1, gold 7, owed -128, stock 120");
    let out = book.post(2, Kind::Shipment, vec![line("BOLT", 5, "wh1", "@customer/C")]);
    assert_eq!(voucher(&book, &out), "sold 30, stock -30");
    let short = book.post(3, Kind::Count, vec![line("BOLT", 5, "wh1", "@loss/count")]);
    assert_eq!(voucher(&book, &short), "lost 30, stock -30");
    let more = book.post(3, Kind::Count, vec![line("BOLT", 5, "@loss/count", "wh1")]);
    assert_eq!(voucher(&book, &more), "lost -30, stock 30");
    let moved = book.post(4, Kind::Transfer, vec![line("BOLT", 5, "wh1", "@transit/T")]);
    assert_eq!(voucher(&book, &moved), "");
    let unmapped = book.post(4, Kind::Scrap, vec![line("BOLT", 1, "wh1", "@loss")]);
    assert_eq!(voucher(&book, &unmapped), "");
}

#[test]
fn what_changes_the_past_books_what_it_changes() {
    let mut book = Book::new([fifo("BOLT")]);
    let receipt = book.post(1, Kind::Receipt, vec![into("BOLT", "100")]);
    let out = book.post(3, Kind::Shipment, vec![line("BOLT", 5, "wh1", "@customer/C")]);
    let amounts = [amount("20")];
    let revalues = book.stock.land(receipt.id, &amounts).unwrap();
    let landed =
        book.stock.voucher_of_landed(&accounts(), receipt.id, &amounts, &revalues).unwrap();
    // 20 into stock, of which half has been sold.
    assert_eq!(told(&landed), "freight -20, sold 10, stock 10");
    let cheap = Movement {
        effective: Some(day(0)),
        back_dated: true,
        ..movement(9, Kind::Receipt, vec![into("BOLT", "10")])
    };
    let cheap = book.try_post(4, cheap).unwrap();
    assert_eq!(voucher(&book, &cheap), "owed -10, sold -45, stock 55");
    let back = Movement {
        reverses: Some(out.id),
        effective: Some(day(3)),
        back_dated: true,
        ..movement(10, Kind::Shipment, reversal_lines(&out))
    };
    let back = book.try_post(4, back).unwrap();
    assert_eq!(voucher(&book, &back), "sold -5, stock 5");
}
