//! Texts that were made of fields: reasons of the engine's, answers of other systems.
//!
//! Words can't be masked field by field, so they are hidden whole where they may tell of a hidden field.

use super::HIDDEN;
use crate::{Decision, Field, FieldRights, Location};

/// What every message of the engine that states an amount of money says too.
const OF_MONEY: [&str; 7] = ["value", "amount", "cost", "price", "worth", "voucher", "limit"];

/// The kind of a virtual place without its name, where the name may not be seen.
pub(super) fn place(place: &mut Location, rights: &FieldRights) {
    let Some(field) = place.field().filter(|field| !rights.sees(field)) else { return };
    let kind = place.virtual_kind().unwrap_or_default();
    if let Ok(bare) = Location::parse(&format!("@{kind}")) {
        *place = bare;
    }
    debug_assert!(place.field().is_none(), "{field} is still told");
}

/// A text that is a field of its own.
pub(super) fn note(text: &mut String, rights: &FieldRights) {
    if !rights.sees(&Field::Notes) {
        HIDDEN.clone_into(text);
    }
}

/// A reason for a no, as the engine put it: hidden where it may quote a hidden field. A denial by the
/// policies alone quotes none but money.
pub fn told(reason: &mut String, decision: Option<&Decision>, rights: &FieldRights) {
    if rights.sees_all() {
        return;
    }
    let by_policies = decision.is_some_and(|d| !d.allowed && d.errors.is_empty());
    let names = [Field::Supplier, Field::Customer, Field::Owner, Field::Notes, Field::AnyCustom];
    let names = by_policies || names.iter().all(|field| rights.sees(field));
    let money = rights.sees(&Field::Price) && rights.sees(&Field::Cost);
    let lower = reason.to_lowercase();
    if !names || (!money && OF_MONEY.iter().any(|word| lower.contains(word))) {
        HIDDEN.clone_into(reason);
    }
}

/// What another system said: it may quote anything, so it is for those who see everything. The others
/// are left its HTTP status, where it begins with one.
pub fn foreign(text: &mut String, rights: &FieldRights) {
    if rights.sees_all() {
        return;
    }
    let status = text.split_once(": ").map_or("", |(first, _)| first);
    let number = status.strip_prefix("http status ").unwrap_or_default();
    if number.len() == 3 && number.bytes().all(|b| b.is_ascii_digit()) {
        *text = format!("{status}: {HIDDEN}");
    } else {
        HIDDEN.clone_into(text);
    }
}
