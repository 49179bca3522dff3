//! What one document executes counts on those that it follows from, over several steps.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;
mod papers;

use common::House;
use gatewarden_documents::Frame;
use gatewarden_engine::{Command, DocumentAct};
use gatewarden_model::{Body, DocumentContent, DocumentStep, StockStatus};
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

/// What is ordered for several requests at once comes for the first that is named first.
#[test]
fn requests_that_are_ordered_in_one_line_are_not_over_before_their_goods_came() {
    let mut house = house();
    let asked = |number: &str, quantity: u32| {
        let rest = format!(
            "requester = 'sue'\nlines = [{{ line = 10, item = 'BOLT-M8', quantity = {quantity}, due = '2026-12-20' }}]"
        );
        content("purchase-request", number, &rest)
    };
    let (two, four) = (asked("PR-1", 2), asked("PR-2", 4));
    house.signed(&two, &["mia"]);
    house.signed(&four, &["mia"]);
    let link = |number: &str| {
        format!("{{ document = {{ kind = 'purchase-request', number = '{number}' }}, line = 10 }}")
    };
    let rest = format!(
        "partner = 'ACME'\ndate = '2026-11-29'\ndue = '2026-12-20'\nlines = [{{ line = 1, item = 'BOLT-M8', \
         quantity = 6, to = 'wh1/dock', links = [{}, {}] }}]",
        link("PR-1"),
        link("PR-2")
    );
    let ordered = content("purchase-order", "PO-1", &rest);
    house.signed(&ordered, &["mia"]);
    for (n, came, done) in [(1, 1..=1, [Some(1), Some(0)]), (2, 2..=4, [None, Some(2)])] {
        let quantity = u32::try_from(came.clone().count()).unwrap();
        house.signed(&receipt(&format!("GR-{n}"), quantity, 1), &["mia"]);
        assert_eq!(house.seen(n, "dock-1", 1, &bolts(came)), "posted");
        assert_eq!([&two, &four].map(|one| executed(&house, one, 10)), done);
    }
    house.signed(&receipt("GR-3", 2, 1), &["mia"]);
    assert_eq!(house.seen(3, "dock-1", 1, &bolts(5..=6)), "posted");
    assert_eq!((house.frame(&four), house.frame(&ordered)), (None, None));
    assert_eq!(house.judged(), Vec::<String>::new());
}

/// Goods leave once: a list that names another order beside the shipment of one counts on the one that it names.
#[test]
fn a_line_counts_on_one_order_of_a_kind() {
    let (mut house, _) = received(10, "available");
    let [order, shipment, mut packed] = sold(&["shipment"], 7);
    let mut other = order.clone();
    other.document.number = "SO-2".to_owned();
    let named = content(
        "shipment",
        "SH-2",
        "links = [{ document = { kind = 'sales-order', number = 'SO-2' } }]",
    );
    packed.lines[0].links.extend(named.links);
    for one in [&order, &other, &shipment, &packed] {
        house.signed(one, &["mia"]);
    }
    assert_eq!(house.seen(2, "dock-1", 1, &bolts(1..=7)), "posted");
    assert_eq!((executed(&house, &order, 10), house.frame(&other)), (Some(0), None));
    assert_eq!(house.judged(), Vec::<String>::new());
}

/// No more is received for an order than it has open, whichever document says so.
#[test]
fn a_receipt_of_more_than_its_order_has_open_is_refused() {
    let mut house = house();
    house.signed(&request("PR-1"), &["mia"]);
    house.signed(&order("PO-1", "PR-1"), &["mia"]);
    let submit = house.submit(&receipt("GR-1", 30, 1), "sue");
    assert_eq!(house.refused(submit), "over-order");
    // Nor is one that names the whole order, which has the item twice, or that leaves the line open.
    let mut whole = receipt("GR-4", 30, 1);
    whole.links = std::mem::take(&mut whole.lines[0].links);
    whole.links[0].line = None;
    let submit = house.submit(&whole, "sue");
    assert_eq!(house.refused(submit), "order-line-missing");
    let mut open = receipt("GR-5", 5, 1);
    open.lines[0].links[0].line = None;
    let submit = house.submit(&open, "sue");
    assert_eq!(house.refused(submit), "order-line-missing");
    // Both fit by themselves: what comes second does not.
    let all = [receipt("GR-2", 4, 1), receipt("GR-3", 4, 1)];
    house.signed(&all[0], &["mia"]);
    house.signed(&all[1], &["mia"]);
    assert_eq!(house.seen(1, "dock-1", 1, &bolts(1..=4)), "posted");
    assert_eq!(house.seen(2, "dock-1", 1, &bolts(5..=8)), "over-order");
    assert_eq!(house.lies("wh1/dock", StockStatus::Available), 4);
    assert_eq!(house.judged(), Vec::<String>::new());
}

/// What names a line of something else counts nowhere, and is refused before anybody signs it.
#[test]
fn a_line_names_a_line_of_its_own_item() {
    let mut house = house();
    let mut asked = request("PR-1");
    asked.lines[0].item = "NUT-M8".parse().unwrap();
    house.signed(&asked, &["mia"]);
    let submit = house.submit(&order("PO-9", "PR-1"), "sue");
    assert_eq!(house.refused(submit), "not-ordered");
    // A request that was met in part is closed with that.
    let mut other = request("PR-2");
    other.lines.truncate(1);
    house.signed(&other, &["mia"]);
    let mut ordered = order("PO-1", "PR-2");
    ordered.lines.truncate(1);
    ordered.lines[0].quantity = 4;
    house.signed(&ordered, &["mia"]);
    let close = |house: &House| {
        let (document, reason, by) = (other.document.clone(), "enough".to_owned(), house.by("sue"));
        Command::EndDocument { document, act: DocumentAct::Close, digest: None, reason, by }
    };
    assert_eq!(house.refused(close(&house)), "document-not-executed");
    house.signed(&receipt("GR-1", 4, 1), &["mia"]);
    assert_eq!(house.seen(1, "dock-1", 1, &bolts(1..=4)), "posted");
    house.ok(close(&house));
    assert_eq!(house.frame(&other), None);
    assert_eq!(house.judged(), Vec::<String>::new());
}

/// A document that names its order in its head alone is held to it as one that names it in a line.
#[test]
fn what_names_an_order_in_its_head_counts_on_it() {
    let (mut house, _) = received(10, "available");
    let [order, mut shipment, _] = sold(&[], 7);
    house.signed(&order, &["mia"]);
    shipment.station = Some("dock-1".to_owned());
    shipment.lines[0].links.clear();
    let mut more = shipment.clone();
    more.document.number = "SH-2".to_owned();
    more.lines[0].quantity = 8;
    let submit = house.submit(&more, "sue");
    assert_eq!(house.refused(submit), "over-order");
    house.signed(&shipment, &["mia"]);
    assert_eq!(house.seen(2, "dock-1", 1, &bolts(1..=7)), "posted");
    assert_eq!((house.frame(&shipment), house.frame(&order)), (None, None));
    assert_eq!(house.judged(), Vec::<String>::new());
}

/// What one receipt brings for several orders is shared out among them, when it is handed in as at the door.
#[test]
fn a_receipt_for_two_orders_fills_one_after_the_other() {
    let mut house = house();
    let ordered = |number: &str| {
        let mut one = order(number, "PR-9");
        one.lines.truncate(1);
        one.lines[0].links.clear();
        one
    };
    let both = [ordered("PO-1"), ordered("PO-2")];
    both.iter().for_each(|one| house.signed(one, &["mia"]));
    let named = |quantity: u32| {
        let mut came = receipt(&format!("GR-{quantity}"), quantity, 1);
        came.links = std::mem::take(&mut came.lines[0].links);
        let mut second = came.links[0].clone();
        second.document.number = "PO-2".to_owned();
        came.links.push(second);
        came
    };
    let submit = house.submit(&named(13), "sue");
    assert_eq!(house.refused(submit), "over-order");
    house.signed(&named(8), &["mia"]);
    assert_eq!(house.seen(1, "dock-1", 1, &bolts(1..=8)), "posted");
    assert_eq!((house.frame(&both[0]), executed(&house, &both[1], 1)), (None, Some(2)));
    assert_eq!(house.judged(), Vec::<String>::new());
}
