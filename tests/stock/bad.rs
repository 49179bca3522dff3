//! Bad input over HTTP: each refused with its code, the field, and nothing moved.

use serde_json::{Value, json};

use crate::house::{House, day, posting, told, with};

/// One line to the supplier's side and back is all that differs.
fn line(changes: &[(&str, Value)]) -> Value {
    let mut line = json!({"line": 10, "item": "BOLT-M8", "quantity": "1",
        "from": "@supplier/ACME", "to": "wh1/a", "value": "1"});
    for (key, value) in changes {
        line[*key] = value.clone();
    }
    line
}

fn receipt(lines: Value) -> Value {
    posting("receipt", ("purchase-order", "4500001"), lines)
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused_with_its_code_and_field() {
    let house = House::open().await;
    let text = |text: &str| json!(text);
    let cases: Vec<(&str, Value, &str, &str)> = vec![
        ("too fine", line(&[("quantity", text("1.5"))]), "quantity-fraction", "lines[0].quantity"),
        (
            "no number",
            line(&[("quantity", text("1e3"))]),
            "quantity-malformed",
            "lines[0].quantity",
        ),
        (
            "too large",
            line(&[("quantity", text("99999999999999999999"))]),
            "quantity-overflow",
            "lines[0].quantity",
        ),
        ("zero", line(&[("quantity", text("0"))]), "quantity-zero", "lines[0].quantity"),
        ("negative", line(&[("quantity", text("-1"))]), "quantity-negative", "lines[0].quantity"),
        ("unknown unit", line(&[("unit", text("barrel"))]), "unknown-unit", "lines[0].unit"),
        ("unknown item", line(&[("item", text("NUT-M8"))]), "unknown-item", "lines[0].item"),
        ("unknown place", line(&[("to", text("wh9"))]), "unknown-location", "lines[0].to"),
        ("a lot is missing", line(&[("item", text("MILK-1L"))]), "lot-missing", "lines[0].lot"),
        ("value too fine", line(&[("value", text("1.001"))]), "value-decimals", "lines[0].value"),
        (
            "looks like another",
            line(&[("item", text("ВOLT-M8"))]),
            "code-lookalike",
            "lines[0].item",
        ),
    ];
    for (what, line, code, field) in cases {
        let expect = (422, code.to_owned(), field.to_owned());
        assert_eq!(house.refused(&receipt(json!([line]))).await, expect, "{what}");
    }
    whole_documents(&house).await;
    assert_eq!(house.stock("?all=true").await, [""; 0], "nothing moved");
    assert!(house.local.list("/api/v1/postings").await.is_empty(), "nothing waits");
}

/// What is wrong with the document as a whole.
async fn whole_documents(house: &House) {
    let transfer = |from: &str, to: &str, line: u32| json!({"line": line, "item": "BOLT-M8", "quantity": "1", "from": from, "to": to});
    let there_and_back =
        json!([transfer("wh1/a", "wh1/dock", 10), transfer("wh1/dock", "wh1/a", 20)]);
    let cancel = posting("transfer", ("transfer-order", "T-1"), there_and_back);
    let (status, code, _) = house.refused(&cancel).await;
    assert_eq!((status, code.as_str()), (422, "lines-cancel"));

    let issue = |changes: &[(&str, Value)]| {
        let mut line = line(&[("from", json!("wh1/a")), ("to", json!("@production/P"))]);
        line.as_object_mut().unwrap().remove("value");
        for (key, value) in changes {
            line[*key] = value.clone();
        }
        posting("issue", ("requisition", "R-1"), json!([line]))
    };
    let foreign = issue(&[("item", json!("MILK-1L")), ("lot", json!("L9"))]);
    let expect = (422, "lot-foreign".to_owned(), "lines[0].lot".to_owned());
    assert_eq!(house.refused(&foreign).await, expect);
    let short = house.refused(&issue(&[])).await;
    assert_eq!((short.0, short.1.as_str()), (422, "stock-short"));
    let owned = house.refused(&issue(&[("owner", json!("ACME"))])).await;
    assert_eq!((owned.0, owned.1.as_str()), (422, "stock-short"));

    let tomorrow = with(receipt(json!([line(&[])])), "effective", json!(day(1)));
    let expect = (422, "day-ahead".to_owned(), "effective".to_owned());
    assert_eq!(house.refused(&tomorrow).await, expect);

    let many: Vec<Value> = (0..1001).map(|n| line(&[("line", json!(n))])).collect();
    let (status, code, field) = house.refused(&receipt(json!(many))).await;
    assert_eq!((status, code.as_str(), field.as_str()), (422, "too-many-lines", "lines"));

    // A hundred thousand lines are refused by their size, before any of them is looked at.
    let many: Vec<Value> = (0..100_000).map(|n| line(&[("line", json!(n))])).collect();
    let start = std::time::Instant::now();
    let answer = house
        .people
        .erp
        .try_ask(reqwest::Method::POST, "/api/v1/postings", Some(&receipt(json!(many))))
        .await;
    // The daemon may hang up before the whole body is sent.
    if let Ok(answer) = answer {
        assert_eq!(told(&answer), (413, "body-too-large".to_owned(), String::new()));
    }
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());

    let no_text = receipt(json!([line(&[("quantity", json!(1))])]));
    let (status, code, field) = house.refused(&no_text).await;
    assert_eq!((status, code.as_str(), field.as_str()), (422, "bad-body", "lines[0].quantity"));
    let stranger = receipt(json!([line(&[("price", json!("1"))])]));
    let (status, code, field) = house.refused(&stranger).await;
    assert_eq!((status, code.as_str(), field.as_str()), (422, "bad-body", "lines[0].price"));
}
