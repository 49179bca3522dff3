//! What is wrong with documents: each mistake by its code and field, and all of one document at once.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

mod common;

use common::{House, content, kinds, line, link, requisition};
use gatewarden_documents::{
    check,
    check::QUANTITY_MAX,
    fields::{fill_defaults, line_facts},
    mistake::MISTAKES_MAX,
};
use gatewarden_model::{
    Amount, DOCUMENT_LINES_MAX, DocumentContent, DocumentKind, DocumentLine, Hash, ItemClass,
    LINKS_MAX, StockStatus,
};
use proptest::prelude::*;

fn mistakes(content: &DocumentContent) -> Vec<(&'static str, String)> {
    let found = check(content, &kinds(), &House::new());
    for one in &found {
        assert!(!one.message.is_empty() && one.message.len() < 600, "{one}");
        let says_so = one.code != "field-missing" || one.message.ends_with(": state it");
        assert!(says_so, "{one}");
    }
    found.into_iter().map(|mistake| (mistake.code, mistake.field)).collect()
}

/// What one change of a good requisition breaks.
fn broken(change: impl FnOnce(&mut DocumentContent)) -> Vec<(&'static str, String)> {
    let mut content = requisition();
    change(&mut content);
    mistakes(&content)
}

fn is(found: &[(&'static str, String)], expect: &[(&str, &str)]) {
    let found: Vec<(&str, &str)> =
        found.iter().map(|(code, field)| (*code, field.as_str())).collect();
    assert_eq!(found, expect);
}

#[test]
fn a_good_document_has_no_mistake() {
    is(&mistakes(&requisition()), &[]);
}

#[test]
fn numbers_and_texts() {
    let number = |text: &str| {
        let text = text.to_owned();
        broken(|content| content.document.number = text)
    };
    is(&number("MR-2026-00001"), &[("number-foreign", "document.number")]);
    is(&number("MR-2026-O001"), &[("number-foreign", "document.number")]);
    is(&number("\u{41c}R-2026-0001"), &[("code-lookalike", "document.number")]);
    is(&number("MR-2026\u{200b}-0001"), &[("code-lookalike", "document.number")]);
    is(&number(""), &[("number-malformed", "document.number")]);
    is(&number(&"9".repeat(65)), &[("number-malformed", "document.number")]);
    is(&broken(|content| content.version = 0), &[("version-zero", "version")]);
    is(&broken(|content| content.title = "x".repeat(300)), &[("title-malformed", "title")]);
    is(&broken(|content| content.note = "n".repeat(10_000_000)), &[("note-too-long", "note")]);
    is(&broken(|content| content.note = "bell\u{7}".into()), &[("note-malformed", "note")]);
    is(&broken(|content| content.note = "two\nlines".into()), &[]);
}

#[test]
fn foreign_references() {
    is(&broken(|c| c.requester = Some("nobody".into())), &[("unknown-operator", "requester")]);
    is(&broken(|c| c.requester = Some("Li Wei".into())), &[("unknown-operator", "requester")]);
    is(&broken(|c| c.requester = None), &[("field-missing", "requester")]);
    is(&broken(|c| c.station = Some("moon".into())), &[("unknown-station", "station")]);
    is(&broken(|c| c.partner = Some("NONE".into())), &[("unknown-partner", "partner")]);
    is(
        &broken(|c| c.lines[0].item = "BOLTT".parse().unwrap()),
        &[("unknown-item", "lines[0].item")],
    );
    let place = |text: &str| text.parse().ok();
    is(&broken(|c| c.lines[1].from = place("wh9/x")), &[("unknown-location", "lines[1].from")]);
    is(
        &broken(|c| c.links[0].document.number = "WO-9".into()),
        &[("unknown-document", "links[0]")],
    );
    is(
        &broken(|c| c.links[0].document.number = "WO-2".into()),
        &[("document-not-open", "links[0]")],
    );
    is(&broken(|c| c.links[0].line = Some(11)), &[("unknown-line", "links[0].line")]);
    let bom = |digest| {
        broken(|content| {
            let mut bom = link(DocumentKind::Bom, "PUMP", None);
            bom.digest = digest;
            content.links.push(bom);
        })
    };
    is(&bom(Some(Hash::of(b"bom 3"))), &[]);
    is(&bom(Some(Hash::of(b"bom 2"))), &[("unknown-version", "links[1].digest")]);
    is(&bom(None), &[("version-missing", "links[1].digest")]);
}

#[test]
fn impossible_quantities() {
    let quantity = |quantity| broken(|content| content.lines[0].quantity = quantity);
    is(&quantity(0), &[("quantity-zero", "lines[0].quantity")]);
    is(&quantity(-1), &[("quantity-negative", "lines[0].quantity")]);
    is(&quantity(i64::MIN), &[("quantity-negative", "lines[0].quantity")]);
    is(&quantity(QUANTITY_MAX), &[]);
    is(&quantity(QUANTITY_MAX + 1), &[("quantity-overflow", "lines[0].quantity")]);
    let both = broken(|content| content.lines.iter_mut().for_each(|line| line.quantity = i64::MAX));
    assert!(both.contains(&("quantity-overflow", "lines".into())), "{both:?}");
    let cheap = broken(|content| content.lines[0].amount = Some(Amount::from_units(-1)));
    is(&cheap, &[("amount-negative", "lines[0].amount")]);
    let dear = |content: &mut DocumentContent| {
        content.lines.iter_mut().for_each(|line| line.amount = Some(Amount::from_units(i64::MAX)));
    };
    is(&broken(dear), &[("amount-overflow", "lines")]);
}

#[test]
fn lines_links_and_dates_against_one_another() {
    is(&broken(|c| c.lines[1].line = 10), &[("line-twice", "lines[1].line")]);
    is(&broken(|c| c.lines[1].line = 0), &[("line-zero", "lines[1].line")]);
    is(
        &broken(|c| c.lines[1].from = c.lines[0].from.clone()),
        &[("line-repeated", "lines[1].item")],
    );
    is(&broken(|c| c.lines.clear()), &[("lines-missing", "lines")]);
    is(&broken(|c| c.links.clear()), &[("link-missing", "links")]);
    is(
        &broken(|c| c.links.push(c.links[0].clone())),
        &[("link-twice", "links[1]"), ("too-many-links", "links")],
    );
    let own = link(DocumentKind::Requisition, "MR-2026-0001", None);
    is(&broken(|c| c.links.push(own)), &[("link-itself", "links[1]")]);
    let order = link(DocumentKind::SalesOrder, "SO-1", None);
    is(&broken(|c| c.links.push(order)), &[("link-kind", "links[1]")]);
    let many = |c: &mut DocumentContent| c.lines[0].links = vec![c.links[0].clone(); LINKS_MAX + 1];
    is(&broken(many), &[("too-many-links", "lines[0].links")]);
    let day = |text: &str| text.parse().ok();
    let dates = broken(|content| {
        (content.date, content.due) = (day("2026-11-29"), day("2026-11-28"));
        content.lines[0].due = day("2026-11-27");
        content.lines[1].due = day("2026-11-30");
    });
    is(&dates, &[("dates-reversed", "due"), ("dates-reversed", "lines[0].due")]);
    is(
        &broken(|c| c.lines[0].from_status = StockStatus::Reserved),
        &[("status-reserved", "lines[0].from_status")],
    );
}

#[test]
fn ways_of_lines() {
    let place = |text: &str| text.parse().ok();
    is(&broken(|c| c.lines[0].to = place("@production/WO-1")), &[]);
    is(&broken(|c| c.lines[0].to = place("@customer/CUST")), &[("leg-unknown", "lines[0].to")]);
    is(&broken(|c| c.lines[0].from = None), &[("place-missing", "lines[0].from")]);
    let request = content(
        DocumentKind::PurchaseRequest,
        "MR-2026-0002",
        vec![line(1, "BOLT", 1, "wh1/a", "")],
    );
    is(&mistakes(&request), &[("places-unused", "lines[0].to")]);
    let order =
        content(DocumentKind::PurchaseOrder, "any number", vec![line(1, "BOLT", 1, "", "wh1/a")]);
    is(&mistakes(&order), &[("field-missing", "partner"), ("place-missing", "lines[0].from")]);
    let undefined = content(DocumentKind::SalesOrder, "SO-1", vec![]);
    is(&mistakes(&undefined), &[("kind-undefined", "document.kind")]);
}

#[test]
fn typed_fields_are_held_against_their_declaration() {
    let custom = |name: &str, text: &str| (name.parse().unwrap(), text.to_owned());
    let head = |name: &str, text: &str| broken(|c| c.custom.extend([custom(name, text)]));
    is(&head("urgency", "urgent"), &[]);
    is(&head("urgency", "urgnt"), &[("field-choice", "custom.urgency")]);
    is(&head("urgency", " urgent"), &[("field-spelling", "custom.urgency")]);
    is(&head("urgncy", "urgent"), &[("unknown-field", "custom.urgncy")]);
    is(
        &broken(|c| c.lines[0].custom.extend([custom("urgency", "urgent")])),
        &[("unknown-field", "lines[0].custom.urgency")],
    );
    let sealed = |text: Option<&str>| {
        broken(|content| {
            content.lines[0].item = "SEAL".parse().unwrap();
            content.lines[0].custom.extend(text.map(|text| custom("seal-number", text)));
        })
    };
    is(&sealed(None), &[("field-missing", "lines[0].custom.seal-number")]);
    is(&sealed(Some("AB-1234")), &[]);
    is(&sealed(Some("AB-123")), &[("field-mask", "lines[0].custom.seal-number")]);
    is(&sealed(Some("AB-1234567890")), &[("field-length", "lines[0].custom.seal-number")]);
    let many = broken(|c| c.custom.extend((0..40).map(|at| custom(&format!("f{at}"), "x"))));
    is(&many, &[("too-many-fields", "custom")]);
}

#[test]
fn defaults_are_filled_in_and_rules_see_typed_values() {
    let (house, kinds) = (House::new(), kinds());
    let mut content = requisition();
    fill_defaults(&mut content, &kinds.fields, &house);
    assert_eq!(content.custom.values().collect::<Vec<_>>(), ["normal"]);
    let facts = gatewarden_documents::fields::facts(&content, &kinds.fields);
    let expect = gatewarden_documents::Value::Text("normal".into());
    assert_eq!(facts.values().collect::<Vec<_>>(), [&expect]);
    let line = [("seal-number".parse().unwrap(), "AB-1234".to_owned())].into();
    let of = |class| line_facts(&content, &line, class, &kinds.fields).len();
    assert_eq!((of(ItemClass::A), of(ItemClass::C)), (1, 0), "declared for class A alone");
}

#[test]
fn all_mistakes_of_a_document_are_told_at_once_and_bounded() {
    let found = broken(|content| {
        content.document.number = "\u{41c}R".into();
        content.note = "n".repeat(5_000);
        content.requester = Some("nobody".into());
        content.station = None;
        content.links.clear();
        content.lines[0].quantity = 0;
        content.lines[0].item = "NONE".parse().unwrap();
        content.lines[1].line = 10;
        content.lines[1].to = "@loss".parse().ok();
        content.custom.extend([("x".parse().unwrap(), "1".to_owned())]);
    });
    is(
        &found,
        &[
            ("code-lookalike", "document.number"),
            ("note-too-long", "note"),
            ("unknown-operator", "requester"),
            ("field-missing", "station"),
            ("line-twice", "lines[1].line"),
            ("quantity-zero", "lines[0].quantity"),
            ("unknown-item", "lines[0].item"),
            ("leg-unknown", "lines[1].to"),
            ("link-missing", "links"),
            ("unknown-field", "custom.x"),
        ],
    );
    let wrong = |count| {
        let lines = (0..count).map(|_| line(7, "NONE", -1, "", "")).collect();
        mistakes(&content(DocumentKind::PurchaseOrder, "PO-1", lines))
    };
    let many = wrong(DOCUMENT_LINES_MAX);
    assert_eq!(many.len(), MISTAKES_MAX + 1);
    assert_eq!(many[MISTAKES_MAX].0, "too-many-mistakes");
    let more = wrong(DOCUMENT_LINES_MAX * 100);
    is(&more, &[("field-missing", "partner"), ("too-many-lines", "lines")]);
}

/// Lines of all sorts, good ones among them.
fn any_line() -> impl Strategy<Value = DocumentLine> {
    let place = || {
        let places = [
            "",
            "wh1/a",
            "wh1/b",
            "wh9/x",
            "@supplier/ACME",
            "@production/x",
            "@loss",
            "@transit/t",
        ];
        proptest::sample::select(places.to_vec())
    };
    let item = proptest::sample::select(vec!["BOLT", "SEAL", "NONE"]);
    let quantity = prop_oneof![1_i64..100, any::<i64>(), Just(QUANTITY_MAX)];
    let status = proptest::sample::select(StockStatus::ALL.to_vec());
    let parts =
        (1_u32..30, item, quantity, place(), place(), status, proptest::option::of(any::<i64>()));
    parts.prop_map(|(number, item, quantity, from, to, status, amount)| DocumentLine {
        from_status: status,
        amount: amount.map(Amount::from_units),
        ..line(number, item, quantity, from, to)
    })
}

proptest! {
    #[test]
    fn what_passes_fails_later_for_nothing_that_it_says(
        lines in proptest::collection::vec(any_line(), 1..5),
        at in 0_usize..5,
        partner in any::<bool>(),
    ) {
        let kinds = kinds();
        let kind = &kinds.kinds[at];
        let mut content = content(kind.kind, "MR-2026-0001", lines);
        content.partner = partner.then(|| "ACME".into());
        content.requester = Some("li.wei".into());
        content.station = Some("counter".into());
        if kind.kind == DocumentKind::Requisition {
            content.links = vec![link(DocumentKind::WorkOrder, "WO-1", None)];
        }
        let found = check(&content, &kinds, &House::new());
        for mistake in &found {
            prop_assert!(!mistake.field.is_empty() && !mistake.message.is_empty());
        }
        if found.is_empty() {
            let moves = kind.execution != gatewarden_documents::Execution::None;
            for line in content.lines.iter().filter(|_| moves) {
                let way = kind.way(&content, line).unwrap();
                gatewarden_stock::kinds::check(way.movement, &way.from, &way.to).unwrap();
                gatewarden_stock::kinds::check_status(way.movement, line.from_status).unwrap();
            }
            let sum = content.lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(line.quantity));
            prop_assert!(sum.is_some());
            let stated = content.lines.iter().any(|line| line.amount.is_some());
            prop_assert_eq!(content.amount().is_some(), stated);
            let bytes = gatewarden_model::canonical::encode(&content).unwrap();
            let again: DocumentContent = gatewarden_model::canonical::decode(&bytes).unwrap();
            prop_assert_eq!(again.digest(), content.digest());
        }
    }
}
