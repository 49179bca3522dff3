//! Tags bound to pieces, lots, and cost that lands on a receipt: over HTTP, by whoever may.

use gatewarden_tests::Caller;
use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, path_of, posting, told};

/// Milk of a lot at wh1/a, worth 30.00.
fn milk(number: &str, lot: &str, quantity: &str) -> Value {
    let line = json!({"line": 10, "item": "MILK-1L", "quantity": quantity, "lot": lot,
        "expires": "2031-05-31", "from": "@supplier/DAIRY", "to": "wh1/a", "value": "30"});
    posting("receipt", ("purchase-order", number), json!([line]))
}

fn refused(answer: &gatewarden_tests::Answer, status: u16, code: &str, field: &str) {
    assert_eq!(told(answer), (status, code.to_owned(), field.to_owned()), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_stands_for_a_piece_until_it_is_released() {
    let house = House::open().await;
    house.post(&milk("4500001", "L1", "12")).await;
    let keeper = house.people.sign_in("li.wei", None).await;
    let bind = |changes: &[(&str, Value)]| {
        let mut body = json!({"tag": "CARD-7", "item": "MILK-1L", "lot": "L1"});
        changes.iter().for_each(|(key, value)| body[*key] = value.clone());
        body
    };
    let path = "/api/v1/tags";
    let sales = house.people.sign_in("sam.sales", None).await;
    assert_eq!(sales.post(path, &bind(&[])).await.status, 403);
    let unknown = keeper.post(path, &bind(&[("item", json!("MILK-2L"))])).await;
    refused(&unknown, 422, "unknown-item", "item");
    refused(&keeper.post(path, &bind(&[("lot", Value::Null)])).await, 422, "lot-missing", "lot");
    let strange = keeper.post(path, &bind(&[("colour", json!("red"))])).await;
    assert_eq!((strange.status, &strange.body["code"]), (422, &json!("bad-body")));

    let bound = keeper.post_ok(path, &bind(&[])).await;
    assert_eq!(bound.status, 201);
    let key = bound.body["tag"].as_str().unwrap().to_owned();
    keeper.post_ok(path, &bind(&[])).await;
    assert_eq!(house.gateway.journal().of_kind("commissioned").count(), 1, "asked twice, once");
    let other = keeper.post(path, &bind(&[("lot", json!("L2"))])).await;
    refused(&other, 422, "tag-bound", "tag");
    for name in [key.as_str(), "CARD-7"] {
        let thing = house.local.get(&path_of("/api/v1/things", name)).await;
        assert_eq!(thing["key"], key.as_str());
        assert_eq!((&thing["item"], &thing["lot"]), (&json!("MILK-1L"), &json!("L1")));
        assert_eq!(thing["commissioned"], true);
    }
    let delete = |body: Value| {
        let keeper = keeper.clone();
        async move { keeper.ask(Method::DELETE, path, Some(&body)).await }
    };
    let silent = delete(json!({"tag": "CARD-7", "reason": ""})).await;
    assert_eq!((silent.status, &silent.body["code"]), (422, &json!("reason-missing")));
    let done = delete(json!({"tag": "CARD-7", "reason": "the card broke"})).await;
    assert_eq!(done.status, 204, "{}", done.body);
    let thing = house.local.ask(Method::GET, &path_of("/api/v1/things", &key), None).await;
    assert!(thing.status == 404 || thing.body["commissioned"] == false, "{}", thing.body);
    let again = delete(json!({"tag": "CARD-7", "reason": "the card broke"})).await;
    refused(&again, 422, "unknown-tag", "tag");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lot_tells_its_last_day_and_where_it_is() {
    let house = House::open().await;
    house.post(&milk("4500001", "L1", "12")).await;
    house.post(&milk("4500002", "L2", "6")).await;
    let lot = house.local.get("/api/v1/lots/MILK-1L/L1").await;
    assert_eq!((&lot["item"], &lot["lot"]), (&json!("MILK-1L"), &json!("L1")));
    assert_eq!(lot["expires"], "2031-05-31");
    let stock = lot["stock"].as_array().unwrap();
    let physical = stock.iter().find(|row| row["location"] == "wh1/a").unwrap();
    assert_eq!((&physical["quantity"], &physical["value"]), (&json!(12), &json!("30")));
    assert!(stock.iter().all(|row| row["lot"] == "L1"), "{stock:?}");
    for path in ["/api/v1/lots/MILK-1L/L9", "/api/v1/lots/BOLT-M8/L1", "/api/v1/things/none"] {
        let answer = house.local.ask(Method::GET, path, None).await;
        assert_eq!(told(&answer).0, 404, "{path}");
    }
    // The ERP's token may open tasks and see none of it; without the right to prices, no value.
    for path in ["/api/v1/lots/MILK-1L/L1", "/api/v1/units/1", "/api/v1/things/none"] {
        let answer = house.people.erp.ask(Method::GET, path, None).await;
        assert_eq!((answer.status, &answer.body["code"]), (403, &json!("denied")), "{path}");
    }
    let seen = house.people.viewer.get("/api/v1/lots/MILK-1L/L1").await;
    assert!(!seen.to_string().contains("\"value\":\"30\""), "{seen}");
}

/// An accountant at a console.
async fn accountant(house: &House) -> Caller {
    let body = json!({"operator": "ann.books", "name": "Ann", "roles": ["accountant"],
        "badges": ["OP-6001"]});
    house.people.enrol_one(&body, "6925").await;
    let door = house.gateway.anybody();
    let answer = door.post_ok("/session", &json!({"badge": "OP-6001", "pin": "6925"})).await;
    door.with_cookie(answer.cookie.as_deref().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn cost_lands_on_a_receipt_and_on_what_left_of_it() {
    let house = House::open().await;
    let line = json!([{"line": 10, "item": "BOLT-M8", "quantity": "10", "from": "@supplier/ACME",
        "to": "wh1/a", "value": "100"}]);
    let received = house.post(&posting("receipt", ("purchase-order", "4500001"), line)).await;
    let line = json!([{"line": 10, "item": "BOLT-M8", "quantity": "4", "from": "wh1/a",
        "to": "@production/P"}]);
    house.post(&posting("issue", ("requisition", "R-1"), line)).await;
    assert_eq!(house.stock("").await, ["BOLT-M8 wh1/a 6 = 60"]);

    let books = accountant(&house).await;
    let path = "/api/v1/landed-costs";
    let land = |number: &str, amount: &str| {
        json!({"movement": received["id"], "amounts": [amount],
            "document": {"kind": "purchase-order", "number": number}})
    };
    let keeper = house.people.sign_in("li.wei", None).await;
    assert_eq!(keeper.post(path, &land("F-1", "20")).await.status, 403, "no matter of his");
    let nothing = books.post(path, &land("F-1", "0")).await;
    refused(&nothing, 422, "amount-zero", "amounts");
    let fine = books.post(path, &land("F-1", "0.001")).await;
    refused(&fine, 422, "value-decimals", "amounts[0]");
    let mut nobody = land("F-1", "20");
    nobody["movement"] = json!(uuid::Uuid::new_v4());
    let unknown = books.post(path, &nobody).await;
    refused(&unknown, 422, "movement-unknown", "movement");
    assert_eq!(house.stock("").await, ["BOLT-M8 wh1/a 6 = 60"], "nothing landed");

    assert_eq!(books.post_ok(path, &land("F-1", "20")).await.status, 201);
    assert_eq!(house.stock("").await, ["BOLT-M8 wh1/a 6 = 72"], "six tenths of it are here");
    books.post_ok(path, &land("F-1", "20")).await;
    let other = books.post(path, &land("F-1", "21")).await;
    assert_eq!((other.status, &other.body["code"]), (409, &json!("posting-differs")));
    let journal = house.gateway.journal();
    let [landed] = &journal.of_kind("cost-landed").collect::<Vec<_>>()[..] else { panic!("one") };
    let lines = landed["voucher"].as_array().unwrap();
    let mut booked: Vec<String> = lines
        .iter()
        .map(|l| format!("{} {}", l["account"], l["amount"]).replace('"', ""))
        .collect();
    booked.sort_unstable();
    assert_eq!(booked, ["1403 12", "2203 -20", "5001 8"]);
    let report = house.gateway.cli_ok(&["ledger", "verify"], "");
    assert!(report.contains("the ledger is whole"), "{report}");
}
