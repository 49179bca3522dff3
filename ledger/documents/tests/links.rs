//! Links both ways: from a requisition to the purchase order behind its material, and back.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{content, document, line, link};
use gatewarden_documents::{
    Links, Node,
    links::{Edge, HOPS_MAX},
};
use gatewarden_model::{DocumentContent, DocumentKind, Hash, Movement, MovementId, MovementKind};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use DocumentKind::{PurchaseOrder, Requisition, SalesOrder, WorkOrder};

fn id(number: u128) -> MovementId {
    MovementId(Uuid::from_u128(number))
}

/// A movement of one lot, with a voucher.
fn movement(
    number: u128,
    kind: MovementKind,
    of: (DocumentKind, &str),
    (from, to): (&str, &str),
    reverses: Option<u128>,
) -> Movement {
    let mut movement = json!({
        "id": id(number),
        "kind": kind,
        "document": document(of.0, of.1),
        "devices": [],
        "session": Uuid::nil(),
        "operator": "li.wei",
        "auth_level": 2,
        "decision": {
            "allowed": true, "action": "execute", "module": "inbound", "policies": [],
            "version": Hash::of(b""),
        },
        "approved_by": "zhang.min",
        "lines": [{
            "line": 10, "item": "BOLT", "lot": "L-1", "quantity": 5, "unit": "pcs", "from": from,
            "to": to, "things": [],
        }],
        "evidence": Hash::of(b""),
        "voucher": [
            { "account": "stock", "amount": "5" },
            { "account": "payable", "amount": "-5" },
        ],
    });
    if let Some(original) = reverses {
        movement["reverses"] = json!(id(original));
    }
    serde_json::from_value(movement).unwrap()
}

fn with_links(kind: DocumentKind, number: &str, to: &[(DocumentKind, &str)]) -> DocumentContent {
    let links = to.iter().map(|(kind, number)| link(*kind, number, None)).collect();
    DocumentContent { links, ..content(kind, number, vec![]) }
}

fn node(kind: DocumentKind, number: &str) -> Node {
    Node::Document(document(kind, number))
}

/// A sales order, its work order, the requisition for it, the purchase of the material, and what moved.
fn house() -> Links {
    let mut links = Links::default();
    links.put(&with_links(WorkOrder, "WO-1", &[(SalesOrder, "SO-1")]));
    let mut requested = line(10, "BOLT", 5, "wh1/a", "");
    requested.links = vec![link(WorkOrder, "WO-1", Some(1))];
    links.put(&content(Requisition, "MR-1", vec![requested]));
    let (there, here) = ("@supplier/ACME", "wh1/a");
    links.moved(&movement(1, MovementKind::Receipt, (PurchaseOrder, "PO-1"), (there, here), None));
    let out = (here, "@production/WO-1");
    links.moved(&movement(2, MovementKind::ProductionIssue, (Requisition, "MR-1"), out, None));
    links
}

#[test]
fn a_voucher_leads_to_the_orders_behind_it() {
    let links = house();
    let trail = links.origin_of(&Node::Voucher(id(2)), 9, HOPS_MAX);
    let found: BTreeSet<String> = trail.nodes().map(ToString::to_string).collect();
    let expect = [
        "PO PO-1",
        "lot L-1 of BOLT",
        "movement 00000000-0000-0000-0000-000000000001",
        "movement 00000000-0000-0000-0000-000000000002",
        "requisition MR-1",
        "sales order SO-1",
        "work order WO-1",
    ];
    assert_eq!(found, expect.map(str::to_owned).into());
    assert!(!trail.cut);
    let to_order = trail.hops.iter().find(|hop| hop.to == node(WorkOrder, "WO-1")).unwrap();
    assert_eq!(to_order.depth, 3);
    assert_eq!(to_order.edges, [Edge { line: Some(10), of: Some(1), digest: None }].into());
}

#[test]
fn a_purchase_order_leads_to_all_that_followed() {
    let links = house();
    let trail = links.followed_by(&node(PurchaseOrder, "PO-1"), 9, HOPS_MAX);
    let found: Vec<&Node> = trail.nodes().collect();
    assert!(found.contains(&&Node::Movement(id(1))) && found.contains(&&Node::Movement(id(2))));
    assert!(found.contains(&&Node::Voucher(id(2))), "the voucher of the issue of its lot");
    assert!(!found.contains(&&node(WorkOrder, "WO-1")), "which does not follow from it");
    let near = links.followed_by(&node(PurchaseOrder, "PO-1"), 1, HOPS_MAX);
    assert_eq!((near.hops.len(), near.cut), (1, true));
    let few = links.followed_by(&node(PurchaseOrder, "PO-1"), 9, 2);
    assert_eq!((few.hops.len(), few.cut), (2, true));
}

#[test]
fn what_takes_back_follows_from_what_it_takes_back() {
    let mut links = house();
    let back = ("wh1/a", "@supplier/ACME");
    let undone = movement(3, MovementKind::Receipt, (PurchaseOrder, "PO-1"), back, Some(1));
    links.moved(&undone);
    links.moved(&undone);
    let trail = links.origin_of(&Node::Movement(id(3)), 1, HOPS_MAX);
    let found: BTreeSet<&Node> = trail.nodes().collect();
    assert!(found.contains(&Node::Movement(id(1))) && found.contains(&node(PurchaseOrder, "PO-1")));
}

#[test]
fn a_new_version_takes_the_place_of_the_old_links() {
    let mut links = house();
    links.put(&with_links(Requisition, "MR-1", &[(WorkOrder, "WO-2")]));
    let origins: Vec<&Node> =
        links.origins(&node(Requisition, "MR-1")).map(|(node, _)| node).collect();
    assert_eq!(origins, [&node(WorkOrder, "WO-2")]);
    assert_eq!(links.followers(&node(WorkOrder, "WO-1")).count(), 0);
    assert_eq!(links.followers(&node(Requisition, "MR-1")).count(), 1, "its issue still follows");
    links.forget(&document(Requisition, "MR-1"));
    assert_eq!(links.origins(&node(Requisition, "MR-1")).count(), 1, "it is still followed");
}

#[test]
fn a_circle_is_refused_and_named() {
    let mut links = Links::default();
    links.put(&with_links(WorkOrder, "WO-1", &[(WorkOrder, "WO-2")]));
    links.put(&with_links(WorkOrder, "WO-2", &[(WorkOrder, "WO-3")]));
    let back = with_links(WorkOrder, "WO-3", &[(WorkOrder, "WO-1")]);
    let cycle = links.cycle(&back).unwrap_err();
    let chain = "work order WO-3 → work order WO-1 → work order WO-2 → work order WO-3";
    assert!(cycle.to_string().contains(chain), "{cycle}");
    assert_eq!(cycle.code(), "link-cycle");
    assert!(links.cycle(&with_links(WorkOrder, "WO-3", &[(SalesOrder, "SO-1")])).is_ok());
    // A version that is named by its digest was there before: it can't follow from what names it.
    let mut by_digest = back.clone();
    by_digest.links[0].digest = Some(Hash::of(b"version 1"));
    assert!(links.cycle(&by_digest).is_ok());
    links.put(&by_digest);
    assert!(links.cycle(&with_links(WorkOrder, "WO-2", &[(WorkOrder, "WO-3")])).is_ok());
    assert!(links.cycle(&with_links(WorkOrder, "WO-1", &[(WorkOrder, "WO-3")])).is_ok());
}

proptest! {
    /// Beside it a plain table of links, searched the slow way.
    #[test]
    fn no_circle_ever_stands_and_both_ways_agree(
        writes in proptest::collection::vec((0_u8..8, proptest::collection::vec(0_u8..8, 0..4)), 0..40),
    ) {
        let (mut links, mut plain) = (Links::default(), BTreeMap::<u8, BTreeSet<u8>>::new());
        let name = |number: u8| format!("WO-{number}");
        for (number, to) in writes {
            let to: BTreeSet<u8> = to.into_iter().collect();
            let names: Vec<String> = to.iter().map(|number| name(*number)).collect();
            let refs: Vec<_> = names.iter().map(|name| (WorkOrder, name.as_str())).collect();
            let version = with_links(WorkOrder, &name(number), &refs);
            let mut tried = plain.clone();
            tried.insert(number, to);
            let circle = (0..8).any(|start| {
                let mut reached: BTreeSet<u8> = tried.get(&start).cloned().unwrap_or_default();
                for _ in 0..8 {
                    let next: Vec<u8> =
                        reached.iter().filter_map(|at| tried.get(at)).flatten().copied().collect();
                    reached.extend(next);
                }
                reached.contains(&start)
            });
            prop_assert_eq!(links.cycle(&version).is_err(), circle);
            if !circle {
                links.put(&version);
                plain = tried;
            }
        }
        for number in 0..8 {
            let here = node(WorkOrder, &name(number));
            let origins: BTreeSet<Node> = links.origins(&here).map(|(node, _)| node.clone()).collect();
            let of_plain = plain.get(&number).into_iter().flatten();
            let expect: BTreeSet<Node> = of_plain.map(|to| node(WorkOrder, &name(*to))).collect();
            prop_assert_eq!(&origins, &expect);
            for origin in &origins {
                prop_assert!(links.followers(origin).any(|follower| *follower == here));
            }
            for follower in links.followers(&here) {
                prop_assert!(links.origins(follower).any(|(origin, _)| *origin == here));
            }
        }
    }
}
