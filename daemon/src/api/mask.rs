//! What a caller may not see leaves by no door: prices are taken out of entries, tasks and postings
//! here, before anything is made into JSON.

use gatewarden_model::{Action, Body, Entry, Module, Movement, MovementLine, Posting, Task};

use super::{Api, auth::Who, problem::Problem};
use crate::views::Shown;

/// Whether the caller may see prices. Asking is no act: who may not simply sees none.
pub(super) async fn prices(api: &Api, who: &Who) -> Result<Shown, Problem> {
    if matches!(who, Who::Local(_)) {
        // The files are this account's anyway.
        return Ok(Shown::Values);
    }
    let actor = who.actor();
    let may = api.app.recorder.query(move |e| e.may(&actor, Action::View, Module::Price)).await?;
    Ok(if may { Shown::Values } else { Shown::Quantities })
}

/// The entry as the caller may see it.
pub(super) fn entry(mut entry: Entry, shown: Shown) -> Entry {
    if shown == Shown::Quantities {
        body(&mut entry.body);
    }
    entry
}

/// Whether an entry says a price.
pub(super) fn has_prices(entry: &Entry) -> bool {
    let mut masked = entry.body.clone();
    body(&mut masked);
    masked != entry.body
}

fn body(body: &mut Body) {
    match body {
        Body::TaskOpened { task: opened, .. } => task(opened),
        Body::Moved { movement: moved, .. } => movement(moved),
        Body::Reserved { posting: asked, lines: held, .. } => {
            posting(asked);
            lines(held);
        }
        Body::ReservationEnded { lines: freed, .. } => lines(freed),
        Body::CostLanded { amounts, revalues, voucher, .. } => {
            amounts.clear();
            revalues.clear();
            voucher.clear();
        }
        _ => {}
    }
}

/// Takes the prices out of a task.
pub(super) fn task(task: &mut Task) {
    task.lines.iter_mut().for_each(|line| line.value = None);
}

/// Takes the prices out of a posting.
pub(super) fn posting(posting: &mut Posting) {
    posting.lines.iter_mut().for_each(|line| line.value = None);
}

/// Takes the prices out of lines.
pub(super) fn lines(lines: &mut [MovementLine]) {
    lines.iter_mut().for_each(|line| line.value = None);
}

fn movement(movement: &mut Movement) {
    lines(&mut movement.lines);
    movement.revalues.clear();
    movement.voucher.clear();
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use gatewarden_model::Hash;
    use serde_json::json;

    use super::*;

    /// Every kind of entry that can say a price, each with 777 somewhere.
    #[test]
    fn no_price_leaves_an_entry() {
        let id = "01a2008e-d964-7646-9ece-a19b19b8cac7";
        let by = json!({"kind": "client", "id": "erp"});
        let decision = json!({"allowed": true, "action": "create", "module": "inbound",
            "policies": [], "version": Hash::of(b"p")});
        let document = json!({"kind": "purchase-order", "number": "1"});
        let line = json!({"line": 10, "item": "A", "quantity": 1, "unit": "pcs",
            "from": "@supplier/S", "to": "wh1", "things": [], "value": "777"});
        let asked = json!({"line": 10, "item": "A", "quantity": "1", "from": "@supplier/S",
            "to": "wh1", "value": "777"});
        let expected = json!({"line": 10, "item": "A", "quantity": 1, "from": "@supplier/S",
            "to": "wh1", "value": "777"});
        let revalues = json!([{"seq": 1, "position": 0, "delta": "777"}]);
        let voucher = json!([{"account": "1", "amount": "777"}]);
        let bodies = [
            json!({"kind": "task-opened", "by": by, "task": {"id": id, "station": "s",
                "kind": "receipt", "document": document, "lines": [expected]}}),
            json!({"kind": "moved", "movement": {"id": id, "kind": "receipt", "devices": [],
                "document": document, "session": id, "operator": "o", "auth_level": 2,
                "decision": decision, "approved_by": "w", "lines": [line],
                "evidence": Hash::of(b"e"), "revalues": revalues, "voucher": voucher}}),
            json!({"kind": "reserved", "by": by, "decision": decision, "lines": [line],
                "posting": {"id": id, "kind": "receipt", "document": document,
                    "lines": [asked]}}),
            json!({"kind": "reservation-ended", "movement": id, "reason": "void", "by": by,
                "lines": [line]}),
            json!({"kind": "cost-landed", "movement": id, "document": document, "by": by,
                "decision": decision, "amounts": ["777"], "revalues": revalues,
                "voucher": voucher}),
        ];
        for value in bodies {
            let boot = uuid::Uuid::nil();
            let at = gatewarden_model::Stamp { boot, mono_us: 1, wall_us: 1, synced: true };
            let whole = Entry::new(0, at, serde_json::from_value(value).unwrap());
            assert!(has_prices(&whole));
            assert_eq!(entry(whole.clone(), Shown::Values), whole);
            let masked = entry(whole, Shown::Quantities);
            assert!(!has_prices(&masked));
            assert!(!json!(masked).to_string().contains("777"), "{masked:?}");
        }
    }
}
