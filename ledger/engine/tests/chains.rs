//! What one document executes counts on those that it follows from, over several steps.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;
mod papers;

use common::House;
use gatewarden_documents::Frame;
use gatewarden_model::{Body, DocumentContent, DocumentStep};
use papers::{Papers, bolts, content, house, received};

fn executed(house: &House, content: &DocumentContent, line: u32) -> Option<i64> {
    let open = house.engine.state().document(&content.document)?;
    open.quantities.line(line).map(|line| line.executed)
}

fn request(number: &str) -> DocumentContent {
    let rest = "requester = 'sue'\nlines = [\
        { line = 10, item = 'BOLT-M8', quantity = 6, due = '2026-12-20' },\
        { line = 20, item = 'BOLT-M8', quantity = 4, due = '2026-12-30' }]";
    content("purchase-request", number, rest)
}

/// Orders both lines of a request by lines of its own.
fn order(number: &str, request: &str) -> DocumentContent {
    let line = |line: u32, quantity: u32, of: u32| {
        format!(
            "{{ line = {line}, item = 'BOLT-M8', quantity = {quantity}, to = 'wh1/dock', links = [\
             {{ document = {{ kind = 'purchase-request', number = '{request}' }}, line = {of} }}] }}"
        )
    };
    let rest = format!(
        "partner = 'ACME'\ndate = '2026-11-29'\ndue = '2026-12-20'\nlines = [{}, {}]",
        line(1, 6, 10),
        line(2, 4, 20)
    );
    content("purchase-order", number, &rest)
}

fn receipt(number: &str, quantity: u32, line: u32) -> DocumentContent {
    let rest = format!(
        "partner = 'ACME'\nstation = 'dock-1'\nlines = [{{ line = 10, item = 'BOLT-M8', \
         quantity = {quantity}, to = 'wh1/dock', links = [\
         {{ document = {{ kind = 'purchase-order', number = 'PO-1' }}, line = {line} }}] }}]"
    );
    content("receipt", number, &rest)
}

#[test]
fn a_request_is_over_when_all_of_it_was_received_on_its_order() {
    let mut house = house();
    let asked = request("PR-1");
    house.signed(&asked, &["mia"]);
    let ordered = order("PO-1", "PR-1");
    house.signed(&ordered, &["mia"]);
    let first = receipt("GR-1", 6, 1);
    house.signed(&first, &["mia"]);
    assert_eq!(house.seen(1, "dock-1", 1, &bolts(1..=6)), "posted");
    assert_eq!((executed(&house, &ordered, 1), executed(&house, &ordered, 2)), (Some(6), Some(0)));
    assert_eq!((executed(&house, &asked, 10), executed(&house, &asked, 20)), (Some(6), Some(0)));
    house.signed(&receipt("GR-2", 4, 2), &["mia"]);
    assert_eq!(house.seen(2, "dock-1", 1, &bolts(7..=10)), "posted");
    assert_eq!((house.frame(&ordered), house.frame(&asked)), (None, None), "both are complete");
    assert_eq!(house.judged(), Vec::<String>::new());
    // Somebody counts more there than was done.
    let mut journal = house.journal.clone();
    for entry in &mut journal {
        if let Body::DocumentStepped { document, step, .. } = &mut entry.body
            && let DocumentStep::Fulfilled { lines, .. } = step
            && *document == asked.document
        {
            lines[0].quantity += 1;
        }
    }
    let told = house.judged_of(&journal);
    assert!(told.iter().any(|line| line.contains("what the movement fulfils")), "{told:?}");
}

/// A sales order of bolts, its shipment, and a list that packs some of it.
fn sold(named: &[&str], quantity: u32) -> [DocumentContent; 3] {
    let line = |links: &str| {
        format!(
            "lines = [{{ line = 10, item = 'BOLT-M8', quantity = {quantity}, from = 'wh1/dock', links = [{links}] }}]"
        )
    };
    let link = |kind: &str| {
        let number = if kind == "shipment" { "SH-1" } else { "SO-1" };
        format!("{{ document = {{ kind = '{kind}', number = '{number}' }} }}")
    };
    let order = format!("date = '2026-11-29'\ndue = '2026-12-20'\n{}", line(""));
    let shipment = format!("links = [{}]\n{}", link("sales-order"), line(&link("sales-order")));
    let links: Vec<String> = named.iter().map(|kind| link(kind)).collect();
    let packed = format!("station = 'dock-1'\n{}", line(&links.join(", ")));
    [
        ("sales-order", "SO-1", order),
        ("shipment", "SH-1", shipment),
        ("packing-list", "PK-1", packed),
    ]
    .map(|(kind, number, rest)| content(kind, number, &format!("partner = 'CUST'\n{rest}")))
}

#[test]
fn what_is_packed_for_a_shipment_is_shipped_on_its_order_once() {
    for named in [&["shipment"][..], &["shipment", "sales-order"], &["sales-order"]] {
        let (mut house, _) = received(10, "available");
        let [order, shipment, packed] = sold(named, 7);
        for one in [&order, &shipment, &packed] {
            house.signed(one, &["mia"]);
        }
        assert_eq!(house.frame(&packed), Some(Frame::InExecution), "{named:?}");
        assert_eq!(house.seen(2, "dock-1", 1, &bolts(1..=7)), "posted", "{named:?}");
        assert_eq!(house.frame(&order), None, "{named:?}: the order is complete");
        let over = named.contains(&"shipment");
        assert_eq!(house.frame(&shipment).is_none(), over, "{named:?}");
        let counted = house.journal.iter().filter(|entry| match &entry.body {
            Body::DocumentStepped { document, step, .. } => {
                *document == order.document && matches!(step, DocumentStep::Fulfilled { .. })
            }
            _ => false,
        });
        assert_eq!(counted.count(), 1, "{named:?}");
        assert_eq!(house.judged(), Vec::<String>::new());
    }
}
