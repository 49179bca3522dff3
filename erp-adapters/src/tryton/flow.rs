//! The way of one movement: search, create, press the buttons, read back.
//!
//! Invariants: nothing is created before a search found nothing; whatever state a shipment is found
//! in, the same loop drives it on; Delivered is said only after state and quantities were read back.
//! Absent: a guard against a create that Tryton commits only after the next search. Two shipments
//! with one reference are noticed, and the younger ones cancelled while they are drafts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    client::{Answered, Client},
    map::{self, Inbound, Plan, Product, Step},
    names::{self, id},
    rpc,
};
use crate::{Delivery, Outcome};

/// Buttons pressed for one shipment, at most.
const STEPS_MAX: u32 = 8;

/// Brings a movement to Tryton.
pub(super) async fn deliver(client: &Client, delivery: &Delivery) -> Outcome {
    match run(client, delivery, true).await {
        Ok(Some(remote_id)) => Outcome::Delivered { remote_id },
        Ok(None) => Outcome::retry("tryton has no shipment of this movement"),
        Err(outcome) => outcome,
    }
}

/// Whether a movement is done in Tryton; a shipment found half-way is driven on. One that can't be
/// is answered as not there: delivering it again resumes it and tells the reason.
pub(super) async fn look_up(
    client: &Client,
    delivery: &Delivery,
) -> Result<Option<String>, String> {
    match run(client, delivery, false).await {
        Ok(found) => Ok(found),
        Err(Outcome::Retry { reason, .. }) => Err(reason),
        Err(_) => Ok(None),
    }
}

async fn run(client: &Client, delivery: &Delivery, create: bool) -> Answered<Option<String>> {
    let plan = map::plan(&delivery.movement).map_err(Outcome::rejected)?;
    let reference = delivery.movement.id.to_string();
    let mut run = Run { client, plan, reference, wrote: false };
    let result = run.whole_way(create).await;
    result.map_err(|outcome| match outcome {
        Outcome::Retry { reason, after, .. } if run.wrote => {
            Outcome::Retry { reason, after, uncertain: true }
        }
        other => other,
    })
}

struct Run<'a> {
    client: &'a Client,
    plan: Plan,
    reference: String,
    /// Something was written: from here on every failure is uncertain.
    wrote: bool,
}

struct Shipment {
    id: i64,
    number: Option<String>,
    state: String,
    transit: bool,
}

impl Run<'_> {
    async fn whole_way(&mut self, create: bool) -> Answered<Option<String>> {
        let mut found = self.find().await?;
        if found.is_none() && !create {
            return Ok(None);
        }
        let products = names::products(self.client, self.plan.items()).await?;
        if found.is_none() {
            self.create(&products).await?;
            found = self.find().await?;
        }
        let Some(shipment) = found else {
            return Err(Outcome::retry("tryton made a shipment, but does not show it"));
        };
        let shipment = self.drive(shipment).await?;
        self.read_back(&shipment, &products).await?;
        let model = self.plan.model();
        Ok(Some(shipment.number.unwrap_or_else(|| format!("{model},{}", shipment.id))))
    }

    /// The oldest shipment with the movement's id that is not cancelled, else a cancelled one.
    async fn find(&mut self) -> Answered<Option<Shipment>> {
        let domain = json!([["reference", "=", self.reference]]);
        let (gone, alive): (Vec<_>, Vec<_>) =
            self.shipments(domain).await?.into_iter().partition(|s| s.state == "cancelled");
        let mut alive = alive.into_iter();
        let first = alive.next();
        for twin in alive {
            if twin.state != "draft" {
                return Err(Outcome::rejected(format!(
                    "tryton has two shipments with reference {}: cancel one",
                    self.reference
                )));
            }
            self.press("cancel", twin.id).await?;
        }
        Ok(first.or_else(|| gone.into_iter().next()))
    }

    /// The oldest first.
    async fn shipments(&self, domain: Value) -> Answered<Vec<Shipment>> {
        let mut fields = vec!["number", "state"];
        if matches!(self.plan, Plan::Transfer { .. }) {
            fields.push("transit_location");
        }
        let rows = self.client.rows(self.plan.model(), domain, &fields).await?;
        rows.iter()
            .map(|row| {
                Ok(Shipment {
                    id: id(row, "id")?,
                    number: row["number"].as_str().map(str::to_owned),
                    state: row["state"].as_str().unwrap_or_default().to_owned(),
                    transit: row["transit_location"].is_i64(),
                })
            })
            .collect()
    }

    async fn create(&mut self, products: &[Product]) -> Answered<()> {
        let values = match self.plan.clone() {
            Plan::Receipt { supplier, order, .. } => {
                self.receipt(&supplier, order.as_deref(), products).await?
            }
            Plan::Transfer { from, to, .. } => {
                let from = id(&names::location(self.client, from.as_str()).await?, "id")?;
                let to = id(&names::location(self.client, to.as_str()).await?, "id")?;
                let company = self.client.company().await?;
                map::transfer(&self.reference, company, (from, to), products)
            }
        };
        let method = format!("model.{}.create", self.plan.model());
        self.client.write(&method, vec![json!([values])]).await?;
        self.wrote = true;
        Ok(())
    }

    async fn receipt(
        &self,
        supplier: &str,
        order: Option<&str>,
        products: &[Product],
    ) -> Answered<Value> {
        let client = self.client;
        let company = client.company().await?;
        let rows = client.rows("company.company", json!([["id", "=", company]]), &["currency"]);
        let rows = rows.await?;
        let party = names::supplier(client, supplier).await?;
        let warehouse = names::location(client, &client.settings().warehouse).await?;
        let inbound = Inbound {
            reference: self.reference.clone(),
            company,
            currency: id(rows.first().unwrap_or(&Value::Null), "currency")?,
            supplier: id(&party, "id")?,
            supplier_location: id(&party, "supplier_location")?,
            warehouse: id(&warehouse, "id")?,
            input: id(&warehouse, "input_location")?,
            storage: id(&warehouse, "storage_location")?,
        };
        let pending = match order {
            Some(order) => names::pending(client, order, company, inbound.supplier).await?,
            None => Vec::new(),
        };
        map::receipt(&inbound, products, &pending).map_err(Outcome::rejected)
    }

    async fn drive(&mut self, mut shipment: Shipment) -> Answered<Shipment> {
        for _ in 0..STEPS_MAX {
            let button = match map::next_step(&self.plan, &shipment.state, shipment.transit) {
                Step::Done => return Ok(shipment),
                Step::Stuck => return Err(self.stays(&shipment, "no step leads on from there")),
                Step::Call(button) => button,
            };
            self.press(button, shipment.id).await?;
            let now = self.again(shipment.id).await?;
            if now.state == shipment.state {
                let why = match button {
                    "assign_try" => "it has not enough stock at the source".to_owned(),
                    other => format!("{other} changed nothing"),
                };
                return Err(self.stays(&now, &why));
            }
            shipment = now;
        }
        Err(self.stays(&shipment, "too many steps"))
    }

    async fn again(&self, shipment: i64) -> Answered<Shipment> {
        let found = self.shipments(json!([["id", "=", shipment]])).await?;
        let gone = || Outcome::rejected(format!("somebody deleted tryton's shipment {shipment}"));
        found.into_iter().next().ok_or_else(gone)
    }

    async fn press(&mut self, button: &str, shipment: i64) -> Answered<()> {
        let method = format!("model.{}.{button}", self.plan.model());
        self.client.write(&method, vec![json!([shipment])]).await?;
        self.wrote = true;
        Ok(())
    }

    fn stays(&self, shipment: &Shipment, why: &str) -> Outcome {
        let name = shipment.number.clone().unwrap_or_else(|| shipment.id.to_string());
        Outcome::rejected(format!(
            "tryton's {} {name} stays in state {}: {why}",
            self.plan.model(),
            shipment.state
        ))
    }

    async fn read_back(&self, shipment: &Shipment, products: &[Product]) -> Answered<()> {
        let origin = format!("{},{}", self.plan.model(), shipment.id);
        let mut domain = vec![json!(["shipment", "=", origin]), json!(["state", "=", "done"])];
        match &self.plan {
            // What came in; the moves from the input to the storage location repeat it.
            Plan::Receipt { .. } => domain.push(json!(["from_location.type", "=", "supplier"])),
            // What arrived; over a transit location there is a move before.
            Plan::Transfer { to, .. } => {
                let to = id(&names::location(self.client, to.as_str()).await?, "id")?;
                domain.push(json!(["to_location", "=", to]));
            }
        }
        let fields = ["product", "internal_quantity"];
        let rows = self.client.rows("stock.move", json!(domain), &fields).await?;
        let mut done = BTreeMap::new();
        for row in &rows {
            let quantity = rpc::whole(&row["internal_quantity"]).ok_or_else(|| {
                Outcome::rejected(format!("tryton moved {}", row["internal_quantity"]))
            })?;
            *done.entry(id(row, "product")?).or_insert(0) += quantity;
        }
        map::compare(products, &done).map_err(Outcome::rejected)
    }
}
