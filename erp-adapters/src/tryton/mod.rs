//! Tryton 8.2 over JSON-RPC (the paths of 7.x are tried too).
//!
//! A receipt becomes a `stock.shipment.in` (received, then done), a transfer a
//! `stock.shipment.internal` (waiting, assigned, done). The movement's id stands in the shipment's
//! `reference`: it is searched first, and a shipment found half-way is driven on, so that neither a
//! crash nor a time-out posts twice. Where Tryton has a purchase with the document's number or
//! reference, its pending moves are received; else the receipt goes without an origin. After `done`
//! state and quantities are read back and compared.
//!
//! Absent: other kinds of movement (rejected by name), lots and serials (module `stock_lot`), and
//! the put-away place of a receipt: Tryton's warehouse decides where it stores what came in.

mod client;
mod flow;
pub mod map;
mod names;
mod rpc;

use std::{collections::BTreeMap, sync::Arc};

use gatewarden_model::Clock;

use crate::{Adapter, BoxFuture, Delivery, Outcome, Secret, SetupError, TimeOuts};

/// What Tryton needs to know. The maps go from the ledger's words to Tryton's codes or names; what
/// they don't name is looked for as it is.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The server, `http://HOST:8000` or `https://HOST`.
    pub url: String,
    /// The database's name.
    pub database: String,
    /// The user to log in as.
    pub user: String,
    /// Its password.
    pub password: Secret,
    /// The company, by name or by its id in digits; without it the user's own company.
    pub company: Option<String>,
    /// Code or name of the warehouse that receives.
    pub warehouse: String,
    /// From the ledger's locations, such as `wh1/dock`, to codes or names of Tryton's.
    pub locations: BTreeMap<String, String>,
    /// From the ledger's items to codes of Tryton's products.
    pub items: BTreeMap<String, String>,
    /// From the ledger's suppliers (`ACME` for `@supplier/ACME`) to codes or names of parties.
    pub suppliers: BTreeMap<String, String>,
    /// How long to wait.
    pub time_outs: TimeOuts,
}

/// Makes the adapter. Fails on a URL that can't be used or an empty setting.
pub fn adapter(settings: Settings, clock: Arc<dyn Clock>) -> Result<Box<dyn Adapter>, SetupError> {
    Ok(Box::new(Tryton { client: client::Client::new(settings, clock)? }))
}

struct Tryton {
    client: client::Client,
}

impl Adapter for Tryton {
    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        Box::pin(flow::deliver(&self.client, delivery))
    }

    fn look_up<'a>(
        &'a self,
        delivery: &'a Delivery,
    ) -> BoxFuture<'a, Result<Option<String>, String>> {
        Box::pin(flow::look_up(&self.client, delivery))
    }
}
