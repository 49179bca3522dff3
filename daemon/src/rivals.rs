//! Both sides of a shortage on a shared ledger: what this gateway lacked, and what another one took.

use gatewarden_engine::{Engine, Outcome, Refusal};
use gatewarden_model::{Actor, Body};
use gatewarden_stock::{Site, Wants};
use gatewarden_store::{Ledger, postgres::Taken};

/// Adds who took it to a refusal for want of stock, before it is flushed. Where that can't be found
/// out the refusal stays as it is.
pub(crate) fn name_them(
    ledger: &mut Ledger,
    engine: &mut Engine,
    wants: &Wants,
    outcome: &mut Outcome,
) {
    let Err(refusal) = &outcome.answer else { return };
    let Some(site) = wants.sites.iter().find(|site| lacks(refusal, site)) else { return };
    match ledger.last_taken(site) {
        Ok(Some(taken)) => engine.tell_more(outcome, &words(site, &taken)),
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "who took the stock can't be found out"),
    }
}

/// Whether a refusal says that too little is at a site.
fn lacks(refusal: &Refusal, site: &Site) -> bool {
    let (item, location) = (&site.item, &site.location);
    matches!(refusal.code, "stock-short" | "stock-contended")
        && refusal.message.contains(&format!("stock of {item} "))
        && refusal.message.contains(&format!(" at {location} is "))
}

/// What another gateway took, in words.
fn words(site: &Site, taken: &Taken) -> String {
    let Taken { gateway, entry } = taken;
    let (what, number, who) = match &entry.body {
        Body::Moved { movement, .. } => (
            format!("taken by movement {}", movement.id),
            &movement.document.number,
            movement.operator.to_string(),
        ),
        Body::Reserved { posting, by, .. } => {
            let who = match by {
                Actor::Operator { id, .. } => id.to_string(),
                Actor::Client { id } => id.to_string(),
                _ => "its daemon".to_owned(),
            };
            (format!("reserved by posting {}", posting.id), &posting.document.number, who)
        }
        _ => return String::new(),
    };
    let when = jiff::Timestamp::from_microsecond(entry.at.wall_us)
        .map_or_else(|_| format!("{} µs", entry.at.wall_us), |at| format!("{at:.0}"));
    let place = &site.location;
    format!(
        "at {place} last {what} of {gateway} (document {number}, {who}, {when}, entry {} there)",
        entry.seq
    )
}
