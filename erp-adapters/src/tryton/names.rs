//! From the ledger's words to Tryton's ids: exactly one record, or a reason that names the word.

use std::collections::BTreeMap;

use gatewarden_model::ItemId;
use serde_json::{Value, json};

use super::{
    client::{Answered, Client},
    map::{Pending, Product},
    rpc,
};
use crate::Outcome;

/// The products of a plan, by the items' codes.
pub(super) async fn products(
    client: &Client,
    items: &BTreeMap<ItemId, i64>,
) -> Answered<Vec<Product>> {
    let mut products = Vec::with_capacity(items.len());
    for (item, quantity) in items {
        let code = mapped(&client.settings().items, item.as_str());
        let fields = ["code", "default_uom", "cost_price"];
        let rows = client.rows("product.product", json!([["code", "=", code]]), &fields).await?;
        let row = pick(&rows, "code", "code", code).map_err(|n| unknown("product", code, n))?;
        products.push(Product {
            id: id(row, "id")?,
            unit: id(row, "default_uom")?,
            cost: row["cost_price"]["decimal"].as_str().unwrap_or("0").to_owned(),
            quantity: *quantity,
        });
    }
    Ok(products)
}

/// A location by code, else by name.
pub(super) async fn location(client: &Client, word: &str) -> Answered<Value> {
    let text = mapped(&client.settings().locations, word);
    let fields = ["code", "name", "input_location", "storage_location"];
    by_code_or_name(client, "stock.location", "location", text, &fields).await
}

/// A party by code, else by name.
pub(super) async fn supplier(client: &Client, word: &str) -> Answered<Value> {
    let text = mapped(&client.settings().suppliers, word);
    let fields = ["code", "name", "supplier_location"];
    by_code_or_name(client, "party.party", "party", text, &fields).await
}

/// The moves that a purchase waits for: none if Tryton has no such purchase, or has it all.
pub(super) async fn pending(
    client: &Client,
    order: &str,
    company: i64,
    supplier: i64,
) -> Answered<Vec<Pending>> {
    let domain = json!([
        ["company", "=", company],
        ["OR", ["number", "=", order], ["reference", "=", order]],
    ]);
    let fields = ["number", "reference", "state", "party"];
    let rows = client.rows("purchase.purchase", domain, &fields).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let row =
        pick(&rows, "number", "reference", order).map_err(|n| unknown("purchase", order, n))?;
    if id(row, "party")? != supplier {
        let reason = format!("purchase {order} is another supplier's in tryton");
        return Err(Outcome::rejected(reason));
    }
    match row["state"].as_str().unwrap_or_default() {
        "processing" | "done" => {}
        "confirmed" => return Err(Outcome::retry(format!("purchase {order} is being processed"))),
        state => {
            return Err(Outcome::rejected(format!(
                "purchase {order} is in state {state} in tryton: confirm it, then deliver again"
            )));
        }
    }
    moves(client, id(row, "id")?).await
}

async fn moves(client: &Client, purchase: i64) -> Answered<Vec<Pending>> {
    let domain = json!([
        ["purchase", "=", purchase],
        ["state", "=", "draft"],
        ["shipment", "=", null],
        ["from_location.type", "=", "supplier"],
    ]);
    let fields = ["product", "unit", "internal_quantity"];
    let rows = client.rows("stock.move", domain, &fields).await?;
    rows.iter()
        .map(|row| {
            Ok(Pending {
                id: id(row, "id")?,
                product: id(row, "product")?,
                unit: id(row, "unit")?,
                quantity: rpc::whole(&row["internal_quantity"]).ok_or_else(|| {
                    let quantity = &row["internal_quantity"];
                    Outcome::rejected(format!("purchase move of {quantity}: not a whole number"))
                })?,
            })
        })
        .collect()
}

/// A many2one's or the row's own id.
pub(super) fn id(row: &Value, field: &str) -> Answered<i64> {
    row[field].as_i64().ok_or_else(|| {
        let name = row["name"].as_str().or_else(|| row["code"].as_str()).unwrap_or("a record");
        Outcome::rejected(format!("tryton's {name} has no {field}: set it"))
    })
}

async fn by_code_or_name(
    client: &Client,
    model: &str,
    what: &str,
    text: &str,
    fields: &[&str],
) -> Answered<Value> {
    let domain = json!(["OR", ["code", "=", text], ["name", "=", text]]);
    let rows = client.rows(model, domain, fields).await?;
    pick(&rows, "code", "name", text).cloned().map_err(|n| unknown(what, text, n))
}

/// The one row whose `first` field is `text`, else the one whose `second` is; or how many there are.
fn pick<'a>(rows: &'a [Value], first: &str, second: &str, text: &str) -> Result<&'a Value, usize> {
    for field in [first, second] {
        let fits: Vec<&Value> = rows.iter().filter(|r| r[field] == text).collect();
        match fits.as_slice() {
            [] => {}
            [row] => return Ok(row),
            more => return Err(more.len()),
        }
    }
    Err(0)
}

fn unknown(what: &str, text: &str, found: usize) -> Outcome {
    Outcome::rejected(match found {
        0 => format!("tryton has no {what} {text:?}: create it or map it in the adapter"),
        n => format!("tryton has {n} of {what} {text:?}: map it to a unique code"),
    })
}

fn mapped<'a>(map: &'a BTreeMap<String, String>, word: &'a str) -> &'a str {
    map.get(word).map_or(word, String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_goes_before_a_name_and_both_must_be_unique() {
        let row = |id: i64, code: &str, name: &str| json!({"id": id, "code": code, "name": name});
        let rows = [row(1, "A", "B"), row(2, "B", "x"), row(3, "c", "D"), row(4, "e", "D")];
        let got = |text| pick(&rows, "code", "name", text).map(|r| r["id"].clone());
        assert_eq!(got("B"), Ok(json!(2)));
        assert_eq!(got("x"), Ok(json!(2)));
        assert_eq!(got("D"), Err(2));
        assert_eq!(got("?"), Err(0));
    }
}
