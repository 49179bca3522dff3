//! Settlements: subcontract orders, price lists, the cost of work orders.
#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod common;

use common::*;
use gatewarden_model::{Amount, DocumentContent, DocumentKind};
use gatewarden_planning::{
    Boms, Fact,
    requisition::Work,
    settle::{COMPONENTS_MAX, Component, Order, PriceList, Settled, Taken, settle, work_cost},
};
use proptest::prelude::*;

const FROM: &str = "2026-01-01";

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

/// A shirt: 3/2 m of cloth with 4 % scrap, six buttons, a label A or B.
fn shirt() -> Boms {
    boms(vec![bom(
        "SHIRT",
        1,
        FROM,
        vec![
            scrap(40, over(2, line(10, "CLOTH", 3))),
            line(20, "BUTTON", 6),
            group("label", line(30, "LABEL-A", 1)),
            group("label", line(40, "LABEL-B", 1)),
        ],
    )])
}

/// `BUTTON` is any item; what was issued was worth 2 a piece.
fn component(code: &str, issued: i64, returned: i64, left: i64) -> Component {
    let issued_value = Amount::from_units(issued * 20_000);
    Component { item: item(code), issued, issued_value, returned, left }
}

fn price_list(
    partner: &str,
    from: &str,
    lines: &[(&str, i64, &str, Option<&str>)],
) -> DocumentContent {
    let mut content = bom("LIST", 1, from, vec![]).to_content();
    content.document.kind = DocumentKind::PriceList;
    content.document.number = "PL".into();
    content.custom.clear();
    content.partner = Some(partner.into());
    content.date = Some(day(from));
    for (index, (code, per, price, minimum)) in lines.iter().enumerate() {
        let mut one = bom("LIST", 1, from, vec![line(1, code, *per)]).to_content().lines.remove(0);
        one.line = u32::try_from(index).unwrap() + 1;
        one.amount = Some(amount(price));
        let minimum = minimum.map(|m| ("minimum".parse().unwrap(), m.to_owned()));
        one.custom.extend(minimum);
        content.lines.push(one);
    }
    content
}

fn prices() -> PriceList {
    let mut prices = PriceList::default();
    let old = price_list("SEW", "2026-01-01", &[("SHIRT", 1, "9", None)]);
    let new = price_list(
        "SEW",
        "2026-03-01",
        &[("SHIRT", 1, "8", None), ("SHIRT", 100, "700", Some("100"))],
    );
    prices.add(&old).unwrap();
    prices.add(&new).unwrap();
    prices
}

fn settled(received: i64, components: &[Component]) -> Result<Settled, Vec<&'static str>> {
    let boms = shirt();
    let bom = boms.newest(&item("SHIRT")).unwrap();
    let work = Work { bom, boms: &boms, day: day("2026-04-01"), quantity: received };
    let order = Order {
        number: "SC-1",
        partner: "SEW",
        day: day("2026-04-01"),
        works: &[work],
        decimals: 2,
    };
    settle(order, components, &prices()).map_err(|mistakes| codes(&mistakes))
}

#[test]
fn what_is_used_is_standard_allowance_or_loss() {
    // 50 shirts: 75 m of cloth, 78 with scrap; 300 buttons.
    let found = settled(
        50,
        &[
            component("CLOTH", 100, 15, 5),
            component("BUTTON", 310, 0, 20),
            component("LABEL-A", 30, 0, 0),
            component("LABEL-B", 21, 0, 0),
            component("THREAD", 4, 0, 1),
        ],
    )
    .unwrap();
    let told: Vec<_> = found
        .lines
        .iter()
        .map(|l| (l.item.as_str(), l.used, l.by_standard, l.by_allowance, l.loss, l.saved))
        .collect();
    let expected = [
        ("BUTTON", 290, 290, 0, 0, 10),
        ("CLOTH", 80, 75, 3, 2, 0),
        ("LABEL-A", 30, 30, 0, 0, 0),
        ("LABEL-B", 21, 20, 0, 1, 0),
        ("THREAD", 3, 0, 0, 3, 0),
    ];
    assert_eq!(told, expected);
    // 50 shirts at 8; 2 m, 1 label and 3 threads at 2.
    assert_eq!(
        (found.fee, found.charges, found.balance),
        (amount("400"), amount("12"), amount("388"))
    );
    let facts = found.facts();
    assert_eq!(facts["loss_value"], Fact::Integer(120_000));
    assert_eq!(facts["loss_permille"], Fact::Integer(3_000));
    assert_eq!(facts["balance"], Fact::Integer(3_880_000));
    let content = found.to_content("SS-1", day("2026-04-02"));
    assert_eq!(content.amount(), Some(amount("12")));
    assert_eq!(content.links[0].document.number, "SC-1");
    assert_eq!(content.lines[1].custom[&"by-allowance".parse().unwrap()], "3");
}

#[test]
fn nothing_received_is_all_loss_and_he_may_owe() {
    let found = settled(0, &[component("CLOTH", 10, 4, 0)]).unwrap();
    assert_eq!((found.fee, found.balance), (amount("0"), amount("-12")));
    assert_eq!(found.lines[0].loss, 6);
}

#[test]
fn what_cannot_be_settled_is_told_at_once() {
    let wrong =
        [component("CLOTH", 10, 8, 3), component("CLOTH", 1, 0, 0), component("BUTTON", 1, -1, 0)];
    let expected = ["settlement-negative", "component-twice", "quantity-impossible"];
    assert_eq!(settled(50, &wrong).unwrap_err(), expected);
    assert_eq!(settled(-1, &[]).unwrap_err(), ["quantity-impossible"]);
    let many = vec![component("CLOTH", 1, 0, 0); COMPONENTS_MAX + 1];
    assert_eq!(settled(1, &many).unwrap_err(), ["settlement-too-large"]);
    let boms = shirt();
    let bom = boms.newest(&item("SHIRT")).unwrap();
    let work = Work { bom, boms: &boms, day: day("2026-04-01"), quantity: 5 };
    let order = Order {
        number: "SC-1",
        partner: "KNIT",
        day: day("2026-04-01"),
        works: &[work],
        decimals: 2,
    };
    let mistakes = settle(order, &[], &prices()).unwrap_err();
    assert_eq!(codes(&mistakes), ["price-none"]);
    assert!(mistakes[0].to_string().contains("KNIT has no price of 5 SHIRT on 2026-04-01"));
}

#[test]
fn the_latest_price_of_the_greatest_minimum_counts() {
    let prices = prices();
    let cost = |quantity, at: &str| prices.cost(("SEW", &item("SHIRT")), quantity, day(at), 2);
    assert_eq!(cost(50, "2026-02-28").unwrap(), amount("450"));
    assert_eq!(cost(50, "2026-03-01").unwrap(), amount("400"));
    assert_eq!(cost(100, "2026-03-01").unwrap(), amount("700"));
    assert_eq!(cost(101, "2026-03-01").unwrap(), amount("707"));
    assert_eq!(cost(1, "2025-12-31").unwrap_err().code(), "price-none");
    assert_eq!(cost(0, "2025-12-31").unwrap(), Amount::ZERO);
    let mut wrong = price_list("SEW", "2026-03-01", &[("SHIRT", 0, "-1", Some("x"))]);
    (wrong.partner, wrong.due) = (None, Some(day("2026-01-01")));
    let mistakes = PriceList::default().add(&wrong).unwrap_err();
    let expected =
        ["price-partner", "dates-reversed", "price-quantity", "price-amount", "number-malformed"];
    assert_eq!(codes(&mistakes), expected);
}

#[test]
fn a_work_order_costs_what_it_took() {
    let boms = shirt();
    let bom = boms.newest(&item("SHIRT")).unwrap();
    let work = Work { bom, boms: &boms, day: day("2026-04-01"), quantity: 10 };
    let taken = |code: &str, issued, value: &str, returned, back: &str| Taken {
        item: item(code),
        issued: (issued, amount(value)),
        returned: (returned, amount(back)),
    };
    let all = [
        taken("CLOTH", 20, "100", 2, "10"),
        taken("BUTTON", 50, "5", 0, "0"),
        taken("GOLD", 1, "999", 0, "0"),
    ];
    let cost = work_cost(work, &all, 2).unwrap();
    let told: Vec<_> = cost
        .lines
        .iter()
        .map(|l| (l.item.as_str(), l.actual, l.standard, l.variance.to_string(), l.saved))
        .collect();
    let expected = [
        ("BUTTON", 50, 50, "0".to_owned(), 10),
        ("CLOTH", 18, 15, "15".to_owned(), 0),
        ("GOLD", 1, 0, "999".to_owned(), 0),
        ("LABEL-A", 0, 0, "0".to_owned(), 10),
    ];
    assert_eq!(told, expected);
    assert_eq!((cost.material, cost.variance), (amount("1094"), amount("1014")));
    assert_eq!(cost.made, Some(10));
    let back = [taken("CLOTH", 2, "1", 3, "1")];
    assert_eq!(work_cost(work, &back, 2).unwrap_err().code(), "return-over-issue");
    let nothing = Work { quantity: 0, ..work };
    assert_eq!(work_cost(nothing, &all[..1], 2).unwrap().variance, amount("90"));
    assert_eq!(
        work_cost(Work { quantity: -1, ..work }, &[], 2).unwrap_err().code(),
        "quantity-impossible"
    );
}

proptest! {
    /// Beside the figures of one component by hand, and the sums that must hold.
    #[test]
    fn every_used_piece_has_one_reason(
        received in 0..200_i64,
        cloth in 0..600_i64,
        back in 0..100_i64,
        labels in [0..150_i64, 0..150],
    ) {
        let back = back.min(cloth);
        let [a, b] = labels;
        let found = settled(received, &[
            component("CLOTH", cloth, back, 0),
            component("LABEL-A", a, 0, 0),
            component("LABEL-B", b, 0, 0),
        ])
        .unwrap();
        for line in &found.lines {
            prop_assert_eq!(line.by_standard + line.by_allowance + line.loss, line.used);
            prop_assert!(line.by_standard >= 0 && line.by_allowance >= 0 && line.loss >= 0);
        }
        let of = |code: &str| found.lines.iter().find(|line| line.item == item(code)).unwrap();
        let used = cloth - back;
        let standard = (received * 3 + 1) / 2;
        let allowed = (received * 3 * 1_040 + 1_999) / 2_000;
        prop_assert_eq!(of("CLOTH").by_standard, used.min(standard));
        prop_assert_eq!(of("CLOTH").loss, (used - allowed).max(0));
        prop_assert_eq!(of("LABEL-A").by_standard + of("LABEL-B").by_standard, (a + b).min(received));
        let charged: i64 = found.lines.iter().map(|line| line.charge.units()).sum();
        prop_assert_eq!(found.charges.units(), charged);
        prop_assert_eq!(found.balance.units(), found.fee.units() - charged);
    }
}
