//! Bad input over HTTP: each refused with its code, the field, the way out, and nothing moved.

mod books;
mod documents;
mod names;
mod quantities;
mod tasks;

use gatewarden_tests::Caller;
use serde_json::{Value, json};

use crate::house::{House, day, posting};

/// What is wrong, where it is sent, what is sent, and the answer: status, code, field, message.
#[derive(Clone)]
struct Case {
    what: &'static str,
    path: &'static str,
    body: Value,
    answer: (u16, &'static str, &'static str, String),
}

fn case(
    what: &'static str,
    path: &'static str,
    body: Value,
    code: &'static str,
    field: &'static str,
    message: impl Into<String>,
) -> Case {
    Case { what, path, body, answer: (422, code, field, message.into()) }
}

/// A line of a receipt of one bolt, with some of it changed; `null` takes a key away.
fn line(changes: &[(&str, Value)]) -> Value {
    let mut line = json!({"line": 10, "item": "BOLT-M8", "quantity": "1",
        "from": "@supplier/ACME", "to": "wh1/a", "value": "1"});
    for (key, value) in changes {
        match value {
            Value::Null => drop(line.as_object_mut().unwrap().remove(*key)),
            value => line[*key] = value.clone(),
        }
    }
    line
}

fn receipt(lines: Value) -> Value {
    posting("receipt", ("purchase-order", "4500001"), lines)
}

/// A receipt with one line changed, and what is told of it.
fn of_line(
    what: &'static str,
    changes: &[(&str, Value)],
    code: &'static str,
    field: &'static str,
    message: &str,
) -> Case {
    case(what, POSTINGS, receipt(json!([line(changes)])), code, field, message)
}

/// The same of what is issued from where milk and bolts are.
fn of_issue(
    what: &'static str,
    changes: &[(&str, Value)],
    code: &'static str,
    field: &'static str,
    message: &str,
) -> Case {
    let places = [("from", json!("wh1/a")), ("to", json!("@production/P")), ("value", Value::Null)];
    let changes = [&places[..], changes].concat();
    let body = posting("issue", ("requisition", "R-1"), json!([line(&changes)]));
    case(what, POSTINGS, body, code, field, message)
}

const POSTINGS: &str = "/api/v1/postings";

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused_with_its_code_its_field_and_the_way_out() {
    let house = House::open().await;
    let milk = |n: u32, lot: &str, owner: Value, value: Value| {
        line(&[
            ("line", json!(n)),
            ("item", json!("MILK-1L")),
            ("lot", json!(lot)),
            ("owner", owner),
            ("value", value),
            ("quantity", json!("12")),
        ])
    };
    let bolts = line(&[("line", json!(30)), ("quantity", json!("5")), ("lot", json!("B1"))]);
    let loose = line(&[("line", json!(40)), ("quantity", json!("5"))]);
    let received = house
        .post(&receipt(json!([
            milk(10, "L1", Value::Null, json!("12")),
            milk(20, "C1", json!("ACME"), Value::Null),
            bolts,
            loose
        ])))
        .await;
    let scopes = ["price:approve", "price:modify", "inbound:modify"];
    let keeper = house.people.machine("keeper", &scopes).await;
    let closed = day(-2);
    keeper.post_ok("/api/v1/periods/close", &json!({"until": closed})).await;
    let before = house.stock("?all=true").await;

    let (erp, id) = (&house.people.erp, received["id"].as_str().unwrap());
    let mut others = vec![];
    for case in
        [quantities::quantities(), names::names(), documents::documents(&closed), tasks::tasks()]
            .concat()
            .into_iter()
            .chain(names::owners(false))
    {
        others.extend(differs(erp, case).await);
    }
    let owners = house.people.machine("owners", &["outbound:create", "field:owner:view"]).await;
    for case in names::owners(true) {
        others.extend(differs(&owners, case).await);
    }
    for case in books::books(id, &closed) {
        others.extend(differs(&keeper, case).await);
    }
    let storekeeper = house.people.sign_in("li.wei", None).await;
    for case in documents::counts() {
        others.extend(differs(&storekeeper, case).await);
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
    a_document_of_a_hundred_thousand_lines(&house).await;
    assert_eq!(house.stock("?all=true").await, before, "nothing moved");
    assert!(house.local.list("/api/v1/postings").await.is_empty(), "nothing waits");
    assert!(house.local.list("/tasks").await.is_empty(), "nothing is expected");
}

/// The case with the answer that it got, where that is another than it should be.
async fn differs(caller: &Caller, case: Case) -> Option<String> {
    let answer = caller.post(case.path, &case.body).await;
    let text = |key: &str| answer.body[key].as_str().unwrap_or_default().to_owned();
    let (code, field, message) = (text("code"), text("field"), text("message"));
    let (status, wanted_code, wanted_field, wanted) = &case.answer;
    let same = answer.status == *status && code == *wanted_code && field == *wanted_field;
    (!same || without_column(&message) != without_column(wanted)).then(|| {
        let status = answer.status;
        format!("{}\t{status}\t{code}\t{field}\t{message}", case.what)
    })
}

/// A message without the column that it names: in which order a body's keys are sent depends on what
/// else is built with this test.
fn without_column(message: &str) -> String {
    let Some((before, after)) = message.split_once(" column ") else { return message.to_owned() };
    format!("{before} column N{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// It is refused by its size, before any of its lines is looked at: the answer comes to the head of
/// the request already. (A client that sends the whole body without looking up may find the line cut
/// before it has read the answer.)
async fn a_document_of_a_hundred_thousand_lines(house: &House) {
    let many: Vec<Value> = (0..100_000).map(|n| line(&[("line", json!(n))])).collect();
    let length = receipt(json!(many)).to_string().len();
    let answer = house.people.erp.post_head(POSTINGS, length).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").expect("an answer has a body");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["code"], "body-too-large");
    let words =
        "the body has more than 1048576 bytes: a document has at most 1000 lines, send several";
    assert_eq!(body["message"], words);
}
