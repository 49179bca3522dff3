//! Pure: movement → plan → the values that Tryton is given; Tryton's state → the next step.

use std::collections::BTreeMap;

use gatewarden_model::{
    Document, DocumentKind, ItemId, Location, Movement, MovementKind, MovementLine, StockStatus,
};
use serde_json::{Value, json};

use super::rpc;

/// Largest quantity that Tryton's floats hold exactly.
pub const QUANTITY_MAX: i64 = 1 << 53;

/// What a movement means for Tryton, still in the ledger's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// A supplier's shipment.
    Receipt {
        /// The supplier's name, as after `@supplier/`.
        supplier: String,
        /// The purchase order's number, if the document is one.
        order: Option<String>,
        /// Base units of each item.
        items: BTreeMap<ItemId, i64>,
    },
    /// An internal shipment.
    Transfer {
        /// From where.
        from: Location,
        /// To where.
        to: Location,
        /// Base units of each item.
        items: BTreeMap<ItemId, i64>,
    },
}

impl Plan {
    /// The shipment's model.
    #[must_use]
    pub fn model(&self) -> &'static str {
        match self {
            Self::Receipt { .. } => "stock.shipment.in",
            Self::Transfer { .. } => "stock.shipment.internal",
        }
    }

    /// Base units of each item.
    #[must_use]
    pub fn items(&self) -> &BTreeMap<ItemId, i64> {
        match self {
            Self::Receipt { items, .. } | Self::Transfer { items, .. } => items,
        }
    }
}

/// Makes a movement's plan, or says why Tryton can't take it.
pub fn plan(movement: &Movement) -> Result<Plan, String> {
    let kind = match movement.kind {
        MovementKind::Receipt | MovementKind::Transfer | MovementKind::PutAway => movement.kind,
        other => {
            return Err(format!(
                "tryton adapter does not map {}: leave it out of the adapter's `kinds`",
                other.name()
            ));
        }
    };
    plain(movement)?;
    let (from, to) = one_way(movement)?;
    let items = totals(movement)?;
    match kind {
        MovementKind::Receipt => {
            let supplier = from.as_str().strip_prefix("@supplier/").ok_or_else(|| {
                format!("a receipt comes from \"@supplier/NAME\", this one from {from:?}")
            })?;
            let order = order_number(&movement.document);
            Ok(Plan::Receipt { supplier: supplier.to_owned(), order, items })
        }
        _ if from.is_physical() && to.is_physical() => Ok(Plan::Transfer { from, to, items }),
        _ => Err(format!("a transfer is between physical locations, not {from:?} and {to:?}")),
    }
}

/// Refuses what Tryton would take for something else: it is told items and quantities only.
fn plain(movement: &Movement) -> Result<(), String> {
    let not_mapped = |what: String| {
        Err(format!("tryton adapter does not map {what}: enter this movement in tryton by hand"))
    };
    if let Some(original) = movement.reverses {
        return not_mapped(format!("reversals (this one takes back {original})"));
    }
    if movement.back_dated {
        return not_mapped("entries made late".to_owned());
    }
    match movement.lines.iter().find_map(beyond_quantity) {
        Some(what) => not_mapped(what),
        None => Ok(()),
    }
}

/// What a line says beyond item and quantity that would be lost.
fn beyond_quantity(line: &MovementLine) -> Option<String> {
    let status = [line.from_status, line.to_status].into_iter().find(|status| {
        // What was reserved for a posting is available stock to everybody else.
        !matches!(status, StockStatus::Available | StockStatus::Reserved)
    });
    let lot = line.lot.as_ref().map(|lot| format!("lots (line {} has lot {lot})", line.line));
    let owner = || {
        let owner = line.owner.as_ref()?;
        Some(format!("consigned stock (line {} is {owner}'s)", line.line))
    };
    let held = || {
        let status = status?;
        Some(format!("stock status (line {} has {})", line.line, status.name()))
    };
    lot.or_else(owner).or_else(held)
}

fn order_number(document: &Document) -> Option<String> {
    (document.kind == DocumentKind::PurchaseOrder).then(|| document.number.clone())
}

/// One shipment has one way; where a receipt is put is Tryton's warehouse's business.
fn one_way(movement: &Movement) -> Result<(Location, Location), String> {
    let first = movement.lines.first().ok_or("the movement has no line")?;
    let receipt = movement.kind == MovementKind::Receipt;
    let other = movement
        .lines
        .iter()
        .find(|line| line.from != first.from || (!receipt && line.to != first.to));
    match other {
        None => Ok((first.from.clone(), first.to.clone())),
        Some(line) => Err(format!(
            "one tryton shipment has one way, but the lines go {:?} to {:?} and {:?} to {:?}: \
             split the document",
            first.from, first.to, line.from, line.to
        )),
    }
}

fn totals(movement: &Movement) -> Result<BTreeMap<ItemId, i64>, String> {
    let mut items = BTreeMap::new();
    for line in &movement.lines {
        let total: &mut i64 = items.entry(line.item.clone()).or_default();
        *total = total
            .checked_add(line.quantity)
            .filter(|n| (1..=QUANTITY_MAX).contains(n))
            .ok_or_else(|| format!("the quantity of {} is out of tryton's range", line.item))?;
    }
    Ok(items)
}

/// A product as Tryton knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its id.
    pub id: i64,
    /// Its default unit's id: the base unit of the ledger.
    pub unit: i64,
    /// Its cost price, Tryton's own text.
    pub cost: String,
    /// Base units that move.
    pub quantity: i64,
}

/// A purchase's move that waits for its shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its id.
    pub id: i64,
    /// The product's id.
    pub product: i64,
    /// The purchase's unit.
    pub unit: i64,
    /// How many base units it waits for.
    pub quantity: i64,
}

/// Where and with whose money a receipt goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    /// `reference`: the movement's id.
    pub reference: String,
    /// The company's id.
    pub company: i64,
    /// Its currency.
    pub currency: i64,
    /// The supplier's party.
    pub supplier: i64,
    /// The supplier's location.
    pub supplier_location: i64,
    /// The warehouse.
    pub warehouse: i64,
    /// Its input location.
    pub input: i64,
    /// Its storage location.
    pub storage: i64,
}

/// The values of a `stock.shipment.in`: pending moves are taken up, cut where less came; what no
/// purchase waits for becomes a move of its own.
pub fn receipt(
    inbound: &Inbound,
    products: &[Product],
    pending: &[Pending],
) -> Result<Value, String> {
    let mut moves = Vec::new();
    let mut taken = Vec::new();
    for product in products {
        let mut rest = product.quantity;
        for wait in pending.iter().filter(|p| p.product == product.id && p.quantity > 0) {
            if rest == 0 {
                break;
            }
            let part = rest.min(wait.quantity);
            if part < wait.quantity {
                if wait.unit != product.unit {
                    return Err(format!(
                        "a part of purchase move {} came, but it counts in another unit than its \
                         product's default: order in the default unit",
                        wait.id
                    ));
                }
                moves.push(json!(["write", [wait.id], {"quantity": part}]));
            }
            taken.push(wait.id);
            rest -= part;
        }
        if rest > 0 {
            moves.push(json!(["create", [unplanned(inbound, product, rest)]]));
        }
    }
    if !taken.is_empty() {
        moves.push(json!(["add", taken]));
    }
    Ok(json!({
        "reference": inbound.reference,
        "company": inbound.company,
        "supplier": inbound.supplier,
        "warehouse": inbound.warehouse,
        "warehouse_input": inbound.input,
        "warehouse_storage": inbound.storage,
        "incoming_moves": moves,
    }))
}

fn unplanned(inbound: &Inbound, product: &Product, quantity: i64) -> Value {
    json!({
        "product": product.id,
        "unit": product.unit,
        "quantity": quantity,
        "from_location": inbound.supplier_location,
        "to_location": inbound.input,
        "company": inbound.company,
        "unit_price": rpc::decimal(&product.cost),
        "currency": inbound.currency,
    })
}

/// The values of a `stock.shipment.internal`.
#[must_use]
pub fn transfer(reference: &str, company: i64, way: (i64, i64), products: &[Product]) -> Value {
    let (from, to) = way;
    let moves: Vec<Value> = products
        .iter()
        .map(|product| {
            json!({
                "product": product.id,
                "unit": product.unit,
                "quantity": product.quantity,
                "from_location": from,
                "to_location": to,
                "company": company,
            })
        })
        .collect();
    json!({
        "reference": reference,
        "company": company,
        "from_location": from,
        "to_location": to,
        "moves": [["create", moves]],
    })
}

/// What brings a shipment nearer to done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Press this button.
    Call(&'static str),
    /// It is done.
    Done,
    /// No way leads on from here.
    Stuck,
}

/// The next step of a shipment in `state`; `transit`: it goes over a transit location.
#[must_use]
pub fn next_step(plan: &Plan, state: &str, transit: bool) -> Step {
    match (plan, state) {
        (_, "done") => Step::Done,
        (Plan::Receipt { .. }, "draft") => Step::Call("receive"),
        (Plan::Receipt { .. }, "received") => Step::Call("do"),
        (Plan::Transfer { .. }, "draft") => Step::Call("wait"),
        (Plan::Transfer { .. }, "waiting") => Step::Call("assign_try"),
        (Plan::Transfer { .. }, "assigned") if transit => Step::Call("pack"),
        (Plan::Transfer { .. }, "packed") => Step::Call("ship"),
        (Plan::Transfer { .. }, "assigned" | "shipped") => Step::Call("do"),
        _ => Step::Stuck,
    }
}

/// Compares what Tryton did with what was asked, product by product.
pub fn compare(products: &[Product], done: &BTreeMap<i64, i64>) -> Result<(), String> {
    for product in products {
        let there = done.get(&product.id).copied().unwrap_or(0);
        if there != product.quantity {
            return Err(format!(
                "tryton moved {there} of product {}, the ledger {}",
                product.id, product.quantity
            ));
        }
    }
    match done.keys().find(|id| products.iter().all(|p| p.id != **id)) {
        Some(id) => Err(format!("tryton also moved {} of product {id}, the ledger 0", done[id])),
        None => Ok(()),
    }
}
