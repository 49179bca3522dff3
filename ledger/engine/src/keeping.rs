//! What keeps the ledger itself: items, policies, tags, landed cost, closed periods, keys.
//!
//! Invariants: what is configured is recorded before anything rests on it, and only where it
//! differs; the same thing asked twice is recorded once; a closed period stays closed.

use std::collections::BTreeSet;

use gatewarden_model::{
    Action, Actor, Amount, Body, Day, Decision, Document, Field, Item, ItemId, Module, MovementId,
    Tid, Tracking, tid::TID_BYTES_OWN,
};
use gatewarden_stock::{Stock, ThingFacts, Wants, check_code};

use crate::{
    access::{Facts, Goods},
    command::{Refusal, Reply},
    goods::sum,
    holds::check_reason,
    needs,
    postings::moved,
    turn::{Answer, Asked, Fault, Turn, cut, fault},
};

/// Items that one `DefineItems` records at most.
pub const ITEMS_AT_ONCE: usize = 1000;
/// Longest key, lot or serial of a tag, in bytes.
const TEXT_BYTES_MAX: usize = 256;
/// Longest verifier key, in bytes.
const KEY_BYTES_MAX: usize = 512;

/// What a tag is bound to.
pub(crate) struct Binding {
    pub(crate) tag: String,
    pub(crate) item: ItemId,
    pub(crate) lot: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) tid: Option<Tid>,
}

impl Turn<'_> {
    pub(crate) fn define_items(&mut self) -> Answer {
        let differs = |item: &&Item| self.stock.item(&item.code) != Some(*item);
        let mut due = self.settings.items.iter().filter(differs).cloned();
        let some: Vec<Item> = due.by_ref().take(ITEMS_AT_ONCE).collect();
        let more = due.next().is_some();
        for item in some {
            let code = item.code.to_string();
            let defined = self.record_stock(Body::ItemDefined { item, by: Actor::Daemon });
            if let Err((kind, message)) = defined {
                let mut asked = Asked::new(&Actor::Daemon, Action::Modify, Module::System);
                asked.document = Some(code);
                return Err(self.deny(asked, kind, message, None));
            }
        }
        Ok(Reply::Defined { more })
    }

    pub(crate) fn commission(&mut self, bind: Binding, by: Actor) -> Answer {
        let mut asked = Asked::new(&by, Action::Modify, Module::Inbound);
        asked.document = Some(cut(&bind.tag, 64));
        let goods = self.class_of(&bind.item);
        let facts = Facts { goods: goods.as_ref(), ..Facts::default() };
        let decision = self.permit(asked.clone(), facts)?;
        match self.may_bind(&bind) {
            Ok(true) => return Ok(Reply::Done),
            Ok(false) => {}
            Err((code, message)) => return Err(self.deny(asked, code, message, Some(decision))),
        }
        match self.commissioned(bind, by, decision.clone()) {
            Ok(_) => Ok(Reply::Done),
            Err((code, message)) => Err(self.deny(asked, code, message, Some(decision))),
        }
    }

    /// Records that a tag stands for a piece of an item: the one place that does.
    pub(crate) fn commissioned(
        &mut self,
        bind: Binding,
        by: Actor,
        decision: Decision,
    ) -> Result<u64, Fault> {
        let Binding { tag, item, lot, serial, tid } = bind;
        self.record_stock(Body::Commissioned { tag, item, lot, serial, tid, by, decision })
    }

    /// The class of an item, if it is known.
    pub(crate) fn class_of(&self, item: &ItemId) -> Option<Goods> {
        let class = self.stock.item(item)?.class;
        Some(Goods { classes: [class].into(), ..Goods::default() })
    }

    /// Records what was allowed, or that the stock has something against it.
    fn kept(&mut self, asked: Asked, body: Body, decision: Decision) -> Answer {
        match self.record_stock(body) {
            Ok(_) => Ok(Reply::Done),
            Err((code, message)) => Err(self.deny(asked, code, message, Some(decision))),
        }
    }

    /// Whether a tag stands for this already, or why it can't come to.
    pub(crate) fn may_bind(&self, bind: &Binding) -> Result<bool, Fault> {
        let Binding { tag, item, lot, serial, tid } = bind;
        for (field, text) in
            [("tag", Some(tag)), ("lot", lot.as_ref()), ("serial", serial.as_ref())]
        {
            let Some(text) = text else { continue };
            if !(1..=TEXT_BYTES_MAX).contains(&text.len()) || text.chars().any(char::is_control) {
                let message = format!("{field}: must be 1 to {TEXT_BYTES_MAX} printable bytes");
                return Err(("text-invalid", message));
            }
            check_code(field, text).map_err(fault)?;
        }
        if tid.as_ref().is_some_and(|tid| !tid.is_own()) {
            let message = format!(
                "tid: at least {TID_BYTES_OWN} bytes: a shorter one tells the kind of chip, not which one it is"
            );
            return Err(("tid-short", message));
        }
        let Some(master) = self.settings.items.by_code(item) else {
            let message = format!("item: {item} is not in the item master: add it there first");
            return Err(("unknown-item", message));
        };
        let missing = match master.tracking {
            Tracking::Lot if lot.is_none() => Some(("lot-missing", "lot")),
            Tracking::Serial if serial.is_none() => Some(("serial-missing", "serial")),
            _ => None,
        };
        if let Some((code, field)) = missing {
            return Err((code, format!("{field}: {item} is tracked by {field}: state it")));
        }
        self.known(&Wants { things: [tag.clone()].into(), ..Wants::default() })?;
        let Some(facts) = self.stock.thing(tag) else { return Ok(false) };
        if facts.commissioned {
            return bound_before(facts, bind);
        }
        let here = facts.place.as_ref().filter(|place| place.holds_stock());
        match (here, &facts.item) {
            (Some(place), Some(other)) if other != item => {
                let message = format!("tag: {tag} is a {other} at {place}: take another tag");
                Err(("tag-in-use", message))
            }
            _ => Ok(false),
        }
    }

    pub(crate) fn decommission(&mut self, tag: String, reason: String, by: Actor) -> Answer {
        let mut asked = Asked::new(&by, Action::Modify, Module::Inbound);
        asked.document = Some(cut(&tag, 64));
        let decision = self.permit(asked.clone(), Facts::default())?;
        if let Err(message) = check_reason(&reason) {
            return Err(self.deny(asked, "reason-missing", message, Some(decision)));
        }
        if !self.stock.thing(&tag).is_some_and(|facts| facts.commissioned) {
            let message = format!("tag: {tag} was not commissioned");
            return Err(self.deny(asked, "unknown-tag", message, Some(decision)));
        }
        let told = decision.clone();
        self.kept(asked, Body::Decommissioned { tag, reason, by, decision }, told)
    }

    pub(crate) fn land_cost(
        &mut self,
        movement: MovementId,
        document: Document,
        amounts: Vec<Amount>,
        by: Actor,
    ) -> Answer {
        let mut asked = Asked::new(&by, Action::Modify, Module::Price);
        asked.document = Some(cut(&document.number, 64));
        let facts =
            Facts { document: Some(document.kind), amount: sum(&amounts), ..Facts::default() };
        let decision = self.permit(asked.clone(), facts)?;
        self.may_state(&asked, &BTreeSet::from([Field::Cost]), &decision)?;
        // How low an amount may be tells what the stock is worth.
        self.may_see(&asked, &Field::Cost, &decision)?;
        let told = decision.clone();
        match self.landed(movement, document, amounts, by, decision) {
            Ok(Some(body)) => self.kept(asked, body, told),
            Ok(None) => Ok(Reply::Done),
            Err((code, message)) => Err(self.deny(asked, code, message, Some(told))),
        }
    }

    /// The entry of a landed cost; none where it is landed already.
    fn landed(
        &self,
        movement: MovementId,
        document: Document,
        amounts: Vec<Amount>,
        by: Actor,
        decision: Decision,
    ) -> Result<Option<Body>, Fault> {
        if !(1..=64).contains(&document.number.len()) {
            return Err(("document-invalid", "document.number: must be 1 to 64 bytes".to_owned()));
        }
        check_code("document.number", &document.number).map_err(fault)?;
        let mut wants = Wants::default();
        needs::of_past(&mut wants, movement, self.stock);
        self.known(&wants)?;
        if let Some(known) = landed_before(self.stock, movement, &document) {
            let message = format!(
                "document {} landed other amounts on {movement} already: name another document",
                document.number
            );
            return if known == amounts { Ok(None) } else { Err(("posting-differs", message)) };
        }
        if amounts.iter().all(Amount::is_zero) {
            let message = "amounts: nothing is added: state an amount for a line".to_owned();
            return Err(("amount-zero", message));
        }
        let revalues = self.stock.land(movement, &amounts).map_err(fault)?;
        let accounts = &self.settings.accounts;
        let voucher =
            self.stock.voucher_of_landed(accounts, movement, &amounts, &revalues).map_err(fault)?;
        Ok(Some(Body::CostLanded { movement, document, amounts, revalues, voucher, by, decision }))
    }

    pub(crate) fn close_period(&mut self, until: Day, by: Actor) -> Answer {
        let asked = Asked::new(&by, Action::Approve, Module::Price);
        let decision = self.permit(asked.clone(), Facts::default())?;
        let today = Day::of(&self.now, self.settings.utc_offset_min);
        if until >= today {
            let message = format!("until: {until} is not over: close a day before {today}");
            return Err(self.deny(asked, "day-ahead", message, Some(decision)));
        }
        match self.stock.closed_until() {
            Some(closed) if closed == until => Ok(Reply::Done),
            Some(closed) if closed > until => {
                let message = format!("until: {closed} is closed already, and stays so");
                Err(self.deny(asked, "period-closed", message, Some(decision)))
            }
            _ => {
                let told = decision.clone();
                self.kept(asked, Body::PeriodClosed { until, by, decision }, told)
            }
        }
    }

    pub(crate) fn rotate_key(
        &mut self,
        old: String,
        new: String,
        reason: String,
        by: Actor,
    ) -> Answer {
        let asked = self.about_ledger(&by, &reason)?;
        let fits = |key: &str| (1..=KEY_BYTES_MAX).contains(&key.len());
        if old == new || !fits(&old) || !fits(&new) {
            let message = "the new key must be another one than the old: make a new key".to_owned();
            return Err(self.deny(asked, "key-same", message, None));
        }
        self.record(Body::KeyRotated { old, new, reason, by });
        Ok(Reply::Done)
    }

    pub(crate) fn restored(&mut self, size: u64, lost: u64, reason: String, by: Actor) -> Answer {
        self.about_ledger(&by, &reason)?;
        self.record(Body::Restored { size, lost, reason, by });
        Ok(Reply::Done)
    }

    /// The right to keep the ledger itself, with a reason. Never a machine's: a token that was given to
    /// retry deliveries must not reach the key.
    fn about_ledger(&mut self, by: &Actor, reason: &str) -> Result<Asked, Refusal> {
        let asked = Asked::new(by, Action::Modify, Module::System);
        let decision = self.permit(asked.clone(), Facts::default())?;
        if let Actor::Client { id } = by {
            let message = format!(
                "{id} is a machine, and a machine does not keep the ledger: ask an administrator, or \
                 run the command on the box"
            );
            return Err(self.deny(asked, "not-an-operator", message, Some(decision)));
        }
        match check_reason(reason) {
            Ok(()) => Ok(asked),
            Err(message) => Err(self.deny(asked, "reason-missing", message, Some(decision))),
        }
    }
}

/// Whether a tag that is commissioned stands for just this, or why it can't be commissioned so again. A TID
/// that was not known before is added.
fn bound_before(facts: &ThingFacts, bind: &Binding) -> Result<bool, Fault> {
    let Binding { tag, item, lot, serial, tid } = bind;
    if (&facts.item, &facts.lot, &facts.serial) != (&Some(item.clone()), lot, serial) {
        let message = format!("tag: {tag} stands for something already: decommission it first");
        return Err(("tag-bound", message));
    }
    match (&facts.tid, tid) {
        (Some(known), Some(other)) if known != other => {
            let message = format!(
                "tid: {tag} was commissioned with the TID {known}, not {other}: one of the tags is a copy; if the \
                 old one is gone for good, decommission it first"
            );
            Err(("tid-differs", message))
        }
        (None, Some(_)) => Ok(false),
        _ => Ok(true),
    }
}

/// What a document landed on a movement before.
fn landed_before(stock: &Stock, id: MovementId, document: &Document) -> Option<Vec<Amount>> {
    let (_, receipt) = moved(stock.movement(&id))?;
    let history = stock.history(&receipt.lines.first()?.item)?;
    history.iter().find_map(|entry| match &entry.body {
        Body::CostLanded { movement, document: known, amounts, .. }
            if *movement == id && known == document =>
        {
            Some(amounts.clone())
        }
        _ => None,
    })
}
